/**
 * Every log event, typed; the only file that writes logs. Events carry ids, counts and reason words,
 * never a token, a text, a name or an address.
 */
import { createGcpLoggingPinoConfig } from '@google-cloud/pino-logging-gcp-config';
import pino from 'pino';

/** Every event that may be logged, with its fields: ids, counts and types, never what people wrote. */
export interface LogEvents {
  /** One run of a user's sync. Durations in ms. */
  'sync.run': {
    userId: string;
    outcome: 'done' | 'busy' | 'later' | 'reauthorize' | 'notActive';
    reason?: string;
    intents: number;
    googleChanges: number;
    writes: number;
    parked: number;
    conflicts: number;
    /** Record types that were listed whole: at first, or since a token was no longer valid. */
    full?: string[];
    /** Of a poll, or of a message of the CRM. */
    trigger: 'crm' | 'poll';
    ms: number;
    /** From publishing the message to the last commit; only of what is done. */
    lagMs?: number;
  };
  /** A record set aside: Google or the CRM refuses it for good. */
  'sync.parked': {
    userId: string;
    record: string;
    crmId?: string;
    googleId?: string;
    reason: string;
  };
  /** Google no longer permits a record type: it is off until the user permits it again. */
  'record.off': { userId: string; record: string; reason: string };
  /** The mass-change guard holds a record type until a person has looked. */
  'record.held': { userId: string; record: string; reason: string };
  'record.released': { userId: string; record: string };
  /** Changes of one crm-changes message. */
  'crm.received': { messageId: string; stored: number; stale: number; rejected: number };
  'message.rejected': { topic: string; messageId: string; reason: string };
  'poll.fanout': { users: number };
  'maintain.done': { swept: number; users: number };
  /** Google made no watch channel: the record type is polled. */
  'channel.failed': { userId: string; record: string; reason: string };
  /** A notification with a wrong token for a channel that is known. */
  'push.refused': { userId: string; record: string };
  /** A record type lives somewhere else now; `left`: copies that stay where no scope reaches. */
  'place.changed': { userId: string; record: string; moved: number; left: number };
  'user.state': { userId: string; state: string; reason?: string };
  /** What an admin did; who it was stands in Cloud Run's own log of requests. */
  'admin.action': { action: string; userId?: string; outcome: string };
  'availability.answered': { users: number; unknown: number; ms: number };
  'authorize.refused': { step: string; reason: string };
  'google.retry': { method: string; attempt: number; waitMs: number; reason: string };
  'function.failed': { function: string; kind: string; reason: string };
}

/** From which severity on events are written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const levels: { [E in keyof LogEvents]: 'info' | 'warn' | 'error' } = {
  'sync.run': 'info',
  'sync.parked': 'warn',
  'record.off': 'warn',
  'record.held': 'warn',
  'record.released': 'info',
  'crm.received': 'info',
  'message.rejected': 'warn',
  'poll.fanout': 'info',
  'maintain.done': 'info',
  'channel.failed': 'warn',
  'push.refused': 'warn',
  'place.changed': 'info',
  'user.state': 'info',
  'admin.action': 'info',
  'availability.answered': 'info',
  'authorize.refused': 'warn',
  'google.retry': 'info',
  'function.failed': 'error',
};

/** Writes one event. */
export type Log = <E extends keyof LogEvents>(event: E, fields: LogEvents[E]) => void;

/** Structured logs as Cloud Logging reads them, on standard output. */
export function createLog(level: LogLevel, projectId: string): Log {
  // Given, or the library looks both up at the metadata server at every start.
  const known = {
    serviceContext: { service: 'crm-google-sync' },
    traceGoogleCloudProjectId: projectId,
  };
  const logger = pino({ ...createGcpLoggingPinoConfig(known), level });
  return (event, fields) => logger[levels[event]]({ event, ...fields } as object, event);
}

/** For tests: no output. */
export const silentLog: Log = () => {};
