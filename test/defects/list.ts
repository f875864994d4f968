/**
 * Small breakages, each as somebody could make it in a hurry, and the tests that must notice (P38). A
 * defect whose text is not found exactly once has to be written anew: the guard has moved.
 */
export interface Defect {
  /** What is broken, in a few words. */
  name: string;
  file: string;
  from: string;
  to: string;
  /** The test file that turns red, and the test in it. */
  test: string;
  pattern?: string;
}

const engine = 'test/integration/engine.test.ts';
const plan = 'test/property/plan.test.ts';
const simulation = 'test/simulation/simulation.test.ts';
const sweep = 'test/simulation/crash-sweep.test.ts';

export const defects: Defect[] = [
  {
    name: 'drop the etag: writes overwrite whatever came in between',
    file: 'functions/google/calendar.ts',
    from: "write.etag ? { 'If-Match': write.etag } : {}",
    to: '{}',
    test: engine,
    pattern: 'both survive a 412',
  },
  {
    name: 'save the cursor although a record had to wait',
    file: 'functions/sync/pull.ts',
    from: 'executed.deferred.length === 0 && run.deferred === undefined;',
    to: 'true;',
    test: simulation,
  },
  {
    name: 'save the cursor before its page is applied',
    file: 'functions/sync/pull.ts',
    from: 'const works = await observePage(run, collection, page, cursor.until);',
    to: 'if (next) await store.commit(run.lease, { cursor: next }, false);\n    const works = await observePage(run, collection, page, cursor.until);',
    test: sweep,
    pattern: 'crash at every step: (an own event|edit on the phone)$',
  },
  {
    name: 'the link forgets the version that was written: the echo is read as an edit',
    file: 'functions/core/settle.ts',
    from: 'if (seen?.etag !== undefined) next.etag = seen.etag;',
    to: '',
    test: engine,
    pattern: 'one change of one appointment',
  },
  {
    name: 'acknowledge although work is left',
    file: 'functions/triggers/crm-change.ts',
    from: "return runs.includes('later') ? 'later' : 'done';",
    to: "return 'done';",
    test: 'test/integration/lag.test.ts',
  },
  {
    name: 'reuse the id of a deleted event',
    file: 'functions/core/plan.ts',
    from: '      taken + 1,\n',
    to: '      Math.max(taken, 0),\n',
    test: engine,
    pattern: 'planned again comes back',
  },
  {
    name: 'treat every 410 alike: a second delete as an expired token',
    file: 'functions/google/failure.ts',
    from: "return reason === 'deleted' ? 'gone' : 'resync';",
    to: "return 'resync';",
    test: sweep,
    pattern: 'crash at every step: (delete|delete on both sides)$',
  },
  {
    name: 'treat every 410 alike: an expired token as gone',
    file: 'functions/google/failure.ts',
    from: "return reason === 'deleted' ? 'gone' : 'resync';",
    to: "return 'gone';",
    test: engine,
    pattern: 'C01 P18',
  },
  {
    name: 'commit without looking at the fence',
    file: 'functions/state/memory.ts',
    from: 'if (!rules.isNewest(tables.leases.get(userId), lease))',
    to: 'if (!tables.leases.get(userId))',
    test: 'test/contract/store.test.ts',
  },
  {
    name: 'let the lease go without looking for work',
    file: 'functions/state/memory.ts',
    from: 'const released = release && pending(tables.intents, userId).length === 0;',
    to: 'const released = release;',
    test: engine,
    pattern: 'two runs of one user',
  },
  {
    name: 'begin calls after the lease',
    file: 'functions/google/client.ts',
    from: 'if (options.clock.now() >= session.until)',
    to: 'if (options.clock.now() >= Number.POSITIVE_INFINITY)',
    test: simulation,
  },
  {
    name: 'take a rate limit for a missing right',
    file: 'functions/google/failure.ts',
    from: "if (RATE.includes(reason)) return 'retry';",
    to: '',
    test: engine,
    pattern: 'P29 C23',
  },
  {
    name: 'ignore Retry-After',
    file: 'functions/core/retry.ts',
    from: 'const floor = error.retryAfterMs ?? 0;',
    to: 'const floor = 0;',
    test: 'test/unit/retry.test.ts',
  },
  {
    name: 'ignore the conflict policy',
    file: 'functions/core/merge.ts',
    from: "const winner = policy[name] ?? 'crm';",
    to: "const winner = policy[name] ? 'crm' : 'crm';",
    test: 'test/unit/merge.test.ts',
    pattern: 'the policy decides',
  },
  {
    name: 'decide a conflict in silence',
    file: 'functions/core/merge.ts',
    from: 'if (!sameValue(v.crm, v.google)) {\n      merged.conflicts.push({',
    to: 'if (v.name === "") {\n      merged.conflicts.push({',
    test: plan,
    pattern: 'P4',
  },
  {
    name: 'tell a conflict only after the write that hides it',
    file: 'functions/sync/execute.ts',
    from: '  await tellLosses(run, collection, writes);\n',
    to: '',
    test: sweep,
    pattern: 'crash at every step: update with conflict$',
  },
  {
    name: 'take a late CRM message for an edit: offers are forgotten',
    file: 'functions/core/merge.ts',
    from: 'const reference = confirmed ? offer.value : baseCrm;',
    to: 'const reference = offer ? offer.value : baseCrm;',
    test: 'test/unit/merge.test.ts',
    pattern: 'P4 a full CRM message',
  },
  {
    name: 'forget what the CRM was told before the newest offer',
    file: 'functions/core/merge.ts',
    from: 'const crmEdited = mentioned && !same(crm, reference) && !behind;',
    to: 'const crmEdited = mentioned && !same(crm, reference);',
    test: engine,
    pattern: 'two edits on the phone in a row',
  },
  {
    name: 'drop a message that is older than the stored one',
    file: 'functions/core/intent.ts',
    from: 'if (stored && change.version === stored.version) return undefined;',
    to: 'if (stored && change.version <= stored.version) return undefined;',
    test: engine,
    pattern: 'twice and out of order',
  },
  {
    name: 'a hand-over leaves the old owner’s event',
    file: 'functions/core/intent.ts',
    from: '...(stored ? [stored.userId] : []), ...late, owner]',
    to: 'owner]',
    test: engine,
    pattern: 'rule 1\\)',
  },
  {
    name: 'a delete beats an edit',
    file: 'functions/core/plan.ts',
    from: "if (!edited || link.offered.deletedInCrm) return remove(input, 'removeAtGoogle');",
    to: "return remove(input, 'removeAtGoogle');",
    test: engine,
    pattern: 'edit beats delete',
  },
  {
    name: 'the CRM’s old delete is carried out although it was answered',
    file: 'functions/core/plan.ts',
    from: '  (intent?.version ?? 0) <= (link.crmVersion ?? -1);',
    to: '  (intent?.version ?? 0) < 0;',
    test: simulation,
  },
  {
    name: 'believe any listing',
    file: 'functions/sync/absence.ts',
    from: 'if (!believed && !run.user.believeListing) {',
    to: 'if (run.user.userId === "") {',
    test: engine,
    pattern: 'C03 P9',
  },
  {
    name: 'deletion by absence without asking once more',
    file: 'functions/sync/absence.ts',
    from: "observed: gone.has(link.group ?? '')",
    to: 'observed: gone.size >= 0',
    test: simulation,
  },
  {
    name: 'absence overlooks what the CRM has not confirmed yet',
    file: 'functions/sync/absence.ts',
    from: 'codec.period(knownGoogle(link), context)',
    to: 'codec.period({ ...link.crm, ...link.google }, context)',
    test: engine,
    pattern: 'deleted before the CRM has answered',
  },
  {
    name: 'an event whose insert was never committed is overlooked',
    file: 'functions/sync/observe.ts',
    from: '  await recognise(run, collection, works);\n',
    to: '',
    test: sweep,
    pattern: 'crash at every step: create and delete at once$',
  },
  {
    name: 'a copied event passes for ours',
    file: 'functions/core/appointment.ts',
    from: 'if (appointmentCodec.googleId(context.userId, crmId, generation) !== event.id) return undefined;',
    to: '',
    test: sweep,
    pattern: 'crash at every step: a copy of ours$',
  },
  {
    name: 'what its owner hides is told',
    file: 'functions/core/conceal.ts',
    from: 'if (!observed || !isConcealed(link, observed)) return observed;',
    to: 'if (observed) return observed;\n  if (!observed || !isConcealed(link, observed)) return observed;',
    test: engine,
    pattern: 'a private event of one’s own',
  },
  {
    name: 'a cancelled appointment stays in the calendar',
    file: 'functions/core/appointment.ts',
    from: "absent: (data) => data.status === 'cancelled',",
    to: 'absent: () => false,',
    test: engine,
    pattern: 'cancelled goes',
  },
  {
    name: 'the last day of an all-day entry is lost',
    file: 'functions/core/appointment.ts',
    from: 'body.end = encodeMoment(data.end, 1);',
    to: 'body.end = encodeMoment(data.end, 0);',
    test: 'test/property/codec.test.ts',
    pattern: 'all-day entries',
  },
  {
    name: 'mail the guests',
    file: 'functions/google/calendar.ts',
    from: "const QUIET = { sendUpdates: 'none' } as const;",
    to: "const QUIET = { sendUpdates: 'all' } as const;",
    test: engine,
    pattern: 'mails are never sent',
  },
  {
    name: 'a batch part without an answer passes for done',
    file: 'functions/google/batch.ts',
    from: "fill({ status: 503, headers: {}, body: '' })",
    to: "fill({ status: 200, headers: {}, body: '' })",
    test: 'test/unit/batch.test.ts',
  },
  {
    name: 'commit first, tell the CRM afterwards',
    file: 'functions/sync/commit.ts',
    from: '  if (notices.length > 0) await publisher.googleChanges(notices);\n  const journal',
    to: '  if (notices.length > 0) queueMicrotask(() => setImmediate(() => void publisher.googleChanges(notices).catch(() => {})));\n  const journal',
    test: sweep,
    pattern: 'crash at every step: edit on the phone$',
  },
];
