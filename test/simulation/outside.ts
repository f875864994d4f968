/** What the processes share, and how what they do with it gets into the history. */
import { PUSH_URL } from './notifications.ts';
import { POLL, type System } from './system.ts';
import { DAY_MS } from './values.ts';
import type { Outside } from './worker.ts';

/** The ports of a system's processes. `random` is the engine's. */
export function outsideOf(system: System, random: () => number): Outside {
  const { scheduler, faults, workspace, store, vault, options } = system;
  return {
    scheduler,
    faults,
    workspace,
    store,
    vault,
    random,
    calendar: {
      calendar: options.calendar ?? 'primary',
      name: 'CRM',
      recurrence: options.recurrence ?? 'occurrences',
    },
    records: system.records,
    task: undefined,
    publisher: {
      googleChanges: async (changes) => {
        for (const change of changes) system.tell(structuredClone(change));
      },
      syncUsers: async (userIds) => {
        for (const userId of userIds) system.hint(userId);
      },
    },
    settings: {
      pushUrl: options.channels && PUSH_URL,
      windowDaysBack: 30,
      windowDaysAhead: 365,
      pollMs: POLL,
      safetyMs: 12 * 3_600_000,
      leaseMs: 120_000,
      runMs: 240_000,
      tombstoneMs: 90 * DAY_MS,
      inviteExternal: false,
      policy: options.policy,
    },
    onPort: (where, name, task) => {
      // To know whom a notification is of is all that a false one may cost.
      if (task && system.processes.forged.has(task.id) && name !== 'getChannel')
        system.note('forged', { task: task.id, call: `${where} ${name}` });
      return system.ports.push(`${where} ${name}`) - 1;
    },
    onLog: (event, fields) => {
      system.logged += JSON.stringify(fields);
      const { kind, reason } = fields as { kind?: string; reason?: string };
      if (event === 'function.failed' && kind === 'bug') system.bugs.push(String(reason));
      if (event === 'sync.run' || event === 'function.failed') system.log(event, fields);
    },
    onIssue: (task, call) => {
      // Access is the process's own, not a run's.
      if (call.url.endsWith('/token') || call.url.endsWith('/revoke')) return;
      const { lease } = task;
      const leaseUntil = lease?.expiresAt ?? 0;
      const method = `${call.method} ${new URL(call.url).pathname}`;
      system.note('issue', { task: task.id, user: lease?.userId ?? '', method, leaseUntil });
    },
    onEffect: (task, call) => {
      // Of contacts the body names the etag; deleting them takes none, and is asked for after a look.
      const conditional =
        call.service === 'people' || 'if-match' in call.headers || call.method.endsWith('.insert');
      system.changes.looked(task, call);
      const { eventId } = call.params;
      system.changes.note(task, call.method, call.user ?? '', conditional, eventId);
    },
    onCommit: (task, [lease, commit]) => {
      const links = (commit.links ?? []).map(({ record, googleId, etag, state }) => ({
        ...(record !== 'appointment' && { record }),
        googleId,
        etag,
        state,
      }));
      const place = commit.user?.places?.appointment;
      if (place !== undefined) system.calendars.made(lease.userId, place);
      const outbox = commit.outbox?.flatMap((p) => p.messages.map((m) => m.changeId)) ?? [];
      if (links.length + outbox.length > 0)
        system.note('committed', { task: task.id, user: lease.userId, links, outbox });
    },
    onLease: ({ id, lease }) =>
      system.note('lease', { task: id, user: lease?.userId, fence: lease?.fence }),
    onEmptied: ({ lease }) => system.happened(lease?.userId ?? '', 'emptyListing'),
    onCrash: (worker) => system.processes.crash(worker),
  };
}
