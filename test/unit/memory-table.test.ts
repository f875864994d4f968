import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Table } from '../../functions/state/table.ts';
import { seeded } from '../sandbox/google/random.ts';

interface Row {
  id: string;
  owners: string[];
  value: number;
}

test('an owner’s rows are those that a look through all of them finds, in the same order', () => {
  const random = seeded(7);
  const one = <T>(list: T[]) => list[Math.floor(random() * list.length)] as T;
  const table = new Table<Row>(
    ({ id }) => [id],
    ({ owners }) => owners,
  );
  const owners = ['anna', 'luca', 'mira'];
  for (let step = 0; step < 2000; step++) {
    const id = `r${Math.floor(random() * 30)}`;
    const kind = random();
    if (kind < 0.7)
      table.put({
        id,
        owners: owners.filter(() => random() < 0.4),
        value: Math.floor(random() * 9),
      });
    else if (kind < 0.85) table.delete(id);
    else if (kind < 0.95) table.deleteWhere(({ value }) => value === one([1, 2, 3]), 2);
    else table.replaceAll(table.where(() => random() < 0.8));
    for (const owner of owners)
      assert.deepEqual(
        table.of(owner, ({ value }) => value > 2),
        table.where((row) => row.owners.includes(owner) && row.value > 2),
        `step ${step}`,
      );
  }
});

test('what is stored is as JSON would have it, and shares nothing with what was given', () => {
  const table = new Table<{ id: string; more?: unknown }>(({ id }) => [id]);
  const row = {
    id: 'a',
    more: {
      gone: undefined,
      list: [1, undefined, Number.NaN, { deep: 'x' }],
      none: null,
      yes: true,
    },
  };
  table.put(row);
  assert.deepEqual(table.get('a'), JSON.parse(JSON.stringify(row)));
  row.more.list[0] = 2;
  const read = table.get('a') as typeof row;
  read.more.list[0] = 3;
  assert.deepEqual((table.get('a') as typeof row).more.list[0], 1);
});
