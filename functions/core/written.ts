/** What Google made of a list that was written: it decides more of an entry than that it is there. */
import type { Codec, Observed } from './codec.ts';
import type { Decision } from './decision.ts';
import { type Fields, sameValue } from './fields.ts';
import { asGoogleSays } from './merge.ts';
import { forCrm } from './sides.ts';

/**
 * The decision, with what the CRM has to hear now that Google has answered its write: a guest who is invited
 * anew has to answer anew, whatever he or she said to an earlier event or to another organizer. An answer
 * given on a guest's behalf would be nobody's word.
 */
export function afterWrite(
  codec: Codec,
  decision: Decision,
  written: Observed | undefined,
): Decision {
  const { write } = decision;
  if (!write || write.kind === 'delete' || written?.state !== 'live') return decision;
  const told = write.kind === 'insert' ? write.fields : write.patch.target;
  const held: Fields = { ...told, ...decision.agreed, ...decision.offers };
  const news: Fields = {};
  for (const [name, { listKey }] of Object.entries(codec.fields)) {
    if (!listKey || (write.kind === 'patch' && !write.patch.changed.includes(name))) continue;
    const list = asGoogleSays(held[name], written.fields[name], listKey);
    if (!sameValue(list, held[name] ?? null)) news[name] = list;
  }
  if (Object.keys(news).length === 0) return decision;
  const { op = 'upsert', data, changed = [], ...rest } = decision.notice ?? {};
  return {
    ...decision,
    offers: { ...decision.offers, ...news },
    notice: {
      op,
      ...rest,
      data: forCrm(codec, { ...held, ...data, ...news }),
      changed: [...new Set([...changed, ...Object.keys(news)])],
    },
  };
}
