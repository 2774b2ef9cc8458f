import { describe, expect, test } from '@jest/globals';
import {
  ACCEPTANCE_EVERY_MS,
  BREAKER_THRESHOLD,
  claimProbe,
  decideGate,
  type Gate,
  gateAfterAcceptance,
  gateAfterAnswer,
  gateAfterControl,
  gateAfterFailure,
  gateAfterHold,
  gateAfterMended,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterResume,
  gateAfterSuspect,
  gateAfterUnnamed,
  type LastFailure,
  OPEN_GATE,
  PROBE_INTERVAL_MS,
  WAY_IS_WRONG_AFTER,
} from './gate.js';

const now = 1_000_000;
const failedAt = (at: number): LastFailure => ({ code: 'connection', cause: 'ECONNREFUSED', at });
const opened = (): Gate => {
  let gate = OPEN_GATE;
  for (let i = 0; i < BREAKER_THRESHOLD; i += 1) gate = gateAfterFailure(gate, failedAt(now), 0.5);
  return gate;
};
const held = gateAfterRefusal(OPEN_GATE, 'unauthorized', 'Unauthorized', now);
const byHand = (gate: Gate) => gateAfterHold(gate, { reason: 'wrong mapping', by: 'ops' }, now);

test.each<[string, Gate, number, string]>([
  ['a fresh gate sends', OPEN_GATE, now, 'send'],
  ['a told pause waits', gateAfterRateLimit(OPEN_GATE, now + 500), now, 'wait'],
  ['a pause that has passed sends', gateAfterRateLimit(OPEN_GATE, now + 500), now + 500, 'send'],
  ['a hold waits', held, now, 'wait'],
  ['a hold is probed once a minute', held, now + PROBE_INTERVAL_MS, 'probe'],
  ['a few failures still send', gateAfterFailure(OPEN_GATE, failedAt(now), 0), now, 'send'],
  ['an open breaker waits', opened(), now, 'wait'],
  ['an open breaker is probed when its time has come', opened(), now + 1_000, 'probe'],
  [
    'a pause that a clock ahead of ours wrote is not believed',
    gateAfterRateLimit(OPEN_GATE, now + 3_600_000),
    now,
    'send',
  ],
  ['a hold by hand waits', byHand(OPEN_GATE), now, 'wait'],
  ['a hold by hand is never probed', byHand(OPEN_GATE), now + 365 * 86_400_000, 'wait'],
  ['nor is what is held by hand and by an answer', byHand(held), now + PROBE_INTERVAL_MS, 'wait'],
  ['nor an open breaker that is held by hand', byHand(opened()), now + 60_000, 'wait'],
  ['once it is let go, it sends', gateAfterResume(byHand(OPEN_GATE)), now, 'send'],
  ['what an answer held is let go by hand, too', gateAfterResume(held), now, 'send'],
  ['both at once', gateAfterResume(byHand(held)), now, 'send'],
  [
    'what the API asked for is not let go by hand',
    gateAfterResume(byHand(gateAfterRateLimit(OPEN_GATE, now + 500))),
    now,
    'wait',
  ],
  ['nor is a breaker closed by hand', gateAfterResume(byHand(opened())), now, 'wait'],
  ['what an answer held goes on once that is mended', gateAfterMended(held), now, 'send'],
  ['what is held by hand as well does not', gateAfterMended(byHand(held)), now, 'wait'],
  ['a told pause outranks a due probe', gateAfterRateLimit(opened(), now + 9_000), now + 1_000, 'wait'],
])('%s', (_name, gate, at, may) => {
  expect(decideGate(gate, at).may).toBe(may);
});

describe('the probe', () => {
  test('is taken once, until its prober is thought dead', () => {
    const claimed = claimProbe(opened(), now + 1_000);
    expect(claimed?.breaker.state).toBe('half-open');
    expect(claimProbe(claimed!, now + 1_001)).toBeNull();
    expect(claimProbe(claimed!, now + 1_000 + PROBE_INTERVAL_MS)).not.toBeNull();
  });

  test('of a held destination puts the next one a minute away', () => {
    const claimed = claimProbe(held, now + PROBE_INTERVAL_MS);
    expect(decideGate(claimed!, now + PROBE_INTERVAL_MS + 1)).toEqual({
      may: 'wait',
      untilMs: now + 2 * PROBE_INTERVAL_MS,
    });
  });

  test('that fails opens the breaker for longer', () => {
    const first = opened();
    const again = gateAfterFailure(claimProbe(first, now + 1_000)!, failedAt(now + 1_000), 0.5);
    if (first.breaker.state !== 'open' || again.breaker.state !== 'open') throw new Error('not open');
    expect(again.breaker.reopenAt - (now + 1_000)).toBeGreaterThan(first.breaker.reopenAt - now);
  });
});

test('an answer ends hold and breaker but not a told pause', () => {
  const gate = gateAfterRateLimit({ ...held, breaker: opened().breaker }, now + 1);
  expect(gateAfterAnswer(gate)).toMatchObject({ ...OPEN_GATE, pausedUntil: now + 1, lastFailure: {} });
});

test('an answer at an open gate changes nothing, not even the object', () => {
  expect(gateAfterAnswer(OPEN_GATE)).toBe(OPEN_GATE);
});

test('a late failure does not push the probe further away', () => {
  const gate = opened();
  expect(gateAfterFailure(gate, failedAt(now + 10), 0.9)).toBe(gate);
});

test('a shorter pause never shortens a longer one', () => {
  const gate = gateAfterRateLimit(OPEN_GATE, now + 5_000);
  expect(gateAfterRateLimit(gate, now + 100)).toBe(gate);
});

test('a hold keeps when it began', () => {
  expect(gateAfterRefusal(held, 'forbidden', 'Forbidden', now + 70_000).hold?.since).toBe(now);
});

describe('a hold by hand', () => {
  test.each<[string, (gate: Gate) => Gate | null]>([
    ['an answer of a request that was on its way', gateAfterAnswer],
    ['a failure', (gate) => gateAfterFailure(gate, failedAt(now), 0.5)],
    ['a refusal', (gate) => gateAfterRefusal(gate, 'forbidden', 'Forbidden', now)],
    ['a told pause', (gate) => gateAfterRateLimit(gate, now + 1)],
  ])('outlives %s', (_what, change) => {
    expect(change(byHand(held))?.handHold).toEqual({ reason: 'wrong mapping', by: 'ops', since: now });
  });

  test('gives nobody the probe', () => {
    expect(claimProbe(byHand(held), now + PROBE_INTERVAL_MS)).toBeNull();
  });

  test('that is given again has the newest reason and its first time', () => {
    const again = gateAfterHold(byHand(OPEN_GATE), { reason: 'still wrong', by: 'night shift' }, now + 5);
    expect(again.handHold).toEqual({ reason: 'still wrong', by: 'night shift', since: now });
  });

  test('that is not there cannot be let go: the same value', () => {
    expect(gateAfterResume(OPEN_GATE)).toBe(OPEN_GATE);
    expect(gateAfterResume(opened()).breaker.state).toBe('open');
  });
});

describe('the last failure', () => {
  test.each<[string, Gate, Partial<LastFailure> | null]>([
    ['is none at first', OPEN_GATE, null],
    ['is that of a request', gateAfterFailure(OPEN_GATE, failedAt(now), 0), failedAt(now)],
    ['is that which opened the breaker', opened(), failedAt(now)],
    ['is a refusal', held, { code: 'unauthorized', cause: 'Unauthorized', at: now }],
    [
      'is the newest refusal of a hold, which keeps when it began',
      gateAfterRefusal(held, 'forbidden', 'Forbidden', now + 70_000),
      { code: 'forbidden', cause: 'Forbidden', at: now + 70_000 },
    ],
    ['is known still when it is over', gateAfterAnswer(opened()), failedAt(now)],
  ])('%s', (_name, gate, expected) => {
    expect(gate.lastFailure).toEqual(expected);
  });

  test('is cut where its words are long', () => {
    const long = { ...failedAt(now), cause: 'x'.repeat(5_000) };
    expect(gateAfterFailure(OPEN_GATE, long, 0).lastFailure?.cause).toHaveLength(500);
  });
});

describe('an acceptance', () => {
  test('is written down once a second at most, for each way', () => {
    const first = gateAfterAcceptance(OPEN_GATE, 'a', now);
    expect(first.accepted).toEqual({ a: { since: now, last: now } });
    expect(gateAfterAcceptance(first, 'a', now + ACCEPTANCE_EVERY_MS - 1)).toBe(first);
    expect(gateAfterAcceptance(first, 'a', now + ACCEPTANCE_EVERY_MS).accepted.a!.last).toBe(now + 1_000);
    expect(gateAfterAcceptance(first, 'b', now + 1).accepted).toMatchObject({
      a: { last: now },
      b: { last: now + 1 },
    });
  });

  test.each<[string, Gate]>([
    ['a hold', held],
    ['an open breaker', opened()],
    ['refusals that were counted', { ...OPEN_GATE, refused: ['x'] }],
  ])('ends %s, however short a time after the last one', (_what, gate) => {
    const known = { ...gate, accepted: { a: { since: now, last: now } } };
    expect(gateAfterAcceptance(known, 'a', now + 1)).toMatchObject({
      hold: null,
      breaker: { state: 'closed', failures: 0 },
      refused: [],
    });
  });
});

describe('refusals that name no event', () => {
  const refusal = (event: string, over: object = {}) => ({
    code: 'refused' as const,
    cause: 'HTTP 403',
    at: now,
    event,
    isWorded: false,
    isSuspect: false,
    sentAt: now,
    ...over,
  });
  const afterAll = (events: string[], over: object = {}, gate = OPEN_GATE) =>
    events.reduce((before, event) => gateAfterUnnamed(before, refusal(event, over), 0.5), gate);
  const different = Array.from({ length: WAY_IS_WRONG_AFTER }, (_, index) => `event-${index}`);

  test.each<[string, string[], boolean]>([
    ['one event, again and again', Array(20).fill('a'), false],
    ['four different ones', different.slice(1), false],
    ['five different ones', different, true],
    ['five among repeats', different.flatMap((event) => [event, event]), true],
  ])('of %s', (_what, events, isHeld) => {
    expect(afterAll(events).hold?.code).toBe(isHeld ? 'refused_all' : undefined);
  });

  test('are counted anew once an event was accepted', () => {
    const half = gateAfterAcceptance(afterAll(different.slice(0, 4)), 'a', now);
    expect(afterAll(different.slice(0, 4), {}, half).hold).toBeNull();
  });

  test('are probed soon at first, then ever later, and keep since when it is held', () => {
    let gate = afterAll(different);
    const waits: number[] = [];
    for (let at = now; waits.length < 8; ) {
      waits.push(gate.hold!.nextProbeAt - at);
      at = gate.hold!.nextProbeAt;
      gate = gateAfterUnnamed(claimProbe(gate, at)!, refusal(`probe-${at}`, { at, sentAt: at }), 0.5);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
    expect(gate.hold!.since).toBe(now);
    expect(gate.refused).toHaveLength(WAY_IS_WRONG_AFTER);
  });

  test('that were on their way when the hold began are no probes of it', () => {
    const gate = afterAll(different);
    const late = gateAfterUnnamed(gate, refusal('late', { at: now + 5, sentAt: now - 5 }), 0.5);
    expect(late.hold).toEqual(gate.hold);
    const probe = gateAfterUnnamed(gate, refusal('probe', { at: now + 1_005, sentAt: now + 1_000 }), 0.5);
    expect(probe.hold!.nextProbeAt).toBe(now + 3_005);
  });

  test('of those that were refused alone before hold nobody, and renew a hold that is there', () => {
    expect(afterAll(different, { isSuspect: true })).toMatchObject({ hold: null, refused: [] });
    const probe = refusal('probe', { isSuspect: true, at: now + 1_005, sentAt: now + 1_000 });
    expect(gateAfterUnnamed(afterAll(different), probe, 0.5).hold!.nextProbeAt).toBe(now + 3_005);
  });

  test('are probed by an event that nobody suspects a second after the last, however long suspects wait', () => {
    let gate = afterAll(different);
    for (let at = now; gate.hold!.nextProbeAt - at < PROBE_INTERVAL_MS; ) {
      at = gate.hold!.nextProbeAt;
      gate = gateAfterUnnamed(claimProbe(gate, at)!, refusal('probe', { at, sentAt: at }), 0.5);
    }
    const { probedAt } = gate.hold! as { probedAt: number };
    expect(decideGate(gate, probedAt + 999, true).may).toBe('wait');
    expect(decideGate(gate, probedAt + 1_000, true).may).toBe('probe');
    expect(decideGate(gate, probedAt + 1_000).may).toBe('wait');
    expect(decideGate(claimProbe(gate, probedAt + 1_000, true)!, probedAt + 1_999, true).may).toBe('wait');
    // Of a key that is refused an event finds out no sooner than anybody.
    expect(decideGate(held, now + 1_000, true).may).toBe('wait');
  });

  test.each<[string, (gate: Gate) => Gate]>([
    ['whoever resumes', gateAfterResume],
    ['whoever has mended it', gateAfterMended],
    ["an answer in the API's own words", gateAfterAnswer],
  ])('are counted anew after %s', (_who, change) => {
    expect(change(afterAll(different))).toMatchObject({ hold: null, refused: [] });
  });

  test('of a limiter are waited for, and not held', () => {
    const gate = afterAll(different, { waitMs: 9_000 });
    expect(gate).toMatchObject({ hold: null, pausedUntil: now + 9_000, refused: [] });
  });

  test("in the API's own words close a breaker; those of somebody else open it again", () => {
    const probing = claimProbe(opened(), now + 60_000)!;
    const at = now + 60_000;
    expect(gateAfterUnnamed(probing, refusal('a', { isWorded: true, at }), 0.5).breaker.state).toBe('closed');
    expect(gateAfterUnnamed(probing, refusal('a', { at }), 0.5).breaker.state).toBe('open');
    expect(gateAfterUnnamed(OPEN_GATE, refusal('a'), 0.5).breaker).toEqual({ state: 'closed', failures: 0 });
  });
});

test.each<[string, Gate, Partial<Gate>]>([
  ['ends a hold of a key or a URL', held, { hold: null }],
  ['leaves an open breaker', opened(), { breaker: opened().breaker }],
  ['leaves refusals that were counted', { ...OPEN_GATE, refused: ['x'] }, { refused: ['x'] }],
])('a control that is answered %s', (_what, gate, after) => {
  expect(gateAfterControl(gate, now)).toMatchObject({
    ...after,
    accepted: { control: { since: now, last: now } },
  });
});

test('nor does it end a hold of a way on which all events are refused', () => {
  const hold = { ...held.hold!, code: 'refused_all' as const };
  expect(gateAfterControl({ ...held, hold }, now).hold).toEqual(hold);
});

test('what a suspect meets is told, and changes nothing else', () => {
  const failure = { ...failedAt(now), cause: 'x'.repeat(900) };
  const gate = gateAfterSuspect(opened(), failure);
  expect(gate).toEqual({ ...opened(), lastFailure: { ...failure, cause: 'x'.repeat(500) } });
});
