/** The links of groups that are records themselves, as a part of a run has left them. */
import { liveLast } from '../core/link.ts';
import type { Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import type { Collection } from './collection.ts';
import type { Done } from './execute.ts';
import { placed, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** Links of groups as a part of the run has left them, before they are stored. */
export class Parents {
  readonly #byGoogleId = new Map<string, Link>();
  readonly #byCrmId = new Map<string, Link>();

  /** `before`: its id until now; whoever still calls it by that means what it has become. */
  add(link: Link, before?: string): void {
    if (before !== undefined) this.#byGoogleId.set(before, link);
    if (link.googleId !== undefined) this.#byGoogleId.set(link.googleId, link);
    if (link.crmId !== undefined) this.#byCrmId.set(link.crmId, link);
  }

  /** The link of a work that was carried out. */
  of({ link, observed, intent }: Work): Link | undefined {
    const crmId = intent?.crmId ?? link?.crmId;
    if (crmId !== undefined) return this.#byCrmId.get(crmId);
    return this.#byGoogleId.get(observed?.googleId ?? link?.googleId ?? '');
  }

  /** By the ids at Google; what is not known here comes from the store. */
  async byGoogleId(run: Run, { codec }: Collection, ids: string[]): Promise<Map<string, Link>> {
    const open = ids.filter((id) => !this.#byGoogleId.has(id));
    const { userId } = run.user;
    const stored =
      open.length === 0 ? [] : await run.engine.store.linksByGoogleId(userId, codec.record, open);
    return indexed(stored, this.#byGoogleId, (link) => link.googleId);
  }

  async byCrmId(run: Run, { codec }: Collection, ids: string[]): Promise<Map<string, Link>> {
    const open = ids.filter((id) => !this.#byCrmId.has(id));
    const { userId } = run.user;
    const stored =
      open.length === 0 ? [] : await run.engine.store.linksByCrmId(userId, codec.record, open);
    return indexed(stored, this.#byCrmId, (link) => link.crmId);
  }
}

function indexed(
  stored: Link[],
  known: Map<string, Link>,
  key: (link: Link) => string | undefined,
): Map<string, Link> {
  return new Map([...liveLast(stored).map((link) => [key(link) ?? '', link] as const), ...known]);
}

/**
 * The links as they will be stored, also as to where the groups live: a member that is linked elsewhere has its
 * place in a group that is here, and would be written beside it.
 */
export function parentsAfter(
  run: Run,
  collection: Collection,
  done: Pick<Done, 'work' | 'decision' | 'written'>[],
): Parents {
  const parents = new Parents();
  const { codec } = collection;
  const { userId } = run.user;
  for (const { work, decision, written } of done) {
    const outcome = { codec, userId, ...work, decision, written, fence: run.lease.fence };
    const { link } = settle({ ...outcome, expireAt: 0 });
    if (link) parents.add(placed(link, collection, written ?? work.observed), work.link?.googleId);
    // The store still has it as it was.
    else if (decision.rule === 'handOver' && work.link)
      parents.add({ ...work.link, state: 'deleted', deletedBy: 'crm' });
  }
  return parents;
}

/** Puts the link of its group into each member's work. */
export async function attachParents(
  run: Run,
  collection: Collection,
  works: Work[],
  parents: Parents,
): Promise<void> {
  if (!collection.codec.groups || works.length === 0) return;
  const groupOf = ({ link, observed }: Work) => observed?.group ?? link?.group ?? '';
  const links = await parents.byGoogleId(run, collection, [...new Set(works.map(groupOf))]);
  for (const work of works) work.parent = links.get(groupOf(work));
}
