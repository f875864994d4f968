/** A preview changes nothing: neither side, nor what is stored, and it holds up nobody. */
import type { Entry } from '../history.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

const DEEDS: ReadonlySet<Entry['kind']> = new Set(['effect', 'told', 'committed', 'lease']);

export const previews = (view: View): Violation[] =>
  view.entries
    .filter((e) => DEEDS.has(e.kind) && 'task' in e && view.doing(e.task) === 'preview')
    .map((e) => violation('preview', `a preview: ${e.kind}, step ${e.seq}`));
