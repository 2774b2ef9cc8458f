import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '@meterbridge/testing';
import { useProcessPool } from './process-pool.js';
import { type RunningProcess, startProcess } from './running-process.js';
import { CONFIG, EMAIL, IP_ADDRESS, PHONE } from './stack-config.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const startPooled = useProcessPool();
let folder = '';
const running: RunningProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-preview-'));
  await writeFile(join(folder, 'meterbridge.config.yaml'), CONFIG);
});

afterEach(async () => {
  for (const each of running) each.signal('SIGKILL');
  await Promise.all(running.splice(0).map(({ exited }) => exited));
  await rm(folder, { recursive: true });
});

/** No key, and no Redis. */
const ENV = { PATH: process.env.PATH, LAGO_API_URL: 'https://lago.example', HYPERLINE_API_URL: '' };

function start(...args: string[]): RunningProcess {
  const started = startProcess('cli', ['preview', ...args], { env: ENV, cwd: folder });
  running.push(started);
  return started;
}

async function preview(...args: string[]) {
  const started = startPooled('cli', { args: ['preview', ...args], env: ENV, cwd: folder });
  const { code } = await started.exited;
  return { code, output: started.output() };
}

const CALL = {
  type: 'track',
  event: 'API Call',
  userId: 'u',
  messageId: 'm1',
  timestamp: new Date().toISOString(),
  context: { ip: IP_ADDRESS },
  traits: { phone: PHONE },
  properties: { tokens: 5, model: 'small', subscription_id: 's' },
};
const BAD = { ...CALL, messageId: 'm2', properties: { tokens: 'many', model: 'small' } };
const USER = { ...CALL, type: 'identify', event: undefined, messageId: 'm3', traits: { email: EMAIL } };

function write(name: string, content: string | Buffer): Promise<void> {
  return writeFile(join(folder, name), content);
}

test('an event of a file: no Redis, no key, nothing shown that privacy took or a rule masks', async () => {
  await write('events.ndjson', [CALL, BAD, USER].map((event) => JSON.stringify(event)).join('\n'));
  const good = await preview('events.ndjson', '--json');
  expect(good.code).toBe(0);
  expect(JSON.parse(good.output)).toMatchObject({
    from: 'events.ndjson, event 1',
    source: 'backend',
    ok: true,
    received: { privacy: [{ path: 'context.ip' }, { path: 'traits.phone' }] },
    destinations: [
      {
        requests: [
          {
            path: '/api/v1/events/batch',
            body: { events: [{ transaction_id: 'm1', properties: { tokens: 5 } }] },
          },
        ],
      },
      { requests: [{ path: '/v1/events', body: { record: { id: 'm1' } } }] },
    ],
  });
  const bad = await preview('events.ndjson', '--index', '2');
  expect(bad.code).toBe(1);
  const line = CONFIG.split('\n').findIndex((text) => text.includes('tokens: {')) + 1;
  expect(bad.output).toContain(
    `properties.tokens is string; expected a number such as "12" or "12.5" (wrong_type, meterbridge.config.yaml:${line})`,
  );
  const user = await preview('events.ndjson', '--index', '3');
  expect(user.code).toBe(0);
  expect(user.output).toContain('masked record.work_email');
  for (const output of [good.output, bad.output, user.output]) {
    for (const hidden of [IP_ADDRESS, PHONE, EMAIL]) expect(output).not.toContain(hidden);
  }
});

test('an event of standard input, gzip or not', async () => {
  const pipe = async (input: string | Buffer) => {
    const child: ChildProcess = spawn(process.execPath, [MAIN, 'preview', '-', '--json'], {
      env: ENV,
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin!.end(input);
    await closed;
    return JSON.parse(output) as { from: string };
  };
  expect(await pipe(JSON.stringify({ batch: [CALL] }, null, 2))).toMatchObject({ ok: true });
  expect(await pipe(gzipSync(JSON.stringify(BAD)))).toMatchObject({
    from: 'standard input, event 1',
    ok: false,
  });
});

test.each([
  ['no event', [], 2, 'say which event'],
  ['two events', ['a.json', '--last'], 2, 'say which event'],
  ['a changed file and nothing to try it on', ['--with', 'b.yaml'], 2, '--with needs'],
  ['an archive and no changed file', ['--archive', 'a.gz'], 2, '--archive needs --with'],
  ['a count that is none', ['--last', 'x'], 2, 'a whole number from 1 was expected'],
  ['a file that is not there', ['a.json'], 1, 'a.json: cannot be read (ENOENT)'],
  ['a source that is not there', ['a.json', '--source', 'web'], 1, 'no source web; there are backend'],
  [
    'an archive that is not there',
    ['--archive', 'x.gz', '--with', 'meterbridge.config.yaml'],
    1,
    'no archive at x.gz',
  ],
])('%s is told, with its exit code', async (_, args, code, message) => {
  expect(await preview(...args)).toEqual({ code, output: expect.stringContaining(message) });
});

test('watching looks again when a file is saved; a broken configuration prints its problems and it goes on', async () => {
  await write('event.json', JSON.stringify(CALL));
  const watching = start('event.json', '--watch');
  let seen = 0;
  const until = async (text: string) => {
    await waitFor(() => watching.output().slice(seen).includes(text), { what: text });
    seen = watching.output().length;
  };
  await until('Watching meterbridge.config.yaml and event.json');
  expect(watching.output()).toContain('"code": "api_call"');
  await write('meterbridge.config.yaml', CONFIG.replace('code: api_call', 'code: changed'));
  await until('"code": "changed"');
  await write('meterbridge.config.yaml', CONFIG.replace('code: api_call', 'cod: api_call'));
  await until('cod: unknown key; did you mean code?');
  await write('event.json', '{"type":');
  await write('meterbridge.config.yaml', CONFIG);
  await until('event.json: it is not JSON: in line 1, column ');
  await write('event.json', JSON.stringify(BAD));
  await until('takes it and cannot map it');
  watching.signal('SIGINT');
  expect(await watching.exited).toEqual({ code: 0, signal: null });
});

const CHANGED = CONFIG.replace('as: number }', 'as: number, default: 0 }').replace(
  'plan: traits.plan, ',
  'plan: { path: traits.plan, default: free }, ',
);

test('a changed configuration over an archive: files, folders and patterns, some of them damaged', async () => {
  const archived = (event: object, messageId: string) =>
    JSON.stringify({ ...event, messageId, receivedAt: CALL.timestamp });
  const without = { ...CALL, properties: { model: 'small' } };
  await write('changed.yaml', CHANGED);
  await write('1.gz', gzipSync([archived(CALL, 'a'), archived(BAD, 'b'), archived(without, 'c')].join('\n')));
  await write(
    '2.ndjson',
    `${archived(USER, 'd')}\nnot JSON\n${archived({ ...USER, type: 'page' }, 'e')}\n${archived({ type: 'x' }, 'f')}\n`,
  );
  await write('3.gz', gzipSync(`${archived(CALL, 'g')}\n`.repeat(2_000)).subarray(0, 200));
  const { code, output } = await preview(
    '--archive',
    '1.gz',
    '*.ndjson',
    '3.gz',
    '--with',
    'changed.yaml',
    '--json',
  );
  const { archive } = JSON.parse(output) as {
    archive: { samples: Record<string, unknown[]>; events: number; unreadable: { first: string[] } };
  };
  const cut = archive.events - 7;
  expect(archive).toMatchObject({
    events: expect.any(Number),
    unreadable: {
      count: 1,
      first: [expect.stringMatching(/^3\.gz:\d+: unexpected end of file$/)],
    },
    byDestination: {
      lago: { 'newly delivered': 1, unchanged: 1 + cut, 'still failing': 1, filtered: 2, changed: 0 },
      hyperline: { unchanged: 3 + cut, changed: 1, filtered: 1 },
      receiver: { 'still failing': 2 },
    },
    reasons: {
      'still failing': {
        'lago api-calls: properties.tokens is string; expected a number such as "12" or "12.5"': 1,
        unsupported_type: 1,
        invalid_json: 1,
      },
    },
    samples: {
      changed: [
        {
          id: 'd (2.ndjson:1)',
          destination: 'hyperline',
          rule: 'users',
          differences: [{ field: 'record.plan', after: 'free' }],
        },
      ],
      'newly delivered': [{ id: 'c (1.gz:3)', usage: { transaction_id: 'c', properties: { tokens: 0 } } }],
    },
  });
  expect(code).toBe(0);
  expect(output).not.toContain(EMAIL);

  // The other way round it is worse.
  await write('meterbridge.config.yaml', CHANGED);
  await write('back.yaml', CONFIG);
  const worse = await preview('--archive', '.', '--with', 'back.yaml');
  expect(worse.output).toMatch(/newly failing +1 /);
  expect(worse.code).toBe(1);
});

test('ended with Ctrl-C it says what it has looked at, and that it is not all', async () => {
  await write('changed.yaml', CHANGED);
  await write(
    'large.gz',
    gzipSync(`${JSON.stringify({ ...CALL, receivedAt: CALL.timestamp })}\n`.repeat(400_000), { level: 1 }),
  );
  const comparing = start('--archive', 'large.gz', '--with', 'changed.yaml');
  const fds = `/proc/${comparing.pid}/fd`;
  await waitFor(() => readdirSync(fds).some((fd) => linkOf(join(fds, fd)).endsWith('large.gz')), {
    what: 'the archive to be read',
  });
  comparing.signal('SIGINT');
  expect(await comparing.exited).toEqual({ code: 1, signal: null });
  expect(comparing.output()).toContain('Stopped before the end');
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('the help names every exit code', async () => {
  const { code, output } = await preview('--help');
  expect(code).toBe(0);
  expect(output).toContain('Exit codes: 0');
});
