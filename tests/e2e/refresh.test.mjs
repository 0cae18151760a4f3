// Refresh from outside: driven by the tokens' real expiry, early and off the path, one call per refresh token whoever asks, nothing
// lost when it rotates, and every way in which it can fail.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { CLOCK_IS_MOVABLE, sleep } from './lib/clock.mjs';
import { loudSkip } from './lib/corpora.mjs';
import { REFRESH_ATTACKS, SIGN_IN_ATTACKS } from './lib/jwt_attacks.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, IDENTITY, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const LONG_S = 3600;
const PATIENCE_MS = 10_000 * SLOWNESS; // with a wait whose end is an event
const PRIVATE = `${ORIGIN}/private/x`;

// A provider that rotates at every refresh and ends the grant when a used token comes again: the hardest there is.
const refreshWorld = (scope, { op = {}, logto = {}, config = {} } = {}) => makeWorld(scope, {
  clock: true, opOptions: { refreshTokens: true, rotate: 'always', ...op }, config: { ...config, logto: { refresh_early: '1s', ...logto } },
});

// A user whose first tokens live `seconds`; those that a refresh brings live long.
async function signInFor(world, seconds) {
  world.op.tokenLifetimeS = seconds;
  const user = await world.signIn();
  world.op.tokenLifetimeS = LONG_S;
  return user;
}

// Tokens have expired: the next request must refresh before it may pass.
async function withExpiredTokens(scope, options) {
  const world = await refreshWorld(scope, options);
  const user = await signInFor(world, 3);
  const cookie = user.sessionCookies(HOST);
  await world.clock.pass(4000);
  world.recorder.reset();
  return { world, user, cookie };
}

// Tokens live for some seconds still, but it is time to refresh them: refresh_early, or half their life if that is less.
async function withAgeingTokens(scope, { logto = {}, ...options } = {}) {
  const world = await refreshWorld(scope, { ...options, logto: { refresh_early: '20s', ...logto } });
  const user = await signInFor(world, 16);
  const cookie = user.sessionCookies(HOST);
  await world.clock.pass(8500);
  world.recorder.reset();
  return { world, user, cookie };
}

const isRefresh = (call) => call.path === '/oidc/token' && call.params.get('grant_type') === 'refresh_token';
const refreshes = (world) => world.op.log.filter(isRefresh).length;
// The next refresh that the provider hears of.
function nextRefresh(world) {
  const heard = new Promise((resolve, reject) => {
    const finish = (settle, value) => { clearTimeout(timer); world.op.off('call', hear); settle(value); };
    const hear = (call) => { if (isRefresh(call)) finish(resolve, call); };
    const timer = setTimeout(() => finish(reject, new Error(`no refresh within ${PATIENCE_MS} ms:\n${world.proxy.output.slice(-2000)}`)), PATIENCE_MS);
    world.op.on('call', hear);
  });
  heard.catch(() => {});
  return heard;
}
// Refreshes stand still until the function that is returned is called.
function holdRefreshes(world) {
  let release;
  const gate = new Promise((resolve) => { release = resolve; });
  world.op.twist = { async onToken(_request, _response, call) { if (isRefresh(call)) await gate; return false; } };
  return () => { world.op.twist = {}; release(); };
}
async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}

const script = (user) => user.fetch(PRIVATE, { headers: FETCH });
const withCookie = (world, cookie, headers = FETCH, target = '/private/x') => world.get(target, { ...headers, Cookie: cookie }, { timeout: 30_000 });
const setsSession = (answer) => answer.fields.all('set-cookie').map(parseSetCookie).some(({ name, value, attributes }) => /^logto_session/.test(name) && value !== '' && attributes['max-age'] !== '0');
const clearsSession = (answer) => answer.fields.all('set-cookie').map(parseSetCookie).some(({ name, attributes }) => /^logto_session/.test(name) && attributes['max-age'] === '0');
const toLogto = (answer) => answer.status === 303 && new URL(answer.fields.get('location')).pathname === '/oidc/auth';

describe('refresh, in time', { concurrency: 6 }, () => {
  test('fresh tokens are left alone', async (t) => {
    const world = await refreshWorld(t);
    const user = await signInFor(world, LONG_S);
    for (let count = 0; count < 5; ++count) assert.equal((await script(user)).status, 200);
    assert.equal(refreshes(world), 0);
  });

  test('early, off the path: no request waits for it, and a later one brings the new cookie', async (t) => {
    const { world, user } = await withAgeingTokens(t);
    const release = holdRefreshes(world);
    const asked = nextRefresh(world);
    assert.equal((await script(user)).status, 200, 'the one that starts it');
    await asked;
    assert.equal((await script(user)).status, 200, 'one while it is on its way');
    release();
    await eventually('a new session cookie', async () => {
      const answer = await script(user);
      assert.equal(answer.status, 200);
      return setsSession(answer);
    });
    assert.equal(refreshes(world), 1);
    assert.equal((await script(user)).status, 200);
    assert.equal(refreshes(world), 1, 'what the new cookie holds is fresh');
  });

  test('expired, on the path: the request waits and its answer brings the new cookie', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    const release = holdRefreshes(world);
    const asked = nextRefresh(world);
    const waiting = script(user);
    await asked;
    assert.deepEqual(world.recorder.targets(), [], 'the app hears nothing before');
    assert.equal((await world.get('/public/x')).status, 200, 'public routes do not wait');
    release();
    const answer = await waiting;
    assert.equal(answer.status, 200);
    assert.ok(setsSession(answer));
    assert.equal((await script(user)).status, 200);
    assert.equal(refreshes(world), 1);
  });

  test('a navigation and a form post wait as a script does, and arrive whole', async (t) => {
    for (const method of ['GET', 'POST']) {
      const { world, user } = await withExpiredTokens(t);
      const body = method === 'POST' ? `text=${'x'.repeat(100_000)}` : undefined;
      const answer = await user.fetch(PRIVATE, { method, body, headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' } });
      assert.equal(answer.status, 200, method);
      const [seen] = world.recorder.requests;
      assert.equal(seen.method, method);
      if (body) assert.equal(seen.body.toString(), body);
      assert.equal(world.recorder.requests.length, 1, 'the app sees it once');
    }
  });

  test('the request says what it must: the grant, the token, the client, and no more', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    await script(user);
    assert.equal(refreshes(world), 1);
    const call = world.op.log.find(isRefresh);
    assert.deepEqual([...call.params.keys()].sort(), ['grant_type', 'refresh_token']);
    assert.match(call.headers.authorization, /^Basic /);
    assert.equal(call.query, '');
  });

  test('what a refresh brings is used the next time', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    world.op.tokenLifetimeS = 3;
    assert.equal((await script(user)).status, 200);
    const first = world.op.log.findLast(isRefresh).params.get('refresh_token');
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(4000);
    assert.equal((await script(user)).status, 200);
    assert.notEqual(world.op.log.findLast(isRefresh).params.get('refresh_token'), first);
    assert.equal(world.op.grants.reuses, 0);
  });

  test('a provider that does not rotate is served as well', async (t) => {
    for (const rotate of ['never', 'logto']) {
      const { world, user } = await withExpiredTokens(t, { op: { rotate } });
      assert.equal((await script(user)).status, 200, rotate);
      assert.equal((await script(user)).status, 200);
      assert.equal(refreshes(world), 1);
    }
  });

  test('the refreshed claims are the user as they are now', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    assert.equal((await withCookie(world, user.sessionCookies(HOST), FETCH, '/public/x')).status, 200);
    world.op.user = { ...world.op.user, roles: ['editor', 'admin'], email: 'new@example.test' };
    const answer = await script(user);
    assert.equal(seenHeader(answer, 'x-forwarded-groups'), 'editor,admin');
    assert.equal(seenHeader(answer, 'x-forwarded-email'), 'new@example.test');
    assert.equal((await user.fetch(`${ORIGIN}/admin/x`, { headers: FETCH })).status, 200, 'a rule sees them too');
    assert.equal(refreshes(world), 1);
  });

  test('a role that was taken away is gone with the next refresh', async (t) => {
    const world = await refreshWorld(t, { op: { tokenLifetimeS: 3 } });
    const user = await world.signIn({ roles: ['admin'] });
    assert.equal((await user.fetch(`${ORIGIN}/admin/x`, { headers: FETCH })).status, 200);
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(4000);
    assert.equal((await user.fetch(`${ORIGIN}/admin/x`, { headers: FETCH })).status, 403);
  });

  test('a refreshed session survives a restart of the proxy', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    await script(user);
    await world.restart();
    world.move(user, world.proxy);
    assert.equal((await script(user)).status, 200);
    assert.equal(refreshes(world), 1);
  });

  test('the session still ends at max_lifetime, however often it is refreshed', async (t) => {
    const world = await refreshWorld(t, { config: { session: { max_lifetime: '10s', idle_timeout: '10s' } } });
    const user = await signInFor(world, 3);
    world.op.tokenLifetimeS = 3;
    await world.clock.pass(4000);
    assert.equal((await script(user)).status, 200);
    await world.clock.pass(7000);
    assert.equal((await script(user)).status, 401);
  });
});

describe('one refresh token, many who hold it', { concurrency: 6 }, () => {
  test('ten tabs that wake up at once make one call and all pass', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    const release = holdRefreshes(world);
    const asked = nextRefresh(world);
    const tabs = Array.from({ length: 10 }, (_one, index) => withCookie(world, cookie, FETCH, `/private/${index}`));
    await asked;
    release();
    const answers = await Promise.all(tabs);
    assert.deepEqual(answers.map(({ status }) => status), Array(10).fill(200));
    for (const answer of answers) assert.ok(setsSession(answer), 'each tab gets the new cookie');
    assert.equal(refreshes(world), 1);
    assert.equal(world.op.grants.reuses, 0);
    assert.equal(world.recorder.requests.length, 10);
  });

  test('a client that goes away in mid-refresh loses nothing', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    const release = holdRefreshes(world);
    const asked = nextRefresh(world);
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/private/gone', { Host: HOST, Cookie: cookie, ...FETCH }));
    await asked;
    client.socket.resetAndDestroy();
    const line = await world.proxy.waitAccess((entry) => entry.path === '/private/gone');
    assert.equal(line.status, 499, 'noticed while the answer of the provider is awaited');
    release();
    const answer = await withCookie(world, cookie);
    assert.equal(answer.status, 200);
    assert.ok(setsSession(answer), 'the successor of the token in the old cookie is handed out');
    assert.ok(world.recorder.requests.every(({ target }) => target !== '/private/gone'), 'nothing reaches the app for nobody');
    assert.equal(refreshes(world), 1);
    assert.equal(world.op.grants.reuses, 0);
  });

  test('the old cookie and the new one give the same result, again and again', async (t) => {
    const { world, user, cookie: old } = await withExpiredTokens(t);
    world.op.tokenLifetimeS = 3;
    assert.equal((await script(user)).status, 200);
    const newer = user.sessionCookies(HOST);
    assert.notEqual(newer, old);
    assert.equal((await withCookie(world, old)).status, 200);
    assert.equal(refreshes(world), 1);
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(4000);
    const answers = await Promise.all([old, newer, old, newer].map((cookie) => withCookie(world, cookie)));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200]);
    assert.equal(refreshes(world), 2, 'one chain of tokens, whichever cookie asks');
    assert.equal(world.op.grants.reuses, 0);
  });

  test('a slow answer does not put an older cookie over a newer one', async (t) => {
    const world = await refreshWorld(t, { op: { tokenLifetimeS: 3 } });
    const user = await world.signIn();
    const cookie = user.sessionCookies(HOST);
    world.op.tokenLifetimeS = LONG_S;
    let answer;
    const gate = new Promise((resolve) => { answer = resolve; });
    world.recorder.handle = async (request, reply) => {
      if (request.target === '/private/slow') await gate;
      await reply.json({ target: request.target, headers: request.fields.list });
    };
    const slow = user.fetch(`${ORIGIN}/private/slow`, { headers: { ...FETCH, Cookie: cookie } });
    await world.recorder.waitFor((request) => request.target === '/private/slow');
    await world.clock.pass(4000);
    assert.equal((await script(user)).status, 200);
    const newest = user.sessionCookies(HOST);
    answer();
    assert.equal((await slow).status, 200);
    const kept = user.sessionCookies(HOST);
    assert.equal((await withCookie(world, kept)).status, 200);
    assert.ok(kept === newest || refreshes(world) === 1, 'the browser is left with what is fresh');
  });

  test('two users do not share what is not theirs', async (t) => {
    const world = await refreshWorld(t, { op: { tokenLifetimeS: 3 } });
    const alice = await world.session();
    const bob = await world.session({ sub: 'bob-sub', username: 'bob', email: 'bob@example.test', roles: [] });
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(4000);
    const answers = await Promise.all([alice, bob, alice, bob].map((cookie) => withCookie(world, cookie)));
    assert.deepEqual(answers.map((answer) => seenHeader(answer, 'x-forwarded-user')), ['alice-sub', 'bob-sub', 'alice-sub', 'bob-sub']);
    assert.equal(refreshes(world), 2);
  });

  test('no more calls at one time than logto.max_calls, and everybody is served', async (t) => {
    const sessions = 200, lives = CLOCK_IS_MOVABLE ? 60 : 8;
    const world = await refreshWorld(t, { logto: { max_calls: 4 }, op: { tokenLifetimeS: lives } });
    const cookies = [];
    while (cookies.length < sessions) cookies.push(...(await Promise.all(Array.from({ length: 10 }, () => world.session()))));
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(lives * 1000 + 1000);
    Object.assign(world.op, { tokenCalls: { now: 0, most: 0 }, latencyMs: { refresh: 20 } });
    const all = Promise.all(cookies.map((cookie) => withCookie(world, cookie, FETCH, '/private/x')));
    await nextRefresh(world);
    assert.equal((await world.get('/public/x')).status, 200, 'a public route does not queue');
    assert.ok(refreshes(world) < sessions, 'and was answered while they wait');
    const statuses = (await all).map(({ status }) => status);
    assert.deepEqual(statuses.filter((status) => status !== 200), []);
    assert.equal(refreshes(world), sessions);
    assert.equal(world.op.tokenCalls.most, 4);
    assert.equal(world.op.grants.mostCallsWithOneToken, 1);
  });
});

describe('refused for good', { concurrency: 6 }, () => {
  // What is left of a session that has ended: nothing, for any holder of any of its cookies.
  async function assertDead(world, cookie) {
    const called = refreshes(world);
    assert.equal((await withCookie(world, cookie)).status, 401);
    assert.ok(toLogto(await withCookie(world, cookie, NAVIGATION)));
    assert.equal((await withCookie(world, cookie, FETCH, '/_auth/me')).status, 401);
    const optional = await withCookie(world, cookie, FETCH, '/optional/x');
    assert.equal(optional.status, 200);
    for (const name of IDENTITY) assert.equal(seenHeader(optional, name), undefined);
    assert.equal(refreshes(world), called, 'a dead token is not tried again');
  }

  test('invalid_grant: a navigation signs in again and the cookie is dead everywhere', async (t) => {
    const { world, user, cookie } = await withExpiredTokens(t);
    world.op.revoked.add('alice-sub');
    const answer = await user.fetch(PRIVATE);
    assert.ok(toLogto(answer), `status ${answer.status}`);
    assert.equal(user.sessionCookies(HOST), cookie, 'deleting it here could overtake a sign-in in another tab: that writes over it');
    assert.equal(refreshes(world), 1);
    world.op.revoked.clear();
    await assertDead(world, cookie);
    assert.deepEqual(world.recorder.targets().filter((target) => target.startsWith('/private')), []);
  });

  test('invalid_grant: anything else gets 401', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    world.op.revoked.add('alice-sub');
    const answer = await withCookie(world, cookie);
    assert.equal(answer.status, 401);
    assert.equal(JSON.parse(answer.text).error, 'unauthenticated');
    assert.ok(!clearsSession(answer), 'it might overtake a sign-in in another tab, and the cookie is dead anyway');
    const post = await world.post('/private/x', { ...FETCH, Cookie: cookie, Origin: ORIGIN }, { body: '{}' });
    assert.equal(post.status, 401);
    await assertDead(world, cookie);
  });

  test('invalid_grant for ten tabs at once: one call, ten refusals', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    world.op.revoked.add('alice-sub');
    const answers = await Promise.all(Array.from({ length: 10 }, () => withCookie(world, cookie)));
    assert.deepEqual(answers.map(({ status }) => status), Array(10).fill(401));
    assert.equal(refreshes(world), 1);
  });

  test('invalid_grant of an early refresh ends the session at once, not when the tokens would have died', async (t) => {
    const { world, cookie } = await withAgeingTokens(t);
    world.op.revoked.add('alice-sub');
    const asked = nextRefresh(world);
    await withCookie(world, cookie);
    await asked;
    await eventually('signed out', async () => (await withCookie(world, cookie)).status === 401);
    await assertDead(world, cookie);
  });

  test('invalid_grant ends this session only', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    const other = await world.session();
    const entry = [...world.op.grants.tokens.values()][0];
    entry.grant.ended = true;
    assert.equal((await withCookie(world, cookie)).status, 401);
    assert.equal((await withCookie(world, other)).status, 200);
  });

  test('after a new sign-in the user is in again', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    world.op.revoked.add('alice-sub');
    await script(user);
    world.op.revoked.clear();
    assert.equal((await user.navigate(PRIVATE)).status, 200);
  });

  test('a refreshed token of another user ends the session and shows nobody', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    world.op.twist = { claims: (honest) => ({ ...honest, sub: 'mallory-sub' }) };
    assert.equal((await withCookie(world, cookie)).status, 401);
    world.op.twist = {};
    await assertDead(world, cookie);
    assert.deepEqual(world.recorder.targets().filter((target) => target.startsWith('/private')), []);
    assert.ok(!JSON.stringify(world.recorder.requests.map(({ fields }) => fields.list)).includes('mallory'));
  });

  test('a back-channel logout that comes while the refresh is on its way is stronger than its result', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    const release = holdRefreshes(world);
    const asked = nextRefresh(world);
    const waiting = withCookie(world, cookie);
    await asked;
    const told = await world.op.sendLogout(world.port, { sub: 'alice-sub' });
    assert.ok([200, 204].includes(told.status), `status ${told.status}`);
    release();
    const answer = await waiting;
    assert.equal(answer.status, 401);
    assert.ok(!setsSession(answer));
    assert.equal((await withCookie(world, cookie)).status, 401);
  });
});

describe('the operator\'s problem, or the network\'s', { concurrency: 6 }, () => {
  // [what the provider does, what the log must name]
  const CREDENTIALS = { 'a wrong secret': 'invalid_client', 'an expired secret': 'expired_secret', 'an unknown client': 'unknown_client' };
  for (const [what, how] of Object.entries(CREDENTIALS)) {
    test(`${what} logs nobody out`, async (t) => {
      const { world, user, cookie } = await withAgeingTokens(t);
      world.op.failRefresh = how;
      const asked = nextRefresh(world);
      assert.equal((await script(user)).status, 200);
      await asked;
      const line = await world.proxy.waitLog((entry) => /secret|app_id|invalid_client/i.test(JSON.stringify(entry)) && ['error', 'warning'].includes(entry.level));
      assert.ok(line, 'the operator is told');
      for (let count = 0; count < 5; ++count) assert.equal((await script(user)).status, 200, 'while the tokens live');
      assert.equal(refreshes(world), 1);
      await world.clock.pass(20_000);
      const late = await user.fetch(PRIVATE, { headers: FETCH });
      assert.ok([200, 502, 503].includes(late.status), `not a sign-out: ${late.status}`);
      assert.ok(!clearsSession(late));
      assert.ok(!toLogto(await user.fetch(PRIVATE)), 'a sign-in would fail by the same secret');
      if (!CLOCK_IS_MOVABLE) return;
      world.op.failRefresh = null;
      await world.clock.advance(31_000);
      assert.equal((await withCookie(world, cookie)).status, 200, 'repaired: everybody is still there');
    });
  }

  const NETWORK = { 'a 500': 500, 'a 503': 503, 'a 429': 429, 'a reset': 'reset', silence: 'hang', 'junk for JSON': 'garbage' };
  for (const [what, how] of Object.entries(NETWORK)) {
    test(`${what} keeps the session while its tokens live, with back-off`, async (t) => {
      const { world, user } = await withAgeingTokens(t);
      world.op.failRefresh = how;
      const asked = nextRefresh(world);
      assert.equal((await script(user)).status, 200);
      await asked;
      for (let count = 0; count < 20; ++count) {
        const answer = await script(user);
        assert.equal(answer.status, 200);
        assert.ok(!clearsSession(answer));
        await sleep(25);
      }
      assert.equal(refreshes(world), 1, 'a failed token is not tried again for 30 s');
    });
  }

  test('when the tokens have died and Logto cannot be asked, nobody passes and nobody is signed out', async (t) => {
    const { world, user, cookie } = await withExpiredTokens(t);
    world.op.failRefresh = 500;
    let asked = 0;
    for (const headers of [FETCH, NAVIGATION]) {
      const answer = await user.fetch(PRIVATE, { headers });
      assert.ok([502, 503].includes(answer.status), `status ${answer.status}`);
      assert.ok(!clearsSession(answer));
      asked ||= refreshes(world);
    }
    assert.equal((await world.get('/public/x', { Cookie: cookie })).status, 200);
    assert.ok(asked > 1 && asked <= 6, `asked again for a while: ${asked}`);
    assert.equal(refreshes(world), asked, 'and then not for the next one');
    assert.deepEqual(world.recorder.targets(), ['/public/x']);
    assert.notEqual(user.sessionCookies(HOST), '');
  });

  test('a token whose answer made no sense is tried again after 30 s, not before', async (t) => {
    if (!CLOCK_IS_MOVABLE) return loudSkip(t, 'a release binary has no movable clock');
    const { world, user } = await withExpiredTokens(t);
    world.op.failRefresh = { how: 'garbage', times: 1 };
    assert.ok([502, 503].includes((await script(user)).status));
    await world.clock.advance(25_000);
    assert.ok([502, 503].includes((await script(user)).status));
    assert.equal(refreshes(world), 1);
    await world.clock.advance(6_000);
    // The back-off of a second that concerns all goes by another clock.
    await eventually('a new session cookie', async () => setsSession(await script(user)));
    assert.equal(refreshes(world), 2);
  });

  test('one user\'s failed token is not another user\'s', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    world.op.tokenLifetimeS = 3;
    const other = await world.session({ sub: 'bob-sub', username: 'bob' });
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass(4000);
    world.op.revoked.add('alice-sub');
    assert.equal((await withCookie(world, cookie)).status, 401);
    assert.equal((await withCookie(world, other)).status, 200);
  });

  test('an answer that is lost after the rotation costs the session at most, never a loop of calls', async (t) => {
    const { world, cookie } = await withExpiredTokens(t);
    world.op.twist = { tokenReply: () => '{"cut' };
    await withCookie(world, cookie);
    world.op.twist = {};
    for (let count = 0; count < 10; ++count) await withCookie(world, cookie);
    assert.equal(refreshes(world), 1);
  });

  test('no token and no secret is ever in a log', async (t) => {
    const { world, user } = await withExpiredTokens(t);
    world.op.failRefresh = { how: 'invalid_client', times: 1 };
    await script(user);
    await script(user);
    for (const secret of world.op.secrets) assert.ok(!world.proxy.output.includes(secret));
  });
});

describe('a provider that lies at the refresh', () => {
  // A row for each thing that the answer to a code exchange can lie about, and those that a refresh adds (J53).
  // Those that break the connection come last, lest a back-off hide what the others do.
  const ROWS = [...REFRESH_ATTACKS, ...SIGN_IN_ATTACKS.filter(({ id, alone, twist }) => id !== 'J00' && !alone && !twist.authReply)]
    .sort((one, other) => Boolean(one.twist.onToken) - Boolean(other.twist.onToken));
  let world;
  const cookies = [];
  const scope = suite(after);
  before(async () => {
    const lives = CLOCK_IS_MOVABLE ? 120 : 10;
    world = await refreshWorld(scope, { op: { tokenLifetimeS: lives } });
    while (cookies.length < ROWS.length) cookies.push(await world.session());
    world.op.tokenLifetimeS = LONG_S;
    await world.clock.pass((lives + 1) * 1000);
  });

  ROWS.forEach((row, index) => {
    const expected = row.atRefresh ?? row.expect;
    test(`${row.id} ${row.name}: ${expected}`, async () => {
      const { op, recorder, proxy } = world;
      const asked = refreshes(world);
      recorder.reset();
      op.twist = row.twist;
      const ask = () => world.get(`/private/${index}`, { ...FETCH, Cookie: cookies[index] }, { timeout: 30_000 });
      let answer = await ask();
      // After an answer too long to be read, or none, nobody asks Logto for a moment.
      for (const end = Date.now() + PATIENCE_MS; !row.twist.onToken && refreshes(world) === asked && answer.status === 503 && Date.now() < end; answer = await ask()) await sleep(50);
      op.twist = {};
      if (op.failure) throw op.failure;
      proxy.assertHealthy();
      if (!row.twist.onToken) assert.equal(refreshes(world) - asked, 1, 'the session was still there to be attacked');
      if (expected === 'either') return;
      if (expected === 'accept') return assert.equal(answer.status, 200);
      assert.ok([401, 502, 503].includes(answer.status), `status ${answer.status}`);
      assert.ok(!setsSession(answer));
      assert.deepEqual(recorder.targets(), [], 'the app hears nothing');
      return undefined;
    });
  });
});

describe('logto.refresh', { concurrency: 6 }, () => {
  test('off: no token is kept, none is used, none is revoked', async (t) => {
    const { world, user } = await withExpiredTokens(t, { logto: { refresh: 'off', refresh_early: '1s' } });
    assert.equal((await script(user)).status, 200, 'without refresh the session goes by its own lifetime');
    assert.equal(refreshes(world), 0);
    const left = await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal(left.status, 303);
    await world.get('/public/x');
    assert.equal(world.op.calls('/oidc/token/revocation').length, 0);
  });

  test('auto without a token: the session goes by its own lifetime', async (t) => {
    const { world, user } = await withExpiredTokens(t, { op: { refreshTokens: false } });
    assert.equal((await script(user)).status, 200);
    assert.equal(refreshes(world), 0);
  });

  test('wanted and none came: one log line names the two settings in Logto that give one', async (t) => {
    const world = await refreshWorld(t, { op: { refreshTokens: false }, logto: { refresh: 'offline_access' } });
    await world.session();
    const line = await world.proxy.waitLog((entry) => /refresh token/i.test(entry.msg));
    const text = JSON.stringify(line);
    assert.match(text, /offline_access/);
    assert.match(text, /always.?issue.?refresh.?token/i);
    await world.session();
    assert.equal(world.proxy.errors.filter((entry) => entry.msg === line.msg).length, 1, 'said once, not at every sign-in');
  });
});
