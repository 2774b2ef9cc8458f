import { Queue } from 'bullmq';
import express from 'express';
import { Redis } from 'ioredis';

/**
 * The ordinary design, as a good engineer writes it in an afternoon: Express parses the JSON, every event
 * becomes a job, the request is answered when the jobs are in Redis.
 */
const connection = new Redis(process.env.REDIS_URL!, { maxRetriesPerRequest: null });
const queue = new Queue('ordinary', {
  connection,
  defaultJobOptions: { attempts: 8, removeOnComplete: true },
});
const app = express();
app.use(express.json({ limit: '10mb' }));
app.post('/v1/batch', async (req, res) => {
  const events = (req.body as { batch: { messageId: string }[] }).batch;
  await queue.addBulk(events.map((event) => ({ name: 'event', data: event })));
  res.json({ success: true });
});
app.post('/v1/track', async (req, res) => {
  await queue.add('event', req.body);
  res.json({ success: true });
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
