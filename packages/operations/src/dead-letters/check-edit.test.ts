import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { deadDelivery, deadRejection } from '../../test/letters.js';
import { pipelineOf } from '../../test/pipeline-of.js';
import { checkEdit, type EditRules } from './check-edit.js';
import { compileCustomerOf } from './customer-of.js';
import type { LetterEntry } from './letter.js';
import { compileMapNow } from './map-now.js';

const FILE = `
sources: [{ name: web, writeKey: a-write-key }]
destinations:
  - name: lago
    type: lago
    apiKey: a-key
    rules:
      - name: calls
        when: event = "API Call"
        code: api_call
        subscription: [properties.subscription_id, userId]
        properties: { tokens: { path: properties.tokens, as: number } }
  - name: hyperline
    type: hyperline
    apiKey: a-key
    rules:
      - name: invoices
        customer: userId
        eventType: event
        record: { id: properties.invoice }
        uniqueIds: true
`;
const { config } = pipelineOf(FILE).pipeline;

const rules: EditRules = {
  maxEventBytes: 32_000,
  mapNow: compileMapNow(config),
  customerOf: compileCustomerOf(config.destinations),
  typeOf: (destination) => config.destinations.find(({ name }) => name === destination)!.type,
  takes: ({ id, letter }) =>
    config
      .route((letter as DeadLetter).event, letter.source)
      .some(({ destination, rules }) => id.startsWith(destination) && rules.length > 0),
};

const EVENT = {
  type: 'track',
  event: 'API Call',
  messageId: 'm-1',
  userId: 'ann',
  timestamp: '2026-11-21T14:25:00.500Z',
  receivedAt: '2026-11-21T14:25:01.000Z',
  properties: { tokens: 'many', invoice: 'i-1' },
};

const aLetter = (destination: string, rule: string, of: Partial<DeadLetter> = {}) =>
  deadDelivery({ event: EVENT, rule, ...of }, destination);

const ofLago = aLetter('lago', 'calls');
const expired = aLetter('lago', 'calls', { reason: 'expired' });
const invoice = aLetter('hyperline', 'invoices');
const expiredInvoice = aLetter('hyperline', 'invoices', { reason: 'expired' });
const expiredOnce = aLetter('lago', 'calls', { history: [{ reason: 'expired', attempts: 9, at: 1 }] });
const mended = { ...EVENT, properties: { tokens: 5 } };

test.each<[string, LetterEntry, object, { mayHaveArrived: boolean }]>([
  ['a value', ofLago, mended, { mayHaveArrived: false }],
  ['who is billed, for what was refused', ofLago, { ...mended, userId: 'bob' }, { mayHaveArrived: false }],
  [
    'the id at the API, for what was refused',
    invoice,
    { ...EVENT, properties: { invoice: 'i-2' } },
    { mayHaveArrived: false },
  ],
  ['a value, of what may have arrived', expired, mended, { mayHaveArrived: true }],
])('may change: %s', (_name, before, event, expected) => {
  const checked = checkEdit(before, event, rules);
  expect(checked).toMatchObject({ ok: true, ...expected, entry: { letter: { event } } });
  expect((checked as { mapped: object[] }).mapped).toMatchObject([{ as: 'usage' }]);
});

test.each<[string, LetterEntry, unknown, RegExp]>([
  ['its messageId', ofLago, { ...mended, messageId: 'm-2' }, /^messageId may not change/],
  ['its time', ofLago, { ...mended, timestamp: '2026-11-21T14:25:00.501Z' }, /^timestamp may not/],
  ['no messageId', ofLago, { ...mended, messageId: undefined }, /^messageId may not change/],
  ['its receipt', ofLago, { ...mended, receivedAt: EVENT.timestamp }, /^receivedAt may not/],
  ['no event', ofLago, [], /no Segment event \(not_an_object\)/],
  ['no name', ofLago, { ...mended, event: '' }, /no Segment event \(missing_event\)/],
  ['nobody', ofLago, { ...mended, userId: null }, /missing_identity/],
  ['too much of it', ofLago, { ...mended, context: { text: 'x'.repeat(40_000) } }, /too_large/],
  ['what cannot be mapped', ofLago, EVENT, /dead again: properties\.tokens/],
  ['what its rule does not take', ofLago, { ...mended, event: 'Login' }, /its rule calls takes it as it was/],
  ['whose it is, where it may have arrived', expired, { ...mended, userId: 'bob' }, /twice/],
  ['the same, an earlier life ago', expiredOnce, { ...mended, userId: 'bob' }, /twice/],
  ['its id at the API, likewise', expiredInvoice, { ...EVENT, properties: { invoice: 'i-2' } }, /twice/],
  ['a poison', aLetter('lago', 'calls', { reason: 'poison' }), mended, /may be what kills/],
])('may not become: %s', (_name, before, event, problem) => {
  expect(checkEdit(before, event, rules)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});

const rejected = (raw: unknown) => deadRejection({ raw });

const { type: _type, receivedAt: _receivedAt, ...untyped } = mended;

test('what was no Segment event may become one, under the id that it came with', () => {
  const before = rejected(untyped);
  const right = { ...untyped, type: 'track', properties: { tokens: 5, invoice: 'i-1' } };
  expect(checkEdit(before, right, rules)).toMatchObject({
    ok: true,
    mapped: [{ destination: 'lago' }, { destination: 'hyperline' }],
  });
  const idless = rejected({ ...untyped, messageId: '' });
  expect(checkEdit(idless, { ...right, messageId: 'm-2' }, rules)).toMatchObject({ ok: true });
});

test.each<[string, LetterEntry, unknown, RegExp]>([
  ['another id', rejected(untyped), { ...untyped, type: 'track', messageId: 'm-2' }, /^messageId may not/],
  [
    'still none',
    rejected(untyped),
    { ...untyped, type: 'tracked' },
    /still no Segment event: unsupported_type/,
  ],
  ['a body that was no event', rejected('{"batch":'), mended, /no event at all/],
])('what was no Segment event may not become: %s', (_name, before, event, problem) => {
  expect(checkEdit(before, event, rules)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});

test('what may have arrived is not billed to somebody else by an edit, whatever its last reason', () => {
  const sent = aLetter('lago', 'calls', { sentUnder: config.rules.get('lago')!.version });
  const edit = (of: object) => checkEdit(sent, { ...EVENT, properties: { tokens: 1 }, ...of }, rules);
  expect(edit({})).toMatchObject({ ok: true, mayHaveArrived: true });
  expect(edit({ userId: 'bob' })).toMatchObject({ ok: false, problem: expect.stringContaining('twice') });
});
