// TLS on our own listeners: who is answered, with which certificate, and that nothing is lost, stalls or is believed that should
// not be.
// Release too: the wire, and what OpenSSL makes of it.
// Quick.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { Authority, streamOver, tlsClient, tlsRequest, tlsSocket } from './lib/certificates.mjs';
import { freshSecret, run, writeConfig } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, headersOf, makeWorld, seenHeader, suite } from './lib/world.mjs';

const authority = new Authority();
const own = authority.issue([HOST, '127.0.0.1']);
const ca = authority.pem;
const listen = (more = {}, rest = {}) => ({ address: '127.0.0.1:0', tls: { certificates: [own], ...more }, ...rest });
const https = (config = {}) => ({ external_urls: [`https://${HOST}`], listen: [listen()], ...config });
const worldOver = (scope, config = {}, options = {}) => makeWorld(scope, { ...options, config: https(config) });
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

describe('TLS on a listener', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await worldOver(scope); });
  const ask = (target, headers, options) => tlsRequest(world.port, 'GET', target, headers, { ca, ...options });

  test('an app is told that it is asked under https', async () => {
    const answer = await ask('/public/x');
    assert.equal(answer.status, 200);
    assert.equal(seenHeader(answer, 'x-forwarded-proto'), 'https');
    assert.equal(seenHeader(answer, 'x-forwarded-port'), '443');
    assert.equal(answer.fields.get('strict-transport-security'), undefined);
  });

  test('people sign in, with cookies that go nowhere else', async () => {
    const user = world.user({ tls: { ca } });
    const answer = await user.navigate(`https://${HOST}/private/start`);
    assert.equal(answer.status, 200);
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'alice-sub');
    const cookies = [...user.cookies(HOST)].filter(([name]) => /session/.test(name));
    assert.ok(cookies.length > 0);
    for (const [name, { attributes }] of cookies) {
      assert.match(name, /^__Host-/);
      assert.ok('secure' in attributes);
    }
  });

  test('both versions, and none before them', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const socket = await tlsSocket(world.port, { ca, minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(socket.getCipher().name, /GCM|POLY1305/);
      socket.destroy();
    }
    await assert.rejects(tlsSocket(world.port, { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    await assert.rejects(tlsSocket(world.port, { ca, maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })); // no forward secrecy
    await assert.rejects(tlsSocket(world.port, { ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })); // no AEAD
  });

  test('curl gets its answer, and its upload through', async () => {
    const curl = (...args) => promisify(execFile)('curl', ['-sS', '--cacert', authority.file, '--resolve', `${HOST}:${world.port}:127.0.0.1`, '-H', `Host: ${HOST}`, ...args]);
    const { stdout } = await curl(`https://${HOST}:${world.port}/public/x`);
    assert.equal(JSON.parse(stdout).target, '/public/x');
    const file = writeConfig('u'.repeat(3_000_000));
    const sent = await curl('-o', '/dev/null', '--data-binary', `@${file}`, '-w', '%{http_code}', `https://${HOST}:${world.port}/public/up`);
    assert.match(sent.stdout, /200$/);
    assert.equal(world.recorder.requests.at(-1).body.length, 3_000_000);
  });

  test('many requests on one connection, pipelined too', async () => {
    const client = await tlsClient(world.port, { ca });
    const one = requestBytes('GET', '/public/x', { Host: HOST });
    for (let i = 0; i < 20; ++i) {
      await client.send(one);
      assert.equal((await client.response()).status, 200);
    }
    await client.send(Buffer.concat(Array.from({ length: 100 }, () => one)));
    for (let i = 0; i < 100; ++i) assert.equal((await client.response()).status, 200);
    client.destroy();
  });

  test('a large body up and down, while either side stands still for a moment', async () => {
    const body = randomBytes(12_000_000);
    const { handle } = world.recorder;
    world.recorder.handle = (_request, reply) => reply.send(200, {}, body);
    const client = await tlsClient(world.port, { ca });
    const sending = client.send(requestBytes('POST', '/public/up', { Host: HOST, Connection: 'close' }, body));
    client.socket.pause();
    await sending;
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.resume();
    const answer = await client.response({ timeout: 30_000 });
    assert.equal(digest(answer.body), digest(body));
    assert.equal(digest(world.recorder.requests.at(-1).body), digest(body));
    world.recorder.handle = handle;
    client.destroy();
  });

  test('renegotiation is refused, and the connection is of no more use than that', async () => {
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${world.port}`, '-servername', HOST, '-tls1_2']);
    let text = '';
    for (const stream of [client.stdout, client.stderr]) stream.on('data', (data) => { text += data; });
    while (!/Verify return code/.test(text)) await once(client.stdout, 'data');
    client.stdin.write('R\n');
    await once(client, 'close');
    assert.match(text, /RENEGOTIATING[^]*no renegotiation/);
    assert.equal((await ask('/public/x')).status, 200);
  });

  test('T02 a handshake that comes byte by byte is one all the same', async () => {
    const plain = net.connect({ port: world.port, host: '127.0.0.1', noDelay: true });
    await once(plain, 'connect');
    const socket = tls.connect({ socket: streamOver(plain, 1), ca, servername: HOST });
    await once(socket, 'secureConnect');
    const client = new RawClient(socket);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await client.response()).status, 200);
    plain.destroy();
  });

  test('plain HTTP is told what it is, in plain words', async () => {
    const answer = await request(world.port, 'GET', '/public/x');
    assert.equal(answer.status, 400);
    assert.match(answer.text, /This port speaks TLS/);
    const large = await RawClient.connect(world.port);
    await large.send(requestBytes('POST', '/public/x', { Host: HOST }, 'x'.repeat(100_000)));
    assert.equal((await large.response()).status, 400);
    large.destroy();
  });

  test('an end is said where it is one, and an answer that breaks off is none', async () => {
    const client = await tlsClient(world.port, { ca });
    await client.send(requestBytes('GET', '/public/x', { Host: HOST, Connection: 'close' }));
    assert.equal((await client.response()).status, 200);
    await client.closed();
    world.recorder.onHead = async (_request, reply, stream) => {
      await reply.head(200, { 'Transfer-Encoding': 'chunked' });
      await new Promise((resolve) => stream.socket.write('5\r\nhello\r\n', resolve));
      stream.socket.destroy();
      return true;
    };
    const broken = await tlsClient(world.port, { ca });
    await broken.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await assert.rejects(broken.response());
    world.recorder.onHead = null;
  });

  test('ALPN: what is spoken is chosen, and who wants nothing of that is told', async () => {
    const socket = await tlsSocket(world.port, { ca, ALPNProtocols: ['spdy/3', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
    await assert.rejects(tlsSocket(world.port, { ca, ALPNProtocols: ['spdy/3'] }), /no application protocol/i);
  });
});

test('each name is shown its certificate, and an unknown one the first', async (t) => {
  const other = authority.issue(['other.test', '*.wild.test']);
  const world = await worldOver(t, { external_urls: [`https://${HOST}`, 'https://other.test'], listen: [{ address: '127.0.0.1:0', tls: { certificates: [own, other] } }] });
  for (const [servername, shown] of [[HOST, HOST], ['other.test', 'other.test'], ['x.wild.test', 'other.test'], ['nobody.test', HOST]]) {
    const socket = await tlsSocket(world.port, { ca, servername, checkServerIdentity: () => undefined });
    assert.equal(socket.getPeerCertificate().subject.CN, shown);
    socket.destroy();
  }
  const answer = await tlsRequest(world.port, 'GET', '/public/x', {}, { ca, servername: 'other.test' });
  assert.equal(answer.status, 200); // for app.test, which is the same process's
});

describe('who comes again spares half of the handshake', () => {
  const sessionOf = async (port, options = {}) => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: HOST, ca, ...options });
    let session; // TLS 1.3 tells of it behind the handshake, at any time
    socket.on('session', (one) => { session = one; });
    await once(socket, 'secureConnect');
    const reused = socket.isSessionReused();
    const client = new RawClient(socket);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await client.response()).status, 200);
    client.destroy();
    return { session: session ?? socket.getSession() ?? options.session, reused };
  };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    test(`after a restart and at another replica, over ${maxVersion}`, async (t) => {
      const world = await worldOver(t);
      const first = await sessionOf(world.port, { maxVersion });
      assert.equal(first.reused, false);
      assert.equal((await sessionOf(world.port, { maxVersion, session: first.session })).reused, true);
      await world.restart();
      assert.equal((await sessionOf(world.port, { maxVersion, session: first.session })).reused, true);
      const replica = await world.startAnother();
      assert.equal((await sessionOf(replica.port, { maxVersion, session: first.session })).reused, true);
      const stranger = await world.startAnother({ session: { secret: freshSecret() } });
      assert.equal((await sessionOf(stranger.port, { maxVersion, session: first.session })).reused, false);
    });
  }
});

test('who does not finish a handshake is not waited for', async (t) => {
  const world = await worldOver(t, { timeouts: { first_byte: '400ms' } });
  const silent = await RawClient.connect(world.port);
  const half = await RawClient.connect(world.port);
  await half.send(Buffer.from('16030100c8010000c40303', 'hex'));
  const shaken = await tlsClient(world.port, { ca });
  await Promise.all([silent, half, shaken].map((one) => one.closed()));
  assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { ca })).status, 200);
});

test('a WebSocket goes through TLS as it does without', async (t) => {
  const { webSocketLibrary } = await import('./lib/chromium.mjs');
  const { WebSocket, WebSocketServer } = webSocketLibrary();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.after(() => { for (const one of server.clients) one.terminate(); server.close(); });
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  const world = await worldOver(t, { upstreams: { app: `http://127.0.0.1:${server.address().port}` } });
  const socket = new WebSocket(`wss://127.0.0.1:${world.port}/public/ws`, { ca, servername: HOST, headers: { Host: HOST }, origin: `https://${HOST}` });
  await once(socket, 'open');
  const bytes = randomBytes(2_000_000);
  socket.send(bytes);
  assert.ok(bytes.equals((await once(socket, 'message'))[0]));
  socket.close(1000);
  assert.equal((await once(socket, 'close'))[0], 1000);
});

test('HSTS is told in every answer over TLS, where it is configured and the app says nothing itself', async (t) => {
  const world = await worldOver(t, { listen: [listen({ hsts: '365d', hsts_subdomains: true }), '127.0.0.1:0'] });
  const plain = Number(world.proxy.addresses[1].split(':').pop());
  for (const target of ['/public/x', '/private/x', '/nothing', '/_auth/none']) {
    const answer = await tlsRequest(world.port, 'GET', target, {}, { ca });
    assert.deepEqual(answer.fields.all('strict-transport-security'), ['max-age=31536000; includeSubDomains'], target);
    assert.equal((await request(plain, 'GET', target)).fields.get('strict-transport-security'), undefined);
  }
  world.recorder.handle = (_request, reply) => reply.send(200, { 'strict-transport-security': 'max-age=1' }, 'x');
  const answer = await tlsRequest(world.port, 'GET', '/public/x', {}, { ca });
  assert.deepEqual(answer.fields.all('strict-transport-security'), ['max-age=1']);
});

test('a listener that sends people to https does nothing else', async (t) => {
  const world = await worldOver(t, { listen: [listen(), { address: '127.0.0.1:0', redirect_to_https: true }], health: { ping: ['/ping'] } });
  const port = Number(world.proxy.addresses[1].split(':').pop());
  const ask = (method, target, options) => request(port, method, target, {}, options);
  const moved = await ask('GET', '/private/x?a=b');
  assert.equal(moved.status, 301);
  assert.equal(moved.fields.get('location'), `https://${HOST}/private/x?a=b`);
  const form = await ask('POST', '/public/form', { body: 'a=b', host: `${HOST}:8080` });
  assert.equal(form.status, 308);
  assert.equal(form.fields.get('location'), `https://${HOST}/public/form`);
  const foreign = await ask('GET', '/', { host: 'evil.test' });
  assert.equal(foreign.status, 421);
  assert.equal(foreign.fields.get('location'), undefined);
  assert.equal((await ask('GET', '/ping')).status, 200);
  assert.deepEqual(world.recorder.requests, []);
  const line = await world.proxy.waitAccess((entry) => entry.decision === 'to_https');
  assert.equal(line.path, '/private/x');
});

describe('certificates that cannot be used', () => {
  const stranger = new Authority('another authority').issue(['stranger.test']);
  const expired = authority.issue(['expired.test'], { days: 0 });
  const notThere = { certificate_file: '/nowhere/a.pem', key_file: own.key_file };
  const ROWS = {
    'another one\'s key': [{ ...own, key_file: stranger.key_file }, /stranger\.test\.key is not the key of the certificate in .*app\.test\.pem/],
    'an expired one': [expired, /certificate in .*expired\.test\.pem has expired, on \d{4}-/],
    'no file': [notThere, /cannot read \/nowhere\/a\.pem: No such file/],
    'no key': [{ certificate_file: own.certificate_file, key_file: own.certificate_file }, /app\.test\.pem holds no private key/],
    'half of what it takes': [{ certificate_file: own.certificate_file }, /expected both certificate_file and key_file/],
    'a word that nobody knows': [{ ...own, chain: 'x' }, /unknown key/],
    'none': [[], /expected at least one certificate/],
  };
  const base = { external_urls: [`https://${HOST}`], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }] };
  for (const [what, [certificates, words]] of Object.entries(ROWS)) {
    test(`${what}: refused at the start, with file and reason`, async () => {
      const file = writeConfig({ ...base, listen: [{ address: '127.0.0.1:0', tls: { certificates } }] });
      for (const command of ['check', 'serve']) {
        const { code, stderr, stdout } = await run([command, '--config', file]);
        assert.notEqual(code, 0);
        assert.match(stderr + stdout, words);
        assert.match(stderr + stdout, /listen\[1\]\.tls\.certificates/);
      }
    });
  }

  test('tls without a certificate is no plain listener', async () => {
    const text = JSON.stringify(base).slice(0, -1);
    for (const tls of ['{ min_version: "1.3" }', '{}', '']) {
      const file = writeConfig(`${text}, "listen": [ { "address": "127.0.0.1:0", "tls": ${tls} } ] }`);
      const { code, stderr, stdout } = await run(['check', '--config', file]);
      assert.notEqual(code, 0, tls);
      assert.match(stderr + stdout, /certificates/);
    }
  });
});

describe('certificates that are renewed', () => {
  const shownAt = async (port) => {
    const socket = await tlsSocket(port, { ca, checkServerIdentity: () => undefined });
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  // Each worker takes it up in a turn of its own, behind the line in the log.
  const shownBehind = async (port, before) => {
    for (const start = Date.now(); Date.now() - start < 10_000; ) {
      const serial = await shownAt(port);
      if (serial !== before) return serial;
    }
    throw new Error('the certificate is still the old one');
  };
  const replace = (to, from) => {
    for (const key of ['certificate_file', 'key_file']) {
      fs.copyFileSync(from[key], `${to[key]}.new`);
      fs.renameSync(`${to[key]}.new`, to[key]);
    }
  };

  test('are shown after SIGHUP, and kept where the new ones are of no use', async (t) => {
    const files = authority.issue([HOST], { file: 'renewed' });
    const world = await worldOver(t, { workers: 2, listen: [{ address: '127.0.0.1:0', tls: { certificates: files } }] });
    const first = await shownAt(world.port);
    const open = await tlsClient(world.port, { ca });
    replace(files, authority.issue([HOST], { file: 'second' }));
    world.proxy.signal('SIGHUP');
    await world.proxy.waitLog(({ msg }) => msg === 'certificates re-read');
    const second = await shownBehind(world.port, first);
    await open.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await open.response()).status, 200);
    open.destroy();
    fs.copyFileSync(new Authority('x').issue(['x.test']).key_file, files.key_file);
    world.proxy.signal('SIGHUP');
    const line = await world.proxy.waitLog(({ msg }) => /^certificates kept as they were/.test(msg ?? ''));
    assert.match(line.msg, /renewed\.key is not the key of the certificate in/);
    assert.equal(await shownAt(world.port), second);
  });

  test('are found by themselves', async (t) => {
    const files = authority.issue([HOST], { file: 'watched' });
    const world = await worldOver(t, { listen: [{ address: '127.0.0.1:0', tls: { certificates: files } }] });
    const first = await shownAt(world.port);
    replace(files, authority.issue([HOST], { file: 'watched-second' }));
    await world.proxy.waitLog(({ msg }) => msg === 'certificates re-read', { timeout: 30_000 });
    await shownBehind(world.port, first);
  });
});

test('openssl s_client finds nothing to say against it', async (t) => {
  const world = await worldOver(t);
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${world.port}`, '-servername', HOST, '-CAfile', authority.file, '-verify_return_error', '-verify_hostname', HOST, '-quiet', '-ign_eof']);
  client.stdin.write(`GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
  let text = '';
  client.stdout.on('data', (data) => { text += data; });
  await once(client, 'close');
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(headersOf({ text: text.slice(text.indexOf('\r\n\r\n') + 4) }).length > 0, true);
});
