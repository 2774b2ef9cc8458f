import type { StoredKind } from '@meterbridge/delivery';

/** How often each format is told of: its jobs are tried in turn until a newer worker takes them. */
const TELL_EVERY_MS = 60_000;

/** A format that this program does not read. */
export type Newer = { kind: StoredKind; format: number };

export type NewerRecordsOptions = {
  /** Epoch milliseconds. */
  now: () => number;
  /** Keeps it for `status`; rejects as Redis does. */
  keep: (newer: Newer) => Promise<void>;
  /** Told of each that was met. */
  onMet: (newer: Newer) => void;
  /** Told now and then. */
  onNews: (newer: Newer) => void;
  onProblem: (error: unknown) => void;
};

/** Watches for records of a newer version, which are left as they are, and tells of each format now and then. */
export function watchNewerRecords({ now, keep, onMet, onNews, onProblem }: NewerRecordsOptions) {
  const told = new Map<string, number>();
  return (newer: Newer): void => {
    onMet(newer);
    const name = `${newer.kind}/${newer.format}`;
    const at = now();
    if (at - (told.get(name) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    told.set(name, at);
    onNews(newer);
    keep(newer).catch(onProblem);
  };
}
