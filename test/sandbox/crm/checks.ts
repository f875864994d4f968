import type { RecordType } from '../../../functions/core/fields.ts';
import {
  type AnyCrmChange,
  appointmentSchema,
  contactSchema,
  crmMessageSchema,
  taskSchema,
} from '../../../functions/core/messages.ts';
import { CrmError, type RecordData } from './types.ts';

const SCHEMAS = { appointment: appointmentSchema, contact: contactSchema, task: taskSchema };

/** Fields of a record, as a person may write them. Throws CrmError 400. */
export function checked(data: RecordData, record: RecordType): RecordData {
  const parsed = SCHEMAS[record].safeParse(data);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ');
  throw new CrmError(400, where);
}

/** The changes in a crm-changes message, text or object; none when it cannot be read. */
export function changesIn(message: unknown): AnyCrmChange[] {
  const parsed = crmMessageSchema.safeParse(jsonOr(message));
  if (!parsed.success) return [];
  return 'changes' in parsed.data ? parsed.data.changes : [parsed.data];
}

function jsonOr(message: unknown): unknown {
  if (typeof message !== 'string') return message;
  try {
    return JSON.parse(message);
  } catch {
    return message;
  }
}
