/**
 * Bundles the functions for deployment: `node infra/bundle.ts`. For each line of functions/index.ts one
 * ESM file with only what that function uses, in dist/functions/NAME, and a zip of it for Cloud Run
 * functions, in infra/dist. Same sources, same lock file: same bytes.
 *
 * The Functions Framework is not bundled. The platform starts it, from the zip's own node_modules, and
 * it must be the same instance that a function registers with; so the zip names it in package.json, at
 * the version of the repository's lock file, with a lock file of its own.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const framework = '@google-cloud/functions-framework';

export interface Bundle {
  name: string;
  /** Folder with the unpacked bundle. */
  dir: string;
  zip: string;
  /** Bytes of index.mjs, and of the zip. */
  size: number;
  zipSize: number;
  sha256: string;
  /** npm packages with code in the bundle. */
  packages: string[];
  /** Files of functions/ with code in the bundle. */
  sources: string[];
}

/** CommonJS packages in an ESM file: their require() is Node's, their __dirname the bundle's. */
const banner = [
  "import { createRequire as bundleRequire } from 'node:module';",
  'const require = bundleRequire(import.meta.url);',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

const indexFile = join(root, 'functions/index.ts');
const index = readFileSync(indexFile, 'utf8');
/** A line of the table of contents: `http('crmChange', ...); // what it is`. */
const registration = /^http\('(\w+)', .*\);.*$/gm;

/** The functions: one line each in functions/index.ts. */
export function functionNames(): string[] {
  return [...index.matchAll(registration)].map(([, name = '']) => name).sort();
}

/** The table of contents with only one function's line in it. */
function indexOf(name: string): string {
  return index.replace(registration, (line, other) => (other === name ? line : ''));
}

/** Bundles one function, or all. */
export async function bundle(
  out: { dirs: string; zips: string },
  only?: string,
): Promise<Bundle[]> {
  const names = only ? [only] : functionNames();
  mkdirSync(out.zips, { recursive: true });
  const bundles: Bundle[] = [];
  for (const name of names) bundles.push(await bundleOne(name, out));
  return bundles;
}

async function bundleOne(name: string, out: { dirs: string; zips: string }): Promise<Bundle> {
  const dir = join(out.dirs, name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: indexOf(name),
      resolveDir: join(root, 'functions'),
      sourcefile: 'functions/index.ts',
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: [framework],
    banner: { js: banner },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    write: false,
    // Not written: it only says where source maps are relative to, whatever folder is written to.
    outfile: `dist/functions/${name}/index.mjs`,
    plugins: [importsHaveNoSideEffects, leaveOutUnused],
    logLevel: 'warning',
  });
  const files = new Map(
    outputFiles.map((f) => [f.path.split('/').at(-1) ?? '', Buffer.from(f.contents)]),
  );
  for (const [file, json] of Object.entries(packageFiles(name))) {
    files.set(file, Buffer.from(`${JSON.stringify(json, null, 2)}\n`));
  }
  for (const [file, content] of files) writeFileSync(join(dir, file), content);
  const zipped = zip(files);
  const zipFile = join(out.zips, `${name}.zip`);
  writeFileSync(zipFile, zipped);
  return {
    name,
    dir,
    zip: zipFile,
    size: files.get('index.mjs')?.length ?? 0,
    zipSize: zipped.length,
    sha256: createHash('sha256').update(zipped).digest('hex'),
    ...contents(metafile),
  };
}

/**
 * Modules of functions/ do nothing when they are imported, and import no package for what it does then.
 * Told so, the bundler leaves out what a function does not use, above all Google's clients.
 */
const importsHaveNoSideEffects: Plugin = {
  name: 'imports-have-no-side-effects',
  setup(it) {
    it.onResolve({ filter: /.*/ }, async (args) => {
      const ours = args.resolveDir.startsWith(join(root, 'functions'));
      if (args.pluginData === 'resolving' || !ours || args.path === framework) return undefined;
      const { path, errors, external, namespace } = await it.resolve(args.path, {
        kind: args.kind,
        importer: args.importer,
        resolveDir: args.resolveDir,
        pluginData: 'resolving',
      });
      return errors.length > 0 ? { errors } : { path, external, namespace, sideEffects: false };
    });
  },
};

/**
 * Parts of packages that are loaded with them and never used here, and what stands in for each. They
 * are CommonJS, which the bundler cannot see through. Together more than half of what a bundle was.
 */
const unused: { files: RegExp; contents: string }[] = [
  {
    // Messages as code, exported for users' own use; the clients work with the JSON beside it.
    files: /@google-cloud\/(kms|pubsub|secret-manager)\/build\/protos\/protos\.js$/,
    contents: 'module.exports = {};',
  },
  {
    // The same for long-running operations, IAM policies and locations: administration.
    files: /google-gax\/build\/protos\/(iam_service|locations|operations)\.js$/,
    contents: 'module.exports = {};',
  },
  {
    files:
      /@google-cloud\/kms\/build\/src\/v1\/(autokey|autokey_admin|ekm_service|hsm_management)_client\.js$/,
    contents: 'module.exports = {};',
  },
  {
    files: /@google-cloud\/firestore\/build\/src\/v1\/firestore_admin_client\.js$/,
    contents: 'module.exports = {};',
  },
  {
    // A client of the Logging API, of which the log format asks only where it runs.
    files: /@google-cloud\/logging\/build\/src\/index\.js$/,
    contents: `
      exports.Logging = class {
        auth = { getProjectId: async () => process.env.GOOGLE_CLOUD_PROJECT };
      };
      exports.detectServiceContext = async () => {
        const { K_SERVICE: service, K_REVISION: version } = process.env;
        return service ? { service, version } : null;
      };`,
  },
  {
    // Error messages in fifty languages.
    files: /zod\/v4\/locales\/index\.js$/,
    contents: "export { default as en } from './en.js';",
  },
];

const leaveOutUnused: Plugin = {
  name: 'leave-out-unused',
  setup(it) {
    for (const { files, contents } of unused) {
      it.onLoad({ filter: files }, ({ path }) => ({ contents, resolveDir: dirname(path) }));
    }
  },
};

function contents({ outputs }: Metafile): Pick<Bundle, 'packages' | 'sources'> {
  const inputs = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
  const packages = inputs.flatMap(
    (f) => f.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? [],
  );
  return {
    packages: [...new Set(packages)].sort(),
    sources: inputs.filter((file) => file.startsWith('functions/')).sort(),
  };
}

interface Lock {
  lockfileVersion: number;
  packages: { [path: string]: LockEntry };
}
interface LockEntry {
  version?: string;
  dev?: boolean;
  dependencies?: { [name: string]: string };
  optionalDependencies?: { [name: string]: string };
  [other: string]: unknown;
}

/** package.json and package-lock.json of a zip: the framework, and what it needs. */
function packageFiles(name: string): { [file: string]: object } {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const version = lock.packages[`node_modules/${framework}`]?.version;
  if (!version) throw new Error(`package-lock.json has no ${framework}`);
  const self = {
    name: name.toLowerCase(),
    version: '0.0.0',
    dependencies: { [framework]: version },
  };
  const packages = Object.fromEntries(
    [...closure(lock, framework)].sort().map((path) => {
      const { dev: _, ...entry } = lock.packages[path] ?? {};
      return [path, entry];
    }),
  );
  return {
    'package.json': { ...self, private: true, type: 'module', main: 'index.mjs' },
    'package-lock.json': {
      ...self,
      lockfileVersion: 3,
      requires: true,
      packages: { '': self, ...packages },
    },
  };
}

/** Paths in the lock file of a package and everything that it needs. */
function closure(lock: Lock, first: string): Set<string> {
  const found = new Set<string>();
  const visit = (name: string, from: string, optional: boolean) => {
    const path = locate(lock, name, from);
    if (!path) {
      if (optional) return;
      throw new Error(`package-lock.json has no ${name}`);
    }
    if (found.has(path)) return;
    found.add(path);
    const entry = lock.packages[path];
    for (const need of Object.keys(entry?.dependencies ?? {})) visit(need, path, false);
    for (const need of Object.keys(entry?.optionalDependencies ?? {})) visit(need, path, true);
  };
  visit(first, '', false);
  return found;
}

/** Where Node would find a package from another one's folder: the nearest node_modules upwards. */
function locate(lock: Lock, name: string, from: string): string | undefined {
  for (let folder = from; ; ) {
    const path = `${folder && `${folder}/`}node_modules/${name}`;
    if (lock.packages[path]) return path;
    if (folder === '') return undefined;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')));
  }
}

/** A zip whose bytes depend on nothing but the files: in order, all of 1980-01-01. */
export function zip(files: Map<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [file, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = Buffer.from(file);
    const packed = deflateRawSync(content, { level: 9 });
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version 2.0: deflate
    common.writeUInt16LE(0x0800, 2); // names are UTF-8
    common.writeUInt16LE(8, 4); // deflated
    common.writeUInt16LE(0, 6); // 00:00
    common.writeUInt16LE(0x21, 8); // 1980-01-01
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(0x0314, 4); // made as on Unix
    common.copy(entry, 6);
    entry.writeUInt32LE(0o100644 * 0x10000, 38);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, name);
    const header = Buffer.concat([Buffer.from('PK\x03\x04'), common, name]);
    parts.push(header, packed);
    offset += header.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

if (import.meta.main) {
  const out = { dirs: join(root, 'dist/functions'), zips: join(root, 'infra/dist') };
  rmSync(out.zips, { recursive: true, force: true });
  for (const b of await bundle(out, process.argv[2])) {
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
    console.log(`${b.name}: ${mb(b.size)}, ${relative(root, b.zip)} ${mb(b.zipSize)} ${b.sha256}`);
  }
}
