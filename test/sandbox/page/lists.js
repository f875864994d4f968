/** Contacts and tasks beside the appointments, on both sides, as lists of cards. What a type is like, its own file says. */
import { crm } from './api.js';
import { contacts } from './contacts.js';
import { byId, el, icon } from './dom.js';
import { openSheet } from './sheet.js';
import { tasks } from './tasks.js';

export const TYPES = [contacts, tasks];

/** Another record, as a google-change names it. */
const nameOf = ({ crmId }) => crmId ?? 'one that is new as well';

/** Draws one type on the CRM's side; `changed`: crmIds to point out. */
export function drawCrmList(look, type, changed = new Set()) {
  const mine = look.records.filter(({ record }) => record === type.record);
  const cards = mine.map((record) => {
    const shown = type.crm.row(type.crm.values(record));
    const tags = [
      [`${record.crmId} · v${record.version}`, 'id'],
      record.origin === 'google' ? ['From Google', 'google'] : undefined,
      record.alike
        ? [`Maybe the same as ${record.alike.map(nameOf).join(', ')}`, 'warn']
        : undefined,
      record.unlinked ? ['No longer kept equal', 'warn'] : undefined,
      record.conflicts.length > 0
        ? [`${record.conflicts.at(-1).field}: conflict`, 'warn']
        : undefined,
    ];
    return card(
      type,
      { ...shown, tags },
      { 'data-crm': record.crmId, 'data-google': record.googleId },
      changed.has(record.crmId),
      () => editCrm(look, type, record),
    );
  });
  fill(byId(`crm-${type.record}s`), cards, `No ${type.one}s yet.`);
}

/** Draws one type on Google's side; `changed`: Google's ids to point out. */
export function drawGoogleList(look, type, changed = new Set()) {
  const cards = look.items[type.record].map((item) =>
    card(
      type,
      type.phone.row(item),
      { 'data-event': item.id, 'data-crm': item.crmId },
      changed.has(item.id),
      () => editGoogle(look, type, item),
    ),
  );
  fill(byId(`google-${type.record}s`), cards, `No ${type.one}s at Google.`);
}

function card(type, { title, lines, done, tags = [] }, data, flash, onclick) {
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: ['card', done && 'done', flash && 'flash'].filter(Boolean).join(' '),
        ...data,
        onclick,
      },
      el('span', { class: 'kind' }, icon(done ? 'done' : type.icon)),
      el(
        'span',
        { class: 'what' },
        el('strong', {}, title),
        lines.filter(Boolean).map((line) => el('span', { class: 'more' }, line)),
        el(
          'span',
          { class: 'tags' },
          tags
            .filter(Boolean)
            .map(([text, kind]) =>
              el('span', { class: kind === 'id' ? kind : `tag ${kind}` }, text),
            ),
        ),
      ),
    ),
  );
}

function fill(area, cards, nothing) {
  const { crm: record, event } = document.activeElement?.dataset ?? {};
  const focused = area.contains(document.activeElement) && (event ?? record);
  area.replaceChildren(
    cards.length === 0 ? el('p', { class: 'empty' }, nothing) : el('ul', { class: 'plain' }, cards),
  );
  if (!focused) return;
  const name = event ? 'event' : 'crm';
  area.querySelector(`[data-${name}="${CSS.escape(focused)}"]`)?.focus();
}

/** Opens the dialog for a record of the CRM, or for a new one. */
export function editCrm(look, type, record) {
  openSheet({
    side: 'crm',
    title: record ? `${record.crmId} in the CRM` : `New ${type.one} in the CRM`,
    fields: type.crm.fields,
    values: record ? type.crm.values(record) : {},
    save(values, changed) {
      const data = type.crm.toData(values, record?.data, look.today);
      if (!record) return crm.create(look.user.userId, data, type.record);
      const wanted = Object.entries(data).filter(([name]) =>
        changed.has(type.crm.formOf[name] ?? name),
      );
      return wanted.length === 0 ? undefined : crm.edit(record.crmId, Object.fromEntries(wanted));
    },
    remove: record && (() => crm.remove(record.crmId)),
  });
}

/** Opens the dialog for what the phone shows, or for something new there. */
export function editGoogle(look, { phone, one }, item) {
  const { email } = look.user;
  openSheet({
    side: 'google',
    title: item ? `Edit ${one} at Google` : `New ${one} at Google`,
    fields: phone.fields(item, phone.lists),
    values: item ? item.values : phone.empty(),
    save: (values, changed) => phone.save(email, item, values, changed),
    remove: item && (() => phone.remove(email, item)),
  });
}
