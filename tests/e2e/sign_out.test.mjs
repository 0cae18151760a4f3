// Sign-out ends the session here, the refresh token, and the session at Logto; and nobody else can make a user do it.
// Quick.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { temporaryFolder } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const SAME_SITE = { ...NAVIGATION, 'Sec-Fetch-Site': 'same-origin' };
const deleted = (answer) => answer.fields.all('set-cookie').map(parseSetCookie).filter(({ attributes }) => attributes['max-age'] === '0' || Date.parse(attributes.expires) < Date.now());

describe('signing out', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { opOptions: { refreshTokens: true } }); });

  const signOut = (cookie, { method = 'POST', headers = { ...SAME_SITE, Origin: ORIGIN }, body = method === 'POST' ? '' : undefined } = {}) =>
    request(world.port, method, '/_auth/sign-out', { ...headers, ...(cookie ? { Cookie: cookie } : {}) }, { body });

  const METHODS = { POST: { ...SAME_SITE, Origin: ORIGIN }, GET: SAME_SITE };
  for (const [method, headers] of Object.entries(METHODS)) {
    test(`by ${method}: our cookies go, the refresh token is revoked, and the browser goes to Logto's end-session`, async () => {
      const cookie = await world.session();
      const revoked = new Promise((resolve) => world.op.on('call', (call) => call.path === '/oidc/token/revocation' && resolve(call)));
      const answer = await signOut(cookie, { method, headers });
      assert.equal(answer.status, 303, answer.text.slice(0, 300));
      assert.match(answer.fields.get('cache-control'), /no-store/);
      assert.ok(deleted(answer).some(({ name }) => name === 'logto_session'));
      for (const { attributes } of deleted(answer)) assert.equal(attributes.path, '/');
      const url = new URL(answer.fields.get('location'));
      assert.equal(url.origin + url.pathname, `${world.op.issuer}/session/end`);
      assert.equal(url.searchParams.get('client_id'), 'app');
      assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${ORIGIN}/_auth/signed-out`);
      assert.ok(!url.searchParams.has('id_token_hint'), 'a hint signed by a key since removed is a dead end at Logto');
      const call = await revoked;
      assert.match(call.params.get('token'), /^refresh-/);
    });
  }

  test('the user is signed out afterwards, and me says so', async () => {
    const user = await world.signIn();
    assert.equal((await user.fetch(`${ORIGIN}/_auth/me`)).status, 200);
    const answer = await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal(answer.status, 303);
    assert.equal(user.sessionCookies(HOST), '');
    assert.equal((await user.fetch(`${ORIGIN}/_auth/me`)).status, 401);
    const page = await user.fetch(`${ORIGIN}/_auth/signed-out`);
    assert.equal(page.status, 200);
    assert.match(page.fields.get('content-type'), /^text\/html/);
  });

  test('the page that says so says it to nobody who is signed in again', async () => {
    const cookie = await world.session();
    const answer = await request(world.port, 'GET', '/_auth/signed-out', { ...NAVIGATION, Cookie: cookie });
    assert.deepEqual([answer.status, answer.fields.get('location')], [303, '/_auth/']);
  });

  const FOREIGN = {
    'an image on another site': [{ Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'cross-site' }, 'GET'],
    'a link on another site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site' }, 'GET'],
    'a form on another site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, 'POST'],
    'a form of an old browser on another site': [{ Accept: 'text/html', Origin: 'http://evil.test' }, 'POST'],
    'a form with a null origin': [{ Accept: 'text/html', Origin: 'null' }, 'POST'],
    'a script of another site': [{ Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, 'POST'],
    'a prefetch of our own page': [{ ...SAME_SITE, 'Sec-Purpose': 'prefetch' }, 'GET'],
    'an image on our own site': [{ Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'same-origin' }, 'GET'],
  };
  for (const [who, [headers, method]] of Object.entries(FOREIGN)) {
    test(`${who} signs nobody out`, async () => {
      const cookie = await world.session();
      const before = world.op.calls('/oidc/token/revocation').length;
      const answer = await signOut(cookie, { method, headers });
      assert.ok(!answer.fields.all('set-cookie').some((line) => line.startsWith('logto_session=')), `status ${answer.status}, cookies touched`);
      assert.ok(!(answer.fields.get('location') ?? '').includes('/session/end'), 'not sent to end-session');
      assert.equal(world.op.calls('/oidc/token/revocation').length, before);
      assert.equal((await world.get('/private/x', { Cookie: cookie })).status, 200);
    });
  }

  test('signing out without a session still ends the one at Logto and revokes nothing', async () => {
    const before = world.op.calls('/oidc/token/revocation').length;
    const answer = await signOut(null);
    assert.equal(answer.status, 303);
    assert.match(answer.fields.get('location'), /\/session\/end\?|\/_auth\/signed-out/);
    assert.equal(world.op.calls('/oidc/token/revocation').length, before, 'O36 an unauthenticated request revokes nothing');
  });

  test('a revocation endpoint that fails or hangs does not keep a user signed in', async () => {
    const cookie = await world.session();
    world.op.twist = { onRevocation: () => new Promise(() => {}) };
    const started = Date.now();
    const answer = await signOut(cookie);
    world.op.twist = {};
    assert.equal(answer.status, 303);
    assert.ok(deleted(answer).some(({ name }) => name === 'logto_session'));
    assert.ok(Date.now() - started < 5000);
  });

  test('C15 every piece of a large session and every pending sign-in is deleted', async () => {
    const user = await world.signIn({ roles: Array.from({ length: 220 }, (_one, index) => `role-${index}-${'x'.repeat(20)}`) });
    const names = [...user.cookies(HOST).keys()];
    assert.ok(names.length > 1);
    await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.deepEqual([...user.cookies(HOST).keys()].filter((name) => /logto_/.test(name)), []);
  });

  test('without Logto the session ends here all the same', async (t) => {
    const lonely = await makeWorld(t);
    const cookie = await lonely.session();
    await lonely.op.stop();
    lonely.op = { stop() {} };
    const answer = await request(lonely.port, 'POST', '/_auth/sign-out', { ...SAME_SITE, Origin: ORIGIN, Cookie: cookie }, { body: '', timeout: 15_000 });
    assert.ok(deleted(answer).some(({ name }) => name === 'logto_session'), `status ${answer.status}`);
  });
});

const EVERYWHERE = '/_auth/sign-out?everywhere=1';
const isSignedIn = async (world, cookie) => (await world.get('/private/x', { ...FETCH, Cookie: cookie })).status === 200;

describe('signing out everywhere', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { opOptions: { refreshTokens: true } }); });

  // Two browsers of one person and one of somebody else.
  const people = async (who = `person-${Math.random()}`) => ({
    here: await world.signIn({ sub: who }), there: await world.signIn({ sub: who }), other: await world.signIn({ sub: `${who}-other` }),
  });
  async function assertOnlyOtherLeft({ here, there, other }, copy) {
    assert.equal(await isSignedIn(world, copy), false, 'an old copy of the cookie');
    assert.equal(here.sessionCookies(HOST), '');
    assert.equal(await isSignedIn(world, there.sessionCookies(HOST)), false, 'the other browser');
    assert.equal(await isSignedIn(world, other.sessionCookies(HOST)), true, 'somebody else');
  }

  const WAYS = {
    'by the button of the account page': async (user) => {
      const [, action] = /<form method="post" action="([^"]*everywhere[^"]*)">/.exec((await user.fetch(`${ORIGIN}/_auth/`)).text);
      return user.fetch(ORIGIN + action, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    },
    'by a link of our own pages': (user) => user.fetch(ORIGIN + EVERYWHERE, { headers: SAME_SITE }),
    'by a form post': (user) => user.fetch(ORIGIN + EVERYWHERE, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' }),
    'from another site, after it was confirmed': async (user) => {
      const page = await user.fetch(ORIGIN + EVERYWHERE, { headers: { ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site' } });
      assert.equal(page.status, 200);
      assert.match(page.text, /sign out everywhere\?/);
      assert.match(page.text, /action="\/_auth\/sign-out\?everywhere=1"/);
      return user.fetch(ORIGIN + EVERYWHERE, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    },
  };
  for (const [how, signOut] of Object.entries(WAYS)) {
    test(`${how}: both browsers are out, somebody else is not`, async () => {
      const all = await people();
      const copy = all.here.sessionCookies(HOST);
      const answer = await signOut(all.here);
      assert.equal(answer.status, 303);
      assert.match(answer.fields.get('location'), /\/session\/end\?/);
      await assertOnlyOtherLeft(all, copy);
    });
  }

  test('a plain sign-out leaves the other browser alone', async () => {
    const { here, there } = await people();
    const copy = here.sessionCookies(HOST);
    await here.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    assert.equal(await isSignedIn(world, copy), false);
    assert.equal(await isSignedIn(world, there.sessionCookies(HOST)), true);
  });

  test('signing in again afterwards works at once', async () => {
    const { here, there } = await people('returns');
    await here.fetch(ORIGIN + EVERYWHERE, { headers: SAME_SITE });
    await world.signIn({ sub: 'returns' }, { user: here });
    assert.equal(await isSignedIn(world, here.sessionCookies(HOST)), true);
    assert.equal(await isSignedIn(world, there.sessionCookies(HOST)), false);
  });

  const UNCLEAR = ['everywhere=0', 'everywhere=1&everywhere=1', 'everywhere', 'xeverywhere=1'];
  for (const query of UNCLEAR) {
    test(`?${query} is a plain sign-out, and asks for no more than that`, async () => {
      const { here, there } = await people();
      const page = await here.fetch(`${ORIGIN}/_auth/sign-out?${query}`, { headers: { ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site' } });
      assert.match(page.text, /action="\/_auth\/sign-out"/);
      assert.equal((await here.fetch(`${ORIGIN}/_auth/sign-out?${query}`, { headers: SAME_SITE })).status, 303);
      assert.equal(await isSignedIn(world, there.sessionCookies(HOST)), true);
    });
  }

  const FOREIGN = {
    'an image on another site': [{ Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'cross-site' }, 'GET', 403],
    'an image on our own site': [{ Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'same-origin' }, 'GET', 403],
    'a link on another site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site' }, 'GET', 200],
    'a link in a mail, or in the address bar': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'none' }, 'GET', 200],
    'a link on another host of the same site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'same-site' }, 'GET', 200],
    'a form on another host of the same site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.app.test' }, 'POST', 200],
    'a script on another host of the same site': [{ Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.app.test' }, 'POST', 403],
    'a link of an old browser, from nowhere': [{ Accept: 'text/html' }, 'GET', 200],
    'a frame on another site': [{ ...NAVIGATION, 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Site': 'cross-site' }, 'GET', 200],
    'a form on another site': [{ ...NAVIGATION, 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, 'POST', 200],
    'a form of an old browser on another site': [{ Accept: 'text/html', Origin: 'http://evil.test' }, 'POST', 403],
    'a script of another site': [{ Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, 'POST', 403],
    'a beacon of another site': [{ Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }, 'POST', 403],
  };
  for (const [who, [headers, method, status]] of Object.entries(FOREIGN)) {
    test(`${who} signs nobody out: ${status}`, async () => {
      const { here, there } = await people();
      const answer = await request(world.port, method, EVERYWHERE, { ...headers, Cookie: here.sessionCookies(HOST) }, { body: method === 'POST' ? '' : undefined });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.fields.all('set-cookie'), []);
      if (status === 200) assert.match(answer.fields.get('content-security-policy'), /frame-ancestors 'none'/);
      if (status === 200) assert.match(answer.text, /action="\/_auth\/sign-out\?everywhere=1"/, 'asked first, and for the same');
      for (const user of [here, there]) assert.equal(await isSignedIn(world, user.sessionCookies(HOST)), true);
    });
  }

  test('a page left open past the end of its session still ends all others', async (t) => {
    const lonely = await makeWorld(t, { clock: true, config: { session: { idle_timeout: '4s', max_lifetime: '1h' } } });
    const stale = await lonely.signIn({ sub: 'left-open' });
    await lonely.clock.pass(5000);
    const fresh = await lonely.signIn({ sub: 'left-open' });
    const other = await lonely.signIn({ sub: 'somebody-else' });
    assert.equal(await isSignedIn(lonely, fresh.sessionCookies(HOST)), true);
    await stale.fetch(ORIGIN + EVERYWHERE, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    assert.equal(await isSignedIn(lonely, fresh.sessionCookies(HOST)), false);
    assert.equal(await isSignedIn(lonely, other.sessionCookies(HOST)), true);
  });
});

describe('C14 a cookie that was copied before the sign-out', () => {
  test('opens nothing afterwards, on any connection, nor after a restart, nor after a crash', async (t) => {
    const world = await makeWorld(t, { config: { revocations: { journal: path.join(temporaryFolder(), 'revocations') } } });
    const [plain, everywhere, untouched] = [await world.signIn({ sub: 'plain' }), await world.signIn({ sub: 'everywhere' }), await world.signIn({ sub: 'untouched' })];
    const copies = [plain, everywhere].map((user) => user.sessionCookies(HOST));
    const kept = untouched.sessionCookies(HOST);
    await plain.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    await everywhere.fetch(ORIGIN + EVERYWHERE, { method: 'POST', headers: { ...SAME_SITE, Origin: ORIGIN }, body: '' });
    const assertDead = async (when) => {
      for (const copy of copies) {
        assert.equal(await isSignedIn(world, copy), false, when);
        assert.equal((await world.get('/_auth/me', { ...FETCH, Cookie: copy })).status, 401, when);
      }
      assert.equal(await isSignedIn(world, kept), true, when);
    };
    await assertDead('at once');
    await world.restart();
    await assertDead('after a restart');
    world.proxy.expectExit = true;
    world.proxy.signal('SIGKILL');
    await world.proxy.exit();
    await world.restart();
    await assertDead('after a crash');
  });
});
