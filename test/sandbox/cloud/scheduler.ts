/** Cloud Scheduler v1: jobs that publish to Pub/Sub. */
import { type Cron, parseCron } from './cron.ts';
import {
  bytesOf,
  CloudError,
  type JsonObject,
  objectOf,
  page,
  type Route,
  textOf,
  timestamp,
} from './protocol.ts';

/** Puts a message on a topic; the name is the full resource name. */
export type Publish = (
  topicName: string,
  message: { data: Buffer; attributes: Record<string, string> },
) => Promise<void> | void;

interface Job {
  name: string;
  fields: JsonObject;
  cron: Cron;
  state: 'ENABLED' | 'PAUSED';
  updateTime: string;
  /** ms since the epoch; undefined: not due within a year. */
  due: number | undefined;
  lastAttempt?: string;
  status: JsonObject;
}

export class Scheduler {
  readonly #now: () => number;
  readonly #publish: Publish;
  readonly #jobs = new Map<string, Job>();

  constructor(now: () => number, publish: Publish) {
    this.#now = now;
    this.#publish = publish;
  }

  /**
   * Runs every job that is due and answers with their number. A job that was due several times since
   * the last tick runs once, as after a pause of the real service.
   */
  async tick(): Promise<number> {
    const now = this.#now();
    const due = [...this.#jobs.values()].filter(
      (job) => job.state === 'ENABLED' && job.due !== undefined && job.due <= now,
    );
    for (const job of due) {
      // Before the publish: a tick that comes while it lasts must not run the job again.
      job.due = job.cron.after(now);
      await this.#attempt(job);
    }
    return due.length;
  }

  /** When the next job is due, for clocks that jump. */
  nextDue(): number | undefined {
    const times = [...this.#jobs.values()]
      .filter(({ state }) => state === 'ENABLED')
      .flatMap(({ due }) => due ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  async #attempt(job: Job): Promise<void> {
    const target = objectOf(job.fields.pubsubTarget);
    job.lastAttempt = timestamp(this.#now());
    try {
      await this.#publish(target.topicName as string, {
        data: bytesOf(target.data, 'pubsub_target.data'),
        attributes: { ...(objectOf(target.attributes) as Record<string, string>) },
      });
      job.status = {};
    } catch (error) {
      job.status = { code: 14, message: error instanceof Error ? error.message : 'unavailable' };
    }
  }

  #job(name: string): Job {
    const job = this.#jobs.get(name);
    if (job) return job;
    throw new CloudError('NOT_FOUND', 'Job not found.');
  }

  #create(parent: string, body: JsonObject): JsonObject {
    const name = textOf(body.name) || `${parent}/jobs/job-${this.#jobs.size + 1}`;
    if (
      !name.startsWith(`${parent}/jobs/`) ||
      !/^[\w-]{1,500}$/.test(name.slice(parent.length + 6))
    ) {
      throw new CloudError(
        'INVALID_ARGUMENT',
        `Job name must be formatted: "${parent}/jobs/<JOB_ID>".`,
      );
    }
    if (this.#jobs.has(name)) throw new CloudError('ALREADY_EXISTS', `Job ${name} already exists.`);
    const { fields, cron } = check(body);
    const now = this.#now();
    const updateTime = timestamp(now);
    const job: Job = {
      name,
      fields,
      cron,
      state: 'ENABLED',
      updateTime,
      due: cron.after(now),
      status: {},
    };
    this.#jobs.set(name, job);
    return show(job);
  }

  #patch(name: string, body: JsonObject, mask: string | null): JsonObject {
    const job = this.#job(name);
    const named = mask ? mask.split(',').map(camelCase) : Object.keys(body);
    const changes = Object.fromEntries(named.map((field) => [field, body[field]]));
    const { fields, cron } = check({ ...job.fields, ...changes });
    const now = this.#now();
    Object.assign(job, { fields, cron, due: cron.after(now), updateTime: timestamp(now) });
    return show(job);
  }

  #switch(name: string, from: Job['state'], to: Job['state']): JsonObject {
    const job = this.#job(name);
    if (job.state !== from) throw new CloudError('FAILED_PRECONDITION', `Job must be ${from}.`);
    job.state = to;
    job.due = job.cron.after(this.#now());
    return show(job);
  }

  readonly routes: Route[] = [
    route('ListJobs', 'GET', '(?<parent>LOC)/jobs', ({ params, query }) => {
      const all = [...this.#jobs.values()].filter(({ name }) =>
        name.startsWith(`${params.parent}/`),
      );
      const { items, ...token } = page(all, query, 500);
      return { jobs: items.map(show), ...token };
    }),
    route('CreateJob', 'POST', '(?<parent>LOC)/jobs', ({ params, body }) =>
      this.#create(params.parent as string, body),
    ),
    route('GetJob', 'GET', '(?<name>JOB)', ({ params }) => show(this.#job(params.name as string))),
    route('UpdateJob', 'PATCH', '(?<name>JOB)', ({ params, body, query }) =>
      this.#patch(params.name as string, body, query.get('updateMask')),
    ),
    route('DeleteJob', 'DELETE', '(?<name>JOB)', ({ params }) => {
      this.#jobs.delete(this.#job(params.name as string).name);
      return {};
    }),
    route('PauseJob', 'POST', '(?<name>JOB):pause', ({ params }) =>
      this.#switch(params.name as string, 'ENABLED', 'PAUSED'),
    ),
    route('ResumeJob', 'POST', '(?<name>JOB):resume', ({ params }) =>
      this.#switch(params.name as string, 'PAUSED', 'ENABLED'),
    ),
    route('RunJob', 'POST', '(?<name>JOB):run', async ({ params }) => {
      const job = this.#job(params.name as string);
      await this.#attempt(job);
      return show(job);
    }),
  ];
}

function route(name: string, http: string, path: string, run: Route['run']): Route {
  const pattern = path
    .replace('JOB', 'LOC/jobs/ID')
    .replace('LOC', 'projects/ID/locations/ID')
    .replaceAll('ID', '[^/:]+');
  return { name, http, path: new RegExp(`^/v1/${pattern}$`), run };
}

const WRITABLE = [
  'description',
  'schedule',
  'timeZone',
  'pubsubTarget',
  'retryConfig',
  'attemptDeadline',
];

function check(body: JsonObject): { fields: JsonObject; cron: Cron } {
  const fields = Object.fromEntries(
    WRITABLE.flatMap((key) => (body[key] === undefined ? [] : [[key, body[key]]])),
  );
  const cron = parseCron(textOf(body.schedule) ?? '', textOf(body.timeZone) ?? '');
  if (!cron) throw new CloudError('INVALID_ARGUMENT', 'Schedule or time zone is invalid.');
  const target = objectOf(body.pubsubTarget);
  if (!/^projects\/[^/]+\/topics\/[^/]+$/.test(textOf(target.topicName) ?? '')) {
    throw new CloudError(
      'INVALID_ARGUMENT',
      'Only jobs with a PubsubTarget.topic_name are simulated.',
    );
  }
  const { length } = bytesOf(target.data, 'pubsub_target.data');
  if (length === 0 && Object.keys(objectOf(target.attributes)).length === 0) {
    throw new CloudError('INVALID_ARGUMENT', 'PubsubTarget needs data or at least one attribute.');
  }
  return { fields, cron };
}

function show(job: Job): JsonObject {
  return {
    timeZone: 'Etc/UTC',
    ...job.fields,
    name: job.name,
    state: job.state,
    userUpdateTime: job.updateTime,
    ...(job.due !== undefined && { scheduleTime: timestamp(job.due) }),
    ...(job.lastAttempt !== undefined && { lastAttemptTime: job.lastAttempt, status: job.status }),
  };
}

function camelCase(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
