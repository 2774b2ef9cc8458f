import { randomUUID } from 'node:crypto';
import {
  type ForgetRequest,
  findDueForgetRequests,
  findForgetRequest,
  type OperatorAction,
  rewriteAppendOnlyFiles,
  takeForgetRequest,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { beginAction } from '../dead-letters/operator-action.js';
import { lookOnAndOn } from '../look-on-and-on.js';
import type { Operations } from '../open.js';
import { type ForgetTelling, runForget } from './run-forget.js';
import { digestOf } from './words.js';

export type ForgetRunnerOptions = ForgetTelling & {
  /** Waits for as long as Redis is away. */
  redis: Redis;
  /** Opens the system anew for each request. @param actor what its record says who did it */
  open: (actor: string) => Promise<Operations>;
  /** Told once of each that a newer version wrote, and is left to it. */
  onNewer?: (id: string, format: number) => void;
};

export type ForgetRunner = {
  /** Takes no more, and lets go of the one in hand, which another worker goes on with. */
  stop(): Promise<void>;
};

/** Forgets the people that calls ask for, one at a time, for as long as this process lives. */
export function startForgetRunner(options: ForgetRunnerOptions): ForgetRunner {
  const { redis } = options;
  const draining = new AbortController();
  const newer = new Set<string>();
  /** Whether Redis' files hold what was forgotten; they are written anew once no request waits. */
  let owesFiles = false;
  let running: Promise<void> | undefined;

  async function takeDue(): Promise<void> {
    for (const id of await findDueForgetRequests(redis)) {
      if (draining.signal.aborted) return;
      const request = await findForgetRequest(redis, id);
      if (request === null) continue;
      if ('newer' in request) {
        if (!newer.has(id)) options.onNewer?.(id, request.newer);
        newer.add(id);
        continue;
      }
      running = takeOne(request);
      await running;
    }
    if (owesFiles) {
      const each = await rewriteAppendOnlyFiles(redis);
      owesFiles = each.some(({ result }) => result === 'busy');
    }
  }

  async function takeOne(request: ForgetRequest): Promise<void> {
    const told = { id: request.id, source: request.source, tries: request.tries };
    const holder = randomUUID();
    try {
      const ops = await options.open(`a call of ${request.source}`);
      try {
        const digest = digestOf(ops, request.ids);
        const begun = JSON.stringify(await beginAction(ops, { what: 'forgotten', person: digest }));
        const run = await takeForgetRequest(redis, request.id, holder, begun);
        if (run === null) return;
        const turn = { holder, run: JSON.parse(run) as OperatorAction, draining: draining.signal };
        if (await runForget(ops, request, turn, options)) owesFiles = true;
      } finally {
        ops.close();
      }
    } catch (error) {
      // Where its lease cannot be given back it runs out soon, and it is tried again.
      options.onProblem?.(error as Error, told);
    }
  }

  void lookOnAndOn(takeDue, { draining: draining.signal, onProblem: options.onProblem });

  return {
    async stop() {
      draining.abort();
      // Not for a look: while Redis is away that takes as long as it is.
      await running;
    },
  };
}
