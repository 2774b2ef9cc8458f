import { FORGET_BEAT_MS, renewForgetRequest } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

/** Keeps a request to forget a person while this process is at it. */
export class ForgetLease {
  private readonly timer: NodeJS.Timeout;
  private readonly ending = new AbortController();
  private readonly draining: AbortSignal;
  private readonly onDraining = () => this.ending.abort();
  private isAsking = false;

  /** @param draining of the process */
  constructor(redis: Redis, id: string, holder: string, draining: AbortSignal) {
    this.draining = draining;
    if (draining.aborted) this.onDraining();
    draining.addEventListener('abort', this.onDraining);
    this.timer = setInterval(() => {
      if (this.isAsking) return;
      this.isAsking = true;
      renewForgetRequest(redis, id, holder)
        .then(
          (isKept) => isKept || this.ending.abort(),
          // While Redis is away no other worker goes on with it either.
          () => {},
        )
        .finally(() => {
          this.isAsking = false;
        });
    }, FORGET_BEAT_MS);
  }

  /** Aborted once another worker has gone on with it, or this process drains. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  end(): void {
    clearInterval(this.timer);
    this.draining.removeEventListener('abort', this.onDraining);
  }
}
