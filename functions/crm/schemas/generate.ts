/**
 * The documents for CRM teams, generated from core/messages.ts: `npm run schemas` writes them beside
 * this file, and a test fails when they are out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { crmMessageSchema, googleChangeSchema } from '../../core/messages.ts';

const jsonSchema = (schema: z.ZodType, title: string) => ({
  ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
  title,
});

/** File name → content. */
export function documents(): { [file: string]: object } {
  const crm = jsonSchema(crmMessageSchema, 'A message of topic crm-changes');
  const google = jsonSchema(googleChangeSchema, 'A message of topic google-changes');
  return {
    'crm-changes.schema.json': crm,
    'google-changes.schema.json': google,
    'asyncapi.json': asyncApi(),
  };
}

/** https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
function asyncApi(): object {
  const channel = (name: string, topic: string, description: string) => ({
    address: topic,
    description,
    messages: {
      change: { contentType: 'application/json', payload: { $ref: `./${name}.schema.json` } },
    },
    bindings: { googlepubsub: {} },
  });
  const operation = (action: 'send' | 'receive', topic: string, summary: string) => ({
    action,
    channel: { $ref: `#/channels/${topic}` },
    summary,
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'crm-google-sync, seen from the CRM',
      version: '1.0.0',
      description: 'The CRM publishes its changes and subscribes to what changed at Google.',
    },
    channels: {
      'crm-changes': channel(
        'crm-changes',
        'crm-changes',
        'One change, or {"changes": [...]}; at most 10 MB.',
      ),
      'google-changes': channel(
        'google-changes',
        'changes-from-google',
        'At least once; changeId tells a redelivery.',
      ),
    },
    operations: {
      publishCrmChanges: operation('send', 'crm-changes', 'The CRM tells what changed in it'),
      consumeGoogleChanges: operation(
        'receive',
        'google-changes',
        'The CRM hears what changed at Google',
      ),
    },
  };
}

/** As it stands in the file. */
export const render = (document: object) => `${JSON.stringify(document, null, 2)}\n`;

if (import.meta.main) {
  for (const [file, document] of Object.entries(documents())) {
    writeFileSync(join(import.meta.dirname, file), render(document));
  }
}
