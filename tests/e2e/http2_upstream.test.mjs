// Apps that are asked in HTTP/2: without TLS, with it, over a socket; one connection for many, what is told when it comes to
// nothing, and whom one slow client holds up: nobody.
// Release too: the wire, and what nghttp2 makes of it.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Authority } from './lib/certificates.mjs';
import { Http2App } from './lib/http2_app.mjs';
import { run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, merge } from './lib/world.mjs';

const authority = new Authority();
const pems = ({ certificate_file: cert, key_file: key }) => ({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
const addressed = pems(authority.issue(['127.0.0.1']));
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const { constants } = http2;

async function worldWith(t, options = {}, { upstream = {}, config = {} } = {}) {
  const app = await Http2App.start(options);
  t.after(() => app.close());
  const world = await makeWorld(t, { config: merge({ workers: 1, upstreams: { app: { url: app.url, ...upstream } } }, config) });
  world.app = app;
  return world;
}
const failure = (world) => world.proxy.waitLog(({ msg }) => msg === 'upstream failed');

describe('what an app gets, and how', () => {
  const folder = temporaryFolder();
  const ways = {
    'h2c://': [{}, {}],
    'https:// and http2': [{ tls: addressed }, { http2: true, tls: { ca_file: authority.file } }],
    'a socket and http2': [{ listen: path.join(folder, 'app.sock') }, { http2: true }],
    'http:// and http2': [{}, (app) => ({ url: `http://127.0.0.1:${app.port}`, http2: true })],
  };
  for (const [what, [options, upstream]] of Object.entries(ways)) {
    test(what, async (t) => {
      const app = await Http2App.start(options);
      t.after(() => app.close());
      const told = typeof upstream === 'function' ? upstream(app) : { url: app.url, ...upstream };
      const world = await makeWorld(t, { config: { workers: 1, upstreams: { app: told } } });
      const client = await RawClient.connect(world.port);
      for (let i = 0; i < 20; ++i) {
        await client.send(requestBytes('GET', `/public/x?n=${i}`, { Host: HOST, 'X-Forwarded-User': 'mallory', Connection: 'X-Hop', 'X-Hop': 'h', 'X-End': 'e', Cookie: 'a=b' }));
        const answer = await client.response();
        assert.equal(answer.status, 200);
        assert.equal(answer.text, 'ok');
        assert.equal(answer.fields.get('transfer-encoding'), 'chunked');
      }
      client.destroy();
      assert.equal(app.sessions.length, 1);
      const { headers } = app.streams[19];
      assert.equal(headers[':method'], 'GET');
      assert.equal(headers[':path'], '/public/x?n=19');
      assert.equal(headers[':scheme'], options.tls ? 'https' : 'http');
      assert.equal(headers[':authority'], HOST);
      assert.equal(headers['x-end'], 'e');
      assert.equal(headers.cookie, 'a=b');
      assert.equal(headers['x-forwarded-host'], HOST);
      for (const gone of ['host', 'connection', 'x-hop', 'x-forwarded-user', 'transfer-encoding', 'te']) assert.equal(headers[gone], undefined, gone);
    });
  }

  test('te: trailers of a client that said it', async (t) => {
    const world = await worldWith(t);
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST, TE: 'gzip, trailers;q=0.5', Connection: 'TE' }));
    await client.response();
    client.destroy();
    assert.equal(world.app.streams[0].headers.te, 'trailers');
  });

  test('an empty body, HEAD and 304', async (t) => {
    const world = await worldWith(t, {
      handle: (one, stream) => {
        if (one.headers[':method'] === 'HEAD') return stream.respond({ ':status': 200, 'content-length': '7' }, { endStream: true });
        stream.respond({ ':status': one.headers[':path'].endsWith('304') ? 304 : 200 }, { endStream: true });
      },
    });
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    const empty = await client.response();
    assert.deepEqual([empty.status, empty.text, empty.fields.get('content-length')], [200, '', '0']);
    await client.send(requestBytes('HEAD', '/public/x', { Host: HOST }));
    const head = await client.response({ method: 'HEAD' });
    assert.deepEqual([head.status, head.fields.get('content-length')], [200, '7']);
    await client.send(requestBytes('GET', '/public/304', { Host: HOST }));
    assert.equal((await client.response()).status, 304);
    client.destroy();
    assert.equal(world.app.sessions.length, 1);
  });
});

test('a large body up and down, while app and client stand still for a moment', async (t) => {
  const body = randomBytes(12_000_000);
  const world = await worldWith(t, {
    handle: (one, stream) => {
      stream.pause();
      setTimeout(() => stream.resume(), 300);
      stream.on('end', () => { stream.respond({ ':status': 200, 'content-length': body.length }); stream.end(body); });
    },
  });
  const client = await RawClient.connect(world.port);
  client.socket.pause();
  await client.send(requestBytes('POST', '/public/up', { Host: HOST, Connection: 'close' }, body));
  setTimeout(() => client.socket.resume(), 300);
  const answer = await client.response({ timeout: 30_000 });
  assert.equal(digest(answer.body), digest(body));
  assert.equal(digest(world.app.bodyOf(world.app.streams[0])), digest(body));
});

test('a client that takes nothing holds up nobody else, and no more than its window', async (t) => {
  const chunk = randomBytes(256 * 1024);
  let written = 0;
  const world = await worldWith(t, {
    handle: (one, stream) => {
      stream.respond({ ':status': 200 });
      if (!one.headers[':path'].endsWith('endless')) return stream.end('ok');
      const more = () => { while (stream.write(chunk)) written += chunk.length; written += chunk.length; };
      stream.on('drain', more);
      more();
    },
  });
  const slow = [];
  for (let i = 0; i < 8; ++i) {
    const client = await RawClient.connect(world.port);
    client.socket.pause();
    await client.send(requestBytes('GET', '/public/endless', { Host: HOST }));
    slow.push(client);
  }
  await world.app.request(8);
  const quick = await RawClient.connect(world.port);
  for (let i = 0; i < 200; ++i) {
    await quick.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await quick.response()).text, 'ok');
  }
  assert.equal(world.app.sessions.length, 1);
  assert.ok(written < 8 * 12_000_000, `${written} bytes`); // what the kernels hold, and some windows
  for (const client of slow) client.destroy();
  while (world.app.streams.filter((one) => one.closedWith !== null && one.closedWith !== constants.NGHTTP2_NO_ERROR).length < 8) await once(world.app, 'closed');
  quick.destroy();
});

describe('as many streams as the app allows', () => {
  const held = () => ({ settings: { maxConcurrentStreams: 2 }, handle: () => {} });
  const finish = ({ stream }) => { stream.respond({ ':status': 200 }); stream.end('ok'); };
  const ask = async (world) => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST, Connection: 'close' }));
    return client.response({ timeout: 15_000 });
  };

  test('a further connection is opened', async (t) => {
    const world = await worldWith(t, held());
    const answers = [1, 2, 3, 4, 5].map(() => ask(world));
    await world.app.request(5);
    assert.equal(world.app.sessions.length, 3);
    world.app.streams.forEach(finish);
    for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  });

  test('with max_connections they wait, and whoever waits too long is told', async (t) => {
    const world = await worldWith(t, held(), { upstream: { max_connections: 1, queue: 2, queue_timeout: '3s' } });
    const first = [ask(world), ask(world)];
    await world.app.request(2);
    const waiting = [ask(world), ask(world)];
    await world.proxy.waitLog(({ msg }) => msg === 'ready');
    const refused = await ask(world).then(async (answer) => answer.status === 503 ? answer : assert.fail(String(answer.status)));
    assert.equal(refused.status, 503);
    world.app.streams.slice(0, 2).forEach(finish);
    await world.app.request(4);
    world.app.streams.slice(2).forEach(finish);
    for (const answer of await Promise.all([...first, ...waiting])) assert.equal(answer.status, 200);
    assert.equal(world.app.sessions.length, 1);
    const held2 = [ask(world), ask(world)];
    await world.app.request(6);
    assert.equal((await ask(world)).status, 503); // queue_timeout
    world.app.streams.slice(4).forEach(finish);
    await Promise.all(held2);
  });
});

describe('one connection, one long stream, and who would take the app from everybody', () => {
  const tick = { handle: (one, stream) => { stream.respond({ ':status': 200 }); stream.write('first'); if (!one.headers[':path'].includes('watch')) stream.end(); } };
  const ways = {
    'requests that are given up, 500 of them': async (world) => {
      world.app.handle = (one, stream) => { if (!one.headers[':path'].endsWith('slow')) tick.handle(one, stream); };
      for (let round = 0; round < 5; ++round) {
        const seen = world.app.streams.length;
        const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(world.port)));
        for (const client of clients) client.send(requestBytes('GET', '/public/slow', { Host: HOST }));
        const mine = await Promise.all(clients.map((_client, index) => world.app.request(seen + index + 1)));
        const closed = mine.map((one) => new Promise((resolve) => { one.stream.once('close', resolve); }));
        for (const client of clients) client.destroy();
        await Promise.all(closed);
      }
    },
    'the app says GOAWAY': async (world) => {
      const [{ session, stream }] = world.app.streams;
      session.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
      await new Promise((resolve) => { session.ping(() => resolve()); });
    },
  };
  for (const [what, make] of Object.entries(ways)) {
    test(what, async (t) => {
      const world = await worldWith(t, { ...tick, settings: { maxConcurrentStreams: 150 } }, { upstream: { max_connections: 1, queue_timeout: '2s' } });
      const watcher = await RawClient.connect(world.port);
      t.after(() => watcher.destroy());
      await watcher.send(requestBytes('GET', '/public/watch', { Host: HOST }));
      const { stream } = await world.app.request(1);
      await make(world);
      assert.equal((await world.get('/public/x')).status, 200);
      assert.equal(stream.destroyed, false, 'the long one goes on');
    });
  }
});

describe('what an app has not begun with is asked again, whatever it is', () => {
  for (const method of ['GET', 'POST']) {
    test(`${method}, REFUSED_STREAM`, async (t) => {
      let refused = 0;
      const world = await worldWith(t, {
        handle: (one, stream) => {
          if (refused++ === 0) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
          stream.respond({ ':status': 200 });
          stream.end('second');
        },
      });
      const answer = await world.get('/public/x', { method });
      assert.deepEqual([answer.status, answer.text], [200, 'second']);
    });
  }

  test('and once only', async (t) => {
    const world = await worldWith(t, { handle: (_one, stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM) });
    assert.equal((await world.get('/public/x')).status, 503);
    assert.match((await failure(world)).reason, /without looking at it/);
    assert.equal(world.app.streams.length, 2);
  });

  test('GOAWAY: what it took is answered there, what comes next elsewhere', async (t) => {
    const world = await worldWith(t, {
      handle: (one, stream) => {
        if (one.headers[':path'].endsWith('first')) return;
        stream.respond({ ':status': 200 });
        stream.end('next');
      },
    });
    const first = world.get('/public/first');
    const one = await world.app.request(1);
    one.session.goaway(constants.NGHTTP2_NO_ERROR, one.stream.id);
    await new Promise((resolve) => { one.session.ping(() => resolve()); });
    const next = await world.get('/public/next');
    assert.equal(next.text, 'next');
    assert.equal(world.app.sessions.length, 2);
    one.stream.respond({ ':status': 200 });
    one.stream.end('first');
    assert.equal((await first).text, 'first');
  });
});

describe('what goes wrong is told in words', () => {
  test('interim answers without end', async (t) => {
    const world = await worldWith(t, {
      handle: (one, stream) => {
        const count = Number(new URL(one.headers[':path'], 'http://x').searchParams.get('n'));
        for (let i = 0; i < count && !stream.destroyed; ++i) stream.additionalHeaders({ ':status': 103, link: '</x>' });
        if (stream.destroyed) return;
        stream.respond({ ':status': 200 });
        stream.end('ok');
      },
    });
    assert.equal((await world.get('/public/x?n=900')).status, 200);
    assert.equal((await world.get('/public/x?n=3000')).status, 502);
    assert.match((await failure(world)).reason, /more interim answers/);
  });

  test('nobody is served as somebody else who has signed in the connection', async (t) => {
    const world = await worldWith(t, {
      handle: (one, stream) => {
        if (one.headers.authorization?.startsWith('NTLM ')) one.session.person = one.headers.authorization.slice(5);
        stream.respond(one.session.person ? { ':status': 200 } : { ':status': 401, 'www-authenticate': 'NTLM' });
        stream.end(one.session.person ?? 'nobody');
      },
    });
    assert.equal((await world.get('/public/x')).status, 401);
    assert.equal((await world.get('/public/x', { Authorization: 'NTLM alice' })).status, 502);
    assert.match((await failure(world)).reason, /signs in its connection.*upstream of HTTP\/1/);
    const bob = await world.get('/public/x');
    assert.deepEqual([bob.status, bob.text], [401, 'nobody']);
  });

  test('it resets the stream', async (t) => {
    const world = await worldWith(t, { handle: (_one, stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM) });
    assert.equal((await world.get('/public/x')).status, 502);
    assert.match((await failure(world)).reason, /reset the request's stream: ENHANCE_YOUR_CALM/);
  });

  test('it answers the preface in HTTP/1', async (t) => {
    const app = net.createServer((socket) => { socket.on('error', () => {}); socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')); }).listen(0, '127.0.0.1');
    await once(app, 'listening');
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { upstreams: { app: `h2c://127.0.0.1:${app.address().port}` } } });
    assert.equal((await world.get('/public/x')).status, 502);
    assert.match((await failure(world)).reason, /does not speak HTTP\/2 there: take http2/);
  });

  test('http:// and an app of HTTP/2', async (t) => {
    const app = await Http2App.start();
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { upstreams: { app: `http://127.0.0.1:${app.port}` } } });
    assert.equal((await world.get('/public/x')).status, 502);
    assert.match((await failure(world)).reason, /speaks HTTP\/2 there: write h2c:\/\//);
  });

  for (const [what, ALPNProtocols] of [['agrees to http/1.1 alone', ['http/1.1']], ['knows no ALPN', undefined]]) {
    test(`https:// and an app that ${what}`, async (t) => {
      const tls = await import('node:tls');
      const app = tls.createServer({ ...addressed, ALPNProtocols }, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
      app.on('tlsClientError', () => {});
      await once(app, 'listening');
      t.after(() => app.close());
      const world = await makeWorld(t, { config: { upstreams: { app: { url: `https://127.0.0.1:${app.address().port}`, http2: true, tls: { ca_file: authority.file } } } } });
      assert.equal((await world.get('/public/x')).status, 502);
      assert.match((await failure(world)).reason, /HTTP\/2/);
    });
  }

  test('a WebSocket', async (t) => {
    const world = await worldWith(t);
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/ws', { Host: HOST, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }));
    assert.equal((await client.response()).status, 502);
    assert.match((await failure(world)).reason, /WebSockets need an upstream of HTTP\/1/);
    client.destroy();
    assert.equal(world.app.streams.length, 0);
  });

  test('no answer in time, and the app is asked whether it is there', async (t) => {
    let pings = 0;
    const world = await worldWith(t, { handle: () => {} }, { upstream: { response_timeout: '300ms' } });
    world.app.on('session', (session) => session.on('ping', () => { ++pings; world.app.emit('pinged'); }));
    const pinged = once(world.app, 'pinged');
    assert.equal((await world.get('/public/x')).status, 504);
    await pinged;
    const [one] = world.app.streams;
    if (one.closedWith === null) await once(world.app, 'closed');
    assert.equal(one.closedWith, constants.NGHTTP2_CANCEL);
    assert.equal(pings, 1);
    world.app.handle = (_one, stream) => { stream.respond({ ':status': 200 }); stream.end('ok'); };
    assert.equal((await world.get('/public/x')).status, 200);
  });

  test('an app that stops: what was begun and may be asked again is', async (t) => {
    const world = await worldWith(t);
    assert.equal((await world.get('/public/x')).status, 200);
    world.app.handle = (one) => one.session.destroy();
    const lost = world.get('/public/x');
    await world.app.request(2);
    world.app.handle = (_one, stream) => { stream.respond({ ':status': 200 }); stream.end('ok'); };
    assert.equal((await lost).status, 200);
    assert.equal(world.app.sessions.length, 2);
  });
});

test('a client that goes ends its stream, and no other', async (t) => {
  const world = await worldWith(t, { handle: (one, stream) => { stream.respond({ ':status': 200 }); stream.write('first'); } });
  const [one, other] = [await RawClient.connect(world.port), await RawClient.connect(world.port)];
  await one.send(requestBytes('GET', '/public/one', { Host: HOST }));
  await other.send(requestBytes('GET', '/public/other', { Host: HOST }));
  const [first, second] = [await world.app.request(1), await world.app.request(2)];
  const gone = once(world.app, 'closed');
  (first.headers[':path'].endsWith('one') ? one : other).socket.resetAndDestroy();
  assert.equal((await gone)[0], first);
  assert.equal(first.closedWith, constants.NGHTTP2_CANCEL);
  second.stream.end('last');
  const left = first.headers[':path'].endsWith('one') ? other : one;
  assert.equal((await left.response()).text, 'firstlast');
  left.destroy();
});

test('an answer that comes before the end of its request', async (t) => {
  const world = await worldWith(t, { handle: (_one, stream) => { stream.respond({ ':status': 413 }); stream.end('too much'); } });
  const client = await RawClient.connect(world.port);
  await client.send(requestBytes('POST', '/public/x', { Host: HOST, 'Transfer-Encoding': 'chunked' }));
  const answer = await client.response();
  assert.deepEqual([answer.status, answer.text], [413, 'too much']);
  client.destroy();
});

test('what is written of it', async (t) => {
  const config = (upstream) => writeConfig({ external_urls: ['https://app.test'], logto: { endpoint: 'https://x.logto.app', app_id: 'a', app_secret: 'secretsecretsecret' }, session: { secret: randomBytes(32).toString('base64') }, upstreams: { app: upstream }, routes: [{ path: '/*', upstream: 'app' }] });
  const said = async (upstream) => { const { code, stdout, stderr } = await run(['check', '--config', config(upstream)]); return [code, stdout + stderr]; };
  const rows = [
    [{ url: 'h2c://app:50051' }, 0, /./],
    [{ url: 'grpc://app:50051' }, 2, /write h2c:\/\/app:50051/],
    [{ url: 'grpcs://app:443' }, 2, /write https:\/\/app:443 and, beside url, http2: true/],
    [{ url: 'h2c://app:50051', http2: false }, 2, /upstreams\.app\.http2: its url is h2c:\/\//],
    [{ url: 'h2c://app:50051', tls: { server_name: 'x.test' } }, 2, /write https:\/\/ and http2: true/],
    [{ url: 'h2c://app:50051/x' }, 2, /without a path/],
  ];
  for (const [upstream, wanted, words] of rows) {
    const [code, text] = await said(upstream);
    assert.equal(code, wanted, text);
    assert.match(text, words);
  }
});
