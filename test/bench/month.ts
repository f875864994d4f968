/**
 * The reference month in quick motion: 350 users, 8,300 changes in the calendar, and contacts and tasks
 * beside them, on the real functions in simulated time. With watch channels, and beside it by polling alone.
 */
import { played } from './month/groups.ts';
import { print } from './month/print.ts';
import { sum } from './month/result.ts';
import { COLD, TAKES } from './month/system.ts';

/**
 * Polled, a user has nothing to do with the others, but two and a half million polls take their time: they
 * are played in groups of so many. One in 35 never rests, so each group has its share of them.
 */
const GROUP = 70;

interface Options {
  seed: number;
  users: number;
  /** Whether the month by polling alone is played as well. */
  polled: boolean;
}

/** Runs the month, beside it the month by polling, and prints what each cost. */
export async function month({ seed, users, polled }: Options): Promise<void> {
  console.log(`The reference month: seed ${seed}; assumed, in ms:`, TAKES, `cold starts ${COLD}`);
  const watched = played({ seed, first: 0, size: users, channels: true });
  const groups = Array.from({ length: polled ? Math.ceil(users / GROUP) : 0 }, (_, i) =>
    played({
      ...{ seed, channels: false },
      first: i * GROUP,
      size: Math.min(GROUP, users - i * GROUP),
    }),
  );
  print('with watch channels', await watched);
  if (polled) print('by polling every 5 minutes', sum(await Promise.all(groups)));
}
