import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Config, Source } from '@meterbridge/config';
import {
  BackfillPositions,
  createStoreClock,
  doReplicasAnswer,
  type FilePosition,
  keepRules,
  PRIORITY,
  replicasToWaitFor,
  tellFormats,
  watchMemory,
} from '@meterbridge/queue';
import type { RefusedPeople } from '@meterbridge/segment-events';
import { compileJudge, type Selection } from '../archive/judge-line.js';
import type { ObjectStore } from '../archive/object-store.js';
import { STANDARD_INPUT } from '../archive/open-archive.js';
import { openProducer, openRedis, watchNewer } from '../connect.js';
import { readRefusedPeople } from '../forget/refuse-person.js';
import { OperationError } from '../operation-error.js';
import { readKeptRules } from '../pipeline/kept-rules.js';
import { compilePipeline, type KeptRules, type Pipeline } from '../pipeline/pipeline.js';
import { refuseUnsafe } from '../refuse-unsafe.js';
import { batchAt } from '../replay/pace.js';
import { AllQuestions } from '../stored/ask-apis.js';
import type { Held } from '../stored/held.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { createQuestionSink } from './ask.js';
import { createDryRun } from './dry-run.js';
import { Feed, placeOfFile, StoppedError } from './feed.js';
import { GROUP_EVENTS, type Reading, type ReadResult, readGroups, statOf } from './read-groups.js';
import { type BackfillReport, reportBackfill } from './report.js';
import { Tally } from './tally.js';

export type Backfill = {
  config: Config;
  source: Source;
  files: readonly string[];
  selection: Selection;
  /** The filter's text: positions are of one selection. */
  whereText: string | undefined;
  /** Events a second at most; null for as many as Redis takes. */
  pace: number | null;
  resume: boolean;
  /** Ask the APIs for every event, however many reads that takes. */
  checkAll: boolean;
  /** Told what is there already, before anything is written. @throws where it may not be */
  decide: (held: Held[]) => Promise<void>;
  /** Needed where `STANDARD_INPUT` is among the files. */
  standardInput?: StandardInput;
  /** Needed where files are objects: `s3://bucket/key`. */
  objects?: ObjectStore | undefined;
};

export type StandardInput = {
  /** Reads it as it comes: once. */
  open(): AsyncIterable<Buffer>;
  /** Writes it to a file, which can be read twice. It holds events: remove it. */
  keep(): Promise<{ file: string; remove(): void }>;
};

/**
 * Of the share of Redis' memory from which on senders are told to wait: whatever history is brought, what is live
 * has room.
 */
const MEMORY_SHARE = 0.75;

/** Reads everything and says what would become of it, and what is there already; needs no Redis. */
export async function dryRun(backfill: Backfill, work: Work = {}): Promise<BackfillReport> {
  const { config, source, files, selection, checkAll, standardInput, objects } = backfill;
  const tally = new Tally(config.destinations.map(({ name }) => name));
  const there = await readIfThere(config, work);
  const kept = there?.kept ?? null;
  const pipeline = compilePipeline(config, kept ?? new Map());
  const questions = new AllQuestions(pipeline, {
    isForAll: checkAll,
    isShared: kept !== null,
    isStopped: () => isStopped(work),
  });
  const asking = createQuestionSink(pipeline, source.name, questions);
  const progress = await startReading({ files, objects }, work);
  const began = performance.now();
  try {
    const result = await readGroups({
      files,
      objects,
      inputOf: (file) => (file === STANDARD_INPUT ? standardInput?.open() : undefined),
      judge: compileJudge(source, config.receiver, { ...selection, refused: there?.refused }, Date.now),
      sink: createDryRun(pipeline, source.name, tally, asking),
      positions: new Map(),
      isStopped: () => isStopped(work),
      onBytes: progress.add,
    });
    const held = await questions.finish();
    return reportBackfill('dry run', files.length, result, { tally, held, seconds: secondsSince(began) });
  } finally {
    await questions.close();
  }
}

/** Without Redis nobody knows the rules of before, nor who is refused: null. */
async function readIfThere(
  config: Config,
  { onNotice }: Work,
): Promise<{ kept: KeptRules; refused: RefusedPeople | null } | null> {
  const redis = await openRedis(config.redis.url).catch((error) => {
    if (!(error instanceof OperationError)) throw error;
    onNotice?.(`${error.message}\nSo what rules of before have sent under another event type is not seen.`);
    return null;
  });
  if (redis === null) return null;
  try {
    return { kept: await readKeptRules(redis, config), refused: await readRefusedPeople(config, redis) };
  } finally {
    redis.disconnect();
  }
}

/**
 * Brings the events of files in, behind what is live. The same call with `resume` goes on.
 * @throws OperationError (`redis_unreachable`, `redis_unsafe`; `conflict` where Redis does not hold what it was told; `newer_version`, also in the middle;
 *   `stopped` before anything was written); what `decide` throws
 */
export async function runBackfill(backfill: Backfill, work: Work = {}): Promise<BackfillReport> {
  const { config, source, files, selection, pace, objects } = backfill;
  const redis = await openProducer(config.redis.url);
  const replicas = await replicasToWaitFor(redis, config.redis.replicas);
  const clock = createStoreClock(redis);
  const memory = watchMemory(redis, config.redis.maxMemoryShare * MEMORY_SHARE);
  const destinations = config.destinations.map(({ name }) => name);
  // BullMQ is loaded where something is put on a queue.
  const { DeliveryWriter } = await import('@meterbridge/queue');
  const writer = new DeliveryWriter({
    redis,
    now: clock.now,
    destinations,
    rules: config.rules,
    shards: config.redis.shards,
    replicas,
    priority: PRIORITY.backfill,
    receipts: config.receipts,
  });
  const newer = watchNewer(redis);
  const hasStopped = () => newer.met() !== null || isStopped(work);
  // It is read twice.
  const input = files.includes(STANDARD_INPUT) ? await backfill.standardInput?.keep() : undefined;
  try {
    await refuseUnsafe(redis, config, work);
    await clock.synchronize();
    await tellFormats(redis, replicas);
    // Before a job names them.
    for (const [name, rules] of config.rules) await keepRules(redis, name, rules);
    const positions = new BackfillPositions(redis, idOf(backfill));
    const from = await startingPositions(positions, backfill, work);
    const wanted = { ...selection, refused: await readRefusedPeople(config, redis) };
    const judge = () => compileJudge(source, config.receiver, wanted, clock.now);
    const inputOf = () => (input ? createReadStream(input.file) : undefined);
    const reading = { files, objects, inputOf, positions: from, isStopped: hasStopped };
    const pipeline = compilePipeline(config, await readKeptRules(redis, config));
    const held = await askFirst(pipeline, backfill, { ...reading, judge: judge() }, work);
    await backfill.decide(held);
    if (!backfill.resume) await positions.forget();
    const tally = new Tally(destinations);
    const progress = await startReading(reading, work);
    const feed = new Feed({
      writer,
      memory,
      positions,
      route: config.route,
      source: source.name,
      tally,
      pace,
      isStopped: hasStopped,
      doReplicasAnswer: () => doReplicasAnswer(redis, replicas),
      onWait: (why) => work.onWait?.(why),
    });
    const began = performance.now();
    const result = await readGroups({
      ...reading,
      judge: judge(),
      sink: feed,
      mostEvents: batchAt(pace, GROUP_EVENTS),
      onBytes: progress.add,
    }).catch(async (error): Promise<ReadResult | null> => {
      if (!(error instanceof StoppedError)) throw error;
      await feed.abandon();
      return null;
    });
    if (newer.met() !== null) throw newer.met();
    const state = result && !result.stoppedAt ? 'done' : 'stopped';
    const read = result ?? { unreadable: [] };
    return reportBackfill(state, files.length, read, { tally, held, seconds: secondsSince(began) });
  } finally {
    input?.remove();
    newer.stop();
    await writer.close().catch(() => {});
    memory.stop();
    clock.stop();
    redis.disconnect();
  }
}

/** Reads everything once, and asks the APIs what they hold of it. @throws OperationError (`stopped`) */
async function askFirst(
  pipeline: Pipeline,
  { source, checkAll }: Backfill,
  reading: Omit<Reading, 'sink' | 'onBytes'>,
  work: Work,
): Promise<Held[]> {
  const questions = new AllQuestions(pipeline, { isForAll: checkAll, isStopped: reading.isStopped });
  const progress = await startReading(reading, work, 'KB, asking what is there already');
  try {
    const sink = createQuestionSink(pipeline, source.name, questions);
    await readGroups({ ...reading, sink, onBytes: progress.add });
    const held = await questions.finish();
    if (isStopped(work)) {
      throw new OperationError('stopped', 'Stopped while the APIs were asked: nothing was written.');
    }
    return held;
  } finally {
    await questions.close();
  }
}

/** Where to go on, by file as it is given. Without `--resume` nowhere. */
async function startingPositions(
  positions: BackfillPositions,
  { files, resume }: Backfill,
  { onNotice }: Work,
): Promise<Map<string, FilePosition>> {
  const kept = await positions.read();
  if (resume) {
    if (kept.size === 0) onNotice?.('Nothing is kept of an earlier run of the same: from the beginning.');
    return new Map(
      files.flatMap((file) => {
        const position = kept.get(placeOfFile(file));
        return position ? [[file, position]] : [];
      }),
    );
  }
  if ([...kept.values()].some(({ isDone }) => !isDone)) {
    onNotice?.(
      'An earlier run of the same did not come to its end; --resume goes on there. From the beginning:',
    );
  }
  return new Map();
}

/** The same for the same selection of the same source's events. */
function idOf({ source, selection: { since, until }, whereText }: Backfill): string {
  return hash(
    'sha256',
    JSON.stringify([source.name, since ?? null, until ?? null, whereText ?? null]),
    'hex',
  );
}

/** Progress by what is read of the files, as they are stored. */
async function startReading(
  { files, objects }: Pick<Reading, 'files' | 'objects'>,
  work: Work,
  what = 'KB',
): Promise<{ add(bytes: number): void }> {
  const sizes = await Promise.all(
    files.map((file) =>
      statOf(file, objects).then(
        ({ bytes }) => bytes,
        // Said where it is read.
        () => 0,
      ),
    ),
  );
  const isKnown = sizes.every((bytes) => bytes !== null);
  const total = sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  const bar = startCounting(work, what, isKnown ? Math.max(1, Math.floor(total / 1_024)) : undefined);
  let read = 0;
  let shown = 0;
  return {
    add(bytes) {
      read += bytes;
      const kilobytes = Math.floor(read / 1_024);
      if (kilobytes > shown) bar.add(kilobytes - shown);
      shown = kilobytes;
    },
  };
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1_000;
}
