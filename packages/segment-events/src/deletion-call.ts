import { identify } from './event-identity.js';
import { hashWithKey } from './mask-value.js';
import { MAX_PERSON_ID_LENGTH, type PersonIds } from './person.js';
import { jsonTypeOf, type Rejection } from './rejection.js';
import { isJsonObject, type JsonObject, type MessageId } from './segment-event.js';

/** Segment's calls that ask to have a person deleted. They carry no usage. */
export const DELETION_TYPES = ['delete', 'suppress'] as const;

/** Segment's word for a deletion after which nothing of the person is to come. */
const SUPPRESS_WITH_DELETE = 'SUPPRESS_WITH_DELETE';

/** What a deletion call asks for. */
export type DeletionCall = {
  /** The same for every retry of the call. */
  messageId: MessageId;
  ids: PersonIds;
  /** Whether later events of the person are refused as well. */
  refuseLater: boolean;
};

/** Whether something that arrived is a deletion call, whatever else it holds. */
export function isDeletionCall(raw: unknown): raw is JsonObject {
  return isJsonObject(raw) && DELETION_TYPES.some((type) => type === raw.type);
}

/**
 * Reads whom a deletion call means. A `suppress` call has later events refused, and so does a `delete` call that says
 * so: by `suppress: true`, or by a `regulationType` of Segment's name for both.
 */
export function readDeletionCall(raw: JsonObject): DeletionCall | Rejection {
  const userId = readId(raw, 'userId');
  if (typeof userId === 'object') return userId;
  const anonymousId = readId(raw, 'anonymousId');
  if (typeof anonymousId === 'object') return anonymousId;
  if (userId === undefined && anonymousId === undefined) {
    return { reason: 'missing_identity', detail: 'userId and anonymousId are missing; expected one of them' };
  }
  const identity = identify(raw);
  if ('reason' in identity) return identity;
  const refuseLater =
    raw.type === 'suppress' || raw.suppress === true || raw.regulationType === SUPPRESS_WITH_DELETE;
  return { messageId: identity.messageId, ids: { userId, anonymousId }, refuseLater };
}

/** Null and the empty id are absence, and a whole number is an id, as of every event. */
function readId(raw: JsonObject, field: 'userId' | 'anonymousId'): string | undefined | Rejection {
  const value = raw[field];
  if (value === undefined || value === null || value === '') return undefined;
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== 'string') {
    return { reason: 'invalid_field', detail: `${field} is a ${jsonTypeOf(value)}; expected a string` };
  }
  if (id.trim() !== '' && id.length <= MAX_PERSON_ID_LENGTH) return id;
  const detail = `${field} has ${id.length} characters, or only blanks; expected 1 to ${MAX_PERSON_ID_LENGTH}`;
  return { reason: 'invalid_field', detail };
}

/** What a deletion call of a source is known by: the same for each retry of it, and without the key nobody's. */
export function deletionIdOf(source: string, { messageId, ids }: DeletionCall, privacyKey: string): string {
  const { userId = null, anonymousId = null } = ids;
  return hashWithKey({ deletion: messageId, source, userId, anonymousId }, privacyKey) as string;
}
