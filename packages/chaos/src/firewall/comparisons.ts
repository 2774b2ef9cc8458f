/**
 * Counts, at one API, the requests that would not have been made if nothing had been refused. Every request is in one
 * of these, or is not counted:
 *
 * - `refused`: it held what the firewall refuses.
 * - `again`: it was passed on, and held an event that had stood in a refused request and had not been passed on since.
 * - `empty`: it was passed on, and held no event at all: somebody asks whether the API answers.
 *
 * It is rather too many than too few. The request in which a poisoned event is refused first is counted, though its
 * events would have been sent without a firewall too; so is a full one that takes a single event along for the second
 * time. Not to be seen from here is a request that was smaller than it would have been, and held new events only.
 */
export class Comparisons {
  refused = 0;
  again = 0;
  empty = 0;
  /** Events refused in a request of theirs, and not passed on since. */
  readonly #suspects = new Set<string>();

  get extra(): number {
    return this.refused + this.again + this.empty;
  }

  /** Whether this request goes on to find out about one that was refused. */
  isAbout(ids: readonly string[]): boolean {
    return ids.some((id) => this.#suspects.has(id));
  }

  noteRefused(ids: readonly string[]): void {
    this.refused += 1;
    for (const id of ids) this.#suspects.add(id);
  }

  notePassed(ids: readonly string[]): void {
    if (ids.length === 0) this.empty += 1;
    if (this.isAbout(ids)) this.again += 1;
    for (const id of ids) this.#suspects.delete(id);
  }
}
