/** What the history checker gets: plain data from the simulators and the editors, nothing of the engine. */

// biome-ignore lint/suspicious/noExplicitAny: raw resources of two systems, compared field by field.
export type Raw = { [field: string]: any };

/** Left out where it is an appointment. */
type OtherType = 'contact' | 'task';

/** Something a person did. */
export interface Edit {
  kind: 'edit';
  record?: OtherType;
  seq: number;
  at: number;
  side: 'crm' | 'google';
  op:
    | 'create'
    | 'edit'
    | 'delete'
    | 'cancel'
    | 'replan'
    | 'handOver'
    | 'recreate'
    | 'restore'
    /** Gone, because its series was changed. */
    | 'vanish'
    /** A contact's label, taken off and given. */
    | 'takeOut'
    | 'takeIn';
  user: string;
  /** The CRM's id, or the event's or occurrence's id. */
  id: string;
  /** What the person saw, and what it was afterwards; undefined: it did not exist. */
  before: Raw | undefined;
  after: Raw | undefined;
  /** CRM: of an occurrence, its place in the series, as in Google's ids. */
  slot?: string;
  /** CRM: Google's owner hides the content. */
  redacted?: boolean;
}

/** A change of one event or occurrence, by the engine or, as the consequence of an edit, by Google. */
export interface Effect {
  kind: 'effect';
  record?: OtherType;
  seq: number;
  at: number;
  /** The task of the engine that called; undefined: a person's phone. */
  task: number | undefined;
  method: string;
  /** The caller and the calendar that changed: guests' copies change with the organizer's event. */
  caller: string;
  user: string;
  id: string;
  etag: string;
  before: Raw | undefined;
  after: Raw;
  fence: number | undefined;
  conditional: boolean;
  /**
   * Of a deletion that takes no etag, and of what goes with a series, whose etag says nothing of it: the step at
   * which the run looked at the object before.
   */
  looked?: number;
  /** The same for all that one call changed. */
  call: number;
}

/** A call that the engine began. */
export interface Issue {
  kind: 'issue';
  seq: number;
  at: number;
  task: number;
  user: string;
  method: string;
  /** Until when the task holds the user's lease; 0: it holds none. */
  leaseUntil: number;
}

/** A process began to handle a message, or what a person asked the admin function for. */
export interface TaskBegun {
  kind: 'task';
  seq: number;
  at: number;
  task: number;
  /** The subscription, or the admin's action. */
  what: string;
  /** Of an admin's action: on whom, and which run is undone. */
  userId?: string;
  run?: number;
}

/** A task took a user's lease. */
export interface LeaseTaken {
  kind: 'lease';
  seq: number;
  at: number;
  task: number;
  user: string;
  fence: number;
}

/** The CRM applied a message. */
export interface Applied {
  kind: 'applied';
  seq: number;
  at: number;
  message: Raw;
  changed: { crmId: string; user: string; before: Raw | undefined; after: Raw | undefined }[];
}

/** The engine stored links, and what the CRM is to be told. */
export interface Committed {
  kind: 'committed';
  seq: number;
  at: number;
  task: number;
  user: string;
  links: {
    record?: OtherType;
    googleId: string | undefined;
    etag: string | undefined;
    state: string;
  }[];
  /** The changeIds of messages that were stored with them: whatever run sends them. */
  outbox: string[];
}

/** Published to the CRM, once per changeId. */
export interface Told {
  kind: 'told';
  seq: number;
  at: number;
  /** The task that told it first; undefined: none of the functions. */
  task: number | undefined;
  message: Raw;
}

/** Things that happened to a user as a whole. */
export interface UserEvent {
  kind: 'user';
  seq: number;
  at: number;
  user: string;
  what:
    | 'revoked'
    /** The engine has ended the grant. */
    | 'ended'
    | 'connected'
    | 'leavingKeep'
    | 'leavingRemove'
    | 'emptyListing'
    | 'calendarDropped'
    /** The user deletes the label or the list. */
    | 'placeLost';
  /** What lived in the place that was lost. */
  record?: OtherType;
}

/** A false notification led to a call through a port. */
export interface Forged {
  kind: 'forged';
  seq: number;
  at: number;
  task: number;
  call: string;
}

/** So much time has passed since the last trouble that every safety poll has been due. */
export interface Safe {
  kind: 'safe';
  seq: number;
  at: number;
}

/** What a user's document says from now on about whether runs may begin. */
export interface UserState {
  kind: 'state';
  seq: number;
  at: number;
  user: string;
  state: string;
  reason?: string;
  enabled: boolean;
  leaving?: string;
}

export type Entry =
  | Edit
  | Effect
  | Issue
  | TaskBegun
  | LeaseTaken
  | Applied
  | Committed
  | Told
  | UserEvent
  | Forged
  | Safe
  | UserState;

/** One event as a person sees it in the calendar; of an occurrence, the series and its place in it. */
export interface ShownEvent {
  user: string;
  id: string;
  resource: Raw;
  series?: string;
  slot?: string;
}

/** How it all ended. */
export interface Final {
  /** What a series is for the CRM: an appointment an occurrence, or a record of its own. */
  recurrence: 'occurrences' | 'series';
  /** `calendars`: those in which the sync writes; what lives there they organise. */
  users: { userId: string; email: string; calendars: string[]; timeZone: string }[];
  /** Every record that the CRM ever had. */
  records: Raw[];
  /** Every event of every calendar, cancelled ones too. */
  events: { user: string; id: string; etag: string; resource: Raw; exception: boolean }[];
  /** All that takes place at Google: single events and the occurrences of series. */
  shown: ShownEvent[];
  /** Contacts and tasks, deleted ones too. */
  others?: { record: OtherType; user: string; id: string; etag: string; resource: Raw }[];
  /** Of contacts by `user/name`, which their names change: `user/id`. */
  aliases?: { [name: string]: string };
  /** By record type: how late Google's listings may show what has happened, ms; none: at once. */
  lagMs?: { [record: string]: number };
  /** What takes place in calendars that the sync has made and does not live in any more. */
  strays: ShownEvent[];
  /** Resources that the engine must not touch, as they were at the start. */
  foreign: { record?: OtherType; user: string; id: string; resource: Raw }[];
  mails: number;
  /** The CRM publishes again what it was told. */
  echo: boolean;
  /** Who wins a conflict, per field of the CRM's; the CRM where it says nothing. */
  policy: { [field: string]: 'crm' | 'google' };
  /** Faults that struck. */
  struck: number;
  /** What one more cycle did after everything was quiet, and the rules of what a preview plans then. */
  extra: { writes: number; told: number; stateChanged: boolean; planned: string[] };
  /** Whether everything came to rest within the bound. */
  rested: boolean;
  /** Programming errors that a function reported. */
  bugs: string[];
  window: { from: number; to: number };
  now: number;
}

export interface History {
  entries: Entry[];
  final: Final;
}
