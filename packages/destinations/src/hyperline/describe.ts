import type { KindDescription } from '../description.js';

/** Hyperline, for people and for configurations. */
export const hyperlineDescription = {
  type: 'hyperline',
  title: 'Hyperline',
  env: { url: 'HYPERLINE_API_URL', apiKey: 'HYPERLINE_API_KEY' },
  defaults: {
    url: 'https://ingest.hyperline.co',
    limit: { requestsPerSecond: 50, concurrency: 4, batchSize: 1_000 },
  },
  about: {
    url: 'https://sandbox.ingest.hyperline.co with a test_ key; /v1 is added',
    limit: 'One budget for all workers.',
  },
  billed: { who: 'customer', what: 'eventType' },
  hasEntities: true,
  sent: {
    values: { customer: ['customer_id'], eventType: ['event_type'] },
    set: { field: 'record', target: ['record'] },
  },
  draft: {
    who: { id: "the customer's id or external id", paths: 'context.groupId, userId' },
    fields: ({ who, quantity }) => [
      { key: 'customer', value: who },
      { key: 'eventType', value: 'event' },
      {
        key: 'record',
        value: { '*': 'properties', ...quantity },
        beside: 'every flat property; id is the messageId',
      },
    ],
  },
} satisfies KindDescription;
