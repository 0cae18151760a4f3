// What is over stays over, wherever it is known first: secrets that leave while something waits or runs, sign-outs while Redis is away
// or the replica dies, messages of Logto that come twice, journals that lost something. And what is not over is not called so.
// Release too: speed: what happens while something else does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { webSocketLibrary } from './lib/chromium.mjs';
import { sleep } from './lib/clock.mjs';
import { JOURNAL_DAMAGE } from './lib/journal_damage.mjs';
import { logoutToken, userEvent, webhookRequest } from './lib/logout_tokens.mjs';
import { SLOWNESS, freshSecret, temporaryFolder } from './lib/proxy.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';
import { HOST, ORIGIN, makeWorld, twoProxies } from './lib/world.mjs';

const PATIENCE_MS = 20_000 * SLOWNESS; // with a wait whose end is an event
const FROM_HERE = { ...NAVIGATION, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
const NEEDS_REDIS = { skip: REDIS_SERVER ? false : 'no redis-server', concurrency: 3 };
const WEBHOOK_SECRET = 'webhook-secret-of-ends';

async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never within ${PATIENCE_MS} ms: ${what}`);
}
async function reload(proxy, ...secrets) {
  proxy.config.session.secret = secrets;
  fs.writeFileSync(proxy.file, JSON.stringify(proxy.config, null, 1));
  const from = proxy.errors.length;
  proxy.signal('SIGHUP');
  while (!proxy.errors.slice(from).some(({ msg }) => /^secrets re-read/.test(msg))) await once(proxy, 'errors', { signal: AbortSignal.timeout(PATIENCE_MS) });
}
const ask = (world, cookie, { at = world.proxy, method = 'GET' } = {}) =>
  (method === 'GET' ? world.get : world.post).call(world, '/private/x', { ...FETCH, ...(method === 'GET' ? {} : { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }), Cookie: cookie }, { at, timeout: 60_000 });
const status = async (...about) => (await ask(...about)).status;
const signOut = (world, cookie, at, query = '') => world.post(`/_auth/sign-out${query}`, { ...FROM_HERE, Cookie: cookie }, { at, body: '', timeout: 60_000 });

async function replicas(t, { store = 'redis', config = {}, op = {}, second = {} } = {}) {
  const redis = await Redis.start();
  t.after(() => redis.stop());
  const world = await twoProxies(t, {
    clock: true, opOptions: op,
    config: { session: { store }, revocations: { share: 'redis' }, redis: redis.settings(), logto: { webhook_secret: WEBHOOK_SECRET }, ...config },
  }, second);
  const probe = await eventuallySignedIn(world);
  await eventually('both serve', async () => (await status(world, probe, { at: world.second })) === 200 && (await status(world, probe)) === 200);
  return { world, redis };
}
async function eventuallySignedIn(world) {
  for (;;) {
    try { return (await world.signIn({ sub: 'probe' })).sessionCookies(HOST); } catch (error) { if (!/ended with 503/.test(error.message)) throw error; }
    await sleep(50);
  }
}

// An app whose answers never end.
async function endlessApp(t) {
  const { WebSocketServer } = webSocketLibrary();
  const server = http.createServer((request, response) => {
    if (request.url === '/private/poll') return;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (request.url !== '/private/events') return response.end();
    const timer = setInterval(() => response.write('data: x\n\n'), 50);
    response.on('close', () => clearInterval(timer));
  });
  new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}
function open(world, target, cookie, at = world.proxy) {
  const request = http.request({ port: at.port, host: '127.0.0.1', path: target, headers: { Host: HOST, Cookie: cookie }, agent: false });
  request.on('error', () => {});
  request.end();
  return request;
}
const webSocket = (world, cookie, at = world.proxy) => {
  const { WebSocket } = webSocketLibrary();
  return new WebSocket(`ws://127.0.0.1:${at.port}/private/ws`, { origin: ORIGIN, headers: { Host: HOST, Cookie: cookie } });
};

describe('a secret that leaves takes all along that stands on it', { concurrency: 3 }, () => {
  test('WebSockets, event streams and requests that the app has not answered end within a second', async (t) => {
    const world = await makeWorld(t, { config: { upstreams: { app: await endlessApp(t) } } });
    const cookie = await world.session();
    const socket = webSocket(world, cookie);
    await once(socket, 'open');
    const [events] = await once(open(world, '/private/events', cookie), 'response');
    await once(events, 'data');
    const poll = once(open(world, '/private/poll', cookie), 'response');
    const closed = once(socket, 'close');
    const cut = once(events, 'error');
    events.resume();
    await reload(world.proxy, freshSecret());
    const removed = Date.now();
    assert.equal((await closed)[0], 4401);
    assert.equal((await cut)[0].code, 'ECONNRESET');
    assert.equal((await poll)[0].statusCode, 401);
    assert.ok(Date.now() - removed < 1000 * SLOWNESS, `${Date.now() - removed} ms`);
  });

  test('what is under the secret that stays goes on, under a new one in front of it as well', async (t) => {
    const world = await makeWorld(t, { config: { upstreams: { app: await endlessApp(t) } } });
    const cookie = await world.session();
    const socket = webSocket(world, cookie);
    await once(socket, 'open');
    await reload(world.proxy, freshSecret(), world.secret);
    await sleep(1500);
    assert.equal(socket.readyState, socket.OPEN);
    socket.terminate();
  });

  for (const store of ['cookie', 'redis']) {
    test(`a request that waits for a refresh meanwhile is signed out, and gets no cookie (store: ${store})`, { skip: store === 'redis' && !REDIS_SERVER }, async (t) => {
      const op = { refreshTokens: true, rotate: 'always', tokenLifetimeS: 3 };
      const redis = store === 'redis' ? await Redis.start() : null;
      if (redis) t.after(() => redis.stop());
      const world = await makeWorld(t, { clock: true, opOptions: op, config: { logto: { refresh_early: '1s' }, ...(redis ? { session: { store }, redis: redis.settings() } : {}) } });
      const cookie = redis ? (await eventuallySignedIn(world)) : await world.session();
      await world.clock.pass(4000);
      let answer;
      const asked = new Promise((resolve) => { world.op.twist.onToken = () => new Promise((go) => { answer = () => go(false); resolve(); }); });
      const waiting = ask(world, cookie);
      await asked;
      await reload(world.proxy, freshSecret());
      answer();
      const late = await waiting;
      assert.equal(late.status, 401);
      assert.deepEqual(late.fields.all('set-cookie').filter((line) => /^logto_session/.test(line) && !/Max-Age=0/.test(line)), []);
      for (let count = 0; count < 6; ++count) assert.equal(await status(world, cookie), 401, `request ${count}`);
    });
  }

  test('so is a sign-in that began under it', async (t) => {
    const world = await makeWorld(t);
    const user = world.user();
    const start = await user.fetch(`${ORIGIN}/private/x`);
    const back = await user.fetch(start.next);
    let answer;
    const asked = new Promise((resolve) => { world.op.twist.onToken = () => new Promise((go) => { answer = () => go(false); resolve(); }); });
    const waiting = user.fetch(back.next);
    await asked;
    await reload(world.proxy, freshSecret());
    answer();
    assert.equal((await waiting).status, 400);
    assert.equal(user.sessionCookies(HOST), '');
  });
});

describe('idle time is the session\'s', NEEDS_REDIS, () => {
  test('used on one connection only, a session is in at every worker and replica', async (t) => {
    const { world } = await replicas(t, { config: { session: { store: 'redis', idle_timeout: "4s" }, workers: 3 } });
    const cookie = await world.session();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const use = () => new Promise((resolve, reject) => {
      http.get({ agent, port: world.port, host: '127.0.0.1', path: '/private/x', headers: { ...FETCH, Host: HOST, Cookie: cookie } }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      }).on('error', reject);
    });
    for (const at of [world.proxy, world.second]) for (let count = 0; count < 12; ++count) assert.equal(await status(world, cookie, { at }), 200);
    for (let round = 0; round < 8; ++round) {
      assert.equal(await use(), 200);
      await world.clock.pass(1000);
    }
    for (const at of [world.proxy, world.second]) for (let count = 0; count < 12; ++count) assert.equal(await status(world, cookie, { at }), 200, `asked ${count}`);
    await world.clock.pass(5000);
    for (const at of [world.proxy, world.second]) assert.equal(await status(world, cookie, { at }), 401);
  });

  test('a WebSocket goes on while the session is used at another replica', async (t) => {
    const app = await endlessApp(t);
    const { world } = await replicas(t, { config: { session: { store: 'redis', idle_timeout: '3s' }, upstreams: { app } } });
    const cookie = await world.session();
    const socket = webSocket(world, cookie);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    for (let round = 0; round < 8; ++round) {
      await world.clock.pass(1000);
      assert.equal(await status(world, cookie, { at: world.second }), 200);
    }
    await sleep(1000);
    assert.equal(socket.readyState, socket.OPEN);
    await world.clock.pass(5000);
    assert.equal((await closed)[0], 4401);
  });
});

describe('a sign-out is never lost', NEEDS_REDIS, () => {
  test('while Redis is away, at a replica that has not seen the session, with a journal and a restart between', async (t) => {
    const journal = path.join(temporaryFolder(), 'second');
    const { world, redis } = await replicas(t, { second: { revocations: { share: 'redis', journal } } });
    const cookie = await world.session();
    await redis.command('SAVE').catch(() => {});
    await redis.pause();
    const answer = await signOut(world, cookie, world.second);
    assert.equal(answer.status, 303, 'it is kept in the journal');
    world.second.expectExit = true;
    world.second.signal('SIGKILL');
    await world.second.exit();
    const config = { ...world.second.config };
    delete config.listen;
    redis.resume();
    world.others.pop();
    world.second = await world.startAnother({ revocations: { share: 'redis', journal } });
    for (const at of [world.second, world.proxy]) await eventually('the copy is out', async () => (await status(world, cookie, { at })) === 401);
  });

  test('and whose session it was proves themselves in a new browser, though nobody here knew them then', async (t) => {
    const journal = path.join(temporaryFolder(), 'second');
    const { world, redis } = await replicas(t, { second: { revocations: { share: 'redis', journal } } });
    world.op.authenticatedAtMs = Date.now() - 3_600_000;
    const cookie = await world.session({ sub: 'leaver' });
    redis.pause();
    assert.equal((await signOut(world, cookie, world.second)).status, 303);
    redis.resume();
    await eventually('a sign-in is asked for proof', async () => {
      const from = world.op.calls('/oidc/auth').length;
      await world.signIn({ sub: 'leaver' }).catch(() => {});
      return world.op.calls('/oidc/auth').slice(from).some(({ params }) => params.get('max_age') !== null || params.get('prompt') === 'login');
    });
  });

  test('without a journal the answer does not say that it is done, and says what to do; kept in memory it is done when Redis is back', async (t) => {
    const { world, redis } = await replicas(t);
    const cookie = await world.session();
    redis.pause();
    const answer = await signOut(world, cookie, world.second);
    assert.equal(answer.status, 503);
    assert.match(answer.text, /not finished/);
    assert.equal(answer.fields.all('set-cookie').length, 0, 'the cookie stays for another try');
    const everywhere = await signOut(world, cookie, world.second, '?everywhere=1');
    assert.equal(everywhere.status, 503);
    redis.resume();
    for (const at of [world.second, world.proxy]) await eventually('the copy is out', async () => (await status(world, cookie, { at })) === 401);
    await eventually('signing out is done', async () => (await signOut(world, cookie, world.second)).status === 303);
  });

  test('a replica that is killed the moment it has answered was not the only one that knew', async (t) => {
    const { world } = await replicas(t, { store: 'cookie' });
    for (let round = 0; round < 6; ++round) {
      const cookie = await world.session({ sub: `leaver-${round}` });
      assert.equal(await status(world, cookie, { at: world.proxy }), 200);
      const answer = await signOut(world, cookie, world.second);
      world.second.expectExit = true;
      world.second.signal('SIGKILL');
      assert.equal(answer.status, 303);
      await eventually('the other knows', async () => (await status(world, cookie, { at: world.proxy })) === 401);
      await world.second.exit();
      world.others.pop();
      world.second = await world.startAnother();
      await eventually('it is back', async () => (await status(world, await world.session({ sub: 'other' }), { at: world.second })) === 200);
    }
  });
});

describe('a message of Logto works once', { concurrency: 3 }, () => {
  const send = (world, at, body, headers) => world.post(headers ? '/_auth/webhook' : '/_auth/backchannel-logout', headers ?? { 'Content-Type': 'application/x-www-form-urlencoded' }, { at, body });
  const sendToken = (world, at, token) => send(world, at, `logout_token=${token}`);

  test('among replicas that share what ended, and none is needed twice', NEEDS_REDIS, async (t) => {
    const { world } = await replicas(t, { store: 'cookie' });
    const before = await world.session({ sub: 'one' });
    const token = logoutToken(world.op, { sub: 'one' });
    assert.equal((await sendToken(world, world.proxy, token)).status, 200);
    const event = webhookRequest(WEBHOOK_SECRET, userEvent('User.Deleted', 'two'));
    assert.equal((await send(world, world.proxy, event.body, event.headers)).status, 200);
    const later = [await world.session({ sub: 'one' }), await world.session({ sub: 'two' })];
    assert.equal((await sendToken(world, world.second, token)).status, 400);
    assert.equal((await send(world, world.second, event.body, event.headers)).status, 400);
    for (const at of [world.proxy, world.second]) {
      for (const cookie of later) assert.equal(await status(world, cookie, { at }), 200, 'a session that began later');
      assert.equal(await status(world, before, { at }), 401);
    }
  });

  test('over a restart, by the journal', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: WEBHOOK_SECRET }, revocations: { journal: path.join(temporaryFolder(), 'j') } } });
    const token = logoutToken(world.op, { sub: 'one' });
    const event = webhookRequest(WEBHOOK_SECRET, userEvent('User.Deleted', 'two'));
    assert.equal((await sendToken(world, world.proxy, token)).status, 200);
    assert.equal((await send(world, world.proxy, event.body, event.headers)).status, 200);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGKILL');
    await world.proxy.exit();
    world.proxy = { stop() {} };
    await world.restart();
    const later = [await world.session({ sub: 'one' }), await world.session({ sub: 'two' })];
    assert.equal((await sendToken(world, world.proxy, token)).status, 400);
    assert.equal((await send(world, world.proxy, event.body, event.headers)).status, 400);
    for (const cookie of later) assert.equal(await status(world, cookie), 200);
  });

  test('and one that comes late for the first time does not end a session that began after it', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: WEBHOOK_SECRET } } });
    const now = Math.floor(Date.now() / 1000);
    const cookie = await world.session({ sub: 'one' });
    assert.equal((await sendToken(world, world.proxy, logoutToken(world.op, { sub: 'one' }, { claims: { iat: now - 10, exp: now + 110 } }))).status, 200);
    assert.equal(await status(world, cookie), 200);
    assert.equal((await sendToken(world, world.proxy, logoutToken(world.op, { sub: 'one' }))).status, 200);
    assert.equal(await status(world, cookie), 401);
  });
});

describe('a journal that lost something lets nobody back in', { concurrency: 3 }, () => {
  for (const { what, hurt } of JOURNAL_DAMAGE) {
    test(`that ${what}`, async (t) => {
      const journal = path.join(temporaryFolder(), 'j');
      const world = await makeWorld(t, { config: { revocations: { journal } } });
      const [leaver, stayer] = [await world.session({ sub: 'leaver' }), await world.session({ sub: 'stayer' })];
      assert.equal((await signOut(world, leaver, world.proxy)).status, 303);
      await world.proxy.stop();
      hurt(journal);
      world.proxy = { stop() {} };
      await world.restart();
      await world.proxy.waitLog(({ msg, level }) => level === 'error' && /journal of revocations is damaged/.test(msg));
      assert.equal(await status(world, leaver), 401);
      assert.equal(await status(world, stayer), 401, 'asked to sign in again');
      const anew = await world.session({ sub: 'stayer' });
      assert.equal(await status(world, anew), 200);
      world.proxy.expectExit = true;
      world.proxy.signal('SIGKILL');
      await world.proxy.exit();
      world.proxy = { stop() {} };
      await world.restart();
      assert.equal(await status(world, leaver), 401, 'and so after the next start');
      assert.equal(await status(world, anew), 200);
    });
  }
});

describe('when the grace without Redis is over', NEEDS_REDIS, () => {
  test('what runs gets 503 and 1013, which do not say that the session has ended', async (t) => {
    const app = await endlessApp(t);
    const { world, redis } = await replicas(t, { store: 'cookie', config: { upstreams: { app } } });
    const strict = await world.startAnother({ redis: { ...redis.settings(), grace: '1s' } });
    const cookie = await world.session();
    await eventually('it serves', async () => (await status(world, cookie, { at: strict })) === 200);
    const socket = webSocket(world, cookie, strict);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const poll = once(open(world, '/private/poll', cookie, strict), 'response');
    redis.pause();
    assert.equal((await closed)[0], 1013);
    assert.equal((await poll)[0].statusCode, 503);
    redis.resume();
    await eventually('the same cookie is good', async () => (await status(world, cookie, { at: strict })) === 200);
  });
});
