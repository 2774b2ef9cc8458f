import type { Config } from './load-config.js';
import { passwordsIn } from './redis-url.js';

/** Every secret the configuration holds, for logs to blot out wherever they turn up. */
export function secretsOf(config: Config): string[] {
  const secrets = new Set<string>();
  for (const { writeKeys, webhook } of config.sources) {
    for (const key of writeKeys) secrets.add(key);
    const { secrets: shared = [], header, functionSecrets = [] } = webhook ?? {};
    for (const secret of [...shared, ...(header?.values ?? []), ...functionSecrets]) secrets.add(secret);
  }
  if (config.privacyKey !== undefined) secrets.add(config.privacyKey);
  for (const destination of config.destinations) {
    const { apiKey, proxyUrl = '' } = destination;
    secrets.add(apiKey);
    if ('webhookKey' in destination && destination.webhookKey) secrets.add(destination.webhookKey);
    for (const password of passwordsIn(proxyUrl)) secrets.add(password);
  }
  for (const password of passwordsIn(config.redis.url)) secrets.add(password);
  return [...secrets];
}
