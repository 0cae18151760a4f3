// After an end by somebody's wish, or for want of use, the next sign-in proves that the person is there again, though Logto's own
// session lives on; and nobody goes round in circles for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DevelopmentOp } from './lib/op.mjs';
import { freshSecret } from './lib/proxy.mjs';
import { NAVIGATION } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld } from './lib/world.mjs';

const TARGET = `${ORIGIN}/private/page`;
const EVERYWHERE = `${ORIGIN}/_auth/sign-out?everywhere=1`;
const OUR_PAGE = { ...NAVIGATION, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
const everywhere = (user) => user.fetch(EVERYWHERE, { method: 'POST', headers: OUR_PAGE, body: '' });
const asks = (call) => ({ password: /\blogin\b/.test(call.params.get('prompt') ?? ''), maxAge: call.params.get('max_age') });
const sent = (world, from) => world.op.calls('/oidc/auth').slice(from).map(asks);
const minutesAgo = (world, minutes) => world.clock.now() - minutes * 60_000;

describe('with a provider whose sessions live on (tests/op)', () => {
  // Two browsers of one person, each with a session of its own at the provider, and here.
  async function twoDevices(t) {
    const op = await DevelopmentOp.start({ redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`], always_issue_refresh_token: true });
    const world = await makeWorld(t, { op });
    const signIn = async () => {
      const user = world.user();
      const page = await user.navigate(TARGET);
      assert.match(page.text, /type="password"/);
      assert.equal((await user.submit(page, { username: 'alice', password: 'alice-password' })).status, 200);
      return user;
    };
    return { here: await signIn(), there: await signIn() };
  }
  const isAskedForPassword = (page) => new URL(page.url).hostname !== HOST && /type="password"/.test(page.text);

  test('signing out everywhere keeps the other device out until the password is typed again', async (t) => {
    const { here, there } = await twoDevices(t);
    assert.equal((await everywhere(here)).status, 303);
    const page = await there.navigate(TARGET);
    assert.ok(isAskedForPassword(page), `${page.status} ${page.url}`);
    const back = await there.submit(page, { username: 'alice', password: 'alice-password' });
    assert.equal(back.status, 200);
    assert.equal(back.url, TARGET);
  });

  test('so too where its session cookie was thrown away meanwhile', async (t) => {
    const { here, there } = await twoDevices(t);
    await everywhere(here);
    there.jar.delete(HOST);
    const page = await there.navigate(TARGET);
    assert.ok(isAskedForPassword(page), `${page.status} ${page.url}`);
    assert.equal((await there.submit(page, { username: 'alice', password: 'alice-password' })).url, TARGET);
  });
});

describe('what the sign-in asks Logto for', { concurrency: 6 }, () => {
  // The person signed in at the provider long ago, and it goes on signing them in unasked.
  async function world(t, options = {}) {
    const made = await makeWorld(t, { clock: true, ...options });
    made.op.authenticatedAtMs = minutesAgo(made, 60);
    return made;
  }
  const visits = (made) => made.op.calls('/oidc/auth').length;

  const DEMANDS = {
    'an end for want of use': async (made) => made.clock.pass(6000),
    'an operator (a logout token for the person)': async (made) => made.op.sendLogout(made.port, { sub: made.op.user.sub }),
    'the person, on another device': async (made) => everywhere(await made.signIn()),
  };
  for (const [why, end] of Object.entries(DEMANDS)) {
    test(`${why}: a sign-in since then`, async (t) => {
      const made = await world(t, { config: { session: { idle_timeout: '5s', max_lifetime: '1h' } } });
      const user = await made.signIn();
      await end(made);
      made.op.authenticatedAtMs = minutesAgo(made, 60);
      const from = visits(made);
      assert.equal((await user.navigate(TARGET)).url, TARGET);
      const asked = sent(made, from);
      assert.ok(asked[0].maxAge !== null && Number(asked[0].maxAge) < 60, JSON.stringify(asked));
      assert.ok(asked.length <= 2, 'at most once more');
    });
  }

  const DOES_NOT = {
    'the end of its absolute lifetime': [{ session: { idle_timeout: '5s', max_lifetime: '5s' } }, async (made) => made.clock.pass(6000)],
    'a secret that was replaced': [{}, async (made, user) => { await made.restart({ session: { secret: freshSecret() } }); made.move(user, made.proxy); }],
    'nothing at all, in a new browser': [{}, async (_made, user) => user.jar.delete(HOST)],
  };
  for (const [why, [config, end]] of Object.entries(DOES_NOT)) {
    test(`${why}: what Logto says will do`, async (t) => {
      const made = await world(t, { config });
      const user = await made.signIn();
      await end(made, user);
      const from = visits(made);
      assert.equal((await user.navigate(TARGET)).url, TARGET);
      assert.deepEqual(sent(made, from), [{ password: false, maxAge: null }]);
    });
  }

  test('whoever has signed in at Logto since is not asked once more', async (t) => {
    const made = await world(t);
    const user = await made.signIn();
    await everywhere(await made.signIn());
    await made.clock.pass(8000);
    made.op.authenticatedAtMs = made.clock.now() - 3000;
    const from = visits(made), since = made.op.authenticatedAtMs;
    assert.equal((await user.navigate(TARGET)).url, TARGET);
    user.jar.delete(HOST);
    assert.equal((await user.navigate(TARGET)).url, TARGET);
    assert.equal(made.op.authenticatedAtMs, since);
    assert.deepEqual(sent(made, from).map(({ password }) => password), [false, false, false]);
  });

  test('right after the end the password is asked for, once', async (t) => {
    const made = await world(t);
    const user = await made.signIn();
    await everywhere(await made.signIn());
    const from = visits(made);
    assert.equal((await user.navigate(TARGET)).url, TARGET);
    assert.deepEqual(sent(made, from).map(({ password }) => password), [true]);
  });

  test('somebody else is not asked for more', async (t) => {
    const made = await world(t);
    const user = await made.signIn();
    await everywhere(user);
    const from = visits(made);
    await made.signIn({ sub: 'somebody-else' });
    assert.deepEqual(sent(made, from), [{ password: false, maxAge: null }]);
  });

  for (const auth of ['the old auth_time', 'no auth_time']) {
    test(`a provider that says ${auth} whatever it is asked ends on a page that says so, after two more tries`, async (t) => {
      const made = await world(t, { opOptions: { reauthenticates: false } });
      const user = await made.signIn();
      await everywhere(await made.signIn());
      if (auth === 'no auth_time') made.op.twist = { claims: ({ auth_time: _left, ...claims }) => claims };
      const from = visits(made);
      const page = await user.navigate(TARGET);
      assert.equal(page.status, 400);
      assert.match(page.text, /<p class="status">400<\/p>/);
      assert.match(page.text, /prove once more who you are/);
      assert.match(page.text, /href="\/_auth\/sign-in\?prompt=login/);
      assert.equal(user.sessionCookies(HOST).includes('logto_session=') && (await user.fetch(TARGET)).status === 200, false);
      assert.ok(visits(made) - from <= 3);
      assert.equal(sent(made, from).at(-1).password || sent(made, from).at(-2).password, true);
      await made.proxy.waitLog(({ rule }) => rule === 'proof');
    });
  }
});
