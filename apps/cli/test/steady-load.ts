import type { Sandbox } from '@meterbridge/sandbox';
import { makeTracks, postBatch } from './retrying-client.js';

/** Clients that send without a pause, each batch until it is taken, to whichever receiver answers. */
export type SteadyLoad = {
  /** Message ids of what was answered 200, in the order of the answers, and when that was: epoch milliseconds. */
  readonly answered: { messageId: string; at: number }[];
  /** Sends nothing new; resolves when everything that was sent is taken. */
  end(): Promise<void>;
  /** Sends nothing at all any more. */
  abandon(): Promise<void>;
};

const CLIENTS = 4;
const EVENTS = 10;

/** @param receivers their addresses by now: asked before each try */
export function startSteadyLoad(receivers: () => string[]): SteadyLoad {
  const answered: SteadyLoad['answered'] = [];
  let isOver = false;
  let isAbandoned = false;
  let tries = 0;
  const send = async () => {
    while (!isOver) {
      const batch = makeTracks(EVENTS);
      for (;;) {
        const urls = receivers();
        const { status } = await postBatch(urls[tries++ % urls.length]!, batch);
        if (status === 200) break;
        if (isAbandoned) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const at = Date.now();
      for (const { messageId } of batch) answered.push({ messageId, at });
      // A busy machine is not to be kept busier than what is looked at needs.
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, send));
  return {
    answered,
    async end() {
      isOver = true;
      await running;
    },
    async abandon() {
      isOver = true;
      isAbandoned = true;
      await running;
    },
  };
}

/** What was answered 200 and is not at both APIs. */
export function lostOf(sandbox: Sandbox, answered: SteadyLoad['answered']): SteadyLoad['answered'] {
  const held = [sandbox.lago, sandbox.hyperline].map(
    ({ ledger }) => new Set([...ledger.entries()].map(({ id }) => id)),
  );
  return answered.filter(({ messageId }) => !held.every((ids) => ids.has(messageId)));
}
