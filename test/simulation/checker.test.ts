/** For each thing that the history checker decides one history that is bad, and its good twin (P38). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { convergence } from './checker/convergence.ts';
import { counters } from './checker/counters.ts';
import { deleteOrEdit } from './checker/delete-or-edit.ts';
import { deletionsTold } from './checker/deletions-told.ts';
import { duplicates } from './checker/duplicates.ts';
import { generations } from './checker/generations.ts';
import { guests } from './checker/guests.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { mappingHeld } from './checker/mapping-held.ts';
import { matching } from './checker/matching.ts';
import { meetings } from './checker/meetings.ts';
import { places } from './checker/places.ts';
import { privacy } from './checker/privacy.ts';
import { removals, removalsOfSeries } from './checker/removals.ts';
import { resurrections } from './checker/resurrections.ts';
import { series } from './checker/series.ts';
import { staleReads } from './checker/stale-reads.ts';
import { ANNA, desk, event, gone, NOW, ours, Story } from './checker/story.ts';
import { undoings } from './checker/undo.ts';
import { untouched } from './checker/untouched.ts';
import { View } from './checker/view.ts';
import type { Violation } from './checker/violation.ts';
import { winners } from './checker/winners.ts';
import { check } from './checker.ts';
import type { Final, History, Raw } from './history.ts';

interface Case {
  invariant: string;
  /** What is bad in it. */
  name: string;
  history: (bad: boolean) => History;
  /** Who decides, of a history that is not whole; the whole checker if nobody else. */
  judge?: (view: View) => Violation[];
}

/** An entry of the CRM's that is at Google, stored by run 1. */
const planned = (said: Raw = {}, shown: Raw = {}) =>
  new Story()
    .inCrm('create', 'CH-1', desk(said))
    .run(1)
    .write(1, 'insert', 'e1', ours('CH-1', shown))
    .store(1, 'e1');

/** An own event that the CRM has taken over, by run 1. */
const adopted = (shown: Raw = {}, told: Raw = {}) => {
  const data = desk(told);
  const message = { googleId: 'g1', data, changed: ['subject', 'start', 'end'] };
  return new Story()
    .onPhone('create', 'g1', event(shown))
    .run(1)
    .tell(1, message, data)
    .store(1, 'g1');
};

/** By one call of run 2: in the organizer's calendar, and in that of a guest, where the copy goes along. */
const takenOut = (caller: string, user: string) => ({
  ...{ kind: 'effect' as const, task: 2, method: 'calendar.events.delete', caller, user, id: 'e1' },
  ...{ etag: '"9"', before: ours('CH-1'), after: gone(ours('CH-1')), call: 9, conditional: true },
});

/** Luca's meeting, of which Anna has a copy as a guest, is handed over to her. */
const guestsCopy = () => {
  const written = { ...takenOut('luca', 'luca'), method: 'calendar.events.insert', call: 8 };
  const shown = { task: 1, before: undefined, after: ours('CH-1') };
  return new Story()
    .inCrm('create', 'CH-1', desk(), 'luca')
    .note({ ...written, ...shown })
    .note({ ...written, ...shown, user: ANNA })
    .inCrm('handOver', 'CH-1', desk());
};

const ended = (invariant: string, name: string, final: Partial<Final>): Case => ({
  invariant,
  name,
  history: (bad) => planned().end(bad ? final : {}),
});

const about = { crmId: 'CH-1', googleId: 'e1' };
const place = (google: string | null, crm: string | null, winner = 'crm') => ({
  field: 'place',
  ...{ crm, google, winner },
});

const DAILY = ['RRULE:FREQ=DAILY;COUNT=3'];
/** The place of the first occurrence in its series. */
const SLOT = '20261125T090000Z';

/** A series of the CRM's that is at Google, stored by run 1. */
const inSeries = () => planned({ recurrence: DAILY }, { recurrence: DAILY });

const partOf = (crmId: string) => ({
  userId: ANNA,
  conflicts: [],
  occurrence: { series: { crmId }, originalStart: { dateTime: '2026-11-25T09:00:00Z' } },
});

/** The end of a story in which series are records, with a record that is one of their occurrences. */
function asSeries(story: Story, part: Raw): History {
  const { entries, final } = story.end({ recurrence: 'series' });
  const records = [...final.records.filter(({ crmId }) => crmId !== part.crmId), part];
  return { entries, final: { ...final, records, shown: [] } };
}

/** One occurrence at Google, of a series that is not in this calendar, and the CRM's record of it. */
function aloneInSeries(record: Raw, story = new Story()): History {
  const { entries, final } = story.end({ recurrence: 'series' });
  const id = `g9_${SLOT}`;
  const shown = [{ user: ANNA, id, series: 'g9', slot: SLOT, resource: event() }];
  const { originalStart } = partOf('CH-1').occurrence;
  const occurrence = { series: { googleId: 'g9' }, originalStart };
  const records = [{ ...partOf('CH-1'), occurrence, crmId: 'CH-2', googleId: id, ...record }];
  return { entries, final: { ...final, records, shown } };
}

/** An exception that the phone made of a series which goes to Luca: told, and left or taken in by the CRM. */
function takenIn(isLeft: boolean): Story {
  const [all, one] = [ours('CH-1', { recurrence: DAILY }), `e1_${SLOT}`];
  const data = desk({ place: 'Phone' });
  const { occurrence } = partOf('CH-1');
  const names = { userId: ANNA, op: 'upsert', googleId: one, changeId: 'c1' };
  const message = { ...names, occurrence, data };
  const taken = [{ crmId: 'CH-2', user: 'luca', before: undefined, after: data }];
  return inSeries()
    .onPhone('edit', one, event({ location: 'Phone' }))
    .inCrm('handOver', 'CH-1', desk({ recurrence: DAILY }), 'luca')
    .run(2)
    .tell(2, message)
    .note({ kind: 'applied', message, changed: isLeft ? [] : taken })
    .write(2, 'delete', 'e1', gone(all))
    .write(2, 'delete', one, gone(event({ location: 'Phone' })), true);
}

/** What a contact's list holds, on either side. */
const phones = (...values: string[]): Raw => ({
  lists: { phones: values.map((value) => ({ value })) },
});

/** The same of contacts: what the story calls events are theirs. */
function ofContacts(story: Story, record: Raw = {}): History {
  const { entries, final } = story.end();
  const is = { record: 'contact' as const };
  const said = entries.map((entry) => {
    if (entry.kind === 'edit' || entry.kind === 'effect') return { ...entry, ...is };
    if (entry.kind === 'told') return { ...entry, message: { ...entry.message, ...is } };
    if (entry.kind !== 'committed') return entry;
    return { ...entry, links: entry.links.map((link) => ({ ...link, ...is })) };
  });
  const others = final.events.map((one) => ({ ...one, ...is }));
  const records = final.records.map((one) => ({ ...one, ...is, ...record }));
  return { entries: said, final: { ...final, records, others, events: [], shown: [] } };
}

const MIA = {
  names: [{ givenName: 'Mia' }],
  clientData: [{ key: 'crmSyncId', value: 'CH-1' }],
  inPlace: true,
};

/** A contact of the CRM's that run 1 has inserted, and not stored yet. */
const contactWritten = () =>
  new Story().inCrm('create', 'CH-1', { givenName: 'Mia' }).run(1).write(1, 'insert', 'p1', MIA);

/** Run 1 gives or takes a contact's label, which is told in the words of appointments. */
const labelled = (after: Raw) => ({
  kind: 'effect' as const,
  ...{ task: 1, caller: ANNA, user: ANNA, id: 'g1', method: 'people.contactGroups.members.modify' },
  ...{ before: event(), after, call: 9 },
});

const cases: Case[] = [
  ended('bug', 'a programming error was reported', { bugs: ['TypeError'] }),
  ended('P2', 'it never comes to rest', { rested: false }),
  ended('P2', 'one more cycle writes', {
    extra: { writes: 1, told: 0, stateChanged: false, planned: [] },
  }),
  ended('P2', 'a preview still plans something', {
    extra: { writes: 0, told: 0, stateChanged: false, planned: ['merge'] },
  }),
  ended('C20', 'somebody was mailed', { mails: 1 }),
  {
    invariant: 'P1',
    name: 'an edit never arrives',
    history: (bad) => {
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ subject: 'New' }))
        .run(2);
      if (!bad) story.write(2, 'patch', 'e1', ours('CH-1', { summary: 'New' })).store(2, 'e1');
      return story.end();
    },
  },
  {
    invariant: 'P1',
    name: 'handed over, and still with the former owner, though nobody undid what brought it into the CRM',
    judge: convergence,
    history: (bad) => {
      const story = adopted().inCrm('handOver', 'CH-1', desk(), 'luca').run(2);
      if (!bad) story.tell(2, { op: 'delete', reason: 'undone', googleId: 'g1' });
      const { shown, records } = story.end().final;
      return story.end({
        records: records.map((record) => ({ ...record, googleId: 'e9' })),
        shown: [...shown, { user: 'luca', id: 'e9', resource: ours('CH-1') }],
      });
    },
  },
  ...(['delete', 'cancel'] as const).flatMap((op) =>
    ['nobody was told', 'no listing lied'].map((fault) => ({
      invariant: 'P1',
      name: `${op} in the CRM, and still at Google as a series, and ${fault}`,
      judge: convergence,
      history: (bad: boolean) => {
        const after = op === 'delete' ? undefined : desk({ status: 'cancelled' });
        const story = adopted().inCrm(op, 'CH-1', after);
        if (!bad || fault === 'nobody was told')
          story.note({ kind: 'user', user: ANNA, what: 'emptyListing' });
        const { entries, final } = story.end();
        const told = !bad || fault === 'no listing lied';
        const rejected = { ...(told && { rejected: { reason: 'group' } }) };
        const records = final.records.map((r) => ({ ...r, ...rejected }));
        return { entries, final: { ...final, records } };
      },
    })),
  ),
  {
    invariant: 'C21',
    name: 'the organizer’s meeting is a guest’s record as well, and nobody undid its import at the organizer’s',
    judge: meetings,
    history: (bad) => {
      const story = new Story().run(1);
      if (!bad) story.tell(1, { op: 'delete', googleId: 'g1', reason: 'undone' });
      const { entries, final } = story.end();
      const resource = event({ organizer: { email: final.users[0]?.email } });
      const shown = [ANNA, 'luca'].map((user) => ({ user, id: 'g1', resource }));
      const luca = { userId: 'luca', email: 'luca@firm.example', calendars: [], timeZone: 'UTC' };
      const names = { record: 'appointment', userId: 'luca', crmId: 'CH-2', googleId: 'g1' };
      const records = [{ ...names, deleted: false, conflicts: [], data: desk() }];
      return { entries, final: { ...final, users: [...final.users, luca], shown, records } };
    },
  },
  {
    invariant: 'P1',
    name: 'an occurrence that two guests of somebody outside have is nobody’s record',
    judge: series,
    history: (bad) => {
      const { entries, final } = aloneInSeries({ userId: 'luca', deleted: bad, data: desk() });
      const resource = event({ organizer: { email: 'mia@elsewhere.example' } });
      const shown = [ANNA, 'luca'].flatMap((user) =>
        final.shown.map((one) => ({ ...one, user, resource })),
      );
      const luca = { ...{ userId: 'luca', email: 'luca@firm.example' }, calendars: [] };
      const users = [...final.users, { ...luca, timeZone: 'UTC' }];
      return { entries, final: { ...final, users, shown } };
    },
  },
  {
    invariant: 'P1',
    name: 'an invitation to a single occurrence has another title in the CRM',
    judge: series,
    history: (bad) => aloneInSeries({ data: desk(bad ? { subject: 'Other' } : {}) }),
  },
  {
    invariant: 'P1',
    name: 'an occurrence that was refused is written after all, and differs',
    judge: series,
    history: (bad) => {
      const data = desk(bad ? { subject: 'Other' } : {});
      return aloneInSeries({ data, rejected: { reason: 'unknownSeries' } });
    },
  },
  {
    invariant: 'P1',
    name: 'deleted in the CRM, and an occurrence that it became stays, whose import nobody undid',
    judge: convergence,
    history: (bad) => {
      const id = `e1_${SLOT}`;
      const story = planned().inCrm('delete', 'CH-1', undefined).run(2);
      if (!bad) story.tell(2, { op: 'delete', googleId: id, reason: 'undone' });
      story.write(2, 'delete', 'e1', gone(ours('CH-1'))).store(2, 'e1');
      const { entries, final } = story.end();
      const shown = [{ user: ANNA, id, series: 'e1', slot: SLOT, resource: event() }];
      return { entries, final: { ...final, shown } };
    },
  },
  {
    invariant: 'P1',
    name: 'an invitation to a single occurrence has no record, and nobody undid its import',
    judge: series,
    history: (bad) => {
      const story = new Story().run(1);
      if (!bad) story.tell(1, { op: 'delete', googleId: `g9_${SLOT}`, reason: 'undone' });
      return aloneInSeries({ deleted: true, data: {} }, story);
    },
  },
  {
    invariant: 'P1',
    name: 'an occurrence of the user’s own series is left out in the CRM when its import is undone',
    judge: series,
    history: (bad) => {
      const story = new Story().run(1);
      if (bad) story.onPhone('create', 'g9', event({ recurrence: DAILY }));
      story.tell(1, { op: 'delete', googleId: `g9_${SLOT}`, reason: 'undone' });
      return aloneInSeries({ deleted: true, data: {} }, story);
    },
  },
  {
    invariant: 'P1',
    name: 'a series that takes place is nobody’s record',
    judge: convergence,
    history: (bad) => {
      const resource = event({ recurrence: DAILY });
      const { entries, final } = new Story()
        .onPhone('create', 'g1', resource)
        .end({ recurrence: 'series' });
      const part = { user: ANNA, id: `g1_${SLOT}`, series: 'g1', slot: SLOT, resource: event() };
      return { entries, final: { ...final, shown: bad ? [part] : [] } };
    },
  },
  {
    invariant: 'P1',
    name: 'deleted in the CRM and still at Google',
    history: (bad) => {
      const story = planned().inCrm('delete', 'CH-1', undefined).run(2);
      if (!bad) story.write(2, 'delete', 'e1', gone(ours('CH-1'))).store(2, 'e1');
      return story.end();
    },
  },
  {
    invariant: 'P1',
    name: 'an own event that the CRM never hears of',
    history: (bad) => (bad ? new Story().onPhone('create', 'g1', event()) : adopted()).end(),
  },
  {
    invariant: 'P3',
    name: 'two events of one record',
    history: (bad) => {
      const story = planned().inCrm('delete', 'CH-1', undefined).run(2);
      if (!bad) story.write(2, 'delete', 'e1', gone(ours('CH-1')));
      story.inCrm('recreate', 'CH-1', desk());
      return story.write(2, 'insert', 'e2', ours('CH-1')).store(2, 'e2').end();
    },
  },
  {
    invariant: 'P3',
    name: 'two occurrences that an event became are one record, and nobody undid the import of one',
    history: (bad) => {
      const second = '20261126T090000Z';
      const story = planned().run(2);
      if (!bad) story.tell(2, { op: 'delete', googleId: `e1_${second}`, reason: 'undone' });
      const { entries, final } = story.end();
      const shown = [SLOT, second].map((slot) => ({
        ...{ user: ANNA, id: `e1_${slot}`, series: 'e1', slot },
        resource: event(),
      }));
      return { entries, final: { ...final, shown } };
    },
    judge: duplicates,
  },
  {
    invariant: 'P4',
    name: 'the loser of a conflict is not reported',
    history: (bad) => {
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }))
        .run(2);
      if (!bad) story.tell(2, { ...about, conflicts: [place('Phone', 'Desk')] });
      return story
        .write(2, 'patch', 'e1', ours('CH-1', { location: 'Desk' }))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P4',
    name: 'entered anew over what the phone holds, and no undoing had told the CRM that it is gone',
    judge: lostUpdates,
    history: (bad) => {
      const what = bad ? 'sync-user' : 'undo';
      const gone = { crmId: 'CH-1', googleId: 'g1', op: 'delete' };
      return adopted({ summary: 'Own' }, { subject: 'Own' })
        .note({ kind: 'task', task: 2, what, userId: ANNA, run: 1 })
        .note({ kind: 'lease', task: 2, user: ANNA, fence: 2 })
        .tell(2, { ...gone, changeId: 'm2' })
        .run(3)
        .tell(3, { ...gone, changeId: 'm3' }, null)
        .inCrm('recreate', 'CH-1', desk({ subject: 'New' }))
        .run(4)
        .write(4, 'patch', 'g1', event({ summary: 'New' }))
        .store(4, 'g1')
        .end();
    },
  },
  {
    invariant: 'P4',
    name: 'an edit after the one that beat the delete goes with the final one, in silence',
    history: (bad) => {
      const word = { field: 'deletedInCrm', winner: 'google' };
      const data = desk({ place: 'Phone' });
      const story = planned()
        .inCrm('delete', 'CH-1', undefined)
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }))
        .run(2)
        .tell(2, { ...about, data, changed: ['place'], conflicts: [word] })
        .store(2, 'e1')
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Later' }))
        .run(3);
      if (!bad) story.tell(3, { ...about, conflicts: [place('Later', null)] });
      return story
        .write(3, 'delete', 'e1', gone(ours('CH-1')))
        .store(3, 'e1')
        .end();
    },
  },
  {
    invariant: 'P4',
    name: 'an edit that the look before an unconditional deletion has shown goes in silence',
    history: (bad) => {
      const story = planned().inCrm('delete', 'CH-1', undefined).run(2);
      const before = story.entries.length;
      story.onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }));
      const looked = bad ? story.entries.length : before;
      story.write(2, 'delete', 'e1', gone(ours('CH-1')));
      Object.assign(story.entries.at(-1) ?? {}, { looked });
      return story.store(2, 'e1').end();
    },
  },
  {
    invariant: 'P4',
    name: 'an edit of an exception that the look into its series has shown goes with that in silence',
    history: (bad) => {
      const [all, one] = [ours('CH-1', { recurrence: DAILY }), 'e1_20261124T093000Z'];
      const story = planned({ recurrence: DAILY }, { recurrence: DAILY })
        .store(1, one)
        .inCrm('delete', 'CH-1', undefined)
        .run(2);
      const before = story.entries.length;
      story.onPhone('edit', one, event({ location: 'Phone' }));
      const looked = bad ? story.entries.length : before;
      story.write(2, 'delete', 'e1', gone(all));
      story.write(2, 'delete', one, gone(event({ location: 'Phone' })));
      Object.assign(story.entries.at(-1) ?? {}, { looked });
      return story.store(2, 'e1').store(2, one).end({ recurrence: 'series' });
    },
    judge: lostUpdates,
  },
  {
    invariant: 'P4',
    name: 'what the phone makes of an occurrence goes with the hand-over of a series that was known',
    judge: lostUpdates,
    history: (bad) => {
      const [all, one] = [ours('CH-1', { recurrence: DAILY }), `e1_${SLOT}`];
      const story = new Story()
        .inCrm('create', 'CH-1', desk({ recurrence: DAILY }))
        .run(1)
        .write(1, 'insert', 'e1', all);
      // The run that wrote the series died before it knew.
      if (bad) story.store(1, 'e1');
      return story
        .onPhone('create', one, event({ location: 'Phone' }))
        .inCrm('handOver', 'CH-1', desk({ recurrence: DAILY }), 'luca')
        .run(2)
        .write(2, 'delete', 'e1', gone(all))
        .write(2, 'delete', one, gone(event({ location: 'Phone' })), true)
        .end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P4',
    name: 'an exception goes with its series unseen, and no listing lied of it',
    judge: lostUpdates,
    history: (bad) => {
      const [all, one] = [ours('CH-1', { recurrence: DAILY }), `e1_${SLOT}`];
      const story = inSeries()
        .onPhone('edit', one, event({ location: 'Phone' }))
        .inCrm('handOver', 'CH-1', desk({ recurrence: DAILY }), 'luca')
        .run(2);
      if (!bad) story.note({ kind: 'user', user: ANNA, what: 'emptyListing' });
      return story
        .write(2, 'delete', 'e1', gone(all))
        .write(2, 'delete', one, gone(event({ location: 'Phone' })), true)
        .end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P4',
    name: 'the CRM took in an exception of a series that it had handed over, and it is gone',
    judge: lostUpdates,
    history: (bad) => takenIn(!bad).end({ recurrence: 'series' }),
  },
  {
    invariant: 'P4',
    name: 'the CRM took in an exception of a series that it had handed over, and is told that it is gone, which nobody wanted',
    judge: lostUpdates,
    history: (bad) => {
      const place = { side: 'google', user: 'luca', id: `e2_${SLOT}` };
      const story = takenIn(false);
      if (!bad)
        story.note({ kind: 'edit', op: 'delete', ...place, before: event(), after: undefined });
      const message = { userId: 'luca', op: 'delete', googleId: place.id };
      const changed = [{ crmId: 'CH-2', user: 'luca', before: desk(), after: undefined }];
      return story.note({ kind: 'applied', message, changed }).end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P4',
    name: 'an exception is lost with its hand-over, and the former owner did not cut its series',
    judge: lostUpdates,
    history: (bad) => {
      const edit = { kind: 'edit', side: 'crm', op: 'edit', user: ANNA, id: 'CH-2', slot: SLOT };
      const said = desk({ place: 'Desk' });
      const story = inSeries()
        .note({ ...edit, kind: 'edit', before: desk(), after: said })
        .inCrm('handOver', 'CH-1', desk({ recurrence: DAILY }), 'luca')
        .run(2)
        .tell(2, { ...about, changed: [bad ? 'subject' : 'recurrence'] });
      return asSeries(story, { ...partOf('CH-1'), crmId: 'CH-2', deleted: true, data: said });
    },
  },
  {
    invariant: 'P5',
    name: 'a field that only the phone edits goes back, though it is reported',
    history: (bad) => {
      const phone = ours('CH-1', { location: 'Phone', summary: 'New' });
      const data = desk({ subject: 'New', place: 'Phone' });
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ subject: 'New' }))
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }))
        .run(2);
      if (!bad) {
        story.write(2, 'patch', 'e1', phone);
        return story
          .tell(2, { ...about, data, changed: ['place'] }, data)
          .store(2, 'e1')
          .end();
      }
      story.tell(2, { ...about, conflicts: [place('Phone', null)] });
      return story
        .write(2, 'patch', 'e1', ours('CH-1', { summary: 'New' }))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P6',
    name: 'the policy says CRM, and Google wins',
    history: (bad) => {
      const shown = ours('CH-1', { location: 'Phone' });
      const data = desk({ place: 'Phone' });
      const conflicts = [place('Phone', 'Desk', 'google')];
      return planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .onPhone('edit', 'e1', shown)
        .run(2)
        .tell(2, { ...about, data, changed: ['place'], conflicts }, data)
        .store(2, 'e1')
        .end(bad ? {} : { policy: { place: 'google' } });
    },
  },
  {
    invariant: 'P6',
    name: 'Google wins in what lives on',
    judge: winners,
    history: (bad) => {
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2);
      const conflicts = [place('Phone', 'Desk', 'google')];
      const told = bad ? { ...about, changed: ['place'] } : { ...about, op: 'delete' };
      return story.tell(2, { ...told, conflicts }, null).end();
    },
  },
  {
    invariant: 'P3',
    name: 'a contact is inserted again after a call without an answer, and no listing lied of the first one',
    history: (bad) => {
      const story = contactWritten().run(2);
      if (!bad) story.note({ kind: 'user', user: ANNA, what: 'emptyListing', record: 'contact' });
      return ofContacts(story.write(2, 'insert', 'p2', MIA).store(2, 'p2'));
    },
  },
  {
    invariant: 'P3',
    name: 'an event of a record that the CRM has cancelled is that of another one, which was no occurrence of it',
    judge: duplicates,
    history: (bad) => {
      const part = { crmId: 'CH-2', googleId: bad ? 'g9' : `e1_${SLOT}` };
      const cancelled = desk({ status: 'cancelled' });
      return planned()
        .inCrm('cancel', 'CH-1', cancelled)
        .onPhone('vanish', 'e1', ours('CH-1', { recurrence: DAILY }))
        .run(2)
        .tell(2, { ...part, data: desk() }, desk())
        .store(2, 'e1')
        .onPhone('edit', 'e1', ours('CH-1'))
        .run(3)
        .tell(3, { ...part, googleId: 'e1', data: desk() }, desk())
        .store(3, 'e1')
        .end();
    },
  },
  ...(
    [
      ['P3', duplicates],
      ['rule 11', removals],
    ] as const
  ).map(
    ([invariant, judge]): Case => ({
      invariant,
      judge,
      name: 'left with removal: what is single again of a series is all of it, since the sync took nothing out',
      history: (bad) => {
        const place = `e1_${SLOT}`;
        const others = { crmId: 'CH-2', googleId: 'e1_20261126T090000Z' };
        const story = planned().onPhone('vanish', 'e1', ours('CH-1', { recurrence: DAILY }));
        story.onPhone('create', place, event()).run(2).store(2, place);
        story.tell(2, { ...others, data: desk() }, desk());
        // Nothing is taken out where the event is single again by then.
        if (bad) story.onPhone('edit', 'e1', ours('CH-1'));
        story.note({ kind: 'user', user: ANNA, what: 'leavingRemove' }).run(3);
        if (!bad)
          story.write(3, 'delete', place, gone(event())).onPhone('edit', 'e1', ours('CH-1'));
        const message = { userId: ANNA, record: 'user', data: { state: 'disconnected' } };
        story.note({ kind: 'told', task: 3, message });
        story.note({ kind: 'user', user: ANNA, what: 'connected' });
        story.run(4).write(4, 'insert', 'e2', ours('CH-1')).store(4, 'e2');
        return story.tell(4, { ...others, googleId: 'e1', data: desk() }, desk()).end();
      },
    }),
  ),
  {
    invariant: 'P7',
    name: 'deleted in the CRM, and inserted again',
    history: (bad) => {
      const story = planned()
        .inCrm('delete', 'CH-1', undefined)
        .run(2)
        .write(2, 'delete', 'e1', gone(ours('CH-1')))
        .store(2, 'e1');
      if (bad) story.run(3).write(3, 'insert', 'e2', ours('CH-1')).store(3, 'e2');
      return story.end();
    },
  },
  {
    invariant: 'P7',
    name: 'cancelled in the CRM, whose record names the guest, and back because of the guest',
    history: (bad) => {
      const [email, response] = ['guest@else.example', 'needsAction'];
      const meeting = desk({ participants: [{ email, response }] });
      const known = bad ? meeting : desk();
      return planned()
        .onPhone('edit', 'e1', ours('CH-1', { attendees: [{ email, responseStatus: response }] }))
        .run(2)
        .tell(2, { ...about, data: known, changed: ['participants'] }, known)
        .store(2, 'e1')
        .inCrm('cancel', 'CH-1', { ...known, status: 'cancelled' })
        .run(3)
        .tell(3, { ...about, conflicts: [{ field: 'cancelledInCrm', winner: 'google' }] }, meeting)
        .store(3, 'e1')
        .end();
    },
  },
  {
    invariant: 'P7',
    name: 'deleted on the phone as it is since the CRM let it recur no more, and back because of that',
    judge: resurrections,
    history: (bad) => {
      const shown = ours('CH-1', { location: 'Desk', ...(bad ? {} : { recurrence: DAILY }) });
      return planned({ recurrence: DAILY }, { recurrence: DAILY })
        .inCrm('edit', 'CH-1', desk({ place: 'Desk', recurrence: null }))
        .run(2)
        .write(2, 'patch', 'e1', shown)
        .store(2, 'e1')
        .onPhone('delete', 'e1', gone(shown))
        .run(3)
        .write(3, 'insert', 'e2', ours('CH-1'))
        .store(3, 'e2')
        .end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P7',
    name: 'a series deleted on the phone with the title that the CRM gave it, which leaves out an occurrence, and back',
    judge: resurrections,
    history: (bad) => {
      const shown = ours('CH-1', { summary: bad ? 'New' : 'Visit', recurrence: DAILY });
      const told = desk({ subject: 'New' });
      const story = inSeries().inCrm('edit', 'CH-1', { ...told, recurrence: DAILY });
      const cancelled = { ...told, status: 'cancelled' };
      const isPart = { side: 'crm', user: ANNA, id: 'CH-2', slot: SLOT };
      story.note({ kind: 'edit', op: 'cancel', ...isPart, before: told, after: cancelled });
      story.run(2);
      if (bad) story.write(2, 'patch', 'e1', shown).store(2, 'e1');
      story
        .write(2, 'delete', `e1_${SLOT}`, gone(event()))
        .store(2, `e1_${SLOT}`)
        .onPhone('delete', 'e1', gone(shown))
        .run(3)
        .write(3, 'insert', 'e2', ours('CH-1', { summary: 'New', recurrence: DAILY }))
        .store(3, 'e2');
      return asSeries(story, { ...partOf('CH-1'), crmId: 'CH-2', data: cancelled });
    },
  },
  {
    invariant: 'P8',
    name: 'deleted in the CRM, edited on the phone: the edit goes in silence',
    history: (bad) => {
      const story = planned()
        .inCrm('delete', 'CH-1', undefined)
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }))
        .run(2);
      const word = { field: 'deletedInCrm', winner: 'google' };
      const data = desk({ place: 'Phone' });
      if (!bad) story.tell(2, { ...about, data, changed: ['place'], conflicts: [word] });
      return story
        .write(2, 'delete', 'e1', gone(ours('CH-1')))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P8',
    name: 'deleted in the CRM, emptied on the phone: what the CRM has goes in silence',
    history: (bad) => {
      const held = { location: 'Here' };
      const said: Raw = bad ? { place: 'Here' } : {};
      return planned(said, held)
        .inCrm('delete', 'CH-1', undefined)
        .onPhone('edit', 'e1', ours('CH-1'))
        .run(2)
        .write(2, 'delete', 'e1', gone(ours('CH-1')))
        .store(2, 'e1')
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P8',
    name: 'deleted on the phone, edited in the CRM: the edit goes',
    history: (bad) => {
      const story = planned()
        .onPhone('delete', 'e1', gone(ours('CH-1')))
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2);
      if (!bad) story.write(2, 'insert', 'e2', ours('CH-1', { location: 'Desk' })).store(2, 'e2');
      return story.end();
    },
  },
  {
    invariant: 'P8',
    name: 'cancelled in the CRM, which took over but one of two edits and never heard of the other',
    history: (bad) => {
      const said = (more: Raw = {}) => desk({ place: 'Desk', ...more });
      const cancelled = said({ status: 'cancelled' });
      const edited = ours('CH-1', { location: 'Phone', summary: 'New' });
      const took = { ...cancelled, subject: 'New' };
      const conflicts = bad ? [] : [place('Phone', 'Desk')];
      return planned()
        .inCrm('edit', 'CH-1', said())
        .onPhone('edit', 'e1', edited)
        .inCrm('cancel', 'CH-1', cancelled)
        .run(2)
        .tell(2, { ...about, data: took, changed: ['subject'], conflicts }, took)
        .write(2, 'delete', 'e1', gone(edited))
        .store(2, 'e1')
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P8',
    name: 'cancelled in the CRM, which took over the newer of two titles, and never the place',
    judge: deleteOrEdit,
    history: (bad) => {
      const cancelled = desk({ place: 'Desk', status: 'cancelled' });
      const edited = ours('CH-1', { location: 'Phone', summary: 'Newer' });
      const took = { ...cancelled, subject: 'Newer', ...(!bad && { place: 'Phone' }) };
      return planned({ place: 'Desk' }, { location: 'Desk' })
        .onPhone('edit', 'e1', ours('CH-1', { location: 'Phone', summary: 'New' }))
        .onPhone('edit', 'e1', edited)
        .inCrm('cancel', 'CH-1', cancelled)
        .run(2)
        .tell(2, { ...about, data: took, changed: ['subject', ...(bad ? [] : ['place'])] }, took)
        .write(2, 'delete', 'e1', gone(edited))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P8',
    name: 'deleted in the CRM, a private event that is made free on the phone goes; a hidden title may',
    history: (bad) => {
      const hidden = { visibility: 'private' };
      const edited = event({
        ...hidden,
        ...(bad ? { transparency: 'transparent' } : { summary: 'New' }),
      });
      return adopted(hidden, { subject: null, private: true })
        .inCrm('delete', 'CH-1', undefined)
        .onPhone('edit', 'g1', edited)
        .run(2)
        .write(2, 'delete', 'g1', gone(edited))
        .store(2, 'g1')
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P8',
    name: 'deleted on the phone, an edit in the CRM of what was hidden meanwhile: the title may go, the switch to free not',
    history: (bad) => {
      const hidden = event({ visibility: 'private' });
      return adopted()
        .onPhone('edit', 'g1', hidden)
        .inCrm('edit', 'CH-1', desk(bad ? { busy: false } : { subject: 'New' }))
        .run(2)
        .store(2, 'g1')
        .onPhone('delete', 'g1', gone(hidden))
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P8',
    name: 'deleted on the phone, hidden there before: a title that the CRM had changed, and the sync not written, before that',
    history: (bad) => {
      const hidden = event({ visibility: 'private' });
      const story = adopted().inCrm('edit', 'CH-1', desk({ subject: 'New' }));
      // Otherwise it stores what it is about to write, is refused, and sees that it is hidden.
      story.run(2).store(2, 'g1');
      if (bad) story.run(3);
      return story
        .onPhone('edit', 'g1', hidden)
        .store(bad ? 3 : 2, 'g1')
        .onPhone('delete', 'g1', gone(hidden))
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P8',
    name: 'deleted on the phone, which had hidden it: the CRM’s title of its own event may not go',
    history: (bad) => {
      const id = bad ? 'e1' : 'g1';
      const hidden = { visibility: 'private' };
      const shown = bad ? ours('CH-1', hidden) : event(hidden);
      return (bad ? planned() : adopted())
        .onPhone('edit', id, shown)
        .inCrm('edit', 'CH-1', desk({ subject: 'New' }))
        .run(2)
        .store(2, id)
        .onPhone('delete', id, gone(shown))
        .end();
    },
    judge: deleteOrEdit,
  },
  {
    invariant: 'P9',
    name: 'told as deleted, and there all the time',
    history: (bad) => {
      const story = planned();
      if (!bad) story.onPhone('delete', 'e1', gone(ours('CH-1')));
      return story
        .run(2)
        .tell(2, { ...about, op: 'delete' }, null)
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 1',
    name: 'an occurrence that went with its series to another owner is told as deleted',
    judge: removalsOfSeries,
    history: (bad) => {
      const [all, one] = [ours('CH-1', { recurrence: DAILY }), `e1_${SLOT}`];
      const story = inSeries().onPhone('edit', one, event());
      if (!bad) story.onPhone('delete', one, gone(event()));
      return story
        .inCrm('handOver', 'CH-1', desk({ recurrence: DAILY }), 'luca')
        .run(2)
        .write(2, 'delete', 'e1', gone(all))
        .write(2, 'delete', bad ? one : 'e1', gone(bad ? event() : all), true)
        .run(3)
        .tell(3, { googleId: one, op: 'delete' })
        .end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P9',
    name: 'a guest’s record is told as deleted that has not given way to the organizer’s',
    judge: deletionsTold,
    history: (bad) => {
      const story = adopted().run(2);
      if (!bad) story.tell(2, { googleId: 'g1', op: 'delete', reason: 'colleaguesMeeting' });
      return story.tell(2, { crmId: 'CH-1', googleId: 'g1', op: 'delete' }, null).end();
    },
  },
  {
    invariant: 'P9',
    name: 'told as deleted, as if it had become a series',
    judge: deletionsTold,
    history: (bad) => {
      const story = adopted();
      if (!bad) story.onPhone('vanish', 'g1', event({ recurrence: DAILY }));
      const message = { crmId: 'CH-1', googleId: 'g1', op: 'delete' };
      return story.run(2).tell(2, message, null).store(2, 'g1').end({ shown: [] });
    },
  },
  {
    invariant: 'P9',
    name: 'an occurrence that never was at Google is told as deleted, and its series is not',
    judge: deletionsTold,
    history: (bad) => {
      const series = { ...about, op: 'delete' };
      const part = { crmId: 'CH-2', op: 'delete' };
      const story = inSeries().onPhone('delete', 'e1', gone(ours('CH-1', { recurrence: DAILY })));
      story.run(2);
      if (!bad) story.tell(2, series, null);
      story.tell(2, part, null).store(2, 'e1');
      return asSeries(story, { crmId: 'CH-2', deleted: true, ...partOf('CH-1') });
    },
  },
  {
    invariant: 'P9',
    name: 'an occurrence is told as deleted at a place that it never had, though it is still at its own',
    judge: deletionsTold,
    history: (bad) => {
      const anew = ours('CH-1', { recurrence: DAILY });
      const part = { crmId: 'CH-2', googleId: `e2_${SLOT}`, op: 'delete' };
      const story = inSeries().onPhone('edit', `e1_${SLOT}`, event({ location: 'Bern' }));
      if (!bad) story.onPhone('delete', `e1_${SLOT}`, gone(event({ location: 'Bern' })));
      story.onPhone('delete', 'e1', gone(anew)).run(2).write(2, 'insert', 'e2', anew);
      story.tell(2, part, null).store(2, 'e2');
      return asSeries(story, { crmId: 'CH-2', deleted: true, ...partOf('CH-1') });
    },
  },
  {
    invariant: 'P9',
    name: 'an occurrence is told as deleted that has its place in the series written anew, and not only later',
    judge: deletionsTold,
    history: (bad) => {
      const [anew, place] = [ours('CH-1', { recurrence: DAILY }), `e2_${SLOT}`];
      const story = inSeries().onPhone('edit', `e1_${SLOT}`, event({ location: 'Bern' }));
      story.onPhone('delete', `e1_${SLOT}`, gone(event({ location: 'Bern' })));
      story.onPhone('delete', 'e1', gone(anew)).run(2).write(2, 'insert', 'e2', anew);
      if (bad) story.write(2, 'insert', place, ours('CH-1'), true);
      story.tell(2, { crmId: 'CH-2', googleId: place, op: 'delete' }, null).store(2, 'e2');
      if (!bad) story.run(3).write(3, 'patch', place, ours('CH-1')).store(3, 'e2');
      return asSeries(story, { crmId: 'CH-2', deleted: true, ...partOf('CH-1') });
    },
  },
  {
    invariant: 'P9',
    name: 'the same, of a series that was born at Google and is written anew',
    judge: deletionsTold,
    history: (bad) => {
      const part = { crmId: 'CH-2', googleId: `e2_${SLOT}`, op: 'delete' };
      const said = { recurrence: DAILY };
      const story = adopted(said, said).onPhone('edit', `g1_${SLOT}`, event({ location: 'Bern' }));
      if (!bad) story.onPhone('vanish', `g1_${SLOT}`, gone(event({ location: 'Bern' })));
      story.onPhone('vanish', 'g1', gone(event(said)));
      story.run(2).write(2, 'insert', 'e2', ours('CH-1', said));
      story.tell(2, part, null).store(2, 'e2');
      return asSeries(story, { crmId: 'CH-2', deleted: true, ...partOf('CH-1') });
    },
  },
  {
    invariant: 'P10',
    name: 'an event that is not linked was changed',
    history: (bad) => {
      const story = bad ? new Story().onPhone('create', 'g1', event()).run(1) : adopted();
      story.inCrm('edit', 'CH-1', desk({ place: 'Desk' }));
      return story.write(1, 'patch', 'g1', event({ location: 'Desk' })).end();
    },
  },
  {
    invariant: 'P10',
    name: 'an event that is another’s than the record which was handed over was changed',
    judge: untouched,
    history: (bad) => {
      // The guest's record, named by the guest's copy, goes to the organizer: the copies have one id.
      const message = { userId: 'luca', op: 'upsert', googleId: bad ? 'g2' : 'g1' };
      const changed = [{ crmId: 'CH-1', user: 'luca', after: desk() }];
      return new Story()
        .onPhone('create', 'g1', event())
        .note({ kind: 'applied', message, changed })
        .inCrm('handOver', 'CH-1', desk({ place: 'Desk' }))
        .run(1)
        .write(1, 'patch', 'g1', event({ location: 'Desk' }))
        .end();
    },
  },
  {
    invariant: 'P10',
    name: 'what the sync has never read is put into the label made anew',
    judge: untouched,
    history: (bad) => {
      const story = new Story().onPhone('create', 'g1', event()).run(1);
      if (!bad) story.store(1, 'g1');
      return story.note(labelled(event())).end();
    },
  },
  {
    invariant: 'P10',
    name: 'a contact that was read loses the label before the CRM has heard of it',
    judge: untouched,
    history: (bad) => {
      const story = new Story().onPhone('create', 'g1', event()).run(1).store(1, 'g1');
      return story.note(labelled(bad ? gone(event()) : event())).end();
    },
  },
  {
    invariant: 'P10',
    name: 'a contact that was read is changed before the CRM has heard of it',
    judge: untouched,
    history: (bad) => {
      const story = new Story().onPhone('create', 'g1', event()).run(1).store(1, 'g1');
      if (!bad) return story.note(labelled(event())).end();
      return story.write(1, 'patch', 'g1', event({ location: 'Desk' })).end();
    },
  },
  {
    invariant: 'P10',
    name: 'a field that is not mapped was changed',
    history: (bad) => {
      const after = ours('CH-1', { location: 'Desk', ...(bad && { colorId: '5' }) });
      return planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'e1', after)
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P10',
    name: 'an occurrence that its series has again bears what nobody gave the series',
    judge: untouched,
    history: (bad) => {
      const [part, coloured] = [`e1_${SLOT}`, ours('CH-1', { colorId: '5' })];
      const story = inSeries().write(1, 'insert', part, ours('CH-1'), true);
      story.onPhone('edit', 'e1', ours('CH-1')).onPhone('vanish', part, gone(ours('CH-1')));
      if (!bad) story.onPhone('edit', 'e1', coloured);
      const series = { ...(bad ? ours('CH-1') : coloured), recurrence: DAILY };
      return story
        .run(2)
        .write(2, 'patch', 'e1', series)
        .write(2, 'patch', part, coloured, true)
        .end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P10',
    name: 'what is none of the sync’s business was changed',
    history: (bad) => {
      const office = event({ eventType: 'workingLocation' });
      const foreign = [{ user: ANNA, id: 'w1', resource: office }];
      const after = bad ? { ...office, summary: 'Taken' } : office;
      return planned()
        .onPhone('create', 'w1', office)
        .onPhone('edit', 'w1', after)
        .end({ foreign });
    },
  },
  {
    invariant: 'P11',
    name: 'an hour later at Google than in the CRM',
    history: (bad) => {
      const start = { dateTime: bad ? '2026-11-25T09:30:00Z' : '2026-11-25T09:00:00Z' };
      return planned({}, { start }).end();
    },
  },
  {
    invariant: 'P11',
    name: 'the CRM is told what nobody entered',
    history: (bad) => {
      const told = { subject: bad ? 'Vist' : 'Visit' };
      return adopted({}, told).end();
    },
  },
  ...['the CRM has said it of no record', 'of two, nobody knows which,'].map(
    (name): Case => ({
      invariant: 'P11',
      name: `what is written into what is left of a series: ${name}`,
      judge: mappingHeld,
      history: (bad) => {
        const [first, second] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
        const story = new Story();
        story.onPhone('create', first, event()).onPhone('create', second, event()).run(1);
        story.tell(1, { googleId: first, crmId: 'CH-1', data: desk() }, desk());
        story.tell(1, { googleId: second, crmId: 'CH-2', data: desk() }, desk());
        if (!bad || !name.startsWith('of two'))
          story.run(2).tell(2, { googleId: second, crmId: 'CH-2', op: 'delete' }, null);
        story.onPhone('create', 's1', event());
        const place = bad && name.startsWith('the CRM') ? 'Basel' : 'Bern';
        return story
          .inCrm('edit', 'CH-1', desk({ place: 'Bern' }))
          .run(3)
          .write(3, 'patch', 's1', event({ location: place }))
          .onPhone('delete', 's1', gone(event()))
          .end();
      },
    }),
  ),
  {
    invariant: 'P12',
    name: 'a link to a version that never was',
    history: (bad) =>
      planned()
        .run(2)
        .store(2, 'e1', bad ? '"99"' : '"1"')
        .end(),
  },
  {
    invariant: 'P7',
    name: 'a contact that was deleted lives on in the CRM, and had not lost its label before',
    history: (bad) => {
      const apart = { ...MIA, inPlace: false };
      const story = contactWritten().store(1, 'p1');
      if (!bad) story.onPhone('takeOut', 'p1', apart);
      story.onPhone('delete', 'p1', { ...apart, deleted: true });
      return ofContacts(story, bad ? {} : { unlinked: true });
    },
  },
  {
    invariant: 'P7',
    name: 'a contact that was deleted lives on in the CRM, which never heard that it was taken out for a moment before',
    history: (bad) => {
      const story = contactWritten()
        .store(1, 'p1')
        .onPhone('takeOut', 'p1', { ...MIA, inPlace: false })
        .onPhone('takeIn', 'p1', MIA)
        .onPhone('delete', 'p1', { ...MIA, inPlace: false, deleted: true })
        .run(2);
      // A listing that is behind shows it as it was.
      if (!bad) story.tell(2, { crmId: 'CH-1', googleId: 'p1', op: 'unlink', reason: 'takenOut' });
      return ofContacts(story.store(2, 'p1'), bad ? {} : { unlinked: true });
    },
  },
  {
    invariant: 'P7',
    name: 'deleted on the phone with the number that the CRM added, and inserted again',
    judge: resurrections,
    history: (bad) =>
      planned(phones('1'), phones('1'))
        .inCrm('edit', 'CH-1', desk(phones('1', '2')))
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', phones('1', ...(bad ? ['2'] : []))))
        .store(2, 'e1')
        .onPhone('delete', 'e1', gone(ours('CH-1')))
        .run(3)
        .write(3, 'insert', 'e2', ours('CH-1'))
        .store(3, 'e2')
        .end(),
  },
  {
    invariant: 'P13',
    name: 'more writes than edits',
    history: (bad) => {
      const story = planned().inCrm('edit', 'CH-1', desk({ busy: true }));
      for (let task = 2; task < (bad ? 9 : 3); task++)
        story.run(task).write(task, 'patch', 'e1', ours('CH-1')).store(task, 'e1');
      return story.end();
    },
  },
  {
    invariant: 'P13',
    name: 'what the user’s own contacts are given is more than the label that was made anew',
    judge: counters,
    history: (bad) => {
      const story = adopted().note({ kind: 'user', user: ANNA, what: 'placeLost' });
      for (let task = 2; task < (bad ? 4 : 3); task++)
        story.run(task).write(task, 'patch', 'g1', event()).store(task, 'g1');
      return story.end();
    },
  },
  {
    invariant: 'P13',
    name: 'messages that nobody’s edit and no undoing explains, whoever sends them',
    judge: counters,
    history: (bad) => {
      const outbox = ['m1', 'm2', 'm3'];
      const story = adopted()
        .note({ kind: 'task', task: 2, what: bad ? 'sync-user' : 'undo', userId: ANNA, run: 1 })
        .note({ kind: 'lease', task: 2, user: ANNA, fence: 2 })
        .note({ kind: 'committed', task: 2, user: ANNA, links: [], outbox })
        .run(3);
      for (const changeId of outbox) story.tell(3, { ...about, changeId, changed: ['place'] });
      return story.end();
    },
  },
  {
    invariant: 'P13',
    name: 'an exception that the CRM has not named is told as gone, again and again',
    judge: counters,
    history: (bad) => {
      const one = 'g1_20261124T093000Z';
      const story = new Story()
        .onPhone('create', one, event())
        .run(1)
        .tell(1, { googleId: one, data: desk(), changed: ['subject'] }, undefined)
        .store(1, one);
      for (let task = 2; task < (bad ? 6 : 3); task++)
        story.run(task).tell(task, { googleId: one, op: 'delete' }, undefined).store(task, one);
      return story.end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'P13',
    name: 'what its organizer has let go of is told again and again as the guest’s',
    judge: counters,
    history: (bad) => {
      const story = adopted().onPhone('delete', 'g1', gone(event())).run(2);
      story.tell(2, { crmId: 'CH-1', googleId: 'g1', op: 'delete' }, null);
      for (let task = 3; task < (bad ? 6 : 4); task++)
        story.run(task).tell(task, { userId: 'luca', googleId: 'g1', data: desk() });
      return story.tell(3, { googleId: 'g2', data: desk() }).end();
    },
  },
  {
    invariant: 'P13',
    name: 'more messages than edits, and nobody hid the other occurrences',
    judge: counters,
    history: (bad) => {
      const ids = ['24', '25', '26', '27', '28'].map((day) => `g1_202611${day}T090000Z`);
      const story = new Story();
      for (const id of ids) story.onPhone('create', id, event());
      const hidden = desk({ subject: null, private: true });
      const told = ids.map((googleId, i) => ({ crmId: `CH-${i + 1}`, googleId }));
      story.run(1);
      for (const names of told)
        story.tell(1, { ...names, data: desk(), changed: ['subject'] }, desk());
      for (const id of ids) story.store(1, id);
      story.inCrm('edit', 'CH-1', desk({ private: true })).run(2);
      for (const [i, id] of ids.entries()) {
        const hides = !bad || i === 0;
        story.write(2, 'patch', id, event(hides ? { visibility: 'private' } : {}), i > 0);
      }
      for (const names of told.slice(1)) {
        const { data, redacted } = bad
          ? { data: desk(), redacted: false }
          : { data: hidden, redacted: true };
        story.tell(2, { ...names, data, redacted, changed: ['private'] }, data);
      }
      for (const id of ids) story.store(2, id);
      return story.end();
    },
  },
  {
    invariant: 'P14',
    name: 'told what another run has seen and told before',
    history: (bad) => {
      const view = (location: string) => ours('CH-1', { location });
      const said = (at: string) => desk({ place: at });
      const news = (at: string) => ({ ...about, data: said(at), changed: ['place'] });
      return planned()
        .onPhone('edit', 'e1', view('One'))
        .onPhone('edit', 'e1', view('Two'))
        .run(2)
        .tell(2, news(bad ? 'One' : 'Two'))
        .tell(2, news('Two'), said('Two'))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P14',
    name: 'told again what was told last, though the sync itself has written something else since',
    judge: staleReads,
    history: (bad) => {
      const view = (location: string) => ours('CH-1', { location });
      const said = (at: string) => desk({ place: at });
      const news = (at: string) => ({ ...about, data: said(at), changed: ['place'] });
      const story = planned()
        .onPhone('edit', 'e1', view('One'))
        .run(2)
        .tell(2, { ...news('One'), changeId: 'a' }, said('One'))
        .store(2, 'e1');
      if (bad) story.run(3).write(3, 'patch', 'e1', view('Two')).store(3, 'e1');
      else story.onPhone('edit', 'e1', view('Two'));
      story.run(4).tell(4, { ...news('One'), changeId: 'b' });
      return story.end();
    },
  },
  {
    invariant: 'undo',
    name: 'the undoing of an insertion takes away what a person got out of the bin since',
    judge: undoings,
    history: (bad) => {
      const story = new Story().run(1).write(1, 'insert', 'e0', ours('CH-1'));
      story.write(1, 'delete', 'e0', gone(ours('CH-1')));
      story.write(1, 'insert', 'e1', ours('CH-1'));
      if (bad) story.onPhone('delete', 'e1', gone(ours('CH-1')));
      story.onPhone('restore', bad ? 'e1' : 'e0', ours('CH-1'));
      story.note({ kind: 'task', task: 2, what: 'undo', userId: ANNA, run: 1 });
      story.note({ kind: 'lease', task: 2, user: ANNA, fence: 2 });
      return story.write(2, 'delete', 'e1', gone(ours('CH-1'))).end();
    },
  },
  {
    invariant: 'undo',
    name: 'the undoing of an insertion takes away what was changed in a single occurrence since',
    judge: undoings,
    history: (bad) => {
      const part = `e1_${SLOT}`;
      const story = inSeries().write(1, 'insert', part, ours('CH-1'), true);
      const special = ours('CH-1', { location: 'Bern' });
      if (bad) story.onPhone('edit', part, special);
      story.note({ kind: 'task', task: 2, what: 'undo', userId: ANNA, run: 1 });
      story.note({ kind: 'lease', task: 2, user: ANNA, fence: 2 });
      story.write(2, 'delete', 'e1', gone(ours('CH-1', { recurrence: DAILY })));
      story.write(2, 'delete', part, gone(bad ? special : ours('CH-1')), true);
      return story.end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'undo',
    name: 'the undoing of an insertion takes away a changed occurrence, which no listing hid from it',
    judge: undoings,
    history: (bad) => {
      const part = `e1_${SLOT}`;
      const special = ours('CH-1', { location: 'Bern' });
      const story = inSeries().write(1, 'insert', part, ours('CH-1'), true);
      story.onPhone('edit', part, special);
      story.note({ kind: 'task', task: 2, what: 'undo', userId: ANNA, run: 1 });
      story.note({ kind: 'lease', task: 2, user: ANNA, fence: 2 });
      if (!bad) story.note({ kind: 'user', user: ANNA, what: 'emptyListing' });
      story.write(2, 'delete', 'e1', gone(ours('CH-1', { recurrence: DAILY })));
      story.write(2, 'delete', part, gone(special), true);
      return story.end({ recurrence: 'series' });
    },
  },
  {
    invariant: 'undo',
    name: 'an undoing takes away what was changed after the run had stored what another one tells for it',
    judge: undoings,
    history: (bad) => {
      const moved = event({ location: 'Bern' });
      const story = new Story().onPhone('create', 'e1', event()).run(1);
      story.tell(1, { googleId: 'e1', data: desk() }, desk()).run(2);
      if (!bad) story.onPhone('edit', 'e1', moved);
      story.note({ kind: 'committed', task: 2, user: ANNA, links: [], outbox: ['x-1'] });
      if (bad) story.onPhone('edit', 'e1', moved);
      story.note({ kind: 'task', task: 3, what: 'undo', userId: ANNA, run: 2 });
      story.note({ kind: 'lease', task: 3, user: ANNA, fence: 3 });
      return story.write(3, 'patch', 'e1', event()).end();
    },
  },
  {
    invariant: 'P14',
    name: 'a listing that lags shows what was there before the version that the sync knew',
    history: (bad) => {
      const view = (location: string) => ours('CH-1', { location });
      const said = (at: string) => desk({ place: at });
      const news = (at: string) => ({ ...about, data: said(at), changed: ['place'] });
      return planned({ place: 'None' }, { location: 'None' })
        .onPhone('edit', 'e1', view('One'))
        .run(2)
        .tell(2, news('One'), said('One'))
        .store(2, 'e1')
        .onPhone('edit', 'e1', view('Two'))
        .onPhone('edit', 'e1', view('Three'))
        .run(3)
        .tell(3, news(bad ? 'None' : 'Two'), said('Two'))
        .tell(3, news('Three'), said('Three'))
        .store(3, 'e1')
        .end({ lagMs: { appointment: 1 } });
    },
  },
  {
    invariant: 'P25',
    name: 'a call after the lease',
    history: (bad) => {
      const leaseUntil = bad ? NOW - 1 : NOW + 1;
      return planned()
        .note({ kind: 'issue', task: 1, user: ANNA, method: 'GET', leaseUntil })
        .end();
    },
  },
  {
    invariant: 'P25',
    name: 'an unconditional write under an old fence',
    history: (bad) => {
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2);
      if (bad) story.note({ kind: 'lease', task: 3, user: ANNA, fence: 3 });
      story.write(2, 'patch', 'e1', ours('CH-1', { location: 'Desk' })).store(2, 'e1');
      for (const entry of story.entries)
        if (entry.kind === 'effect' && entry.fence === 2) entry.conditional = false;
      return story.end();
    },
  },
  {
    invariant: 'rule 1',
    name: 'what the engine took out is told as a deletion',
    history: (bad) => {
      const story = planned()
        .inCrm('cancel', 'CH-1', desk({ status: 'cancelled' }))
        .run(2)
        .write(2, 'delete', 'e1', gone(ours('CH-1')))
        .store(2, 'e1');
      if (bad) story.run(3).tell(3, { ...about, op: 'delete' });
      return story.end();
    },
  },
  {
    invariant: 'rule 1',
    name: 'what a colleague handed over is told as deleted, by the guest’s copy, not the guest’s own record',
    judge: removals,
    history: (bad) => {
      const copy = { googleId: 'e1', crmId: bad ? 'CH-1' : 'CH-2' };
      return guestsCopy()
        .run(2)
        .tell(2, { ...copy, data: desk() }, desk())
        .note(takenOut('luca', ANNA))
        .note(takenOut('luca', 'luca'))
        .run(3)
        .tell(3, { ...copy, op: 'delete' })
        .end();
    },
  },
  {
    invariant: 'rule 1',
    name: 'a guest’s copy that went with it was never a record, and is told as deleted',
    judge: removals,
    history: (bad) => {
      const story = guestsCopy().run(2);
      if (!bad) story.tell(2, { googleId: 'e1', data: desk() });
      return story
        .note(takenOut('luca', ANNA))
        .note(takenOut('luca', 'luca'))
        .run(3)
        .tell(3, { op: 'delete', googleId: 'e1' })
        .end();
    },
  },
  {
    invariant: 'rule 1',
    name: 'the engine takes a guest’s own record out of the guest’s calendar, and tells it as deleted',
    judge: removals,
    history: (bad) =>
      guestsCopy()
        .run(2)
        .tell(2, { googleId: 'e1', data: desk(), crmId: 'CH-2' }, desk())
        .inCrm('cancel', 'CH-2', desk({ status: 'cancelled' }))
        .note(takenOut(bad ? ANNA : 'luca', ANNA))
        .note(takenOut(bad ? ANNA : 'luca', bad ? ANNA : 'luca'))
        .run(3)
        .tell(3, { op: 'delete', googleId: 'e1', crmId: 'CH-2' })
        .end(),
  },
  {
    invariant: 'rule 3',
    name: 'an adopted event is marked',
    history: (bad) => {
      const mark = bad && { extendedProperties: { private: { crmId: 'CH-1' } } };
      return adopted()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'g1', event({ location: 'Desk', ...mark }))
        .store(2, 'g1')
        .end();
    },
  },
  {
    invariant: 'P10',
    name: 'an adopted event bears what the CRM has said',
    history: (bad) => {
      const others = { theirs: '1' };
      const bears = (more: Raw) => ({ extendedProperties: { private: { ...others, ...more } } });
      return adopted(bears({}))
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'g1', event({ location: 'Desk', ...bears(bad ? { crmWord: '1' } : {}) }))
        .store(2, 'g1')
        .end();
    },
  },
  {
    invariant: 'P10',
    name: 'of an event of the sync’s own more than what the CRM has said was changed',
    history: (bad) => {
      const bears = (more: Raw) => {
        const { extendedProperties } = ours('CH-1');
        return { ...extendedProperties, private: { ...extendedProperties.private, ...more } };
      };
      const shown = {
        location: 'Desk',
        extendedProperties: bears(bad ? { x: '1' } : { crmWord: '1' }),
      };
      return planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', shown))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 4',
    name: 'the title of a private event is told',
    history: (bad) => {
      const data = desk({ subject: bad ? 'Visit' : null, private: true });
      return new Story()
        .onPhone('create', 'g1', event({ visibility: 'private' }))
        .run(1)
        .tell(1, { googleId: 'g1', redacted: true, data, changed: ['start', 'end'] }, data)
        .store(1, 'g1')
        .end();
    },
  },
  {
    invariant: 'rule 4',
    name: 'the title that an event had before it was private is told to a CRM that has been told to forget it',
    judge: privacy,
    history: (bad) => {
      const names = { crmId: 'CH-1', googleId: 'g1' };
      const data = desk({ subject: 'Visit' });
      const story = new Story()
        .onPhone('create', 'g1', event())
        .run(1)
        .tell(1, { googleId: 'g1', data, changed: ['subject'] }, data)
        .store(1, 'g1')
        .onPhone('edit', 'g1', event({ visibility: 'private' }));
      const hidden = desk({ subject: null, private: true });
      if (bad)
        story
          .run(2)
          .tell(2, { ...names, data: hidden, changed: ['private'] }, hidden)
          .store(2, 'g1');
      return story
        .run(3)
        .tell(3, { ...names, data, changed: [] }, data)
        .store(3, 'g1')
        .end();
    },
  },
  {
    invariant: 'rule 4',
    name: 'the CRM’s title covers a private one',
    history: (bad) => {
      const hidden = { visibility: 'private' };
      const data = desk({ subject: null, private: true });
      return new Story()
        .onPhone('create', 'g1', event(hidden))
        .run(1)
        .tell(1, { googleId: 'g1', redacted: true, data, changed: ['start', 'end'] }, data)
        .store(1, 'g1')
        .inCrm('edit', 'CH-1', { ...data, subject: 'Busy', busy: false })
        .run(2)
        .write(
          2,
          'patch',
          'g1',
          event({ ...hidden, transparency: 'transparent', ...(bad && { summary: 'Busy' }) }),
        )
        .store(2, 'g1')
        .end();
    },
  },
  {
    invariant: 'rule 4',
    name: 'the CRM’s place covers that of a private occurrence, which is not the one that it made',
    judge: privacy,
    history: (bad) => {
      const id = `e1_${SLOT}`;
      const hidden = { visibility: 'private' };
      const names = { crmId: bad ? 'CH-2' : 'CH-1', googleId: id };
      const data = desk({ place: 'Bern', private: true });
      return planned()
        .onPhone('vanish', 'e1', ours('CH-1', { ...hidden, recurrence: DAILY }))
        .onPhone('create', id, ours('CH-1', hidden))
        .inCrm('edit', 'CH-1', desk({ place: 'Bern' }))
        .run(2)
        .write(2, 'patch', id, ours('CH-1', { ...hidden, location: 'Bern' }))
        .tell(2, { ...names, data, changed: ['private'] }, data)
        .store(2, id)
        .end({ shown: [] });
    },
  },
  {
    invariant: 'rule 4',
    name: 'texts of a private occurrence are told to a record that restores nothing of the CRM’s',
    judge: privacy,
    history: (bad) => {
      const id = `e1_${SLOT}`;
      const hidden = { visibility: 'private' };
      const data = desk({ place: 'Bern', private: true });
      const story = planned()
        .onPhone('vanish', 'e1', ours('CH-1', { ...hidden, recurrence: DAILY }))
        .onPhone('create', id, ours('CH-1', hidden))
        .run(2);
      if (!bad) story.tell(2, { crmId: 'CH-1', googleId: id, data, changed: [] });
      return story
        .run(3)
        .tell(3, { crmId: 'CH-2', googleId: id, data, changed: ['private'] })
        .store(3, id)
        .end({ shown: [] });
    },
  },
  {
    invariant: 'rule 5',
    name: 'a run of a user who is paused',
    history: (bad) => {
      const story = planned().inCrm('edit', 'CH-1', desk({ place: 'Desk' }));
      if (bad) story.note({ kind: 'state', user: ANNA, state: 'paused', enabled: true });
      return story
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', { location: 'Desk' }))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 7',
    name: 'somebody else’s meeting is renamed',
    history: (bad) => {
      const boss = { organizer: { email: 'boss@else.example' } };
      const after = bad ? { summary: 'Mine' } : { transparency: 'transparent' };
      const said = bad ? { subject: 'Mine' } : { busy: false };
      return adopted(boss)
        .inCrm('edit', 'CH-1', desk(said))
        .run(2)
        .write(2, 'patch', 'g1', event({ ...boss, ...after }))
        .store(2, 'g1')
        .end();
    },
  },
  {
    invariant: 'rule 2',
    name: 'planned again under the id that was deleted',
    judge: generations,
    history: (bad) => {
      const marked = (crmGeneration: string) =>
        event({ extendedProperties: { private: { crmId: 'CH-1', crmGeneration } } });
      return new Story()
        .inCrm('create', 'CH-1', desk())
        .run(1)
        .write(1, 'insert', 'e1', marked('0'))
        .inCrm('cancel', 'CH-1', desk({ status: 'cancelled' }))
        .run(2)
        .write(2, 'delete', 'e1', gone(marked('0')))
        .inCrm('replan', 'CH-1', desk())
        .run(3)
        .write(3, 'insert', 'e2', marked(bad ? '0' : '1'))
        .end();
    },
  },
  {
    invariant: 'rule 6',
    name: 'a series is moved, and a record goes while another one comes',
    judge: matching,
    history: (bad) => {
      const [from, to] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
      const story = new Story().run(1).tell(1, { googleId: from, data: desk() }, desk()).run(2);
      if (!bad) return story.tell(2, { crmId: 'CH-1', googleId: to, data: desk() }).end();
      return story
        .tell(2, { crmId: 'CH-1', googleId: from, op: 'delete' }, null)
        .tell(2, { googleId: to, data: desk() })
        .end();
    },
  },
  {
    invariant: 'rule 6',
    name: 'an exception goes with its place, and is not taken out by a person, while another one comes',
    judge: matching,
    history: (bad) => {
      const [from, to] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
      return new Story()
        .run(1)
        .tell(1, { googleId: from, data: desk() }, desk())
        .onPhone(bad ? 'vanish' : 'delete', from, gone(event()))
        .run(2)
        .tell(2, { crmId: 'CH-1', googleId: from, op: 'delete' }, null)
        .tell(2, { googleId: to, data: desk() })
        .end();
    },
  },
  ...[2, 3].map(
    (task): Case => ({
      invariant: 'rule 6',
      name: `an occurrence that the CRM had named before it went goes in run ${task}, while another one comes`,
      judge: matching,
      history: (bad) => {
        const [from, to] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
        const story = new Story().run(1).tell(1, { googleId: from, data: desk() }, desk()).run(2);
        if (!bad) story.tell(2, { googleId: from, op: 'delete' }, null);
        if (task > 2) story.run(task);
        return story
          .tell(task, { googleId: to, data: desk() })
          .tell(task, { crmId: 'CH-1', googleId: from, op: 'delete' }, null)
          .end();
      },
    }),
  ),
  {
    invariant: 'P3',
    name: 'an occurrence is another record’s, and the one that had it has no event of its own',
    judge: duplicates,
    history: (bad) => {
      const place = `s1_${SLOT}`;
      const story = new Story().onPhone('create', place, event()).run(1);
      story.tell(1, { googleId: place, crmId: 'CH-1', data: desk() }, desk());
      if (!bad) story.write(1, 'insert', 'e1', ours('CH-1'));
      return story.run(2).tell(2, { googleId: place, crmId: 'CH-2', data: desk() }, desk()).end();
    },
  },
  {
    invariant: 'rule 6',
    name: 'an occurrence that the CRM has never heard of comes, while another one goes',
    judge: matching,
    history: (bad) => {
      const [from, to] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
      const story = new Story().run(1).tell(1, { googleId: from, data: desk() }, desk());
      if (!bad) story.tell(1, { googleId: to, data: desk() });
      return story
        .run(2)
        .tell(2, { crmId: 'CH-1', googleId: from, op: 'delete' }, null)
        .tell(2, { googleId: to, data: desk() })
        .end();
    },
  },
  {
    invariant: 'rule 6',
    name: 'an occurrence comes that was there when the run looked which found that another one had gone',
    judge: matching,
    history: (bad) => {
      const [from, to] = [`s1_${SLOT}`, 's1_20261126T090000Z'];
      const [look, list] = [{ kind: 'issue', task: 2, leaseUntil: 0 } as const, 'GET /events'];
      const story = new Story().run(1).tell(1, { googleId: from, data: desk() }, desk()).run(2);
      if (bad) story.onPhone('create', to, event());
      story.note({ ...look, user: ANNA, method: list });
      if (!bad) story.onPhone('create', to, event());
      return story
        .note({ kind: 'committed', task: 2, user: ANNA, links: [], outbox: ['x-1'] })
        .tell(2, { changeId: 'x-1', crmId: 'CH-1', googleId: from, op: 'delete' }, null)
        .note({ ...look, user: ANNA, method: list })
        .tell(2, { changeId: 'x-2', googleId: to, data: desk() })
        .end();
    },
  },
  {
    invariant: 'rule 8',
    name: 'an event that was moved away and back is a second record',
    history: (bad) => {
      const away = { googleId: 'g1', reason: 'movedOrDeleted' };
      return adopted()
        .onPhone('delete', 'g1', gone(event()))
        .run(2)
        .tell(2, { ...away, crmId: 'CH-1', op: 'delete' }, null)
        .store(2, 'g1')
        .onPhone('restore', 'g1', event())
        .run(3)
        .tell(3, { googleId: 'g1', crmId: bad ? 'CH-2' : 'CH-1', data: desk() }, desk())
        .store(3, 'g1')
        .end();
    },
  },
  {
    invariant: 'rule 9',
    name: 'what went with the calendar of the sync’s own is told as deleted',
    history: (bad) => {
      const story = planned()
        .onPhone('vanish', 'e1', ours('CH-1'))
        .note({ kind: 'user', user: ANNA, what: 'calendarDropped' })
        .run(2);
      if (bad) story.tell(2, { ...about, op: 'delete' });
      return story.end();
    },
    judge: places,
  },
  {
    invariant: 'rule 9',
    name: 'what went with that calendar is told as deleted, and had not become a series before',
    history: (bad) =>
      adopted()
        .onPhone('vanish', 'g1', event(bad ? {} : { recurrence: DAILY }))
        .run(2)
        .tell(2, { googleId: 'g1', op: 'delete' })
        .note({ kind: 'user', user: ANNA, what: 'calendarDropped' })
        .end(),
    judge: places,
  },
  {
    invariant: 'P1',
    name: 'an answer that a CRM without echo has lost once is not told',
    judge: meetings,
    history: (bad) => {
      const email = 'guest@else.example';
      const named = desk({ participants: [{ email }] });
      const answered = desk({ participants: [{ email, response: 'declined' }] });
      const story = planned({}, { attendees: [{ email, responseStatus: 'declined' }] });
      if (!bad) story.inCrm('edit', 'CH-1', named);
      return story
        .run(2)
        .tell(2, { crmId: 'CH-1', data: answered, changed: ['participants'] }, answered)
        .inCrm('edit', 'CH-1', named)
        .end({ echo: false });
    },
  },
  {
    invariant: 'P1',
    name: 'an answer is not told to a CRM that named the guest again after its first word was heard',
    judge: meetings,
    history: (bad) => {
      const email = 'guest@else.example';
      const answered = desk({ participants: [{ email, response: 'accepted' }] });
      const story = new Story()
        .onPhone('create', 'g1', event({ attendees: [{ email, responseStatus: 'accepted' }] }))
        .run(1)
        .tell(1, { googleId: 'g1', data: answered }, answered);
      if (bad) story.run(2).store(2, 'g1');
      return story.inCrm('edit', 'CH-1', desk({ participants: [{ email }] })).end();
    },
  },
  {
    invariant: 'rule 12',
    name: 'a guest is missing in the record',
    history: (bad) => {
      const invited = { email: 'guest@else.example', responseStatus: 'accepted' };
      const guest = { email: invited.email, response: 'accepted', kind: 'external' };
      return adopted({ attendees: [invited] }, bad ? {} : { participants: [guest] }).end();
    },
    judge: guests,
  },
  {
    invariant: 'rule 12',
    name: 'a colleague is told as somebody outside',
    history: (bad) => {
      const kind = bad ? { kind: 'external' } : { kind: 'user', userId: ANNA };
      return adopted({}, { participants: [{ email: 'anna@firm.example', ...kind }] }).end();
    },
    judge: guests,
  },
  {
    invariant: 'rule 10',
    name: 'an event is deleted that nobody wanted gone',
    history: (bad) => {
      const story = planned();
      if (!bad) story.inCrm('delete', 'CH-1', undefined);
      return story
        .run(2)
        .write(2, 'delete', 'e1', gone(ours('CH-1')))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 10',
    name: 'a later event that a run knew is deleted, because a person has restored an earlier one',
    judge: removals,
    history: (bad) => {
      const story = planned()
        .onPhone('delete', 'e1', gone(ours('CH-1')))
        .run(2);
      story.write(2, 'insert', 'e2', ours('CH-1'));
      if (bad) story.store(2, 'e2');
      return story
        .onPhone('restore', 'e1', ours('CH-1'))
        .run(3)
        .write(3, 'delete', 'e2', gone(ours('CH-1')))
        .end();
    },
  },
  {
    invariant: 'rule 10',
    name: 'what an undo has put back, and said so, is deleted',
    judge: removals,
    history: (bad) => {
      const story = new Story().run(1);
      story.note({ kind: 'task', task: 2, what: 'undo', userId: ANNA, run: 1 });
      story.write(2, 'insert', 'e1', ours('CH-1'));
      if (bad) story.store(2, 'e1');
      return story
        .run(3)
        .write(3, 'delete', 'e1', gone(ours('CH-1')))
        .end();
    },
  },
  ...['an occurrence is deleted beside', 'nobody has taken away', 'another record is'].map(
    (name): Case => ({
      invariant: 'rule 10',
      name: `of an event that became a series, ${name} the one that the record goes on as`,
      judge: removals,
      history: (bad) => {
        const [first, second] = [`g1_${SLOT}`, 'g1_20261126T090000Z'];
        const story = adopted();
        if (!bad || !name.startsWith('nobody')) story.inCrm('handOver', 'CH-1', desk(), 'luca');
        story.onPhone('vanish', 'g1', gone(event()));
        story.onPhone('create', first, event()).onPhone('create', second, event()).run(2);
        if (bad && name.startsWith('another')) story.tell(2, { googleId: first, data: desk() });
        story.write(2, 'delete', first, gone(event()));
        if (bad && name.startsWith('an occ')) story.write(2, 'delete', second, gone(event()));
        return story.end();
      },
    }),
  ),
  {
    invariant: 'rule 10',
    name: 'of an event that became a series a second one is deleted beside the one that the record goes on as',
    judge: removals,
    history: (bad) => {
      const [first, second] = [`g1_${SLOT}`, 'g1_20261126T090000Z'];
      const story = adopted().inCrm('handOver', 'CH-1', desk(), 'luca');
      story.onPhone('vanish', 'g1', gone(event()));
      story.onPhone('create', first, event()).onPhone('create', second, event()).run(2);
      const names = { crmId: bad ? undefined : 'CH-2', googleId: second };
      if (!bad) story.tell(2, names, desk()).inCrm('delete', 'CH-2', undefined);
      return story
        .write(2, 'delete', second, gone(event()))
        .write(2, 'delete', first, gone(event()))
        .end();
    },
  },
  ...['has not been away', 'has no event of its own'].map(
    (name): Case => ({
      invariant: 'rule 10',
      name: `an occurrence is taken out whose record ${name}`,
      judge: removals,
      history: (bad) => {
        const place = `s1_${SLOT}`;
        const story = new Story().onPhone('create', place, event()).run(1);
        story.tell(1, { googleId: place, crmId: 'CH-1', data: desk() }, desk());
        if (!bad || name.includes('own')) story.onPhone('vanish', place, gone(event()));
        if (!bad || name.includes('away')) story.write(1, 'insert', 'e1', ours('CH-1'));
        if (!bad || name.includes('own')) story.onPhone('create', place, event());
        return story.run(2).write(2, 'delete', place, gone(event())).end();
      },
    }),
  ),
  {
    invariant: 'rule 11',
    name: 'left with removal, and the sync’s entry is still there',
    history: (bad) => {
      const story = planned().note({ kind: 'user', user: ANNA, what: 'leavingRemove' });
      if (!bad)
        story
          .run(2)
          .write(2, 'delete', 'e1', gone(ours('CH-1')))
          .store(2, 'e1');
      story.note({
        kind: 'told',
        task: 2,
        message: { userId: ANNA, record: 'user', op: 'upsert', data: { state: 'disconnected' } },
      });
      story.note({ kind: 'user', user: ANNA, what: 'connected' });
      if (!bad) story.run(3).write(3, 'insert', 'e2', ours('CH-1')).store(3, 'e2');
      return story.end();
    },
  },
  {
    invariant: 'rule 11',
    name: 'left with removal: edited on the phone it is still there; out of the bin again it may be',
    history: (bad) => {
      const story = planned().note({ kind: 'user', user: ANNA, what: 'leavingRemove' }).run(2);
      if (!bad) story.onPhone('delete', 'e1', gone(ours('CH-1')));
      story.onPhone(bad ? 'edit' : 'restore', 'e1', ours('CH-1'));
      story.note({
        kind: 'told',
        task: 2,
        message: { userId: ANNA, record: 'user', op: 'upsert', data: { state: 'disconnected' } },
      });
      story.note({ kind: 'user', user: ANNA, what: 'connected' }).run(3);
      story.write(3, 'insert', 'e2', ours('CH-1')).store(3, 'e2');
      return story.write(3, 'delete', 'e1', gone(ours('CH-1'))).end();
    },
  },
  {
    invariant: 'rule 11',
    name: 'left again, with removal, under a grant that the run before did not take along: it is still there',
    history: (bad) => {
      const happened = (what: string) => ({ kind: 'user' as const, user: ANNA, what });
      const story = planned().note(happened('leavingKeep')).run(2).note(happened('ended'));
      story.note(happened('connected')).note(happened('leavingRemove'));
      // It deletes the token that is there by now.
      if (!bad) story.note(happened('ended'));
      story.run(3).note({
        kind: 'told',
        task: 3,
        message: { userId: ANNA, record: 'user', op: 'upsert', data: { state: 'disconnected' } },
      });
      return story.end();
    },
    judge: removals,
  },
  {
    invariant: 'rule 11',
    name: 'left with removal: what was out of the bin again, and read since, is still there',
    history: (bad) => {
      const story = planned().inCrm('delete', 'CH-1', undefined).run(2);
      story.write(2, 'delete', 'e1', gone(ours('CH-1'))).store(2, 'e1');
      story.onPhone('restore', 'e1', ours('CH-1'));
      if (bad) story.run(3).store(3, 'e1');
      story.note({ kind: 'user', user: ANNA, what: 'leavingRemove' }).run(4);
      story.note({
        kind: 'told',
        task: 4,
        message: { userId: ANNA, record: 'user', op: 'upsert', data: { state: 'disconnected' } },
      });
      story.note({ kind: 'user', user: ANNA, what: 'connected' }).run(5);
      return story
        .write(5, 'delete', 'e1', gone(ours('CH-1')))
        .store(5, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 13',
    name: 'formatting is taken out of a text that nobody changed',
    history: (bad) => {
      const description = '<b>Bring</b> cards';
      const data = desk({ description: 'Bring cards' });
      return planned()
        .onPhone('edit', 'e1', ours('CH-1', { description }))
        .run(2)
        .tell(2, { ...about, data, changed: ['description'] }, data)
        .store(2, 'e1')
        .inCrm('edit', 'CH-1', { ...data, place: 'Desk' })
        .run(3)
        .write(
          3,
          'patch',
          'e1',
          ours('CH-1', { location: 'Desk', description: bad ? 'Bring cards' : description }),
        )
        .store(3, 'e1')
        .end();
    },
  },
  {
    invariant: 'rule 13',
    name: 'reminders are touched that the CRM has no word on',
    history: (bad) => {
      const reminders = { useDefault: false, overrides: [{ method: 'popup', minutes: 5 }] };
      const said = { location: 'Desk', ...(bad && { reminders }) };
      return planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', said))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'preview',
    name: 'a preview takes the lease',
    history: (bad) => {
      const story = planned().note({ kind: 'task', task: 2, what: 'preview', userId: ANNA });
      story.note({ kind: 'issue', task: 2, user: ANNA, method: 'GET', leaseUntil: 0 });
      if (bad) story.note({ kind: 'lease', task: 2, user: ANNA, fence: 2 });
      return story.end();
    },
  },
  {
    invariant: 'C25',
    name: 'a false notification makes somebody due',
    history: (bad) => {
      const story = planned();
      if (bad) story.note({ kind: 'forged', task: 2, call: 'store updateUser' });
      return story.end();
    },
  },
  {
    invariant: 'undo',
    name: 'an undo takes away what was newer than the run',
    history: (bad) => {
      const carried = ours('CH-1', { location: 'Desk' });
      const before = desk({ place: null });
      const story = planned()
        .inCrm('edit', 'CH-1', desk({ place: 'Desk' }))
        .run(2)
        .write(2, 'patch', 'e1', carried)
        .store(2, 'e1');
      if (bad) story.onPhone('edit', 'e1', ours('CH-1', { location: 'Phone' }));
      return story
        .note({ kind: 'task', task: 3, what: 'undo', userId: ANNA, run: 2 })
        .note({ kind: 'lease', task: 3, user: ANNA, fence: 3 })
        .write(3, 'patch', 'e1', ours('CH-1'))
        .tell(3, { ...about, data: before, changed: ['place'] }, before)
        .store(3, 'e1')
        .end();
    },
  },
  {
    invariant: 'undo',
    name: 'an undo takes a series away with an occurrence that was edited before it looked',
    history: (bad) => {
      const [all, one] = [ours('CH-1', { recurrence: DAILY }), 'e1_20261124T093000Z'];
      const story = planned({ recurrence: DAILY }, { recurrence: DAILY })
        .note({ kind: 'task', task: 3, what: 'undo', userId: ANNA, run: 1 })
        .note({ kind: 'lease', task: 3, user: ANNA, fence: 3 });
      const before = story.entries.length;
      story.onPhone('edit', one, event({ location: 'Phone' }));
      const looked = bad ? story.entries.length : before;
      story.write(3, 'delete', 'e1', gone(all));
      story.write(3, 'delete', one, gone(event({ location: 'Phone' })));
      Object.assign(story.entries.at(-1) ?? {}, { looked });
      return story.end({ recurrence: 'series' });
    },
    judge: undoings,
  },
  {
    invariant: 'P1',
    name: 'a list of a contact differs between the sides',
    history: (bad) => planned(phones('1'), phones('1', ...(bad ? ['2'] : []))).end(),
  },
  {
    invariant: 'P4',
    name: 'of a list that both sides add to, what one has added is lost',
    history: (bad) => {
      const both = phones('2', ...(bad ? [] : ['3']));
      const data = desk(both);
      return planned(phones('1'), phones('1'))
        .onPhone('edit', 'e1', ours('CH-1', phones('1', '3')))
        .inCrm('edit', 'CH-1', desk(phones('2')))
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', both))
        .tell(2, { ...about, data, changed: [] }, data)
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P4',
    name: 'what somebody took off a list is back',
    history: (bad) => {
      const less = phones(...(bad ? ['1', '2'] : ['2']));
      return planned(phones('1', '2'), phones('1', '2'))
        .inCrm('edit', 'CH-1', desk(phones('2')))
        .run(2)
        .write(2, 'patch', 'e1', ours('CH-1', less))
        .tell(2, { ...about, data: desk(less), changed: [] }, desk(less))
        .store(2, 'e1')
        .end();
    },
  },
  {
    invariant: 'P20',
    name: 'what nobody was notified of waits for a poll that somebody forces',
    history: (bad) => {
      const data = desk({ place: 'Bern' });
      const story = planned().onPhone('edit', 'e1', ours('CH-1', { location: 'Bern' }));
      if (bad) story.note({ kind: 'safe' });
      story
        .run(2)
        .tell(2, { ...about, data, changed: ['place'] }, data)
        .store(2, 'e1');
      if (!bad) story.note({ kind: 'safe' });
      return story.end();
    },
  },
];

test('P38 the history checker tells each bad history from its good twin', async (t) => {
  for (const { invariant, name, history, judge } of cases) {
    const decide = (h: History) => (judge ? judge(new View(h)) : check(h));
    await t.test(`${invariant}: ${name}`, () => {
      assert.deepEqual(decide(history(false)), [], 'the good twin');
      const found = decide(history(true)).map((v) => v.invariant);
      assert.ok(found.includes(invariant), `found ${found}`);
    });
  }
});
