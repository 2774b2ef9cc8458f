import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import { READ_PRIORITY } from '@meterbridge/delivery';
import { compileDestination, type DestinationSettings, type HttpAnswer } from '@meterbridge/destinations';
import { readsOf } from '@meterbridge/queue';
import { createRateLimiter } from '@meterbridge/rate-limiter';
import { createHttpClient } from '@meterbridge/sender';

/** How often a read is tried that comes to nothing; it waits a second first, and then twice as long. */
const TRIES = 5;
const FIRST_WAIT_MS = 1_000;
/** Reads on their way at once. */
export const READS_AT_ONCE = 4;

export type ReadsOptions = {
  /** Of one read, at most. */
  timeoutMs: number;
  /** Whether an answer is worth another try. */
  isPassing: (answer: HttpAnswer) => boolean;
  /** False where Redis does not answer: then the budget of reads is kept to without those who share it. */
  isShared?: boolean;
  /** Ends a wait between two tries. */
  signal?: AbortSignal | undefined;
};

/** Reads of one billing account, within the budget that the workers of that account have too. */
export class AccountReads {
  private readonly options: ReadsOptions;
  private readonly http;
  private readonly limiter;
  /** Requests so far. */
  made = 0;

  constructor(
    settings: DestinationSettings,
    { billingAccounts, redis }: Pick<Config, 'billingAccounts' | 'redis'>,
    options: ReadsOptions,
  ) {
    const { connection, limit, name } = compileDestination(settings);
    this.options = options;
    this.http = createHttpClient({ ...connection, timeoutMs: options.timeoutMs });
    const { readsPerSecond } = limit;
    this.limiter = createRateLimiter({
      id: readsOf(billingAccounts.get(name) ?? name),
      concurrency: READS_AT_ONCE,
      ...(readsPerSecond === 'unlimited' ? {} : { requestsPerSecond: readsPerSecond }),
      ...(readsPerSecond === 'unlimited' || options.isShared === false ? {} : { redisUrl: redis.url }),
    });
  }

  async get(path: string): Promise<HttpAnswer> {
    const { isPassing, signal } = this.options;
    for (let tries = 1; ; tries += 1) {
      this.made += 1;
      const answer = await this.limiter.schedule(() => this.http.get(path), READ_PRIORITY.plan);
      if (!isPassing(answer) || tries >= TRIES || signal?.aborted) return answer;
      await sleep(FIRST_WAIT_MS * 2 ** (tries - 1), undefined, { signal }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.limiter.close();
    this.http.close();
  }
}

/** The API's limit has no room for it now. */
export function isLimited(answer: HttpAnswer): boolean {
  return 'status' in answer && answer.status === 429;
}
