/** Tokens that clients hand back without reading them: what the simulator wants to know again is in them. */
export const encodeToken = (token: object): string =>
  Buffer.from(JSON.stringify(token)).toString('base64url');

/** Null when the text is no token of ours. */
export function decodeToken<T>(text: string): T | null {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
