/** Makes elements: `el('button', { class: 'x', onclick }, 'text', child)`. Text is always text, never HTML. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'style')
      for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(
    ...children.flat().filter((child) => child !== undefined && child !== null && child !== false),
  );
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon from the sprite in index.html; decorative unless a label is given. */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 20 20');
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Says something to people who cannot see what changed. */
export function announce(text) {
  byId('announcer').textContent = text;
}

/** A message that shows for a while. `kind`: info, good or bad. */
export function toast(kind, title, text = '') {
  const close = el(
    'button',
    { class: 'ghost', type: 'button', 'aria-label': 'Dismiss', onclick: () => node.remove() },
    icon('x'),
  );
  const node = el(
    'div',
    { class: `toast ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    el('div', {}, el('strong', {}, title), text && el('p', {}, text)),
    close,
  );
  byId('toasts').append(node);
  setTimeout(() => node.remove(), kind === 'bad' ? 12_000 : 5_000);
}
