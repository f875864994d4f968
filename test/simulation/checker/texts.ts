/**
 * Rule 13: a description is written back only if the CRM changed it, reminders are touched only if the CRM
 * sends some. Rule 3: what was born at Google gets nothing of ours, and no write that changes nothing.
 */
import type { Effect } from '../history.ts';
import { crmValue, googleValue } from '../mapping.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function texts(view: View): Violation[] {
  return view.effects.flatMap((effect) => {
    const { task, caller, user, before, after } = effect;
    if (view.doing(task) === 'undo') return [];
    if (task === undefined || caller !== user || !before || after.status === 'cancelled') return [];
    return [...adopted(view, effect), ...reformatted(effect), ...reminded(view, effect)];
  });
}

function adopted(view: View, { user, id, method, before = {}, after }: Effect): Violation[] {
  if (view.inserted.has(googleKey(user, id))) return [];
  const properties = (raw: typeof after) => JSON.stringify(raw.extendedProperties ?? null);
  if (properties(before) !== properties(after))
    return [violation('rule 3', `${method} marked the adopted event ${id} of ${user}`)];
  const { updated: _, sequence: __, ...old } = before;
  const { updated: ___, sequence: ____, ...now } = after;
  return JSON.stringify(old) === JSON.stringify(now)
    ? [violation('rule 3', `${method} of the adopted event ${id} of ${user} changed nothing`)]
    : [];
}

/** The same words in other clothes: formatting is lost for nothing. */
function reformatted({ id, method, before, after }: Effect): Violation[] {
  const [old, now] = [before?.description ?? '', after.description ?? ''];
  const same = googleValue(before, 'description') === googleValue(after, 'description');
  const html = /<(b|br)>/.test(old) && !/<(b|br)>/.test(now);
  return same && html && old.trim() !== ''
    ? [violation('rule 13', `${method} took the formatting out of ${id}`)]
    : [];
}

function reminded(view: View, { seq, user, id, method, before, after }: Effect): Violation[] {
  if (JSON.stringify(before?.reminders) === JSON.stringify(after.reminders)) return [];
  const root = view.rootOf({ side: 'google', user, id });
  const asked = view.editsOf(root).some(
    (e) =>
      e.side === 'crm' &&
      e.seq < seq &&
      // Deleted and entered anew before anybody looked: nothing of the old record stays.
      (crmValue(e.after, 'reminder') !== undefined || e.op === 'recreate'),
  );
  // Or it heard of some from the event of an owner before, and said so of the new one's.
  const carried = view.applied.some(
    (e) =>
      e.seq < seq &&
      e.message.userId !== user &&
      e.changed.some(
        (c) =>
          view.rootOf({ side: 'crm', user: c.user, id: c.crmId }) === root &&
          crmValue(c.after, 'reminder') !== undefined,
      ),
  );
  return asked || carried
    ? []
    : [violation('rule 13', `${method} touched the reminders of ${id}, the CRM sent none`)];
}
