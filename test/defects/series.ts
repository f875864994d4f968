/** Breakages of series in both modes, and of meetings that several users see. */
import type { Defect } from './list.ts';

const seriesCrm = 'test/integration/series-crm.test.ts';
const seriesAsOccurrences = 'test/integration/series.test.ts';
const calendar = 'test/integration/calendar.test.ts';
const meetings = 'test/integration/meetings.test.ts';

export const series: Defect[] = [
  {
    name: 'an occurrence is what its series on the page says',
    file: 'functions/google/calendar.ts',
    from: '      ...[...occurrences.values()].flat(),\n    ],',
    to: '      ...[...occurrences].flatMap(([id, all]) =>\n        all.map((e) => ({ ...e, location: items.find((i) => i.id === id)?.location })),\n      ),\n    ],',
    test: calendar,
    pattern: 'C13 a page with a series',
  },
  {
    name: 'a series that moves goes, and comes anew',
    file: 'functions/sync/groups.ts',
    from: '    placed.add(link);\n',
    to: '    work.link = undefined;\n',
    test: seriesAsOccurrences,
    pattern: 'rule 6: the series moves by hours',
  },
  {
    name: 'an occurrence that the listing of its series lacks counts as deleted, unread',
    file: 'functions/sync/groups.ts',
    from: 'const sure = group.window === undefined || link.googleId === group.id;',
    to: 'const sure = true;',
    test: seriesAsOccurrences,
    pattern: 'C02 an occurrence that the listing',
  },
  {
    name: 'what the window gains is never read',
    file: 'functions/sync/pull.ts',
    from: 'if (!collection.entering || from > to - gainOf(run.window)) return;',
    to: 'if (!collection.entering || from > 0) return;',
    test: seriesAsOccurrences,
    pattern: 'the window rolls',
  },
  {
    name: 'the CRM writes into what has just become a series',
    file: 'functions/sync/execute.ts',
    from: '    if (!listed && isAdrift(work)) {',
    to: '    if (false && isAdrift(work)) {',
    test: seriesAsOccurrences,
    pattern: 'rule 6: a CRM edit or delete of an event that has just become',
  },
  {
    name: 'an exception is decided before its series',
    file: 'functions/sync/members.ts',
    from: '  const parents = parentsAfter(run, collection, first.done);\n',
    to: '  const parents = parentsAfter(run, collection, []);\n',
    test: seriesCrm,
    pattern: 'P15 all at once',
  },
  {
    name: 'what waits for its series sleeps on when the series comes',
    file: 'functions/sync/members.ts',
    from: '  if (!changed) return;\n',
    to: '  if (changed || !changed) return;\n',
    test: seriesCrm,
    pattern: 'an exception whose series never comes',
  },
  {
    name: 'an exception without its series is told at once',
    file: 'functions/core/members.ts',
    from: "  if (until === undefined) return decide('nothing', { wakeAt: now + PATIENCE_MS });\n",
    to: '',
    test: seriesCrm,
    pattern: 'an exception whose series never comes',
  },
  {
    name: 'a series that is written anew forgets what was special in it',
    file: 'functions/sync/followers.ts',
    from: '  const parts = links.filter((link) => isPart(link) && !isOver(link));',
    to: '  const parts = links.filter((link) => isOver(link) && false);',
    test: seriesCrm,
    pattern: 'the series is written again, with what was special',
  },
  {
    name: 'the organizer’s claim ends when he or she is away',
    file: 'functions/core/claim.ts',
    from: 'if (stored.userId === wanted.userId)',
    to: 'if (stored.userId === wanted.userId || !stored.before)',
    test: meetings,
    pattern: 'is read first|two guests|the organizer disconnects',
  },
  {
    name: 'a colleague’s copy of what the CRM entered is a record of its own',
    file: 'functions/sync/claims.ts',
    from: "else if (work.observed) work.observed = { ...work.observed, ignored: 'colleaguesMeeting' };",
    to: 'else if (work.observed) work.observed = { ...work.observed };',
    test: meetings,
    pattern: 'two guests',
  },
  {
    name: 'tell what the run itself took out without an answer',
    file: 'functions/sync/pull.ts',
    from: 'if (run.waits || run.failing.has(collection.codec.record))',
    to: 'if (run.waits)',
    test: 'test/integration/crossings.test.ts',
    pattern: 'rule 1: what was deleted without an answer',
  },
  {
    name: 'forget what the CRM said while a contact had lost its label',
    file: 'functions/core/plan.ts',
    from: 'forCrm(codec, { ...heldByCrm(link, now), ...merged.agreed }, link)',
    to: 'forCrm(codec, now, link)',
    test: 'test/integration/contacts.test.ts',
    pattern: 'P4 changed in the CRM while the label was off',
  },
];
