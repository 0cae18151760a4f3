// Upgrades: a tunnel only after a 101, only for whom the route lets in, only from our own origins.
// Release too: speed, and optimised scanners.
// Quick.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { webSocketLibrary } from './lib/chromium.mjs';
import { EvilUpstream } from './lib/recorder.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, IDENTITY, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const UPGRADE = { Host: HOST, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY };
const ROUTES = [
  { path: '/public/*', access: 'public', upstream: 'app' },
  { path: '/friends/*', allowed_origins: ['http://friend.test'], upstream: 'app' },
  { path: '/*', upstream: 'app' },
];

async function handshake(world, target, headers = {}) {
  const client = await RawClient.connect(world.port);
  await client.send(requestBytes('GET', target, { ...UPGRADE, ...headers }));
  return { client, answer: await client.response() };
}

describe('WebSockets over the ws library', () => {
  let world;
  let server;
  let cookie;
  const seen = [];
  const { WebSocket, WebSocketServer } = webSocketLibrary();
  const open = (path, options = {}) => new WebSocket(`ws://127.0.0.1:${world.port}${path}`, { origin: ORIGIN, ...options, headers: { Host: HOST, Cookie: cookie, ...options.headers } });

  const scope = suite(after);
  before(async () => {
    const upstream = http.createServer((_request, response) => response.end('{}'));
    server = new WebSocketServer({ server: upstream, path: undefined });
    server.on('connection', (socket, request) => {
      seen.push(request);
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    scope.after(() => { for (const one of server.clients) one.terminate(); upstream.closeAllConnections(); upstream.close(); });
    world = await makeWorld(scope, { routes: ROUTES, config: { upstreams: { app: `http://127.0.0.1:${upstream.address().port}` } } });
    cookie = await world.session();
  });
  beforeEach(() => { seen.length = 0; });

  test('text, binary, large and fragmented messages are echoed', async () => {
    const socket = open('/ws?x=1');
    await once(socket, 'open');
    for (const message of ['hello', '\u5c71\u7530', 'x'.repeat(100_000)]) {
      socket.send(message);
      assert.equal(String((await once(socket, 'message'))[0]), message);
    }
    const binary = randomBytes(3_000_000);
    socket.send(binary);
    assert.ok(binary.equals((await once(socket, 'message'))[0]));
    socket.send('part one, ', { fin: false });
    socket.send('part two', { fin: true });
    assert.equal(String((await once(socket, 'message'))[0]), 'part one, part two');
    socket.close(1000, 'bye');
    assert.equal((await once(socket, 'close'))[0], 1000);
    assert.equal(seen[0].url, '/ws?x=1');
    assert.equal(seen[0].headers['x-forwarded-user'], 'alice-sub');
    assert.doesNotMatch(seen[0].headers.cookie ?? '', /logto_/);
    const line = await world.proxy.waitAccess((entry) => entry.path === '/ws');
    assert.equal(line.status, 101);
  });

  test('a hundred sockets at once, each with its own echo', async () => {
    await Promise.all(Array.from({ length: 100 }, async (_one, index) => {
      const socket = open(`/ws${index}`);
      await once(socket, 'open');
      socket.send(String(index));
      assert.equal(String((await once(socket, 'message'))[0]), String(index));
      socket.close();
      await once(socket, 'close');
    }));
  });

  test('the app that closes, and the client that vanishes, end the other side', async () => {
    const socket = open('/ws');
    await once(socket, 'open');
    for (const one of server.clients) one.close(4000, 'app');
    assert.equal((await once(socket, 'close'))[0], 4000);
    const second = open('/ws');
    await once(second, 'open');
    const [other] = server.clients;
    const gone = once(other, 'close');
    second._socket.resetAndDestroy();
    await gone;
  });

  test('SIGTERM does not wait for tunnels for ever', { timeout: 60_000 }, async (t) => {
    const own = await makeWorld(t, { routes: ROUTES, config: { upstreams: { app: world.proxy.config.upstreams.app } } });
    const session = await own.signIn();
    const socket = new WebSocket(`ws://127.0.0.1:${own.port}/ws`, { origin: ORIGIN, headers: { Host: HOST, Cookie: session.sessionCookies(HOST) } });
    await once(socket, 'open');
    socket.on('error', () => {});
    own.proxy.expectExit = true;
    own.proxy.signal('SIGTERM');
    const { code } = await own.proxy.exit({ timeout: 45_000 });
    assert.equal(code, 0);
    socket.terminate();
  });
});

describe('who may open a tunnel', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { routes: ROUTES });
    cookie = await world.session();
  });
  beforeEach(() => { world.recorder.reset(); world.recorder.onHead = accept; });

  const accept = async (request, reply, stream) => {
    if (!request.fields.has('upgrade')) return false;
    await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT }, 'Switching Protocols');
    const { bytes } = await stream.toEnd({ timeout: 20_000 }).catch(() => ({ bytes: Buffer.alloc(0) }));
    request.tunnelled = bytes;
    reply.end();
    return true;
  };

  test('W02 without a session: 401, JSON, and the app hears nothing', async () => {
    const { client, answer } = await handshake(world, '/ws', { Origin: ORIGIN });
    assert.equal(answer.status, 401);
    assert.match(answer.fields.get('content-type'), /json/);
    assert.deepEqual(world.recorder.requests, []);
    client.destroy();
  });

  const FOREIGN = ['http://evil.test', 'null', 'https://app.test', 'http://app.test.evil.test', 'http://app.test:81', 'http://sub.app.test', 'http://friend.test', '', 'http://app.test/'];
  for (const Origin of FOREIGN) {
    test(`W01 Origin ${JSON.stringify(Origin)} is 403`, async () => {
      const { client, answer } = await handshake(world, '/ws', { Origin, Cookie: cookie });
      assert.equal(answer.status, 403);
      assert.deepEqual(world.recorder.requests, []);
      client.destroy();
    });
  }

  test('W01 no Origin at all is 403: every browser sends one', async () => {
    const { client, answer } = await handshake(world, '/ws', { Cookie: cookie });
    assert.equal(answer.status, 403);
    assert.deepEqual(world.recorder.requests, []);
    client.destroy();
  });

  test('two Origins are refused', async () => {
    const { client, answer } = await handshake(world, '/ws', { Origin: [ORIGIN, 'http://evil.test'], Cookie: cookie });
    assert.ok([400, 403].includes(answer.status));
    client.destroy();
  });

  test('our own origin and an allowed one get through, with identity', async () => {
    for (const [target, Origin] of [['/ws', ORIGIN], ['/friends/ws', 'http://friend.test'], ['/friends/ws', ORIGIN]]) {
      world.recorder.reset();
      const { client, answer } = await handshake(world, target, { Origin, Cookie: cookie });
      assert.equal(answer.status, 101, `${target} from ${Origin}`);
      assert.equal(answer.fields.get('sec-websocket-accept'), ACCEPT);
      const { fields } = world.recorder.requests[0];
      assert.equal(fields.get('x-forwarded-user'), 'alice-sub');
      assert.equal(fields.get('sec-websocket-key'), KEY);
      assert.match(fields.get('connection'), /upgrade/i);
      client.destroy();
    }
  });

  test('S24 bytes sent before the 101 are held, and arrive in order after it', async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    world.recorder.onHead = async (request, reply, stream) => {
      await held;
      assert.equal(stream.peek().length, 0, 'nothing arrives before the 101');
      await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT });
      request.early = await stream.exactly(11);
      await reply.raw(`got ${request.early}`);
      return true;
    };
    const client = await RawClient.connect(world.port);
    await client.send(Buffer.concat([requestBytes('GET', '/ws', { ...UPGRADE, Origin: ORIGIN, Cookie: cookie }), Buffer.from('early bytes')]));
    await world.recorder.waitHead(({ target }) => target === '/ws');
    release();
    assert.equal((await client.response()).status, 101);
    assert.equal((await client.stream.exactly(15)).toString(), 'got early bytes');
    client.destroy();
  });

  test('W04 an app that answers 200 gives no tunnel', async () => {
    world.recorder.onHead = null;
    const { client, answer } = await handshake(world, '/ws', { Origin: ORIGIN, Cookie: cookie });
    assert.equal(answer.status, 200);
    await client.send(requestBytes('GET', '/no-session', { Host: HOST }));
    assert.equal((await client.response().catch(() => ({ status: 401 }))).status, 401, 'what follows is judged as a request');
    client.destroy();
  });

  const BAD_UPGRADES = {
    'a 101 that nobody asked for': ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', {}],
    'a 101 with another protocol': ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', UPGRADE],
    'a 101 with a wrong accept key': ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n', UPGRADE],
    'a 101 without Upgrade': ['HTTP/1.1 101 Switching Protocols\r\n\r\n', UPGRADE],
  };
  for (const [name, [bytes, headers]] of Object.entries(BAD_UPGRADES)) {
    test(`${name} is 502, no tunnel`, async (t) => {
      const upstream = await EvilUpstream.start((socket) => socket.write(bytes));
      t.after(() => upstream.close());
      const other = await makeWorld(t, { routes: ROUTES, config: { upstreams: { app: upstream.url } } });
      const client = await RawClient.connect(other.port);
      await client.send(requestBytes('GET', '/public/ws', { Host: HOST, ...headers, ...(headers.Upgrade ? { Origin: ORIGIN } : {}) }));
      assert.equal((await client.response()).status, 502);
      client.destroy();
    });
  }

  test('a handshake that is none is not upgraded: wrong version, POST, with a body, without Connection', async () => {
    for (const [method, headers, body] of [['POST', UPGRADE, ''], ['GET', { ...UPGRADE, Connection: 'close' }], ['GET', UPGRADE, 'body'], ['GET', { ...UPGRADE, Upgrade: 'h2c' }], ['GET', { ...UPGRADE, Upgrade: 'websocket, h2c' }]]) {
      world.recorder.reset();
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes(method, '/ws', { ...headers, Origin: ORIGIN, Cookie: cookie }, body));
      const { status } = await client.response();
      assert.notEqual(status, 101, `${method} ${JSON.stringify(headers)}`);
      for (const { fields } of world.recorder.requests) assert.ok(!fields.has('upgrade') || status === 502);
      client.destroy();
    }
  });

  test('a client cannot say who it is in a handshake', async () => {
    const { client } = await handshake(world, '/ws', { Origin: ORIGIN, Cookie: cookie, ...Object.fromEntries(IDENTITY.map((name) => [name, 'evil'])) });
    assert.doesNotMatch(world.recorder.requests[0].raw.toString(), /evil/);
    client.destroy();
  });

  test('W08 a client that stops reading while the app floods costs no memory', async () => {
    let stop = false;
    let written = 0;
    world.recorder.onHead = async (_request, reply) => {
      await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT });
      const block = Buffer.alloc(1 << 20);
      while (!stop && !reply.socket.destroyed) {
        if (reply.socket.writableLength > 4 << 20) await new Promise((resolve) => setTimeout(resolve, 20));
        else { reply.socket.write(block); written += block.length; }
      }
      reply.resetConnection();
      return true;
    };
    const { client } = await handshake(world, '/ws', { Origin: ORIGIN, Cookie: cookie });
    client.socket.pause();
    const before_ = world.proxy.rssKib();
    for (let last = -1; written !== last; await new Promise((resolve) => setTimeout(resolve, 200))) last = written;
    stop = true;
    assert.ok(world.proxy.rssKib() - before_ < 30_000);
    client.destroy();
  });
});
