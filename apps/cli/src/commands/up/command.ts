import { configFile } from '@meterbridge/config';
import { prettyFactory } from 'pino-pretty';
import { STATE_DIRECTORY } from '../../load-context.js';
import { startStack } from '../../stack/stack.js';
import { untilSignal } from '../../terminal/interruption.js';

/** Runs the whole stack until Ctrl-C: for real use on one machine, and for trying things out. */
export async function up(): Promise<void> {
  const pretty = process.stdout.isTTY ? prettyFactory({ colorize: true, ignore: 'pid' }) : undefined;
  // From the first moment on: a signal while it starts would else end this process and not wait for what it started.
  const ended = untilSignal().then(() =>
    console.log('\nStopping: what is on its way is settled, what waits stays in Redis.'),
  );
  const stack = await startStack({
    directory: STATE_DIRECTORY,
    configFile: configFile(process.env),
    env: process.env,
    demo: false,
    onProgress: (line) => console.log(`• ${line}`),
    onLine: (name, line) => {
      if (name === 'redis') return;
      process.stdout.write(pretty && line.startsWith('{') ? pretty(line) : `${line}\n`);
    },
  });
  console.log(
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
