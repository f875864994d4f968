/** What people do in the CRM. */
import type { CrmRecord } from '../sandbox/crm/types.ts';
import { crmShown, isSeries, slotOf } from './crm-calendar.ts';
import type { Edit, Raw } from './history.ts';
import type { Action } from './script.ts';
import { type System, snapshot } from './system.ts';
import { zoneOf } from './users.ts';
import { crmFields, kindOf, ruleOf } from './values.ts';

/** One action of a person; nothing happens where there is nothing to choose from. */
export async function atDesk(system: System, user: string, action: Action): Promise<void> {
  const { crm } = system;
  if (action.do === 'crm.create') {
    const fields = crmFields(action.fields, action.n) as Raw;
    const recurs = knowsSeries(system) && action.rule !== undefined;
    const recurrence = recurs ? ruleOf(action.rule ?? 0, fields.start) : null;
    const data = { status: 'planned' as const, kind: 'visit', ...fields };
    const record = await crm.create(user, { ...data, ...(recurrence && { recurrence }) });
    return edited(system, 'create', record, undefined);
  }
  if (!('pick' in action)) return;
  if (action.do === 'crm.occurrence' || action.do === 'crm.leaveOut')
    return occurrence(system, user, action);
  if (action.do === 'crm.rule' && !knowsSeries(system)) return;
  const all = crm.records(user, true).filter((r) => r.record === 'appointment');
  const wanted = all.filter((r) => isMeant(system, r, action.do));
  const record = wanted[action.pick % wanted.length];
  if (!record) return;
  const before = snapshot(record);
  const { crmId } = record;
  switch (action.do) {
    case 'crm.edit': {
      const data = crmFields(action.fields, action.n, kindIn(record));
      return edited(system, 'edit', await crm.edit(crmId, data), before);
    }
    case 'crm.invite':
    case 'crm.uninvite': {
      const email = system.colleagueOf(user, action.to);
      const others = (record.data.participants ?? []).filter((p) => p.email !== email);
      const more = action.do === 'crm.invite' && email !== undefined ? [{ email }] : [];
      const data = { participants: [...others, ...more] };
      return edited(system, 'edit', await crm.edit(crmId, data), before);
    }
    case 'crm.rule': {
      const recurrence = ruleOf(action.n, record.data.start ?? {});
      return edited(system, 'edit', await crm.edit(crmId, { recurrence }), before);
    }
    case 'crm.cancel':
      return edited(system, 'cancel', await crm.edit(crmId, { status: 'cancelled' }), before);
    case 'crm.replan':
      return edited(system, 'replan', await crm.edit(crmId, { status: 'planned' }), before);
    case 'crm.delete': {
      const others = all.filter((r) => !r.deleted).map((r) => [r, snapshot(r)] as const);
      const removed = await crm.remove(crmId);
      // A series takes its exceptions along.
      for (const [other, was] of others)
        if (other !== record && other.deleted) edited(system, 'delete', other, was);
      return edited(system, 'delete', removed, before);
    }
    case 'crm.handOver': {
      const to = system.users[action.to % system.users.length] ?? user;
      if (to === user) return;
      const data = crmFields(action.fields, action.n, kindIn(record));
      const parts = all.filter((r) => r !== record && !r.deleted);
      const seen = parts.map((r) => [r, snapshot(r)] as const);
      const handed = await crm.edit(crmId, data, to);
      // A series takes its exceptions along.
      for (const [part, was] of seen) if (part.userId === to) edited(system, 'handOver', part, was);
      return edited(system, 'handOver', handed, before);
    }
    case 'crm.recreate':
      await crm.publishRaw({
        changeId: `raw-${action.n}`,
        userId: user,
        record: 'appointment',
        op: 'upsert',
        crmId,
        version: record.version + 1,
        data: { status: 'planned', ...crmFields(['subject', 'time'], action.n) },
      });
      return edited(system, 'recreate', crm.record(crmId) as CrmRecord, undefined);
  }
}

/** What of a series, or in one, an edit leaves as it is: whether it is all day. */
const kindIn = (record: CrmRecord) =>
  isSeries(record) || record.occurrence ? kindOf(record.data.start ?? {}) : undefined;

/** A CRM that knows no series enters none. */
const knowsSeries = ({ options }: System) => options.recurrence === 'series';

function isMeant(system: System, record: CrmRecord, what: Action['do']): boolean {
  const part = isSeries(record) || record.occurrence !== undefined;
  switch (what) {
    case 'crm.recreate':
      return isSettled(system, record) && !part;
    case 'crm.handOver':
      return !record.deleted && !record.occurrence;
    case 'crm.replan':
      return !record.deleted && record.data.status === 'cancelled';
    case 'crm.rule':
      return !record.deleted && !record.occurrence && record.data.start !== undefined;
    default:
      return !record.deleted;
  }
}

/** One occurrence that has no record of its own yet: it gets one, or does not take place. */
async function occurrence(
  system: System,
  user: string,
  action: Extract<Action, { do: 'crm.occurrence' } | { do: 'crm.leaveOut' }>,
): Promise<void> {
  const { crm } = system;
  if (!knowsSeries(system)) return;
  const regular = crmShown(crm.records(user, true) as Raw[], zoneOf(user)).filter(
    ({ record, series }) => record === series,
  );
  const one = regular[action.pick % regular.length];
  if (!one?.series || !one.data.start) return;
  const { crmId, googleId } = one.series;
  const { conferenceUrl: _, url: __, ...seen } = one.data;
  const meant = {
    series: { crmId, ...(googleId !== undefined && { googleId }) },
    originalStart: one.data.start,
  };
  const make = (data: object) =>
    crm.create(user, { ...seen, ...data } as CrmRecord['data'], { occurrence: meant });
  if (action.do === 'crm.occurrence') {
    const data = crmFields(action.fields, action.n, kindOf(one.data.start));
    return edited(system, 'edit', await make(data), one.data);
  }
  if (action.n % 2 === 0)
    return edited(system, 'cancel', await make({ status: 'cancelled' }), one.data);
  const { crmId: made } = await make({});
  edited(system, 'delete', await crm.remove(made), one.data);
}

/** Deleted, heard of everywhere, and not restored under another id: a person can enter it anew. */
export function isSettled({ queues }: System, record: CrmRecord): boolean {
  const restored = record.conflicts.some((c) => c.field === 'deletedInCrm');
  return record.deleted && !restored && !queues.mentions(record.crmId);
}

function edited(system: System, op: Edit['op'], record: CrmRecord, before: Raw | undefined): void {
  system.edited({
    side: 'crm',
    op,
    user: record.userId,
    id: record.crmId,
    before,
    after: snapshot(record),
    ...(record.redacted && { redacted: true }),
    ...(record.occurrence && { slot: slotOf(record.occurrence.originalStart) }),
  });
}
