// The configurations of deploy/compose that stand on ports 80 and 443, run as they are: only ports, folders and names of containers
// are put in. Of what Docker does there is deploy/compose-check.sh.
// Release too: what newcomers copy.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { Authority } from './lib/certificates.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { Proxy, REPO, freePort, freshSecret, temporaryFolder } from './lib/proxy.mjs';
import { request } from './lib/raw.mjs';
import { Recorder } from './lib/recorder.mjs';
import { startServer } from './lib/servers.mjs';
import { seenHeader, suite } from './lib/world.mjs';

const SITE_HOST = 'app.example.com';
const CADDY = '/usr/bin/caddy';
const DIRECTORY = 'https://ca.test/directory';
const read = (name) => fs.readFileSync(path.join(REPO, 'deploy/compose', name), 'utf8');
const authority = new Authority();
const ca = authority.pem;

// Every occurrence must be there: a file that has changed must not be tested half.
function put(text, replacements) {
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `the file has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

// The stand-in for uacme, which issues for SITE_HOST.
function fakeUacme(plain) {
  const folder = temporaryFolder();
  fs.copyFileSync(path.join(REPO, 'tests/e2e/lib/fake_uacme.sh'), path.join(folder, 'uacme'));
  const files = authority.issue([SITE_HOST]);
  fs.copyFileSync(files.certificate_file, path.join(folder, `${SITE_HOST}.pem`));
  fs.copyFileSync(files.key_file, path.join(folder, `${SITE_HOST}.key`));
  fs.writeFileSync(path.join(folder, 'ports'), `${plain}`);
  return folder;
}

async function startFrom(scope, name, listeners, env = {}) {
  const [op, recorder] = [await EvilOp.start(), await Recorder.start()];
  scope.after(() => Promise.all([op.stop(), recorder.close()]));
  const state = temporaryFolder();
  const logto = op.logto();
  for (const [file, text] of [['app-id', logto.app_id], ['app-secret', logto.app_secret], ['webhook-key', freshSecret()], ['session-secret', freshSecret()]])
    fs.writeFileSync(path.join(state, file), text, { mode: 0o600 });
  const admin = `127.0.0.1:${await freePort()}`;
  const text = put(read(`${name}/config.yaml`), [['/var/lib/logto-proxy', state], ['127.0.0.1:9180', admin], ['http://app:8080', recorder.url], ...listeners]);
  const proxy = await Proxy.start(text, { adminAddress: admin, env: { SITE_HOST, ACME_EMAIL: 'me@example.com', ACME_DIRECTORY: DIRECTORY, LOGTO_ENDPOINT: logto.endpoint, ...env } });
  scope.after(() => proxy.stop());
  return { proxy, recorder, op };
}

async function signsIn(port) {
  const user = new BrowserUser({ [SITE_HOST]: port }, { tls: { ca } });
  const answer = await user.navigate(`https://${SITE_HOST}/page`);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(seenHeader(answer, 'x-forwarded-user'), 'alice-sub');
  assert.equal(seenHeader(answer, 'x-forwarded-proto'), 'https');
  return answer;
}

describe('deploy/compose/https', () => {
  const scope = suite(after);
  test('from nothing to a certificate, a redirect and a sign-in', async () => {
    const [plain, secure] = [await freePort(), await freePort()];
    const folder = fakeUacme(plain);
    const { proxy } = await startFrom(scope, 'https', [['0.0.0.0:8443', `127.0.0.1:${secure}`], ['0.0.0.0:8080', `127.0.0.1:${plain}`]], { PATH: `${folder}:${process.env.PATH}` });
    await proxy.waitLog(({ msg }) => msg === 'certificates re-read', { timeout: 20_000 });
    const moved = await request(plain, 'GET', '/page', {}, { host: SITE_HOST });
    assert.equal(moved.fields.get('location'), `https://${SITE_HOST}/page`);
    const answer = await signsIn(secure);
    assert.equal(answer.fields.get('strict-transport-security'), 'max-age=2592000');
    assert.match(fs.readFileSync(path.join(folder, 'calls'), 'utf8'), /-a https:\/\/ca\.test\/directory .* new me@example\.com/);
  });
});

describe('deploy/compose/caddy', { skip: !fs.existsSync(CADDY) && 'caddy is not installed' }, () => {
  const scope = suite(after);
  test('people sign in, and the address that Caddy tells is believed', async () => {
    const [port, behind] = [await freePort(), await freePort()];
    const { proxy } = await startFrom(scope, 'caddy', [['0.0.0.0:8080', `127.0.0.1:${behind}`], ['172.31.254.0/28', '127.0.0.0/8']]);
    const folder = temporaryFolder();
    const files = authority.issue([SITE_HOST], { file: 'caddy' });
    fs.writeFileSync(path.join(folder, 'Caddyfile'), put(read('caddy/Caddyfile'), [
      ['{$ACME_EMAIL}', '{$ACME_EMAIL}\n\tadmin off\n\tauto_https disable_redirects'], ['proxy:8080', `127.0.0.1:${behind}`],
      ['{$SITE_HOST} {', `https://{$SITE_HOST}:${port} {\n\tbind 127.0.0.1\n\ttls ${files.certificate_file} ${files.key_file}`]]));
    await startServer(scope, CADDY, ['run', '--adapter', 'caddyfile', '--config', path.join(folder, 'Caddyfile')], port, { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, SITE_HOST, ACME_EMAIL: 'me@example.com' });
    await signsIn(port);
    const forged = await new BrowserUser({ [SITE_HOST]: port }, { tls: { ca } }).fetch(`https://${SITE_HOST}/health`, { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    assert.doesNotMatch(seenHeader(forged, 'x-forwarded-for'), /203/);
    assert.ok(proxy.access.every((line) => line.client === '127.0.0.1'));
  });
});

test('what a configuration takes from the environment its compose file gives, and asks for', () => {
  for (const name of ['https', 'caddy', 'traefik']) {
    const compose = read(`${name}/docker-compose.yaml`);
    const names = new Set([...read(`${name}/config.yaml`).matchAll(/\$\{([A-Z_]+)\}/g)].map(([, one]) => one));
    assert.ok(names.has('SITE_HOST'));
    for (const one of names) {
      assert.match(compose, new RegExp(`^ +${one}: \\$\\{${one}:[-?]`, 'm'), `${name}: ${one}`);
      assert.match(read(`${name}/.env.example`), new RegExp(`^#?${one}=`, 'm'), `${name}: ${one}`);
    }
  }
});

test('ports and names of the files fit together', () => {
  assert.match(read('https/docker-compose.yaml'), /ports: \["80:8080", "443:8443"\]/);
  for (const name of ['caddy', 'traefik']) {
    const compose = read(`${name}/docker-compose.yaml`);
    const subnet = /subnet: ([\d./]+)/.exec(compose)[1];
    assert.match(read(`${name}/config.yaml`), new RegExp(`^trusted_proxies: \\[${subnet}\\]`, 'm'));
    // Nobody but the one in front publishes a port, and it alone is on the network that is trusted.
    assert.equal([...compose.matchAll(/^ {4}ports:/gm)].length, 1);
    assert.deepEqual([...compose.matchAll(/^ {4}networks: \[(.*)\]/gm)].map(([, list]) => list), ['front', 'front, default']);
  }
  assert.match(read('traefik/dynamic.yaml'), /url: "http:\/\/proxy:8080"/);
  assert.match(read('traefik/docker-compose.yaml'), /certificatesresolvers\.letsencrypt\./);
});
