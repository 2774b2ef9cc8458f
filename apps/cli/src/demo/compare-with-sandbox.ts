import type { Account } from '@meterbridge/queue';

/** Where the account and the billing API's own count differ, in a sentence. */
export type Disagreement = string;

export type Inspection = Record<'lago' | 'hyperline', { ledger: { keys: number } }>;

/** Holds the accounts against what the sandbox stored: our own word is not a proof. */
export async function compareWithSandbox(sandboxUrl: string, accounts: Account[]): Promise<Disagreement[]> {
  const answer = await fetch(`${sandboxUrl}/inspect`);
  return compareAccounts(accounts, (await answer.json()) as Inspection);
}

/**
 * What was stored in an attempt whose process died before it was written down comes back as a duplicate: so
 * the API holds at least what was delivered, and at most that and the duplicates. Hyperline's entities are
 * revised: there, many deliveries may be one key.
 */
export function compareAccounts(
  accounts: Pick<Account, 'destination' | 'delivered' | 'duplicate'>[],
  inspection: Inspection,
): Disagreement[] {
  return accounts.flatMap(({ destination, delivered, duplicate }) => {
    if (destination !== 'lago' && destination !== 'hyperline') return [];
    const { keys } = inspection[destination].ledger;
    const least = destination === 'lago' ? delivered : 0;
    if (keys >= least && keys <= delivered + duplicate) return [];
    return [`${destination} holds ${keys} events; ${delivered} were delivered, ${duplicate} were duplicates`];
  });
}
