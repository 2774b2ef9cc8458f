import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { RECEIVER } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { useRedisWays } from '../../../packages/queue/test/redis-way.js';
import { MENDED, openWithLetters, withoutTokens } from './dead-letter-stack.js';
import { makeTracks } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';

const openWay = useRedisWays();
const suite = useRedis();
const stacks = useStack(suite);

const CLI = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function idsOf(stack: Stack, ...filter: string[]): Promise<string[]> {
  const { output } = await stack.cli('dead-letters', 'list', '--json', ...filter);
  const lines = output.trim().split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

/** An editor: a shell script that is given the file. What it leaves goes with the stack. */
async function useEditor(stack: Stack, script: string): Promise<void> {
  stack.env.TMPDIR = dirname(stack.env.METERBRIDGE_CONFIG!);
  const file = join(stack.env.TMPDIR, 'editor.sh');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  stack.env.EDITOR = file;
}

const ADD_TOKENS = `sed -i 's/"model": "small"/"model": "small", "tokens": 7/' "$1"`;
const leftFile = (output: string) => /Your text is in (\S+\.json)/.exec(output)![1]!;

describe('show', () => {
  test('what was sent stands beside what would be sent now', async () => {
    const stack = await openWithLetters(stacks, [...makeTracks(1), ...withoutTokens(1)]);
    await stack.writeConfig(MENDED);
    const [refused] = await idsOf(stack, '--reason', 'refused');
    const shown = await stack.cli('dead-letters', 'show', refused!);
    expect(shown.code).toBe(0);
    expect(shown.output).toMatch(/detail: .*expression_evaluation_failed: Variable: weight not found/);
    expect(shown.output).toMatch(/mapped when it died +mapped now, by lago\/api-calls/);
    expect(shown.output).toMatch(/ > {5}"weight": 1$/m);
    const { now, letter } = JSON.parse((await stack.cli('dead-letters', 'show', refused!, '--json')).output);
    const sent = JSON.parse(letter.usage.body);
    expect(sent).toMatchObject({ code: 'api_call', transaction_id: letter.event.messageId });
    expect(now).toEqual([
      {
        destination: 'lago',
        rule: 'api-calls',
        usage: { ...sent, properties: { ...sent.properties, weight: 1 } },
      },
    ]);

    const [unmapped] = await idsOf(stack, '--reason', 'unmapped');
    const nothing = await stack.cli('dead-letters', 'show', unmapped!);
    expect(nothing.output.match(/\(nothing: properties\.tokens is missing/g)).toHaveLength(2);
  });
});

describe('edit', () => {
  test('a changed event is mapped, put back and delivered, and its history says who changed it', async () => {
    const [track] = withoutTokens(1);
    const stack = await openWithLetters(stacks, [track!]);
    const [id] = await idsOf(stack);
    await useEditor(stack, ADD_TOKENS);
    expect(await stack.cli('dead-letters', 'edit', id!)).toMatchObject({ code: 1 });
    const edited = await stack.cli('dead-letters', 'edit', id!, '--yes', '--as', 'on call');
    expect(edited.code).toBe(0);
    expect(edited.output).toMatch(/> {5}"tokens": 7/);
    expect(edited.output).toContain('(nothing)');
    expect(await stack.account()).toMatchObject({ accepted: 1, dead: 0, inFlight: 1, difference: 0 });
    expect(await stack.cli('dead-letters', 'edit', id!, '--yes')).toMatchObject({ code: 1 });

    // Its mapping is mended for now; the metric is not.
    const worker = await stack.startReady('worker');
    await waitFor(async () => (await stack.account()).dead === 1, {
      what: 'it to be refused',
    });
    const [again] = await idsOf(stack);
    const shown = await stack.cli('dead-letters', 'show', again!);
    expect(shown.output).toMatch(/before: +unmapped, properties\.tokens .*; edited by on call at 20/);
    expect(shown.output).toMatch(/reason: +refused/);
    worker.process.signal('SIGTERM');
    await worker.process.exited;

    await stack.writeConfig(MENDED);
    await stack.startReady('worker');
    expect((await stack.cli('dead-letters', 'replay', '--all', '--yes', '--wait')).code).toBe(0);
    expect(await stack.account()).toMatchObject({ accepted: 1, delivered: 1, dead: 0, difference: 0 });
    expect([...stack.sandbox.lago.ledger.entries()]).toMatchObject([
      { id: track!.messageId, content: { properties: { tokens: 7 } } },
    ]);
    const log = await stack.cli('dead-letters', 'discards', '--json');
    expect(JSON.parse(log.output)).toMatchObject({
      ...{ what: 'edited', by: 'on call', because: 'changed properties.tokens', ids: [id] },
    });
  });

  test('nothing that is wrong goes back, and no text is lost', async () => {
    const stack = await openWithLetters(stacks, withoutTokens(1));
    const [id] = await idsOf(stack);
    const edit = async (script: string) => {
      await useEditor(stack, script);
      const { code, output } = await stack.cli('dead-letters', 'edit', id!, '--yes');
      expect(code).toBe(1);
      return output;
    };
    const wrong: [script: string, words: RegExp, kept: string][] = [
      [`echo '{"type":' > "$1"`, /not JSON/, '{"type":\n'],
      [
        `${ADD_TOKENS}; sed -i 's/"messageId": "[^"]*"/"messageId": "mine"/' "$1"`,
        /messageId may not change: .*billed twice/,
        '"messageId": "mine"',
      ],
      [
        `${ADD_TOKENS}; sed -i 's/"API Call"/"Login"/' "$1"`,
        /rule api-calls takes it as it was, and not like this/,
        '"Login"',
      ],
      [`sed -i 's/"small"/"large"/' "$1"`, /dead again: properties\.tokens is missing/, '"large"'],
    ];
    for (const [script, words, kept] of wrong) {
      const output = await edit(script);
      expect(output).toMatch(words);
      expect(await readFile(leftFile(output), 'utf8')).toContain(kept);
    }
    expect(await edit('true')).toContain('Nothing was changed');
    expect(await edit('exit 3')).toMatch(/ended with 3; the text is in/);
    // Somebody else was faster, while the editor was open.
    const discard = `"${process.execPath}" "${CLI}" dead-letters discard ${id} --because x --yes`;
    expect(await edit(`${ADD_TOKENS}; ${discard} > /dev/null`)).toContain('discarded meanwhile');
    expect(await stack.account()).toMatchObject({ accepted: 1, dead: 0, discarded: 1, difference: 0 });
  });

  test('what is to be mapped anew is shown beside what it was, before anything is done', async () => {
    const stack = await openWithLetters(stacks, withoutTokens(1));
    await stack.writeConfig(MENDED);
    const [id] = await idsOf(stack);
    const shown = await stack.cli('dead-letters', 'replay', id!, '--remap-sent', '--dry-run');
    expect(shown.code).toBe(0);
    expect(shown.output).toContain(id);
    expect(shown.output).toContain('mapped when it died');
    expect(shown.output).toContain('mapped now, by lago/api-calls');
    expect(await stack.account()).toMatchObject({ dead: 1, inFlight: 0 });
  });

  test('what was no Segment event becomes deliveries', async () => {
    const [untyped] = makeTracks(1, { type: undefined });
    const stack = await openWithLetters(stacks, [untyped!, ...withoutTokens(1)], 1);
    await waitFor(async () => (await stack.account(RECEIVER)).dead === 1, { what: 'the rejection' });
    await stack.writeConfig(MENDED);
    const [id] = await idsOf(stack, '--destination', 'receiver');
    await useEditor(stack, `sed -i '1s/{/{ "type": "track",/' "$1"`);
    const edited = await stack.cli('dead-letters', 'edit', id!, '--yes');
    expect(edited.code).toBe(0);
    expect(edited.output).toContain('mapped as edited, by hyperline/usage');
    await stack.startReady('worker');
    const { lago, hyperline } = await stack.settled(2);
    expect(lago).toMatchObject({ delivered: 1, dead: 1, difference: 0 });
    expect(hyperline).toMatchObject({ delivered: 2, difference: 0 });
    expect(await stack.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
    expect([...stack.sandbox.lago.ledger.entries()]).toMatchObject([{ id: untyped!.messageId }]);
    expect((await stack.cli('audit')).code).toBe(0);
  });

  /** A letter of the receiver, whose edit is killed when the first of two destinations has it. */
  async function openCutOff(): Promise<{ stack: Stack; id: string }> {
    const [untyped] = makeTracks(1, { type: undefined });
    const stack = await openWithLetters(stacks, [untyped!], 0);
    await waitFor(async () => (await stack.account(RECEIVER)).dead === 1, { what: 'the rejection' });
    await stack.writeConfig(MENDED);
    const [id] = await idsOf(stack, '--destination', 'receiver');
    await useEditor(stack, `sed -i '1s/{/{ "type": "track",/; s/"small"/"medium"/' "$1"`);
    const way = await openWay(suite.redis.port);
    const { REDIS_URL: direct } = stack.env;
    stack.env.REDIS_URL = way.url;
    const edit = stack.start('cli', ['dead-letters', 'edit', id!, '--yes', '--as', 'on call']);
    way.around('{hyperline}:replay:', async () => {
      edit.signal('SIGKILL');
      await edit.exited;
      way.cut();
    });
    expect(await edit.exited).toMatchObject({ signal: 'SIGKILL' });
    stack.env.REDIS_URL = direct;
    const counts = ['lago', 'hyperline', RECEIVER].map(async (name) => (await stack.account(name)).accepted);
    expect(await Promise.all(counts)).toEqual([1, 0, 1]);
    return { stack, id: id! };
  }

  test.each([
    ['medium', false],
    ['large', true],
  ])(
    'what was cut off between two destinations goes on where it stood, edited to %s',
    async (model, isOther) => {
      const { stack, id } = await openCutOff();
      await useEditor(stack, `sed -i '1s/{/{ "type": "track",/; s/"small"/"${model}"/' "$1"`);
      const edited = await stack.cli('dead-letters', 'edit', id, '--yes', '--as', 'the next shift');
      expect(edited).toMatchObject({ code: 0, output: expect.stringContaining('is on its queue') });
      expect(edited.output.includes('lago had it already, as an edit had changed it')).toBe(isOther);
      await stack.startReady('worker');
      const { lago, hyperline } = await stack.settled(1);
      for (const account of [lago, hyperline]) {
        expect(account).toMatchObject({ accepted: 1, delivered: 1, duplicate: 0, difference: 0 });
      }
      expect(await stack.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
      expect([...stack.sandbox.lago.ledger.entries()]).toMatchObject([
        { content: { properties: { model: 'medium' } } },
      ]);
      expect(await stack.redis.keys('*replay*')).toEqual([]);
    },
  );

  // A terminal that a test can type at comes with util-linux.
  const hasTerminal = existsSync('/usr/bin/script');
  (hasTerminal ? test : test.skip)(
    'at a terminal the editor opens again until the text is right',
    async () => {
      const stack = await openWithLetters(stacks, withoutTokens(1));
      const [id] = await idsOf(stack);
      const once = join(dirname(stack.env.METERBRIDGE_CONFIG!), 'once');
      await useEditor(
        stack,
        `if [ -e ${once} ]; then sed -i 's/^broken//' "$1"; ${ADD_TOKENS}; else touch ${once}; sed -i '1s/^/broken/' "$1"; fi`,
      );
      const command = `"${process.execPath}" "${CLI}" dead-letters edit ${id}`;
      const typed = promisify(execFile)('/usr/bin/script', ['-qec', command, '/dev/null'], {
        env: { ...stack.env, NO_COLOR: '1', TERM: 'dumb' },
        cwd: dirname(stack.env.METERBRIDGE_CONFIG!),
      });
      let seen = '';
      typed.child.stdout!.on('data', (chunk: string) => {
        seen += chunk;
      });
      for (const question of ['Open it again?', 'Put it back']) {
        await waitFor(() => seen.includes(question), { what: question });
        typed.child.stdin!.write('y\n');
      }
      await typed;
      expect(seen).toContain('it is not JSON');
      expect(seen).toContain('is on its queue');
      expect(await stack.account()).toMatchObject({ dead: 0, inFlight: 1, difference: 0 });
    },
  );
});
