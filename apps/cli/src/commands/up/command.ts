import { join } from 'node:path';
import { configFile } from '@meterbridge/config';
import type { Command } from 'commander';
import { STATE_DIRECTORY } from '../../load-context.js';
import { openLogFile } from '../../stack/log-file.js';
import { type Stack, startStack } from '../../stack/stack.js';
import { howToRun } from '../../terminal/hint.js';
import { openScreen } from './screen.js';
import { watchCounts } from './watch-counts.js';

/** Runs the whole stack until Ctrl-C: for real use on one machine, and for trying things out. */
export async function up(): Promise<void> {
  const log = openLogFile(join(STATE_DIRECTORY, LOG_NAME));
  const screen = openScreen();
  screen.say(`• Logs: ${log.path}, JSON lines of all processes; here each kind of warning stands once`);
  const watching = new AbortController();
  // From the first moment on: a signal while it starts would else end this process and not wait for what it started.
  const ended = untilSignal().then(() => {
    watching.abort();
    screen.count('');
    screen.say('\nStopping: what is on its way is settled, what waits stays in Redis.');
  });
  const stack = await startStack({
    directory: STATE_DIRECTORY,
    configFile: configFile(process.env),
    env: process.env,
    demo: false,
    onProgress: (line) => screen.say(`• ${line}`),
    onLine: (name, line) => {
      log.write(name, line);
      screen.log(name, line);
    },
  });
  screen.say(nextSteps(stack));
  const counting = watchCounts(stack.env, (line) => screen.count(line), watching.signal);
  try {
    await Promise.race([ended, counting]);
  } finally {
    watching.abort();
    await stack.stop();
    log.close();
  }
}

const LOG_NAME = 'up.log';

function nextSteps({ receiverUrl, madeUpWriteKey }: Stack): string {
  return [
    '',
    `Point a Segment client at ${receiverUrl} (its host option), or try:`,
    `  curl -u "${madeUpWriteKey ?? '$SEGMENT_WRITE_KEY'}:" ${receiverUrl}/v1/track \\`,
    `    -d '{"event":"API Call","userId":"acme","messageId":"m1","properties":{"tokens":1200,"model":"large"}}'`,
    `In another terminal:  ${howToRun('status')}`,
    'Ctrl-C ends it; what was accepted is kept.',
    '',
  ].join('\n');
}

export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

/** `meterbridge up` */
export function addUp(program: Command): void {
  program
    .command('up')
    .description(
      'run receiver and worker until Ctrl-C, with a Redis of their own unless REDIS_URL is set, and the sandbox where no API key is set',
    )
    .addHelpText(
      'after',
      `
Without a key for any API, the sandbox stands in for all, and a known write key is taken from this machine alone.
Beside a real key nothing is made up: SEGMENT_WRITE_KEY has to be set, and a destination without a key is held.

What was accepted is kept in .meterbridge/ and goes on with the next start. A saved configuration is used at once.
The processes' logs go to .meterbridge/up.log (beyond 50 MB to up.log.1, and anew); here: counts, once a second where
they change, and each kind of warning and error once.

Examples:
  meterbridge up
  METERBRIDGE_CONFIG=staging.yaml RECEIVER_PORT=4100 WORKER_PORT=4101 meterbridge up

Exit codes: 0 ended by Ctrl-C, 1 it could not start, 2 wrong usage.`,
    )
    .action(up);
}
