import {
  pathRuleSchema,
  propertiesRuleSchema,
  routingFields,
  templateRuleSchema,
  valueRuleSchema,
} from '@meterbridge/usage-mapping';
import * as z from 'zod';
import { secretSchema } from '../secret.js';
import { connectionFields, limitSchema, refuseDuplicateNames } from '../settings.js';
import { lagoDescription } from './describe.js';
import { readPublicKey } from './webhook-proof.js';

const { url, limit } = lagoDescription.defaults;

/**
 * Lago Cloud allows 50 requests a second for all that is not ingestion (getlago.com/docs: rate-limits). Some are left
 * to whatever else the organization does.
 */
const READS_PER_SECOND = 40;

/** The subscription is not in the event: Lago is asked for the customer's own. */
const subscriptionLookupSchema = z.strictObject({
  lookup: z.literal('customer').describe('Ask Lago for the subscription that the customer had at the time'),
  customer: valueRuleSchema
    .default(['context.groupId', 'userId'])
    .describe("Where the customer's external id stands in the event"),
  prefer: z
    .strictObject({
      plan: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
        .optional()
        .describe("The code of the subscription's plan; of several, the first that fits"),
      externalId: valueRuleSchema.optional().describe("Where the subscription's external id stands"),
    })
    .refine(
      ({ plan, externalId }) => plan !== undefined || externalId !== undefined,
      'expected plan or externalId',
    )
    .optional()
    .describe('Which subscription is meant where the customer had several at the time'),
});

/** What is written where another form than that of a code stands; undefined where its own problems say more. */
function describeCode(input: unknown): string | undefined {
  if (typeof input === 'number') return 'expected text: put the code in quotes';
  const isObject = typeof input === 'object' && input !== null;
  if (isObject && ('path' in input || 'template' in input)) return undefined;
  return 'expected the code as it is, without { value: … }, as in code: api_call; or { path: … } or { template: … }';
}

export const lagoRuleSchema = z.strictObject({
  ...routingFields,
  code: z
    .union([z.string().min(1), pathRuleSchema, templateRuleSchema], {
      error: ({ input }) => describeCode(input),
    })
    .default({ path: 'event' })
    .describe(
      "The billable metric's code as it is, or { path: … } or { template: … }; the event's name where left out",
    ),
  subscription: z
    .union([valueRuleSchema, subscriptionLookupSchema])
    .describe("Where the subscription's external id stands in the event, or { lookup: customer }"),
  properties: propertiesRuleSchema
    .default({})
    .describe(
      'Named ones must be there, or the event is a dead letter: Lago sums what is missing as nothing',
    ),
  preciseTotalAmountCents: valueRuleSchema
    .optional()
    .describe("For metrics with the dynamic charge model: the event's own price"),
  transactionIdSuffix: z
    .string()
    .regex(/^[\w.:-]{1,64}$/, 'letters, digits and . _ : - were expected, 64 at most')
    .optional()
    .describe('Added to the messageId; for a second rule that takes the same event'),
});

/** Lago has one key pair for all organizations: by the signature alone a webhook could be that of any of them. */
const webhookJwtSchema = z.strictObject({
  publicKey: z
    .string()
    .refine((text) => readPublicKey(text) !== null, 'an RSA public key was expected, as PEM or in base64')
    .describe("Lago's public key, as GET /api/v1/webhooks/json_public_key gives it, or as PEM"),
  organizationId: z.string().min(1).describe("The organization's lago_id: no other's webhooks are taken"),
});

export const lagoSettingsSchema = z.strictObject({
  type: z.literal('lago'),
  // Puma gives a request 12 seconds: shorter than that would resend what is still being stored.
  ...connectionFields({ url, addedPath: '/api/v1', timeoutMs: 15_000 }),
  limit: limitSchema({
    ...limit,
    readsPerSecond: (requests) => (requests === 'unlimited' ? requests : READS_PER_SECOND),
    aboutReads: '40 where left out, unlimited where requestsPerSecond is',
    maxBatchSize: 10_000,
  }),
  lateEvents: z
    .enum(['send', 'dead-letter'])
    .default('send')
    .describe(
      'What becomes of an event whose period Lago has billed: it is sent, for what is paid in advance or recurring, or it is a dead letter (period_closed)',
    ),
  webhookKey: secretSchema
    .min(1, 'a key was expected')
    .optional()
    .describe(
      "The organization's HMAC key, which proves Lago's webhooks; by environment variable, never in the file",
    ),
  webhookJwt: webhookJwtSchema.optional().describe('For webhooks that are signed by JWT'),
  rules: z.array(lagoRuleSchema).min(1).superRefine(refuseDuplicateNames),
});

export type SubscriptionLookup = z.output<typeof subscriptionLookupSchema>;

export function isLookup(subscription: LagoRule['subscription']): subscription is SubscriptionLookup {
  return typeof subscription === 'object' && 'lookup' in subscription;
}

export type LagoRule = z.output<typeof lagoRuleSchema>;
export type LagoSettings = z.output<typeof lagoSettingsSchema>;
