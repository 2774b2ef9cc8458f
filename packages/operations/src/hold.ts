import {
  type Gate,
  gateAfterHold,
  gateAfterMended,
  gateAfterResume,
  type HandHold,
  type Hold,
} from '@meterbridge/delivery';
import { changeGate, createStoreClock, RECEIVER, readsOf } from '@meterbridge/queue';
import { withWriter } from './durable-writer.js';
import type { RunningSystem } from './open.js';
import { OperationError } from './operation-error.js';

const MAX_REASON = 500;

/**
 * Stops sending to a destination until a person resumes it, over all workers and restarts; what is accepted meanwhile
 * waits.
 * @returns its gate before and since
 * @throws OperationError (`unknown_destination`, `not_certain`, `redis_full`, `redis_unreachable`)
 */
export async function holdDestination(
  ops: RunningSystem,
  destination: string,
  reason: string,
): Promise<{ before: Gate; after: Gate }> {
  refuseUnknown(destination, ops);
  return withWriter(ops.config, async ({ redis, replicas }) => {
    const clock = createStoreClock(redis);
    try {
      await clock.synchronize();
      return await changeGate(destination, redis, replicas, (gate) =>
        gateAfterHold(gate, { reason: reason.slice(0, MAX_REASON), by: ops.actor }, clock.now()),
      );
    } finally {
      clock.stop();
    }
  });
}

/**
 * Lets a destination go, whoever held it: a person, or an answer that refused the key or the URL.
 * @returns what had held it; `null` where nothing had
 * @throws OperationError as `holdDestination`
 */
export async function resumeDestination(
  ops: RunningSystem,
  destination: string,
): Promise<{ byHand: HandHold | null; byAnswer: Hold | null }> {
  refuseUnknown(destination, ops);
  return withWriter(ops.config, async ({ redis, replicas }) => {
    const { before } = await changeGate(destination, redis, replicas, gateAfterResume);
    const account = ops.config.billingAccounts.get(destination) ?? destination;
    // Of a first destination it is the same gate, and has gone on already.
    const shared = await changeGate(account, redis, replicas, gateAfterMended);
    const reads = await changeGate(readsOf(account), redis, replicas, gateAfterMended);
    const byAnswer = before.hold ?? shared.before.hold ?? reads.before.hold;
    return { byHand: before.handHold, byAnswer };
  });
}

/** One that was removed from the configuration may still have workers that send to it. */
function refuseUnknown(name: string, { names }: RunningSystem): void {
  const sending = names.filter((each) => each !== RECEIVER);
  if (sending.includes(name)) return;
  throw new OperationError('unknown_destination', `no destination ${name}; there are ${sending.join(', ')}`);
}
