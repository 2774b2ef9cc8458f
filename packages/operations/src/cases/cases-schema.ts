import { type RejectionReason, readTimestampMs } from '@meterbridge/segment-events';
import * as z from 'zod';
import type { UndeliverableCode } from '../pipeline/pipeline.js';

/** A new reason does not compile until it stands here. */
const REJECTIONS: Record<RejectionReason, true> = {
  not_an_object: true,
  too_deep: true,
  too_large: true,
  invalid_field: true,
  missing_type: true,
  unsupported_type: true,
  missing_event: true,
  missing_identity: true,
  invalid_message_id: true,
  no_message_id_or_timestamp: true,
  invalid_timestamp: true,
  timestamp_out_of_range: true,
  invalid_json: true,
};

const FAILURES: Record<UndeliverableCode, true> = {
  missing_value: true,
  wrong_type: true,
  unsupported_value: true,
  too_many_properties: true,
  unknown_rule: true,
  identity_collision: true,
};

const json = z.record(z.string(), z.unknown(), 'expected an object');

/** One of several words, or something that is said in more than a word. */
function wordOr<Form extends z.ZodType>(words: readonly string[], form: Form, otherwise: string) {
  const expected = `expected ${otherwise}, or one of ${words.join(', ')}`;
  const word = z.string().refine((text) => words.includes(text), expected);
  const isNeither = (input: unknown) => typeof input !== 'string' && typeof input !== 'object';
  return z.union([word, form], { error: ({ input }) => (isNeither(input) ? expected : undefined) });
}

const byRule = z.record(z.string(), wordOr(Object.keys(FAILURES), json, 'a usage event'));

const byDestination = z.record(
  z.string(),
  wordOr(['filtered'], byRule, 'what each rule that takes it makes of it'),
);

const time = z.string().refine((text) => readTimestampMs(text) !== null, 'an ISO 8601 time was expected');

const caseSchema = z
  .strictObject({
    name: z.string().min(1).describe('What it shows, as a sentence'),
    source: z.string().optional().describe('Whose event it is; the first source where left out'),
    receivedAt: time.optional().describe("When it comes in; the event's own time where left out"),
    event: json.describe('As a client sends it; as Segment forwards it, where it has a receivedAt'),
    expect: wordOr(
      ['filtered', 'ignored', ...Object.keys(REJECTIONS)],
      byDestination,
      'what becomes of it by destination',
    ),
  })
  .transform(({ event, receivedAt, ...rest }, context) => {
    const times = [event.receivedAt, receivedAt, event.timestamp, event.originalTimestamp];
    const receivedAtMs = times.map(readTimestampMs).find((each) => each !== null);
    if (receivedAtMs !== undefined) return { ...rest, event, receivedAtMs };
    context.addIssue({ code: 'custom', path: ['event'], message: 'has no time of its own: say receivedAt' });
    return z.NEVER;
  });

/** A file of cases: events, and what the configuration beside it is to make of them. */
export const casesSchema = z.strictObject({ cases: z.array(caseSchema).min(1) });

export type Case = z.output<typeof caseSchema>;

/** What becomes of an event, in the words of a case; destinations that filter it are left out. */
export type Expectation = Case['expect'];
