/** Carries out what a person does with a contact or a task. */
import type { CrmRecord } from '../../sandbox/crm/types.ts';
import { isSettled } from '../desk.ts';
import type { Edit, Raw } from '../history.ts';
import { type System, snapshot } from '../system.ts';
import { address, list } from './phones.ts';
import type { TypeAction } from './script.ts';
import { crmFields } from './values.ts';

/** One action; nothing happens where there is nothing to choose from. */
export async function actOnType(system: System, user: string, action: TypeAction): Promise<void> {
  if (!system.records.includes(action.record)) return;
  if (action.what.startsWith('crm.')) return desk(system, user, action);
  return action.record === 'contact' ? address(system, user, action) : list(system, user, action);
}

async function desk(system: System, user: string, action: TypeAction): Promise<void> {
  const { crm } = system;
  const { what, record: type, n, fields } = action;
  if (what === 'crm.create') {
    const record = await crm.create(user, crmFields(type, fields, n), { record: type });
    return edited(system, 'create', record, undefined);
  }
  const all = crm.records(user, true).filter((r) => r.record === type);
  const wanted = all.filter((r) => (what === 'crm.recreate' ? isSettled(system, r) : !r.deleted));
  const record = wanted[action.pick % wanted.length];
  if (!record) return;
  const before = snapshot(record);
  const { crmId } = record;
  if (what === 'crm.edit')
    return edited(system, 'edit', await crm.edit(crmId, crmFields(type, fields, n)), before);
  if (what === 'crm.delete') return edited(system, 'delete', await crm.remove(crmId), before);
  if (what === 'crm.handOver') {
    const to = system.users[(action.to ?? 0) % system.users.length] ?? user;
    if (to === user) return;
    const handed = await crm.edit(crmId, crmFields(type, fields, n), to);
    return edited(system, 'handOver', handed, before);
  }
  await crm.publishRaw({
    changeId: `raw-${n}`,
    userId: user,
    record: type,
    op: 'upsert',
    crmId,
    version: record.version + 1,
    data: crmFields(type, [type === 'contact' ? 'name' : 'title'], n),
  });
  edited(system, 'recreate', crm.record(crmId) as CrmRecord, undefined);
}

function edited(system: System, op: Edit['op'], record: CrmRecord, before: Raw | undefined): void {
  const { record: type, userId: user, crmId: id } = record;
  if (type === 'appointment') return;
  system.edited({ record: type, side: 'crm', op, user, id, before, after: snapshot(record) });
}
