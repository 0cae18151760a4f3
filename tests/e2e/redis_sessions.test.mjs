// Sessions in Redis: a handle in the cookie, the record where the operator cannot read it, and what goes on while Redis is away.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';
import { HOST, ORIGIN, seenHeader, twoProxies } from './lib/world.mjs';

const PATIENCE_MS = 20_000 * SLOWNESS; // with a wait whose end is an event
const FROM_HERE = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };

async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}

async function stored(t, { grace = '5m', op = {} } = {}) {
  const redis = await Redis.start();
  t.after(() => redis.stop());
  const world = await twoProxies(t, {
    clock: true, opOptions: op, config: { session: { store: 'redis' }, redis: { ...redis.settings(), grace } },
  });
  const start = await world.signIn(); // as soon as both have caught up
  await eventually('both replicas serve', async () => (await world.get('/private/x', { ...FETCH, Cookie: start.sessionCookies(HOST) }, { at: world.second })).status === 200);
  return { world, redis };
}

const status = async (world, cookie, { at, method = 'GET', path = '/private/x', headers = FETCH } = {}) => {
  const send = method === 'GET' ? world.get : world.post;
  return (await send.call(world, path, { ...headers, ...(method === 'GET' ? {} : FROM_HERE), Cookie: cookie }, { at, timeout: 60_000 })).status;
};

if (!REDIS_SERVER) console.error('SKIP: sessions in Redis: no redis-server');
describe('sessions in Redis', { skip: REDIS_SERVER ? false : 'no redis-server', concurrency: 3 }, () => {
  test('the cookie is small, both replicas know it, and the database gives nothing away', async (t) => {
    const { world, redis } = await stored(t);
    const user = await world.signIn({ sub: 'carol-sub', name: 'Carol of the record' });
    const cookie = user.sessionCookies(HOST);
    assert.ok(cookie.length < 300, `${cookie.length} bytes`);
    for (const at of [world.proxy, world.second]) {
      const answer = await world.get('/private/x', { ...FETCH, Cookie: cookie }, { at });
      assert.equal(answer.status, 200);
      assert.equal(seenHeader(answer, 'x-forwarded-user'), 'carol-sub');
    }
    const dump = String(await redis.dump());
    for (const secret of ['Carol', 'carol-sub', ...cookie.split('=').slice(1)]) assert.ok(!dump.includes(secret), secret);
  });

  test('a stolen database opens nothing: a handle of one session does not open the record of another', async (t) => {
    const { world } = await stored(t);
    const one = await world.session({ sub: 'one' });
    const forged = one.slice(0, -8) + 'AAAAAAAA';
    assert.equal(await status(world, forged), 401);
    assert.equal(await status(world, one), 200);
  });

  test('who signs out is out on both, and another session of theirs stays', async (t) => {
    const { world } = await stored(t);
    const leaver = await world.signIn();
    const other = await world.session();
    const cookie = leaver.sessionCookies(HOST);
    assert.equal(await status(world, cookie, { at: world.second }), 200);
    await leaver.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: FROM_HERE, body: '' });
    assert.equal(await status(world, cookie), 401);
    await eventually('401 at the other replica', async () => (await status(world, cookie, { at: world.second })) === 401);
    assert.equal(await status(world, other, { at: world.second }), 200);
  });

  test('tokens that rotate at each refresh keep a session alive on both, and none is used twice', async (t) => {
    const { world } = await stored(t, { op: { refreshTokens: true, rotate: 'always', tokenLifetimeS: 4 } });
    const cookie = await world.session();
    for (const end = world.clock.now() + 12_000; world.clock.now() < end; await world.clock.pass(300)) {
      for (const at of [world.proxy, world.second]) assert.equal(await status(world, cookie, { at }), 200);
    }
    assert.equal(world.op.grants.reuses, 0);
  });

  test('while Redis is away proven sessions read, nobody writes or signs in, nobody loses a cookie; then all goes on', async (t) => {
    const { world, redis } = await stored(t);
    const known = await world.session();
    const unknown = (await world.signIn({ sub: 'late' })).sessionCookies(HOST);
    assert.equal(await status(world, known, { at: world.second }), 200);
    await redis.kill();
    await eventually('writing is refused', async () => (await status(world, known, { method: 'POST' })) === 503);
    for (let count = 0; count < 20; ++count) assert.equal(await status(world, known), 200, 'reading goes on');
    for (const query of ['_method=DELETE', '%5Fmethod=DELETE', 'a=1&_METHOD=put', '[method=DELETE', 'x-http-method-override=PATCH']) {
      assert.equal(await status(world, known, { path: `/private/x?${query}` }), 503, `some app writes: ${query}`);
    }
    for (const query of ['_method=GET', 'method=DELETE', 'a=%5Fmethod']) assert.equal(await status(world, known, { path: `/private/x?${query}` }), 200, query);
    assert.equal(await status(world, known, { at: world.second }), 200);
    const cold = await world.get('/private/x', { ...NAVIGATION, Cookie: unknown }, { at: world.second });
    assert.equal(cold.status, 503, 'never seen there');
    assert.equal(cold.headers?.['set-cookie'] ?? cold.fields?.get('set-cookie'), undefined, 'the cookie stays');
    assert.equal((await world.get('/public/x', {})).status, 200);
    const newcomer = await world.user().navigate(`${ORIGIN}/private/new`);
    assert.equal(newcomer.status, 503);
    const told = await world.proxy.waitLog(({ msg }) => /^nobody can sign in/.test(msg));
    assert.deepEqual(world.proxy.errors.filter(({ id, msg }) => id === told.id && msg === 'signed in'), [], 'nobody did');
    await redis.restart();
    await eventually('a new sign-in works', async () => (await world.user().navigate(`${ORIGIN}/private/new`)).status === 200);
    for (const proxy of [world.proxy, world.second]) assert.ok(proxy.errors.every(({ msg }) => msg !== undefined), 'nothing but log lines');
  });

  test('the grace ends', async (t) => {
    const { world, redis } = await stored(t, { grace: '1s' });
    const known = await world.session();
    assert.equal(await status(world, known), 200);
    await redis.kill();
    await eventually('reading is refused', async () => (await status(world, known)) === 503);
  });
});
