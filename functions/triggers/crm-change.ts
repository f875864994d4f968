import { digest } from '../core/link.ts';
import type { CrmChange } from '../core/messages.ts';
import { DAY_MS } from '../core/time.ts';
import { type ParsedMessage, parseCrmMessage, type Refusal } from '../crm/incoming.ts';
import type { Log } from '../log.ts';
import type { Engine } from '../sync/engine.ts';
import { type RunOutcome, runUser } from '../sync/run.ts';
import { type PushDeps, type PushHandler, type PushMessage, pushFunction } from './push.ts';

const DEAD_LETTER_DAYS = 90;

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
  message: Pick<PushMessage, 'messageId' | 'data' | 'text'>,
): Promise<Taken> {
  const parsed = parseCrmMessage(message.text);
  const { accepted, refused } = await admit(engine, parsed);
  const outcomes = await engine.store.putIntents(accepted);
  if (refused.length > 0) await reject(engine, log, message, refused);
  const stored = outcomes.filter((o) => o === 'stored').length;
  log('crm.received', {
    messageId: message.messageId,
    stored,
    stale: outcomes.length - stored,
    rejected: refused.length,
  });
  return { accepted, users: [...new Set(accepted.map((c) => c.userId))], stored, refused };
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
  engine: Pick<Engine, 'store'>,
  parsed: ParsedMessage,
): Promise<{ accepted: CrmChange[]; refused: Refusal[] }> {
  const refused = [...parsed.refused];
  for (const change of parsed.users) {
    const { userId, version, data } = change;
    const { name, ...user } = data;
    const outcome = await engine.store.putUser({
      userId,
      version,
      ...user,
      ...(name !== undefined && { name }),
    });
    if (outcome !== 'emailTaken') continue;
    const detail = `data.email of user ${userId} already belongs to another user: give each user an address of his or her own`;
    refused.push({ change, reason: 'emailTaken', detail });
  }
  const known = new Set<string>();
  for (const userId of new Set(parsed.changes.map((c) => c.userId))) {
    if (await engine.store.getUser(userId)) known.add(userId);
  }
  for (const change of parsed.changes) {
    if (known.has(change.userId)) continue;
    const detail = `userId ${change.userId} is not known: announce the user with a message of record "user" first`;
    refused.push({ change, reason: 'unknownUser', detail });
  }
  return { accepted: parsed.changes.filter((c) => known.has(c.userId)), refused };
}

/** Nothing is lost in silence: the CRM hears what is wrong, and the message is kept for an admin. */
async function reject(
  engine: Pick<Engine, 'store' | 'publisher' | 'clock'>,
  log: Log,
  message: Pick<PushMessage, 'messageId' | 'data'>,
  refused: Refusal[],
): Promise<void> {
  const { store, publisher, clock } = engine;
  const key = digest('crm-changes', message.data);
  await store.putDeadLetter({
    id: key.slice(0, 40),
    topic: 'crm-changes',
    reason: refused
      .map((r) => `${r.reason}: ${r.detail}`)
      .join('\n')
      .slice(0, 10_000),
    data: message.data,
    receivedAt: clock.now(),
    expireAt: clock.now() + DEAD_LETTER_DAYS * DAY_MS,
  });
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

/** The record that a single refusal is about, as far as it could be read. */
function about(refused: Refusal[]) {
  const change = refused.length === 1 ? refused[0]?.change : undefined;
  if (!change) return {};
  const { userId, record, crmId } = change;
  return { userId, record, ...(crmId !== undefined && { crmId }) };
}
