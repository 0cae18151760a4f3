// Per-route protection: who may pass, where, with which method; and what everybody else is told.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const MEMBERS = 'members.example.test';
let world;
let editor;
let admin;

const get = (target, headers, options) => request(world.port, 'GET', target, headers, { host: HOST, ...options });
const via = (method, target, headers, options) => request(world.port, method, target, headers, { host: HOST, ...options });
async function cookieOn(host, who) {
  const before_ = world.op.user;
  world.op.user = { ...before_, ...who };
  const user = new BrowserUser({ [HOST]: world.port, [MEMBERS]: world.port });
  await user.navigate(`http://${host}/_auth/sign-in?return_to=/`);
  world.op.user = before_;
  return user.sessionCookies(host);
}

describe('access, methods, hosts and requirements', () => {
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      config: { external_urls: [ORIGIN, `http://${MEMBERS}`], logto: { scopes: ['profile', 'email', 'roles', 'identities'] } },
      routes: [
        { path: '/public/*', access: 'public', upstream: 'app' },
        { path: '/optional/*', access: 'optional', upstream: 'app' },
        { path: '/denied/*', access: 'deny' },
        { path: '/upload/*', methods: ['POST', 'PUT'], access: 'public', upstream: 'app' },
        { path: '/upload/*', upstream: 'app' },
        { path: '/onlypost', methods: ['POST'], access: 'public', upstream: 'app' },
        { path: '/admin/*', methods: ['GET', 'POST'], require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/admin/*', access: 'deny' },
        { path: '/wide/*', methods: ['DELETE'], require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/wide/*', upstream: 'app' },
        { path: '/any/*', require: { roles: ['admin', 'editor'] }, upstream: 'app' },
        { host: MEMBERS, path: '/*', require: { social: ['patreon'] }, upstream: 'app' },
        { host: HOST, path: '/private/*', upstream: 'app' },
      ],
    });
    editor = await cookieOn(HOST, {});
    admin = await cookieOn(HOST, { sub: 'admin-sub', roles: ['admin', 'editor'] });
    assert.ok(editor && admin);
  });
  beforeEach(() => world.recorder.reset());

  const DECISIONS = [
    ['GET', '/public/x', null, 200], ['DELETE', '/public/x', null, 200], ['GET', '/optional/x', null, 200], ['GET', '/private/x', null, 401], ['GET', '/private/x', 'editor', 200],
    ['GET', '/denied/x', null, 403], ['GET', '/denied/x', 'admin', 403], ['POST', '/upload/x', null, 200], ['GET', '/upload/x', null, 401], ['GET', '/upload/x', 'editor', 200],
    ['DELETE', '/upload/x', null, 401], ['get', '/upload/x', null, 401], ['post', '/upload/x', null, 401], ['FOO', '/private/x', null, 401], ['GET', '/nowhere', null, 404], ['GET', '/nowhere', 'admin', 404],
    ['GET', '/onlypost', null, [404, 405]], ['POST', '/onlypost', null, 200], ['GET', '/admin/x', null, 401], ['GET', '/admin/x', 'editor', 403], ['GET', '/admin/x', 'admin', 200],
    ['DELETE', '/admin/x', 'admin', 403], ['GET', '/any/x', 'editor', 200], ['GET', '/any/x', 'admin', 200], ['OPTIONS', '/admin/x', 'admin', 403], ['FOO', '/private/x', 'editor', 200],
    // Some frameworks fold methods to upper case: a spelling must not walk past the rule of the method that they read.
    ['DELETE', '/wide/x', 'editor', 403], ['DELETE', '/wide/x', 'admin', 200], ['delete', '/wide/x', 'editor', 400], ['Delete', '/wide/x', 'admin', 400], ['patch', '/wide/x', 'editor', 200], ['trace', '/public/x', null, 405],
  ];
  for (const [method, target, who, expected] of DECISIONS) {
    test(`${method} ${target} by ${who ?? 'nobody'} is ${expected}`, async () => {
      const answer = await via(method, target, { ...FETCH, ...(who ? { Cookie: { editor, admin }[who] } : {}) });
      assert.ok([expected].flat().includes(answer.status), `status ${answer.status}`);
      assert.equal(world.recorder.requests.length, answer.status === 200 ? 1 : 0, 'only what may pass passes');
      if (answer.status === 200) assert.equal(world.recorder.requests[0].method, method);
    });
  }

  test('HEAD on a GET rule is judged like any other method: by the list', async () => {
    const answer = await via('HEAD', '/admin/x', { Cookie: admin });
    assert.ok([200, 403].includes(answer.status));
    assert.equal((await via('HEAD', '/private/x')).status, 401);
  });

  test('an optional route knows the user who is signed in', async () => {
    assert.equal(seenHeader(await get('/optional/x', { Cookie: editor }), 'x-forwarded-user'), 'alice-sub');
    assert.equal(seenHeader(await get('/optional/x'), 'x-forwarded-user'), undefined);
    assert.equal((await get('/optional/x', { Cookie: 'logto_session=broken' })).status, 200);
  });

  test('the 403 page says who you are, what is missing, and offers another account', async () => {
    const page = await get('/admin/x', { ...NAVIGATION, Cookie: editor });
    assert.equal(page.status, 403);
    assert.match(page.fields.get('content-type'), /^text\/html; *charset=utf-8/i);
    assert.match(page.text, /alice/i);
    assert.match(page.text, /admin/);
    assert.match(page.text, /\/_auth\/(sign-in|sign-out)/);
    assert.ok(page.text.includes(page.fields.get('x-request-id')));
  });

  test('the 403 of a script is JSON that names what is missing', async () => {
    const answer = await get('/admin/x', { ...FETCH, Cookie: editor });
    const body = JSON.parse(answer.text);
    assert.equal(body.error, 'forbidden');
    assert.match(JSON.stringify(body.missing), /admin/);
    assert.match(body.request_id, /^[0-9a-f]{16}$/);
    assert.ok(body.message);
  });

  test('O16 what a user may choose is escaped on the 403 page', async () => {
    const cookie = await cookieOn(HOST, { username: '<script>alert(1)</script>', name: '"><img src=x onerror=alert(1)>', email: "'><svg>@example.test" });
    const page = await get(`/admin/%3Cscript%3E`, { ...NAVIGATION, Cookie: cookie });
    assert.equal(page.status, 403);
    assert.doesNotMatch(page.text, /<script>alert|<img src=x|<svg>/);
  });

  test('a social requirement asks for that identity', async () => {
    const members = (headers) => request(world.port, 'GET', '/x', headers, { host: MEMBERS });
    const plain = await cookieOn(MEMBERS, {});
    const answer = await members({ ...NAVIGATION, Cookie: plain });
    assert.equal(answer.status, 403);
    assert.match(answer.text, /patreon/i);
    const patron = await cookieOn(MEMBERS, { sub: 'patron-sub', identities: { patreon: { userId: 'p1', details: { id: 'p1' } } } });
    assert.equal((await members({ Cookie: patron })).status, 200);
    const linkedin = await cookieOn(MEMBERS, { identities: { linkedin: { userId: 'l1' } } });
    assert.equal((await members({ ...FETCH, Cookie: linkedin })).status, 403);
  });

  test('H22 a role is compared exactly', async () => {
    for (const role of ['Admin', 'admin ', ' admin', 'adm\u0456n', 'admin\0', 'admins', 'ADMIN']) {
      const cookie = await cookieOn(HOST, { roles: [role] });
      assert.equal((await get('/admin/x', { ...FETCH, Cookie: cookie })).status, 403, JSON.stringify(role));
    }
    for (const roles of ['admin', { admin: true }, [['admin']], null, 7]) {
      const cookie = await cookieOn(HOST, { roles });
      const { status } = await get('/admin/x', { ...FETCH, ...(cookie ? { Cookie: cookie } : {}) });
      assert.ok([401, 403].includes(status), `roles ${JSON.stringify(roles)}: ${status}`);
    }
  });

  test('a route of one host is not one of another, and the redirect comes back to the host that was asked', async () => {
    assert.equal((await request(world.port, 'GET', '/private/x', FETCH, { host: MEMBERS })).status, 401);
    const start = await request(world.port, 'GET', '/x', NAVIGATION, { host: MEMBERS });
    assert.equal(new URL(start.fields.get('location')).searchParams.get('redirect_uri'), `http://${MEMBERS}/_auth/callback`);
    assert.equal((await request(world.port, 'GET', '/private/x', NAVIGATION, { host: 'evil.test' })).status, 421);
  });

  test('404 and 421 are pages of ours with a request id, strict headers, and no trace of what is behind', async () => {
    for (const answer of [await get('/nowhere<b>'.replace('<b>', '%3Cb%3E'), NAVIGATION), await get('/x', NAVIGATION, { host: 'evil.test' }), await get('/denied/x', NAVIGATION)]) {
      assert.ok([403, 404, 421].includes(answer.status));
      assert.match(answer.fields.get('content-security-policy'), /default-src 'none'/);
      assert.match(answer.fields.get('content-security-policy'), /frame-ancestors 'none'/);
      assert.equal(answer.fields.get('x-content-type-options'), 'nosniff');
      assert.match(answer.fields.get('x-frame-options'), /^DENY$/i);
      assert.equal(answer.fields.get('referrer-policy'), 'no-referrer');
      assert.match(answer.fields.get('cache-control'), /no-store/);
      assert.ok(answer.text.includes(answer.fields.get('x-request-id')));
      assert.doesNotMatch(answer.text, /<b>|127\.0\.0\.1/);
    }
  });

  test('own endpoints are exact, answer only their methods, and nothing below the prefix is forwarded', async () => {
    for (const target of ['/_auth/nothing', '/_auth/callback/x', '/_auth/me/', '/_auth/ME', '/_auth/sign-in/..%2f', '/_auth/check', '/_auth/backchannel-logout/x']) {
      const { status } = await get(target, { ...FETCH, Cookie: admin });
      assert.ok([400, 404].includes(status), `${target}: ${status}`);
    }
    for (const [method, target] of [['DELETE', '/_auth/me'], ['POST', '/_auth/signed-out'], ['PUT', '/_auth/sign-in'], ['GET', '/_auth/backchannel-logout'], ['POST', '/_auth/']]) {
      assert.ok([404, 405].includes((await via(method, target, { Cookie: admin })).status), `${method} ${target}`);
    }
    assert.deepEqual(world.recorder.requests, []);
  });

  test('me gives the claims of the session and no token', async () => {
    const answer = await get('/_auth/me', { ...FETCH, Cookie: editor });
    assert.equal(answer.status, 200);
    assert.match(answer.fields.get('content-type'), /^application\/json/);
    assert.match(answer.fields.get('cache-control'), /no-store/);
    assert.match(answer.text, /alice-sub/);
    assert.doesNotMatch(answer.text, /eyJ|access_token|refresh_token|id_token/);
    const out = await get('/_auth/me', FETCH);
    assert.equal(out.status, 401);
    assert.equal(JSON.parse(out.text).error, 'unauthenticated');
    for (const Origin of ['http://evil.test', 'null']) assert.ok(!(await get('/_auth/me', { ...FETCH, Cookie: editor, Origin })).fields.has('access-control-allow-origin'), 'K06');
  });

  test('K07 health and metrics are not on the public listener', async () => {
    for (const target of ['/healthz', '/readyz', '/metrics', '/debug/pprof', '/healthz?verbose']) assert.equal((await get(target, { Cookie: admin })).status, 404, target);
  });
});
