import { nameSchema } from '@meterbridge/usage-mapping';
import * as z from 'zod';
import type { Connection, Destination } from './destination.js';
import { secretSchema } from './secret.js';

const DEFAULT_MAX_BYTES = 1_000_000;

/** What every destination has in its settings, beside `type` and `rules`. */
export function connectionFields(given: { url: string; addedPath: string; timeoutMs: number }) {
  return {
    name: nameSchema.describe('Names its queue, its metrics and its dead letters: keep it'),
    url: z
      .string()
      .superRefine((url, context) => {
        const message = findUrlProblem(url, given.addedPath);
        if (message) context.addIssue({ code: 'custom', message });
      })
      .default(given.url)
      .describe(`Where the API is; ${given.addedPath} is added`),
    apiKey: secretSchema.min(1, 'a key was expected').describe('By environment variable, never in the file'),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(120_000)
      .default(given.timeoutMs)
      .describe('How long a request may take; longer than the API itself takes to give up'),
  };
}

function findUrlProblem(text: string, addedPath: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return 'an http or https URL was expected';
  if (url.username || url.password || url.search || url.hash) {
    return 'a URL without user, query and fragment was expected';
  }
  return trimSlashes(url.pathname).endsWith(addedPath) ? `leave ${addedPath} out, it is added` : null;
}

function trimSlashes(url: string): string {
  return url.replace(/\/+$/, '');
}

const pace = z.union(
  [z.number().positive().max(10_000), z.literal('unlimited')],
  'expected a number above 0, up to 10000, or unlimited; to send nothing for a while, hold the destination',
);

/** Requests a second. */
export type RequestRate = z.output<typeof pace>;

/**
 * How fast and how much at once. One budget for all workers of the billing account.
 * @param given.readsPerSecond where nothing is said of reads
 */
export function limitSchema(given: {
  requestsPerSecond: number;
  readsPerSecond: (requestsPerSecond: RequestRate) => RequestRate;
  concurrency: number;
  batchSize: number;
  maxBatchSize: number;
  /** The default of `readsPerSecond`, in words. */
  aboutReads: string;
}) {
  return z
    .strictObject({
      requestsPerSecond: pace
        .default(given.requestsPerSecond)
        .describe("Of the whole account, over all workers; 'unlimited' for one's own without a limit"),
      readsPerSecond: pace
        .optional()
        .describe(`What the account is asked beside events, over all workers; ${given.aboutReads}`),
      concurrency: z.int().min(1, 'expected a whole number from 1').max(256).default(given.concurrency),
      batchSize: z
        .int()
        .min(1, 'expected a whole number from 1')
        .max(given.maxBatchSize)
        .default(given.batchSize),
      maxBytes: z.int().min(10_000).max(50_000_000).default(DEFAULT_MAX_BYTES),
    })
    .transform(({ readsPerSecond, ...limit }) => ({
      ...limit,
      readsPerSecond: readsPerSecond ?? given.readsPerSecond(limit.requestsPerSecond),
    }))
    .prefault({});
}

/** Two rules of one name could not be told apart in a queued batch. */
export function refuseDuplicateNames(
  rules: readonly { name: string }[],
  context: { addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void },
): void {
  rules.forEach(({ name }, index) => {
    if (rules.findIndex((rule) => rule.name === name) < index) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `"${name}" is taken by another rule`,
      });
    }
  });
}

/** What a destination takes from its settings as it is. */
export function fromSettings(settings: {
  name: string;
  type: string;
  url: string;
  apiKey: string;
  timeoutMs: number;
  limit: Destination['limit'] & { batchSize: number; maxBytes: number };
}): Pick<Destination, 'name' | 'type' | 'batchSize' | 'maxBytes' | 'limit' | 'connection'> {
  const { name, type, limit } = settings;
  const { batchSize, maxBytes } = limit;
  return { name, type, batchSize, maxBytes, limit, connection: toConnection(settings) };
}

function toConnection(settings: { url: string; apiKey: string; timeoutMs: number }): Connection {
  return {
    baseUrl: trimSlashes(settings.url),
    headers: { authorization: `Bearer ${settings.apiKey}`, accept: 'application/json' },
    timeoutMs: settings.timeoutMs,
  };
}
