/** What the methods of a Store decide, without any storage: shared by all stores, so they cannot differ. */
import type { Claim } from '../core/claim.ts';
import { mergeIntent } from '../core/intent.ts';
import type { CrmChange } from '../core/messages.ts';
import { stepped } from '../core/polls.ts';
import type { Intent, Lease, User } from '../core/records.ts';
import type { Commit, IntentOutcome, JournalRun, Store } from '../sync/ports.ts';

/** A user as the CRM announces one. */
export type DirectoryEntry = Parameters<Store['putUser']>[0];
type Entered = { user: User; lease?: Lease } | 'stale' | 'erased';
/** An intent that a run has dealt with, in the revision that it saw. */
export type Consumed = NonNullable<Commit['consumed']>[number];

/** Holder of a lease that was given back: no run has this name, so none can renew it by mistake. */
const NOBODY = '';

/**
 * The user with what the directory says, and the lease for one who begins anew after an erase. The fence
 * goes on there: with fence 1 once more, a worker from before could commit.
 */
export function enterUser(
  stored: User | undefined,
  lease: Lease | undefined,
  entry: DirectoryEntry,
): Entered {
  if (stored?.erase) return 'erased';
  if (stored && entry.version <= stored.version) return 'stale';
  if (!stored && lease?.erased && entry.version <= lease.erased.version) return 'erased';
  const user: User = {
    state: 'invited',
    ...stored,
    ...entry,
    email: entry.email.toLowerCase(),
  };
  if (stored || !lease?.erased) return { user };
  const { userId, fence } = lease;
  return { user, lease: { userId, holder: NOBODY, fence, expiresAt: 0 } };
}

/** All that is left of an erased user. Live until it expires: a run that comes late finds it taken. */
export function erasedLease(
  { userId, version }: User,
  stored: Lease | undefined,
  now: number,
  expireAt: number,
): Lease {
  const erased = { version, at: now };
  const fence = stored?.fence ?? 0;
  return { userId, holder: NOBODY, fence, expiresAt: expireAt, erased, expireAt };
}

/** Whether what is stored of the user may be deleted: it never is while he or she is there to stay. */
export const mayErase = (user: User | undefined): boolean => !user || user.erase === true;

/** What an erased user leaves of a record; undefined: nothing. */
export function intentWithout(intent: Intent, userId: string): Intent | undefined {
  const others = intent.pendingFor.filter((id) => id !== userId);
  if (intent.userId === userId)
    return others[0] === undefined ? undefined : takenBack(intent, others);
  const { [userId]: _, ...adopted } = intent.adopted ?? {};
  const { [userId]: __, ...generations } = intent.generations ?? {};
  const named = Object.entries(intent.named ?? {}).filter(([, first]) => first.userId !== userId);
  return {
    ...intent,
    ...(intent.adopted && { adopted }),
    ...(intent.named && { named: Object.fromEntries(named) }),
    ...(intent.generations && { generations }),
    ...(intent.owners && { owners: intent.owners.filter((id) => id !== userId) }),
    pendingFor: others,
  };
}

/** Handed over to the user who is erased, and the former owner has not let go yet: for that one it is deleted. */
function takenBack({ record, crmId, version, revision }: Intent, former: string[]): Intent {
  const deleted = { op: 'delete', data: {}, fieldVersions: {}, floor: version } as const;
  const [userId = ''] = former;
  const next = { revision: revision + 1, pendingFor: former, owners: former };
  return { record, crmId, userId, version, ...deleted, ...next };
}

/** What an erased user leaves of a claim; undefined: nothing. */
export function claimWithout(claim: Claim, userId: string): Claim | undefined {
  if (claim.userId === userId) return undefined;
  const { before, ...rest } = claim;
  return before === undefined || before.userId === userId ? rest : claim;
}

/** Refuses a change of what identifies the user's document, and puts addresses into lower case. */
export function checkedUser(before: User | undefined, after: User): User {
  if (before && before.userId !== after.userId) throw new Error('a userId never changes');
  const googleEmail = after.googleEmail?.toLowerCase();
  return {
    ...after,
    email: after.email.toLowerCase(),
    ...(googleEmail !== undefined && { googleEmail }),
  };
}

/** The user with steps of polling applied and fields overwritten; a value of `undefined` removes the field. */
export function patchUser(stored: User | undefined, { user = {}, polls = {} }: Commit): User {
  if (!stored) throw new Error('a commit cannot make a user');
  // The address is guarded against duplicates, which a run's commit has no need to know about.
  if ('userId' in user || 'email' in user) throw new Error('putUser changes these fields');
  // The steps first: a patch may put off what they say.
  const polled = Object.entries(polls).reduce(
    (now, [record, step]) => stepped(now, record, step),
    stored,
  );
  const patched = Object.entries({ ...polled, ...user }).filter(([, v]) => v !== undefined);
  return checkedUser(stored, Object.fromEntries(patched) as unknown as User);
}

/** Whether a commit stores the lease, too. */
export const changesLease = ({ outbox, sent }: Commit): boolean =>
  outbox !== undefined || sent !== undefined;

/** Whether a commit changes the user's document. */
export const changesUser = ({ user, polls }: Commit): boolean =>
  user !== undefined || polls !== undefined;

/** When pollFanout should see the user; undefined: never, as long as nothing changes. */
export function dueAt(user: User): number | undefined {
  // Whoever leaves has one more run, in whatever state; a lost message must not keep the grant alive.
  if (user.erase || (user.leaving && user.state !== 'disconnected')) return 0;
  return user.state === 'active' && user.enabled ? user.nextPollAt : undefined;
}

/** One crmId's changes, in the order in which they came. */
export function mergeChanges(stored: Intent | undefined, changes: CrmChange[]) {
  let intent = stored;
  const outcomes = changes.map((change): IntentOutcome => {
    const merged = mergeIntent(intent, change);
    intent = merged ?? intent;
    return merged ? 'stored' : 'stale';
  });
  return { intent: intent === stored ? undefined : intent, outcomes };
}

/**
 * The intent with the user taken off pendingFor, unless it has changed since it was read, and with the generation
 * that the user's forgotten link had, whatever has become of it; undefined when neither changes it. The revision
 * stays: a second user's run that read it may still consume it.
 */
export function consumeIntent(
  stored: Intent | undefined,
  userId: string,
  consumed: Consumed,
): Intent | undefined {
  const { generation } = consumed;
  const intent =
    stored && generation !== undefined
      ? { ...stored, generations: { ...stored.generations, [userId]: generation } }
      : stored;
  if (intent?.revision !== consumed.revision || !intent.pendingFor.includes(userId))
    return intent === stored ? undefined : intent;
  const { wakeAt, ...rest } = intent;
  // After a hand-over the old owner consumes too: the alarm is the new owner's.
  const alarm = intent.userId === userId ? consumed.wakeAt : wakeAt;
  return {
    ...rest,
    pendingFor: intent.pendingFor.filter((id) => id !== userId),
    ...(alarm !== undefined && { wakeAt: alarm }),
  };
}

/** True when the owner's runs have nothing to do with the intent, until something wakes it. */
export function isIdle(intent: Intent): boolean {
  return !intent.pendingFor.includes(intent.userId);
}

/** The intent, pending again. The revision rises, so a run that is on its way cannot consume the wake-up. */
export function wakeIntent(stored: Intent): Intent {
  const { wakeAt, ...rest } = stored;
  return {
    ...rest,
    ...(wakeAt !== undefined && { sleptUntil: wakeAt }),
    revision: stored.revision + 1,
    pendingFor: [...stored.pendingFor, stored.userId],
  };
}

/** Whether somebody holds the lease. `now` in ms. */
export function isLive(lease: Lease | undefined, now: number): boolean {
  return lease !== undefined && lease.expiresAt > now;
}

/** The next holder's lease; undefined while somebody holds a live one. */
export function takeLease(
  stored: Lease | undefined,
  wanted: Pick<Lease, 'userId' | 'holder'>,
  now: number,
  ttlMs: number,
): Lease | undefined {
  if (isLive(stored, now)) return undefined;
  return { ...stored, ...wanted, fence: (stored?.fence ?? 0) + 1, expiresAt: now + ttlMs };
}

/** The same acquisition: given back or expired, nobody else came in between. */
export function isNewest(stored: Lease | undefined, lease: Lease): boolean {
  return stored !== undefined && stored.fence === lease.fence;
}

/**
 * The same acquisition, and not given back. A heartbeat that comes late must not bring back a lease
 * that was released: nobody would work under it, and nobody else could until it expires.
 */
export function isHeld(stored: Lease | undefined, lease: Lease): boolean {
  return isNewest(stored, lease) && stored?.holder === lease.holder;
}

/** Free for anybody; the fence stays, so that it rises with the next acquisition. */
export function givenBack(lease: Lease): Lease {
  return { ...lease, holder: NOBODY, expiresAt: 0 };
}

/** The runs that pieces of a journal are of, newest first. */
export function runsOf(pages: JournalRun[]): JournalRun[] {
  const runs = new Map<number, JournalRun>();
  for (const { run, at, size } of pages) {
    const known = runs.get(run) ?? { run, at, size: 0 };
    runs.set(run, { run, at: Math.min(known.at, at), size: known.size + size });
  }
  return [...runs.values()].sort((a, b) => b.run - a.run);
}

/** The order of userIds in every store: by code point, as Firestore sorts texts. */
export function byText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
