// Connections to apps: one that the app has signed in by itself is nobody else's, and what came unasked is no answer.
// Release too: optimised pools.
// Quick.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { EvilUpstream } from './lib/recorder.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const bytesOf = (status, body, headers = '') => `HTTP/1.1 ${status} Whatever\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (headers = {}) => requestBytes('GET', '/public/x', { Host: HOST, ...headers });

describe('an app that answers by connection', () => {
  let world;
  let app;
  const scope = suite(after);
  before(async () => {
    // As IIS with Windows authentication: who has proved themselves on a connection is who asks on it from then on.
    app = await EvilUpstream.start((socket, head) => {
      const proof = /^authorization: *(ntlm|negotiate) *(\S*)/im.exec(head);
      if (proof?.[2].startsWith('step1')) return socket.write(bytesOf(401, '', `WWW-Authenticate: ${proof[1]} challenge\r\n`));
      if (proof) socket.who = proof[2];
      return socket.write(bytesOf(200, socket.who ?? 'nobody', /^x-final/im.test(head) ? 'WWW-Authenticate: Negotiate oYGtoken\r\n' : ''));
    });
    scope.after(() => app.close());
    world = await makeWorld(scope, { config: { workers: 1, upstreams: { app: app.url } } });
  });

  for (const scheme of ['NTLM', 'ntlm', 'Negotiate', 'NEGOTIATE']) {
    test(`${scheme}: one client keeps its connection through the handshake, and another never gets it`, async () => {
      const alice = await RawClient.connect(world.port);
      const ask = async (client, headers) => { await client.send(get(headers)); return client.response(); };
      assert.equal((await ask(alice, { Authorization: `${scheme} step1` })).status, 401);
      assert.equal((await ask(alice, { Authorization: `${scheme} alice` })).text, 'alice');
      assert.equal((await ask(alice)).text, 'alice', 'the same connection, without the field');
      for (let i = 0; i < 5; ++i) assert.equal((await request(world.port, 'GET', '/public/x')).text, 'nobody');
      assert.equal((await ask(alice)).text, 'alice');
      const standing = app.connections.size;
      alice.destroy();
      while (app.connections.size >= standing) await new Promise((resolve) => app.once('disconnection', resolve));
      assert.equal((await request(world.port, 'GET', '/public/x')).text, 'nobody');
    });
  }

  test('two clients at once are two people', async () => {
    const clients = await Promise.all(['alice', 'bob', 'carol'].map(async (name) => [name, await RawClient.connect(world.port)]));
    for (const [name, client] of clients) { await client.send(get({ Authorization: `Negotiate ${name}` })); assert.equal((await client.response()).text, name); }
    for (let round = 0; round < 3; ++round) for (const [name, client] of clients) { await client.send(get()); assert.equal((await client.response()).text, name); }
    for (const [, client] of clients) client.destroy();
  });

  test('other schemes cost no connection', async () => {
    const before_ = app.heads.length;
    for (let i = 0; i < 3; ++i) assert.equal((await request(world.port, 'GET', '/public/x', { Authorization: 'Basic YTpi' })).text, 'nobody');
    assert.equal(app.heads.length, before_ + 3);
  });
});

describe('what an app sends without being asked', () => {
  let world;
  let app;
  const scope = suite(after);
  before(async () => {
    app = await EvilUpstream.start(() => {});
    scope.after(() => app.close());
    world = await makeWorld(scope, { config: { workers: 1, upstreams: { app: app.url } } });
  });

  for (const [what, method, head] of [
    ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n'],
    ['HEAD with chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\n\r\n'],
    ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 70\r\n\r\n'],
    ['304 that announces nothing', 'GET', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
    ['204 that announces nothing', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['HEAD of length 0', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ]) {
    test(`behind the answer to ${what} is never the answer to the next request`, async () => {
      app.answer = (socket, text) => {
        if (!text.includes('/public/first')) return socket.write(bytesOf(200, 'the second'));
        app.first = socket;
        return socket.write(head);
      };
      await request(world.port, method, '/public/first');
      const late = new Promise((resolve) => app.once('head', () => { app.first.write(bytesOf(200, 'late and poisonous'.padEnd(30))); resolve(); }));
      const next = await request(world.port, 'GET', '/public/second');
      await late;
      assert.equal(next.text, 'the second');
    });
  }

  test('a 408 on an idle connection is not the answer to the next GET', async () => {
    app.answer = (socket, text) => { app.last = socket; socket.write(bytesOf(200, text.includes('/first') ? 'first' : 'second')); };
    assert.equal((await request(world.port, 'GET', '/public/first')).text, 'first');
    const client = await RawClient.connect(world.port);
    await client.send(get().subarray(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The worker finds both at once when it wakes up, the request first: the app gave up before it could have been asked.
    world.proxy.child.kill('SIGSTOP');
    await client.send(get({ Connection: 'close' }).subarray(5));
    await new Promise((resolve) => app.last.write(bytesOf(408, '', 'Connection: close\r\n'), resolve));
    world.proxy.child.kill('SIGCONT');
    const answer = await client.response();
    client.destroy();
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'second');
  });

  test('a 408 that answers a request is passed on', async () => {
    app.answer = (socket) => socket.end(bytesOf(408, 'the app gave up', 'Connection: close\r\n'));
    const answer = await request(world.port, 'GET', '/public/slow');
    assert.equal(answer.status, 408);
    assert.equal(answer.text, 'the app gave up');
  });
});

// The same, for who alone gets that connection again.
describe('behind an answer without a body on a connection that the app has signed in', () => {
  let world;
  let app;
  const scope = suite(after);
  const alice = { Authorization: 'Negotiate alice' };
  before(async () => {
    app = await EvilUpstream.start(() => {});
    scope.after(() => app.close());
    world = await makeWorld(scope, { config: { workers: 1, upstreams: { app: app.url } } });
  });

  for (const [what, method, head] of [
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ]) {
    test(`${what}: what comes late is not the same client's next answer`, async () => {
      app.answer = (socket, text) => {
        if (!text.includes('/public/first')) return socket.write(bytesOf(200, 'the second'));
        app.first = socket;
        return socket.write(head);
      };
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes(method, '/public/first', { Host: HOST, ...alice }));
      await client.response({ method });
      const late = new Promise((resolve) => app.once('head', () => { app.first.write(bytesOf(200, 'late and poisonous')); resolve(); }));
      await client.send(requestBytes('GET', '/public/second', { Host: HOST }));
      assert.equal((await client.response()).text, 'the second');
      await late;
      client.destroy();
    });
  }

  test('a handshake by HEAD stays on its connection', async () => {
    app.answer = (socket, text) => {
      const proof = /^authorization: ntlm (\S+)/im.exec(text)?.[1];
      if (proof === 'step1') { socket.challenged = true; return socket.write('HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM challenge\r\nContent-Length: 0\r\n\r\n'); }
      return socket.write(`HTTP/1.1 ${socket.challenged ? 200 : 401} Whatever\r\nContent-Length: 0\r\n\r\n`);
    };
    const client = await RawClient.connect(world.port);
    for (const [step, status] of [['step1', 401], ['step3', 200]]) {
      await client.send(requestBytes('HEAD', '/public/x', { Host: HOST, Authorization: `NTLM ${step}` }));
      assert.equal((await client.response({ method: 'HEAD' })).status, status);
    }
    client.destroy();
  });
});

describe('chunks that come behind their head', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  let world;
  let app;
  const scope = suite(after);
  before(async () => {
    app = await EvilUpstream.start(() => {});
    scope.after(() => app.close());
    world = await makeWorld(scope, { config: { workers: 1, upstreams: { app: app.url } } });
  });

  for (const [what, then] of [
    ['a first size that is none', (socket) => socket.write('XYZ\r\n')],
    ['the end', (socket) => socket.end()],
    ['a reset', (socket) => socket.resetAndDestroy()],
    ['half a size and the end', (socket) => socket.end('1')],
  ]) {
    test(`${what} right behind it is a 502, and not asked for again`, async () => {
      let asked = 0;
      app.answer = (socket) => { ++asked; socket.write(HEAD, () => setImmediate(() => then(socket))); };
      const answer = await request(world.port, 'GET', '/public/x');
      assert.equal(answer.status, 502);
      assert.equal(asked, 1);
    });
  }

  test('a head that stays alone goes on by itself', async () => {
    app.answer = (socket) => { app.last = socket; socket.write(HEAD); };
    const client = await RawClient.connect(world.port);
    await client.send(get());
    assert.equal((await client.head()).status, 200);
    client.destroy();
  });
});

// ---- connections that an app closes, and how many there are ----

const post = (port, client, target = '/public/x') => client.send(requestBytes('POST', target, { Host: HOST }, 'body'));

describe('an app that closes its connections', () => {
  const CLOSERS = {
    'a millisecond after its answer': (socket) => setTimeout(() => socket.end(), 1),
    'with a reset a millisecond after its answer': (socket) => setTimeout(() => socket.resetAndDestroy(), 1),
    'at once, with what has come unread': (socket) => setImmediate(() => socket.destroy()),
  };
  for (const [how, close] of Object.entries(CLOSERS)) {
    for (const announced of ['', 'Keep-Alive: timeout=1\r\n']) {
      test(`${how}${announced && ', as announced'}: none of 60 POSTs becomes a 502, and none is sent twice`, async (t) => {
        let bodies = 0;
        const app = await EvilUpstream.start((socket) => { bodies += 1; socket.write(bytesOf(200, 'ok', announced)); close(socket); });
        t.after(() => app.close());
        const world = await makeWorld(t, { config: { workers: 1, upstreams: { app: app.url } } });
        const client = await RawClient.connect(world.port);
        for (let i = 0; i < 60; ++i) {
          await post(world.port, client);
          assert.equal((await client.response()).status, 200, `POST number ${i + 1}`);
        }
        assert.equal(bodies, 60);
        client.destroy();
      });
    }
  }

  test('an app that says when it closes is not asked in that moment, and before that its connection is used again', async (t) => {
    const app = await EvilUpstream.start((socket) => socket.write(bytesOf(200, 'ok', 'Keep-Alive: timeout=2\r\n')));
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { workers: 1, upstreams: { app: app.url } } });
    await request(world.port, 'GET', '/public/1');
    const [connection] = app.connections;
    await request(world.port, 'GET', '/public/2');
    assert.equal(app.connections.size, 1);
    await new Promise((resolve) => connection.once('close', resolve));  // we are the first to close it
  });

  test('an app that keeps its connections gets POSTs on them too', async (t) => {
    const app = await EvilUpstream.start((socket) => socket.write(bytesOf(200, 'ok')));
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { workers: 1, upstreams: { app: app.url } } });
    const client = await RawClient.connect(world.port);
    await post(world.port, client);
    await client.response();
    await new Promise((resolve) => setTimeout(resolve, 600));
    const standing = app.connections.size;
    for (let i = 0; i < 20; ++i) { await post(world.port, client); assert.equal((await client.response()).status, 200); }
    assert.equal(app.connections.size, standing);
    client.destroy();
  });
});

// accept(); then one request after the other until that connection ends; meanwhile the others wait in the backlog.
class SerialApp {
  busy = null;
  waiting = [];
  most = 0;
  static async start(scope) {
    const app = new SerialApp();
    app.server = await EvilUpstream.start(() => {});
    app.server.serve = (socket) => app.take(socket);
    scope.after(() => app.server.close());
    app.url = app.server.url;
    return app;
  }
  take(socket) {
    socket.on('error', () => {});
    if (this.busy) { socket.pause(); return this.waiting.push(socket); }
    this.busy = socket;
    socket.on('data', (data) => { if (data.includes('\r\n\r\n')) socket.write(bytesOf(200, 'ok')); });
    socket.on('close', () => { this.busy = null; const next = this.waiting.shift(); if (next) this.take(next); });
    socket.on('end', () => socket.end());
    return socket.resume();
  }
}

describe('an app that serves one connection at a time', () => {
  for (const [key, settings] of Object.entries({ keep_alive: { keep_alive: 'off' }, max_connections: { max_connections: 1 } })) {
    for (const workers of [1, 3]) {
      test(`works with ${key}, ${workers} workers`, async (t) => {
        const app = await SerialApp.start(t);
        const world = await makeWorld(t, { config: { workers, upstreams: { app: { url: app.url, ...settings } } } });
        for (let round = 0; round < 3; ++round) {
          const answers = await Promise.all(Array.from({ length: 12 }, (_one, i) => request(world.port, i % 2 ? 'POST' : 'GET', '/public/x', {}, { body: i % 2 ? 'x' : undefined, timeout: 8000 })));
          assert.deepEqual(answers.map(({ status }) => status), Array(12).fill(200));
        }
      });
    }
  }

  for (const workers of [1, 3]) {
    test(`is found out without a key, ${workers} workers`, async (t) => {
      const app = await SerialApp.start(t);
      const world = await makeWorld(t, { config: { workers, upstreams: { app: app.url } } });
      const all = () => Promise.all(Array.from({ length: 12 }, () => request(world.port, 'GET', '/public/x', {}, { timeout: 20_000 })));
      assert.deepEqual((await all()).map(({ status }) => status), Array(12).fill(200));
      await world.proxy.waitLog((line) => /keep_alive: off/.test(line.msg) && line.upstream === 'app');
      assert.deepEqual((await all()).map(({ status }) => status), Array(12).fill(200));
    });
  }

  test('with keep_alive off the app is told that the connection ends', async (t) => {
    const app = await EvilUpstream.start((socket) => socket.write(bytesOf(200, 'ok')));
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { upstreams: { app: { url: app.url, keep_alive: 'off' } } } });
    await request(world.port, 'GET', '/public/x');
    assert.match(app.heads[0], /\r\nConnection: close\r\n/);
  });

  test('who waits too long, or behind too many, gets 503 and a line that names the key', async (t) => {
    const app = await EvilUpstream.start(() => {});
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { workers: 1, upstreams: { app: { url: app.url, max_connections: 1, queue: 1, queue_timeout: '300ms' } } } });
    const first = await RawClient.connect(world.port);
    await first.send(get());
    await new Promise((resolve) => app.once('head', resolve));
    const answers = await Promise.all([1, 2, 3].map(() => request(world.port, 'GET', '/public/x')));
    assert.deepEqual(answers.map(({ status }) => status), [503, 503, 503]);
    await world.proxy.waitLog((line) => /queue_timeout/.test(line.reason ?? ''));
    await world.proxy.waitLog((line) => /as many requests as queue says/.test(line.reason ?? ''));
    first.destroy();
  });
});

// ---- slots that slow clients hold ----

describe('a slow client', () => {
  const slots = { max_connections: 1, queue_timeout: '30s' };
  async function oneSlot(t, answer, key = slots) {
    const app = await EvilUpstream.start(answer);
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { workers: 2, upstreams: { app: { url: app.url, ...key } } } });
    return { app, world };
  }

  test('that sends its upload a byte now and then loses its slot to who waits, and is told so', async (t) => {
    const { app, world } = await oneSlot(t, (socket, head) => { if (head.startsWith('GET')) socket.write(bytesOf(200, 'ok')); });
    const slow = await RawClient.connect(world.port);
    await slow.send(requestBytes('POST', '/public/up', { Host: HOST, 'Content-Length': '1000000' }));
    await new Promise((resolve) => app.once('head', resolve));
    const timer = setInterval(() => slow.socket.write('x'), 100);
    try {
      assert.equal((await request(world.port, 'GET', '/public/x', {}, { timeout: 30_000 })).text, 'ok');
      assert.equal((await slow.response()).status, 408);
    } finally { clearInterval(timer); slow.destroy(); }
    await world.proxy.waitLog((line) => /slow client/.test(line.msg) && line.upstream === 'app');
  });

  test('that does not read its answer loses its slot to who waits', async (t) => {
    const { app, world } = await oneSlot(t, (socket, head) => {
      if (!head.includes('/big')) return socket.write(bytesOf(200, 'ok'));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
      const more = () => { while (socket.writable && socket.write(Buffer.alloc(1 << 16))) { /* until it is full */ } };
      socket.on('drain', more);
      return more();
    });
    const slow = await RawClient.connect(world.port);
    slow.socket.pause();
    await slow.send(requestBytes('GET', '/public/big', { Host: HOST }));
    await new Promise((resolve) => app.once('head', resolve));
    assert.equal((await request(world.port, 'GET', '/public/x', {}, { timeout: 30_000 })).text, 'ok');
    slow.destroy();
  });

  test('keeps it where nobody waits, and so does who reads or sends steadily', async (t) => {
    const { app, world } = await oneSlot(t, (socket, head) => { if (head.startsWith('GET')) socket.write(bytesOf(200, 'ok')); }, { ...slots, queue_timeout: '7s' });
    const steady = await RawClient.connect(world.port);
    await steady.send(requestBytes('POST', '/public/up', { Host: HOST, 'Content-Length': '100000000' }));
    await new Promise((resolve) => app.once('head', resolve));
    const timer = setInterval(() => steady.socket.write(Buffer.alloc(4096)), 100);
    try {
      assert.equal((await request(world.port, 'GET', '/public/x', {}, { timeout: 30_000 })).status, 503, 'the slot is not free');
      await steady.silent(10);
    } finally { clearInterval(timer); steady.destroy(); }
  });
});

// ---- bodies with a length, for apps that know no chunks ----

describe('buffer_request', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      routes: [{ path: '/buffered/*', access: 'public', upstream: 'app', buffer_request: '64KiB' }, { path: '/plain/*', access: 'public', upstream: 'app' }],
    });
  });
  const chunked = (parts) => `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
  const put = (target, parts, headers = {}) => request(world.port, 'PUT', target, { 'Transfer-Encoding': 'chunked', ...headers }, { body: chunked(parts) });

  test('a chunked upload arrives with a length', async () => {
    const parts = ['one, ', 'two, ', 'x'.repeat(40_000)];
    assert.equal((await put('/buffered/a', parts)).status, 200);
    const seen = await world.recorder.waitFor(({ target }) => target === '/buffered/a');
    assert.equal(seen.fields.get('content-length'), String(parts.join('').length));
    assert.ok(!seen.fields.has('transfer-encoding'));
    assert.equal(seen.body.toString(), parts.join(''));
  });
  test('an empty one has the length 0', async () => {
    await put('/buffered/empty', []);
    assert.equal((await world.recorder.waitFor(({ target }) => target === '/buffered/empty')).fields.get('content-length'), '0');
  });
  test('a larger one is 413, and the app hears nothing', async () => {
    assert.equal((await put('/buffered/large', ['x'.repeat(70_000)])).status, 413);
    assert.ok(!world.recorder.targets().includes('/buffered/large'));
  });
  test('one with a length goes on as it comes, however large', async () => {
    assert.equal((await request(world.port, 'PUT', '/buffered/length', {}, { body: 'x'.repeat(100_000) })).status, 200);
  });
  test('elsewhere chunks stay chunks', async () => {
    await put('/plain/a', ['hello']);
    assert.equal((await world.recorder.waitFor(({ target }) => target === '/plain/a')).fields.get('transfer-encoding'), 'chunked');
  });
  test('who waits for 100 Continue gets it', async () => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('PUT', '/buffered/expect', { Host: HOST, 'Transfer-Encoding': 'chunked', Expect: '100-continue' }));
    assert.equal((await client.head()).status, 100);
    await client.send(chunked(['hello']));
    assert.equal((await client.response()).status, 200);
    client.destroy();
  });
});
