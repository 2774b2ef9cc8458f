import { findFreePort } from '@meterbridge/local-redis';
import type { Running } from './processes.js';
import type { Stage } from './stage.js';

/** A way from Segment to the bill; all are started alike and fed alike. */
export type Design = {
  name: 'ordinary' | 'pipe' | 'meterbridge' | 'without receipts';
  /** Everything it consists of. */
  start(stage: Stage): Promise<Opened>;
};

/** Where it takes events, and what a Prometheus asks of it. */
export type Opened = { url: string; metricsUrls: string[] };

/** Express, a job an event, a request an event: what a good engineer writes in an afternoon. */
export const ordinary: Design = {
  name: 'ordinary',
  async start(stage) {
    const url = await startOrdinaryReceiver(stage);
    await startOrdinaryWorker(stage);
    return { url, metricsUrls: [] };
  },
};

/** Express reads a request and posts it on: no queue, no promise, and the least that it can cost. */
export const pipe: Design = {
  name: 'pipe',
  async start(stage) {
    return { url: await startOnPort(stage, 'pipe', './programs/pipe.js'), metricsUrls: [] };
  },
};

export const meterbridge: Design = {
  name: 'meterbridge',
  async start(stage) {
    stage.env.RECEIPTS_DIRECTORY = stage.receiptsDirectory;
    await startArchivist(stage);
    return startOurs(stage);
  },
};

/** The same, with nothing left for the books. */
export const withoutReceipts: Design = { name: 'without receipts', start: (stage) => startOurs(stage) };

async function startOurs(stage: Stage): Promise<Opened> {
  const [receiver, worker] = [await startReceiver(stage), await startWorker(stage)];
  return { url: receiver.url, metricsUrls: [receiver, worker].map(({ url }) => `${url}/metrics`) };
}

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

async function startArchivist(stage: Stage): Promise<Started> {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const script = '../../../apps/archivist/dist/main.js';
  return { url, process: await stage.start('archivist', script, { ARCHIVIST_PORT: port }, `${url}/readyz`) };
}
