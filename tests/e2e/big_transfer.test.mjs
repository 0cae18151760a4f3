// One GiB each way through the proxy, with the same memory before, during and after.
// Release too: memory and speed are those of optimised code, and the sanitized transfer is an eighth.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { SLOWNESS } from './lib/proxy.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const GIB = 2 ** 30 / (SLOWNESS > 1 ? 8 : 1);
const BLOCK = Buffer.alloc(1 << 18, 0x62);

function pour(stream, total) {
  let left = total;
  const more = () => { while (left > 0) { const part = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left); left -= part.length; if (!stream.write(part)) return stream.once('drain', more); } stream.end(); };
  more();
}

async function upstream(t) {
  const server = http.createServer((request, response) => {
    if (request.url === '/private/small') return response.end('small');
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-length': GIB });
      return pour(response, GIB);
    }
    let size = 0;
    request.on('data', (data) => { size += data.length; });
    request.on('end', () => response.end(String(size)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

async function watched(proxy, work) {
  const before = proxy.rssKib();
  let peak = before;
  const timer = setInterval(() => { peak = Math.max(peak, proxy.rssKib()); }, 50);
  const result = await work();
  clearInterval(timer);
  assert.ok(peak - before < 24_000 * SLOWNESS, `memory grew by ${peak - before} KiB`);
  return result;
}

test('one GiB down and one GiB up pass with flat memory', async (t) => {
  const url = await upstream(t);
  const world = await makeWorld(t, { config: { upstreams: { app: url } } });
  const cookie = await world.signIn({}, { path: '/private/small' }).then((user) => user.sessionCookies(HOST));

  const received = await watched(world.proxy, () => new Promise((resolve, reject) => {
    let size = 0;
    http.get({ port: world.port, host: '127.0.0.1', path: '/private/big', headers: { Host: HOST, Cookie: cookie }, agent: false }, (answer) => {
      assert.equal(answer.statusCode, 200);
      answer.on('data', (data) => { size += data.length; });
      answer.on('end', () => resolve(size));
      answer.on('error', reject);
    }).on('error', reject);
  }));
  assert.equal(received, GIB);

  for (const framing of ['fixed', 'chunked']) {
    const told = await watched(world.proxy, () => new Promise((resolve, reject) => {
      const request = http.request({
        port: world.port, host: '127.0.0.1', path: '/private/big', method: 'POST', agent: false,
        headers: { Host: HOST, Cookie: cookie, ...(framing === 'fixed' ? { 'Content-Length': GIB } : { 'Transfer-Encoding': 'chunked' }) },
      }, (answer) => { let text = ''; answer.on('data', (data) => { text += data; }); answer.on('end', () => resolve(Number(text))); });
      request.on('error', reject);
      pour(request, GIB);
    }));
    assert.equal(told, GIB, framing);
  }

  const line = await world.proxy.waitAccess((entry) => entry.method === 'POST' && entry.path === '/private/big');
  assert.ok(line.bytes_in >= GIB);
});

test('a thousand idle connections cost little each', async (t) => {
  const world = await makeWorld(t);
  const before = world.proxy.rssKib();
  const sockets = await Promise.all(Array.from({ length: 1000 }, async () => {
    const socket = net.connect(world.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await once(socket, 'data');
    return socket;
  }));
  const each = (world.proxy.rssKib() - before) / sockets.length;
  for (const socket of sockets) socket.destroy();
  assert.ok(each < 24 * SLOWNESS, `${each.toFixed(1)} KiB a connection`);
});
