// Certificates of clients: who is asked, what rules and apps make of them, and that nobody gets around it by another name, an
// old ticket, a header or an open connection.
// Release too: the wire, and what OpenSSL makes of it.
// Quick.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { Authority, streamOver, tlsClient, tlsRequest, tlsSocket } from './lib/certificates.mjs';
import { freshSecret, run, writeConfig } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, headersOf, makeWorld, seenHeader, suite } from './lib/world.mjs';

const authority = new Authority();
const clients = new Authority('clients');
const strangers = new Authority('strangers');
const names = [HOST, 'other.test', 'admin.test'];
const own = authority.issue(names);
const ca = authority.pem;
const alice = clients.issueClient({ subject: '/O=Acme, Inc./OU=R&D/CN=Alice Müller', alternatives: 'DNS:Laptop.Test,email:Alice@Acme.Test', file: 'alice' });
const bob = clients.issueClient({ subject: '/CN=bob', file: 'bob' });
const fingerprint = createHash('sha256').update(new X509Certificate(alice.cert).raw).digest('hex');

const ask = (options = {}, rest = {}) => ({ address: '127.0.0.1:0', tls: { certificates: own, client_certificates: { mode: 'optional', ca_file: clients.file, ...options } }, ...rest });
const ROUTES = [
  { path: '/public/*', access: 'optional', upstream: 'app', identity_headers: {
    'X-Cert-Subject': { client_certificate: 'subject', encoding: 'utf8' }, 'X-Cert-Names': { client_certificate: 'san_dns' },
    'X-Cert-Print': { client_certificate: 'fingerprint' }, 'Client-Cert': { client_certificate: 'certificate' }, 'X-Forwarded-User': 'sub' } },
  { path: '/machine/*', access: 'public', require: { client_certificate: { subject_cn: ['Alice Müller', 'carol'], san_email: 'alice@acme.test' } }, upstream: 'app' },
  { path: '/either/*', access: 'public', require: { any: [{ client_certificate: { fingerprint: fingerprint.toUpperCase() } }, { roles: ['admin'] }] }, upstream: 'app' },
  { path: '/both/*', require: { client_certificate: true }, upstream: 'app' },
  { path: '/files/*', access: 'public', require: { client_certificate: true }, respond: { status: 200, body: 'mine' } },
  { path: '/private/*', upstream: 'app' },
];
const https = (config = {}) => ({ external_urls: names.map((name) => `https://${name}`), listen: [ask()], ...config });
const worldOver = (scope, config = {}, options = {}) => makeWorld(scope, { routes: ROUTES, ...options, config: https(config) });

describe('a listener that asks for certificates', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await worldOver(scope); });
  const get = (target, who = {}, { headers = {}, ...rest } = {}) => tlsRequest(world.port, 'GET', target, headers, { ca, ...who, ...rest });
  const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };

  test('an app is told of it, signed in or not', async () => {
    const answer = await get('/public/x', alice);
    assert.equal(Buffer.from(seenHeader(answer, 'x-cert-subject'), 'latin1').toString(), 'CN=Alice Müller,OU=R&D,O=Acme\\, Inc.');
    assert.equal(seenHeader(answer, 'x-cert-names'), 'laptop.test');
    assert.equal(seenHeader(answer, 'x-cert-print'), fingerprint);
    assert.equal(seenHeader(answer, 'client-cert'), `:${new X509Certificate(alice.cert).raw.toString('base64')}:`);
    assert.equal(seenHeader(answer, 'x-forwarded-proto'), 'https');
    assert.equal(seenHeader(await get('/public/x', bob), 'x-cert-subject'), 'CN=bob');
    assert.equal(seenHeader(await get('/public/x'), 'x-cert-subject'), undefined);
  });

  test('nobody says it in a header, in any of the spellings that apps believe', async () => {
    const forged = ['X-Cert-Subject', 'x_cert_subject', 'X-Client-Cert', 'X-Client-Cert-Dn', 'X-SSL-Client-Cert', 'X-SSL-Client-S-Dn', 'Ssl-Client-Cert', 'SSL_CLIENT_VERIFY', 'X-Forwarded-Client-Cert', 'X-Forwarded-Tls-Client-Cert', 'Client-Cert', 'Client-Cert-Chain', 'X-Client-Dn', 'X-Client-Verify', 'X-ARR-ClientCert', 'X-Amzn-Mtls-Clientcert', 'Cf-Client-Cert-Sha256', 'X-TLS-Client-Cert', 'X-Tls-Client-Subject', 'X-Certificate-Subject'];
    for (const target of ['/public/x', '/machine/x']) {
      const answer = await get(target, alice, { headers: Object.fromEntries(forged.map((name) => [name, 'CN=evil'])) });
      assert.equal(answer.status, 200);
      assert.deepEqual(headersOf(answer).filter(([, value]) => value.includes('evil')), [], target);
    }
  });

  test('a certificate is enough where nothing else is asked for, and a missing one is 403 in words', async () => {
    assert.equal((await get('/machine/x', alice)).status, 200);
    assert.equal((await get('/files/x', bob)).text, 'mine');
    for (const who of [{}, bob]) {
      const refused = await get('/machine/x', who, { headers: page });
      assert.equal(refused.status, 403);
      assert.match(refused.text, /A certificate of yours is needed[^]*a certain client certificate/);
      assert.doesNotMatch(refused.text, /Alice|carol|acme|sign-in\?/);
      const script = JSON.parse((await get('/machine/x', who)).text);
      assert.equal(script.error, 'client_certificate_needed');
      assert.deepEqual(script.missing, ['a certain client certificate']);
    }
    assert.equal(world.recorder.requests.filter(({ target }) => target === '/machine/x').length, 1 + 1);
  });

  test('either a certificate or a role: the other is asked for where one lacks', async () => {
    assert.equal((await get('/either/x', alice)).status, 200);
    const sent = await get('/either/x', bob, { headers: page });
    assert.equal(sent.status, 303);
    const admin = world.user({ tls: { ca } });
    const before = world.op.user;
    world.op.user = { ...before, roles: ['admin'] };
    assert.equal((await admin.navigate(`https://${HOST}/either/x`)).status, 200);
    world.op.user = before;
  });

  test('both: who lacks the certificate is not sent to sign in first', async () => {
    const refused = await get('/both/x', {}, { headers: page });
    assert.equal(refused.status, 403);
    assert.equal((await get('/both/x', alice, { headers: page })).status, 303);
    const user = world.user({ tls: { ca, ...alice } });
    const answer = await user.navigate(`https://${HOST}/both/x`);
    assert.equal(answer.status, 200);
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'alice-sub');
    // The same session without the certificate, and with what the app was told of another connection.
    const cookie = user.sessionCookies(HOST, '__Host-logto_session');
    assert.match(cookie, /=/);
    assert.equal((await get('/both/x', {}, { headers: { ...page, Cookie: cookie } })).status, 403);
    for (const [who, subject] of [[alice, /^CN=Alice/], [bob, /^CN=bob$/], [{}, /^undefined$/], [alice, /^CN=Alice/]]) {
      const told = await get('/public/x', who, { headers: { Cookie: cookie } });
      assert.match(String(seenHeader(told, 'x-cert-subject')), subject);
      assert.equal(seenHeader(told, 'x-forwarded-user'), 'alice-sub');
    }
  });

  for (const [what, make, reason] of [
    ['of an unknown authority', () => strangers.issueClient(), /unable to get local issuer certificate/],
    ['that has expired', () => clients.issueClient({ days: 0, file: 'expired' }), /certificate has expired/],
    ['of a server', () => clients.issueClient({ usage: 'serverAuth', file: 'server' }), /unsuitable certificate purpose|unsupported certificate purpose/],
  ]) {
    test(`a certificate ${what} is none, and no connection`, async () => {
      await assert.rejects(get('/public/x', make()));
      await world.proxy.waitLog(({ msg, reason: why }) => /^TLS was not agreed on/.test(msg ?? '') || reason.test(why ?? ''));
    });
  }

  test('resumed, and on a connection that goes on: the same', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const once_ = async (session) => {
        const socket = tls.connect({ port: world.port, host: '127.0.0.1', servername: HOST, ca, maxVersion, session, ...(session ? {} : alice) });
        let next;
        socket.on('session', (one) => { next = one; });
        await once(socket, 'secureConnect');
        const reused = socket.isSessionReused();
        const client = new RawClient(socket);
        for (let i = 0; i < 2; ++i) {
          await client.send(requestBytes('GET', '/machine/x', { Host: HOST }));
          assert.equal((await client.response()).status, 200, maxVersion);
        }
        next ??= socket.getSession();
        client.destroy();
        return { session: next ?? session, reused };
      };
      const first = await once_();
      assert.equal(first.reused, false);
      assert.equal((await once_(first.session)).reused, true);
    }
  });
});

describe('D16 another name in the handshake than in Host', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await worldOver(scope, { listen: [{ address: '127.0.0.1:0', tls: { certificates: own, client_certificates: { mode: 'required', ca_file: clients.file, hosts: ['admin.test'] } } }] });
  });
  const get = (servername, host, who = {}) => tlsRequest(world.port, 'GET', '/public/x', {}, { ca, host, servername, checkServerIdentity: () => undefined, ...who });

  test('passes where the same is asked of both, and is 421 where it is not', async () => {
    assert.equal((await get(HOST, HOST)).status, 200);
    assert.equal((await get(HOST, 'other.test')).status, 200);
    assert.equal((await get('admin.test', 'admin.test', alice)).status, 200);
    await assert.rejects(get('admin.test', 'admin.test'));
    const seen = world.recorder.requests.length;
    for (const [servername, host, who] of [[HOST, 'admin.test'], [HOST, 'ADMIN.test:443'], ['', 'admin.test'], ['nobody.test', 'admin.test'], ['admin.test', HOST, alice], ['admin.test', '127.0.0.1', alice], [HOST, 'admin.test.'], [HOST, 'ADMIN.test.:443']]) {
      const answer = await get(servername, host, who);
      assert.equal(answer.status, 421, `${servername} ${host}`);
    }
    assert.match((await get(HOST, 'admin.test')).text, /connection was made for another host/);
    assert.equal(world.recorder.requests.length, seen);
    await world.proxy.waitAccess(({ decision }) => decision === 'other_connection');
    assert.equal((await get('', HOST)).status, 200);
  });

  test('over HTTP/2, whose clients ask for several hosts on one connection, the same', async () => {
    const over = async (servername, who, asked) => {
      const session = http2.connect(`https://127.0.0.1:${world.port}`, { ca, servername, checkServerIdentity: () => undefined, ...who });
      const seen = [];
      for (const authority_ of asked) {
        const stream = session.request({ ':path': '/machine/x', ':authority': authority_ });
        const [headers] = await once(stream, 'response');
        stream.resume();
        await once(stream, 'end');
        seen.push(headers[':status']);
      }
      session.destroy();
      return seen;
    };
    assert.deepEqual(await over(HOST, {}, [HOST, 'other.test', 'admin.test', HOST]), [403, 403, 421, 403]);
    assert.deepEqual(await over('admin.test', alice, ['admin.test', HOST, 'admin.test']), [200, 421, 200]);
  });

  test('a ticket of one host is none at the other (T01)', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const socket = tls.connect({ port: world.port, host: '127.0.0.1', servername: HOST, ca, maxVersion });
      let session;
      socket.on('session', (one) => { session = one; });
      await once(socket, 'secureConnect');
      const client = new RawClient(socket);
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      await client.response();
      session ??= socket.getSession();
      client.destroy();
      await assert.rejects(get('admin.test', 'admin.test', { session, maxVersion }));
      const again = await tlsSocket(world.port, { ca, session, maxVersion, servername: HOST });
      assert.equal(again.isSessionReused(), true);
      again.destroy();
    }
  });
});

test('behind a balancer that speaks the PROXY protocol it is the client\'s all the same', async (t) => {
  const world = await worldOver(t, { trusted_proxies: ['127.0.0.1'], listen: [ask({}, { proxy_protocol: true })] });
  const plain = net.connect({ port: world.port, host: '127.0.0.1' });
  await once(plain, 'connect');
  plain.write('PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n');
  const socket = tls.connect({ socket: streamOver(plain), ca, servername: HOST, ...alice });
  await once(socket, 'secureConnect');
  const client = new RawClient(socket);
  await client.send(requestBytes('GET', '/machine/x', { Host: HOST }));
  const answer = await client.response();
  assert.equal(answer.status, 200);
  assert.equal(seenHeader(answer, 'x-real-ip'), '203.0.113.9');
  assert.equal(seenHeader(answer, 'x-forwarded-proto'), 'https');
  plain.destroy();
});

test('what is revoked meanwhile counts no more: not on open connections, not by tickets, and not anew', async (t) => {
  const list = clients.revoke([], 'changing.pem');
  const world = await worldOver(t, { workers: 1, listen: [ask({ crl_file: list })] });
  const open = await tlsClient(world.port, { ca, ...alice });
  let session;
  open.socket.on('session', (one) => { session = one; });
  const through = async (client) => {
    await client.send(requestBytes('GET', '/machine/x', { Host: HOST }));
    return (await client.response()).status;
  };
  assert.equal(await through(open), 200);
  const others = await tlsClient(world.port, { ca, ...bob });
  const reload = async (revoked) => {
    fs.renameSync(clients.revoke(revoked, 'next.pem'), list);
    world.proxy.signal('SIGHUP');
    await world.proxy.waitLog(({ msg }) => msg === 'certificates re-read');
  };
  await reload([alice]);
  for (let status = 200; status === 200;) status = await through(open); // each worker takes it up in a turn of its own
  assert.equal(await through(open), 403);
  await assert.rejects(tlsRequest(world.port, 'GET', '/public/x', {}, { ca, ...alice, session }));
  await assert.rejects(tlsRequest(world.port, 'GET', '/public/x', {}, { ca, ...alice }));
  await others.send(requestBytes('GET', '/files/x', { Host: HOST }));
  assert.equal((await others.response()).status, 200);
  fs.writeFileSync(list, 'broken');
  world.proxy.signal('SIGHUP');
  const line = await world.proxy.waitLog(({ msg }) => /^certificates kept as they were/.test(msg ?? ''));
  assert.match(line.msg, /changing\.pem holds no revocation list in PEM form/);
  assert.equal((await tlsRequest(world.port, 'GET', '/files/x', {}, { ca, ...bob })).status, 200);
  for (const one of [open, others]) one.destroy();
});

describe('told before anything is served', () => {
  const base = { external_urls: [`https://${HOST}`], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:1' }, routes: ROUTES };
  const empty = writeConfig('nothing');
  const listed = (...all) => ({ listen: [{ address: '127.0.0.1:0', tls: { certificates: own, client_certificates: all } }] });
  const ROWS = {
    'a file without a certificate': [{ listen: [ask({ ca_file: empty })] }, /holds no certificate in PEM form/],
    'no file': [{ listen: [ask({ ca_file: '/nowhere/ca.pem' })] }, /cannot read \/nowhere\/ca\.pem: No such file/],
    'no authorities': [{ listen: [{ address: '127.0.0.1:0', tls: { certificates: own, client_certificates: { mode: 'required' } } }] }, /expected ca_file/],
    'a list of somebody else': [{ listen: [ask({ crl_file: strangers.revoke([]) })] }, /none of the revocation lists in .* is of an authority in ca_file/],
    'an unknown mode': [{ listen: [ask({ mode: 'on' })] }, /expected optional or required, found 'on'/],
    'one host twice': [listed({ ca_file: clients.file, hosts: ['a.test'] }, { ca_file: strangers.file, hosts: ['a.test', 'b.test'] }), /a host is named by elements 1 and 2/],
    'every other host twice': [listed({ ca_file: clients.file }, { ca_file: strangers.file }), /every other host is named by elements 1 and 2/],
    'a rule that can never hold': [{ listen: [{ address: '127.0.0.1:0', tls: { certificates: own } }] }, /routes\[2\]\.require: client_certificate: no listener asks for client certificates/],
    'a header that can never come': [{ listen: [{ address: '127.0.0.1:0', tls: { certificates: own } }] }, /routes\[1\]\.identity_headers: client_certificate: no listener asks/],
    'a claim that is none': [{ routes: [{ path: '/*', upstream: 'app', identity_headers: { 'X-A': 'client_certificate.subject' } }] }, /write \{ client_certificate: subject \}/],
    'an unknown part': [{ routes: [{ path: '/*', upstream: 'app', require: { client_certificate: { cn: 'a' } } }] }, /unknown key; known here: subject, subject_cn/],
    'no fingerprint': [{ routes: [{ path: '/*', upstream: 'app', require: { client_certificate: { fingerprint: 'aa:bb' } } }] }, /expected the SHA-256 fingerprint/],
  };
  for (const [what, [more, words]] of Object.entries(ROWS)) {
    test(what, async () => {
      const { code, stderr, stdout } = await run(['check', '--config', writeConfig({ ...base, listen: [ask()], ...more })]);
      assert.notEqual(code, 0);
      assert.match(stderr + stdout, words);
    });
  }

  test('tests: and explain judge as the server does', async () => {
    const url = `https://${HOST}/machine/x`;
    const mine = { subject_cn: 'Alice Müller', san_email: 'ALICE@acme.test' };
    const tests = [
      { url, client_certificate: mine, expect: 'allow' },
      { url, expect: 'deny' },
      { url, client_certificate: { subject_cn: 'bob' }, as: { sub: 'alice' }, expect: 'deny' },
      { url: `https://${HOST}/both/x`, client_certificate: mine, expect: 'sign_in' },
      { url: `https://${HOST}/public/x`, client_certificate: { subject: 'CN=a', san_dns: ['x.test', 'y.test'] }, expect: 'allow', expect_headers: { 'X-Cert-Subject': 'CN=a', 'X-Cert-Names': 'x.test,y.test', 'X-Cert-Print': null } },
    ];
    const file = writeConfig({ ...base, listen: [ask()], tests });
    const checked = await run(['check', '--config', file]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    const wrong = await run(['check', '--config', writeConfig({ ...base, listen: [ask()], tests: [{ url, client_certificate: { subject_cn: 'bob' }, expect: 'allow' }] })]);
    assert.match(wrong.stdout + wrong.stderr, /subject_cn: bob/);
    const shown = await run(['explain', '--config', file, '--url', url, '--client-certificate', alice.certificate_file]);
    assert.equal(shown.code, 0, shown.stdout + shown.stderr);
    assert.match(shown.stdout, /certificate +CN=Alice Müller,OU=R&D,O=Acme\\, Inc\./);
    const refused = await run(['explain', '--config', file, '--url', url, '--client-certificate', bob.certificate_file]);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /no +a client certificate with subject_cn one of Alice Müller, carol[^\n]*subject_cn: bob/);
    const matrix = await run(['access-matrix', '--config', file]);
    assert.match(matrix.stdout, /\/machine\/\*[^\n]*by certificate/);
  });
});

test('curl shows its certificate', async (t) => {
  const world = await worldOver(t);
  const { stdout: text } = await promisify(execFile)('curl', ['-sS', '--cacert', authority.file, '--cert', alice.certificate_file, '--key', alice.key_file, '--resolve', `${HOST}:${world.port}:127.0.0.1`, '-H', `Host: ${HOST}`, `https://${HOST}:${world.port}/machine/x`]);
  assert.equal(JSON.parse(text).target, '/machine/x');
  assert.equal((await request(world.port, 'GET', '/machine/x')).status, 400);
});
