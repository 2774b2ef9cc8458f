/** What has to hold before a month is closed, in the order in which it is told. */
export const POINTS = [
  'in-flight',
  'dead-letters',
  'receipts',
  'gaps',
  'archived',
  'findings',
  'sources',
  'contents',
] as const;

export type Point = (typeof POINTS)[number];

/** Whether a point holds, and the sentences that say why, or why not. */
export type Decision = { ok: boolean; words: string[] };

/** Names that a sentence lists; of the others it says how many. */
const LISTED = 5;

/** A point that holds where there is nothing to say against it. @param good said then */
export function decide(against: readonly string[], good: string): Decision {
  return against.length === 0 ? { ok: true, words: [good] } : { ok: false, words: [...against] };
}

/** The first lines, and how many more there are. */
export function firstOf(lines: readonly string[]): string[] {
  const rest = lines.length - LISTED;
  return rest > 0 ? [...lines.slice(0, LISTED), `… and ${counted(rest, 'more line')}`] : [...lines];
}

/** `1 delivery`, `2,000 deliveries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

export function deliveries(count: number): string {
  return counted(count, 'delivery', 'deliveries');
}

/** An hour since 1970: `2026-10-05T14Z`. */
export function hourText(hour: number): string {
  return `${new Date(hour * 3_600_000).toISOString().slice(0, 13)}Z`;
}

/** `2026-10-05T14:00Z` */
export function minuteText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`;
}
