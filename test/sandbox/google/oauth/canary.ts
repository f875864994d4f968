/** What every token of the simulator carries, again and again: whoever finds it somewhere has found a token. */
export const CANARY = 'q7Zk0W';
const EVERY = 6;

/** A token's random part with the canary after every few characters. */
export const marked = (random: string): string =>
  random.replace(new RegExp(`.{${EVERY}}`, 'g'), (part) => part + CANARY);
