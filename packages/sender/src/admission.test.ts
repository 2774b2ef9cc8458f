import { expect, test } from '@jest/globals';
import type { Outcome, UsageEvent } from '@meterbridge/delivery';
import { Admission } from './admission.js';
import type { Waiter } from './entry.js';

const lago = (body = '{"n":1}'): UsageEvent => ({ key: 't1/100', recordIdentity: 't1', body });
const hyperline = (timestamp: number, customer: string): UsageEvent => ({
  key: `call/r1/${timestamp}`,
  recordIdentity: 'call/r1',
  customer,
  body: JSON.stringify({ timestamp, customer }),
});
const collision = expect.objectContaining({ outcome: 'failed', code: 'identity_collision' });

/** Admits usage events of jobs of one each, and says what became of each. */
function open() {
  const admission = new Admission();
  const admit = (usage: UsageEvent) => {
    const outcomes: Outcome[] = [];
    const waiter: Waiter = { outcomes, open: 1, resolve: () => {}, since: 0, isAnswered: () => false };
    return { entry: admission.admit(usage, waiter, 0, undefined), outcomes };
  };
  return { admission, admit };
}

test('a repeat of what is on its way is told the same, and is a duplicate of what was delivered', () => {
  const { admission, admit } = open();
  const first = admit(lago());
  const twin = admit(lago());
  expect([twin.entry, twin.outcomes]).toEqual([undefined, []]);
  admission.complete(first.entry!, { outcome: 'delivered' });
  expect(first.outcomes).toEqual([{ outcome: 'delivered' }]);
  expect(twin.outcomes).toEqual([{ outcome: 'duplicate' }]);
  expect(admit(lago())).toEqual({ entry: undefined, outcomes: [{ outcome: 'duplicate' }] });
});

test('what failed or the API had before is forgotten, and its twins are told as much', () => {
  for (const last of [{ outcome: 'unsent' }, { outcome: 'duplicate' }] satisfies Outcome[]) {
    const { admission, admit } = open();
    const first = admit(lago());
    const twin = admit(lago());
    admission.complete(first.entry!, last);
    const told = last.outcome === 'duplicate' ? { ...last, usage: lago().body } : last;
    expect([first.outcomes, twin.outcomes]).toEqual([[told], [told]]);
    expect(admit(lago('{"n":2}')).entry).toBeDefined();
  }
});

test('other content under the key of what is on its way or was delivered is a collision', () => {
  const { admission, admit } = open();
  const first = admit(lago());
  expect(admit(lago('{"n":2}')).outcomes).toEqual([collision]);
  admission.complete(first.entry!, { outcome: 'delivered' });
  expect(admit(lago('{"n":2}')).outcomes).toEqual([collision]);
});

test('a record is of the customer that has it, until that one failed', () => {
  const { admission, admit } = open();
  const first = admit(hyperline(100, 'acme'));
  expect(admit(hyperline(200, 'acme')).entry).toBeDefined();
  expect(admit(hyperline(300, 'initech')).outcomes).toEqual([collision]);
  admission.complete(first.entry!, { outcome: 'delivered' });
  expect(admit(hyperline(300, 'initech')).outcomes).toEqual([collision]);

  const other = open();
  other.admission.complete(other.admit(hyperline(100, 'acme')).entry!, {
    outcome: 'failed',
    code: 'refused',
  });
  expect(other.admit(hyperline(300, 'initech')).entry).toBeDefined();
});
