/** The states of a record, and the rule for each (ARCHITECTURE.md, "States of a link"). */

/** What the CRM and Google did since the base; and what we hold. */
export type CrmSide = 'silent' | 'edited' | 'removed' | 'handedOver';

/** `elsewhere`: in another place than the collection; `out`: taken out of what is kept equal. */
export type GoogleSide = 'unread' | 'live' | 'gone' | 'elsewhere' | 'out';

/** `deleted`: a tombstone; `out`: the user has taken the object out. */
export type LinkSide = 'none' | 'live' | 'deleted' | 'out';

/** The name of a decision; plan.ts has a handler for each. */
export type Rule =
  | 'nothing'
  | 'insert'
  | 'import'
  | 'takeOver'
  | 'yield'
  | 'leftOut'
  | 'adopt'
  | 'merge'
  | 'removeAtGoogle'
  | 'removeAtCrm'
  | 'editBeatsDelete'
  | 'insertAgain'
  | 'moveHere'
  | 'insertHere'
  | 'bothGone'
  | 'reappeared'
  | 'letGo'
  | 'rejoin'
  | 'handOver'
  | 'removeOlder'
  | 'refuse';

/** Complete by type: presence of a link × what the CRM did × what Google shows. */
export const table: { [L in LinkSide]: { [C in CrmSide]: { [G in GoogleSide]: Rule } } } = {
  none: {
    silent: {
      unread: 'nothing',
      live: 'import',
      gone: 'leftOut',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    edited: {
      unread: 'insert',
      live: 'adopt',
      gone: 'insertAgain',
      elsewhere: 'insert',
      out: 'letGo',
    },
    removed: {
      unread: 'nothing',
      live: 'adopt',
      gone: 'bothGone',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    handedOver: {
      unread: 'nothing',
      live: 'handOver',
      gone: 'nothing',
      elsewhere: 'nothing',
      out: 'nothing',
    },
  },
  live: {
    silent: {
      unread: 'nothing',
      live: 'merge',
      gone: 'removeAtCrm',
      elsewhere: 'moveHere',
      out: 'letGo',
    },
    edited: {
      unread: 'merge',
      live: 'merge',
      gone: 'insertAgain',
      elsewhere: 'insertHere',
      out: 'letGo',
    },
    removed: {
      unread: 'removeAtGoogle',
      live: 'editBeatsDelete',
      gone: 'bothGone',
      elsewhere: 'bothGone',
      out: 'bothGone',
    },
    handedOver: {
      unread: 'handOver',
      live: 'handOver',
      gone: 'handOver',
      elsewhere: 'handOver',
      out: 'handOver',
    },
  },
  deleted: {
    silent: {
      unread: 'nothing',
      live: 'reappeared',
      gone: 'nothing',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    edited: {
      unread: 'insertAgain',
      live: 'adopt',
      gone: 'insertAgain',
      elsewhere: 'insertAgain',
      out: 'letGo',
    },
    removed: {
      unread: 'nothing',
      live: 'editBeatsDelete',
      gone: 'nothing',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    handedOver: {
      unread: 'handOver',
      live: 'handOver',
      gone: 'handOver',
      elsewhere: 'handOver',
      out: 'handOver',
    },
  },
  // Writing would bring back, or double, what the user has taken out on purpose.
  out: {
    silent: {
      unread: 'nothing',
      live: 'rejoin',
      gone: 'nothing',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    edited: {
      unread: 'nothing',
      live: 'rejoin',
      gone: 'nothing',
      elsewhere: 'nothing',
      out: 'nothing',
    },
    removed: {
      unread: 'bothGone',
      live: 'editBeatsDelete',
      gone: 'bothGone',
      elsewhere: 'bothGone',
      out: 'bothGone',
    },
    handedOver: {
      unread: 'handOver',
      live: 'handOver',
      gone: 'handOver',
      elsewhere: 'handOver',
      out: 'handOver',
    },
  },
};
