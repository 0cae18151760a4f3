// Two proxies on one Redis: a session that ends on one is over on the other, and a refresh token is used by one of them only, whichever
// cookie asks where, also when Redis or a proxy goes down in the middle.
// Release too: speed: what two processes do at the same time.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { SLOWNESS, temporaryFolder } from './lib/proxy.mjs';
import { FETCH } from './lib/raw.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';
import { HOST, ORIGIN, makeWorld, twoProxies } from './lib/world.mjs';

const PATIENCE_MS = 15_000 * SLOWNESS; // with a wait whose end is an event
const TOKENS_S = 4;
const PROVIDER = { refreshTokens: true, rotate: 'always', tokenLifetimeS: TOKENS_S };

async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}

async function replicas(t, { config = {}, op = {}, ...options } = {}) {
  const redis = await Redis.start();
  t.after(() => redis.stop());
  const world = await twoProxies(t, {
    clock: true, opOptions: { ...PROVIDER, ...op }, ...options,
    config: { redis: redis.settings(), revocations: { share: 'redis' }, logto: { refresh_early: '1s' }, ...config },
  });
  for (const proxy of [world.proxy, world.second]) await proxy.waitLog(({ msg }) => msg === 'Redis is there', { timeout: PATIENCE_MS });
  return { world, redis };
}

const status = async (world, cookie, at) => (await world.get('/private/x', { ...FETCH, Cookie: cookie }, { at, timeout: 60_000 })).status;
const isRefresh = (call) => call.path === '/oidc/token' && call.params.get('grant_type') === 'refresh_token';

if (!REDIS_SERVER) console.error('SKIP: replicas: no redis-server');
describe('replicas', { skip: REDIS_SERVER ? false : 'no redis-server', concurrency: 3 }, () => {
  test('who signs out at one is out at the other, and who does not stays in', async (t) => {
    const { world } = await replicas(t, { op: { tokenLifetimeS: 3600 } });
    const leaver = await world.signIn({ sub: 'leaver' });
    const stayer = await world.session({ sub: 'stayer' });
    const cookie = leaver.sessionCookies(HOST);
    assert.equal(await status(world, cookie, world.second), 200);
    await leaver.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal(await status(world, cookie, world.proxy), 401);
    await eventually('401 at the other replica', async () => (await status(world, cookie, world.second)) === 401);
    assert.equal(await status(world, stayer, world.second), 200);
  });

  test('a replica that starts later knows what has ended', async (t) => {
    const { world } = await replicas(t, { op: { tokenLifetimeS: 3600 } });
    const user = await world.signIn();
    const cookie = user.sessionCookies(HOST);
    await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    await eventually('401 at the other replica', async () => (await status(world, cookie, world.second)) === 401);
    const third = await world.startAnother();
    await eventually('401 at the third', async () => (await status(world, cookie, third)) === 401);
  });

  test('rotating tokens, old and new cookies, by turns and at once: always signed in, no token used twice', async (t) => {
    const { world } = await replicas(t);
    const users = await Promise.all(Array.from({ length: 5 }, async (_, index) => world.signIn({ sub: `user-${index}` })));
    const cookies = users.map((user) => [user.sessionCookies(HOST)]);
    for (let round = 0; round < 5; ++round) {
      await world.clock.pass(TOKENS_S * 1000 + 200);
      await Promise.all(users.map(async (user, index) => {
        world.move(user, [world.proxy, world.second][(round + index) % 2]);
        const asked = [user.fetch(`${ORIGIN}/private/x`, { headers: FETCH }).then((answer) => answer.status)];
        for (const old of [cookies[index][0], cookies[index].at(-1)]) for (const at of [world.proxy, world.second]) asked.push(status(world, old, at));
        assert.deepEqual(await Promise.all(asked), Array(5).fill(200), `round ${round}\n${world.proxy.output.slice(-1500)}\n${world.second.output.slice(-1500)}`);
        cookies[index].push(user.sessionCookies(HOST));
      }));
    }
    assert.equal(world.op.grants.reuses, 0);
    assert.ok(world.op.log.filter(isRefresh).length <= 5 * 6, 'about one refresh for each user and round');
  });

  test('Redis killed and restarted under load: nobody is signed out, no token is used twice', async (t) => {
    const { world, redis } = await replicas(t);
    const users = await Promise.all(Array.from({ length: 8 }, async (_, index) => world.signIn({ sub: `user-${index}` })));
    const seen = new Set();
    let running = true;
    const load = users.map(async (user, index) => {
      const first = user.sessionCookies(HOST);
      for (let count = index; running; ++count) {
        world.move(user, [world.proxy, world.second][count % 2]);
        seen.add((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status);
        seen.add(await status(world, first, [world.second, world.proxy][count % 2]));
        await sleep(50);
      }
    });
    for (let round = 0; round < 2; ++round) {
      await sleep(TOKENS_S * 1000);
      await redis.kill();
      await sleep(2000);
      await redis.restart();
      await sleep(1000);
    }
    await eventually('all refreshed and signed in', async () => (await Promise.all(users.map(async (user) => (await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status))).every((each) => each === 200));
    running = false;
    await Promise.all(load);
    assert.deepEqual([...seen].filter((each) => each !== 200 && each !== 503), []);
    assert.ok(seen.has(200));
    assert.equal(world.op.grants.reuses, 0);
  });

  test('what a stolen Redis holds of refreshes opens nothing', async (t) => {
    const { world, redis } = await replicas(t);
    const cookie = await world.session();
    await world.clock.pass(TOKENS_S * 1000 + 200);
    assert.equal(await status(world, cookie, world.proxy), 200);
    await eventually('a successor in Redis', async () => (await redis.keys('*successor*')).length > 0);
    const dump = await redis.dump();
    for (const secret of world.op.secrets) assert.ok(!dump.includes(secret));
    assert.ok(!/refresh-[\w-]{20}/.test(dump), 'no token in the clear');
  });
});

describe('a restart', { concurrency: 3 }, () => {
  for (const how of ['in peace', 'by kill -9']) {
    test(`${how}, after a refresh whose new cookie nobody got: still signed in`, async (t) => {
      const journal = path.join(temporaryFolder(), 'revocations.journal');
      const world = await makeWorld(t, {
        clock: true, opOptions: PROVIDER, config: { logto: { refresh_early: '1s' }, revocations: { journal } },
      });
      const cookie = await world.session();
      await world.clock.pass(TOKENS_S * 1000 + 200);
      assert.equal(await status(world, cookie, world.proxy), 200, 'its new cookie is thrown away');
      assert.equal(world.op.log.filter(isRefresh).length, 1);
      if (how === 'by kill -9') {
        world.proxy.signal('SIGKILL');
        await world.proxy.exit();
        world.proxy = { stop: () => {} };
      }
      await world.restart();
      assert.equal(await status(world, cookie, world.proxy), 200);
      await world.clock.pass(TOKENS_S * 1000 + 200);
      assert.equal(await status(world, cookie, world.proxy), 200);
      assert.equal(world.op.grants.reuses, 0);
    });
  }
});
