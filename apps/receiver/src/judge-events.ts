import type { Source } from '@meterbridge/config';
import {
  type Arrival,
  type DeletionCall,
  decideArrival,
  type EventLimits,
  isDeletionCall,
  type JsonObject,
  leastBytes,
  type Refusal,
  type RefusalCount,
  type RefusedPeople,
  type RejectedEvent,
  readDeletionCall,
  rejectArrival,
} from '@meterbridge/segment-events';
import { PERSON_REFUSED, type ReceivedEvent } from './ports.js';
import type { Attribution } from './sources/attribute-events.js';

/** What becomes of one event, as its sender is told. */
export type EventResult =
  | { status: 'accepted' }
  /** By its own `integrations`, or since it is of a person who is refused. */
  | { status: 'ignored' }
  | { status: 'rejected'; reason: string; message: string };

/** Proven deletion calls, by the source that brought them. */
export type Deletions = Map<string, DeletionCall[]>;

/** Events by their source. */
type Counts = Map<string, number>;

/** Refused events: by their reason, and then by their source. */
export type RefusalCounts = Map<string, Counts>;

export type Judgement = {
  received: ReceivedEvent[];
  /** Refused events that are kept as they are. */
  rejected: RejectedEvent[];
  /** How many others were refused: they are counted alone. */
  notKept: RefusalCount[];
  /** All refused events, kept or not. */
  refused: RefusalCounts;
  /** Events that are taken. */
  accepted: Counts;
  /** Events that are switched off. */
  ignored: Counts;
  /** Calls that have a person forgotten: they are no events, and no book has them. */
  deletions: Deletions;
  /** In the order of the events, of the first `MAX_RESULTS`. */
  results: EventResult[];
  /** How many more there are, by what became of them. */
  unlisted: Record<EventResult['status'], number>;
};

/** Segment's functions, which read them, send 400 events at most; an answer of some 60 KB. */
const MAX_RESULTS = 500;

/**
 * What is kept of the refused events of one request: as many as a client that is set up wrongly sends at once, and
 * what is compressed and stored within some tens of milliseconds.
 */
export const MAX_KEPT_EVENTS = 1_000;
export const MAX_KEPT_BYTES = 1_000_000;

/** Events between two looks at the clock: each takes some 20 µs, and one of the largest a few milliseconds. */
const LOOK_EVERY = 16;

const UNKNOWN_KEY: Refusal = {
  reason: 'unknown_write_key',
  detail: 'writeKey is not one of this installation',
};

/**
 * Decides for each event of a request whether it is taken, refused or not meant for this installation, and takes
 * personal data out of all that will be stored. No event's fate depends on its neighbours; of refused ones the first
 * are kept, and the others are counted.
 */
export class EventJudge {
  readonly judgement: Judgement = {
    received: [],
    rejected: [],
    notKept: [],
    refused: new Map(),
    accepted: new Map(),
    ignored: new Map(),
    deletions: new Map(),
    results: [],
    unlisted: { accepted: 0, ignored: 0, rejected: 0 },
  };
  private readonly events: readonly unknown[];
  private readonly attribution: Attribution;
  private readonly arrival: Omit<Arrival, 'raw'>;
  private readonly limits: EventLimits;
  private readonly people: RefusedPeople | null;
  private readonly isServers: boolean;
  private readonly notKept: RefusalCounts = new Map();
  private next = 0;
  private keptBytes = 0;

  /**
   * @param people whose events are counted and not kept; null for nobody's
   * @param isServers whether a secret that only servers hold proves every event: else no call has a person forgotten
   */
  constructor(
    events: readonly unknown[],
    attribution: Attribution,
    arrival: Omit<Arrival, 'raw'>,
    {
      limits,
      people,
      isServers = false,
    }: { limits: EventLimits; people: RefusedPeople | null; isServers?: boolean },
  ) {
    this.events = events;
    this.attribution = attribution;
    this.arrival = arrival;
    this.limits = limits;
    this.people = people;
    this.isServers = isServers;
  }

  /** Goes on for about so many milliseconds. @returns whether every event is judged */
  run(sliceMs: number): boolean {
    const until = performance.now() + sliceMs;
    while (this.next < this.events.length) {
      this.judge(this.next++);
      if (this.next % LOOK_EVERY === 0 && performance.now() > until) break;
    }
    if (this.next < this.events.length) return false;
    this.judgement.notKept = listRefusals(this.notKept);
    return true;
  }

  private judge(index: number): void {
    const source = this.attribution.sources[index];
    const { way, receivedAtMs, sentAt, request } = this.arrival;
    // Written out, not spread: this runs for every event.
    const arrival = { raw: this.events[index], way, receivedAtMs, sentAt, request };
    if (source) this.judgeOwn(arrival, source);
    else this.refuse(arrival, this.attribution.sender, UNKNOWN_KEY);
  }

  private judgeOwn(arrival: Arrival, source: Source): void {
    const decided = decideArrival(arrival, source, this.limits);
    if (decided.status === 'refused') {
      const { refusal } = decided;
      if (this.isDeletion(arrival.raw, source, refusal)) this.takeDeletion(arrival, arrival.raw, source);
      else this.refuse(arrival, source, refusal);
    } else if (decided.status === 'ignored') {
      raise(this.judgement.ignored, source.name);
      this.tell({ status: 'ignored' });
    } else if (this.people !== null && isOfRefused(this.people, decided)) {
      this.passOver(source);
    } else {
      const { event, timeFromReceipt } = decided;
      this.judgement.received.push({ source: source.name, via: arrival.way.via, event, timeFromReceipt });
      raise(this.judgement.accepted, source.name);
      this.tell({ status: 'accepted' });
    }
  }

  /** Refused for its type alone: what is too large or nested too deep is not read. */
  private isDeletion(raw: unknown, source: Source, { reason }: Refusal): raw is JsonObject {
    const isTaken = this.isServers && source.forgetsOnCall === true;
    return isTaken && reason === 'unsupported_type' && isDeletionCall(raw);
  }

  private takeDeletion(arrival: Arrival, raw: JsonObject, source: Source): void {
    const call = readDeletionCall(raw);
    if ('reason' in call) {
      this.refuse(arrival, source, call);
      return;
    }
    const { deletions } = this.judgement;
    const calls = deletions.get(source.name) ?? [];
    deletions.set(source.name, calls);
    calls.push(call);
    this.tell({ status: 'accepted' });
  }

  private refuse(arrival: Arrival, source: Source, refusal: Refusal): void {
    const isKept = this.mayKeep(arrival.raw);
    // Only what would be kept is searched: what is larger would hold up all others, and is a count anyway.
    if (isKept && this.people?.isIn(arrival.raw)) {
      this.passOver(source);
      return;
    }
    const { reason, detail } = refusal;
    raiseRefusal(this.judgement.refused, reason, source.name);
    if (isKept) this.judgement.rejected.push(rejectArrival(arrival, source, refusal));
    else raiseRefusal(this.notKept, reason, source.name);
    this.tell({ status: 'rejected', reason, message: detail });
  }

  /** Nothing of it is kept but the count, and its sender hears nothing of the person. */
  private passOver(source: Source): void {
    raiseRefusal(this.notKept, PERSON_REFUSED, source.name);
    this.tell({ status: 'ignored' });
  }

  /** By the least that it takes: a copy of what is too large would be what this is to spare. */
  private mayKeep(raw: unknown): boolean {
    if (this.judgement.rejected.length >= MAX_KEPT_EVENTS) return false;
    const left = MAX_KEPT_BYTES - this.keptBytes;
    const bytes = leastBytes(raw, left);
    if (bytes > left) return false;
    this.keptBytes += bytes;
    return true;
  }

  private tell(result: EventResult): void {
    if (this.judgement.results.length < MAX_RESULTS) this.judgement.results.push(result);
    else this.judgement.unlisted[result.status] += 1;
  }
}

/** As it came, and as it would be stored: a person is forgotten by either. */
function isOfRefused(people: RefusedPeople, { frozen, event }: { frozen: unknown; event: unknown }): boolean {
  return people.isOf(frozen) || (event !== frozen && people.isOf(event));
}

function raise(counts: Counts, source: string): void {
  counts.set(source, (counts.get(source) ?? 0) + 1);
}

function raiseRefusal(counts: RefusalCounts, reason: string, source: string): void {
  const bySource = counts.get(reason) ?? new Map<string, number>();
  counts.set(reason, bySource);
  raise(bySource, source);
}

function listRefusals(counts: RefusalCounts): RefusalCount[] {
  return [...counts].flatMap(([reason, bySource]) =>
    [...bySource].map(([source, events]) => ({ source, reason, events })),
  );
}
