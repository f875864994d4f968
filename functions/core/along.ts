/**
 * Members of a group that the CRM deletes or cancels: what it has not heard of them does not go along (rule 10). And
 * how a member differs from its group at all. Pure.
 */
import { conceal } from './conceal.ts';
import { type Decision, decide } from './decision.ts';
import { hasUnseenOffers, isEdited, livesOn, removeForGood } from './deletion.ts';
import type { Fields } from './fields.ts';
import { knownGoogle, offeredFields, sameAs } from './merge.ts';
import { type Along, mergeSides, type PlanInput, type Prepared, tell } from './sides.ts';

/**
 * What becomes of a member, should its group live on; `final`: and what is lost with it, since that goes. What the
 * CRM has no name for yet is not lost with a group that is handed over: it makes a record of what it hears.
 */
export function goAlong(input: Prepared, along: Along): Decision {
  const { link, observed } = input;
  const said = saidOfGroup(input);
  if (!link)
    return observed && apartFrom(input).length > 0
      ? tell(input, 'import', observed.fields)
      : decide('nothing');
  if (along.field === 'handedOver' && link.state === 'live' && link.crmId === undefined)
    return mergeSides(input, 'merge');
  // Taken out by us: an old answer.
  if (link.state === 'deleted' && link.etag === observed?.etag) return decide('nothing');
  if (along.final) return withoutWords(input, said.crm, removeForGood(input, true));
  // A CRM that says nothing of what it has heard of the member looks like one that has not: it hears once more.
  if (!isEdited(input, said.crm) && !hasUnseenOffers(input)) return decide('nothing');
  const lives = livesOn(input, link, along.field);
  // It may have passed over what it was told of a record that it had deleted with the group.
  const told = offeredFields(link.offered).map(([name]) => name);
  const changed = [...new Set([...(lives.notice?.changed ?? []), ...told])];
  return { ...lives, notice: { op: 'upsert', ...lives.notice, changed } };
}

/** A member keeps its group if the CRM has not heard that it was edited, or made. */
export const keepsGroup = ({ rule }: Decision): boolean =>
  rule === 'editBeatsDelete' || rule === 'import';

/** What tells how a member differs from its group. */
export type Member = Pick<PlanInput, 'codec' | 'context' | 'link' | 'observed' | 'parent'>;

/** What both sides hold of the group, as it stands in the member. */
function saidOfGroup({ codec, context, link, observed, parent }: Member) {
  const slot = observed?.slot ?? link?.slot;
  const member = slot === undefined ? {} : { slot };
  const inMember = (fields: Fields) => codec.groups?.inherited(fields, member, context) ?? {};
  if (!parent) return { crm: {}, google: {} };
  return { crm: inMember(parent.crm), google: inMember(knownGoogle(parent)) };
}

/** The fields in which the member shows something else than its group says. */
export function apartFrom(member: Member): string[] {
  const { codec, link, observed } = member;
  const said = saidOfGroup(member).google;
  const shown = Object.entries(conceal(codec, link, observed)?.fields ?? {});
  return shown
    .filter(([name, value]) => !sameAs(codec.fields[name], value, said[name]))
    .map(([name]) => name);
}

/** Nobody has lost what the CRM says itself, of the whole group or of the member. */
function withoutWords({ codec, word }: Prepared, said: Fields, decision: Decision): Decision {
  const { notice } = decision;
  const conflicts = notice?.conflicts?.filter(({ field, google }) =>
    [said, word].every((words) => !sameAs(codec.fields[field], google, words[field])),
  );
  return conflicts ? { ...decision, notice: { op: 'upsert', ...notice, conflicts } } : decision;
}
