/** Google's signing keys as a server of this process has them, for functions that check tokens. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pemCerts } from '../sandbox/google/oauth/keys.ts';

/** Resolves to the address that stands in for GOOGLE_API_URL; tokens: signJwt() of the simulator. */
export async function serveKeys(onEnd: (end: () => void) => void): Promise<string> {
  const server = createServer((_, res) =>
    res.setHeader('content-type', 'application/json').end(JSON.stringify(pemCerts())),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onEnd(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Claims that make a token of now. */
export function alive(): { iat: number; exp: number } {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now - 60, exp: now + 600 };
}
