import type { Config } from '@meterbridge/config';
import {
  type Asked,
  compileDestination,
  type DestinationSettings,
  kindOf,
  type Read,
  type StoredLookup,
} from '@meterbridge/destinations';
import { AccountReads, isLimited } from './account-reads.js';
import type { AskOptions } from './ask-apis.js';
import { DOUBTS, type Held } from './held.js';
import { LateQuestions } from './late-questions.js';

/** Events that are asked for together: what is kept of them fits in memory, however many there are. */
const TOGETHER = 5_000;
/** Of the first of those so many are asked for by their id as well, at whatever time, and of all others so many. */
const FIRST_SAMPLE = 25;
const SAMPLE = 5;
/** An API that cannot be reached must not hold up a plan. */
const TIMEOUT_MS = 10_000;

/**
 * Asks a destination's API what it holds of the events that would be sent, before they are: all of them, as long as
 * the reads that are worth it reach; evenly some of them where they do not. Within the budget of reads that the
 * workers of its billing account have too.
 */
export class ApiQuestions {
  private readonly held: Held;
  private readonly isForAll: boolean;
  private readonly isStopped: () => boolean;
  private readonly lateness: LateQuestions;
  private readonly lookup;
  private readonly reads: AccountReads;
  private waiting: Asked[] = [];
  private sample = FIRST_SAMPLE;

  constructor(
    settings: DestinationSettings,
    config: Pick<Config, 'billingAccounts' | 'redis'>,
    { isForAll = false, isShared = true, isStopped = () => false }: AskOptions,
  ) {
    const destination = compileDestination(settings);
    const { connection, name } = destination;
    this.lateness = new LateQuestions(destination);
    const { type } = settings;
    this.held = {
      destination: name,
      type,
      asked: 0,
      notAsked: 0,
      same: 0,
      otherContent: 0,
      otherCode: 0,
      otherOwner: 0,
      late: 0,
      maybeLate: 0,
    };
    this.isForAll = isForAll;
    this.isStopped = isStopped;
    this.lookup = kindOf(type).lookup;
    const timeoutMs = Math.min(TIMEOUT_MS, connection.timeoutMs);
    this.reads = new AccountReads(settings, config, { timeoutMs, isPassing: isLimited, isShared });
  }

  async askFor(asked: readonly Asked[]): Promise<void> {
    this.waiting.push(...asked);
    if (this.waiting.length >= TOGETHER) await this.ask();
  }

  /** So many would be sent of which nobody knows as what. */
  pass(deliveries: number): void {
    this.held.notAsked += deliveries;
  }

  /** @returns what was found, or null where there was nothing to ask */
  async finish(): Promise<Held | null> {
    await this.ask();
    return this.held.asked + this.held.notAsked > 0 ? this.held : null;
  }

  async close(): Promise<void> {
    await this.reads.close();
  }

  private async ask(): Promise<void> {
    const asked = this.waiting;
    this.waiting = [];
    if (asked.length === 0) return;
    // Once in trouble, it stays: half an answer each time would only take long.
    if (!this.lookup)
      this.held.problem = `${kindOf(this.held.type).title} does not show the events that it holds`;
    if (!this.lookup || this.held.problem !== undefined) return this.pass(asked.length);
    let left = this.isForAll ? Number.POSITIVE_INFINITY : this.lookup.reads;
    const read = async (path: string) => {
      if (left <= 0 || this.isStopped()) return null;
      left -= 1;
      return this.reads.get(path);
    };
    await this.find(asked, this.lookup, read);
  }

  private async find(asked: readonly Asked[], lookup: StoredLookup, read: Read): Promise<void> {
    const { stored, problem } = await lookup.find(asked, read, this.sample);
    this.sample = SAMPLE;
    if (problem !== undefined) this.held.problem = problem;
    for (const each of stored) {
      if (each === 'unasked') this.held.notAsked += 1;
      else this.held.asked += 1;
      if (each === 'same') this.held.same += 1;
      else if (each !== 'unasked' && each !== 'nothing') this.held[DOUBTS[each]] += 1;
    }
    const isNew = asked.filter((_, at) => stored[at] === 'nothing' || stored[at] === 'unasked');
    const { late, maybeLate } = await this.lateness.count(
      isNew,
      problem === undefined ? read : async () => null,
    );
    this.held.late += late;
    this.held.maybeLate += maybeLate;
  }
}
