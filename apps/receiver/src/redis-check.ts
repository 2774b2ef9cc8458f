import { type connectProducer, describeRedisError, onServer, UnsafeRedisError } from '@meterbridge/queue';
import { describeError, type RedisOutages } from '@meterbridge/telemetry';

export type RedisCheckOptions = {
  redis: ReturnType<typeof connectProducer>;
  /** Looks at the server of now. @throws UnsafeRedisError for one that can lose acknowledged events */
  check: () => Promise<void>;
  onUnsafe: (error: UnsafeRedisError) => void;
  outages: RedisOutages;
};

const AGAIN_EVERY_MS = 1_000;

/**
 * Whether the server behind a connection was looked at and found safe. Each new connection may lead to another
 * server, on whose word nothing is promised before that.
 */
export class RedisCheck {
  private readonly options: RedisCheckOptions;
  private readonly again: NodeJS.Timeout;
  private isSafe = false;
  private isStopped = false;

  constructor(options: RedisCheckOptions) {
    this.options = options;
    const { redis, outages } = options;
    redis.on('ready', () => this.look());
    // A cluster's replicas are looked at with it, before they are masters; this is one that was added since.
    onServer(redis, () => this.look());
    redis.on('close', () => {
      this.isSafe = false;
      if (!this.isStopped) outages.onLost();
    });
    // A look that met a slow moment is repeated; where no write is taken, none can pass.
    this.again = setInterval(() => {
      if (!this.isSafe && redis.status === 'ready' && outages.refusal === null) this.look();
    }, AGAIN_EVERY_MS);
    this.again.unref();
  }

  /** Whether events may be accepted as far as the server goes: it may have gone away since. */
  get hasPassed(): boolean {
    return this.isSafe;
  }

  /** Whether the server that was found safe is there. */
  get isReady(): boolean {
    return this.isSafe && this.options.redis.status === 'ready';
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.again);
  }

  private look(): void {
    this.check().catch((error) => {
      if (error instanceof UnsafeRedisError) this.options.onUnsafe(error);
      else
        this.options.outages.onCheckFailed(describeRedisError(error) ?? String(describeError(error).message));
    });
  }

  private async check(): Promise<void> {
    await this.options.check();
    this.isSafe = true;
    this.options.outages.onReady();
  }
}
