/** P11: nothing is invented or bent on the way from one side to the other. */
import type { Effect, Raw, Told } from '../history.ts';
import { crmNames, crmValue, FIELDS, type FieldName, googleValue, sameText } from '../mapping.ts';
import { seriesIn } from '../shown.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function mappingHeld(view: View): Violation[] {
  const said = new Sayings(view);
  const found: Violation[] = [];
  for (const effect of view.effects) {
    if (effect.task === undefined || effect.caller !== effect.user) continue;
    if (effect.after.status === 'cancelled') continue;
    const root = view.rootOf({ side: 'google', ...effect });
    for (const field of FIELDS) {
      // A stricter visibility of one occurrence is one of the whole series: Google's doing.
      const recurs = seriesIn(effect.id) !== undefined || effect.after.recurrence;
      if (field === 'private' && recurs) continue;
      const value = written(effect, field);
      // What is inserted again keeps what only Google's people said; undo gives back what Google had.
      const any = effect.method.endsWith('insert') || view.doing(effect.task) === 'undo';
      if (value !== undefined && !said[any ? 'anywhere' : 'inCrm'](root, field, value, effect.seq))
        found.push(violation('P11', `${effect.id}: the CRM never said ${field} ${value}`));
    }
  }
  for (const told of view.told) {
    const root = view.rootOfMessage(told.message);
    if (root === undefined || told.message.op !== 'upsert') continue;
    for (const field of FIELDS) {
      const value = toldValue(told, field);
      if (value !== undefined && !said.anywhere(root, field, value, told.seq))
        found.push(violation('P11', `told ${field} ${value} of ${root}, which nobody said`));
    }
  }
  return found;
}

/** What a write of the engine changed a field to. */
function written({ before, after }: Effect, field: FieldName): string | undefined {
  const [old, value] = [googleValue(before, field), googleValue(after, field)];
  return sameText(old, value) || value === '' ? undefined : value;
}

/** What a message gives out as news. */
function toldValue({ message }: Told, field: FieldName): string | undefined {
  if (!crmNames(field).every((name) => message.data && name in message.data)) return undefined;
  const value = crmValue(message.data, field);
  // A declined event is not busy (rule 7).
  if (field === 'busy' && message.data.response === 'declined') return undefined;
  return value === '' ? undefined : value;
}

/** Who said what, and when it was said first. */
class Sayings {
  readonly #crm = new Map<string, number>();
  readonly #google = new Map<string, number>();

  constructor(view: View) {
    for (const e of view.edits)
      if (e.side === 'crm') this.#note(this.#crm, view.rootOf(e), crmValue, e.after, e.seq);
    for (const e of view.applied)
      for (const { crmId, user, after } of e.changed) {
        const root = view.rootOf({ side: 'crm', user, id: crmId });
        this.#note(this.#crm, root, crmValue, after, e.seq);
      }
    for (const e of view.effects) {
      const root = view.rootOf({ side: 'google', ...e });
      this.#note(this.#google, root, googleValue, e.after, e.seq);
    }
  }

  #note(
    into: Map<string, number>,
    root: string,
    read: (raw: Raw | undefined, field: FieldName) => string | undefined,
    raw: Raw | undefined,
    seq: number,
  ): void {
    if (raw === undefined || (raw.status === 'cancelled' && raw.start === undefined)) return;
    for (const field of FIELDS) {
      const key = `${root} ${field} ${read(raw, field)}`;
      into.set(key, Math.min(seq, into.get(key) ?? seq));
    }
  }

  /** Google's own defaults count as said: whoever enters nothing is busy and hides nothing. */
  inCrm = (root: string, field: FieldName, value: string, seq: number): boolean => {
    if ((field === 'busy' && value === 'true') || (field === 'private' && value === 'false'))
      return true;
    return (this.#crm.get(`${root} ${field} ${value}`) ?? Number.POSITIVE_INFINITY) < seq;
  };

  anywhere = (root: string, field: FieldName, value: string, seq: number): boolean => {
    const google = this.#google.get(`${root} ${field} ${value}`) ?? Number.POSITIVE_INFINITY;
    return google < seq || this.inCrm(root, field, value, seq);
  };
}
