import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type LetterFilter, openOperations, pageLetters } from '@meterbridge/operations';
import { RECEIVER } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { readConfig } from '../src/load-context.js';
import { MENDED, openWithLetters, withoutTokens } from './dead-letter-stack.js';
import { makeTracks } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

/** Five refused, three that could not be mapped, two without a type. */
async function openWithSome(): Promise<Stack> {
  const untyped = makeTracks(2, { type: undefined });
  const stack = await openWithLetters(stacks, [...makeTracks(5), ...withoutTokens(3), ...untyped], 8);
  expect((await stack.account(RECEIVER)).dead).toBe(2);
  return stack;
}

const linesOf = (output: string) => output.trim().split('\n').filter(Boolean);
const objectsOf = (output: string) => linesOf(output).map((line) => JSON.parse(line));

async function list(stack: Stack, ...args: string[]): Promise<Record<string, string>[]> {
  const { code, output } = await stack.cli('dead-letters', 'list', '--json', ...args);
  expect(code).toBe(0);
  return objectsOf(output);
}

describe('list', () => {
  test('filters by whatever is known of a letter, and pages through them either way', async () => {
    const stack = await openWithSome();
    const ops = await openOperations(readConfig(stack.env), { actor: 'a test', scrub: (text) => text });
    const page = async (filter: LetterFilter, options: object = {}) => {
      const { entries, hasMore } = await pageLetters(ops, filter, { limit: 100, ...options });
      return { ids: entries.map(({ id }) => id), hasMore };
    };
    const count = async (filter: LetterFilter) => (await page(filter)).ids.length;
    const anHourAgo = Date.now() - 3_600_000;
    expect(await count({})).toBe(10);
    expect(await count({ reason: 'refused' })).toBe(5);
    expect(await count({ destination: 'receiver' })).toBe(2);
    expect(await count({ customer: 'sub-2' })).toBe(3);
    expect(await count({ customer: 'sub-1' })).toBe(5);
    expect(await count({ rule: 'api-calls', event: 'API Call', source: 'backend' })).toBe(8);
    expect(await count({ text: 'VARIABLE: WEIGHT' })).toBe(5);
    expect(await count({ text: '"model":"small","subscription_id":"sub-2"' })).toBe(3);
    expect(await count({ since: anHourAgo })).toBe(10);
    expect(await count({ until: anHourAgo })).toBe(0);

    const { ids: all } = await page({});
    const newest = await page({ destination: 'lago' }, { newestFirst: true });
    expect(newest.ids).toEqual(all.slice(0, 8).toReversed());
    expect(await page({}, { limit: 3 })).toEqual({ ids: all.slice(0, 3), hasMore: true });
    expect((await page({}, { after: all[2] })).ids).toEqual(all.slice(3));
    expect((await page({}, { after: all[8] })).ids).toEqual(all.slice(9));
    ops.close();

    const options = ['--reason', 'refused', '--customer', 'sub-1', '--since', '1h', '--newest'];
    expect((await list(stack, ...options)).map(({ id }) => id)).toHaveLength(5);
    const shown = await stack.cli('dead-letters', 'list', '--limit', '3');
    expect(shown.output).toContain(all[2]!);
    expect(shown.output).not.toContain(all[3]!);
    expect(shown.output).toContain(`--after ${all[2]}`);
    expect(shown.output).toContain('5  lago  refused');
    expect((await stack.cli('dead-letters', 'list', '--after', 'lago/x')).code).toBe(1);
    expect((await stack.cli('dead-letters', 'list', '--since', 'yesterday')).code).toBe(2);
    const misspelt = await stack.cli('dead-letters', 'list', '--reason', 'unmaped');
    expect(misspelt.output).toContain('None of 10 dead letters match');
    expect((await stack.cli('dead-letters', 'show', 'm-0')).output).toContain(
      'm-0 is no id of a dead letter',
    );
    const plan = await stack.cli('dead-letters', 'replay', '--reason', 'unmapped', '--dry-run');
    expect(plan.output).toContain('Nothing would be put back.');
  });

  test('counts by what they have in common', async () => {
    const stack = await openWithSome();
    const groups = await list(stack, '--by', 'destination', '--by', 'reason');
    expect(groups.map(({ destination, reason, letters }) => [destination, reason, letters])).toEqual([
      ['lago', 'refused', 5],
      ['lago', 'unmapped', 3],
      ['receiver', 'missing_type', 2],
    ]);
    const { output, code } = await stack.cli('dead-letters', 'list', '--by', 'customer', '--limit', '1');
    expect(code).toBe(0);
    expect(output).toMatch(/sub-1 +5/);
    expect(output).toMatch(/total +10/);
    expect(output).toContain('smaller groups');
    expect((await stack.cli('dead-letters', 'list', '--by', 'colour')).code).toBe(2);
  });
});

describe('discard', () => {
  test('asks for a reason and says what it would do; discarded letters are counted and remembered', async () => {
    const stack = await openWithSome();
    const discard = (...args: string[]) => stack.cli('dead-letters', 'discard', ...args);
    expect((await discard('--reason', 'refused')).code).toBe(2);
    expect((await discard('--because', 'a test')).code).toBe(2);
    expect(await discard('--all', '--because', ' ')).toMatchObject({ code: 1 });
    const unasked = await discard('--reason', 'refused', '--because', 'a test');
    expect(unasked).toMatchObject({ code: 1, output: expect.stringContaining('--yes') });
    const dry = await discard('--reason', 'refused', '--because', 'a test', '--dry-run');
    expect(dry).toMatchObject({ code: 0, output: expect.stringMatching(/lago +refused +5/) });
    expect(await stack.account()).toMatchObject({ dead: 8, discarded: 0 });

    const done = await discard(
      ...['--reason', 'refused', '--because', 'nobody’s usage', '--as', 'ops', '--yes', '--json'],
    );
    expect(done.code).toBe(0);
    expect(JSON.parse(done.output)).toMatchObject({
      plan: [{ destination: 'lago', reason: 'refused', letters: 5 }],
      discarded: 5,
    });
    const [{ id }] = (await list(stack, '--destination', 'receiver')) as [{ id: string }];
    expect((await discard(id, '--because', 'not ours', '--yes')).code).toBe(0);
    expect(await discard(id, '--because', 'again', '--yes')).toMatchObject({ code: 1 });
    expect(await discard('--reason', 'refused', '--because', 'again')).toMatchObject({ code: 0 });

    expect(await stack.account()).toMatchObject({
      ...{ accepted: 8, dead: 3, discarded: 5, difference: 0 },
      deadByReason: { unmapped: 3 },
    });
    expect(await stack.account(RECEIVER)).toMatchObject({ dead: 1, discarded: 1, difference: 0 });
    const audit = await stack.cli('audit', '--json');
    expect(audit.code).toBe(0);
    expect(JSON.parse(audit.output).total).toMatchObject({ dead: 4, discarded: 6, difference: 0 });
    expect((await stack.cli('audit')).output).toContain('discarded');

    const log = objectsOf((await stack.cli('dead-letters', 'discards', '--json')).output);
    expect(log).toMatchObject([
      { what: 'discarded', destination: 'receiver', letters: 1, because: 'not ours', filter: id, ids: [id] },
      {
        ...{ what: 'discarded', destination: 'lago', letters: 5, byReason: { refused: 5 } },
        ...{ because: 'nobody’s usage', by: 'ops', filter: '--reason refused' },
      },
    ]);
    expect((await stack.cli('dead-letters', 'discards')).output).toContain('nobody’s usage');
  });

  test('killed or told to stop in the middle, it has discarded whole pages, and the same command goes on', async () => {
    const stack = await openWithLetters(stacks, withoutTokens(3_000));
    const args = ['dead-letters', 'discard', '--reason', 'unmapped', '--because', 'a load test', '--yes'];
    const begun = async (before: number) =>
      waitFor(async () => (await stack.account()).discarded > before, { what: 'it to begin' });
    const look = async () => {
      const account = await stack.account();
      expect(account).toMatchObject({ accepted: 3_000, difference: 0 });
      expect(account.dead + account.discarded).toBe(3_000);
      expect((await stack.cli('audit')).code).toBe(0);
      return account;
    };
    const killed = stack.start('cli', args);
    await begun(0);
    killed.signal('SIGKILL');
    await killed.exited;
    const half = await look();
    expect(half.dead).toBeGreaterThan(0);

    const stopped = stack.start('cli', args);
    await begun(half.discarded);
    stopped.signal('SIGINT');
    const { code } = await stopped.exited;
    const later = await look();
    // It may have been done by then.
    expect(code).toBe(later.dead > 0 ? 1 : 0);
    if (later.dead > 0) expect(stopped.output()).toContain('Stopped');

    expect((await stack.cli(...args)).code).toBe(0);
    expect(await look()).toMatchObject({ dead: 0, discarded: 3_000 });
  });
});

describe('export and import', () => {
  /** The letters' content, whatever ids they have now. */
  async function contents(stack: Stack): Promise<unknown[]> {
    const { output } = await stack.cli('dead-letters', 'export');
    return objectsOf(output.replace(/^[\d,]+ letters exported\.$/m, ''));
  }

  test('what was exported and discarded comes back as it was, in content, time and account', async () => {
    const stack = await openWithSome();
    const file = join(stack.env.METERBRIDGE_CONFIG!, '..', 'letters.ndjson');
    const before = await contents(stack);
    expect(before).toHaveLength(10);
    const accounts = async () => Promise.all(['lago', RECEIVER].map((name) => stack.account(name)));
    const counts = await accounts();
    await writeFile(file, before.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const bring = async (path = file) => {
      const { code, output } = await stack.cli('dead-letters', 'import', path, '--json');
      return { code, ...JSON.parse(output) };
    };
    expect(await bring()).toMatchObject({ code: 0, imported: 0, stillThere: 10 });

    await stack.cli('dead-letters', 'discard', '--all', '--because', 'a test', '--yes');
    expect((await stack.account()).dead).toBe(0);
    expect(await bring()).toMatchObject({ code: 0, imported: 10, restored: 10, stillThere: 0, bad: 0 });
    expect(await bring()).toMatchObject({ code: 0, imported: 0, stillThere: 10 });
    expect(await contents(stack)).toEqual(before);
    expect(await accounts()).toEqual(counts);
    expect((await stack.cli('audit')).code).toBe(0);

    // They are as good as they were: mended, they are delivered, each once.
    await stack.writeConfig(MENDED.replace('as: number }', 'as: number, default: 0 }'));
    await stack.startReady('worker');
    const replayed = await stack.cli('dead-letters', 'replay', '--destination', 'lago', '--yes', '--wait');
    expect(replayed.code).toBe(0);
    expect(await stack.account()).toMatchObject({ accepted: 8, delivered: 8, dead: 0, difference: 0 });
    expect(stack.sandbox.lago.ledger.counts()).toMatchObject({ keys: 8, changed: 0 });
  });

  test('bad lines are named, the others are imported, and what was never here is accepted', async () => {
    const stack = await openWithSome();
    const letters = (await contents(stack)) as { id: string; letter: { event?: { messageId: string } } }[];
    await stack.redis.flushall();
    const [first, second, third] = letters;
    const lines = [
      JSON.stringify(first),
      '{"id":',
      JSON.stringify({ ...second, id: 'elsewhere/1-1' }),
      '',
      JSON.stringify({ ...third, letter: { ...third!.letter, event: {} } }),
      JSON.stringify(letters.at(-1)),
      JSON.stringify(first),
      // Another one that says it died as the first did.
      JSON.stringify({ ...second, id: first!.id }),
    ];
    const file = join(stack.env.METERBRIDGE_CONFIG!, '..', 'letters.ndjson.gz');
    await writeFile(file, gzipSync(lines.join('\r\n')));
    const { code, output } = await stack.cli('dead-letters', 'import', file);
    expect(code).toBe(1);
    expect(output).toMatch(/line 2: is not JSON/);
    expect(output).toMatch(/line 3: there is no destination "elsewhere"/);
    expect(output).toMatch(/line 5: letter\.event\./);
    expect(output).toMatch(/line 8: another letter/);
    expect(output).toMatch(/2 {2}imported\n +2 {2}of those are accepted anew\n +1 {2}lie there still/);
    expect(await stack.account()).toMatchObject({ accepted: 1, dead: 1, difference: 0 });
    expect(await stack.account(RECEIVER)).toMatchObject({ accepted: 1, dead: 1, difference: 0 });
    const missing = await stack.cli('dead-letters', 'import', '/nowhere');
    expect(missing).toMatchObject({ code: 1, output: expect.stringContaining('ENOENT') });
  });

  test('an import that is killed is run again', async () => {
    const stack = await openWithLetters(stacks, withoutTokens(3_000));
    const file = join(stack.env.METERBRIDGE_CONFIG!, '..', 'letters.ndjson');
    const exported = stack.start('cli', ['dead-letters', 'export']);
    expect(await exported.exited).toMatchObject({ code: 0 });
    await writeFile(file, exported.output().replace(/^[\d,]+ letters exported\.$/m, ''));
    expect(linesOf(await readFile(file, 'utf8'))).toHaveLength(3_000);
    await stack.cli('dead-letters', 'discard', '--all', '--because', 'a test', '--yes');
    const killed = stack.start('cli', ['dead-letters', 'import', file]);
    await waitFor(async () => (await stack.account()).dead > 0, { what: 'it to begin' });
    killed.signal('SIGKILL');
    await killed.exited;
    expect(await stack.account()).toMatchObject({ accepted: 3_000, difference: 0 });
    expect((await stack.cli('dead-letters', 'import', file)).code).toBe(0);
    expect(await stack.account()).toMatchObject({ dead: 3_000, discarded: 0, accepted: 3_000 });
    expect((await stack.cli('audit')).code).toBe(0);
  });
});
