// Troubles that are over in a moment are seen by nobody, and trust in what is known ends with the first sign of a longer one.
// Release too: speed: how long things take.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { SigningKey } from './lib/evil_op.mjs';
import { SLOWNESS, freshSecret } from './lib/proxy.mjs';
import { FETCH } from './lib/raw.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';
import { Relay } from './lib/relay.mjs';
import { HOST, ORIGIN, makeWorld, twoProxies } from './lib/world.mjs';

const PATIENCE_MS = 30_000 * SLOWNESS; // with a wait whose end is an event
const NEEDS_REDIS = { skip: REDIS_SERVER ? false : 'no redis-server', concurrency: 3 };

async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}
const status = async (world, cookie, { at = world.proxy, method = 'GET' } = {}) =>
  (await (method === 'GET' ? world.get : world.post).call(world, '/private/x', { ...FETCH, ...(method === 'GET' ? {} : { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }), Cookie: cookie }, { at, timeout: 60_000 })).status;
const refreshWorld = (t, op = {}) => makeWorld(t, { clock: true, opOptions: { refreshTokens: true, rotate: 'always', tokenLifetimeS: 3, ...op }, config: { logto: { refresh_early: '1s' } } });

describe('Logto for half a second', { concurrency: 3 }, () => {
  for (const how of [500, 503, 429, 'reset']) {
    test(`answers ${how}: people whose tokens have run out wait for a moment and are in`, async (t) => {
      const world = await refreshWorld(t, how === 'reset' ? { rotate: 'never' } : {});
      const cookies = [await world.session({ sub: 'one' }), await world.session({ sub: 'two' })];
      await world.clock.pass(4000);
      world.op.failRefresh = how;
      const asked = Promise.all([...cookies, ...cookies].map((cookie) => status(world, cookie)));
      await sleep(500);
      world.op.failRefresh = null;
      assert.deepEqual(await asked, [200, 200, 200, 200]);
      assert.equal(world.op.grants.reuses, 0);
    });
  }

  test('and for longer: 503 after a few seconds, and in again soon after it is back', async (t) => {
    const world = await refreshWorld(t);
    const cookie = await world.session();
    await world.clock.pass(4000);
    world.op.failRefresh = 503;
    assert.equal(await status(world, cookie), 503);
    world.op.failRefresh = null;
    const back = Date.now();
    await eventually('in again', async () => (await status(world, cookie)) === 200);
    assert.ok(Date.now() - back < 5000 * SLOWNESS, `${Date.now() - back} ms`);
  });

  test('publishes no keys after a rotation: sign-ins and refreshes wait', async (t) => {
    const world = await refreshWorld(t, { rotate: 'never' });
    const cookie = await world.session();
    await world.clock.pass(4000);
    const away = () => { world.op.twist.onJwks = (_request, response) => { response.writeHead(503); response.end(); return true; }; };
    world.op.key = new SigningKey('ES384');
    away();
    const asked = status(world, cookie);
    const signingIn = world.user().navigate(`${ORIGIN}/private/new`);
    await sleep(1000);
    delete world.op.twist.onJwks;
    assert.equal(await asked, 200);
    assert.equal((await signingIn).status, 200);
  });

  test('publishes no keys for longer: sign-ins get 503, for that is not their fault, and work soon after', async (t) => {
    const world = await refreshWorld(t);
    await world.session();
    world.op.key = new SigningKey('ES384');
    world.op.twist.onJwks = (_request, response) => { response.writeHead(503); response.end(); return true; };
    for (let count = 0; count < 2; ++count) assert.equal((await world.user().navigate(`${ORIGIN}/private/new`)).status, 503);
    delete world.op.twist.onJwks;
    await eventually('sign-ins work again', async () => (await world.user().navigate(`${ORIGIN}/private/new`)).status === 200);
  });

  test('an older cookie of a session is served while the newest tokens live', async (t) => {
    const world = await refreshWorld(t, { rotate: 'never' });
    const cookie = await world.session();
    await world.clock.pass(4000);
    world.op.tokenLifetimeS = 60;
    assert.equal(await status(world, cookie), 200, 'refreshed, and nobody keeps the new cookie');
    world.op.failRefresh = 503;
    for (let count = 0; count < 8; ++count) {
      assert.equal(await status(world, cookie), 200);
      await sleep(400);
    }
  });
});

describe('Redis', NEEDS_REDIS, () => {
  async function behindRelays(t, { store = 'cookie', op = {}, config = {} } = {}) {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const relays = [await Relay.start(redis.port), await Relay.start(redis.port)];
    for (const relay of relays) t.after(() => relay.stop());
    const through = (relay) => ({ redis: { ...redis.settings(), url: `redis://127.0.0.1:${relay.port}/0` } });
    const world = await twoProxies(t, {
      clock: true, opOptions: op, config: { session: { store }, revocations: { share: 'redis' }, ...through(relays[0]), ...config },
    }, through(relays[1]));
    await eventually('both serve', async () => {
      try { return (await status(world, await world.session({ sub: 'probe' }))) === 200 && (await status(world, await world.session({ sub: 'probe' }), { at: world.second })) === 200; } catch { return false; }
    });
    return { world, relays };
  }

  for (const how of ['refuse', 'hang']) {
    test(`${how}s at one replica: changes stop there within a second, reading goes on, and all is well when it is back`, async (t) => {
      const { world, relays } = await behindRelays(t);
      const cookie = await world.session();
      assert.equal(await status(world, cookie, { method: 'POST' }), 200);
      relays[0][how]();
      const began = Date.now();
      await eventually('POST is refused', async () => (await status(world, cookie, { method: 'POST' })) === 503);
      assert.ok(Date.now() - began < 1000 * SLOWNESS + 200, `${Date.now() - began} ms`);
      assert.equal(await status(world, cookie), 200);
      assert.equal(await status(world, cookie, { at: world.second, method: 'POST' }), 200, 'the other replica has it');
      relays[0].pass();
      await eventually('POST passes again', async () => (await status(world, cookie, { method: 'POST' })) === 200);
    });
  }

  test('was away for longer than a session may be idle: who used it at one replica meanwhile is not signed out at the other', async (t) => {
    const { world, relays } = await behindRelays(t, { store: 'redis', config: { session: { store: 'redis', idle_timeout: '4s' } } });
    const cookie = await world.session();
    for (const at of [world.proxy, world.second]) assert.equal(await status(world, cookie, { at }), 200);
    for (const relay of relays) relay.refuse();
    for (const at of [world.proxy, world.second]) await eventually('it is known to be away', async () => (await status(world, cookie, { at, method: 'POST' })) === 503);
    for (let use = 0; use < 3; ++use) {
      await world.clock.pass(2000);
      assert.equal(await status(world, cookie), 200, 'in use');
    }
    relays[1].pass();
    const wasBack = world.second.errors.filter(({ msg }) => msg === 'Redis is there').length;
    const seen = [];
    await eventually('the second is back', async () => {
      seen.push(await status(world, cookie, { at: world.second }));
      return world.second.errors.filter(({ msg }) => msg === 'Redis is there').length > wasBack;
    });
    seen.push(await status(world, cookie, { at: world.second }));
    relays[0].pass();
    await eventually('it passes there too', async () => {
      seen.push(await status(world, cookie, { at: world.second }));
      return seen.at(-1) === 200;
    });
    assert.deepEqual(seen.filter((one) => one !== 503 && one !== 200), []);
  });

  test('leaves a replica in the middle of a refresh, for longer than others wait: the session does not end', async (t) => {
    const { world, relays } = await behindRelays(t, { op: { refreshTokens: true, rotate: 'always', tokenLifetimeS: 3 }, config: { logto: { refresh_early: '1s' } } });
    const cookie = await world.session();
    await world.clock.pass(4000);
    const asked = new Promise((resolve) => {
      world.op.twist.onToken = async () => { relays[0].hang(); resolve(); delete world.op.twist.onToken; };
    });
    const first = status(world, cookie);
    await asked;
    await first;
    const seen = [];
    for (const end = Date.now() + 23_000; Date.now() < end; await sleep(200)) seen.push(await status(world, cookie, { at: world.second }));
    relays[0].pass();
    await eventually('it passes at the other replica too', async () => {
      seen.push(await status(world, cookie, { at: world.second }));
      return seen.at(-1) === 200;
    });
    assert.deepEqual(seen.filter((one) => one !== 503 && one !== 200), []);
  });

  test('is quick and quiet for a while: nobody is refused anything', async (t) => {
    const { world } = await behindRelays(t, { store: 'redis' });
    const cookie = await world.session();
    for (const end = Date.now() + 4000; Date.now() < end; await sleep(30)) assert.equal(await status(world, cookie, { method: 'POST' }), 200);
  });

  test('holds refreshes under a secret that was removed: sessions under the new one go on', async (t) => {
    const { world } = await behindRelays(t, { op: { refreshTokens: true, rotate: 'never', tokenLifetimeS: 3 }, config: { logto: { refresh_early: '1s' } } });
    const [old, fresh] = [world.secret, freshSecret()];
    const ring = async (...secrets) => {
      for (const proxy of [world.proxy, world.second]) {
        proxy.config.session.secret = secrets;
        fs.writeFileSync(proxy.file, JSON.stringify(proxy.config, null, 1));
        const from = proxy.errors.length;
        proxy.signal('SIGHUP');
        while (!proxy.errors.slice(from).some(({ msg }) => /^secrets re-read/.test(msg))) await once(proxy, 'errors', { signal: AbortSignal.timeout(PATIENCE_MS) });
      }
    };
    const user = await world.signIn();
    await world.clock.pass(4000);
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200, 'refreshed, and told under the old secret');
    await ring(fresh, old);
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200);
    const cookie = user.sessionCookies(HOST);
    await ring(fresh);
    await world.clock.pass(4000);
    for (const at of [world.second, world.proxy]) assert.equal(await status(world, cookie, { at }), 200);
  });

  test('holds some under a secret that left with a restart of all replicas: sessions under the new one go on soon after', async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const [old, fresh] = [freshSecret(), freshSecret()];
    const session = (...secrets) => ({ session: { store: 'cookie', secret: secrets } });
    const world = await makeWorld(t, {
      clock: true, opOptions: { refreshTokens: true, rotate: 'never', tokenLifetimeS: 3 },
      config: { ...session(old), logto: { refresh_early: '1s' }, revocations: { share: 'redis' }, redis: redis.settings() },
    });
    let user;
    await eventually('it serves', async () => { try { user = await world.signIn(); return true; } catch { return false; } });
    const ask = async () => (await world.move(user, world.proxy).fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status;
    await world.clock.pass(4000);
    assert.equal(await ask(), 200, 'refreshed, and told under the old secret');
    await world.restart(session(fresh, old));
    await eventually('its cookie is under the new one', async () => (await ask()) === 200);
    await world.clock.pass(4000);
    await world.restart(session(fresh));
    const began = Date.now();
    await eventually('it is in', async () => (await ask()) === 200);
    assert.ok(Date.now() - began < 15_000 * SLOWNESS, `${Date.now() - began} ms`);
  });
});
