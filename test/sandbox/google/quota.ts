/** Request quotas over a sliding minute (google-contracts 1.9). */
import { ApiError } from './protocol.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const PACIFIC = 8 * 3_600_000;

/** Units spent in the last minute, oldest first. */
class Window {
  #spent: { at: number; units: number }[] = [];
  #head = 0;
  #sum = 0;

  total(now: number): number {
    while (this.#head < this.#spent.length) {
      const oldest = this.#spent[this.#head];
      if (!oldest || oldest.at > now - MINUTE) break;
      this.#sum -= oldest.units;
      this.#head += 1;
    }
    if (this.#head > 1024) {
      this.#spent = this.#spent.slice(this.#head);
      this.#head = 0;
    }
    return this.#sum;
  }

  spend(now: number, units: number): void {
    this.#spent.push({ at: now, units });
    this.#sum += units;
  }
}

/** Limits of a quota that differs from the common ones. */
export interface Limits {
  perUserPerMinute?: number;
  perProjectPerMinute?: number;
  /** A day begins at midnight in California. */
  perProjectPerDay?: number;
  /** What Google calls the quota; answered with 429 where given, with 403 otherwise. */
  metric?: string;
}

/** Limits per user and per project. The fields may be changed at any time. */
export class Quota {
  enabled = true;
  perUserPerMinute = 600;
  perProjectPerMinute = 10_000;
  /** By name of the quota. */
  readonly limits: Record<string, Limits> = {
    // [S] 3: 90 a minute and user, seen in errors.
    'people.read': { perUserPerMinute: 90, metric: 'Critical read requests' },
    'people.write': { perUserPerMinute: 90, metric: 'Critical write requests' },
    // [V] 3: the first page of a full sync has its own fixed quota; how much is not published.
    'people.fullSync': {
      perUserPerMinute: 10,
      perProjectPerMinute: 300,
      metric: 'Full sync requests',
    },
    // [S] 4: 50,000 queries a day and project.
    tasks: { perProjectPerDay: 50_000 },
  };
  #users = new Map<string, Window>();
  #projects = new Map<string, Window>();
  #days = new Map<string, number>();

  /** Takes the units of one call or throws what Google answers with. */
  spend(name: string, project: string, user: string, units: number, now: number): void {
    if (!this.enabled || units === 0) return;
    const limits = this.limits[name] ?? {};
    const ofUser = windowOf(this.#users, `${name} ${project} ${user}`);
    const ofProject = windowOf(this.#projects, `${name} ${project}`);
    const day = `${name} ${project} ${Math.floor((now - PACIFIC) / DAY)}`;
    const today = this.#days.get(day) ?? 0;
    if (ofUser.total(now) + units > (limits.perUserPerMinute ?? this.perUserPerMinute)) {
      throw refusal('userRateLimitExceeded', 'User Rate Limit Exceeded', limits.metric);
    }
    if (ofProject.total(now) + units > (limits.perProjectPerMinute ?? this.perProjectPerMinute)) {
      throw refusal('rateLimitExceeded', 'Rate Limit Exceeded', limits.metric);
    }
    if (today + units > (limits.perProjectPerDay ?? Number.POSITIVE_INFINITY)) {
      throw refusal('dailyLimitExceeded', 'Daily Limit Exceeded', limits.metric);
    }
    ofUser.spend(now, units);
    ofProject.spend(now, units);
    if (limits.perProjectPerDay !== undefined) this.#days.set(day, today + units);
  }

  /** Forgets what was spent. */
  reset(): void {
    this.#users.clear();
    this.#projects.clear();
    this.#days.clear();
  }
}

function refusal(reason: string, message: string, metric: string | undefined): ApiError {
  if (metric === undefined) return new ApiError(403, reason, message, { domain: 'usageLimits' });
  return new ApiError(429, 'rateLimitExceeded', `Quota exceeded for quota metric '${metric}'`, {
    domain: 'global',
    status: 'RESOURCE_EXHAUSTED',
  });
}

function windowOf(windows: Map<string, Window>, key: string): Window {
  let window = windows.get(key);
  if (!window) {
    window = new Window();
    windows.set(key, window);
  }
  return window;
}
