/**
 * The notes of a task. A block of two lines, a marker and the link into the CRM, stands below the text;
 * all else is the text, wherever people write it: above the block, or below it, where a phone's keyboard
 * opens.
 */
import { cut } from './cut.ts';

/** https://developers.google.com/workspace/tasks/reference/rest/v1/tasks: notes. */
const MOST = 8192;

/** Which CRM record a task was inserted for, and the how-manieth time. */
export interface Marker {
  crmId: string;
  generation: number;
}

/** What the block says. */
export interface Block {
  marker?: Marker | undefined;
  url?: string | undefined;
}

/** The notes for Google; the text is cut where it does not fit, the block never. */
export function composeNotes(text: string, block: Block): string {
  const lines = blockLines(block);
  if (lines.length === 0) return cut(text, MOST);
  const below = lines.join('\n');
  return text === '' ? below : `${cut(text, MOST - below.length - 2)}\n\n${below}`;
}

/** The text of notes, and what their block says. Of several blocks the last one counts. */
export function readNotes(notes: string | null | undefined): { text: string } & Block {
  const lines = (notes ?? '').replaceAll('\r\n', '\n').split('\n');
  const at = lines.findLastIndex((line) => MARKER.test(line.trim()));
  if (at < 0) return { text: lines.join('\n').trim() };
  const marker = markerIn(lines[at] ?? '');
  const next = lines[at + 1]?.trim() ?? '';
  const url = /^https?:\/\/\S+$/.test(next) ? next : undefined;
  const above = lines.slice(0, at).join('\n').trim();
  const behind = lines
    .slice(url === undefined ? at + 1 : at + 2)
    .join('\n')
    .trim();
  return {
    text: [above, behind].filter((part) => part !== '').join('\n'),
    ...(marker && { marker }),
    ...(url && { url }),
  };
}

const MARKER = /^— CRM(?: (\S+?)(?: · (\d{1,6}))?)? —$/;

function blockLines({ marker, url }: Block): string[] {
  if (!marker) return url === undefined ? [] : ['— CRM —', url];
  const { crmId, generation } = marker;
  const name = crmId.replace(UNSAFE, encodeURIComponent);
  const times = generation === 0 ? '' : ` · ${generation}`;
  return [`— CRM ${name}${times} —`, ...(url === undefined ? [] : [url])];
}

/** Characters that would tear the marker line. */
const UNSAFE = /[\s%·—\p{C}]/gu;

function markerIn(line: string): Marker | undefined {
  const [, name, generation = '0'] = MARKER.exec(line.trim()) ?? [];
  if (name === undefined) return undefined;
  try {
    return { crmId: decodeURIComponent(name), generation: Number(generation) };
  } catch {
    return undefined;
  }
}
