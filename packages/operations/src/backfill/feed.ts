import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import {
  type BackfillPositions,
  type DeliveryWriter,
  type FilePosition,
  type MemoryWatch,
  NotReplicatedError,
  StoreFullError,
  StoreUnavailableError,
} from '@meterbridge/queue';
import { isObject } from '../archive/object-store.js';
import { OperationError } from '../operation-error.js';
import { takeTurn } from '../replay/pace.js';
import type { Group, Sink } from './group.js';
import type { Tally } from './tally.js';

export type FeedOptions = {
  writer: DeliveryWriter;
  memory: MemoryWatch;
  positions: BackfillPositions;
  route: Config['route'];
  source: string;
  tally: Tally;
  /** Events a second at most; null for as many as Redis takes. */
  pace: number | null;
  isStopped: () => boolean;
  /** Whether the replicas answer that have to have what is committed. */
  doReplicasAnswer: () => Promise<boolean>;
  /** Said once when it begins to wait, and why; and once when it goes on. */
  onWait: (why: string | null) => void;
};

/** Groups that Redis has not answered yet: while one is written, the next is read. */
const UNACKNOWLEDGED = 2;
/** How often is tried again, and looked whether there is room. */
const TRY_EVERY_MS = 250;
/** A kill repeats what was committed since the position was saved last. */
const SAVE_EVERY_MS = 500;

/** Names a file wherever the command runs. */
export function placeOfFile(file: string): string {
  return isObject(file) ? file : resolve(file);
}

/** Thrown where somebody stopped it while it could not go on: what is in hand is not known to be committed. */
export class StoppedError extends Error {
  override name = 'StoppedError';
  readonly code = 'stopped';
}

/**
 * Commits groups as the receiver commits requests, and remembers how far all is committed. Few are unacknowledged
 * at a time; while Redis is away or its share of memory is used up, it waits.
 */
export class Feed implements Sink {
  private readonly options: FeedOptions;
  private readonly underWay: Promise<Group>[] = [];
  private readonly unsaved = new Map<string, FilePosition>();
  private savedAt = performance.now();
  private free = 0;
  private isWaiting = false;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  async add(group: Group): Promise<void> {
    await this.takeTurn(group.events.length);
    const committed = this.commit(group).then(() => group);
    // The one that awaits it is told; the others of its time must not be unhandled.
    committed.catch(() => {});
    this.underWay.push(committed);
    if (this.underWay.length >= UNACKNOWLEDGED) await this.acknowledge();
  }

  async end(): Promise<void> {
    while (this.underWay.length > 0) await this.acknowledge();
    await this.save();
  }

  /** After a stop that left groups under way: what was acknowledged is remembered, if Redis takes it at once. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.underWay.splice(0));
    await this.save().catch(() => {});
  }

  /** In the order in which they came: everything up to here is committed. */
  private async acknowledge(): Promise<void> {
    const group = await this.underWay.shift()!;
    for (const [file, position] of group.reached) this.unsaved.set(file, position);
    if (performance.now() - this.savedAt >= SAVE_EVERY_MS) await this.save();
  }

  private async commit(group: Group): Promise<void> {
    const { events, rejected } = group;
    const { writer, memory, route, source, tally } = this.options;
    const routed = events.map((event) => ({
      source,
      event,
      timeFromReceipt: false,
      routes: route(event, source),
    }));
    if (events.length + rejected.length > 0) {
      while (memory.pressure()) await this.wait('Redis has no room');
      await this.insist(() =>
        writer.commit(
          routed,
          rejected.map((each) => each.rejected),
        ),
      );
    }
    tally.add(group);
    for (const { routes } of routed) {
      for (const { destination, rules } of routes) {
        if (rules.length === 0) tally.filter(destination);
        for (const rule of rules) tally.deliver(destination, rule);
      }
    }
  }

  private async save(): Promise<void> {
    for (const [file, position] of this.unsaved) {
      if (!(await this.insist(() => this.options.positions.save(placeOfFile(file), position)))) {
        throw new OperationError(
          'conflict',
          'Redis does not hold the position that was saved last: its data went back, or another backfill of the same is running. Run it again with --resume, once that is mended; what was committed twice is billed once.',
        );
      }
    }
    this.unsaved.clear();
    this.savedAt = performance.now();
  }

  /** Does it until Redis has taken it. @throws StoppedError when somebody stops it meanwhile */
  private async insist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const done = await act();
        this.goOn();
        return done;
      } catch (error) {
        const why = whyItWaits(error);
        if (!why) throw error;
        await this.wait(why);
        // What Redis has without them would be there once more with each try.
        if (why === SILENT) while (!(await this.doReplicasAnswer())) await this.wait(why);
      }
    }
  }

  private doReplicasAnswer(): Promise<boolean> {
    return this.options.doReplicasAnswer().catch(() => false);
  }

  private async wait(why: string): Promise<void> {
    if (this.options.isStopped()) throw new StoppedError('stopped while it waited');
    if (!this.isWaiting) this.options.onWait(why);
    this.isWaiting = true;
    await sleep(TRY_EVERY_MS);
  }

  private goOn(): void {
    if (this.isWaiting) this.options.onWait(null);
    this.isWaiting = false;
  }

  /** Waits for the pace, in naps: a stop is heard soon. */
  private async takeTurn(count: number): Promise<void> {
    const turn = takeTurn(count, this.options.pace, this.free, performance.now());
    this.free = turn.free;
    for (let left = turn.waitMs; left > 0 && !this.options.isStopped(); left -= TRY_EVERY_MS) {
      await sleep(Math.min(left, TRY_EVERY_MS));
    }
  }
}

const SILENT = 'Redis answers, and not all of its replicas';

/** Null for what no waiting mends. */
function whyItWaits(error: unknown): string | null {
  if (error instanceof StoreUnavailableError && error.cause instanceof NotReplicatedError) return SILENT;
  if (error instanceof StoreFullError) return 'Redis has no room';
  return error instanceof StoreUnavailableError ? error.message : null;
}
