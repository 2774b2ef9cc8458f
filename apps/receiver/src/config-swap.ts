import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import type { Logger } from '@meterbridge/telemetry';
import type { InForce } from './in-force.js';

export type ConfigSwapOptions = {
  open: (config: Config) => InForce;
  /** Has Redis keep the rules of a configuration; rejects as Redis does. */
  keep: (config: Config) => Promise<void>;
  /** Tells other processes what this one runs; rejects as Redis does. */
  say: (running: InForce) => Promise<void>;
  onSwapped: (config: Config) => void;
  logger: Logger;
};

/** While Redis is away it is asked again after so long. */
const AGAIN_MS = 500;

/** Holds the configuration in force, and puts another in its place. */
export class ConfigSwap {
  private readonly options: ConfigSwapOptions;
  private inForce: InForce;
  /** Its rules are about to be named by jobs. */
  private next: Config | undefined;
  /** Replaced ones under which requests began that are not answered yet. */
  private readonly closing = new Set<Promise<void>>();
  private readonly ended = new AbortController();

  constructor(config: Config, options: ConfigSwapOptions) {
    this.options = options;
    this.inForce = options.open(config);
    options.onSwapped(config);
  }

  /** What a request that begins now goes by. */
  get current(): InForce {
    return this.inForce;
  }

  /** Whose rules Redis has to keep: a server that has taken over may not have them. */
  configs(): Config[] {
    return this.next ? [this.inForce.config, this.next] : [this.inForce.config];
  }

  /**
   * Puts a configuration in force once Redis keeps its rules: a job that names rules that are not kept could not be
   * mapped. While Redis is away the one of before goes on. Rejects where the receiver ends meanwhile.
   */
  async apply(config: Config): Promise<void> {
    const { open, say, onSwapped, logger } = this.options;
    this.next = config;
    await this.untilKept(config);
    const before = this.inForce;
    const opened = open(config);
    // A worker that does not have these rules yet asks who runs them; one that is not told waits.
    await say(opened).catch((err) => logger.warn({ err }, 'config.not_told'));
    this.inForce = opened;
    this.next = undefined;
    onSwapped(config);
    const closed = before
      .close()
      .catch((err) => logger.error({ err }, 'config.not_closed'))
      .finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }

  /** Once no request comes any more. */
  async close(): Promise<void> {
    this.ended.abort();
    await Promise.all([this.inForce.close(), ...this.closing]);
  }

  private async untilKept(config: Config): Promise<void> {
    for (;;) {
      this.ended.signal.throwIfAborted();
      try {
        return await this.options.keep(config);
      } catch (err) {
        this.options.logger.warn({ err }, 'config.waits_for_redis');
        await sleep(AGAIN_MS, undefined, { signal: this.ended.signal });
      }
    }
  }
}
