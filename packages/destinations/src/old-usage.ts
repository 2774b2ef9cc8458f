/** An event of the last hour and of this month is of an open period, as far as it is worth a read to know. */
const RECENT_MS = 3_600_000;

/**
 * ISO 8601: an event of before it may be of a period that is over. Compared as a text, it costs an event next to nothing.
 * @param now epoch milliseconds
 */
export function oldBefore(now: number): string {
  const begun = `${new Date(now).toISOString().slice(0, '2026-10'.length)}-01T00:00:00.000Z`;
  const recent = new Date(now - RECENT_MS).toISOString();
  return recent > begun ? recent : begun;
}
