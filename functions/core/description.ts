/**
 * The text of an event. Below a marker line the sync shows what Google has no field for (customer,
 * contact persons, kind, link into the CRM); what people write above it is theirs and travels.
 */
import type { Fields, Json } from './fields.ts';

const MARKER = '— CRM —';

/** The description for Google: the text, and the CRM block below it if there is anything to show. */
export function composeDescription(text: Json | undefined, fields: Fields): string {
  const lines = blockLines(fields);
  const above = typeof text === 'string' ? text : '';
  if (lines.length === 0) return above;
  return `${above === '' ? '' : `${above}\n\n`}${MARKER}\n${lines.join('\n')}`;
}

/** Replaces only the CRM block in a description as it stands at Google, text or HTML. */
export function replaceBlock(current: string, fields: Fields): string {
  const at = current.indexOf(MARKER);
  const above = (at < 0 ? current : current.slice(0, at)).replace(/(\s|<br\s*\/?>)+$/i, '');
  if (!isHtml(current)) return composeDescription(above, fields);
  const lines = blockLines(fields).map(escapeHtml);
  return lines.length === 0 ? above : `${above}<br><br>${[MARKER, ...lines].join('<br>')}`;
}

/** The text above the marker, as plain text; null when there is none. */
export function readDescription(description: string | null | undefined): string | null {
  if (!description) return null;
  const text = isHtml(description) ? htmlToText(description) : description;
  const at = text.indexOf(MARKER);
  const above = (at < 0 ? text : text.slice(0, at)).trim();
  return above === '' ? null : above;
}

function blockLines(fields: Fields): string[] {
  const names = [
    fields.customer,
    ...(Array.isArray(fields.contactPersons) ? fields.contactPersons : []),
  ]
    .map((who) =>
      who !== null && typeof who === 'object' && !Array.isArray(who) ? who.name : null,
    )
    .filter((name) => typeof name === 'string');
  const facts = [fields.kind, fields.status].filter((fact) => typeof fact === 'string');
  return [
    names.join(', '),
    facts.join(' · '),
    typeof fields.url === 'string' ? fields.url : '',
  ].filter((line) => line !== '');
}

/** Google's apps save formatted text as HTML; text typed elsewhere stays plain, with its < and &. */
export function isHtml(text: string): boolean {
  return /<(br|p|a|b|i|u|ul|ol|li|span|div|strong|em|html-blob|h[1-6])(\s[^>]*)?\/?>/i.test(text);
}

const entities: { [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Plain text of the HTML that Google's editors produce; links keep their address. */
export function htmlToText(html: string): string {
  return html
    .replace(/\r?\n/g, html.match(/<(br|p|div|li)\b/i) ? ' ' : '\n')
    .replace(/<a\s[^>]*href="([^"]*)"[^>]*>(.*?)<\/a>/gi, (_, href: string, label: string) =>
      label === href || label === '' ? href : `${label} (${href})`,
    )
    .replace(/<br\s*\/?>\s?/gi, '\n')
    .replace(/<li[^>]*>/gi, '- ')
    .replace(/<\/(p|div|li|h[1-6])>\s?/gi, '\n')
    .replace(/<\/?[a-z][^>]*>/gi, '')
    .replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, name: string) => decodeEntity(name) ?? whole)
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function decodeEntity(name: string): string | undefined {
  if (!name.startsWith('#')) return entities[name.toLowerCase()];
  const code =
    name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
