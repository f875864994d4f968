import type { CodecContext } from '../core/codec.ts';
import type { User } from '../core/records.ts';
import type { Store } from './ports.ts';

/** Who is a colleague: asked once per address and run. */
export interface Directory {
  /** The codec's context, with the directory's answer on these addresses. */
  context(emails: string[]): Promise<CodecContext>;
}

/** A directory seen from one user. */
export function openDirectory(store: Store, user: User, inviteExternal: boolean): Directory {
  const colleagues = new Map<string, { userId: string; connected: boolean }>();
  const asked = new Set<string>();
  const self = [user.email, user.googleEmail].filter((email) => email !== undefined);
  return {
    async context(emails) {
      const unknown = [...new Set(emails)].filter((e) => !asked.has(e) && !self.includes(e));
      if (unknown.length > 0) {
        const answer = await store.usersByEmail(unknown);
        // Only then: whom a failing store said nothing of is nobody's stranger to the rest of the run.
        for (const email of unknown) asked.add(email);
        for (const found of answer) {
          const entry = {
            userId: found.userId,
            connected: found.enabled && found.state === 'active',
          };
          colleagues.set(found.email, entry);
          if (found.googleEmail) colleagues.set(found.googleEmail, entry);
        }
      }
      return { userId: user.userId, timeZone: user.timeZone, self, colleagues, inviteExternal };
    },
  };
}
