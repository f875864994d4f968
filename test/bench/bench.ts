/**
 * `npm run bench`: all parts, or those that are named: `npm run bench -- month --seed 7`. Prints figures,
 * asserts nothing. `latency` needs the emulators.
 */
import { parseArgs } from 'node:util';

const PARTS = ['month', 'latency'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '350' },
    'polled-users': { type: 'string', default: '35' },
  },
});
const wrong = positionals.filter((part) => !PARTS.some((known) => known === part));
if (wrong.length > 0) throw new Error(`no part ${wrong}; there are ${PARTS.join(', ')}`);

for (const part of PARTS.filter((p) => positionals.length === 0 || positionals.includes(p))) {
  if (part === 'latency') await (await import('./latency.ts')).latency();
  else {
    const { month } = await import('./month.ts');
    await month({
      seed: Number(values.seed),
      users: Number(values.users),
      polledUsers: Number(values['polled-users']),
    });
  }
}
