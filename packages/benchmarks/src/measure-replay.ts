import { meterbridge, ordinary } from './designs.js';
import { load, refuseFailures, untilStored } from './measure.js';
import { runCommand } from './processes.js';
import { openStage, type Stage } from './stage.js';

/** How long it takes from the command that puts dead events back until all of them are stored. */
export type Replayed = { what: string; events: number; seconds: number; eventsPerSecond: number };

const untilDead = async (dead: () => Promise<number>, events: number): Promise<void> => {
  while ((await dead()) < events) await new Promise((resolve) => setTimeout(resolve, 100));
};

/** Dead letters of a wrong mapping; the rule is mended, a worker runs, and the command is given. */
export async function measureReplay(events: number): Promise<Replayed> {
  const stage = await openStage();
  try {
    await stage.changeConfig((text) => text.replace('properties.tokens', 'properties.tokens_used'));
    const receiver = await meterbridge.startReceiver(stage);
    const worker = await meterbridge.startWorker(stage);
    await send(receiver.url, events);
    const dead = async () => Number(await stage.redis.hget('meterbridge:{lago}:ledger', 'dead'));
    await untilDead(dead, events);
    await worker.stop();
    await stage.changeConfig((text) => text);
    await meterbridge.startWorker(stage);
    const script = '../../../apps/cli/dist/main.js';
    const command = () =>
      runCommand(script, ['dead-letters', 'replay', '--all', '--yes', '--json'], stage.env);
    return await measure('meterbridge dead-letters replay', stage, events, command);
  } finally {
    await stage.close();
  }
}

/** BullMQ's own failed jobs, an event each, retried one by one. */
export async function measureRetries(events: number): Promise<Replayed> {
  const stage = await openStage();
  try {
    const receiver = await ordinary.startReceiver(stage);
    const wrong = await stage.start('worker', './ordinary/worker.js', { WRONG_MAPPING: 'yes' });
    await send(receiver.url, events);
    await untilDead(() => stage.redis.zcard('bull:ordinary:failed'), events);
    await wrong.stop();
    await ordinary.startWorker(stage);
    const command = () => runCommand('./ordinary/retry-failed.js', [], stage.env);
    return await measure('job.retry() of each failed job', stage, events, command);
  } finally {
    await stage.close();
  }
}

async function send(url: string, events: number): Promise<void> {
  refuseFailures(await load({ url, events, perRequest: 100, connections: 16 }));
}

async function measure(
  what: string,
  stage: Stage,
  events: number,
  command: () => Promise<void>,
): Promise<Replayed> {
  const began = Date.now();
  const [storedAt] = await Promise.all([untilStored(stage, events), command()]);
  const seconds = (storedAt - began) / 1_000;
  return { what, events, seconds, eventsPerSecond: events / seconds };
}
