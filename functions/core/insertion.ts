/** When a record is written at Google anew: with which values, and under which generation. */
import { type Decision, decide, refuse } from './decision.ts';
import type { Fields } from './fields.ts';
import { knownGoogle } from './merge.ts';
import type { Conflict } from './messages.ts';
import { mergeWith, type Prepared, seenChange } from './sides.ts';
import type { Rule } from './table.ts';

export function insert(
  input: Prepared,
  rule: Rule,
  generation: number,
  conflicts: Conflict[],
): Decision {
  const { codec, context, window, intent, link, data } = input;
  if (!intent) return decide('nothing');
  const unseen = unseenOffers(input);
  // What is inserted again comes back whole, with the fields that only the base still knows.
  const fields = { ...(link ? knownGoogle(link) : {}), ...link?.crm, ...data, ...unseen };
  const missing = codec.missing(fields);
  if (missing.length > 0) {
    return refuse(
      intent,
      'incomplete',
      `data lacks ${missing.join(' and ')}: send the record again with it`,
    );
  }
  const period = codec.period(fields, context);
  if (period && period.to < period.from) {
    return refuse(
      intent,
      'invalid',
      'data.end lies before data.start: send the record again corrected',
    );
  }
  if (period && period.to <= window.from) return decide('nothing');
  if (period && period.from >= window.to)
    return decide('nothing', { wakeAt: period.from - window.aheadMs });
  const googleId = codec.googleId(context.userId, intent.crmId, generation);
  const agreed = Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in unseen)));
  // The deleted object may have held edits that crossed with the CRM's: decided, and told, here too.
  const crossed = link ? mergeWith(input, undefined).conflicts : [];
  const lost = crossed.filter((c) => c.winner === 'google' && c.field in unseen);
  const offers = Object.fromEntries(lost.map((c) => [c.field, unseen[c.field] ?? null]));
  const all = [...conflicts, ...crossed];
  const changed = Object.keys(offers);
  return {
    ...decide(rule, { link: 'live', agreed, offers }),
    write: { kind: 'insert', googleId, crmId: intent.crmId, generation, fields },
    ...(all.length > 0 && { notice: { op: 'upsert', data: fields, changed, conflicts: all } }),
  };
}

/** What Google had newer and told, where the CRM did not know it and has not edited the field itself. */
function unseenOffers(input: Prepared): Fields {
  const { link, intent, codec } = input;
  if (!link || !intent) return {};
  const seen = seenChange(link, intent);
  const { agreed } = mergeWith(input, undefined);
  const unseen = Object.entries(link.offered).filter(
    ([name, offer]) => codec.fields[name] && offer.change > seen && !(name in agreed),
  );
  return Object.fromEntries(unseen.map(([name, offer]) => [name, offer.value]));
}

/** Each place has ids of its own: the same one again, until one turns out to be taken there. */
export function generationHere({ link, observed }: Prepared): number {
  const taken = observed?.marker?.generation;
  return taken === undefined ? (link?.generation ?? 0) : taken + 1;
}
