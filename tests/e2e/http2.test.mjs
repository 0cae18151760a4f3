// HTTP/2 to clients: the same exchange as over HTTP/1, by node's own client and by curl.
// Release too: the wire, and what nghttp2 makes of it.
// Quick.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import { promisify } from 'node:util';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Authority, tlsRequest, tlsSocket } from './lib/certificates.mjs';
import { CODE, Http2Raw, get } from './lib/http2_frames.mjs';
import { NAVIGATION, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, seenHeader, suite } from './lib/world.mjs';

const authority = new Authority();
const own = authority.issue([HOST, '127.0.0.1']);
const ca = authority.pem;
const OVER_TLS = { external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: [own], hsts: '365d' } }] };
const IN_PLAIN = { listen: [{ address: '127.0.0.1:0', h2c: true }] };

function connect(port, scheme, options = {}) {
  return http2.connect(`${scheme}://127.0.0.1:${port}`, { ca, servername: HOST, ...options });
}

// { status, headers, body, text, trailers }
function ask(session, target, headers = {}, body = null) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': target, ':authority': HOST, ...headers }, { endStream: body === null });
    const chunks = [];
    let head;
    let trailers;
    stream.on('response', (fields) => { head = fields; });
    stream.on('trailers', (fields) => { trailers = fields; });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (!head) return reject(new Error(`closed without an answer, code ${stream.rstCode}`));
      const whole = Buffer.concat(chunks);
      return resolve({ status: head[':status'], headers: head, body: whole, text: whole.toString(), trailers });
    });
    if (body !== null) stream.end(body);
  });
}

for (const [scheme, config] of [['https', OVER_TLS], ['http', IN_PLAIN]]) {
  describe(`HTTP/2 over ${scheme}`, () => {
    let world;
    let session;
    let echo;
    const scope = suite(after);
    before(async () => {
      world = await makeWorld(scope, { config });
      echo = world.recorder.handle;
      session = connect(world.port, scheme, { maxSendHeaderBlockLength: 2 ** 20 });
      scope.after(() => session.destroy());
    });
    beforeEach(() => { world.recorder.reset(); Object.assign(world.recorder, { handle: echo, onHead: null }); });

    test('an app is asked, and answers', async () => {
      const answer = await ask(session, '/public/x?y=1');
      assert.equal(answer.status, 200);
      assert.equal(JSON.parse(answer.text).target, '/public/x?y=1');
      assert.equal(seenHeader(answer, 'host'), HOST);
      assert.equal(seenHeader(answer, 'x-forwarded-proto'), scheme);
      assert.equal(answer.headers.connection, undefined);
      assert.equal(answer.headers['strict-transport-security'], scheme === 'https' ? 'max-age=31536000' : undefined);
      const line = await world.proxy.waitAccess((one) => one.path === '/public/x');
      assert.equal(line.protocol, 'HTTP/2');
      assert.equal(line.status, 200);
    });

    test('a hundred requests at once', async () => {
      const answers = await Promise.all(Array.from({ length: 100 }, (_one, index) => ask(session, `/public/${index}`)));
      assert.ok(answers.every(({ status }, index) => status === 200), 'all are answered');
      assert.deepEqual(answers.map(({ text }) => JSON.parse(text).target), answers.map((_one, index) => `/public/${index}`));
    });

    test('bodies of any size, both ways', async () => {
      world.recorder.handle = (request, reply) => reply.send(200, {}, request.body);
      for (const size of [0, 1, 16_384, 65_536, 3_000_000]) {
        const sent = Buffer.alloc(size, 'u');
        const answer = await ask(session, '/public/up', { ':method': 'POST' }, sent);
        assert.equal(answer.status, 200);
        assert.equal(world.recorder.requests.at(-1).body.length, size);
        assert.ok(answer.body.equals(sent), `${size} bytes come back`);
        const withLength = await ask(session, '/public/up', { ':method': 'POST', 'content-length': size }, sent);
        assert.ok(withLength.body.equals(sent));
        assert.equal(world.recorder.requests.at(-1).fields.get('content-length'), String(size));
      }
    });

    test('refusals are what they are over HTTP/1', async () => {
      for (const [target, headers, status] of [['/private/x', { accept: '*/*' }, 401], ['/denied/x', {}, 403], ['/nowhere', {}, 404], ['/public/%00', {}, 400], [`/public/${'x'.repeat(17_000)}`, {}, 414],
        ['/public/x', Object.fromEntries(Array.from({ length: 9 }, (_one, at) => [`x-big-${at}`, 'y'.repeat(8_000)])), 431], ['/public/x', { ':authority': 'other.test' }, 421], ['/public/x', { expect: 'wonders' }, 417]]) {
        const answer = await ask(session, target, { accept: 'text/html', ...headers });
        assert.equal(answer.status, status, `${target.slice(0, 40)}: ${answer.status}`);
        if (!headers.accept) assert.match(answer.text, /<html/i);
      }
      assert.deepEqual(world.recorder.requests, []);
      const sent = await ask(session, '/private/x', { ...NAVIGATION });
      assert.equal(sent.status, 303);
    });

    test('HEAD, 204 and 304 have no body, and their lengths are told', async () => {
      world.recorder.handle = (request, reply) => reply.send(request.method === 'HEAD' ? 200 : Number(request.target.split('/').at(-1)), { 'X-It': 'is' });
      const head = await ask(session, '/public/200', { ':method': 'HEAD' });
      assert.equal(head.status, 200);
      for (const status of [204, 304]) {
        const answer = await ask(session, `/public/${status}`);
        assert.equal(answer.status, status);
        assert.equal(answer.headers['x-it'], 'is');
      }
    });

    test('cookies in crumbs are one', async () => {
      const answer = await ask(session, '/public/x', { cookie: ['a=1', 'b=2', 'c=3'] });
      assert.equal(seenHeader(answer, 'cookie'), 'a=1; b=2; c=3');
    });

    test('a client that leaves lets go of the app', async () => {
      let left;
      world.recorder.onHead = (_request, reply) => { left = once(reply.socket, 'end'); return new Promise(() => {}); };
      const stream = session.request({ ':path': '/public/slow', ':authority': HOST });
      stream.on('error', () => {});
      await once(world.recorder, 'head');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await left;
      world.recorder.onHead = null;
      assert.equal((await ask(session, '/public/x')).status, 200, 'the connection goes on');
    });

    test('an answer that breaks off is a stream that does', async () => {
      world.recorder.onHead = (_request, reply) => { reply.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'); reply.socket.end(); return true; };
      await assert.rejects(ask(session, '/public/x'), /NGHTTP2_INTERNAL_ERROR|code 2/);
      world.recorder.onHead = null;
      assert.equal((await ask(session, '/public/x')).status, 200);
    });
  });
}

describe('which version is spoken', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { config: { ...OVER_TLS, listen: [...OVER_TLS.listen, { address: '127.0.0.1:0', tls: { certificates: [own] }, http2: false }, ...IN_PLAIN.listen, '127.0.0.1:0'] } }); });

  const ports = () => world.proxy.addresses.filter((one) => one !== world.proxy.adminAddress).map((one) => Number(one.split(':').pop()));

  test('who offers HTTP/2 gets it, who does not gets HTTP/1.1', async () => {
    const chosen = async (port, ALPNProtocols) => { const socket = await tlsSocket(port, { ca, ALPNProtocols }); socket.destroy(); return socket.alpnProtocol; };
    assert.equal(await chosen(world.port, ['h2', 'http/1.1']), 'h2');
    assert.equal(await chosen(world.port, ['http/1.1', 'h2']), 'h2');
    assert.equal(await chosen(world.port, ['http/1.1']), 'http/1.1');
    assert.equal(await chosen(world.port, undefined), false);
    assert.equal(await chosen(ports()[1], ['h2', 'http/1.1']), 'http/1.1');
    await assert.rejects(tlsSocket(world.port, { ca, ALPNProtocols: ['spdy/3'] }));
    assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { ca })).status, 200);
  });

  test('without TLS by the first bytes, where that is configured', async () => {
    const plain = await RawClient.connect(ports()[2]);
    const bytes = requestBytes('PUT', '/public/x', { Host: HOST, 'Content-Length': '0' });
    for (const byte of bytes) await plain.send(Buffer.from([byte])); // begins as HTTP/2 does
    assert.equal((await plain.response()).status, 200);
    plain.destroy();
    const spoken = connect(ports()[2], 'http');
    assert.equal((await ask(spoken, '/public/x')).status, 200);
    spoken.destroy();
    const refused = await RawClient.connect(ports()[3]);
    await refused.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    assert.equal((await refused.response()).status, 505);
    refused.destroy();
  });

  test('plain HTTP on a port with TLS is told so', async () => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    const answer = await client.response();
    assert.equal(answer.status, 400);
    assert.match(answer.text, /speaks TLS/);
    client.destroy();
  });

  test('curl agrees on it', async () => {
    const { stdout } = await promisify(execFile)('curl', ['-sS', '--http2', '--cacert', authority.file, '--resolve', `${HOST}:${world.port}:127.0.0.1`, '-H', `Host: ${HOST}`, '-o', '/dev/null', '-w', '%{http_version} %{http_code}', `https://${HOST}:${world.port}/public/x`]);
    assert.equal(stdout, '2 200');
  });
});
