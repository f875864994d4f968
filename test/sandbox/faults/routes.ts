/** GET, POST and DELETE of /sandbox/faults. */
import type { Faults, Standing } from './faults.ts';
import { FaultError, readFaults, type Target } from './vocabulary.ts';

export interface FaultAnswer {
  status: number;
  body: unknown;
}

/** Answers a request; what is wrong with it is told in a sentence. */
export function handleFaults(
  faults: Faults,
  targets: readonly Target[],
  request: { method: string; id: string; body: string },
): FaultAnswer {
  const { method, id, body } = request;
  switch (method) {
    case 'GET':
      return { status: 200, body: { faults: listed(faults), services: targets } };
    case 'POST':
      return add(faults, targets, body);
    case 'DELETE':
      if (id === '') faults.clear();
      else if (!faults.remove(Number(id))) return problem(404, `There is no fault ${id}.`);
      return { status: 200, body: { faults: listed(faults) } };
    default:
      return problem(405, 'GET lists the faults, POST adds, DELETE clears.');
  }
}

function add(faults: Faults, targets: readonly Target[], body: string): FaultAnswer {
  try {
    const given = readFaults(body, targets);
    // Each has dice of its own: the seed in the answer makes it strike the same calls again.
    const seeded = given.map((fault) => ({ seed: newSeed(), ...fault }));
    const added = seeded.map((fault) => shown(faults.enter(fault)));
    return { status: 201, body: { faults: added } };
  } catch (error) {
    if (error instanceof FaultError) return problem(400, error.message);
    throw error;
  }
}

const newSeed = () => Math.floor(Math.random() * 2 ** 32);

const listed = (faults: Faults) => faults.list({ spent: true }).map(shown);

const shown = ({ id, fault, left, struck }: Standing) => ({
  id,
  ...fault,
  struck,
  /** null: endless. */
  left: Number.isFinite(left) ? left : null,
});

const problem = (status: number, error: string): FaultAnswer => ({ status, body: { error } });
