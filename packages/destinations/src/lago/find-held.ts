import type { Asking, Held, HeldEvent, HeldLookup, ToldDuplicate } from '../destination.js';
import { groupBy } from '../group-by.js';
import { compareStored, type LagoContent } from './compare-stored.js';
import { ComputedFields } from './computed-fields.js';
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
  compare: compareHeld,
};

function compareHeld(sent: string, { body, computed }: HeldEvent): string[] {
  const fields = compareStored(JSON.parse(sent) as LagoContent, JSON.parse(body) as LagoContent);
  return computed === undefined ? fields : fields.filter((field) => field !== `properties.${computed}`);
}

type Sent = { transaction_id: string; external_subscription_id: string; timestamp: string };

/** With so many, one more is little. */
const FEW_READS = 4;

/** One search: what is not found yet, and what was read so far. */
class Search {
  private readonly asking: Asking;
  private readonly tell: (index: number, held: Held) => void;
  private readonly duplicates: readonly ToldDuplicate[];
  private readonly computed: ComputedFields;
  /** What differs is told once it is known what Lago has computed of it. */
  private readonly telling: Promise<void>[] = [];
  /** By key. Several duplicates may have one: a sender repeats itself in two jobs. */
  private readonly open = new Map<string, { one: Wanted; indexes: number[] }>();

  constructor(
    asking: Asking,
    duplicates: readonly ToldDuplicate[],
    tell: (index: number, held: Held) => void,
  ) {
    this.asking = asking;
    this.tell = tell;
    this.duplicates = duplicates;
    this.computed = new ComputedFields(asking.get);
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
    const reads = planReads(wanted);
    // Asked for behind many others, metrics would come too late.
    if (reads.length > FEW_READS) void this.computed.of('');
    const missed = await this.readAll(reads, (read) => this.readWindow(read));
    const bySubscription = groupBy(missed, ({ subscription }) => subscription);
    await Promise.all(inTurns(bySubscription, ([one]) => one!.rule).map((own) => this.readElsewhere(own)));
    await Promise.all(inTurns(this.stillOpen(missed), ({ rule }) => rule).map((one) => this.askFor(one)));
    await Promise.all(this.telling);
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
    if (await this.isThere(one)) return;
    for (const index of this.close(keyOf(one.subscription, one.id))) this.tell(index, { held: 'nothing' });
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
      if (!this.open.has(key)) continue;
      const held = readHeld(event);
      for (const index of this.close(key)) this.telling.push(this.tellHeld(index, held, event.code));
    }
  }

  private async tellHeld(index: number, held: HeldEvent, code: unknown): Promise<void> {
    const differing = compareHeld(this.duplicates[index]!.body, held);
    // An event of another time is another one, whatever is computed of it.
    if (differing.length === 0 || differing.includes('timestamp')) return this.tell(index, held);
    const computed = await this.computed.of(code);
    // Where metrics cannot be read, a single property may be one that is computed: nobody knows.
    if (computed === undefined && differing.length === 1 && differing[0]!.startsWith('properties.')) return;
    this.tell(index, typeof computed === 'string' ? { ...held, computed } : held);
  }

  /** Is looked for no more. @returns whose it is */
  private close(key: string): number[] {
    const known = this.open.get(key);
    this.open.delete(key);
    return known?.indexes ?? [];
  }

  private stillOpen(of: readonly Wanted[]): Wanted[] {
    return of.filter(({ subscription, id }) => this.open.has(keyOf(subscription, id)));
  }
}

/** What is there of what is sent, in the same order. */
function readHeld(event: LagoEvent): HeldEvent {
  const { transaction_id, external_subscription_id, code, timestamp, properties } = event;
  const precise_total_amount_cents = event.precise_total_amount_cents ?? undefined;
  const content = { transaction_id, external_subscription_id, code, timestamp };
  const body = JSON.stringify({ ...content, precise_total_amount_cents, properties });
  return { held: 'event', subscription: String(external_subscription_id), body };
}

function keyOf(subscription: unknown, id: unknown): string {
  return JSON.stringify([subscription, id]);
}
