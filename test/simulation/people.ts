/** Carries out a script's steps: people at the desk and on the phone, and what else befalls the system. */
import type { CrmRecord } from '../sandbox/crm/types.ts';
import { administer, isAdmin } from './admin.ts';
import type { Edit, Raw } from './history.ts';
import type { Action, Script } from './script.ts';
import { emailOf, type System, snapshot } from './system.ts';
import { crmFields, googleFields } from './values.ts';

/** Runs the steps; afterwards the system is still in the middle of it all. */
export async function play(system: System, steps: Script['steps']): Promise<void> {
  for (const { turns, action } of steps) {
    for (let i = 0; i < turns && (await system.turn()); i++);
    system.log('step', action);
    await act(system, action);
  }
}

/** One thing that happens. */
export async function act(system: System, action: Action): Promise<void> {
  const user = 'user' in action ? (system.users[action.user % system.users.length] ?? '') : '';
  if (action.do.startsWith('crm.')) return desk(system, user, action);
  if (action.do.startsWith('phone.')) return phone(system, user, action);
  if (isAdmin(action)) return administer(system, user, action);
  switch (action.do) {
    case 'fault':
      return void system.faults.armed.push({ ...action.fault });
    case 'wait':
      system.scheduler.now += action.ms;
      return;
    case 'poll':
      return system.poll(user);
    case 'tick':
      return system.queues.publish('poll-fanout', '{}', system.scheduler.now);
    case 'expireSync':
      return system.workspace.expireSyncTokens(emailOf(user));
    case 'expireAccess':
      return system.workspace.expireAccessTokens(emailOf(user));
    case 'revoke':
      system.workspace.revokeGrants(emailOf(user));
      return system.happened(user, 'revoked');
    case 'connect':
      return system.connect(user);
    case 'leave':
      await system.store.updateUser(user, (u) =>
        u?.state === 'active' ? { ...u, leaving: action.how } : undefined,
      );
      system.happened(user, action.how === 'keep' ? 'leavingKeep' : 'leavingRemove');
      return system.hint(user);
  }
}

// ---- the CRM --------------------------------------------------------------------------------------

async function desk(system: System, user: string, action: Action): Promise<void> {
  const { crm } = system;
  if (action.do === 'crm.create') {
    const data = {
      status: 'planned' as const,
      kind: 'visit',
      ...crmFields(action.fields, action.n),
    };
    const record = await crm.create(user, data);
    return edited(system, 'create', record, undefined);
  }
  if (!('pick' in action)) return;
  const all = crm.records(user, true);
  const wanted = all.filter((r) =>
    action.do === 'crm.recreate'
      ? isSettled(system, r)
      : !r.deleted && (action.do !== 'crm.replan' || r.data.status === 'cancelled'),
  );
  const record = wanted[action.pick % wanted.length];
  if (!record) return;
  const before = snapshot(record);
  const { crmId } = record;
  switch (action.do) {
    case 'crm.edit':
      return edited(
        system,
        'edit',
        await crm.edit(crmId, crmFields(action.fields, action.n)),
        before,
      );
    case 'crm.cancel':
      return edited(system, 'cancel', await crm.edit(crmId, { status: 'cancelled' }), before);
    case 'crm.replan':
      return edited(system, 'replan', await crm.edit(crmId, { status: 'planned' }), before);
    case 'crm.delete':
      return edited(system, 'delete', await crm.remove(crmId), before);
    case 'crm.handOver': {
      const to = system.users[action.to % system.users.length] ?? user;
      if (to === user) return;
      const data = crmFields(action.fields, action.n);
      return edited(system, 'handOver', await crm.edit(crmId, data, to), before);
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

/** Deleted, heard of everywhere, and not restored under another id: a person can enter it anew. */
function isSettled({ queues }: System, record: CrmRecord): boolean {
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
  });
}

// ---- the phone ------------------------------------------------------------------------------------

async function phone(system: System, user: string, action: Action): Promise<void> {
  if (action.do === 'phone.create') {
    const made = await system.phone(user, 'POST', '', googleFields(action.fields, action.n));
    if (made) onPhone(system, 'create', user, made.id, undefined);
    return;
  }
  if (!('pick' in action)) return;
  const own = ownEvents(system, user, action.do === 'phone.restore');
  const event = own[action.pick % own.length];
  if (!event) return;
  const { id, resource } = event;
  const change = async (op: Edit['op'], method: string, body?: object) => {
    const done = await system.phone(user, method, `/${id}`, body);
    if (done) onPhone(system, op, user, id, resource);
  };
  switch (action.do) {
    case 'phone.edit':
      return change('edit', 'PATCH', googleFields(action.fields, action.n));
    case 'phone.colour':
      return change('edit', 'PATCH', { colorId: String(1 + (action.n % 11)) });
    case 'phone.delete':
      return change('delete', 'DELETE');
    case 'phone.restore':
      return change('restore', 'PATCH', { status: 'confirmed' });
    case 'phone.copy': {
      const { summary, start, end, extendedProperties } = resource;
      const body = { summary, start, end, extendedProperties };
      const made = await system.phone(user, 'POST', '', body);
      if (made) onPhone(system, 'create', user, made.id, undefined);
    }
  }
}

/** Single events that the user organises. */
function ownEvents(system: System, user: string, cancelled: boolean) {
  const calendar = system.workspace.calendars.primary(emailOf(user));
  return [...calendar.events.values()]
    .filter(({ resource, organizerCalendar, exception }) => {
      if (resource.eventType !== 'default' || exception || organizerCalendar !== calendar.id)
        return false;
      return (resource.status === 'cancelled') === cancelled;
    })
    .map(({ id, resource }) => ({ id, resource: resource as Raw }));
}

function onPhone(
  system: System,
  op: Edit['op'],
  user: string,
  id: string,
  before: Raw | undefined,
): void {
  const record = system.workspace.calendars.primary(emailOf(user)).events.get(id);
  const live = record && record.resource.status !== 'cancelled';
  const was = before?.status === 'cancelled' ? undefined : before;
  const after = live ? (record.resource as Raw) : undefined;
  system.edited({ side: 'google', op, user, id, before: was, after });
}
