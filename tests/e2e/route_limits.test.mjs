// Limits and times of one route, over those of all.
// Quick.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { run } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

describe('limits of a route', () => {
  const scope = suite(after);
  let world;
  before(async () => {
    world = await makeWorld(scope, {
      config: (base) => ({
        ...base,
        limits: { request_body: '10KiB' }, timeouts: { body_idle: '30s' },
        upstreams: { app: { url: base.upstreams.app, response_timeout: '30s', idle_timeout: '30s' } },
        routes: [
          { path: '/upload/*', access: 'public', upstream: 'app', limits: { request_body: '1MiB' } },
          { path: '/any/*', access: 'public', upstream: 'app', limits: { request_body: 'none' } },
          { path: '/small/*', access: 'public', upstream: 'app', limits: { request_body: '100' } },
          { path: '/collected/*', access: 'public', upstream: 'app', limits: { request_body: '20KiB' }, buffer_request: '1MiB' },
          { path: '/late/*', access: 'public', upstream: 'app', timeouts: { response: '200ms' } },
          { path: '/silent/*', access: 'public', upstream: 'app', timeouts: { idle: '200ms' } },
          { path: '/stalled/*', access: 'public', upstream: 'app', timeouts: { body_idle: '200ms' } },
          { path: '/*', access: 'public', upstream: 'app' },
        ],
      }),
    });
  });
  const post = async (path, bytes) => (await request(world.port, 'POST', path, { Connection: 'close' }, { body: 'a'.repeat(bytes) }).catch(() => ({ status: 413 }))).status;
  const postChunked = async (path, bytes) => {
    const client = await RawClient.connect(world.port);
    try {
      client.send(Buffer.concat([requestBytes('POST', path, { Host: HOST, 'Transfer-Encoding': 'chunked' }), Buffer.from(`${bytes.toString(16)}\r\n${'a'.repeat(bytes)}\r\n0\r\n\r\n`)]));
      return (await client.response({ method: 'POST' })).status;
    } finally { client.destroy(); }
  };

  test('a body may be larger, or only smaller, than elsewhere', async () => {
    for (const send of [post, postChunked]) {
      assert.equal(await send('/x', 9_000), 200);
      assert.equal(await send('/x', 11_000), 413);
      assert.equal(await send('/upload/x', 900_000), 200);
      assert.equal(await send('/upload/x', 1_100_000), 413);
      assert.equal(await send('/any/x', 2_000_000), 200);
      assert.equal(await send('/small/x', 100), 200);
      assert.equal(await send('/small/x', 101), 413);
    }
    assert.equal(await postChunked('/collected/x', 20_000), 200);
    assert.equal(await postChunked('/collected/x', 21_000), 413);
  });

  test('explain names the key that the body is over, as the log does', async () => {
    const explained = (path, bytes) => run(['explain', '--config', world.proxy.file, '--method', 'POST', '--url', `${ORIGIN}${path}`, '--header', `Content-Length: ${bytes}`]);
    assert.match((await explained('/small/x', 101)).stdout, /over limits\.request_body of the route \(100\)/);
    assert.match((await explained('/x', 11_000)).stdout, /over limits\.request_body \(10240\)/);
  });

  test('an app that answers late on one route is given up there, and the log says for how long it was waited', async () => {
    const original = world.recorder.handle;
    world.recorder.handle = async (asked, reply) => { await new Promise((resolve) => setTimeout(resolve, 600)); return reply.json({}); };
    assert.equal((await request(world.port, 'GET', '/late/x')).status, 504);
    assert.equal((await request(world.port, 'GET', '/x')).status, 200, 'also on a connection that the route had before');
    assert.match(world.proxy.output, /no answer in time: waited 0\.2 s/);
    world.recorder.handle = original;
  });

  test('an app that falls silent in mid answer is given up there', async () => {
    const original = world.recorder.handle;
    world.recorder.handle = async (asked, reply) => {
      await reply.head(200, { 'Content-Length': 10 });
      await reply.raw('12345');
      await new Promise((resolve) => setTimeout(resolve, 600));
      await reply.raw('67890');
    };
    await assert.rejects(request(world.port, 'GET', '/silent/x'));
    assert.equal((await request(world.port, 'GET', '/x')).text, '1234567890');
    world.recorder.handle = original;
  });

  test('a client that stalls in its body is given up there, and the next request on a connection has its own time', async () => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('POST', '/stalled/x', { Host: HOST, 'Content-Length': 2 }, 'ab'));
    assert.equal((await client.response({ method: 'POST' })).status, 200);
    await client.send(requestBytes('POST', '/x', { Host: HOST, 'Content-Length': 2 }, 'a'));
    await client.silent(500);
    await client.send(Buffer.from('b'));
    assert.equal((await client.response({ method: 'POST' })).status, 200);
    await client.send(requestBytes('POST', '/stalled/x', { Host: HOST, 'Content-Length': 2 }, 'a'));
    assert.equal((await client.response({ method: 'POST', timeout: 5000 })).status, 408);
    client.destroy();
  });
});
