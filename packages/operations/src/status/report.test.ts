import { describe, expect, test } from '@jest/globals';
import {
  type Gate,
  gateAfterHold,
  gateAfterRateLimit,
  gateAfterRefusal,
  OPEN_GATE,
} from '@meterbridge/delivery';
import type { Counters } from '@meterbridge/queue';
import { reportGate, reportStatus } from './report.js';
import type { PlaceSnapshot, Snapshot } from './snapshot.js';

const NOTHING: Counters = {
  destination: 'lago',
  accepted: 0,
  delivered: 0,
  duplicate: 0,
  late: 0,
  olderRule: 0,
  notCompared: 0,
  filtered: 0,
  dead: 0,
  discarded: 0,
  notKept: 0,
  inFlight: 0,
  deadByReason: {},
  jobs: { waiting: 0, active: 0, delayed: 0, failed: 0 },
  oldestJobAt: null,
};
const AT = 1_000_000;
const CONFIG = { hash: 'abc', redis: { maxMemoryShare: 0.8 } };

function look(at: number, standing: Partial<Counters>, place: Partial<PlaceSnapshot> = {}): Snapshot {
  return {
    at,
    places: [
      {
        standing: { ...NOTHING, ...standing },
        gate: OPEN_GATE,
        eventsStore: null,
        lateUsage: [],
        missingRules: [],
        newerRecords: [],
        findings: new Map(),
        isConfigured: true,
        ...place,
      },
    ],
    activity: { rules: [], untaken: [] },
    processes: [],
    formats: {},
    memory: { usedBytes: 50, limitBytes: 100 },
    refusesWrites: null,
    refusedIds: 0,
    forgetRequests: { open: 0, oldestAt: null, problems: {} },
    erasures: { open: 0, oldestAt: null },
  };
}

/** The place of two looks, two seconds apart. */
const report = (before: Partial<Counters>, now: Partial<Counters>, place?: Partial<PlaceSnapshot>) =>
  reportStatus(look(AT - 2_000, before), look(AT, now, place), CONFIG).places[0]!;

test.each([
  ['nothing moves', {}, {}, { inPerSecond: 0, outPerSecond: 0, drainSeconds: 0, oldestAgeMs: null }],
  [
    'it falls behind: nobody knows when it is drained',
    { accepted: 100, inFlight: 100 },
    { accepted: 300, delivered: 100, inFlight: 200, oldestJobAt: AT - 7_000 },
    { inPerSecond: 100, outPerSecond: 50, drainSeconds: null, oldestAgeMs: 7_000 },
  ],
  [
    'it catches up: filtered events never were in flight',
    { accepted: 1_000, filtered: 0, inFlight: 1_000 },
    { accepted: 1_300, filtered: 100, delivered: 350, duplicate: 50, inFlight: 800 },
    { inPerSecond: 100, outPerSecond: 200, drainSeconds: 8 },
  ],
  [
    'what is given up drains it, too',
    { accepted: 100, inFlight: 100 },
    { accepted: 100, dead: 40, inFlight: 60 },
    { inPerSecond: 0, outPerSecond: 0, drainSeconds: 3 },
  ],
  ['it stands still', { accepted: 5, inFlight: 5 }, { accepted: 5, inFlight: 5 }, { drainSeconds: null }],
])('%s', (_name, before, now, expected) => {
  expect(report(before, now)).toMatchObject(expected);
});

test('what was not there before has no pace', () => {
  const before: Snapshot = { ...look(AT - 1_000, {}), places: [] };
  const now = look(AT, { accepted: 500, inFlight: 500 });
  expect(reportStatus(before, now, CONFIG).places[0]).toMatchObject({ inPerSecond: 0, outPerSecond: 0 });
});

test('what Redis does not tell, and what has no limit, is null', () => {
  expect(report({}, {})).toMatchObject({ workers: null, requestsPerSecond: null, requestLimit: null });
  expect(report({}, {}, { workers: 2, requestsPerSecond: 7, limit: 50 })).toMatchObject({
    workers: 2,
    requestsPerSecond: 7,
    requestLimit: 50,
  });
  expect(reportStatus(look(1, {}), look(2, {}), CONFIG).redis).toEqual({
    usedBytes: 50,
    limitBytes: 100,
    guardBytes: 80,
    refusesWrites: null,
  });
  const unlimited = { ...look(2, {}), memory: { usedBytes: 50, limitBytes: 0 } };
  expect(reportStatus(look(1, {}), unlimited, CONFIG).redis).toMatchObject({
    limitBytes: null,
    guardBytes: null,
  });
});

describe('the gate', () => {
  const refused = (gate: Gate) => gateAfterRefusal(gate, 'unauthorized', 'Unauthorized', AT - 10);
  const byHand = (gate: Gate) => gateAfterHold(gate, { reason: 'wrong mapping', by: 'ops@host' }, AT - 20);
  const answerHold = (to: string) => ({
    by: 'answer',
    to,
    code: 'unauthorized',
    detail: 'Unauthorized',
    since: AT - 10,
    nextProbeAt: AT - 10 + 60_000,
  });
  const handHold = { by: 'hand', reason: 'wrong mapping', who: 'ops@host', since: AT - 20 };
  const lastFailure = { code: 'connection', cause: 'ECONNREFUSED', at: AT - 100 } as const;
  const open: Gate = {
    ...OPEN_GATE,
    breaker: { state: 'open', failures: 5, reopenAt: AT + 900 },
    lastFailure,
  };

  test.each([
    ['lets everything through', OPEN_GATE, undefined, { state: 'closed', waitUntil: null, holds: [] }],
    [
      'was told to wait',
      gateAfterRateLimit(OPEN_GATE, AT + 500),
      undefined,
      { state: 'closed', waitUntil: AT + 500, holds: [] },
    ],
    ['has waited as it was told', gateAfterRateLimit(OPEN_GATE, AT), undefined, { waitUntil: null }],
    ['has an open breaker', open, undefined, { state: 'open', waitUntil: AT + 900, holds: [] }],
    [
      'was shut by an answer',
      refused(OPEN_GATE),
      undefined,
      { state: 'held', waitUntil: AT - 10 + 60_000, holds: [answerHold('events')] },
    ],
    [
      'was shut by hand: for how long nobody knows',
      byHand(OPEN_GATE),
      OPEN_GATE,
      { state: 'held', waitUntil: null, holds: [handHold] },
    ],
    [
      'lets events through, and no lookups by an answer',
      OPEN_GATE,
      refused(OPEN_GATE),
      { state: 'held', waitUntil: null, lookupsWaitUntil: AT - 10 + 60_000, holds: [answerHold('reads')] },
    ],
    [
      'lets events through, and lookups later',
      OPEN_GATE,
      open,
      { state: 'closed', waitUntil: null, lookupsWaitUntil: AT + 900, holds: [] },
    ],
    [
      'was shut by everybody',
      byHand(refused(open)),
      refused(OPEN_GATE),
      { state: 'held', waitUntil: null, holds: [handHold, answerHold('events'), answerHold('reads')] },
    ],
  ])('%s', (_name, gate, readsGate, expected) => {
    expect(reportGate(gate, readsGate, AT)).toMatchObject(expected);
  });

  const failed = { to: 'events', ...lastFailure };
  const refusal = { code: 'unauthorized', cause: 'Unauthorized', at: AT - 10 };
  test.each<[string, Gate, Gate | undefined, object[]]>([
    ['an open breaker', open, OPEN_GATE, [failed]],
    [
      'a breaker that is being probed',
      { ...open, breaker: { state: 'half-open', failures: 5, until: AT } },
      undefined,
      [failed],
    ],
    ['a hold by an answer', refused(open), undefined, [{ to: 'events', ...refusal }]],
    ['a hold by hand', byHand({ ...OPEN_GATE, lastFailure }), undefined, [failed]],
    ['lookups that are held', OPEN_GATE, refused(OPEN_GATE), [{ to: 'reads', ...refusal }]],
    ['a failure that is over', { ...OPEN_GATE, lastFailure }, { ...OPEN_GATE, lastFailure }, []],
    ['a hold by hand of what never failed', byHand(OPEN_GATE), undefined, []],
  ])('the last failure is told of %s', (_name, gate, readsGate, expected) => {
    expect(reportGate(gate, readsGate, AT).lastFailures).toEqual(expected);
  });
});

test.each(['clickhouse', null])('where events are kept (%s) is told', (eventsStore) => {
  const status = reportStatus(look(AT - 1, {}), look(AT, {}, { eventsStore }), CONFIG);
  expect(status.places[0]!.eventsStore).toBe(eventsStore);
});

test('a rule that deliveries wait for is told with the time from which on they become dead letters', () => {
  const missingRules = [{ rule: 'calls', since: AT - 1_000, at: AT }];
  expect(report({}, {}, { missingRules })).toMatchObject({
    missingRules: [{ rule: 'calls', deadFrom: AT - 1_000 + 86_400_000 }],
  });
});

test('findings that are open are told by kind, and kinds of none are not', () => {
  const findings = new Map([
    ['invalid_code', 3],
    ['unreadable', 0],
  ]);
  expect(report({}, {}, { findings })).toMatchObject({ openFindings: { invalid_code: 3 } });
});
