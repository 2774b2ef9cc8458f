import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type Outcome, type RateLimiter, READ_PRIORITY, type StoredDelivery } from '@meterbridge/delivery';
import type { Asking, Held, HeldLookup, HttpAnswer } from '@meterbridge/destinations';
import { type Compared, DuplicateComparison } from './compare-duplicates.js';

const OK: HttpAnswer = { status: 200, headers: {}, body: '' };
const DELIVERED: Outcome = { outcome: 'delivered' };
const EQUAL: Outcome = { outcome: 'duplicate' };
const NOT_COMPARED: Outcome = { outcome: 'duplicate', found: 'not_compared' };

const told = (usage: string): Outcome => ({ outcome: 'duplicate', usage });
const aDelivery = (changes: Partial<StoredDelivery> = {}): StoredDelivery => ({
  rule: 'calls',
  source: 'backend',
  hour: 5,
  event: { messageId: 'm' } as StoredDelivery['event'],
  ...changes,
});

/** A comparison with an API that holds `held` for each body, a read each. */
function open({
  held = (body: string): Held => ({ held: 'event', body, subscription: 's' }),
  find,
  get = async () => OK,
  maxReads = 10,
  readEarlierRules = async () => new Map<string, never>(),
  schedule = (job) => job(),
}: {
  held?: (body: string) => Held;
  find?: HeldLookup['find'];
  get?: (path: string) => Promise<HttpAnswer>;
  maxReads?: number;
  readEarlierRules?: () => Promise<Map<string, never>>;
  schedule?: RateLimiter['schedule'];
} = {}) {
  const searches: string[][] = [];
  const compared: Compared[] = [];
  const problems: Error[] = [];
  const lookup: HeldLookup = {
    compare: (sent, there) => (sent === there.body ? [] : ['code']),
    find:
      find ??
      (async (asking: Asking, duplicates, tell) => {
        searches.push(duplicates.map(({ body }) => body));
        const read = async (body: string, index: number) => {
          if (await asking.get(`/${body}`)) tell(index, held(body));
        };
        await Promise.all(duplicates.map(({ body }, index) => read(body, index)));
      }),
  };
  const comparison = new DuplicateComparison({
    lookup,
    get,
    limiter: { schedule, close: async () => {} },
    maxReads,
    readEarlierRules,
    onCompared: (each) => compared.push(each),
    onProblem: (error) => problems.push(error),
  });
  const review = (outcomes: Outcome[], read: () => StoredDelivery[]) => comparison.review(outcomes, read);
  const reviewAll = (outcomes: Outcome[], changes: Partial<StoredDelivery>[] = []) =>
    review(outcomes, () => outcomes.map((_, index) => aDelivery(changes[index])));
  return { review, reviewAll, searches, compared, problems };
}

test('where the API told of no duplicate the deliveries are not even read', async () => {
  const { review, compared } = open();
  const outcomes: Outcome[] = [DELIVERED, { outcome: 'duplicate' }, { outcome: 'unsent' }];
  const never = () => {
    throw new Error('read');
  };
  expect(await review(outcomes, never)).toBe(outcomes);
  expect(compared).toEqual([]);
});

test('what may have arrived before is left as it is, and everything stays in its place', async () => {
  const { reviewAll, searches, compared } = open();
  const outcomes = [DELIVERED, told('a'), told('b'), DELIVERED];
  const reviewed = await reviewAll(outcomes, [{}, { sentUnder: 'v1' }]);
  expect(reviewed).toEqual([DELIVERED, told('a'), EQUAL, DELIVERED]);
  expect(searches).toEqual([['b']]);
  expect(compared).toMatchObject([{ same: 1, different: 0, notCompared: 0 }]);
});

test('duplicates of one moment are looked for together, and each job has its own', async () => {
  const other: Held = { held: 'event', body: 'other', subscription: 's' };
  const gone: Held = { held: 'nothing' };
  const { reviewAll, searches } = open({
    held: (body) => ({ b: other, c: gone })[body] ?? { held: 'event', body, subscription: 's' },
  });
  const [one, two] = await Promise.all([
    reviewAll([told('a'), told('b')]),
    reviewAll([told('c'), DELIVERED]),
  ]);
  expect(searches).toEqual([['a', 'b', 'c']]);
  expect(one).toMatchObject([EQUAL, { code: 'identity_collision', usage: 'b', held: 'other' }]);
  expect(two).toMatchObject([{ code: 'deleted_there', usage: 'c' }, DELIVERED]);
});

test('a read that would come too late is not made, and its duplicates were not compared', async () => {
  const { reviewAll, compared } = open({ maxReads: 2 });
  const reviewed = await reviewAll([told('a'), told('b'), told('c')]);
  expect(reviewed).toEqual([EQUAL, EQUAL, NOT_COMPARED]);
  expect(compared).toMatchObject([{ same: 2, notCompared: 1 }]);
  // Those are done: there is room again.
  expect(await reviewAll([told('d')])).toEqual([EQUAL]);
});

test('nobody waits for longer than two seconds, and what is known by then counts', async () => {
  const began = performance.now();
  const { reviewAll } = open({
    get: (path) => (path === '/a' ? Promise.resolve(OK) : new Promise(() => {})),
  });
  expect(await reviewAll([told('a'), told('b')])).toEqual([EQUAL, NOT_COMPARED]);
  expect(performance.now() - began).toBeGreaterThan(1_900);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('after a read that failed nothing is asked for a while', async () => {
  let reads = 0;
  const { reviewAll } = open({
    get: async () => {
      reads += 1;
      return { status: 503, headers: {}, body: '' };
    },
    held: () => ({ held: 'unknown' }),
  });
  expect(await reviewAll([told('a')])).toEqual([NOT_COMPARED]);
  expect(await reviewAll([told('b'), told('c')])).toEqual([NOT_COMPARED, NOT_COMPARED]);
  expect(reads).toBe(1);
});

test('nor is what waited for its turn by then, and an answer that comes after it ends no pause', async () => {
  const asked: string[] = [];
  const priorities: unknown[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  const { reviewAll } = open({
    // Two at a time.
    schedule: (job, priority) => {
      priorities.push(priority);
      if (priorities.length <= 2) return job();
      const next = turn.then(job);
      turn = next;
      return next;
    },
    get: async (path) => {
      asked.push(path);
      if (path === '/a') return { status: 503, headers: {}, body: '' };
      turn = sleep(20);
      await turn;
      return OK;
    },
  });
  await reviewAll([told('a'), told('b'), told('c')]);
  await reviewAll([told('d')]);
  expect(asked).toEqual(['/a', '/b']);
  expect(priorities).toEqual([1, 2, 3].map(() => READ_PRIORITY.comparison));
});

test('an API has a second to list what it has just stored, before it may be said to hold nothing', async () => {
  let waitedMs = 0;
  const { reviewAll } = open({
    find: async ({ whenCertain }, _duplicates, tell) => {
      const began = performance.now();
      await whenCertain();
      waitedMs = performance.now() - began;
      tell(0, { held: 'nothing' });
    },
  });
  expect(await reviewAll([told('a')])).toMatchObject([{ code: 'deleted_there' }]);
  expect(waitedMs).toBeGreaterThan(950);
});

test.each<[string, Parameters<typeof open>[0]]>([
  ['a bug in the search', { find: () => Promise.reject(new Error('bug')) }],
  [
    'a bug before the search has begun',
    {
      find: (() => {
        throw new Error('bug');
      }) as HeldLookup['find'],
    },
  ],
])('%s kills nothing', async (_what, options) => {
  const { reviewAll, problems } = open(options);
  expect(await reviewAll([told('a')])).toEqual([NOT_COMPARED]);
  expect(problems).toHaveLength(1);
});

test('a collision is none before somebody can say what the rules once were', async () => {
  const { reviewAll } = open({
    held: () => ({ held: 'event', body: 'other', subscription: 's' }),
    readEarlierRules: () => Promise.reject(new Error('Redis is away')),
  });
  expect(await reviewAll([told('a')])).toEqual([NOT_COMPARED]);
});
