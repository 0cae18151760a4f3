// Apps that are down, slow, or speak nonsense: 502 and 504 pages, nothing split into the client's stream, and found again later.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { Truncated } from './lib/byte_stream.mjs';
import { freePort, temporaryFolder } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, RawClient, request, requestBytes } from './lib/raw.mjs';
import { EvilUpstream, Recorder } from './lib/recorder.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

async function against(t, answer, settings = {}) {
  const upstream = await EvilUpstream.start(answer);
  t.after(() => upstream.close());
  const world = await makeWorld(t, { config: { upstreams: { app: { servers: [upstream.url], ...settings } } } });
  return { upstream, world };
}
const ok = (body = 'ok', headers = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
const write = (bytes) => (socket) => socket.write(bytes, 'latin1');

function assertPage(answer, status) {
  assert.equal(answer.status, status);
  assert.match(answer.fields.get('content-type'), /^text\/html/);
  assert.ok(answer.text.includes(answer.fields.get('x-request-id')));
  assert.doesNotMatch(answer.text, /127\.0\.0\.1|ECONN|errno|refused|logto-proxy\/\d/i, 'K11 nothing of what is behind');
  assert.match(answer.fields.get('cache-control'), /no-store/);
}

describe('an app that speaks nonsense', () => {
  const NONSENSE = {
    'no HTTP at all': 'hello\r\n\r\n',
    'binary': '\0\x01\x02\x03\xff\xfe\r\n\r\n',
    'a bare CR in a field': 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: x=1\r\nContent-Length: 2\r\n\r\nok',
    'NUL in a value': 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok',
    'an obs-fold': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok',
    'two different lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!',
    'a list of lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!',
    'length and chunked': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'an unknown transfer coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'a length with a sign': 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok',
    'a length too large': 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok',
    'a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
    'status 000': 'HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok',
    'another protocol': 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.12': 'HTTP/1.12 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'a line without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok',
    'an empty field name': 'HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok',
    'a space in a field name': 'HTTP/1.1 200 OK\r\nX Y: x\r\nContent-Length: 2\r\n\r\nok',
    'a head of 1 MiB': `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(1 << 20)}\r\nContent-Length: 2\r\n\r\nok`,
    'ten thousand fields': `HTTP/1.1 200 OK\r\n${'Set-Cookie: a=1\r\n'.repeat(10_000)}Content-Length: 2\r\n\r\nok`,
    'a 101 that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    'an endless row of 1xx': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100_000),
  };
  for (const [name, bytes] of Object.entries(NONSENSE)) {
    test(`${name} is 502`, async (t) => {
      const { world } = await against(t, write(bytes));
      const answer = await world.get('/public/x', NAVIGATION);
      assertPage(answer, 502);
      assert.ok(!answer.fields.has('set-cookie'));
      await world.proxy.waitLog((entry) => entry.id === answer.fields.get('x-request-id'));
      world.proxy.assertHealthy();
    });
  }

  const BROKEN_BODIES = {
    'a chunk size that is none': '2\r\nok\r\nXYZ\r\n', 'a chunk that is longer than its size': '2\r\nokok\r\n0\r\n\r\n', 'a bare CR after a chunk': '2\r\nok\r0\r\n\r\n', 'a chunk size of 2^64': '10000000000000000\r\nok',
    'a bare CR in a chunk line': '2\rok\r\n0\r\n\r\n', 'two bare LF after a chunk': '2\nok\n\n0\n\n',
  };
  for (const [name, body] of Object.entries(BROKEN_BODIES)) {
    test(`${name} breaks the transfer, or is 502`, async (t) => {
      const { world } = await against(t, write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`));
      const result = await world.get('/public/x').catch((error) => error);
      if (!(result instanceof Error)) assert.equal(result.status, 502, `seemed complete: ${result.status} ${JSON.stringify(result.text)}`);
    });
  }

  test('chunk extensions of the app are dropped', async (t) => {
    const { world } = await against(t, write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0;x\r\n\r\n'));
    assert.equal((await world.get('/public/x')).text, 'ok');
  });

  test('S27 two answers to one request: the second never reaches anybody', async (t) => {
    const { world, upstream } = await against(t, (socket, _head, count) => socket.write(count === 1 ? ok('first') + ok('poison') : ok('clean')));
    const client = await RawClient.connect(world.port);
    for (let round = 0; round < 6; ++round) {
      await client.send(requestBytes('GET', `/public/${round}`, { Host: HOST }));
      const answer = await client.response();
      assert.notEqual(answer.text, 'poison');
    }
    client.destroy();
    assert.ok(upstream.heads.length >= 6);
  });

  test('surplus bytes after a HEAD, a 204 or a fixed body close the pooled connection', async (t) => {
    for (const [method, bytes] of [['HEAD', ok('surplus')], ['GET', 'HTTP/1.1 204 No\r\n\r\nsurplus'], ['GET', `${ok()}surplus`]]) {
      const { world } = await against(t, write(bytes));
      for (let round = 0; round < 3; ++round) {
        const answer = await request(world.port, method, '/public/x');
        assert.ok([200, 204].includes(answer.status), `${method} ${answer.status}`);
      }
    }
  });
});

describe('an app that is down or slow', () => {
  test('refused is a 502 page, JSON for a script', async (t) => {
    const port = await freePort();
    const world = await makeWorld(t, { config: { upstreams: { app: `http://127.0.0.1:${port}` } } });
    assertPage(await world.get('/public/x', NAVIGATION), 502);
    const answer = await world.get('/public/x', FETCH);
    assert.equal(answer.status, 502);
    assert.match(answer.fields.get('content-type'), /json|html/);
  });

  test('a name that does not resolve is 502', async (t) => {
    const world = await makeWorld(t, { config: { upstreams: { app: 'http://no-such-host.invalid:80' } } });
    assert.equal((await world.get('/public/x', {}, { timeout: 15_000 })).status, 502);
  });

  test('a reset or an end before the head is 502', async (t) => {
    for (const how of ['resetAndDestroy', 'end']) {
      const { world } = await against(t, (socket) => socket[how]());
      assertPage(await world.get('/public/x', NAVIGATION), 502);
    }
  });

  test('half a head and the end is 502', async (t) => {
    const { world } = await against(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'));
    assertPage(await world.get('/public/x', NAVIGATION), 502);
  });

  test('no head within response_timeout is a 504 page', async (t) => {
    const { world } = await against(t, () => {}, { response_timeout: '1s' });
    const started = Date.now();
    assertPage(await world.get('/public/x', NAVIGATION), 504);
    assert.ok(Date.now() - started > 800 && Date.now() - started < 4500, `${Date.now() - started} ms`);
  });

  test('a head that dribbles byte by byte does not stretch response_timeout', async (t) => {
    const { world } = await against(t, (socket) => {
      let at = 0;
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(ok()[at++ % 16] ?? 'x')), 100);
      socket.on('close', () => clearInterval(timer));
    }, { response_timeout: '1s' });
    const { status } = await world.get('/public/x', NAVIGATION);
    assert.ok([502, 504].includes(status));
  });

  test('silence in a body beyond idle_timeout breaks the transfer', async (t) => {
    const { world } = await against(t, write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'), { idle_timeout: '1s' });
    await assert.rejects(world.get('/public/x', {}, { timeout: 8000 }), Truncated);
  });

  test('a connect that hangs ends after connect_timeout', async (t) => {
    // Linux drops further SYNs once the backlog of a listener that never accepts is full. Only a stopped process never accepts.
    const child = spawn(process.execPath, ['-e', "const s=require('net').createServer();s.listen({port:0,host:'127.0.0.1',backlog:1},()=>process.stdout.write(String(s.address().port)))"]);
    const port = Number((await once(child.stdout, 'data'))[0]);
    child.kill('SIGSTOP');
    const hogs = Array.from({ length: 4 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    t.after(() => { hogs.forEach((hog) => hog.destroy()); child.kill('SIGKILL'); });
    await Promise.all(hogs.slice(0, 2).map((hog) => once(hog, 'connect')));
    const world = await makeWorld(t, { config: { upstreams: { app: { servers: [`http://127.0.0.1:${port}`], connect_timeout: '1s', response_timeout: '30s' } } } });
    const started = Date.now();
    const { status } = await world.get('/public/x', {}, { timeout: 15_000 });
    assert.ok([502, 504].includes(status));
    assert.ok(Date.now() - started < 8000, `${Date.now() - started} ms`);
  });

  test('other routes go on while one app is stuck', async (t) => {
    const { world } = await against(t, () => {}, { response_timeout: '30s' });
    const stuck = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(world.port)));
    for (const client of stuck) client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    const started = Date.now();
    assert.equal((await world.get('/nowhere')).status, 404);
    assert.ok(Date.now() - started < 1500);
    for (const client of stuck) client.destroy();
  });
});

describe('an app that comes back', () => {
  test('a restarted app is found again on the next request', async (t) => {
    let upstream = await Recorder.start();
    const { port } = upstream;
    const world = await makeWorld(t, { recorder: upstream });
    assert.equal((await world.get('/public/x')).status, 200);
    await upstream.close();
    assert.equal((await world.get('/public/x')).status, 502);
    upstream = await Recorder.start({ port });
    world.recorder = upstream;
    assert.equal((await world.get('/public/x')).status, 200);
  });

  test('a pooled connection that the app closed meanwhile is replaced unseen, for GET and for a fresh POST', async (t) => {
    const world = await makeWorld(t);
    for (let round = 0; round < 10; ++round) {
      assert.equal((await world.get('/public/x')).status, 200);
      const closing = [...world.recorder.connections];
      const gone = Promise.all(closing.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
      for (const socket of closing) socket.destroy();
      await gone;
      const { status } = round % 2 ? await request(world.port, 'POST', '/public/x', {}, { body: 'x' }) : await world.get('/public/x');
      assert.equal(status, 200, `round ${round}`);
    }
  });

  test('a stale pooled connection: an idempotent request is sent again once, a POST gets a new one and is never sent twice', async (t) => {
    const upstream = await EvilUpstream.start((socket, _head, count) => { if (count === 1) socket.write(ok('first')); else socket.destroy(); });
    t.after(() => upstream.close());
    const world = await makeWorld(t, { config: { upstreams: { app: upstream.url }, workers: 1 } });
    for (const [method, wanted] of [['GET', [200]], ['PUT', [200]], ['POST', [200]]]) {
      assert.equal((await request(world.port, 'GET', '/public/warm')).status, 200);
      upstream.heads.length = 0;
      const { status } = await request(world.port, method, '/public/again', {}, { body: method === 'GET' ? undefined : 'x' });
      assert.ok(wanted.includes(status), `${method}: ${status}`);
      const sent = upstream.heads.filter((head) => head.startsWith(`${method} /public/again`)).length;
      assert.ok(sent <= (method === 'POST' ? 1 : 2), `${method} was sent ${sent} times`);
      // Leave no warm connection to the next method.
      for (const socket of upstream.connections) socket.destroy();
    }
  });

  test('an app that asks to close is not asked again on that connection', async (t) => {
    const { world, upstream } = await against(t, (socket) => socket.end(ok('x', 'Connection: close\r\n')));
    for (let round = 0; round < 5; ++round) assert.equal((await world.get('/public/x')).text, 'x');
    assert.equal(upstream.heads.length, 5);
  });

  test('a client that hangs up ends the request to the app', async (t) => {
    const { world, upstream } = await against(t, () => {});
    const client = await RawClient.connect(world.port);
    const head = new Promise((resolve) => upstream.once('head', resolve));
    const gone = new Promise((resolve) => upstream.once('disconnection', resolve));
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await head;
    client.socket.resetAndDestroy();
    await gone;
  });

  test('D24 clients that reset at every stage leave a healthy proxy', async (t) => {
    const world = await makeWorld(t);
    const wire = requestBytes('POST', '/public/x', { Host: HOST, 'Content-Length': 20_000 });
    for (let cut = 1; cut < wire.length + 40; cut += 7) {
      const client = await RawClient.connect(world.port);
      await client.send(Buffer.concat([wire, Buffer.alloc(100)]).subarray(0, cut));
      client.socket.resetAndDestroy();
    }
    world.recorder.handle = async (_request, reply) => { await reply.head(200, { 'Content-Length': 1 << 20 }); await reply.raw(Buffer.alloc(1000)); };
    for (let count = 0; count < 20; ++count) {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      await client.head();
      client.socket.resetAndDestroy();
    }
    assert.equal((await world.get('/nowhere')).status, 404);
    world.proxy.assertHealthy();
    world.recorder.violations.length = 0;
  });

  test('an app over a unix socket', async (t) => {
    const path = `${temporaryFolder()}/app.sock`;
    const server = net.createServer((socket) => socket.on('data', () => socket.write(ok('over a unix socket'))));
    await new Promise((resolve) => server.listen(path, resolve));
    t.after(() => server.close());
    const world = await makeWorld(t, { config: { upstreams: { app: `unix:${path}` } } });
    assert.equal((await world.get('/public/x')).text, 'over a unix socket');
  });

  test('host: decides which Host the app sees', async (t) => {
    for (const [host, wanted] of [['client', HOST], ['upstream', null], ['app.internal', 'app.internal']]) {
      const recorder = await Recorder.start();
      const world = await makeWorld(t, { recorder, config: { upstreams: { app: { servers: [recorder.url], host } } } });
      await world.get('/public/x');
      assert.equal(recorder.requests[0].fields.get('host'), wanted ?? recorder.url.replace('http://', ''));
      assert.equal(recorder.requests[0].fields.get('x-forwarded-host'), HOST);
    }
  });
});

describe('an app that expects TLS', () => {
  const page = (text) => `HTTP/1.1 400 Bad Request\r\nServer: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const POLITE = {
    nginx: page('<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n</html>'),
    Go: 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    Apache: page('<p>Reason: You\'re speaking plain HTTP to an SSL-enabled server port.<br />'),
    Tomcat: page('Bad Request\nThis combination of host and port requires TLS.\r\n'),
  };
  for (const [name, bytes] of Object.entries(POLITE)) {
    test(`and says so as ${name} does is named in the log, once`, async (t) => {
      const { upstream, world } = await against(t, (socket) => socket.end(bytes, 'latin1'));
      for (let i = 0; i < 2; ++i) assert.equal((await world.get('/public/x')).status, 400);
      const line = await world.proxy.waitLog(({ msg }) => /expects TLS/.test(msg ?? ''));
      assert.equal(line.address, new URL(upstream.url).host);
      await world.get('/public/last');
      assert.equal(world.proxy.errors.filter(({ msg }) => /expects TLS/.test(msg ?? '')).length, 1);
    });
  }

  test('another 400 is the app\'s own affair', async (t) => {
    const { world } = await against(t, (socket) => socket.end(page('bad'), 'latin1'));
    assert.equal((await world.get('/public/x')).status, 400);
    assert.ok(!world.proxy.errors.some(({ msg }) => /expects TLS/.test(msg ?? '')));
  });
});

test('a unix socket that is not there is called so, and one where nobody listens otherwise', async (t) => {
  const folder = temporaryFolder();
  const dead = `${folder}/dead.sock`;
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 'SIGKILL'))`]);
  await once(child, 'exit');
  for (const [socket, reason] of [[`${folder}/none.sock`, /no such socket/], [dead, /does not listen there/]]) {
    const world = await makeWorld(t, { config: { upstreams: { app: `unix:${socket}` } } });
    assert.equal((await world.get('/public/x')).status, 502);
    assert.match((await world.proxy.waitLog(({ msg }) => msg === 'upstream failed')).reason, reason);
  }
});
