import { findFreePort } from '@meterbridge/local-redis';
import type { Running } from './processes.js';
import type { Stage } from './stage.js';

/** A way from Segment to the bill; all are started alike and fed alike. */
export type Design = {
  name: 'ordinary' | 'pipe' | 'meterbridge';
  /** Everything it consists of; resolves to where it takes events. */
  start(stage: Stage): Promise<string>;
};

/** Express, a job an event, a request an event: what a good engineer writes in an afternoon. */
export const ordinary: Design = {
  name: 'ordinary',
  async start(stage) {
    const url = await startOrdinaryReceiver(stage);
    await startOrdinaryWorker(stage);
    return url;
  },
};

/** Express reads a request and posts it on: no queue, no promise, and the least that it can cost. */
export const pipe: Design = {
  name: 'pipe',
  start: (stage) => startOnPort(stage, 'pipe', './programs/pipe.js'),
};

export const meterbridge: Design = {
  name: 'meterbridge',
  async start(stage) {
    const { url } = await startReceiver(stage);
    await startWorker(stage);
    return url;
  },
};

export function startOrdinaryReceiver(stage: Stage): Promise<string> {
  return startOnPort(stage, 'receiver', './programs/ordinary-receiver.js');
}

export function startOrdinaryWorker(stage: Stage, env: Record<string, string> = {}): Promise<Running> {
  return stage.start('worker', './programs/ordinary-worker.js', env);
}

export function startBareExpress(stage: Stage): Promise<string> {
  return startOnPort(stage, 'bare', './programs/bare-express.js');
}

async function startOnPort(stage: Stage, name: string, script: string): Promise<string> {
  const port = String(await findFreePort());
  await stage.start(name, script, { PORT: port });
  return `http://127.0.0.1:${port}`;
}

/** Ours; `process` with its operations routes at the same URL. */
export type Started = { url: string; process: Running };

export async function startReceiver(stage: Stage): Promise<Started> {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const script = '../../../apps/receiver/dist/main.js';
  return { url, process: await stage.start('receiver', script, { RECEIVER_PORT: port }, `${url}/readyz`) };
}

export async function startWorker(stage: Stage): Promise<Started> {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const script = '../../../apps/worker/dist/main.js';
  return { url, process: await stage.start('worker', script, { WORKER_PORT: port }, `${url}/readyz`) };
}
