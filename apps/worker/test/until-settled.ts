import { waitFor } from '@meterbridge/testing';
import type { Stack } from '../../cli/test/run-stack.js';

/** The account of Lago, once so many deliveries were accepted and none of them is in flight. */
export function untilSettled(stack: Stack, accepted: number) {
  return waitFor(
    async () => {
      const account = await stack.account();
      return account.accepted >= accepted && account.inFlight === 0 ? account : undefined;
    },
    { what: `${accepted} deliveries to be settled` },
  );
}
