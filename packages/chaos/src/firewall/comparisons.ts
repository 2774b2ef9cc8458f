/**
 * Counts, at one API, the requests that would not have been made if nothing had been refused. Every request is in one
 * of these, or is not counted:
 *
 * - `refused`: it held what the firewall refuses.
 * - `again`: it was passed on, and held an event that had stood in a refused request and had not been passed on since.
 * - `single`: it was passed on, and held one event only, which was never refused: somebody to compare with. There are
 *   such without a firewall too, which have to be subtracted.
 * - `empty`: it was passed on, and held no event at all: somebody asks whether the API answers.
 *
 * It is rather too many than too few. The request in which a poisoned event is refused first is counted, though its
 * events would have been sent without a firewall too; so is a full one that takes a single event along for the second
 * time. Not to be seen from here is a request of several new events that is smaller than it would have been.
 */
export class Comparisons {
  refused = 0;
  again = 0;
  single = 0;
  empty = 0;
  /** Refused requests of one event alone. */
  refusedAlone = 0;
  /** Refused requests of which no event had been refused before, and the events in them. */
  first = { requests: 0, events: 0 };
  /** Events refused in a request of theirs, and not passed on since. */
  readonly #suspects = new Set<string>();

  get extra(): number {
    return this.refused + this.again + this.single + this.empty;
  }

  /** Whether this request goes on to find out about one that was refused. */
  isAbout(ids: readonly string[]): boolean {
    return ids.some((id) => this.#suspects.has(id));
  }

  noteRefused(ids: readonly string[]): void {
    this.refused += 1;
    if (ids.length === 1) this.refusedAlone += 1;
    if (!this.isAbout(ids)) {
      this.first.requests += 1;
      this.first.events += ids.length;
    }
    for (const id of ids) this.#suspects.add(id);
  }

  notePassed(ids: readonly string[]): void {
    if (this.isAbout(ids)) this.again += 1;
    else if (ids.length === 1) this.single += 1;
    else if (ids.length === 0) this.empty += 1;
    for (const id of ids) this.#suspects.delete(id);
  }

  /** What the count consists of, for people. */
  describe(): string {
    const { refused, refusedAlone, again, single, empty, first } = this;
    const size =
      first.requests === 0 ? '' : `, first in requests of ${(first.events / first.requests).toFixed(0)}`;
    return `${refused} refused (${refusedAlone} of one event${size}), ${again} again, ${single} single, ${empty} empty`;
  }
}
