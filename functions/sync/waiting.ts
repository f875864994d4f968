/** What the CRM has sent, and that waits, of records that are looked at for another reason. */
import { adoptedId, namesMember } from '../core/intent.ts';
import type { Intent } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Work } from './observe.ts';
import type { Run } from './run.ts';

/** So many pending messages are looked through; of a user who is paused there may be more. */
const MOST_WAITING = 1000;

/** Adds the pending intents of the works' records: both sides are decided together. */
export async function takeUp(run: Run, { codec }: Collection, works: Work[]): Promise<void> {
  const { store } = run.engine;
  const { userId } = run.user;
  const open = works.filter(({ link, intent }) => link && !intent);
  const crmIds = open.flatMap(({ link }) => link?.crmId ?? []);
  const named = crmIds.length > 0 ? await store.getIntents(codec.record, crmIds) : [];
  const pending = new Map(
    named.filter((i) => i.pendingFor.includes(userId)).map((i) => [i.crmId, i]),
  );
  // What the CRM takes over has no name here until that is stored: it calls it by what it was told.
  const isNew = open.some(({ link }) => link?.crmId === undefined);
  const waiting = isNew ? await store.pendingIntents(userId, MOST_WAITING, [codec.record]) : [];
  const adopting = new Map(waiting.map((intent) => [adoptedId(intent, userId), intent]));
  for (const work of open) {
    const { crmId, googleId } = work.link ?? {};
    work.intent = crmId === undefined ? adopting.get(googleId) : pending.get(crmId);
  }
}

/** The pending intents of members of groups. */
export async function waitingMembers(run: Run, { codec }: Collection): Promise<Intent[]> {
  const { store } = run.engine;
  const waiting = await store.pendingIntents(run.user.userId, MOST_WAITING, [codec.record]);
  return waiting.filter((intent) => namesMember(codec, intent));
}
