import { isJsonObject } from '@meterbridge/segment-events';
import { describeUnready } from '../check-connection.js';
import { compileRules } from '../compile-rules.js';
import type { DestinationKind } from '../destination.js';
import { readAnswer } from '../read-answer.js';
import { toConnection } from '../settings.js';
import { classifyLagoAnswer } from './classify.js';
import { lagoLookup } from './find-stored.js';
import { lagoIdentity } from './identity.js';
import { isLookup, lagoSettingsSchema } from './settings.js';
import { compileLagoRule } from './write-usage.js';

const BATCH_PATH = '/api/v1/events/batch';

/**
 * Lago (getlago.com, or one's own). Always the batch endpoint, for one event as well: it names what it
 * refuses just as the single one does, and checks that an id is there in both of Lago's stores.
 */
export const lago: DestinationKind<typeof lagoSettingsSchema> = {
  type: 'lago',
  settingsSchema: lagoSettingsSchema,
  compileRules: (rules) => compileRules(rules, compileLagoRule),
  identity: lagoIdentity,
  compile: (settings) => ({
    name: settings.name,
    type: settings.type,
    batchSize: settings.limit.batchSize,
    maxBytes: settings.limit.maxBytes,
    limit: settings.limit,
    connection: toConnection(settings),
    looksUp: settings.rules.some(({ subscription }) => isLookup(subscription)),
    map: compileRules(settings.rules, compileLagoRule),
    request: (usages) => ({
      path: BATCH_PATH,
      body: `{"events":[${usages.map(({ body }) => body).join(',')}]}`,
    }),
    classify: classifyLagoAnswer,
  }),
  lookup: lagoLookup,
  // An empty batch is refused for being empty, and only after the key and its permission were found good.
  async checkConnection(http) {
    const answer = await http.post(BATCH_PATH, '{"events":[]}');
    if ('error' in answer || answer.status !== 422) return describeUnready(answer);
    const { json } = readAnswer(answer);
    const details = isJsonObject(json) && isJsonObject(json.error_details) ? json.error_details : {};
    return Array.isArray(details.events) ? { ready: true } : describeUnready(answer);
  },
};
