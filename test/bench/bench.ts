/** Prints figures, asserts nothing. */
import { parseArgs } from 'node:util';

const HELP = `npm run bench [-- month] [latency] [options]     both parts, or those that are named

month      the reference month in simulated time: with watch channels, and beside it by polling alone.
           13 minutes of processor time, on all cores: most of it are 2.8 million polls. On a machine
           that has other work, let it run in the background for half an hour.
  --seed 7       other people's month
  --users 35     fewer users; figures are theirs, nothing is scaled
  --no-polled    without the month by polling: two minutes
latency    on the emulators, in real time`;
const PARTS = ['month', 'latency'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '350' },
    polled: { type: 'boolean', default: true },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const wrong = positionals.filter((part) => !PARTS.some((known) => known === part));
if (wrong.length > 0) throw new Error(`no part ${wrong}; there are ${PARTS.join(', ')}`);

for (const part of PARTS.filter((p) => positionals.length === 0 || positionals.includes(p))) {
  if (part === 'latency') await (await import('./latency.ts')).latency();
  else {
    const { month } = await import('./month.ts');
    await month({
      seed: Number(values.seed),
      users: Number(values.users),
      polled: values.polled,
    });
  }
}
