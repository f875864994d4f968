/** HTML of the authorization endpoint. */
import { isIdentityScope } from './consent.ts';
import type { Account } from './store.ts';

const LABELS: Record<string, string> = {
  calendar: 'See, edit, share, and permanently delete all the calendars you can access',
  'calendar.events': 'View and edit events on all your calendars',
  'calendar.events.owned': 'See, create, change, and delete events on Google calendars you own',
  'calendar.events.owned.readonly': 'See the events on Google calendars you own',
  'calendar.events.readonly': 'View events on all your calendars',
  'calendar.app.created':
    'Make secondary Google calendars, and see, create, change, and delete events on them',
  'calendar.freebusy': 'View your availability in your calendars',
  'calendar.calendarlist.readonly': 'See the list of Google calendars you’re subscribed to',
  contacts: 'See, edit, download, and permanently delete your contacts',
  tasks: 'Create, edit, organize, and delete all your tasks',
};

const STYLE = `
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f0f4f9;color:#1f1f1f;font:16px/1.5 system-ui,sans-serif}
main{background:#fff;border-radius:28px;padding:36px;width:min(560px,100vw)}h1{font-size:28px;font-weight:400;margin:0 0 8px}
p{margin:0 0 20px;color:#444746}label{display:flex;gap:12px;padding:12px 0;border-top:1px solid #e0e3e7;align-items:start}
label input[type=checkbox]{margin-top:5px;width:18px;height:18px;accent-color:#0b57d0}.account{display:block;border:0}.account span{display:block;font-size:14px;color:#444746}
.account input{width:100%;font:inherit;padding:12px;border:1px solid #747775;border-radius:6px}.problem{color:#b3261e}code{word-break:break-all}
.buttons{display:flex;justify-content:flex-end;gap:12px;margin-top:28px}button{font:inherit;font-weight:500;border-radius:20px;padding:9px 24px;border:1px solid #747775;background:#fff;color:#0b57d0;cursor:pointer}
button.allow{background:#0b57d0;border-color:#0b57d0;color:#fff}button:focus-visible,input:focus-visible{outline:3px solid #a8c7fa}`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function html(title: string, body: string): string {
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

function label(scope: string): string {
  return LABELS[scope.replace('https://www.googleapis.com/auth/', '')] ?? scope;
}

/** The consent page. The form posts back to its own address, so any prefix works. */
export function consentPage(options: {
  app: string;
  accounts: readonly Account[];
  hint: string;
  scopes: readonly string[];
  problem: string | undefined;
}): string {
  const identity = options.scopes.some(isIdentityScope);
  const boxes = options.scopes
    .filter((scope) => !isIdentityScope(scope))
    .map(
      (scope) =>
        `<label><input type="checkbox" name="scope" value="${escapeHtml(scope)}" checked><span>${escapeHtml(label(scope))}</span></label>`,
    );
  const fixed = identity
    ? '<label><input type="checkbox" checked disabled><span>See your name, email address and profile picture</span></label>'
    : '';
  const choices = options.accounts
    .map(({ email, name }) => `<option value="${escapeHtml(email)}">${escapeHtml(name)}</option>`)
    .join('');
  return html(
    'Sign in - Google Accounts (simulator)',
    `<h1>Choose an account and what to share</h1><p><b>${escapeHtml(options.app)}</b> wants access to your Google Account. This is a simulator: no password, no real data.</p>
<form method="post">
<label class="account"><span>Account</span><input name="account" type="email" list="accounts" required autocomplete="off" value="${escapeHtml(options.hint)}"></label><datalist id="accounts">${choices}</datalist>
${options.problem ? `<p class="problem" role="alert">${escapeHtml(options.problem)}</p>` : ''}
${fixed}${boxes.join('')}
<div class="buttons"><button name="decision" value="cancel" formnovalidate>Cancel</button><button class="allow" name="decision" value="allow">Allow</button></div>
</form>`,
  );
}

/** The page that Google shows instead of redirecting to an address it cannot trust. */
export function errorPage(code: number, error: string, detail: string): string {
  return html(
    `Error ${code}: ${error}`,
    `<h1>Access blocked: this app’s request is invalid</h1><p>${escapeHtml(detail)}</p><code>Error ${code}: ${escapeHtml(error)}</code>`,
  );
}
