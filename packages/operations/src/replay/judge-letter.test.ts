import { expect, test } from '@jest/globals';
import type { RejectedEvent } from '@meterbridge/queue';
import { damagedLetter, deadDelivery, deadRejection } from '../../test/letters.js';
import { pipelineOf } from '../../test/pipeline-of.js';
import type { LetterEntry } from '../dead-letters/letter.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { askedOf } from '../stored/asked-of.js';
import { compileJudge, type Verdict } from './judge-letter.js';

const CONFIG = `
sources:
  - { name: backend, writeKey: wk, integrations: [Billing] }
receiver: { maxEventAgeDays: 30 }
destinations:
  - name: lago
    type: lago
    apiKey: k
    rules:
      - name: calls
        when: type = "track" and event = "API Call"
        subscription: userId
        properties: { tokens: { path: properties.tokens, as: number } }
      - { name: logins, when: event = "Login", subscription: userId }
      - { name: doubled, when: event = "Login", subscription: userId, transactionIdSuffix: ":2" }
  - name: hyperline
    type: hyperline
    apiKey: k
    rules:
      - { name: usage, when: type = "track", customer: userId, eventType: event, record: { "*": properties } }
`;

const judge = compileJudge(pipelineOf(CONFIG).pipeline);

const DIED = Date.parse('2026-11-21T14:25:00.000Z');

const EVENT = {
  type: 'track',
  event: 'API Call',
  messageId: 'm-1',
  userId: 'u-1',
  timestamp: '2026-11-21T13:00:00.000Z',
  receivedAt: '2026-11-21T14:00:00.000Z',
  properties: { tokens: 7 },
};

function delivery(of: { event?: object; rule?: string; reason?: string } = {}, destination?: string) {
  const tries = { attempts: 2, firstFailedAt: 1, lastCode: 'unmapped', lastDetail: 'tokens' };
  const event = { ...EVENT, ...of.event };
  return deadDelivery(
    { source: 'backend', hour: 5, reason: 'unmapped', tries, ...of, event },
    destination,
    DIED,
  );
}

function rejection(of: Partial<RejectedEvent> = {}, raw: object = {}) {
  const { receivedAt: _receivedAt, ...sent } = EVENT;
  const received = { source: 'backend', reason: 'timestamp_out_of_range', receivedAt: EVENT.receivedAt };
  return deadRejection({ ...received, raw: { ...sent, ...raw }, ...of }, DIED);
}

const device = (extra: object) => ({
  context: { os: { name: 'iOS' }, library: { name: 'analytics-ios' } },
  ...extra,
});

/** Whom it would be billed to at Lago. */
function subscriptionOf(pipeline: Pipeline, verdict: Verdict): string {
  if (verdict.will !== 'go') throw new Error(verdict.why);
  const asked = askedOf(pipeline, 'lago', verdict.moves[0]!.deliveries[0]!);
  return JSON.parse(asked!.usage!.body).external_subscription_id;
}

test.each<[string, LetterEntry, object]>([
  ['maps by its rule', delivery(), { will: 'go', rules: ['lago calls'] }],
  [
    'would fail again, and says why without a value',
    delivery({ event: { properties: { tokens: 'many' } } }),
    { will: 'fail', rules: ['lago calls'], why: expect.stringMatching(/^unmapped: .*properties\.tokens/) },
  ],
  [
    'its rule is gone: whatever takes it now',
    delivery({ rule: 'gone', event: { event: 'Login' } }),
    { will: 'go', rules: ['lago logins', 'lago doubled'] },
  ],
  [
    'its rule is gone, and none takes it',
    delivery({ rule: 'gone', event: { event: 'Other' } }),
    { will: 'stay', why: 'taken by no rule' },
  ],
  [
    'a poison is not mapped here',
    delivery({ reason: 'poison', event: { properties: null } }),
    { will: 'go', rules: ['lago calls'] },
  ],
  [
    'its destination is gone',
    delivery({}, 'before'),
    { will: 'stay', why: 'of a destination that is not configured' },
  ],
  ['is damaged', damagedLetter, { will: 'stay', why: 'cannot be read' }],
  [
    'a Segment event by now, for whoever takes it',
    rejection(),
    { will: 'go', rules: ['lago calls', 'hyperline usage'] },
  ],
  [
    'a Segment event that no rule takes',
    rejection({}, { type: 'page' }),
    { will: 'go', rules: ['lago -', 'hyperline -'] },
  ],
  [
    'still none',
    rejection({}, { event: '' }),
    { will: 'stay', why: 'still no Segment event', detail: expect.stringMatching(/^missing_event: /) },
  ],
  [
    'older than what is taken now, seen from when it came',
    rejection({}, { timestamp: '2026-10-01T00:00:00.000Z' }),
    { will: 'stay', why: 'still no Segment event', detail: expect.stringMatching(/^timestamp_out_of_range/) },
  ],
  [
    'a body that was no JSON',
    { ...rejection({ reason: 'invalid_json', raw: '{"batch":' }) },
    { will: 'stay', why: 'still no Segment event', detail: expect.stringMatching(/^not_an_object/) },
  ],
  [
    'nobody vouches for an unknown key',
    rejection({ reason: 'unknown_write_key' }),
    { will: 'stay', why: 'of an unknown write key' },
  ],
  [
    'switched off here',
    rejection({}, { integrations: { Billing: false } }),
    { will: 'stay', why: 'switched off by its integrations' },
  ],
  [
    'forwarded by Segment, which has heeded that already',
    rejection({ via: 'webhook' }, { integrations: { Billing: false } }),
    { will: 'go', rules: ['lago calls', 'hyperline usage'] },
  ],
  [
    'of a source that is gone',
    rejection({ source: 'before' }, { integrations: { All: false } }),
    { will: 'go', rules: ['lago calls', 'hyperline usage'] },
  ],
])('a letter that %s', (_name, entry, expected) => {
  const verdict = judge(entry, '12');
  const rules =
    verdict.will === 'stay'
      ? undefined
      : verdict.moves.flatMap(({ destination, deliveries }) =>
          (deliveries.length === 0 ? [{ rule: '-' }] : deliveries).map(
            ({ rule }) => `${destination} ${rule}`,
          ),
        );
  expect({ ...verdict, ...(rules ? { rules } : {}) }).toMatchObject(expected);
});

test('a delivery keeps its hour and begins its tries anew; its history says what replayed it', () => {
  const verdict = judge(delivery(), '12');
  const [{ deliveries }] = verdict.will === 'go' ? verdict.moves : [{ deliveries: [] }];
  expect(deliveries).toEqual([
    {
      rule: 'calls',
      source: 'backend',
      event: EVENT,
      hour: 5,
      history: [{ reason: 'unmapped', detail: 'tokens', attempts: 2, at: DIED, replay: '12' }],
    },
  ]);
});

test("a device's clock is corrected by when its batch was sent", () => {
  const timestamps = [
    rejection({ sentAt: '2026-11-21T15:00:00.000Z' }, device({})),
    rejection({}, device({})),
    rejection({}, device({ sentAt: '2026-11-21T14:30:00.000Z' })),
  ].map((entry) => {
    const verdict = judge(entry, '12');
    if (verdict.will !== 'go') throw new Error(verdict.why);
    return [verdict.moves[0]!.deliveries[0]!.event.timestamp, verdict.timed !== undefined];
  });
  expect(timestamps).toEqual([
    ['2026-11-21T12:00:00.000Z', true],
    ['2026-11-21T13:00:00.000Z', false],
    ['2026-11-21T12:30:00.000Z', true],
  ]);
});

test('what may have arrived goes as it was, by the rules it was sent under, whatever those of now say', () => {
  const { pipeline } = pipelineOf(CONFIG);
  const before = pipelineOf(
    CONFIG.replaceAll('subscription: userId', 'subscription: properties.account'),
  ).pipeline;
  const { version } = before.config.rules.get('lago')!;
  const kept = new Map([['lago', new Map([[version, before.destinations.get('lago')!.map]])]]);
  const sent = delivery({ rule: 'gone-since', event: { properties: { tokens: 7, account: 'acme' } } });
  const letter = { ...sent.letter, rule: 'calls', sentUnder: version };
  const entry = { ...sent, letter } as LetterEntry;
  const verdict = compileJudge({ ...pipeline, kept })(entry, '');
  expect(verdict).toMatchObject({
    will: 'go',
    moves: [{ deliveries: [{ rule: 'calls', sentUnder: version }] }],
  });
  expect(subscriptionOf({ ...pipeline, kept }, verdict)).toBe('acme');
  expect(compileJudge(pipeline)(entry, '')).toEqual({
    will: 'stay',
    why: 'sent under rules that are not kept',
  });
});

test("by somebody's word what may have arrived is mapped anew, and its history says so", () => {
  const sent = delivery({ event: { properties: { tokens: 7, account: 'acme' } } });
  const entry = { ...sent, letter: { ...sent.letter, sentUnder: 'v-before' } } as LetterEntry;
  const { pipeline } = pipelineOf(CONFIG);
  const verdict = compileJudge(pipeline, { remapSent: true })(entry, '12');
  expect(verdict).toMatchObject({
    will: 'go',
    moves: [{ deliveries: [{ rule: 'calls', history: [{ replay: '12', remapped: 'v-before' }] }] }],
  });
  expect(subscriptionOf(pipeline, verdict)).toBe('u-1');
  const [move] = (verdict as Extract<typeof verdict, { will: 'go' }>).moves;
  expect(move!.deliveries[0]).not.toHaveProperty('sentUnder');
});

test('a person says whose events of an unknown key are: its name, privacy and rules hold for them', () => {
  const shared = CONFIG.replace(
    'receiver:',
    '  - { name: web, writeKey: wk2, privacy: { drop: [context.ip] } }\nreceiver:',
  );
  const { pipeline } = pipelineOf(shared);
  const judgeAsWeb = compileJudge(pipeline, { asSource: 'web' });
  const unknown = rejection({ reason: 'unknown_write_key' }, { context: { ip: '203.0.113.9' } });
  const verdict = judgeAsWeb(unknown, '7');
  expect(verdict).toMatchObject({ will: 'go', source: 'web' });
  const [delivery] = verdict.will === 'go' ? verdict.moves[0]!.deliveries : [];
  expect(delivery).toMatchObject({
    source: 'web',
    event: { context: {} },
    history: [{ reason: 'unknown_write_key', replay: '7' }],
  });
  expect(delivery!.event.context).not.toHaveProperty('ip');
  // Any other letter has had its own source all along.
  expect(judgeAsWeb(rejection(), '7')).toMatchObject({ will: 'go', source: 'backend' });
  expect(() => compileJudge(pipeline, { asSource: 'none' })).toThrow('no source none');
});
