/** Numbers of every ledger row side by side: 52 bytes a row where objects would take hundreds. */
export type LedgerColumns = {
  owner: Int32Array;
  code: Int32Array;
  next: Int32Array;
  stored: Uint32Array;
  refused: Uint32Array;
  timestampMs: Float64Array;
  hash: Float64Array;
  receivedAtMs: Float64Array;
  /** Of the first arrival; `receivedAtMs` is that of the one in effect. */
  firstReceivedAtMs: Float64Array;
};

export function createColumns(rows: number): LedgerColumns {
  return {
    owner: new Int32Array(rows),
    code: new Int32Array(rows),
    next: new Int32Array(rows),
    stored: new Uint32Array(rows),
    refused: new Uint32Array(rows),
    timestampMs: new Float64Array(rows),
    hash: new Float64Array(rows),
    receivedAtMs: new Float64Array(rows),
    firstReceivedAtMs: new Float64Array(rows),
  };
}

/** The same rows with room for as many again. */
export function growColumns(columns: LedgerColumns): LedgerColumns {
  const grown = createColumns(columns.owner.length * 2);
  for (const name of Object.keys(grown) as (keyof LedgerColumns)[]) grown[name].set(columns[name]);
  return grown;
}

/** Strings that repeat (codes, owners), kept once and known by a number. -1 stands for null. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  numberOf(name: string | null): number {
    if (name === null) return -1;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  /** -2 where the name was never seen: equal to no row's. */
  find(name: string | null): number {
    return name === null ? -1 : (this.#numbers.get(name) ?? -2);
  }

  nameOf(number: number): string | null {
    return number < 0 ? null : this.#names[number]!;
  }
}
