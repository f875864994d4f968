import type { z } from 'zod';
import {
  type AnyCrmChange,
  type CrmChange,
  crmChangeSchema,
  type UserChange,
} from '../core/messages.ts';

/** A change, or a whole message, that cannot be taken. */
export interface Refusal {
  /** As far as it could be read. */
  change?: AnyCrmChange;
  reason: 'unreadable' | 'schema' | 'unknownUser' | 'emailTaken' | 'erasedUser';
  /** What is wrong, where, and what to do; for people. */
  detail: string;
}

/** One message of the CRM, change by change: what is readable, and what is not and why. */
export interface ParsedMessage {
  users: UserChange[];
  changes: CrmChange[];
  refused: Refusal[];
}

/** Reads the data of a crm-changes message. Each change is judged alone: one bad one stops no other. */
export function parseCrmMessage(text: string): ParsedMessage {
  const parsed: ParsedMessage = { users: [], changes: [], refused: [] };
  const message = readJson(text);
  if (message === undefined) {
    const detail =
      'The message is not JSON: publish one change, or {"changes": [...]}, as UTF-8 JSON';
    parsed.refused.push({ reason: 'unreadable', detail });
    return parsed;
  }
  const { changes } = message as { changes?: unknown };
  const list = Array.isArray(changes) ? changes : [message];
  if (list.length === 0) parsed.refused.push({ reason: 'schema', detail: 'changes is empty' });
  list.forEach((item, index) => {
    const result = crmChangeSchema.safeParse(item);
    if (!result.success) {
      const where = Array.isArray(changes) ? `changes.${index}.` : '';
      parsed.refused.push({ reason: 'schema', detail: problems(result.error, where) });
    } else if (result.data.record === 'user') parsed.users.push(result.data);
    else parsed.changes.push(result.data);
  });
  return parsed;
}

function readJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Names places and rules, never the values: they may be texts or names. */
const problems = (error: z.ZodError, where: string) =>
  error.issues
    .slice(0, 20)
    .map((issue) => `${where}${issue.path.join('.') || 'message'}: ${issue.message}`)
    .join('; ');
