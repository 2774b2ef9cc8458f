import { randomBytes } from 'node:crypto';
import { Job, type Queue } from 'bullmq';
import type { ChainableCommander } from 'ioredis';
import type { BatchData } from '../batch/batch-codec.js';
import { asRefusal } from '../redis/errors.js';
import { PRIORITY, type Priority } from './priority.js';

/**
 * What this file needs of BullMQ's Redis backend. Its own flow producers batch inserts onto a shared
 * transaction in the same way; `Queue.addBulk` cannot be joined with commands of ours.
 */
type TransactionBackend = {
  addJobToTransaction(
    transaction: ChainableCommander,
    job: ReturnType<Job['asJSON']>,
    jobId: string,
  ): Promise<unknown>;
  connection: { client: Promise<{ multi(): ChainableCommander }> };
};

const processTag = randomBytes(5).toString('hex');
let sequence = 0;

/** Unique, never only digits and without a colon: BullMQ refuses both. */
function nextJobId(): string {
  sequence += 1;
  return `b${processTag}-${sequence.toString(36)}`;
}

/**
 * Adds batch jobs and runs `account` in one MULTI: the jobs and what is said of them in the ledger hold
 * together or not at all. Resolves when Redis has written them; with `appendfsync always`, to disk.
 * @throws BooksRefusedError where `account` was refused; else as the client does
 * @returns what the last command of `account` answered
 */
export async function addBatches(
  queue: Queue,
  batches: BatchData[],
  account: (transaction: ChainableCommander, jobIds: string[]) => void,
  priority: Priority = PRIORITY.live,
): Promise<unknown> {
  const backend = queue.backend as unknown as TransactionBackend;
  const client = await backend.connection.client;
  const transaction = client.multi();
  const jobIds = batches.map((data) => {
    const jobId = nextJobId();
    const job = new Job(queue, 'batch', data, { ...queue.jobsOpts, priority }, jobId);
    void backend.addJobToTransaction(transaction, job.asJSON(), jobId);
    return jobId;
  });
  account(transaction, jobIds);
  const results = await transaction.exec();
  if (!results) throw new Error('the transaction was aborted');
  for (const [error] of results) if (error) throw asRefusal(error) ?? error;
  return results.at(-1)![1];
}
