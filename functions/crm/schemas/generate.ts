/**
 * The documents for CRM teams, generated from core/messages.ts: `npm run schemas` writes them beside
 * this file, and a test fails when they are out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  availabilityAnswerSchema,
  availabilityErrorSchema,
  availabilityRequestSchema,
} from '../../core/availability.ts';
import { crmMessageSchema, googleChangeSchema } from '../../core/messages.ts';

const jsonSchema = (schema: z.ZodType, title: string, io: 'input' | 'output' = 'input') => ({
  ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
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
    'availability.openapi.json': openApi(),
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

/** https://spec.openapis.org/oas/v3.1.0: its schemas are JSON Schema 2020-12, as zod writes them. */
function openApi(): object {
  const json = (schema: object) => ({ 'application/json': { schema } });
  const error = jsonSchema(availabilityErrorSchema, 'What is wrong, and where', 'output');
  const answer = (description: string, schema: object) => ({ description, content: json(schema) });
  return {
    openapi: '3.1.0',
    info: { title: 'crm-google-sync: availability', version: '1.0.0' },
    servers: [{ url: 'https://availability-PROJECT_NUMBER.REGION.run.app' }],
    security: [{ idToken: [] }],
    paths: {
      '/': {
        post: {
          operationId: 'availability',
          summary: 'When users are busy, and when all of them are free',
          requestBody: {
            required: true,
            content: json(jsonSchema(availabilityRequestSchema, 'A request')),
          },
          responses: {
            200: answer(
              'Each user: busy times, or why they are not known',
              jsonSchema(availabilityAnswerSchema, 'An answer', 'output'),
            ),
            400: answer('The request is wrong: which field, and why', error),
            401: { description: 'No valid ID token for this function' },
            403: { description: 'The caller is no service account, or may not call' },
            503: answer('It did not work this time: try again', error),
          },
        },
      },
    },
    components: {
      securitySchemes: {
        idToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'OIDC ID token of a service account, its audience the address of the function',
        },
      },
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
