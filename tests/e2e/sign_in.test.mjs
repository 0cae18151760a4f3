// Sign-in from the outside: the flow, tabs, repeated and stale callbacks, and everything a caller may ask for.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { freePort } from './lib/proxy.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

// Starts a sign-in and stops before the callback: { user, callback } where callback is the URL Logto sends the browser to.
async function untilCallback(world, { user = world.user(), target = '/private/x' } = {}) {
  const answer = await user.navigate(ORIGIN + target, { stop: (url) => url.pathname === '/_auth/callback' });
  assert.equal(new URL(answer.next).pathname, '/_auth/callback');
  return { user, callback: answer.next };
}
const stateOf = (callback) => new URL(callback).searchParams.get('state');
const tokenCalls = (world) => world.op.calls('/oidc/token').length;
const authorization = async (world, target, headers = NAVIGATION) => {
  const answer = await world.get(target, headers);
  assert.equal(answer.status, 303, `${target}: ${answer.status} ${answer.text.slice(0, 200)}`);
  return new URL(answer.fields.get('location')).searchParams;
};

describe('the development provider, as Logto behaves', () => {
  test('a user signs in by password over plain HTTP and the app sees them', async (t) => {
    const op = await DevelopmentOp.start({ redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`] });
    const world = await makeWorld(t, { op });
    const user = world.user();
    const page = await user.navigate(`${ORIGIN}/private/page?a=1&b=%2F`);
    assert.equal(page.status, 200);
    assert.equal(new URL(page.url).origin, op.endpoint, 'on the sign-in page of the provider');
    const wrong = await user.submit(page, { username: 'alice', password: 'wrong' });
    assert.equal(new URL(wrong.url).origin, op.endpoint, 'a wrong password stays there');
    const answer = await user.submit(wrong, { username: 'alice', password: 'alice-password' });
    assert.equal(answer.status, 200, answer.text.slice(0, 400));
    const seen = JSON.parse(answer.text);
    assert.equal(seen.target, '/private/page?a=1&b=%2F');
    assert.equal(seenHeader(answer, 'x-forwarded-groups'), 'editor');
    const me = await user.fetch(`${ORIGIN}/_auth/me`);
    assert.equal(me.status, 200);
    assert.equal(JSON.parse(me.text).username ?? JSON.parse(me.text).claims?.username, 'alice');
  });

  test('a user without e-mail and roles, whose claims are null, signs in as well', async (t) => {
    const op = await DevelopmentOp.start({ redirect_uris: [`${ORIGIN}/_auth/callback`] });
    const world = await makeWorld(t, { op });
    const user = world.user();
    const answer = await user.submit(await user.navigate(`${ORIGIN}/private/x`), { username: 'bob', password: 'bob-password' });
    assert.equal(answer.status, 200);
    assert.equal(seenHeader(answer, 'x-forwarded-email'), undefined);
  });
});

describe('a sign-in, step by step', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope); });
  beforeEach(() => { world.recorder.reset(); world.op.twist = {}; world.op.signedIn = true; });

  test('path and query survive the sign-in byte for byte', async () => {
    for (const target of ['/private/a?x=1&y=%2F%3F&z=a+b', '/private/%E5%B1%B1?q=%E7%94%B0', '/private/a?', '/private/a?url=http://evil.test/&x=//y']) {
      world.recorder.reset();
      const answer = await world.user().navigate(ORIGIN + target);
      assert.equal(answer.status, 200);
      assert.deepEqual(world.recorder.targets(), [target]);
    }
  });

  test('the pending cookie is one of its own, short-lived, HttpOnly, and gone after the callback', async () => {
    const user = world.user();
    const first = await user.fetch(`${ORIGIN}/private/x`);
    assert.match(first.fields.get('cache-control'), /no-store/);
    const [cookie] = first.fields.all('set-cookie').map(parseSetCookie);
    assert.match(cookie.name, /^logto_pending_[0-9a-f]{16}$/);
    assert.equal(cookie.attributes['max-age'], '600');
    assert.ok('httponly' in cookie.attributes && cookie.attributes.samesite === 'Lax');
    const { searchParams } = new URL(first.next);
    for (const name of ['state', 'nonce']) assert.ok(!cookie.value.includes(searchParams.get(name)), `${name} is not readable in the cookie`);
    await user.navigate(first.next);
    assert.deepEqual(user.pendingCookies(HOST), []);
    const callback = user.hops.find((hop) => hop.url.includes('/_auth/callback'));
    assert.equal(callback.status, 303);
    assert.match(callback.fields.get('cache-control'), /no-store/);
    assert.equal(callback.fields.get('referrer-policy'), 'no-referrer');
    assert.doesNotMatch(callback.next, /code=|state=|token/);
  });

  test('the client authenticates at the token endpoint and PKCE is verified', async () => {
    await world.session();
    const call = world.op.calls('/oidc/token').at(-1);
    assert.equal(call.params.get('grant_type'), 'authorization_code');
    assert.ok(call.params.get('code_verifier').length >= 43);
    assert.equal(call.params.get('redirect_uri'), `${ORIGIN}/_auth/callback`);
    for (const name of call.params.keys()) assert.equal(call.params.getAll(name).length, 1);
  });

  test('two tabs sign in at once and each comes back to its own page', async () => {
    const user = world.user();
    const one = await untilCallback(world, { user, target: '/private/one' });
    const two = await untilCallback(world, { user, target: '/private/two' });
    assert.equal(user.pendingCookies(HOST).length, 2);
    assert.equal(JSON.parse((await user.navigate(two.callback)).text).target, '/private/two');
    assert.equal(JSON.parse((await user.navigate(one.callback)).text).target, '/private/one');
    assert.deepEqual(user.pendingCookies(HOST), []);
  });

  test('six parallel sign-ins leave five pending ones, and the oldest is the one that went', async () => {
    const user = world.user();
    const starts = [];
    for (let count = 0; count < 6; ++count) {
      const { callback } = await untilCallback(world, { user, target: `/private/${count}` });
      starts.push({ callback, names: user.pendingCookies(HOST) });
    }
    assert.equal(user.pendingCookies(HOST).length, 5);
    const [first] = starts[0].names;
    assert.ok(!user.pendingCookies(HOST).includes(first), 'the oldest was evicted');
    for (const { callback } of starts.slice(1)) assert.equal((await user.navigate(callback)).status, 200);
  });

  test('O30 five hundred unfinished sign-ins never lock the browser out', async () => {
    const user = world.user();
    for (let count = 0; count < 60; ++count) assert.equal((await user.fetch(`${ORIGIN}/private/${count}`)).status, 303);
    assert.ok(user.pendingCookies(HOST).length <= 5);
    assert.ok(user.cookieHeader(new URL(ORIGIN)).length < 12_000);
  });

  test('O04 a callback sent twice at the same time shares one flight: one token request, both arrive', async () => {
    const { user, callback } = await untilCallback(world);
    const tokens = tokenCalls(world);
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    world.op.twist = { async onToken() { await held; return false; } };
    const asked = new Promise((resolve) => world.op.on('call', (call) => call.path === '/oidc/token' && resolve()));
    const url = new URL(callback);
    const cookie = user.cookieHeader(url);
    const flights = Array.from({ length: 3 }, () => world.get(url.pathname + url.search, { Cookie: cookie, ...NAVIGATION }));
    await asked;
    release();
    const answers = await Promise.all(flights);
    assert.deepEqual(answers.map(({ status }) => status), [303, 303, 303]);
    for (const answer of answers) assert.ok(answer.fields.all('set-cookie').some((line) => line.startsWith('logto_session=')));
    assert.equal(tokenCalls(world) - tokens, 1);
    // And a moment later: the back button. The code is never sent again.
    const late = await world.get(url.pathname + url.search, { Cookie: cookie, ...NAVIGATION });
    assert.ok(late.status === 303 || late.status >= 400, `status ${late.status}`);
    assert.equal(tokenCalls(world) - tokens, 1, 'a replayed code would revoke the grant');
  });

  test('a stale callback with a valid session goes on to the target', async () => {
    const { user, callback } = await untilCallback(world, { target: '/private/stale' });
    await user.navigate(callback);
    const tokens = tokenCalls(world);
    const answer = await user.navigate(callback);
    assert.equal(answer.status, 200, 'signed in: the user sees a page of the app');
    assert.equal(tokenCalls(world), tokens);
  });

  test('a stale callback without a session starts afresh, once', async () => {
    const { callback } = await untilCallback(world);
    const user = world.user();
    const first = await user.fetch(callback);
    assert.ok([303, 400].includes(first.status), `status ${first.status}`);
    assert.equal(user.sessionCookies(HOST), '');
    const tokens = tokenCalls(world);
    world.op.twist = { authReply: (params) => ({ ...params, state: 'unknown-state' }) };
    const answer = await user.navigate(callback);
    assert.ok(answer.status >= 400, 'a loop of stale callbacks ends on a page');
    assert.equal(tokenCalls(world), tokens);
    assert.ok(user.hops.filter((hop) => hop.url.includes('/oidc/auth')).length <= 3);
  });

  test('O01 O05 a callback without our pending cookie, or with another browser\'s, signs nobody in', async () => {
    const attacker = await untilCallback(world);
    const victim = await untilCallback(world);
    const tokens = tokenCalls(world);
    for (const [callback, user] of [[attacker.callback, victim.user], [attacker.callback, world.user()]]) {
      const answer = await user.fetch(callback);
      assert.notEqual(answer.status, 200);
      assert.equal(user.sessionCookies(HOST), '', 'no session');
      assert.ok(!answer.next || new URL(answer.next).searchParams.get('state') !== stateOf(attacker.callback));
    }
    assert.equal(tokenCalls(world), tokens, 'no token request');
    assert.equal((await victim.user.navigate(victim.callback)).status, 200, 'the victim\'s own sign-in is not disturbed');
  });

  const STRANGE = ['', '?', '?&', '?code=x', '?state=x', '?error=access_denied', '?code=x&state=', `?code=x&state=${'s'.repeat(8000)}`, '?code=%00&state=%ff', '?code[]=x&state[]=y', '?=&=', '?code=x&state=..%2f..%2f'];
  for (const query of STRANGE) {
    test(`O02 the callback with ${JSON.stringify(query.slice(0, 40))} is an error page or a fresh start, no session`, async () => {
      const tokens = tokenCalls(world);
      const answer = await world.get(`/_auth/callback${query}`, NAVIGATION);
      assert.ok(answer.status === 303 || (answer.status >= 400 && answer.status < 500), `status ${answer.status}`);
      assert.ok(!answer.fields.all('set-cookie').some((line) => line.startsWith('logto_session=') && !/Max-Age=0/i.test(line)));
      assert.equal(tokenCalls(world), tokens);
      assert.deepEqual(world.recorder.requests, []);
    });
  }

  test('an error from Logto is a page with a request id and a way to try again', async () => {
    world.op.twist = { authReply: ({ state, iss }) => ({ state, iss, error: 'access_denied', error_description: 'user said no' }) };
    const user = world.user();
    const answer = await user.navigate(`${ORIGIN}/private/x`);
    assert.ok(answer.status >= 400 && answer.status < 500);
    assert.match(answer.text, /\/_auth\/sign-in/);
    assert.ok(answer.text.includes(answer.fields.get('x-request-id')));
    assert.deepEqual(user.pendingCookies(HOST), []);
  });

  test('O20 a client that goes away while the code is exchanged harms nobody', async () => {
    const { user, callback } = await untilCallback(world);
    const { RawClient, requestBytes } = await import('./lib/raw.mjs');
    const url = new URL(callback);
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    world.op.twist = { async onToken() { await held; return false; } };
    const asked = new Promise((resolve) => world.op.on('call', (call) => call.path === '/oidc/token' && resolve()));
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', url.pathname + url.search, { Host: HOST, Cookie: user.cookieHeader(url), ...NAVIGATION }));
    await asked;
    client.socket.resetAndDestroy();
    release();
    world.op.twist = {};
    await world.session();
    world.proxy.assertHealthy();
  });
});

describe('who gets a redirect and who gets a 401', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { routes: [
      { path: '/public/*', access: 'public', upstream: 'app' }, { path: '/api/*', unauthenticated: '401', upstream: 'app' },
      { path: '/always/*', unauthenticated: 'redirect', upstream: 'app' }, { path: '/*', upstream: 'app' },
    ] });
  });

  const NAVIGATIONS = {
    'a top-level navigation': NAVIGATION, 'a navigation in a frame': { ...NAVIGATION, 'Sec-Fetch-Dest': 'iframe' },
    'a navigation that a service worker passes on': { ...NAVIGATION, 'Sec-Fetch-Dest': 'empty' },
    'an old browser that asks for HTML': { Accept: 'text/html,*/*' },
  };
  for (const [who, headers] of Object.entries(NAVIGATIONS)) {
    test(`${who} is sent to Logto`, async () => { assert.equal((await world.get('/private/x', headers)).status, 303); });
  }
  const OTHERS = {
    'a fetch': FETCH, 'an image': { Accept: 'image/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }, 'curl': { Accept: '*/*' }, 'nothing at all': {},
    'an XHR that accepts HTML': { ...NAVIGATION, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }, 'a script': { Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' },
    'a service worker fetch of a page': { Accept: 'text/html', 'Sec-Fetch-Mode': 'same-origin', 'Sec-Fetch-Dest': 'empty' },
  };
  for (const [who, headers] of Object.entries(OTHERS)) {
    test(`${who} gets 401 with the sign-in URL as JSON`, async () => {
      const answer = await world.get('/private/x?a=1', headers);
      assert.equal(answer.status, 401);
      assert.match(answer.fields.get('content-type'), /^application\/problem\+json/);
      assert.match(answer.fields.get('cache-control'), /no-store/);
      const body = JSON.parse(answer.text);
      assert.equal(body.error, 'unauthenticated');
      assert.match(body.request_id, /^[0-9a-f]{16}$/);
      assert.equal(body.sign_in_url.split('?')[0], `${ORIGIN}/_auth/sign-in`);
      assert.deepEqual(answer.fields.all('set-cookie').filter((line) => /pending/.test(line)), [], 'no sign-in was started');
    });
  }
  test('the sign-in URL for a script leads back to the page it runs on, and never to another site', async () => {
    const returnTo = async (Referer) => new URL(JSON.parse((await world.get('/private/data.json', { ...FETCH, ...(Referer ? { Referer } : {}) })).text).sign_in_url).searchParams.get('return_to');
    assert.equal(await returnTo(`${ORIGIN}/private/page?a=1`), '/private/page?a=1');
    for (const foreign of [undefined, 'http://evil.test/x', '//evil.test', `${ORIGIN}.evil.test/x`, 'javascript:alert(1)', `${ORIGIN}/_auth/sign-out`]) {
      const target = await returnTo(foreign);
      assert.equal(new URL(target ?? '/', ORIGIN).origin, ORIGIN, `${foreign}`);
      assert.doesNotMatch(target ?? '', /_auth\/sign-out|javascript/);
    }
  });

  test('O14 a POST is never redirected with its body', async () => {
    const { request } = await import('./lib/raw.mjs');
    for (const headers of [NAVIGATION, FETCH, {}]) {
      const answer = await request(world.port, 'POST', '/private/x', { ...headers, 'Content-Type': 'text/plain' }, { body: 'secret' });
      assert.ok([303, 401].includes(answer.status), `status ${answer.status}`);
      assert.notEqual(answer.status, 307);
    }
    for (const body of [undefined, '']) assert.ok([303, 401].includes((await request(world.port, 'POST', '/private/x', {}, { body })).status), 'O23');
  });
  test('unauthenticated: 401 keeps navigations from being redirected, redirect redirects a fetch', async () => {
    const page = await world.get('/api/x', NAVIGATION);
    assert.equal(page.status, 401);
    assert.match(page.fields.get('content-type'), /^text\/html/);
    assert.equal((await world.get('/api/x', FETCH)).status, 401);
    assert.equal((await world.get('/always/x', FETCH)).status, 303);
  });
  test('P26 OPTIONS with the fields of a preflight opens nothing', async () => {
    const { request } = await import('./lib/raw.mjs');
    const answer = await request(world.port, 'OPTIONS', '/private/x', { Origin: 'http://evil.test', 'Access-Control-Request-Method': 'GET', 'X-Forwarded-User': 'admin' });
    assert.equal(answer.status, 401);
    assert.ok(!answer.fields.has('access-control-allow-origin'));
    assert.deepEqual(world.recorder.requests, []);
  });
});

describe('what a sign-in may be asked for', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      config: { logto: { sign_in: { ui_locales: null } } },
      routes: [
        { path: '/patreon/*', sign_in: { with: 'social:patreon' }, upstream: 'app' },
        { path: '/linkedin/*', sign_in: { with: 'social:linkedin', prompt: 'login' }, upstream: 'app' },
        { path: '/register/*', sign_in: { first_screen: 'register' }, upstream: 'app' },
        { path: '/extra/*', sign_in: { extra: { organization_id: 'org1' } }, upstream: 'app' },
        { path: '/fragment/*', sign_in: { keep_fragment: true }, upstream: 'app' },
        { path: '/private/*', upstream: 'app' },
      ],
    });
  });

  test('with: social:patreon on a route goes straight to that connector', async () => {
    assert.equal((await authorization(world, '/patreon/x')).get('direct_sign_in'), 'social:patreon');
    const linkedin = await authorization(world, '/linkedin/x');
    assert.equal(linkedin.get('direct_sign_in'), 'social:linkedin');
    assert.equal(linkedin.get('prompt'), 'login');
    assert.equal((await authorization(world, '/private/x')).get('direct_sign_in'), null);
    assert.equal((await authorization(world, '/register/x')).get('first_screen'), 'register');
    assert.equal((await authorization(world, '/extra/x')).get('organization_id'), 'org1');
  });

  test('the sign-in endpoint takes with= and return_to=', async () => {
    const params = await authorization(world, '/_auth/sign-in?with=social:linkedin&return_to=/private/y');
    assert.equal(params.get('direct_sign_in'), 'social:linkedin');
    const user = world.user();
    const answer = await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=${encodeURIComponent('/private/y?z=1')}`);
    assert.equal(JSON.parse(answer.text).target, '/private/y?z=1');
  });

  test('sign-up asks Logto for its register screen', async () => {
    assert.equal((await authorization(world, '/_auth/sign-up')).get('first_screen'), 'register');
  });

  test('Logto fact 12: a value that Logto would not accept is not sent, since it would void the others', async () => {
    for (const bad of ['banana', 'social:', 'social:<script>', 'social:a b', 'evil:x', 'social:linkedin%0d%0aX: y', 'SOCIAL:linkedin', 'sso:', 'social:../x']) {
      const answer = await world.get(`/_auth/sign-in?with=${encodeURIComponent(bad)}&return_to=/private/x`, NAVIGATION);
      if (answer.status === 303) assert.ok(!new URL(answer.fields.get('location')).searchParams.has('direct_sign_in'), bad);
      else assert.equal(answer.status, 400, bad);
    }
  });

  test('O29 hostile parameters of the sign-in endpoint never reach Logto', async () => {
    const hostile = 'scope=admin&client_id=x&redirect_uri=https://evil.test/&prompt=none&max_age=0&request_uri=https://evil.test/&response_type=token&nonce=n&state=s&code_challenge=c&resource=r&login_hint=h&acr_values=a&response_mode=fragment';
    const params = await authorization(world, `/_auth/sign-in?${hostile}&return_to=/private/x`);
    assert.equal(params.get('client_id'), 'app');
    assert.equal(params.get('redirect_uri'), `${ORIGIN}/_auth/callback`);
    assert.equal(params.get('response_type'), 'code');
    assert.doesNotMatch(params.get('scope'), /admin/);
    for (const name of ['request_uri', 'max_age', 'resource', 'acr_values', 'response_mode']) assert.ok(!params.has(name), name);
    assert.notEqual(params.get('prompt'), 'none');
    assert.notEqual(params.get('state'), 's');
    assert.notEqual(params.get('nonce'), 'n');
    assert.equal([...params.keys()].length, new Set(params.keys()).size, 'nothing twice');
  });

  test('Accept-Language becomes ui_locales, and only what is a language', async () => {
    const params = await authorization(world, '/private/x', { ...NAVIGATION, 'Accept-Language': 'ja,en-GB;q=0.8,<script>;q=0.5' });
    assert.match(params.get('ui_locales') ?? '', /^ja\b/);
    assert.doesNotMatch(params.get('ui_locales') ?? '', /[<>;=]/);
  });

  test('keep_fragment answers a small page of our own that carries the fragment', async () => {
    const answer = await world.get('/fragment/x', NAVIGATION);
    assert.equal(answer.status, 200);
    assert.match(answer.fields.get('content-type'), /^text\/html/);
    assert.match(answer.text, /\/_auth\/sign-in|<noscript/);
    assert.doesNotMatch(answer.fields.get('content-security-policy'), /unsafe-inline.*script|script-src[^;]*unsafe/);
    assert.equal((await world.get('/fragment/x', FETCH)).status, 401);
  });
});

describe('while Logto is away', () => {
  test('public routes work, protected ones show 503, and the proxy recovers by itself', async (t) => {
    const port = await freePort();
    const absent = { logto: () => ({ endpoint: `http://127.0.0.1:${port}`, app_id: 'app', app_secret: 'app-secret-of-the-tests' }), stop() {} };
    const world = await makeWorld(t, { op: absent });
    assert.equal((await world.get('/public/x')).status, 200);
    const page = await world.get('/private/x', NAVIGATION);
    assert.equal(page.status, 503);
    assert.match(page.fields.get('content-type'), /^text\/html/);
    assert.ok(page.text.includes(page.fields.get('x-request-id')));
    assert.equal((await world.get('/private/x', FETCH)).status, 401, 'a script is told to sign in either way');
    world.op = await EvilOp.start({ port });
    let status;
    for (const end = Date.now() + 20_000; Date.now() < end && status !== 303; await new Promise((resolve) => setTimeout(resolve, 100))) status = (await world.get('/private/x', NAVIGATION)).status;
    assert.equal(status, 303, 'back-off ends once Logto is there');
    await world.session();
  });

  test('a signed-in user goes on while Logto is away', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    await world.op.stop();
    world.op = { stop() {} };
    assert.equal((await world.get('/private/x', { Cookie: cookie })).status, 200);
  });

  test('Logto that never answers is 503 after a bounded time, and other requests are served meanwhile', async (t) => {
    const world = await makeWorld(t, { opOptions: { twist: { onDiscovery: () => new Promise(() => {}) } } });
    const started = Date.now();
    const hanging = world.get('/private/x', NAVIGATION, { timeout: 40_000 });
    assert.equal((await world.get('/public/x')).status, 200);
    assert.equal((await hanging).status, 503);
    assert.ok(Date.now() - started < 35_000);
  });

  test('userinfo is asked only when a claim is needed that the ID token lacks', async (t) => {
    const plain = await makeWorld(t);
    await plain.session();
    assert.equal(plain.op.calls('/oidc/me').length, 0);
    const social = await makeWorld(t, {
      routes: [{ path: '/*', require: { social: ['patreon'] }, upstream: 'app' }],
      opOptions: { userinfoExtra: { identities: { patreon: { userId: 'p1' } } } },
    });
    assert.equal((await social.user().navigate(`${ORIGIN}/x`)).status, 200);
    assert.equal(social.op.calls('/oidc/me').length, 1);
    social.op.twist = { userinfo: (claims) => ({ ...claims, sub: 'someone-else' }) };
    assert.ok((await social.user().navigate(`${ORIGIN}/x`)).status >= 400, 'userinfo of another sub is refused (OIDC Core 5.3.2)');
  });
});
