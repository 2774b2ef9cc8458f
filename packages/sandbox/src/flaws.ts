/** What an API does to one in so many of the events that it takes: nothing of it is answered. Left out: to none. */
export type FlawOptions = { loses?: number; storesTwice?: number; alters?: number };

export type Flaw = 'lost' | 'twice' | 'altered';

/** Makes an API hold something else than what it has answered for. */
export class Flaws {
  #options: FlawOptions = {};
  #taken = 0;
  /** The events that it happened to, in order of arrival. */
  readonly ids: Record<Flaw, string[]> = { lost: [], twice: [], altered: [] };

  /** Counts from here. */
  set(options: FlawOptions): void {
    this.#options = options;
    this.#taken = 0;
  }

  reset(): void {
    this.set({});
    for (const ids of Object.values(this.ids)) ids.length = 0;
  }

  /** What happens to the event that is taken now. */
  next(id: string): Flaw | undefined {
    this.#taken += 1;
    const { loses, storesTwice, alters } = this.#options;
    const isDue = (every: number | undefined) => every !== undefined && this.#taken % every === 0;
    const flaw = isDue(loses) ? 'lost' : isDue(storesTwice) ? 'twice' : isDue(alters) ? 'altered' : undefined;
    if (flaw) this.ids[flaw].push(id);
    return flaw;
  }
}

/** The same properties but for one. */
export function alterOne(properties: Record<string, unknown>): Record<string, unknown> {
  const [name, value] = Object.entries(properties).find(([each]) => each !== 'id') ?? ['altered', ''];
  return { ...properties, [name]: typeof value === 'number' ? value + 1 : `${String(value)} altered` };
}
