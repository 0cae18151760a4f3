// How long a session lives, what renews it, and what it holds.
// Release too: the clock, which is the real one there.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { freshSecret } from './lib/proxy.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld } from './lib/world.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// Polls until the status is the wanted one; the time it took is the oracle.
async function until(world, user, wanted, { step = 100, limit = 12_000, headers = FETCH, keep = true } = {}) {
  const started = Date.now();
  while (Date.now() - started < limit) {
    const answer = keep
      ? await user.fetch(`${ORIGIN}/private/x`, { headers })
      : await world.get('/private/x', { Cookie: user.sessionCookies(HOST), ...headers });
    if (answer.status === wanted) return Date.now() - started;
    await sleep(step);
  }
  throw new Error(`never ${wanted} within ${limit} ms`);
}

describe('lifetimes', { concurrency: true }, () => {
  test('an idle session ends after idle_timeout', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { idle_timeout: '2s', max_lifetime: '1h' } } });
    const user = await world.signIn();
    await world.clock.pass(4000);
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 401);
  });

  test('use keeps a session alive past idle_timeout', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { idle_timeout: '2s', max_lifetime: '1h' } } });
    const user = await world.signIn();
    for (let count = 0; count < 12; ++count) {
      await world.clock.pass(400);
      assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200, `after ${(count + 1) * 0.4} s of use`);
    }
  });

  test('no use keeps a session alive past max_lifetime', async (t) => {
    const world = await makeWorld(t, { config: { session: { idle_timeout: '3s', max_lifetime: '3s' } } });
    const user = await world.signIn();
    const took = await until(world, user, 401);
    assert.ok(took > 1500 && took < 6000, `ended after ${took} ms`);
  });

  test('a warm session on one connection ends as well: the cache does not outlive it', async (t) => {
    const world = await makeWorld(t, { config: { session: { idle_timeout: '2s', max_lifetime: '2s' } } });
    const user = await world.signIn();
    const took = await until(world, user, 401, { keep: false, step: 50 });
    assert.ok(took < 5000);
  });

  test('without a refresh token the next navigation after revalidate asks Logto silently', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const user = await world.signIn();
    await world.clock.pass(1600);
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200, 'a script is not disturbed');
    const start = await user.fetch(`${ORIGIN}/private/again?x=1`);
    assert.equal(start.status, 303);
    assert.equal(new URL(start.next).searchParams.get('prompt'), 'none');
    const back = await user.navigate(start.next);
    assert.equal(back.status, 200);
    assert.equal(JSON.parse(back.text).target, '/private/again?x=1');
    assert.equal((await user.fetch(`${ORIGIN}/private/x`)).status, 200, 'and not again at once');
  });

  test('a silent check that finds nobody signed in leads to an interactive sign-in, not to an error', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const user = await world.signIn();
    world.op.signedIn = false;
    await world.clock.pass(1600);
    const answer = await user.navigate(`${ORIGIN}/private/x`, { stop: (url) => url.pathname === '/oidc/auth' && url.searchParams.get('prompt') !== 'none' });
    assert.equal(new URL(answer.next).pathname, '/oidc/auth', `status ${answer.status}`);
  });

  test('a silent check that another user answers does not swap the identity silently into the old session', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const user = await world.signIn();
    world.op.user = { ...world.op.user, sub: 'mallory-sub', roles: [] };
    await world.clock.pass(1600);
    await user.navigate(`${ORIGIN}/private/x`);
    const seen = world.recorder.requests.at(-1);
    assert.ok(!(seen.fields.get('x-forwarded-user') === 'mallory-sub' && seen.fields.get('x-forwarded-groups')), 'never a mix of two users');
  });
});

describe('what is in the cookie', () => {
  test('a ring of secrets: the first seals, all open, a removed one no longer', async (t) => {
    const world = await makeWorld(t);
    const old = world.secret;
    const fresh = freshSecret();
    const cookie = await world.session();
    await world.restart({ session: { secret: [fresh, old] } });
    assert.equal((await world.get('/private/x', { Cookie: cookie })).status, 200);
    const newer = await world.session();
    await world.restart({ session: { secret: [fresh] } });
    assert.equal((await world.get('/private/x', { Cookie: cookie })).status, 401);
    assert.equal((await world.get('/private/x', { Cookie: newer })).status, 200);
  });

  test('a session survives a restart of the proxy', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    await world.restart();
    assert.equal((await world.get('/private/x', { Cookie: cookie })).status, 200);
  });

  test('claims that no rule and no header needs are not carried', async (t) => {
    const world = await makeWorld(t);
    const small = (await world.session()).length;
    const large = (await world.session({ custom_data: { blob: 'x'.repeat(20_000) }, picture: `https://x.test/${'y'.repeat(2000)}` })).length;
    assert.ok(large < small + 400, `${small} and ${large} bytes`);
  });

  test('a session too large for five cookies is a page that says so, not a broken loop', async (t) => {
    const world = await makeWorld(t, { config: { identity_headers: { 'X-Profile': 'profile' } } });
    world.op.user = { ...world.op.user, profile: `https://example.test/${'x'.repeat(40_000)}` };
    const user = world.user();
    const answer = await user.navigate(`${ORIGIN}/private/x`);
    assert.ok(answer.status >= 400, `status ${answer.status}`);
    assert.ok(answer.text.includes(answer.fields.get('x-request-id')));
    assert.equal(user.sessionCookies(HOST), '');
  });

  test('same_site none and an own name are honoured', async (t) => {
    const world = await makeWorld(t, { config: { session: { cookie: { name: 'my_app' } } } });
    const user = world.user();
    assert.equal((await user.navigate(`${ORIGIN}/private/x`)).status, 200);
    assert.ok(user.cookies(HOST).has('my_app'));
    assert.equal(world.recorder.requests.at(-1).fields.get('cookie'), undefined);
    world.recorder.handle = (_request, reply) => reply.send(200, { 'Set-Cookie': 'my_app=evil' }, 'x');
    assert.deepEqual((await user.fetch(`${ORIGIN}/private/x`)).fields.all('set-cookie').map(parseSetCookie).filter(({ value }) => value === 'evil'), []);
  });

  test('a broken cookie is signed out, on every kind of route, never an error', async (t) => {
    const world = await makeWorld(t);
    for (const broken of ['x', '', 'A'.repeat(5000), '%00', '\u00ff\u00fe', '{}', '"', 'a.b.c', 'A'.repeat(100)]) {
      const cookie = { Cookie: `logto_session=${broken}` };
      assert.equal((await world.get('/private/x', { ...FETCH, ...cookie })).status, 401, JSON.stringify(broken.slice(0, 20)));
      assert.equal((await world.get('/private/x', { ...NAVIGATION, ...cookie })).status, 303);
      assert.equal((await world.get('/public/x', cookie)).status, 200);
      assert.equal((await world.get('/_auth/me', { ...FETCH, ...cookie })).status, 401);
    }
  });

  test('C13 a cookie set before the sign-in is not the one after it', async (t) => {
    const world = await makeWorld(t);
    const first = await world.session();
    const user = world.user();
    user.setCookie(HOST, 'logto_session', first.split('=').slice(1).join('='));
    await user.navigate(`${ORIGIN}/_auth/sign-in?prompt=login&return_to=/private/x`);
    assert.notEqual(user.sessionCookies(HOST), first);
  });
});
