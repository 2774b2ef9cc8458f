import type { Config } from '@meterbridge/config';
import type { DestinationSettings } from '@meterbridge/destinations';
import {
  createMutex,
  openReplication,
  type Replication,
  readCounters,
  readProcesses,
  type StoreClock,
} from '@meterbridge/queue';
import type { BreakerState, BusinessEvents, Logger, Tracer, WorkerMetrics } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { type OpenedAccount, openAccount } from './open-account.js';
import { type OpenedDestination, openDestination } from './open-destination.js';

export type DeliveryOptions = {
  redis: Redis;
  clock: StoreClock;
  logger: Logger;
  metrics: WorkerMetrics;
  events: BusinessEvents;
  scrub: (text: string) => string;
  tracer: Tracer;
  /** Told of destinations that are served from now on, and of those that are no more. */
  onServed: (name: string, breaker: () => BreakerState) => void;
  onLeft: (name: string) => void;
};

/** A billing account that destinations share, until the last of them is closed. */
type SharedAccount = { key: string; opened: Promise<OpenedAccount>; users: number };

type Served = {
  /** All that it was opened with, as text: another is another. */
  key: string;
  account: SharedAccount;
  opened: OpenedDestination;
  /** It is in no configuration any more, and what waits for it goes out. */
  isRemoved: boolean;
};

/** How often a removed destination is looked at for whether nothing waits for it any more. */
const LOOK_EVERY_MS = 2_000;

/**
 * The destinations that a worker serves, each with its billing account. A changed one is opened anew beside what it
 * was, as another worker would be, and then the old one is drained: what it has on its way is settled, the rest goes
 * back to Redis and is taken by the new one. What did not change goes on untouched.
 */
export class Delivery {
  private readonly options: DeliveryOptions;
  private readonly replication: Replication | undefined;
  private readonly inTurn = createMutex();
  /** What opens and closes does so one after the other. */
  private readonly inOrder = createMutex();
  private readonly accounts = new Map<string, SharedAccount>();
  private readonly served = new Map<string, Served>();
  private looking: NodeJS.Timeout;
  private isStopping = false;

  constructor({ redis: { url, replicas } }: Pick<Config, 'redis'>, options: DeliveryOptions) {
    this.options = options;
    this.replication = replicas > 0 ? openReplication(url, replicas) : undefined;
    this.looking = setInterval(() => {
      if ([...this.served.values()].some(({ isRemoved }) => isRemoved)) void this.closeDrained();
    }, LOOK_EVERY_MS);
    this.looking.unref();
  }

  /** Serves what a configuration says. Rejects where one could not be opened: that one stays as it was. */
  apply(config: Config): Promise<void> {
    return this.inOrder(async () => {
      const results = await Promise.allSettled(
        config.destinations.map((settings) => this.serve(settings, config)),
      );
      const names = new Set(config.destinations.map(({ name }) => name));
      for (const [name, each] of this.served) each.isRemoved = !names.has(name);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    });
  }

  /** Sends nothing more, settles what is on its way, puts the rest back. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.looking);
    await this.inOrder(async () => {
      await Promise.all([...this.served.keys()].map((name) => this.leave(name)));
    });
    this.replication?.close();
  }

  private async serve(settings: DestinationSettings, config: Config): Promise<void> {
    if (this.isStopping) return;
    const { name } = settings;
    const accountName = config.billingAccounts.get(name)!;
    const key = JSON.stringify([settings, accountName, config.retry]);
    const before = this.served.get(name);
    if (before?.key === key) return;
    const account = this.accountOf(accountName, config);
    account.users += 1;
    try {
      const shared = { ...this.options, config, inTurn: this.inTurn, replication: this.replication };
      const opened = await openDestination(settings, { ...shared, account: await account.opened });
      this.served.set(name, { key, account, opened, isRemoved: false });
      this.options.onServed(name, () => this.served.get(name)?.opened.breaker() ?? 'closed');
    } catch (error) {
      await this.release(account);
      throw error;
    }
    if (before) await this.close(before);
  }

  /** Of an account whose budget was changed there are two until the destinations of the old one are closed. */
  private accountOf(name: string, config: Config): SharedAccount {
    const { limit } = config.destinations.find((each) => each.name === name)!;
    const key = JSON.stringify([name, limit.requestsPerSecond, limit.readsPerSecond, limit.concurrency]);
    const known = this.accounts.get(key);
    if (known) return known;
    const { clock, logger, metrics } = this.options;
    const opened = openAccount(name, { config, now: clock.now, logger, metrics });
    const account = { key, opened, users: 0 };
    this.accounts.set(key, account);
    return account;
  }

  private async leave(name: string): Promise<void> {
    const served = this.served.get(name)!;
    await this.close(served);
    this.served.delete(name);
    this.options.onLeft(name);
  }

  private async close({ opened, account }: Served): Promise<void> {
    await opened.stop();
    await this.release(account);
  }

  private async release(account: SharedAccount): Promise<void> {
    account.users -= 1;
    if (account.users > 0) return;
    this.accounts.delete(account.key);
    await account.opened.then((opened) => opened.close());
  }

  /** Closes those of the removed for which nothing waits, and nothing comes from a process that has them still. */
  private closeDrained(): Promise<void> {
    return this.inOrder(async () => {
      const { redis, clock, logger } = this.options;
      for (const [name, { isRemoved }] of [...this.served]) {
        if (!isRemoved || this.isStopping) continue;
        const processes = await readProcesses(redis, clock.now());
        if (processes.some(({ role, rules }) => role === 'receiver' && name in rules)) continue;
        if ((await readCounters(name, redis)).inFlight > 0) continue;
        await this.leave(name);
        logger.info({ destination: name }, 'destination.drained');
      }
    }).catch((err) => this.options.logger.warn({ err }, 'destination.not_drained'));
  }
}
