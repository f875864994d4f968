/** Keyboard and pointer behaviour that several parts share. */

/** Arrow keys go through a group of which one is chosen, as people expect of radios and tabs. */
export function arrows(group, selector, pick) {
  group.addEventListener('keydown', (key) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key.key];
    if (!step) return;
    const all = [...group.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    const next = all[(at + step + all.length) % all.length];
    key.preventDefault();
    next.focus();
    pick(next);
  });
}

/** The same entry on both sides lights up under the pointer or the focus. */
export function pairUp(area) {
  const light = (target) => {
    const node = target?.closest?.('[data-crm], [data-event]');
    const { crm, google, event } = node?.dataset ?? {};
    for (const other of area.querySelectorAll('.card, .event')) {
      const { dataset } = other;
      const same =
        (crm && dataset.crm === crm) ||
        (google && dataset.event === google) ||
        (event && dataset.google === event);
      other.classList.toggle('paired', Boolean(node && same));
    }
  };
  area.addEventListener('pointerover', (at) => light(at.target));
  area.addEventListener('pointerleave', () => light());
  area.addEventListener('focusin', (at) => light(at.target));
  area.addEventListener('focusout', () => light());
}
