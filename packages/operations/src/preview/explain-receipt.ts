import type { Source } from '@meterbridge/config';
import {
  compilePrivacy,
  isJsonObject,
  type JsonObject,
  type PrivacyRules,
  type Received,
  type SegmentEvent,
} from '@meterbridge/segment-events';

/** What the receiver did to an event, without any value it took away. */
export type Receipt = {
  messageId: string;
  /** `content`: a hash of what it holds, since it came without one. */
  messageIdFrom: 'event' | 'content';
  timestamp: string;
  /** `device clock`: corrected by when it was sent and received; `receipt`: it came without one. */
  timestampFrom: 'event' | 'device clock' | 'receipt';
  /** Other fields that were left out or written in another way. */
  tidied: string[];
  privacy: { path: string; how: 'dropped' | 'masked' | 'hashed' | 'hashed without a key' }[];
};

const OWN_FIELDS = new Set(['messageId', 'timestamp', 'receivedAt', 'writeKey']);

export function explainReceipt(
  raw: unknown,
  { frozen, timeFromReceipt }: Received & { status: 'taken' },
  source: Pick<Source, 'privacy'>,
): Receipt {
  const given: JsonObject = isJsonObject(raw) ? raw : {};
  const saysTime = (given.timestamp ?? given.originalTimestamp) != null;
  return {
    messageId: frozen.messageId,
    messageIdFrom:
      given.messageId === undefined || given.messageId === null || given.messageId === ''
        ? 'content'
        : 'event',
    timestamp: frozen.timestamp,
    timestampFrom: !timeFromReceipt ? 'event' : saysTime ? 'device clock' : 'receipt',
    tidied: Object.keys(given).filter(
      (field) => !OWN_FIELDS.has(field) && JSON.stringify(given[field]) !== JSON.stringify(frozen[field]),
    ),
    privacy: explainPrivacy(frozen, source.privacy ?? {}),
  };
}

const HOW = { drop: 'dropped', mask: 'masked', hash: 'hashed', sha256: 'hashed without a key' } as const;

/** Which key it is does not matter to whether something was there to hash. */
const ANY_KEY = 'any';

/** One rule after the other, in the order in which all of them run, and whether it changed anything. */
function explainPrivacy(frozen: SegmentEvent, rules: PrivacyRules): Receipt['privacy'] {
  let event = frozen;
  return (['drop', 'mask', 'hash', 'sha256'] as const).flatMap((kind) =>
    (rules[kind] ?? []).flatMap((path) => {
      const before = JSON.stringify(event);
      event = compilePrivacy({ [kind]: [path] }, ANY_KEY)(event);
      return JSON.stringify(event) === before ? [] : [{ path, how: HOW[kind] }];
    }),
  );
}
