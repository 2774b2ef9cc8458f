import type { Benchmark } from '../benchmark.js';
import { number } from '../report.js';
import { type Filled, fillRequests } from './fill-requests.js';
import { type Spent, spendBudget } from './spend-budget.js';

export type LimitFigures = { filled: Filled; spent: Spent };

const REQUESTS_PER_SECOND = 50;

/** A limited API, used whole and never overused; and arrivals one by one that fill its requests. */
export const limit: Benchmark = {
  name: 'limit',
  what: 'an API that allows 50 requests a second: filled requests, and the budget over 1, 2 and 4 workers',
  seconds: { whole: 150, short: 45 },
  async run({ short, say }) {
    const filled = short
      ? await fillRequests(REQUESTS_PER_SECOND, 1_000, 5)
      : await fillRequests(REQUESTS_PER_SECOND, 5_000, 20);
    say(
      `filled: ${number(filled.arrivedPerSecond)} events/s came, ${number(filled.storedPerSecond)} were stored`,
    );
    const spent = await spendBudget(REQUESTS_PER_SECOND, short ? 5 : 20, say);
    const shares = spent.windows.map(({ share }) => share);
    const afterKill = shares.pop()!;
    return {
      tables: [
        {
          head: ['50 requests a second allowed, events one by one', ''],
          rows: [
            ['events/s that came', number(filled.arrivedPerSecond)],
            ['events/s stored', number(filled.storedPerSecond)],
            ['requests/s', number(filled.madePerSecond, 1)],
            ['events a request', number(filled.eventsPerRequest, 1)],
            [
              'receipt to stored p50, first and last quarter, ms',
              filled.p50Ms.map((ms) => number(ms)).join(', '),
            ],
            [
              'receipt to stored p95, first and last quarter, ms',
              filled.p95Ms.map((ms) => number(ms)).join(', '),
            ],
            ['answer p99, ms', number(filled.ackP99Ms)],
            ...Object.entries(filled.cpuMicros).map(([name, micros]) => [
              `CPU of ${name}, µs an event`,
              number(micros),
            ]),
          ],
        },
        {
          head: ['50 requests a second allowed, more than that waiting', 'requests/s', 'of the budget, %'],
          rows: spent.windows.map(({ what, perSecond, share }) => [
            what,
            number(perSecond, 2),
            number(share * 100, 1),
          ]),
        },
        {
          head: ['most in any second', 'requests'],
          rows: [
            ['arrivals at the API', number(spent.mostArrivals)],
            ["starts, by the limiter's own log", number(spent.mostStarts)],
          ],
        },
      ],
      goals: [
        {
          what: 'stored of what comes one by one',
          value: filled.storedPerSecond / filled.arrivedPerSecond,
          atLeast: 0.98,
        },
        { what: 'of the budget used, at the least', value: Math.min(...shares), atLeast: 0.98 },
        { what: 'of the budget used after a worker is killed', value: afterKill, atLeast: 0.98 },
        { what: 'arrivals in any second', value: spent.mostArrivals, atMost: REQUESTS_PER_SECOND },
        { what: 'starts in any second', value: spent.mostStarts, atMost: REQUESTS_PER_SECOND },
      ],
      figures: { filled, spent } satisfies LimitFigures,
    };
  },
};
