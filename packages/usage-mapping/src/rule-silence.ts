/** What one rule took on one day of acceptance, UTC. */
export type RuleDay = {
  /** Days since 1970. */
  day: number;
  /** Events. */
  taken: number;
  /** The longest time without one that ended on this day, in milliseconds; 0 where none is known. */
  longestGapMs: number;
};

/** What is known of a rule's takings, as far back as it is kept. */
export type RuleHistory = {
  days: readonly RuleDay[];
  /** Epoch milliseconds; null where it is not known to have taken anything. */
  lastTakenAt: number | null;
};

/** Whether a rule takes what it used to take; times are epoch milliseconds. */
export type RuleStatus = {
  /** `unused` where it took nothing in its fourteen days, `silent` where it stopped. */
  state: 'taking' | 'silent' | 'unused';
  /** Events in the last fourteen days. */
  taken: number;
  lastTakenAt: number | null;
  /** From when on it counts as silent; null for a rule without history. */
  silentAt: number | null;
};

const DAY_MS = 86_400_000;
/** How far back a rule's history goes. */
const HISTORY_DAYS = 14;
/** A rule that takes something every second may well rest for minutes. */
const MIN_SILENCE_MS = 3_600_000;
/** So many times the longest gap that a rule has come back from. */
const GAPS = 3;

/** Says whether a rule fell silent: it takes none for three times the longest gap of its last fourteen days. */
export function judgeRule({ days, lastTakenAt }: RuleHistory, now: number): RuleStatus {
  const oldest = Math.floor(now / DAY_MS) - HISTORY_DAYS;
  const kept = days.filter(({ day }) => day >= oldest);
  const taken = kept.reduce((sum, day) => sum + day.taken, 0);
  if (taken === 0 || lastTakenAt === null) return { state: 'unused', taken, lastTakenAt, silentAt: null };
  const longestGapMs = Math.max(...kept.map((day) => day.longestGapMs));
  const silentAt = lastTakenAt + Math.max(MIN_SILENCE_MS, GAPS * longestGapMs);
  return { state: now >= silentAt ? 'silent' : 'taking', taken, lastTakenAt, silentAt };
}
