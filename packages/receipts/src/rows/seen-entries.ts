import { compareStreamIds, type ReceiptEntry } from '@meterbridge/queue/batch';
import type { ManifestFile } from '../manifest.js';
import { nameOfEntry } from './to-receipts.js';

/**
 * Which entries are there already. One comes back where Redis failed over to a replica that did not know yet that it was
 * let go of; its id in the stream stays, so only files that reach over that id may have it.
 */
export class SeenEntries {
  private readonly names = new Set<string>();
  /** The newest first, by their last entries: nearly every entry is younger than all of them, and looks at one. */
  private unread: readonly ManifestFile[];
  private readonly readNames: (file: ManifestFile) => Promise<Iterable<string>>;

  /**
   * @param files whose rows are there
   * @param readNames the names of the settlements that a file has rows of (`nameOfRow`)
   */
  constructor(files: readonly ManifestFile[], readNames: (file: ManifestFile) => Promise<Iterable<string>>) {
    const withEntries = files.filter(({ lastEntry }) => lastEntry !== '');
    this.unread = withEntries.toSorted((a, b) => compareStreamIds(b.lastEntry, a.lastEntry));
    this.readNames = readNames;
  }

  /** Whether it is there for the first time; it is there from then on. */
  async add(entry: ReceiptEntry): Promise<boolean> {
    for (const file of this.unread) {
      if (compareStreamIds(file.lastEntry, entry.id) < 0) break;
      if (compareStreamIds(file.firstEntry, entry.id) <= 0) await this.read(file);
    }
    const name = nameOfEntry(entry);
    if (this.names.has(name)) return false;
    this.names.add(name);
    return true;
  }

  private async read(file: ManifestFile): Promise<void> {
    for (const name of await this.readNames(file)) this.names.add(name);
    this.unread = this.unread.filter((each) => each !== file);
  }
}
