import { z } from 'zod';
import type { Engine } from '../sync/engine.ts';
import { runUser } from '../sync/run-user.ts';
import { type PushDeps, type PushHandler, pushFunction } from './push.ts';

const messageSchema = z.object({ userId: z.string().min(1) });

/** What one user's run needs. */
export interface SyncUserDeps extends PushDeps {
  engine: Engine;
}

/** Push of topic sync-user: one user's sync, Google's changes of what is due included. */
export function createSyncUser(deps: SyncUserDeps): PushHandler {
  return pushFunction('syncUser', deps, async (message) => {
    const userId = userIdOf(message.text);
    if (userId === undefined) {
      // Only our own functions publish here: not worth keeping, worth an alert.
      deps.log('message.rejected', {
        topic: 'sync-user',
        messageId: message.messageId,
        reason: 'schema',
      });
      return 'done';
    }
    const outcome = await runUser(deps.engine, userId, {
      pull: 'due',
      publishedAt: message.publishedAt,
    });
    return outcome === 'later' ? 'later' : 'done';
  });
}

function userIdOf(text: string): string | undefined {
  try {
    return messageSchema.parse(JSON.parse(text)).userId;
  } catch {
    return undefined;
  }
}
