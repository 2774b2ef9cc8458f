import { type ChildProcess, spawn } from 'node:child_process';
import { platform } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { openWithLetters, withoutTokens } from './dead-letter-stack.js';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);
const SCRIPT = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const CTRL_C = '\x03';

type Session = {
  /** What a person would have seen, with the terminal's control sequences. */
  output: () => string;
  type: (keys: string) => void;
  /** The exit code, as a shell sees it. */
  exited: Promise<number | null>;
};

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs a command in a terminal of its own, by script(1) of util-linux. */
function openSession({ env }: Stack, ...args: string[]): Session {
  const command = [process.execPath, SCRIPT, ...args].map((part) => `'${part}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return {
    output: () => text,
    type: (keys) => child.stdin.write(keys),
    exited: new Promise((resolve) => child.once('close', resolve)),
  };
}

async function interrupt(session: Session, once: string): Promise<number | null> {
  await waitFor(() => session.output().includes(once), { what: once });
  session.type(CTRL_C);
  return session.exited;
}

/** The last word about the cursor, and about lines that are too long, is that all is as it was. */
function expectRestored(output: string): void {
  for (const [off, on] of [
    ['\x1b[?25l', '\x1b[?25h'],
    ['\x1b[?7l', '\x1b[?7h'],
  ] as const) {
    expect(output).toContain(off);
    expect(output.lastIndexOf(on)).toBeGreaterThan(output.lastIndexOf(off));
  }
}

// script(1) is another one elsewhere.
const onLinux = platform() === 'linux' ? describe : describe.skip;

onLinux('Ctrl-C on a terminal', () => {
  test('gives the terminal back from a progress bar, and ends a look with 130', async () => {
    const stack = await stacks.open();
    const receiver = await stack.startReady('receiver');
    await sendAll(receiver.url, makeTracks(50));
    const waiting = openSession(stack, 'audit', '--wait', '600');
    expect(await interrupt(waiting, 'deliveries settled')).toBe(130);
    expect(waiting.output()).toContain('0 of 100 deliveries settled');
    expectRestored(waiting.output());

    const watching = openSession(stack, 'status', '--watch');
    expect(await interrupt(watching, 'Ctrl-C ends it.')).toBe(0);
  });

  test('is a no to the question, in a line of its own, and nothing is done', async () => {
    const stack = await openWithLetters(stacks, withoutTokens(3));
    const args = ['dead-letters', 'replay', '--all', '--include-failing'];
    for (const [command, done] of [
      [args, 'Nothing was done.'],
      [['dead-letters', 'discard', '--all', '--because', 'a test'], 'Nothing was done.'],
    ] as const) {
      const session = openSession(stack, ...command);
      expect(await interrupt(session, '[y/N]')).toBe(1);
      expect(session.output()).toContain(`\r\n${done}`);
      expect(session.output()).not.toContain('AbortError');
    }
    expect(await stack.account()).toMatchObject({ dead: 3, inFlight: 0, discarded: 0 });
  });
});
