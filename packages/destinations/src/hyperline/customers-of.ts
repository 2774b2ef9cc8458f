import type { Read } from '../destination.js';
import type { Held } from '../search-list.js';
import { isListable, readList } from './list-events.js';

/**
 * A customer is sent by its id or by its external id, and no page says which of them the list shows. So one that
 * looks like another is asked for by the list's own filter: what is listed under it is the customer's.
 */
export class CustomersOf {
  problem: string | undefined;
  private readonly read: Read;
  /** What each customer is called in the list, where that is known. */
  private readonly names = new Map<string, Map<string, boolean>>();

  constructor(read: Read) {
    this.read = read;
  }

  /** Null where nobody could be asked. */
  async isSame(
    { customer_id, event_type }: { customer_id: string; event_type: string },
    { id, row }: Held,
  ): Promise<boolean | null> {
    const shown = String(row.customer_id);
    const names = this.names.get(customer_id) ?? new Map<string, boolean>();
    this.names.set(customer_id, names);
    const known = names.get(shown);
    if (known !== undefined) return known;
    if (this.problem !== undefined || !isListable(id)) return null;
    const query = { event_type, record_id__in: id, customer_id, take: '1' };
    const answer = await readList(this.read, query);
    if (!answer.ok) {
      this.problem = answer.problem;
      return null;
    }
    const isSame = answer.held.some((held) => held.id === id);
    names.set(shown, isSame);
    return isSame;
  }
}
