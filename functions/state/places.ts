/** Where every document is. */
import type { CollectionReference, DocumentReference, Firestore } from '@google-cloud/firestore';
import type { RecordType } from '../core/fields.ts';
import { digest } from '../core/link.ts';
import { docId } from './documents.ts';

/** users/{userId}. */
export function userRef(db: Firestore, userId: string): DocumentReference {
  return db.collection('users').doc(docId(userId));
}

/** Says whose address it is: without it, two users created at once could get the same address. */
export function emailRef(db: Firestore, email: string): DocumentReference {
  return db.collection('emails').doc(digest(email));
}

/** Top level, since a crmId has one owner at a time, but may change hands. */
export function intentRef(db: Firestore, record: RecordType, crmId: string): DocumentReference {
  return db.collection('intents').doc(`${record}~${digest(crmId)}`);
}

/** users/{userId}/links. */
export function linksOf(db: Firestore, userId: string): CollectionReference {
  return userRef(db, userId).collection('links');
}

/** users/{userId}/links/{id}. */
export function linkRef(db: Firestore, userId: string, id: string): DocumentReference {
  return linksOf(db, userId).doc(docId(id));
}

/** users/{userId}/cursors/{record}: how far Google's changes are read. */
export function cursorRef(db: Firestore, userId: string, record: RecordType): DocumentReference {
  return userRef(db, userId).collection('cursors').doc(record);
}

/** users/{userId}/journal. */
export function journalOf(db: Firestore, userId: string): CollectionReference {
  return userRef(db, userId).collection('journal');
}

/** users/{userId}/outbox. */
export function outboxOf(db: Firestore, userId: string): CollectionReference {
  return userRef(db, userId).collection('outbox');
}

/** Keys are digests. */
export function claimRef(db: Firestore, record: RecordType, key: string): DocumentReference {
  return db.collection('claims').doc(`${record}~${key}`);
}

/** Top level: a notification names nothing but its channel. */
export function channelRef(db: Firestore, id: string): DocumentReference {
  return db.collection('channels').doc(docId(id));
}

/** leases/{userId}: apart from the user, since every run writes it. */
export function leaseRef(db: Firestore, userId: string): DocumentReference {
  return db.collection('leases').doc(docId(userId));
}

/** oauthStates/{id}: a consent that is under way. */
export function oauthStateRef(db: Firestore, id: string): DocumentReference {
  return db.collection('oauthStates').doc(docId(id));
}

/** sessions/{id}: the id is the digest of the cookie. */
export function sessionRef(db: Firestore, id: string): DocumentReference {
  return db.collection('sessions').doc(docId(id));
}

/** deadLetters/{id}: what could not be taken in. */
export function deadLetterRef(db: Firestore, id: string): DocumentReference {
  return db.collection('deadLetters').doc(docId(id));
}

/** A further part of a dead letter that does not fit into one document. */
export function partRef(db: Firestore, id: string, part: number): DocumentReference {
  return deadLetterRef(db, id).collection('parts').doc(String(part));
}
