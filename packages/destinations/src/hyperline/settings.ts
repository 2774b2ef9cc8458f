import { propertiesRuleSchema, routingFields, valueRuleSchema } from '@meterbridge/usage-mapping';
import * as z from 'zod';
import { connectionFields, limitSchema, refuseDuplicateNames } from '../settings.js';
import { hyperlineDescription } from './describe.js';

const { url, limit } = hyperlineDescription.defaults;

import { findIdProblem } from './identity.js';

/** Hyperline's documented maximum for a batch. */
const MAX_BATCH = 5_000;

const ruleFields = z.strictObject({
  ...routingFields,
  customer: valueRuleSchema.describe("Where the customer's id or external id stands in the event"),
  eventType: valueRuleSchema.describe('A path, or { value } for one name'),
  record: propertiesRuleSchema.describe(
    'What is sent; a bare path that is missing is left out, null is kept. id: the messageId where left out',
  ),
  uniqueIds: z
    .literal(true)
    .optional()
    .describe(
      "The record's own id is never that of two customers: one that names another customer moves there",
    ),
});

export const hyperlineRuleSchema = ruleFields.superRefine((rule, context) => {
  // What of it cannot be read has been reported.
  if (context.issues.some(({ path: [field] = [] }) => field === 'record' || field === 'customer')) return;
  const message = findIdProblem(rule);
  if (message) context.addIssue({ code: 'custom', path: ['record', 'id'], message });
});

export const hyperlineSettingsSchema = z.strictObject({
  type: z.literal('hyperline'),
  ...connectionFields({ url, addedPath: '/v1', timeoutMs: 15_000 }),
  limit: limitSchema({
    ...limit,
    // Reads and events share one limit there.
    readsPerSecond: (requests) => (requests === 'unlimited' ? requests : requests / 10),
    aboutReads: 'a tenth of requestsPerSecond where left out',
    maxBatchSize: MAX_BATCH,
  }),
  rules: z.array(hyperlineRuleSchema).min(1).superRefine(refuseDuplicateNames),
});

export type HyperlineRule = z.output<typeof hyperlineRuleSchema>;
export type HyperlineSettings = z.output<typeof hyperlineSettingsSchema>;
