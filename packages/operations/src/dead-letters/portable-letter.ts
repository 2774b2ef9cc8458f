import { bucketOf, FAILURE_FOLLOWS, type FailureCode, isPermanent, newerFormat } from '@meterbridge/delivery';
import { type PortableLetter, RECEIVER } from '@meterbridge/queue';
import { segmentEventSchema } from '@meterbridge/segment-events';
import * as z from 'zod';
import { destinationOf, type Letter, type LetterEntry } from './letter.js';

/** A letter as a line of JSON, with all that is known of it: the letter itself as it is stored. */
export function writePortable({ id, was, at, reason, bucket, json }: LetterEntry): string {
  const [head, time] = [was ?? id, new Date(at).toISOString()].map((text) => JSON.stringify(text));
  return `{"id":${head},"at":${time},"reason":${JSON.stringify(reason)},"cell":${JSON.stringify(bucket)},"letter":${json}}`;
}

export type ReadPortable =
  | { ok: true; letter: PortableLetter & { letter: Letter } }
  | { ok: false; problem: string };

const idSchema = z
  .string()
  .regex(/^(receiver|[^/@]+(@[1-9]\d{0,2})?)\/\d{1,16}-\d{1,16}$/, 'the id of a dead letter was expected')
  .refine((id) => !id.startsWith(`${RECEIVER}@`), 'the id of a dead letter was expected');

const reasons = (Object.keys(FAILURE_FOLLOWS) as FailureCode[]).filter(isPermanent);

const attemptSchema = z.looseObject({
  at: z.int(),
  code: z.string(),
  status: z.int().optional(),
  detail: z.string().optional(),
});

const requestSchema = z.looseObject({
  id: z.string().regex(/^[!-~]{1,128}$/, 'the id of a request was expected'),
  traceparent: z.string().optional(),
});

const keptUsageSchema = z.looseObject({ body: z.string(), characters: z.int() });

/** What is read anywhere of a letter; what else it has is kept. */
const deliverySchema = z.looseObject({
  rule: z.string().min(1),
  source: z.string().min(1),
  event: segmentEventSchema,
  hour: z.int().min(0).max(9_999_999),
  sentUnder: z.string().min(1).optional(),
  request: requestSchema.optional(),
  reason: z.enum(reasons),
  tries: z.looseObject({
    attempts: z.int().min(0),
    firstFailedAt: z.int(),
    lastFailedAt: z.int().optional(),
    lastCode: z.string(),
    lastStatus: z.int().optional(),
    lastDetail: z.string().optional(),
    earlier: z.array(attemptSchema).optional(),
  }),
  history: z.array(z.looseObject({ reason: z.string(), attempts: z.int(), at: z.int() })).optional(),
  usage: keptUsageSchema.optional(),
  held: keptUsageSchema.optional(),
});

const rejectedSchema = z.looseObject({
  source: z.string().min(1),
  via: z.enum(['tracking', 'webhook']).optional(),
  reason: z.string().min(1),
  detail: z.string(),
  raw: z.unknown(),
  receivedAt: z.iso.datetime({ precision: 3 }),
  request: requestSchema.optional(),
});

const lineSchema = z.looseObject({
  id: idSchema,
  cell: z.string(),
  letter: z.looseObject({}),
  format: z.unknown().optional(),
});

/**
 * Reads a line of an export. A problem names the field and what was expected, and never a value.
 * @param names the destinations there are, and the receiver
 * @param isKept whether a destination's rules of a version can be mapped by here
 */
export function readPortable(
  text: string,
  names: readonly string[],
  isKept: (destination: string, version: string) => boolean,
): ReadPortable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'is not JSON' };
  }
  const line = lineSchema.safeParse(json);
  if (!line.success) return { ok: false, problem: describe(line.error, '') };
  const { id, cell: bucket, format } = line.data;
  if (newerFormat('dead-letter', format) !== undefined) {
    return { ok: false, problem: 'was exported by a newer version: import it with that one' };
  }
  const destination = destinationOf({ id });
  if (!names.includes(destination)) {
    return { ok: false, problem: `there is no destination ${JSON.stringify(destination).slice(0, 80)}` };
  }
  const isReceivers = destination === RECEIVER;
  const read = (isReceivers ? rejectedSchema : deliverySchema).safeParse(line.data.letter);
  if (!read.success) return { ok: false, problem: describe(read.error, 'letter.') };
  // As it came: what a schema gives back is a copy, with its fields in another order.
  const { letter } = json as { letter: Letter };
  const { reason, source } = letter;
  if (!isReceivers) {
    const { hour, sentUnder } = letter as { hour: number; sentUnder?: string };
    if (sentUnder !== undefined && !isKept(destination, sentUnder)) {
      const problem =
        'letter.sentUnder: it may have arrived, and the rules that it was sent under are not kept here';
      return { ok: false, problem };
    }
    return { ok: true, letter: { id, reason, bucket: bucketOf(hour, source), letter } };
  }
  const end = bucket.indexOf('/');
  const isOwn = /^\d{1,7}$/.test(bucket.slice(0, end)) && bucket.slice(end + 1) === source;
  if (!isOwn) return { ok: false, problem: 'cell: an hour and the source of the letter were expected' };
  return { ok: true, letter: { id, reason, bucket, letter } };
}

function describe({ issues }: z.ZodError, prefix: string): string {
  const [first] = issues;
  const path = first!.path.join('.');
  return path === '' ? first!.message : `${prefix}${path}: ${first!.message}`;
}
