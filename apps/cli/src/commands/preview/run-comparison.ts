import {
  compareArchive,
  compareDeadLetters,
  type HistoryReport,
  isWorse,
  openRedis,
  readKeptRules,
  readPipeline,
  type Work,
} from '@meterbridge/operations';
import { readCommandEnv } from '../../load-context.js';
import { findFiles } from '../../terminal/find-files.js';
import { print } from '../../terminal/print.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { waitingForRedis } from '../../terminal/waiting-for-redis.js';
import { interruptible } from '../../terminal/work.js';
import { renderReport } from './render-report.js';

/** What a change of the configuration is to be tried on. */
export type ComparisonOptions = TableOptions & {
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
  const env = readCommandEnv(process.env);
  const inUse = readPipeline(env);
  const changed = options.with === undefined ? undefined : readPipeline(env, options.with);
  const files = findFiles(options.archive ?? []);
  const before = changed ? inUse.pipeline : undefined;
  const after = (changed ?? inUse).pipeline;
  const { reports, isStopped } = await interruptible(async (work) => {
    const how = { after, samples: options.samples, work };
    const reports: { deadLetters?: HistoryReport; archive?: HistoryReport } = {};
    if (options.allDeadLetters) reports.deadLetters = await compareAllDead({ ...how, before });
    if (before && files.length > 0 && !work.signal.aborted) {
      reports.archive = await compareArchive(files, options.source, { ...how, before });
    }
    return { reports, isStopped: work.signal.aborted };
  });
  if (options.json) print(JSON.stringify(reports));
  else {
    const title = changed ? `${inUse.file} → ${changed.file}` : inUse.file;
    const { deadLetters, archive } = reports;
    const width = tableWidth(options);
    if (deadLetters) print(`${renderReport(`${title}, dead letters`, deadLetters, width)}\n`);
    if (archive) print(`${renderReport(`${title}, events of the archive`, archive, width)}\n`);
  }
  return !isStopped && Object.values(reports).every((report) => !isWorse(report));
}

type How = Parameters<typeof compareDeadLetters>[1] & { work: Work };

/** Under the rules of before as well: what may have arrived is mapped by them. */
async function compareAllDead({ before, after, ...how }: How): Promise<HistoryReport> {
  const { config } = before ?? after;
  const redis = await waitingForRedis(config.redis.url, openRedis(config.redis.url));
  try {
    const kept = await readKeptRules(redis, config);
    return await compareDeadLetters(redis, {
      ...how,
      after: { ...after, kept },
      before: before && { ...before, kept },
    });
  } finally {
    redis.disconnect();
  }
}
