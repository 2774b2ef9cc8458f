import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

/** What the ordinary design offers once the mapping is mended: its failed jobs, retried one by one. */
const PAGE = 500;

const connection = new Redis(process.env.REDIS_URL!, { maxRetriesPerRequest: null });
const queue = new Queue('ordinary', { connection });
for (;;) {
  const failed = await queue.getFailed(0, PAGE - 1);
  if (failed.length === 0) break;
  for (const job of failed) await job.retry();
}
await queue.close();
connection.disconnect();
