/** The table of contents: every deployed function, one line each. */
import { http } from '@google-cloud/functions-framework';
import { loadConfig } from './config.ts';
import {
  adminHandler,
  authorizeHandler,
  availabilityHandler,
  crmChangeHandler,
  googlePushHandler,
  maintainHandler,
  pollFanoutHandler,
  syncUserHandler,
} from './handlers.ts';

const config = loadConfig(process.env);

http('crmChange', crmChangeHandler(config)); // Pub/Sub push of crm-changes: the CRM's changes
http('maintain', maintainHandler(config)); // Pub/Sub push of maintain: once a day
http('pollFanout', pollFanoutHandler(config)); // Pub/Sub push of poll-tick: who is due
http('googlePush', googlePushHandler(config)); // HTTPS: Google's notifications of watch channels
http('syncUser', syncUserHandler(config)); // Pub/Sub push of sync-user: one user's sync
http('authorize', authorizeHandler(config)); // HTTPS: connect, status, disconnect
http('admin', adminHandler(config)); // HTTPS, by IAM: preview, journal, undo, release, dead letters
http('availability', availabilityHandler(config)); // HTTPS, by IAM: who is busy when, common free slots
