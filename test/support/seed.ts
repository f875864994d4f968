/**
 * The seed of what a test draws: the same in every run, so that what is green stays so. `FC_SEED=42`
 * replays one, `FC_SEED=fresh` draws a new one.
 */
const asked = process.env.FC_SEED ?? '20261124';

export const SEED = asked === 'fresh' ? Date.now() % 2 ** 31 : Number(asked);
