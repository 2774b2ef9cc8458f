import { propertiesRuleSchema, routingFields, valueRuleSchema } from '@meterbridge/usage-mapping';
import { z } from 'zod';
import { connectionFields, limitSchema, refuseDuplicateNames } from '../settings.js';
import { hyperlineDescription } from './describe.js';

const { url, limit } = hyperlineDescription.defaults;

/** Hyperline's documented maximum for a batch. */
const MAX_BATCH = 5_000;

export const hyperlineRuleSchema = z.strictObject({
  ...routingFields,
  customer: valueRuleSchema.describe("Where the customer's id or external id stands in the event"),
  eventType: valueRuleSchema.describe('A path, or { value } for one name'),
  record: propertiesRuleSchema.describe(
    'What is sent; a bare path that is missing is left out, null is kept. id: the messageId where left out',
  ),
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
