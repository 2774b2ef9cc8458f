import autocannon from 'autocannon';
import { makeEventJson } from './make-event.js';

/**
 * The load generator, a process of its own: sends `events` events in requests of `perRequest` over
 * `connections` connections, and prints one line of JSON.
 */
type LoadPlan = { url: string; events: number; perRequest: number; connections: number; tag: string };

const plan = JSON.parse(process.argv[2]!) as LoadPlan;
const requests = Math.ceil(plan.events / plan.perRequest);

// Written before the clock starts: the generator shares the machine with what it measures.
const bodies = Array.from({ length: requests }, (_, request) => {
  const first = request * plan.perRequest;
  if (plan.perRequest === 1) return makeEventJson(plan.tag, first);
  const batch = Array.from({ length: plan.perRequest }, (_, n) => makeEventJson(plan.tag, first + n));
  return `{"batch":[${batch.join(',')}],"sentAt":"${new Date().toISOString()}"}`;
});
let next = 0;

const startedAt = Date.now();
const result = await autocannon({
  url: plan.url,
  amount: requests,
  connections: plan.connections,
  requests: [
    {
      method: 'POST',
      path: plan.perRequest === 1 ? '/v1/track' : '/v1/batch',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from('bench-write-key:').toString('base64')}`,
      },
      setupRequest: (request) => ({ ...request, body: bodies[next++ % requests]! }),
    },
  ],
});
console.log(
  JSON.stringify({
    startedAt,
    seconds: result.duration,
    events: requests * plan.perRequest,
    non2xx: result.non2xx,
    errors: result.errors,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  }),
);
