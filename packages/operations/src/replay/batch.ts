import { bucketOf, type StoredDelivery } from '@meterbridge/delivery';
import { type LetterMark, type ReplayStep, rejectionName, streamIdOf } from '@meterbridge/queue';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { LetterEntry } from '../dead-letters/letter.js';
import type { Move, Verdict } from './judge-letter.js';

/** What a letter that would fail again is counted as, where it is left. */
export const WOULD_FAIL = 'would fail again';

/** Letters of one lane that make one step of a replay, with those that are left in between. */
export class Batch {
  /** Where the lane stands before it, and after: stream ids. */
  readonly from: string;
  through: string;
  readonly left: Record<string, number> = {};
  private readonly letters: (LetterMark & { source: string; moves: Move[] })[] = [];
  /** Events whose first time has to be looked up. */
  readonly timed: { source: string; event: SegmentEvent }[] = [];

  constructor(from: string) {
    this.from = from;
    this.through = from;
  }

  add(entry: LetterEntry, verdict: Verdict, doesFailingToo: boolean): void {
    this.through = streamIdOf(entry.id);
    const isLeft = verdict.will === 'stay' || (verdict.will === 'fail' && !doesFailingToo);
    if (isLeft) {
      const why = verdict.will === 'stay' ? verdict.why : WOULD_FAIL;
      this.left[why] = (this.left[why] ?? 0) + 1;
      return;
    }
    const source = (verdict.will === 'go' && verdict.source) || entry.letter.source;
    const { id, digest } = entry;
    this.letters.push({ id, digest, source, moves: verdict.moves });
    if (verdict.will === 'go' && verdict.timed) this.timed.push({ source, event: verdict.timed });
  }

  /** Letters that are taken. */
  get size(): number {
    return this.letters.length;
  }

  /** Of the receiver's letters, how their destinations remember them. */
  get rejections(): string[] {
    return this.letters.map(rejectionName);
  }

  private get taken(): LetterMark[] {
    return this.letters.map(({ id, digest }) => ({ id, digest }));
  }

  destinations(): string[] {
    return [...new Set(this.letters.flatMap(({ moves }) => moves.map(({ destination }) => destination)))];
  }

  /** Takes the letters of a destination out and puts them on its own queue. */
  ownStep(destination: string): ReplayStep {
    const { taken, left, from, through } = this;
    return { deliveries: this.deliveriesTo(destination), taken, left, from, through };
  }

  /** Takes the receiver's letters out, whose deliveries are on other queues by now. */
  awayStep(): ReplayStep {
    const { taken, left, from, through } = this;
    return { taken, left, from, through };
  }

  /**
   * Puts the receiver's letters on one destination's queue; null where all of them are there already.
   * @param known letters that are, as they are remembered, since a step of before was cut off behind it
   * @param hour of acceptance, in hours since 1970
   */
  addStep(destination: string, known: ReadonlySet<string>, hour: number): ReplayStep | null {
    const fresh = this.letters.filter((letter) => !known.has(rejectionName(letter)));
    if (fresh.length === 0) return null;
    const filtered: Record<string, number> = {};
    const deliveries: StoredDelivery[] = [];
    for (const { source, moves } of fresh) {
      const move = moves.find((each) => each.destination === destination);
      if (move === undefined) continue;
      for (const delivery of move.deliveries) deliveries.push({ ...delivery, hour });
      if (move.deliveries.length > 0) continue;
      const bucket = bucketOf(hour, source);
      filtered[bucket] = (filtered[bucket] ?? 0) + 1;
    }
    return { deliveries, filtered, rejections: this.rejections };
  }

  /** Deliveries that the busiest destination gets. */
  get most(): number {
    return Math.max(0, ...this.destinations().map((name) => this.deliveriesTo(name).length));
  }

  private deliveriesTo(destination: string): StoredDelivery[] {
    return this.letters.flatMap(({ moves }) =>
      moves.filter((move) => move.destination === destination).flatMap(({ deliveries }) => deliveries),
    );
  }
}
