// What somebody is told of themselves, and how a single-page app keeps a session alive.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const JAPANESE = { 'Accept-Language': 'ja' };
const IDLE_S = 3600;
const LIFETIME_S = 14 * 86400;

const me = async (user) => {
  const answer = await user.fetch(`${ORIGIN}/_auth/me`, { headers: FETCH });
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text);
};
const extend = (user, { method = 'POST', headers = { ...FETCH, Origin: ORIGIN } } = {}) =>
  user.fetch(`${ORIGIN}/_auth/session`, { method, headers, body: method === 'POST' ? '' : undefined });
const sessionCookieSet = (answer) => answer.fields.all('set-cookie').map(parseSetCookie).filter(({ name }) => name === 'logto_session');

describe('the account page and /_auth/me', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { config: { session: { idle_timeout: `${IDLE_S}s`, max_lifetime: `${LIFETIME_S}s` } }, opOptions: { refreshTokens: true } });
  });

  test('the page shows what is known, when it ends, and both ways out, in two languages', async () => {
    const user = await world.signIn({ name: '<img src=x onerror=alert(1)>', roles: ['editor'] });
    const english = await user.fetch(`${ORIGIN}/_auth/`);
    const japanese = await user.fetch(`${ORIGIN}/_auth/`, { headers: JAPANESE });
    assert.match(english.text, /<html lang="en">/);
    assert.match(japanese.text, /<html lang="ja">/);
    for (const page of [english, japanese]) {
      assert.equal(page.status, 200);
      assert.match(page.fields.get('content-type'), /^text\/html/);
      assert.match(page.fields.get('cache-control'), /no-store/);
      assert.match(page.fields.get('content-security-policy'), /frame-ancestors 'none'/);
      assert.ok(!page.text.includes('<img'), 'a name is text');
      assert.ok(page.text.includes('alice@example.test') && page.text.includes('alice-sub') && page.text.includes('editor'));
      assert.match(page.text, /<form method="post" action="\/_auth\/sign-out">/);
      assert.match(page.text, /<form method="post" action="\/_auth\/sign-out\?everywhere=1">/);
      for (const secret of world.op.secrets) assert.ok(!page.text.includes(secret), 'no token');
    }
  });

  test('/_auth leads to /_auth/', async () => {
    const user = await world.signIn();
    assert.equal((await user.fetch(`${ORIGIN}/_auth`)).next, `${ORIGIN}/_auth/`);
    assert.equal((await user.navigate(`${ORIGIN}/_auth`)).status, 200);
  });

  test('signed out, the page signs in and comes back; a script gets 401', async () => {
    const user = world.user();
    const answer = await user.navigate(`${ORIGIN}/_auth/`);
    assert.equal(answer.status, 200);
    assert.equal(answer.url, `${ORIGIN}/_auth/`);
    assert.match(answer.text, /alice-sub/);
    const script = await world.get('/_auth/', FETCH);
    assert.equal(script.status, 401);
    assert.equal(JSON.parse(script.text).error, 'unauthenticated');
  });

  test('me tells when the session began, ends, and would idle out', async () => {
    const user = await world.signIn();
    const told = await me(user);
    const nowS = Date.now() / 1000;
    assert.ok(Math.abs(told.signed_in_at - nowS) < 30);
    assert.equal(told.session_ends_at, told.signed_in_at + LIFETIME_S);
    assert.ok(Math.abs(told.session_idle_at - told.signed_in_at - IDLE_S) < 30);
    for (const name of ['refresh_token', 'id_token', 'access_token', 'nonce_hash']) assert.ok(!(name in told), name);
  });

  test('HEAD is answered as GET is, and nothing else is', async () => {
    const cookie = await world.session();
    for (const path of ['/_auth/', '/_auth/me']) {
      assert.equal((await request(world.port, 'HEAD', path, { ...NAVIGATION, Cookie: cookie })).status, 200);
      const refused = await world.post(path, { ...NAVIGATION, 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN, Cookie: cookie }, { body: '' });
      assert.equal(refused.status, 405);
      assert.equal(refused.fields.get('allow'), 'GET, HEAD');
    }
  });
});

describe('POST /_auth/session', () => {
  const shortLived = (scope, options = {}) => makeWorld(scope, { clock: true, config: { session: { idle_timeout: '4s', max_lifetime: '1h' } }, ...options });

  test('extends a session that nothing else would keep from idling out, up to its end', async (t) => {
    const world = await shortLived(t);
    const user = await world.signIn();
    const first = await me(user);
    for (let round = 0; round < 3; ++round) {
      await world.clock.pass(2000);
      const answer = await extend(user);
      assert.equal(answer.status, 200);
      const told = JSON.parse(answer.text);
      assert.equal(told.session_ends_at, first.session_ends_at, 'the end that nothing moves');
      assert.ok(told.session_idle_at > first.session_idle_at);
      assert.equal(sessionCookieSet(answer).length, 1);
    }
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200, 'six seconds on, with an idle timeout of four');
    await world.clock.pass(5500);
    assert.equal((await extend(user)).status, 401, 'what has ended is not extended');
  });

  test('tells of an idle time no later than the end', async (t) => {
    const world = await makeWorld(t, { config: { session: { idle_timeout: '1h', max_lifetime: '1h' } } });
    const user = await world.signIn();
    const told = JSON.parse((await extend(user)).text);
    assert.equal(told.session_idle_at, told.session_ends_at);
  });

  test('refreshes the tokens when that is due', async (t) => {
    const world = await makeWorld(t, { clock: true, opOptions: { refreshTokens: true, rotate: 'always' }, config: { logto: { refresh_early: '1s' } } });
    world.op.tokenLifetimeS = 3;
    const user = await world.signIn();
    world.op.tokenLifetimeS = 3600;
    await world.clock.pass(4500);
    world.op.user = { ...world.op.user, name: 'Alice Renamed' };
    const answer = await extend(user);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).name, 'Alice Renamed');
    assert.equal(world.op.log.filter((call) => call.params.get('grant_type') === 'refresh_token').length, 1);
    assert.equal((await me(user)).name, 'Alice Renamed', 'and the cookie has it');
  });

  test('a session that Logto vouches for no more is not extended', async (t) => {
    const world = await makeWorld(t, { clock: true, opOptions: { refreshTokens: true }, config: { logto: { refresh_early: '1s' } } });
    world.op.tokenLifetimeS = 3;
    const user = await world.signIn();
    world.op.revoked.add('alice-sub');
    await world.clock.pass(4500);
    assert.equal((await extend(user)).status, 401);
    assert.equal((await extend(user)).status, 401);
  });

  describe('is for our own pages alone', () => {
    let world;
    const scope = suite(after);
    before(async () => { world = await makeWorld(scope); });

    test('signed out it answers 401 with where to sign in', async () => {
      const answer = await extend(world.user());
      assert.equal(answer.status, 401);
      assert.match(JSON.parse(answer.text).sign_in_url, /^http:\/\/app\.test\/_auth\/sign-in/);
      assert.deepEqual(sessionCookieSet(answer), []);
    });

    const REFUSED = {
      'a sibling host of the site': { ...FETCH, 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.app.test' },
      'another site': { ...FETCH, 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' },
      'another origin of an old browser': { Accept: '*/*', 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined, Origin: 'http://evil.test' },
      'nobody knows whom': { Accept: '*/*', 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined },
      'a null origin': { Accept: '*/*', 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined, Origin: 'null' },
    };
    for (const [who, headers] of Object.entries(REFUSED)) {
      test(`${who}: 403 and no cookie`, async () => {
        const user = await world.signIn();
        const answer = await extend(user, { headers });
        assert.equal(answer.status, 403);
        assert.deepEqual(sessionCookieSet(answer), []);
      });
    }

    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      test(`${method} is 405`, async () => {
        const user = await world.signIn();
        const answer = await request(world.port, method, '/_auth/session', { ...FETCH, Origin: ORIGIN, Cookie: user.sessionCookies(HOST) }, { host: HOST });
        assert.equal(answer.status, 405);
        assert.equal(answer.fields.get('allow'), 'POST');
      });
    }

    test('an old copy of the cookie is not made new by it after a sign-out', async () => {
      const user = await world.signIn();
      const copy = user.sessionCookies(HOST);
      await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
      const answer = await world.post('/_auth/session', { ...FETCH, Origin: ORIGIN, Cookie: copy }, { body: '' });
      assert.equal(answer.status, 401);
      assert.deepEqual(sessionCookieSet(answer), []);
    });
  });
});
