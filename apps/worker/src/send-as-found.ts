import type { Outcome, Resolved, UsageEvent } from '@meterbridge/delivery';
import type { PendingUsage, Resolution, SubscriptionReader } from '@meterbridge/destinations';
import type { KeepResolved } from '@meterbridge/queue';

/** A delivery whose subscription has to be looked up, by its index in the job; `kept`: the job says it already. */
export type Pending = { index: number; usage: PendingUsage; isAlone: boolean; kept?: string };

export type Lookups = { reader: Pick<SubscriptionReader, 'resolve'>; keep: KeepResolved };

type Found = Pending & { subscription: string };

/**
 * Sends usage events as their subscriptions become known: those of one customer wait for no other's read.
 * What is found is written into the job before it is sent, and what was written before is made sure of. Should this
 * process die before the answer is settled, or another server take over, the next one sends the very same: under
 * another subscription it would be a second usage event.
 * @returns outcomes by index in the job
 */
export async function sendAsFound(
  pending: readonly Pending[],
  { reader, keep }: Lookups,
  deliver: (usages: UsageEvent[], alone: ReadonlySet<number>) => Promise<Outcome[]>,
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const sending: Promise<void>[] = [];
  let known: { one: Pending; resolution: Resolution }[] = pending.flatMap((one) =>
    one.kept === undefined ? [] : [{ one, resolution: { outcome: 'found', subscription: one.kept } }],
  );
  const unknown = pending.filter(({ kept }) => kept === undefined);
  const waiting = new Set<Promise<void>>();
  for (const [at, resolving] of reader.resolve(unknown.map(({ usage }) => usage)).entries()) {
    const told = resolving.then((resolution) => {
      known.push({ one: unknown[at]!, resolution });
      waiting.delete(told);
    });
    waiting.add(told);
  }

  while (waiting.size > 0 || known.length > 0) {
    if (known.length === 0) await Promise.race(waiting);
    // What is known by the same moment is written down and sent together.
    await new Promise((resolve) => setImmediate(resolve));
    const found: Found[] = [];
    for (const { one, resolution } of known) {
      if (resolution.outcome === 'found') found.push({ ...one, subscription: resolution.subscription });
      else outcomes.set(one.index, resolution);
    }
    known = [];
    if (found.length > 0) {
      const refused = await writeDown(found, keep);
      if (refused) for (const { index } of found) outcomes.set(index, refused);
      else sending.push(send(found));
    }
  }
  await Promise.all(sending);
  return outcomes;

  async function send(found: Found[]): Promise<void> {
    const alone = new Set([...found.keys()].filter((at) => found[at]!.isAlone));
    const usages = found.map(({ usage, subscription }) => usage.complete(subscription));
    for (const [at, outcome] of (await deliver(usages, alone)).entries()) {
      outcomes.set(found[at]!.index, outcome);
    }
  }
}

/** Why nothing of this may be sent; nothing, once it is written. */
async function writeDown(found: readonly Found[], keep: KeepResolved): Promise<Outcome | undefined> {
  const resolved = new Map<number, Resolved>(
    found
      .filter(({ kept }) => kept === undefined)
      .map(({ index, usage, subscription }) => [index, { customer: usage.customer, subscription }]),
  );
  try {
    return (await keep(resolved)) ? undefined : { outcome: 'unsent' };
  } catch (error) {
    const detail = `the subscription that was found could not be written down: ${(error as Error).name}`;
    return { outcome: 'failed', code: 'connection', detail };
  }
}
