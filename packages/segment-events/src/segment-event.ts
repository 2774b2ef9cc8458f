import * as z from 'zod';

/** The calls of Segment's Spec that carry usage. `delete`, which only webhooks send, is none of them. */
export const CALL_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;

export type CallType = (typeof CALL_TYPES)[number];

/** Segment's documented limit for a messageId, in UTF-16 units. */
export const MAX_MESSAGE_ID_LENGTH = 100;

export const messageIdSchema = z.string().min(1).max(MAX_MESSAGE_ID_LENGTH).brand<'MessageId'>();

/** The event's own id: the sender's, or `sha256-…` of its content where the sender left it out. */
export type MessageId = z.infer<typeof messageIdSchema>;

/** A JSON object whose fields nobody has looked at yet. */
export type JsonObject = Record<string, unknown>;

/** An object as JSON has them: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// z.record would copy and visit every property of every event; what is inside is the mapping's business.
const jsonObject = z.custom<JsonObject>(isJsonObject, 'expected an object');

/**
 * The frozen event: what is stored, mapped and replayed. `messageId` and `timestamp` were fixed at first
 * receipt and are never computed again. Both times are ISO 8601 in UTC with milliseconds and `Z`;
 * `receivedAt` is this receiver's own. Fields nobody here knows pass through.
 */
export const segmentEventSchema = z.looseObject({
  type: z.enum(CALL_TYPES),
  messageId: messageIdSchema,
  timestamp: z.iso.datetime({ precision: 3 }),
  receivedAt: z.iso.datetime({ precision: 3 }),
  userId: z.string().min(1).optional(),
  anonymousId: z.string().min(1).optional(),
  groupId: z.string().min(1).optional(),
  previousId: z.string().min(1).optional(),
  /** The name of a track call. */
  event: z.string().optional(),
  /** The name of a page or a screen. */
  name: z.string().optional(),
  properties: jsonObject.optional(),
  traits: jsonObject.optional(),
  context: jsonObject.optional(),
  integrations: jsonObject.optional(),
});

export type SegmentEvent = z.infer<typeof segmentEventSchema>;
