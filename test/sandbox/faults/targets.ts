/** The services of a stack that take faults, and which. */
import { TOPICS } from '../bus/bus.ts';
import type { Cloud } from '../cloud/cloud.ts';
import type { Service } from '../google/protocol.ts';
import type { Workspace } from '../google/workspace.ts';
import { FUNCTION_OF } from '../push.ts';
import type { Kind } from './faults.ts';
import type { Target } from './vocabulary.ts';

const CALL: readonly Kind[] = ['status', 'close', 'hang', 'delay'];
const LISTING: readonly Kind[] = ['empty', 'short', 'repeat', 'pageToken'];
const DELIVERY: readonly Kind[] = [
  'status',
  'close',
  'delay',
  'duplicate',
  'redeliver',
  'reorder',
  'drop',
  'deadLetter',
];

/** RPCs of Firestore that the store uses. */
const RPCS = ['BatchGetDocuments', 'RunQuery', 'BeginTransaction', 'Commit', 'Rollback'];

/** What the targets depend on. */
export interface Surroundings {
  workspace: Workspace;
  cloud: Cloud;
  /** Methods of the in-memory store; undefined with the emulator. */
  storeMethods: readonly string[] | undefined;
  /** Whether the functions reach Firestore through the stack. */
  firestore: boolean;
  processes: boolean;
}

/** All services; a Google service that joins the workspace is here by itself. */
export function targetsOf(surroundings: Surroundings): Target[] {
  const { workspace, cloud, storeMethods, firestore, processes } = surroundings;
  return [
    ...workspace.services.map(googleTarget),
    ...Object.entries(cloud.methods).map(([service, methods]) => ({
      service,
      methods,
      kinds: CALL,
    })),
    {
      service: 'firestore',
      methods: storeMethods ?? RPCS,
      kinds: ['status', 'close', 'delay'],
      ...(!firestore && {
        unavailable: 'the functions of this stack reach Firestore directly (proxyFirestore: true).',
      }),
    },
    { service: 'pubsub', methods: [...Object.values(TOPICS).flat(), 'publish'], kinds: DELIVERY },
    {
      service: 'notifications',
      methods: ['calendar'],
      kinds: ['drop', 'duplicate', 'delay'],
    },
    { service: 'crm', methods: ['receive', 'publish', 'request'], kinds: CALL },
    {
      service: 'functions',
      methods: Object.values(FUNCTION_OF),
      kinds: ['kill', 'pause'],
      ...(!processes && {
        unavailable: 'the functions of this stack are no processes: start it with --processes.',
      }),
    },
    { service: 'clock', methods: ['google', 'cloud', 'crm'], kinds: ['skew'] },
  ];
}

function googleTarget({ name, routes, batch, meanwhile = {}, lags }: Service): Target {
  const methods = [...new Set(routes.map((route) => route.name)), ...(batch ? ['batch'] : [])];
  const open = routes.every(({ scopes }) => scopes === null);
  return {
    service: name,
    methods,
    phone: !open,
    kinds: [
      ...CALL,
      'cut',
      ...(open ? [] : LISTING),
      ...(open ? [] : (['normalise'] as const)),
      ...(lags ? (['lag'] as const) : []),
      ...(Object.keys(meanwhile) as Kind[]),
      'expireAccess',
      'revoke',
      'withdraw',
    ],
  };
}
