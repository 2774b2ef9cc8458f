import type { Config } from './load-config.js';

/** What of a configuration a process tells the others: enough to look at it and to hold, and no key or URL. Pure. */
export function settingsToTell({ sources, destinations, billingAccounts, redis }: Config) {
  return {
    sources: sources.map(({ name }) => name),
    destinations: Object.fromEntries(
      destinations.map(({ name, type, limit: { requestsPerSecond } }) => [
        name,
        { type, account: billingAccounts.get(name) ?? name, requestsPerSecond },
      ]),
    ),
    redis: { replicas: redis.replicas, maxMemoryShare: redis.maxMemoryShare },
  };
}
