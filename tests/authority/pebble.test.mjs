// An empty folder, Debian's uacme and Pebble: a certificate comes, is renewed, outlives a restart, and where it does not come the
// log says why while the old one goes on being served. One story, in order.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tlsClient, tlsRequest, tlsSocket } from '../e2e/lib/certificates.mjs';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { requestBytes } from '../e2e/lib/raw.mjs';
import { HOST, makeWorld, suite } from '../e2e/lib/world.mjs';

const PLACE = process.env.PEBBLE_FOLDER;
const OTHER = 'other.test';
const LIFE_S = 60; // due after 40 s

class Program {
  output = '';
  constructor(name, args, env = {}) {
    this.child = spawn(path.join(PLACE, name), args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.output += data; });
  }
  async listening(port) {
    for (;;) {
      const socket = net.connect(port, '127.0.0.1');
      const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
      socket.destroy();
      if (open) return this;
      assert.equal(this.child.exitCode, null, this.output);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  async stop() {
    if (this.child.exitCode !== null) return;
    this.child.kill();
    await once(this.child, 'exit');
  }
}

describe('with a real authority', () => {
  const scope = suite(after);
  const state = path.join(temporaryFolder(), 'state');
  let names; let pebble; let world; let ports;

  const startPebble = () => {
    const file = path.join(temporaryFolder(), 'pebble.json');
    fs.writeFileSync(file, JSON.stringify({ pebble: {
      listenAddress: `127.0.0.1:${ports.directory}`, managementListenAddress: `127.0.0.1:${ports.management}`,
      certificate: path.join(PLACE, 'pebble.pem'), privateKey: path.join(PLACE, 'pebble.key'), httpPort: ports.plain, tlsPort: 1,
      ocspResponderURL: '', externalAccountBindingRequired: false, domainBlocklist: ['blocked.test'], retryAfter: { authz: 1, order: 1 }, keyAlgorithm: 'ecdsa',
      profiles: { default: { description: 'short', validityPeriod: LIFE_S } },
    } }));
    return new Program('pebble', ['-config', file, '-dnsserver', `127.0.0.1:${ports.dns}`], { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' }).listening(ports.directory);
  };
  const tellNames = (what, body) => fetch(`http://127.0.0.1:${ports.names}/${what}`, { method: 'POST', body: JSON.stringify(body) }).then((answer) => assert.equal(answer.status, 200));
  // Pebble's root, which is another after each start.
  const root = () => new Promise((resolve, reject) => {
    https.get(`https://127.0.0.1:${ports.management}/roots/0`, { ca: fs.readFileSync(path.join(PLACE, 'ca.pem')) }, async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      resolve(text);
    }).on('error', reject);
  });
  const shown = async (options = {}) => {
    const socket = await tlsSocket(world.port, { rejectUnauthorized: false, ...options });
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  };
  const logged = (match, since = 0) => world.proxy.waitLog((line) => world.proxy.errors.indexOf(line) >= since && match(line), { timeout: 120_000 })
    .catch((error) => { throw new Error(`${error.message}\n${world.proxy.errors.map((line) => JSON.stringify(line)).join('\n')}`); });
  const came = (host, since) => logged((line) => line.msg === 'a certificate has come' && line.host === host, since);
  const now = () => world.proxy.errors.length;
  async function untilShown(matches, options) {
    for (const start = Date.now(); Date.now() - start < 20_000; ) {
      const certificate = await shown(options).catch(() => null);
      if (certificate && matches(certificate)) return certificate;
    }
    throw new Error('another certificate is shown');
  }

  before(async () => {
    const [directory, management, dns, nameServer, plain, secure] = await Promise.all(Array.from({ length: 6 }, freePort));
    ports = { directory, management, dns, names: nameServer, plain, secure };
    names = await new Program('pebble-challtestsrv', ['-dnsserver', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${nameServer}`, '-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', '', '-defaultIPv6', '']).listening(nameServer);
    scope.after(() => names.stop());
    pebble = await startPebble();
    scope.after(() => pebble.stop());
    world = await makeWorld(scope, { config: {
      external_urls: [`https://${HOST}`, `https://${OTHER}`],
      listen: [
        { address: `127.0.0.1:${secure}`, tls: { acme: { agree_tos: true, email: 'me@example.com', directory: `https://127.0.0.1:${directory}/dir`, ca_file: path.join(PLACE, 'ca.pem'), state_dir: state } } },
        { address: `127.0.0.1:${plain}`, redirect_to_https: true },
      ],
    } });
  });

  test('from nothing: refused at first, then each host has its own, with the chain, by SNI', async () => {
    await assert.rejects(tlsSocket(world.port, {}));
    await came(HOST);
    await came(OTHER);
    const ca = await root();
    for (const host of [HOST, OTHER]) {
      const certificate = await untilShown((one) => one.subjectaltname === `DNS:${host}`, { servername: host, ca, rejectUnauthorized: true });
      assert.equal(certificate.subjectaltname, `DNS:${host}`);
      assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { ca, host: HOST, servername: host })).status, 200);
    }
    for (const file of fs.readdirSync(state, { recursive: true })) {
      const about = fs.statSync(path.join(state, file));
      if (file.endsWith('key.pem')) assert.equal(about.mode & 0o077, 0, file);
    }
    assert.equal(fs.statSync(state).mode & 0o777, 0o700);
  });

  test('a restart keeps it', async () => {
    const before = await shown();
    await world.restart();
    assert.equal((await shown()).serialNumber, before.serialNumber);
  });

  test('it is renewed before it ends, and open connections do not notice', async () => {
    const before = await shown();
    const client = await tlsClient(world.port, { rejectUnauthorized: false });
    const asks = async () => {
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      assert.equal((await client.response()).status, 200);
    };
    await asks();
    await came(HOST, now());
    const renewed = await untilShown((one) => one.serialNumber !== before.serialNumber, { ca: await root(), rejectUnauthorized: true });
    assert.ok(Date.parse(before.valid_to) >= Date.parse(renewed.valid_from));
    await asks();
    client.destroy();
  });

  test('no address in DNS: the log says so, and the old one goes on being served', async () => {
    await tellNames('set-servfail', { host: HOST });
    const before = await untilShown(() => true);
    const line = await logged((one) => /^no certificate has come: the authority finds no address of the host in DNS/.test(one.msg ?? '') && one.host === HOST, now());
    assert.match(line.served, /^the old one/);
    assert.ok(line.next_try_minutes >= 1 && line.next_try_minutes < 60);
    assert.equal((await shown()).serialNumber, before.serialNumber);
    await tellNames('clear-servfail', { host: HOST });
  });

  test('nobody at its address: likewise', async () => {
    await tellNames('add-a', { host: HOST, addresses: ['127.0.0.9'] });
    const since = now();
    world.proxy.signal('SIGHUP');
    const line = await logged((one) => /^no certificate has come: the authority could not reach port 80/.test(one.msg ?? '') && one.host === HOST, since);
    assert.match(line.uacme, /127\.0\.0\.9|refused/);
    await tellNames('clear-a', { host: HOST });
  });

  test('an operator who has mended it gets one at once', async () => {
    const before = await shown();
    const since = now();
    world.proxy.signal('SIGHUP');
    await came(HOST, since);
    await untilShown((one) => one.serialNumber !== before.serialNumber);
  });

  test('an authority that has forgotten the account makes a new one', async () => {
    await pebble.stop();
    pebble = await startPebble();
    const since = now();
    await logged((one) => /does not know our account/.test(one.msg ?? ''), since);
    const again = now();
    world.proxy.signal('SIGHUP');
    const { host } = await Promise.any([HOST, OTHER].map((one) => came(one, again))); // whichever was due
    await untilShown((one) => one.subjectaltname === `DNS:${host}`, { servername: host, ca: await root(), rejectUnauthorized: true });
  });
});
