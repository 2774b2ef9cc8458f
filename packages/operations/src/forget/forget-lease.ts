import { every, FORGET_BEAT_MS, renewForgetRequest } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

/** Keeps a request to forget a person while this process is at it. */
export class ForgetLease {
  private readonly beat: ReturnType<typeof every>;
  private readonly ending = new AbortController();
  private readonly draining: AbortSignal;
  private readonly onDraining = () => this.ending.abort();

  /** @param draining of the process */
  constructor(redis: Redis, id: string, holder: string, draining: AbortSignal) {
    this.draining = draining;
    if (draining.aborted) this.onDraining();
    draining.addEventListener('abort', this.onDraining);
    // While Redis is away no other worker goes on with it either.
    this.beat = every(FORGET_BEAT_MS, async () => {
      if (!(await renewForgetRequest(redis, id, holder))) this.ending.abort();
    });
  }

  /** Aborted once another worker has gone on with it, or this process drains. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  end(): void {
    this.beat.stop();
    this.draining.removeEventListener('abort', this.onDraining);
  }
}
