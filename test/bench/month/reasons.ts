/**
 * Why the sync calls Calendar, judged from outside: by what people did and what Google notified of since the
 * user's last listing, not by what the sync believes.
 */
import type { Call } from '../../sandbox/google/protocol.ts';
import { add } from './calls.ts';
import type { System } from './system.ts';

/** Of one user, since the last listing of changes began. */
interface Since {
  rung: boolean;
  edited: boolean;
  /** Why it was made: its further pages are too. */
  reason: string;
}

/** Counts from now on. */
export function countReasons({ workspace, rung }: System): Map<string, number> {
  const reasons = new Map<string, number>();
  const users = new Map<string, Since>();
  const of = (email: string | null) => {
    const known = users.get(email ?? '') ?? { rung: false, edited: false, reason: '' };
    users.set(email ?? '', known);
    return known;
  };
  rung.push((email) => {
    of(email).rung = true;
  });
  const { before } = workspace;
  workspace.before = async (call) => {
    if (call.service === 'calendar') {
      const since = of(call.user);
      if (call.client === 'sync') add(reasons, reasonOf(call, since));
      else if (WRITES.test(call.method)) since.edited = true;
    }
    await before?.(call);
  };
  return reasons;
}

const WRITES = /events\.(insert|patch|update|delete)$/;

function reasonOf({ method, query }: Call, since: Since): string {
  if (WRITES.test(method)) return 'writes of what the CRM changed';
  if (/watch$|stop$/.test(method)) return 'channels made and stopped';
  if (!method.endsWith('events.list')) return 'series, and reading single events';
  if (query.has('pageToken')) return since.reason;
  if (query.has('syncToken')) since.reason = pullReason(since);
  else if (query.get('singleEvents') === 'true') since.reason = 'what the window gains';
  else since.reason = 'first listings';
  return since.reason;
}

function pullReason(since: Since): string {
  const { rung, edited } = since;
  Object.assign(since, { rung: false, edited: false });
  if (!rung) return 'polls that nobody rang for';
  return edited ? 'pulls of what people did at Google' : 'pulls of the echo of our own writes';
}
