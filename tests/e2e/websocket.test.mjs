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
  { path: '/public-pages/*', access: 'public', allowed_origins: ['chrome-extension://abc', 'moz-extension://*', 'capacitor://localhost'], upstream: 'app' },
  { path: '/pages/*', allowed_origins: ['chrome-extension://abc', 'moz-extension://*', 'capacitor://localhost'], upstream: 'app' },
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

  test('extensions and packaged apps that are named, and programs that write what no browser does', async () => {
    const named = ['chrome-extension://abc', 'moz-extension://6f3ae9b1-0b0a-4d53-9d2c-3d1b5f1f9a5e', 'capacitor://localhost'];
    for (const [target, Origin, status] of [
      ...named.flatMap((origin) => [['/pages/ws', origin, 101], ['/public-pages/ws', origin, 101], ['/ws', origin, 403], ['/public/ws', origin, 403]]),
      ['/pages/ws', 'chrome-extension://abcd', 403], ['/pages/ws', 'ionic://localhost', 403], ['/pages/ws', 'file://', 403], ['/pages/ws', 'null', 403],
      ['/public/ws', 'http://localhost/', 101], ['/ws', 'http://localhost/', 403], ['/public/ws', 'http://localhost', 403],
    ]) {
      const { client, answer } = await handshake(world, target, { Origin, Cookie: cookie });
      assert.equal(answer.status, status, `${target} from ${Origin}`);
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

describe('programs', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      routes: [
        { path: '/public/*', access: 'public', upstream: 'app' }, { path: '/optional/*', access: 'optional', upstream: 'app' },
        { path: '/programs/*', allowed_origins: ['none'], upstream: 'app' }, { path: '/*', upstream: 'app' },
      ],
    });
    cookie = await world.session();
    world.recorder.onHead = async (request, reply) => {
      if (!request.fields.has('upgrade')) return false;
      await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT });
      return true;
    };
  });

  const CASES = [
    ['none on a public route', '/public/ws', {}, false, 101],
    ['the Host for one on a public route', '/public/ws', { Origin: HOST }, false, 101],
    ['none on a public route, with a cookie that counts for nothing there', '/public/ws', {}, true, 101],
    ['none on an optional route, without a session', '/optional/ws', {}, false, 101],
    ['none on an optional route, with one', '/optional/ws', {}, true, 403],
    ['none with a session', '/ws', {}, true, 403],
    ['the Host for one with a session', '/ws', { Origin: HOST }, true, 403],
    ['none with a session where the route says so', '/programs/ws', {}, true, 101],
    ['none without a session where the route says so', '/programs/ws', {}, false, 401],
    ['a page of another site where the route says so', '/programs/ws', { Origin: 'http://evil.test' }, true, 403],
    ['null where the route says so', '/programs/ws', { Origin: 'null' }, true, 403],
    ['null on a public route', '/public/ws', { Origin: 'null' }, false, 403],
    ['a page of another site on a public route', '/public/ws', { Origin: 'http://evil.test' }, false, 403],
  ];
  for (const [name, target, headers, signedIn, status] of CASES) {
    test(`Origin: ${name}: ${status}`, async () => {
      const { client, answer } = await handshake(world, target, { ...headers, ...(signedIn ? { Cookie: cookie } : {}) });
      assert.equal(answer.status, status);
      client.destroy();
    });
  }
});

describe('websocket_unauthenticated: close', () => {
  let world;
  const { WebSocket } = webSocketLibrary();
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { routes: [{ path: '/401/*', upstream: 'app' }, { path: '/*', websocket_unauthenticated: 'close', upstream: 'app' }] });
  });
  const open = (path, options = {}, protocols = []) => new WebSocket(`ws://127.0.0.1:${world.port}${path}`, protocols, { origin: ORIGIN, ...options, headers: { Host: HOST, ...options.headers } });

  test('a script hears 4401 where nobody is signed in, and the app hears nothing', async () => {
    for (const protocols of [[], ['chat', 'superchat']]) {
      const socket = open('/ws', {}, protocols);
      const closed = once(socket, 'close');
      await once(socket, 'open');
      const [code, reason] = await closed;
      assert.equal(code, 4401);
      assert.equal(String(reason), 'not signed in');
    }
    assert.deepEqual(world.recorder.requests, []);
    const line = await world.proxy.waitAccess((entry) => entry.path === '/ws');
    assert.equal(line.status, 101);
    assert.equal(line.decision, 'unauthenticated');
  });

  test('a page of another site hears nothing but a failure, and so does who is no WebSocket', async () => {
    const ours = { ...UPGRADE, Origin: ORIGIN };
    for (const headers of [{ ...UPGRADE, Origin: 'http://evil.test' }, { ...ours, 'Sec-WebSocket-Key': 'short' }, { Host: HOST },
      ...['a b', 'a"b', 'chat, a/b', 'chat, chat', ' ', ','].map((one) => ({ ...ours, 'Sec-WebSocket-Protocol': one }))]) {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes('GET', '/ws', headers));
      assert.equal((await client.response()).status, 401);
      client.destroy();
    }
  });

  test('elsewhere it is 401', async () => {
    const { client, answer } = await handshake(world, '/401/ws', { Origin: ORIGIN });
    assert.equal(answer.status, 401);
    client.destroy();
  });

  test('a browser that lost its session is told so', async () => {
    const cookie = await world.session();
    await world.post('/_auth/sign-out', { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }, { body: '' });
    const socket = open('/ws', { headers: { Cookie: cookie } });
    assert.equal((await once(socket, 'close'))[0], 4401);
  });
});

describe('other upgrades', () => {
  let world;
  let app;
  const scope = suite(after);
  before(async () => {
    // As Docker's daemon: the request's JSON, then raw bytes both ways, until one side ends.
    app = await EvilUpstream.start((socket, head) => {
      const protocol = /^upgrade: *(.*)$/im.exec(head)?.[1];
      socket.removeAllListeners('data');
      socket.on('data', (data) => socket.write(`echo ${data}`));
      if (/\/start/.test(head)) {
        socket.removeAllListeners('data');
        return socket.once('data', () => {
          socket.on('data', (data) => socket.write(`echo ${data}`));
          socket.write(`HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
        });
      }
      if (/\/hasty/.test(head)) return socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      if (/\/raw/.test(head)) return socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
      if (!protocol) return socket.end(bytesOf(400, 'no upgrade'));
      return socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    });
    scope.after(() => app.close());
    world = await makeWorld(scope, {
      routes: [
        { path: '/public/docker/*', access: 'public', upstream: 'app', upgrades: ['tcp', 'SPDY/3.1'] }, { path: '/public/*', access: 'public', upstream: 'app' },
        { path: '/docker/*', upstream: 'app', upgrades: ['tcp'] }, { path: '/private/*', upstream: 'pages' },
      ],
      config: (base) => ({ ...base, upstreams: { app: app.url, pages: base.upstreams.app } }),
    });
  });
  const bytesOf = (status, body) => `HTTP/1.1 ${status} Whatever\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const ask = async (target, headers, method = 'POST') => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes(method, target, { Host: HOST, Connection: 'Upgrade', ...headers }, method === 'POST' ? '' : undefined));
    return client;
  };

  for (const protocol of ['tcp', 'SPDY/3.1']) {
    test(`${protocol}: bytes go both ways, and the end of one side is heard on the other`, async () => {
      const client = await ask('/public/docker/exec', { Upgrade: protocol });
      const head = await client.head();
      assert.equal(head.status, 101);
      assert.equal(head.fields.get('upgrade'), protocol);
      await client.send('one');
      assert.equal((await client.stream.exactly(8)).toString(), 'echo one');
      await client.send('GET /private HTTP/1.1\r\n\r\n');
      assert.equal((await client.stream.exactly(30)).toString(), 'echo GET /private HTTP/1.1\r\n\r\n');
      client.socket.end();
      await client.closed();
    });
  }

  test("Docker's stream without a 101", async () => {
    const client = await ask('/public/docker/raw', { Upgrade: 'tcp' });
    assert.equal((await client.head()).status, 200);
    await client.send('one');
    assert.equal((await client.stream.exactly(8)).toString(), 'echo one');
    client.destroy();
  });

  test('behind a body: what was sent early waits for the 101, which must not come before the body has ended', async () => {
    for (const [target, status] of [['/public/docker/start', 101], ['/public/docker/hasty', 502]]) {
      const client = await RawClient.connect(world.port);
      const heard = new Promise((resolve) => app.once('head', resolve));
      await client.send(requestBytes('POST', target, { Host: HOST, Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': 2 }));
      await heard;
      if (status === 101) await client.send('{}early');
      assert.equal((await client.head()).status, status);
      if (status === 101) assert.equal((await client.stream.exactly(10)).toString(), 'echo early');
      client.destroy();
    }
  });

  test('elsewhere Upgrade does not reach the app', async () => {
    const client = await ask('/public/exec', { Upgrade: 'tcp' });
    assert.equal((await client.response()).status, 400);
    client.destroy();
    const other = await ask('/public/docker/exec', { Upgrade: 'h2c' });
    assert.equal((await other.response()).status, 400);
    other.destroy();
  });

  test('nobody who is not signed in, and the end of the session ends it', async () => {
    const stranger = await ask('/docker/exec', { Upgrade: 'tcp' });
    assert.equal((await stranger.response()).status, 401);
    stranger.destroy();
    const cookie = await world.session();
    const client = await ask('/docker/exec', { Upgrade: 'tcp', Cookie: cookie });
    assert.equal((await client.head()).status, 101);
    await client.send('one');
    assert.equal((await client.stream.exactly(8)).toString(), 'echo one');
    await world.post('/_auth/sign-out', { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }, { body: '' });
    assert.equal((await client.stream.toEnd({ timeout: 5000 })).bytes.length, 0);
    await world.proxy.waitAccess((entry) => entry.path === '/docker/exec' && entry.decision === 'session_over');
    client.destroy();
  });
});
