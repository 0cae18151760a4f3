// `logto-proxy doctor`: faults are put into a tenant and around the proxy, and each must be named, with how to mend it.
// Quick.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { DevelopmentOp } from './lib/op.mjs';
import { Proxy, freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';

const SECRET = freshSecret();
const ORIGIN = 'http://127.0.0.1:8080';
const things = 'https://things.example.test/api';

async function provider(t, config = {}) {
  const op = await DevelopmentOp.start({
    redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`], ...config,
  });
  t.after(() => op.stop());
  return op;
}

async function app(t, host = '127.0.0.1') {
  const server = http.createServer((_request, response) => response.end('x'));
  await new Promise((resolve) => server.listen(0, host, resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function healthy(t, op, { logto = {}, ...more } = {}) {
  return {
    external_urls: [ORIGIN], listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' }, logto: { ...op.logto(), ...logto },
    session: { secret: SECRET }, upstreams: { app: await app(t) }, routes: [{ path: '/*', upstream: 'app' }], ...more,
  };
}

// { code, findings: [...] } of the JSON, after both forms have said the same.
async function doctor(config) {
  const file = writeConfig(config);
  const [json, text] = await Promise.all([run(['doctor', '--json', file]), run(['doctor', file])]);
  assert.equal(json.code, text.code, text.stdout + json.stderr);
  const { findings, failures, warnings } = JSON.parse(json.stdout);
  assert.equal(failures, findings.filter(({ level }) => level === 'failure').length);
  assert.equal(warnings, findings.filter(({ level }) => level === 'warning').length);
  assert.equal(json.code, failures ? 1 : 0);
  const timeless = (words) => words.replace(/\d+ s /g, 'N s ');   // the two runs may see a clock a second apart
  for (const { level, what } of findings) assert.ok(timeless(text.stdout).split('\n').some((line) => line.startsWith(level) && line.includes(timeless(what))), `${what}\n${text.stdout}`);
  return { code: json.code, findings, text: text.stdout };
}

const bad = (found) => found.findings.filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);
const named = (found, check) => found.findings.find((finding) => finding.check === check && finding.level !== 'ok');

test('rules on memberships: the connector must be enabled, and Patreon be reached', async (t) => {
  const op = await provider(t);
  const routes = [{ path: '/*', upstream: 'app', require: { patreon: { campaign: '1' } } }];
  const logto = { scopes: ['profile', 'identities'], refresh: 'offline_access' };
  const good = await doctor(await healthy(t, op, { routes, logto, patreon: { api_url: op.endpoint } }));
  assert.deepEqual(bad(good).filter((one) => /patreon|connector/.test(one)), []);
  assert.match(good.text, /ok .*Patreon's API at .* answers, and lets nobody in without a token/);
  const away = await doctor(await healthy(t, op, { routes, logto, patreon: { api_url: `http://127.0.0.1:${await freePort()}`, connector: 'pledges' } }));
  assert.equal(named(away, 'patreon_api').level, 'failure');
  assert.match(named(away, 'connector').what, /the social connector pledges, which routes\[1\]\.require names, is not enabled/);
});

test('a healthy tenant: everything is asked, nothing is found, and nothing is left behind at Logto', async (t) => {
  const op = await provider(t);
  const config = await healthy(t, op, {
    routes: [{ path: '/*', upstream: 'app', sign_in: { with: 'social:linkedin' }, token: { resource: things, scopes: ['read:things'] } }],
  });
  const found = await doctor(config);
  assert.deepEqual(bad(found), []);
  const asked = new Set(found.findings.map(({ check }) => check));
  for (const check of ['discovery', 'clock', 'keys', 'app_secret', 'redirect_uri', 'post_logout_uri', 'resource', 'connector', 'upstream', 'admin'])
    assert.ok(asked.has(check), check);
  const begun = (await op.requests()).filter(({ endpoint, query }) => endpoint === 'auth' && query.prompt !== 'none');
  assert.deepEqual(begun, [], 'a sign-in was begun that nobody ends');
});

describe('soon after the start, what needs no secret is asked too', () => {
  const warned = async (proxy, words) => {
    const found = () => proxy.errors.find(({ msg }) => words.test(msg));
    while (!found()) await once(proxy, 'errors', { signal: AbortSignal.timeout(20_000) });
    return found();
  };

  test('a redirect URI that Logto does not know and an app that is away are warnings, and no secret is shown', async (t) => {
    const op = await provider(t, { redirect_uris: ['http://elsewhere.test/'] });
    const away = `http://127.0.0.1:${await freePort()}`;
    const proxy = await Proxy.start({ ...await healthy(t, op), upstreams: { app: away }, check_after: '0s' });
    t.after(() => proxy.stop());
    assert.equal((await warned(proxy, /does not know the redirect URI/)).level, 'warning');
    assert.match((await warned(proxy, /Connection refused/)).msg, /^upstreams\.app .*does the app run, and listen there\?/);
    assert.deepEqual((await op.requests()).filter(({ endpoint }) => endpoint === 'token'), []);
    assert.ok(!proxy.errors.some(({ level, msg }) => level === 'warning' && /^Logto takes/.test(msg)), 'what is well is not told');
  });

  test('a stop does not wait for the time, nor for all questions', async (t) => {
    const op = await provider(t);
    const waiting = await Proxy.start({ ...await healthy(t, op), check_after: '1h', shutdown: { ready_wait: '0s' } });
    waiting.signal('SIGTERM');
    assert.equal((await waiting.exit({ timeout: 20_000 })).code, 0);
    const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const one = `http://127.0.0.1:${silent.address().port}`;
    const upstreams = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`app${i}`, one]));
    const asking = await Proxy.start({ ...await healthy(t, op), upstreams, routes: [{ path: '/*', upstream: 'app1' }], check_after: '0s', shutdown: { ready_wait: '0s' } });
    await once(silent, 'connection', { signal: AbortSignal.timeout(20_000) });
    asking.signal('SIGTERM');
    assert.equal((await asking.exit({ timeout: 20_000 })).code, 0);
  });
});

const faults = [
  ['an issuer of another name', { tamper: { discovery: { issuer: 'https://logto.internal/oidc' } } }, {}, 'discovery', /issuer is https:\/\/logto\.internal\/oidc but logto\.endpoint makes it/],
  ['a token endpoint on another origin', { tamper: { discovery: { token_endpoint: 'https://elsewhere.test/oidc/token' } } }, {}, 'discovery', /token_endpoint is on https:\/\/elsewhere\.test/],
  ['no key set', { fail: { jwks: 500 } }, {}, 'keys', /the key set at .* cannot be used/],
  ['a clock that is an hour ahead', { clock_offset_ms: 3_600_000 }, {}, 'clock', /Logto's clock is 36\d\d s ahead of this machine's/],
  ['another secret', {}, { logto: { app_secret: 'another' } }, 'app_secret', /Logto refuses logto\.app_secret/],
  ['an expired secret', { config: { client_secrets: [{ value: 'app-secret-of-the-tests', expired: true }] } }, {}, 'app_secret', /logto\.app_secret has expired/],
  ['no such application', {}, { logto: { app_id: 'nobody' } }, 'app_id', /Logto does not know the application/],
  ["a machine's application", {}, { logto: { app_id: 'machine', app_secret: 'machine-secret' } }, 'app_id', /must be of a traditional web application/],
  ['a redirect URI with a slash too many', { config: { redirect_uris: [`${ORIGIN}/_auth/callback/`] } }, {}, 'redirect_uri', /does not know the redirect URI http:\/\/127\.0\.0\.1:8080\/_auth\/callback:/],
  ['no post sign-out URI', { config: { post_logout_redirect_uris: [] } }, {}, 'post_logout_uri', /does not know the post sign-out redirect URI/],
  ['an API resource that nobody made', { config: { resources: {} } }, { routes: [{ path: '/*', upstream: 'app', token: { resource: things } }] }, 'resource', /does not know the API resource https:\/\/things/],
  ['a sign-in page where nobody can sign in', { config: { sign_in_experience: { signInMode: 'Register' } } }, {}, 'sign_in_mode', /lets people register, and nobody sign in: turn sign-in on/],
  ['a connector that is not enabled', {}, { routes: [{ path: '/*', upstream: 'app', sign_in: { with: 'social:google' } }] }, 'connector', /the social connector google, which routes\[1\]\.sign_in\.with names, is not enabled/],
  ['a social account of a header whose connector is not enabled', {}, { identity_headers: { 'X-Id': 'identities.google.userId' } }, 'connector', /the social connector google, which the claim identities\.google\.userId names, is not enabled/],
];

describe('faults in a tenant', { concurrency: 3 }, () => {
  for (const [name, control, change, check, says] of faults) {
    test(name, async (t) => {
      const op = await provider(t);
      if (Object.keys(control).length) await op.control(control);
      const found = await doctor(await healthy(t, op, change));
      const finding = named(found, check);
      assert.ok(finding, found.text);
      assert.equal(finding.level, 'failure');
      assert.match(`${finding.what}: ${finding.mend}`, says);
      assert.ok(finding.mend.length > 10, 'how to mend it');
      assert.equal(found.code, 1);
      assert.ok(!found.text.includes('app-secret-of-the-tests'), 'a secret was shown');
    });
  }
});

describe('faults around the proxy', { concurrency: 3 }, () => {
  test('an app that is down, one that everybody reaches, no Redis, a secret that others may replace', async (t) => {
    const op = await provider(t);
    const file = path.join(temporaryFolder(), 'app-secret');
    fs.writeFileSync(file, 'app-secret-of-the-tests\n');
    fs.chmodSync(file, 0o666);
    const { app_secret: _, ...logto } = op.logto();
    const [down, nothing] = [await freePort(), await freePort()];
    const config = { ...(await healthy(t, op)), logto: { ...logto, app_secret_file: file } };
    config.upstreams = { app: await app(t, '0.0.0.0'), down: `http://127.0.0.1:${down}` };
    config.routes = [{ path: '/down/*', upstream: 'down' }, { path: '/*', upstream: 'app' }];
    config.redis = { url: `redis://127.0.0.1:${nothing}` };
    config.revocations = { share: 'redis' };
    const found = await doctor(config);
    assert.deepEqual(bad(found).sort(), ['failure redis', 'failure secret_file', 'failure upstream', 'warning app_port']);
    assert.match(named(found, 'app_port').what, /listens on every address of this machine/);
    assert.match(named(found, 'secret_file').what, /logto\.app_secret_file: .* can be replaced by others/);
    assert.match(named(found, 'redis').what, /redis\.url redis:\/\/127\.0\.0\.1:\d+.*: .*refused/i);
  });

  test('a certificate that nobody trusts and one for another name', async (t) => {
    const op = await provider(t);
    const folder = temporaryFolder();
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${folder}/key`, '-out', `${folder}/cert`,
      '-days', '90', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
    const server = https.createServer({ key: fs.readFileSync(`${folder}/key`), cert: fs.readFileSync(`${folder}/cert`) }, (_request, response) => response.end());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address();
    const found = await doctor(await healthy(t, op, { external_urls: [`https://localhost:${port}`, `https://127.0.0.1:${port}`] }));
    const tls = found.findings.filter(({ check }) => check === 'tls');
    assert.match(tls[0].what, /the certificate of https:\/\/localhost:\d+ is not trusted here/);
    assert.match(tls[1].what, /the certificate of https:\/\/127\.0\.0\.1:\d+ is not for 127\.0\.0\.1/);
  });

  test('a configuration that is refused ends with status 2, and says why', async () => {
    const { code, stderr } = await run(['doctor', writeConfig({})]);
    assert.equal(code, 2);
    assert.match(stderr, /external_urls: required/);
  });
});
