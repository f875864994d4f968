/**
 * P35 across all suites: every token that the simulators issue carries a canary (oauth/canary.ts), and no
 * log, message, answer or stored document of any test may. Looked for as it is and as base64; the chars of
 * it need no escaping in URLs or JSON.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { Firestore } from '@google-cloud/firestore';
import { CANARY } from '../sandbox/google/oauth/canary.ts';

/** Base64 of the canary wherever it stands in a text: what is the same for each of the three offsets. */
const encoded = [0, 1, 2].map((offset) => {
  const bytes = Buffer.from('\0'.repeat(offset) + CANARY);
  const whole = Math.floor((bytes.length * 8) / 6);
  return bytes.toString('base64').slice(offset && offset + 1, whole);
});
const inUrl = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_');
const forms = [CANARY, ...encoded, ...encoded.map(inUrl)];

/** Whether a text holds a token, or a part of one. */
export const hasToken = (text: string): boolean => forms.some((form) => text.includes(form));

/** Where one was found: a function that fails on it may have caught the failure. */
const found: string[] = [];

/** Fails when there is a token in what was logged, sent, answered or stored. */
export function noToken(where: string, what: unknown): void {
  const text = typeof what === 'string' ? what : JSON.stringify(what ?? '');
  if (!hasToken(text)) return;
  found.push(where);
  assert.fail(`P35: a token in ${where}`);
}

/** The same for everything in a database. */
export async function noTokenStored(db: Firestore): Promise<void> {
  const top = await db.listCollections();
  const nested = ['links', 'cursors', 'journal', 'outbox', 'parts'].map((name) =>
    db.collectionGroup(name),
  );
  for (const group of [...top, ...nested]) {
    const { docs } = await group.get();
    noToken(
      'the database',
      docs.map((at) => at.data()),
    );
  }
}

/** Enough to catch what a file's tests leave, without keeping every world of a property test. */
const KEPT = 50;
const looks: (() => void)[] = [];

/** Looks at something once the tests of the file are done. */
export function atTheEnd(look: () => void): void {
  looks.push(look);
  if (looks.length > KEPT) looks.shift();
}

// Not in scripts that only use a world.
if (process.env.NODE_TEST_CONTEXT) {
  after(() => {
    for (const look of looks) look();
    assert.deepEqual(found, [], 'P35');
  });
}
