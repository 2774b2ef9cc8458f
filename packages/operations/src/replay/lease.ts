import { REPLAY_BEAT_MS, renewReplay } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

/** Why a replay ends before its end: its process drains, a person asked for it, or another worker has gone on with it. */
export type StopReason = 'draining' | 'asked' | 'lost';

/** Keeps a replay while this process is at it, and hears when it has to stop. */
export class ReplayLease {
  private readonly redis: Redis;
  private readonly id: string;
  private readonly holder: string;
  private readonly signal: AbortSignal | undefined;
  private readonly timer: NodeJS.Timeout;
  private isAsking = false;
  private reason: StopReason | undefined;

  /** @param signal of a process that drains */
  constructor(redis: Redis, id: string, holder: string, signal?: AbortSignal) {
    this.redis = redis;
    this.id = id;
    this.holder = holder;
    this.signal = signal;
    this.timer = setInterval(() => this.renew(), REPLAY_BEAT_MS);
  }

  get stopping(): StopReason | undefined {
    return this.reason ?? (this.signal?.aborted ? 'draining' : undefined);
  }

  /** Says that it lives, and asks whether to stop: the answer is there one step later. */
  renew(): void {
    if (this.isAsking) return;
    this.isAsking = true;
    renewReplay(this.redis, this.id, this.holder)
      .then(
        (kept) => {
          if (kept === 'lost') this.reason = 'lost';
          if (kept === 'stop') this.reason ??= 'asked';
        },
        // While Redis is away nobody else goes on with it either.
        () => {},
      )
      .finally(() => {
        this.isAsking = false;
      });
  }

  end(): void {
    clearInterval(this.timer);
  }
}
