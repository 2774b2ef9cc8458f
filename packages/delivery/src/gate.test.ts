import { describe, expect, test } from '@jest/globals';
import {
  BREAKER_THRESHOLD,
  claimProbe,
  decideGate,
  type Gate,
  gateAfterAnswer,
  gateAfterFailure,
  gateAfterHold,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterResume,
  type LastFailure,
  OPEN_GATE,
  PROBE_INTERVAL_MS,
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
