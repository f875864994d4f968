/** Makes a failing script as small as it can be made while it still fails the same way. */
import type { Script } from './script.ts';
import { simulate } from './simulate.ts';

/** The smallest script found that still violates one of the invariants. */
export async function shrink(script: Script, invariants: ReadonlySet<string>): Promise<Script> {
  const fails = async (candidate: Script) =>
    (await simulate(candidate)).violations.some((v) => invariants.has(v.invariant));
  let best = script;
  const attempt = async (candidate: Script) => {
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const steps = best.steps.filter((_, i) => i < at || i >= at + size);
      if (!(await attempt({ ...best, steps }))) at += size;
    }
  }
  for (const plain of [
    { rough: false },
    { policy: {} },
    { workers: 1 },
    { users: 1 },
    { users: 2 },
    { echo: true },
    { onDeletedInCrm: 'restore' },
  ] as const) {
    await attempt({ ...best, ...plain });
  }
  const { mostOnPage: _, ...wholeListings } = best;
  await attempt(wholeListings);
  for (let i = 0; i < best.steps.length; i++) {
    const turns = 0;
    if (best.steps[i]?.turns !== 0)
      await attempt({ ...best, steps: best.steps.map((s, j) => (j === i ? { ...s, turns } : s)) });
  }
  return best;
}
