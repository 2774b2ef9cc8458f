import { READS_AT_ONCE } from '../stored/account-reads.js';

/** As many at once as reads may be on their way. Where one fails, no other is begun, and all have ended. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const errors: unknown[] = [];
  let next = 0;
  const run = async () => {
    for (let at = next++; at < items.length && errors.length === 0; at = next++) {
      try {
        results[at] = await act(items[at]!);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, run));
  if (errors.length > 0) throw errors[0];
  return results;
}
