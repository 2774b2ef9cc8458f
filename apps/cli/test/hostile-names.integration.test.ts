import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { isForPeople } from '../src/load-context.js';
import { createProgram } from '../src/program.js';
import { printNote } from '../src/terminal/print.js';
import { openWithLetters } from './dead-letter-stack.js';
import { makeTracks, sendAll } from './retrying-client.js';
import { useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

/** Clears the terminal, writes the clipboard (once in 8-bit controls), turns the direction, and forges a line. */
const HOSTILE = '\u001b[2J\u001b]52;c;ZXZpbA==\u0007\u009d52;c;ZXZpbA==\u009c\u007f\u202e\u2028\r\nFORGED';
/** What commands a terminal or turns text around: all but line breaks and tabs. */
const COMMANDS = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/u;

const hostile = {
  event: `API Call${HOSTILE}`,
  properties: { tokens: HOSTILE, model: HOSTILE, subscription_id: `sub-1${HOSTILE}` },
};

let env: NodeJS.ProcessEnv;
beforeEach(() => {
  env = { ...process.env };
});
afterEach(() => {
  process.env = env;
  process.exitCode = undefined;
});

/** What a command prints, without a process of its own for each. */
async function run(...args: string[]): Promise<string> {
  const pieces: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((piece) => pieces.push(String(piece)) > 0),
  );
  try {
    await createProgram().parseAsync(['node', 'meterbridge', ...args]);
  } catch (error) {
    if (!isForPeople(error)) throw error;
    printNote(error.message);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return pieces.join('');
}

const LIST = ['dead-letters', 'list'];

test('text of events, of people and of files commands no terminal, whatever prints it', async () => {
  const config = CONFIG.replaceAll('event = "API Call"', 'match(event, "API*")');
  const stack = await openWithLetters(stacks, makeTracks(3, hostile), 3, config);
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, [
    ...makeTracks(1, { event: `Untaken${HOSTILE}` }),
    ...makeTracks(1, { type: `t${HOSTILE}` }),
  ]);
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  const event = join(folder, `event${HOSTILE.replaceAll('/', '')}.json`);
  await writeFile(event, JSON.stringify({ type: 'track', userId: 'u', messageId: HOSTILE, ...hostile }));
  Object.assign(process.env, stack.env);
  const exported = await run('dead-letters', 'export', '--destination', 'lago');
  const [letter] = exported.trim().split('\n');
  const { id } = JSON.parse(letter!) as { id: string };
  const bad = join(folder, 'bad.ndjson');
  await writeFile(
    bad,
    `${JSON.stringify({ id: HOSTILE })}\n${HOSTILE}\n${letter!.replace(id, `lago/${HOSTILE}`)}\n`,
  );

  const shows = [
    ['status'],
    ['audit'],
    LIST,
    [...LIST, '--json'],
    [...LIST, '--by', 'event', '--by', 'customer'],
    ['dead-letters', 'show', id],
    ['dead-letters', 'export'],
    ['dead-letters', 'import', bad],
    ['dead-letters', 'replay', '--all', '--dry-run'],
    ['dead-letters', 'discard', id, '--because', HOSTILE, '--as', `who${HOSTILE}`, '--yes'],
    ['dead-letters', 'discards'],
    ['preview', event],
    ['preview', '--last'],
    ['preview', '--all-dead-letters'],
    ['backfill', '--dry-run', event],
    ['hold', 'lago', '--reason', HOSTILE],
    ['status'],
    ['dead-letters', 'replay', '--event', hostile.event, '--include-failing', '--yes', '--no-wait'],
    ['replays', 'list'],
    ['replays', 'show', '1'],
  ];
  // What a person has typed may have lines of its own.
  const typed = [
    ['dead-letters', 'show', HOSTILE],
    ['backfill', `${bad}${HOSTILE}`],
    ['test', event],
  ];
  let shown = '';
  for (const args of [...shows, ...typed]) {
    // Workers run a replay.
    if (args.includes('--no-wait')) await stack.startReady('worker');
    const output = await run(...args);
    shown += output;
    const isForged = !typed.includes(args) && /^FORGED/m.test(output);
    expect({ args, found: COMMANDS.exec(output)?.[0], isForged, isEmpty: output.trim() === '' }).toEqual({
      ...{ args, found: undefined, isForged: false, isEmpty: false },
    });
  }
  expect(shown).toContain('\\u001b]52');
});
