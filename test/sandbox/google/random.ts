/** Names made of injected randomness, so that a run can be repeated. */

/** A source of numbers from 0 to below 1. */
export type Random = () => number;

/** A small seeded generator (mulberry32): the default, so that nothing varies unless asked to. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const BASE32HEX = '0123456789abcdefghijklmnopqrstuv';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function pick(random: Random, alphabet: string, length: number): string {
  let text = '';
  for (let i = 0; i < length; i += 1) text += alphabet[Math.floor(random() * alphabet.length)];
  return text;
}

/** An id in the alphabet that Calendar uses for event ids. */
export function base32hex(random: Random, length: number): string {
  return pick(random, BASE32HEX, length);
}

/** An opaque token. */
export function opaque(random: Random, length: number): string {
  return pick(random, BASE64URL, length);
}

/** Decimal digits without a leading zero. */
export function digits(random: Random, length: number): string {
  return pick(random, '123456789', 1) + pick(random, '0123456789', length - 1);
}

/** The numbers 0 to n-1 in random order. */
export function shuffled(random: Random, n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
