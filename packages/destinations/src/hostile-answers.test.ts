import { afterEach, describe, expect, test } from '@jest/globals';
import type { EntryVerdict, UsageEvent, Verdict } from '@meterbridge/delivery';
import fc from 'fast-check';
import { hostileJson, isPrototypeUntouched, runs } from '../../segment-events/test/hostile-json.js';
import type { HttpAnswer } from './http-answer.js';
import { classifyHyperlineAnswer } from './hyperline/classify.js';
import { hyperlineRecordIdentity } from './hyperline/key.js';
import { classifyLagoAnswer } from './lago/classify.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const now = Date.parse('2026-08-21T10:00:00.000Z');
const LONGEST_WAIT_MS = 10 * 60_000;

type Api = {
  classify: typeof classifyLagoAnswer;
  sent: (ids: string[]) => UsageEvent[];
  /** What the API really answers when it takes all of them. */
  taken: (ids: string[]) => { status: number; body: string };
  /** The ids a body names as taken, read the plain way. */
  namedAsTaken: (json: unknown) => unknown[];
};

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
const fields = (value: unknown) =>
  (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;

const lago: Api = {
  classify: classifyLagoAnswer,
  sent: (ids) => ids.map((id) => ({ key: `${id} 1.000`, recordIdentity: id, body: '{}' })),
  taken: (ids) => ({
    status: 200,
    body: JSON.stringify({
      events: ids.map((id) => ({ lago_id: null, transaction_id: id, properties: { transaction_id: 1 } })),
    }),
  }),
  namedAsTaken: (json) => list(fields(json).events).map((event) => event.transaction_id),
};

const hyperline: Api = {
  classify: classifyHyperlineAnswer,
  sent: (ids) =>
    ids.map((id) => ({
      key: `${id}`,
      recordIdentity: hyperlineRecordIdentity('call', id),
      customer: 'c',
      body: '{}',
    })),
  taken: (ids) => ({
    status: 201,
    body: JSON.stringify({
      events_created: ids.map((id) => ({ customer_id: 'c', event_type: 'call', record: { id } })),
      events_failed: [],
    }),
  }),
  namedAsTaken: (json) => {
    const { events_created: created, events_accepted: accepted, events_failed: failed } = fields(json);
    const idsOf = (events: unknown) =>
      list(events)
        .filter(({ event_type: type }) => type === 'call')
        .map(({ record }) => fields(record).id)
        .map((id) => (typeof id === 'number' ? String(id) : id));
    const failedIds = idsOf(failed);
    return [...idsOf(created), ...idsOf(accepted)].filter((id) => !failedIds.includes(id));
  },
};

const status = fc.oneof(
  fc.constantFrom(200, 200, 201, 202, 204, 207, 301, 308, 400, 401, 403, 404, 405, 408, 409, 410, 413, 422),
  fc.constantFrom(422, 425, 429, 500, 502, 503, 520),
  fc.nat(999),
);

const waitText = fc.oneof(
  fc.constantFrom(
    '0',
    '-1',
    '1e999',
    '-Infinity',
    'NaN',
    '0x7fffffff',
    '315360000',
    '99999999999999999999',
    '',
  ),
  fc.constantFrom(
    'Fri, 21 Aug 2036 10:00:09 GMT',
    '+275760-09-13T00:00:00Z',
    '2026-08-21',
    'soon',
    ' 5 ',
    '5, 5',
  ),
  fc.double().map(String),
  fc.string(),
);
const headers = fc.dictionary(
  fc.constantFrom('retry-after', 'x-ratelimit-reset', 'x-ratelimit-remaining', 'content-type', 'location'),
  waitText,
  { noNullPrototype: true },
);

/** Any JSON, and often such as no string can be made of. */
const anyJson = fc.oneof(
  hostileJson,
  fc.constantFrom('{"toString":0}', '[{"toString":0,"valueOf":0}]', 'null'),
);

const html = '<!DOCTYPE html><title>{"events":[{"transaction_id":"a"}]}</title>';
const index = fc.constantFrom(
  '0',
  '1',
  '2',
  '3',
  '-1',
  '99',
  '1.5',
  '1e0',
  '01',
  'events',
  'transaction_id',
  '__proto__',
);
const complaint = fc.oneof(
  fc.constantFrom(
    '{"transaction_id":["value_already_exist"]}',
    '{"code":["value_is_mandatory"]}',
    '"failed: x"',
  ),
  fc.constantFrom('["too_many_events"]', '["no_events"]', '["value_already_exist"]', '{}'),
  anyJson,
);
const refusal = fc
  .array(fc.tuple(index, complaint), { maxLength: 4 })
  .map((named) => named.map(([key, value]) => `"${key}":${value}`).join(','))
  .map((details) => `{"status":422,"code":"validation_errors","error_details":{${details}}}`);

/** An answer that began as a true one: cut off, with other bytes in it, with events left out or put in. */
function nearlyTrue(api: Api, ids: string[]): fc.Arbitrary<string> {
  const whole = api.taken(ids).body;
  return fc.oneof(
    fc.constant(whole),
    fc.nat(whole.length).map((length) => whole.slice(0, length)),
    fc
      .tuple(fc.nat(whole.length), anyJson, fc.nat(3))
      .map(([at, text, cut]) => whole.slice(0, at) + text.slice(0, 100) + whole.slice(at + cut)),
    fc.shuffledSubarray([...ids, 'other']).map((some) => api.taken(some).body),
    fc
      .tuple(fc.constantFrom(...ids), anyJson)
      .map(([id, json]) => whole.replace(JSON.stringify(id), () => json)),
    anyJson.map((json) => `{"events":[${ids.map(() => json)}]}`),
    anyJson.map((json) => `{"events_created":[{"event_type":${json},"record":{"id":${json}}}]}`),
    anyJson.map((json) => `{"code":${json},"error":${json},"message":${json},"error_details":${json}}`),
  );
}

const ids = fc.uniqueArray(fc.oneof(fc.constantFrom('a', 'b<', '1', '__proto__'), fc.uuid()), {
  minLength: 1,
  maxLength: 4,
});

function answersOf(api: Api) {
  return ids.chain((some) =>
    fc.record({
      sent: fc.constant(some),
      status,
      headers,
      body: fc.oneof(nearlyTrue(api, some), refusal, hostileJson, fc.constantFrom('', html), fc.string()),
    }),
  );
}

const KNOWN = ['settled', 'rate-limited', 'transient', 'hold', 'smaller', 'refused'];
const OUTCOMES = ['delivered', 'duplicate', 'failed', 'resend', 'alone'];

function expectSound(verdict: Verdict, sent: readonly UsageEvent[]): void {
  expect(KNOWN).toContain(verdict.verdict);
  if ('waitMs' in verdict && verdict.waitMs !== undefined) {
    expect(Number.isInteger(verdict.waitMs)).toBe(true);
    expect(verdict.waitMs).toBeGreaterThan(0);
    expect(verdict.waitMs).toBeLessThanOrEqual(LONGEST_WAIT_MS);
  }
  if ('detail' in verdict) expect(verdict.detail.length).toBeLessThanOrEqual(500);
  if (verdict.verdict !== 'settled') return;
  expect(verdict.entries).toHaveLength(sent.length);
  for (const { outcome } of verdict.entries) expect(OUTCOMES).toContain(outcome);
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

function outcomesOf(api: Api, answer: HttpAnswer, given: string[]): string[] {
  const sent = api.sent(given);
  const verdict = api.classify(answer, sent, now);
  expectSound(verdict, sent);
  return verdict.verdict === 'settled' ? verdict.entries.map(({ outcome }: EntryVerdict) => outcome) : [];
}

describe.each([
  ['Lago', lago],
  ['Hyperline', hyperline],
])('whatever %s answers', (name, api) => {
  test('is one verdict, or one for each event, and never a wait without an end', () => {
    fc.assert(
      fc.property(answersOf(api), ({ sent, ...answer }) => {
        outcomesOf(api, answer, sent);
      }),
      runs(400),
    );
  });

  test('an event is delivered only where a success names it, or is about it alone', () => {
    fc.assert(
      fc.property(answersOf(api), ({ sent, ...answer }) => {
        const isSuccess = name === 'Lago' ? answer.status === 200 : Math.floor(answer.status / 100) === 2;
        const named = api.namedAsTaken(parse(answer.body));
        const isAlone = name === 'Hyperline' && sent.length === 1;
        for (const [at, outcome] of outcomesOf(api, answer, sent).entries()) {
          if (outcome !== 'delivered') continue;
          expect(isSuccess).toBe(true);
          if (isAlone) expect(answer.body.trimStart().startsWith('<')).toBe(false);
          else if (!answer.body.includes(`"transaction_id":${JSON.stringify(sent[at])}`)) {
            expect(named).toContain(sent[at]);
          }
        }
      }),
      runs(400),
    );
  });

  test('an event is a duplicate only where it is told to be stored already, and nothing else', () => {
    const stored = JSON.stringify({ transaction_id: ['value_already_exist'] });
    fc.assert(
      fc.property(answersOf(api), ({ sent, ...answer }) => {
        for (const [at, outcome] of outcomesOf(api, answer, sent).entries()) {
          if (outcome !== 'duplicate') continue;
          const details = fields(fields(parse(answer.body)).error_details);
          expect([name, answer.status]).toEqual(['Lago', 422]);
          expect([JSON.stringify(details[at]), JSON.stringify(details)]).toContain(stored);
        }
      }),
      runs(300),
    );
  });

  test('the true answer delivers every event, in whatever order it names them', () => {
    fc.assert(
      fc.property(ids, fc.boolean(), (given, isReversed) => {
        const { status, body } = api.taken(isReversed ? given.toReversed() : given);
        expect(outcomesOf(api, { status, headers: {}, body }, given)).toEqual(given.map(() => 'delivered'));
      }),
      runs(200),
    );
  });
});
