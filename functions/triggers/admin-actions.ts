/** What the admin function can be asked for: the form of each request, and its answer. */
import { z } from 'zod';
import type { DeadLetter, User } from '../core/records.ts';
import type { Engine } from '../sync/engine.ts';
import { askToErase } from '../sync/erase.ts';
import { readConflicts, readJournal } from '../sync/journal.ts';
import { type Decided, pause, release, resume } from '../sync/person.ts';
import { preview } from '../sync/preview.ts';
import { undoRun } from '../sync/undo.ts';
import { take } from './crm-change.ts';

const userId = z.string().min(1).max(200);
const run = z.int().min(1).describe('number of a run, as journal lists it');
const limit = (fallback: number) => z.int().min(1).max(1000).default(fallback);

/** The body of a request. */
export const actionSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('users'), limit: limit(100), after: userId.optional() }),
  z.strictObject({ action: z.literal('preview'), userId, limit: limit(200) }),
  z.strictObject({ action: z.literal('journal'), userId, run: run.optional(), limit: limit(50) }),
  z.strictObject({ action: z.literal('conflicts'), userId, limit: limit(50) }),
  z.strictObject({ action: z.literal('undo'), userId, run }),
  z.strictObject({
    action: z.literal('release'),
    userId,
    record: z.enum(['appointment', 'contact', 'task']).optional(),
  }),
  z.strictObject({ action: z.literal('pause'), userId }),
  z.strictObject({ action: z.literal('resume'), userId }),
  z.strictObject({
    action: z.literal('erase'),
    userId,
    entries: z.enum(['keep', 'remove']).default('keep'),
  }),
  z.strictObject({ action: z.literal('deadLetters'), limit: limit(20) }),
  z.strictObject({ action: z.literal('replay'), id: z.string().min(1).max(200) }),
]);

/** A request of the admin, checked. */
export type Action = z.infer<typeof actionSchema>;
type Of<A extends Action['action']> = Extract<Action, { action: A }>;
type Answer = { status: number; body: object };

const ok = (body: object): Answer => ({ status: 200, body });
const missing = (what: string): Answer => ({ status: 404, body: { error: `no ${what}` } });
const decided = (outcome: Decided): Answer =>
  outcome.done ? ok(outcome) : { status: 409, body: { error: outcome.detail } };

/** Each action's answer. */
export const actions: {
  [A in Action['action']]: (engine: Engine, asked: Of<A>) => Promise<Answer>;
} = {
  users: async ({ store }, { limit, after }) =>
    ok({ users: (await store.listUsers(limit, after)).map(userShown) }),

  async preview(engine, { userId, limit }) {
    const seen = await preview(engine, userId);
    if (!seen) return missing(`user ${userId}`);
    const records = seen.records.slice(0, limit);
    return ok({ ...seen, records, notShown: seen.records.length - records.length });
  },

  async journal(engine, { userId, run, limit }) {
    if (run === undefined) return ok({ runs: await engine.store.journalRuns(userId, limit) });
    const { at, entries } = await readJournal(engine, userId, run);
    if (at === undefined) return missing(`run ${run} of user ${userId} in the last 30 days`);
    return ok({ userId, run, at, entries });
  },

  conflicts: async (engine, { userId, limit }) =>
    ok({ conflicts: await readConflicts(engine, userId, limit) }),

  async undo(engine, { userId, run }) {
    const report = await undoRun(engine, userId, run);
    const status = { unknownRun: 404, notActive: 409, reauthorize: 409, busy: 503, later: 503 };
    return { status: report.outcome === 'done' ? 200 : status[report.outcome], body: report };
  },

  release: async (engine, { userId, record }) => decided(await release(engine, userId, record)),
  pause: async (engine, { userId }) => decided(await pause(engine, userId)),
  resume: async (engine, { userId }) => decided(await resume(engine, userId)),

  async erase(engine, { userId, entries }) {
    const erasure = await askToErase(engine, userId, entries);
    if (!erasure) return missing(`user ${userId}`);
    return { status: erasure.done ? 200 : 202, body: erasure };
  },

  deadLetters: async ({ store }, { limit }) =>
    ok({ deadLetters: (await store.listDeadLetters(limit)).map(letterShown) }),

  async replay(engine, { id }) {
    const letter = await engine.store.getDeadLetter(id);
    return letter ? replay(engine, letter) : missing(`dead letter ${id}`);
  },
};

/** As if the message came now; the runs are asked for, not done here. The letter goes once all is taken. */
async function replay(engine: Engine, { id, data }: DeadLetter): Promise<Answer> {
  const text = Buffer.from(data, 'base64').toString('utf8');
  const { users, stored, refused } = await take(engine, engine.log, {
    messageId: `replay-${id}`,
    data,
    text,
  });
  await engine.publisher.syncUsers(users);
  if (refused.length === 0) await engine.store.deleteDeadLetter(id);
  const problems = refused.map(({ reason, detail }) => ({ reason, detail }));
  return { status: refused.length === 0 ? 200 : 409, body: { stored, refused: problems } };
}

/** Without what identifies the account at Google. */
function userShown({ googleSub: _, scopes: __, ...user }: User): object {
  return user;
}

/** Without the message itself, which may hold texts; `size` in bytes. */
function letterShown({ data, ...letter }: DeadLetter): object {
  return { ...letter, size: Buffer.byteLength(data, 'base64') };
}
