import type { Json, RecordType } from '../../../functions/core/fields.ts';
import type {
  Appointment,
  Conflict,
  Contact,
  GoogleChange,
  Moment,
  Occurrence,
  Rejection,
  Task,
} from '../../../functions/core/messages.ts';

/** A user as the CRM keeps him or her, with what it was told about the Google side. */
export interface CrmUser {
  userId: string;
  email: string;
  name: string;
  timeZone: string;
  enabled: boolean;
  version: number;
  /** Last `record: user` google-change: connected, needs to authorize again ... */
  google?: { [field: string]: Json };
}

/** What a record says; which fields there are depends on its type. */
export type RecordData = Omit<Appointment, 'status'> &
  Contact &
  Omit<Task, 'status'> & { status?: Appointment['status'] | Task['status'] };

/** An entry of the contact history, a contact person or a task, as the CRM stores and shows it. */
export interface CrmRecord {
  crmId: string;
  userId: string;
  record: RecordType;
  /** Rises with every change of the record, by whomever. */
  version: number;
  /** The version of the last change that a person made in the CRM. */
  editedVersion: number;
  /** The same per field: a person's newer value is not overwritten by what Google had before it. */
  editedFields?: { [field: string]: number };
  /** Fields of which a person's value stood against Google's, until the sync has decided. */
  contested?: string[];
  data: RecordData;
  deleted: boolean;
  /** Set when the deletion was told by Google: such a record may come back. */
  deletedBy?: 'crm' | 'google';
  /** It was one occurrence of this series, which was deleted here. */
  wentWith?: string;
  /** Deleted here, edited at Google, and restored under this number. */
  restoredAs?: string;
  origin: 'crm' | 'google';
  /** What it is at Google for its owner; just handed over, nothing yet. */
  googleId?: string;
  /** What it was at Google under owners who have handed it over. */
  formerly?: { userId: string; googleId: string }[];
  /** The version in which it was handed over to its owner. */
  ownedSince?: number;
  /** The record is this one occurrence of a series (RECURRENCE=series). */
  occurrence?: Occurrence;
  /** Of a series: original starts of occurrences that do not take place and have no record. */
  cancelled?: Moment[];
  /** changeId of the last google-change applied: travels with every later message. */
  seen?: string;
  redacted?: boolean;
  /** Google's user has taken it out: both sides keep it, and it is no longer kept equal. */
  unlinked?: boolean;
  /** Others that are maybe the same: for a person to look at. */
  alike?: NonNullable<GoogleChange['alike']>;
  /** Newest last. */
  conflicts: Conflict[];
  rejected?: Rejection;
  /** Published by a script that keeps its own versions (POST /crm/changes): the CRM answers nothing for it. */
  external?: boolean;
  /** ms since the epoch. */
  updatedAt: number;
}

/** What the CRM simulator needs from its surroundings. */
export interface CrmOptions {
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Publishes on crm-changes: an object, or the raw text of a script's message. */
  publish: (message: unknown) => Promise<void> | void;
  /** Publish again what a google-change wrote (default). Not every CRM does. */
  echo?: boolean;
  /** What to do when Google's edit beats a deletion (design rule 10). */
  onDeletedInCrm?: 'restore' | 'deleteAgain';
  /** Address of a record in the CRM, put into `url`. */
  recordUrl?: (crmId: string) => string;
  /** Told after each change of a record or user, for a live view. */
  changed?: (what: { userId: string; crmId?: string }) => void;
}

/** Thrown for a request that names something the CRM does not have, or breaks its rules. */
export class CrmError extends Error {
  override readonly name = 'CrmError';
  /** As an HTTP answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
