// Apps that are asked over https: who is trusted, what is said when nobody is, and that TLS loses, stalls and hides nothing.
// Release too: the wire, and what OpenSSL makes of it.
// Quick.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { describe, test } from 'node:test';
import { Authority, streamOver, tlsClient } from './lib/certificates.mjs';
import { freshSecret, run, writeConfig } from './lib/proxy.mjs';
import { Recorder } from './lib/recorder.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, merge } from './lib/world.mjs';

const authority = new Authority();
const pems = ({ certificate_file: cert, key_file: key }) => ({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
const named = pems(authority.issue(['app.internal']));
const addressed = pems(authority.issue(['127.0.0.1']));
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

// The app is `secured`; `tls` is what the proxy is told of it.
async function worldWith(t, secured, tls, { config = {}, upstream = {} } = {}) {
  const recorder = await Recorder.start({ tls: secured });
  return makeWorld(t, { recorder, config: merge({ upstreams: { app: { url: recorder.url, tls, ...upstream } } }, config) });
}
const trusted = (t, options) => worldWith(t, addressed, { ca_file: authority.file }, options);

test('an app is asked over https, on connections that are used again', async (t) => {
  const world = await trusted(t);
  const client = await RawClient.connect(world.port);
  for (let i = 0; i < 20; ++i) {
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await client.response()).status, 200);
  }
  client.destroy();
  assert.equal(world.recorder.tcpConnections, 1);
  const [first] = world.recorder.requests;
  assert.equal(first.fields.get('host'), HOST);
  assert.equal(first.fields.get('x-forwarded-proto'), 'http'); // that of the client, not of this hop
});

describe('whom it believes', () => {
  const stranger = new Authority('another authority');
  const ca_file = authority.file;
  const ROWS = {
    'its address in the certificate': [addressed, { ca_file }, 200],
    'the name that was said': [named, { ca_file, server_name: 'app.internal' }, 200],
    'the certificate itself in ca_file, as people have it of an appliance': [null, null, 200],
    'no name that fits': [named, { ca_file }, /IP address mismatch.*server_name/],
    'another name': [named, { ca_file, server_name: 'other.internal' }, /hostname mismatch.*other\.internal/],
    'an authority that nobody named': [addressed, undefined, /unable to get local issuer certificate.*ca_file/],
    'another authority': [addressed, { ca_file: stranger.file }, /unable to get local issuer certificate|self-signed/],
    'an expired one': [pems(authority.issue(['127.0.0.1'], { days: 0, file: 'gone' })), { ca_file }, /expired/],
    'anybody, as the operator wants it': [pems(stranger.issue(['x.test'])), { insecure_skip_verify: true }, 200],
  };
  for (const [what, [secured, tls, outcome]] of Object.entries(ROWS)) {
    test(what, async (t) => {
      const itself = new Authority('127.0.0.1');
      const appliance = () => {
        const files = itself.issue(['127.0.0.1']);
        return [pems(files), { ca_file: itself.file }];
      };
      const [shown, told] = secured ? [secured, tls] : appliance();
      const world = await worldWith(t, shown, told);
      const answer = await world.get('/public/x');
      if (outcome === 200) return assert.equal(answer.status, 200);
      assert.equal(answer.status, 502);
      assert.doesNotMatch(answer.text, /certificate|127\.0\.0\.1/);
      const line = await world.proxy.waitLog(({ msg }) => msg === 'upstream failed');
      assert.match(line.reason, /its certificate is not accepted/);
      assert.match(line.reason, outcome);
      assert.equal(world.recorder.requests.length, 0);
      assert.equal(world.recorder.tcpConnections, 1); // and was not asked a second time
    });
  }
});

test('SNI is the name of the app, whatever Host the client asks for', async (t) => {
  const names = [];
  const world = await worldWith(t, { ...named, SNICallback: (name, done) => { names.push(name); done(null); } }, { ca_file: authority.file, server_name: 'app.internal' });
  assert.equal((await world.get('/public/x')).status, 200);
  assert.deepEqual(names, ['app.internal']);
});

test('what we are is shown to an app that asks', async (t) => {
  const files = authority.issue(['proxy.internal']);
  const wants = { ...addressed, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const world = await worldWith(t, wants, { ca_file: authority.file, client_certificate: files });
  let subject;
  world.recorder.on('connection', (socket) => { subject = socket.getPeerCertificate().subject.CN; });
  assert.equal((await world.get('/public/x')).status, 200);
  assert.equal(subject, 'proxy.internal');
  const without = await worldWith(t, wants, { ca_file: authority.file });
  assert.equal((await without.get('/public/x')).status, 502);
});

test('an app that knows only TLS 1.2 is asked in it', async (t) => {
  const world = await worldWith(t, { ...addressed, maxVersion: 'TLSv1.2' }, { ca_file: authority.file });
  assert.equal((await world.get('/public/x')).status, 200);
});

test('a large body up and down, while app and client stand still for a moment', async (t) => {
  const world = await trusted(t);
  const body = randomBytes(12_000_000);
  world.recorder.onHead = async (_one, _reply, stream) => {
    stream.socket.pause();
    setTimeout(() => stream.socket.resume(), 300);
    return false;
  };
  world.recorder.handle = (_one, reply) => reply.send(200, {}, body);
  const client = await RawClient.connect(world.port);
  client.socket.pause();
  await client.send(requestBytes('POST', '/public/up', { Host: HOST, Connection: 'close' }, body));
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.socket.resume();
  const answer = await client.response({ timeout: 30_000 });
  assert.equal(digest(answer.body), digest(body));
  assert.equal(digest(world.recorder.requests[0].body), digest(body));
});

describe('an answer that ends with its connection', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n';
  const against = async (t, answer) => {
    const upstream = net.createServer({ allowHalfOpen: true }, (raw) => {
      raw.on('error', () => {});
      const secured = new tls.TLSSocket(streamOver(raw), { isServer: true, ...addressed });
      secured.on('error', () => {});
      secured.once('data', () => answer(secured, raw));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    t.after(() => upstream.close());
    return makeWorld(t, { config: { upstreams: { app: { url: `https://127.0.0.1:${upstream.address().port}`, tls: { ca_file: authority.file } } } } });
  };

  test('is complete where TLS says so', async (t) => {
    const world = await against(t, (secured) => secured.end(`${head}all of it`));
    const answer = await world.get('/public/x');
    assert.equal(answer.text, 'all of it');
  });

  test('is broken where somebody may have cut it off', async (t) => {
    const world = await against(t, (secured, raw) => secured.write(`${head}a part`, () => raw.end()));
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await assert.rejects(client.response());
    await world.proxy.waitLog(({ msg }) => msg === 'answer broken off');
    client.destroy();
  });
});

test('an app that speaks plain HTTP, and one that says nothing', async (t) => {
  const plain = net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const silent = net.createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => { plain.close(); silent.close(); });
  const world = await makeWorld(t, {
    config: {
      upstreams: {
        app: { url: `https://127.0.0.1:${plain.address().port}`, tls: { ca_file: authority.file } },
        silent: { url: `https://127.0.0.1:${silent.address().port}`, connect_timeout: '300ms' },
      },
    },
    routes: [{ path: '/silent', access: 'public', upstream: 'silent' }, { path: '/*', access: 'public', upstream: 'app' }],
  });
  assert.equal((await world.get('/x')).status, 502);
  const line = await world.proxy.waitLog(({ msg }) => msg === 'upstream failed');
  assert.match(line.reason, /TLS was not agreed on: .+/);
  assert.equal((await world.get('/silent')).status, 504);
});

test('a WebSocket, from TLS to TLS', async (t) => {
  const { webSocketLibrary } = await import('./lib/chromium.mjs');
  const { WebSocket, WebSocketServer } = webSocketLibrary();
  const app = https.createServer(addressed);
  const server = new WebSocketServer({ server: app });
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  t.after(() => { for (const one of server.clients) one.terminate(); app.close(); });
  const world = await makeWorld(t, {
    config: {
      external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: authority.issue([HOST]) } }],
      upstreams: { app: { url: `https://127.0.0.1:${app.address().port}`, tls: { ca_file: authority.file } } },
    },
  });
  const socket = new WebSocket(`wss://127.0.0.1:${world.port}/public/ws`, { ca: authority.pem, servername: HOST, headers: { Host: HOST }, origin: `https://${HOST}` });
  await once(socket, 'open');
  const bytes = randomBytes(3_000_000);
  socket.send(bytes);
  assert.ok(bytes.equals((await once(socket, 'message'))[0]));
  for (const one of server.clients) one.close(4000, 'app');
  assert.equal((await once(socket, 'close'))[0], 4000);
});

test('both sides over TLS, with pipelined requests and bodies', async (t) => {
  const recorder = await Recorder.start({ tls: addressed });
  const world = await makeWorld(t, {
    recorder,
    config: {
      external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: authority.issue([HOST]) } }],
      upstreams: { app: { url: recorder.url, tls: { ca_file: authority.file } } },
    },
  });
  const client = await tlsClient(world.port, { ca: authority.pem });
  await client.send(Buffer.concat(Array.from({ length: 30 }, (_one, i) => requestBytes('POST', `/public/${i}`, { Host: HOST }, 'x'.repeat(i * 1000)))));
  for (let i = 0; i < 30; ++i) assert.equal((await client.response()).status, 200);
  assert.deepEqual(recorder.requests.map(({ body }) => body.length), Array.from({ length: 30 }, (_one, i) => i * 1000));
  client.destroy();
});

describe('what the configuration says of it', () => {
  const base = { external_urls: [`http://${HOST}`], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() }, routes: [{ path: '/*', upstream: 'app' }] };
  const check = (app) => run(['check', '--config', writeConfig({ ...base, upstreams: { app } })]);
  const ROWS = {
    'keys of TLS for an app without': [{ url: 'http://a', tls: { server_name: 'b' } }, 1, /its url is no https:\/\//],
    'anybody will do': [{ url: 'https://a', tls: { insecure_skip_verify: true } }, 0, /any certificate will do/],
    'authorities that are none': [{ url: 'https://a', tls: { ca_file: writeConfig('nothing') } }, 1, /expected certificates in PEM form/],
    'authorities that nobody can read': [{ url: 'https://a', tls: { ca_file: writeConfig('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') } }, 1, /no certificate can be read from/],
    'a name with a port': [{ url: 'https://a', tls: { server_name: 'b:443' } }, 1, /without a port/],
    'a key in the wrong place': [{ url: 'https://a', ca_file: 'b' }, 1, /stands below 'tls': ca_file, server_name/],
  };
  for (const [what, [app, wanted, words]] of Object.entries(ROWS)) {
    test(what, async () => {
      const { code, stdout, stderr } = await check(app);
      assert.equal(code === 0 ? 0 : 1, wanted, stderr);
      assert.match(stdout + stderr, words);
    });
  }
});
