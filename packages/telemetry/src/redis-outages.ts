import type { Logger } from './create-logger.js';

/** How often a trouble that lasts is told again. */
const AGAIN_AFTER_MS = 60_000;

export type RedisOutagesOptions = {
  logger: Pick<Logger, 'warn' | 'info'>;
  /** Where Redis is: hosts and ports, no secret. */
  server: string;
  /** Milliseconds of a clock that goes on evenly. Default: the process's own. */
  now?: () => number;
};

/**
 * Tells what keeps a process from its Redis: where it is and why, once, and then seldom while it lasts. Reasons are words
 * without a secret.
 */
export class RedisOutages {
  private readonly logger: RedisOutagesOptions['logger'];
  private readonly server: string;
  private readonly now: () => number;
  private readonly toldAt = new Map<string, number>();
  private lastError: string | null = null;
  private refused: string | null = null;

  constructor({ logger, server, now = () => performance.now() }: RedisOutagesOptions) {
    this.logger = logger;
    this.server = server;
    this.now = now;
  }

  /** Why Redis takes no write, in its words; null where it does, or none was tried yet. */
  get refusal(): string | null {
    return this.refused;
  }

  /** Remembers what the connection says of itself: why it is lost, if it is. */
  onError(reason: string): void {
    this.lastError = reason;
  }

  /** The connection is lost, or could not be made. */
  onLost(): void {
    this.tell('redis.lost', this.lastError ?? this.refused ?? 'the connection was closed');
  }

  /** What Redis says to a write. @param refusal null where it takes it */
  onAnswer(refusal: string | null): void {
    if (refusal !== null) this.tell('redis.refused', refusal);
    const isOver = refusal === null && this.refused !== null;
    this.refused = refusal;
    if (!isOver) return;
    this.toldAt.delete('redis.refused');
    this.onReady();
  }

  /** Redis could not be looked at, or not made ready for use. */
  onCheckFailed(reason: string): void {
    this.tell('redis.check_failed', reason);
  }

  /** Redis is there: the next outage is another one. One that refuses every write is not, however often it connects. */
  onReady(): void {
    if (this.refused !== null) return;
    this.lastError = null;
    this.toldAt.delete('redis.lost');
    this.toldAt.delete('redis.check_failed');
    this.logger.info('redis.ready');
  }

  private tell(event: string, reason: string): void {
    const at = this.toldAt.get(event);
    if (at !== undefined && this.now() - at < AGAIN_AFTER_MS) return;
    this.toldAt.set(event, this.now());
    this.logger.warn({ server: this.server, reason }, event);
  }
}
