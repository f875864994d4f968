/** The CRM simulator beside a world in memory: what each tells the other arrives when the test says so. */
import { type CrmChange, crmMessageSchema } from '../../functions/core/messages.ts';
import { Crm } from '../sandbox/crm/crm.ts';
import type { CrmOptions } from '../sandbox/crm/types.ts';
import type { World } from './world.ts';

/** A CRM that follows, and what has reached it so far. */
export function crmOf(world: World, options: Pick<CrmOptions, 'echo'> = {}) {
  let delivered = 0;
  const outbox: CrmChange[] = [];
  const crm = new Crm({
    ...options,
    now: world.clock.now,
    random: () => 0.5,
    publish: (message) => {
      const parsed = crmMessageSchema.parse(message);
      if (!('changes' in parsed) && parsed.record !== 'user') outbox.push(parsed);
    },
  });
  /** Delivers what was told. */
  async function receive(): Promise<void> {
    while (delivered < world.messages.length) await crm.receive(world.messages[delivered++]);
  }
  return {
    crm,
    outbox,
    receive,
    /** The same, and carries out what the CRM answers, until both are silent. */
    async settle(): Promise<void> {
      while (delivered < world.messages.length || outbox.length > 0) {
        await receive();
        for (const change of outbox.splice(0)) await world.crm(change);
        for (const userId of world.syncRequests.splice(0)) await world.poll(userId);
      }
    },
  };
}

/** Who the CRM can enter something for. */
export async function announce(crm: Crm, ...users: string[]): Promise<void> {
  for (const userId of users) {
    const email = `${userId}@firm.example`;
    await crm.announce({ userId, email, name: userId, timeZone: 'Europe/Zurich' });
  }
}
