import { destinationTypes, kindOf } from '@meterbridge/destinations';
import type { Account } from '@meterbridge/queue';

/** Where the account and the billing API's own count differ, in a sentence. */
export type Disagreement = string;

/** What the sandbox holds, by the type of the destinations it stands in for. */
export type Inspection = Readonly<Record<string, { ledger: { keys: number } }>>;

/** Holds the accounts against what the sandbox stored: our own word is not a proof. */
export async function compareWithSandbox(sandboxUrl: string, accounts: Account[]): Promise<Disagreement[]> {
  const answer = await fetch(`${sandboxUrl}/inspect`);
  return compareAccounts(accounts, (await answer.json()) as Inspection);
}

/**
 * What was stored in an attempt whose process died before it was written down comes back as a duplicate: so
 * the API holds at least what was delivered, and at most that and the duplicates. Entities are
 * revised: where an API has them, many deliveries may be one key.
 */
export function compareAccounts(
  accounts: Pick<Account, 'destination' | 'delivered' | 'duplicate'>[],
  inspection: Inspection,
): Disagreement[] {
  return accounts.flatMap(({ destination, delivered, duplicate }) => {
    const type = destinationTypes.find((each) => each === destination);
    const held = inspection[destination];
    if (!type || !held) return [];
    const { keys } = held.ledger;
    const least = kindOf(type).hasEntities ? 0 : delivered;
    if (keys >= least && keys <= delivered + duplicate) return [];
    return [`${destination} holds ${keys} events; ${delivered} were delivered, ${duplicate} were duplicates`];
  });
}
