import {
  type Acceptances,
  believable,
  CONTROL,
  mergeAcceptances,
  withAcceptance,
} from '@meterbridge/delivery';

/** For so long others may come by themselves, before a request is made only to compare with. */
const WAIT_FOR_OTHERS_MS = 500;
/** After this a comparison is not asked for any more: one has no meaning after a minute. */
const WANTED_FOR_MS = 60_000;
/** A healthy event goes another way than its batch would so seldom: that way may be broken. */
const ALONE_EVERY_MS = 5_000;

/**
 * What this process knows of acceptances, ahead of what the gate says, and which of its suspects want others to be
 * compared with. Times are epoch milliseconds by the clock that all workers share.
 */
export class Comparisons {
  private known: Acceptances = {};
  /** Failures by way, with whether a control may stand in. */
  private readonly wanted = new Map<string, { at: number; control: boolean }>();
  /** When a healthy event last went alone for that, by way. */
  private readonly aloneAt = new Map<string, number>();
  private controlledAt = Number.NEGATIVE_INFINITY;

  /** @param told what the gate says */
  accepted(told: Acceptances, now: number): Acceptances {
    return mergeAcceptances(believable(told, now), believable(this.known, now));
  }

  note(way: string, sentAt: number): void {
    this.known = withAcceptance(this.known, way, sentAt);
  }

  want(way: string, at: number, control: boolean): void {
    this.wanted.set(way, { at, control });
  }

  /** Whether a healthy event should go alone now, as the suspects of this way did. */
  wantsOneAlone(way: string, told: Acceptances, now: number): boolean {
    const isTime = now - (this.aloneAt.get(way) ?? Number.NEGATIVE_INFINITY) >= ALONE_EVERY_MS;
    return isTime && this.isWanted(way, told, now);
  }

  /** It goes: should that way be broken, most must not have to take it. */
  goesAlone(way: string, now: number): void {
    this.aloneAt.set(way, now);
  }

  private isWanted(way: string, told: Acceptances, now: number): boolean {
    const wish = this.wanted.get(way);
    if (!wish) return false;
    const isMet = (this.accepted(told, now)[way]?.last ?? 0) > wish.at;
    if (isMet || now - wish.at > WANTED_FOR_MS) this.wanted.delete(way);
    return this.wanted.has(way);
  }

  /** When a control is to be sent; never, where none is wanted. Epoch milliseconds. */
  controlDueAt(told: Acceptances, now: number): number {
    let due = Number.POSITIVE_INFINITY;
    for (const [way, { at, control }] of this.wanted) {
      if (!control || !this.isWanted(way, told, now)) continue;
      const accepted = this.accepted(told, now)[CONTROL]?.last ?? 0;
      if (accepted <= at) due = Math.min(due, Math.max(at, this.controlledAt) + WAIT_FOR_OTHERS_MS);
    }
    return due;
  }

  /** The control was refused itself: there is nothing to compare with now. */
  forget(): void {
    this.wanted.clear();
  }

  controlled(now: number): void {
    this.controlledAt = now;
  }
}
