/** A scenario of a theme: what is settled beforehand, and what happens then. */
import type { WorldOptions } from '../../support/world.ts';
import { type Position, Stage } from './stage.ts';

export type Step = (stage: Stage) => unknown;

export interface Theme {
  name: string;
  options?: WorldOptions;
  /** False: a CRM that does not publish again what it was told. */
  echo?: boolean;
  /** Everything comes to rest after each. */
  given?: Step[];
  /** Calls are counted, and struck, from here on. */
  when: Step[];
  /** How many records and entries there are in the end. */
  ends: { crm: number; google: number };
}

/** Plays a scenario, with a blow at one call of it; resolves to what both sides show at rest. */
export async function play(
  { options, echo, given = [], when }: Theme,
  strike?: { call: number; position: Position },
): Promise<{ calls: number; look: string[] }> {
  const stage = new Stage(options, echo);
  await stage.connect('anna', options?.calendar);
  for (const step of given) {
    await step(stage);
    await stage.flow();
  }
  stage.arm(strike);
  for (const step of when) await step(stage);
  await stage.flow();
  const { calls } = stage;
  return { calls, look: await stage.end() };
}

// ---- steps that several themes take ----------------------------------------------------------------

/** What was begun comes to rest before the next step. */
export const flow: Step = (stage) => stage.flow();
export const poll: Step = (stage) => stage.poll();
export const connect =
  (userId: string): Step =>
  (stage) =>
    stage.connect(userId);
export const admin =
  (action: object): Step =>
  (stage) =>
    stage.admin({ userId: 'anna', ...action });

const zurich = (dateTime: string) => ({ dateTime: `${dateTime}+01:00`, timeZone: 'Europe/Zurich' });

/** An hour in Zurich, in winter. */
export const hour = (day: string, at: number) => ({
  start: zurich(`2026-${day}T${String(at).padStart(2, '0')}:00:00`),
  end: zurich(`2026-${day}T${String(at + 1).padStart(2, '0')}:00:00`),
});

export const WEEKLY = { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] };

export const desk = {
  create:
    (subject: string, data: object = {}, userId = 'anna'): Step =>
    (stage) =>
      stage.crm.create(userId, {
        ...{ subject, status: 'planned', kind: 'visit', ...hour('11-24', 9) },
        ...data,
      }),
  edit:
    (subject: string, data: object, userId?: string): Step =>
    (stage) =>
      stage.crm.edit(stage.idOf(subject), data, userId),
  remove:
    (subject: string): Step =>
    (stage) =>
      stage.crm.remove(stage.idOf(subject)),
  /** An occurrence of a series: another one than the series says, or none. */
  occurrence:
    (series: string, day: string, data: object | undefined): Step =>
    async (stage) => {
      const crmId = stage.idOf(series);
      const originalStart = hour(day, 10).start;
      const at = { occurrence: { series: { crmId }, originalStart } };
      const made = await stage.crm.create('anna', { status: 'planned', ...data }, at);
      if (!data) await stage.crm.remove(made.crmId);
    },
};

export const phone = {
  create:
    (summary: string, body: object = {}, userId = 'anna'): Step =>
    (stage) =>
      stage.world.phone(userId, 'POST', '', { summary, ...hour('11-25', 10), ...body }),
  edit:
    (summary: string, body: object, userId = 'anna'): Step =>
    async (stage) =>
      stage.world.phone(userId, 'PATCH', `/${await stage.eventId(summary, userId)}`, body),
  remove:
    (summary: string, userId = 'anna'): Step =>
    async (stage) =>
      stage.world.phone(userId, 'DELETE', `/${await stage.eventId(summary, userId)}`),
  /** The n-th occurrence of a series, counted from 0. */
  editOne:
    (summary: string, n: number, body: object): Step =>
    async (stage) => {
      const id = (await stage.occurrences(summary))[n];
      return stage.world.phone('anna', 'PATCH', `/${id}`, body);
    },
  removeOne:
    (summary: string, n: number): Step =>
    async (stage) => {
      const id = (await stage.occurrences(summary))[n];
      return stage.world.phone('anna', 'DELETE', `/${id}`);
    },
  /** "This and following": the series ends before the day, a new one goes on from there. */
  cut:
    (summary: string, until: string, rest: object): Step =>
    async (stage) => {
      const id = await stage.eventId(summary);
      const recurrence = [`RRULE:FREQ=WEEKLY;UNTIL=${until}`];
      await stage.world.phone('anna', 'PATCH', `/${id}`, { recurrence });
      await stage.world.phone('anna', 'POST', '', { summary: `${summary}, later`, ...rest });
    },
};
