/** How long changes take until the other side shows them; each is known by a key in its text. */
export type Way = 'toGoogle' | 'toCrm';

export class Meter {
  /** ms. */
  readonly toGoogle: number[] = [];
  readonly toCrm: number[] = [];
  /** What is still on its way. */
  readonly waiting = new Map<string, { since: number; way: Way }>();
  readonly done = { new: 0, edit: 0, delete: 0 };
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  waits(key: string, way: Way): void {
    this.waiting.set(key, { since: this.#now(), way });
  }

  arrived(key: string, way: Way): void {
    const wait = this.waiting.get(key);
    if (wait?.way !== way) return;
    this.waiting.delete(key);
    this[way].push(this.#now() - wait.since);
  }

  /** What was measured, as it can leave a worker. */
  get figures(): Figures {
    const { toGoogle, toCrm, done, waiting } = this;
    return { toGoogle, toCrm, done, waiting: waiting.size };
  }
}

/** What a meter has measured; times in ms. */
export interface Figures {
  toGoogle: number[];
  toCrm: number[];
  done: { new: number; edit: number; delete: number };
  /** Changes that never arrived by themselves: a later one overtook them. */
  waiting: number;
}

export const changesOf = ({ done }: Figures): number => done.new + done.edit + done.delete;

export const keysIn = (text: string): string[] => text.match(/#\d+#/g) ?? [];
