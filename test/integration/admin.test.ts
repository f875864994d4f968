/** The admin function over HTTP, in the local stack: every action, and every way to ask wrongly. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { appointment, type Driven, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

describe('admin', () => {
  let stack: Driven;
  let close: () => Promise<void>;
  const logged: string[] = [];
  before(async () => {
    stack = await driveStack(
      (end) => {
        close = end;
      },
      {
        memory: true,
        events: (event, fields) => void logged.push(JSON.stringify([event, fields])),
      },
    );
  });
  after(() => close());

  async function ask(body: unknown, method = 'POST') {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${stack.url}/admin`, {
      method,
      ...(method === 'POST' && { body: text }),
    });
    const said = await answer.text();
    return { status: answer.status, body: said === '' ? {} : JSON.parse(said) };
  }

  test('a request that is wrong is answered by 400, with the place and without the values', async () => {
    for (const [body, where] of [
      ['not json', /body/],
      [{}, /action/],
      [{ action: 'dance' }, /action/],
      [{ action: 'preview' }, /userId/],
      [{ action: 'undo', userId: 'anna', run: 'secret' }, /run/],
      [{ action: 'conflicts' }, /userId/],
      [{ action: 'users', more: 1 }, /more/],
    ] as const) {
      const answer = await ask(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(answer.body.error, where);
      assert.doesNotMatch(answer.body.error, /secret/);
    }
    assert.equal((await ask('', 'GET')).status, 405);
  });

  test('users, preview, journal and undo', async () => {
    const { body: list } = await ask({ action: 'users' });
    assert.deepEqual(
      list.users.map((u: { userId: string; state: string }) => [u.userId, u.state]),
      [
        ['anna', 'active'],
        ['luca', 'active'],
      ],
    );
    await stack.store.putIntents([
      { specVersion: '1', ...(appointment('p1', visit(3)) as object) } as never,
    ]);
    const seen = await ask({ action: 'preview', userId: 'anna' });
    assert.deepEqual([seen.status, seen.body.google.create, seen.body.notShown], [200, 1, 0]);
    await stack.publish(appointment('v1', visit(1)));
    const { body } = await ask({ action: 'journal', userId: 'anna' });
    const [{ run }] = body.runs;
    const entries = (await ask({ action: 'journal', userId: 'anna', run })).body.entries;
    assert.deepEqual(entries.map((e: { crmId: string }) => e.crmId).sort(), ['p1', 'v1']);
    const undone = await ask({ action: 'undo', userId: 'anna', run });
    assert.deepEqual([undone.status, undone.body.undone.length, undone.body.kept], [200, 2, []]);
    assert.deepEqual(await stack.events('anna'), []);
    const { status, body: met } = await ask({ action: 'conflicts', userId: 'anna' });
    assert.deepEqual([status, met], [200, { conflicts: [] }]);
    assert.equal((await ask({ action: 'journal', userId: 'anna', run: 999 })).status, 404);
    assert.equal((await ask({ action: 'undo', userId: 'anna', run: 999 })).status, 404);
    assert.equal((await ask({ action: 'preview', userId: 'nobody' })).status, 404);
  });

  test('C03 release, pause and resume', async () => {
    assert.equal((await ask({ action: 'release', userId: 'luca' })).status, 409);
    await stack.store.updateUser(
      'luca',
      (u) => u && { ...u, held: { appointment: 1, contact: 1 } },
    );
    const done = { status: 200, body: { done: true } };
    const release = { action: 'release', userId: 'luca' };
    assert.deepEqual(await ask({ ...release, record: 'contact' }), done);
    assert.deepEqual((await stack.store.getUser('luca'))?.held, { appointment: 1 });
    assert.equal((await ask({ ...release, record: 'contact' })).status, 409);
    assert.equal((await ask({ ...release, record: 'letter' })).status, 400);
    assert.deepEqual(await ask(release), done);
    await stack.idle();
    assert.equal((await stack.store.getUser('luca'))?.held, undefined);
    assert.equal((await stack.store.getUser('luca'))?.believeListing, undefined, 'believed once');
    assert.equal((await ask({ action: 'pause', userId: 'luca' })).status, 200);
    assert.equal((await stack.store.getUser('luca'))?.stateReason, 'byAdmin');
    assert.equal((await ask({ action: 'pause', userId: 'luca' })).status, 409);
    assert.equal((await ask({ action: 'resume', userId: 'luca' })).status, 200);
    await stack.idle();
  });

  test('a dead letter is listed without its texts, and replayed once its reason is mended', async () => {
    const message = appointment('late', visit(2), { userId: 'mira' });
    await stack.publish(message);
    const { body } = await ask({ action: 'deadLetters' });
    const letter = body.deadLetters[0];
    assert.match(letter.reason, /unknownUser/);
    assert.equal(letter.data, undefined);
    assert.ok(letter.size > 10);
    const early = await ask({ action: 'replay', id: letter.id });
    assert.deepEqual([early.status, early.body.refused[0].reason], [409, 'unknownUser']);
    await stack.crm.announce({
      userId: 'mira',
      email: 'mira@firm.example',
      name: 'mira',
      timeZone: 'Europe/Zurich',
    });
    await stack.connect('mira');
    const replayed = await ask({ action: 'replay', id: letter.id });
    assert.deepEqual(replayed, { status: 200, body: { stored: 1, refused: [] } });
    await stack.idle();
    assert.equal((await stack.events('mira')).length, 1);
    assert.equal((await ask({ action: 'replay', id: letter.id })).status, 404);
  });

  test('P36 erase: asked again it says when it was done; the CRM knows, and may begin anew', async () => {
    const wrong = await ask({ action: 'erase', userId: 'luca', entries: 'burn' });
    assert.equal(wrong.status, 400);
    assert.equal((await ask({ action: 'erase', userId: 'nobody' })).status, 404);
    assert.equal((await ask({ action: 'erase', userId: 'luca', entries: 'remove' })).status, 202);
    await stack.idle();
    const { status, body } = await ask({ action: 'erase', userId: 'luca' });
    assert.deepEqual([status, body.done, typeof body.erasedAt], [200, true, 'number']);
    const luca = stack.crm.users().find(({ userId }) => userId === 'luca');
    assert.equal(luca?.google?.state, 'erased');
    await stack.publish(appointment('late', visit(4), { userId: 'luca' }));
    assert.equal((await stack.news()).at(-1)?.rejected?.reason, 'erasedUser');
    assert.deepEqual(await stack.events('luca'), []);
    await stack.crm.announce({
      ...{ userId: 'luca', email: 'luca@firm.example', name: 'luca' },
      timeZone: 'Europe/Zurich',
    });
    await stack.connect('luca');
    assert.equal((await stack.store.getUser('luca'))?.state, 'active');
  });

  test('what an admin does is logged, without a text', () => {
    assert.ok(logged.some((line) => line.includes('"admin.action"') && line.includes('"undo"')));
    assert.doesNotMatch(logged.join(), /Muster|Visit/);
  });
});
