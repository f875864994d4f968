import { toast } from './dom.js';

/** Says aloud what a google-change refuses, and which side won. */
export function tell({ body }) {
  let change;
  try {
    change = JSON.parse(body);
  } catch {
    return;
  }
  const which = change.crmId ? `${change.crmId}: ` : '';
  if (change.rejected) toast('bad', `${which}rejected`, change.rejected.detail);
  for (const { field, winner } of change.conflicts ?? []) {
    toast(
      'warn',
      `${which}changed on both sides`,
      `${field}: ${winner === 'crm' ? 'the CRM’s' : 'Google’s'} value stays, the other one is in the record.`,
    );
  }
}
