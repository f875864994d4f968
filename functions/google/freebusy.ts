/**
 * freebusy.query: when people are busy. Google decides what that means: transparent, declined and
 * cancelled events are not, tentative ones and absences are (google-contracts 1.7, 1.8).
 * https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
 */
import { type calendar_v3, calendar as createCalendar } from '@googleapis/calendar';
import type { Interval } from '../core/intervals.ts';
import { DAY_MS } from '../core/time.ts';
import { SyncError } from '../errors.ts';
import type { GoogleSession, Result } from '../sync/collection.ts';
import type { FreeBusy, Person } from '../sync/free-busy.ts';
import type { Clock } from '../sync/ports.ts';
import type { ApiClient, TypedCall } from './client.ts';
import { scopes } from './scopes.ts';

/** Calendars of one call (calendarExpansionMax). */
const MOST_CALENDARS = 50;
/** Google refuses more than about 90 days with timeRangeTooLong: https://github.com/calcom/cal.diy/pull/11962 */
const MOST_MS = 60 * DAY_MS;
/** Somebody waits for the answer: a few repetitions, and not for long. */
const RETRIES = 3;
const PATIENCE_MS = 20_000;
/** Addresses of no organisation: nobody there sees a stranger's calendar. */
const PERSONAL = ['gmail.com', 'googlemail.com'];

type Answer = calendar_v3.Schema$FreeBusyResponse;

/** One call: somebody asks for some people, himself or herself among them. */
interface Question {
  asker: Person;
  people: readonly Person[];
}

/** When people are busy, by freebusy.query: at most 50 calendars a call, calls in one batch. */
export function createFreeBusy(client: ApiClient, clock: Pick<Clock, 'now'>): FreeBusy {
  const api = createCalendar('v3');
  return {
    scope: scopes.freeBusy,
    async busy(people, period) {
      const budget = callBudget(clock);
      const found = new Map<Person, Result<Interval[]>>();
      const ask = async (questions: Question[]) => {
        for (const [person, result] of await answers(client, api, budget, questions, period))
          found.set(person, result);
      };
      const shared = sharedQuestions(people);
      await ask(shared);
      // What a colleague may not see, or could not ask for, everybody asks for alone.
      const asked = new Set(shared.map(({ asker }) => asker));
      const left = people.filter((p) => !asked.has(p) && !found.get(p)?.ok);
      await ask(left.map((person) => ({ asker: person, people: [person] })));
      return people.map((p) => found.get(p) ?? failed(new SyncError('later', 'noAnswer')));
    },
  };
}

/**
 * Within a Workspace domain colleagues see when others are busy, unless the admin has turned that off:
 * one asks for up to 50. A calendar besides the own one is not shared by itself: its owner asks.
 */
function sharedQuestions(people: readonly Person[]): Question[] {
  const domain = ({ account }: Person) => account.slice(account.lastIndexOf('@') + 1);
  const alone = (p: Person) => p.calendars.length > 0 || PERSONAL.includes(domain(p));
  const groups = Map.groupBy(
    people.filter((p) => !alone(p)),
    domain,
  );
  const chunks = [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / MOST_CALENDARS) }, (_, i) =>
      group.slice(i * MOST_CALENDARS, (i + 1) * MOST_CALENDARS),
    ),
  );
  return [...people.filter(alone).map((p) => [p]), ...chunks].flatMap(([asker, ...others]) =>
    asker ? [{ asker, people: [asker, ...others] }] : [],
  );
}

/** Asks all questions in one HTTP request; each person's result. */
async function answers(
  client: ApiClient,
  api: calendar_v3.Calendar,
  budget: GoogleSession,
  questions: Question[],
  period: Interval,
): Promise<[Person, Result<Interval[]>][]> {
  const parts = partsOf(period);
  const calls: TypedCall<Answer>[] = [];
  for (const { asker, people } of questions) {
    const items = people.flatMap(calendarsOf).map((id) => ({ id }));
    for (const { from, to } of parts) {
      const [timeMin, timeMax] = [new Date(from).toISOString(), new Date(to).toISOString()];
      const requestBody = { timeMin, timeMax, items, calendarExpansionMax: MOST_CALENDARS };
      const { call } = await client.capture((o) => api.freebusy.query({ requestBody }, o));
      calls.push({ call, as: asker.session });
    }
  }
  const results = await client.perform(budget, calls);
  return questions.flatMap(({ people }, i) => {
    const own = results.slice(i * parts.length, (i + 1) * parts.length);
    return people.map((p): [Person, Result<Interval[]>] => [p, busyOf(p, own)]);
  });
}

/** By address, never `primary`: with a wrong token that would be somebody else's, and look free. */
const calendarsOf = ({ account, calendars }: Person) => [account, ...calendars];

function partsOf({ from, to }: Interval): Interval[] {
  return Array.from({ length: Math.ceil((to - from) / MOST_MS) }, (_, i) => ({
    from: from + i * MOST_MS,
    to: Math.min(to, from + (i + 1) * MOST_MS),
  }));
}

/** All of a person's calendars in all parts, or the first error: what is not known is not free. */
function busyOf(person: Person, results: Result<Answer>[]): Result<Interval[]> {
  const busy: Interval[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    for (const id of calendarsOf(person)) {
      const calendar = result.data.calendars?.[id];
      const reason = calendar ? calendar.errors?.[0]?.reason : 'noAnswer';
      if (reason) return failed(new SyncError(reason === 'notFound' ? 'gone' : 'later', reason));
      for (const { start, end } of calendar?.busy ?? []) {
        const interval = { from: Date.parse(start ?? ''), to: Date.parse(end ?? '') };
        if (Number.isNaN(interval.from + interval.to))
          return failed(new SyncError('later', 'unreadableAnswer'));
        busy.push(interval);
      }
    }
  }
  return { ok: true, data: busy };
}

const failed = (error: SyncError): Result<never> => ({ ok: false, error });

/** What the calls of one answer may spend. Each carries a token of its own, so this one is nobody's. */
function callBudget(clock: Pick<Clock, 'now'>): GoogleSession {
  return {
    userId: '',
    accessToken: () => Promise.reject(new Error('a call without a user')),
    invalidate() {},
    retriesLeft: RETRIES,
    until: clock.now() + PATIENCE_MS,
    rests: {},
  };
}
