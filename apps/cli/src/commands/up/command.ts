import { prettyFactory } from 'pino-pretty';
import { STATE_DIRECTORY } from '../../load-context.js';
import { chooseConfigFile } from '../../stack/choose-config.js';
import { startStack } from '../../stack/stack.js';
import { howToRun } from '../../terminal/hint.js';
import { untilSignal } from '../../terminal/interruption.js';

/** Runs the whole stack until Ctrl-C: for real use on one machine, and for trying things out. */
export async function up(): Promise<void> {
  const pretty = process.stdout.isTTY ? prettyFactory({ colorize: true, ignore: 'pid' }) : undefined;
  // From the first moment on: a signal while it starts would else end this process and not wait for what it started.
  const ended = untilSignal().then(() =>
    console.log('\nStopping: what is on its way is settled, what waits stays in Redis.'),
  );
  const onProgress = (line: string) => console.log(`• ${line}`);
  const given = { directory: STATE_DIRECTORY, env: process.env, demo: false, onProgress };
  const stack = await startStack({
    ...given,
    configFile: await chooseConfigFile(given),
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
      `In another terminal:  ${howToRun('status')}`,
      'Ctrl-C ends it; what was accepted is kept.',
      '',
    ].join('\n'),
  );
  await ended;
  await stack.stop();
}
