/**
 * What an installation costs a month: measured operations of one change and one poll, times the price list.
 * `node infra/cost.ts` prints the table of infra/README.md; a test holds the two together.
 */

/** List prices in USD without tax, as of 2026-11. Check them: cloud.google.com/pricing/list. */
export const prices = {
  date: '2026-11',
  /** Cloud Run functions, request-based billing, tier 1 region (europe-west1, us-central1). */
  vcpuSecond: 0.000024,
  gibSecond: 0.0000025,
  requests: 0.4 / 1e6,
  /** Firestore, at the prices of a multi-region (eur3, nam5), which are the highest. */
  read: 0.06 / 1e5,
  write: 0.18 / 1e5,
  delete: 0.02 / 1e5,
  gibStored: 0.18,
  /** Pub/Sub counts at least 1 kB for each message published or delivered. */
  pubsubGib: 40 / 1024,
  secretVersion: 0.06,
  secretAccess: 0.03 / 1e4,
  keyVersion: 0.06,
  keyOperation: 0.03 / 1e4,
  schedulerJob: 0.1,
  loggingGib: 0.5,
  alertCondition: 0.1,
} as const;

/**
 * What is free each month (Firestore's is daily, times 30). Deletes by the TTL are not: cloud.google.com/firestore/pricing.
 */
const free = {
  vcpuSeconds: 180_000,
  gibSeconds: 360_000,
  requests: 2e6,
  reads: 50_000 * 30,
  writes: 20_000 * 30,
  deletes: 20_000 * 30,
  gibStored: 1,
  pubsubGib: 10,
  secretVersions: 6,
  secretAccesses: 10_000,
  schedulerJobs: 3,
  loggingGib: 50,
} as const;

/**
 * Operations, measured by `npm run bench:operations` on the emulators; a test measures again and compares.
 * A query counts one read at least. Tokens: of a user's first run in an instance.
 */
export const measured = {
  crmChange: { reads: 8, writes: 6, deletes: 0, messages: 1, googleCalls: 1 },
  googleChange: { reads: 3, writes: 5, deletes: 1, messages: 1, googleCalls: 0 },
  calendarPoll: { reads: 12, writes: 4, deletes: 0, messages: 1, googleCalls: 1 },
  watchedPoll: { reads: 17, writes: 5, deletes: 0, messages: 1, googleCalls: 1 },
  otherPoll: { reads: 15, writes: 4, deletes: 0, messages: 1, googleCalls: 1 },
  notification: { reads: 4, writes: 1, deletes: 0, messages: 0, googleCalls: 0 },
  tick: { reads: 0, writes: 0, deletes: 0, messages: 1, googleCalls: 0 },
  token: { secretAccesses: 1, keyOperations: 1 },
} as const;

/** Of one change of the CRM that is written to Google at once. Estimates: time and logs. */
const perCrmChange = {
  ...measured.crmChange,
  requests: 1,
  seconds: 0.4,
  cpuSeconds: 0.05,
  loggedKb: 2.5,
} as const;

/** Of one change in Google, beyond the poll that finds it. */
const perGoogleChange = measured.googleChange;

/** Of one poll of one type of one user that finds nothing, beside its documents. Estimates: time and logs. */
const perPoll = {
  requests: 1,
  seconds: 0.4,
  cpuSeconds: 0.03,
  loggedKb: 2,
} as const;

/** Of one notification of a watch channel. Estimates: time and logs. */
const perNotification = {
  ...measured.notification,
  requests: 1,
  seconds: 0.1,
  cpuSeconds: 0.01,
  loggedKb: 0.5,
} as const;

/** Of one tick; the due users' share is counted with their polls. Estimates: time and size. */
const perTick = {
  ...measured.tick,
  requests: 1,
  seconds: 0.3,
  vcpus: 0.333,
  gib: 0.25,
} as const;

/** Of one user in an hour: an access token lives that long, in one instance's memory. */
const perUserHour = measured.token;

/** What the TTL deletes later of one change: its page of the journal, and a tombstone of one in ten (estimate). */
const EXPIRING = 1.1;

const HOURS = 730;
const WORKER = {
  vcpus: 1,
  crmChangeGib: 0.5,
  syncUserGib: 1,
  googlePushGib: 0.25,
  crmChangeShared: 20,
  syncUserShared: 10,
  googlePushShared: 80,
};
/** Cloud Run adds an instance at 60 % of its concurrency or its CPU. */
const FULL = 0.6;
/** A message of Pub/Sub, published and delivered. */
const MESSAGE_GIB = (2 * 1000) / 1024 ** 3;
/** Link, intent and indexes of an appointment that is kept; versions of a week beside it. */
const STORED_KB = 8;
const KEPT_MONTHS = 13;
const ALERTS = 8;
const KEY_VERSIONS = 4;

export interface Size {
  users: number;
  /** CRM changes and Google changes of all users in a month. */
  changes: number;
  /** Seconds between two polls; undefined: watch channels, and polls as a safety net. */
  pollSeconds: number | undefined;
}

/** The reference: 350 users, 8,300 entries a month, each changed once on each side. */
export function sizeOf(users: number, pollSeconds?: number): Size {
  return { users, changes: Math.round((users / 350) * 8_300), pollSeconds };
}

/** A watched calendar that is quiet is polled once in 24 to 30 hours. */
const QUIET_HOURS = 27;
/** Renewals of a channel (watch, stop) and of the window, calls of a user in a month. */
const UPKEEP_CALLS = 2 * 4.8 + 4.3;

/** Contacts and tasks of a user in a day, together: `npm run bench -- month` counts them. */
const OTHER_POLLS = 13;

/** Polls, notifications and calls for channels in a month. */
function reading({ users, changes, pollSeconds }: Size) {
  const others = { ...measured.otherPoll, polls: (users * HOURS * OTHER_POLLS) / 24 };
  if (pollSeconds !== undefined) {
    const polls = (users * HOURS * 3600) / pollSeconds;
    const kinds = [{ ...measured.calendarPoll, polls }, others];
    return { kinds, notifications: 0, upkeep: 0 };
  }
  // Each change on either side rings, and is followed by a pull: of our own writes it finds the echo.
  const polls = (users * HOURS) / QUIET_HOURS + 2 * changes;
  return {
    kinds: [{ ...measured.watchedPoll, polls }, others],
    notifications: 2 * changes,
    upkeep: users * UPKEEP_CALLS,
  };
}

type Counted = 'reads' | 'writes' | 'deletes' | 'messages' | 'googleCalls';

/** What polls of all kinds come to. */
const ofPolls = ({ kinds }: ReturnType<typeof reading>, name: Counted) =>
  kinds.reduce((sum, kind) => sum + kind.polls * kind[name], 0);

/** Seconds in which at least one instance is at work, times the instances, in a month. */
function instanceSeconds(
  calls: number,
  each: { seconds: number; cpuSeconds: number },
  shared: number,
) {
  const perSecond = calls / (HOURS * 3600);
  const atOnce = perSecond * each.seconds;
  const busy = 1 - Math.exp(-atOnce);
  const instances = Math.max(busy, atOnce / (FULL * shared), (perSecond * each.cpuSeconds) / FULL);
  return instances * HOURS * 3600;
}

const beyond = (amount: number, freeAmount: number) => Math.max(0, amount - freeAmount);

/** Parts of the monthly bill in USD. */
export function cost(size: Size): { [part: string]: number } {
  const { users, changes } = size;
  const read = reading(size);
  const { kinds, notifications } = read;
  const polls = kinds.reduce((sum, kind) => sum + kind.polls, 0);
  const ticks = HOURS * 60;
  const crmSeconds = instanceSeconds(changes, perCrmChange, WORKER.crmChangeShared);
  const pollSecondsOfInstances = instanceSeconds(polls, perPoll, WORKER.syncUserShared);
  const pushSeconds = instanceSeconds(notifications, perNotification, WORKER.googlePushShared);
  const tickSeconds = ticks * perTick.seconds;
  const vcpuSeconds =
    (crmSeconds + pollSecondsOfInstances + pushSeconds) * WORKER.vcpus +
    tickSeconds * perTick.vcpus;
  const gibSeconds =
    crmSeconds * WORKER.crmChangeGib +
    pollSecondsOfInstances * WORKER.syncUserGib +
    pushSeconds * WORKER.googlePushGib +
    tickSeconds * perTick.gib;
  const requests =
    changes * perCrmChange.requests + polls * perPoll.requests + notifications + ticks;
  const all = (name: 'reads' | 'writes' | 'deletes') =>
    changes * (perCrmChange[name] + perGoogleChange[name]) +
    ofPolls(read, name) +
    notifications * perNotification[name];
  const expired = changes * EXPIRING;
  const messages =
    changes * (perCrmChange.messages + perGoogleChange.messages) +
    ofPolls(read, 'messages') +
    ticks * perTick.messages;
  const storedGib = (changes * KEPT_MONTHS * STORED_KB) / 1024 ** 2;
  const logged =
    (changes * perCrmChange.loggedKb +
      polls * perPoll.loggedKb +
      notifications * perNotification.loggedKb +
      ticks) /
    1024 ** 2;
  const tokenUses = users * HOURS;
  return {
    functions:
      beyond(vcpuSeconds, free.vcpuSeconds) * prices.vcpuSecond +
      beyond(gibSeconds, free.gibSeconds) * prices.gibSecond +
      beyond(requests, free.requests) * prices.requests,
    Firestore:
      beyond(all('reads'), free.reads) * prices.read +
      beyond(all('writes'), free.writes) * prices.write +
      (beyond(all('deletes'), free.deletes) + expired) * prices.delete +
      beyond(storedGib, free.gibStored) * prices.gibStored,
    'Pub/Sub': beyond(messages * MESSAGE_GIB, free.pubsubGib) * prices.pubsubGib,
    'Secret Manager':
      beyond(users + 2, free.secretVersions) * prices.secretVersion +
      beyond(tokenUses * perUserHour.secretAccesses, free.secretAccesses) * prices.secretAccess,
    KMS:
      KEY_VERSIONS * prices.keyVersion +
      tokenUses * perUserHour.keyOperations * prices.keyOperation,
    'logs and alerts':
      beyond(logged, free.loggingGib) * prices.loggingGib + ALERTS * prices.alertCondition,
  };
}

/** Calls to Google's Workspace APIs in a month: free, but counted against quotas. */
export function googleCalls(size: Size): number {
  const read = reading(size);
  const calls = size.changes * perCrmChange.googleCalls + ofPolls(read, 'googleCalls');
  return Math.round(calls + read.upkeep);
}

/** The table of infra/README.md. */
export function table(): string {
  const sizes = [
    ...[350, 3_500, 35_000].map((users) => sizeOf(users)),
    ...[350, 3_500, 35_000].map((users) => sizeOf(users, 300)),
  ];
  const parts = Object.keys(cost(sizeOf(350)));
  const number = (n: number) => Math.round(n).toLocaleString('en-US');
  const usd = (n: number) => (n < 10 ? n.toFixed(2) : number(n));
  const rows = sizes.map((size) => {
    const costs = cost(size);
    const total = Object.values(costs).reduce((a, b) => a + b, 0);
    const cells = [
      ...parts.map((part) => usd(costs[part] ?? 0)),
      `**${usd(total)}**`,
      usd(total / size.users),
    ];
    return `| ${number(size.users)} | ${number(size.changes)} | ${size.pollSeconds === undefined ? 'watched' : `${size.pollSeconds} s`} | ${number(googleCalls(size))} | ${cells.join(' | ')} |`;
  });
  const head = [
    'users',
    'changes a month, each side',
    'poll',
    "calls to Google's APIs",
    ...parts,
    'USD a month',
    'a user',
  ];
  return [`| ${head.join(' | ')} |`, `| ${head.map(() => '---:').join(' | ')} |`, ...rows].join(
    '\n',
  );
}

if (import.meta.main) console.log(`Prices of ${prices.date}\n\n${table()}`);
