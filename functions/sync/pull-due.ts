/** The record types that a run pulls: in which order, once more if Google rings meanwhile, and when next. */
import type { RecordType } from '../core/fields.ts';
import { isHeld, nextPoll, UNWATCHABLE } from '../core/polls.ts';
import type { Channels } from './channels.ts';
import type { Collection } from './collection.ts';
import { drain } from './drain.ts';
import { alone } from './isolation.ts';
import { pull } from './pull.ts';
import { type Run, wake } from './run.ts';

/** Pulls collections that are not `listed` yet, and once more what Google notified of meanwhile. */
export async function pullAll(
  run: Run,
  all: Collection[],
  listed: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  await wake(run, run.startedAt);
  for (const { codec } of all) run.listing.set(codec.record, 'due');
  await drain(run, false);
  // What the CRM wants is not carried out yet: of what a run that died took out for it, a listing looks as if the
  // user had. The types stay due.
  if (run.outOfTime) return finishPull(run, new Map(), channels);
  for (const { codec } of all) run.listing.set(codec.record, 'underWay');
  await pullDue(run, all, listed, channels);
  for (const { codec } of all) run.listing.set(codec.record, 'done');
}

async function pullDue(
  run: Run,
  all: Collection[],
  listed: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  const { store, clock, settings } = run.engine;
  for (let due = all, done = listed; due.length > 0; done = new Map()) {
    const open = due.filter((collection) => !done.has(collection));
    const seen = await pullSome(run, open, channels);
    await finishPull(run, new Map([...done, ...seen]), channels);
    // After writes of our own it may be their echo: that can wait for the tick that is due then.
    const out = clock.now() - run.startedAt > settings.runMs;
    if (channels.size === 0 || run.deferred || run.count.writes > 0 || out) return;
    const { polls } = (await store.getUser(run.user.userId)) ?? {};
    due = due.filter(({ codec }) => polls?.[codec.record]?.rungAt !== undefined);
  }
}

/** Resolves to how many changes each collection brought. */
async function pullSome(
  run: Run,
  due: Collection[],
  channels: Channels,
): Promise<Map<Collection, number>> {
  const { store, clock } = run.engine;
  const writes = run.lease.writes ?? 0;
  const { askedAt } = run.user;
  const begun = { step: 'begun' as const, now: clock.now(), writes, askedAt };
  // What nobody rings for and was pulled before needs no mark: nothing in between could be missed.
  const marked = due.filter(
    ({ codec }) => channels.has(codec.record) || !run.user.polls?.[codec.record],
  );
  const polls = Object.fromEntries(marked.map(({ codec }) => [codec.record, begun]));
  if (marked.length > 0) await store.commit(run.lease, { polls }, false);
  const seen = new Map<Collection, number>();
  for (const collection of due) {
    const before = run.count.googleChanges;
    await alone(run, collection, () => pull(run, collection));
    seen.set(collection, run.count.googleChanges - before);
  }
  return seen;
}

/** `seen`: the collections that were pulled, and how many changes each brought. */
async function finishPull(
  run: Run,
  seen: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  const { store, clock, settings, random } = run.engine;
  const now = clock.now();
  const { askedAt } = run.user;
  const next = [...seen].map(([{ codec, watch }, changes]) => {
    const { pollMs, safetyMs } = settings;
    const channel = channels.get(codec.record);
    const polled = watch ? { first: pollMs, most: pollMs } : UNWATCHABLE;
    const often = channel ? { first: safetyMs, most: 2 * safetyMs, late: true } : polled;
    const poll = nextPoll(run.user.polls?.[codec.record], changes > 0, often, now, random());
    const at = Math.min(poll.at, channel?.expiresAt ?? poll.at);
    const step = { step: 'pulled', ...poll, at, since: run.startedAt, askedAt } as const;
    return [codec.record, step] as const;
  });
  const user = {
    // The message comes again for what was left for later; the poll waits its time.
    ...(run.deferred && { nextPollAt: now + settings.pollMs }),
    lastSyncAt: now,
    firstSyncAt: run.user.firstSyncAt ?? now,
    records: known(run),
    // Once: the next listing that lacks so much is a person's business again.
    ...(run.user.believeListing && { believeListing: stillBelieved(run, seen) }),
  };
  // A type of which something was left for later stays due.
  const rests = ([record]: (typeof next)[number]) =>
    !isHeld(run.user, record) && (!run.deferred || !run.failing.has(record));
  const polls = run.outOfTime ? {} : Object.fromEntries(next.filter(rests));
  await store.commit(run.lease, { user, polls }, false);
}

/** Types that have been listed whole, in this run or before. */
function known({ collections, failing, user }: Run): RecordType[] {
  const records = collections.map((c) => c.codec.record);
  return records.filter((record) => !failing.has(record) || user.records?.includes(record));
}

/** Released types that have not been listed well since. */
function stillBelieved({ user, failing }: Run, seen: Map<Collection, number>) {
  const listed = [...seen.keys()].map(({ codec }) => codec.record);
  const open = user.believeListing?.filter((r) => !listed.includes(r) || failing.has(r)) ?? [];
  return open.length > 0 ? open : undefined;
}
