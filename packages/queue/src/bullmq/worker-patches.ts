import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';

/** How long a worker rests that cannot take a job although Redis answers. */
const REST_MS = 1_000;

/** What is done with a job once its hand has let go of it. */
export type Afterwards = WeakMap<Job, () => Promise<void>>;

/** Changes of BullMQ's worker that it has no options for. */
export function patchWorker(worker: Worker, afterwards: Afterwards): void {
  takePatiently(worker);
  lookPatiently(worker);
  endNothing(worker);
  renewOnlyWhatIsInHand(worker);
  doAfterwards(worker, afterwards);
}

/**
 * BullMQ asks again at once when Redis refuses to hand out a job: at its memory limit that was ten thousand
 * errors a second (measured), and a core of the machine.
 */
function takePatiently({ backend }: Worker): void {
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    try {
      return await moveToActive(...args);
    } catch (error) {
      if (isRefusal(error)) await sleep(REST_MS);
      throw error;
    }
  };
}

/**
 * After a look for stalled jobs that failed, BullMQ waits for five seconds, and nothing ends that: the process of a
 * worker that is closed meanwhile stays for so long. The next look comes soon enough.
 */
function lookPatiently(worker: Worker): void {
  const { backend } = worker;
  const moveStalled = backend.moveStalledJobsToWait.bind(backend);
  backend.moveStalledJobsToWait = async () => {
    try {
      return await moveStalled();
    } catch (error) {
      if (isRefusal(error)) worker.emit('error', error as Error);
      return [];
    }
  };
}

/**
 * BullMQ's own end of a job removes it at whatever server answers by then, settled there or not. A job ends only in
 * its settlement; one that BullMQ gives up for a reason of its own stays in hand until its lock runs out.
 */
function endNothing({ backend }: Worker): void {
  const refuse = async (): Promise<never> => {
    throw new Error('a job ends only in its settlement');
  };
  backend.moveToCompleted = refuse;
  backend.moveToFailed = refuse;
}

/**
 * A lock that was being renewed while its job ended or was put back is no lost one: it was given away. BullMQ lets
 * go of it a few steps later, and would report each as an error.
 */
function renewOnlyWhatIsInHand(worker: Worker): void {
  const { backend } = worker;
  const renew = backend.extendLocks.bind(backend);
  backend.extendLocks = async (...args) => {
    const lost = await renew(...args);
    if (lost.length === 0) return lost;
    await new Promise((resolve) => setImmediate(resolve));
    // biome-ignore lint/complexity/useLiteralKeys: it is protected, and only so reached
    const inHand = new Set(worker['lockManager'].getTrackedJobIds());
    return lost.filter((jobId) => inHand.has(jobId));
  };
}

/**
 * A job goes back to its queue between two of BullMQ's steps: once nothing of its hand is left, and before that hand
 * takes the next.
 *
 * Not earlier: it may be in another hand of this worker at once, and BullMQ knows the locks that it renews by the job
 * alone. Letting go of the first hand's lock it would renew the other's no more, and the job would be taken for one of
 * a dead worker ten seconds later.
 *
 * Not later: BullMQ takes the next job under the same lock's token. Where that is this very job, as after a lock that
 * ran out, it would be put back out of the turn that has it by then.
 */
function doAfterwards(worker: Worker, afterwards: Afterwards): void {
  const inner = worker as unknown as { processJob: ProcessJob };
  const processJob = inner.processJob.bind(worker);
  inner.processJob = async (job, token, mayTakeNext) => {
    try {
      return await processJob(job, token, () => !afterwards.has(job) && mayTakeNext());
    } finally {
      await afterwards.get(job)?.();
    }
  };
}

type ProcessJob = (job: Job, token: string, mayTakeNext: () => boolean) => Promise<unknown>;

/** Redis answered, and said no; a lost connection BullMQ waits for by itself. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
