import { join } from 'node:path';
import { LocalRedisError } from '@meterbridge/local-redis';
import { CommandError, runningStack, STATE_DIRECTORY } from '../../load-context.js';
import { chooseConfigFile } from '../../stack/choose-config.js';
import { openLogFile } from '../../stack/log-file.js';
import { type Stack, startStack } from '../../stack/stack.js';
import { howToRun } from '../../terminal/hint.js';
import { untilSignal } from '../../terminal/interruption.js';
import { openScreen } from './screen.js';
import { watchCounts } from './watch-counts.js';

/** Runs the whole stack until Ctrl-C: for real use on one machine, and for trying things out. */
export async function up(): Promise<void> {
  const log = openLogFile(join(STATE_DIRECTORY, LOG_NAME));
  const screen = openScreen();
  const onProgress = (line: string) => screen.tell(`• ${line}`);
  onProgress(`Logs: ${log.path}, JSON lines of all processes; here each kind of warning stands once`);
  const watching = new AbortController();
  // From the first moment on: a signal while it starts would else end this process and not wait for what it started.
  const ended = untilSignal().then(() => {
    watching.abort();
    screen.count('');
    screen.say('\nStopping: what is on its way is settled, what waits stays in Redis.');
  });
  const given = { directory: STATE_DIRECTORY, env: process.env, demo: false, onProgress };
  const stack = await startStack({
    ...given,
    configFile: await chooseConfigFile(given),
    onLine: (name, line) => {
      log.write(name, line);
      screen.log(name, line);
    },
  }).catch(nameTheOther);
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

/** A second one finds the first one's Redis: its words are of that one. */
function nameTheOther(error: unknown): never {
  const other = error instanceof LocalRedisError && error.code === 'data_dir_in_use' ? runningStack() : null;
  if (!other) throw error;
  throw new CommandError(
    `\`meterbridge up\` runs in this folder already (process ${other.pid}).
How it does: ${howToRun('status')}. Its Ctrl-C ends it, or kill ${other.pid}.`,
  );
}

const LOG_NAME = 'up.log';

function nextSteps({ receiverUrl, madeUpWriteKey }: Stack): string {
  return [
    '',
    `Point a Segment client at ${receiverUrl} (its host option), or try:`,
    `  curl -u '${madeUpWriteKey ?? '<SEGMENT_WRITE_KEY>'}:' ${receiverUrl}/v1/track -d \\`,
    `    '{"event":"API Call","userId":"acme","messageId":"m1",`,
    `      "properties":{"tokens":1200,"model":"large"}}'`,
    `In another terminal:  ${howToRun('status')}`,
    'Ctrl-C ends it; what was accepted is kept.',
    '',
  ].join('\n');
}
