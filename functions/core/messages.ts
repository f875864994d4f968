/**
 * The two topics' messages, version 1: the only place where their schemas are written. JSON Schema and
 * the AsyncAPI document for CRM teams are generated from here (`npm run schemas`).
 */
import { z } from 'zod';
import type { RecordType } from './fields.ts';
import { lineProblem } from './recurrence.ts';

const id = z
  .string()
  .min(1)
  .max(200)
  .refine((s) => s.isWellFormed(), 'is cut in the middle of a character');
const email = z.email().max(320).toLowerCase();
const text = (max: number) => z.string().max(max).nullable();
const timeZone = z.string().refine(isTimeZone, 'is not an IANA time zone, such as Europe/Zurich');

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const date = z.iso.date();
/** Local wall time, or with an offset; seconds may be left out. */
const dateTime = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/,
    'is not an ISO 8601 date and time, such as 2026-11-24T09:00:00+01:00',
  )
  .refine(
    (s) => !Number.isNaN(Date.parse(s)) && date.safeParse(s.slice(0, 10)).success,
    'is not a date that exists',
  );

/** What the availability function's request is made of as well. */
export { dateTime as dateTimeSchema, id as idSchema, timeZone as timeZoneSchema };

/** A point in time: `{dateTime, timeZone}`, or `{date}` for all-day entries (the last day is included). */
const momentSchema = z.union([
  z.strictObject({ dateTime, timeZone: timeZone.optional() }),
  z.strictObject({ date }),
]);

const recurrenceLine = z
  .string()
  .max(10_000)
  .superRefine((line, ctx) => {
    const message = lineProblem(line);
    if (message) ctx.addIssue({ code: 'custom', message });
  });

const reference = z.strictObject({ id: id.optional(), name: z.string().max(500) });

const responseSchema = z.enum(['accepted', 'declined', 'tentative', 'needsAction']);

const participantSchema = z.strictObject({
  email,
  name: z.string().max(500).optional(),
  response: responseSchema.optional(),
  /** user: a CRM user (with userId). resource: a room. external: anybody else. */
  kind: z.enum(['user', 'resource', 'external']).optional(),
  userId: id.optional(),
});

/** An entry of the contact history. All fields optional: absent means "no word on it". */
export const appointmentSchema = z
  .strictObject({
    subject: text(1024),
    kind: text(50).describe('visit, call, meeting ...: shown in Google, never read back'),
    status: z
      .enum(['planned', 'held', 'cancelled'])
      .nullable()
      .describe('cancelled removes the event; planned again brings it back'),
    start: momentSchema,
    end: momentSchema,
    place: text(1024),
    description: text(8000).describe('plain text'),
    customer: reference.nullable(),
    contactPersons: z.array(reference).max(50).nullable(),
    participants: z.array(participantSchema).max(200).nullable(),
    url: z
      .url({ protocol: /^https?$/ })
      .max(1000)
      .nullable()
      .describe('link back into the CRM'),
    private: z.boolean().nullable(),
    busy: z.boolean().nullable().describe('false: the time stays free in the calendar'),
    response: responseSchema.nullable().describe("the user's own answer to an invitation"),
    conferenceUrl: text(1000).describe('read-only: Google to CRM'),
    reminderMinutes: z
      .int()
      .min(0)
      .max(40320)
      .nullable()
      .describe('absent: reminders are not touched'),
    recurrence: z
      .array(recurrenceLine)
      .max(50)
      .nullable()
      .describe(
        'with RECURRENCE=series: RRULE, RDATE, EXDATE and EXRULE lines of RFC 5545; start and end are the first occurrence; null: a single appointment',
      ),
  })
  .partial();

/** One occurrence of a series: known by the series and the original start, for good. */
export const occurrenceSchema = z.strictObject({
  series: z
    .strictObject({ crmId: id.optional(), googleId: id.optional() })
    .refine((s) => s.crmId ?? s.googleId, 'needs the crmId or the googleId of the series'),
  originalStart: momentSchema.describe('when it would begin if nobody had moved it'),
});

/** What kind of address or number: work, home, mobile ... or any word of the CRM's own. */
const kind = z.string().max(50).optional();
const web = z
  .url({ protocol: /^https?$/ })
  .max(1000)
  .nullable();

/** A contact person. All fields optional: absent means "no word on it". */
export const contactSchema = z
  .strictObject({
    honorificPrefix: text(100),
    givenName: text(200),
    middleName: text(200),
    familyName: text(200),
    honorificSuffix: text(100),
    organization: text(500),
    department: text(500),
    title: text(500).describe('what he or she does there'),
    emails: z
      .array(z.strictObject({ value: z.string().max(320), type: kind }))
      .max(50)
      .nullable(),
    phones: z
      .array(z.strictObject({ value: z.string().max(100), type: kind }))
      .max(50)
      .nullable(),
    addresses: z
      .array(
        z.strictObject({
          type: kind,
          street: z.string().max(500).optional(),
          extended: z.string().max(500).optional().describe('floor, building ...'),
          poBox: z.string().max(100).optional(),
          postalCode: z.string().max(50).optional(),
          city: z.string().max(200).optional(),
          region: z.string().max(200).optional(),
          country: z.string().max(200).optional(),
        }),
      )
      .max(20)
      .nullable(),
    birthday: z
      .string()
      .regex(
        /^(\d{4}|-)-\d{2}-\d{2}$/,
        'is not a day, such as 1971-04-30, or --04-30 without the year',
      )
      .refine((s) => date.safeParse(s.replace(/^--/, '2000-')).success, 'is not a date that exists')
      .nullable(),
    website: text(1000),
    notes: text(8000).describe('plain text'),
    url: web.describe('link back into the CRM: shown in Google, never read back'),
  })
  .partial();

/** A task. All fields optional: absent means "no word on it". */
export const taskSchema = z
  .strictObject({
    title: text(5000).describe('Google shows the first 1,024 characters'),
    notes: text(20_000).describe('plain text; Google shows the first 8,192 characters'),
    due: date.nullable().describe('a day, no time: the same one in every time zone'),
    status: z.enum(['open', 'done']).nullable(),
    completed: date.nullable().describe('the day on which it was done'),
    url: web.describe('link back into the CRM: shown in Google, never read back'),
  })
  .partial();

/** A CRM user, for the directory. */
const userSchema = z.strictObject({
  email,
  timeZone,
  enabled: z.boolean().default(true),
  name: z.string().max(200).optional(),
});

const envelope = {
  specVersion: z.literal('1').default('1'),
  changeId: id,
  userId: id,
  version: z.int().min(0),
};

/** What the changes of all synchronised records have in common. */
const recordChange = {
  ...envelope,
  op: z.enum(['upsert', 'delete']),
  crmId: id,
  googleId: id.optional().describe('adopts the Google-born object with this id'),
  seen: id.optional().describe('changeId of the last google-change applied to this record'),
};

const appointmentChange = z
  .strictObject({
    ...recordChange,
    record: z.literal('appointment'),
    occurrence: occurrenceSchema
      .optional()
      .describe('the record is this one occurrence; with op delete it does not take place'),
    data: appointmentSchema.default({}),
  })
  .refine((change) => !change.occurrence || !change.data.recurrence?.length, {
    path: ['data', 'recurrence'],
    message: 'an occurrence cannot recur: leave recurrence out, or occurrence',
  });

const contactChange = z.strictObject({
  ...recordChange,
  record: z.literal('contact'),
  data: contactSchema.default({}),
});

const taskChange = z.strictObject({
  ...recordChange,
  record: z.literal('task'),
  data: taskSchema.default({}),
});

const userUpsert = z.strictObject({
  ...envelope,
  record: z.literal('user'),
  op: z.literal('upsert'),
  crmId: id.optional(),
  data: userSchema,
});

/** One message of topic crm-changes. */
export const crmChangeSchema = z.discriminatedUnion('record', [
  appointmentChange,
  contactChange,
  taskChange,
  userUpsert,
]);

/** What crm-changes may carry: one change or `{changes: [...]}`. */
export const crmMessageSchema = z.union([
  z.strictObject({ changes: z.array(crmChangeSchema).min(1) }),
  crmChangeSchema,
]);

/** A user, as the CRM announces or changes one. */
export type UserChange = z.infer<typeof userUpsert>;
/** A change of a synchronised record, of whatever type. */
export interface CrmChange extends Omit<z.infer<typeof appointmentChange>, 'record' | 'data'> {
  record: RecordType;
  data: Appointment | Contact | Task;
}
/** Whatever one change of the CRM may be about. */
export type AnyCrmChange = CrmChange | UserChange;
/** An appointment's fields, in the CRM's words. */
export type Appointment = z.infer<typeof appointmentSchema>;
/** A contact person's fields, in the CRM's words. */
export type Contact = z.infer<typeof contactSchema>;
/** A task's fields, in the CRM's words. */
export type Task = z.infer<typeof taskSchema>;

/** Whether an appointment is cancelled with it: the CRM keeps it, and at Google it goes. */
export const isCancelled = ({ record, op, data }: CrmChange): boolean =>
  record === 'appointment' && op === 'upsert' && (data as Appointment).status === 'cancelled';
/** An instant in a zone, or a day. */
export type Moment = z.infer<typeof momentSchema>;
/** One occurrence of a series: whose, and when it would be by its rule. */
export type Occurrence = z.infer<typeof occurrenceSchema>;

/** Both sides changed the same field: what each had, and who won. */
const conflictSchema = z.strictObject({
  field: z.string().describe('a field, or deletedInCrm, cancelledInCrm, deletedInGoogle'),
  crm: z.json().optional(),
  google: z.json().optional(),
  winner: z.enum(['crm', 'google']),
});

const rejectedSchema = z.strictObject({
  reason: z
    .string()
    .describe('a word for programs: schema, unknownUser, erasedUser, emailTaken, incomplete ...'),
  detail: z.string().describe('a sentence for people: what is wrong, where, and what to do'),
  changeId: z.string().optional().describe('of the crm-change that is refused'),
});

/** One message of topic google-changes. */
export const googleChangeSchema = z.strictObject({
  specVersion: z.literal('1'),
  changeId: z.string().describe('derived: a redelivery carries the same one'),
  userId: z.string().optional(),
  record: z.enum(['appointment', 'contact', 'task', 'user']).optional(),
  op: z
    .enum(['upsert', 'delete', 'unlink', 'reject'])
    .describe('unlink: both sides keep the record, but it is no longer kept equal'),
  crmId: z.string().optional(),
  googleId: z
    .string()
    .optional()
    .describe("one user's: in a colleague's calendar the same id may be another record"),
  baseVersion: z.int().optional().describe('the CRM version that this builds on'),
  data: z.record(z.string(), z.json()).optional(),
  changed: z
    .array(z.string())
    .optional()
    .describe('the fields that really changed at Google: apply just these to a newer CRM version'),
  reason: z
    .string()
    .optional()
    .describe('of a delete: movedOrDeleted, undone, colleaguesMeeting; of an unlink: takenOut'),
  occurrence: occurrenceSchema
    .optional()
    .describe(
      'with RECURRENCE=series: the record is this one occurrence; with op delete it does not take place, also if it never had a record',
    ),
  instead: occurrenceSchema
    .optional()
    .describe(
      'the record is an appointment of its own from now on, in place of this occurrence, which does not take place',
    ),
  redacted: z.boolean().optional(),
  formerUserId: z
    .string()
    .optional()
    .describe(
      "the record was this guest's until the organizer, userId, connected: store the new owner",
    ),
  alike: z
    .array(z.strictObject({ crmId: z.string().optional(), googleId: z.string().optional() }))
    .optional()
    .describe(
      "of a new contact: others of the user's that have an e-mail address in common with it; nothing is merged",
    ),
  conflicts: z.array(conflictSchema).optional(),
  rejected: rejectedSchema.optional(),
});
/** What the CRM is told. */
export type GoogleChange = z.infer<typeof googleChangeSchema>;
/** A field that both sides changed: both values, and whose counts. */
export type Conflict = z.infer<typeof conflictSchema>;
/** Why a change of the CRM does not go to Google, and what to do. */
export type Rejection = z.infer<typeof rejectedSchema>;
