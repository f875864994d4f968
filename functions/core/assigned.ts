/** Values that Google fills in where the CRM leaves a field open (FieldSpec.assigned): the CRM hears of them. */
import type { Codec } from './codec.ts';
import type { Decision, Write } from './decision.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import type { Outcome } from './settle.ts';
import { forCrm } from './sides.ts';

/**
 * The decision with what Google has filled in by this very write told to the CRM. It is nobody's edit, so
 * both sides agree on it: a CRM that changes its mind before it hears of it meets no conflict, its echo
 * is no edit, and one that goes on leaving it open is not told again.
 */
export function withAssigned({ codec, decision, written, link }: Outcome): Decision {
  const { write, notice } = decision;
  if (!write || written?.state !== 'live' || (notice && notice.op !== 'upsert')) return decision;
  const sent = sentBy(write);
  const assigned = Object.entries(written.fields).filter(
    ([name, value]) => mayAssign(codec, write, name) && isOpen(sent[name]) && !isOpen(value),
  );
  if (assigned.length === 0) return decision;
  const values: Fields = Object.fromEntries(assigned);
  const data = { ...forCrm(codec, sent, link), ...notice?.data, ...values };
  const changed = [...(notice?.changed ?? []), ...Object.keys(values)];
  const agreed = { ...decision.agreed, ...values };
  return { ...decision, agreed, notice: { ...notice, op: 'upsert', data, changed } };
}

/** All fields as the write leaves them, as far as it goes. */
function sentBy(write: Write): Fields {
  if (write.kind === 'delete') return {};
  return write.kind === 'insert' ? write.fields : write.patch.target;
}

/** Whether the write is about the field, or about those that are one value with it. */
function mayAssign({ fields }: Codec, write: Write, name: string): boolean {
  const spec = fields[name];
  if (!spec?.assigned) return false;
  const isAbout = (other: string) => (fields[other]?.group ?? other) === (spec.group ?? name);
  return write.kind === 'patch' ? write.patch.changed.some(isAbout) : true;
}

const isOpen = (value: Json | undefined) => sameValue(value, null);
