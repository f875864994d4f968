/** Breakages of series that are records, and are handed over with their exceptions. */
import type { Defect } from './defect.ts';

const test = 'test/integration/series-owners.test.ts';

export const handOvers: Defect[] = [
  {
    name: 'the exceptions of a series that is handed over look deleted',
    file: 'functions/sync/followers.ts',
    from: "if (link && decision.rule === 'handOver' && leads(link)) turns",
    to: 'if (link && !leads(link) && leads(link)) turns',
    test,
    pattern: 'and back, with its exceptions, in any order',
  },
  {
    name: 'an exception that is handed over before its series looks deleted',
    file: 'functions/core/settle.ts',
    from: '  const isPlace = isGiven && codec.groups !== undefined && from?.group !== undefined;\n',
    to: '  const isPlace = isGiven && codec.groups === undefined && from?.group !== undefined;\n',
    test,
    pattern: 'is not told as deleted, listed anew',
  },
  {
    name: 'a late word on an exception is written where its series was',
    file: 'functions/sync/member-places.ts',
    from: "    if (owner !== run.user.userId) work.nowhere = 'noGroup';\n",
    to: '',
    test,
    pattern: 'that comes after it, writes nothing',
  },
  {
    name: 'a series that has just been handed over still has its exceptions’ places',
    file: 'functions/sync/parents.ts',
    from: "else if (decision.rule === 'handOver' && work.link)",
    to: "else if (decision.rule === 'yield' && work.link)",
    test,
    pattern: 'and the exceptions come back first',
  },
  {
    name: 'a guest’s copy of an exception counts as its place',
    file: 'functions/sync/member-places.ts',
    from: "observed.state !== 'gone' && !copy;",
    to: "observed.state !== 'gone' && copy !== null;",
    test,
    pattern: 'who is invited to one occurrence gets its series',
  },
  {
    name: 'what the phone has changed in an exception goes with a hand-over in silence',
    file: 'functions/sync/members.ts',
    from: '  await tellAhead(run, collection, along.left);\n',
    to: '',
    test,
    pattern: 'what the phone changed in an exception just before',
  },
  {
    name: 'of the exceptions of a series that goes nobody sees more than a page',
    file: 'functions/google/calendar.ts',
    from: '      if (pageToken) next.push({ params: { ...params, pageToken }, at });\n',
    to: '',
    test,
    pattern: 'also where Google shows little at a time',
  },
  {
    name: 'a series that is handed over is not looked into',
    file: 'functions/sync/along.ts',
    from: '  (isHandedOver({ link, intent }) || (!link.removing && !isWanted(codec, intent))) &&\n',
    to: '  !link.removing && !isWanted(codec, intent) && intent.userId === link.userId &&\n',
    test,
    pattern: 'an exception without a record that the phone has just',
  },
  {
    name: 'news of an exception without a name is lost with a hand-over',
    file: 'functions/core/along.ts',
    from: "  if (along.field === 'handedOver' && link.state === 'live' && link.crmId === undefined)\n",
    to: "  if (along.field !== 'handedOver' && link.state === 'live' && link.crmId === undefined)\n",
    test,
    pattern: 'an exception without a record that the phone has just',
  },
];
