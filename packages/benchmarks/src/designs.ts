import type { Running } from './processes.js';
import { freePort, type Stage } from './stage.js';

/** Two ways to get from Segment to the bill, started alike and fed alike. */
export type Design = {
  name: string;
  startReceiver(stage: Stage): Promise<{ url: string; process: Running }>;
  startWorker(stage: Stage): Promise<Running>;
};

export const ordinary: Design = {
  name: 'ordinary (a job an event, a request an event)',
  async startReceiver(stage) {
    const port = String(await freePort());
    const process = await stage.start('receiver', './ordinary/receiver.js', { PORT: port });
    return { url: `http://127.0.0.1:${port}`, process };
  },
  startWorker: (stage) => stage.start('worker', './ordinary/worker.js'),
};

export const meterbridge: Design = {
  name: 'meterbridge',
  async startReceiver(stage) {
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const script = '../../../apps/receiver/dist/main.js';
    const process = await stage.start('receiver', script, { RECEIVER_PORT: port }, `${url}/readyz`);
    return { url, process };
  },
  async startWorker(stage) {
    const port = String(await freePort());
    const script = '../../../apps/worker/dist/main.js';
    return stage.start('worker', script, { WORKER_PORT: port }, `http://127.0.0.1:${port}/readyz`);
  },
};
