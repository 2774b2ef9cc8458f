import type { MonthBooks } from '@meterbridge/operations';

/** The books of a destination in a folder. What reads them is loaded where they are read. */
export function monthBooksIn(dir: string, destination: string): MonthBooks {
  return {
    async open(only) {
      const { openReceipts } = await import('@meterbridge/receipts');
      return openReceipts({ dir, destination, only });
    },
    async sha256(name) {
      const { sha256OfFile } = await import('@meterbridge/receipts');
      return sha256OfFile(dir, name);
    },
  };
}
