import { findFiles } from '../../archive/find-files.js';
import { openRedis } from '../../load-context.js';
import { readKeptRules } from '../../pipeline/kept-rules.js';
import { readPipeline } from '../../pipeline/read-pipeline.js';
import { heedInterruption } from '../../terminal/interruption.js';
import { compareArchive, compareDeadLetters, type HistoryReport } from './compare-history.js';
import { renderReport } from './render-report.js';
import { isWorse } from './tally.js';

/** What a change of the configuration is to be tried on. */
export type ComparisonOptions = {
  allDeadLetters?: boolean;
  /** The changed file; the one in use where left out. */
  with?: string;
  archive?: string[];
  source?: string;
  samples: number;
  json?: boolean;
};

/**
 * Compares two configurations over what there is, and prints it.
 * @returns false where something is worse than before, or it was ended before all was looked at
 * @throws CommandError where a configuration, an archive or Redis cannot be read
 */
export async function compareOver(options: ComparisonOptions): Promise<boolean> {
  const inUse = readPipeline();
  const changed = options.with === undefined ? undefined : readPipeline(options.with);
  const files = findFiles(options.archive ?? []);
  const interruption = heedInterruption();
  const isStopped = () => interruption.isAsked;
  const how = { after: (changed ?? inUse).pipeline, samples: options.samples, isStopped };
  const before = changed ? inUse.pipeline : undefined;
  const reports: { deadLetters?: HistoryReport; archive?: HistoryReport } = {};
  if (options.allDeadLetters) {
    const redis = await openRedis(inUse.pipeline.config.redis.url);
    try {
      const kept = await readKeptRules(redis, inUse.pipeline.config);
      reports.deadLetters = await compareDeadLetters(redis, {
        ...how,
        after: { ...how.after, kept },
        before: before && { ...before, kept },
      });
    } finally {
      redis.disconnect();
    }
  }
  if (before && files.length > 0 && !isStopped()) {
    reports.archive = await compareArchive(files, options.source, { ...how, before });
  }
  interruption.end();
  if (options.json) console.log(JSON.stringify(reports));
  else {
    const title = changed ? `${inUse.file} → ${changed.file}` : inUse.file;
    const { deadLetters, archive } = reports;
    if (deadLetters) console.log(`${renderReport(`${title}, dead letters`, deadLetters)}\n`);
    if (archive) console.log(`${renderReport(`${title}, events of the archive`, archive)}\n`);
  }
  return !isStopped() && Object.values(reports).every((report) => !isWorse(report));
}
