import { keepReplay, REPLAY_BEAT_MS } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

/** Why a replay ends before its end: a signal, a word from elsewhere, or another process has gone on with it. */
export type StopReason = 'signal' | 'asked' | 'lost';

/** Keeps a replay alive while this process is at it, and hears when it has to stop. */
export class Hold {
  private readonly redis: Redis;
  private readonly id: string;
  private readonly holder: string;
  private readonly timer: NodeJS.Timeout;
  private readonly signal: AbortSignal | undefined;
  private isAsking = false;
  private reason: StopReason | undefined;

  constructor(redis: Redis, id: string, holder: string, signal?: AbortSignal) {
    this.redis = redis;
    this.id = id;
    this.holder = holder;
    this.signal = signal;
    this.timer = setInterval(() => this.beat(), REPLAY_BEAT_MS);
  }

  get stopping(): StopReason | undefined {
    return this.reason ?? (this.signal?.aborted ? 'signal' : undefined);
  }

  /** Says that it lives, and asks whether to stop: the answer is there one step later. */
  beat(): void {
    if (this.isAsking) return;
    this.isAsking = true;
    keepReplay(this.redis, this.id, this.holder)
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
