// Certificates that come by themselves: what we do with the program that gets them (a stand-in, which does with its hook what
// uacme does), whom we answer, and what is served meanwhile. With a real authority: tests/compare/pebble.mjs.
// Release too: a program is started, and what OpenSSL makes of no certificate.
// Quick.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Authority, tlsRequest, tlsSocket } from './lib/certificates.mjs';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { REPO, freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { request } from './lib/raw.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const OTHER = 'other.test';
const DAY = 86_400_000;
const CHALLENGES = '/.well-known/acme-challenge/';
const authority = new Authority();
const ca = authority.pem;
const DIRECTORY = 'https://ca.test/directory';
const stateOf = (folder) => path.join(folder, 'acme', 'ca.test_directory');

// A folder with the stand-in, and what it is to issue for these hosts.
class FakeUacme {
  constructor(hosts = [HOST]) {
    this.folder = temporaryFolder();
    this.state = temporaryFolder();
    fs.copyFileSync(path.join(REPO, 'tests/e2e/lib/fake_uacme.sh'), path.join(this.folder, 'uacme'));
    for (const host of hosts) this.issues(host, authority.issue([host], { file: `${host}-first` }));
  }
  get env() { return { PATH: `${this.folder}:${process.env.PATH}` }; }
  path(name) { return path.join(this.folder, name); }
  tell(name, text = '') { fs.writeFileSync(this.path(name), text); }
  forget(name) { fs.rmSync(this.path(name), { force: true }); }
  issues(host, files) {
    fs.copyFileSync(files.certificate_file, this.path(`${host}.pem`));
    fs.copyFileSync(files.key_file, this.path(`${host}.key`));
  }
  calls() { return fs.existsSync(this.path('calls')) ? fs.readFileSync(this.path('calls'), 'utf8') : ''; }
  orders() { return this.calls().split('\n').filter((line) => / issue /.test(line)); }
  // As if an earlier process had got this one.
  put(host, files) {
    const folder = stateOf(this.state);
    for (const [one, name, from] of [[`private/${host}`, 'key.pem', files.key_file], [host, 'cert.pem', files.certificate_file]]) {
      fs.mkdirSync(path.join(folder, one), { recursive: true });
      fs.copyFileSync(from, path.join(folder, one, name));
    }
  }
  config({ hosts = [HOST], acme = {}, listen = [], plain = [{ redirect_to_https: true }], tls = {} } = {}) {
    const settings = { agree_tos: true, email: 'me@example.com', directory: DIRECTORY, state_dir: path.join(this.state, 'acme'), ...acme };
    return {
      external_urls: hosts.map((host) => `https://${host}`),
      listen: [{ address: `127.0.0.1:${this.port}`, tls: { acme: settings, ...tls } }, ...plain.map((rest, i) => ({ address: `127.0.0.1:${this.ports[i]}`, ...rest })), ...listen],
    };
  }
  // The ports are told before the start: what is asked for at once is answered there.
  async world(scope, options = {}, more = {}) {
    [this.port, ...this.ports] = await Promise.all(Array.from({ length: 1 + (options.plain?.length ?? 1) }, freePort));
    this.tell('ports', this.ports.join(' '));
    return makeWorld(scope, { ...more, env: { ...this.env, ...more.env }, config: this.config(options) });
  }
}

const came = (world, host = HOST, options = {}) => world.proxy.waitLog((line) => line.msg === 'a certificate has come' && line.host === host, { timeout: 20_000, ...options });
const didNotCome = (world, words, options = {}) => world.proxy.waitLog((line) => /^no certificate has come/.test(line.msg ?? '') && words.test(line.msg), { timeout: 20_000, ...options });
const shown = async (port, servername = HOST) => {
  const socket = await tlsSocket(port, { ca, servername, rejectUnauthorized: false });
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
};
const serialOf = (file) => execFileSync('openssl', ['x509', '-in', file, '-noout', '-serial'], { encoding: 'utf8' }).trim().replace('serial=', '');
// Each worker takes a certificate up in a turn of its own, behind the line in the log.
async function untilShown(port, serial, servername = HOST) {
  for (const start = Date.now(); Date.now() - start < 10_000; ) {
    const certificate = await shown(port, servername).catch(() => null);
    if (certificate?.serialNumber === serial) return;
  }
  throw new Error('another certificate is shown');
}

test('from nothing to a certificate that is served, and a restart keeps it', async (t) => {
  const uacme = new FakeUacme();
  const world = await uacme.world(t, { plain: [{ redirect_to_https: true }, {}] }, { env: { LOGTO_APP_SECRET: 'hush-hush-hush' } });
  await came(world);
  await untilShown(world.port, serialOf(uacme.path(`${HOST}.pem`)));
  assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { ca })).status, 200);
  // The account first, with its address; then one order, whether or not it is due being our own decision.
  const calls = uacme.calls();
  const folder = stateOf(uacme.state);
  assert.match(calls, new RegExp(`^-a ${DIRECTORY} -c ${folder} -t EC -y new me@example\\.com$`, 'm'));
  assert.match(calls, new RegExp(`^-a ${DIRECTORY} -c ${folder} -t EC -f -o -h /proc/self/fd/4 issue ${HOST.replace('.', '\\.')}$`, 'm'));
  assert.doesNotMatch(calls, /hush|LOGTO_APP|HOME=/);
  const numbers = [...new Set([...calls.matchAll(/^fd (\d+)$/gm)].map(([, number]) => Number(number)))];
  assert.ok(Math.max(...numbers) <= 5, `descriptors ${numbers}`); // 5: the folder that ls reads
  // Nobody else reads what is there.
  assert.equal(fs.statSync(path.join(uacme.state, 'acme')).mode & 0o777, 0o700);
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  // The token is gone with the order; and it was answered before any rule, on both kinds of listener.
  const token = fs.readFileSync(uacme.path('token'), 'utf8').trim();
  assert.equal((await request(uacme.ports[0], 'GET', CHALLENGES + token)).status, 301);
  assert.equal((await request(uacme.ports[1], 'GET', CHALLENGES + token)).status, 404);
  assert.equal(world.proxy.access.filter((line) => line.decision === 'acme_challenge' && line.status === 200).length, 2);
  await world.restart();
  await untilShown(uacme.port, serialOf(uacme.path(`${HOST}.pem`)));
  assert.equal(uacme.orders().length, 1);
  assert.ok(!world.proxy.output.includes('hush'));
});

test('while the authority asks: that token, on every listener and for every Host, and nothing else', async (t) => {
  const uacme = new FakeUacme();
  uacme.tell('wait');
  const world = await uacme.world(t, { plain: [{ redirect_to_https: true }, {}] });
  while (!fs.existsSync(uacme.path('token')) || !fs.readFileSync(uacme.path('token'), 'utf8').endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 20));
  const token = fs.readFileSync(uacme.path('token'), 'utf8').trim();
  for (const port of uacme.ports) {
    const answer = await request(port, 'GET', CHALLENGES + token);
    assert.equal(answer.status, 200);
    assert.match(answer.text, new RegExp(`^${token}\\.[\\w-]{43}$`));
    assert.equal(answer.fields.get('cache-control'), 'no-store');
    assert.equal((await request(port, 'GET', CHALLENGES + token, {}, { host: 'elsewhere.test' })).status, 200);
    assert.equal((await request(port, 'HEAD', CHALLENGES + token)).status, 200);
    for (const target of [CHALLENGES, `${CHALLENGES}${token}x`, `${CHALLENGES}${token}/`, `${CHALLENGES}${token}?x`, `${CHALLENGES}../${token}`, `${CHALLENGES}%2e%2e/key.pem`])
      assert.notEqual((await request(port, 'GET', target)).status, 200, target);
    assert.notEqual((await request(port, 'POST', CHALLENGES + token)).status, 200);
  }
  // No certificate: no TLS, and whoever runs it knows.
  await assert.rejects(tlsSocket(world.port, { ca }), /unrecognized name|handshake/i);
  await assert.rejects(tlsSocket(world.port, { ca, servername: '' }));
  assert.ok(world.proxy.errors.some((line) => /TLS is refused for it/.test(line.msg) && line.host === HOST));
  uacme.forget('wait');
  await came(world);
});

test('one is renewed in time, over an old one that is served until then', async (t) => {
  const uacme = new FakeUacme();
  const expired = authority.issue([HOST], { days: 0, file: 'expired' });
  uacme.put(HOST, expired);
  uacme.tell('fail', 'uacme: the server reported the following error:\n{ "type": "urn:ietf:params:acme:error:connection", "detail": "10.0.0.1: Timeout" }\n');
  const world = await uacme.world(t);
  const line = await didNotCome(world, /could not reach port 80 of the host/);
  assert.equal(line.host, HOST);
  assert.equal(line.directory, DIRECTORY);
  assert.match(line.uacme, /10\.0\.0\.1: Timeout/);
  assert.equal(line.served, 'the old one, which has expired');
  assert.ok(line.next_try_minutes >= 3 && line.next_try_minutes <= 7, `${line.next_try_minutes}`);
  assert.equal((await shown(world.port)).serialNumber, serialOf(expired.certificate_file));
  uacme.forget('fail');
  world.proxy.signal('SIGHUP'); // an operator who has mended it does not wait
  await came(world);
  await untilShown(world.port, serialOf(uacme.path(`${HOST}.pem`)));
});

test('a month early, where the clock can be moved', { skip: !CLOCK_IS_MOVABLE && 'the clock of this binary cannot be moved' }, async (t) => {
  const uacme = new FakeUacme();
  uacme.issues(HOST, authority.issue([HOST], { days: 90, file: 'long' }));
  const world = await uacme.world(t, {}, { clock: true });
  await came(world);
  const first = serialOf(uacme.path(`${HOST}.pem`));
  uacme.issues(HOST, authority.issue([HOST], { days: 365, file: 'renewed' }));
  await world.clock.advance(59 * DAY);
  world.proxy.signal('SIGHUP');
  await world.proxy.waitLog((line) => line.msg === 'certificates re-read');
  assert.equal(uacme.orders().length, 1);
  await untilShown(world.port, first);
  await world.clock.advance(1.1 * DAY);
  await world.proxy.waitLog((line) => line.msg === 'a certificate has come' && line.days > 300, { timeout: 30_000 });
  await untilShown(world.port, serialOf(uacme.path(`${HOST}.pem`)));
});

test('nobody is hammered: four failures an hour, whoever restarts or signals', async (t) => {
  const uacme = new FakeUacme();
  uacme.tell('fail', 'uacme: nothing works');
  const world = await uacme.world(t);
  for (let i = 0; i < 3; ++i) {
    await didNotCome(world, /ended with status 2/);
    await world.restart();
  }
  await didNotCome(world, /ended with status 2/);
  await world.restart();
  world.proxy.signal('SIGHUP');
  await world.proxy.waitLog((line) => line.msg === 'certificates re-read');
  assert.equal(uacme.calls().split('\n').filter((line) => / new /.test(line)).length, 4);
});

test('what uacme stumbles over by chance is tried again at once, and not for ever', async (t) => {
  const uacme = new FakeUacme();
  uacme.tell('bad_luck', '.\n'.repeat(9));
  const world = await uacme.world(t);
  await came(world);
  assert.equal(uacme.orders().length, 10);
  uacme.put(HOST, authority.issue([HOST], { days: 0, file: 'unlucky' }));
  uacme.tell('bad_luck', '.\n'.repeat(99));
  await world.restart();
  await didNotCome(world, /does not know what the authority offers/);
  assert.equal(uacme.orders().length, 20);
});

describe('several hosts', () => {
  const scope = suite(after);
  let world;
  const uacme = new FakeUacme([OTHER]); // for HOST there is nothing to issue
  before(async () => { world = await uacme.world(scope, { hosts: [HOST, OTHER] }); });

  test('one that cannot be had keeps no other from its own', async () => {
    await came(world, OTHER);
    await untilShown(world.port, serialOf(uacme.path(`${OTHER}.pem`)), OTHER);
    await didNotCome(world, /./);
    await assert.rejects(tlsSocket(world.port, { ca, servername: HOST }));
  });
});

test('one that is named by a file is not asked for', async (t) => {
  const uacme = new FakeUacme();
  const world = await uacme.world(t, { hosts: [HOST, 'files.test', 'a.wild.test'], tls: { certificates: [authority.issue(['files.test', '*.wild.test'])] } });
  await came(world);
  assert.deepEqual(uacme.orders().map((line) => line.split(' ').pop()), [HOST]);
  for (const servername of ['files.test', 'a.wild.test']) assert.equal((await shown(world.port, servername)).subject.CN, 'files.test');
  await untilShown(world.port, serialOf(uacme.path(`${HOST}.pem`)));
});

test('a self-signed one meanwhile, where that is asked for', async (t) => {
  const uacme = new FakeUacme();
  uacme.tell('wait');
  const world = await uacme.world(t, { acme: { self_signed_meanwhile: true } });
  const meanwhile = await shown(world.port);
  assert.match(meanwhile.subject.CN, /self-signed/);
  assert.equal(meanwhile.subjectaltname, `DNS:${HOST}`);
  assert.equal((await tlsRequest(world.port, 'GET', '/public/x', {}, { rejectUnauthorized: false })).status, 200);
  uacme.forget('wait');
  await came(world);
  await untilShown(world.port, serialOf(uacme.path(`${HOST}.pem`)));
});

test('a stop while an order runs waits for nobody, and leaves nothing behind', async (t) => {
  const uacme = new FakeUacme();
  uacme.tell('wait');
  const world = await uacme.world(t);
  while (!fs.existsSync(uacme.path('token'))) await new Promise((resolve) => setTimeout(resolve, 20));
  const children = () => fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try { return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(uacme.folder); } catch { return false; }
  });
  assert.ok(children().length > 0);
  world.proxy.expectExit = true;
  await world.proxy.stop();
  while (children().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
});

test('an address that has changed is told to the authority, and an account that it has lost is made anew', async (t) => {
  const uacme = new FakeUacme();
  uacme.put(HOST, authority.issue([HOST], { days: 0, file: 'gone' }));
  fs.writeFileSync(path.join(stateOf(uacme.state), '.account'), 'old@example.com');
  const world = await uacme.world(t);
  await came(world);
  assert.match(uacme.calls(), / update me@example\.com$/m);
  assert.doesNotMatch(uacme.calls(), / new /);
  uacme.put(HOST, authority.issue([HOST], { days: 0, file: 'gone-again' }));
  uacme.tell('fail', 'uacme: no account associated with /x/key.pem found at https://ca.test');
  await world.restart();
  await didNotCome(world, /does not know our account/);
  uacme.forget('fail');
  world.proxy.signal('SIGHUP');
  await came(world);
  assert.match(uacme.calls(), / new me@example\.com$/m);
});

const UACME = '/usr/bin/uacme';
test('Debian\'s uacme, with nobody at the directory', { skip: !fs.existsSync(UACME) && 'uacme is not installed' }, async (t) => {
  const uacme = new FakeUacme();
  fs.rmSync(uacme.path('uacme'));
  fs.symlinkSync(UACME, uacme.path('uacme'));
  const world = await uacme.world(t, { acme: { directory: 'https://127.0.0.1:1/directory' } });
  const line = await didNotCome(world, /the authority cannot be reached from here/, { timeout: 60_000 }); // it tries three times, five seconds apart
  assert.match(line.uacme, /failed to fetch directory at https:\/\/127\.0\.0\.1:1\/directory/);
  const key = path.join(uacme.state, 'acme', '127.0.0.1_1_directory', 'private', 'key.pem');
  assert.equal(fs.statSync(key).mode & 0o077, 0);
});

describe('the directory of another ACME client', () => {
  const scope = suite(after);
  const webroot = temporaryFolder();
  const folder = path.join(webroot, CHALLENGES);
  let world;
  before(async () => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'token-1'), 'token-1.thumbprint');
    fs.writeFileSync(path.join(folder, 'large'), 'x'.repeat(5000));
    fs.writeFileSync(path.join(folder, '.hidden'), 'hush');
    fs.writeFileSync(path.join(webroot, 'secret'), 'hush');
    fs.writeFileSync(path.join(temporaryFolder(), 'outside'), 'hush');
    fs.symlinkSync('/etc/hostname', path.join(folder, 'link'));
    fs.mkdirSync(path.join(folder, 'folder'));
    fs.writeFileSync(path.join(folder, 'folder', 'index.html'), 'hush');
    execFileSync('mkfifo', [path.join(folder, 'fifo')]);
    const certificate = authority.issue([HOST], { file: 'webroot' });
    world = await makeWorld(scope, {
      config: {
        acme_webroot: webroot,
        external_urls: [`https://${HOST}`],
        routes: [{ path: '/*', upstream: 'app' }],
        listen: [{ address: '127.0.0.1:0', tls: { certificates: [certificate] } }, { address: '127.0.0.1:0', redirect_to_https: true }, '127.0.0.1:0'],
      },
    });
  });

  test('is answered from on every listener, before any rule', async () => {
    const [secure, door, plain] = world.proxy.addresses.map((address) => Number(address.split(':').pop()));
    for (const ask of [(target) => request(door, 'GET', target), (target) => request(plain, 'GET', target), (target) => tlsRequest(secure, 'GET', target, {}, { ca })]) {
      const answer = await ask(`${CHALLENGES}token-1`);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, 'token-1.thumbprint');
      for (const name of ['', 'none', 'large', '.hidden', 'link', 'folder', 'folder/', 'folder/index.html', 'fifo', '../../secret', '..%2f..%2fsecret', '%2e%2e/%2e%2e/secret', 'token-1/', 'token-1?', 'token-1%00'])
        assert.notEqual((await ask(CHALLENGES + name)).status, 200, name);
    }
    assert.deepEqual(world.recorder.requests, []);
    assert.notEqual((await request(plain, 'GET', '/secret')).status, 200);
  });

  test('explain says so', async () => {
    const explain = async (target, ...more) => (await run(['explain', '--config', world.proxy.file, '--url', `https://${HOST}${target}`, ...more])).stdout;
    assert.match(await explain(`${CHALLENGES}token-1`), /acme_webroot answers it to anybody/);
    assert.doesNotMatch(await explain(`${CHALLENGES}token-1`, '--method', 'POST'), /acme_webroot/);
    assert.doesNotMatch(await explain('/.well-known/other'), /acme_webroot/);
  });
});

describe('what check says', () => {
  const base = { logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }] };
  const check = async (acme, env = {}, plain = [{ address: '0.0.0.0:80', redirect_to_https: true }]) => {
    const file = writeConfig({ ...base, external_urls: [`https://${HOST}`], listen: [{ address: '0.0.0.0:443', tls: { acme: { agree_tos: true, state_dir: temporaryFolder(), ...acme } } }, ...plain] });
    const { code, stdout, stderr } = await run(['check', '--config', file], { env });
    return { code, text: stdout + stderr };
  };

  test('what is right is not remarked', async () => {
    const { code, text } = await check({}, new FakeUacme().env);
    assert.equal(code, 0, text);
    assert.doesNotMatch(text, /acme/);
  });

  test('no uacme: the package', async () => {
    const { code, text } = await check({}, { PATH: '/nowhere' });
    if (fs.existsSync('/usr/bin/uacme')) return;
    assert.equal(code, 0, text);
    assert.match(text, /uacme is not installed: apt-get install uacme/);
  });

  test('a folder that cannot be made, and one that others read', async () => {
    assert.match((await check({ state_dir: '/proc/acme' }, new FakeUacme().env)).text, /listen\[\]\.tls\.acme\.state_dir: \/proc\/acme/);
    const file = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(file, '');
    assert.match((await check({ state_dir: file }, new FakeUacme().env)).text, /state_dir: .*file.*expected a folder/);
  });

  test('a uacme that cannot be told whom to trust', async () => {
    const uacme = new FakeUacme();
    fs.writeFileSync(uacme.path('uacme'), '#!/bin/sh\nexit 2\n', { mode: 0o755 });
    assert.match((await check({ ca_file: authority.file }, uacme.env)).text, /ca_file: .*uacme.*1\.7\.6/);
    assert.doesNotMatch((await check({ ca_file: authority.file }, new FakeUacme().env)).text, /acme/);
  });
});
