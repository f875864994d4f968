/** The pages: pure functions from what is known to HTML. */
import type { RecordType } from '../core/fields.ts';
import type { Session, User } from '../core/records.ts';
import type { CalendarChoice } from '../google/scopes.ts';
import { type Html, html, raw } from './html.ts';
import { askedPermissions, isPassing, permissionsOf, type View, viewOf } from './status.ts';
import { css, statusScript } from './style.ts';
import { type Language, type Message, texts } from './texts.ts';

/** What every page is made with. */
export interface PageContext {
  language: Language;
  /** PUBLIC_URL: every link and form action starts with it. */
  base: string;
  /** Of the content security policy. */
  nonce: string;
  /** Where appointments live. */
  calendar: CalendarChoice;
  /** The record types that are on. */
  records: readonly RecordType[];
}

const mark = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
  stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path
  d="M4 9h13l-3.5-3.5M20 15H7l3.5 3.5"/></svg>`;

interface Layout {
  title: string;
  main: Html;
  /** Attributes of the main element. */
  attributes?: Html;
  head?: Html;
  script?: string;
}

function layout(page: PageContext, { title, main, attributes, head, script }: Layout): string {
  const { product } = texts[page.language];
  return html`<!doctype html>
<html lang="${page.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title} · ${product}</title>
<style nonce="${page.nonce}">${raw(css)}</style>
${head}
</head>
<body>
<div class="column">
<header><a href="${page.base}/">${mark}<span>${product}</span></a></header>
<main${attributes}>
${main}
</main>
</div>
${script !== undefined && html`<script nonce="${page.nonce}">${raw(script)}</script>`}
</body>
</html>
`.text;
}

const connectForm = (page: PageContext, label: string): Html =>
  html`<form method="post" action="${page.base}/connect"><button class="primary">${label}</button></form>`;

/** Whoever moves says so before the way to Google: a link alone must not replace an account. */
const replaceForm = (page: PageContext, label: string): Html =>
  html`<form method="post" action="${page.base}/connect"><input type="hidden" name="replace" value="yes"><button
class="quiet">${label}</button></form>`;

const list = (items: string[]): Html =>
  html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

/** What is synced, type by type, and what is not. */
function told({ language, calendar, records }: PageContext) {
  const { home } = texts[language];
  const appointments = calendar === 'dedicated' ? home.dedicated : home;
  return {
    synced: [
      ...(records.includes('appointment') ? appointments.synced : []),
      ...(records.includes('contact') ? home.contacts.synced : []),
      ...(records.includes('task') ? home.tasks.synced : []),
    ],
    notSynced: [
      ...(records.includes('contact') ? home.contacts.notSynced : []),
      ...(records.includes('task') ? home.tasks.notSynced : []),
      ...appointments.notSynced,
    ],
  };
}

/** The page for who is not signed in: what is synced, what is asked for and why. Returns HTML. */
export function homePage(page: PageContext): string {
  const { home, permissions } = texts[page.language];
  const { synced, notSynced } = told(page);
  const asked = askedPermissions(page.records, page.calendar).map(
    (p) => html`<li><div><strong>${permissions[p].name}</strong> ${permissions[p].why}</div></li>`,
  );
  const main = html`<h1>${home.title}</h1>
<p class="lead">${home.lead}</p>
<div class="call">${connectForm(page, home.connect)}<p class="soft">${home.account}</p></div>
<section class="card" aria-labelledby="synced"><h2 id="synced">${home.syncedTitle}</h2>
${list(synced)}</section>
<section class="card" aria-labelledby="not-synced"><h2 id="not-synced">${home.notSyncedTitle}</h2>
${list(notSynced)}</section>
<section class="card" aria-labelledby="permissions"><h2 id="permissions">${home.permissionsTitle}</h2>
<p class="soft">${home.permissionsLead}</p><ul class="rows">${asked}</ul></section>
<section class="card" aria-labelledby="leaving"><h2 id="leaving">${home.leavingTitle}</h2>
<p>${home.leaving}</p></section>`;
  return layout(page, { title: home.title, main });
}

/** Which messages offer to start again; the others lead to the start page. */
const startAgain: readonly Message[] = [
  'expired',
  'denied',
  'refusedByGoogle',
  'identity',
  'unverified',
  'unknownUser',
  'otherAccount',
  'signedOut',
];

/** `account` is shown to whoever used it, and only there. */
export function messagePage(page: PageContext, message: Message, account = '—'): string {
  const { messages, actions } = texts[page.language];
  const { title, body } = messages[message](account);
  const main = html`<h1>${title}</h1>
${body.map((text) => html`<p>${text}</p>`)}
<div class="call">${
    startAgain.includes(message)
      ? connectForm(page, actions.connect)
      : html`<a href="${page.base}/">${actions.home}</a>`
  }${message === 'otherAccount' && replaceForm(page, actions.replace)}</div>`;
  return layout(page, { title, main });
}

const tones: { [V in View]: 'good' | 'warn' | 'bad' } = {
  firstSync: 'good',
  active: 'good',
  reauthorize: 'bad',
  held: 'warn',
  paused: 'warn',
  disabled: 'warn',
  disconnecting: 'warn',
  disconnected: 'warn',
};

/** The page of a signed-in user: state, permissions, account, disconnecting. Returns HTML. */
export function statusPage(page: PageContext, user: User, session: Session): string {
  const view = viewOf(user);
  const { status } = texts[page.language];
  const { title } = status.views[view];
  const connected = view !== 'disconnected' && view !== 'disconnecting';
  const main = html`${stateCard(page, user, session, view)}
${connected && permissionCard(page, user, view)}
${accountCard(page, user, view)}
${connected && disconnectCard(page, session)}
<form class="out" method="post" action="${page.base}/signout">${csrf(session)}<button
class="quiet">${status.signOut}</button></form>`;
  return layout(page, {
    title,
    main,
    attributes: html` data-view="${view}" data-passing="${isPassing(view) ? 'yes' : 'no'}"
 data-url="${page.base}/status.json"`,
    ...(isPassing(view)
      ? { head: html`<noscript><meta http-equiv="refresh" content="3"></noscript>` }
      : {}),
    script: statusScript,
  });
}

const csrf = (session: Session): Html =>
  html`<input type="hidden" name="csrf" value="${session.csrf}">`;

function stateCard(page: PageContext, user: User, session: Session, view: View): Html {
  const { status, disconnect } = texts[page.language];
  const { title, text } = status.views[view];
  return html`<section class="card state ${tones[view]}" aria-labelledby="state">
<div role="status"><h1 id="state">${title}</h1><p>${text}</p></div>
${view === 'held' && html`<p>${status.held} ${heldTypes(page, user)}</p>`}
${view === 'reauthorize' && user.stateReason === 'scopesChanged' && html`<p>${status.scopesChanged}</p>`}
${
  view === 'firstSync' &&
  html`<progress aria-label="${status.progress}"></progress>
<p class="soft">${status.progressCount} <span id="synced">${user.firstSyncCount ?? 0}</span></p>`
}
${(view === 'reauthorize' || view === 'disconnected') && connectForm(page, status.connectAgain)}
${
  view === 'disconnecting' &&
  html`<form method="post" action="${page.base}/disconnect">${csrf(session)}<input type="hidden"
name="leaving" value="${user.leaving}"><button class="quiet">${disconnect.again}</button></form>`
}
</section>`;
}

/** What is held, by the names that the permissions have. */
const heldTypes = ({ language }: PageContext, user: User): string =>
  Object.keys(user.held ?? {})
    .map((record) => texts[language].status.types[record as RecordType])
    .join(', ');

function permissionCard(page: PageContext, user: User, view: View): Html {
  const { status, permissions } = texts[page.language];
  const rows = permissionsOf(user, page.records, page.calendar);
  const missing = rows.some((row) => !row.on);
  return html`<section class="card" aria-labelledby="permissions">
<h2 id="permissions">${status.permissionsTitle}</h2>
<ul class="rows">${rows.map(
    ({ permission, on }) => html`<li data-permission="${permission}" data-on="${on ? 'yes' : 'no'}">
<div><strong>${permissions[permission].name}</strong> <span class="soft">${
      on ? permissions[permission].why : permissions[permission].off
    }</span></div>
<span class="badge ${on ? 'good' : 'warn'}">${on ? status.on : status.off}</span></li>`,
  )}</ul>
${
  missing &&
  (view === 'active' || view === 'firstSync') &&
  html`<div class="call"><p class="soft">${status.offHint}</p>
<form method="post" action="${page.base}/connect"><button class="quiet">${status.connectAgain}</button></form></div>`
}
</section>`;
}

function accountCard(page: PageContext, user: User, view: View): Html {
  const { status } = texts[page.language];
  const row = (name: string, value: string | undefined, id?: string): Html | false =>
    value !== undefined &&
    html`<dt>${name}</dt><dd${id !== undefined && html` id="${id}"`}>${value}</dd>`;
  return html`<section class="card" aria-labelledby="account">
<h2 id="account">${status.accountTitle}</h2>
<dl>${row(status.crmUser, user.name === undefined ? user.email : `${user.name}, ${user.email}`)}
${row(status.googleAccount, user.googleEmail)}
${view !== 'disconnected' && row(status.connectedAt, timeOf(page.language, user, user.connectedAt))}
${row(status.lastSync, timeOf(page.language, user, user.lastSyncAt) ?? status.never, 'last-sync')}
</dl></section>`;
}

function disconnectCard(page: PageContext, session: Session): Html {
  const t = texts[page.language].disconnect;
  const choice = (value: string, name: string, hint: string, checked: boolean): Html =>
    html`<label class="choice"><input type="radio" name="leaving" value="${value}"${
      checked && raw(' checked')
    }><span>${name}</span><small>${hint}</small></label>`;
  return html`<section class="card disconnect" aria-labelledby="disconnect">
<h2 id="disconnect">${t.title}</h2>
<p class="soft">${t.text}</p>
<form method="post" action="${page.base}/disconnect">${csrf(session)}
<fieldset><legend>${t.choice}</legend>
${choice('keep', t.keep, t.keepHint, true)}
${choice('remove', t.remove, t.removeHint, false)}
</fieldset><button class="danger">${t.button}</button></form></section>`;
}

/** What the status page's script asks for. */
export function statusJson(
  language: Language,
  user: User,
): { view: View; synced: number; lastSync?: string } {
  const lastSync = timeOf(language, user, user.lastSyncAt);
  const synced = user.firstSyncCount ?? 0;
  return { view: viewOf(user), synced, ...(lastSync === undefined ? {} : { lastSync }) };
}

/** A time as the user's clock shows it. */
function timeOf(language: Language, user: User, at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const locale = language === 'de' ? 'de-DE' : 'en-GB';
  const style = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  try {
    return new Intl.DateTimeFormat(locale, { ...style, timeZone: user.timeZone }).format(at);
  } catch {
    return new Intl.DateTimeFormat(locale, { ...style, timeZone: 'UTC' }).format(at);
  }
}
