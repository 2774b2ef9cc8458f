import type { ReceiptReader } from '@meterbridge/receipts';

/** The books of a destination whose month is closed. */
export type MonthBooks = {
  /**
   * Opens them as they are in this moment.
   * @param only names of files, as manifests have them: nothing else is read, and no spool
   */
  open(only?: ReadonlySet<string>): Promise<ReceiptReader>;
  /** Of the bytes of a file that a manifest names, hexadecimal; null where it is not there. */
  sha256(name: string): Promise<string | null>;
};

/** Opens books for one question. */
export async function reading<Result>(
  { open }: Pick<MonthBooks, 'open'>,
  act: (reader: ReceiptReader) => Promise<Result>,
  only?: ReadonlySet<string>,
): Promise<Result> {
  const reader = await open(only);
  try {
    return await act(reader);
  } finally {
    await reader.close();
  }
}
