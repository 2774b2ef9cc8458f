import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseConfig } from '@meterbridge/config';
import { waitFor } from '@meterbridge/testing';
import { blocksOf, inlineCommandsOf, readDocument } from './read-commands.js';

const ROOT = join(import.meta.dirname, '../../..');
const README = readDocument('README.md');
const BLOCKS = blocksOf(README);
const COMMANDS = [...BLOCKS.flat(), ...inlineCommandsOf(README)];

/** Commands that another suite, or `.ci/run`, runs: where, and by which words. */
const RUN_ELSEWHERE: Record<string, [file: string, words: string]> = {
  'npm run demo': ['apps/cli/test/demo.integration.test.ts', "'demo', '--once'"],
  'npm test': ['.ci/run', 'npm --silent test'],
  'npm run chaos -- --quick': ['.ci/run', 'npm run --silent chaos -- --quick'],
  'npm pack': ['apps/cli/test/package.integration.test.ts', "'npm', ['pack'"],
  'npx -y ./meterbridge-*.tgz demo': ['apps/cli/test/package.integration.test.ts', "npx(folder, ['demo'"],
};
/** Run by this suite before and beside the others. */
const START = 'npm start';
const COPY_ENV = 'cp .env.example .env';
const ALIAS = COMMANDS.find((command) => command.startsWith('alias '));

type Expected = {
  /** Whether it is what it should be; it is run again until it is. */
  says: RegExp;
  code?: number;
  input?: string;
};

/** What each command says; one that is not named here has to end with 0. */
const EXPECTED: Record<string, Expected> = {
  curl: { says: /^\{"success":true\}$/ },
  "curl 'http://127.0.0.1:4003": { says: /"transaction_id":"m1"/ },
  'meterbridge status': { says: /^lago .* sending /m },
  'meterbridge check': { says: /^Ready, and running/m },
  'meterbridge init': { says: /Wrote new\.yaml/, input: '\n'.repeat(40) },
  'meterbridge preview event.json': { says: /api-calls .* takes it/ },
  'meterbridge test': { says: /\d+ passed, 0 failed/ },
  'meterbridge dead-letters list': { says: /unmapped +api-calls +1/ },
  'meterbridge dead-letters show': { says: /properties\.tokens is missing/ },
  'meterbridge preview --all-dead-letters': { says: /newly delivered +1/ },
  'meterbridge dead-letters replay': { says: /1 {2}would fail again/ },
  'meterbridge audit': { says: /It adds up/ },
  'meterbridge find': { says: /lago, rule api-calls: delivered/ },
  'meterbridge explain': { says: /lago .* tokens 1,200/ },
  'meterbridge reconcile': { says: /Nothing differs/ },
};

let folder = '';
let up: ChildProcess;
let output = '';

/** As a clone that is set up: what stands at its root is copied, and the folders of its code are linked. */
async function openClone(name: string): Promise<string> {
  const clone = join(folder, name);
  await mkdir(clone);
  for (const file of ['package.json', 'meterbridge.config.yaml', 'meterbridge.cases.yaml', '.env.example'])
    await copyFile(join(ROOT, file), join(clone, file));
  for (const each of ['apps', 'packages', 'node_modules']) await symlink(join(ROOT, each), join(clone, each));
  return clone;
}

/** The program in the path, as in the shell of somebody who has installed it. */
const environment = () => ({ PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder });

type Ended = { code: number; text: string };

function run(command: string, cwd: string, input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', command], { cwd, env: environment() }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stdout ? '' : stderr}` }),
    );
    // A command that reads nothing may have ended by now.
    child.stdin!.on('error', () => {}).end(input);
  });
}

function addressOf(name: 'Receiver' | 'Sandbox'): string | undefined {
  return new RegExp(`${name}: http://([\\d.:]+)`).exec(output)?.[1];
}

let clone = '';
let letter = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbridge-readme-'));
  await mkdir(join(folder, 'bin'));
  await symlink(join(ROOT, 'apps/cli/dist/main.js'), join(folder, 'bin/meterbridge'));
  clone = await openClone('clone');
  // In a group of its own, as in a terminal: npm passes no signal on to what it has started.
  up = spawn('npm', ['start'], {
    cwd: clone,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [up.stdout!, up.stderr!])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  await waitFor(() => output.includes('Worker: '), { what: 'npm start' });
  // What the commands are about.
  const event = { type: 'track', event: 'API Call', userId: 'acme', properties: { model: 'large' } };
  await writeFile(
    join(clone, 'event.json'),
    JSON.stringify({ ...event, messageId: 'm2', properties: { tokens: 1, model: 'large' } }),
  );
  const config = await readFile(join(ROOT, 'meterbridge.config.yaml'), 'utf8');
  await writeFile(join(clone, 'fixed.yaml'), config.replace('as: number }', 'as: number, default: 0 }'));
  await fetch(`http://${addressOf('Receiver')}/v1/track`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('demo-write-key:')}` },
    body: JSON.stringify({ ...event, messageId: 'm3' }),
  });
  await waitFor(
    async () => {
      const { text } = await run('meterbridge dead-letters list --json', clone);
      letter = /"id":"([^"]+)"/.exec(text)?.[1] ?? '';
      return letter !== '';
    },
    { what: 'a dead letter' },
  );
});

afterAll(async () => {
  const gone = new Promise((resolve) => up.once('close', resolve));
  process.kill(-up.pid!, 'SIGINT');
  await gone;
  await rm(folder, { recursive: true, force: true });
});

function dayIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** With the addresses, the dead letter and the days of this run. */
function here(command: string): string {
  return command
    .replace('127.0.0.1:4000', addressOf('Receiver')!)
    .replace('127.0.0.1:4003', addressOf('Sandbox')!)
    .replace('lago/1795235992524-0', letter)
    .replace('2026-10-01', dayIn(-1))
    .replace('2026-11-01', dayIn(2));
}

const isRunHere = (command: string) =>
  !Object.hasOwn(RUN_ELSEWHERE, command) && ![START, COPY_ENV, ALIAS].includes(command);

test.each([...new Set(COMMANDS)].filter(isRunHere))('%s', async (command) => {
  const [, { says, code = 0, input } = { says: /./ }] =
    Object.entries(EXPECTED)
      .filter(([begin]) => command.startsWith(begin))
      .toSorted(([one], [other]) => other.length - one.length)[0] ?? [];
  // An alias counts in its own block, and there it is tried as it is.
  const isAliased = BLOCKS.some((block) => block.includes(ALIAS!) && block.includes(command));
  const line = isAliased ? `shopt -s expand_aliases\n${ALIAS}\n${here(command)}` : here(command);
  let ended: Ended = { code: -1, text: '' };
  await waitFor(
    async () => {
      ended = await run(line, clone, input);
      return ended.code === code && says.test(ended.text);
    },
    { what: command },
  ).catch(() => {});
  expect(ended).toEqual({ code, text: expect.stringMatching(says) });
});

test(`${COPY_ENV}: beside one real key, what is not set yet is refused`, async () => {
  const earnest = await openClone('earnest');
  expect(await run(COPY_ENV, earnest)).toMatchObject({ code: 0 });
  const env = await readFile(join(earnest, '.env'), 'utf8');
  await writeFile(
    join(earnest, '.env'),
    env.replace('LAGO_API_KEY=change-me', 'LAGO_API_KEY=a-key-of-a-test'),
  );
  const { code, text } = await run('meterbridge check', earnest);
  expect([code, text]).toEqual([1, expect.stringContaining('(from SEGMENT_WRITE_KEY)')]);
});

test('what another suite runs is in the README, and in that suite', () => {
  expect(Object.keys(RUN_ELSEWHERE).filter((command) => !COMMANDS.includes(command))).toEqual([]);
  expect([START, COPY_ENV].filter((command) => !COMMANDS.includes(command))).toEqual([]);
  for (const [file, words] of Object.values(RUN_ELSEWHERE))
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(words);
});

test('the configuration in the README loads', () => {
  const [, text] = /^```yaml\n([\s\S]*?)^```/m.exec(README)!;
  const env = { SEGMENT_WRITE_KEY: 'a-key-of-a-test', LAGO_API_KEY: 'a-key-of-a-test' };
  expect(parseConfig(text!, env)).toMatchObject({ ok: true });
  expect(parseConfig(text!.replace('event =', 'evnt ='), env)).toMatchObject({
    problems: [{ message: expect.stringContaining('found evnt') }],
  });
});
