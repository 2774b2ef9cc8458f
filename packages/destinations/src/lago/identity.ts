import type { RuleIdentity } from '../destination.js';
import type { LagoRule } from './settings.js';

const MAX_SUFFIX = 64;

/**
 * Lago tells events apart by `transaction_id`, not by `code` (lago-api: structure.sql, the unique index). The
 * subscription is in that index too, but is no part of this: two paths may lead to one subscription.
 */
export const lagoIdentity: RuleIdentity<LagoRule> = {
  name: 'transaction_id',
  of: ({ transactionIdSuffix = '' }) => transactionIdSuffix,
  shared: (a, b) => (lagoIdentity.of(a) === lagoIdentity.of(b) ? {} : null),
  remedy: (rule) => `transactionIdSuffix: "${`:${rule}`.slice(0, MAX_SUFFIX)}"`,
};
