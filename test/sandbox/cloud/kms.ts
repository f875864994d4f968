/** Cloud KMS v1: symmetric keys with versions; encryption is real AES-256-GCM. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { crc32c } from '../../../functions/vault/crc32c.ts';
import {
  bytesOf,
  CloudError,
  type JsonObject,
  page,
  type Route,
  textOf,
  timestamp,
} from './protocol.ts';

const MAX_BYTES = 65_536;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const ID_BYTES = 8;

interface KeyVersion {
  number: number;
  state: 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED';
  key: Buffer;
  createTime: string;
}

interface CryptoKey {
  name: string;
  fields: JsonObject;
  createTime: string;
  primary: number;
  versions: KeyVersion[];
}

export class Kms {
  readonly #now: () => number;
  readonly #rings = new Map<string, string>();
  readonly #keys = new Map<string, CryptoKey>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Makes key ring and key unless they are there, as Terraform would. */
  ensureKey(name: string): void {
    const [ring, id] = name.split('/cryptoKeys/') as [string, string];
    if (!this.#rings.has(ring)) this.#rings.set(ring, timestamp(this.#now()));
    if (!this.#keys.has(name)) this.#createKey(ring, id, { purpose: 'ENCRYPT_DECRYPT' });
  }

  /** Adds a version and makes it primary; answers with its number. */
  rotate(name: string): number {
    const key = this.#key(name);
    key.primary = this.#newVersion(key).number;
    return key.primary;
  }

  /** Enables, disables or schedules a version for destruction. */
  setVersionState(name: string, number: number, state: KeyVersion['state']): void {
    this.#version(name, String(number)).version.state = state;
  }

  /** Number of the version that made a ciphertext. */
  versionOf(name: string, ciphertext: Uint8Array): number | undefined {
    const id = Buffer.from(ciphertext.subarray(0, ID_BYTES));
    return this.#key(name).versions.find(({ number }) => id.equals(versionId(name, number)))
      ?.number;
  }

  #createRing(parent: string, id: string): JsonObject {
    const name = `${parent}/keyRings/${id}`;
    if (this.#rings.has(name))
      throw new CloudError('ALREADY_EXISTS', `KeyRing ${name} already exists.`);
    this.#rings.set(name, timestamp(this.#now()));
    return this.#showRing(name);
  }

  #showRing(name: string): JsonObject {
    const createTime = this.#rings.get(name);
    if (createTime !== undefined) return { name, createTime };
    throw new CloudError('NOT_FOUND', `KeyRing ${name} not found.`);
  }

  #createKey(ring: string, id: string, fields: JsonObject): JsonObject {
    this.#showRing(ring);
    const name = `${ring}/cryptoKeys/${id}`;
    if (this.#keys.has(name))
      throw new CloudError('ALREADY_EXISTS', `CryptoKey ${name} already exists.`);
    if (fields.purpose !== 'ENCRYPT_DECRYPT' && fields.purpose !== 1) {
      throw new CloudError('INVALID_ARGUMENT', 'Only the purpose ENCRYPT_DECRYPT is simulated.');
    }
    const createTime = timestamp(this.#now());
    const key: CryptoKey = {
      name,
      fields: { ...fields, purpose: 'ENCRYPT_DECRYPT' },
      createTime,
      primary: 1,
      versions: [],
    };
    this.#newVersion(key);
    this.#keys.set(name, key);
    return show(key);
  }

  #newVersion(key: CryptoKey): KeyVersion {
    const version: KeyVersion = {
      number: key.versions.length + 1,
      state: 'ENABLED',
      key: randomBytes(32),
      createTime: timestamp(this.#now()),
    };
    key.versions.push(version);
    return version;
  }

  #key(name: string): CryptoKey {
    const key = this.#keys.get(name);
    if (key) return key;
    throw new CloudError('NOT_FOUND', `CryptoKey ${name} not found.`);
  }

  #version(name: string, number: string): { key: CryptoKey; version: KeyVersion } {
    const key = this.#key(name);
    const version = key.versions[Number(number) - 1];
    if (version) return { key, version };
    throw new CloudError(
      'NOT_FOUND',
      `CryptoKeyVersion ${name}/cryptoKeyVersions/${number} not found.`,
    );
  }

  #encrypt(name: string, number: string | undefined, body: JsonObject): JsonObject {
    const { key, version } = this.#version(name, number ?? String(this.#key(name).primary));
    requireEnabled(key, version);
    const plaintext = checked(body, 'plaintext');
    if (plaintext.length === 0)
      throw new CloudError('INVALID_ARGUMENT', 'Plaintext must not be empty.');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', version.key, nonce);
    cipher.setAAD(checked(body, 'additionalAuthenticatedData'));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const ciphertext = Buffer.concat([
      versionId(name, version.number),
      nonce,
      sealed,
      cipher.getAuthTag(),
    ]);
    return {
      name: versionName(key, version),
      ciphertext: ciphertext.toString('base64'),
      ciphertextCrc32c: String(crc32c(ciphertext)),
      verifiedPlaintextCrc32c: body.plaintextCrc32c !== undefined,
      verifiedAdditionalAuthenticatedDataCrc32c:
        body.additionalAuthenticatedDataCrc32c !== undefined,
      protectionLevel: 'SOFTWARE',
    };
  }

  #decrypt(name: string, body: JsonObject): JsonObject {
    const key = this.#key(name);
    const ciphertext = checked(body, 'ciphertext');
    const aad = checked(body, 'additionalAuthenticatedData');
    const number = this.versionOf(name, ciphertext);
    if (number === undefined || ciphertext.length < ID_BYTES + NONCE_BYTES + TAG_BYTES) {
      throw new CloudError(
        'INVALID_ARGUMENT',
        "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
      );
    }
    const { version } = this.#version(name, String(number));
    requireEnabled(key, version);
    const plaintext = open(version.key, ciphertext.subarray(ID_BYTES), aad);
    return {
      plaintext: plaintext.toString('base64'),
      plaintextCrc32c: String(crc32c(plaintext)),
      usedPrimary: number === key.primary,
      protectionLevel: 'SOFTWARE',
    };
  }

  #updateVersion(name: string, number: string, body: JsonObject): JsonObject {
    const { key, version } = this.#version(name, number);
    const state = body.state === 1 ? 'ENABLED' : body.state === 2 ? 'DISABLED' : body.state;
    if (version.state === 'DESTROY_SCHEDULED' || (state !== 'ENABLED' && state !== 'DISABLED')) {
      throw new CloudError(
        'FAILED_PRECONDITION',
        `${versionName(key, version)} cannot become ${state}.`,
      );
    }
    version.state = state;
    return showVersion(key, version);
  }

  readonly routes: Route[] = [
    route('CreateKeyRing', 'POST', '(?<parent>LOC)/keyRings', ({ params, query }) =>
      this.#createRing(params.parent as string, query.get('keyRingId') ?? ''),
    ),
    route('GetKeyRing', 'GET', '(?<name>RING)', ({ params }) =>
      this.#showRing(params.name as string),
    ),
    route('ListKeyRings', 'GET', '(?<parent>LOC)/keyRings', ({ params, query }) => {
      const all = [...this.#rings.keys()].filter((name) => name.startsWith(`${params.parent}/`));
      const { items, ...token } = page(all, query);
      return {
        keyRings: items.map((name) => this.#showRing(name)),
        ...token,
        totalSize: all.length,
      };
    }),
    route('CreateCryptoKey', 'POST', '(?<parent>RING)/cryptoKeys', ({ params, query, body }) =>
      this.#createKey(params.parent as string, query.get('cryptoKeyId') ?? '', body),
    ),
    route('GetCryptoKey', 'GET', '(?<name>KEY)', ({ params }) =>
      show(this.#key(params.name as string)),
    ),
    route('ListCryptoKeys', 'GET', '(?<parent>RING)/cryptoKeys', ({ params, query }) => {
      const all = [...this.#keys.values()].filter(({ name }) =>
        name.startsWith(`${params.parent}/`),
      );
      const { items, ...token } = page(all, query);
      return { cryptoKeys: items.map(show), ...token, totalSize: all.length };
    }),
    route(
      'UpdateCryptoKeyPrimaryVersion',
      'POST',
      '(?<name>KEY):updatePrimaryVersion',
      ({ params, body }) => {
        const { key, version } = this.#version(
          params.name as string,
          textOf(body.cryptoKeyVersionId) ?? '',
        );
        requireEnabled(key, version);
        key.primary = version.number;
        return show(key);
      },
    ),
    route('CreateCryptoKeyVersion', 'POST', '(?<name>KEY)/cryptoKeyVersions', ({ params }) => {
      const key = this.#key(params.name as string);
      return showVersion(key, this.#newVersion(key));
    }),
    route('ListCryptoKeyVersions', 'GET', '(?<name>KEY)/cryptoKeyVersions', ({ params, query }) => {
      const key = this.#key(params.name as string);
      const { items, ...token } = page(key.versions, query);
      return {
        cryptoKeyVersions: items.map((v) => showVersion(key, v)),
        ...token,
        totalSize: key.versions.length,
      };
    }),
    route(
      'GetCryptoKeyVersion',
      'GET',
      '(?<name>KEY)/cryptoKeyVersions/(?<id>ID)',
      ({ params }) => {
        const { key, version } = this.#version(params.name as string, params.id as string);
        return showVersion(key, version);
      },
    ),
    route(
      'UpdateCryptoKeyVersion',
      'PATCH',
      '(?<name>KEY)/cryptoKeyVersions/(?<id>ID)',
      ({ params, body }) => this.#updateVersion(params.name as string, params.id as string, body),
    ),
    route(
      'DestroyCryptoKeyVersion',
      'POST',
      '(?<name>KEY)/cryptoKeyVersions/(?<id>ID):destroy',
      ({ params }) => {
        const { key, version } = this.#version(params.name as string, params.id as string);
        version.state = 'DESTROY_SCHEDULED';
        return showVersion(key, version);
      },
    ),
    route(
      'Encrypt',
      'POST',
      '(?<name>KEY)(?:/cryptoKeyVersions/(?<id>ID))?:encrypt',
      ({ params, body }) => this.#encrypt(params.name as string, params.id, body),
    ),
    route('Decrypt', 'POST', '(?<name>KEY):decrypt', ({ params, body }) =>
      this.#decrypt(params.name as string, body),
    ),
  ];
}

function route(name: string, http: string, path: string, run: Route['run']): Route {
  const pattern = path
    .replace('KEY)', 'RING/cryptoKeys/ID)')
    .replace('RING', 'LOC/keyRings/ID')
    .replace('LOC', 'projects/ID/locations/ID')
    .replaceAll('ID', '[^/:]+');
  return { name, http, path: new RegExp(`^/v1/${pattern}$`), run };
}

/** The ciphertext begins with it, so that decryption finds the version; it reveals no number. */
function versionId(key: string, number: number): Buffer {
  return createHash('sha256').update(`${key}/${number}`).digest().subarray(0, ID_BYTES);
}

function open(key: Buffer, sealed: Buffer, aad: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    throw new CloudError('INVALID_ARGUMENT', 'Decryption failed: the ciphertext is invalid.');
  }
}

/** A field's bytes, after checking its size and its checksum if there is one. */
function checked(body: JsonObject, field: string): Buffer {
  const data = bytesOf(body[field], field);
  // A ciphertext is longer than its plaintext; the limit is the plaintext's.
  if (field !== 'ciphertext' && data.length > MAX_BYTES) {
    throw new CloudError('INVALID_ARGUMENT', `${field} exceeds ${MAX_BYTES} bytes.`);
  }
  const checksum = body[`${field}Crc32c`];
  if (checksum !== undefined && String(checksum) !== String(crc32c(data))) {
    throw new CloudError(
      'INVALID_ARGUMENT',
      `The checksum in field ${field}_crc32c did not match the data in field ${field}.`,
    );
  }
  return data;
}

function requireEnabled(key: CryptoKey, version: KeyVersion): void {
  if (version.state === 'ENABLED') return;
  throw new CloudError(
    'FAILED_PRECONDITION',
    `${versionName(key, version)} is not enabled, current state is: ${version.state}.`,
  );
}

function versionName(key: CryptoKey, version: KeyVersion): string {
  return `${key.name}/cryptoKeyVersions/${version.number}`;
}

function show(key: CryptoKey): JsonObject {
  const primary = showVersion(key, key.versions[key.primary - 1] as KeyVersion);
  return { ...key.fields, name: key.name, createTime: key.createTime, primary };
}

function showVersion(key: CryptoKey, version: KeyVersion): JsonObject {
  return {
    name: versionName(key, version),
    state: version.state,
    createTime: version.createTime,
    protectionLevel: 'SOFTWARE',
    algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION',
  };
}
