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
  private isAsking = false;
  private reason: StopReason | undefined;

  constructor(redis: Redis, id: string, holder: string) {
    this.redis = redis;
    this.id = id;
    this.holder = holder;
    this.timer = setInterval(() => this.beat(), REPLAY_BEAT_MS);
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
  }

  get stopping(): StopReason | undefined {
    return this.reason;
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
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
  }

  /** The second time nobody waits: what is written is whole in any case. */
  private readonly onSignal = (): void => {
    if (this.reason !== undefined) process.exit(1);
    this.reason = 'signal';
    process.stderr.write('\nStopping after what is in hand …\n');
  };
}
