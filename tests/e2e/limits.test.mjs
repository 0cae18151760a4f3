// The limits and timeouts of the configuration, each with its status, and memory that stays flat under all of them.
// Release too: memory, and the one limit that a sanitizer itself breaks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loudSkip } from './lib/corpora.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const send = async (world, bytes, options) => {
  const client = await RawClient.connect(world.port);
  try {
    client.send(bytes);
    const answer = await client.response(options);
    await client.closed();
    return answer;
  } finally {
    client.destroy();
  }
};

describe('sizes', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { config: { limits: { request_head: '16KiB', header_count: 50, target: '2KiB', request_body: '10KiB' } } });
  });

  test('a head over request_head is 431 and the end of the connection', async () => {
    assert.equal((await send(world, requestBytes('GET', '/public/x', { Host: HOST, 'X-Big': 'a'.repeat(20_000) }))).status, 431);
    assert.equal((await request(world.port, 'GET', '/public/x', { 'X-Big': 'a'.repeat(12_000) })).status, 200);
  });
  test('more fields than header_count is 431', async () => {
    const many = (count) => Object.fromEntries(Array.from({ length: count }, (_one, index) => [`X-${index}`, '1']));
    assert.equal((await send(world, requestBytes('GET', '/public/x', { Host: HOST, ...many(60) }))).status, 431);
    assert.equal((await request(world.port, 'GET', '/public/x', many(40))).status, 200);
  });
  test('a target over its limit is 414', async () => {
    assert.equal((await send(world, requestBytes('GET', `/public/${'a'.repeat(3000)}`, { Host: HOST }))).status, 414);
    assert.equal((await request(world.port, 'GET', `/public/${'a'.repeat(1900)}`)).status, 200);
  });
  test('a request line without an end is refused before it fills memory', async () => {
    const client = await RawClient.connect(world.port);
    client.send(`GET /${'a'.repeat(200_000)}`);
    assert.ok([414, 431].includes((await client.response()).status));
    client.destroy();
  });
  test('a body over request_body is 413, announced or not, and the app never gets a complete one', async () => {
    world.recorder.reset();
    const fixed = await send(world, requestBytes('POST', '/public/x', { Host: HOST }, 'a'.repeat(11_000)), { method: 'POST' });
    assert.equal(fixed.status, 413);
    assert.deepEqual(world.recorder.requests, []);
    const chunk = `1000\r\n${'a'.repeat(4096)}\r\n`;
    const client = await RawClient.connect(world.port);
    client.send(Buffer.concat([requestBytes('POST', '/public/x', { Host: HOST, 'Transfer-Encoding': 'chunked' }), Buffer.from(chunk.repeat(4)), Buffer.from('0\r\n\r\n')]));
    const answer = await client.response({ method: 'POST' }).catch(() => null);
    assert.ok(answer === null || answer.status === 413, `status ${answer?.status}`);
    client.destroy();
    assert.ok(!world.recorder.requests.some(({ complete }) => complete));
    assert.equal((await request(world.port, 'POST', '/public/x', {}, { body: 'a'.repeat(10_000) })).status, 200);
  });
  test('errors of framing carry no stack, version or address', async () => {
    const answer = await send(world, 'GET / HTTP/1.1\r\n\r\n');
    assert.equal(answer.status, 400);
    assert.doesNotMatch(answer.text, /127\.0\.0\.1|\.cc|version/i);
  });
});

describe('times', { concurrency: true }, () => {
  const config = { timeouts: { request_head: '1s', idle_connection: '2s', body_idle: '1s' } };

  test('a head that is not complete in time is 408 and closed', async (t) => {
    const world = await makeWorld(t, { config });
    const client = await RawClient.connect(world.port);
    await client.send('GET /public/x HTTP/1.1\r\nHost: app.test\r\n');
    assert.equal((await client.response({ timeout: 6000 })).status, 408);
    await client.closed();
    client.destroy();
  });

  test('D17 the deadline is for the whole head: a byte now and then buys nothing', async (t) => {
    const world = await makeWorld(t, { config });
    const client = await RawClient.connect(world.port);
    const timer = setInterval(() => client.socket.write('a'), 200);
    client.socket.write('GET /public/x HTTP/1.1\r\nX: ');
    try {
      const started = Date.now();
      assert.equal((await client.response({ timeout: 8000 })).status, 408);
      assert.ok(Date.now() - started < 5000);
    } finally { clearInterval(timer); client.destroy(); }
  });

  test('a connection that never says anything is closed without a word', async (t) => {
    const world = await makeWorld(t, { config });
    const client = await RawClient.connect(world.port);
    const { bytes } = await client.stream.toEnd({ timeout: 8000 });
    assert.ok(bytes.length === 0 || /^HTTP\/1\.1 408/.test(bytes.toString()));
    client.destroy();
  });

  test('an idle kept-alive connection is closed after idle_connection', async (t) => {
    const world = await makeWorld(t, { config });
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await client.response();
    const started = Date.now();
    await client.closed({ timeout: 8000 });
    assert.ok(Date.now() - started > 1000, `after ${Date.now() - started} ms`);
    client.destroy();
  });

  test('D21 a body that stops coming ends after body_idle, and the app is told', async (t) => {
    const world = await makeWorld(t, { config });
    const aborted = new Promise((resolve) => world.recorder.once('aborted', resolve));
    const client = await RawClient.connect(world.port);
    await client.send(`POST /public/x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 100\r\n\r\nhalf`);
    const answer = await client.response({ timeout: 8000, method: 'POST' }).catch(() => null);
    assert.ok(answer === null || [408, 400].includes(answer.status), `status ${answer?.status}`);
    await aborted;
    client.destroy();
  });

  test('a slow but steady body is fine', async (t) => {
    const world = await makeWorld(t, { config });
    const client = await RawClient.connect(world.port);
    await client.send(`POST /public/x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 8\r\n\r\n`);
    for (let count = 0; count < 8; ++count) { await client.send('a'); await new Promise((resolve) => setTimeout(resolve, 300)); }
    assert.equal((await client.response({ method: 'POST' })).status, 200);
    client.destroy();
  });

  test('D18 a client that never reads its answer is let go', async (t) => {
    const world = await makeWorld(t, { config });
    world.recorder.handle = async (_one, reply) => { await reply.head(200, { 'Content-Length': 64 << 20 }); reply.socket.write(Buffer.alloc(64 << 20)); };
    const client = await RawClient.connect(world.port);
    client.socket.pause();
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await world.proxy.waitAccess((entry) => entry.path === '/public/x', { timeout: 15_000 });
    client.destroy();
    world.recorder.violations.length = 0;
  });

  test('D17 300 half-sent heads do not keep others out', async (t) => {
    const world = await makeWorld(t, { config: { timeouts: { request_head: '10s' } } });
    const slow = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(world.port)));
    for (const client of slow) client.send('GET / HTTP/1.1\r\nHost: ');
    const started = Date.now();
    assert.equal((await world.get('/public/x')).status, 200);
    assert.ok(Date.now() - started < 2000);
    for (const client of slow) client.destroy();
  });
});

describe('connections', () => {
  test('beyond limits.connections new ones wait or are refused, and places come free again', async (t) => {
    const world = await makeWorld(t, { config: { limits: { connections: 20, connections_per_address: 20 } } });
    const open = await Promise.all(Array.from({ length: 20 }, async () => {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      assert.equal((await client.response()).status, 200);
      return client;
    }));
    const extra = await RawClient.connect(world.port);
    await extra.send(requestBytes('GET', '/public/x', { Host: HOST }));
    const early = await extra.response({ timeout: 700 }).catch((error) => error);
    assert.ok(early instanceof Error || early.status === 503, 'the 21st is not served beside the 20');
    for (const client of open) client.destroy();
    let status;
    for (const end = Date.now() + 5000; status !== 200 && Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) status = (await world.get('/public/x', {}, { timeout: 2000 }).catch(() => ({}))).status;
    assert.equal(status, 200);
    extra.destroy();
  });

  test('D20 more clients than file descriptors: it pauses and recovers', async (t) => {
    if (SLOWNESS > 1) return loudSkip(t, 'UBSan itself needs a file descriptor to look at memory, and reports what it can not see');
    const world = await makeWorld(t);
    const { execFileSync } = await import('node:child_process');
    execFileSync('prlimit', [`--pid=${world.proxy.pid}`, '--nofile=80:80']);
    const clients = await Promise.all(Array.from({ length: 160 }, () => RawClient.connect(world.port).catch(() => null)));
    for (const client of clients) client?.destroy();
    let status;
    for (const end = Date.now() + 8000; status !== 200 && Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) status = (await world.get('/public/x', {}, { timeout: 2000 }).catch(() => ({}))).status;
    assert.equal(status, 200);
    world.proxy.assertHealthy();
  });
});
