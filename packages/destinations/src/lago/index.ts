import { isJsonObject } from '@meterbridge/segment-events';
import { describeUnready } from '../check-connection.js';
import { compileRules } from '../compile-rules.js';
import type { DestinationKind } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { readAnswer } from '../read-answer.js';
import { fromSettings } from '../settings.js';
import { lagoBilling } from './billing-lookup.js';
import { lagoBooks } from './books.js';
import { checkLagoRules } from './check-rules.js';
import { classifyLagoAnswer } from './classify.js';
import { lagoCurrentUsage } from './current-usage.js';
import { lagoDescription } from './describe.js';
import { lagoHeldLookup } from './find-held.js';
import { lagoLookup } from './find-stored.js';
import { lagoIdentity } from './identity.js';
import { readLagoEventsStore } from './read-events-store.js';
import { lagoUsageIdentity, readLagoUsage } from './sent-usage.js';
import { isLookup, lagoSettingsSchema } from './settings.js';
import { lagoSubscriptions } from './subscriptions.js';
import { openLagoWebhooks } from './webhooks.js';
import { compileLagoRule } from './write-usage.js';

const BATCH_PATH = '/api/v1/events/batch';
const EMPTY_BATCH = '{"events":[]}';

/**
 * One index holds an event's subscription, code and compressed properties; what does not fit is answered 500, with
 * the whole batch (Lago 1.38.0 and later on Postgres, measured at 1.51.0: 2,617 random characters are the most).
 */
const MOST_STORED_BYTES = 2_600;

/**
 * Lago (getlago.com, or one's own). Always the batch endpoint, for one event as well: it names what it
 * refuses just as the single one does, and checks that an id is there in both of Lago's stores.
 */
export const lago: DestinationKind<typeof lagoSettingsSchema> = {
  ...lagoDescription,
  settingsSchema: lagoSettingsSchema,
  compileRules: (rules) => compileRules(rules, compileLagoRule),
  identity: lagoIdentity,
  usageIdentity: lagoUsageIdentity,
  readUsage: readLagoUsage,
  compile: (settings) => ({
    ...fromSettings(settings),
    subscriptions: settings.rules.some(({ subscription }) => isLookup(subscription))
      ? lagoSubscriptions
      : undefined,
    billing: lagoBilling(settings.lateEvents),
    map: compileRules(settings.rules, compileLagoRule),
    path: () => BATCH_PATH,
    request: (usages) => ({
      path: BATCH_PATH,
      body: `{"events":[${usages.map(({ body }) => body).join(',')}]}`,
    }),
    classify: classifyLagoAnswer,
    control: { path: BATCH_PATH, body: EMPTY_BATCH, isAnswered: isRefusedAsEmpty },
    storableBytes: MOST_STORED_BYTES,
  }),
  lookup: lagoLookup,
  readEventsStore: readLagoEventsStore,
  held: lagoHeldLookup,
  books: lagoBooks,
  currentUsage: lagoCurrentUsage,
  openWebhooks: openLagoWebhooks,
  checkRules: checkLagoRules,
  async checkConnection(http) {
    const answer = await http.post(BATCH_PATH, EMPTY_BATCH);
    return isRefusedAsEmpty(answer) ? { ready: true } : describeUnready(answer);
  },
};

/** An empty batch is refused for being empty, and only after the key and its permission were found good. */
function isRefusedAsEmpty(answer: HttpAnswer): boolean {
  if ('error' in answer || answer.status !== 422) return false;
  const { json } = readAnswer(answer);
  return isJsonObject(json) && isJsonObject(json.error_details) && Array.isArray(json.error_details.events);
}
