// Tokens for apps from outside: which access token reaches which route, one call to Logto whoever asks, no refresh token used twice
// while several audiences and the session itself live on one, and every way in which a token is not to be had.
// Quick.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLOCK_IS_MOVABLE, sleep } from './lib/clock.mjs';
import { ALICE, THINGS, decodeJwt } from './lib/evil_op.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { FETCH } from './lib/raw.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';
import { HOST, ORIGIN, ROUTES, headersOf, makeWorld, seenHeader, twoProxies } from './lib/world.mjs';

const timed = { skip: CLOCK_IS_MOVABLE ? false : 'this binary has no movable clock' };
const PATIENCE_MS = 15_000 * SLOWNESS; // with a wait whose end is an event
const BILLS = 'https://bills.example.test/api';
const MEMBER = { ...ALICE, organizations: ['acme', 'globex'], organization_roles: ['acme:owner', 'globex:guest'] };
const TOKEN_ROUTES = [
  { path: '/things/*', token: { resource: THINGS, scopes: ['read:things', 'write:things'] }, upstream: 'app' },
  { path: '/bills/*', token: { resource: BILLS, scopes: ['pay'] }, upstream: 'app' },
  { path: '/o/*', token: { organization: 'from_path', scopes: ['invite:member'] }, upstream: 'app' },
  { path: '/acme-things/*', token: { resource: THINGS, organization: 'acme' }, upstream: 'app' },
  { path: '/readers/*', token: { resource: THINGS }, require: { scopes: ['read:things'] }, upstream: 'app' },
  { path: '/deleters/*', token: { resource: THINGS }, require: { scopes: ['delete:things'] }, upstream: 'app' },
  { path: '/admins/*', token: { resource: BILLS }, require: { roles: ['admin'] }, upstream: 'app' },
  { path: '/anybody/*', access: 'optional', token: { organization: 'initech' }, upstream: 'app' },
];
const PROVIDER = {
  refreshTokens: true, rotate: 'always', user: MEMBER,
  apis: { [THINGS]: { ttl: 600, scopes: { editor: ['read:things', 'write:things'] } }, [BILLS]: { ttl: 900, scopes: { editor: ['pay'] } } },
};

const tokenWorld = (scope, { op = {}, config = {}, routes = TOKEN_ROUTES, ...options } = {}) => makeWorld(scope, {
  clock: true, routes: [...routes, ...ROUTES], opOptions: { ...PROVIDER, ...op }, config: { ...config, logto: { refresh: 'offline_access', ...config.logto } }, ...options,
});
const get = (user, path, headers = FETCH) => user.fetch(ORIGIN + path, { headers });
const bearer = (answer) => {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  const value = seenHeader(answer, 'authorization');
  assert.match(value ?? 'none', /^Bearer [^ ]+$/);
  return decodeJwt(value.slice(7)).claims;
};
const isRefresh = (call) => call.path === '/oidc/token' && call.params.get('grant_type') === 'refresh_token';
const refreshes = (world) => world.op.log.filter(isRefresh).length;
const neverTwice = (world) => {
  assert.equal(world.op.grants.reuses, 0, 'no spent token came again');
};
async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}

describe('tokens of routes', { concurrency: 6 }, () => {
  test('the sign-in asks for every resource and scope, once each', async (t) => {
    const world = await tokenWorld(t);
    await world.signIn();
    const [call] = world.op.calls('/oidc/auth');
    assert.deepEqual(call.params.getAll('resource').sort(), [BILLS, THINGS, 'urn:logto:resource:organizations'].sort());
    const scopes = call.params.get('scope').split(' ');
    for (const one of ['openid', 'read:things', 'write:things', 'pay', 'invite:member', 'urn:logto:scope:organizations', 'offline_access']) {
      assert.equal(scopes.filter((each) => each === one).length, 1, one);
    }
  });

  test('each route gets the token for its audience, in place of what the client says', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    const things = bearer(await get(user, '/things/x', { ...FETCH, Authorization: 'Bearer of-the-client' }));
    assert.equal(things.aud, THINGS);
    assert.equal(things.sub, ALICE.sub);
    assert.equal(things.scope, 'read:things write:things');
    assert.equal(bearer(await get(user, '/bills/x')).aud, BILLS);
    const organization = bearer(await get(user, '/o/acme/x'));
    assert.equal(organization.aud, 'urn:logto:organization:acme');
    assert.equal(organization.scope, 'invite:member');
    assert.equal(bearer(await get(user, '/o/globex')).aud, 'urn:logto:organization:globex');
    const both = bearer(await get(user, '/acme-things/x'));
    assert.equal(both.aud, THINGS);
    assert.equal(both.organization_id, 'acme');
    assert.equal(seenHeader(await get(user, '/private/x', { ...FETCH, Authorization: 'Bearer of-the-client' }), 'authorization'), 'Bearer of-the-client', 'other routes are left alone');
    assert.equal(refreshes(world), 5);
    neverTwice(world);
  });

  test('a warm token is not fetched again, and never stands in a cookie', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    const first = await get(user, '/things/x');
    for (let count = 0; count < 5; ++count) assert.equal(bearer(await get(user, `/things/${count}`)).jti, bearer(first).jti);
    assert.equal(refreshes(world), 1);
    assert.ok(user.sessionCookies(HOST).length < 4000);
  });

  test('ten tabs that ask for two audiences at once, with expired tokens: one call for each audience, no token used twice', async (t) => {
    const world = await tokenWorld(t, { config: { logto: { refresh_early: '1s' } } });
    world.op.tokenLifetimeS = 3;
    const user = await world.signIn();
    world.op.tokenLifetimeS = 3600;
    const cookie = user.sessionCookies(HOST);
    await world.clock.pass(4000);
    world.op.latencyMs.refresh = 50;
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => world.get(index % 2 ? '/things/x' : '/bills/x', { ...FETCH, Cookie: cookie }, { timeout: 30_000 })));
    answers.forEach((answer, index) => assert.equal(bearer(answer).aud, index % 2 ? THINGS : BILLS));
    assert.deepEqual({ ...world.op.refreshes }, { opaque: 1, [THINGS]: 1, [BILLS]: 1 });
    assert.equal(world.op.tokenCalls.most, 1, 'one after the other');
    neverTwice(world);
    assert.equal(world.op.grants.mostCallsWithOneToken, 1);
    // The cookie of old still holds the first refresh token: what became of it is remembered.
    assert.equal((await world.get('/bills/x', { ...FETCH, Cookie: cookie })).status, 200);
    assert.equal(refreshes(world), 3);
  });

  test('cookies follow the rotation: after a restart nothing is lost', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    assert.equal((await get(user, '/things/x')).status, 200);
    await world.restart();
    world.move(user, world.proxy);
    assert.equal(bearer(await get(user, '/bills/x')).aud, BILLS);
    neverTwice(world);
  });

  test('a token is renewed early, on the side, by one call', timed, async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    const first = bearer(await get(user, '/things/x'));
    await world.clock.pass(555_000);
    world.op.latencyMs.refresh = 100;
    const waiting = await Promise.all(Array.from({ length: 10 }, () => get(user, '/things/x')));
    assert.ok(waiting.every((answer) => bearer(answer).jti === first.jti), 'nobody waits');
    await eventually('another token', async () => bearer(await get(user, '/things/x')).jti !== first.jti);
    assert.equal(world.op.refreshes[THINGS], 2);
    neverTwice(world);
  });

  test('an expired token is fetched while the request waits', timed, async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    const first = bearer(await get(user, '/things/x'));
    await world.clock.pass(601_000);
    assert.notEqual(bearer(await get(user, '/things/x')).jti, first.jti);
    neverTwice(world);
  });

  test('who is no member gets 403 on that route only, and Logto is asked once in 30 s', timed, async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    for (let count = 0; count < 3; ++count) assert.equal((await get(user, '/o/initech/x')).status, 403);
    const page = await user.navigate(`${ORIGIN}/o/initech/x`);
    assert.equal(page.status, 403);
    assert.match(page.fields.get('content-type'), /html/);
    assert.equal(world.op.refreshes['urn:logto:organization:initech'], 1);
    assert.equal(bearer(await get(user, '/o/acme/x')).aud, 'urn:logto:organization:acme');
    assert.equal((await get(user, '/private/x')).status, 200);
    assert.equal(world.proxy.output.split('gives no access token').length, 2, 'logged once');
    assert.match(world.proxy.output, /not a member/);
    world.op.user = { ...MEMBER, organizations: ['acme', 'initech'] };
    await world.clock.pass(31_000);
    assert.equal(bearer(await get(user, '/o/initech/x')).aud, 'urn:logto:organization:initech');
    neverTwice(world);
  });

  test('an optional route: a stranger of the organization passes without a token, and so does anybody', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    for (const answer of [await get(user, '/anybody/x', { ...FETCH, Authorization: 'Bearer x' }), await world.get('/anybody/x', { ...FETCH, Authorization: 'Bearer x' })]) {
      assert.equal(answer.status, 200);
      assert.equal(seenHeader(answer, 'authorization'), undefined);
    }
  });

  test('an address that names no organization is not found, whatever it looks like', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    for (const path of ['/o', '/o/', '/o/%61%2563me/x', '/o/a.b/x', `/o/${'x'.repeat(200)}/y`, '/o/acme:x/']) assert.equal((await get(user, path)).status, 404, path);
    assert.equal(bearer(await get(user, '/o/%61cme/x')).aud, 'urn:logto:organization:acme', 'the normal form is judged');
    assert.equal(bearer(await get(user, '/o/globex/../acme/x')).aud, 'urn:logto:organization:acme');
    assert.equal(refreshes(world), 1);
  });

  test('from_host: the first label of the host', async (t) => {
    const hosts = ['acme.org.test', 'initech.org.test'];
    const world = await tokenWorld(t, {
      routes: [{ host: '*.org.test', path: '/*', token: { organization: 'from_host' }, upstream: 'app' }],
      config: { external_urls: [ORIGIN, ...hosts.map((host) => `http://${host}`)] },
    });
    const user = world.user();
    for (const host of hosts) user.ports[host] = world.port;
    assert.equal(bearer(await user.navigate('http://acme.org.test/x')).aud, 'urn:logto:organization:acme');
    assert.equal((await user.navigate('http://initech.org.test/x')).status, 403);
    neverTwice(world);
  });

  test('require: scopes is judged by the token of the route', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    assert.equal((await get(user, '/readers/x')).status, 200);
    assert.equal((await get(user, '/deleters/x')).status, 403);
    assert.equal((await get(user, '/private/x')).status, 200);
    assert.equal(refreshes(world), 1);
  });

  test('whom the rules refuse costs no call', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    assert.equal((await get(user, '/admins/x')).status, 403);
    assert.equal(refreshes(world), 0);
  });

  test('the grant is gone: the session ends as with any refresh', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    world.op.failRefresh = 'invalid_grant';
    assert.equal((await get(user, '/things/x')).status, 401);
    assert.equal((await get(user, '/private/x')).status, 401);
  });

  for (const how of [500, 'reset', 'garbage']) {
    test(`Logto answers ${how}: 503 with Retry-After, the session stays and comes back`, timed, async (t) => {
      const world = await tokenWorld(t);
      const user = await world.signIn();
      world.op.failRefresh = how;
      const answer = await get(user, '/things/x');
      assert.equal(answer.status, 503);
      assert.ok(answer.fields.get('retry-after'));
      assert.equal((await get(user, '/private/x')).status, 200);
      const calls = refreshes(world);
      assert.equal((await get(user, '/bills/x')).status, 503);
      assert.equal(refreshes(world), calls, 'it rests');
      world.op.failRefresh = null;
      await world.clock.pass(31_000);
      await eventually('a token again', async () => (await get(user, '/things/x')).status === 200);
      assert.equal(bearer(await get(user, '/things/x')).aud, THINGS);
      neverTwice(world);
    });
  }

  for (const [what, twist] of [
    ['an opaque token', { tokenReply: (reply, { refresh }) => (refresh ? { ...reply, access_token: 'opaque' } : reply) }],
    ['a token for somebody else', { accessClaims: (claims) => ({ ...claims, sub: 'mallory' }) }],
    ['a token for another audience', { accessClaims: (claims) => ({ ...claims, aud: 'https://evil.example.test' }) }],
    ['a token of another type', { accessHeader: (header) => ({ ...header, typ: 'JWT' }) }],
  ]) {
    test(`${what} is not passed on, and the successor of the refresh token is kept all the same`, timed, async (t) => {
      const world = await tokenWorld(t);
      const user = await world.signIn();
      world.op.twist = twist;
      assert.equal((await get(user, '/things/x')).status, 403);
      world.op.twist = {};
      assert.equal(bearer(await get(user, '/bills/x')).aud, BILLS);
      await world.clock.pass(31_000);
      assert.equal(bearer(await get(user, '/things/x')).aud, THINGS);
      neverTwice(world);
    });
  }

  test('a token type other than Bearer, and one that is no header value, are no answer at all', async (t) => {
    for (const change of [{ token_type: 'DPoP' }, { access_token: 'a\r\nX-Evil: 1' }, { access_token: 'x'.repeat(20_000) }]) {
      const world = await tokenWorld(t);
      const user = await world.signIn();
      world.op.twist = { tokenReply: (reply) => ({ ...reply, ...change }) };
      assert.equal((await get(user, '/things/x')).status, 503);
    }
  });

  test('without a refresh token a navigation signs in again once, everything else is 401', timed, async (t) => {
    const world = await tokenWorld(t, { op: { refreshTokens: false } });
    const user = await world.signIn();
    assert.equal((await get(user, '/things/x')).status, 401);
    await world.clock.pass(301_000);
    const before = world.op.calls('/oidc/auth').length;
    assert.equal((await user.navigate(`${ORIGIN}/things/x`)).status, 401, 'no loop');
    assert.equal(world.op.calls('/oidc/auth').length, before + 1);
    assert.match(world.proxy.output, /no refresh token/);
    world.op.refreshTokens = true;
    await world.clock.pass(301_000);
    assert.equal(bearer(await user.navigate(`${ORIGIN}/things/x`)).aud, THINGS);
  });

  test('claims from userinfo survive a refresh for an audience, which opens no userinfo', async (t) => {
    const world = await tokenWorld(t, { config: { identity_headers: { 'X-Forwarded-User': 'sub', 'X-Forwarded-Plan': 'plan' } }, op: { userinfoExtra: { plan: 'gold' } } });
    const user = await world.signIn();
    for (const path of ['/things/x', '/bills/x', '/private/x']) assert.equal(seenHeader(await get(user, path), 'x-forwarded-plan'), 'gold', path);
    neverTwice(world);
  });

  test('who signs out is out, with their tokens', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    const cookie = user.sessionCookies(HOST);
    assert.equal((await get(user, '/things/x')).status, 200);
    await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal((await world.get('/things/x', { ...FETCH, Cookie: cookie })).status, 401);
  });

  test('tokens are in no log', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    for (const path of ['/things/x', '/o/acme/x', '/o/initech/x']) await get(user, path);
    for (const secret of world.op.secrets) assert.ok(!world.proxy.output.includes(secret));
  });
});

if (!REDIS_SERVER) console.error('SKIP: tokens on replicas: no redis-server');
describe('tokens of routes on replicas', { skip: REDIS_SERVER ? false : 'no redis-server', concurrency: 2 }, () => {
  for (const rotate of ['always', 'never']) {
    test(`two replicas, two audiences, old and new cookies at once, rotation ${rotate}: no token is used twice`, timed, async (t) => {
      const redis = await Redis.start();
      t.after(() => redis.stop());
      const world = await twoProxies(t, {
        clock: true, routes: [...TOKEN_ROUTES, ...ROUTES], opOptions: { ...PROVIDER, rotate, tokenLifetimeS: 20 },
        config: { redis: redis.settings(), revocations: { share: 'redis' }, logto: { refresh: 'offline_access', refresh_early: '1s' } },
      });
      world.op.apis[THINGS].ttl = world.op.apis[BILLS].ttl = 20;
      for (const proxy of [world.proxy, world.second]) await proxy.waitLog(({ msg }) => msg === 'Redis is there', { timeout: PATIENCE_MS });
      const users = await Promise.all(Array.from({ length: 3 }, (_, index) => world.signIn({ sub: `user-${index}` })));
      const cookies = users.map((user) => [user.sessionCookies(HOST)]);
      for (let round = 0; round < 3; ++round) {
        await Promise.all(users.map(async (user, index) => {
          const own = [world.proxy, world.second][(round + index) % 2];
          world.move(user, own);
          const asked = [];
          for (const path of ['/things/x', '/bills/x', '/private/x']) {
            asked.push(get(user, path));
            for (const cookie of new Set([cookies[index][0], cookies[index].at(-1)])) {
              for (const at of [world.proxy, world.second]) asked.push(world.get(path, { ...FETCH, Cookie: cookie }, { at, timeout: 60_000 }));
            }
          }
          for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200, `${answer.text.slice(0, 200)}\n${world.proxy.output.slice(-1500)}\n${world.second.output.slice(-1500)}`);
          cookies[index].push(user.sessionCookies(HOST));
        }));
        await world.clock.pass(21_000);
      }
      neverTwice(world);
    });
  }
});
