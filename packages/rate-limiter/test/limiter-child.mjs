// A process of its own with one limiter, always as busy as it may be. Started by limiter-processes.ts with
// its options as JSON. Tells each start, by the monotonic clock that all processes of a machine share.
const { module, clockIsAheadMs, options } = JSON.parse(process.argv[2]);

const rightNow = Date.now;
Date.now = () => rightNow() + clockIsAheadMs;

const { createRateLimiter } = await import(module);
const limiter = createRateLimiter({ ...options, onProblem: (problem) => process.send({ problem }) });
let isOver = false;

async function keepBusy() {
  while (!isOver) {
    await limiter.schedule(async () => process.send({ startedAt: Number(process.hrtime.bigint()) / 1e6 }));
  }
}

process.on('message', () => {
  isOver = true;
});
await Promise.all(Array.from({ length: options.concurrency }, keepBusy));
await limiter.close();
process.disconnect();
