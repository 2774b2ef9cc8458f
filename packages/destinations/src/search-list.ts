import { scanWindows } from './scan-windows.js';
import { TIME_TOLERANCE_MS, type Window } from './windows.js';

/** An event that is looked for in a list: whose it is, by its place in the question, its id and its time. */
export type Wanted = { index: number; id: string; at: number };

/** An event that the list holds. */
export type Held = { id: string; at: number; row: Record<string, unknown> };

/** What a read has shown, or why it has not: the reads that may be made are spent, or the API's trouble. */
export type HeldRead<More = unknown> = ({ ok: true; held: Held[] } & More) | { ok: false; problem?: string };

/** One list of an API, which is read by time, or by id. */
export type List = {
  /** All it holds of a window of time, the newest first, a page at a time. */
  readWindow(window: Window): Promise<HeldRead<{ isLast: boolean }>>;
  /** Whether it can be asked for an id alone. */
  hasPathFor(id: string): boolean;
  /** Of so many ids at once. */
  idsAtOnce: number;
  /** What it holds of ids, at whatever time. One that is not in the answer is not there. */
  readIds(ids: readonly string[]): Promise<HeldRead>;
};

export type Searched = {
  /** What was found under the ids, by index. */
  found: ReadonlyMap<number, Held[]>;
  /** Those of which all is known that was asked for. */
  asked: ReadonlySet<number>;
  problem?: string;
};

const AT_ONCE = 4;

/**
 * Looks for events: some that lie evenly apart by their id, all by their time, and where one of the first is found at
 * a time at which nobody would have looked, all by their id.
 * @param isDoubt whether what was found of one at another time stands in its way
 */
export async function searchList(
  list: List,
  wanted: readonly Wanted[],
  sample: number,
  isDoubt: (index: number, held: Held) => boolean,
): Promise<Searched> {
  const search = new Search(list, wanted);
  const some = evenly(
    wanted.filter(({ id }) => list.hasPathFor(id)),
    sample,
  );
  await search.byIds(some);
  const isElsewhere = some.some(({ index, at }) =>
    search.found.get(index)?.some((held) => isAnotherTime(held.at, at) && isDoubt(index, held)),
  );
  await search.byTime();
  if (isElsewhere) await search.byIds(wanted.filter(({ id }) => list.hasPathFor(id)));
  const { found, problem } = search;
  const asked = new Set(
    wanted.map(({ index }) => index).filter((index) => search.isKnown(index, isElsewhere)),
  );
  return { found, asked, problem };
}

class Search {
  readonly found = new Map<number, Held[]>();
  problem: string | undefined;
  private readonly list: List;
  private readonly wanted: readonly Wanted[];
  private readonly byId = new Map<string, Wanted[]>();
  private readonly askedById = new Set<number>();
  private readonly askedByTime = new Set<number>();
  private isSpent = false;

  constructor(list: List, wanted: readonly Wanted[]) {
    this.list = list;
    this.wanted = wanted;
    for (const each of wanted) {
      const others = this.byId.get(each.id);
      if (others) others.push(each);
      else this.byId.set(each.id, [each]);
    }
  }

  /** @param byIdAsWell some lie at other times: what was asked for by its time alone may be there as well */
  isKnown(index: number, byIdAsWell: boolean): boolean {
    if (this.askedById.has(index) || this.found.has(index)) return true;
    return this.askedByTime.has(index) && !byIdAsWell;
  }

  async byIds(wanted: readonly Wanted[]): Promise<void> {
    const ids = [...new Set(wanted.filter(({ index }) => !this.isKnown(index, true)).map(({ id }) => id))];
    const { idsAtOnce } = this.list;
    const portions = Array.from({ length: Math.ceil(ids.length / idsAtOnce) }, (_, index) =>
      ids.slice(index * idsAtOnce, (index + 1) * idsAtOnce),
    );
    const work = async () => {
      for (let portion = portions.shift(); portion && !this.isSpent; portion = portions.shift()) {
        const read = await this.list.readIds(portion);
        if (!read.ok) return this.end(read);
        this.note(read.held);
        for (const id of portion) {
          for (const { index } of this.byId.get(id) ?? []) this.askedById.add(index);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** All but those that are not there at any time. */
  async byTime(): Promise<void> {
    const left = this.wanted.filter(({ index }) => this.found.has(index) || !this.askedById.has(index));
    if (this.isSpent || left.length === 0) return;
    const { answered, problem } = await scanWindows(
      left.map(({ at }) => at),
      async (window) => {
        const read = await this.list.readWindow(window);
        if (!read.ok) {
          this.end(read);
          return read;
        }
        this.note(read.held);
        return { ok: true, page: { times: read.held.map(({ at }) => at), isLast: read.isLast } };
      },
    );
    this.problem ??= problem;
    for (const { index, at } of left) if (answered.has(at)) this.askedByTime.add(index);
  }

  private note(held: readonly Held[]): void {
    for (const each of held) {
      for (const { index } of this.byId.get(each.id) ?? []) {
        const known = this.found.get(index);
        if (known) known.push(each);
        else this.found.set(index, [each]);
      }
    }
  }

  private end({ problem }: { problem?: string }): void {
    this.isSpent = true;
    this.problem ??= problem;
  }
}

function isAnotherTime(one: number, other: number): boolean {
  return !(Math.abs(one - other) <= TIME_TOLERANCE_MS);
}

function evenly<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}
