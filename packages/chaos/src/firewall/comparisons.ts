/**
 * Counts, at one API, the requests that would not have been made if nothing had been refused. To find a poisoned
 * event take:
 *
 * - `refused`: it held what the firewall refuses, and other events beside it.
 * - `again`: it was passed on, and held an event that had stood in a refused request and had not been passed on since.
 *
 * To prove that it is the one take:
 *
 * - `alone`: it held what the firewall refuses, and nothing else.
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
  alone = 0;
  single = 0;
  empty = 0;
  /** Refused requests of which no event had been refused before, and the events in them. */
  first = { requests: 0, events: 0 };
  /** Events refused in a request of theirs, and not passed on since. */
  readonly #suspects = new Set<string>();

  get finding(): number {
    return this.refused + this.again;
  }

  get proving(): number {
    return this.alone + this.single + this.empty;
  }

  /** Whether this request goes on to find out about one that was refused. */
  isAbout(ids: readonly string[]): boolean {
    return ids.some((id) => this.#suspects.has(id));
  }

  noteRefused(ids: readonly string[]): void {
    if (ids.length === 1) this.alone += 1;
    else this.refused += 1;
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
    const { refused, again, alone, single, empty, first } = this;
    const size = first.requests === 0 ? 0 : first.events / first.requests;
    const counts = `${refused} refused, ${again} again, ${alone} alone, ${single} single, ${empty} empty`;
    return `requests: ${counts}; refused first in one of ${size.toFixed(0)} events`;
  }
}
