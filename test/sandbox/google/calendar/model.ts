/** What the Calendar simulator keeps. */

/** Start or end of an event: all-day (`date`) or timed (`dateTime` with `timeZone`). */
export interface EventTime {
  date?: string;
  dateTime?: string;
  timeZone?: string;
}

export interface Attendee {
  email: string;
  responseStatus: string;
  [field: string]: unknown;
}

export type Properties = Record<string, string>;

/** The writable part of an event plus what the server adds; never changed in place. */
export interface EventResource {
  status: string;
  eventType: string;
  iCalUID: string;
  sequence: number;
  created: string;
  updated: string;
  creator: { email: string };
  organizer: { email: string; displayName?: string };
  start: EventTime;
  end: EventTime;
  recurrence?: string[];
  attendees?: Attendee[];
  extendedProperties?: { private?: Properties; shared?: Properties };
  reminders: unknown;
  visibility?: string;
  transparency?: string;
  [field: string]: unknown;
}

/** Links an exception to its place in the series. */
export interface ExceptionOf {
  masterId: string;
  originalStartTime: EventTime;
}

/** One event, series or exception in one calendar. */
export interface StoredEvent {
  readonly id: string;
  readonly calendar: Calendar;
  resource: EventResource;
  exception: ExceptionOf | null;
  /** Position in listings; fixed, so that pages do not shift while events change. */
  readonly order: number;
  /** Rises with every change of any event. */
  changed: number;
  /** Calendar of the organizer's copy; null when the organizer is outside the simulator. */
  organizerCalendar: string | null;
  /** Primary calendars that hold a guest's copy of this organizer's event. */
  copies: Set<string>;
  /** Earlier shapes of a series: what vanished must be reported to listings of instances. */
  former: { changed: number; resource: EventResource }[];
}

export interface Calendar {
  readonly id: string;
  readonly owner: string;
  readonly primary: boolean;
  summary: string;
  description?: string;
  timeZone: string;
  /** OAuth client that made it (calendar.app.created); null: a person. */
  readonly createdBy: string | null;
  deleted: boolean;
  /** Nobody else sees when its owner is busy: the domain does not share it. */
  hidden?: boolean;
  changed: number;
  readonly events: Map<string, StoredEvent>;
  /** Sync tokens of an older epoch are expired. */
  tokenEpoch: number;
}

/** A watch channel. */
export interface Channel {
  id: string;
  resourceId: string;
  resourceUri: string;
  address: string;
  token: string | null;
  expiration: number;
  user: string;
  clientId: string | null;
  calendar: Calendar;
  eventTypes: readonly string[];
  messages: number;
}
