/** Each function's handler, put together from its settings. */
import type { Config } from './config.ts';
import {
  type Given,
  openAuthorisation,
  openAvailability,
  openEngine,
  openLog,
  openPublisher,
  openStore,
  systemClock,
} from './services.ts';
import { createAdmin } from './triggers/admin.ts';
import { createAuthorize } from './triggers/authorize.ts';
import { createAvailability } from './triggers/availability.ts';
import { createCrmChange } from './triggers/crm-change.ts';
import { createGooglePush } from './triggers/google-push.ts';
import { createMaintain } from './triggers/maintain.ts';
import { createPollFanout } from './triggers/poll-fanout.ts';
import { createSyncUser } from './triggers/sync-user.ts';

/** Push of `crm-changes`: takes in what the CRM says and syncs its users. */
export function crmChangeHandler(config: Config, given: Given = {}) {
  const engine = openEngine(config, given);
  return createCrmChange({ config, engine, log: engine.log });
}

/** Push of `sync-user`: one user's run. */
export function syncUserHandler(config: Config, given: Given = {}) {
  const engine = openEngine(config, given);
  return createSyncUser({ config, engine, log: engine.log });
}

/** HTTPS for the admin: preview, journal, undo, release, erase and the like. */
export function adminHandler(config: Config, given: Given = {}) {
  const engine = openEngine(config, given);
  return createAdmin({ config, engine, log: engine.log });
}

/** HTTPS for service accounts: who is busy when, and what is free for all. */
export function availabilityHandler(config: Config, given: Given = {}) {
  const log = openLog(config, given);
  return createAvailability({ config, parts: openAvailability(config, given, log), log });
}

/** Push of the daily tick: channels, grants, expired documents, users left behind. */
export function maintainHandler(config: Config, given: Given = {}) {
  return createMaintain(clockwork(config, given));
}

/** Push of the poll tick: publishes `sync-user` for whoever is due. */
export function pollFanoutHandler(config: Config, given: Given = {}) {
  return createPollFanout(clockwork(config, given));
}

/** HTTPS for Google: a watched calendar has changed. */
export function googlePushHandler(config: Config, given: Given = {}) {
  return createGooglePush(clockwork(config, given));
}

/** What the functions have in common that only look who is due. */
function clockwork(config: Config, given: Given) {
  return {
    config,
    store: openStore(config, given),
    publisher: openPublisher(config, given),
    clock: given.clock ?? systemClock,
    log: openLog(config, given),
  };
}

/** HTTPS for the browser: connect, see the state, disconnect. */
export function authorizeHandler(config: Config, given: Given = {}) {
  const { vault, oauth } = openAuthorisation(config, given);
  return createAuthorize({
    config,
    store: openStore(config, given),
    sealer: vault,
    oauth,
    publisher: openPublisher(config, given),
    clock: given.clock ?? systemClock,
    log: openLog(config, given),
  });
}
