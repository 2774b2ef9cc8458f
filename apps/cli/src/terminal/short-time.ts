/** A moment for people, in UTC, to the second. @param at epoch milliseconds */
export function shortTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
