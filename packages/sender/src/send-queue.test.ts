import { describe, expect, test } from '@jest/globals';
import type { Apart, Suspected } from '@meterbridge/delivery';
import fc from 'fast-check';
import { GATHER_MS } from './apart-queue.js';
import type { Entry } from './entry.js';
import { LATE_AFTER_MS } from './next-line.js';
import { SendQueue } from './send-queue.js';

let made = 0;
const waiter = { outcomes: [], open: 0, resolve: () => {}, since: 0, isAnswered: () => false };

function entry(
  kind: string | undefined,
  over: { since?: number; bytes?: number; record?: string; apart?: Apart } = {},
): Entry {
  const id = String(++made);
  const { since = 0, bytes = 10, record = id, apart } = over;
  const usage = { key: id, recordIdentity: record, body: '{}', kind };
  const state = 'on its way' as const;
  const fresh = { rounds: 0, grouped: false, named: false, apart, failed: undefined, twins: undefined };
  return { usage, bytes, since, state, waiter, index: 0, request: undefined, ...fresh };
}

function fill(queue: SendQueue, kind: string | undefined, count: number, since = 0): Entry[] {
  const entries = Array.from({ length: count }, () => entry(kind, { since }));
  for (const each of entries) queue.push(each);
  return entries;
}

/** What befell a request of so many. */
const failing = (of: number): Suspected => ({
  outcome: 'suspected',
  code: 'refused',
  at: 0,
  of,
  way: '/events/batch',
  isAccepting: true,
});

const kindsOf = (entries: Entry[]) => [...new Set(entries.map(({ usage }) => usage.kind))];

/** The kinds and sizes of the requests that are taken until nothing waits. */
function takeEverything(queue: SendQueue, now = 0): [string | undefined, number][] {
  const requests: [string | undefined, number][] = [];
  while (!queue.isEmpty()) {
    const taken = queue.take(now);
    expect(kindsOf(taken)).toHaveLength(1);
    requests.push([taken[0]!.usage.kind, taken.length]);
  }
  return requests;
}

test.each<[string, Record<string, number>, [string, number][]]>([
  [
    'the fullest kind goes first',
    { a: 3, b: 7, c: 5 },
    [
      ['b', 7],
      ['c', 5],
      ['a', 3],
    ],
  ],
  [
    'a kind that fills several requests fills them',
    { a: 4, b: 25 },
    [
      ['b', 10],
      ['b', 10],
      ['b', 5],
      ['a', 4],
    ],
  ],
  [
    'among equals the one that came first',
    { a: 2, b: 2 },
    [
      ['a', 2],
      ['b', 2],
    ],
  ],
])('%s', (_what, counts, requests) => {
  const queue = new SendQueue(10, 1_000);
  for (const [kind, count] of Object.entries(counts)) fill(queue, kind, count);
  expect(takeEverything(queue)).toEqual(requests);
});

test('a kind whose first event is late goes before a fuller one that is not', () => {
  const queue = new SendQueue(10, 1_000);
  fill(queue, 'rare', 1, 0);
  fill(queue, 'common', 9, 1_000);
  expect(queue.take(LATE_AFTER_MS - 1)).toHaveLength(9);
  fill(queue, 'common', 9, 1_000);
  expect(kindsOf(queue.take(LATE_AFTER_MS))).toEqual(['rare']);
});

test('without kinds there is one line, in order, with requests as full as may be', () => {
  const queue = new SendQueue(10, 1_000);
  const entries = fill(queue, undefined, 25);
  const taken = [queue.take(0), queue.take(0), queue.take(0)];
  expect(taken.map(({ length }) => length)).toEqual([10, 10, 5]);
  expect(taken.flat()).toEqual(entries);
  expect(queue.take(0)).toEqual([]);
});

test.each<[string, Record<string, number>, number, number]>([
  ['nothing', {}, 99, 0],
  ['one kind that fills two and a half', { a: 25 }, 99, 3],
  ['three kinds, none of which fills one', { a: 1, b: 1, c: 1 }, 99, 3],
  ['a mixture', { a: 11, b: 10 }, 99, 3],
  ['more than is asked for', { a: 25, b: 25 }, 4, 4],
])('the requests that wait are counted by kind: %s', (_what, counts, most, requests) => {
  const queue = new SendQueue(10, 1_000);
  for (const [kind, count] of Object.entries(counts)) fill(queue, kind, count);
  expect(queue.requestsReady(0, most)).toBe(requests);
});

test('what is put back goes first within its kind, and what is moved to the end goes last', () => {
  const queue = new SendQueue(5, 1_000);
  const a = fill(queue, 'a', 4);
  const b = fill(queue, 'b', 3);
  const refused = [queue.take(0), queue.take(0)];
  const [newA] = fill(queue, 'a', 1);
  queue.putBack(refused.flat());
  expect([queue.take(0), queue.take(0)]).toEqual([[...a, newA], b]);
  queue.moveToEnd([b[0]!]);
  fill(queue, 'b', 1);
  queue.moveToEnd([b[1]!]);
  const last = queue.take(0);
  expect([last[0], last[2]]).toEqual([b[0], b[1]]);
});

test('groups that are taken apart go as they are, before all kinds, whatever is late', () => {
  const queue = new SendQueue(10, 1_000);
  fill(queue, 'late', 10, -60_000);
  const group = [entry('a'), entry('a')];
  const next = [entry('a')];
  queue.pushGroup(group);
  queue.pushGroup(next);
  expect(queue.takeProbe(0, () => false)).toEqual(group.slice(0, 1));
  expect([queue.take(0), queue.take(0)]).toEqual([group.slice(1), next]);
  queue.pushAhead([entry('a'), entry('b'), entry('a')]);
  expect([queue.take(0), queue.take(0)].map(kindsOf)).toEqual([['a'], ['b']]);
});

test('a group that was not answered for is one again, until it is moved to the end', () => {
  const queue = new SendQueue(10, 1_000);
  const group = [entry('a'), entry('a')];
  queue.pushGroup(group);
  const healthy = fill(queue, 'a', 1);
  queue.putBackBatch(queue.take(0));
  expect([queue.take(0), queue.take(0)]).toEqual([group, healthy]);
  queue.moveToEnd(group);
  queue.putBackBatch(queue.take(0));
  queue.moveToEnd(healthy);
  expect(queue.take(0)).toEqual([...group, ...healthy]);
});

test('a probe takes one event, of another kind each time that nothing else tells them apart', () => {
  const queue = new SendQueue(10, 1_000);
  for (const kind of ['a', 'b', 'c']) fill(queue, kind, 1);
  const probed = Array.from({ length: 3 }, (_, minute) => {
    const taken = queue.takeProbe(minute * 60_000, () => false);
    queue.moveToEnd(taken);
    return taken[0]!.usage.kind;
  });
  expect(probed).toEqual(['a', 'b', 'c']);
});

describe('whatever waits', () => {
  const arrival = fc.record({
    kind: fc.constantFrom('a', 'b', 'c', 'd', undefined),
    bytes: fc.integer({ min: 1, max: 60 }),
    record: fc.nat(30),
    since: fc.nat(5_000),
  });

  test('a request is of one kind, within its limits, in order, one record once; and everything leaves once', () => {
    fc.assert(
      fc.property(
        fc.array(arrival, { maxLength: 80 }),
        fc.integer({ min: 1, max: 12 }),
        (arrivals, maxEvents) => {
          const queue = new SendQueue(maxEvents, 100);
          const all = arrivals.map(({ kind, bytes, record, since }) =>
            entry(kind, { bytes, since, record: `${kind} ${record}` }),
          );
          for (const each of all) queue.push(each);
          const left: Entry[] = [];
          while (!queue.isEmpty()) {
            const taken = queue.take(3_000);
            expect(kindsOf(taken)).toHaveLength(1);
            expect(taken.length).toBeLessThanOrEqual(maxEvents);
            const bytes = taken.reduce((sum, each) => sum + each.bytes + 1, 0);
            expect(taken.length === 1 || bytes <= 100).toBe(true);
            expect(new Set(taken.map(({ usage }) => usage.recordIdentity)).size).toBe(taken.length);
            left.push(...taken);
          }
          expect(new Set(left)).toEqual(new Set(all));
          expect(left).toHaveLength(all.length);
          // Of one record the earlier always leaves before the later: a version must not overtake the next.
          for (const record of new Set(all.map(({ usage }) => usage.recordIdentity))) {
            const of = (entries: Entry[]) => entries.filter(({ usage }) => usage.recordIdentity === record);
            expect(of(left)).toEqual(of(all));
          }
        },
      ),
    );
  });

  test('events of one kind leave in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 80 }), (arrivals) => {
        const queue = new SendQueue(7, 100);
        const all = arrivals.map(({ kind, bytes, since }) => entry(kind, { bytes, since }));
        for (const each of all) queue.push(each);
        const left = takeAllRequests(queue).flat();
        for (const kind of kindsOf(all)) {
          const of = (entries: Entry[]) => entries.filter(({ usage }) => usage.kind === kind);
          expect(of(left)).toEqual(of(all));
        }
      }),
    );
  });
});

function takeAllRequests(queue: SendQueue): Entry[][] {
  const requests: Entry[][] = [];
  while (!queue.isEmpty()) requests.push(queue.take(3_000));
  return requests;
}

type Arriving = { kind: () => string; perSecond: number };

/** One request every `everyMs` for `seconds`; arrivals are spread evenly. */
function simulate(sources: Arriving[], { everyMs = 20, seconds = 30, maxEvents = 100, keep = 4_000 } = {}) {
  const queue = new SendQueue(maxEvents, 1_000_000);
  const due = sources.map(() => 0);
  let longestWaitMs = 0;
  let waiting = 0;
  const requests: { kind: string; share: Map<string, number> }[] = [];
  const waitingOf = new Map<string, number>();
  const owner = (kind: string) => kind.split('-')[0]!;
  const add = (kind: string, count: number) =>
    waitingOf.set(owner(kind), (waitingOf.get(owner(kind)) ?? 0) + count);
  for (let now = 0; now < seconds * 1_000; now += everyMs) {
    for (const [index, { kind, perSecond }] of sources.entries()) {
      due[index]! += (perSecond * everyMs) / 1_000;
      // A worker has only so much in hand: what does not fit waits elsewhere.
      for (; due[index]! >= 1 && waiting < keep; due[index]! -= 1) {
        const each = entry(kind(), { since: now });
        queue.push(each);
        add(each.usage.kind!, 1);
        waiting += 1;
      }
    }
    const share = new Map([...waitingOf].map(([source, count]) => [source, count / Math.max(1, waiting)]));
    const taken = queue.take(now);
    if (taken.length === 0) continue;
    waiting -= taken.length;
    for (const each of taken) longestWaitMs = Math.max(longestWaitMs, now - each.since);
    add(taken[0]!.usage.kind!, -taken.length);
    requests.push({ kind: owner(taken[0]!.usage.kind!), share });
  }
  return { requests, longestWaitMs, waiting };
}

const steady = (name: string, perSecond: number): Arriving => ({ kind: () => name, perSecond });
const inventing = (perSecond: number): Arriving => ({ kind: () => `invented-${++made}`, perSecond });

test.each<[string, Arriving[]]>([
  ['a busy kind and some rare ones', [steady('a', 3_000), ...'bcdefghij'.split('').map((k) => steady(k, 1))]],
  ['many kinds of the same size', Array.from({ length: 40 }, (_, index) => steady(`k${index}`, 20))],
  ['two busy kinds', [steady('a', 2_000), steady('b', 1_500), steady('c', 0.5)]],
  ['a source that invents few kinds', [steady('a', 1_000), inventing(20)]],
])('nothing waits over two seconds while the limit suffices: %s', (_what, sources) => {
  expect(simulate(sources).longestWaitMs).toBeLessThanOrEqual(2_000);
});

test.each<[string, Arriving[]]>([
  ['as many events as the others', [steady('a', 500), inventing(500)]],
  ['few events of many', [steady('a', 4_900), inventing(100)]],
  ['nearly all events', [steady('a', 20), inventing(2_000)]],
  ['the like, beside several kinds', [steady('a', 300), steady('b', 200), steady('c', 5), inventing(600)]],
])('a source that invents kinds has no more of the requests than of what waits: %s', (_what, sources) => {
  const { requests } = simulate(sources, { seconds: 60 });
  // Without anything else that is due the requests are nobody else's: those are no question.
  const asked = requests.slice(requests.length / 2);
  const had = asked.filter(({ kind }) => kind === 'invented').length;
  const share = asked.reduce((sum, each) => sum + (each.share.get('invented') ?? 0), 0);
  expect(had).toBeLessThanOrEqual(share * 1.02 + 2);
});

test('among invented kinds the other ones go on, and each invented one has its turn', () => {
  const { requests } = simulate([steady('a', 300), inventing(600)], { seconds: 60, keep: 1_000 });
  const gapOf = (kind: string) => {
    const at = requests.flatMap((each, index) => (each.kind === kind ? [index] : []));
    return Math.max(...at.slice(1).map((index, nth) => index - at[nth]!));
  };
  // Every 20 ms one: less than two seconds.
  expect(gapOf('a')).toBeLessThan(100);
  const queue = new SendQueue(100, 1_000_000);
  const rare = entry('rare');
  queue.push(rare);
  fill(queue, 'busy', 300);
  let turns = 0;
  while (turns < 1_000 && !queue.take(60_000).includes(rare)) {
    fill(queue, 'busy', 100);
    turns += 1;
  }
  // One event of 301: one request of so many, and half of them until the first.
  expect(turns).toBeGreaterThan(100);
  expect(turns).toBeLessThan(302);
});

const suspects = (
  queue: SendQueue,
  count: number,
  apart: Apart,
  over: { since?: number; kind?: string } = {},
) => {
  const entries = Array.from({ length: count }, () => entry(over.kind, { since: over.since ?? 0, apart }));
  for (const each of entries) queue.push(each);
  return entries;
};
const sizes = (queue: SendQueue, now: number, most = 99) => {
  const taken: number[] = [];
  while (taken.length < most) {
    const { length } = queue.take(now);
    if (length === 0) return taken;
    taken.push(length);
  }
  return taken;
};

describe('suspects', () => {
  const half: Apart = { atMost: 4, isConfirmed: true };
  const alone: Apart = { atMost: 1, isConfirmed: true };
  const unsure: Apart = { atMost: Number.POSITIVE_INFINITY, isConfirmed: false };

  test.each<[string, Apart, number, number[]]>([
    ['of half a request go in groups of that size', half, 10, [4, 4, 2]],
    ['that stand alone go one by one', alone, 3, [1, 1, 1]],
    ['that nobody has compared go together', unsure, 12, [10, 2]],
  ])('%s', (_what, apart, count, requests) => {
    const queue = new SendQueue(10, 1_000);
    suspects(queue, count, apart);
    expect(queue.requestsReady(GATHER_MS)).toBe(requests.length);
    expect(sizes(queue, GATHER_MS)).toEqual(requests);
    expect(queue.isEmpty()).toBe(true);
  });

  test('wait a moment for each other, unless they fill their group', () => {
    const queue = new SendQueue(10, 1_000);
    suspects(queue, 5, half);
    expect(queue.requestsReady(GATHER_MS - 1)).toBe(1);
    expect(sizes(queue, GATHER_MS - 1)).toEqual([4]);
    expect(queue.isEmpty()).toBe(false);
    expect(sizes(queue, GATHER_MS)).toEqual([1]);
  });

  test('of another kind, size or certainty share no request, and none with the healthy', () => {
    const queue = new SendQueue(10, 1_000);
    const groups = [
      suspects(queue, 2, half, { kind: 'a' }),
      suspects(queue, 2, half, { kind: 'b' }),
      suspects(queue, 1, alone, { kind: 'a' }),
      suspects(queue, 2, { ...half, isConfirmed: false }, { kind: 'a' }),
    ];
    const healthy = fill(queue, 'a', 3);
    const taken = [1, 2, 3, 4, 5].map(() => queue.take(GATHER_MS));
    expect(taken).toEqual([healthy, ...groups]);
  });

  test('that wait longest go first', () => {
    const queue = new SendQueue(10, 1_000);
    const later = suspects(queue, 2, half, { since: 10 });
    const earlier = suspects(queue, 1, alone, { since: 0 });
    expect([queue.take(GATHER_MS + 10), queue.take(GATHER_MS + 10)]).toEqual([earlier, later]);
  });

  test('have every second request while what else waits does not fill one', () => {
    const queue = new SendQueue(10, 1_000);
    suspects(queue, 3, alone);
    const isSuspect = Array.from({ length: 6 }, () => {
      fill(queue, undefined, 4);
      return queue.take(GATHER_MS)[0]!.apart !== undefined;
    });
    expect(isSuspect).toEqual([false, true, false, true, false, true]);
  });

  test('go after the healthy, and have every tenth request', () => {
    const queue = new SendQueue(10, 1_000);
    fill(queue, undefined, 200);
    suspects(queue, 3, alone);
    const isSuspect = Array.from({ length: 23 }, () => queue.take(GATHER_MS)[0]!.apart !== undefined);
    expect(isSuspect.flatMap((is, at) => (is ? [at] : []))).toEqual([9, 19, 22]);
  });

  test('are no probe while another waits, and only those that may', () => {
    const queue = new SendQueue(10, 1_000);
    const [sure] = suspects(queue, 1, alone);
    expect(queue.hasProbe((each) => each !== sure)).toBe(false);
    expect(queue.takeProbe(0, (each) => each !== sure)).toEqual([]);
    const [other] = suspects(queue, 2, unsure);
    expect(queue.hasProbe((each) => each !== sure)).toBe(true);
    const [healthy] = fill(queue, undefined, 1);
    expect(queue.takeProbe(0, (each) => each !== sure)).toEqual([healthy]);
    expect(queue.takeProbe(0, (each) => each !== sure)).toEqual([other]);
  });

  test('are no probe as a group either', () => {
    const queue = new SendQueue(10, 1_000);
    const sure = [entry(undefined, { apart: half }), entry(undefined, { apart: half })];
    const other = entry(undefined, { apart: unsure });
    queue.pushGroup(sure);
    const mayProbe = (each: Entry) => each === other;
    expect(queue.hasProbe(mayProbe)).toBe(false);
    expect(queue.takeProbe(0, mayProbe)).toEqual([]);
    queue.pushGroup([other]);
    expect(queue.hasProbe(mayProbe)).toBe(true);
    expect(queue.takeProbe(0, mayProbe)).toEqual([other]);
    expect(queue.take(0)).toEqual(sure);
  });

  test('stay suspects when they are put back or moved to the end', () => {
    const queue = new SendQueue(10, 1_000);
    suspects(queue, 4, half);
    queue.putBack(queue.take(0));
    queue.moveToEnd(queue.take(0));
    fill(queue, undefined, 1);
    expect(sizes(queue, 0)).toEqual([1, 4]);
  });

  describe('of a request that has just failed', () => {
    const whole = failing(9);

    test('go in quarters, at once and before all that waits', () => {
      const queue = new SendQueue(10, 1_000);
      suspects(queue, 1, alone);
      const batch = fill(queue, 'a', 9, 100);
      expect(queue.take(100)).toEqual(batch);
      fill(queue, 'a', 3, 100);
      queue.takeApart(batch, whole);
      expect(queue.requestsReady(100)).toBe(5);
      const requests = Array.from({ length: 5 }, () => queue.take(100));
      expect(requests.slice(0, 3)).toEqual([batch.slice(0, 3), batch.slice(3, 6), batch.slice(6)]);
      expect(requests.slice(3).map((each) => each[0]!.apart)).toEqual([undefined, alone]);
      expect(new Set(batch.map(({ failed }) => failed)).size).toBe(1);
      expect(batch[0]!.failed).toEqual({ outcome: whole, failedParts: 0 });
    });

    test('share no request with those that failed longer ago', () => {
      const queue = new SendQueue(10, 1_000);
      suspects(queue, 1, { atMost: 3, isConfirmed: false });
      queue.takeApart([entry(undefined), entry(undefined)], failing(2));
      queue.takeApart(
        Array.from({ length: 10 }, () => entry(undefined)),
        failing(10),
      );
      expect(sizes(queue, GATHER_MS)).toEqual([1, 1, 3, 3, 3, 1, 1]);
    });

    test('have every tenth request only, where healthy ones are full', () => {
      const queue = new SendQueue(10, 1_000);
      fill(queue, undefined, 200);
      queue.takeApart(
        Array.from({ length: 4 }, () => entry(undefined)),
        failing(4),
      );
      const isPart = Array.from({ length: 20 }, () => queue.take(0)[0]!.failed !== undefined);
      expect(isPart.flatMap((is, at) => (is ? [at] : []))).toEqual([9, 19]);
    });

    test('are taken back, and may be a probe', () => {
      const queue = new SendQueue(10, 1_000);
      const batch = [entry(undefined), entry(undefined), entry(undefined)];
      queue.takeApart(batch, failing(3));
      expect(queue.hasHealthy()).toBe(false);
      expect(queue.takeProbe(0, () => true)).toEqual([batch[0]]);
      expect(queue.takeAll()).toEqual(batch.slice(1));
    });
  });

  test.each<[string, Record<string, number>, boolean]>([
    ['nothing', {}, true],
    ['less than a request of each kind', { a: 9, b: 9 }, true],
    ['a request of one kind', { a: 1, b: 10 }, false],
  ])('may go before the healthy where those do not fill a request: %s', (_what, counts, hasRoom) => {
    const queue = new SendQueue(10, 1_000);
    for (const [kind, count] of Object.entries(counts)) fill(queue, kind, count);
    expect(queue.hasRoom()).toBe(hasRoom);
  });

  test('that go first go in their groups', () => {
    const queue = new SendQueue(10, 1_000);
    fill(queue, undefined, 1);
    queue.pushAhead(Array.from({ length: 5 }, () => entry(undefined, { apart: half })));
    expect(sizes(queue, 0)).toEqual([4, 1, 1]);
  });
});

test('what is taken out leaves the others in order', () => {
  const queue = new SendQueue(10, 1_000);
  const healthy = fill(queue, 'a', 4);
  const suspected = suspects(queue, 2, { atMost: 9, isConfirmed: true });
  const grouped = [entry('a'), entry('a')];
  queue.pushGroup(grouped);
  const out = new Set([healthy[1], suspected[0], grouped[0]]);
  expect(new Set(queue.takeIf((each) => out.has(each)))).toEqual(out);
  expect([queue.take(0), queue.take(0), queue.take(GATHER_MS)]).toEqual([
    [grouped[1]],
    [healthy[0], healthy[2], healthy[3]],
    [suspected[1]],
  ]);
  expect(queue.isEmpty()).toBe(true);
});
