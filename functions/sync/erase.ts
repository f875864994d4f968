/**
 * Erasing a user (P36): the end of leaving, after which nothing is stored that says more of him or her
 * than an opaque id and when it was. Every step may be repeated; the wish stands in the user's document,
 * which goes last, so that whatever dies in between is taken up again by the next poll tick.
 */
import { digest } from '../core/link.ts';
import { usersIn, withoutUsers } from '../core/mentions.ts';
import type { GoogleChange } from '../core/messages.ts';
import type { DeadLetter, User } from '../core/records.ts';
import type { Engine } from './engine.ts';
import { withdraw } from './leave.ts';
import type { Decided } from './person.ts';
import type { Store } from './ports.ts';
import type { Run, RunOutcome } from './run.ts';

const PAGE = 200;

/** What has become of the wish to erase a user. */
export type Erasure = Decided | { done: true; erasedAt: number };

/**
 * Notes the wish, and asks for the run that carries it out: only the workers can revoke and delete tokens.
 * Asked again, it says when it was done. Undefined: nobody of that name was ever known, or it is long past.
 */
export async function askToErase(
  { store, publisher, clock, log }: Pick<Engine, 'store' | 'publisher' | 'clock' | 'log'>,
  userId: string,
  entries: 'keep' | 'remove',
): Promise<Erasure | undefined> {
  const user = await store.updateUser(
    userId,
    (now) => now && { ...now, leaving: entries, erase: true, nextPollAt: clock.now() },
  );
  if (user) {
    log('user.state', { userId, state: 'erasing', reason: entries });
    await publisher.syncUsers([userId]);
    return {
      done: false,
      detail: `user ${userId} is being erased: ask again to see when it is done`,
    };
  }
  const erased = (await store.getLease(userId))?.erased;
  return erased && { done: true, erasedAt: erased.at };
}

/** The last run of a user who is erased. */
export async function erase(run: Run): Promise<RunOutcome> {
  const { engine, user } = run;
  const { store, publisher, clock, settings, log } = engine;
  await withdraw(run, user.leaving ?? 'keep');
  await eraseStored(store, user.userId);
  // Told before the last trace of the work is gone: a message that was not sent is then sent again.
  await publisher.googleChanges([erasedNotice(user)]);
  const now = clock.now();
  await store.eraseUser(user.userId, now, now + settings.tombstoneMs);
  log('user.state', { userId: user.userId, state: 'erased' });
  // What somebody stored in between who had still seen the user.
  await eraseStored(store, user.userId);
  return 'done';
}

/**
 * A run is asked for a user who is not there: of one who was erased, what late messages and workers have
 * put there since goes as well.
 */
export async function clearAway({ store, access }: Engine, userId: string): Promise<void> {
  if (!(await store.getLease(userId))?.erased) return;
  await access.end(userId);
  await eraseStored(store, userId);
}

async function eraseStored(store: Store, userId: string): Promise<void> {
  while ((await store.eraseSome(userId, PAGE)) > 0);
  for (let last = PAGE; last === PAGE; ) {
    const letters = await store.deadLettersOf(userId, PAGE);
    for (const letter of letters) {
      const left = without(letter, userId);
      if (left) await store.putDeadLetter(left);
      await store.deleteDeadLetter(letter.id);
    }
    last = letters.length;
  }
}

/** What a letter holds of other users, as a letter of its own. */
function without(letter: DeadLetter, userId: string): DeadLetter | undefined {
  const text = withoutUsers(Buffer.from(letter.data, 'base64').toString('utf8'), [userId]);
  if (text === undefined) return undefined;
  const data = Buffer.from(text).toString('base64');
  return { ...letter, id: digest(letter.topic, data).slice(0, 40), data, userIds: usersIn(text) };
}

const erasedNotice = ({ userId, version }: User): GoogleChange => ({
  specVersion: '1',
  changeId: digest('user', userId, 'erased', '', version).slice(0, 40),
  userId,
  record: 'user',
  op: 'upsert',
  data: { state: 'erased' },
});
