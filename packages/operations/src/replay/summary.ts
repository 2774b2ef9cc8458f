import { destinationOf, RECEIVER, type ReplayState, readShardLetters, ShardReplay } from '@meterbridge/queue';
import { isDelivery, type Letter } from '../dead-letters/letter.js';
import type { Operations } from '../open.js';
import type { Replay } from './run-replay.js';

/** What a replay has come to by now. */
export type ReplaySummary = {
  id: string;
  state: ReplayState;
  /** Letters that were put back. */
  replayed: number;
  /** Letters that were left where they are, by why. */
  left: Record<string, number>;
  /** What was put on queues: a letter may be several. */
  deliveries: number;
  /** Of those: not settled yet. */
  inFlight: number;
  /** Dead letters again. */
  deadAgain: DeadAgain[];
  /** The destination had them already. */
  duplicate: number;
  /** All the others. */
  delivered: number;
};

/** Shards may lie on servers with clocks of their own; whose letter it is, the letter says. */
const CLOCKS_APART_MS = 60_000;

export type DeadAgain = { destination: string; reason: string; letters: number };

type Box = Pick<Operations, 'redis' | 'shards'>;

/** Looks at one replay again and again; each dead letter is read once. */
export class ReplayWatch {
  private readonly ops: Box;
  private readonly replay: Replay;
  private readonly lanes: { shard: string; lane: ShardReplay; after: string | undefined }[];
  private readonly deadAgain = new Map<string, DeadAgain>();

  constructor(ops: Box, replay: Replay) {
    this.ops = ops;
    this.replay = replay;
    this.lanes = ops.shards.map((shard) => ({
      shard,
      lane: new ShardReplay(shard, replay.id, ops.redis),
      after: undefined,
    }));
  }

  /** What it has done, without a look at what came of it. */
  async progress(): Promise<Pick<ReplaySummary, 'replayed' | 'left' | 'deliveries' | 'duplicate'>> {
    const sum = { replayed: 0, left: {} as Record<string, number>, deliveries: 0, duplicate: 0 };
    for (const { lane } of this.lanes) {
      const { replayed, deliveries, duplicates, left } = await lane.progress();
      sum.replayed += replayed;
      sum.deliveries += deliveries;
      sum.duplicate += duplicates;
      for (const [why, letters] of Object.entries(left)) sum.left[why] = (sum.left[why] ?? 0) + letters;
    }
    return sum;
  }

  /** @param state as it is known by now */
  async summarize(state: ReplayState): Promise<ReplaySummary> {
    const { deliveries } = await this.progress();
    // In this order: what dies, or turns out to be there, between two looks would else be taken for delivered.
    let inFlight = 0;
    for (const { lane } of this.lanes) inFlight += await lane.inFlight();
    await this.countDeadAgain();
    const progress = { ...(await this.progress()), deliveries };
    const deadAgain = [...this.deadAgain.values()].toSorted((one, other) => other.letters - one.letters);
    const dead = deadAgain.reduce((sum, { letters }) => sum + letters, 0);
    const delivered = Math.max(0, deliveries - inFlight - dead - progress.duplicate);
    return { id: this.replay.id, state, ...progress, inFlight, deadAgain, delivered };
  }

  /** A letter says in its history which replay ended its life before. */
  private async countDeadAgain(): Promise<void> {
    for (const lane of this.lanes) {
      if (lane.shard === RECEIVER) continue;
      const { shard, after } = lane;
      const destination = destinationOf(shard);
      const range = after === undefined ? { since: this.replay.startedAt - CLOCKS_APART_MS } : { after };
      for await (const entry of readShardLetters<Letter>(shard, this.ops.redis, range)) {
        lane.after = entry.id;
        if (entry.newer !== undefined) continue;
        const { letter, reason } = entry;
        if (!isDelivery(letter) || letter.history?.at(-1)?.replay !== this.replay.id) continue;
        const group = `${destination} ${reason}`;
        const known = this.deadAgain.get(group) ?? { destination, reason, letters: 0 };
        this.deadAgain.set(group, { ...known, letters: known.letters + 1 });
      }
    }
  }
}
