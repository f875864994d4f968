/** The OAuth flow without a browser: the same pages, forms and cookies, followed by a program. */
import { request } from 'node:http';

interface Page {
  url: URL;
  status: number;
  body: string;
}

/**
 * Connects a user: start page, Connect, Google's consent with everything ticked, back to the status page.
 * Rejects with what the page says when it does not end there.
 */
export async function connectUser(authorizeUrl: string, email: string): Promise<void> {
  const cookies = new Map<string, string>();
  const start = await open(new URL(authorizeUrl), cookies);
  const connect = new URL(formAction(start) ?? `${authorizeUrl}/connect`, start.url);
  const consent = await open(connect, cookies, {});
  const scopes = [...consent.body.matchAll(/name="scope" value="([^"]*)"/g)].map(
    ([, value]) => value ?? '',
  );
  const form = { account: email, decision: 'allow', scope: scopes };
  const status = await open(consent.url, cookies, form);
  if (status.status !== 200) {
    const [, title = `HTTP ${status.status}`] = /<h1[^>]*>([^<]*)/.exec(status.body) ?? [];
    throw new Error(`${email} is not connected: ${title}`);
  }
}

function formAction({ body }: Page): string | undefined {
  return /<form method="post" action="([^"]*connect)"/.exec(body)?.[1];
}

/** Opens a page, with a form when there is one, and follows the redirects. */
async function open(
  url: URL,
  cookies: Map<string, string>,
  form?: { [name: string]: string | string[] },
): Promise<Page> {
  let [method, target] = [form ? 'POST' : 'GET', url];
  let body = '';
  if (form) {
    const fields = Object.entries(form).flatMap(([name, value]) =>
      [value].flat().map((v): [string, string] => [name, v]),
    );
    body = new URLSearchParams(fields).toString();
  }
  for (let hops = 0; hops < 10; hops += 1) {
    const answer = await send(method, target, cookies, body);
    if (answer.status < 300 || answer.status > 399 || !answer.location) {
      return { url: target, status: answer.status, body: answer.body };
    }
    [method, target, body] = ['GET', new URL(answer.location, target), ''];
  }
  throw new Error(`too many redirects at ${target.origin}${target.pathname}`);
}

/** Not fetch: the forms must carry the Origin that a browser would send. */
function send(
  method: string,
  url: URL,
  cookies: Map<string, string>,
  body: string,
): Promise<{ status: number; location: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'accept-language': 'en',
      ...(method === 'POST' && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
        origin: url.origin,
      }),
    };
    const outgoing = request(url, { method, headers }, (res) => {
      for (const line of res.headers['set-cookie'] ?? []) {
        const [pair = ''] = line.split(';');
        const at = pair.indexOf('=');
        if (/Max-Age=0/i.test(line)) cookies.delete(pair.slice(0, at));
        else cookies.set(pair.slice(0, at), pair.slice(at + 1));
      }
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      res.once('end', () =>
        resolve({ status: res.statusCode ?? 0, location: res.headers.location, body: text }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
