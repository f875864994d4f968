import assert from 'node:assert/strict';
import test from 'node:test';
import {
  answerOf,
  availabilityRequestSchema,
  lookedAt,
} from '../../functions/core/availability.ts';
import { createAvailability, isServiceAccount } from '../../functions/triggers/availability.ts';
import { problems } from '../../functions/triggers/body.ts';
import { signJwt } from '../sandbox/google/oauth/keys.ts';
import { alive, serveKeys } from '../support/keys.ts';

const good = {
  users: ['anna'],
  from: '2026-11-24T08:00:00+01:00',
  to: '2026-11-24T18:00',
  timeZone: 'Europe/Zurich',
};

const complaint = (request: unknown) => {
  const parsed = availabilityRequestSchema.safeParse(request);
  return parsed.success ? undefined : problems(parsed.error);
};

test('a request that is wrong is told which field, and why', () => {
  const hours = { from: '08:00', to: '17:00' };
  const wrong: [object, RegExp][] = [
    [{ ...good, to: '2026-11-24T07:00:00+01:00' }, /^to: is not after from$/],
    [{ ...good, to: good.from }, /^to: is not after from$/],
    [{ ...good, to: '2027-02-22T08:01:00+01:00' }, /^to: is more than 90 days after from$/],
    [{ ...good, users: Array.from({ length: 51 }, (_, i) => `u${i}`) }, /^users: .*50/],
    [{ ...good, users: [] }, /^users: /],
    [{ ...good, users: undefined }, /^users: /],
    [{ ...good, users: [''] }, /^users\.0: /],
    [{ ...good, from: '2026-02-30T08:00:00Z' }, /^from: is not a date that exists$/],
    [{ ...good, from: 'tomorrow' }, /^from: is not an ISO 8601/],
    [{ ...good, timeZone: 'Europe/Bern' }, /^timeZone: is not an IANA time zone/],
    [{ ...good, timeZone: '+01:00' }, /^timeZone: is not an IANA time zone/],
    [{ ...good, slotMinutes: 0 }, /^slotMinutes: /],
    [{ ...good, slotMinutes: 7.5 }, /^slotMinutes: /],
    [
      { ...good, workingHours: [{ ...hours, from: '8:00' }] },
      /^workingHours\.0\.from: is not a time/,
    ],
    [{ ...good, workingHours: [{ ...hours, to: '24:30' }] }, /^workingHours\.0\.to: is not a time/],
    [{ ...good, workingHours: [{ from: '22:00', to: '06:00' }] }, /^workingHours\.0\.to: .*two/],
    [{ ...good, workingHours: [{ ...hours, days: ['Monday'] }] }, /^workingHours\.0\.days\.0: /],
    [{ ...good, workingHours: [] }, /^workingHours: /],
    [{ ...good, buffers: { before: -1 } }, /^buffers\.before: /],
    [{ ...good, buffers: 15 }, /^buffers: /],
    [{ ...good, title: true }, /title/],
    [[], /^body: /],
  ];
  for (const [request, where] of wrong) {
    assert.match(complaint(request) ?? 'accepted', where, JSON.stringify(request));
  }
});

test('all that is wrong is told at once, without the values', () => {
  const said = complaint({ ...good, timeZone: 'secret/zone', slotMinutes: -1 }) ?? '';
  assert.match(said, /timeZone: .*; slotMinutes: /);
  assert.doesNotMatch(said, /secret/);
});

test('ninety days from midnight to midnight are allowed where an hour comes twice', () => {
  const [from, to] = ['2026-09-01T00:00', '2026-11-30T00:00'];
  assert.equal(complaint({ ...good, from, to }), undefined);
  assert.match(complaint({ ...good, from, to: '2026-11-30T00:01' }) ?? '', /90 days/);
});

const hour = (h: number) => Date.parse('2026-11-24T00:00:00+01:00') + h * 3_600_000;

test('busy times are merged and cut to the period, slots are what is left for all', () => {
  const request = availabilityRequestSchema.parse({
    ...good,
    users: ['anna', 'luca'],
    slotMinutes: 60,
    buffers: { before: 30, after: 15 },
  });
  const answer = answerOf(request, [
    { userId: 'anna', state: 'active', busy: [{ from: hour(6), to: hour(9) }] },
    {
      userId: 'luca',
      state: 'active',
      busy: [
        { from: hour(11), to: hour(12) },
        { from: hour(10), to: hour(11) },
        { from: hour(18), to: hour(19) },
      ],
    },
  ]);
  const at = (time: string) => `2026-11-24T${time}:00+01:00`;
  assert.deepEqual(answer, {
    from: at('08:00'),
    to: at('18:00'),
    timeZone: 'Europe/Zurich',
    users: [
      { userId: 'anna', state: 'active', busy: [{ from: at('08:00'), to: at('09:00') }] },
      { userId: 'luca', state: 'active', busy: [{ from: at('10:00'), to: at('12:00') }] },
    ],
    // 09:15 to 09:30 is too short; what begins at 18:00 needs half an hour before it.
    slots: [{ from: at('12:15'), to: at('17:30') }],
  });
});

test('where one user is not known no slot is common to all', () => {
  const request = availabilityRequestSchema.parse({ ...good, users: ['anna', 'mira'] });
  const error = { reason: 'notConnected', detail: 'x' } as const;
  const answer = answerOf(request, [
    { userId: 'anna', state: 'active', busy: [] },
    { userId: 'mira', state: 'invited', error },
  ]);
  assert.equal(answer.slots, null);
  assert.deepEqual(answer.users[1], { userId: 'mira', state: 'invited', error });
});

test('buffers reach beyond the period: what lies there is looked at', () => {
  const request = availabilityRequestSchema.parse({ ...good, buffers: { before: 30, after: 15 } });
  assert.deepEqual(lookedAt(request), { from: hour(7.75), to: hour(18.5) });
});

test('who may call: service accounts; not people, whatever their token is for', () => {
  const claims = (email?: string, email_verified = true) =>
    isServiceAccount({
      iss: '',
      sub: '',
      aud: '',
      iat: 0,
      exp: 0,
      email_verified,
      ...(email && { email }),
    });
  assert.ok(claims('crm@example.iam.gserviceaccount.com'));
  assert.ok(claims('123-compute@developer.gserviceaccount.com'));
  assert.ok(claims(), 'the metadata server may leave it out');
  assert.ok(!claims('crm@example.iam.gserviceaccount.com', false));
  assert.ok(!claims('anna@firm.example'));
  assert.ok(!claims('x@gserviceaccount.com.evil.example'));
});

test('security 12: the function lets in service accounts with a token for it, and nobody else', async (t) => {
  const audience = 'https://availability.example';
  const config = {
    PUSH_AUTH: 'oidc' as const,
    PUSH_AUDIENCE: audience,
    GOOGLE_API_URL: await serveKeys((end) => t.after(end)),
  };
  const handler = createAvailability({ config, parts: {} as never, log: () => {} });
  const ask = async (claims: object) => {
    const token = signJwt({ iss: 'https://accounts.google.com', ...alive(), ...claims });
    let status = 0;
    const res = {
      status: (code: number) => {
        status = code;
        return res;
      },
      ...{ set: () => res, end: () => res, json: () => res },
    };
    const req = { method: 'POST', header: () => `Bearer ${token}`, rawBody: '{}' };
    await handler(req as never, res as never);
    return status;
  };
  const robot = { email: 'crm@p.iam.gserviceaccount.com', email_verified: true };
  assert.equal(await ask({ ...robot, aud: audience }), 400, 'let in: an empty question is wrong');
  assert.equal(await ask({ ...robot, aud: 'https://another.example' }), 401);
  const person = { email: 'anna@firm.example', email_verified: true };
  assert.equal(await ask({ ...person, aud: audience }), 403);
});
