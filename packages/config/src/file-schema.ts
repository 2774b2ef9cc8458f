import { destinationSettingsSchema, secretSchema } from '@meterbridge/destinations';
import * as z from 'zod';
import { isStandIn } from './interpolate.js';
import { redisTlsSchema } from './redis-tls.js';
import { redisUrlSchema } from './redis-url.js';
import { sourceSchema } from './source-settings.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A worker keeps a connection open for each, and looks at each. */
const MOST_SHARDS = 256;

const receiverSchema = z
  .strictObject({
    bodyBytes: z.int().min(100_000).default(10_000_000).describe('The most a request may be as it is sent'),
    inflatedBytes: z.int().min(100_000).default(50_000_000).describe('The most it may be decompressed'),
    eventBytes: z.int().min(1_000).default(32_768).describe("The most one event may be; Segment's own limit"),
    maxEventAgeDays: z.number().positive().default(366).describe('Older events are dead letters'),
    maxEventFutureMinutes: z.number().min(0).default(5).describe('Events further ahead are dead letters'),
  })
  .transform(({ maxEventAgeDays, maxEventFutureMinutes, ...bytes }) => ({
    ...bytes,
    maxEventAgeMs: maxEventAgeDays * DAY_MS,
    maxEventFutureMs: maxEventFutureMinutes * MINUTE_MS,
  }));

const redisSchema = z.strictObject({
  url: redisUrlSchema.optional().describe('REDIS_URL where left out'),
  tls: redisTlsSchema.optional().describe('For a URL that begins with rediss'),
  shards: z
    .int()
    .min(1)
    .max(MOST_SHARDS)
    .default(1)
    .describe("Parts that each destination's queue is divided into, for a Redis Cluster"),
  replicas: z
    .int()
    .min(0)
    .max(5)
    .default(0)
    .describe('So many replicas have to have an event before it is answered 200'),
  allowDataLoss: z
    .literal(true)
    .optional()
    .describe('Starts on a Redis that can lose what was acknowledged: no persistence, or eviction'),
  maxMemoryPercent: z
    .number()
    .min(1)
    .max(100)
    .default(80)
    .describe('Share of its maxmemory from which on senders are told to come again later'),
  refusedMemoryPercent: z
    .number()
    .min(0)
    .max(20)
    .default(5)
    .describe('Share of its maxmemory that refused events may take; beyond it they are only counted'),
});

const retrySchema = z
  .strictObject({
    giveUpAfterHours: z
      .number()
      .positive()
      .default(72)
      .describe('A delivery that has failed for longer is a dead letter'),
    failsAloneAfterMinutes: z
      .number()
      .positive()
      .default(60)
      .describe('An event that fails alone for longer, while others are accepted, is a dead letter'),
  })
  .transform(({ giveUpAfterHours, failsAloneAfterMinutes }) => ({
    giveUpAfterMs: giveUpAfterHours * HOUR_MS,
    failsAloneAfterMs: failsAloneAfterMinutes * MINUTE_MS,
  }));

const receiptsSchema = z
  .union([
    z.literal(false),
    z.strictObject({
      directory: z
        .string()
        .min(1)
        .optional()
        .describe('Where the archivist keeps what was delivered; RECEIPTS_DIRECTORY wins over it'),
      maxWaitingMegabytes: z
        .number()
        .positive()
        .default(64)
        .describe(
          'What may wait in Redis for the archivist, of each shard; beyond it billing goes on without receipts',
        ),
    }),
  ])
  .describe('What was delivered, kept for years; false for none');

/** As many as the hash has; `openssl rand -hex 32` writes twice that. */
const MIN_PRIVACY_KEY_BYTES = 32;

const privacyKeySchema = secretSchema.refine(
  (key) => key === '' || isStandIn(key) || key.length >= MIN_PRIVACY_KEY_BYTES,
  `expected at least ${MIN_PRIVACY_KEY_BYTES} bytes; openssl rand -hex 32 makes a key`,
);

/** The configuration file. Its defaults are the ones the configuration reference names. */
export const fileSchema = z.strictObject({
  sources: z.array(sourceSchema).min(1).describe('Where events come from'),
  destinations: z.array(destinationSettingsSchema).min(1).describe('Where usage goes'),
  privacyKey: privacyKeySchema
    .optional()
    .describe('What hash in the privacy of a source hashes with; by environment variable, never in the file'),
  receiver: receiverSchema.prefault({}),
  receipts: receiptsSchema.prefault({}),
  redis: redisSchema.prefault({}),
  retry: retrySchema.prefault({}),
});

/** The file's JSON Schema, for editors. It describes the file before `${NAME}` is replaced. */
export function configJsonSchema(): Record<string, unknown> {
  return { title: 'Meterbridge configuration', ...z.toJSONSchema(fileSchema, { io: 'input' }) };
}
