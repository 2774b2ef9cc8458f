import type { ReceiptReader } from '@meterbridge/receipts';

/** The folder in which the books of all destinations lie. */
export type BooksStore = {
  /** Every destination of which there is something. */
  destinations(): Promise<string[]>;
  /** Opens those of one destination, as they are in this moment. */
  open(destination: string): Promise<ReceiptReader>;
};

/** Asks the books of a destination, as they are when this is called. */
export async function withBooks<Result>(
  store: Pick<BooksStore, 'open'>,
  destination: string,
  act: (books: ReceiptReader) => Promise<Result>,
): Promise<Result> {
  const books = await store.open(destination);
  try {
    return await act(books);
  } finally {
    await books.close();
  }
}
