import { configFile } from '@meterbridge/config';
import type { Command } from 'commander';
import { prettyFactory } from 'pino-pretty';
import { STATE_DIRECTORY } from '../../load-context.js';
import { startStack } from '../../stack/stack.js';
import { print } from '../../terminal/print.js';

/** Runs the whole stack until Ctrl-C: for real use on one machine, and for trying things out. */
export async function up(): Promise<void> {
  const pretty = process.stdout.isTTY ? prettyFactory({ colorize: true, ignore: 'pid' }) : undefined;
  // From the first moment on: a signal while it starts would else end this process and not wait for what it started.
  const ended = untilSignal().then(() =>
    print('\nStopping: what is on its way is settled, what waits stays in Redis.'),
  );
  const stack = await startStack({
    directory: STATE_DIRECTORY,
    configFile: configFile(process.env),
    env: process.env,
    demo: false,
    onProgress: (line) => print(`• ${line}`),
    onLine: (name, line) => {
      if (name === 'redis') return;
      process.stdout.write(pretty && line.startsWith('{') ? pretty(line) : `${line}\n`);
    },
  });
  print(
    [
      '',
      `Point a Segment client at ${stack.receiverUrl} (its host option), or try:`,
      `  curl -u "${stack.madeUpWriteKey ?? '$SEGMENT_WRITE_KEY'}:" ${stack.receiverUrl}/v1/track \\`,
      `    -d '{"event":"API Call","userId":"acme","messageId":"m1","properties":{"tokens":1200,"model":"large"}}'`,
      'In another terminal:  npm run -s meterbridge -- status',
      'Ctrl-C ends it; what was accepted is kept.',
      '',
    ].join('\n'),
  );
  await ended;
  await stack.stop();
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

Examples:
  meterbridge up
  METERBRIDGE_CONFIG=staging.yaml RECEIVER_PORT=4100 WORKER_PORT=4101 meterbridge up

Exit codes: 0 ended by Ctrl-C, 1 it could not start, 2 wrong usage.`,
    )
    .action(up);
}
