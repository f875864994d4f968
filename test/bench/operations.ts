/**
 * `npm run bench:operations`: what one change, one poll and one tick cost in operations that are billed
 * or counted, measured on the local stack: Firestore through the client's own methods, the others at
 * their simulators. infra/cost.ts computes with the figures; a test holds the two together.
 */
import { Firestore, Query, Transaction, WriteBatch } from '@google-cloud/firestore';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, type Driven, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

export interface Operations {
  /** Firestore. A query reads at least one document, also if it finds none. */
  reads: number;
  writes: number;
  deletes: number;
  /** Pub/Sub messages that were published. */
  messages: number;
  /** Calls to Google's Workspace APIs, without those for a token. */
  googleCalls: number;
  /** Secret Manager. */
  secretAccesses: number;
  /** KMS. */
  keyOperations: number;
}

export interface Measured {
  crmInsert: Operations;
  crmUpdate: Operations;
  crmDelete: Operations;
  /** One user's poll of the calendar that finds nothing, with his or her place in the tick's query. */
  calendarPoll: Operations;
  /** The same with a watch channel. */
  watchedPoll: Operations;
  /** The same of a type that cannot be watched: tasks. */
  otherPoll: Operations;
  /** A notification, here of our own write: the poll that follows is not in it. */
  notification: Operations;
  /** What one edit adds to the poll that finds it. */
  googleEdit: Operations;
  /** A tick, without those who are due. */
  tick: Operations;
  /** What a user's first run in an instance adds: the access token, kept for an hour. */
  newToken: Operations;
}

const firestore = { reads: 0, writes: 0, deletes: 0 };

/** Wraps a method; `count` sees the arguments and the answer. */
// biome-ignore lint/suspicious/noExplicitAny: the client's methods are of any shape.
function spy(owner: any, name: string, count: (args: any[], answer: any) => void): void {
  const method = owner[name];
  owner[name] = function (this: unknown, ...args: unknown[]) {
    const answer = method.apply(this, args);
    if (answer instanceof Promise)
      return answer.then((value) => {
        count(args, value);
        return value;
      });
    count(args, answer);
    return answer;
  };
}

/** Counts in this process, from now on. */
function countFirestore(): void {
  const found = (answer: { docs: unknown[] }) => Math.max(1, answer.docs.length);
  spy(Firestore.prototype, 'getAll', (args) => {
    firestore.reads += args.length;
  });
  spy(Query.prototype, 'get', (_args, answer) => {
    firestore.reads += found(answer);
  });
  spy(Transaction.prototype, 'get', (_args, answer) => {
    firestore.reads += 'docs' in answer ? found(answer) : 1;
  });
  spy(Transaction.prototype, 'getAll', (args) => {
    firestore.reads += args.length;
  });
  for (const name of ['create', 'set', 'update']) {
    spy(WriteBatch.prototype, name, () => {
      firestore.writes++;
    });
  }
  spy(WriteBatch.prototype, 'delete', () => {
    firestore.deletes++;
  });
}

async function during(stack: Driven, work: () => Promise<unknown>): Promise<Operations> {
  let messages = 0;
  const end = stack.feed.listen((entry) => {
    if (entry.kind === 'message') messages++;
  });
  Object.assign(firestore, { reads: 0, writes: 0, deletes: 0 });
  for (const name of Object.keys(stack.cloud.stats)) delete stack.cloud.stats[name];
  stack.workspace.stats.reset();
  await work();
  await stack.idle();
  end();
  const calls = (pattern: RegExp) =>
    Object.entries(stack.cloud.stats)
      .filter(([name]) => pattern.test(name))
      .reduce((sum, [, count]) => sum + count, 0);
  const { byMethod } = stack.workspace.stats.snapshot();
  return {
    ...firestore,
    messages,
    googleCalls: Object.entries(byMethod)
      .filter(([name]) => /^(calendar|people|tasks)\./.test(name))
      .reduce((sum, [, count]) => sum + count, 0),
    secretAccesses: calls(/^secretmanager\.Access/i),
    keyOperations: calls(/^kms\./i),
  };
}

/** Of each kind of operation. */
function combine(
  a: Operations,
  b: Operations,
  value: (a: number, b: number) => number,
): Operations {
  const names = Object.keys(a) as (keyof Operations)[];
  return Object.fromEntries(
    names.map((name) => [name, value(a[name], b[name])]),
  ) as unknown as Operations;
}

const minus = (a: Operations, b: Operations) => combine(a, b, (x, y) => x - y);

/** Measures everything on stacks of its own; needs the emulators. */
export async function measure(): Promise<Measured> {
  countFirestore();
  const polled = await measurePolled();
  return { ...polled, ...(await measureWatched(polled.crmUpdate)) };
}

/** `crmUpdate`: what the same change costs where nobody is notified of it. */
async function measureWatched(
  crmUpdate: Operations,
): Promise<Pick<Measured, 'watchedPoll' | 'otherPoll' | 'notification'>> {
  let close = async () => {};
  const stack = await driveStack(
    (end) => {
      close = end;
    },
    { notifications: true },
  );
  try {
    await stack.publish(appointment('measured', visit(1)));
    await stack.poll();
    await stack.poll();
    const watchedPoll = await pollOf(stack, 'appointment');
    const otherPoll = await pollOf(stack, 'task');
    const change = await during(stack, () => stack.publish(appointment('measured', visit(1, 11))));
    return { watchedPoll, otherPoll, notification: minus(change, crmUpdate) };
  } finally {
    await close();
  }
}

/** One user's poll of one type, in a tick that finds two users due. */
async function pollOf(stack: Driven, record: string): Promise<Operations> {
  const tick = await emptyTick(stack);
  for (const userId of ['anna', 'luca'])
    await stack.store.updateUser(userId, (user) => {
      const poll = user?.polls?.[record];
      if (!user || !poll) throw new Error(`${record} was never polled`);
      return { ...user, polls: { ...user.polls, [record]: { ...poll, at: 1 } }, nextPollAt: 1 };
    });
  const both = await during(stack, () => stack.bus.publish('poll-tick', '{}'));
  return combine(minus(both, tick), tick, (x) => x / 2);
}

/** Its read only is one because nobody is due: otherwise the query reads the due users alone. */
const emptyTick = async (stack: Driven): Promise<Operations> => ({
  ...(await during(stack, () => stack.bus.publish('poll-tick', '{}'))),
  reads: 0,
});

async function measurePolled(): Promise<
  Omit<Measured, 'watchedPoll' | 'otherPoll' | 'notification'>
> {
  let close = async () => {};
  const stack = await driveStack((end) => {
    close = end;
  });
  try {
    const poll = async () => {
      await stack.due('anna');
      return during(stack, () =>
        stack.bus.publish('sync-user', JSON.stringify({ userId: 'anna' })),
      );
    };
    const change = (data: object, rest: object = {}) =>
      during(stack, () => stack.publish(appointment('measured', data, rest)));
    // Warm: the OAuth client and anna's access token are known to each function.
    await stack.publish(appointment('warm', visit(3)));
    await stack.poll();

    const crmInsert = await change(visit(1));
    await poll();
    const quiet = await poll();
    const crmUpdate = await change(visit(1, 11));
    await poll();
    const id = (await stack.events('anna')).find((e) => e.start.dateTime?.includes('24T11'))?.id;
    await stack.phone('anna', 'PATCH', `/${id}`, { location: 'Bern' });
    const edited = await poll();
    await change(visit(1, 11, { place: 'Bern' }));
    await poll();
    const crmDelete = await change({}, { op: 'delete' });

    const tick = await emptyTick(stack);
    await stack.poll(); // The echo of the delete.
    const calendarPoll = await pollOf(stack, 'appointment');

    const first = await during(stack, () =>
      stack.publish(appointment('first', visit(1), { userId: 'luca' })),
    );
    return {
      crmInsert,
      crmUpdate,
      crmDelete,
      calendarPoll,
      googleEdit: minus(edited, quiet),
      tick,
      newToken: minus(first, crmInsert),
    };
  } finally {
    await close();
  }
}

if (import.meta.main) {
  if (requireEmulators()) throw new Error('needs the emulators');
  console.table(await measure());
}
