import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import { jsonTypeOf, type Rejection } from './rejection.js';
import type { JsonObject } from './segment-event.js';
import { MAX_MESSAGE_ID_LENGTH, type MessageId } from './segment-event.js';

// What a client or a hop changes from one try to the next, or adds about itself: not content.
const TRANSPORT_FIELDS = new Set(['messageId', 'sentAt', 'receivedAt', 'writeKey', '_metadata']);

// NUL cannot be stored by Postgres; a lone surrogate is replaced on its way to UTF-8, so that two ids
// would become one.
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * The id an event is billed under. Where the sender left it out it is a hash of the content, the same
 * for every retry; without a timestamp in it the content cannot tell a retry from a second event that
 * looks alike, and either guess would be a wrong bill.
 *
 * An id longer than Segment takes is refused: Segment would not forward it as it is, and the same event
 * arriving by both ways would be two. Cutting it down could make two events one.
 */
export function identify(event: JsonObject): { messageId: MessageId } | Rejection {
  const given = Number.isSafeInteger(event.messageId) ? String(event.messageId) : event.messageId;
  if (given === undefined || given === null || given === '') return identifyByContent(event);
  if (typeof given !== 'string') {
    return { reason: 'invalid_message_id', detail: `messageId is a ${jsonTypeOf(given)}; expected a string` };
  }
  if (given.length > MAX_MESSAGE_ID_LENGTH) {
    const detail = `messageId has ${given.length} characters; expected at most ${MAX_MESSAGE_ID_LENGTH}`;
    return { reason: 'invalid_message_id', detail };
  }
  if (UNSTORABLE.test(given)) {
    return {
      reason: 'invalid_message_id',
      detail: 'messageId holds a control character or half a character',
    };
  }
  return { messageId: given as MessageId };
}

function identifyByContent(event: JsonObject): { messageId: MessageId } | Rejection {
  if (event.timestamp == null && event.originalTimestamp == null) {
    const detail = 'messageId and timestamp are missing; the event cannot be told from its own retry';
    return { reason: 'no_message_id_or_timestamp', detail };
  }
  const content = Object.fromEntries(Object.entries(event).filter(([field]) => !TRANSPORT_FIELDS.has(field)));
  return { messageId: `sha256-${hash('sha256', canonicalJson(content), 'hex')}` as MessageId };
}
