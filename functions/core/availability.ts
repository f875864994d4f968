/**
 * What the availability function is asked and what it answers. The OpenAPI document for CRM teams is
 * generated from here (`npm run schemas`).
 */
import { z } from 'zod';
import {
  type Hours,
  type Interval,
  intersected,
  merged,
  openTime,
  subtracted,
  widened,
} from './intervals.ts';
import { dateTimeSchema, idSchema, timeZoneSchema } from './messages.ts';
import type { UserState } from './records.ts';
import { DAY_MS, instantOf, isoInZone, offsetAt } from './time.ts';

/** Users in one question. */
export const MOST_USERS = 50;
/** Days in one question. */
export const MOST_DAYS = 90;
const MINUTE_MS = 60_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const minutes = z.int().min(0).max(480);
const clock = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'is not a time of the day, such as 08:30 or 24:00');

const hoursSchema = z
  .strictObject({
    days: z.array(z.enum(DAYS)).min(1).max(7).default(['mon', 'tue', 'wed', 'thu', 'fri']),
    from: clock,
    to: clock,
  })
  .refine(({ from, to }) => from < to, {
    path: ['to'],
    error: 'is not after from; hours over midnight are two entries',
  });

/** The body of a request. */
export const availabilityRequestSchema = z
  .strictObject({
    users: z.array(idSchema).min(1).max(MOST_USERS).describe('userIds'),
    from: dateTimeSchema.describe('with an offset, or wall time in timeZone'),
    to: dateTimeSchema.describe(`after from, at most ${MOST_DAYS} days`),
    timeZone: timeZoneSchema
      .refine((name) => /^[A-Za-z]/.test(name), 'is not an IANA time zone, such as Europe/Zurich')
      .describe('IANA zone of the answer and of workingHours'),
    slotMinutes: z.int().min(1).max(1440).default(30).describe('least length of a free slot'),
    workingHours: z
      .array(hoursSchema)
      .min(1)
      .max(28)
      .optional()
      .describe('slots lie in these hours only; absent: at any time'),
    buffers: z
      .strictObject({ before: minutes.default(0), after: minutes.default(0) })
      .default({ before: 0, after: 0 })
      .describe('minutes to keep free before and after everything that makes a user busy'),
  })
  .superRefine(checkPeriod);

/** A question, checked. */
export type AvailabilityRequest = z.infer<typeof availabilityRequestSchema>;

const periodSchema = z.strictObject({
  from: z.string().describe('ISO 8601 in timeZone, with its offset'),
  to: z.string(),
});

const reasonSchema = z.enum([
  'unknownUser',
  'disabled',
  'notConnected',
  'disconnected',
  'reauthorize',
  'paused',
  'held',
  'noPermission',
  'syncing',
  'calendarNotFound',
  'unavailable',
]);
/** Why a question, or one of its users, gets no answer. */
export type Reason = z.infer<typeof reasonSchema>;

const stateSchema = z.enum([
  'unknown',
  'invited',
  'active',
  'reauthorize',
  'paused',
  'disconnected',
]) satisfies z.ZodType<UserState | 'unknown'>;

const userAnswerSchema = z.union([
  z.strictObject({
    userId: z.string(),
    state: stateSchema,
    busy: z.array(periodSchema).describe('merged, in order, within from and to'),
  }),
  z.strictObject({
    userId: z.string(),
    state: stateSchema,
    error: z
      .strictObject({
        reason: reasonSchema.describe('a word for programs'),
        detail: z.string().describe('a sentence for people'),
      })
      .describe('there is no word on when this user is busy or free'),
  }),
]);

/** The body of an answer. */
export const availabilityAnswerSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  timeZone: z.string(),
  users: z.array(userAnswerSchema).describe('one for each userId of the request, in its order'),
  slots: z
    .array(periodSchema)
    .nullable()
    .describe(
      'when all users are free, each as long as it is, slotMinutes at least; null: of one of them at least that is not known',
    ),
});

/** Busy intervals by user, and what is free for all of them. No titles, no texts. */
export type AvailabilityAnswer = z.infer<typeof availabilityAnswerSchema>;
/** A reason, with what to do about it for whoever asked. */
export type Problem = { reason: Reason; detail: string };

/** What is known of a user: the busy time, in any order, or why there is no word on it. */
export type Known = { userId: string; state: UserState | 'unknown' } & (
  | { busy: Interval[] }
  | { error: Problem }
);

/** The body of an error answer of status 400 and more. */
export const availabilityErrorSchema = z.strictObject({ error: z.string() });

function checkPeriod(
  request: { from: string; to: string; timeZone: string },
  ctx: z.RefinementCtx,
): void {
  // Runs on fields that are wrong by themselves as well, and they are told already.
  if (ctx.issues.length > 0) return;
  const { from, to } = periodOf(request);
  // Counted on the wall: ninety days from midnight to midnight may have an hour more.
  const onWall = (instant: number) => instant + offsetAt(request.timeZone, instant);
  const tooLong = onWall(to) - onWall(from) > MOST_DAYS * DAY_MS;
  if (to > from && !tooLong) return;
  const message = to > from ? `is more than ${MOST_DAYS} days after from` : 'is not after from';
  ctx.addIssue({ code: 'custom', path: ['to'], message });
}

/** The period that a request is about. */
function periodOf({
  from,
  to,
  timeZone,
}: Pick<AvailabilityRequest, 'from' | 'to' | 'timeZone'>): Interval {
  const instant = (dateTime: string) => instantOf({ dateTime, timeZone }, timeZone);
  return { from: instant(from), to: instant(to) };
}

/** The period in which a busy time can touch a slot: the request's, and as far as buffers reach. */
export function lookedAt(request: AvailabilityRequest): Interval {
  const { from, to } = periodOf(request);
  const { before, after } = request.buffers;
  return { from: from - after * MINUTE_MS, to: to + before * MINUTE_MS };
}

/** The answer: of each user what is known, and the slots that all have in common. */
export function answerOf(
  request: AvailabilityRequest,
  users: readonly Known[],
): AvailabilityAnswer {
  const { timeZone } = request;
  const period = periodOf(request);
  const shown = ({ from, to }: Interval) => ({
    from: isoInZone(timeZone, from),
    to: isoInZone(timeZone, to),
  });
  const known = users.flatMap((user) => ('busy' in user ? [user] : []));
  return {
    ...shown(period),
    timeZone,
    users: users.map((user) =>
      'busy' in user
        ? { ...user, busy: intersected(merged(user.busy), [period]).map(shown) }
        : user,
    ),
    // Of whom nothing is known is not free: no slot is common to all.
    slots:
      known.length < users.length
        ? null
        : slotsOf(
            request,
            period,
            known.flatMap(({ busy }) => busy),
          ).map(shown),
  };
}

/** What is left of the period, within the working hours, as long as a slot at least. */
function slotsOf(request: AvailabilityRequest, period: Interval, busy: Interval[]): Interval[] {
  const { workingHours, buffers, slotMinutes, timeZone } = request;
  const open = workingHours ? openTime(timeZone, workingHours.map(hoursOf), period) : [period];
  const taken = widened(merged(busy), buffers.before * MINUTE_MS, buffers.after * MINUTE_MS);
  return subtracted(open, taken).filter(({ from, to }) => to - from >= slotMinutes * MINUTE_MS);
}

function hoursOf({ days, from, to }: z.infer<typeof hoursSchema>): Hours {
  const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return { days: days.map((day) => DAYS.indexOf(day)), from: minutesOf(from), to: minutesOf(to) };
}
