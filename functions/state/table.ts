/** Rows by key, copied on the way in and out: a caller that changes its copy changes nothing here. */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #key: (row: Row) => string[];

  constructor(key: (row: Row) => string[]) {
    this.#key = key;
  }

  get(...key: string[]): Row | undefined {
    const row = this.#rows.get(JSON.stringify(key));
    return row && copy(row);
  }

  put(row: Row): void {
    this.#rows.set(JSON.stringify(this.#key(row)), copy(row));
  }

  delete(...key: string[]): void {
    this.#rows.delete(JSON.stringify(key));
  }

  /** In the order of their keys' first writing: the same in every run of the same steps. */
  where(wanted: (row: Row) => boolean): Row[] {
    return [...this.#rows.values()].filter(wanted).map(copy);
  }

  /** Returns how many rows it deleted, at most `limit`. */
  deleteWhere(wanted: (row: Row) => boolean, limit: number): number {
    const keys = [...this.#rows].filter(([, row]) => wanted(row)).slice(0, Math.max(0, limit));
    for (const [key] of keys) this.#rows.delete(key);
    return keys.length;
  }

  replaceAll(rows: Row[]): void {
    this.#rows.clear();
    for (const row of rows) this.put(row);
  }

  /** For JSON.stringify: sorted by key. */
  toJSON(): Row[] {
    const sorted = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, row]) => copy(row));
  }
}

/** Through JSON, which also drops keys that hold `undefined`, as every other store does. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
