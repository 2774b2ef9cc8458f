/**
 * What Hyperline tells events apart by: two with one type and id are versions of one thing, the newest
 * timestamp counts. The customer is not part of it.
 * @param timestamp ISO 8601 in UTC with milliseconds
 */
export function hyperlineKey(eventType: string, recordId: string, timestamp: string): string {
  return JSON.stringify([eventType, recordId, timestamp]);
}

/** What may stand only once in a request. */
export function hyperlineRecordIdentity(eventType: string, recordId: string): string {
  return JSON.stringify([eventType, recordId]);
}
