import type { BooksLookup, ListedUsage, Told, UsageFilter } from '@meterbridge/destinations';
import type { EventSpan } from '@meterbridge/receipts';
import { OperationError } from '../operation-error.js';
import type { AccountReads } from '../stored/account-reads.js';

/** What an API holds, asked for in spans of time. Throws where it does not say: half an answer is none. */
export class ApiSide {
  readonly compare: (sent: string, row: ListedUsage) => Promise<string[] | null>;
  private readonly lookup: BooksLookup;
  private readonly reads: Pick<AccountReads, 'get'>;
  private readonly title: string;
  private readonly next: string;

  /**
   * @param title the API's name, for people
   * @param next what a person can do where it does not say what it holds
   */
  constructor(lookup: BooksLookup, reads: Pick<AccountReads, 'get'>, title: string, next = '') {
    this.lookup = lookup;
    this.reads = reads;
    this.title = title;
    this.next = next;
    this.compare = lookup.openCompare((path) => reads.get(path));
  }

  async count(code: string, span: EventSpan): Promise<number> {
    const filter = toFilter(code, span);
    return this.told(this.lookup.readCount(await this.reads.get(this.lookup.countPath(filter)), filter));
  }

  /** All of a span, page by page. */
  async list(code: string, span: EventSpan): Promise<ListedUsage[]> {
    const filter = toFilter(code, span);
    const rows: ListedUsage[] = [];
    for (let page = 1; ; page += 1) {
      const answer = await this.reads.get(this.lookup.listPath(filter, page));
      const read = this.told(this.lookup.readList(answer, filter, page));
      rows.push(...read.rows);
      // A page with nothing that says that more follows would never end.
      if (read.isLast || read.rows.length === 0) return rows;
    }
  }

  /** What it holds under an id, at whatever time; null where it cannot be asked for it. */
  async byId(code: string, usageId: string): Promise<ListedUsage[] | null> {
    const path = this.lookup.idPath(code, usageId);
    if (path === null) return null;
    return this.told(this.lookup.readById(await this.reads.get(path), code, usageId));
  }

  private told<What>(read: Told<What>): What {
    if (read.ok) return read.told;
    throw new OperationError(
      'not_possible',
      `${this.title} did not say what it holds: ${read.problem}.${this.next}`,
    );
  }
}

function toFilter(code: string, { from, to }: EventSpan): UsageFilter {
  return { code, fromMs: from, toMs: to - 1 };
}
