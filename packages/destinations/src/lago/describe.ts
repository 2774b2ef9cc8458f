import type { KindDescription } from '../description.js';

/** Lago takes a hundred events in a request (`LAGO_EVENTS_BATCH_MAX_LENGTH` may say otherwise at your own). */
const DEFAULT_BATCH = 100;

/** Lago, for people and for configurations. */
export const lagoDescription = {
  type: 'lago',
  title: 'Lago',
  env: { url: 'LAGO_API_URL', apiKey: 'LAGO_API_KEY' },
  defaults: {
    url: 'https://api.getlago.com',
    limit: { requestsPerSecond: 400, concurrency: 8, batchSize: DEFAULT_BATCH },
  },
  about: {
    url: "your Lago's origin; /api/v1 is added",
    limit: 'One budget for all workers. Lago Cloud allows 500 requests a second for the whole organization.',
  },
  billed: { who: 'subscription', what: 'code' },
  hasEntities: false,
  sent: {
    values: {
      subscription: ['external_subscription_id'],
      code: ['code'],
      preciseTotalAmountCents: ['precise_total_amount_cents'],
    },
    set: { field: 'properties', target: ['properties'] },
  },
  draft: {
    otherUrls: 'https://api.eu.getlago.com in Europe, or your own Lago',
    metric: "the code of Lago's billable metric",
    who: {
      id: 'the external id of the subscription',
      paths: 'properties.subscription_id, context.groupId, userId',
      canBeLookedUp: true,
    },
    fields: ({ metric, who, quantity }) => [
      metric === null
        ? { key: 'code', value: { path: 'event' }, beside: "the billable metric: the event's name" }
        : { key: 'code', value: metric, beside: 'the billable metric' },
      {
        key: 'subscription',
        value: who ?? { lookup: 'customer' },
        above: [
          who === null
            ? 'Lago is asked for the subscription of the customer, [context.groupId, userId] unless `customer` says another.'
            : 'The first that is not null becomes the external_subscription_id.',
        ],
      },
      ...(quantity === null ? [] : [{ key: 'properties', value: quantity, above: [ABOUT_PROPERTIES] }]),
    ],
  },
} satisfies KindDescription;

const ABOUT_PROPERTIES =
  'What is named here must be in the event, or it is a dead letter: Lago would sum it as nothing.';
