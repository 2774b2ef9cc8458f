// A process of its own with one limiter, always as busy as it may be. Started by limiter-processes.ts with its
// options as JSON. Tells what Redis grants it, and each start. All times are of one clock: Redis' is the machine's.
const { module, clockIsAheadMs, options } = JSON.parse(process.argv[2]);

const machineNow = Date.now;
Date.now = () => machineNow() + clockIsAheadMs;

const { Cluster, Redis } = await import('ioredis');
for (const { prototype } of [Redis, Cluster]) {
  const evaluate = prototype.eval;
  prototype.eval = function (...args) {
    const answer = evaluate.apply(this, args);
    return String(args[2]).endsWith('_starts') ? tell(args.at(-1), answer) : answer;
  };
}

/** What is still asked for when the limiter closes is answered to nobody. */
function say(message) {
  if (process.connected) process.send(message);
}

/** Reads along what the limiter asks of its start log: a start that it did not use it says when it asks again. */
async function tell(unused, answer) {
  if (unused !== '') say({ unused: Number(unused) });
  say({ asking: 1 });
  try {
    const [, start] = await answer;
    if (start !== '') say({ grantedAt: Number(start) });
    return await answer;
  } finally {
    say({ asking: -1 });
  }
}

const { createRateLimiter } = await import(module);
const limiter = createRateLimiter({ ...options, onProblem: (problem) => say({ problem }) });
let isOver = false;

async function keepBusy() {
  while (!isOver) await limiter.schedule(async () => say({ startedAt: machineNow() }));
}

process.on('message', () => {
  isOver = true;
});
await Promise.all(Array.from({ length: options.concurrency }, keepBusy));
await limiter.close();
process.disconnect();
