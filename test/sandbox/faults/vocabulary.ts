/** What may be asked for by `POST /sandbox/faults`, and a sentence for what may not. */
import type { Fault, Kind } from './faults.ts';

/** A service that takes faults. */
export interface Target {
  service: string;
  methods: readonly string[];
  kinds: readonly Kind[];
  /** Phones call it too. */
  phone?: boolean;
  /** Why it takes none in this stack. */
  unavailable?: string;
}

/** A request that asks for what there is not; the message is a sentence for people. */
export class FaultError extends Error {}

const WHENS: readonly Kind[] = ['status', 'close', 'hang', 'delay'];
/** Kinds that say nothing without a value. */
const NEEDED: { [K in Kind]?: keyof Fault } = {
  status: 'status',
  delay: 'ms',
  lag: 'ms',
  redeliver: 'ms',
  pause: 'ms',
  skew: 'ms',
  withdraw: 'scope',
};
/** Fields that belong to some kinds only. */
const OF_KINDS: { [F in keyof Fault]?: readonly Kind[] } = {
  status: ['status'],
  reason: ['status'],
  message: ['status'],
  retryAfter: ['status'],
  ms: ['delay', 'lag', 'redeliver', 'pause', 'skew', 'duplicate', 'reorder', 'kill'],
  copies: ['duplicate'],
  scope: ['withdraw'],
  when: WHENS,
};
/** A repeated page without an end would be read for ever. */
const ONCE: readonly Kind[] = ['repeat'];
const DAY_MS = 86_400_000;

type Check = (value: unknown) => string | undefined;
const text: Check = (v) => (typeof v === 'string' && v !== '' ? undefined : 'must be a text');
const flag: Check = (v) => (typeof v === 'boolean' ? undefined : 'must be true or false');
const whole =
  (min: number, max: number): Check =>
  (v) =>
    Number.isInteger(v) && Number(v) >= min && Number(v) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const FIELDS: { [F in keyof Required<Fault>]: Check } = {
  service: text,
  method: text,
  kind: text,
  user: text,
  client: (v) => (v === 'sync' || v === 'phone' ? undefined : 'must be "sync" or "phone"'),
  inBatch: flag,
  when: (v) => (v === 'before' || v === 'after' ? undefined : 'must be "before" or "after"'),
  skip: whole(0, 1e6),
  count: whole(1, 1e6),
  probability: (v) =>
    typeof v === 'number' && v > 0 && v <= 1 ? undefined : 'must be more than 0 and at most 1',
  seed: whole(0, 2 ** 32 - 1),
  status: whole(400, 599),
  reason: text,
  message: text,
  retryAfter: whole(0, 86_400),
  ms: whole(-DAY_MS, DAY_MS),
  copies: whole(1, 5),
  scope: text,
};

/** The faults in a body: one, or `{"faults": [...]}`. Throws FaultError. */
export function readFaults(body: string, targets: readonly Target[]): Fault[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new FaultError('The body is not JSON.');
  }
  const many = isObject(parsed) && Array.isArray(parsed.faults) ? parsed.faults : undefined;
  return many
    ? many.map((one, i) => readFault(one, targets, `faults[${i}]`))
    : [readFault(parsed, targets, 'The fault')];
}

function readFault(given: unknown, targets: readonly Target[], where: string): Fault {
  const refuse = (sentence: string) => new FaultError(`${where}: ${sentence}`);
  if (!isObject(given)) throw refuse('must be an object such as {"service": ..., "kind": ...}.');
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof Fault] : undefined;
    if (!check) throw refuse(`there is no field "${name}"; there are ${list(FIELDS)}.`);
    const wrong = check(value);
    if (wrong) throw refuse(`"${name}" ${wrong}.`);
  }
  const fault = given as unknown as Fault;
  const target = targetOf(fault, targets, refuse);
  const { kind } = fault;
  if (!target.kinds.includes(kind)) {
    throw refuse(
      `"${target.service}" knows no kind "${kind ?? ''}"; it knows ${target.kinds.join(', ')}.`,
    );
  }
  const needed = NEEDED[kind];
  if (needed && fault[needed] === undefined) throw refuse(`kind "${kind}" needs "${needed}".`);
  for (const [name, kinds] of Object.entries(OF_KINDS)) {
    if (fault[name as keyof Fault] !== undefined && !kinds.includes(kind)) {
      throw refuse(`"${name}" means nothing to kind "${kind}".`);
    }
  }
  if (kind !== 'skew' && (fault.ms ?? 0) < 0) throw refuse('"ms" must not be negative.');
  return { ...(ONCE.includes(kind) && { count: 1 }), ...fault };
}

function targetOf(
  { service, method }: Fault,
  targets: readonly Target[],
  refuse: (sentence: string) => FaultError,
): Target {
  const names = targets.map((target) => target.service).join(', ');
  const target = targets.find((one) => one.service === service);
  if (!target) {
    throw refuse(
      service === undefined
        ? `"service" is missing; there are ${names}.`
        : `there is no service "${service}"; there are ${names}.`,
    );
  }
  if (target.unavailable) throw refuse(target.unavailable);
  const bare = method?.startsWith(`${service}.`) ? method.slice(target.service.length + 1) : method;
  if (bare !== undefined && !target.methods.includes(bare)) {
    throw refuse(`"${service}" has no method "${bare}"; it has ${target.methods.join(', ')}.`);
  }
  return target;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const list = (object: object) => Object.keys(object).join(', ');
