import { type CurrentUsage, type DestinationSettings, kindOf, type Told } from '@meterbridge/destinations';
import type { Explanation } from '@meterbridge/receipts';
import type { Operations } from '../open.js';
import { AccountReads, isLimited } from '../stored/account-reads.js';

/** What an API says that a subscription's usage comes to in the period that goes on. */
export type BilledNow = {
  destination: string;
  subscription: string;
  customer?: string | undefined;
  /** Absent where there is none, or it is not known. */
  usage?: CurrentUsage | undefined;
  /** Why it is not known. */
  problem?: string | undefined;
  /** What a person has to know of it, as a sentence. */
  caveat: string;
};

/** Subscriptions that are asked for, of one destination: a customer rarely has more. */
const MOST_ASKED = 5;
/** Whoever looks waits for it. */
const TIMEOUT_MS = 10_000;

type Lookup = NonNullable<ReturnType<typeof kindOf>['currentUsage']>;

/** Asks where a kind of API can be asked, and of destinations that are configured. Changes nothing there. */
export async function readBilledNow(
  { config }: Pick<Operations, 'config'>,
  explained: readonly { destination: string; explanation: Pick<Explanation, 'billed'> }[],
): Promise<BilledNow[]> {
  const all: BilledNow[] = [];
  for (const { destination, explanation } of explained) {
    const settings = config.destinations.find(({ name }) => name === destination);
    const lookup = settings && kindOf(settings.type).currentUsage;
    if (!lookup || explanation.billed.length === 0) continue;
    const reads = openReads(settings, config);
    try {
      for (const billed of explanation.billed.slice(0, MOST_ASKED)) {
        all.push({ destination, ...(await askFor(billed, lookup, reads)), caveat: lookup.caveat });
      }
    } finally {
      await reads.close();
    }
  }
  return all;
}

function openReads(settings: DestinationSettings, config: Operations['config']): AccountReads {
  const timeoutMs = Math.min(TIMEOUT_MS, settings.timeoutMs);
  return new AccountReads(settings, config, { timeoutMs, isPassing: isLimited });
}

async function askFor(
  { owner: subscription, customer: known }: Explanation['billed'][number],
  lookup: Lookup,
  reads: AccountReads,
): Promise<Omit<BilledNow, 'destination' | 'caveat'>> {
  const ask = async <What>(path: string | null, read: (answer: Answer) => Told<What>): Promise<Told<What>> =>
    path === null ? { ok: false, problem: 'no path can hold its id' } : read(await reads.get(path));
  const whose: Told<string | null> =
    known === undefined
      ? await ask(lookup.customerPath(subscription), lookup.readCustomer)
      : { ok: true, told: known };
  if (!whose.ok) return { subscription, problem: whose.problem };
  if (whose.told === null) return { subscription };
  const customer = whose.told;
  const usage = await ask(lookup.usagePath(customer, subscription), lookup.readUsage);
  return usage.ok
    ? { subscription, customer, usage: usage.told ?? undefined }
    : { subscription, customer, problem: usage.problem };
}

type Answer = Parameters<Lookup['readUsage']>[0];
