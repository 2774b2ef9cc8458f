import type { Redis } from 'ioredis';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { KEPT_DAYS, ruleActivityKey, sourceActivityKeys } from './activity-keys.js';

/** What one process saw a rule take since its last report; times are epoch milliseconds. */
export type RuleReport = { rule: string; taken: number; firstAt: number; lastAt: number };

/** What one process saw of a source's events since its last report. */
export type SourceReport = {
  source: string;
  /** Names of events that no rule of any destination took: events, and when the last was seen. */
  untaken: { name: string; events: number; lastAt: number }[];
  /** Names of which a rule took an event: until the rules change, they are not among those that none takes. */
  taken: string[];
  /** Paths that events had a value at, as `eventPaths` gives them. */
  paths: string[];
  /** Events that were looked into for paths. */
  sampled: number;
};

/** Which report of which process: one that is sent again, since its answer was lost, is not added again. */
export type ReportId = { reporter: string; number: number };

/** A name for all rules of all destinations, by which events were routed. */
export type RoutedBy = { rules: string };

/** Names and paths kept for a source. Names beyond those that are shown give newcomers time to become frequent. */
const MAX_NAMES = 1_000;
const MAX_PATHS = 1_000;

const rulesScript = defineScript(SCRIPTS['activity/record-rules']);
const sourceScript = defineScript(SCRIPTS['activity/record-source']);

/** Adds what rules of a destination took. Throws as the client does. */
export async function recordRules(
  redis: Redis,
  destination: string,
  rules: readonly RuleReport[],
  { reporter, number }: ReportId,
): Promise<void> {
  const activity = ruleActivityKey(destination);
  await rulesScript.run(
    redis,
    { activity, reported: `${activity}:${reporter}` },
    {
      number,
      keptDays: KEPT_DAYS,
      rules: rules.flatMap(({ rule, taken, firstAt, lastAt }) => [rule, taken, firstAt, lastAt]),
    },
  );
}

/** Adds what was seen of a source's events. Throws as the client does. */
export async function recordSource(
  redis: Redis,
  report: SourceReport,
  { reporter, number, rules }: ReportId & RoutedBy,
): Promise<void> {
  const keys = sourceActivityKeys(report.source);
  await sourceScript.run(
    redis,
    { ...keys, reported: `${keys.samples}:${reporter}` },
    {
      number,
      keptDays: KEPT_DAYS,
      maxNames: MAX_NAMES,
      maxPaths: MAX_PATHS,
      sampled: report.sampled,
      rules,
      takenNames: JSON.stringify(report.taken),
      foundPaths: JSON.stringify(report.paths),
      untaken: report.untaken.flatMap(({ name, events, lastAt }) => [name, events, lastAt]),
    },
  );
}
