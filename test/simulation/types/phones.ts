/** The contacts app and the Tasks app of a simulated person. */
import { contactsPhone } from '../../sandbox/google/people/phone.ts';
import { tasksPhone } from '../../sandbox/google/tasks/phone.ts';
import type { Edit, Raw } from '../history.ts';
import type { System } from '../system.ts';
import { emailOf } from '../users.ts';
import { type Stored, storedContacts, storedTasks } from './objects.ts';
import type { TypeAction } from './script.ts';
import { personFields, typedFields } from './values.ts';

/** Something is done with one object: what it was before, and is then, goes into the history. */
function touch(
  system: System,
  record: 'contact' | 'task',
  user: string,
  { op, id, now }: { op: Edit['op']; id?: string; now: (id: string | undefined) => Stored[] },
  effect: () => string | undefined,
): void {
  const before = now(id)[0];
  const name = effect() ?? id;
  system.changes.note(undefined, 'phone', user);
  const after = now(name)[0];
  const seen = (stored: Stored | undefined): Raw | undefined =>
    stored && !stored.resource.deleted ? stored.resource : undefined;
  system.edited({
    record,
    side: 'google',
    op,
    user,
    id: after?.id ?? before?.id ?? '',
    before: seen(before),
    after: seen(after),
  });
}

/** One thing that a person does in the contacts app. */
export function address(system: System, user: string, action: TypeAction): void {
  const { people } = system.workspace;
  const app = contactsPhone(people, emailOf(user));
  const label = app.labels().find(({ name }) => name.startsWith('CRM'))?.name;
  const stored = () => storedContacts(people, emailOf(user));
  const now = (id: string | undefined) => stored().filter((c) => c.id === id || c.name === id);
  if (action.what === 'phone.create') {
    if (label === undefined) return;
    const make = () => app.add(personFields(action.fields, action.n), label).resourceName;
    touch(system, 'contact', user, { op: 'create', now }, make);
    return;
  }
  if (action.what === 'phone.renamePlace' || action.what === 'phone.deletePlace') {
    if (label === undefined) return;
    if (action.what === 'phone.renamePlace') app.renameLabel(label, `CRM ${action.n}`);
    else {
      app.deleteLabel(label);
      system.happened(user, 'placeLost', 'contact');
    }
    system.changes.note(undefined, 'phone', user);
    return;
  }
  const own = stored().filter(
    ({ id, resource }) => !resource.deleted && !system.isForeign(user, id),
  );
  const one = own[action.pick % own.length];
  if (!one) return;
  const { name, id } = one;
  const change = (op: Edit['op'], effect: () => unknown) =>
    touch(system, 'contact', user, { op, id, now }, () => {
      effect();
      return undefined;
    });
  const has = label !== undefined && app.labelsOf(name).includes(label);
  if (action.what === 'phone.edit')
    change('edit', () => app.edit(name, personFields(action.fields, action.n) as object as Raw));
  else if (action.what === 'phone.delete') change('delete', () => app.remove(name));
  else if (action.what === 'phone.relink') {
    app.relink(name);
    system.changes.note(undefined, 'phone', user);
  } else if (action.what === 'phone.unlabel' && has)
    change('takeOut', () => app.unlabel(name, label));
  else if (action.what === 'phone.label' && label !== undefined && !has)
    change('takeIn', () => app.label(name, label));
}

/** One thing that a person does in the Tasks app. */
export async function list(system: System, user: string, action: TypeAction): Promise<void> {
  const { tasks } = system.workspace;
  const app = tasksPhone(tasks, emailOf(user));
  const title = app.lists().find((name) => name.startsWith('CRM'));
  if (title === undefined) return;
  const stored = () => storedTasks(tasks, emailOf(user)).filter(({ place }) => place);
  const now = (id: string | undefined) => stored().filter((t) => t.id === id);
  if (action.what === 'phone.create') {
    const make = () => app.add(title, typedFields(action.fields, action.n)).id;
    touch(system, 'task', user, { op: 'create', now }, make);
    return;
  }
  if (action.what === 'phone.renamePlace') {
    // Known limit: a list bears nothing but its title, so until its id is stored that finds it again.
    if ((await system.store.getUser(user))?.places?.task !== undefined)
      app.renameList(title, `CRM ${action.n}`);
    return;
  }
  if (action.what === 'phone.deletePlace') {
    app.deleteList(title);
    system.happened(user, 'placeLost', 'task');
    system.changes.note(undefined, 'phone', user);
    return;
  }
  const wanted = action.what === 'phone.restore';
  const own = stored().filter(({ resource }) => (resource.deleted === true) === wanted);
  const one = own[action.pick % own.length];
  if (!one) return;
  const { id } = one;
  const change = (op: Edit['op'], effect: () => void) =>
    touch(system, 'task', user, { op, id, now }, () => {
      effect();
      return undefined;
    });
  if (action.what === 'phone.delete') change('delete', () => app.remove(id));
  else if (action.what === 'phone.restore') change('restore', () => app.restore(id));
  else if (action.what === 'phone.edit')
    change('edit', () => {
      app.edit(id, typed(one.resource, action.fields, action.n));
      if (!action.fields.includes('done')) return;
      if (action.n % 2 === 0) app.complete(id);
      else app.reopen(id);
    });
}

/** Whoever edits the notes edits the text: the block below it stays. */
function typed(resource: Raw, fields: readonly string[], n: number) {
  const { notes, ...rest } = typedFields(fields, n);
  if (notes === undefined) return rest;
  const block = /^— CRM[\s\S]*$/m.exec(String(resource.notes ?? ''))?.[0];
  return { ...rest, notes: block === undefined ? notes : `${notes}\n\n${block}` };
}
