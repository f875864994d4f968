import { digest } from '../core/link.ts';
import { usersIn, withoutUsers } from '../core/mentions.ts';
import type { CrmChange, UserChange } from '../core/messages.ts';
import { DAY_MS } from '../core/time.ts';
import { type ParsedMessage, parseCrmMessage, type Refusal } from '../crm/incoming.ts';
import type { Log } from '../log.ts';
import type { Engine } from '../sync/engine.ts';
import type { Store } from '../sync/ports.ts';
import type { RunOutcome } from '../sync/run.ts';
import { runUser } from '../sync/run-user.ts';
import { type PushDeps, type PushHandler, type PushMessage, pushFunction } from './push.ts';

const DEAD_LETTER_DAYS = 90;

/** What taking in the CRM's changes needs. */
export interface CrmChangeDeps extends PushDeps {
  engine: Engine;
}

/**
 * Push of topic crm-changes: stores the changes as intents, then runs the users' syncs where the lease
 * is free. What is wrong with a message is told to the CRM and kept; only what may pass is sent again.
 */
export function createCrmChange(deps: CrmChangeDeps): PushHandler {
  return pushFunction('crmChange', deps, (message) => receive(deps.engine, deps.log, message));
}

async function receive(engine: Engine, log: Log, message: PushMessage): Promise<'done' | 'later'> {
  const { accepted, users, stored } = await take(engine, log, message);
  const runs: RunOutcome[] = [];
  const { publishedAt } = message;
  for (const userId of users)
    runs.push(await runUser(engine, userId, { pull: false, publishedAt }));
  if (runs.includes('later')) return 'later';
  return runs.includes('busy') && stored === 0 && (await arePending(engine, accepted))
    ? 'later'
    : 'done';
}

/** What became of a message. */
export interface Taken {
  accepted: CrmChange[];
  /** Users whose run has something to do now. */
  users: string[];
  stored: number;
  refused: Refusal[];
}

/** Stores what a message says; what is wrong with it is told to the CRM and kept. */
export async function take(
  engine: Pick<Engine, 'store' | 'publisher' | 'clock'>,
  log: Log,
  message: Pick<PushMessage, 'messageId' | 'data' | 'text'> & { publishedAt?: number | undefined },
): Promise<Taken> {
  const parsed = parseCrmMessage(message.text);
  const { accepted, refused } = await admit(engine, parsed, message.publishedAt);
  const outcomes = await engine.store.putIntents(accepted);
  if (refused.length > 0) await reject(engine, log, message, refused);
  const stored = outcomes.filter((o) => o === 'stored').length;
  log('crm.received', {
    messageId: message.messageId,
    stored,
    stale: outcomes.length - stored,
    rejected: refused.length,
  });
  // Runs of erased users clear away what an earlier delivery may have left.
  const late = refused.flatMap((r) => (r.reason === 'erasedUser' ? (r.change ?? []) : []));
  const users = [...new Set([...accepted, ...late].map((c) => c.userId))];
  return { accepted, users, stored, refused };
}

/**
 * A message that comes again while its changes are still pending was not finished the first time: the
 * worker may have died, and its lease may still keep others out. Acknowledged now, the work would wait
 * for the next poll.
 */
async function arePending(engine: Engine, changes: CrmChange[]): Promise<boolean> {
  for (const record of new Set(changes.map((c) => c.record))) {
    const crmIds = changes.filter((c) => c.record === record).map((c) => c.crmId);
    const intents = await engine.store.getIntents(record, crmIds);
    if (intents.some((intent) => intent.pendingFor.includes(intent.userId))) return true;
  }
  return false;
}

/** Users go into the directory; changes of users whom it does not know are refused. */
async function admit(
  { store }: Pick<Engine, 'store'>,
  parsed: ParsedMessage,
  publishedAt: number | undefined,
): Promise<{ accepted: CrmChange[]; refused: Refusal[] }> {
  const refused = [...parsed.refused];
  for (const change of parsed.users) refused.push(...(await enter(store, change, publishedAt)));
  const unknown = new Map<string, Pick<Refusal, 'reason' | 'detail'>>();
  for (const userId of new Set(parsed.changes.map((c) => c.userId))) {
    const user = await store.getUser(userId);
    if (user && !user.erase) continue;
    const isErased = user?.erase || (await erasedAt(store, userId)) !== undefined;
    unknown.set(userId, isErased ? erasedUser(userId) : unknownUser(userId));
  }
  for (const change of parsed.changes) {
    const why = unknown.get(change.userId);
    if (why) refused.push({ change, ...why });
  }
  return { accepted: parsed.changes.filter((c) => !unknown.has(c.userId)), refused };
}

/** Enters a user; resolves to the refusal, if there is one. */
async function enter(
  store: Store,
  change: UserChange,
  publishedAt: number | undefined,
): Promise<Refusal[]> {
  const { userId, version, data } = change;
  // Sent before the erase, it says nothing new, whatever its version.
  if (publishedAt !== undefined && publishedAt < ((await erasedAt(store, userId)) ?? 0))
    return [{ change, ...erasedUser(userId) }];
  const { name, ...user } = data;
  const entry = { userId, version, ...user, ...(name !== undefined && { name }) };
  const outcome = await store.putUser(entry);
  if (outcome === 'erased') return [{ change, ...erasedUser(userId) }];
  if (outcome !== 'emailTaken') return [];
  const detail = `data.email of user ${userId} already belongs to another user: give each user an address of his or her own`;
  return [{ change, reason: 'emailTaken', detail }];
}

const erasedAt = async (store: Store, userId: string) => (await store.getLease(userId))?.erased?.at;

const unknownUser = (userId: string) => ({
  reason: 'unknownUser' as const,
  detail: `userId ${userId} is not known: announce the user with a message of record "user" first`,
});

const erasedUser = (userId: string) => ({
  reason: 'erasedUser' as const,
  detail: `user ${userId} was erased, or is being erased: nothing is kept of this message. To begin anew, announce the user with a newer version once google-changes says "erased", then publish the records again`,
});

/** Nothing is lost in silence: the CRM hears what is wrong, and the message is kept for an admin. */
async function reject(
  engine: Pick<Engine, 'store' | 'publisher' | 'clock'>,
  log: Log,
  message: Pick<PushMessage, 'messageId' | 'data' | 'text'>,
  refused: Refusal[],
): Promise<void> {
  const { publisher } = engine;
  const key = digest('crm-changes', message.data);
  await keep(engine, message, refused);
  await publisher.googleChanges([
    {
      specVersion: '1',
      changeId: digest('rejected', key).slice(0, 40),
      op: 'reject',
      ...about(refused),
      rejected: {
        reason: refused[0]?.reason ?? 'schema',
        detail: refused.map((r) => r.detail).join('\n'),
        ...(refused.length === 1 && refused[0]?.change && { changeId: refused[0].change.changeId }),
      },
    },
  ]);
  for (const { reason } of refused) {
    log('message.rejected', { topic: 'crm-changes', messageId: message.messageId, reason });
  }
}

/** The message as a dead letter, without what it says of erased users. */
async function keep(
  { store, clock }: Pick<Engine, 'store' | 'clock'>,
  message: Pick<PushMessage, 'data' | 'text'>,
  refused: Refusal[],
): Promise<void> {
  const gone: string[] = [];
  for (const userId of usersIn(message.text)) {
    const user = await store.getUser(userId);
    if (user?.erase || (!user && (await erasedAt(store, userId)))) gone.push(userId);
  }
  const others = refused.filter((r) => r.reason !== 'erasedUser');
  const text = gone.length === 0 ? message.text : withoutUsers(message.text, gone);
  if (text === undefined || others.length === 0) return;
  const data = gone.length === 0 ? message.data : Buffer.from(text).toString('base64');
  await store.putDeadLetter({
    id: digest('crm-changes', data).slice(0, 40),
    topic: 'crm-changes',
    reason: others
      .map((r) => `${r.reason}: ${r.detail}`)
      .join('\n')
      .slice(0, 10_000),
    data,
    userIds: usersIn(text),
    receivedAt: clock.now(),
    expireAt: clock.now() + DEAD_LETTER_DAYS * DAY_MS,
  });
}

/** The record that a single refusal is about, as far as it could be read. */
function about(refused: Refusal[]) {
  const change = refused.length === 1 ? refused[0]?.change : undefined;
  if (!change) return {};
  const { userId, record, crmId } = change;
  return { userId, record, ...(crmId !== undefined && { crmId }) };
}
