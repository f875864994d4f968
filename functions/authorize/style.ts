/** The pages' own style sheet and script; nothing is loaded from anywhere. */

/** The style sheet of all pages; part of each, since nothing is fetched. */
export const css = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --line: #d9dde3; --text: #1c2128; --soft: #57606a;
  --accent: #1a56c4; --on-accent: #ffffff; --accent-soft: #e8effb;
  --good: #1a7f4b; --warn: #9a5b00; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --card: #191d23; --line: #323942; --text: #e7eaee; --soft: #a2acb8;
    --accent: #8fb6ff; --on-accent: #0b1c3d; --accent-soft: #1d2a42;
    --good: #63d297; --warn: #f2b45c; --bad: #ff9a92;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: break-word;
}
.column { max-width: 42rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding: 1.5rem 0 0.5rem; }
header a { display: inline-flex; align-items: center; gap: 0.6rem; color: var(--text);
  font-weight: 600; text-decoration: none; }
header svg { width: 1.75rem; height: 1.75rem; color: var(--accent); flex: none; }
main { padding: 0.5rem 0 3rem; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.1rem); line-height: 1.2; margin: 1.25rem 0 0.75rem;
  letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 1.1rem; line-height: 1.3; margin: 0 0 0.75rem; }
p { margin: 0 0 1rem; }
.lead { font-size: 1.1rem; color: var(--soft); }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.9rem;
  padding: 1.25rem 1.35rem; margin: 1.25rem 0 0; }
.card > :last-child { margin-bottom: 0; }
ul { margin: 0; padding-left: 1.2rem; }
li + li { margin-top: 0.45rem; }
.call { margin: 1.5rem 0 2rem; }
.call p { margin: 0.75rem 0 0; }
.card .call { margin: 1.1rem 0 0; }
.card .call p { margin: 0 0 0.75rem; }
button { font: inherit; font-weight: 600; min-height: 2.9rem; padding: 0.6rem 1.4rem; cursor: pointer;
  border: 1px solid transparent; border-radius: 0.7rem; }
button:hover { filter: brightness(1.08); }
.primary { background: var(--accent); color: var(--on-accent); }
.danger { background: transparent; color: var(--bad); border-color: currentColor; }
.quiet { background: transparent; color: var(--accent); border-color: var(--line); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: 0.45rem 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
.rows { list-style: none; padding: 0; }
.rows li { display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; }
.rows li + li { margin-top: 0.9rem; padding-top: 0.9rem; border-top: 1px solid var(--line); }
.rows strong { display: block; }
.badge { flex: none; border: 1px solid currentColor; border-radius: 1rem; font-size: 0.85rem;
  font-weight: 600; padding: 0.05rem 0.7rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.state { border-left: 0.35rem solid; }
.state h1 { margin: 0 0 0.5rem; color: var(--text); }
.state p { color: var(--text); }
.state div p { margin: 0; }
.state progress, .state div + p { margin-top: 1rem; }
.state form { margin-top: 1rem; }
progress { width: 100%; height: 0.5rem; accent-color: var(--accent); }
fieldset { border: 0; margin: 0 0 1.25rem; padding: 0; }
legend { padding: 0; margin-bottom: 0.5rem; font-weight: 600; }
.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 0.75rem; padding: 0.65rem 0.8rem;
  border: 1px solid var(--line); border-radius: 0.7rem; cursor: pointer; }
.choice + .choice { margin-top: 0.6rem; }
.choice:has(:checked) { border-color: var(--accent); background: var(--accent-soft); }
.choice input { width: 1.15rem; height: 1.15rem; margin: 0.2rem 0 0; accent-color: var(--accent); }
.choice small { grid-column: 2; font-size: 0.92rem; color: var(--soft); }
.out { margin-top: 1.75rem; }
@media (max-width: 30rem) {
  .call button, .state button, .disconnect button { width: 100%; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd + dt { margin-top: 0.6rem; }
}
@media (forced-colors: active) { .primary { border-color: ButtonText; } }
`;

/**
 * Keeps the status page true: asks for the state, reloads when it became another one, and otherwise
 * only exchanges the time of the last sync, so that nothing moves under the user's hands.
 */
export const statusScript = `
const root = document.querySelector('main[data-view]');
const passing = root.dataset.passing === 'yes';
let looks = 0;
async function look() {
  let wait = passing ? (looks++ < 120 ? 1000 : 5000) : 15000;
  try {
    if (!document.hidden) {
      const answer = await fetch(root.dataset.url, { cache: 'no-store' });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error();
      const now = await answer.json();
      if (now.view !== root.dataset.view) return location.reload();
      const last = document.getElementById('last-sync');
      if (last && now.lastSync) last.textContent = now.lastSync;
      const synced = document.getElementById('synced');
      if (synced) synced.textContent = now.synced;
    }
  } catch {
    wait = 5000;
  }
  setTimeout(look, wait);
}
setTimeout(look, passing ? 1000 : 15000);
`;
