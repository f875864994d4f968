/**
 * What a change costs and how long it takes, on the local stack with the functions as bundled processes of
 * their own, Google's emulators and the simulators.
 */
import { readFileSync, rmSync } from 'node:fs';
import type { Stack } from '../sandbox/stack.ts';
import { bundled } from '../support/bundled.ts';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, type Driven, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

const CHANGES = 200;
const MANY = 1000;

const ms = (n: number) => `${n.toFixed(0)} ms`;
const percentile = (sorted: number[], p: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;

function latencies(name: string, taken: number[]): void {
  const sorted = [...taken].sort((a, b) => a - b);
  console.log(
    `${name}: p50 ${ms(percentile(sorted, 0.5))}, p95 ${ms(percentile(sorted, 0.95))} (${taken.length} changes)`,
  );
}

/** Resolves with the time (ms) at which the simulator next finishes a call of this name. */
function nextCall(stack: Stack, method: string): Promise<number> {
  return new Promise((resolve) => {
    const end = stack.workspace.stats.onCall((call) => {
      if (call.method !== method) return;
      end();
      resolve(performance.now());
    });
  });
}

async function crmToGoogle(stack: Driven): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const done = nextCall(stack, i % 2 === 0 ? 'calendar.events.insert' : 'calendar.events.patch');
    const start = performance.now();
    const crmId = `latency-${stack.google.latencyMs}-${i >> 1}`;
    await stack.crm.publishRaw(
      appointment(crmId, visit(1 + (i % 5), 8, { subject: `Version ${i}` })),
    );
    taken.push((await done) - start);
    await stack.idle();
  }
  return taken;
}

async function googleToCrm(stack: Driven): Promise<number[]> {
  const taken: number[] = [];
  const made = await stack.phone('luca', 'POST', '', {
    summary: 'Own',
    start: { date: '2026-12-01' },
    end: { date: '2026-12-02' },
  });
  await stack.poll();
  for (let i = 0; i < CHANGES; i++) {
    await stack.phone('luca', 'PATCH', `/${made.id}`, { summary: `Edit ${i}` });
    const before = stack.crm.messages().length;
    await stack.due('luca');
    const start = performance.now();
    await stack.bus.publish('sync-user', JSON.stringify({ userId: 'luca' }));
    while (stack.crm.messages().length === before) await new Promise((done) => setTimeout(done, 1));
    taken.push(performance.now() - start);
    await stack.idle();
  }
  return taken;
}

/** API calls and HTTP requests at Google while something happens. */
async function counted(stack: Driven, name: string, work: () => Promise<unknown>): Promise<void> {
  stack.workspace.stats.reset();
  const start = performance.now();
  await work();
  const { calls, httpRequests, byMethod } = stack.workspace.stats.snapshot();
  console.log(
    `${name}: ${calls} API calls in ${httpRequests} HTTP requests, ${ms(performance.now() - start)}`,
    byMethod,
  );
}

const many = (name: string) =>
  Array.from({ length: MANY }, (_, i) =>
    appointment(`${name}${i}`, visit(1 + (i % 5), 8 + (i % 9), { subject: name })),
  );

/** Peak resident memory of a function's process, MiB. */
function peakMemory(stack: Driven, name: string): string {
  const status = readFileSync(`/proc/${stack.hosts.get(name)?.pid}/status`, 'utf8');
  return `${Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)} MiB`;
}

/** Measures and prints. */
export async function latency(): Promise<void> {
  if (requireEmulators()) throw new Error('the benchmark needs the emulators');
  let close = async () => {};
  // As deployed: the bundles, not the sources.
  const source = await bundled();
  const stack = await driveStack(
    (end) => {
      close = end;
    },
    { processes: true, source },
  );
  try {
    stack.workspace.quota.enabled = false;
    await stack.publish(appointment('warm', visit(1)));
    for (const latencyMs of [0, 50]) {
      stack.google.latencyMs = latencyMs;
      console.log(`Google answers after ${latencyMs} ms`);
      latencies('  CRM change to event in Google', await crmToGoogle(stack));
      latencies('  Google edit (after a poll) to message at the CRM', await googleToCrm(stack));
    }
    stack.google.latencyMs = 0;
    await counted(stack, 'one change of one appointment', () =>
      stack.publish(appointment('warm', visit(2))),
    );
    await counted(stack, 'a poll that finds nothing, two users', async () => {
      await stack.poll();
      stack.workspace.stats.reset();
      await stack.poll();
    });
    await counted(stack, `${MANY} appointments in one message`, () =>
      stack.publish({ changes: many('bulk') }),
    );
    console.log(`peak memory of crmChange: ${peakMemory(stack, 'crmChange')}`);
    await counted(stack, `${MANY} messages at once for one user`, async () => {
      await Promise.all(many('burst').map((m) => stack.crm.publishRaw(m)));
      await stack.idle(300_000);
    });
    const events = (await stack.events('anna')).filter(
      (e) => e.summary === 'bulk' || e.summary === 'burst',
    );
    console.log(
      `in the calendar: ${events.length} of ${2 * MANY}, each once: ${new Set(events.map((e) => e.id)).size === 2 * MANY}`,
    );
    console.log(`peak memory of crmChange at the end: ${peakMemory(stack, 'crmChange')}`);
  } finally {
    await close();
    rmSync(source, { recursive: true, force: true });
  }
}
