/**
 * What people did, and what they saw when they did it. Every value that is written is unique, so that it
 * can be told afterwards what became of each edit. Imports nothing of the sync: it judges it.
 */

/** The fields that people edit; start and end are one. */
export const FIELDS = ['subject', 'description', 'time'] as const;
export type Field = (typeof FIELDS)[number];

/** An entry as one side shows it, in a form that both sides share. Times are ms since the epoch. */
export type Shown = { [F in Field]: string | null };

export type Side = 'crm' | 'google';

/** A value that a person wrote. */
export interface Edit {
  side: Side;
  field: Field;
  value: string | null;
  /** What this side showed before; undefined for the first value. */
  saw: string | null | undefined;
}

/** All that people did to one entry. Its token stands in the place, which nobody changes. */
export interface Story {
  token: string;
  userId: string;
  edits: Edit[];
  /** What each person saw who deleted it. */
  deletions: { side: Side; saw: Shown }[];
}

/** The stories of all entries, by token. */
export class Ledger {
  readonly stories = new Map<string, Story>();

  created(token: string, userId: string, side: Side, shown: Shown): void {
    const edits = FIELDS.map((field) => ({ side, field, value: shown[field], saw: undefined }));
    this.stories.set(token, { token, userId, edits, deletions: [] });
  }

  edited(token: string, edit: Edit): void {
    this.#story(token).edits.push(edit);
  }

  deleted(token: string, side: Side, saw: Shown): void {
    this.#story(token).deletions.push({ side, saw });
  }

  #story(token: string): Story {
    const story = this.stories.get(token);
    if (!story) throw new Error(`no story of ${token}`);
    return story;
  }
}

/** A value that lost against the other side's, as the CRM was told: field and both values. */
export type Lost = Set<string>;

/** How a lost value is looked up. */
export const lostKey = (token: string, field: Field, value: string | null) =>
  JSON.stringify([token, field, value]);

/**
 * What is wrong with how an entry ended, in sentences; nothing when all is well. `crm` and `google` are
 * what the two sides show at the end under its token.
 */
export function judge(story: Story, crm: Shown[], google: Shown[], lost: Lost): string[] {
  const about = (text: string) => `${story.token} (${story.userId}): ${text}`;
  if (crm.length > 1) return [about(`${crm.length} records in the CRM`)];
  if (google.length > 1) return [about(`${google.length} events at Google`)];
  const [here] = crm;
  const [there] = google;
  if (!here !== !there) return [about(`only ${here ? 'in the CRM' : 'at Google'}`)];
  if (here && there) {
    const unequal = FIELDS.filter((field) => here[field] !== there[field]);
    if (unequal.length > 0) {
      const both = unequal.map((f) => `${f} is ${here[f]} in the CRM, ${there[f]} at Google`);
      return [about(both.join('; '))];
    }
  }
  return [...lostEdits(story, here, lost), ...resurrections(story, here)].map(about);
}

/** P4: an edit is in the final value, or someone who saw it went on from it, or its loss was told. */
function lostEdits(story: Story, end: Shown | undefined, lost: Lost): string[] {
  return story.edits
    .filter(({ field, value }) => {
      if (end && end[field] === value) return false;
      if (story.edits.some((later) => later.field === field && later.saw === value)) return false;
      // Whoever deleted the entry and saw this gave it up, also where a newer edit brought the entry back.
      if (story.deletions.some(({ saw }) => saw[field] === value)) return false;
      return !lost.has(lostKey(story.token, field, value));
    })
    .map(
      ({ side, field, value }) =>
        `${field} ${value}, written ${side === 'crm' ? 'in the CRM' : 'at Google'}, is lost` +
        ` (${end ? `it is ${end[field]}` : 'the entry is gone'})`,
    );
}

/** P7: what was deleted is back only where somebody had written what the deleting person did not see. */
function resurrections(story: Story, end: Shown | undefined): string[] {
  if (!end) return [];
  return story.deletions
    .filter(({ saw }) =>
      story.edits.every((edit) => ancestors(story, edit.field, saw[edit.field]).has(edit.value)),
    )
    .map(({ side }) => `deleted on side ${side} with nothing newer, and still there`);
}

/** The value, and what it was written over, and so on. */
function ancestors(story: Story, field: Field, value: string | null): Set<string | null> {
  const found = new Set<string | null>();
  let at: string | null | undefined = value;
  while (at !== undefined && !found.has(at)) {
    found.add(at);
    const now: string | null = at;
    at = story.edits.find((edit) => edit.field === field && edit.value === now)?.saw;
  }
  return found;
}
