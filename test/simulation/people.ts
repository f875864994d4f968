/** Carries out a script's steps: people at the desk and on the phone, and what else befalls the system. */
import { dueNow } from '../../functions/core/polls.ts';
import { administer, isAdmin } from './admin.ts';
import { atDesk } from './desk.ts';
import { onPhone } from './phone.ts';
import type { Action, Script } from './script.ts';
import { connect } from './set-up.ts';
import type { System } from './system.ts';
import { actOnType } from './types/actions.ts';
import { emailOf } from './users.ts';

/** Runs the steps; afterwards the system is still in the middle of it all. */
export async function play(system: System, steps: Script['steps']): Promise<void> {
  for (const { turns, action } of steps) {
    for (let i = 0; i < turns && (await system.turn()); i++);
    system.log('step', action);
    await act(system, action);
  }
}

/** One thing that happens. */
export async function act(system: System, action: Action): Promise<void> {
  const user = 'user' in action ? (system.users[action.user % system.users.length] ?? '') : '';
  if (action.do === 'type') return actOnType(system, user, action);
  if (action.do.startsWith('crm.')) return atDesk(system, user, action);
  if (action.do.startsWith('phone.')) return onPhone(system, user, action);
  if (isAdmin(action)) return administer(system, user, action);
  switch (action.do) {
    case 'fault':
      return void system.faults.armed.push({ ...action.fault });
    case 'answer':
      return void system.workspace.faults.enter(action.fault);
    case 'skew':
      system.skew = action.ms;
      return;
    case 'held':
    case 'late':
      return system.queues[action.do](action.pick, action.ms, system.scheduler.now);
    case 'wait':
      return system.leap(action.ms);
    case 'poll':
      return system.poll(user);
    case 'tick':
      return system.queues.publish('poll-fanout', '{}', system.scheduler.now);
    case 'maintain':
      return system.queues.publish('maintain', '{}', system.scheduler.now);
    case 'forge':
      return system.notifications?.forge(action.how, action.pick, system.scheduler.now);
    case 'unwatchable':
    case 'deaf':
      return void system[action.do][action.on ? 'add' : 'delete'](user);
    case 'expireSync':
      return system.workspace.expireSyncTokens(emailOf(user));
    case 'expireAccess':
      return system.workspace.expireAccessTokens(emailOf(user));
    case 'touch':
      return system.touch(user);
    case 'revoke':
      system.workspace.revokeGrants(emailOf(user));
      return system.happened(user, 'revoked');
    case 'connect':
      return connect(system, user);
    case 'leave':
      return leave(system, user, action.how);
  }
}

/** The wish that the page stores, of everybody who is connected, in whatever state. */
async function leave(system: System, user: string, how: 'keep' | 'remove'): Promise<void> {
  let asked = false;
  await system.store.updateUser(user, (u) => {
    asked = u !== undefined && u.state !== 'disconnected' && u.state !== 'invited';
    return u && asked ? dueNow({ ...u, leaving: how }, system.scheduler.now) : undefined;
  });
  if (!asked) return;
  system.happened(user, how === 'keep' ? 'leavingKeep' : 'leavingRemove');
  await system.hint(user);
}
