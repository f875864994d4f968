/** What a fault does to a call at Google: before its effect, and to its answer. */
import type { Fault } from '../faults/faults.ts';
import { type Answer, ApiError, type Call, ConnectionLost, type Service } from './protocol.ts';
import type { Workspace } from './workspace.ts';

/** Strikes before the effect. Throws what the caller is to see, and ConnectionLost. */
export async function disturbCall(workspace: Workspace, service: Service, call: Call) {
  const applies = (fault: Fault) => fault.kind !== 'pageToken' || call.query.has('pageToken');
  for (const fault of workspace.faults.striking(call, 'before', applies)) {
    await endOrDelay(workspace, call, fault);
    meanwhile(workspace, service, call, fault);
  }
}

/** Strikes after the effect; resolves to the answer that goes out. */
export async function disturbAnswer(workspace: Workspace, call: Call, answer: Answer) {
  let spoilt = answer;
  const list = listIn(answer);
  const applies = ({ kind }: Fault) => {
    // Of an incremental listing nothing can be left out unseen: only the token would know.
    if (kind === 'short') return list !== undefined && !call.query.has('syncToken');
    if (kind === 'repeat') return list !== undefined && call.query.has('pageToken');
    return kind !== 'empty' || list !== undefined;
  };
  for (const fault of workspace.faults.striking(call, 'after', applies)) {
    await endOrDelay(workspace, call, fault);
    spoilt = spoil(workspace, call, spoilt, fault);
  }
  if (list) workspace.lastPages.set(pageKey(call), list.items);
  return spoilt;
}

/** What ends a call, or only makes it late. */
async function endOrDelay(workspace: Workspace, call: Call, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'delay':
      return workspace.sleep(fault.ms ?? 0);
    case 'hang':
      return new Promise(() => {});
    case 'close':
      throw new ConnectionLost();
    case 'status':
      throw errorOf(fault, call.service);
    case 'pageToken':
      throw new ApiError(400, 'invalid', 'Invalid page token value.', { location: 'pageToken' });
  }
}

/** What happens in the Workspace just before the call takes effect. */
function meanwhile(workspace: Workspace, service: Service, call: Call, fault: Fault): void {
  const user = call.user ?? undefined;
  if (fault.kind === 'expireAccess') workspace.expireAccessTokens(user);
  if (fault.kind === 'revoke' && user) workspace.revokeGrants(user);
  if (fault.kind === 'withdraw' && user) workspace.oauth.withdrawScope(user, fault.scope ?? '');
  if (fault.kind === 'touch') service.meanwhile?.touch?.(workspace, call);
  if (fault.kind === 'expireSync') service.meanwhile?.expireSync?.(workspace, call);
  if (fault.kind === 'lag') call.lagMs = fault.ms ?? 0;
  if (fault.kind === 'normalise') call.body = normalised(call.body);
}

function spoil(workspace: Workspace, call: Call, answer: Answer, { kind }: Fault): Answer {
  if (kind === 'cut') return { ...answer, cut: true };
  const list = listIn(answer);
  if (!list) return answer;
  const { json, name, items } = list;
  if (kind === 'short') {
    return { ...answer, json: { ...json, [name]: items.slice(0, Math.floor(items.length / 2)) } };
  }
  if (kind === 'empty') {
    const { nextPageToken: _, ...rest } = json;
    const syncToken = call.query.get('syncToken');
    // Nothing new yet: the token stays where it was, so that the changes are only late.
    return {
      ...answer,
      json: { ...rest, ...(syncToken && { nextSyncToken: syncToken }), [name]: [] },
    };
  }
  if (kind === 'repeat') {
    const { nextSyncToken: _, ...rest } = json;
    const again = workspace.lastPages.get(pageKey(call)) ?? [];
    const nextPageToken = call.query.get('pageToken');
    return { ...answer, json: { ...rest, [name]: again, nextPageToken } };
  }
  return answer;
}

const pageKey = (call: Call) => `${call.user} ${call.method} ${JSON.stringify(call.params)}`;

/** The list in the answer of a listing, whatever its service calls it. */
function listIn({ status, json }: Answer) {
  if (status !== 200 || typeof json !== 'object' || json === null) return undefined;
  const object = json as Record<string, unknown>;
  for (const name of ['items', 'connections', 'contactGroups', 'results']) {
    const items = object[name];
    if (Array.isArray(items)) return { json: object, name, items: items as unknown[] };
  }
  return undefined;
}

const TEXTS = ['summary', 'title', 'description', 'notes', 'location'];

/** A body as a server that tidies texts would store it: once tidied, it stays as it is. */
function normalised(body: string): string {
  try {
    const object = JSON.parse(body) as Record<string, unknown>;
    for (const name of TEXTS) {
      const text = object[name];
      if (typeof text === 'string') object[name] = text.replace(/[ \t]+/g, ' ').replace(/'/g, '’');
    }
    return JSON.stringify(object);
  } catch {
    return body;
  }
}

/** OAuth's endpoints tell their errors in another form than the APIs. */
class OauthError extends ApiError {
  override answer(): Answer {
    return {
      status: this.code,
      headers: this.headers,
      json: { error: this.reason, error_description: this.message },
    };
  }
}

function errorOf(fault: Fault, service: string): ApiError {
  const { status = 503, retryAfter } = fault;
  const reason = fault.reason ?? REASONS[status] ?? 'backendError';
  const message = fault.message ?? MESSAGES[reason] ?? reason;
  const usage = /rateLimit|quota|dailyLimit/i.test(reason);
  const more = {
    domain: usage ? 'usageLimits' : 'global',
    ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
  };
  return service === 'oauth'
    ? new OauthError(status, reason, message, more)
    : new ApiError(status, reason, message, more);
}

const REASONS: Record<number, string> = {
  400: 'invalid',
  401: 'authError',
  403: 'rateLimitExceeded',
  404: 'notFound',
  409: 'conflict',
  410: 'fullSyncRequired',
  412: 'conditionNotMet',
  429: 'rateLimitExceeded',
};

const MESSAGES: Record<string, string> = {
  rateLimitExceeded: 'Rate Limit Exceeded',
  userRateLimitExceeded: 'User Rate Limit Exceeded',
  quotaExceeded: 'Calendar usage limits exceeded.',
  backendError: 'Backend Error',
  conflict: 'Conflict',
  notFound: 'Not Found',
  forbidden: 'Forbidden',
};
