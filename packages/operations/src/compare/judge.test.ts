import { expect, test } from '@jest/globals';
import { damagedLetter, deadDelivery, deadRejection } from '../../test/letters.js';
import { pipelineOf } from '../../test/pipeline-of.js';
import type { LetterEntry } from '../dead-letters/letter.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { compareJudged } from './compare-judged.js';
import { compileArchiveJudge, type Judged, judgeDeath, judgeLetter } from './judge.js';
import { compileSampler } from './sample.js';

const CONFIG = `
sources: [{ name: backend, writeKey: wk, privacy: { drop: [context.ip] }, integrations: [Billing] }]
destinations:
  - name: lago
    type: lago
    apiKey: k
    rules:
      - name: calls
        when: type = "track" and event = "Call"
        subscription: userId
        properties: { tokens: { path: properties.tokens, as: number } }
      - name: rest
        when: type = "track" and event != "Call"
        subscription: userId
  - name: hyperline
    type: hyperline
    apiKey: k
    rules:
      - name: users
        when: type = "identify"
        customer: userId
        eventType: { value: users }
        record: { email: { path: traits.email, mask: true } }
`;
const { pipeline } = pipelineOf(CONFIG);
const mended = pipelineOf(CONFIG.replace('as: number }', 'as: number, default: 0 }')).pipeline;

/** What one configuration makes of an archived event. */
function judgeArchived(raw: object, of: Pipeline, source?: string): Judged {
  const [only] = compileArchiveJudge(of, source)(JSON.stringify(raw), 'a.gz:1');
  return only!.judged;
}

const EVENT = {
  type: 'track',
  event: 'Call',
  userId: 'u',
  messageId: 'm',
  timestamp: '2026-01-31T12:00:00.000Z',
  receivedAt: '2026-01-31T12:00:01.000Z',
};

const delivery = (of: object, destination?: string) =>
  deadDelivery({ source: 'backend', event: EVENT, reason: 'unmapped', ...of }, destination);
const rejection = (of: object) =>
  deadRejection({ source: 'backend', raw: EVENT, receivedAt: EVENT.receivedAt, ...of });

function told(entry: LetterEntry): string[] {
  return compareJudged(judgeDeath(entry, mended), judgeLetter(entry, mended)).map(
    ({ destination, verdict, before, after }) =>
      [destination, before?.rule || '-', after?.rule || '-', verdict].join(' '),
  );
}

test.each<[string, LetterEntry, string[]]>([
  ['what could not be mapped', delivery({}), ['lago calls calls newly delivered']],
  [
    'what still cannot',
    delivery({ event: { ...EVENT, properties: { tokens: 'x' } } }),
    ['lago calls calls still failing'],
  ],
  [
    'what the API refused, and would see again',
    delivery({ reason: 'refused' }),
    ['lago calls calls unchanged'],
  ],
  [
    "its own rule, though the rule's filter says otherwise now",
    delivery({ event: { ...EVENT, event: 'Other' } }),
    ['lago calls calls newly delivered'],
  ],
  [
    'a rule that is gone: routed anew',
    delivery({ rule: 'gone', reason: 'unknown_rule', event: { ...EVENT, event: 'Other' } }),
    ['lago gone rest newly delivered'],
  ],
  [
    'a rule that is gone, and no other',
    delivery({ rule: 'gone', reason: 'unknown_rule', event: { ...EVENT, type: 'page' } }),
    ['lago gone - no longer failing'],
  ],
  ['a destination that is gone', delivery({}, 'stripe'), ['stripe calls calls still failing']],
  ['what a worker died of is not tried', delivery({ reason: 'poison' }), ['lago calls calls still failing']],
  ['a damaged letter', damagedLetter, ['receiver - - still failing']],
  [
    'what is a Segment event by the limits of now',
    rejection({}),
    ['lago - calls newly delivered', 'hyperline - - no longer failing'],
  ],
  ['what is none', rejection({ raw: { type: 'track' } }), ['receiver - - still failing']],
  ["nobody's", rejection({ reason: 'unknown_write_key' }), ['receiver - - still failing']],
  ['what switches itself off', rejection({ raw: { ...EVENT, integrations: { All: false } } }), []],
])('a dead letter: %s', (_, entry, expected) => {
  expect(told(entry)).toEqual(expected);
});

test('an archived event is received when it was, whatever its age, by the privacy of its source', () => {
  const sampleOf = compileSampler([pipeline]);
  const raw = {
    ...EVENT,
    timestamp: '1999-01-31T12:00:00Z',
    receivedAt: '1999-01-31T12:00:01Z',
    properties: { tokens: 5 },
  };
  const judged = judgeArchived(raw, pipeline);
  const [comparison] = compareJudged({ status: 'taken', sides: new Map([['lago', []]]) }, judged);
  expect(sampleOf('m', comparison!)).toMatchObject({
    usage: { transaction_id: 'm', timestamp: '917784000.000', properties: { tokens: 5 } },
  });
  const unsent = { ...raw, receivedAt: undefined };
  expect(judgeArchived(unsent, pipeline, 'backend')).toEqual(judged);
  expect(() => judgeArchived(raw, pipeline, 'nobody')).toThrow('no source nobody; there are backend');
});

test('an archived line is judged as a backfill judges it', () => {
  const judge = compileArchiveJudge(pipeline, undefined);
  expect(judge('', 'a.gz:1')).toEqual([]);
  expect(judge('{"cut', 'a.gz:1')).toMatchObject([
    { judged: { status: 'rejected', failed: { code: 'invalid_json' } } },
  ]);
  const off = JSON.stringify({ ...EVENT, integrations: { All: false } });
  expect(judge(off, 'a.gz:1')).toEqual([{ judged: { status: 'taken', sides: new Map() } }]);
  const timeless = JSON.stringify({ ...EVENT, timestamp: undefined, receivedAt: undefined });
  expect(judge(timeless, 'a.gz:1')).toMatchObject([{ judged: { failed: { code: 'invalid_timestamp' } } }]);
});

test('a value that either configuration hides shows in no difference', () => {
  const open = pipelineOf(CONFIG.replace('{ path: traits.email, mask: true }', 'traits.email')).pipeline;
  const raw = { ...EVENT, type: 'identify', traits: { email: 'lea@example.com' } };
  for (const pipelines of [
    [pipeline, open],
    [open, pipeline],
  ] as const) {
    const [before, after] = pipelines.map((each) => judgeArchived(raw, each));
    const comparison = compareJudged(before!, after!).find(({ verdict }) => verdict === 'changed')!;
    const sample = compileSampler(pipelines)('m', comparison);
    expect(sample.differences).toEqual([{ field: 'record.email', hidden: true }]);
    expect(JSON.stringify(sample)).not.toContain('lea');
  }
});
