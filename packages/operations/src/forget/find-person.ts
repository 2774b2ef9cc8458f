import {
  countLateOf,
  createSubscriptionCache,
  deliveriesOf,
  destinationOf as destinationOfShard,
  readShardLetters,
  rewriteLog,
  rewriteReplays,
  type StoredJob,
  walkJobs,
} from '@meterbridge/queue';
import type { Person, PersonIds } from '@meterbridge/segment-events';
import { eventOf, isDelivery, type Letter, type LetterEntry } from '../dead-letters/letter.js';
import { countAtMost } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';
import type { ReplayWhat } from '../replay/run-replay.js';
import { createBreather, isStopped, startCounting, type Work } from '../work.js';
import { mayHaveReceipts } from './forget-receipts.js';
import { isRefused } from './refuse-person.js';
import { personOf, withoutIds, withoutPerson } from './words.js';

/** What a destination, or the receiver, has of a person; in deliveries. */
export type PlaceFound = {
  destination: string;
  letters: number;
  /** In jobs that wait or are put back. */
  waiting: number;
  /** In jobs that a worker has. */
  inHand: number;
  /** Of all these: those that were sent, and may be at the API. */
  maybeSent: number;
};

/** Where a person is. */
export type PersonFound = {
  /** Those that have something. */
  places: PlaceFound[];
  /** Deliveries that are told as late usage under one of their ids. */
  lateUsage: number;
  /** Subscriptions that were looked up under one of their ids. */
  subscriptions: number;
  /** Records of what people did that name them: of dead letters, and of replays that are done. */
  records: number;
  /** Whether later events of the person are refused. */
  isRefused: boolean;
  /** Letters and jobs that cannot be read, and may hold the person. */
  unreadable: number;
  /** Whether there are receipts, which only an archivist looks through, and blanks. */
  mayBeInReceipts: boolean;
};

/** Looks for a person in everything that is kept; changes nothing. */
export async function findPerson(ops: Operations, ids: PersonIds, work: Work = {}): Promise<PersonFound> {
  const person = personOf(ops, ids);
  const places = new Map<string, PlaceFound>();
  const placeOf = (shard: string) => {
    const destination = destinationOfShard(shard);
    const place = places.get(destination) ?? { destination, letters: 0, waiting: 0, inHand: 0, maybeSent: 0 };
    places.set(destination, place);
    return place;
  };
  const unreadable = { count: 0 };
  for await (const { job, deliveries } of jobsOf(ops, person, work, unreadable)) {
    const place = placeOf(job.shard);
    place[job.isInHand ? 'inHand' : 'waiting'] += deliveries.length;
    place.maybeSent += deliveries.filter(({ sentUnder }) => sentUnder !== undefined).length;
  }
  const progress = startCounting(work, 'letters looked at', await countAtMost({}, ops));
  for (const shard of ops.shards) {
    for await (const entry of lettersOf(ops, shard, person, { work, unreadable, onLook: progress.add })) {
      const place = placeOf(shard);
      place.letters += 1;
      if (isDelivery(entry.letter) && entry.letter.sentUnder !== undefined) place.maybeSent += 1;
    }
  }
  return {
    places: [...places.values()],
    ...(await findHints(ops, person)),
    isRefused: await isRefused(ops, ids),
    unreadable: unreadable.count,
    mayBeInReceipts: await mayHaveReceipts(ops),
  };
}

async function findHints(
  ops: Operations,
  person: Person,
): Promise<Pick<PersonFound, 'lateUsage' | 'subscriptions' | 'records'>> {
  const { redis, shards } = ops;
  const late = await Promise.all(shards.map((shard) => countLateOf(shard, redis, person.ids)));
  const caches = cachesOf(ops);
  const looked = await Promise.all(caches.map((cache) => cache.count([...person.ids])));
  const dryRun = true;
  const rewrite = withoutIds(person);
  const logs = await Promise.all(shards.map((shard) => rewriteLog(redis, shard, rewrite, { dryRun })));
  const replays = await rewriteReplays<ReplayWhat>(redis, withoutPerson(person), { dryRun });
  return { lateUsage: sum(late), subscriptions: sum(looked), records: sum(logs) + replays };
}

/** What each destination has looked up. */
export function cachesOf({ names, redis }: Pick<Operations, 'names' | 'redis'>, writer = redis) {
  return names.map((name) => createSubscriptionCache(name, writer));
}

/** For so long a worker's live deliveries wait while jobs or letters are looked into. */
const SLICE_MS = 10;

/** Every job that holds something of a person, and what. */
export async function* jobsOf(
  { redis }: Pick<Operations, 'redis'>,
  person: Person,
  work: Work,
  unreadable: { count: number },
) {
  const progress = startCounting(work, 'jobs looked at');
  const breathe = createBreather(SLICE_MS);
  for await (const job of walkJobs(redis)) {
    await breathe();
    if (isStopped(work)) return;
    progress.add(1);
    const deliveries = readDeliveries(job, person);
    if (deliveries === undefined) unreadable.count += 1;
    else if (deliveries.length > 0) yield { job, deliveries };
  }
}

/** The deliveries of a job that are of a person; undefined where it cannot be read. */
export function readDeliveries(job: StoredJob, person: Person) {
  try {
    return deliveriesOf(job).filter(({ event }) => person.isOf(event));
  } catch {
    return undefined;
  }
}

/** The dead letters of a shard that are of a person, the oldest first; what dies meanwhile is for the next walk. */
export async function* lettersOf(
  { redis }: Pick<Operations, 'redis'>,
  shard: string,
  person: Person,
  {
    work,
    unreadable,
    onLook,
  }: { work: Work; unreadable: { count: number }; onLook: (count: number) => void },
): AsyncGenerator<LetterEntry> {
  const breathe = createBreather(SLICE_MS);
  for await (const entry of readShardLetters<Letter>(shard, redis)) {
    await breathe();
    if (isStopped(work)) return;
    onLook(1);
    const isTheirs = isLetterOf(entry, person);
    if (isTheirs === undefined) unreadable.count += 1;
    else if (isTheirs) yield entry;
  }
}

/** Undefined where it cannot be read. */
function isLetterOf(entry: LetterEntry, person: Person): boolean | undefined {
  try {
    const { letter } = entry;
    return isDelivery(letter) ? person.isOf(letter.event) : person.isIn(eventOf(letter));
  } catch {
    return undefined;
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
