import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { expectEachOnce, useStack } from './run-stack.js';
import { LAGO_KEY } from './stack-config.js';

const CLI = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PASTED = fileURLToPath(
  new URL('../../../packages/function-migration/test/pasted-functions/', import.meta.url),
);

const suite = useRedis();
const stacks = useStack(suite);

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-init-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Ended = { code: number | null; out: string; asked: string };

/** Runs `meterbridge init` in the folder, with answers from a pipe that ends after them. */
function init(answers: string, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, 'init', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, METERBRIDGE_CONFIG: '' },
  });
  let out = '';
  let asked = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (asked += text));
  // It may have ended before it has read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(answers);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, asked })));
}

const read = (name: string) => readFile(join(folder, name), 'utf8');

test('the answers in brackets make a configuration that checks green and delivers', async () => {
  const { code, out } = await init('', '--yes');
  expect(code).toBe(0);
  for (const next of ['.env ', 'meterbridge check', 'meterbridge preview', 'meterbridge up']) {
    expect(out).toContain(next);
  }
  expect(out).toContain('Wrote .env.example: ');
  expect(JSON.parse(await read('meterbridge.schema.json'))).toMatchObject({
    title: 'Meterbridge configuration',
  });
  const config = await read('meterbridge.config.yaml');
  expect(config.split('\n').filter((line) => line.includes('#')).length).toBeGreaterThan(10);

  const metrics = { api_call: { aggregation: 'sum_agg' as const, field: 'tokens' } };
  const plans = { standard: { charges: [{ billable_metric_code: 'api_call' }] } };
  const lagoOptions = { apiKey: LAGO_KEY, store: 'postgres' as const, metrics, plans };
  const stack = await stacks.open({ config, sandbox: { lago: lagoOptions } });
  const checked = await stack.cli('check');
  expect(checked.output).not.toContain('✗');
  // This Redis is the test's, without a bound.
  expect(checked.output.match(/^!.*/gm)).toEqual([expect.stringContaining('! Redis memory')]);
  expect(checked.output).toContain('✓ lago, rule api-call: api_call, sum_agg of tokens');
  expect(checked.code).toBe(0);

  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const tracks = makeTracks(30);
  await sendAll(receiver.url, tracks);
  const { lago, hyperline } = await stack.settled(30);
  expect([lago.delivered, hyperline.delivered]).toEqual([30, 30]);
  expectEachOnce(
    stack.sandbox,
    tracks.map(({ messageId }) => messageId),
  );
});

test('answers from a pipe, one a line; what cannot be read is asked again', async () => {
  const answers = [
    'lagoo',
    'Lago',
    'https://lago.acme.example/api/v1',
    'https://lago.acme.example',
    'backend, browser',
    'wk_the-key-itself',
    'ACME_KEY',
    'ACME_KEY',
    '',
    'API Call, It\'s "new"',
    '',
    'api_calls',
    '-',
    '-',
    'lookup',
  ];
  const { code, asked } = await init(`${answers.join('\n')}\n`);
  expect(asked).toContain('lago, hyperline or both was expected');
  expect(asked).toContain('leave /api/v1 out');
  expect(asked).toContain('the key itself is no part of the file');
  expect(asked).toContain('two sources cannot share a write key');
  expect(code).toBe(0);
  const text = await read('meterbridge.config.yaml');
  expect(text).not.toContain('wk_the-key-itself');
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: this is how variables are written
  for (const part of [
    'writeKey: ${ACME_KEY}',
    'writeKey: ${BROWSER_WRITE_KEY}',
    'url: ${LAGO_API_URL:-https://lago.acme.example}',
    'code: api_calls',
    'properties: { tokens: { path: properties.tokens, as: number } }',
    String.raw`when: type = "track" and event = "It's \"new\""`,
    'subscription: { lookup: customer }',
  ]) {
    expect(text).toContain(part);
  }
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: this is how variables are written
  expect(text).not.toContain('hyperline');
  expect(await read('.env.example')).toContain('LAGO_API_URL=https://lago.acme.example\n');
  expect(text.match(/properties:/g)).toHaveLength(1);
  const stack = await stacks.open({ config: text });
  Object.assign(stack.env, { ACME_KEY: 'key-of-acme', BROWSER_WRITE_KEY: 'key-of-browser' });
  expect((await stack.cli('check')).output).toContain('sources: 2, rules: 2');
});

test('a pipe that ends early, and Ctrl-C at a terminal, write nothing', async () => {
  const ended = await init('lago\n');
  expect(ended).toMatchObject({ code: 1, out: '', asked: expect.stringContaining('nothing was written') });

  // A terminal of its own, as `script` gives one.
  const command = `${process.execPath} ${CLI} init`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const closed = new Promise<number | null>((resolve) => terminal.once('close', resolve));
  await waitFor(() => shown.includes('lago, hyperline or both?'), {
    what: 'the first question',
  });
  terminal.stdin.write('both\r');
  await waitFor(() => shown.includes('[https://api.getlago.com]'), {
    what: 'the second question',
  });
  terminal.stdin.write('\u0003');
  expect(await closed).toBe(1);
  expect(shown).toContain('nothing was written');
  expect(await readdir(folder)).toEqual([]);
});

test('a file that is there is written over with --force alone, and .env.example is only added to', async () => {
  await writeFile(join(folder, 'mine.yaml'), 'mine');
  await writeFile(join(folder, '.env.example'), 'LAGO_API_KEY=from-our-vault\n');
  const refused = await init('', '--yes', '--output', 'mine.yaml');
  expect(refused).toMatchObject({ code: 1, asked: expect.stringContaining('--force') });
  expect(await read('mine.yaml')).toBe('mine');
  expect(await read('.env.example')).toBe('LAGO_API_KEY=from-our-vault\n');

  const forced = await init('', '--yes', '--output', 'mine.yaml', '--force', '--json');
  expect(forced).toMatchObject({ code: 0, asked: '' });
  expect(JSON.parse(forced.out)).toMatchObject({
    file: 'mine.yaml',
    envExample: '.env.example',
    sources: ['backend'],
    destinations: ['lago', 'hyperline'],
    rules: 2,
  });
  const hints = await read('.env.example');
  expect(hints.startsWith('LAGO_API_KEY=from-our-vault\n')).toBe(true);
  expect(hints.match(/^\w+=/gm)).toEqual([
    'LAGO_API_KEY=',
    'SEGMENT_WRITE_KEY=',
    'SEGMENT_WEBHOOK_SECRET=',
    'SEGMENT_FUNCTION_SECRET=',
    'METERBRIDGE_PRIVACY_KEY=',
    'LAGO_API_URL=',
    'HYPERLINE_API_URL=',
    'HYPERLINE_API_KEY=',
  ]);
});

test("Lago's recipe: the report says what was lost, the configuration bills what it meant", async () => {
  const { code, out } = await init('', '--from-function', join(PASTED, 'lago-recipe.txt'));
  expect(out).toMatch(/onTrack \(line 2\)/);
  expect(out).toMatch(
    /line 17 +the response is not looked at\n +every event that was refused.* without a word/,
  );
  expect(out).toMatch(/line 8 +Lago reads no transactionId, externalCustomerId/);
  expect(out).toContain('meterbridge check');
  expect(code).toBe(0);

  const lago = {
    apiKey: LAGO_KEY,
    store: 'postgres' as const,
    knownSubscriptions: [{ external_id: 'sub-7', external_customer_id: 'user-7' }],
  };
  const stack = await stacks.open({ config: await read('meterbridge.config.yaml'), sandbox: { lago } });
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const [track] = makeTracks(1, { userId: 'user-7', properties: { invoice_id: 'inv-1' } });
  await sendAll(receiver.url, [track!]);
  await waitFor(async () => (await stack.account()).delivered === 1, {
    what: 'the event to be delivered',
  });
  expect([...stack.sandbox.lago.ledger.entries()]).toEqual([
    expect.objectContaining({
      id: track!.messageId,
      owner: 'sub-7',
      code: 'API Call',
      content: expect.objectContaining({ properties: { invoiceId: 'inv-1' } }),
    }),
  ]);
});

test("Hyperline's recipe: it never ran, and its mapping loads", async () => {
  const { code, out } = await init('', '--json', '--from-function', join(PASTED, 'hyperline-recipe.txt'));
  expect(code).toBe(0);
  const report = JSON.parse(out) as { faults: { line: number; code: string; what: string; cost: string }[] };
  expect(report).toMatchObject({
    file: 'meterbridge.config.yaml',
    loads: true,
    handlers: [{ name: 'onTrack', line: 1 }],
    requests: [{ handler: 'onTrack', line: 16, to: 'hyperline' }],
    rules: 1,
    open: [],
  });
  expect(report.faults[0]).toEqual({
    code: 'does_not_parse',
    line: 4,
    what: expect.stringContaining("Identifier 'event' has already been declared"),
    cost: expect.stringContaining('not one event was sent'),
  });
});

test('what is not translated keeps the file from loading, and is said with its line', async () => {
  const source = (await readFile(join(PASTED, 'lago-metrics.txt'), 'utf8'))
    .replace('Number(event.properties.tokens ?? 0)', 'priceOf(event.properties.tokens)')
    .replace('if (!BILL', 'event.context.seen = true;\n  if (!BILL');
  await writeFile(join(folder, 'fn.js'), source);
  const { code, out } = await init('', '--from-function', 'fn.js');
  expect(code).toBe(1);
  expect(out).toMatch(
    /Not translated, .*: 2\n +line 5 +onTrack: .*\n +line 11 +properties\.tokens: `priceOf/,
  );
  expect(out).toMatch(/meterbridge\.config\.yaml has \d+ problems:/);
  expect(out).toContain('rules[0].properties.tokens');
  expect(out).toContain('unfinished: unknown key');
  const text = await read('meterbridge.config.yaml');
  expect(text).toMatch(/unfinished:\n +- todo: "?line 5, onTrack/);
  expect(text).toMatch(
    /# line 11, properties\.tokens: `priceOf\(event\.properties\.tokens\)` .*\n +tokens: ""/,
  );
});

test('a function without usage writes nothing', async () => {
  await writeFile(
    join(folder, 'fn.js'),
    'async function onTrack(event) { await fetch("https://acme.example/hook"); }',
  );
  expect(await init('', '--from-function', 'fn.js')).toMatchObject({
    code: 1,
    out: expect.stringContaining('acme.example'),
    asked: expect.stringContaining('Nothing was written'),
  });
  expect(await init('', '--from-function', 'none.js')).toMatchObject({
    code: 1,
    asked: expect.stringContaining('none.js cannot be read (ENOENT)'),
  });
  expect(await readdir(folder)).toEqual(['fn.js']);
});
