/** What the People simulator keeps. */

/** One entry of a repeated field, for example an email address. */
export type Entry = Record<string, unknown>;

/** The fields of a person by name, normalised; never changed in place. */
export type PersonFields = Readonly<Record<string, readonly Entry[]>>;

/** A contact as it was after one change. */
export interface Version {
  /** Rises with every change of any contact: etags are made of it. */
  changed: number;
  /** ms since the epoch. */
  at: number;
  /** From then on listings show it ([V] 3: writes take minutes to show in sync). */
  visibleAt: number;
  /** null: deleted. */
  fields: PersonFields | null;
  resourceName: string;
  /** Names that the contact had before (PersonMetadata.previousResourceNames). */
  formerNames: readonly string[];
}

/** One contact of one user. */
export interface Contact {
  /** Id of the contact source; stays when the resource name changes. */
  readonly sourceId: string;
  /** Oldest first; the last one is the truth, listings may be behind. */
  versions: Version[];
}

export interface ContactGroup {
  readonly resourceName: string;
  name: string;
  readonly system: boolean;
  clientData: { key: string; value: string }[];
  changed: number;
  updatedAt: number;
  deleted: boolean;
}

/** Everything that one account keeps. */
export interface AddressBook {
  readonly email: string;
  readonly contacts: Map<string, Contact>;
  /** Present and former resource names to source ids. */
  readonly names: Map<string, string>;
  readonly groups: Map<string, ContactGroup>;
  /** Changes of this book, for sync tokens: only what is visible counts. */
  changes: { changed: number; visibleAt: number }[];
  /** Sync tokens of an older epoch are expired. */
  tokenEpoch: number;
}

/** [V] 3: only these two system groups take members; the others are deprecated. */
export const OPEN_SYSTEM_GROUPS = ['contactGroups/myContacts', 'contactGroups/starred'];
