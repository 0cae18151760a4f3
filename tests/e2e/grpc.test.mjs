// gRPC to apps of HTTP/2: streams both ways, trailers, deadlines, and how our own refusals are told.
// Release too: the wire, and what nghttp2 makes of it.
// Quick.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Call, serve } from './lib/grpc.mjs';
import { Http2App } from './lib/http2_app.mjs';
import { run, SLOWNESS } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const { constants } = http2;
const WIRES = ['http1', 'http2'];
const LISTEN = { listen: [{ address: '127.0.0.1:0', h2c: true }] };

for (const wire of WIRES) {
  describe(`over ${wire}`, () => {
    const scope = suite(after);
    let app;
    let world;
    before(async () => {
      app = await Http2App.start({ handle: serve });
      scope.after(() => app.close());
      world = await makeWorld(scope, {
        config: { ...LISTEN, workers: 1, upstreams: { app: app.url, gone: 'h2c://127.0.0.1:1' } },
        routes: [
          { path: '/public/*', access: 'public', upstream: 'app' },
          { path: '/gone/*', access: 'public', upstream: 'gone' },
          { path: '/denied/*', access: 'deny' },
          { path: '/away/*', unauthenticated: 'redirect', upstream: 'app' },
          { path: '/private/*', upstream: 'app' },
          { path: '/small/*', access: 'public', limits: { request_body: '1KiB' }, upstream: 'app' },
        ],
      });
    });
    const call = (path, headers) => Call.over(wire, world, path, headers);

    test('messages go both ways while the call is open', async () => {
      const one = call('/public/x.Y/Echo');
      for (let i = 1; i <= 5; ++i) {
        one.send(`${i}`);
        assert.equal(await one.message(i), `you said ${i}`);
      }
      const outcome = await one.end().outcome();
      assert.deepEqual([outcome.http, outcome.status, outcome.type], [200, 0, 'application/grpc']);
      assert.equal(app.streams.at(-1).headers.te, 'trailers');
    });

    test('a large message, up and down', async () => {
      const one = call('/public/x.Y/Echo');
      const text = 'x'.repeat(3_000_000);
      one.send(text);
      assert.equal(await one.message(1), `you said ${text}`);
      assert.equal((await one.end().outcome()).status, 0);
    });

    test('a call that the app ends before its client does', async () => {
      const one = call('/public/x.Y/Enough');
      one.send('1');
      const outcome = await one.outcome();
      assert.deepEqual([outcome.status, outcome.message], [9, 'enough']);
    });

    test('an app that refuses in its head', async () => {
      const outcome = await call('/public/x.Y/Refuse').end().outcome();
      assert.deepEqual([outcome.http, outcome.status, outcome.message], [200, 5, 'no%20such']);
    });

    describe('our refusals are HTTP 200 and a status', () => {
      const rows = {
        'no session': ['/private/x.Y/Echo', {}, 16, 'unauthenticated'],
        'no session, where browsers are sent away': ['/away/x.Y/Echo', { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 16, 'unauthenticated'],
        'a session that is none': ['/private/x.Y/Echo', { cookie: '__Host-logto-proxy=nonsense' }, 16, 'unauthenticated'],
        denied: ['/denied/x.Y/Echo', {}, 7, 'deny'],
        'no route': ['/nowhere/x.Y/Echo', {}, 12, 'no_route'],
        'an app that is away': ['/gone/x.Y/Echo', {}, 14, 'public'],
        grpc_web: ['/private/x.Y/Echo', { 'content-type': 'application/grpc-web+proto' }, 16, 'unauthenticated'],
      };
      for (const [what, [path, headers, status, decision]] of Object.entries(rows)) {
        test(what, async () => {
          const one = call(path, headers).end();
          const outcome = await one.outcome();
          assert.equal(outcome.http, 200);
          assert.equal(outcome.status, status);
          assert.match(outcome.message, /^[ -~]+$/);
          assert.equal(outcome.type, headers['content-type'] ?? 'application/grpc');
          assert.equal(one.head.location, undefined);
          assert.deepEqual([one.messages, one.trailers['grpc-status']], [[], undefined]);
          await world.proxy.waitAccess((entry) => entry.path === path && entry.decision === decision && entry.status === 200);
        });
      }

      test('more than is allowed', async () => {
        const one = call('/small/x.Y/Silent');
        one.send('x'.repeat(3000));
        const outcome = await one.outcome();
        assert.deepEqual([outcome.http, outcome.status], [200, 8]);
      });
    });

    test('a session lets calls pass, and its person is told', async () => {
      const cookie = await world.session();
      const one = call('/private/x.Y/Echo', { cookie });
      one.send('me');
      await one.message(1);
      assert.equal((await one.end().outcome()).status, 0);
      assert.ok(app.streams.at(-1).headers['x-forwarded-user']);
    });

    describe('deadlines', () => {
      test('an app that says nothing', async () => {
        const one = call('/public/x.Y/Silent', { 'grpc-timeout': '200m' });
        const outcome = await one.outcome();
        assert.deepEqual([outcome.http, outcome.status], [200, 4]);
        const asked = app.streams.at(-1);
        if (asked.closedWith === null) await once(app, 'closed');
        assert.equal(asked.closedWith, constants.NGHTTP2_CANCEL);
        assert.equal(asked.headers['grpc-timeout'], '200m');
        await world.proxy.waitAccess((entry) => entry.decision === 'deadline');
      });

      test('an app that has begun', async () => {
        const one = call('/public/x.Y/First', { 'grpc-timeout': '300000u' });
        assert.equal(await one.message(1), 'first');
        assert.equal((await one.outcome()).status, 4);
      });

      test('one that is none bounds nothing', async () => {
        const one = call('/public/x.Y/Echo', { 'grpc-timeout': '1 second' });
        one.send('x');
        await one.message(1);
        assert.equal((await one.end().outcome()).status, 0);
      });
    });

    test('an app that dies in a call', async () => {
      const one = call('/public/x.Y/Dies');
      assert.equal(await one.message(1), 'first');
      assert.equal((await one.outcome()).status, 14);
    });

    test('a client that cancels', async () => {
      const one = call('/public/x.Y/First');
      await one.message(1);
      const asked = app.streams.at(-1);
      one.cancel();
      if (asked.closedWith === null) await once(app, 'closed');
      assert.equal(asked.closedWith, constants.NGHTTP2_CANCEL);
    });
  });
}

for (const wire of WIRES) test(`${wire}: silence is no reason to end a call, and response_timeout none to wait no longer`, async (t) => {
  const app = await Http2App.start({ handle: serve });
  t.after(() => app.close());
  const world = await makeWorld(t, {
    config: { ...LISTEN, workers: 1, upstreams: { app: { url: app.url, response_timeout: '300ms' } }, timeouts: { body_idle: '300ms' } },
    routes: [{ path: '/bounded/*', access: 'public', upstream: 'app', timeouts: { response: '300ms' } }, { path: '/*', access: 'public', upstream: 'app' }],
  });
  const echo = Call.over(wire, world, '/x.Y/Echo');
  const silent = Call.over(wire, world, '/x.Y/Silent').end();
  const bounded = Call.over(wire, world, '/bounded/x.Y/Silent').end();
  const plain = world.get('/x.Y/Silent');
  assert.equal((await bounded.outcome()).status, 14);
  assert.equal((await plain).status, 504);
  await new Promise((resolve) => setTimeout(resolve, 600 * SLOWNESS));
  echo.send('still there');
  assert.equal(await echo.message(1), 'you said still there');
  assert.equal(silent.ended, false);
  echo.cancel();
  silent.cancel();
});

for (const wire of WIRES) test(`${wire}: a session that ends takes its calls along, in words`, async (t) => {
  const app = await Http2App.start({ handle: serve });
  t.after(() => app.close());
  const world = await makeWorld(t, { config: { ...LISTEN, workers: 1, upstreams: { app: app.url }, session: { idle_timeout: '4s', max_lifetime: '4s' } } });
  const cookie = await world.session();
  const [begun, waiting] = ['First', 'Silent'].map((method) => Call.over(wire, world, `/private/x.Y/${method}`, { cookie }));
  const outcomes = [await begun.outcome(), await waiting.outcome()];
  assert.deepEqual(outcomes.map(({ http, status, message }) => [http, status, message]), [[200, 16, 'the session has ended'], [200, 16, 'the session has ended']]);
  assert.deepEqual(begun.messages, ['first']);
});

test('explain says what a call would get', async (t) => {
  const world = await makeWorld(t, { config: { upstreams: { app: 'http://127.0.0.1:1', calls: 'h2c://127.0.0.1:1' } }, routes: [{ path: '/calls/*', upstream: 'calls' }, { path: '/*', upstream: 'app' }] });
  const explain = async (path) => (await run(['explain', '--config', world.proxy.file, '--method', 'POST', '--header', 'Content-Type: application/grpc', '--url', `http://${HOST}${path}`])).stdout;
  assert.match(await explain('/calls/x.Y/Echo'), /grpc-status 16/);
  assert.doesNotMatch(await explain('/x.Y/Echo'), /grpc-status/);
});

test('a page that says it is a call stays a page: no deadline cuts it short, and nothing ends it as if it were whole', async (t) => {
  const world = await makeWorld(t, { config: LISTEN });
  world.recorder.onHead = async (_request, reply) => {
    await reply.raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nha\r\n');
    await sleep(300); // three times what the client says that it waits
    await reply.raw('2\r\nlf\r\n0\r\n\r\n');
    return true;
  };
  for (const method of ['GET', 'POST']) {
    const answer = await request(world.port, method, '/public/app.js', { 'Content-Type': 'application/grpc', 'grpc-timeout': '100m', TE: 'trailers' }, { host: HOST });
    assert.deepEqual([answer.status, answer.text], [200, 'half'], method);
  }
  assert.equal((await request(world.port, 'POST', '/private/x', { 'Content-Type': 'application/grpc' }, { host: HOST })).status, 401);
});

describe('trailers of HTTP/1', () => {
  const chunkedAnswer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7 \r\nSet-Cookie: a=b\r\nContent-Length: 5\r\nX-Forwarded-User: x\r\n\r\n';
  const ask = async (world, fields) => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST, ...fields }));
    const answer = await client.response();
    await client.send(requestBytes('GET', '/public/x', { Host: HOST, ...fields }));
    assert.equal((await client.response()).text, answer.text); // and the connection goes on
    client.destroy();
    return answer;
  };

  test('of an app reach who asked for them, and nobody else', async (t) => {
    const world = await makeWorld(t);
    world.recorder.handle = (_one, reply) => reply.raw(chunkedAnswer);
    const asked = await ask(world, { TE: 'trailers', Connection: 'TE' });
    assert.equal(asked.text, 'ok');
    assert.deepEqual(asked.trailers.filter(([name]) => name !== 'X-Forwarded-User'), [['X-Sum', '7']]);
    assert.deepEqual((await ask(world, {})).trailers, []);
  });

  test('of an app of HTTP/2 too; behind a length there is no place', async (t) => {
    const app = await Http2App.start({
      handle: (one, stream) => {
        const fields = one.headers[':path'].endsWith('length') ? { 'content-length': '2' } : {};
        stream.respond({ ':status': 200, ...fields }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
        stream.end('ok');
      },
    });
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { upstreams: { app: app.url } } });
    const client = await RawClient.connect(world.port);
    const te = { Host: HOST, TE: 'trailers', Connection: 'TE' };
    await client.send(requestBytes('GET', '/public/x', te));
    assert.deepEqual((await client.response()).trailers, [['x-sum', '7']]);
    await client.send(requestBytes('GET', '/public/length', te));
    const answer = await client.response();
    assert.deepEqual([answer.text, answer.trailers], ['ok', undefined]);
    client.destroy();
  });

  test('of a request reach an app of HTTP/2, but what decides', async (t) => {
    const app = await Http2App.start({ handle: (one, stream) => { stream.on('end', () => { stream.respond({ ':status': 200 }); stream.end('ok'); }); } });
    t.after(() => app.close());
    const world = await makeWorld(t, { config: { upstreams: { app: app.url } } });
    const client = await RawClient.connect(world.port);
    await client.send(`POST /public/x HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nAuthorization: Bearer x\r\nX-Forwarded-User: mallory\r\nContent-Length: 5\r\n\r\n`);
    assert.equal((await client.response()).status, 200);
    client.destroy();
    const { trailers } = app.streams[0];
    assert.deepEqual(Object.entries(trailers), [['x-sum', '7']]);
  });
});
