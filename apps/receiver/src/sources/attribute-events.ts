import type { Source } from '@meterbridge/config';
import { type SegmentBody, writeKeyOf } from '@meterbridge/segment-events';
import type { WriteKeyIndex } from './write-keys.js';

/** Which source each event of a body belongs to; undefined for one that is refused for the key it names. */
export type Attribution = {
  /** In the order of the body's events. */
  sources: (Source | undefined)[];
  /** The source that answers for the request, and keeps the dead letters of events that have none. */
  sender: Source;
};

/**
 * Finds out whose events these are: an event's own key decides where it is a source's, else that of the header, else
 * that of the body. The key that a request was sent with vouches for events that name an unknown one, which a client
 * may carry from elsewhere, unless its source refuses them. An unknown key at the body's top level does no harm where
 * the header's is known.
 * @returns null where the request proves to be nobody's.
 */
export function attributeEvents(
  body: SegmentBody,
  headerSource: Source | undefined,
  findSource: WriteKeyIndex,
): Attribution | null {
  const requestSource =
    headerSource ?? (body.batchWriteKey === undefined ? undefined : findSource(body.batchWriteKey));
  const sourcesByKey = new Map<string, Source | undefined>();
  for (const writeKey of body.writeKeys) sourcesByKey.set(writeKey, findSource(writeKey));
  const sources = body.events.map((event) => {
    const writeKey = writeKeyOf(event);
    if (writeKey === undefined) return requestSource;
    const isVouchedFor = writeKey === body.batchWriteKey || !requestSource?.refuseUnknownWriteKeys;
    return sourcesByKey.get(writeKey) ?? (isVouchedFor ? requestSource : undefined);
  });
  const sender = requestSource ?? sources.find((source) => source !== undefined);
  return sender ? { sources, sender } : null;
}
