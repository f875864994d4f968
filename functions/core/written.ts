/** What Google made of what was written, and the CRM has to hear: it decides more than was asked of it. */
import type { Codec, Observed } from './codec.ts';
import type { Decision, Write } from './decision.ts';
import { type Fields, sameValue } from './fields.ts';
import { asGoogleSays } from './merge.ts';
import { forCrm } from './sides.ts';

/** A write that leaves an object at Google. */
type Left = Exclude<Write, { kind: 'delete' }>;

/** The decision, with what the CRM has to hear now that Google has answered its write. */
export function afterWrite(
  codec: Codec,
  decision: Decision,
  written: Observed | undefined,
): Decision {
  const { write } = decision;
  if (!write || write.kind === 'delete' || written?.state !== 'live') return decision;
  const told = write.kind === 'insert' ? write.fields : write.patch.target;
  const held: Fields = { ...told, ...decision.agreed, ...decision.offers };
  const anew = answeredAnew(codec, write, held, written.fields);
  const assigned = assignedBy(codec, write, held, written.fields);
  const news = { ...anew, ...assigned };
  if (Object.keys(news).length === 0) return decision;
  const { op = 'upsert', data, changed = [], ...rest } = decision.notice ?? {};
  return {
    ...decision,
    agreed: { ...decision.agreed, ...assigned },
    offers: { ...decision.offers, ...anew },
    notice: {
      op,
      ...rest,
      data: forCrm(codec, { ...held, ...data, ...news }),
      changed: [...new Set([...changed, ...Object.keys(news)])],
    },
  };
}

/**
 * A guest who is invited anew has to answer anew, whatever he or she said to an earlier event or to another
 * organizer. An answer given on a guest's behalf would be nobody's word.
 */
function answeredAnew({ fields }: Codec, write: Left, held: Fields, written: Fields): Fields {
  const news: Fields = {};
  for (const [name, { listKey }] of Object.entries(fields)) {
    if (!listKey || (write.kind === 'patch' && !write.patch.changed.includes(name))) continue;
    const list = asGoogleSays(held[name], written[name], listKey);
    if (!sameValue(list, held[name] ?? null)) news[name] = list;
  }
  return news;
}

/**
 * What Google has filled in where the CRM leaves a field open (FieldSpec.assigned). It is nobody's edit, so
 * both sides agree on it: a CRM that changes its mind before it hears of it meets no conflict, its echo is
 * no edit, and one that goes on leaving it open is not told again.
 */
function assignedBy({ fields }: Codec, write: Left, held: Fields, written: Fields): Fields {
  const groupOf = (name: string) => fields[name]?.group ?? name;
  const changed = write.kind === 'patch' ? write.patch.changed.map(groupOf) : undefined;
  const assigned = Object.entries(written).filter(([name, value]) => {
    const isAbout = !changed || changed.includes(groupOf(name));
    const isOpen = sameValue(held[name] ?? null, null) && !sameValue(value, null);
    return fields[name]?.assigned && isAbout && isOpen;
  });
  return Object.fromEntries(assigned);
}
