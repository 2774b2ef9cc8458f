import type { Config } from '@meterbridge/config';
import { compileDestination, type HttpClient, kindOf } from '@meterbridge/destinations';
import type { Finding } from './finding.js';

/**
 * Asks the APIs what they have against rules: a metric that is not there, usage that they would take and never bill.
 * Changes nothing there, and needs no Redis.
 * @param rules names of rules by destination; no others are asked about
 * @returns what is wrong or may be
 */
export async function askAboutRules(
  config: Config,
  rules: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const settings of config.destinations) {
    const names = rules.get(settings.name);
    if (!names) continue;
    const those = settings.rules.filter(({ name }) => names.has(name));
    await withConnection(settings, async (http, found) => {
      if (found.ready) {
        await checkRules({ ...settings, rules: those } as typeof settings, http, (each) =>
          findings.push(each),
        );
      } else findings.push({ level: 'warn', what: settings.name, detail: `not asked: ${found.problem}` });
    });
  }
  return findings.filter(({ level }) => level !== 'ok');
}

/** Has a destination's API asked, and closes the connection. @param use told whether URL and key are accepted */
export async function withConnection(
  settings: Config['destinations'][number],
  use: (
    http: HttpClient,
    found: Awaited<ReturnType<ReturnType<typeof kindOf>['checkConnection']>>,
  ) => Promise<void>,
): Promise<void> {
  // The client is loaded where an API is asked.
  const { createHttpClient } = await import('@meterbridge/sender');
  const http = createHttpClient(compileDestination(settings).connection);
  try {
    await use(http, await kindOf(settings.type).checkConnection(http));
  } finally {
    http.close();
  }
}

/** What the API has that the rules need. */
export async function checkRules(
  settings: Config['destinations'][number],
  http: Pick<HttpClient, 'get'>,
  report: (finding: Finding) => void,
): Promise<void> {
  for await (const { level, about, detail } of kindOf(settings.type).checkRules?.(http.get, settings) ?? []) {
    report({ level, what: about === undefined ? settings.name : `${settings.name}, ${about}`, detail });
  }
}
