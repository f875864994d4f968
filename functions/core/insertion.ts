/** When a record is written at Google anew: with which values, and under which generation. */
import { placeBefore } from './alone.ts';
import { isConcealed } from './conceal.ts';
import { type Decision, decide, type Notice, refuse } from './decision.ts';
import type { Fields } from './fields.ts';
import { knownGoogle } from './merge.ts';
import type { Conflict } from './messages.ts';
import { forCrm, isRenamed, mergeWith, type Prepared, seenChange } from './sides.ts';
import type { Rule } from './table.ts';

/** The decision to write the CRM's record as a new object; refused or left waiting where that cannot be. */
export function insert(
  input: Prepared,
  rule: Rule,
  generation: number,
  conflicts: Conflict[],
): Decision {
  const { codec, context, window, intent, link } = input;
  if (!intent) return decide('nothing');
  // What is inserted is the CRM's: nothing in it is hidden any more.
  const data = codec.canonical(intent.data, context);
  const { unseen, crossed } = leftOver(input);
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
  const all = [...conflicts, ...crossed];
  const changed = Object.keys(unseen);
  const notice: Notice = {
    op: 'upsert',
    data: forCrm(codec, fields),
    changed,
    ...(all.length > 0 && { conflicts: all }),
  };
  // It stands alone from now on: the CRM has to know that it does not go with its group any more.
  const alone = placeBefore(input) !== undefined;
  return {
    ...decide(rule, { link: 'live', agreed, offers: unseen }),
    write: { kind: 'insert', googleId, crmId: intent.crmId, generation, fields },
    ...((all.length + changed.length > 0 || alone || isRenamed(input, googleId)) && { notice }),
  };
}

/**
 * What the link's object leaves to the one that the record goes on in. `unseen`: what Google had newer and told, where
 * the CRM did not know it and has not edited the field itself. `crossed`: conflicts with what the CRM has said since.
 */
export function leftOver(input: Prepared): { unseen: Fields; crossed: Conflict[] } {
  const { link, intent, codec } = input;
  if (!link || !intent) return { unseen: {}, crossed: [] };
  const seen = seenChange(link, intent);
  const { agreed, conflicts: crossed } = mergeWith(input, undefined);
  // That a text was hidden is not that it was emptied: the CRM's own word on it is all there is now.
  const hidden = (name: string) =>
    codec.fields[name]?.hidden === true && isConcealed(link, undefined);
  const unseen = Object.entries(link.offered).filter(
    ([name, offer]) =>
      codec.fields[name] && offer.change > seen && !(name in agreed) && !hidden(name),
  );
  const values = unseen.map(([name, offer]) => [name, offer.value]);
  return { unseen: Object.fromEntries(values), crossed };
}

/**
 * The generation of the last object that the user has had of the record; -1 when there was none that bears one. One
 * that was born at Google counts as the first.
 */
export function lastGeneration(
  { link, observed, intent }: Pick<Prepared, 'link' | 'observed' | 'intent'>,
  userId: string,
): number {
  const kept = intent?.generations?.[userId];
  return Math.max(link?.generation ?? -1, observed?.marker?.generation ?? -1, kept ?? -1);
}

/**
 * The generation that a new object of the record is written under: later than any before, or what is older, and
 * comes out of the bin, would be taken for the newer one.
 */
export const nextGeneration = (input: Prepared): number =>
  lastGeneration(input, input.context.userId) + 1;

/** Each place has ids of its own: the same one again, until one turns out to be taken there. */
export function generationHere({ link, observed }: Prepared): number {
  const taken = observed?.marker?.generation;
  return taken === undefined ? (link?.generation ?? 0) : taken + 1;
}
