/**
 * What a run changed, record by record, with the values before and after: for a person who asks what
 * happened, and for undoing it. Pure.
 */
import type { Codec, Observed } from './codec.ts';
import { isConcealed } from './conceal.ts';
import { wholeTexts } from './cut.ts';
import type { Decision, Write } from './decision.ts';
import { type Fields, type RecordType, sameValue } from './fields.ts';
import { knownGoogle } from './merge.ts';
import type { Conflict } from './messages.ts';
import { inPieces, MOST_BYTES, sizeOf } from './pages.ts';
import type { Link } from './records.ts';
import type { Outcome, Settled } from './settle.ts';
import { forCrm, heldByCrm } from './sides.ts';

/** One record that a run changed. */
export interface JournalEntry {
  record: RecordType;
  linkId: string;
  crmId?: string;
  googleId?: string;
  rule: Decision['rule'];
  /** What was written at Google; absent: nothing. */
  wrote?: Write['kind'];
  /** What the CRM was told; absent: nothing. */
  told?: 'upsert' | 'delete' | 'unlink' | 'reject';
  /** What both sides held; null: nothing. With both, only the fields that differ. */
  before: Fields | null;
  after: Fields | null;
  conflicts?: Conflict[];
  /** The link's etag afterwards: tells whether anything newer has happened since. */
  etag?: string;
  /** Google's owner hides the texts: they are not in here. */
  redacted?: true;
  /** Too large to keep: the values are not in here. */
  cut?: true;
}

/** A piece of a run's journal, as it is stored: one document. */
export interface JournalPage {
  userId: string;
  /** The fence of the run's lease: rises with each run of the user. */
  run: number;
  /** Counts the pieces of a run. */
  part: number;
  /** ms since the epoch. */
  at: number;
  expireAt: number;
  /** How many entries there are, for lists that do not read them. */
  size: number;
  entries: JournalEntry[];
}

/** The entry of one settled record; undefined when nothing was changed on either side. */
export function entryOf(outcome: Outcome, settled: Settled): JournalEntry | undefined {
  const { codec, link, observed, written, decision } = outcome;
  const { notice } = settled;
  const wrote = writtenAs(outcome);
  if (!wrote && !notice) return undefined;
  const next = settled.link ?? (settled.removed === undefined ? link : undefined);
  const hidden = isConcealed(link, written?.state === 'live' ? written : observed);
  const values =
    decision.link === 'unchanged'
      ? { before: {}, after: {} }
      : changed(before(outcome), next?.state === 'live' ? heldBy(codec, next) : undefined);
  const show = (fields: Fields | null) => (hidden && fields ? withoutTexts(codec, fields) : fields);
  const crmId = next?.crmId ?? notice?.crmId ?? link?.crmId;
  const googleId = next?.googleId ?? notice?.googleId ?? link?.googleId;
  const conflicts = notice?.conflicts?.filter((c) => !(hidden && codec.fields[c.field]?.hidden));
  return {
    record: codec.record,
    linkId: next?.id ?? link?.id ?? '',
    ...(crmId !== undefined && { crmId }),
    ...(googleId !== undefined && { googleId }),
    rule: decision.rule,
    ...(wrote && { wrote }),
    ...(notice && { told: notice.op }),
    before: show(values.before),
    after: show(values.after),
    ...(conflicts && conflicts.length > 0 && { conflicts }),
    ...(next?.etag !== undefined && { etag: next.etag }),
    ...(hidden && { redacted: true }),
  };
}

/** Some patches turn out to be empty once they are encoded. */
function writtenAs({ decision: { write }, written }: Outcome): Write['kind'] | undefined {
  return write && (write.kind === 'delete' || written) ? write.kind : undefined;
}

/** What both sides held before the run, as far as the sync knew. */
function before({ codec, link, observed, decision }: Outcome): Fields | undefined {
  // An insert means that Google held nothing, whatever the link said.
  if (decision.write?.kind === 'insert') return undefined;
  if (link?.state === 'live') return heldBy(codec, link);
  const adopted = decision.rule === 'adopt' && observed?.state === 'live';
  return adopted ? observed.fields : undefined;
}

/**
 * What both sides hold, for an undo to give back whole: as the CRM has it, a text that Google holds cut, and
 * a list of which Google never had everybody.
 */
export function heldBy(codec: Codec, link: Link): Fields {
  const known = knownGoogle(link);
  const whole = forCrm(codec, heldByCrm(link, known), link, known);
  const lists = Object.entries(whole).filter(([name]) => codec.fields[name]?.listKey);
  return { ...wholeTexts(codec.fields, known, link), ...Object.fromEntries(lists) };
}

function changed(before: Fields | undefined, after: Fields | undefined) {
  if (!before || !after) return { before: before ?? null, after: after ?? null };
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !sameValue(before[name], after[name]),
  );
  const pick = (fields: Fields): Fields =>
    Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
  return { before: pick(before), after: pick(after) };
}

/** Without what an owner may hide. */
const withoutTexts = (codec: Pick<Codec, 'fields'>, fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !codec.fields[name]?.hidden));

/**
 * The entry as it may be shown today: an owner may have hidden the texts after it was written, and what
 * is known of the link says so.
 */
export function shown(
  codec: Pick<Codec, 'fields'>,
  link: Link | undefined,
  entry: JournalEntry,
): JournalEntry {
  if (entry.redacted || !isConcealed(link, gone(entry))) return entry;
  const { conflicts, ...rest } = entry;
  const hide = (fields: Fields | null) => fields && withoutTexts(codec, fields);
  const open = conflicts?.filter((c) => !codec.fields[c.field]?.hidden) ?? [];
  return {
    ...rest,
    before: hide(entry.before),
    after: hide(entry.after),
    ...(open.length > 0 && { conflicts: open }),
    redacted: true,
  };
}

/** Not read: what the link knows decides. */
const gone = ({ googleId = '' }: JournalEntry): Observed => ({
  googleId,
  state: 'gone',
  fields: {},
});

/** Entries in pieces that fit into one document each. */
export function inPages(
  entries: JournalEntry[],
  page: Omit<JournalPage, 'entries' | 'size'>,
  mostBytes = MOST_BYTES,
): JournalPage[] {
  const kept = entries.map((e) => (sizeOf(e) > mostBytes ? withoutValues(e) : e));
  return inPieces(kept, mostBytes).map((piece, i) => ({
    ...page,
    part: page.part + i,
    size: piece.length,
    entries: piece,
  }));
}

function withoutValues({ conflicts: _, before, after, ...rest }: JournalEntry): JournalEntry {
  return { ...rest, before: before && {}, after: after && {}, cut: true };
}

/**
 * What a whole run did to each record: a run that pulls may change one twice. Before the first change,
 * and after the last.
 */
export function byRecord(entries: JournalEntry[]): JournalEntry[] {
  const folded = new Map<string, JournalEntry>();
  for (const entry of entries) {
    if (entry.rule === 'refuse' || entry.rule === 'removeOlder') continue;
    const first = folded.get(entry.linkId);
    folded.set(entry.linkId, first ? fold(first, entry) : entry);
  }
  return [...folded.values()];
}

function fold(first: JournalEntry, last: JournalEntry): JournalEntry {
  const wrote = first.before === null && first.wrote === 'insert' ? 'insert' : last.wrote;
  return {
    ...last,
    ...(wrote && { wrote }),
    before: first.before && { ...last.before, ...first.before },
    after: last.after && { ...first.after, ...last.after },
    ...((first.redacted || last.redacted) && { redacted: true as const }),
    ...((first.cut || last.cut) && { cut: true as const }),
  };
}
