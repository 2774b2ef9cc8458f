import { Agent } from 'node:http';
import express from 'express';
import { got } from 'got';

/**
 * The bare pipe: what a request costs at least that is read with Express and posted on to Lago. Nothing is
 * checked, filtered, masked, stored or tried again; the fields are those that Lago asks for.
 */
type Event = { messageId: string; timestamp: string; properties: Record<string, unknown> };

const lago = got.extend({
  prefixUrl: process.env.LAGO_API_URL!,
  agent: { http: new Agent({ keepAlive: true }) },
  headers: { authorization: `Bearer ${process.env.LAGO_API_KEY}` },
});
const app = express();
app.use(express.json({ limit: '10mb' }));
app.post('/v1/batch', async (req, res) => {
  const { batch } = req.body as { batch: Event[] };
  const events = batch.map(({ messageId, timestamp, properties }) => ({
    transaction_id: messageId,
    code: 'api_call',
    timestamp: Date.parse(timestamp) / 1_000,
    external_subscription_id: properties.subscription_id,
    properties: { tokens: properties.tokens, model: properties.model, email: properties.email },
  }));
  await lago.post('api/v1/events/batch', { json: { events } });
  res.json({ success: true });
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
