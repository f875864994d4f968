/** Rows by key, copied on the way in and out: a caller that changes its copy changes nothing here. */
export class Table<Row> {
  readonly #rows = new Map<string, Kept<Row>>();
  readonly #key: (row: Row) => string[];
  readonly #owners: (row: Row) => string[];
  /** By owner, so that who has few rows among many is not looked for in all. */
  readonly #owned = new Map<string, Map<string, Kept<Row>>>();
  #order = 0;

  /** `owners`: the users for whom `of` finds a row. */
  constructor(key: (row: Row) => string[], owners: (row: Row) => string[] = () => []) {
    this.#key = key;
    this.#owners = owners;
  }

  get(...key: string[]): Row | undefined {
    const kept = this.#rows.get(JSON.stringify(key));
    return kept && copy(kept.row);
  }

  put(row: Row): void {
    const key = JSON.stringify(this.#key(row));
    const order = this.#rows.get(key)?.order ?? this.#order++;
    this.#drop(key);
    const kept = { row: copy(row), order };
    this.#rows.set(key, kept);
    for (const owner of this.#owners(row)) {
      const rows = this.#owned.get(owner);
      if (rows) rows.set(key, kept);
      else this.#owned.set(owner, new Map([[key, kept]]));
    }
  }

  delete(...key: string[]): void {
    this.#drop(JSON.stringify(key));
    this.#rows.delete(JSON.stringify(key));
  }

  /** In the order of their keys' first writing: the same in every run of the same steps. */
  where(wanted: (row: Row) => boolean): Row[] {
    return pick(this.#rows.values(), wanted);
  }

  /** The same, of one owner's rows. */
  of(owner: string, wanted: (row: Row) => boolean = () => true): Row[] {
    return pick(this.#owned.get(owner)?.values() ?? [], wanted);
  }

  /** Returns how many rows it deleted, at most `limit`. */
  deleteWhere(wanted: (row: Row) => boolean, limit: number): number {
    const keys = [...this.#rows].filter(([, { row }]) => wanted(row)).slice(0, Math.max(0, limit));
    for (const [key] of keys) {
      this.#drop(key);
      this.#rows.delete(key);
    }
    return keys.length;
  }

  replaceAll(rows: Row[]): void {
    this.#rows.clear();
    this.#owned.clear();
    for (const row of rows) this.put(row);
  }

  /** For JSON.stringify: sorted by key. */
  toJSON(): Row[] {
    const sorted = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { row }]) => copy(row));
  }

  /** Takes a row out of its owners' rows; its place in the order stays with its key. */
  #drop(key: string): void {
    const kept = this.#rows.get(key);
    if (kept) for (const owner of this.#owners(kept.row)) this.#owned.get(owner)?.delete(key);
  }
}

interface Kept<Row> {
  row: Row;
  /** When the key was first written. */
  order: number;
}

function pick<Row>(rows: Iterable<Kept<Row>>, wanted: (row: Row) => boolean): Row[] {
  const found: Kept<Row>[] = [];
  for (const kept of rows) if (wanted(kept.row)) found.push(kept);
  return found.sort((a, b) => a.order - b.order).map(({ row }) => copy(row));
}

/**
 * As through JSON, which also drops keys that hold `undefined`, as every other store does; without the text,
 * which took most of a simulation's time.
 */
function copy<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => copied(entry) ?? null);
  const result: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value))
    if (entry !== undefined) result[name] = copied(entry);
  return result;
}
