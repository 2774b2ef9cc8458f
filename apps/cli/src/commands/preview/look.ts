import {
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
import { renderPreview } from './render-preview.js';

/** Which event is to be looked at. */
export type Wanted =
  | { where: 'file'; file: string; index: number; input?: { what: string; event: WrittenEvent } }
  | { where: 'last'; count: number }
  | { where: 'dead letter'; id: string };

/**
 * Previews what is wanted with the configuration of this moment and prints it.
 * @returns whether all of it could be delivered
 * @throws CommandError where there is no event, or no configuration to look with
 */
export async function look(wanted: Wanted, options: { source?: string; json?: boolean }): Promise<boolean> {
  const ready = readPipeline(readCommandEnv(process.env));
  const { subjects, kept } = await findSubjects(wanted, ready, options.source);
  const pipeline = { ...ready.pipeline, kept };
  const previews = subjects.map((subject) => previewEvent(subject, pipeline, ready.placeOf, Date.now()));
  for (const preview of previews) {
    print(options.json ? JSON.stringify(preview) : `${renderPreview(preview)}\n`);
  }
  return previews.every(({ ok }) => ok);
}

async function findSubjects(
  wanted: Wanted,
  { pipeline: { config } }: ReadyPipeline,
  sourceName: string | undefined,
): Promise<{ subjects: Subject[]; kept: KeptRules }> {
  // A misspelt source is said whatever is wanted.
  const source = findSource(config, sourceName);
  if (wanted.where === 'file') return { subjects: [await subjectOfFile(wanted, source)], kept: new Map() };
  const redis = await openRedis(config.redis.url);
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
