// What scanners ask of a port with TLS, asked of the binary by sslscan and openssl s_client: versions, ciphers, renegotiation,
// compression, tickets, early data, key updates, certificates that are about to expire.
// Release too: the wire, and what OpenSSL makes of it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { Authority, tlsRequest } from './lib/certificates.mjs';
import { run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const authority = new Authority();
const own = authority.issue([HOST, '127.0.0.1']);
const ca = authority.pem;
const https = (certificates = own, tls = {}) => ({ external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates, ...tls } }] });
const folder = temporaryFolder();
const AEAD = /^(TLS_AES_(128|256)_GCM_SHA(256|384)|TLS_CHACHA20_POLY1305_SHA256|ECDHE-ECDSA-(AES128-GCM-SHA256|AES256-GCM-SHA384|CHACHA20-POLY1305))$/;

describe('a port with TLS', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { config: https() }); });

  // What s_client says, up to `until`, or to its end. `say`: lines that it is told one after the other, [line, answer], each when
  // the one before has been answered.
  const sClient = async (args, { input = '', say = [], until } = {}) => {
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${world.port}`, '-servername', HOST, ...args]);
    let text = '';
    let isOver = false;
    let hear = () => {};
    const more = () => new Promise((resolve) => { hear = resolve; });
    for (const stream of [client.stdout, client.stderr]) stream.on('data', (data) => { text += data; hear(); });
    client.once('close', () => { isOver = true; hear(); });
    client.stdin.on('error', () => {});
    const wait = async (from, what) => { while (!isOver && !what?.test(text.slice(from))) await more(); };
    for (const [line, answer] of say) {
      const from = line ? text.length : 0;
      client.stdin.write(line);
      await wait(from, answer);
    }
    if (until) client.stdin.write(input);
    else if (!say.length) client.stdin.end(input);
    if (!say.length) await wait(0, until);
    client.kill();
    return text;
  };

  test('sslscan finds two versions, good ciphers, and nothing that is broken', async () => {
    const { stdout } = await promisify(execFile)('sslscan', ['--xml=-', '--no-colour', `--sni-name=${HOST}`, `127.0.0.1:${world.port}`], { timeout: 120_000 });
    const all = (tag) => [...stdout.matchAll(new RegExp(`<${tag} ([^>]*?)/?>`, 'g'))].map(([, text]) => Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])));
    const spoken = all('protocol').filter(({ enabled }) => enabled === '1').map(({ type, version }) => `${type} ${version}`);
    assert.deepEqual(spoken.sort(), ['tls 1.2', 'tls 1.3']);
    const ciphers = all('cipher').filter(({ status }) => status === 'accepted' || status === 'preferred');
    assert.ok(ciphers.length >= 6, stdout);
    for (const { cipher } of ciphers) assert.match(cipher, AEAD);
    assert.deepEqual(ciphers.filter(({ status }) => status === 'preferred').map(({ cipher }) => cipher), ['TLS_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256']);
    for (const { vulnerable } of all('heartbleed')) assert.equal(vulnerable, '0');
    for (const tag of ['compression', 'renegotiation']) for (const { supported } of all(tag)) assert.equal(supported, '0', tag);
    for (const { name } of all('group')) assert.match(name, /P-?256|P-?384|25519|secp256r1|secp384r1/i);
  });

  for (const version of ['-tls1', '-tls1_1']) {
    test(`${version} is not spoken`, async () => {
      const text = await sClient([version, '-cipher', 'ALL:@SECLEVEL=0']);
      assert.match(text, /alert protocol version|no protocols available|unsupported protocol/);
      assert.doesNotMatch(text, /BEGIN CERTIFICATE/);
    });
  }

  test('who comes back to an older version than both speak is told so', async () => {
    assert.match(await sClient(['-tls1_2', '-fallback_scsv']), /inappropriate fallback/);
  });

  test('what is agreed on', async () => {
    const text = await sClient(['-alpn', 'http/1.1', '-verify_return_error', '-CAfile', authority.file, '-verify_hostname', HOST]);
    assert.match(text, /Verify return code: 0 \(ok\)/);
    assert.match(text, /ALPN protocol: http\/1\.1/);
    assert.match(text, /Compression: NONE/);
    assert.match(text, /Server Temp Key: X25519/);
    assert.match(await sClient(['-tls1_2']), /Secure Renegotiation IS supported[^]*Extended master secret: yes/);
    assert.match(await sClient(['-alpn', 'spdy/3']), /no application protocol/);
  });

  test('early data is not taken', async () => {
    const session = path.join(folder, 'session.pem');
    const early = path.join(folder, 'early.txt');
    const ask = `GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    fs.writeFileSync(early, ask);
    await sClient(['-tls1_3', '-sess_out', session, '-ign_eof'], { input: ask, until: /HTTP\/1\.1 200[^]*close notify|closed/ });
    const before_ = world.recorder.requests.length;
    const text = await sClient(['-tls1_3', '-sess_in', session, '-early_data', early]);
    assert.match(text, /Reused, TLSv1\.3/);
    assert.match(text, /Early data was (not sent|rejected)/);
    assert.equal(world.recorder.requests.length, before_);
  });

  test('D25 new keys again and again end the connection', async () => {
    const asked = Array.from({ length: 5_000 }, () => ['K\n', /KEYUPDATE/]); // how many leave before it hears of the end, its own speed says
    const text = await sClient(['-tls1_3'], { say: [['', /Verify return code/], ...asked] });
    const updates = text.split('KEYUPDATE').length - 1;
    assert.ok(updates >= 16 && updates < 5_000, `${updates} updates`);
    assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { ca })).status, 200);
  });

  test('who goes away right behind the handshake leaves no connection behind', async () => {
    const open = () => fs.readdirSync(`/proc/${world.proxy.pid}/fd`).length;
    const before_ = open();
    const { stdout } = await promisify(execFile)('openssl', ['s_time', '-connect', `127.0.0.1:${world.port}`, '-new', '-time', '1', '-tls1_3']);
    assert.ok(Number(/^(\d+) connections/m.exec(stdout)[1]) > 20, stdout);
    await tlsRequest(world.port, 'GET', '/public/x', {}, { ca });
    for (const start = Date.now(); open() > before_ + 10 && Date.now() - start < 10_000; ) await tlsRequest(world.port, 'GET', '/public/x', {}, { ca });
    assert.ok(open() <= before_ + 10, `${open()} descriptors, ${before_} before`);
  });

  test('min_version: 1.3 leaves one', async (t) => {
    const stricter = await makeWorld(t, { config: https(own, { min_version: '1.3' }) });
    await assert.rejects(tlsRequest(stricter.port, 'GET', '/public/x', {}, { ca, maxVersion: 'TLSv1.2' }));
    assert.equal((await tlsRequest(stricter.port, 'GET', '/public/x', {}, { ca })).status, 200);
  });
});

test('a certificate that expires within a week is told of, at check and at the start', async (t) => {
  const soon = authority.issue([HOST], { days: 3, file: 'soon' });
  const world = await makeWorld(t, { config: https(soon) });
  const line = await world.proxy.waitLog(({ msg }) => msg === 'a certificate expires soon');
  assert.ok(line.hours > 24 && line.hours <= 72);
  assert.match(line.file, /soon\.pem$/);
  const { code, stdout, stderr } = await run(['check', '--config', writeConfig(world.config)]);
  assert.equal(code, 0);
  assert.match(stdout + stderr, /the certificate in .*soon\.pem expires in \d+ hours/);
});
