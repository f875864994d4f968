/** Lists that are stored in pieces, each in a document of its own. */

/** Firestore takes 1 MiB a document; the rest is for its names and numbers. */
export const MOST_BYTES = 900_000;

/** A list in pieces that fit into one document each; an item that is too large has one alone. */
export function inPieces<T>(items: T[], mostBytes = MOST_BYTES): T[][] {
  const pieces: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (size > room) {
      pieces.push([]);
      room = mostBytes;
    }
    pieces.at(-1)?.push(item);
    room -= size;
  }
  return pieces;
}

/** Bytes that the item takes as JSON. */
export const sizeOf = (item: unknown): number => Buffer.byteLength(JSON.stringify(item)) + 1;
