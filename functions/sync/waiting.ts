/** What the CRM has sent, and that waits, of records that are looked at for another reason. */
import { namesMember } from '../core/intent.ts';
import type { Intent } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Work } from './observe.ts';
import type { Run } from './run.ts';

/** So many pending messages are looked through; of a user who is paused there may be more. */
const MOST_WAITING = 1000;

/** Adds the pending intents of the works' records: both sides are decided together. */
export async function takeUp(run: Run, { codec }: Collection, works: Work[]): Promise<void> {
  const { userId } = run.user;
  const crmIds = works.flatMap(({ link, intent }) => (intent ? [] : (link?.crmId ?? [])));
  if (crmIds.length === 0) return;
  const intents = await run.engine.store.getIntents(codec.record, crmIds);
  const pending = new Map(
    intents.filter((i) => i.pendingFor.includes(userId)).map((i) => [i.crmId, i]),
  );
  for (const work of works) work.intent ??= pending.get(work.link?.crmId ?? '');
}

/** The pending intents of members of groups. */
export async function waitingMembers(run: Run, { codec }: Collection): Promise<Intent[]> {
  const { store } = run.engine;
  const waiting = await store.pendingIntents(run.user.userId, MOST_WAITING, [codec.record]);
  return waiting.filter((intent) => namesMember(codec, intent));
}
