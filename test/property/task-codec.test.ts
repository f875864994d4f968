/** P11 for tasks: what the codec writes it reads back the same, and the cut is no edit. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Fields, sameValue } from '../../functions/core/fields.ts';
import { merge } from '../../functions/core/merge.ts';
import { taskSchema } from '../../functions/core/messages.ts';
import { taskCodec as codec } from '../../functions/core/task.ts';
import { addDays } from '../../functions/core/time.ts';
import { storedTask as stored } from './kinds.ts';
import { context as zurich } from './mini.ts';

type Task = Parameters<typeof codec.decode>[0];

const ZONES = ['Europe/Zurich', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'];

/** Texts that have broken somebody's sync: scripts, emoji, our own marker, links, long ones. */
const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'Zoë & Søren <noreply>',
    '打合せ 👩‍👩‍👧‍👦 اجتماع',
    '— CRM —',
    'a\n— CRM T-9 —\nhttps://crm.example/9\nb',
    '— CRM T-9 · 3 —\nno link',
    'https://crm.example/1',
    'line\r\n\r\nbreaks\n\n',
    '   ',
    'ends with a mark […]',
    `${'x'.repeat(1020)}👩‍👩‍👧‍👦`,
    'y'.repeat(5000),
    `${'🙂'.repeat(4090)}!!`,
    'word '.repeat(3900),
  ),
);
const day = fc.integer({ min: 0, max: 1200 }).map((n) => addDays('2025-01-01', n));
const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });

const task = fc
  .record(
    {
      title: awkward.map((text) => text.slice(0, 5000)),
      notes: orNull(awkward.map((text) => text.slice(0, 20_000))),
      due: orNull(day),
      status: fc.constantFrom('open', 'done', null),
      completed: orNull(day),
      url: fc.constantFrom('https://crm.example/t/1?a=b#c', null),
    },
    { requiredKeys: ['title'] },
  )
  .map((data) => data as Fields);

const crmId = fc.oneof(
  fc.constantFrom('T-1001', 'a b · 2 —', '100%', 'Zoë\n'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((id) => id.isWellFormed()),
);

/** As Google holds it: cut where it is too long, and the cut says so. */
function shows(wanted: Fields, read: Fields, name: string): boolean {
  const [full, seen] = [wanted[name], read[name]];
  if (sameValue(full, seen)) return true;
  if (typeof full !== 'string' || typeof seen !== 'string' || !seen.endsWith(' […]')) return false;
  return seen.length > 1000 && full.startsWith(seen.slice(0, -4));
}

const told = (wanted: Fields) =>
  Object.keys(wanted).filter(
    (name) => name !== 'url' && !(name === 'completed' && !wanted.completed),
  );

test('P11 a task inserted and read back is as it was, in every zone (3,000 cases)', () => {
  fc.assert(
    fc.property(
      task,
      crmId,
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(...ZONES),
      (data, id, generation, timeZone) => {
        taskSchema.parse(data);
        const context = { ...zurich, timeZone };
        const wanted = codec.canonical(data, context);
        if (codec.missing(wanted).length > 0) return;
        const google = stored({}, codec.insert(id, generation, wanted, context), 1);
        const read = codec.decode(google, context);
        assert.deepEqual(read.marker, { crmId: id, generation });
        for (const name of told(wanted)) {
          assert.ok(
            shows(wanted, read.fields, name),
            `${name}: ${JSON.stringify([wanted[name], read.fields[name]])}`,
          );
        }
      },
    ),
    { numRuns: 3000, seed: 5 },
  );
});

test('P11 a patch of a task changes what it names and nothing else (3,000 cases)', () => {
  const strange = { parent: 'p', position: '7', links: [{ link: 'x' }], webViewLink: 'w' } as Task;
  fc.assert(
    fc.property(task, task, fc.boolean(), (first, second, adopted) => {
      const [before, after] = [first, second].map((d) => codec.canonical(d, zurich)) as [
        Fields,
        Fields,
      ];
      if ([before, after].some((d) => codec.missing(d).length > 0)) return;
      const body = adopted
        ? { title: 'born at Google', notes: 'typed by hand' }
        : codec.insert('T-1', 0, before, zurich);
      const google = stored({ ...strange }, body, 1);
      const was = codec.decode(google, zurich);
      const changed = Object.keys(after).filter(
        (n) => !sameValue(after[n], (n === 'url' ? before : was.fields)[n]),
      );
      const patch = codec.patch(
        { changed, target: { ...before, ...after }, before, adopted },
        zurich,
        google,
      );
      const next = patch ? stored(google, patch, 2) : google;
      const is = codec.decode(next, zurich);
      assert.deepEqual(is.marker, was.marker, 'the marker survives');
      if (!adopted && after.url) assert.ok(next.notes?.includes(String(after.url)));
      for (const name of Object.keys(strange) as (keyof Task)[])
        assert.deepEqual(next[name], strange[name]);
      for (const name of told(after)) assert.ok(shows(after, is.fields, name), name);
      for (const name of ['title', 'notes', 'due'])
        if (!(name in after)) assert.ok(sameValue(was.fields[name], is.fields[name]), name);
    }),
    { numRuns: 3000, seed: 6 },
  );
});

test('P11 a cut text is no edit: whatever Google shows of it, the CRM keeps the whole (3,000 cases)', () => {
  fc.assert(
    fc.property(task, (data) => {
      const crm = codec.canonical(data, zurich);
      if (codec.missing(crm).length > 0) return;
      const google = codec.decode(
        stored({}, codec.insert('T-1', 0, crm, zurich), 1),
        zurich,
      ).fields;
      const base = { crm, google: { ...google }, offered: {} };
      const input = { codec, policy: {}, base, seen: -1, locked: () => false };
      const quiet = merge({ ...input, crm: undefined, google });
      assert.deepEqual([quiet.toCrm, quiet.toGoogle], [{}, {}]);
      // Our state is lost: the CRM adopts the task that it wrote once.
      const anew = merge({ ...input, base: { crm: {}, google: {}, offered: {} }, crm, google });
      assert.deepEqual(
        Object.keys(anew.toGoogle).filter((n) => n === 'title' || n === 'notes'),
        [],
      );
    }),
    { numRuns: 3000, seed: 7 },
  );
});

test('P11 an edit in front of the cut, or behind it, keeps what the cut hides', () => {
  const notes = `first line\n${'word '.repeat(3000)}the end`;
  const crm = codec.canonical({ title: 'T', notes }, zurich);
  const task = stored({}, codec.insert('T-1', 0, crm, zurich), 1);
  const google = codec.decode(task, zurich).fields;
  const edited = (text: string) => {
    const next = { ...google, notes: text };
    const base = { crm, google, offered: {} };
    const input = { codec, policy: {}, base, seen: -1, locked: () => false };
    return merge({ ...input, crm: undefined, google: next }).toCrm.notes;
  };
  const shown = String(google.notes);
  assert.equal(edited(shown.replace('first', 'new')), notes.replace('first', 'new'));
  assert.equal(edited(`${shown}\nPS`), `${notes}\nPS`);
  assert.equal(edited('all new'), 'all new');
});

test('P11 the block survives edits of the notes, and edits of the notes survive the block', () => {
  const crm = codec.canonical(
    { title: 'T', notes: 'Call first', url: 'https://crm.example/1' },
    zurich,
  );
  const task = stored({}, codec.insert('T-1', 0, crm, zurich), 1);
  assert.equal(task.notes, 'Call first\n\n— CRM T-1 —\nhttps://crm.example/1');
  const typed = { ...task, notes: `Well: ${task.notes}\nand this at the end` };
  const read = codec.decode(typed, zurich);
  assert.equal(read.fields.notes, 'Well: Call first\nand this at the end');
  const target = { ...crm, notes: 'New', url: 'https://crm.example/2' };
  const patch = codec.patch(
    { changed: ['notes', 'url'], target, before: crm, adopted: false },
    zurich,
    typed,
  );
  assert.equal(patch?.notes, 'New\n\n— CRM T-1 —\nhttps://crm.example/2');
});

test('due is a day in every zone; the day of completion is the user’s', () => {
  for (const timeZone of ZONES) {
    const context = { ...zurich, timeZone };
    const data = { title: 'T', due: '2026-03-29', status: 'done', completed: '2026-03-29' };
    const read = codec.decode(stored({}, codec.insert('T-1', 0, data, context), 1), context);
    assert.deepEqual(
      [read.fields.due, read.fields.completed],
      ['2026-03-29', '2026-03-29'],
      timeZone,
    );
  }
  const late = { id: 'g', title: 'T', status: 'completed', completed: '2026-11-23T23:30:00.000Z' };
  assert.equal(codec.decode(late, zurich).fields.completed, '2026-11-24');
});

test('a deleted task is gone; an assigned one is somebody else’s', () => {
  assert.equal(codec.decode({ id: 'g', title: 'T', deleted: true }, zurich).state, 'gone');
  const assigned = { id: 'g', title: 'T', assignmentInfo: { surfaceType: 'DOCUMENT' } };
  assert.equal(codec.decode(assigned, zurich).foreign, true);
});
