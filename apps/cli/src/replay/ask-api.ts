import type { Config } from '@meterbridge/config';
import { READ_PRIORITY, type UsageEvent } from '@meterbridge/delivery';
import {
  compileDestination,
  createHttpClient,
  type DestinationSettings,
  destinationKinds,
} from '@meterbridge/destinations';
import { readsOf } from '@meterbridge/queue';
import { createRateLimiter } from '@meterbridge/rate-limiter';
import type { Held } from './plan.js';

/** Events a destination's API is asked for where not all are. */
const SAMPLE = 50;
/** An API that cannot be reached must not hold up a plan. */
const TIMEOUT_MS = 5_000;
const REQUESTS_AT_ONCE = 4;

/**
 * Asks a destination's API what it holds of the events that would be sent: of some that lie evenly apart, or all.
 * Within the budget of reads that its billing account's workers have too.
 */
export class ApiQuestions {
  private readonly held: Held;
  private readonly isForAll: boolean;
  private readonly lookup;
  private readonly http;
  private readonly limiter;
  private usages: UsageEvent[] = [];
  private seen = 0;
  private stride = 1;

  constructor(
    settings: DestinationSettings,
    { billingAccounts, redis }: Pick<Config, 'billingAccounts' | 'redis'>,
    isForAll: boolean,
  ) {
    const { connection, limit, name, type } = compileDestination(settings);
    this.held = { destination: name, asked: 0, same: 0, other: 0 };
    this.isForAll = isForAll;
    this.lookup = destinationKinds[type as DestinationSettings['type']].lookup;
    this.http = createHttpClient({ ...connection, timeoutMs: Math.min(TIMEOUT_MS, connection.timeoutMs) });
    const { readsPerSecond } = limit;
    this.limiter = createRateLimiter({
      id: readsOf(billingAccounts.get(name) ?? name),
      concurrency: REQUESTS_AT_ONCE,
      ...(readsPerSecond === 'unlimited' ? {} : { requestsPerSecond: readsPerSecond, redisUrl: redis.url }),
    });
  }

  async add(usage: UsageEvent): Promise<void> {
    const isPicked = this.isForAll || this.seen % this.stride === 0;
    this.seen += 1;
    if (!isPicked) return;
    this.usages.push(usage);
    if (this.isForAll) {
      if (this.usages.length >= this.lookup.events * REQUESTS_AT_ONCE) await this.ask();
    } else if (this.usages.length > SAMPLE) {
      this.usages = this.usages.filter((_, index) => index % 2 === 0);
      this.stride *= 2;
    }
  }

  /** @returns what was found, or null where there was nothing to ask */
  async finish(): Promise<Held | null> {
    await this.ask();
    return this.held.asked > 0 || this.held.problem !== undefined ? this.held : null;
  }

  async close(): Promise<void> {
    await this.limiter.close();
    this.http.close();
  }

  private async ask(): Promise<void> {
    const usages = this.usages;
    this.usages = [];
    const { events } = this.lookup;
    const step = events * REQUESTS_AT_ONCE;
    for (let at = 0; at < usages.length && this.held.problem === undefined; at += step) {
      const together = usages.slice(at, at + step);
      const requests = Array.from({ length: Math.ceil(together.length / events) }, (_, index) =>
        this.request(together.slice(index * events, (index + 1) * events)),
      );
      await Promise.all(requests);
    }
  }

  private async request(usages: UsageEvent[]): Promise<void> {
    if (this.held.problem !== undefined) return;
    // A question may be several requests.
    const get = (path: string) => this.limiter.schedule(() => this.http.get(path), READ_PRIORITY.plan);
    const answer = await this.lookup.ask({ get }, usages);
    if (!answer.ok) {
      this.held.problem = answer.problem;
      return;
    }
    for (const stored of answer.stored) {
      if (stored !== 'unasked') this.held.asked += 1;
      if (stored === 'same' || stored === 'other') this.held[stored] += 1;
    }
  }
}
