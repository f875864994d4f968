/** Request quotas over a sliding minute (google-contracts 1.9). */
import { ApiError } from './protocol.ts';

const MINUTE = 60_000;

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

/** Limits per user and per project. The fields may be changed at any time. */
export class Quota {
  enabled = true;
  perUserPerMinute = 600;
  perProjectPerMinute = 10_000;
  #users = new Map<string, Window>();
  #projects = new Map<string, Window>();

  /** Takes the units of one call or throws the 403 that Google answers with. */
  spend(service: string, project: string, user: string, units: number, now: number): void {
    if (!this.enabled || units === 0) return;
    const ofUser = windowOf(this.#users, `${service} ${project} ${user}`);
    const ofProject = windowOf(this.#projects, `${service} ${project}`);
    if (ofUser.total(now) + units > this.perUserPerMinute) {
      throw new ApiError(403, 'userRateLimitExceeded', 'User Rate Limit Exceeded', {
        domain: 'usageLimits',
      });
    }
    if (ofProject.total(now) + units > this.perProjectPerMinute) {
      throw new ApiError(403, 'rateLimitExceeded', 'Rate Limit Exceeded', {
        domain: 'usageLimits',
      });
    }
    ofUser.spend(now, units);
    ofProject.spend(now, units);
  }

  /** Forgets what was spent. */
  reset(): void {
    this.#users.clear();
    this.#projects.clear();
  }
}

function windowOf(windows: Map<string, Window>, key: string): Window {
  let window = windows.get(key);
  if (!window) {
    window = new Window();
    windows.set(key, window);
  }
  return window;
}
