import { expect, test } from '@jest/globals';
import type { RejectedEvent } from '@meterbridge/queue';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { Tally } from './tally.js';

const NOTHING = { lines: 0, events: [], rejected: [], passedBy: [] };
const refused = (reason: string, file: string, line: number) => ({
  rejected: { reason, detail: 'not JSON' } as RejectedEvent,
  file,
  line,
});

test('counts deliveries by rule, and what no rule takes, for each destination', () => {
  const tally = new Tally(['lago', 'hyperline', 'idle']);
  for (const rule of ['calls', 'tokens', 'calls']) tally.deliver('lago', rule);
  tally.filter('hyperline');
  expect(tally.destinations).toEqual([
    { destination: 'lago', filtered: 0, deliveries: 3, rules: { calls: 2, tokens: 1 }, failures: {} },
    { destination: 'hyperline', filtered: 1, deliveries: 0, rules: {}, failures: {} },
    { destination: 'idle', filtered: 0, deliveries: 0, rules: {}, failures: {} },
  ]);
});

test('a rule may be called constructor', () => {
  const tally = new Tally(['lago']);
  for (let n = 0; n < 2; n += 1) tally.deliver('lago', 'constructor');
  expect(Object.entries(tally.destinations[0]!.rules)).toEqual([['constructor', 2]]);
});

test('what could not be mapped is no delivery, and is told with its reason; of many, some are', () => {
  const tally = new Tally(['lago']);
  for (let n = 0; n < 200; n += 1) tally.fail('lago', 'calls', 'unmapped', `properties.p${n % 100}`);
  const [lago] = tally.destinations;
  expect(lago).toMatchObject({ deliveries: 0, filtered: 0 });
  expect(lago!.failures).toMatchObject({ 'calls: unmapped: properties.p0': 2, others: 100 });
});

test('bad lines are counted by reason, and the first hundred are named', () => {
  const tally = new Tally([]);
  for (let line = 1; line <= 150; line += 1)
    tally.add({ ...NOTHING, rejected: [refused('invalid_json', 'a.gz', line)] });
  tally.add({ ...NOTHING, rejected: [refused('too_large', 'b.gz', 1)] });
  expect(tally.rejected).toEqual({ invalid_json: 150, too_large: 1 });
  expect(tally.badLines).toHaveLength(100);
  expect(tally.badLines[99]).toEqual({ file: 'a.gz', line: 100, reason: 'invalid_json', detail: 'not JSON' });
});

test('lines and events are counted, and what was passed by, by why', () => {
  const tally = new Tally([]);
  const event = {} as SegmentEvent;
  const passedBy = ['out of time', 'not selected', 'ignored', 'ignored', 'person refused'] as const;
  for (let i = 0; i < 2; i += 1)
    tally.add({ lines: 10, events: [event], rejected: [], passedBy: [...passedBy] });
  expect(tally).toMatchObject({
    lines: 20,
    events: 2,
    outOfTime: 2,
    notSelected: 2,
    ignored: 4,
    personRefused: 2,
  });
});
