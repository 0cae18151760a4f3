// What goes wrong on Logto's side, and whose matter it is: the person's, the operator's, or nobody's for the moment. Quick.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { ALICE, EvilOp, THINGS, decodeJwt } from './lib/evil_op.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, ROUTES, makeWorld, seenHeader } from './lib/world.mjs';

const TARGET = `${ORIGIN}/private/page`;
const BILLS = 'https://bills.example.test/api';
const OUR_PAGE = { ...NAVIGATION, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
const JAPANESE = { headers: { 'Accept-Language': 'ja' } };
const statusOn = (page) => Number(/<p class="status">(\d+)<\/p>/.exec(page.text)?.[1]);
const lines = (world, msg) => world.proxy.errors.filter((line) => line.msg === msg);
async function eventually(what, holds) {
  for (const end = Date.now() + 8000; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`never: ${what}`);
}

describe('whose matter a failed sign-in is', { concurrency: 6 }, () => {
  const errorResponse = (error) => ({ twist: { authReply: ({ code: _code, ...reply }) => ({ ...reply, error, error_description: 'as Logto says' }) } });
  const CASES = {
    'Logto refuses the account': [errorResponse('access_denied'), 403, /Use another account/, /href="\/_auth\/sign-in\?prompt=login/],
    'Logto refuses it at the token endpoint': [{ failCode: 'access_denied' }, 403, /Use another account/, /href="\/_auth\/sign-in\?prompt=login/],
    'the secret is wrong': [{ failCode: 'invalid_client' }, 502, /operator/],
    'the application is unknown': [{ failCode: 'unknown_client' }, 502, /operator/],
    'a scope is refused': [errorResponse('invalid_scope'), 502, /operator/],
    'a parameter is refused': [errorResponse('invalid_request'), 502, /operator/],
    'Logto has trouble': [errorResponse('server_error'), 503, /Try again/],
    'something else': [errorResponse('consent_required'), 400, /Try again/],
  };
  for (const [what, [opOptions, status, ...texts]] of Object.entries(CASES)) {
    test(`${what}: ${status}, and the page says the same number`, async (t) => {
      const world = await makeWorld(t, { opOptions });
      const page = await world.user().navigate(TARGET);
      assert.equal(page.status, status, page.text.slice(0, 400));
      assert.equal(statusOn(page), status);
      for (const text of texts) assert.match(page.text, text);
      if (status === 502) assert.doesNotMatch(page.text, /Try again|sign-in\?/, 'nothing that a person could do');
      assert.match((await world.user(JAPANESE).navigate(TARGET)).text, /<html lang="ja">/);
      if (status !== 502) return;
      const line = await world.proxy.waitLog(({ level, msg }) => level === 'error' && /^sign-in failed/.test(msg));
      assert.match(line.msg, /logto\.app_id/);
    });
  }
});

describe('while Logto is away', { concurrency: 4 }, () => {
  // A process that knows Logto, and `fail`: a call of its own that Logto does not answer, the exchange of somebody's code.
  async function warm(t, options) {
    const world = await makeWorld(t, options);
    await world.session();
    const fail = async () => {
      const { next, user } = world.begun;
      assert.ok((await user.fetch(next)).status >= 500);
    };
    const user = world.user();
    const isCallback = (url) => url.hostname === HOST && url.pathname === '/_auth/callback';
    world.begun = { user, next: (await user.navigate(TARGET, { stop: isCallback })).next };
    return { world, fail };
  }
  async function stop(world) {
    const { port, key } = world.op;
    await world.op.stop();
    world.op = { stop() {} };
    return async () => { world.op = await EvilOp.start({ port, key }); };
  }

  test('nobody is sent to a dead host, also by a process that knows where it was; back again at once', async (t) => {
    const { world, fail } = await warm(t);
    const start = await stop(world);
    await fail();
    for (let count = 0; count < 3; ++count) {
      const page = await world.user().fetch(TARGET);
      assert.equal(page.status, 503, page.text.slice(0, 200));
      assert.equal(statusOn(page), 503);
      assert.match(page.fields.get('retry-after'), /^\d+$/);
    }
    const line = await world.proxy.waitLog(({ msg }) => /^Logto is away/.test(msg));
    assert.match(line.url, /openid-configuration$/);
    assert.match((await world.user().fetch(`${ORIGIN}/public/x`)).text, /headers/);
    await start();
    assert.equal((await world.user().fetch(TARGET)).status, 303);
    await world.proxy.waitLog(({ msg }) => msg === 'Logto is there again');
    assert.equal(lines(world, line.msg).length, 1, 'told once');
  });

  test('a sign-out ends here, sends nobody there, and the next sign-in asks for the password', async (t) => {
    const { world, fail } = await warm(t);
    const user = await world.signIn();
    const start = await stop(world);
    await fail();
    const answer = await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: OUR_PAGE, body: '' });
    assert.deepEqual([answer.status, answer.fields.get('location')], [303, '/_auth/signed-out']);
    await start();
    world.op.user = { ...ALICE };
    world.op.authenticatedAtMs = Date.now() - 3_600_000;
    assert.equal((await user.navigate(TARGET)).url, TARGET);
    const asked = world.op.calls('/oidc/auth').map(({ params }) => params.get('prompt'));
    assert.deepEqual(asked, [null, 'login']);
  });

  test('nor by one that has not heard of it for a while', async (t) => {
    const { world } = await warm(t);
    await stop(world);
    await sleep(5300);
    assert.equal((await world.user().fetch(TARGET)).status, 503);
  });

  for (const [status, expected] of [[500, 503], [502, 503], [503, 503], [404, 303]]) {
    test(`a ${status} ${expected === 503 ? 'counts as away' : 'says that somebody is there'}`, async (t) => {
      const { world, fail } = await warm(t);
      world.op.failCode = 500;
      await fail();
      world.op.twist = { onDiscovery: (_request, response) => { response.writeHead(status).end(); return true; } };
      assert.equal((await world.user().fetch(TARGET)).status, expected);
    });
  }

  test('people are not asked about each other: while Logto answers, a sign-in begins without a call', async (t) => {
    const { world } = await warm(t);
    const before = world.op.log.length;
    for (let count = 0; count < 3; ++count) assert.equal((await world.user().fetch(TARGET)).status, 303);
    assert.equal(world.op.log.length, before);
  });

  test('one that takes its time is given it', async (t) => {
    const { world } = await warm(t);
    world.op.twist = { onDiscovery: () => new Promise(() => {}) };
    await sleep(5300);
    assert.equal((await world.user().fetch(TARGET)).status, 303);
  });

  test('a silent check is left out, and the session goes on', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const cookie = await world.session();
    await stop(world);
    await sleep(5300);
    assert.equal((await world.get('/private/x', { ...NAVIGATION, Cookie: cookie })).status, 200);
  });

  test('so too where another proxy asks, which would send it round in circles', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' }, trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true } } });
    const cookie = await world.session();
    const check = { ...NAVIGATION, Cookie: cookie, 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': '/private/x' };
    await world.clock.pass(1500);
    assert.equal((await world.get('/_auth/check', check)).status, 302);
    const start = await stop(world);
    await sleep(5300);
    assert.equal((await world.get('/_auth/check', check)).status, 200);
    await start();
    assert.equal((await world.get('/_auth/check', check)).status, 302);
  });
});

describe('a refresh token that cannot be revoked at once', () => {
  const signOut = async (world) => (await world.signIn()).fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: OUR_PAGE, body: '' });

  for (const [how, answer] of [['no answer', (_request, response) => response.socket.resetAndDestroy()], ['503', (_request, response) => response.writeHead(503).end()]]) {
    test(`${how}: it is tried again`, async (t) => {
      const world = await makeWorld(t, { opOptions: { refreshTokens: true } });
      let refused = 0;
      world.op.twist = { onRevocation: (...call) => (refused++ < 2 ? (answer(...call), true) : false) };
      await signOut(world);
      await eventually('revoked', () => [...world.op.grants.tokens.values()].every(({ grant }) => grant.ended));
      assert.equal(refused, 3);
      assert.equal(world.proxy.errors.filter(({ msg }) => /could not be revoked/.test(msg)).length, 1);
    });
  }

  test('the log says how many are left when the process ends', async (t) => {
    const world = await makeWorld(t, { opOptions: { refreshTokens: true } });
    world.op.twist = { onRevocation: (_request, response) => { response.writeHead(503).end(); return true; } };
    await signOut(world);
    await world.proxy.waitLog(({ msg }) => /could not be revoked yet/.test(msg));
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    await world.proxy.exit();
    assert.deepEqual(world.proxy.errors.filter(({ msg }) => /before the end of the process/.test(msg)).map(({ tokens }) => tokens), [1]);
  });
});

describe('API resources of routes', { concurrency: 4 }, () => {
  const ROUTES_WITH_TOKENS = [
    { path: '/things/*', token: { resource: THINGS, scopes: ['read:things'] }, upstream: 'app' },
    { path: '/writers/*', token: { resource: THINGS, scopes: ['write:things'] }, upstream: 'app' },
    { path: '/deleters/*', token: { resource: THINGS, scopes: ['read:things', 'delete:things'] }, upstream: 'app' },
    { path: '/bills/*', token: { resource: BILLS, scopes: ['pay'] }, upstream: 'app' },
    ...ROUTES,
  ];
  const thingsApi = { [THINGS]: { ttl: 600, scopes: { editor: ['read:things', 'write:things'] } } };
  const bothApis = { ...thingsApi, [BILLS]: { ttl: 600, scopes: { editor: ['pay'] } } };
  const tokenWorld = (t, op = {}) => makeWorld(t, { clock: true, routes: ROUTES_WITH_TOKENS, opOptions: { refreshTokens: true, apis: bothApis, ...op } });
  const claimsOf = (answer) => {
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    return decodeJwt(seenHeader(answer, 'authorization').slice('Bearer '.length)).claims;
  };
  const scopeSent = (world) => world.op.calls('/oidc/token').filter(({ params }) => params.get('grant_type') === 'refresh_token').map(({ params }) => params.get('scope')?.split(' '));

  test('an app gets the scopes of its own route, and the session keeps its claims', async (t) => {
    const world = await tokenWorld(t);
    const user = await world.signIn();
    for (const [path, scope] of [['/things/x', 'read:things'], ['/writers/x', 'write:things'], ['/bills/x', 'pay'], ['/things/y', 'read:things']]) {
      assert.equal(claimsOf(await user.fetch(ORIGIN + path, { headers: FETCH })).scope, scope, path);
    }
    for (const sent of scopeSent(world)) for (const one of ['openid', 'profile', 'email', 'roles']) assert.ok(sent.includes(one), `${one} in ${sent}`);
    assert.equal(scopeSent(world).length, 3);
    const app = await user.fetch(TARGET);
    assert.deepEqual([seenHeader(app, 'x-forwarded-groups'), seenHeader(app, 'x-forwarded-email')], ['editor', ALICE.email]);
  });

  test('a scope that the person has not costs them that scope, not the app', async (t) => {
    const world = await tokenWorld(t, { strictScopes: true });
    const user = await world.signIn();
    assert.equal(claimsOf(await user.fetch(`${ORIGIN}/deleters/x`, { headers: FETCH })).scope, 'read:things');
    assert.equal(world.op.grants.reuses, 0);
  });

  test('one that Logto does not know is named at the start, and fails nobody else', async (t) => {
    const world = await tokenWorld(t, { apis: thingsApi });
    const line = await world.proxy.waitLog(({ level, resource }) => level === 'error' && resource === BILLS);
    assert.match(line.msg, /token\.resource/);
    assert.match(line.routes, /\/bills\/\*/);
    const user = await world.signIn();
    assert.equal((await user.fetch(TARGET)).status, 200);
    assert.equal(claimsOf(await user.fetch(`${ORIGIN}/things/x`, { headers: FETCH })).aud, THINGS);
  });

  test('who gets no token is told who they are and what for', async (t) => {
    const world = await tokenWorld(t, { apis: thingsApi });
    await world.proxy.waitLog(({ resource }) => resource === BILLS);
    const user = await world.signIn();
    const page = await user.fetch(`${ORIGIN}/bills/x`);
    assert.equal(page.status, 403);
    assert.match(page.text, /signed in as <strong>Alice/);
    assert.match(page.text, /bills\.example\.test/);
    assert.match(page.text, /pay/);
    const japanese = await user.fetch(`${ORIGIN}/bills/x`, JAPANESE);
    assert.match(japanese.text, /<html lang="ja">[\s\S]*Alice[\s\S]*サービス/);
    const script = JSON.parse((await user.fetch(`${ORIGIN}/bills/x`, { headers: FETCH })).text);
    assert.deepEqual([script.status, script.error, script.resource], [403, 'token_refused', BILLS]);
  });

  test('one that goes away while it runs: the sign-in goes on without it, and with it once it is back', async (t) => {
    const world = await tokenWorld(t);
    await world.signIn();
    world.op.apis = thingsApi;
    const user = await world.signIn();
    assert.equal(claimsOf(await user.fetch(`${ORIGIN}/things/x`, { headers: FETCH })).aud, THINGS);
    await world.proxy.waitLog(({ resource, routes }) => resource === BILLS && /bills/.test(routes ?? ''));
    assert.equal((await world.signIn()).hops.filter(({ url }) => url.includes('/_auth/callback')).length, 1, 'left out from now on');
  });

  test('a provider that knows none of them, and takes no probe, still signs people in', async (t) => {
    const world = await tokenWorld(t, { apis: {} });
    const user = await world.signIn();
    assert.equal((await user.fetch(TARGET)).status, 200);
  });

  const NONSENSE = {
    'a page of HTML': [200, 'text/html', '<html>a proxy in between</html>', /answered 200, text\/html/],
    'not found': [404, 'application/json', '{}', /answered 404/],
    'another issuer': [200, 'application/json', JSON.stringify({ issuer: 'http://other.test/oidc' }), /issuer/],
  };
  for (const [what, [status, type, body, words]] of Object.entries(NONSENSE)) {
    test(`discovery is ${what}: the log says which address was asked, and what came`, async (t) => {
      const onDiscovery = (_request, response) => { response.writeHead(status, { 'content-type': type }).end(body); return true; };
      const world = await makeWorld(t, { opOptions: { twist: { onDiscovery } } });
      const line = await world.proxy.waitLog(({ msg }) => /^Logto cannot be used/.test(msg));
      assert.match(line.msg, /logto\.endpoint/);
      assert.match(line.reason, words);
      assert.equal(line.url, `${world.op.issuer}/.well-known/openid-configuration`);
    });
  }

  test('the start does not wait for Logto, and says within moments that it is away', async (t) => {
    const op = await EvilOp.start();
    await op.stop();
    op.stop = () => {};
    const world = await makeWorld(t, { op, routes: ROUTES_WITH_TOKENS });
    const line = await world.proxy.waitLog(({ msg }) => /^Logto cannot be used/.test(msg));
    assert.match(line.url, /openid-configuration$/);
    assert.equal((await world.get('/public/x')).status, 200);
  });
});

describe('Logto on the host of the app', () => {
  const COOKIES = '_session=1; _session.sig=2; _session.legacy=3; _session.legacy.sig=4; _interaction=5; _interaction.sig=6; _interaction_resume=7; _app=8; my_session=9';
  const seenAt = async (world, host) => seenHeader(await request(world.port, 'GET', '/public/x', { Cookie: COOKIES }, { host }), 'cookie');

  test("its session stays between the browser and it; another host's cookies are the app's", async (t) => {
    const world = await makeWorld(t, { config: { external_urls: [ORIGIN, 'http://127.0.0.1'] } });
    assert.equal(await seenAt(world, '127.0.0.1'), '_app=8; my_session=9');
    assert.equal(await seenAt(world, HOST), COOKIES);
  });
});

describe('what the logs say of sign-ins', { concurrency: 4 }, () => {
  test('who signed in, and how', async (t) => {
    const world = await makeWorld(t, { routes: [{ path: '/linked/*', sign_in: { with: 'social:linkedin' }, upstream: 'app' }, ...ROUTES] });
    const user = await world.signIn();
    await world.signIn({}, { path: '/linked/x' });
    await user.navigate(`${ORIGIN}/_auth/sign-in?with=social:patreon&return_to=/private/x`);
    await eventually('three lines', () => lines(world, 'signed in').length === 3);
    assert.deepEqual(lines(world, 'signed in').map((line) => [line.sub, line.with]), [['alice-sub', 'logto'], ['alice-sub', 'social:linkedin'], ['alice-sub', 'social:patreon']]);
  });

  test('a silent check is no sign-in', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const user = await world.signIn();
    await world.clock.pass(1500);
    assert.equal((await user.navigate(`${ORIGIN}/private/silent`)).status, 200);
    await world.proxy.waitLog(({ msg, sub }) => msg === 'revalidated' && sub === 'alice-sub');
    assert.equal(lines(world, 'signed in').length, 1);
    assert.equal((await world.proxy.waitAccess(({ path, status }) => path === '/private/silent' && status === 303)).decision, 'revalidate');
  });

  for (const way of ['linkedin', 'social:', 'oauth:linkedin', 'social:link edin']) {
    test(`with=${way}: 400, and what is expected`, async (t) => {
      const world = await makeWorld(t, { routes: [{ path: '/linked/*', sign_in: { with: 'social:linkedin' }, upstream: 'app' }, ...ROUTES] });
      assert.equal((await world.user().fetch(`${ORIGIN}/_auth/sign-in?with=${encodeURIComponent(way)}`)).status, 400);
      const line = await world.proxy.waitLog(({ msg }) => /^sign-in refused/.test(msg));
      assert.match(line.msg, /social:TARGET/);
      assert.deepEqual([line.with, line.configured], [way, 'social:linkedin']);
    });
  }

  test('upstream_ms begins when the app is asked', async (t) => {
    const world = await makeWorld(t, { opOptions: { refreshTokens: true, tokenLifetimeS: 1, latencyMs: { refresh: 700 } } });
    const cookie = await world.session();
    await sleep(1300);
    assert.equal((await world.get('/private/late', { ...FETCH, Cookie: cookie })).status, 200);
    const line = await world.proxy.waitAccess(({ path }) => path === '/private/late');
    assert.ok(line.duration_ms >= 600 && line.upstream_ms < 500, JSON.stringify(line));
  });

  for (const [what, claims, words] of [
    ['ahead', (claims) => ({ ...claims, iat: claims.iat + 600, exp: claims.exp + 600 }), /(59\d|60\d) s ahead/],
    ['behind', (claims) => ({ ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 }), /(359\d|360\d) s ago/],
  ]) {
    test(`a clock that is ${what}: by how much`, async (t) => {
      const world = await makeWorld(t, { opOptions: { twist: { claims } } });
      assert.equal((await world.user().navigate(TARGET)).status, 400);
      assert.match((await world.proxy.waitLog(({ msg }) => msg === 'sign-in failed')).reason, words);
    });
  }
});
