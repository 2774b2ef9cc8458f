import {
  type ForgetRequest,
  finishForgetRequest,
  type OperatorAction,
  putBackForgetRequest,
} from '@meterbridge/queue';
import { withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { ForgetLease } from './forget-lease.js';
import { type Forgotten, forgetPerson, type Rest } from './forget-person.js';

/** Why a request is not done yet. `failed`: an error, which is told; `unreadable`: what may hold the person. */
export type ForgetDelay = Exclude<Rest, 'stopped'> | 'unreadable' | 'failed';

/** What is told of a request: nothing of the person. */
export type ForgetTold = Pick<ForgetRequest, 'id' | 'source' | 'tries'>;

export type ForgetTelling = {
  onDone?: (request: ForgetTold, forgotten: Forgotten) => void;
  /** Told why one is not done yet, and in how many milliseconds it is tried again. */
  onDelayed?: (request: ForgetTold, why: ForgetDelay, waitMs: number) => void;
  /** Told of what is tried again by itself. */
  onProblem?: (error: Error, request?: ForgetTold) => void;
};

/** A worker's turn at a request that it has taken. */
export type ForgetTurn = {
  holder: string;
  /** What the request is remembered by. */
  run: OperatorAction;
  /** Aborted once the process drains. */
  draining: AbortSignal;
};

/** What a worker has in hand, a replay and receivers are waited for so long in one turn: others wait behind it. */
const PATIENCE_MS = 2_000;
/** Until a request is tried again: twice as long each time, since each turn goes over all that is kept. */
const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 10 * 60_000;

/**
 * Forgets the person that a request names, or puts it back with why it is not done yet.
 * @returns whether it is done
 * @throws as the client does, where it cannot be put back: its lease runs out
 */
export async function runForget(
  ops: Operations,
  request: ForgetRequest,
  { holder, run, draining }: ForgetTurn,
  telling: ForgetTelling,
): Promise<boolean> {
  const { id, source, tries } = request;
  const told = { id, source, tries };
  const delay = async (why: ForgetDelay) => {
    const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
    const isPutBack = await putBackForgetRequest(ops.redis, id, holder, { why, waitMs });
    if (isPutBack) telling.onDelayed?.(told, why, waitMs);
    return false;
  };
  const lease = new ForgetLease(ops.redis, id, holder, draining);
  try {
    const forgotten = await forget(ops, request, run, lease.signal);
    const why = forgotten.rest ?? (forgotten.unreadable > 0 ? 'unreadable' : null);
    if (why === 'stopped') {
      await putBackForgetRequest(ops.redis, id, holder, { why: '', waitMs: 0 });
      return false;
    }
    if (why !== null) return await delay(why);
    const isDone = await finish(ops, id, holder);
    if (isDone) telling.onDone?.(told, forgotten);
    return isDone;
  } catch (error) {
    telling.onProblem?.(error as Error, told);
    return await delay('failed');
  } finally {
    lease.end();
  }
}

function forget(
  ops: Operations,
  { ids, refuseLater }: ForgetRequest,
  run: OperatorAction,
  signal: AbortSignal,
): Promise<Forgotten> {
  const options = {
    refuseLater,
    run,
    patienceMs: PATIENCE_MS,
    onlyWhatIsThere: true,
    rewriteFiles: false,
  };
  return forgetPerson(ops, ids, { signal }, options);
}

function finish({ config }: Operations, id: string, holder: string): Promise<boolean> {
  return withWriter(config, ({ redis, replicas }) => finishForgetRequest(redis, id, holder, replicas));
}
