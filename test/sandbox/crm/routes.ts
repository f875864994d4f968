import type { Crm } from './crm.ts';
import { CrmError } from './types.ts';

const TYPES = ['appointment', 'contact', 'task'];

/** One request to the CRM's HTTP interface, without a socket. */
export interface CrmRequest {
  method: string;
  /** Below /crm, with the query: `/records?userId=u1`. */
  path: string;
  /** The raw body. */
  body?: string;
}

/** Its answer; `body` is JSON. */
export interface CrmResponse {
  status: number;
  body: unknown;
}

/** Answers the routes of README.md, section "The CRM". Never throws. */
export async function handleCrm(crm: Crm, request: CrmRequest): Promise<CrmResponse> {
  try {
    return await route(crm, request);
  } catch (error) {
    if (error instanceof CrmError) return { status: error.status, body: { error: error.message } };
    const message = error instanceof Error ? error.message : String(error);
    return { status: 503, body: { error: message } };
  }
}

async function route(crm: Crm, { method, path, body = '' }: CrmRequest): Promise<CrmResponse> {
  const url = new URL(path, 'http://crm');
  const query = url.searchParams;
  const [collection, id] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const op = `${method} ${collection ?? ''}${id === undefined ? '' : '/:id'}`;
  switch (op) {
    case 'GET records':
      return ok(
        crm
          .records(query.get('userId') ?? undefined, query.get('deleted') === 'true')
          .filter(({ record }) => record === (query.get('record') ?? record)),
      );
    case 'GET records/:id': {
      const record = crm.record(id ?? '');
      if (!record) throw new CrmError(404, `no record ${id}`);
      return ok(record);
    }
    case 'POST records': {
      const { userId, data, record = 'appointment', occurrence } = fields(body);
      if (typeof userId !== 'string') throw new CrmError(400, 'userId is missing');
      if (!TYPES.includes(record)) throw new CrmError(400, `no record type ${record}`);
      return { status: 201, body: await crm.create(userId, data ?? {}, { record, occurrence }) };
    }
    case 'PATCH records/:id': {
      const { userId, data } = fields(body);
      return ok(await crm.edit(id ?? '', data ?? {}, userId));
    }
    case 'DELETE records/:id':
      return ok(await crm.remove(id ?? ''));
    case 'GET users':
      return ok(crm.users());
    case 'POST users': {
      const { userId, ...user } = fields(body) as Partial<Parameters<Crm['announce']>[0]>;
      if (!userId || !user.email) throw new CrmError(400, 'userId and email are needed');
      const { email, name = userId, timeZone = 'Europe/Zurich', enabled = true } = user;
      return {
        status: 201,
        body: await crm.announce({ userId, email, name, timeZone, enabled }),
      };
    }
    case 'GET messages':
      return ok(crm.messages());
    case 'POST changes':
      // Whatever it is: what the sync says to a bad message is worth trying out too.
      await crm.publishRaw(body);
      return { status: 202, body: { published: true } };
    default:
      return { status: 404, body: { error: `no route ${method} /crm${url.pathname}` } };
  }
}

function ok(body: unknown): CrmResponse {
  return { status: 200, body };
}

// biome-ignore lint/suspicious/noExplicitAny: the CRM checks each field where it is used
function fields(body: string): Record<string, any> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Answered below.
  }
  throw new CrmError(400, 'the body must be a JSON object');
}
