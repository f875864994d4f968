/** Breakages for the invariants and cases that no other list turns red: each of them has one at least. */
import type { Defect } from './list.ts';

const delivery = 'test/integration/delivery.test.ts';
const contacts = 'test/integration/contacts.test.ts';
const seriesAsOccurrences = 'test/integration/series.test.ts';

export const cases: Defect[] = [
  {
    name: 'P21 C24: what Google refuses for good is tried again and again',
    file: 'functions/sync/answers.ts',
    from: "if (refused || error.kind === 'park')",
    to: 'if (refused)',
    test: delivery,
    pattern: 'P21 C24 a record that Google refuses',
  },
  {
    name: 'P24: what comes late counts as new',
    file: 'functions/core/intent.ts',
    from: '    if (known < (fieldVersions[field] ?? -1)) return;\n',
    to: '',
    test: delivery,
    pattern: 'P24 P20 a message that was lost',
  },
  {
    name: 'P27: a lease is over when its time is, given back or not',
    file: 'functions/state/rules.ts',
    from: '  return { ...lease, holder: NOBODY, expiresAt: 0 };',
    to: '  return { ...lease, holder: NOBODY };',
    test: 'test/integration/crossings.test.ts',
    pattern: 'P27 however long',
  },
  {
    name: 'P30: who asks one user to wait asks all',
    file: 'functions/sync/run.ts',
    from: 'session.rests = { ...user.rests };',
    to: 'session.rests = (globalThis as { rests?: typeof session.rests }).rests ??= {};',
    test: 'test/integration/tenants.test.ts',
    pattern: 'P30 one user',
  },
  {
    name: 'C05: an id that is taken is taken again',
    file: 'functions/sync/answers.ts',
    from: '    const marker = { crmId, generation };',
    to: '    const marker = { crmId, generation: generation - 1 };',
    test: delivery,
    pattern: 'C05 an insert whose answer was lost',
  },
  {
    name: 'C09: an expired token of contacts is any refusal',
    file: 'functions/google/failure.ts',
    from: "  if (reason === 'EXPIRED_SYNC_TOKEN') return 'resync';\n",
    to: '',
    test: contacts,
    pattern: 'C09: an expired token',
  },
  {
    name: 'C10: a stale etag of a contact is any refusal',
    file: 'functions/google/failure.ts',
    from: "  if (reason === 'failedPrecondition' || reason === 'FAILED_PRECONDITION') return 'precondition';\n",
    to: '',
    test: contacts,
    pattern: 'C10: the etag changes',
  },
  {
    name: 'C16: what carries our id is ours, copied or not',
    file: 'functions/core/event-decode.ts',
    from: "ownerOf(event, event.id ?? '', context);",
    to: "ownerOf(event, event.recurringEventId ?? event.id ?? '', context);",
    test: seriesAsOccurrences,
    pattern: 'C16 the same with an appointment of the CRM',
  },
  {
    name: 'C17: an occurrence is found at the time that it is moved to',
    file: 'functions/sync/member-places.ts',
    from: 'groups.memberId(group, intent.member.slot, context)',
    to: 'groups.memberId(group, (intent.data.start ?? intent.member.slot) as never, context)',
    test: 'test/integration/series-crm.test.ts',
    pattern: 'C17 C18 exceptions of the CRM',
  },
  {
    name: 'C18: whoever takes out one occurrence takes out its series',
    file: 'functions/core/event-decode.ts',
    from: "  const googleId = event.id ?? '';\n  if (event.status === 'cancelled') {",
    to: "  const googleId = event.id ?? '';\n  if (event.status === 'cancelled') {\n    if (event.recurringEventId) return { googleId: event.recurringEventId, state: 'gone', fields: {} };",
    test: seriesAsOccurrences,
    pattern: 'C18 one cancelled occurrence',
  },
  {
    name: 'C19: a ghost of which nothing is known is told',
    file: 'functions/core/table.ts',
    from: "      gone: 'leftOut',",
    to: "      gone: 'import',",
    test: seriesAsOccurrences,
    pattern: 'C19 a cancelled series',
  },
  {
    name: 'P34: who finds the token over forgets the one that is being fetched',
    file: 'functions/google/access.ts',
    from: 'if (known && held() === kept)',
    to: 'if (known)',
    test: 'test/unit/access.test.ts',
    pattern: 'P34 many that need a token',
  },
  {
    name: 'rule 13: the CRM gets the HTML as it stands',
    file: 'functions/core/description.ts',
    from: "    .replace(/<\\/?[a-z][^>]*>/gi, '')\n",
    to: '',
    test: 'test/integration/both-ways.test.ts',
    pattern: 'rule 13: HTML',
  },
];
