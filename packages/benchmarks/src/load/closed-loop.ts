import autocannon from 'autocannon';
import { WRITE_KEY } from '../config.js';
import { makeBody, pathFor } from './make-event.js';
import type { ClosedPlan, Sent } from './plan.js';
import { untilTold } from './until-told.js';

/** A load generator, a process of its own: what can be answered is what it sends. */
const plan = JSON.parse(process.argv[2]!) as ClosedPlan;
const requests = Math.ceil(plan.events / plan.perRequest);
// Written before the clock starts: the generator shares the machine with what it measures.
const bodies = Array.from({ length: requests }, (_, request) => makeBody(plan, request * plan.perRequest));
let next = 0;

await untilTold();

const startedAt = Date.now();
const before = process.cpuUsage();
let endedAt = startedAt;
const instance = autocannon(
  {
    url: plan.url,
    amount: requests,
    connections: Math.min(plan.connections, requests),
    requests: [
      {
        method: 'POST',
        path: pathFor(plan.perRequest),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`,
        },
        setupRequest: (request) => ({ ...request, body: bodies[next++ % requests]! }),
      },
    ],
  },
  (_error, result) => {
    const cpu = process.cpuUsage(before);
    const sent: Sent = {
      startedAt,
      endedAt,
      events: requests * plan.perRequest,
      requests,
      failed: result.non2xx + result.errors,
      p50Ms: result.latency.p50,
      p99Ms: result.latency.p99,
      maxMs: result.latency.max,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    };
    console.log(JSON.stringify(sent));
  },
);
// Its own end comes on a whole second.
instance.on('response', () => {
  endedAt = Date.now();
});
