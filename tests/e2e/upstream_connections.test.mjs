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
