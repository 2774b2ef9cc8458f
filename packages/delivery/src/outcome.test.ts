import { expect, test } from '@jest/globals';
import { mayHaveArrived, type Outcome, outcomeAfter, type Suspected } from './outcome.js';

const failed = (over: Partial<Suspected> = {}): Suspected => ({
  outcome: 'suspected',
  code: 'refused',
  status: 403,
  at: 1,
  of: 40,
  way: '/events/batch',
  isAccepting: true,
  ...over,
});
const refused = failed();
const cut = failed({ code: 'connection' });
const alone = failed({ at: 2, of: 1 });
const duplicate: Outcome = { outcome: 'duplicate', usage: '{}' };

test.each<[string, Suspected, Outcome, Outcome]>([
  ['refused, then accepted', refused, { outcome: 'delivered' }, { outcome: 'delivered' }],
  ['refused, then a duplicate of somebody else', refused, duplicate, duplicate],
  ['refused twice', refused, alone, alone],
  ['refused, and not sent again', refused, { outcome: 'unsent', waitMs: 9 }, refused],
  ['cut, then accepted', cut, { outcome: 'delivered' }, { outcome: 'delivered' }],
  ['cut, then a duplicate of itself', cut, duplicate, { outcome: 'delivered' }],
  ['cut, then refused', cut, alone, { ...alone, maybeBefore: true }],
  ['cut, and not sent again', cut, { outcome: 'unsent' }, cut],
])('what becomes of an event that was %s', (_what, first, last, outcome) => {
  expect(outcomeAfter(first, last)).toEqual(outcome);
});

test.each<[string, Outcome, boolean]>([
  ['was cut', { ...cut, usage: '{}' }, true],
  ['was refused', { ...alone, usage: '{}' }, false],
  ['was refused after a request that was cut', { ...alone, usage: '{}', maybeBefore: true }, true],
  [
    'was refused for good after a request that was cut',
    { outcome: 'failed', code: 'refused', usage: '{}', maybeBefore: true },
    true,
  ],
  ['was never sent', { outcome: 'failed', code: 'unmapped' }, false],
  ['was accepted', { outcome: 'delivered' }, false],
])('whether an event may have arrived that %s', (_what, outcome, may) => {
  expect(mayHaveArrived(outcome)).toBe(may);
});
