import type { Account } from '@meterbridge/queue';

/** Where the account and the billing API's own count differ, in a sentence. */
export type Disagreement = string;

type Inspection = Record<'lago' | 'hyperline', { ledger: { keys: number } }>;

/** Holds the accounts against what the sandbox stored: our own word is not a proof. */
export async function compareWithSandbox(sandboxUrl: string, accounts: Account[]): Promise<Disagreement[]> {
  const answer = await fetch(`${sandboxUrl}/inspect`);
  const inspection = (await answer.json()) as Inspection;
  return accounts.flatMap(({ destination, delivered }) => {
    if (destination !== 'lago' && destination !== 'hyperline') return [];
    const { keys } = inspection[destination].ledger;
    // Hyperline's entities are revised: many deliveries may be one key there.
    const agrees = destination === 'lago' ? keys === delivered : keys <= delivered;
    return agrees ? [] : [`${destination} holds ${keys} events, ${delivered} were counted as delivered`];
  });
}
