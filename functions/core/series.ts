/**
 * Appointments for a CRM that knows recurrence: a series is one record, an occurrence that differs from
 * it another (design decision 2). https://developers.google.com/workspace/calendar/api/guides/recurringevents
 */
import type { calendar_v3 } from '@googleapis/calendar';
import { appointmentCodec } from './appointment.ts';
import type { Codec, CodecContext, FieldSpec, Groups, Patch } from './codec.ts';
import { ownerOf } from './event.ts';
import type { Fields, Json } from './fields.ts';
import type { Moment } from './messages.ts';
import { canonicalLines, endOfLines } from './recurrence.ts';
import { addDays, canonicalMoment, DAY_MS, instantOf, isoInZone } from './time.ts';

type Event = calendar_v3.Schema$Event;

const fields = {
  ...appointmentCodec.fields,
  recurrence: { flow: 'both' },
} as const satisfies { [name: string]: FieldSpec };

/** The time is not written along: whether it has a zone has to be looked at. */
const startsToRecur = ({ changed, target }: Patch) =>
  changed.includes('recurrence') && !changed.includes('start') && isSeries(target);

const isSeries = (data: Fields) => canonicalLines(data.recurrence) !== null;

/** `20261201T080000Z` or `20261201`: the form in which instance ids carry the original start. */
function suffixOf(slot: string): string {
  if (!slot.includes('T')) return slot.replaceAll('-', '');
  return `${new Date(slot).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

const groups: Groups = {
  shape: ['start', 'recurrence'],
  leads: isSeries,
  slotOf,
  idAt: (series, slot) => `${series}_${suffixOf(slot)}`,
  memberId: (series, slot, context) => groups.idAt(series, slotOf(slot, context)),
  inherited({ recurrence: _, start, end, ...rest }, { slot }, context) {
    const known = slot !== undefined && start && end;
    const time = known ? timeAt(start as Moment, end as Moment, slot, context) : {};
    return { ...rest, ...time, recurrence: null };
  },
  named: (series, slot) => ({
    series,
    originalStart: slot.includes('T') ? { dateTime: slot } : { date: slot },
  }),
};

function slotOf(moment: Moment, context: CodecContext): string {
  const canonical = canonicalMoment(moment, context.timeZone);
  return 'date' in canonical ? canonical.date : canonical.dateTime;
}

/** Start and end of a regular occurrence: the length is the series'. */
function timeAt(start: Moment, end: Moment, slot: string, context: CodecContext): Fields {
  if ('date' in start && 'date' in end && !slot.includes('T')) {
    const days = (Date.parse(end.date) - Date.parse(start.date)) / DAY_MS;
    return { start: { date: slot }, end: { date: addDays(slot, days) } };
  }
  if ('date' in start || 'date' in end || !slot.includes('T')) return {};
  const length = instantOf(end, context.timeZone) - instantOf(start, context.timeZone);
  const at = (like: Moment & { timeZone?: string | undefined }, instant: number): Json => {
    const timeZone = like.timeZone ?? context.timeZone;
    return { dateTime: isoInZone(timeZone, instant), timeZone };
  };
  return { start: at(start, Date.parse(slot)), end: at(end, Date.parse(slot) + length) };
}

/** As `appointmentCodec`, with series as records of their own. */
export const seriesCodec: Codec<Event> = {
  ...appointmentCodec,
  fields,
  groups,
  canonical(data, context) {
    const result = appointmentCodec.canonical(data, context);
    if (data.recurrence !== undefined) result.recurrence = canonicalLines(data.recurrence);
    return result;
  },
  period(data, context) {
    const first = appointmentCodec.period(data, context);
    const lines = canonicalLines(data.recurrence);
    if (!first || !lines || first.to < first.from) return first;
    return { from: first.from, to: Math.max(first.to, endOfLines(lines) + first.to - first.from) };
  },
  decode({ recurrence, ...event }, context) {
    const observed = appointmentCodec.decode(event, context);
    if (observed.state !== 'live') return observed;
    observed.fields.recurrence = canonicalLines(recurrence);
    // Google gives the occurrences of what we made our properties too: they are no more hidden than it.
    if (event.recurringEventId && ownerOf(event, event.recurringEventId, context))
      delete observed.redacted;
    return observed;
  },
  insert(crmId, generation, data, context) {
    const lines = canonicalLines(data.recurrence);
    const body = appointmentCodec.insert(crmId, generation, data, context);
    return { ...body, ...(lines && { recurrence: lines }) };
  },
  copy: (raw, crmId, generation) => ({
    ...appointmentCodec.copy?.(raw, crmId, generation),
    ...(raw.recurrence && { recurrence: raw.recurrence }),
  }),
  needsCurrent: (patch) => appointmentCodec.needsCurrent(patch) || startsToRecur(patch),
  patch(patch, context, current) {
    const body = appointmentCodec.patch(patch, context, current);
    if (!patch.changed.includes('recurrence')) return body;
    const recurrence = canonicalLines(patch.target.recurrence);
    const zoneless = startsToRecur(patch) && current?.start?.dateTime && !current.start.timeZone;
    // Only a start that has a zone can recur; otherwise it is as it stands at Google.
    const { timeZone } = context;
    const time = zoneless && {
      start: { ...current.start, timeZone },
      end: { ...current.end, timeZone },
    };
    return { ...body, ...time, recurrence };
  },
  problem: (data, { member }) =>
    member && isSeries(data)
      ? {
          reason: 'invalid',
          detail: 'an occurrence cannot recur: send it again with data.recurrence null',
        }
      : undefined,
};
