import type { Config } from '@meterbridge/config';
import {
  askAboutRules,
  type EventPreview,
  findSource,
  type KeptRules,
  lastSubjects,
  openRedis,
  previewEvent,
  type ReadyPipeline,
  readKeptRules,
  readPipeline,
  type Subject,
  subjectOfFile,
  subjectOfLetter,
  type WrittenEvent,
} from '@meterbridge/operations';
import { CommandError, readCommandEnv } from '../../load-context.js';
import { print } from '../../terminal/print.js';
import { renderFinding } from '../../terminal/render-finding.js';
import { style } from '../../terminal/style.js';
import { tableWidth } from '../../terminal/table.js';
import { waitingForRedis } from '../../terminal/waiting-for-redis.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderPreview } from './render-preview.js';

/** Which event is to be looked at. */
export type Wanted =
  | { where: 'file'; file: string; index: number; input?: { what: string; event: WrittenEvent } }
  | { where: 'last'; count: number }
  | { where: 'dead letter'; id: string };

/** `ask`: the APIs, too. */
export type LookOptions = { source?: string; json?: boolean; ask?: boolean };

/**
 * Previews what is wanted with the configuration of this moment and prints it.
 * @returns whether all of it could be delivered
 * @throws CommandError where there is no event, or no configuration to look with
 */
export async function look(wanted: Wanted, options: LookOptions): Promise<boolean> {
  const ready = readPipeline(readCommandEnv(process.env));
  const { subjects, kept } = await findSubjects(wanted, ready, options.source);
  const pipeline = { ...ready.pipeline, kept };
  const previews = subjects.map((subject) => previewEvent(subject, pipeline, ready.placeOf, Date.now()));
  for (const preview of previews) {
    print(options.json ? JSON.stringify(preview) : `${renderPreview(preview, tableWidth())}\n`);
  }
  const isBillable = !options.ask || (await askAndPrint(previews, ready.pipeline.config, options));
  return isBillable && previews.every(({ ok }) => ok);
}

/** @returns whether the APIs would bill it, as far as they say */
async function askAndPrint(
  previews: readonly EventPreview[],
  config: Config,
  { json }: LookOptions,
): Promise<boolean> {
  const rules = new Map<string, Set<string>>();
  for (const { name, rules: seen } of previews.flatMap(({ destinations }) => destinations)) {
    const taking = seen.filter(({ takes }) => takes).map((rule) => rule.name);
    if (taking.length > 0) rules.set(name, new Set([...(rules.get(name) ?? []), ...taking]));
  }
  const asked = await askAboutRules(config, rules);
  if (json) print(JSON.stringify({ asked }));
  else if (rules.size === 0) print('No rule takes it: there is nothing to ask.');
  else if (asked.length === 0) print(style('green', '✓ Asked: the APIs have nothing against these rules.'));
  if (!json) for (const finding of asked) printText(renderFinding(finding));
  return asked.every(({ level }) => level !== 'fail');
}

async function findSubjects(
  wanted: Wanted,
  { pipeline: { config } }: ReadyPipeline,
  sourceName: string | undefined,
): Promise<{ subjects: Subject[]; kept: KeptRules }> {
  // A misspelt source is said whatever is wanted.
  const source = findSource(config, sourceName);
  if (wanted.where === 'file') return { subjects: [await subjectOfFile(wanted, source)], kept: new Map() };
  const redis = await waitingForRedis(config.redis.url, openRedis(config.redis.url));
  try {
    const kept = await readKeptRules(redis, config);
    if (wanted.where === 'dead letter') {
      return { subjects: [await subjectOfLetter(wanted.id, config, redis)], kept };
    }
    const last = await lastSubjects(wanted.count, config, redis);
    if (last.length === 0) throw new CommandError(NOTHING_THERE);
    return { subjects: last, kept };
  } finally {
    redis.disconnect();
  }
}

const NOTHING_THERE = `No event is at hand: none waits for a destination, and there are no dead letters.
What was delivered is not kept. Write one to a file and preview that.`;
