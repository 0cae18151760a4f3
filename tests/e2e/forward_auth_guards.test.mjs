// Who gets answers of {prefix}/check: the proxy that asks, by a secret or a listener of its own, and nobody from outside, through
// any of the fronts of deploy/forward-auth or straight; and that no shared cache keeps what carries a cookie.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { THINGS } from './lib/access_tokens.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { CHECK_SECRET, FRONTS, FRONT_HOST, FRONT_ORIGIN, frontWorld } from './lib/front_proxies.mjs';
import { freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, RawClient, request, requestBytes } from './lib/raw.mjs';
import { makeWorld, merge, suite } from './lib/world.mjs';

const KEY = 'key-of-the-app-itself';
const PASSWORD = 'password-of-the-app';
const HEADER = 'X-Logto-Proxy-Check-Secret';
const GUARDED = [
  { path: '/public/*', access: 'public', identity_headers: { 'X-Api-Key': { value: KEY } } },
  { path: '/optional/*', access: 'optional', identity_headers: { 'X-Api-Key': { value: KEY }, 'X-Who': 'sub' } },
  { path: '/basic/*', authorization: { basic: { username: 'svc', password: PASSWORD } } },
  { path: '/token/*', token: { resource: THINGS } },
  { path: '/signed/*', assertion: true },
  { path: '/plain/*' },
];
const LOGTO = { refresh: 'offline_access' };
const TARGETS = ['/public/x', '/optional/x', '/basic/x', '/token/x', '/signed/x', '/plain/x'];
const NGINX_FORM = (target) => ({ 'X-Original-URL': FRONT_ORIGIN + target, 'X-Original-Method': 'GET' });
const TRAEFIK_FORM = (target) => ({ 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': FRONT_HOST, 'X-Forwarded-Uri': target });

// Every spelling that some hop could take for the endpoint, and what a client can say besides.
const SPELLINGS = (target) => [
  '/_auth/check', `/_auth/check${target}`, '/_auth/check?x=1', '/_auth/check/', `/_auth/%63heck${target}`, '/_auth/chec%6B', `/x/../_auth/check${target}`,
  `/_auth/x/../check${target}`, `/_auth//check${target}`, `//_auth/check${target}`, `/_auth/./check${target}`, `/_auth/check/../check${target}`, `/_auth/CHECK${target}`,
  `/_auth/check;x${target}`, `/_auth/check%2f${target.slice(1)}`, `/_auth/check//..${target}`, `/%5fauth/check${target}`,
];
async function ask(port, target, headers, { host = FRONT_HOST, method = 'GET', from } = {}) {
  const client = await RawClient.connect(port, { localAddress: from });
  try {
    await client.send(requestBytes(method, target, { Host: host, Connection: 'close', ...headers }));
    return await client.response({ method, timeout: 10_000 });
  } finally { client.destroy(); }
}
// An answer of the check, whatever it says: nobody outside may see one.
function assertNoAnswer(answer, words) {
  const list = JSON.stringify(answer.fields.list) + answer.text;
  assert.doesNotMatch(list, new RegExp(`${KEY}|${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`), words);
  for (const name of ['authorization', 'x-api-key', 'x-forwarded-user', 'x-who', 'x-logto-proxy-assertion', 'x-envoy-auth-headers-to-remove']) {
    assert.equal(answer.fields.get(name), undefined, `${words}: ${name}`);
  }
}

for (const [name, front] of Object.entries(FRONTS)) {
  describe(`from outside, through ${name}`, { skip: front.command && !fs.existsSync(front.command) ? `${name} is not installed` : false }, () => {
    let world;
    let cookie;
    const scope = suite(after);
    before(async () => {
      world = await frontWorld(scope, name, makeWorld, { routes: GUARDED, opOptions: { refreshTokens: true }, config: { logto: LOGTO, forward_auth: { enabled: true, oauth2_proxy: true, secret: CHECK_SECRET } } });
      const user = new BrowserUser({ [FRONT_HOST]: world.port });
      await user.navigate(`${FRONT_ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
      cookie = user.sessionCookies(FRONT_HOST);
      assert.ok(cookie, world.proxy.output.slice(-2000));
    });

    test('nobody reads an answer of the check, in any spelling or form, signed in or not', async () => {
      for (const target of TARGETS) {
        for (const Cookie of [undefined, cookie]) {
          for (const form of [{}, NGINX_FORM(target), TRAEFIK_FORM(target), { [HEADER]: 'a-guess-of-16-characters' }]) {
            for (const spelling of SPELLINGS(target)) {
              const answer = await ask(world.frontPort, spelling, { ...FETCH, ...form, Cookie }).catch(() => null);
              if (answer) assertNoAnswer(answer, `${spelling} ${JSON.stringify(form)} ${Cookie ? 'signed in' : 'nobody'}`);
            }
          }
        }
      }
      const answers = world.proxy.access.filter((entry) => entry.decision === 'public' && entry.status === 200 && entry.path === '/public/x');
      assert.equal(answers.length, 0, 'none of them was answered as a check');
    });

    test('what /oauth2/auth tells is the asker\'s own', async () => {
      for (const Cookie of [undefined, cookie]) {
        for (const target of TARGETS) {
          const answer = await ask(world.frontPort, '/oauth2/auth', { ...FETCH, ...TRAEFIK_FORM(target), Cookie }).catch(() => null);
          if (answer) assertNoAnswer(answer, `${target} ${Cookie ? 'signed in' : 'nobody'}`);
        }
      }
    });

    test('a client\'s Connection takes out nothing that is set here', async () => {
      for (const option of ['X-Forwarded-User', 'close, x-forwarded-user, x-forwarded-email', 'x-forwarded-groups,X-Forwarded-Preferred-Username', 'X-Forwarded-For', 'upgrade, X-Forwarded-User', 'xupgrade, X-Forwarded-User', ['close', 'X-Forwarded-User']]) {
        world.recorder.reset();
        const answer = await ask(world.frontPort, '/plain/x', { ...FETCH, Cookie: cookie, Connection: option });
        if (answer.status === 400) continue;
        assert.equal(answer.status, 200, String(option));
        const [got] = world.recorder.requests;
        for (const field of ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-preferred-username']) assert.ok(got.fields.get(field), `${option}: ${field}`);
        assert.doesNotMatch(got.fields.all('connection').join(','), /x-forwarded/i, 'nor is the app told to');
      }
    });

    test('the app never sees the secret, nor what a client says in its place', async () => {
      world.recorder.reset();
      assert.equal((await ask(world.frontPort, '/plain/x', { ...FETCH, Cookie: cookie })).status, 200);
      assert.ok(!JSON.stringify(world.recorder.requests).includes(CHECK_SECRET));
      assert.equal((await ask(world.frontPort, '/plain/x', { ...FETCH, [HEADER]: 'a-guess-of-16-characters' })).status, 401, 'a client\'s own does no harm');
      assert.equal((await ask(world.frontPort, '/plain/x', { ...FETCH, Cookie: cookie, [HEADER]: 'a-guess-of-16-characters' })).status, 200);
    });
  });
}

// ---- we are the proxy, behind a terminator that is trusted ----

describe('checks straight from a trusted address', () => {
  const scope = suite(after);
  const world = (forward_auth, more = {}) => makeWorld(scope, {
    routes: GUARDED.map((route) => ({ ...route, upstream: 'app' })), opOptions: { refreshTokens: true },
    config: merge({ external_urls: [FRONT_ORIGIN], trusted_proxies: ['127.0.0.1/32'], logto: LOGTO, forward_auth: { enabled: true, ...forward_auth } }, more),
  });
  async function signedIn(port) {
    const user = new BrowserUser({ [FRONT_HOST]: port });
    assert.equal((await user.navigate(`${FRONT_ORIGIN}/plain/start`)).status, 200);
    return user.sessionCookies(FRONT_HOST);
  }

  test('without listener and secret only what the asker has already is told, and the operator why', async () => {
    const open = await world({});
    const cookie = await signedIn(open.port);
    for (const target of TARGETS) {
      for (const Cookie of [undefined, cookie]) {
        for (const [path_, headers] of [['/_auth/check', NGINX_FORM(target)], ['/_auth/check', TRAEFIK_FORM(target)], [`/_auth/check${target}`, {}]]) {
          const answer = await ask(open.port, path_, { ...FETCH, ...headers, Cookie });
          if (target === '/plain/x') { assert.equal(answer.status, Cookie ? 200 : 401); continue; }
          assert.equal(answer.status, 403, target);
          assertNoAnswer(answer, target);
        }
      }
    }
    const line = await open.proxy.waitLog((entry) => entry.decision === 'unguarded');
    assert.match(line.reason, /route #1 \/public\/\* .*identity_headers\.X-Api-Key.*forward_auth\.listen or forward_auth\.secret/);
    assert.match(open.proxy.errors.find((entry) => /checks are refused/.test(entry.msg)).msg, /#1 \/public\/\* \(identity_headers\.X-Api-Key\), #2 .*#3 \/basic\/\* \(authorization\), #4 \/token\/\* \(token\), #5/);
  });

  test('with a secret the endpoint is there for who shows it, once and right', async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, 'secret'), 'the-first-secret-of-the-check\n');
    const guarded = await world({ secret_file: path.join(folder, 'secret') });
    const cookie = await signedIn(guarded.port);
    const check = (target, headers = {}) => ask(guarded.port, '/_auth/check', { ...FETCH, ...TRAEFIK_FORM(target), Cookie: cookie, ...headers });
    const right = { [HEADER]: 'the-first-secret-of-the-check' };
    for (const wrong of [{}, { [HEADER]: 'the-first-secret-of-the-chec' }, { [HEADER]: ['the-first-secret-of-the-check', 'the-first-secret-of-the-check'] }, { X_Logto_Proxy_Check_Secret: 'the-first-secret-of-the-check' }, { [HEADER]: '' }]) {
      for (const target of TARGETS) {
        const answer = await check(target, wrong);
        assert.equal(answer.status, 404, `${target} ${JSON.stringify(wrong)}`);
        assertNoAnswer(answer, target);
      }
    }
    assert.equal((await ask(guarded.port, '/_auth/check', { ...FETCH, ...TRAEFIK_FORM('/public/x') }, { host: 'logto-proxy:8080' })).status, 404, 'under any Host');
    assert.match((await guarded.proxy.waitLog((entry) => /a check for another proxy was refused/.test(entry.msg))).reason, /forward_auth\.secret/);
    assert.equal((await check('/public/x', right)).fields.get('x-api-key'), KEY);
    assert.equal((await check('/basic/x', right)).fields.get('authorization'), `Basic ${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`);
    assert.match((await check('/token/x', right)).fields.get('authorization'), /^Bearer /);
    assert.ok((await check('/signed/x', right)).fields.get('x-logto-proxy-assertion'));
    guarded.recorder.reset();
    assert.equal((await ask(guarded.port, '/plain/x', { ...FETCH, ...right, Cookie: cookie })).status, 200);
    assert.equal(guarded.recorder.requests[0].fields.get(HEADER), undefined, 'no app sees it');
    fs.writeFileSync(path.join(folder, 'secret'), 'the-second-secret-of-the-check\n');
    guarded.proxy.signal('SIGHUP');
    await guarded.proxy.waitLog((entry) => entry.msg === 'secrets re-read' && entry['forward_auth.secret'] === '1 (first is new, 1 removed)');
    assert.equal((await check('/plain/x', right)).status, 404);
    assert.equal((await check('/plain/x', { [HEADER]: 'the-second-secret-of-the-check' })).status, 200);
    assert.doesNotMatch(guarded.proxy.output, /(first|second)-secret/);
  });

  test('a field of one\'s own for the secret', async () => {
    const guarded = await world({ secret: 'a-secret-in-another-field', secret_header: 'X-Edge-Key' });
    const cookie = await signedIn(guarded.port);
    const check = (headers) => ask(guarded.port, '/_auth/check', { ...FETCH, ...TRAEFIK_FORM('/public/x'), ...headers });
    assert.equal((await check({ 'X-Edge-Key': 'a-secret-in-another-field' })).status, 200);
    assert.equal((await check({ [HEADER]: 'a-secret-in-another-field' })).status, 404);
    guarded.recorder.reset();
    await ask(guarded.port, '/plain/x', { ...FETCH, 'X-Edge-Key': 'x', x_edge_key: 'y', Cookie: cookie });
    assert.doesNotMatch(JSON.stringify(guarded.recorder.requests[0].fields.list), /edge.key/i);
  });

  test('a listener of its own answers checks and nothing else, and the public one none', async () => {
    const port = await freePort();
    const guarded = await world({ listen: `127.0.0.1:${port}`, oauth2_proxy: true });
    const cookie = await signedIn(guarded.port);
    assert.ok(guarded.proxy.errors.some((entry) => entry.msg === 'listening for checks' && entry.address === `127.0.0.1:${port}`));
    const inside = await ask(port, '/_auth/check', { ...FETCH, ...TRAEFIK_FORM('/public/x') }, { host: 'inside:1' });
    assert.equal(inside.status, 200);
    assert.equal(inside.fields.get('x-api-key'), KEY);
    assert.equal((await ask(port, '/oauth2/auth', { ...FETCH, Cookie: cookie })).status, 202);
    for (const target of ['/plain/x', '/public/x', '/_auth/sign-in', '/_auth/me', '/_auth/', '/oauth2/start', '/_auth/sign-out', '/_auth/webhook', '/']) {
      assert.equal((await ask(port, target, { ...NAVIGATION, Cookie: cookie })).status, 404, target);
    }
    for (const [target, headers] of [['/_auth/check', TRAEFIK_FORM('/public/x')], ['/_auth/check/public/x', {}], ['/oauth2/auth', {}], ['/oauth2/auth', TRAEFIK_FORM('/plain/x')]]) {
      const answer = await ask(guarded.port, target, { ...FETCH, ...headers, Cookie: cookie });
      assert.equal(answer.status, 404, target);
      assertNoAnswer(answer, target);
      assert.equal((await ask(guarded.port, target, { ...FETCH, ...headers }, { host: 'logto-proxy:8080' })).status, 404, target);
    }
    assert.equal((await ask(port, '/_auth/check', { ...FETCH, ...TRAEFIK_FORM('/public/x') }, { from: '127.0.0.2' })).status, 403, 'what it says is believed of trusted_proxies only');
  });
});

// ---- rules that nobody asks ----

test('rules that nobody would ask, and routes that nothing reaches, keep it from starting', async () => {
  const base = {
    external_urls: [FRONT_ORIGIN], logto: { endpoint: 'http://127.0.0.1:9', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() },
  };
  const check = (config) => run(['check', '--config', writeConfig({ ...base, ...config })]);
  const admin = { path: '/admin/*', require: { roles: ['admin'] } };
  const unasked = await check({ forward_auth: { oauth2_proxy: true }, routes: [admin, { path: '/*' }] });
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /routes\[1\]: its rules are never asked: .*\/oauth2\/auth.*X-Forwarded-Uri/);
  const hidden = await check({ upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }, { ...admin, upstream: 'app' }] });
  assert.equal(hidden.code, 2);
  assert.match(hidden.stderr, /routes\[2\]: never matches: route #1 \/\* stands before it/);
  for (const command of ['routes', 'access-matrix']) {
    const shown = await run([command, '--config', writeConfig({ ...base, upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }, { ...admin, upstream: 'app' }] })]);
    assert.equal(shown.code, 2);
    assert.doesNotMatch(shown.stdout, /admin/, `${command} shows nothing that does not hold`);
  }
  assert.equal((await check({ forward_auth: { oauth2_proxy: true }, routes: [{ path: '/oauth2/auth', require: { roles: ['admin'] } }] })).code, 0);
});

test('the rules of our own apps are no exception, and each way out of it starts', async () => {
  const base = {
    external_urls: [FRONT_ORIGIN], logto: { endpoint: 'http://127.0.0.1:9', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() },
    upstreams: { app: 'http://127.0.0.1:1' }, forward_auth: { oauth2_proxy: true }, bearer: { audiences: ['https://api.test'] },
  };
  const check = (routes, more = {}) => run(['check', '--config', writeConfig({ ...base, ...more, routes })]);
  const upstream = 'app';
  const admin = { path: '/admin/*', require: { roles: ['admin'] }, upstream };
  const all = { path: '/*', upstream };
  const asked = (more) => ({ path: '/oauth2/auth', ...more });
  for (const [says, routes] of [
    ['a role', [admin, all]], ['a role alone', [admin]], ['a role for everything', [{ ...admin, path: '/*' }]], ['what nobody gets', [{ path: '/x/*', access: 'deny' }, all]],
    ['tokens alone', [{ path: '/x/*', accept: ['bearer'] }]], ['tokens alone, and sessions pass', [{ path: '/x/*', accept: ['bearer'] }, asked({})]], ['a role, and any session passes', [admin, asked({})]],
  ]) {
    const { code, stderr } = await check(routes);
    assert.equal(code, 2, says);
    assert.match(stderr, /routes\[1\]: its rules are n(ot|ever) asked.*\/oauth2\/auth.*access: deny/, says);
  }
  for (const [says, routes, more] of [
    ['it asks for as much', [admin, all, asked({ require: { roles: ['admin'] } })]], ['nobody may ask', [admin, { path: '/x/*', access: 'deny' }, all, asked({ access: 'deny' })]],
    ['the proxy may say what it asks about', [admin, all], { trusted_proxies: ['127.0.0.1/32'] }], ['apps without rules', [{ path: '/open/*', access: 'public', upstream }, all]],
    ['tokens for who shows one', [{ path: '/x/*', headers: { Authorization: '~ (?i)bearer .*' }, accept: ['bearer'], upstream }, all]],
  ]) {
    const { code, stderr } = await check(routes, more);
    assert.equal(code, 0, `${says}: ${stderr}`);
  }
});

// ---- caches in front of the fronts ----

const CACHE = (folder) => `
proxy_cache_path ${folder} keys_zone=answers:1m;
server {
    listen 80;  # 127.0.0.1:8080 is nothing here
    location / {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Host ${FRONT_HOST};
        proxy_set_header Connection "";
        proxy_cache answers;
        proxy_cache_key $request_uri;
        # As hard on the rest as a cache may be: only what the answer says of caches counts.
        proxy_ignore_headers Set-Cookie Vary;
        add_header X-Cache $upstream_cache_status always;
    }
}`;

// What apps say to caches, each under a name that some cache obeys.
const TO_CACHES = {
  'Cache-Control': 'public, max-age=600', 'CDN-Cache-Control': 'max-age=600', 'Surrogate-Control': 'max-age=600', 'Cloudflare-CDN-Cache-Control': 'max-age=600',
  'Vercel-CDN-Cache-Control': 'max-age=600', 'Netlify-CDN-Cache-Control': 'max-age=600', 'Akamai-Cache-Control': 'max-age=600', 'Fastly-Cache-Control': 'max-age=600',
  'Edge-Control': 'max-age=600', 'X-LiteSpeed-Cache-Control': 'public,max-age=600', 'X-LiteSpeed-Cache': 'on', 'X-Accel-Expires': '600',
};
function assertNoWordOfTheApp(answer) {
  const words = answer.fields.list.filter(([field]) => /cache-control$|-control$|accel-expires|litespeed|^expires$/i.test(field) && !/^access-control-/i.test(field));
  assert.ok(words.length > 0);
  assert.deepEqual(words.filter(([field, value]) => field.toLowerCase() !== 'cache-control' || !/no-store/.test(value)), []);
}

for (const [name, front] of Object.entries(FRONTS)) {
  const missing = [front.command, FRONTS.nginx.command].find((command) => command && !fs.existsSync(command));
  describe(`a shared cache in front of ${name}`, { skip: missing ? `${missing} is not installed` : false }, () => {
    let world;
    let cachePort;
    let status;
    const scope = suite(after);
    before(async () => {
      world = await frontWorld(scope, name, makeWorld, { routes: [{ path: '/optional/*', access: 'optional' }, { path: '/*' }], clock: true, config: { session: { idle_timeout: '60s' } } });
      world.recorder.handle = (_request, reply) => reply.send(status, { ...TO_CACHES, Expires: new Date(Date.now() + 6e5).toUTCString() }, 'of the app');
      cachePort = await freePort();
      await FRONTS.nginx.start(scope, { port: cachePort, proxyPort: 1, appPort: world.frontPort, text: CACHE(temporaryFolder()) });
    });
    beforeEach(() => { world.recorder.reset(); status = 200; });
    const anybody = (target) => request(cachePort, 'GET', target, FETCH, { host: FRONT_HOST });

    test('an answer that renews a cookie is kept by none, and a stranger never gets it', async () => {
      const user = new BrowserUser({ [FRONT_HOST]: world.frontPort });
      assert.equal((await user.navigate(`${FRONT_ORIGIN}/start`)).status, 200);
      await world.clock.pass(7_000);
      user.ports[FRONT_HOST] = cachePort;
      const renewed = await user.fetch(`${FRONT_ORIGIN}/optional/asset`);
      assert.equal(renewed.status, 200);
      assert.equal(renewed.fields.all('set-cookie').filter((line) => line.startsWith('logto_session=')).length, 1);
      assert.match(renewed.fields.all('cache-control').join(','), /no-store/);
      assertNoWordOfTheApp(renewed);
      for (let i = 0; i < 2; ++i) {
        const stranger = await anybody('/optional/asset');
        assert.equal(stranger.status, 200);
        assert.deepEqual(stranger.fields.all('set-cookie'), []);
      }
    });

    test('nothing that the app says to caches stands beside a cookie, whatever its status', async () => {
      const user = new BrowserUser({ [FRONT_HOST]: world.frontPort });
      await user.navigate(`${FRONT_ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
      const Cookie = user.sessionCookies(FRONT_HOST);
      await world.clock.pass(7_000);
      for (status of [200, 203, 206, 301, 404, 410, 418, 500]) {
        const renewed = await request(world.frontPort, 'GET', '/asset', { ...FETCH, Cookie }, { host: FRONT_HOST });
        assert.equal(renewed.status, status);
        assert.equal(renewed.fields.all('set-cookie').filter((line) => line.startsWith('logto_session=')).length, 1);
        assertNoWordOfTheApp(renewed);
      }
    });

    test('where no cookie is set the app decides', { skip: ['traefik', 'envoy'].includes(name) ? 'its file forbids all caching' : false }, async () => {
      await anybody('/optional/other');
      const again = await anybody('/optional/other');
      assert.equal(again.fields.get('x-cache'), 'HIT', JSON.stringify(again.fields.list));
      assert.equal(again.fields.get('cdn-cache-control'), 'max-age=600');
      assert.equal(again.fields.get('surrogate-control'), 'max-age=600');
      assert.equal(world.recorder.requests.length, 1);
    });
  });
}
