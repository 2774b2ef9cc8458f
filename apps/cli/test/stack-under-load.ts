import { afterEach, expect } from '@jest/globals';
import { type SuiteRedis, waitFor } from '@meterbridge/testing';
import { useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';
import { lostOf, type SteadyLoad, startSteadyLoad } from './steady-load.js';

/** Call at the top of a test file: a receiver and two workers, and clients that send without a pause. */
export function useStackUnderLoad(suite: Pick<SuiteRedis, 'url' | 'connect'>) {
  const stacks = useStack(suite as SuiteRedis);
  let load: SteadyLoad | undefined;
  afterEach(() => load?.abandon());

  /** @param redis what the configuration says of it */
  return async function open(redis: string) {
    const stack = await stacks.open({ config: `${CONFIG}redis: ${redis}\n` });
    const receiver = await stack.startReady('receiver');
    await stack.startReady('worker');
    await stack.startReady('worker');
    const running = startSteadyLoad(() => [receiver.url]);
    load = running;
    const more = (events: number, what: string) => {
      const from = running.answered.length;
      return waitFor(() => running.answered.length >= from + events, { what, timeoutMs: 40_000 });
    };
    await more(200, 'the beginning');
    return {
      stack,
      /** So many more events are answered 200. */
      more,
      /** Ends the load, and looks up every event that was answered 200. */
      async expectNothingLost(): Promise<void> {
        await running.end();
        const { lago, hyperline } = await stack.settled(running.answered.length);
        expect([lago, hyperline]).toMatchObject([
          { difference: 0, dead: 0 },
          { difference: 0, dead: 0 },
        ]);
        expect(lostOf(stack.sandbox, running.answered)).toEqual([]);
        const changed = [stack.sandbox.lago, stack.sandbox.hyperline].map(
          ({ ledger }) => ledger.counts().changed,
        );
        expect(changed).toEqual([0, 0]);
        expect((await stack.cli('audit', '--wait', '20')).code).toBe(0);
      },
    };
  };
}
