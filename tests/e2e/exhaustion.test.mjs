// Who takes what is everybody's: memory, places of connections, calls to Logto, records of ended sessions. In each case somebody
// takes all that one can take, and somebody else is served.
// Release too: memory and times.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { describe, test } from 'node:test';
import { THINGS } from './lib/access_tokens.mjs';
import { sleep } from './lib/clock.mjs';
import { decodeJwt } from './lib/evil_op.mjs';
import { logoutToken, userEvent, webhookRequest } from './lib/logout_tokens.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, ORIGIN, ROUTES, makeWorld } from './lib/world.mjs';

const KEY = 'key-of-the-webhook';
const FORM = 'application/x-www-form-urlencoded';
const STRANGER = { localAddress: '127.0.0.2' };
const warnings = (world, text) => world.proxy.errors.filter(({ msg }) => msg.includes(text));
// The log has a thread of its own, and under load its line comes behind the answer.
async function toldOnce(world, text) {
  const line = await world.proxy.waitLog(({ msg }) => msg.includes(text), { timeout: 10_000 * SLOWNESS });
  assert.equal(warnings(world, text).length, 1);
  return line;
}
const connections = (count, port, options) => Promise.all(Array.from({ length: count }, () => RawClient.connect(port, options)));
const destroy = (clients) => { for (const client of clients) client.destroy(); };

async function ask(port, method, target, headers, body, { timeout = 5000, ...options } = {}) {
  const client = await RawClient.connect(port, options);
  try {
    await client.send(requestBytes(method, target, { Host: HOST, Connection: 'close', ...headers }, body));
    return await client.response({ method, timeout });
  } finally { client.destroy(); }
}

describe('memory', () => {
  const webhook = (bytes) => requestBytes('POST', '/_auth/webhook', { Host: HOST, 'Content-Type': 'application/json', 'logto-signature-sha-256': randomBytes(32).toString('hex'), 'Content-Length': '1000010' }, 'x'.repeat(bytes));

  test('300 webhooks that are not sent to their end cost the budget and no more, those beyond are 503, and one line says so', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: KEY }, limits: { buffered: '32MiB' } } });
    const clients = await connections(300, world.port);
    await Promise.all(clients.map((client) => client.send(webhook(1_000_000))));
    const statuses = (await Promise.all(clients.map((client) => client.head({ timeout: 4000 * SLOWNESS }).then(({ status }) => status, () => 'waits'))));
    const count = (what) => statuses.filter((one) => one === what).length;
    assert.equal(count('waits') + count(503), 300, JSON.stringify(statuses));
    assert.ok(count('waits') <= 17, `one client has half of the budget: ${count('waits')}`);
    assert.ok(count('waits') >= 10, `${count('waits')}`);
    if (SLOWNESS === 1) assert.ok(world.proxy.rssKib() < 100 * 1024, `${world.proxy.rssKib()} KiB`);
    await toldOnce(world, 'limits.buffered');
    const { headers, body } = webhookRequest(KEY, userEvent('User.Deleted', 'nobody'));
    assert.equal((await ask(world.port, 'POST', '/_auth/webhook', headers, body, STRANGER)).status, 200, 'another client has the other half');
    destroy(clients);
  });

  test('a webhook without a well-formed signature, and a logout token in another form, are refused before their bodies', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: KEY } } });
    for (const [target, headers] of [
      ['/_auth/webhook', {}],
      ['/_auth/webhook', { 'logto-signature-sha-256': 'abc' }],
      ['/_auth/webhook', { 'logto-signature-sha-256': ['a'.repeat(64), 'b'.repeat(64)] }],
      ['/_auth/webhook', { 'logto-signature-sha-256': 'z'.repeat(64) }],
      ['/_auth/backchannel-logout', { 'Content-Type': 'application/json' }],
      ['/_auth/backchannel-logout', {}],
    ]) {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes('POST', target, { Host: HOST, ...headers, 'Content-Length': '60000' }));
      assert.equal((await client.head()).status, 400, JSON.stringify(headers));
      client.destroy();
    }
  });

  test('a byte now and then keeps no memory for ever', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: KEY }, timeouts: { body_idle: '1s' } } });
    const client = await RawClient.connect(world.port);
    await client.send(webhook(1000));
    const timer = setInterval(() => client.socket.write('x'), 200);
    try { assert.equal((await client.head({ timeout: 20_000 })).status, 408); } finally { clearInterval(timer); client.destroy(); }
  });

  test('who uploads to an app that takes it needs none of it', async (t) => {
    const world = await makeWorld(t, { config: { logto: { webhook_secret: KEY }, limits: { buffered: '4MiB' } } });
    const clients = (await Promise.all(['127.0.0.3', '127.0.0.4'].map((localAddress) => connections(4, world.port, { localAddress })))).flat();
    await Promise.all(clients.map((client) => client.send(webhook(1_000_000))));
    await world.proxy.waitLog(({ msg }) => msg.includes('limits.buffered'));
    const body = 'u'.repeat(300_000);
    assert.equal((await ask(world.port, 'POST', '/public/up', {}, body, STRANGER)).status, 200);
    assert.equal((await world.recorder.waitFor(({ target }) => target === '/public/up')).body.toString(), body);
    destroy(clients);
  });

  test('uploads that are collected first cost the budget until the app has taken them', async (t) => {
    const app = net.createServer((socket) => socket.pause().on('error', () => {}));
    await once(app.listen(0, '127.0.0.1'), 'listening');
    t.after(() => app.close());
    const world = await makeWorld(t, {
      routes: [{ path: '/buffered/*', access: 'public', upstream: 'deaf', buffer_request: '8MiB' }, ...ROUTES],
      config: { workers: 1, limits: { buffered: '16MiB' }, upstreams: { deaf: `http://127.0.0.1:${app.address().port}` } },
    });
    const size = 7 << 20;
    const head = requestBytes('POST', '/buffered/x', { Host: HOST, 'Transfer-Encoding': 'chunked' });
    const upload = Buffer.concat([head, Buffer.from(`${size.toString(16)}\r\n`), Buffer.alloc(size, 'b'), Buffer.from('\r\n0\r\n\r\n')]);
    const taken = once(app, 'connection');
    const clients = await connections(2, world.port);
    await clients[0].send(upload);
    await taken;
    await Promise.race([clients[1].send(upload).catch(() => {}), sleep(4000 * SLOWNESS)]);
    assert.equal((await clients[1].head({ timeout: 4000 * SLOWNESS })).status, 503);
    destroy(clients);
  });

  test('parts of heads are counted too, and whoever sends whole ones is served meanwhile', async (t) => {
    const world = await makeWorld(t, { config: { limits: { buffered: '4MiB', request_head: '1MiB' } } });
    const clients = await connections(60, world.port);
    await Promise.all(clients.map((client) => client.send(`GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\nX-Long: ${'a'.repeat(200_000)}`)));
    await world.proxy.waitLog(({ msg }) => msg.includes('limits.buffered'));
    assert.equal((await ask(world.port, 'GET', '/public/x')).status, 200);
    destroy(clients);
  });
});

describe('answers that nobody reads', () => {
  // A body of which every byte says where it stands.
  const block = Buffer.from(Array.from({ length: 1 << 16 }, (_one, index) => index % 251));
  const chunk = Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')]);
  // Four times what a kernel takes for a client that does not read: what it takes is not held by us.
  const KERNEL_BYTES = Number(readFileSync('/proc/sys/net/ipv4/tcp_wmem', 'utf8').trim().split(/\s+/).at(-1));
  const BLOCKS = Math.ceil(4 * Math.max(KERNEL_BYTES, 1 << 20) / block.length);
  const BYTES = BLOCKS * block.length;
  const digest = (pieces) => { const hash = createHash('sha256'); for (const piece of pieces) hash.update(piece); return hash.digest('hex'); };
  const WHOLE = digest(Array.from({ length: BLOCKS }, () => block));

  async function worldWithBigAnswers(t, framing) {
    const world = await makeWorld(t, { config: { limits: { buffered: '4MiB' }, timeouts: { body_idle: '5m' } } });
    world.recorder.handle = async (request, reply) => {
      if (!request.target.startsWith('/public/big')) return reply.send(200, {}, 'ok');
      await reply.head(200, framing === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': BYTES });
      for (let i = 0; i < BLOCKS; ++i) reply.socket.write(framing === 'chunked' ? chunk : block);
      if (framing === 'chunked') reply.socket.write('0\r\n\r\n');
    };
    return world;
  }

  // What the proxy sends until it stops: the kernel's buffers are full, and it holds what it holds.
  async function untilNobodyReads(world, count) {
    const idle = await connections(count, world.port);
    for (const client of idle) client.socket.pause();
    await Promise.all(idle.map((client, index) => client.send(requestBytes('GET', `/public/big/${index}`, { Host: HOST }))));
    await world.recorder.waitFor(({ target }) => target === `/public/big/${count - 1}`, { timeout: 30_000 * SLOWNESS });
    await world.proxy.waitLog(({ msg }) => msg.includes('do not read their answers'), { timeout: 30_000 * SLOWNESS });
    for (let last = -1, rss = world.proxy.rssKib(); rss !== last; rss = world.proxy.rssKib()) { last = rss; await sleep(500); }
    return idle;
  }

  for (const framing of ['length', 'chunked']) {
    test(`200 of them (${framing}) cost the budget and little more, the log says so once, others are served, and who reads at last gets all of it`, async (t) => {
      const world = await worldWithBigAnswers(t, framing);
      const before = world.proxy.rssKib();
      const idle = await untilNobodyReads(world, 200);
      const grown = world.proxy.rssKib() - before;
      t.diagnostic(`${grown} KiB more`);
      if (SLOWNESS === 1) assert.ok(grown < 4096 + 200 * 40, `${grown} KiB`);
      await toldOnce(world, 'do not read their answers');
      assert.equal((await ask(world.port, 'GET', '/public/x')).text, 'ok');
      for (const client of [idle[0], idle[199]]) {
        client.socket.resume();
        const answer = await client.response({ timeout: 20_000 * SLOWNESS });
        assert.equal(digest([answer.body]), WHOLE);
      }
      destroy(idle);
    });
  }
});

describe('connections', () => {
  const config = { limits: { connections: 400 }, workers: 2 };

  test('who takes all and is silent locks nobody out, and the log says so', async (t) => {
    const world = await makeWorld(t, { config });
    const silent = await connections(400, world.port);
    const answer = await ask(world.port, 'GET', '/public/x', {}, undefined, { ...STRANGER, timeout: 10_000 * SLOWNESS });
    assert.equal(answer.status, 200);
    assert.equal((await toldOnce(world, 'one address may have')).client, '127.0.0.1');
    destroy(silent);
  });

  for (const limit of [60, 2]) {
    test(`nor where there are few of them: one address never has all of ${limit}, whatever it does with them`, async (t) => {
      const world = await makeWorld(t, { config: { limits: { connections: limit }, workers: 1 } });
      world.recorder.handle = async (request, reply) => { if (request.target !== '/public/never') await reply.send(200, {}, 'ok'); };
      const busy = await connections(limit, world.port);
      for (const client of busy) void client.send(requestBytes('GET', '/public/never', { Host: HOST }));
      await world.proxy.waitLog(({ msg }) => msg.includes('one address may have'));
      const answer = await ask(world.port, 'GET', '/public/x', {}, undefined, { ...STRANGER, timeout: 10_000 * SLOWNESS });
      assert.equal(answer.text, 'ok');
      destroy(busy);
    });
  }

  test('nor do many together: at the limit those idle for longest go, with one line in the log', async (t) => {
    const world = await makeWorld(t, { config });
    const silent = (await Promise.all([3, 4, 5, 6].map((last) => connections(105, world.port, { localAddress: `127.0.0.${last}` })))).flat();
    const answer = await ask(world.port, 'GET', '/public/x', {}, undefined, { ...STRANGER, timeout: 10_000 * SLOWNESS });
    assert.equal(answer.status, 200);
    await toldOnce(world, 'all connections are taken');
    destroy(silent);
  });

  test('a request under way is never the one that goes', async (t) => {
    const world = await makeWorld(t, { config: { limits: { connections: 40 }, workers: 1 } });
    let release;
    world.recorder.handle = async (request, reply) => { if (request.target === '/public/slow') await new Promise((resolve) => { release = resolve; }); await reply.head(200, { 'Content-Length': 4 }); reply.socket.write('done'); };
    const slow = await RawClient.connect(world.port);
    await slow.send(requestBytes('GET', '/public/slow', { Host: HOST }));
    await world.recorder.waitFor(({ target }) => target === '/public/slow');
    const silent = (await Promise.all([3, 4, 5].map((last) => connections(20, world.port, { localAddress: `127.0.0.${last}` })))).flat();
    assert.equal((await ask(world.port, 'GET', '/public/x', {}, undefined, { timeout: 10_000 * SLOWNESS, ...STRANGER })).text, 'done');
    release();
    assert.equal((await slow.response()).text, 'done');
    destroy([slow, ...silent]);
  });

  test('an address in trusted_proxies may have them all', async (t) => {
    const world = await makeWorld(t, { config: { ...config, trusted_proxies: ['127.0.0.1'] } });
    const clients = await connections(300, world.port);
    for (const client of clients) client.send(requestBytes('GET', '/public/x', { Host: HOST, 'X-Forwarded-For': '203.0.113.9' }));
    for (const client of clients) assert.equal((await client.response({ timeout: 10_000 })).status, 200);
    destroy(clients);
  });

  test('a connection that never says anything is closed after first_byte, one that has after idle_connection', async (t) => {
    const world = await makeWorld(t, { config: { timeouts: { first_byte: '300ms', idle_connection: '60s' } } });
    const [silent, used] = await connections(2, world.port);
    await used.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await used.response()).status, 200);
    await silent.closed({ timeout: 10_000 });
    await used.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await used.response()).status, 200);
    destroy([silent, used]);
  });
});

describe('calls to Logto', () => {
  // A callback that belongs to a sign-in which began here, with a code that nobody made.
  async function junkCallback(world) {
    const started = await world.get('/_auth/sign-in', NAVIGATION);
    const state = new URL(started.fields.get('location')).searchParams.get('state');
    const cookie = started.fields.all('set-cookie').map((one) => one.split(';')[0]).join('; ');
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', `/_auth/callback?code=${randomBytes(16).toString('hex')}&state=${state}&iss=${encodeURIComponent(world.op.issuer)}`, { Host: HOST, ...NAVIGATION, Cookie: cookie }));
    return client;
  }

  test('60 callbacks with made-up codes hold up no refresh', async (t) => {
    const world = await makeWorld(t, {
      opOptions: { refreshTokens: true, tokenLifetimeS: 4 },
      config: (base) => ({ ...base, logto: { ...base.logto, max_calls: 4, refresh_early: '1s' } }),
    });
    const cookie = await world.session();
    const expireAt = Date.now() + 4100;
    const before = world.op.calls('/oidc/token').length;
    world.op.latencyMs = { code: 1000, refresh: 50 };
    const junk = await Promise.all(Array.from({ length: 60 }, () => junkCallback(world)));
    while (world.op.calls('/oidc/token').length === before) await sleep(10);
    await sleep(Math.max(0, expireAt - Date.now()));
    assert.ok(world.op.calls('/oidc/token').length < before + 30, 'most of them still wait');
    const started = Date.now();
    assert.equal((await world.get('/private/x', { Cookie: cookie, ...FETCH }, { timeout: 20_000 })).status, 200);
    assert.ok(Date.now() - started < 3000 * SLOWNESS, `${Date.now() - started} ms`);
    assert.ok(world.op.tokenCalls.most <= 4);
    destroy(junk);
  });

  test('a sign-in that finds no turn is 503, spends nothing, and a reload signs in', async (t) => {
    const world = await makeWorld(t, { config: (base) => ({ ...base, logto: { ...base.logto, max_calls: 1 } }) });
    const user = world.user();
    const landed = await user.navigate(`${ORIGIN}/private/x`, { stop: (url) => url.pathname === '/_auth/callback' });
    world.op.latencyMs = { code: 11_000 };
    const junk = await junkCallback(world);
    while (world.op.calls('/oidc/token').length === 0) await sleep(10);
    const refused = await user.fetch(landed.next, {});
    assert.equal(refused.status, 503);
    assert.equal(world.op.calls('/oidc/token').length, 1, 'the code was not sent');
    world.op.latencyMs = {};
    junk.destroy();
    let answer = refused;
    for (const end = Date.now() + 15_000; answer.status === 503 && Date.now() < end; await sleep(200)) answer = await user.navigate(landed.next);
    assert.equal(answer.status, 200);
  });

  const bearerRoutes = [{ path: '/api/*', accept: ['session', 'bearer'], upstream: 'app' }, ...ROUTES.filter(({ path }) => path !== '/api/*')];
  const bearerConfig = { bearer: { audiences: [THINGS], introspection: true } };

  test('1,150 made-up opaque tokens keep no program with a good JWT out, nor one with a good opaque token at another address', async (t) => {
    const world = await makeWorld(t, { routes: bearerRoutes, config: bearerConfig });
    world.op.latencyMs = { introspection: 400 };
    const clients = await connections(1_150, world.port);
    await Promise.all(clients.map((client) => client.send(requestBytes('GET', '/api/x', { Host: HOST, ...FETCH, Authorization: `Bearer ${randomBytes(20).toString('hex')}` }))));
    const with_ = (token) => ({ ...FETCH, Authorization: `Bearer ${token}` });
    for (let i = 0; i < 5; ++i) assert.equal((await ask(world.port, 'GET', '/api/x', with_(world.op.accessToken({ sub: `robot-${i}` })))).status, 200);
    const opaque = world.op.opaqueToken({ sub: 'robot', aud: THINGS });
    assert.equal((await ask(world.port, 'GET', '/api/x', with_(opaque), undefined, { ...STRANGER, timeout: 10_000 * SLOWNESS })).status, 200);
    destroy(clients);
  });

  test('1,500 forged logout tokens keep no real one out, from wherever it comes', async (t) => {
    const world = await makeWorld(t);
    const forged = Array.from({ length: 1_500 }, (_one, index) => {
      const token = logoutToken(world.op, { sub: `user-${index}` });
      return `logout_token=${token.slice(0, -8)}AAAAAAAA`;
    });
    const clients = await connections(1_500, world.port);
    const sent = clients.map((client, index) => client.send(requestBytes('POST', '/_auth/backchannel-logout', { Host: HOST, 'Content-Type': FORM }, forged[index])));
    const real = (options) => ask(world.port, 'POST', '/_auth/backchannel-logout', { 'Content-Type': FORM }, `logout_token=${logoutToken(world.op, { sub: 'somebody' })}`, { timeout: 10_000 * SLOWNESS, ...options });
    for (let i = 0; i < 5; ++i) {
      assert.equal((await real(STRANGER)).status, 200);
      assert.equal((await real({})).status, 200);
    }
    await Promise.all(sent);
    destroy(clients);
  });
});

describe('ended sessions', () => {
  test('who signs in and out 1,005 times ends nobody else\'s session, and none of the ended ones lives', async (t) => {
    const world = await makeWorld(t, { config: { revocations: { max: 1000 } } });
    const victim = await world.session({ sub: 'victim' });
    const ended = [];
    for (let i = 0; i < 1_005; ++i) {
      const cookie = await world.session({ sub: 'mallory' });
      const answer = await world.post('/_auth/sign-out', { ...NAVIGATION, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin', Cookie: cookie }, { body: '' });
      assert.equal(answer.status, 303);
      ended.push(cookie);
    }
    assert.equal((await world.get('/private/x', { ...FETCH, Cookie: victim })).status, 200);
    for (const cookie of ended) assert.equal((await world.get('/private/x', { ...FETCH, Cookie: cookie })).status, 401);
    assert.equal((await world.get('/private/x', { ...FETCH, Cookie: await world.session({ sub: 'mallory' }) })).status, 200, 'and may sign in once more');
  });

  test('nor does who is signed out by Logto as often, each time with a message that is remembered', async (t) => {
    const world = await makeWorld(t, { config: { revocations: { max: 1000 } }, opOptions: { sessionIds: true } });
    const victim = await world.session({ sub: 'victim' });
    const mallory = await world.session({ sub: 'mallory' });
    const { sid } = decodeJwt(world.op.lastIdToken).claims;
    const first = world.op.logoutToken({ sub: 'mallory', sid });
    assert.equal((await world.op.sendLogout(world.port, { token: first })).status, 200);
    for (let i = 0; i < 1_005; ++i) assert.equal((await world.op.sendLogout(world.port, { sub: 'mallory', sid: `sid-${i}` })).status, 200);
    assert.equal((await world.get('/private/x', { ...FETCH, Cookie: victim })).status, 200);
    assert.equal((await world.get('/private/x', { ...FETCH, Cookie: mallory })).status, 401);
    assert.equal((await world.op.sendLogout(world.port, { token: first })).status, 400, 'those within the share are known when they come again');
  });
});

describe('claims', () => {
  const many = (count) => Array.from({ length: count }, (_one, index) => `tenant-${String(index).padStart(5, '0')}-viewer`);

  test('somebody with 1,500 roles signs in, rules see those that they name, and nobody is told of a part of them', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session({ roles: [...many(1_500), 'admin'] });
    assert.equal((await world.get('/admin/x', { ...FETCH, Cookie: cookie })).status, 200);
    const answer = await world.get('/private/x', { ...FETCH, Cookie: cookie });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.text).headers.some(([name]) => name.toLowerCase() === 'x-forwarded-groups'), false);
    assert.equal(JSON.parse((await world.get('/_auth/me', { ...FETCH, Cookie: cookie })).text).roles, undefined);
    const huge = await world.session({ roles: [...many(20_000), 'admin'] });
    assert.equal((await world.get('/admin/x', { ...FETCH, Cookie: huge })).status, 200, 'however many they are');
    const other = await world.session({ roles: many(1_500) });
    assert.equal((await world.get('/admin/x', { ...FETCH, Cookie: other })).status, 403);
  });

  test('what no shortening makes fit has a page and a line that name the remedy', async (t) => {
    const world = await makeWorld(t, { config: { identity_headers: { 'X-Bio': 'bio' } } });
    const before = world.op.user;
    world.op.user = { ...before, bio: 'b'.repeat(20_000) };
    const answer = await world.user().navigate(`${ORIGIN}/private/x`);
    world.op.user = before;
    assert.equal(answer.status, 500);
    assert.match(answer.text, /ask whoever runs this site/);
    assert.doesNotMatch(answer.text, /redis|session\.store/i, 'words for operators');
    const line = await world.proxy.waitLog(({ rule }) => rule === 'session_too_large');
    assert.match(line.msg, /session\.store: redis/);
    assert.match(line.largest_claim, /^bio /);
  });
});
