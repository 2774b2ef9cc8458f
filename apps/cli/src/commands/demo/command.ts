import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import { openRedis } from '@meterbridge/operations';
import { type Account, RECEIVER, readAccount } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { compareWithSandbox, type Disagreement } from '../../demo/compare-with-sandbox.js';
import { describeMistypedFilter } from '../../demo/mistyped-filter.js';
import { renderAccounts, renderDeadReasons } from '../../demo/render-account.js';
import { type Sent, sendEvents } from '../../demo/send-events.js';
import { takeDatabase } from '../../demo/take-database.js';
import { CommandError, readConfig, STATE_DIRECTORY } from '../../load-context.js';
import { chooseConfigFile } from '../../stack/choose-config.js';
import { DEMO_WRITE_KEY } from '../../stack/decide-stand-ins.js';
import { type Stack, startStack } from '../../stack/stack.js';
import { grouped } from '../../terminal/grouped.js';
import { howToRun, listSteps } from '../../terminal/hint.js';
import { untilSignal } from '../../terminal/interruption.js';
import { print, printInPlace } from '../../terminal/print.js';
import { tableWidth } from '../../terminal/table.js';
import { printText } from '../../terminal/wrap-text.js';

export type DemoOptions = { once?: boolean; events: number };

const SETTLED_WITHIN_MS = 120_000;

/**
 * Shows the whole way of some thousand events on this machine and adds up what became of them. Sets the exit
 * code: 0 when it adds up and agrees with what the sandbox holds.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const progress = (line: string) => printText(`• ${line}`);
  const directory = await mkdtemp(join(tmpdir(), 'meterbridge-demo-'));
  const logFile = join(directory, 'demo.log');
  const log = createWriteStream(logFile);
  const stops: (() => unknown)[] = [() => log.end()];
  const interrupted = untilSignal().then(() => 'interrupted' as const);
  try {
    const given = { directory: STATE_DIRECTORY, env: process.env, demo: true, onProgress: progress };
    const { REDIS_URL } = process.env;
    const database = REDIS_URL ? await takeDatabase(REDIS_URL) : undefined;
    if (database) {
      stops.push(() => database.release());
      progress(`Redis: REDIS_URL, database ${database.number}, which is empty and will be again`);
    }
    const stack = await startStack({
      ...given,
      configFile: await chooseConfigFile(given),
      demoRedisUrl: database?.url,
      onLine: (name, line) => log.write(`${name} ${line}\n`),
    });
    stops.push(() => stack.stop());
    const redis = await openRedis(stack.redisUrl);
    stops.push(() => redis.disconnect());
    const outcome = await Promise.race([play(stack, redis, options, progress), interrupted]);
    if (outcome !== 'interrupted') {
      process.exitCode = outcome ? 0 : 1;
      if (options.once)
        print(`Next: ${howToRun('up')}, or ${howToRun('init')} for a configuration of your own.`);
      else {
        print(nextSteps(stack, logFile, database !== undefined));
        await interrupted;
      }
    }
    print('Stopping.');
  } finally {
    for (const stop of stops.reverse()) await stop();
    if (options.once) await rm(directory, { recursive: true, force: true });
  }
}

/** Resolves to whether everything adds up. */
async function play(
  stack: Stack,
  redis: Redis,
  options: DemoOptions,
  progress: (line: string) => void,
): Promise<boolean> {
  const config = readConfig(stack.env);
  progress(describeMistypedFilter());
  const began = Date.now();
  progress(`Sending ${grouped(options.events)} events with @segment/analytics-node, some wrong on purpose`);
  const sent = await sendEvents(stack.receiverUrl, DEMO_WRITE_KEY, options.events, (n) => {
    if (process.stdout.isTTY) printInPlace(`  ${grouped(n)} sent`);
  });
  if (process.stdout.isTTY) printInPlace('');
  progress(`Sent: ${describeSent(sent)}`);
  progress('Waiting until everything is settled');
  const accounts = await untilSettled(config, redis);
  const disagreements = stack.sandboxUrl ? await compareWithSandbox(stack.sandboxUrl, accounts) : [];
  print(renderResult(accounts, disagreements, (Date.now() - began) / 1_000));
  return (
    disagreements.length === 0 &&
    accounts.every((account) => account.difference === 0 && account.inFlight === 0)
  );
}

function describeSent(sent: Sent): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${grouped(count)} ${name}`)
      .join(', ');
  return `${list(sent.byType)}; ${sent.repeated} of them twice\n  wrong on purpose: ${list(sent.wrong)}`;
}

/** All destinations and the receiver's own dead letters, once nothing is in flight. */
export async function untilSettled(config: Config, redis: Redis): Promise<Account[]> {
  const names = [...config.destinations.map(({ name }) => name), RECEIVER];
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  let before = '';
  for (;;) {
    const accounts = await Promise.all(names.map((name) => readAccount(name, redis)));
    const now = JSON.stringify(accounts.map(({ accepted }) => accepted));
    if (accounts.every(({ inFlight }) => inFlight === 0) && now === before) return accounts;
    if (Date.now() > deadline) {
      throw new CommandError(
        `not settled within ${SETTLED_WITHIN_MS / 1_000} s:\n${renderAccounts(accounts, tableWidth())}`,
      );
    }
    before = now;
    await sleep(200);
  }
}

function renderResult(accounts: Account[], disagreements: Disagreement[], seconds: number): string {
  const delivered = accounts.reduce((sum, { delivered }) => sum + delivered, 0);
  return [
    '',
    'What became of them (accepted = delivered + duplicate + filtered + dead + in flight):',
    renderAccounts(accounts, tableWidth()),
    renderDeadReasons(accounts, tableWidth()),
    `${grouped(delivered)} usage events delivered in ${seconds.toFixed(1)} s.`,
    disagreements.length === 0
      ? 'What the sandbox holds agrees with it.'
      : disagreements.map((each) => `THE SANDBOX DISAGREES: ${each}`).join('\n'),
  ].join('\n');
}

function nextSteps(stack: Stack, logFile: string, isGivenRedis: boolean): string {
  // Said empty, REDIS_URL does not lead past what the demonstration has written.
  const run = (command: string) => `${isGivenRedis ? 'REDIS_URL= ' : ''}${howToRun(command)}`;
  return [
    '',
    'The stack stays up. Try, in another terminal:',
    ...listSteps(
      [
        [run('dead-letters list'), 'what could not be delivered, and why'],
        [run('audit'), 'what became of what was accepted, hour by hour'],
        [run('dead-letters replay --all'), `once tokens has a default: 0 in ${stack.env.METERBRIDGE_CONFIG}`],
        [`curl ${stack.sandboxUrl}/inspect`, 'what the billing APIs hold'],
        [`curl ${stack.workerUrl}/metrics`, 'Prometheus metrics'],
        ['kill -9 any of its processes', 'each is started again, and nothing is lost'],
      ],
      tableWidth(),
    ),
    `Logs: ${logFile}`,
    'Ctrl-C ends it.',
  ].join('\n');
}
