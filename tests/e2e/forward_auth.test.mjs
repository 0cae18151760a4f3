// {prefix}/check behind real and scripted front proxies, with the examples of deploy/forward-auth: who passes, what the app gets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { THINGS } from './lib/access_tokens.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { loudSkip, table } from './lib/corpora.mjs';
import { CHECK_SECRET, FRONTS, FRONT_HOST, FRONT_ORIGIN, IDENTITY_NAMES, frontWorld } from './lib/front_proxies.mjs';
import { FETCH, NAVIGATION, RawClient, request, requestBytes } from './lib/raw.mjs';
import { makeWorld, suite } from './lib/world.mjs';

const ROUTES = [
  { path: '/public/*', access: 'public' },
  { path: '/optional/*', access: 'optional' },
  { path: '/admin/*', require: { roles: ['admin'] } },
  { path: '/denied/*', access: 'deny' },
  { path: '/api/*', unauthenticated: '401' },
  { path: '/*' },
];
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const UPGRADE = { Host: FRONT_HOST, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY };
const SPOOFS = {
  'X-Forwarded-User': 'admin', 'x-forwarded-EMAIL': 'admin@example.com', 'X-Forwarded-Groups': 'admin', 'X-Forwarded-Preferred-Username': 'admin',
  X_Forwarded_User: 'admin', 'X-Forwarded_Groups': 'admin',
};
const OTHER_TARGETS = {
  'X-Forwarded-Uri': { 'X-Forwarded-Uri': '/public/a' },
  'X-Forwarded-Uri and -Method': { 'X-Forwarded-Uri': '/public/a', 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': FRONT_HOST },
  'X-Original-URL': { 'X-Original-URL': `${FRONT_ORIGIN}/public/a`, 'X-Original-Method': 'GET' },
  'X-Original-URI and the like': { 'X-Original-URI': '/public/a', 'X-Rewrite-URL': '/public/a', 'X-Auth-Request-Redirect': '/public/a' },
  'every spelling': { 'x_forwarded_uri': '/public/a', 'X_Original_URL': `${FRONT_ORIGIN}/public/a`, 'X-Forwarded-Prefix': '/public' },
};

// What apps believe of the path, the host and the client's address, with values that would open or forge something.
const BELIEVED = {
  '/admin/forged': ['X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-Rewrite-URI', 'X-Forwarded-Uri', 'X-Forwarded-Path', 'X-Envoy-Original-Path', 'X-WAWS-Unencoded-URL', 'X-Script-Name', 'X-Forwarded-Prefix', 'X-Invoke-Path'],
  'forged.example': ['X-HTTP-Host-Override', 'X-Host', 'X-Original-Host', 'X-Forwarded-Host', 'X-Forwarded-Server'],
  '9.9.9.9': ['X-Real-IP', 'X-Forwarded-For', 'True-Client-IP', 'X-Client-IP', 'Client-IP', 'CF-Connecting-IP', 'X-Cluster-Client-IP', 'X-Originating-IP', 'Fastly-Client-IP'],
  'for=9.9.9.9;host=forged.example': ['Forwarded'],
  forged: ['X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl', 'X-Forwarded-Method', 'X-Original-Method', 'X-Scheme', 'X-Url-Scheme', 'Front-End-Https'],
};

// What a lenient app could make of a path.
function worstReading(target) {
  const path = target.split('?')[0].replace(/;[^/]*/g, '').replace(/%([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(parseInt(hex, 16)));
  const out = [];
  for (const part of path.replace(/\\/g, '/').split('/')) {
    if (part === '..') out.pop();
    else if (part !== '.' && part !== '') out.push(part);
  }
  return `/${out.join('/')}`;
}

const pretend = (list, name) => list.filter(([key]) => key.toLowerCase().replaceAll('_', '-') === name && key).map(([, value]) => value).filter((value) => value !== '');

const [ACME, STRANGE] = ['rvsdxgj6esgo', 'zz9plural4z5'];
for (const [name, front] of Object.entries(FRONTS)) {
  test(`behind ${name}: which organization it is, logto-proxy says and no client`, { skip: front.command && !fs.existsSync(front.command) ? `${name} is not installed` : false }, async (t) => {
    const scope = suite((stop) => t.after(stop));
    const world = await frontWorld(scope, name, makeWorld, { routes: [{ path: '/o/*', organization: 'from_path' }, { path: '/public/*', access: 'public' }, { path: '/*' }] });
    world.op.user = { ...world.op.user, organizations: [ACME] };
    const user = new BrowserUser({ [FRONT_HOST]: world.frontPort });
    assert.equal((await user.navigate(`${FRONT_ORIGIN}/start`)).status, 200);
    for (const [path, expected] of [[`/o/${ACME}/x`, [ACME]], ['/x', []], ['/public/x', []]]) {
      for (const field of ['X-Forwarded-Organization', 'x_forwarded_organization']) {
        world.recorder.reset();
        const answer = await user.fetch(FRONT_ORIGIN + path, { headers: { ...FETCH, [field]: STRANGE } });
        if (answer.status !== 200) { assert.ok(answer.status >= 400 && world.recorder.requests.length === 0, `${path} ${field}: ${answer.status}`); continue; }
        assert.deepEqual(pretend(world.recorder.requests.at(-1).fields.list, 'x-forwarded-organization'), expected, `${path} ${field}`);
      }
    }
    world.recorder.reset();
    assert.equal((await user.fetch(`${FRONT_ORIGIN}/o/${STRANGE}/x`, { headers: { ...FETCH, 'X-Forwarded-Organization': ACME } })).status, 403);
    assert.equal(world.recorder.requests.length, 0);
  });

  describe(`behind ${name}`, { skip: front.command && !fs.existsSync(front.command) ? `${name} is not installed` : false }, () => {
    let world;
    const scope = suite(after);
    before(async () => { world = await frontWorld(scope, name, makeWorld, { routes: ROUTES, clock: true, config: { session: { idle_timeout: '60s' } } }); });
    beforeEach(() => world.recorder.reset());

    const newUser = () => new BrowserUser({ [FRONT_HOST]: world.frontPort });
    async function signedIn(who = {}) {
      const before = world.op.user;
      world.op.user = { ...before, ...who };
      try {
        const user = newUser();
        const answer = await user.navigate(`${FRONT_ORIGIN}/start?a=1`);
        assert.equal(answer.status, 200, `${user.hops.map((hop) => `${hop.status} ${hop.url}`).join('\n')}\n${world.front.output().slice(-1500)}\n${world.proxy.output.slice(-1500)}`);
        return user;
      } finally { world.op.user = before; }
    }
    const get = (target, headers = {}, options = {}) => request(world.frontPort, options.method ?? 'GET', target, headers, { host: FRONT_HOST, ...options });
    const seen = () => world.recorder.requests;
    const valuesAtApp = (name) => pretend(seen().at(-1).fields.list, name);

    test('a person signs in by the way of the front proxy and comes to the page that they wanted', async () => {
      const user = await signedIn();
      assert.equal(user.hops.at(-1).url, `${FRONT_ORIGIN}/start?a=1`);
      assert.equal(seen().length, 1, 'the app sees a request only once somebody is signed in');
      assert.equal(seen()[0].target, '/start?a=1');
      assert.deepEqual(valuesAtApp('x-forwarded-user'), ['alice-sub']);
      const first = user.hops[0];
      assert.equal(first.status, 302);
      assert.match(first.next, new RegExp(`^${FRONT_ORIGIN}/_auth/sign-in\\?route=6&return_to=%2Fstart%3Fa%3D1$`));
      const line = await world.proxy.waitAccess((entry) => entry.decision === 'pass' && entry.path === '/start');
      assert.equal(line.host, FRONT_HOST);
      assert.equal(line.route, '#6 /*');
    });

    test('a script gets 401 and no redirect, on every kind of route', async () => {
      for (const target of ['/x', '/api/x', '/admin/x']) {
        const answer = await get(target, FETCH);
        assert.equal(answer.status, 401, target);
        assert.equal(answer.fields.get('location'), undefined);
      }
      assert.equal((await get('/api/x', NAVIGATION)).status, 401, 'unauthenticated: 401 redirects nobody');
      assert.equal(seen().length, 0);
    });

    test('who may not gets 403', async () => {
      const user = await signedIn();
      world.recorder.reset();
      for (const target of ['/admin/x', '/denied/x']) assert.equal((await user.fetch(FRONT_ORIGIN + target)).status, 403, target);
      assert.equal((await user.fetch(`${FRONT_ORIGIN}/admin/x`, { headers: FETCH })).status, 403);
      assert.equal(seen().length, 0);
      const admin = await signedIn({ roles: ['admin'] });
      assert.equal((await admin.fetch(`${FRONT_ORIGIN}/admin/x`)).status, 200);
    });

    test('identity headers of the client never reach the app, whether logto-proxy has a value or none', async () => {
      const cookie = (await signedIn({ username: null, roles: undefined })).sessionCookies(FRONT_HOST);
      for (const [target, headers, expected] of [
        ['/x', { Cookie: cookie }, 'alice-sub'], ['/optional/x', { Cookie: cookie }, 'alice-sub'], ['/optional/x', {}, undefined], ['/public/x', {}, undefined],
      ]) {
        world.recorder.reset();
        const answer = await get(target, { ...SPOOFS, ...headers });
        if (answer.status !== 200) { assert.ok(answer.status >= 400 && seen().length === 0, `${target}: ${answer.status}`); continue; }
        assert.deepEqual(valuesAtApp('x-forwarded-user'), expected ? [expected] : [], target);
        for (const identity of IDENTITY_NAMES) for (const value of valuesAtApp(identity)) assert.doesNotMatch(value, /admin/, `${target} ${identity}`);
      }
    });

    for (const [what, headers] of Object.entries(OTHER_TARGETS)) {
      test(`a client that speaks of another target opens nothing: ${what}`, async () => {
        for (const style of [FETCH, NAVIGATION]) {
          const answer = await get('/secret', { ...style, ...headers });
          assert.ok(answer.status >= 300, `${answer.status}`);
          if (answer.fields.get('location')) assert.match(answer.fields.get('location'), /return_to=%2Fsecret$/);
        }
        assert.equal(seen().length, 0);
        const open = await get('/public/a', Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, value.replace('/public/a', '/secret')])));
        if (open.status === 200) assert.equal(seen()[0].target, '/public/a');
      });
    }

    test('what a client says of path, host and address does not reach the app', async () => {
      for (const [value, names] of Object.entries(BELIEVED)) {
        for (const field of names) {
          world.recorder.reset();
          const answer = await get('/public/x', { ...FETCH, [field]: value });
          if (answer.status !== 200) { assert.ok(answer.status >= 400 && seen().length === 0, `${field}: ${answer.status}`); continue; }
          const told = pretend(seen()[0].fields.list, field.toLowerCase());
          assert.ok(told.every((one) => !/forged|9\.9\.9\.9/.test(one) || (field === 'X-Forwarded-For' && /127\.0\.0\.1$/.test(one))), `${field}: ${told}`);
        }
      }
    });

    test('nobody can ask the endpoint from outside for more than their own', async () => {
      for (const target of ['/_auth/check', '/_auth/check/secret', '/_auth/check/../me', '/_auth/../_auth/check']) {
        const answer = await get(target, { ...FETCH, 'X-Original-URL': `${FRONT_ORIGIN}/secret`, 'X-Original-Method': 'GET' });
        assert.ok(answer.status >= 400, `${target} ${answer.status}`);
      }
      assert.equal(seen().length, 0);
    });

    test('what the app gets is what was judged, for each line of the corpus', async () => {
      for (const { target } of table('path-confusion.tsv')) {
        world.recorder.reset();
        const client = await RawClient.connect(world.frontPort);
        try {
          await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${FRONT_HOST}\r\nConnection: close\r\n\r\n`, 'utf8'));
          await client.response({ timeout: 10_000 }).catch(() => null);
        } finally { client.destroy(); }
        for (const one of seen()) {
          assert.match(worstReading(one.target), /^\/(public|optional)(\/|$)/, `${target} came to the app as ${one.target}`);
          assert.doesNotMatch(one.target.split('?')[0], /(^|\/)(\.|%2e){1,2}(\/|;|$)|\/\/|\\/i, target);
        }
      }
      world.recorder.reset();
      assert.equal((await get('/public/caf%c3%a9;v=1?q=/../x')).status, 200);
      assert.equal(seen()[0].target, '/public/caf%c3%a9;v=1?q=/../x', 'and it comes as it was sent');
    });

    test('a POST passes with its body, and without a session nowhere', async () => {
      const user = await signedIn();
      world.recorder.reset();
      const answer = await user.fetch(`${FRONT_ORIGIN}/form`, { method: 'POST', body: 'a=1&b=2', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: FRONT_ORIGIN, 'Sec-Fetch-Site': 'same-origin' } });
      assert.equal(answer.status, 200);
      assert.equal(seen()[0].method, 'POST');
      assert.equal(seen()[0].body.toString(), 'a=1&b=2');
      world.recorder.reset();
      for (const style of [FETCH, NAVIGATION]) {
        const refused = await get('/form', { ...style, 'Content-Type': 'application/x-www-form-urlencoded' }, { method: 'POST', body: 'a=1' });
        assert.ok(refused.status === 401 || refused.status === 403, `${refused.status}`);
      }
      assert.equal(seen().length, 0);
    });

    test('a WebSocket opens for a page of the app and for no other', async () => {
      const cookie = (await signedIn()).sessionCookies(FRONT_HOST);
      world.recorder.onHead = (one, reply) => {
        if (!one.target.startsWith('/ws')) return false;
        reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT });
        return new Promise(() => {});
      };
      try {
        for (const [origin, cookies, expected] of [[FRONT_ORIGIN, cookie, 101], ['http://evil.test', cookie, 403], [FRONT_ORIGIN, undefined, 401]]) {
          const client = await RawClient.connect(world.frontPort);
          await client.send(requestBytes('GET', '/ws', { ...UPGRADE, Origin: origin, Cookie: cookies }));
          assert.equal((await client.response()).status, expected, `${origin} ${cookies ? 'signed in' : 'nobody'}`);
          client.destroy();
        }
      } finally { world.recorder.onHead = null; }
    });

    test('a session that is used gets its cookie written again, by the way of the front proxy', async () => {
      const user = await signedIn();
      const before = user.sessionCookies(FRONT_HOST);
      await world.clock.pass(7_000);
      const answer = await user.fetch(`${FRONT_ORIGIN}/later`);
      assert.equal(answer.status, 200);
      assert.equal(answer.fields.all('set-cookie').filter((line) => line.startsWith('logto_session=')).length, 1);
      assert.notEqual(user.sessionCookies(FRONT_HOST), before);
      assert.equal((await user.fetch(`${FRONT_ORIGIN}/later`)).status, 200);
    });

    test('signing out ends it', async () => {
      const user = await signedIn();
      const cookie = user.sessionCookies(FRONT_HOST);
      const answer = await user.fetch(`${FRONT_ORIGIN}/_auth/sign-out`, { headers: { 'Sec-Fetch-Site': 'same-origin' } });
      assert.equal(answer.status, 303);
      assert.equal(user.sessionCookies(FRONT_HOST), '');
      world.recorder.reset();
      assert.equal((await get('/x', { ...FETCH, Cookie: cookie })).status, 401);
      assert.equal(seen().length, 0);
    });
  });
}

// ---- straight to the endpoint ----

const NGINX_FORM = (target, method = 'GET') => ({ 'X-Original-URL': FRONT_ORIGIN + target, 'X-Original-Method': method });
const TRAEFIK_FORM = (target, method = 'GET') => ({ 'X-Forwarded-Method': method, 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': FRONT_HOST, 'X-Forwarded-Uri': target });

// Clients for whom a refusal may look other than it does for the proxy that asks: it must not.
const OTHER_WAYS_TO_SAY_NO = [undefined, 'application/grpc', 'application/grpc-web', 'application/grpc+proto'].flatMap((type) => [[type, 'GET'], [type, 'POST']]);

describe('the endpoint itself', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      routes: [...ROUTES.slice(0, -1), { path: '/app/*', upstream: 'app' }, { path: '/*' }],
      config: { external_urls: [FRONT_ORIGIN], trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true } },
    });
    const user = new BrowserUser({ [FRONT_HOST]: world.port });
    assert.equal((await user.navigate(`${FRONT_ORIGIN}/app/x`)).status, 200);
    cookie = user.sessionCookies(FRONT_HOST);
  });

  const ask = (headers, { target = '/_auth/check', method = 'GET', host = 'logto-proxy:8080', from } = {}) => raw(world.port, method, target, { Cookie: cookie, ...FETCH, ...headers }, host, from);
  async function raw(port, method, target, headers, host, localAddress) {
    const client = await RawClient.connect(port, { localAddress });
    try {
      await client.send(requestBytes(method, target, { Host: host, Connection: 'close', ...headers }));
      return await client.response({ method });
    } finally { client.destroy(); }
  }

  test('each form is answered with the identity headers of the route', async () => {
    for (const answer of [await ask(NGINX_FORM('/x')), await ask(TRAEFIK_FORM('/x')), await ask({}, { target: '/_auth/check/x', host: FRONT_HOST })]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.fields.get('x-forwarded-user'), 'alice-sub');
      assert.equal(answer.fields.get('cache-control'), 'no-store');
    }
    const open = await ask({ ...TRAEFIK_FORM('/public/x'), Cookie: undefined });
    assert.equal(open.status, 200);
    for (const name of IDENTITY_NAMES) assert.equal(open.fields.get(name), undefined);
    const envoy = await ask({ Cookie: undefined }, { target: '/_auth/check/public/x', host: FRONT_HOST });
    assert.deepEqual(envoy.fields.get('x-envoy-auth-headers-to-remove').toLowerCase().split(', '), IDENTITY_NAMES);
  });

  test('who is not in trusted_proxies is told nothing, and the operator what to do', async () => {
    for (const headers of [NGINX_FORM('/public/x'), TRAEFIK_FORM('/public/x'), {}]) {
      for (const [type, method] of OTHER_WAYS_TO_SAY_NO) assert.equal((await ask({ ...headers, 'Content-Type': type }, { from: '127.0.0.2', method })).status, 403);
    }
    assert.equal((await ask({}, { target: '/_auth/check/public/x', host: FRONT_HOST, from: '127.0.0.2' })).status, 403);
    const line = await world.proxy.waitLog((entry) => entry.client === '127.0.0.2');
    assert.match(line.reason, /trusted_proxies/);
    assert.equal((await world.proxy.waitAccess((entry) => entry.client === '127.0.0.2')).decision, 'untrusted_proxy');
    const nobody = await makeWorld(scope, { routes: [{ path: '/*', access: 'public' }], config: { external_urls: [FRONT_ORIGIN], upstreams: undefined, forward_auth: { enabled: true } } });
    assert.equal((await raw(nobody.port, 'GET', '/_auth/check', TRAEFIK_FORM('/x'), FRONT_HOST)).status, 403, 'trusted_proxies: [] is nobody');
  });

  test('it is 404 where forward_auth is off', async () => {
    const off = await makeWorld(scope, { config: { trusted_proxies: ['127.0.0.1/32'] } });
    assert.equal((await off.get('/_auth/check', TRAEFIK_FORM('/public/x'))).status, 404);
    assert.equal((await off.get('/oauth2/auth')).status, 404);
  });

  test('nothing that is ambiguous, incomplete or contradictory is ever 2xx', async () => {
    const without = (form, name) => Object.fromEntries(Object.entries(form).filter(([key]) => key !== name));
    const cases = [
      {}, NGINX_FORM('/public/../x'), TRAEFIK_FORM('/public//x'), TRAEFIK_FORM('/public/%2e%2e/x'), TRAEFIK_FORM('/public/..;/x'), TRAEFIK_FORM('/public%2f..%2fx'),
      TRAEFIK_FORM('public/x'), TRAEFIK_FORM('/public/x#'), TRAEFIK_FORM('*'), TRAEFIK_FORM('/_auth/me'), TRAEFIK_FORM('/x', 'get'),
      { ...TRAEFIK_FORM('/public/x'), ...NGINX_FORM('/x') }, { ...TRAEFIK_FORM('/public/x'), 'X-Forwarded-Host': 'evil.test' },
      { ...TRAEFIK_FORM('/public/x'), 'X-Forwarded-Proto': 'https' }, { ...TRAEFIK_FORM('/public/x'), 'X-Forwarded-Uri': ['/public/x', '/public/x'] },
      ...Object.keys(TRAEFIK_FORM('/')).map((name) => without(TRAEFIK_FORM('/public/x'), name)), ...Object.keys(NGINX_FORM('/')).map((name) => without(NGINX_FORM('/public/x'), name)),
    ];
    const wire = OTHER_WAYS_TO_SAY_NO.flatMap(([type, method]) => cases.map((headers) => ({ headers: { ...headers, 'Content-Type': type }, method })));
    for (const { headers, method } of wire) {
      const answer = await ask({ ...headers, Cookie: undefined }, { method });
      assert.ok(answer.status >= 400, `${method} ${JSON.stringify(headers)}: ${answer.status}`);
      if (headers['X-Original-URL']) assert.ok([401, 403].includes(answer.status), 'nginx understands no other');
    }
    for (const target of ['/_auth/check/../me', '/_auth/check/../signed-out', '/_auth/check/x/../../signed-out', '/_auth/check//', '/_auth/check/%2e%2e/me', '/x/../_auth/check/public/x']) {
      assert.ok((await ask({}, { target, host: FRONT_HOST })).status >= 400, target);
    }
  });

  test('where everything but one tree is open, no line of the corpus opens that tree', async () => {
    const open = await makeWorld(scope, {
      routes: [{ path: '/private/*' }, { path: '/*', access: 'public' }],
      config: { external_urls: [FRONT_ORIGIN], upstreams: undefined, trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true } },
    });
    let passed = 0;
    for (const { target } of table('path-confusion.tsv')) {
      const bytes = Buffer.from(target, 'utf8').toString('latin1');
      for (const [headers, path] of [[TRAEFIK_FORM(bytes), '/_auth/check'], [NGINX_FORM(bytes), '/_auth/check'], [{}, `/_auth/check${bytes}`]]) {
        const answer = await raw(open.port, 'GET', path, { ...FETCH, ...headers }, FRONT_HOST);
        if (answer.status !== 200) { assert.ok(answer.status >= 400, `${target}: ${answer.status}`); continue; }
        ++passed;
        assert.doesNotMatch(worstReading(target), /^\/private(\/|$)/, target);
      }
    }
    const fine = await raw(open.port, 'GET', '/_auth/check', TRAEFIK_FORM('/open/x;y?z=%2e%2e'), FRONT_HOST);
    assert.equal(fine.status, 200);
    console.log(`      ${passed} of the corpus pass as what they are`);
  });

  test('people are sent to sign in with the place to come back to, nginx by a 401', async () => {
    const traefik = await ask({ ...TRAEFIK_FORM('/x?y=1'), ...NAVIGATION, Cookie: undefined });
    assert.equal(traefik.status, 302);
    assert.equal(traefik.fields.get('location'), `${FRONT_ORIGIN}/_auth/sign-in?route=7&return_to=%2Fx%3Fy%3D1`);
    const nginx = await ask({ ...NGINX_FORM('/x?y=1'), ...NAVIGATION, Cookie: undefined });
    assert.equal(nginx.status, 401);
    assert.equal(nginx.fields.get('location'), traefik.fields.get('location'));
    const post = await ask({ ...TRAEFIK_FORM('/x', 'POST'), ...NAVIGATION, 'Content-Type': 'application/x-www-form-urlencoded', Cookie: undefined });
    assert.ok(post.status >= 400, `${post.status}`);
    for (const script of [await ask({ ...TRAEFIK_FORM('/x'), Cookie: undefined }), await ask({ ...NGINX_FORM('/x'), Cookie: undefined })]) {
      assert.equal(script.status, 401);
      assert.equal(script.fields.get('location'), undefined);
      assert.match(JSON.parse(script.text).sign_in_url, new RegExp(`^${FRONT_ORIGIN}/_auth/sign-in`));
    }
  });

  test('a session that Logto has not vouched for lately is asked about by the way of our own endpoint', async () => {
    const due = await frontWorld(scope, 'traefik', makeWorld, { routes: [{ path: '/*' }], config: { session: { revalidate: '1s' } } });
    const user = new BrowserUser({ [FRONT_HOST]: due.frontPort });
    assert.equal((await user.navigate(`${FRONT_ORIGIN}/x`)).status, 200);
    await due.clock.pass(1_500);
    const cookie = user.sessionCookies(FRONT_HOST);
    const script = await user.fetch(`${FRONT_ORIGIN}/x`, { headers: FETCH });
    assert.equal(script.status, 200, 'a script goes on with the session in hand');
    user.hops.length = 0;
    const answer = await user.navigate(`${FRONT_ORIGIN}/x?y=1`);
    assert.equal(answer.status, 200);
    assert.equal(answer.url, `${FRONT_ORIGIN}/x?y=1`);
    assert.equal(new URL(user.hops[0].next).searchParams.get('prompt'), 'none');
    assert.ok(user.hops.some((hop) => hop.url.includes('/oidc/auth') && new URL(hop.url).searchParams.get('prompt') === 'none'));
    assert.notEqual(user.sessionCookies(FRONT_HOST), cookie);
    const idle = await user.fetch(`${FRONT_ORIGIN}/_auth/sign-in?prompt=none&return_to=/x`);
    assert.equal(idle.next, `${FRONT_ORIGIN}/x`, 'where it is not due nothing happens');
  });

  test('a route without upstream serves nobody directly', async () => {
    for (const target of ['/x', '/public/x']) assert.equal((await raw(world.port, 'GET', target, { Cookie: cookie, ...FETCH }, FRONT_HOST)).status, 404);
    assert.equal((await raw(world.port, 'GET', '/app/x', { Cookie: cookie, ...FETCH }, FRONT_HOST)).status, 200);
  });
});

// ---- oauth2-proxy's endpoints, behind an nginx that was set up for it ----

const NGINX_FOR_OAUTH2_PROXY = `
server {
    listen 80;
    server_name app.example.com;
    location /oauth2/ {
        proxy_pass http://127.0.0.1:8080;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Auth-Request-Redirect $request_uri;
    }
    proxy_http_version 1.1;
    absolute_redirect off;
    location = /oauth2/auth {
        proxy_pass http://127.0.0.1:8080;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Uri $request_uri;
        proxy_set_header Content-Length "";
        proxy_pass_request_body off;
    }
    location = /staff/auth {
        internal;
        proxy_pass http://127.0.0.1:8080/oauth2/auth?allowed_groups=staff,admin;
        proxy_set_header Host $host;
        proxy_set_header Content-Length "";
        proxy_pass_request_body off;
    }
    location / {
        auth_request /oauth2/auth;
        error_page 401 = @start;
        auth_request_set $user $upstream_http_x_auth_request_user;
        auth_request_set $email $upstream_http_x_auth_request_email;
        proxy_set_header X-User $user;
        proxy_set_header X-Email $email;
        proxy_pass http://127.0.0.1:3000;
    }
    location /staff/ {
        auth_request /staff/auth;
        proxy_pass http://127.0.0.1:3000;
    }
    location @start { return 302 /oauth2/start?rd=$request_uri; }
}`;

describe('in place of oauth2-proxy', { skip: fs.existsSync(FRONTS.nginx.command) ? false : 'nginx is not installed' }, () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await frontWorld(scope, 'nginx', makeWorld, {
      routes: [{ path: '/*' }], front: { text: NGINX_FOR_OAUTH2_PROXY }, config: { trusted_proxies: [], forward_auth: { enabled: false, oauth2_proxy: true }, auth_prefix: '/oauth2' },
    });
  });
  beforeEach(() => world.recorder.reset());
  const direct = (target, headers = {}, options = {}) => world.get(target, { ...FETCH, ...headers }, { host: FRONT_HOST, ...options });
  async function signedIn(who = {}) {
    const before = world.op.user;
    world.op.user = { ...before, ...who };
    try {
      const user = new BrowserUser({ [FRONT_HOST]: world.frontPort });
      const answer = await user.navigate(`${FRONT_ORIGIN}/start?a=1`);
      assert.equal(answer.status, 200, user.hops.map((hop) => `${hop.status} ${hop.url}`).join('\n'));
      return user;
    } finally { world.op.user = before; }
  }

  test('sign-in, the callback of oauth2-proxy, and the headers', async () => {
    const user = await signedIn();
    assert.equal(user.hops.at(-1).url, `${FRONT_ORIGIN}/start?a=1`);
    const authorization = user.hops.find((hop) => hop.url.includes('/oidc/auth'));
    assert.equal(new URL(authorization.url).searchParams.get('redirect_uri'), `${FRONT_ORIGIN}/oauth2/callback`);
    assert.ok(user.hops.some((hop) => hop.url.startsWith(`${FRONT_ORIGIN}/oauth2/callback?`)));
    assert.equal(world.recorder.requests[0].fields.get('x-user'), 'alice-sub');
    const answer = await direct('/oauth2/auth', { Cookie: user.sessionCookies(FRONT_HOST) });
    assert.equal(answer.status, 202);
    assert.equal(answer.fields.get('x-auth-request-user'), 'alice-sub');
    assert.equal(answer.fields.get('gap-auth'), answer.fields.get('x-auth-request-email') ?? 'alice-sub');
    assert.equal((await direct('/oauth2/auth')).status, 401);
  });

  test('allowed_groups by role', async () => {
    const staff = await signedIn({ roles: ['staff', 'other'] });
    const other = await signedIn({ roles: ['other'] });
    for (const [user, status] of [[staff, 200], [other, 403]]) {
      assert.equal((await user.fetch(`${FRONT_ORIGIN}/staff/x`)).status, status);
      const cookie = user.sessionCookies(FRONT_HOST);
      assert.equal((await direct('/oauth2/auth?allowed_groups=staff', { Cookie: cookie })).status, status === 200 ? 202 : 403);
      assert.equal((await direct('/oauth2/auth?allowed_groups=', { Cookie: cookie })).status, 202);
      assert.equal((await direct('/oauth2/auth?allowed_email_domains=example.com', { Cookie: cookie })).status, 403, 'no rule on e-mail without trust_email');
    }
    const info = JSON.parse((await direct('/oauth2/userinfo', { Cookie: staff.sessionCookies(FRONT_HOST) })).text);
    assert.equal(info.user, 'alice-sub');
    assert.deepEqual(info.groups, ['staff', 'other']);
    assert.equal((await direct('/oauth2/userinfo')).status, 401);
  });

  test('rd and X-Auth-Request-Redirect lead to this origin only', async () => {
    const cookie = (await signedIn()).sessionCookies(FRONT_HOST);
    for (const [rd, where] of [
      ['/x?y=1', '/x?y=1'], [`${FRONT_ORIGIN}/x`, '/x'], ['https://evil.test/', '/'], ['//evil.test', '/'], ['/\\evil.test', '/'], ['/%09/evil.test', '/'], ['/oauth2/sign_out', '/'], ['/oauth2/sign-out', '/'],
      ['javascript:alert(1)', '/'], [`${FRONT_ORIGIN}.evil.test/`, '/'], ['', '/'],
    ]) {
      for (const endpoint of ['start', 'sign_in']) {
        const answer = await direct(`/oauth2/${endpoint}?rd=${encodeURIComponent(rd)}`, { Cookie: cookie, ...NAVIGATION });
        assert.equal(answer.fields.get('location'), where, rd);
      }
      if (rd === '' || rd.includes('\\')) continue;
      assert.equal((await direct('/oauth2/start', { Cookie: cookie, ...NAVIGATION, 'X-Auth-Request-Redirect': rd })).fields.get('location'), where, rd);
    }
    assert.equal((await direct('/oauth2/start?rd=/a&rd=/b', { Cookie: cookie, ...NAVIGATION })).status, 400);
  });

  test('a link on another site signs nobody out; a person does, and goes where rd says', async () => {
    const user = await signedIn();
    const asked = await user.fetch(`${FRONT_ORIGIN}/oauth2/sign_out?rd=/bye`, { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    assert.equal(asked.status, 200);
    assert.match(asked.text, /<form/);
    for (const headers of [{ ...FETCH, 'Sec-Fetch-Site': 'cross-site' }, { ...FETCH, 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Mode': 'no-cors' }]) {
      assert.equal((await user.fetch(`${FRONT_ORIGIN}/oauth2/sign_out`, { headers })).status, 403);
    }
    assert.notEqual(user.sessionCookies(FRONT_HOST), '');
    const out = await user.fetch(`${FRONT_ORIGIN}/oauth2/sign_out?rd=/bye`, { headers: { 'Sec-Fetch-Site': 'same-origin' } });
    assert.equal(out.status, 303);
    assert.equal(user.sessionCookies(FRONT_HOST), '');
    const state = new URL(out.next).searchParams.get('state');
    assert.equal(state, '/bye');
    assert.equal((await user.fetch(`${FRONT_ORIGIN}/oauth2/signed-out?state=${encodeURIComponent(state)}`)).next, `${FRONT_ORIGIN}/bye`);
    for (const evil of ['https%3A%2F%2Fevil.test%2F', '%2F%2Fevil.test', '%2Fa&state=%2Fb', '%2Foauth2%2Fsign-out']) {
      assert.equal((await direct(`/oauth2/signed-out?state=${evil}`, NAVIGATION)).status, 200, evil);
    }
  });
});

// The request behind a check waits, is renewed and is refused like any other.
describe('checks that wait, and what a route adds', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      clock: true,
      opOptions: { refreshTokens: true },
      routes: [
        { path: '/signed/*', assertion: true, identity_headers: { 'X-Who': 'sub' } },
        { path: '/authelia/*', identity_preset: 'authelia' },
        { path: '/token/*', token: { resource: THINGS } },
        { path: '/recent/*', require: { max_age: '5m' } },
        { path: '/programs/*', accept: ['bearer'], audiences: [THINGS] },
        { path: '/*' },
      ],
      config: {
        external_urls: [FRONT_ORIGIN], trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true, secret: CHECK_SECRET },
        upstreams: undefined, logto: { refresh: 'offline_access' }, bearer: { audiences: [THINGS] },
      },
    });
  });
  async function check(target, headers) {
    const client = await RawClient.connect(world.port);
    try {
      await client.send(requestBytes('GET', '/_auth/check', { Host: 'inside', Connection: 'close', ...FETCH, 'X-Logto-Proxy-Check-Secret': CHECK_SECRET, ...TRAEFIK_FORM(target), ...headers }));
      return await client.response({ method: 'GET' });
    } finally { client.destroy(); }
  }
  async function signedIn() {
    const user = new BrowserUser({ [FRONT_HOST]: world.port });
    await user.navigate(`${FRONT_ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
    assert.ok(user.sessionCookies(FRONT_HOST));
    return user.sessionCookies(FRONT_HOST);
  }

  test('a session whose tokens have expired is refreshed first, and the check carries its cookie', { skip: !CLOCK_IS_MOVABLE }, async () => {
    const Cookie = await signedIn();
    await world.clock.advance(world.op.tokenLifetimeS * 1000 + 1000);
    const answer = await check('/x', { Cookie });
    assert.equal(answer.status, 200);
    assert.equal(answer.fields.get('x-forwarded-user'), 'alice-sub');
    assert.ok(answer.fields.all('set-cookie').length > 0);
  });

  test('headers of the route, presets and assertions', async () => {
    const Cookie = await signedIn();
    const signed = await check('/signed/x', { Cookie });
    assert.equal(signed.status, 200);
    assert.equal(signed.fields.get('x-who'), 'alice-sub');
    const claims = JSON.parse(Buffer.from(signed.fields.get('x-logto-proxy-assertion').split('.')[1], 'base64url'));
    assert.deepEqual([claims.sub, claims.iss, claims.aud], ['alice-sub', FRONT_ORIGIN, FRONT_ORIGIN]);
    assert.equal(signed.fields.get('x-forwarded-user'), undefined);
    assert.equal((await check('/authelia/x', { Cookie })).fields.get('remote-user'), 'alice');
  });

  test('the token of the route', async () => {
    const answer = await check('/token/x', { Cookie: await signedIn() });
    assert.equal(answer.status, 200);
    const payload = JSON.parse(Buffer.from(answer.fields.get('authorization').split('.')[1], 'base64url'));
    assert.equal(payload.aud, THINGS);
  });

  test('a sign-in that is too long ago is no pass', async () => {
    const Cookie = await signedIn();
    assert.equal((await check('/recent/x', { Cookie })).status, 401);
    assert.equal((await check('/recent/x', { Cookie, ...NAVIGATION })).status, 302);
  });

  test('access tokens of programs', async () => {
    const token = world.op.accessToken({ sub: 'robot', aud: THINGS });
    const answer = await check('/programs/x', { Authorization: `Bearer ${token}` });
    assert.equal(answer.status, 200);
    assert.equal(answer.fields.get('x-forwarded-user'), 'robot');
    assert.equal((await check('/programs/x', { Authorization: `Bearer ${token}x` })).status, 401);
    assert.equal((await check('/programs/x', { Cookie: await signedIn() })).status, 401);
  });

  test('while Logto cannot be asked a check for such a session is no pass', { skip: !CLOCK_IS_MOVABLE }, async () => {
    const Cookie = await signedIn();
    world.op.failRefresh = 500;
    await world.clock.advance(world.op.tokenLifetimeS * 1000 + 1000);
    assert.equal((await check('/x', { Cookie })).status, 503);
    world.op.failRefresh = null;
    await world.clock.advance(31_000);
  });
});
