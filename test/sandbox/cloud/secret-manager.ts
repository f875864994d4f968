/** Secret Manager v1: global and regional secrets, in memory. */
import { crc32c } from '../../../functions/vault/crc32c.ts';
import {
  bytesOf,
  CloudError,
  type JsonObject,
  objectOf,
  page,
  type Route,
  textOf,
  timestamp,
} from './protocol.ts';

const MAX_PAYLOAD = 65_536;

interface Version {
  number: number;
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
  data: Buffer;
  clientChecksum: boolean;
  createTime: string;
  destroyTime?: string;
  etag: string;
}

interface Secret {
  name: string;
  fields: JsonObject;
  createTime: string;
  etag: string;
  versions: Version[];
  /** What `latest` shows while it lags; 0: nothing. */
  heldLatest?: number;
}

/** A stored version, for tests that look inside. */
export type StoredVersion = Pick<Version, 'number' | 'state' | 'data'>;

export class SecretManager {
  readonly #now: () => number;
  readonly #secrets = new Map<string, Secret>();
  #etags = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Everything that is stored, as text; to look for what must not be there. */
  dump(): string {
    const secrets = [...this.#secrets.values()];
    const payloads = secrets.flatMap(({ versions }) => versions.map(({ data }) => data));
    return [
      JSON.stringify(secrets.map((secret) => ({ ...secret, versions: secret.versions.length }))),
      ...payloads.flatMap((data) => [data.toString('latin1'), data.toString('base64')]),
    ].join('\n');
  }

  /** Names of all secrets. */
  names(): string[] {
    return [...this.#secrets.keys()];
  }

  /** The stored versions, oldest first; their data may be written to (tampering). */
  versions(name: string): StoredVersion[] {
    return this.#secrets.get(name)?.versions ?? [];
  }

  /** Lets `latest` lag behind: it shows that version (0: none) until undefined is given. */
  holdLatest(name: string, version: number | undefined): void {
    const secret = this.#secret(name);
    if (version === undefined) delete secret.heldLatest;
    else secret.heldLatest = version;
  }

  /** Puts a value in, as an admin would with gcloud; answers with the version's name. */
  put(name: string, value: string): string {
    const [parent, id] = name.split('/secrets/') as [string, string];
    if (!this.#secrets.has(name)) this.#create(parent, id, { replication: { automatic: {} } });
    return textOf(this.#add(name, { data: Buffer.from(value).toString('base64') }).name) as string;
  }

  #etag(): string {
    this.#etags += 1;
    return `"${this.#etags.toString(16).padStart(14, '0')}"`;
  }

  #secret(name: string): Secret {
    const secret = this.#secrets.get(name);
    if (secret) return secret;
    throw new CloudError('NOT_FOUND', `Secret [${name}] not found.`);
  }

  #version(name: string, id: string): { secret: Secret; version: Version } {
    const secret = this.#secrets.get(name);
    const number = id === 'latest' ? (secret?.heldLatest ?? secret?.versions.length) : Number(id);
    const version = secret?.versions[(number ?? 0) - 1];
    if (secret && version) return { secret, version };
    const missing =
      secret && id !== 'latest'
        ? `Secret Version [${name}/versions/${id}] not found.`
        : `Secret [${name}] not found or has no versions.`;
    throw new CloudError('NOT_FOUND', missing);
  }

  #create(parent: string, id: string, fields: JsonObject): JsonObject {
    if (!/^[\w-]{1,255}$/.test(id)) {
      throw new CloudError(
        'INVALID_ARGUMENT',
        `The provided Secret ID [${id}] does not match the expected format [[a-zA-Z_0-9]+]`,
      );
    }
    const name = `${parent}/secrets/${id}`;
    if (this.#secrets.has(name)) {
      throw new CloudError('ALREADY_EXISTS', `Secret [${name}] already exists.`);
    }
    if (!parent.includes('/locations/') && !fields.replication) {
      throw new CloudError('INVALID_ARGUMENT', 'Field [secret.replication] is required.');
    }
    const createTime = timestamp(this.#now());
    const secret = { name, fields, createTime, etag: this.#etag(), versions: [] };
    this.#secrets.set(name, secret);
    return show(secret);
  }

  #add(name: string, payload: JsonObject): JsonObject {
    const secret = this.#secret(name);
    const data = bytesOf(payload.data, 'payload.data');
    if (data.length > MAX_PAYLOAD) {
      throw new CloudError('INVALID_ARGUMENT', `Secret payload exceeds ${MAX_PAYLOAD} bytes.`);
    }
    const checksum = payload.dataCrc32c;
    if (checksum !== undefined && String(checksum) !== String(crc32c(data))) {
      throw new CloudError('INVALID_ARGUMENT', 'The provided CRC32C does not match the payload.');
    }
    const version: Version = {
      number: secret.versions.length + 1,
      state: 'ENABLED',
      data,
      clientChecksum: checksum !== undefined,
      createTime: timestamp(this.#now()),
      etag: this.#etag(),
    };
    secret.versions.push(version);
    return showVersion(secret, version);
  }

  #access(name: string, id: string): JsonObject {
    const { secret, version } = this.#version(name, id);
    const full = `${secret.name}/versions/${version.number}`;
    if (version.state !== 'ENABLED') {
      throw new CloudError(
        'FAILED_PRECONDITION',
        `Secret Version [${full}] is in ${version.state} state.`,
      );
    }
    const { data } = version;
    const payload = { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) };
    return { name: full, payload };
  }

  #setState(name: string, id: string, state: Version['state'], etag: unknown): JsonObject {
    const { secret, version } = this.#version(name, id);
    checkEtag(version.etag, etag);
    if (version.state === 'DESTROYED') {
      throw new CloudError(
        'FAILED_PRECONDITION',
        `Secret Version [${secret.name}/versions/${version.number}] is in DESTROYED state.`,
      );
    }
    version.state = state;
    version.etag = this.#etag();
    if (state === 'DESTROYED') {
      version.data = Buffer.alloc(0);
      version.destroyTime = timestamp(this.#now());
    }
    return showVersion(secret, version);
  }

  #list(name: string, query: URLSearchParams): JsonObject {
    const secret = this.#secret(name);
    const wanted = query.get('filter')?.match(/ENABLED|DISABLED|DESTROYED/g);
    const all = secret.versions.filter(({ state }) => !wanted || wanted.includes(state)).reverse();
    const { items, ...token } = page(all, query);
    return {
      versions: items.map((version) => showVersion(secret, version)),
      ...token,
      totalSize: all.length,
    };
  }

  #listSecrets(parent: string, query: URLSearchParams): JsonObject {
    const all = [...this.#secrets.values()]
      .filter(({ name }) => name.startsWith(`${parent}/secrets/`))
      .reverse();
    const { items, ...token } = page(all, query);
    return { secrets: items.map(show), ...token, totalSize: all.length };
  }

  #patch(name: string, body: JsonObject, mask: string): JsonObject {
    const secret = this.#secret(name);
    checkEtag(secret.etag, body.etag);
    for (const field of mask.split(',')) secret.fields[field] = body[field];
    secret.etag = this.#etag();
    return show(secret);
  }

  readonly routes: Route[] = [
    route('ListSecrets', 'GET', '/secrets', ({ params, query }) =>
      this.#listSecrets(params.parent as string, query),
    ),
    route('CreateSecret', 'POST', '/secrets', ({ params, query, body }) =>
      this.#create(params.parent as string, query.get('secretId') ?? '', body),
    ),
    route('AddSecretVersion', 'POST', ':addVersion', ({ params, body }) =>
      this.#add(params.name as string, objectOf(body.payload)),
    ),
    route('GetSecret', 'GET', '', ({ params }) => show(this.#secret(params.name as string))),
    route('UpdateSecret', 'PATCH', '', ({ params, query, body }) =>
      this.#patch(params.name as string, body, query.get('updateMask') ?? ''),
    ),
    route('DeleteSecret', 'DELETE', '', ({ params, query }) => {
      const secret = this.#secret(params.name as string);
      checkEtag(secret.etag, query.get('etag') ?? undefined);
      this.#secrets.delete(secret.name);
      return {};
    }),
    route('ListSecretVersions', 'GET', '/versions', ({ params, query }) =>
      this.#list(params.name as string, query),
    ),
    route('GetSecretVersion', 'GET', '/versions/ID', ({ params }) => {
      const { secret, version } = this.#version(params.name as string, params.id as string);
      return showVersion(secret, version);
    }),
    route('AccessSecretVersion', 'GET', '/versions/ID:access', ({ params }) =>
      this.#access(params.name as string, params.id as string),
    ),
    ...(
      [
        ['DisableSecretVersion', 'disable', 'DISABLED'],
        ['EnableSecretVersion', 'enable', 'ENABLED'],
        ['DestroySecretVersion', 'destroy', 'DESTROYED'],
      ] as const
    ).map(([name, verb, state]) =>
      route(name, 'POST', `/versions/ID:${verb}`, ({ params, body }) =>
        this.#setState(params.name as string, params.id as string, state, body.etag),
      ),
    ),
  ];
}

/** `tail` follows the secret's name; `/secrets` stands for the collection below the project. */
function route(name: string, http: string, tail: string, run: Route['run']): Route {
  const parent = 'projects/[^/:]+(?:/locations/[^/:]+)?';
  const path =
    tail === '/secrets'
      ? `(?<parent>${parent})/secrets`
      : `(?<name>${parent}/secrets/[^/:]+)${tail.replace('ID', '(?<id>[^/:]+)')}`;
  return { name, http, path: new RegExp(`^/v1/${path}$`), run };
}

function show({ name, fields, createTime, etag }: Secret): JsonObject {
  return { ...fields, name, createTime, etag };
}

function showVersion(secret: Secret, version: Version): JsonObject {
  const { number, state, createTime, destroyTime, etag, clientChecksum } = version;
  return {
    name: `${secret.name}/versions/${number}`,
    createTime,
    ...(destroyTime !== undefined && { destroyTime }),
    state,
    replicationStatus: { automatic: {} },
    etag,
    clientSpecifiedPayloadChecksum: clientChecksum,
  };
}

function checkEtag(stored: string, given: unknown): void {
  if (given === undefined || given === '' || given === stored) return;
  throw new CloudError(
    'FAILED_PRECONDITION',
    `The etag provided [${given}] does not match the current one [${stored}].`,
  );
}
