import { UnrecoverableError, Worker } from 'bullmq';
import { got } from 'got';
import { Redis } from 'ioredis';

/** The ordinary design's worker: a request an event, fifty at a time, BullMQ's retries for the rest. */
type Event = { messageId: string; timestamp: string; event: string; properties: Record<string, unknown> };

const connection = new Redis(process.env.REDIS_URL!, { maxRetriesPerRequest: null });
const worker = new Worker<Event>(
  'ordinary',
  async ({ data: event }) => {
    // What a wrong mapping comes to: for good, whatever is tried again.
    if (process.env.WRONG_MAPPING) throw new UnrecoverableError('tokens_used is missing');
    await got.post(`${process.env.LAGO_API_URL}/api/v1/events`, {
      headers: { authorization: `Bearer ${process.env.LAGO_API_KEY}` },
      json: {
        event: {
          transaction_id: event.messageId,
          code: 'api_call',
          timestamp: (Date.parse(event.timestamp) / 1_000).toFixed(3),
          external_subscription_id: event.properties.subscription_id,
          properties: {
            tokens: event.properties.tokens,
            model: event.properties.model,
            email: event.properties.email,
          },
        },
      },
    });
  },
  { connection, concurrency: 50 },
);
worker.on('error', (error) => console.error(error.message));
await worker.waitUntilReady();
console.log('ready');
