/** A simulator on a port and clients for it, for the contract tests. */
import { auth, calendar, type calendar_v3 } from '@googleapis/calendar';
import { people, type people_v1 } from '@googleapis/people';
import { tasks, type tasks_v1 } from '@googleapis/tasks';
import { listen, type ServerOptions } from './server.ts';
import { createWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts';

/** Monday, 23 November 2026, 08:00 UTC. */
export const START = Date.UTC(2026, 10, 23, 8);

export const CLIENT = {
  clientId: 'client-1.apps.googleusercontent.com',
  clientSecret: 'secret-1',
  redirectUris: ['http://localhost:8080/oauth/callback'],
};

export interface Stage extends AsyncDisposable {
  workspace: Workspace;
  url: string;
  advance: (ms: number) => void;
  /** The real client, acting for a user of the app with these scopes. */
  app: (email: string, ...scopes: string[]) => calendar_v3.Calendar;
  /** The real client, acting as the user's phone. */
  phone: (email: string) => calendar_v3.Calendar;
  people: (email: string, ...scopes: string[]) => people_v1.People;
  tasks: (email: string, ...scopes: string[]) => tasks_v1.Tasks;
}

/** Starts a simulator whose clock stands still until it is told to move. */
export async function stage(
  options: Partial<WorkspaceOptions> = {},
  server: ServerOptions = {},
): Promise<Stage> {
  let now = START;
  const workspace = createWorkspace({ ...CLIENT, now: () => now, ...options });
  const { url, close } = await listen(workspace, 0, server);
  const common = (accessToken: string) => {
    const bearer = new auth.OAuth2();
    bearer.setCredentials({ access_token: accessToken });
    return { auth: bearer, rootUrl: `${url}/`, retry: false };
  };
  const client = (accessToken: string) => calendar({ version: 'v3', ...common(accessToken) });
  const granted = (email: string, scopes: string[], standard: string) =>
    common(workspace.grant(email, scopes.length > 0 ? scopes : [standard]).access_token);
  return {
    workspace,
    url,
    advance: (ms) => {
      now += ms;
    },
    app: (email, ...scopes) =>
      client(
        workspace.grant(email, scopes.length > 0 ? scopes : ['calendar.events.owned']).access_token,
      ),
    phone: (email) => client(`user:${email}`),
    people: (email, ...scopes) => people({ version: 'v1', ...granted(email, scopes, 'contacts') }),
    tasks: (email, ...scopes) => tasks({ version: 'v1', ...granted(email, scopes, 'tasks') }),
    [Symbol.asyncDispose]: close,
  };
}

/** Matches an error of the real client by status and Google's reason. */
export function refusal(status: number, reason: string): (error: unknown) => boolean {
  return (error) => {
    const { response } = error as {
      response?: { status: number; data: { error: { errors: { reason: string }[] } } };
    };
    const found = response?.data?.error?.errors?.[0]?.reason;
    if (response?.status === status && found === reason) return true;
    throw new Error(`expected ${status} ${reason}, got ${response?.status} ${found}`, {
      cause: error,
    });
  };
}
