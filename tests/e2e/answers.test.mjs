// What those get who may not pass: problems, challenges, CORS, preflights, another account, a more recent sign-in, and rules
// that are only tried out.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { Proxy, freePort, freshSecret, run, writeConfig } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { Recorder } from './lib/recorder.mjs';
import { HOST, IDENTITY, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const SIBLING = 'http://sibling.test';
const PARTNER = 'https://partner.test';
const via = (world, method, target, headers, options) => request(world.port, method, target, headers, { host: HOST, ...options });

// Logto as recorded: it says auth_time only where max_age was sent, and asks the person where their sign-in there is too old.
function person(op, { signedInAgoS = 0 } = {}) {
  const logto = { authenticatedAt: op.nowS() - signedInAgoS, asked: 0 };
  op.twist.authReply = (params, given) => {
    const age = op.nowS() - logto.authenticatedAt;
    if (/login/.test(given.prompt ?? '') || (given.max_age !== undefined && age > Number(given.max_age))) {
      logto.asked += 1;
      logto.authenticatedAt = op.nowS();
    }
    return params;
  };
  op.twist.claims = (claims, grant) => (grant.max_age === undefined ? claims : { ...claims, auth_time: logto.authenticatedAt });
  return logto;
}
const lastAuth = (op) => op.calls('/oidc/auth').at(-1).params;

describe('answers to those who may not pass', () => {
  const scope = suite(after);
  let world, cookie;
  before(async () => {
    world = await makeWorld(scope, {
      config: { external_urls: [ORIGIN, SIBLING], upstreams: { gone: `http://127.0.0.1:${await freePort()}` } },
      routes: [
        { path: '/open/*', access: 'public', upstream: 'app' },
        { path: '/api/*', allowed_origins: [PARTNER], require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/plain/*', forbidden: '403', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/switch/*', forbidden: 'sign_in', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/cors/*', preflight: true, upstream: 'app' },
        { path: '/post/*', methods: ['POST', 'OPTIONS'], preflight: true, upstream: 'app' },
        { path: '/denied/*', access: 'deny' },
        { path: '/down/*', access: 'public', upstream: 'gone' },
        { path: '/shadow/*', shadow: true, require: { roles: ['admin'] }, deny: { roles: ['banned'] }, upstream: 'app' },
        { path: '/private/*', upstream: 'app' },
      ],
    });
    cookie = await world.session();
  });
  beforeEach(() => { world.recorder.reset(); world.op.twist = {}; });

  const PROBLEMS = [
    ['401', '/private/x', {}, 401, 'unauthenticated', 'Unauthorized'],
    ['401 of an own endpoint', '/_auth/me', {}, 401, 'unauthenticated', 'Unauthorized'],
    ['403', '/api/x', { signedIn: true }, 403, 'forbidden', 'Forbidden'],
    ['403 of a closed route', '/denied/x', {}, 403, 'forbidden', 'Forbidden'],
    ['404', '/nowhere', {}, 404, 'not_found', 'Not Found'],
    ['405', '/_auth/callback', { method: 'DELETE' }, 405, 'method_not_allowed', 'Method Not Allowed'],
    ['502', '/down/x', {}, 502, 'bad_gateway', 'Bad Gateway'],
  ];
  for (const [what, target, { signedIn, method = 'GET' }, status, error, title] of PROBLEMS) {
    test(`${what} is a problem (RFC 9457) with the members that it always had`, async () => {
      const answer = await via(world, method, target, { ...FETCH, ...(signedIn ? { Cookie: cookie } : {}), Origin: SIBLING });
      assert.equal(answer.status, status);
      assert.equal(answer.fields.get('content-type'), 'application/problem+json');
      const problem = JSON.parse(answer.text);
      assert.deepEqual([problem.type, problem.title, problem.status, problem.error], ['about:blank', title, status, error]);
      assert.equal(problem.instance, answer.fields.get('x-request-id'));
      assert.equal(problem.request_id, problem.instance);
      assert.equal(problem.detail, problem.message);
      assert.equal(answer.fields.has('www-authenticate'), status === 401);
      if (status === 401) assert.doesNotMatch(answer.fields.get('www-authenticate'), /^(basic|digest|negotiate|ntlm)/i, 'no dialog');
      assert.equal(answer.fields.get('access-control-allow-origin'), SIBLING);
      assert.equal(answer.fields.get('access-control-allow-credentials'), 'true');
      assert.match(answer.fields.get('access-control-expose-headers'), /WWW-Authenticate/);
      assert.match(answer.fields.get('cache-control'), /no-store/);
    });
  }

  const ORIGINS = [
    [PARTNER, '/api/x', true], [SIBLING, '/api/x', true], [ORIGIN, '/api/x', true], [PARTNER, '/private/x', false], [PARTNER, '/_auth/me', false], [SIBLING, '/_auth/me', true],
    ['null', '/api/x', false], ['https://evil.test', '/api/x', false], [`${PARTNER}.evil.test`, '/api/x', false], ['http://partner.test', '/api/x', false], [`${PARTNER}/`, '/api/x', false], ['*', '/api/x', false],
    [[PARTNER, PARTNER], '/api/x', false], [`${PARTNER}, https://evil.test`, '/api/x', false],
  ];
  for (const [Origin, target, allowed] of ORIGINS) {
    test(`a script of ${JSON.stringify(Origin)} may ${allowed ? '' : 'not '}read our answer at ${target}`, async () => {
      for (const headers of [{}, { Cookie: cookie }]) {
        const answer = await via(world, 'GET', target, { ...FETCH, ...headers, Origin });
        assert.equal(answer.fields.get('access-control-allow-origin'), allowed ? Origin : undefined);
        assert.equal(answer.fields.has('access-control-allow-credentials'), allowed);
        if (target !== '/private/x' || !headers.Cookie) assert.ok(answer.fields.all('vary').join(',').includes('Origin'), 'Vary');
      }
    });
  }

  test("an app's own CORS headers are its own matter", async () => {
    const answer = await via(world, 'GET', '/open/x', { ...FETCH, Origin: SIBLING });
    assert.equal(answer.status, 200);
    assert.ok(!answer.fields.has('access-control-allow-origin') && !answer.fields.has('vary'));
  });

  test('P26 a preflight passes only where configured, as nobody; any other OPTIONS is judged', async () => {
    const spoofed = Object.fromEntries(IDENTITY.map((name) => [name, 'admin']));
    const preflight = { Origin: PARTNER, 'Access-Control-Request-Method': 'PUT', ...spoofed };
    for (const headers of [preflight, { ...preflight, Cookie: cookie }]) {
      world.recorder.reset();
      const passed = await via(world, 'OPTIONS', '/cors/x', headers);
      assert.equal(passed.status, 200);
      assert.equal(world.recorder.requests.length, 1);
      for (const name of IDENTITY) assert.equal(seenHeader(passed, name), undefined, name);
      assert.ok(!/logto_session/.test(passed.text));
    }
    await world.proxy.waitAccess((line) => line.decision === 'preflight' && line.path === '/cors/x' && line.status === 200);
    assert.equal((await via(world, 'OPTIONS', '/post/x', preflight)).status, 200);
    world.recorder.reset();
    for (const [target, headers, body] of [
      ['/cors/x', { ...preflight, 'Access-Control-Request-Method': undefined }], ['/cors/x', { ...preflight, Origin: undefined }], ['/cors/x', preflight, 'body'], ['/private/x', preflight], ['/api/x', preflight], ['/_auth/me', preflight],
      ['/cors/x', { ...preflight, 'Access-Control-Request-Method': ['PUT', 'PUT'] }],
    ]) {
      const { status } = await via(world, 'OPTIONS', target, headers, { body });
      assert.ok([400, 401, 405].includes(status), `${target} ${JSON.stringify(headers)}: ${status}`);
    }
    assert.equal((await via(world, 'GET', '/cors/x', { ...FETCH, ...preflight })).status, 401);
    assert.deepEqual(world.recorder.requests, []);
  });

  test('forbidden: 403 is short for everybody', async () => {
    const page = await via(world, 'GET', '/plain/x', { ...NAVIGATION, Cookie: cookie });
    assert.equal(page.status, 403);
    assert.match(page.fields.get('content-type'), /^text\/plain/);
    assert.doesNotMatch(page.text, /admin|</);
    assert.ok(page.text.length < 200 && page.text.includes(page.fields.get('x-request-id')));
    assert.equal((await via(world, 'GET', '/plain/x', { ...FETCH, Cookie: cookie })).fields.get('content-type'), 'application/problem+json');
  });

  test('forbidden: sign_in lets a person come back as somebody else, and does not loop', async () => {
    const user = await world.signIn();
    world.op.log.length = 0;
    const again = await user.navigate(`${ORIGIN}/switch/x`);
    assert.equal(lastAuth(world.op).get('prompt'), 'login');
    assert.equal(again.status, 403);
    assert.match(again.text, /Alice/);
    assert.equal(world.op.calls('/oidc/auth').length, 1);
    world.op.user = { ...world.op.user, sub: 'admin-sub', roles: ['admin'] };
    const passed = await user.navigate(`${ORIGIN}/switch/x`);
    world.op.user = { ...world.op.user, sub: 'alice-sub', roles: ['editor'] };
    assert.equal(passed.status, 200);
    assert.equal(seenHeader(passed, 'x-forwarded-user'), 'admin-sub');
    const script = await via(world, 'GET', '/switch/x', { ...FETCH, Cookie: cookie });
    assert.equal(script.status, 403);
  });

  test('shadow: everybody passes, nothing is set, and the access log says what would have happened', async () => {
    const banned = await world.session({ sub: 'banned-sub', roles: ['admin', 'banned'] });
    const admin = await world.session({ sub: 'admin-sub', roles: ['admin'] });
    const CASES = [
      ['nobody', {}, 'sign_in', undefined, undefined], ['editor', { Cookie: cookie }, 'forbidden', 'role admin', 'alice-sub'],
      ['banned', { Cookie: banned }, 'denied', undefined, 'banned-sub'], ['admin', { Cookie: admin }, undefined, undefined, 'admin-sub'],
    ];
    for (const [name, headers, shadow, missing, sub] of CASES) {
      for (const [kind, asked] of [['page', NAVIGATION], ['script', FETCH]]) {
        const target = `/shadow/${name}/${kind}`;
        const answer = await via(world, 'GET', target, { ...asked, ...headers });
        assert.equal(answer.status, 200, target);
        assert.deepEqual(answer.fields.all('set-cookie'), []);
        assert.equal(seenHeader(answer, 'x-forwarded-user'), sub);
        const line = await world.proxy.waitAccess((one) => one.path === target);
        assert.equal(line.shadow, shadow, target);
        assert.equal(line.shadow_missing, missing);
        assert.equal(line.decision, sub ? 'pass' : 'public');
        assert.equal(world.proxy.access.filter((one) => one.path === target).length, 1);
      }
    }
  });

  test('whoever starts it is told that a rule is only tried out', () => {
    assert.ok(world.proxy.errors.some((line) => /shadow/.test(JSON.stringify(line)) && /everybody passes/.test(JSON.stringify(line))), world.proxy.output.slice(0, 2000));
  });
});

describe('a more recent sign-in', () => {
  const scope = suite(after);
  let world;
  before(async () => {
    world = await makeWorld(scope, {
      clock: true,
      opOptions: { refreshTokens: true },
      routes: [
        { path: '/pay/*', require: { max_age: '5m' }, upstream: 'app' },
        { path: '/staff/*', require: { max_age: '5m', roles: ['admin'] }, upstream: 'app' },
        { path: '/either/*', require: { any: [{ max_age: '5m' }, { roles: ['admin'] }] }, upstream: 'app' },
        { path: '/private/*', upstream: 'app' },
      ],
    });
  });
  beforeEach(() => { world.op.twist = {}; world.op.log.length = 0; world.recorder.reset(); });

  const me = async (user) => JSON.parse((await user.fetch(`${ORIGIN}/_auth/me`, { headers: FETCH })).text);

  test('is asked for with the first sign-in already', async () => {
    const logto = person(world.op);
    const user = world.user();
    assert.equal((await user.navigate(`${ORIGIN}/pay/1`)).status, 200);
    assert.equal(lastAuth(world.op).get('max_age'), '300');
    assert.equal(world.op.calls('/oidc/auth').length, 1);
    assert.equal(logto.asked, 0);
  });

  test('is not asked for elsewhere', async () => {
    person(world.op);
    await world.user().navigate(`${ORIGIN}/private/1`);
    assert.ok(!lastAuth(world.op).has('max_age'));
  });

  test('is made where the one there is too old, by the same session, and silently where Logto knows a recent one', async () => {
    const logto = person(world.op, { signedInAgoS: 10 });
    const user = world.user();
    await user.navigate(`${ORIGIN}/private/1`);
    const earlier = await me(user);
    const answer = await user.navigate(`${ORIGIN}/pay/1?x=1`);
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.text).target, '/pay/1?x=1');
    assert.equal(lastAuth(world.op).get('max_age'), '300');
    assert.equal(logto.asked, 0, 'ten seconds ago is recent enough');
    assert.equal((await me(user)).signed_in_at, earlier.signed_in_at);
    await world.proxy.waitAccess((line) => line.decision === 'step_up' && line.status === 303);
    assert.equal((await user.navigate(`${ORIGIN}/pay/2`)).status, 200);
    assert.equal(world.op.calls('/oidc/auth').length, 2);
  });

  test('is asked of the person where Logto knows none', async () => {
    const logto = person(world.op, { signedInAgoS: 4000 });
    const user = world.user();
    await user.navigate(`${ORIGIN}/private/1`);
    assert.equal((await user.navigate(`${ORIGIN}/pay/1`)).status, 200);
    assert.equal(logto.asked, 1);
  });

  test('wears off', async () => {
    const logto = person(world.op, { signedInAgoS: 294 });
    const user = world.user();
    assert.equal((await user.navigate(`${ORIGIN}/pay/1`)).status, 200);
    await world.clock.pass(7000);
    assert.equal((await user.navigate(`${ORIGIN}/pay/1`)).status, 200);
    assert.equal(logto.asked, 1);
    assert.equal(world.op.calls('/oidc/auth').length, 2);
  });

  test('a script is told by RFC 9470, and its link does it', async () => {
    person(world.op);
    const user = await world.signIn();
    const Referer = `${ORIGIN}/private/app`;
    const answer = await user.fetch(`${ORIGIN}/pay/1`, { method: 'POST', headers: { ...FETCH, Referer }, body: '{}' });
    assert.equal(answer.status, 401);
    assert.match(answer.fields.get('www-authenticate'), /^Cookie realm="logto-proxy", error="insufficient_user_authentication", .*max_age="300"$/);
    const problem = JSON.parse(answer.text);
    assert.deepEqual([problem.error, problem.max_age, problem.status], ['insufficient_user_authentication', 300, 401]);
    const back = await user.navigate(problem.sign_in_url);
    assert.equal(back.url, Referer);
    assert.equal((await user.fetch(`${ORIGIN}/pay/1`, { method: 'POST', headers: FETCH, body: '{}' })).status, 200);
  });

  test('somebody who lacks more than that is not sent round', async () => {
    person(world.op);
    const user = await world.signIn();
    assert.equal((await user.navigate(`${ORIGIN}/staff/1`)).status, 403);
    assert.equal(world.op.calls('/oidc/auth').length, 1);
    assert.equal((await user.navigate(`${ORIGIN}/either/1`)).status, 200);
    assert.equal(world.op.calls('/oidc/auth').length, 2);
  });

  test('another person who signs in meanwhile gets a session of their own', async () => {
    person(world.op);
    const user = await world.signIn();
    const old = user.sessionCookies(HOST);
    const before_ = world.op.user;
    world.op.user = { ...before_, sub: 'bob-sub' };
    const answer = await user.navigate(`${ORIGIN}/pay/1`);
    world.op.user = before_;
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'bob-sub');
    assert.equal((await world.get('/private/x', { ...FETCH, Cookie: old })).status, 401, "Alice's session is over");
  });

  const NOT_PROVEN = {
    'is left out': () => undefined, 'is too old, for the parameter was ignored': (now) => now - 4000, 'is a text': (now) => String(now), 'is null': () => null,
    'is in the future': (now) => now + 3600, 'is in milliseconds': (now) => now * 1000, 'is negative': () => -1, 'is a list': (now) => [now],
  };
  for (const [what, authTime] of Object.entries(NOT_PROVEN)) {
    test(`where auth_time ${what} the page stays closed, says so, and nothing loops`, async () => {
      world.op.twist.claims = (claims) => ({ ...claims, auth_time: authTime(world.op.nowS()) });
      const user = await world.signIn();
      const answer = await user.navigate(`${ORIGIN}/pay/1`);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /recent sign-in/);
      assert.match(answer.text, /auth_time/);
      assert.match(answer.text, /\/_auth\/sign-in\?prompt=login&amp;route=1&amp;return_to=%2Fpay%2F1/);
      assert.equal(world.op.calls('/oidc/auth').length, 2);
      await world.proxy.waitLog((line) => line.rule === 'auth_time');
      assert.deepEqual(world.recorder.targets().filter((target) => target.startsWith('/pay')), []);
      assert.equal((await user.navigate(`${ORIGIN}/private/x`)).status, 200, 'the session lives on');
    });
  }
});

describe('a refresh', () => {
  const scope = suite(after);
  test('keeps when the person last signed in', async () => {
    const world = await makeWorld(scope, {
      clock: true,
      opOptions: { refreshTokens: true, tokenLifetimeS: 4 },
      config: { logto: { refresh_early: '1s' } },
      routes: [{ path: '/pay/*', require: { max_age: '5m' }, upstream: 'app' }],
    });
    person(world.op);
    const user = world.user();
    await user.navigate(`${ORIGIN}/pay/1`);
    await world.clock.pass(4500);
    assert.equal((await user.fetch(`${ORIGIN}/pay/2`)).status, 200);
    assert.ok(world.op.calls('/oidc/token').some((call) => call.params.get('grant_type') === 'refresh_token'));
    assert.equal(world.op.calls('/oidc/auth').length, 1);
  });
});

describe('configurations', () => {
  const check = async (route) => run(['check', '--config', writeConfig({
    external_urls: [ORIGIN], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 's' }, session: { secret: freshSecret() },
    upstreams: { app: 'http://127.0.0.1:2' }, routes: [{ path: '/x/*', upstream: 'app', ...route }],
  })]);
  const CASES = [
    ['shadow on a closed route', { access: 'deny', shadow: true }, 2, /shadow/],
    ['shadow on a public route', { access: 'public', shadow: true }, 0, /shadow.*no effect/],
    ['shadow', { shadow: true, require: { roles: ['admin'] } }, 0, /everybody passes here/],
    ['max_age on a public route', { access: 'public', require: { max_age: '5m' } }, 2, /require/],
    ['a preflight on a closed route', { access: 'deny', preflight: true }, 2, /preflight/],
    ['a preflight of a route that takes no OPTIONS', { methods: ['POST'], preflight: true }, 0, /OPTIONS/],
    ['a preflight on a public route', { access: 'public', preflight: true }, 0, /preflight.*no effect/],
    ['forbidden where nobody is refused', { forbidden: '403' }, 0, /forbidden.*no effect/],
    ['forbidden: nonsense', { forbidden: '404', require: { roles: ['a'] } }, 2, /page, 403 or sign_in/],
  ];
  for (const [what, route, code, words] of CASES) {
    test(what, async () => {
      const { code: ended, stdout, stderr } = await check(route);
      assert.equal(ended, code, stdout + stderr);
      assert.match(stdout + stderr, words);
    });
  }
});

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

describe('with a real browser', { skip: missing ?? false }, () => {
  const scope = suite(after);
  let proxy, op, recorder, browser;
  const ports = {};
  const at = (name) => `http://localhost:${ports[name]}`;
  before(async () => {
    for (const name of ['proxy', 'sibling', 'partner', 'stranger']) ports[name] = await freePort();
    op = await EvilOp.start();
    scope.after(() => op.stop());
    person(op);
    recorder = await Recorder.start({
      handle: (asked, reply) => {
        const cors = { 'Access-Control-Allow-Origin': asked.fields.get('origin') ?? '*', 'Access-Control-Allow-Credentials': 'true', 'Access-Control-Allow-Methods': 'PUT', 'Access-Control-Allow-Headers': 'content-type' };
        return asked.method === 'OPTIONS' ? reply.send(204, cors) : reply.json({ user: asked.fields.get('x-forwarded-user') ?? null }, 200, cors);
      },
    });
    scope.after(() => recorder.close());
    proxy = await Proxy.start({
      listen: `127.0.0.1:${ports.proxy}`, external_urls: [at('proxy'), at('sibling')], logto: op.logto(), session: { secret: freshSecret() }, upstreams: { app: recorder.url },
      routes: [
        { path: '/api/*', allowed_origins: [at('partner')], preflight: true, upstream: 'app' },
        { path: '/pay/*', allowed_origins: [at('partner')], require: { max_age: '5m' }, upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    scope.after(() => proxy.stop());
    for (const name of ['sibling', 'partner', 'stranger']) {
      const server = http.createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>${name}</title>`));
      server.listen(ports[name], '127.0.0.1');
      await once(server, 'listening');
      scope.after(() => { server.closeAllConnections(); server.close(); });
    }
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  // What a script on a page of that origin learns from one request with credentials.
  async function read(page, name, url, options = {}) {
    await page.goto(at(name));
    return page.evaluate(async ([target, init]) => {
      try {
        const answer = await fetch(target, { credentials: 'include', ...init });
        return { status: answer.status, challenge: answer.headers.get('www-authenticate'), id: answer.headers.get('x-request-id'), body: await answer.json() };
      } catch (error) { return { error: error.name }; }
    }, [url, options]);
  }

  test('a script of an allowed origin reads the 401, a stranger reads nothing', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const dialogs = [];
    page.on('dialog', (dialog) => dialogs.push(dialog.message()));
    for (const [name, target, readable] of [['partner', '/api/x', true], ['sibling', '/api/x', true], ['sibling', '/_auth/me', true], ['partner', '/_auth/me', false], ['stranger', '/api/x', false], ['partner', '/other', false]]) {
      const seen = await read(page, name, at('proxy') + target);
      if (!readable) { assert.deepEqual(seen, { error: 'TypeError' }, `${name} ${target}`); continue; }
      assert.equal(seen.status, 401, `${name} ${target}`);
      assert.match(seen.challenge, /^Cookie /);
      assert.equal(seen.body.instance, seen.id);
      assert.equal(new URL(seen.body.sign_in_url).origin, at('proxy'));
    }
    assert.deepEqual(dialogs, []);
  });

  test('a script signs in by what it read, its preflighted PUT arrives, and it learns when to sign in once more', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const put = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{}' };
    const out = await read(page, 'partner', `${at('proxy')}/api/x`, put);
    assert.equal(out.status, 401);
    assert.ok(recorder.requests.some((one) => one.method === 'OPTIONS'), 'the preflight reached the app');
    await page.goto(out.body.sign_in_url);
    const again = await read(page, 'partner', `${at('proxy')}/api/x`, put);
    assert.deepEqual([again.status, again.body.user], [200, 'alice-sub']);
    const pay = await read(page, 'partner', `${at('proxy')}/pay/x`);
    assert.equal(pay.status, 401);
    assert.match(pay.challenge, /insufficient_user_authentication.*max_age="300"/);
    await page.goto(pay.body.sign_in_url);
    assert.deepEqual([(await read(page, 'partner', `${at('proxy')}/pay/x`)).status, op.calls('/oidc/auth').at(-1).params.get('max_age')], [200, '300']);
    assert.equal((await read(page, 'sibling', `${at('proxy')}/_auth/me`)).body.sub, 'alice-sub');
    assert.deepEqual(await read(page, 'stranger', `${at('proxy')}/_auth/me`), { error: 'TypeError' });
  });

  test('a page that needs a recent sign-in gets it', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${at('proxy')}/first`);
    await page.goto(`${at('proxy')}/pay/now`);
    assert.equal(page.url(), `${at('proxy')}/pay/now`);
    assert.equal(JSON.parse(await page.textContent('body')).user, 'alice-sub');
  });
});
