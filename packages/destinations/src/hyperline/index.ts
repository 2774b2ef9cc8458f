import { isJsonObject } from '@meterbridge/segment-events';
import { describeUnready } from '../check-connection.js';
import { compileRules } from '../compile-rules.js';
import type { DestinationKind } from '../destination.js';
import { readAnswer } from '../read-answer.js';
import { fromSettings } from '../settings.js';
import { hyperlineBooks } from './books.js';
import { classifyHyperlineAnswer } from './classify.js';
import { hyperlineDescription } from './describe.js';
import { hyperlineLookup } from './find-stored.js';
import { hyperlineIdentity } from './identity.js';
import { hyperlineUsageIdentity, readHyperlineUsage } from './sent-usage.js';
import { hyperlineSettingsSchema } from './settings.js';
import { compileHyperlineRule } from './write-usage.js';

/**
 * Hyperline's ingest API. One event alone goes to the endpoint for one, which says why it refuses; the
 * batch endpoint only says what. A batch holds one event type: the page does not ask for it, the vendor's command
 * line does, and until the vendor says otherwise it is the safe reading.
 */
export const hyperline: DestinationKind<typeof hyperlineSettingsSchema> = {
  ...hyperlineDescription,
  settingsSchema: hyperlineSettingsSchema,
  compileRules: (rules) => compileRules(rules, compileHyperlineRule),
  identity: hyperlineIdentity,
  usageIdentity: hyperlineUsageIdentity,
  readUsage: readHyperlineUsage,
  compile: (settings) => ({
    ...fromSettings(settings),
    map: compileRules(settings.rules, compileHyperlineRule),
    path,
    request: (usages) => ({
      path: path(usages.length),
      body: usages.length === 1 ? usages[0]!.body : `[${usages.map(({ body }) => body).join(',')}]`,
    }),
    classify: classifyHyperlineAnswer,
  }),
  lookup: hyperlineLookup,
  books: hyperlineBooks,
  async checkConnection(http) {
    const answer = await http.get('/v1/events?event_type=meterbridge-check&take=1');
    if ('error' in answer || answer.status !== 200) return describeUnready(answer);
    return isJsonObject(readAnswer(answer).json) ? { ready: true } : describeUnready(answer);
  },
};

function path(events: number): string {
  return events === 1 ? '/v1/events' : '/v1/events/batch';
}
