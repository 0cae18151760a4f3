// What a session let somebody start ends with the session: WebSockets, event streams, downloads, uploads, long polls.
// Quick.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { webSocketLibrary } from './lib/chromium.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const LIFETIME_MS = 4000;
// A session counts whole seconds, so its end is known to a second; then at most one more until all is over.
const LATEST_MS = LIFETIME_MS + 1000 + 1000 * SLOWNESS;

const never = () => {};
const APP = {
  '/private/start': (_request, response) => response.end('{}'),
  '/private/events': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: x\n\n'), 50);
    response.on('close', () => clearInterval(timer));
  },
  '/private/download': (_request, response) => {
    response.writeHead(200, { 'Content-Length': 1e9 });
    const timer = setInterval(() => response.write(Buffer.alloc(1000)), 50);
    response.on('close', () => clearInterval(timer));
  },
  '/private/poll': never,
  '/private/up': (request) => request.resume(),
};

class App {
  sockets = [];
  closed = new Map();  // by path: the app's side of the request has ended
  async start() {
    this.server = http.createServer((request, response) => {
      this.closed.set(request.url, once(response, 'close'));
      (APP[request.url] ?? APP['/private/start'])(request, response);
    });
    const { WebSocketServer } = webSocketLibrary();
    this.webSockets = new WebSocketServer({ server: this.server });
    this.webSockets.on('connection', (socket) => {
      const timer = setInterval(() => socket.send('tick'), 50);
      this.sockets.push(once(socket, 'close').finally(() => clearInterval(timer)));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }
  get url() { return `http://127.0.0.1:${this.server.address().port}`; }
  stop() {
    for (const one of this.webSockets.clients) one.terminate();
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('when a session reaches its end', { concurrency: true }, () => {
  const scope = suite(after);
  const { WebSocket } = webSocketLibrary();
  let app;
  let world;
  before(async () => {
    app = await new App().start();
    scope.after(() => app.stop());
    world = await makeWorld(scope, {
      config: { upstreams: { app: app.url }, session: { idle_timeout: `${LIFETIME_MS}ms`, max_lifetime: `${LIFETIME_MS}ms` } },
    });
  });

  async function signedIn() {
    const began = Date.now();
    const cookie = await world.session();
    return { cookie, assertInTime: () => assert.ok(Date.now() - began < LATEST_MS, `ended after ${Date.now() - began} ms`) };
  }
  function ask(path, cookie, method = 'GET') {
    const request = http.request({ port: world.port, host: '127.0.0.1', method, path, headers: { Host: HOST, Cookie: cookie }, agent: false });
    request.on('error', () => {});  // a cut shows at the response too
    if (method === 'GET') request.end();
    return request;
  }
  const logged = (path) => world.proxy.waitAccess((entry) => entry.path === path && entry.decision === 'session_over');

  test('a WebSocket gets 4401, and so does the app', async () => {
    const { cookie, assertInTime } = await signedIn();
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/private/ws`, { origin: ORIGIN, headers: { Host: HOST, Cookie: cookie } });
    const [message] = await once(socket, 'message');
    assert.equal(String(message), 'tick');
    const [code, reason] = await once(socket, 'close');
    assert.equal(code, 4401);
    assert.equal(String(reason), 'session ended');
    assertInTime();
    const [appCode, appReason] = await app.sockets[0];
    assert.equal(appCode, 4401);
    assert.equal(String(appReason), 'session ended');
    await logged('/private/ws');
  });

  for (const path of ['/private/events', '/private/download']) {
    test(`${path} is cut, not ended`, async () => {
      const { cookie, assertInTime } = await signedIn();
      const [response] = await once(ask(path, cookie), 'response');
      assert.equal(response.statusCode, 200);
      let received = 0;
      response.on('data', (data) => { received += data.length; });
      const [error] = await once(response, 'error');
      assert.equal(error.code, 'ECONNRESET');
      assert.equal(response.complete, false);
      assert.ok(received > 0);
      assertInTime();
      await app.closed.get(path);
      await logged(path);
    });
  }

  test('a long poll gets 401', async () => {
    const { cookie, assertInTime } = await signedIn();
    const [response] = await once(ask('/private/poll', cookie), 'response');
    assert.equal(response.statusCode, 401);
    assertInTime();
    assert.match(response.headers['content-type'], /json/);
    assert.equal(response.headers['set-cookie'], undefined);
    response.resume();
    await app.closed.get('/private/poll');
    await logged('/private/poll');
  });

  test('an upload gets 401 and its connection closes', async () => {
    const { cookie, assertInTime } = await signedIn();
    const request = ask('/private/up', cookie, 'POST');
    const timer = setInterval(() => request.write('x'.repeat(1000)), 50);
    const [response] = await once(request, 'response');
    clearInterval(timer);
    assert.equal(response.statusCode, 401);
    assertInTime();
    assert.equal(response.headers.connection, 'close');
    response.resume();
    await app.closed.get('/private/up');
    await logged('/private/up');
  });
});
