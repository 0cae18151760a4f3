// What HTTP/2 changes for a client's connection: WebSockets inside it, its end, apps that sign in connections, a browser.
// Release too: the wire, and what nghttp2 makes of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { Authority } from './lib/certificates.mjs';
import * as chromium from './lib/chromium.mjs';
import { CODE, Http2Raw, TYPE, get } from './lib/http2_frames.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader } from './lib/world.mjs';

const authority = new Authority();
const own = authority.issue([HOST, '127.0.0.1']);
const IN_PLAIN = { listen: [{ address: '127.0.0.1:0', h2c: true }] };
const SETTINGS_ENABLE_CONNECT_PROTOCOL = 8;
const accept = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const handshake = (target, more = []) => [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'http'], [':authority', HOST], [':path', target], ['sec-websocket-version', '13'], ['origin', ORIGIN], ...more];

// An app that takes WebSockets and sends back what comes, with a proof that `proves` makes of the key.
function takesWebSockets(world, proves = accept) {
  world.recorder.onHead = async (request, reply, stream) => {
    if (request.fields.get('upgrade')?.toLowerCase() !== 'websocket') return false;
    await reply.raw(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proves(request.fields.get('sec-websocket-key'))}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`);
    reply.socket.on('data', (bytes) => reply.socket.write(bytes));
    reply.socket.on('end', () => reply.socket.end());
    const early = stream.peek();
    if (early.length) reply.socket.write(stream.take(early.length));
    await once(reply.socket, 'close');
    return true;
  };
}

test('WebSockets within a connection (RFC 8441)', async (t) => {
  const world = await makeWorld(t, { config: IN_PLAIN });
  const cookie = await world.session();
  takesWebSockets(world);
  world.recorder.reset();
  const client = await Http2Raw.connect(world.port);
  t.after(() => client.destroy());
  await client.until('settings', () => client.frames.some(({ type }) => type === TYPE.SETTINGS));
  const { payload } = client.frames.find(({ type }) => type === TYPE.SETTINGS);
  assert.ok(Array.from({ length: payload.length / 6 }, (_one, at) => [payload.readUInt16BE(at * 6), payload.readUInt32BE(at * 6 + 2)]).some(([id, value]) => id === SETTINGS_ENABLE_CONNECT_PROTOCOL && value === 1));

  const { id, stream } = client.open(handshake('/private/ws', [['cookie', cookie], ['sec-websocket-protocol', 'chat'], ['sec-websocket-key', 'theirs']]), { end: false });
  await client.until('200', () => stream.status !== undefined || stream.over);
  assert.equal(stream.status, 200);
  const [asked] = world.recorder.requests;
  assert.equal(asked.method, 'GET');
  assert.equal(Buffer.from(asked.fields.get('sec-websocket-key'), 'base64').length, 16);
  assert.equal(asked.fields.get('x-forwarded-user'), 'alice-sub');
  client.data(id, 'some frame');
  await client.until('echo', () => stream.body.toString() === 'some frame');
  client.data(id, 'x'.repeat(16_000));
  await client.until('more', () => stream.body.length === 16_010);
  const ended = once(world.recorder, 'disconnection');
  client.data(id, '', true);
  await ended;
  await client.until('end', () => stream.over);

  for (const [what, fields, status] of [['nobody', handshake('/private/ws'), 401], ['a foreign page', handshake('/private/ws', [['cookie', cookie]]).map(([name, value]) => [name, name === 'origin' ? 'https://evil.test' : value]), 403],
    ['another protocol', handshake('/private/ws').map(([name, value]) => [name, name === ':protocol' ? 'connect-udp' : value]), 501], ['no app', handshake('/nowhere'), 404]]) {
    const refused = client.open(fields, { end: false });
    await client.until(what, () => refused.stream.over);
    assert.equal(refused.stream.status, status, what);
  }
  takesWebSockets(world, () => accept('another key'));
  const unproven = client.open(handshake('/private/ws', [['cookie', cookie]]), { end: false });
  await client.until('502', () => unproven.stream.over);
  assert.equal(unproven.stream.status, 502);
  world.recorder.onHead = null;
  const another = await Http2Raw.connect(world.port);
  t.after(() => another.destroy());
  const plain = another.open(handshake('/private/ws', [['cookie', cookie]]), { end: false });
  await another.until('an answer that is none', () => plain.stream.over);
  assert.equal(plain.stream.status, 502, 'a page with 200, passed on, would open the WebSocket: RFC 8441 5');
});

test('a stop ends in two steps, and loses nothing', async (t) => {
  const world = await makeWorld(t, { config: IN_PLAIN });
  let release;
  world.recorder.onHead = (request) => (request.target === '/public/slow' ? new Promise((resolve) => { release = () => resolve(false); }) : false);
  const client = await Http2Raw.connect(world.port);
  const slow = client.open(get('/public/slow'));
  await once(world.recorder, 'head');
  const idle = await Http2Raw.connect(world.port);
  assert.equal((await idle.request(get('/public/x'))).status, 200);
  world.proxy.expectExit = true;
  world.proxy.signal('SIGTERM');
  await client.until('GOAWAY', () => client.goaway !== null);
  const first = client.frames.find(({ type }) => type === TYPE.GOAWAY);
  assert.equal(first.payload.readUInt32BE(0), 0x7fffffff, 'the first names no last stream');
  await client.until('the second GOAWAY', () => client.goaway.count === 2);
  assert.equal(client.goaway.code, CODE.NO_ERROR);
  assert.equal(client.goaway.last, slow.id);
  await idle.untilClosed();
  release();
  await client.until('answer', () => slow.stream.over);
  assert.equal(slow.stream.status, 200);
  assert.equal(slow.stream.reset, null);
  await client.untilClosed();
});

test('an app that signs in connections is asked by HTTP/1.1', async (t) => {
  const world = await makeWorld(t, { config: IN_PLAIN });
  for (const scheme of ['NTLM', 'Negotiate']) {
    world.recorder.handle = (_request, reply) => reply.send(401, { 'WWW-Authenticate': scheme }, 'who?');
    const client = await Http2Raw.connect(world.port);
    assert.equal((await client.request(get('/public/x'))).reset, CODE.HTTP_1_1_REQUIRED);
    world.recorder.handle = (_request, reply) => reply.send(401, { 'WWW-Authenticate': 'Basic realm="x"' }, 'who?');
    assert.equal((await client.request(get('/public/x'))).status, 401);
    client.destroy();
    world.recorder.handle = (_request, reply) => reply.send(401, { 'WWW-Authenticate': scheme }, 'who?');
    assert.equal((await world.get('/public/x')).status, 401);
  }
});

test('answers that come before the end of their request', async (t) => {
  const world = await makeWorld(t, { config: IN_PLAIN });
  const client = await Http2Raw.connect(world.port);
  t.after(() => client.destroy());
  const early = client.open(get('/private/up', [], { method: 'POST' }), { end: false });
  await client.until('401', () => early.stream.over);
  assert.equal(early.stream.status, 401);
  await client.until('reset', () => early.stream.reset !== null);
  assert.equal(early.stream.reset, CODE.NO_ERROR);
  client.data(early.id, 'late');
});

test('a browser signs in over HTTP/2', { skip: chromium.missing() ?? false }, async (t) => {
  const world = await makeWorld(t, { config: { external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: [own] } }] } });
  const browser = await chromium.launch({ args: [`--host-resolver-rules=MAP ${HOST}:443 127.0.0.1:${world.port}`] });
  t.after(() => browser.close());
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const answer = await page.goto(`https://${HOST}/private/start`);
  assert.equal(answer.status(), 200);
  assert.equal(seenHeader({ text: await answer.text() }, 'x-forwarded-user'), 'alice-sub');
  assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2');
  await world.proxy.waitAccess((line) => line.path === '/private/start' && line.status === 200 && line.protocol === 'HTTP/2');
});
