import { expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import { type Destination, destinationKinds, type Held } from '@meterbridge/destinations';
import { type EarlierRules, judgeDuplicate } from './judge-duplicate.js';

const { compare } = destinationKinds.lago.held!;

const body = (changes: object = {}) => ({
  transaction_id: 'm-1',
  external_subscription_id: 'sub-1',
  code: 'calls',
  timestamp: '1795235992.123',
  properties: { tokens: 12 },
  ...changes,
});
const duplicate = {
  delivery: { rule: 'calls', event: { messageId: 'm-1' } as StoredDelivery['event'] },
  body: JSON.stringify(body()),
};
const holds = (changes: object = {}): Held => ({
  held: 'event',
  subscription: 'sub-1',
  body: JSON.stringify(body({ timestamp: '2026-11-21T04:39:52.123Z', ...changes })),
});

const writes = (changes: object): Destination['map'] => {
  const usage = { key: '', recordIdentity: '', body: JSON.stringify(body(changes)) };
  return () => ({ ok: true, usage });
};
const asksFor: Destination['map'] = () => {
  const complete = (subscription: string) => ({
    key: '',
    recordIdentity: '',
    body: JSON.stringify(body({ code: 'old', external_subscription_id: subscription })),
  });
  return { ok: true, pending: { customer: 'c', at: 0, complete } };
};
const fails: Destination['map'] = () => ({
  ok: false,
  code: 'unmapped',
  failure: { code: 'missing_value', path: 'userId', detail: 'userId is missing' },
});
const earlier = (...maps: Destination['map'][]): EarlierRules => new Map([['calls', maps]]);

const COLLISION = { outcome: 'failed', code: 'identity_collision', usage: duplicate.body };
const OLDER: Outcome = { outcome: 'duplicate', found: 'older_rule' };
const NOT_COMPARED: Outcome = { outcome: 'duplicate', found: 'not_compared' };

test.each<[string, Held, EarlierRules | null, object]>([
  ['nobody knows what is held', { held: 'unknown' }, earlier(), NOT_COMPARED],
  ['the same is held', holds(), earlier(), { outcome: 'duplicate' }],
  ['the same is held, whatever the rules were', holds(), null, { outcome: 'duplicate' }],
  [
    'nothing is held',
    { held: 'nothing' },
    earlier(writes({})),
    { code: 'deleted_there', usage: duplicate.body },
  ],
  [
    'another is held',
    holds({ code: 'old' }),
    earlier(),
    { ...COLLISION, held: expect.stringContaining('"old"') },
  ],
  ['an earlier rule wrote it', holds({ code: 'old' }), earlier(fails, writes({ code: 'old' })), OLDER],
  [
    'an earlier rule wrote it, whose subscription was looked up',
    holds({ code: 'old' }),
    earlier(asksFor),
    OLDER,
  ],
  [
    'an earlier rule wrote something else',
    holds({ code: 'old' }),
    earlier(writes({ code: 'older' })),
    COLLISION,
  ],
  [
    'an earlier rule wrote it, but of another event',
    holds({ code: 'old', properties: { tokens: 13 } }),
    earlier(writes({ code: 'old' })),
    COLLISION,
  ],
  [
    'another rule wrote it',
    holds({ code: 'old' }),
    new Map([['others', [writes({ code: 'old' })]]]),
    COLLISION,
  ],
  ['nobody can say what the rules were', holds({ code: 'old' }), null, NOT_COMPARED],
])('%s', (_what, held, rules, outcome) => {
  expect(judgeDuplicate(duplicate, held, compare, rules)).toMatchObject(outcome);
});

test('a collision names what differs, without a value, however many that are and whatever they are called', () => {
  const detailOf = (changes: object) => {
    const outcome = judgeDuplicate(duplicate, holds(changes), compare, earlier());
    return outcome.outcome === 'failed' ? outcome.detail! : '';
  };
  expect(detailOf({ code: 'secret', properties: { tokens: 4711 } })).toMatch(/: code, properties\.tokens$/);
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index + 10}`, 1]));
  expect(detailOf({ properties: { tokens: 12, ...many } })).toMatch(/properties\.p10, .* and 20 more$/);
  const strange = { [`\u001b[31m${'x'.repeat(500)}`]: 1 };
  expect(detailOf({ properties: { tokens: 12, ...strange } })).toMatch(/"properties\.\\u001b\[31mx{10,50}"$/);
});
