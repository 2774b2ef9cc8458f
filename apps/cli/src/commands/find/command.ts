import { type FoundEvent, findEvent } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { booksIn, keptReceipts, sayUnreadable } from '../../open-books.js';
import { print } from '../../terminal/print.js';
import { tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';
import { renderFound } from './render-found.js';

export type FindOptions = { offline?: boolean; json?: boolean };

/** Follows one event. Exit code 1 where nothing is known of it, or an API does not say what it holds. */
export async function find(id: string, { offline = false, json = false }: FindOptions): Promise<void> {
  const { found, scrub } = await withOperations(async (ops) => {
    const { directory } = keptReceipts(ops);
    const found = await sayUnreadable(directory, () =>
      watched((work) => findEvent(ops, { id, offline }, booksIn(directory), work)),
    );
    return { found, scrub: ops.scrub };
  });
  if (!isKnown(found) || found.held.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
  print(scrub(json ? JSON.stringify(found, null, 2) : renderFound(found, tableWidth(), { offline })));
}

function isKnown({ deliveries, deadLetters }: FoundEvent): boolean {
  return deliveries.length > 0 || deadLetters.length > 0;
}
