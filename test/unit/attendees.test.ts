/** The guest list that is written: whom the CRM never named is none of its business. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { appointmentCodec } from '../../functions/core/appointment.ts';

test('P10 a guest whom neither the CRM nor the base knows stays on the list, as Google has him', () => {
  const stranger = { email: 'else@other.example', responseStatus: 'accepted' };
  const former = { email: 'former@firm.example', responseStatus: 'needsAction' };
  const context = {
    userId: 'anna',
    timeZone: 'Europe/Zurich',
    self: ['anna@firm.example'],
    colleagues: new Map(),
    inviteExternal: true,
  };
  const written = appointmentCodec.patch(
    {
      changed: ['participants'],
      target: { participants: [{ email: 'new@firm.example' }] },
      before: { participants: [{ email: former.email }] },
      adopted: false,
    },
    context,
    { attendees: [stranger, former] },
  );
  assert.deepEqual(
    written?.attendees?.map(({ email, responseStatus }) => [email, responseStatus]),
    [
      [stranger.email, 'accepted'],
      ['new@firm.example', undefined],
    ],
  );
});
