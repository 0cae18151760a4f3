// The admin listener, the health command, and an orderly end.
// Release too: what is packaged: the commands, the signals, the version.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { describe, test } from 'node:test';
import { run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const admin = (world, path, method = 'GET') => request(world.proxy.adminPort, method, path, {}, { host: `127.0.0.1:${world.proxy.adminPort}` });

// A request that the app holds until release() is called.
async function held(world, target = '/public/slow') {
  let release;
  const gate = new Promise((resolve) => { release = resolve; });
  world.recorder.handle = async (_request, reply) => { await gate; await reply.send(200, {}, 'done'); };
  const client = await RawClient.connect(world.port);
  await client.send(requestBytes('GET', target, { Host: HOST }));
  await world.recorder.waitFor((one) => one.target === target);
  return { client, release };
}

describe('health', () => {
  test('healthz and readyz answer on the admin listener only', async (t) => {
    const world = await makeWorld(t);
    const [health, ready] = [await admin(world, '/healthz'), await admin(world, '/readyz')];
    assert.equal(health.status, 200);
    assert.equal(health.text.trim(), 'ok');
    assert.equal(ready.status, 200);
    assert.equal(ready.text.trim(), 'ready');
    assert.equal((await admin(world, '/private/x')).status, 404, 'routes are not served on the admin listener');
    assert.equal((await admin(world, '/_auth/me')).status, 404);
    assert.ok([404, 405].includes((await admin(world, '/healthz', 'POST')).status));
    assert.equal((await world.get('/healthz')).status, 404);
    assert.deepEqual(world.recorder.requests, []);
  });

  test("load balancers' plain checks: without Host, with an empty one, and OPTIONS", async (t) => {
    const world = await makeWorld(t);
    for (const [line, status] of [['GET /healthz HTTP/1.0', 200], ['GET /readyz HTTP/1.0', 200], ['HEAD /readyz HTTP/1.0', 200], ['OPTIONS / HTTP/1.0', 200], ['OPTIONS /readyz HTTP/1.0', 200], ['GET / HTTP/1.0', 404], ['GET /healthz HTTP/1.1', 200], ['GET /healthz HTTP/1.1\r\nHost:', 200], ['OPTIONS / HTTP/1.1\r\nHost: ', 200], ['GET /healthz HTTP/1.1\r\nHost: a b', 400]]) {
      const client = await RawClient.connect(world.proxy.adminPort);
      await client.send(`${line}\r\n\r\n`);
      assert.equal((await client.response({ method: line.split(' ')[0] })).status, status, line);
      client.destroy();
    }
    const outside = await RawClient.connect(world.port);
    await outside.send('GET /public/x HTTP/1.0\r\n\r\n');
    assert.equal((await outside.response()).status, 400);
    outside.destroy();
  });

  test('such checks on the public listener: of what health names, and of nothing else', async (t) => {
    const world = await makeWorld(t, { config: { health: { ping: '/ping', ready: '/ready' } } });
    const asked = async (head, headers = '') => {
      const client = await RawClient.connect(world.port);
      await client.send(`${head}\r\n${headers}\r\n`);
      const { status } = await client.response({ method: head.split(' ')[0] });
      client.destroy();
      return status;
    };
    for (const head of ['GET /ping HTTP/1.0', 'HEAD /ready HTTP/1.0', 'GET /ping HTTP/1.1', 'GET /ping HTTP/1.1\r\nHost:', 'GET /ping?x HTTP/1.0\r\nHost: ']) assert.equal(await asked(head), 200, head);
    for (const head of ['GET /public/x HTTP/1.0', 'GET /public/x HTTP/1.1', 'GET /public/x HTTP/1.1\r\nHost:', 'GET /_auth/me HTTP/1.0', 'POST /ping HTTP/1.0', 'GET /ping/ HTTP/1.0', 'GET http://x/ping HTTP/1.0', 'GET /ping HTTP/1.1\r\nHost: a\r\nHost:']) assert.equal(await asked(head), 400, head);
    assert.deepEqual(world.recorder.requests, []);
    const plain = await makeWorld(t);
    for (const head of ['GET /ping HTTP/1.0', 'GET /ping HTTP/1.1\r\nHost:']) {
      const client = await RawClient.connect(plain.port);
      await client.send(`${head}\r\n\r\n`);
      assert.equal((await client.response()).status, 400, head);
      client.destroy();
    }
  });

  test('on a unix socket, and asked there by the health command', async (t) => {
    const socket = `${temporaryFolder()}/admin.sock`;
    const world = await makeWorld(t, { config: { admin: { listen: `unix:${socket}` } } });
    const { code, stdout, stderr } = await run(['health', '--config', world.proxy.file]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), 'ready');
    const client = await RawClient.connect(undefined, { host: undefined, path: socket });
    await client.send('GET /healthz HTTP/1.0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    client.destroy();
  });

  test('the health command tells by its exit code, for containers', async (t) => {
    const world = await makeWorld(t);
    assert.equal((await run(['health', '--config', world.proxy.file])).code, 0);
    world.proxy.expectExit = true;
    const { file } = world.proxy;
    const copy = writeConfig(fs.readFileSync(file, 'utf8'));
    world.proxy.signal('SIGTERM');
    await world.proxy.exit();
    const { code, stderr, stdout } = await run(['health', '--config', copy]);
    assert.notEqual(code, 0);
    assert.ok((stderr + stdout).length > 0, 'says why');
  });

  test('Logto and apps that are down do not make the proxy unhealthy', async (t) => {
    const world = await makeWorld(t, { config: { upstreams: { app: 'http://127.0.0.1:1' }, logto: { endpoint: 'http://127.0.0.1:1' } } });
    assert.equal((await admin(world, '/healthz')).status, 200);
    assert.equal((await admin(world, '/readyz')).status, 200);
  });
});

describe('SIGTERM', () => {
  test('readiness fails first, requests in flight end whole, then exit 0', async (t) => {
    const world = await makeWorld(t, { config: { shutdown: { ready_wait: '0s' } } });
    const { client, release } = await held(world);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    let ready;
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      ready = await admin(world, '/readyz').catch(() => null);
      if (!ready || ready.status !== 200) break;
    }
    assert.equal(ready?.status, 503, 'readyz says so while it drains');
    assert.equal(ready.text.trim(), 'stopping');
    assert.equal((await admin(world, '/healthz')).status, 200, 'still alive');
    release();
    const answer = await client.response();
    assert.equal(answer.text, 'done');
    assert.equal(answer.fields.get('connection'), 'close', 'the client is told not to come back on this connection');
    const { code } = await world.proxy.exit();
    assert.equal(code, 0);
    assert.ok(world.proxy.access.some(({ path }) => path === '/public/slow'), 'the log is written out before the exit');
    client.destroy();
  });

  test('an idle proxy, with idle connections, exits soon', async (t) => {
    const world = await makeWorld(t);
    const clients = await Promise.all(Array.from({ length: 5 }, async () => {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      await client.response();
      return client;
    }));
    world.proxy.expectExit = true;
    const started = Date.now();
    world.proxy.signal('SIGTERM');
    assert.equal((await world.proxy.exit()).code, 0);
    assert.ok(Date.now() - started < 10_000, `${Date.now() - started} ms`);
    for (const client of clients) { await client.closed(); client.destroy(); }
  });

  test('SIGINT does the same', async (t) => {
    const world = await makeWorld(t);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGINT');
    assert.equal((await world.proxy.exit()).code, 0);
  });

  test('SIGPIPE, SIGHUP and a closed reader of the log do not end it', async (t) => {
    const world = await makeWorld(t);
    world.proxy.signal('SIGPIPE');
    world.proxy.child.stdout.destroy();
    for (let count = 0; count < 20; ++count) assert.equal((await world.get('/public/x')).status, 200);
    world.proxy.assertHealthy();
  });

  test('several listeners, a unix socket among them, all serve and all end', async (t) => {
    const path = `${temporaryFolder()}/http.sock`;
    const world = await makeWorld(t, { config: { listen: ['127.0.0.1:0', '[::1]:0', `unix:${path}`], workers: 2 } });
    const over = (options) => new Promise((resolve, reject) => {
      const socket = net.connect(options, () => socket.write(`GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`));
      let text = '';
      socket.on('data', (data) => { text += data; });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    assert.match(await over({ path }), /^HTTP\/1\.1 200/);
    const six = world.proxy.addresses.find((address) => address.startsWith('['));
    assert.match(await over({ host: '::1', port: Number(six.split(':').pop()) }), /^HTTP\/1\.1 200/);
    assert.equal((await world.get('/public/x')).status, 200);
  });
});
