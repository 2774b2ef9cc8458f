import { expect, test } from '@jest/globals';
import type { ListedUsage, UsageIdentity } from '@meterbridge/destinations';
import type { Receipt } from '@meterbridge/receipts';
import type { UsageReceipt } from './compare-lists.js';
import { judgeDifference } from './findings.js';
import type { Difference } from './look.js';

const OF_OWNERS: UsageIdentity = { fields: ['usageId', 'owner'], inEffect: 'first' };
const OF_CODES: UsageIdentity = { fields: ['usageId', 'code'], inEffect: 'newest' };

const receipt = (change: Partial<Receipt> = {}) =>
  ({
    usageId: 'm-1',
    code: 'a',
    owner: 's',
    eventAt: 100,
    settledAt: 1_000,
    outcome: 'delivered',
    usage: 'sent',
    ...change,
  }) as UsageReceipt;
const row = (body: string, owner = 's'): ListedUsage => ({
  row: 'row-1',
  usageId: 'm-1',
  owner,
  code: 'a',
  at: 100,
  body,
});

/** Content is one word here: another one differs. */
const judged = async (
  difference: Difference,
  {
    byId = [],
    books = [],
    identity = OF_OWNERS,
  }: { byId?: ListedUsage[]; books?: Receipt[]; identity?: UsageIdentity },
) => {
  const finding = await judgeDifference(difference, {
    api: {
      compare: async (sent, { body }) => (body === 'unknown' ? null : sent === body ? [] : ['content']),
      byId: async () => byId,
    },
    find: async () => [difference.receipt, ...books],
    identity,
  });
  return finding?.finding ?? null;
};

const MISSING: Difference = { kind: 'missing', receipt: receipt() };

test.each<[string, Parameters<typeof judged>[1], string | null]>([
  ['nowhere', {}, 'missing_there'],
  ['nowhere, and called a duplicate once', { books: [receipt({ outcome: 'duplicate' })] }, 'deleted_there'],
  [
    'nowhere, and one of another code was a duplicate',
    { books: [receipt({ outcome: 'duplicate', code: 'b' })] },
    'missing_there',
  ],
  ['there after all', { byId: [row('sent')] }, null],
  ['there as something else', { byId: [row('else')] }, 'other_content'],
  ['there, and nobody can compare it', { byId: [row('unknown')] }, null],
  ['there of an owner whom nobody knows', { byId: [row('else', 't')] }, 'other_content'],
  ["another owner's", { byId: [row('else', 't')], books: [receipt({ owner: 't' })] }, 'missing_there'],
  [
    'there in a newer version',
    { byId: [row('newer')], books: [receipt({ usage: 'newer', eventAt: 200 })], identity: OF_CODES },
    null,
  ],
  [
    'there in an older version',
    { byId: [row('older')], books: [receipt({ usage: 'older', eventAt: 50 })], identity: OF_CODES },
    'other_content',
  ],
  [
    'there as it came first, at an earlier time',
    { byId: [row('first')], books: [receipt({ usage: 'first', eventAt: 50, settledAt: 500 })] },
    null,
  ],
  [
    'there as it came again',
    { byId: [row('again')], books: [receipt({ usage: 'again', eventAt: 200, settledAt: 2_000 })] },
    'other_content',
  ],
])('missing in a list, and %s', async (_what, sides, finding) => {
  expect(await judged(MISSING, sides)).toBe(finding);
});

test('what an older rule wrote is there as it was known to be', async () => {
  const byRule = receipt({ outcome: 'older_rule' });
  expect(await judged({ kind: 'missing', receipt: byRule }, { byId: [row('older')] })).toBeNull();
  expect(await judged({ kind: 'missing', receipt: byRule }, {})).toBe('deleted_there');
});
