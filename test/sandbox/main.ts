/** `npm start`: the local stack, until Ctrl-C. */
import { parseArgs } from 'node:util';
import type { LogEvents } from '../../functions/log.ts';
import { findEmulators } from '../support/emulators.ts';
import { PEOPLE } from './seed-data.ts';
import { type Stack, startStack } from './stack.ts';

const HELP = `Usage: npm start -- [options]
  --port N        the page's port (8080)
  --memory        in-memory store and queue, also where Google's emulators are installed
  --processes     each function as a process of its own
  --empty         no users, no appointments
  --series        a CRM that knows series (RECURRENCE=series)
  --latency MS    added to every request at the Google simulator
  --verbose       every log event of the functions, not only what went wrong`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    memory: { type: 'boolean' },
    processes: { type: 'boolean', default: false },
    empty: { type: 'boolean', default: false },
    series: { type: 'boolean', default: false },
    latency: { type: 'string', default: '0' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

let stack: Stack | undefined;
let ending = false;

async function end(code: number): Promise<void> {
  if (ending) process.exit(code);
  ending = true;
  // A part that does not end by itself must not keep the terminal.
  setTimeout(() => process.exit(code), 5000).unref();
  await stack?.close();
  process.exit(code);
}

const QUIET: readonly (keyof LogEvents)[] = ['sync.run', 'crm.received', 'poll.fanout'];

/** One line a log event, for reading along. */
function show<E extends keyof LogEvents>(event: E, fields: LogEvents[E]): void {
  if (!values.verbose && QUIET.includes(event)) return;
  const said = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  console.log(`${new Date().toISOString().slice(11, 19)}  ${event}  ${said.join(' ')}`);
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return `Port ${values.port} is taken. Another one: npm start -- --port 8090`;
  }
  return error instanceof Error ? (error.stack ?? message) : String(error);
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port ${values.port}: not a port`);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0));
  const memory = values.memory ?? findEmulators() === undefined;
  console.log(
    memory
      ? 'Starting with the in-memory store and queue (no Firestore and Pub/Sub emulators in use) …'
      : "Starting with Google's Firestore and Pub/Sub emulators …",
  );
  stack = await startStack({
    port,
    memory,
    processes: values.processes,
    seed: !values.empty,
    latencyMs: Number(values.latency),
    proxyFirestore: !memory,
    log: (line) => console.error(line),
    events: show,
    env: {
      LOG_LEVEL: values.verbose ? 'info' : 'warn',
      ...(values.series && { RECURRENCE: 'series' }),
    },
  });
  const { url, mode } = stack;
  const guest = PEOPLE.find(({ connected }) => !connected);
  console.log(`
  Page        ${url}/
  Store       ${mode.store}
  Queue       ${mode.queue}
  Functions   ${mode.functions}

Try:
  - move an appointment on the right and watch it arrive in the CRM on the left, or the other way round
  - connect ${guest?.name}: ${url}/authorize, account ${guest?.email}
  - curl -s ${url}/crm/records?userId=anna
  - test/sandbox/README.md has the routes for scripts

Ctrl-C ends everything.`);
}

main().catch(async (error: unknown) => {
  console.error(explain(error));
  await end(1);
});
