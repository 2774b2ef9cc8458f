import type { Benchmark } from '../benchmark.js';
import { lagoConfig, mixedConfig, twoDestinationsConfig, UNLIMITED } from '../config.js';
import { countBilled } from '../load/make-event.js';
import { number } from '../report.js';
import { type Account, type Delivered, measureDelivery } from './measure-delivery.js';

export type AccountFigures = Delivered & { plain: Delivered };

/** What the others are held against: one destination, usual events, all billed. */
const PLAIN: Account = {
  config: lagoConfig(UNLIMITED),
  shape: 'calls',
  perRequest: 100,
  stored: (lago) => ({ lago }),
};

const ROWS = ['load', 'receiver', 'redis', 'worker', 'sandbox'];

/** What an account of another kind costs, beside one whose events are usual, all billed, and go to one destination. */
function compareAccount(
  named: Pick<Benchmark, 'name' | 'what'>,
  { events, ...account }: Account & { events: number },
): Benchmark {
  return {
    ...named,
    seconds: { whole: 45, short: 15 },
    async run({ short }) {
      const share = short ? 1 / 4 : 1;
      const plain = await measureDelivery(PLAIN, PLAIN_EVENTS * share);
      const other = await measureDelivery(account, events * share);
      const row = (what: string, read: (delivered: Delivered) => number, digits = 0) => [
        what,
        number(read(plain), digits),
        number(read(other), digits),
        number(read(other) / read(plain), 2),
      ];
      const total = ({ cpuPerMillion }: Delivered) => Object.values(cpuPerMillion).reduce((a, b) => a + b);
      return {
        tables: [
          {
            head: [named.what, 'usual', 'these', 'ratio'],
            rows: [
              row('events/s, sent to stored', ({ eventsPerSecond }) => eventsPerSecond),
              row('answer p99, ms', ({ p99Ms }) => p99Ms),
              row('CPU s per million events sent', total, 1),
              ...ROWS.map((name) => row(`  ${name}`, ({ cpuPerMillion }) => cpuPerMillion[name]!, 1)),
            ],
          },
        ],
        goals: [],
        figures: { ...other, plain } satisfies AccountFigures,
      };
    },
  };
}

const PLAIN_EVENTS = 300_000;

export const destinations = compareAccount(
  { name: 'destinations', what: 'each event goes to Lago and to Hyperline' },
  {
    events: 200_000,
    config: twoDestinationsConfig(UNLIMITED),
    shape: 'calls',
    perRequest: 100,
    stored: (events) => ({ lago: events, hyperline: events }),
  },
);

export const largeEvents = compareAccount(
  { name: 'large-events', what: 'events of 8 KB' },
  {
    events: 60_000,
    config: lagoConfig(UNLIMITED),
    shape: 'large',
    perRequest: 50,
    stored: (lago) => ({ lago }),
  },
);

export const mix = compareAccount(
  { name: 'mix', what: 'six call types, a third not billed, 5 % sent twice' },
  {
    events: 300_000,
    config: mixedConfig(UNLIMITED),
    shape: 'mixed',
    perRequest: 100,
    stored: (events) => ({ lago: countBilled(events) }),
  },
);
