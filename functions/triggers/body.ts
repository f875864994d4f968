/** What the functions that take JSON have in common. */
import type { Request } from '@google-cloud/functions-framework';
import type { z } from 'zod';

/** The body as JSON, whatever its content type says; undefined: it is none. */
export function bodyOf(req: Request): unknown {
  try {
    return JSON.parse(String(req.rawBody ?? ''));
  } catch {
    return undefined;
  }
}

/** Names places and rules, never the values. */
export function problems(error: z.ZodError): string {
  return error.issues
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
    .join('; ');
}
