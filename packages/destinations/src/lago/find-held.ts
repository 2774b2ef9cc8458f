import type { Asking, Held, HeldLookup, ToldDuplicate } from '../destination.js';
import { groupBy } from '../group-by.js';
import { compareStored, type LagoContent } from './compare-stored.js';
import { inTurns } from './in-turns.js';
import { planReads, type Read, type Wanted } from './plan-reads.js';
import {
  canBeAskedFor,
  type EventsPage,
  eventPath,
  eventsPath,
  type LagoEvent,
  readEvent,
  readEvents,
} from './read-events.js';

/** What Lago's Postgres organizations hold under a subscription and a transaction_id: of these there is one at most. */
export const lagoHeldLookup: HeldLookup = {
  find: async (asking, duplicates, tell) => new Search(asking, duplicates, tell).run(),
  compare: (sent, held) => compareStored(JSON.parse(sent) as LagoContent, JSON.parse(held) as LagoContent),
};

type Sent = { transaction_id: string; external_subscription_id: string; timestamp: string };

/** One search: what is not found yet, and what was read so far. */
class Search {
  private readonly asking: Asking;
  private readonly tell: (index: number, held: Held) => void;
  /** By key. Several duplicates may have one: a sender repeats itself in two jobs. */
  private readonly open = new Map<string, { one: Wanted; indexes: number[] }>();

  constructor(
    asking: Asking,
    duplicates: readonly ToldDuplicate[],
    tell: (index: number, held: Held) => void,
  ) {
    this.asking = asking;
    this.tell = tell;
    for (const [index, { rule, body }] of duplicates.entries()) {
      const sent = JSON.parse(body) as Sent;
      const { transaction_id: id, external_subscription_id: subscription } = sent;
      const atMs = Math.round(Number(sent.timestamp) * 1_000);
      const key = keyOf(subscription, id);
      const known = this.open.get(key);
      if (known) known.indexes.push(index);
      else this.open.set(key, { one: { id, subscription, atMs, rule }, indexes: [index] });
    }
  }

  /** Most are repeats, and lie where their own time says; an id that is used twice has its event at some other time. */
  async run(): Promise<void> {
    const wanted = [...this.open.values()].map(({ one }) => one);
    const missed = await this.readAll(planReads(wanted), (read) => this.readWindow(read));
    const bySubscription = groupBy(missed, ({ subscription }) => subscription);
    await Promise.all(inTurns(bySubscription, ([one]) => one!.rule).map((own) => this.readElsewhere(own)));
    await Promise.all(inTurns(this.stillOpen(missed), ({ rule }) => rule).map((one) => this.askFor(one)));
  }

  /** A window, or what it turns out to be better divided into. @returns what is not in it, as far as that was read */
  private async readWindow(read: Read): Promise<Wanted[]> {
    const first = await this.readPage(read, 1);
    if (!first) return [];
    const { fromMs, toMs } = read.window!;
    const narrower = planReads(this.stillOpen(read.of), first.total / (toMs - fromMs));
    return narrower.length < first.pages - 1
      ? this.readAll(narrower, (part) => this.readOn(part, 1))
      : this.readOn(read, 2, first.pages);
  }

  /** The pages from one on. @param pages of the whole list, where that is known */
  private async readOn(read: Read, from: number, pages = from): Promise<Wanted[]> {
    let last = pages;
    for (let page = from; page <= last; page += 1) {
      if (this.stillOpen(read.of).length === 0) return [];
      const answer = await this.readPage(read, page);
      if (!answer) return [];
      last = answer.pages;
    }
    return this.stillOpen(read.of);
  }

  /** The list of a whole subscription, where that is shorter than asking for each. */
  private async readElsewhere(of: Wanted[]): Promise<void> {
    if (of.length === 1 && canBeAskedFor(of[0]!.id)) return;
    const read: Read = { subscription: of[0]!.subscription, of };
    const first = await this.readPage(read, 1);
    if (first && first.pages <= this.stillOpen(of).length) await this.readOn(read, 2, first.pages);
  }

  private async askFor(one: Wanted): Promise<void> {
    if (!canBeAskedFor(one.id) || (await this.isThere(one))) return;
    await this.asking.whenCertain();
    if (!(await this.isThere(one))) this.found(keyOf(one.subscription, one.id), { held: 'nothing' });
  }

  /** False by Lago's own word alone. An event of another subscription says nothing of this one. */
  private async isThere({ id }: Wanted): Promise<boolean> {
    const answer = await this.asking.get(eventPath(id));
    if (!answer) return true;
    const read = readEvent(answer);
    if (read.is === 'event') this.note([read.event]);
    return read.is !== 'absent';
  }

  private async readPage(read: Read, page: number): Promise<EventsPage | null> {
    const answer = await this.asking.get(eventsPath(read, page));
    const events = answer && readEvents(answer, read, page);
    if (events) this.note(events.events);
    return events;
  }

  private async readAll(reads: Read[], readOne: (read: Read) => Promise<Wanted[]>): Promise<Wanted[]> {
    return (await Promise.all(reads.map(readOne))).flat();
  }

  private note(events: readonly LagoEvent[]): void {
    for (const event of events) {
      const key = keyOf(event.external_subscription_id, event.transaction_id);
      if (this.open.has(key)) this.found(key, writeHeld(event));
    }
  }

  private found(key: string, held: Held): void {
    const known = this.open.get(key);
    this.open.delete(key);
    for (const index of known?.indexes ?? []) this.tell(index, held);
  }

  private stillOpen(of: readonly Wanted[]): Wanted[] {
    return of.filter(({ subscription, id }) => this.open.has(keyOf(subscription, id)));
  }
}

/** What is there of what is sent, in the same order. */
function writeHeld(event: LagoEvent): Held {
  const { transaction_id, external_subscription_id, code, timestamp, properties } = event;
  const precise_total_amount_cents = event.precise_total_amount_cents ?? undefined;
  const content = { transaction_id, external_subscription_id, code, timestamp };
  const body = JSON.stringify({ ...content, precise_total_amount_cents, properties });
  return { held: 'event', subscription: String(external_subscription_id), body };
}

function keyOf(subscription: unknown, id: unknown): string {
  return JSON.stringify([subscription, id]);
}
