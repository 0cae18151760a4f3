// In place of oauth2-proxy: who passes /oauth2/auth and the root, by which rule, what the answer says, and where rd and a
// sign-out lead.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { THINGS } from './lib/access_tokens.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { run } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { makeWorld, suite } from './lib/world.mjs';

const HOST = 'app.example.com';
const ORIGIN = `http://${HOST}`;
const SECRET = 'a-secret-that-the-asker-shows';
const TRAEFIK = (uri, method = 'GET', host = HOST) => ({ 'X-Forwarded-Method': method, 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': host, 'X-Forwarded-Uri': uri });

// A world with people in it: cookies of `people` by name.
async function worldOf(scope, { routes, people = {}, config = {}, opOptions }) {
  const world = await makeWorld(scope, { routes, opOptions, config: { external_urls: [ORIGIN], trusted_proxies: ['127.0.0.1/32'], upstreams: undefined, ...config, forward_auth: { oauth2_proxy: true, ...config.forward_auth } } });
  world.cookies = {};
  for (const [name, who] of Object.entries(people)) {
    const before = world.op.user;
    world.op.user = { ...before, ...who };
    const user = new BrowserUser({ [HOST]: world.port });
    await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
    world.op.user = before;
    world.cookies[name] = user.sessionCookies(HOST);
    assert.ok(world.cookies[name], world.proxy.output.slice(-2000));
  }
  world.auth = (who, headers = {}, { target = '/oauth2/auth', host = HOST, ...options } = {}) => request(world.port, 'GET', target, { ...FETCH, Cookie: world.cookies[who], ...headers }, { host, ...options });
  return world;
}

describe('a route named for /oauth2/auth', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await worldOf(scope, {
      routes: [{ path: '/health', access: 'optional' }, { path: '/oauth2/auth', require: { roles: ['staff', 'Grafana Admins'] } }],
      people: { staff: { roles: ['staff', 'Grafana Admins', 'a,b'], name: '花子' }, other: { roles: ['other'] } },
    });
  });

  test('judges every check that no other route decides', async () => {
    for (const [who, headers, status] of [
      ['staff', {}, 202], ['other', {}, 403], ['nobody', {}, 401],
      ['other', { 'X-Forwarded-Uri': '/x' }, 403], ['staff', { 'X-Forwarded-Uri': '/x' }, 202], ['nobody', { 'X-Forwarded-Uri': '/x' }, 401],
      ['nobody', { 'X-Forwarded-Uri': '/health' }, 202], ['other', { 'X-Forwarded-Uri': '/health' }, 202], ['nobody', { 'X-Forwarded-Uri': '/health?x=/y' }, 202],
      ['nobody', { 'X-Original-URL': `${ORIGIN}/health`, 'X-Original-Method': 'GET' }, 202],
      ['nobody', { 'X-Original-URL': `${ORIGIN}/x`, 'X-Original-Method': 'GET', 'X-Forwarded-Uri': '/health' }, 403],
      ['nobody', { 'X-Forwarded-Uri': ['/health', '/health'] }, 403], ['nobody', { 'X-Forwarded-Uri': '/x/../health' }, 403], ['nobody', { 'X-Forwarded-Uri': 'health' }, 403],
      ['nobody', { X_Forwarded_Uri: '/health' }, 401], ['nobody', { 'X-Original-URI': '/health' }, 401],
    ]) {
      const answer = await world.auth(who, headers);
      assert.equal(answer.status, status, `${who} ${JSON.stringify(headers)}`);
      assert.equal(answer.fields.get('location'), undefined);
    }
    for (const [who, status] of [['staff', 200], ['other', 403], ['nobody', 401]]) assert.equal((await world.auth(who, {}, { target: '/oauth2/userinfo' })).status, status, who);
    assert.equal((await world.auth('nobody', { ...NAVIGATION })).status, 401, 'a person is not redirected: the proxy in front does that');
    assert.equal((await world.auth('other', { ...NAVIGATION })).status, 403);
  });

  test('comes under any Host, and is told another one only by who is trusted', async () => {
    for (const host of ['oauth2-proxy.auth.svc.cluster.local', '127.0.0.1:4180', 'app.example.com:4180']) {
      assert.equal((await world.auth('staff', {}, { host })).status, 202, host);
      assert.equal((await world.auth('other', {}, { host })).status, 403, host);
      assert.equal((await world.auth('nobody', { 'X-Forwarded-Uri': '/health' }, { host })).status, 202, host);
      assert.equal((await world.auth('staff', TRAEFIK('/x'), { host })).status, 202, host);
    }
    assert.equal((await world.auth('staff', TRAEFIK('/x', 'GET', 'evil.test'))).status, 403);
    for (const target of ['/oauth2/%61uth', '/oauth2//auth', '/x/../oauth2/auth', '/oauth2/auth/', '/oauth2/auth/x']) {
      assert.ok([400, 404].includes((await world.auth('staff', {}, { target })).status), target);
    }
  });

  test('header values are UTF-8 as it is, and what would be read as something else is not there', async () => {
    const answer = await world.auth('staff');
    assert.equal(answer.fields.get('x-auth-request-groups'), 'staff,Grafana Admins', 'a,b would be two');
    assert.equal(answer.fields.get('x-auth-request-user'), 'alice-sub');
  });

  test('the query narrows it further', async () => {
    assert.equal((await world.auth('staff', {}, { target: '/oauth2/auth?allowed_groups=Grafana%20Admins' })).status, 202);
    assert.equal((await world.auth('staff', {}, { target: '/oauth2/auth?allowed_groups=admin' })).status, 403);
    assert.equal((await world.auth('nobody', { 'X-Forwarded-Uri': '/health' }, { target: '/oauth2/auth?allowed_groups=admin' })).status, 202, 'nobody is no member of anything, as there');
  });

  test('in place of an app the root answers Traefik, with a way to sign in', async () => {
    const root = (who, headers, host = 'oauth2-proxy:4180') => world.auth(who, headers, { target: '/', host });
    for (const host of ['oauth2-proxy:4180', HOST]) {
      assert.equal((await root('staff', TRAEFIK('/x'), host)).status, 202);
      assert.equal((await root('other', TRAEFIK('/x'), host)).status, 403);
      assert.equal((await root('nobody', TRAEFIK('/health'), host)).status, 202);
      assert.equal((await root('nobody', TRAEFIK('/x'), host)).status, 401);
      const person = await root('nobody', { ...NAVIGATION, ...TRAEFIK('/x?y=1') }, host);
      assert.equal(person.status, 302);
      assert.match(person.fields.get('location'), new RegExp(`^${ORIGIN}/_auth/sign-in\\?.*return_to=%2Fx%3Fy%3D1$`));
    }
    assert.ok((await root('staff', {}, HOST)).status >= 400, 'an ordinary request is none');
  });

  test('a script of the page signs out, and nothing else that a page holds does', async () => {
    const user = new BrowserUser({ [HOST]: world.port });
    await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
    for (const headers of [
      { ...FETCH, 'Sec-Fetch-Site': 'cross-site' }, { ...FETCH, 'Sec-Fetch-Site': 'same-site' }, { ...FETCH, 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Mode': 'no-cors' },
      { ...FETCH, 'Sec-Fetch-Mode': 'no-cors' }, { ...FETCH, 'Sec-Purpose': 'prefetch' }, { ...FETCH, 'Sec-Fetch-Dest': 'script' },
    ]) assert.equal((await user.fetch(`${ORIGIN}/oauth2/sign_out`, { headers })).status, 403, JSON.stringify(headers));
    assert.notEqual(user.sessionCookies(HOST), '');
    const cookie = user.sessionCookies(HOST);
    const out = await user.fetch(`${ORIGIN}/oauth2/sign_out`, { headers: FETCH });
    assert.equal(out.status, 200);
    assert.deepEqual(JSON.parse(out.text), { signed_out: true });
    assert.equal(user.sessionCookies(HOST), '');
    assert.equal((await world.auth('nobody', { Cookie: cookie })).status, 401, 'copies of the cookie are over too');
    const elsewhere = await user.fetch(`${ORIGIN}/oauth2/sign_out?rd=/bye`, { headers: FETCH });
    assert.equal(elsewhere.next, `${ORIGIN}/bye`);
  });
});

describe('without one', () => {
  const scope = suite(after);
  const people = { admin: { roles: ['admin'] }, other: { roles: [] } };

  test('the routes judge what the proxy says it asks about, and nobody passes where it does not say', async () => {
    const world = await worldOf(scope, { routes: [{ path: '/files/*', methods: ['DELETE', 'PUT'], require: { roles: ['admin'] } }, { path: '/admin/*', require: { roles: ['admin'] } }, { path: '/public/*', access: 'public' }, { path: '/*' }], people });
    for (const [who, headers, status] of [
      ['other', {}, 403], ['admin', {}, 403], ['nobody', {}, 403],
      ['other', { 'X-Forwarded-Uri': '/admin/x' }, 403], ['admin', { 'X-Forwarded-Uri': '/admin/x' }, 202], ['nobody', { 'X-Forwarded-Uri': '/admin/x' }, 401],
      ['other', { 'X-Forwarded-Uri': '/x' }, 202], ['nobody', { 'X-Forwarded-Uri': '/public/x' }, 202],
      ['other', { 'X-Forwarded-Uri': '/files/1' }, 403], ['admin', { 'X-Forwarded-Uri': '/files/1' }, 403],
      ['other', TRAEFIK('/files/1'), 202], ['other', TRAEFIK('/files/1', 'DELETE'), 403], ['admin', TRAEFIK('/files/1', 'DELETE'), 202],
      ['other', { ...TRAEFIK('/files/1', 'POST'), 'X-HTTP-Method-Override': 'DELETE' }, 403], ['other', { ...TRAEFIK('/files/1', 'POST'), 'X-HTTP-Method': 'put' }, 403],
    ]) assert.equal((await world.auth(who, headers)).status, status, `${who} ${JSON.stringify(headers)}`);
    const reasons = world.proxy.errors.filter((entry) => entry.decision === 'unasked_rules').map((entry) => entry.reason);
    assert.ok(reasons.some((reason) => /rules would not be asked: those of #1 \/files\/\*, #2 \/admin\/\*/.test(reason)), reasons.join('\n'));
    assert.ok(reasons.some((reason) => /X-Forwarded-Method/.test(reason)));
  });

  test('who does not tell the method gets nothing that is open to some methods alone', async () => {
    const world = await worldOf(scope, { routes: [{ path: '/public/*', methods: ['GET'], access: 'public' }, { path: '/*' }], people });
    const original = { 'X-Original-URL': `${ORIGIN}/public/x` };
    for (const [who, headers, status] of [
      ['nobody', { 'X-Forwarded-Uri': '/public/x' }, 403], ['nobody', original, 403], ['nobody', { 'X-Forwarded-Uri': '/public/x', ...original }, 403],
      ['other', { 'X-Forwarded-Uri': '/public/x' }, 403], ['other', { 'X-Forwarded-Uri': '/x' }, 202],
      ['nobody', TRAEFIK('/public/x'), 202], ['nobody', { ...original, 'X-Original-Method': 'GET' }, 202], ['nobody', TRAEFIK('/public/x', 'POST'), 401], ['nobody', { ...original, 'X-Original-Method': 'MADEUP' }, 401],
    ]) assert.equal((await world.auth(who, headers)).status, status, `${who} ${JSON.stringify(headers)}`);
  });

  test('a peer that is not trusted tells nothing', async () => {
    const world = await worldOf(scope, { routes: [{ path: '/public/*', access: 'public' }, { path: '/*' }], people, config: { trusted_proxies: ['127.0.0.9/32'] } });
    assert.equal((await world.auth('nobody', { 'X-Forwarded-Uri': '/public/x' })).status, 401);
    assert.equal((await world.auth('other', {})).status, 202);
  });

  test('beside apps of our own it answers as their routes do, and for others as theirs', async () => {
    const world = await worldOf(scope, { routes: [{ path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/app/*', upstream: 'app' }, { path: '/other/*' }], people, config: { upstreams: { app: 'http://127.0.0.1:9' } } });
    for (const [who, headers, status] of [
      ['other', {}, 403], ['admin', {}, 403], ['other', { 'X-Forwarded-Uri': '/admin/x' }, 403], ['admin', { 'X-Forwarded-Uri': '/admin/x' }, 202], ['other', { 'X-Forwarded-Uri': '/app/x' }, 202],
      ['other', { 'X-Forwarded-Uri': '/other/x' }, 202], ['other', { 'X-Original-URL': `${ORIGIN}/other/x`, 'X-Original-Method': 'GET' }, 202], ['nobody', { 'X-Forwarded-Uri': '/other/x' }, 401],
      ['admin', { 'X-Forwarded-Uri': '/elsewhere' }, 403],
    ]) assert.equal((await world.auth(who, headers)).status, status, `${who} ${JSON.stringify(headers)}`);
  });

  test('the rules of both hold where there are both', async () => {
    const world = await worldOf(scope, { routes: [{ path: '/admin/*', require: { roles: ['admin'] } }, { path: '/oauth2/auth', require: { roles: ['staff'] } }], people: { both: { roles: ['admin', 'staff'] }, admin: { roles: ['admin'] }, staff: { roles: ['staff'] } } });
    for (const [who, status] of [['both', 202], ['admin', 403], ['staff', 403], ['nobody', 401]]) assert.equal((await world.auth(who, { 'X-Forwarded-Uri': '/admin/x' })).status, status, who);
    for (const who of ['both', 'admin', 'staff']) assert.equal((await world.auth(who, { 'X-Forwarded-Uri': '/x' })).status, 403, `${who}: no route takes it, and it may be /admin to the app`);
    assert.equal((await world.auth('staff', {})).status, 403, 'without a target the admins\' rule would not be asked');
  });
});

describe('a sign-in that is too long ago', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await worldOf(scope, {
      routes: [{ path: '/recent/*', require: { max_age: '5m' } }, { path: '/staff/*', require: { max_age: '5m', roles: ['staff'] } }, { path: '/oauth2/auth', require: { max_age: '1h' } }, { path: '/open/*', access: 'optional' }, { path: '/*' }],
      people: { old: {} },
    });
  });
  const about = (uri) => ({ 'X-Forwarded-Uri': uri, 'X-Forwarded-Method': 'GET' });

  test('is 401 at a check, which leads people to sign in, and 403 for whom that would not help', async () => {
    for (const [headers, status] of [[about('/recent/x'), 401], [about('/staff/x'), 403], [about('/x'), 401], [about('/open/x'), 202], [{}, 403]]) {
      assert.equal((await world.auth('old', headers)).status, status, JSON.stringify(headers));
      const person = await world.auth('old', { ...NAVIGATION, ...headers });
      assert.equal(person.status, status, JSON.stringify(headers));
      assert.equal(person.fields.get('location'), undefined);
      assert.equal(person.fields.get('set-cookie'), undefined);
    }
    const script = await world.auth('old', about('/recent/x'));
    assert.match(script.fields.get('www-authenticate'), /insufficient_user_authentication.*max_age="?300/);
  });

  test('whoever is sent to start proves who they are, once, and comes back', async () => {
    for (const endpoint of ['start', 'sign_in']) {
      const sent = await world.auth('old', NAVIGATION, { target: `/oauth2/${endpoint}?rd=/recent/x` });
      const to = new URL(sent.fields.get('location'));
      assert.equal(to.origin, new URL(world.op.logto().endpoint).origin);
      assert.equal(to.searchParams.get('max_age'), '300');
    }
    const user = new BrowserUser({ [HOST]: world.port });
    await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
    const back = await user.navigate(`${ORIGIN}/oauth2/start?rd=/recent/x`, { stop: (url) => url.pathname === '/recent/x' });
    assert.equal(new URL(back.next, ORIGIN).pathname, '/recent/x');
    const cookie = { Cookie: user.sessionCookies(HOST) };
    assert.equal((await world.auth('nobody', { ...cookie, ...about('/recent/x') })).status, 202);
    assert.equal((await world.auth('nobody', { ...cookie, ...about('/x') })).status, 202);
    const again = await world.auth('nobody', { ...NAVIGATION, ...cookie }, { target: '/oauth2/start?rd=/recent/x' });
    assert.equal(again.fields.get('location'), '/recent/x', 'nothing is left to prove');
  });
});

test('below another prefix everything is there, and nothing below /oauth2', async (t) => {
  const scope = { after: (stop) => t.after(stop) };
  const world = await worldOf(scope, {
    routes: [{ path: '/health', access: 'optional' }, { path: '/sso/x/auth', require: { roles: ['staff'] } }, { path: '/oauth2/*', access: 'public', upstream: 'app' }],
    people: { staff: { roles: ['staff'] }, other: { roles: [] } },
    config: { forward_auth: { oauth2_proxy: '/sso/x' }, upstreams: { app: 'http://127.0.0.1:9' } },
  });
  const auth = (who, headers, target = '/sso/x/auth') => world.auth(who, headers, { target });
  for (const [who, headers, status] of [['staff', {}, 202], ['other', {}, 403], ['nobody', {}, 401], ['nobody', { 'X-Forwarded-Uri': '/health' }, 202], ['staff', { 'X-Forwarded-Uri': '/sso/x/auth' }, 403], ['nobody', { 'X-Forwarded-Uri': '/sso/x/start' }, 403]]) {
    assert.equal((await auth(who, headers)).status, status, `${who} ${JSON.stringify(headers)}`);
  }
  assert.equal((await auth('staff', {}, '/sso/x/auth?allowed_groups=admin')).status, 403);
  for (const target of ['/sso/x/auth/', '/sso/x/%61uth', '/sso/auth', '/sso/x', '/sso/x/nothing']) assert.equal((await auth('staff', {}, target)).status, 404, target);
  assert.equal((await auth('staff', {}, '/oauth2/auth')).status, 502, 'it is the app\'s');
  assert.equal((await auth('staff', FETCH, '/sso/x/userinfo')).status, 200);
  for (const rd of ['/sso/x/sign_out', '/SSO/x/sign_out', '/%73so/x/auth']) assert.equal((await auth('staff', NAVIGATION, `/sso/x/start?rd=${encodeURIComponent(rd)}`)).fields.get('location'), '/', rd);
  assert.equal((await auth('staff', NAVIGATION, '/sso/x/start?rd=/oauth2/page')).fields.get('location'), '/oauth2/page');
  const user = new BrowserUser({ [HOST]: world.port });
  const begun = await user.fetch(`${ORIGIN}/sso/x/start?rd=/health`, { headers: NAVIGATION });
  assert.equal(new URL(begun.next).searchParams.get('redirect_uri'), `${ORIGIN}/sso/x/callback`);
  const back = await user.navigate(`${ORIGIN}/sso/x/start?rd=/health`, { stop: (url) => url.pathname === '/health' });
  assert.equal(new URL(back.next, ORIGIN).pathname, '/health');
  assert.ok(user.sessionCookies(HOST));
  assert.equal((await user.fetch(`${ORIGIN}/sso/x/sign_out`, { headers: FETCH })).status, 200);
  assert.equal(user.sessionCookies(HOST), '');
});

describe('what probes and crawlers ask', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await worldOf(scope, {
      routes: [{ path: '/ping', require: { roles: ['admin'] } }, { path: '/ready', require: { roles: ['admin'] } }, { path: '/*', require: { roles: ['admin'] } }],
      people: { other: { roles: [] } },
      config: { forward_auth: { enabled: true }, health: { ping: '/ping', ready: '/ready', robots_txt: true }, shutdown: { ready_wait: '20s' } },
    });
  });
  const at = (target, { method = 'GET', headers = {}, host = '10.0.0.7:4180' } = {}) => request(world.port, method, target, headers, { host });

  test('is answered to anybody under any Host', async () => {
    for (const host of ['10.0.0.7:4180', HOST, 'evil.test', 'localhost']) {
      for (const [target, body] of [['/ping', 'OK'], ['/ready', 'OK'], ['/robots.txt', 'User-agent: *\nDisallow: /\n']]) {
        const answer = await at(target, { host });
        assert.deepEqual([answer.status, answer.body.toString(), answer.fields.get('set-cookie')], [200, body, undefined], `${host} ${target}`);
        assert.deepEqual([(await at(target, { host, method: 'HEAD' })).status], [200]);
      }
    }
    assert.equal((await at('/ping', { method: 'POST', host: HOST, headers: { 'Content-Length': '0' } })).status, 404, 'another method is routed, and its app is behind the other proxy');
    for (const target of ['/ping/', '/%70ing', '/ping/x', '/x/../ping']) assert.notEqual((await at(target)).status, 200, target);
  });

  test('is never what a check is judged by', async () => {
    const fields = (target) => ({ 'X-Forwarded-Uri': target, 'X-Forwarded-Method': 'GET' });
    for (const target of ['/ping', '/ready', '/robots.txt']) {
      assert.equal((await world.auth('nobody', fields(target))).status, 401, target);
      assert.equal((await world.auth('other', fields(target))).status, 403, target);
      assert.equal((await world.auth('nobody', TRAEFIK(target), { target: '/_auth/check', host: 'inside' })).status, 401, target);
      assert.equal((await world.auth('nobody', TRAEFIK(target), { target: '/', host: 'inside' })).status, 401, target);
      assert.equal((await world.auth('nobody', {}, { target: `/_auth/check${target}` })).status, 401, target);
    }
  });

  test('the start says which rules it hides', () => {
    assert.match(world.proxy.output, /routes\[1\].*is not asked about GET and HEAD of \/ping: health\.ping answers them/);
  });

  test('explain says so', async () => {
    const { stdout } = await run(['explain', '--config', world.proxy.file, '--url', 'http://10.0.0.7/ping']);
    assert.match(stdout, /verdict\s+own_endpoint: for probes and crawlers/);
  });

  test('readiness fails from SIGTERM on, while everything is served', async () => {
    assert.equal((await at('/ready')).status, 200);
    world.proxy.signal('SIGTERM');
    await world.proxy.waitLog(({ msg }) => msg.includes('not ready any more'));
    assert.equal((await at('/ready')).status, 503);
    assert.equal((await at('/ping')).status, 200);
  });
});

test('rd leads to every external URL, and nowhere else, also when signing in and out', async (t) => {
  const scope = { after: (stop) => t.after(stop) };
  const world = await worldOf(scope, { routes: [{ path: '/*' }], people: { alice: {} }, config: { external_urls: [ORIGIN, 'http://wiki.example.com', 'http://files.example.com:8080'] } });
  for (const [rd, where] of [
    ['/x', '/x'], ['http://wiki.example.com/x?y=1', 'http://wiki.example.com/x?y=1'], ['http://files.example.com:8080/', 'http://files.example.com:8080/'], [`${ORIGIN}/x`, '/x'],
    ['http://files.example.com/', '/'], ['https://wiki.example.com/x', '/'], ['http://evil.test/', '/'], ['http://wiki.example.com.evil.test/', '/'], ['http://wiki.example.com@evil.test/', '/'],
    ['//wiki.example.com/x', '/'], ['http://wiki.example.com/_auth/sign-out', '/'], ['http://wiki.example.com/oauth2/sign_out', '/'], ['http://wiki.example.com\\@evil.test', '/'],
  ]) {
    const answer = await world.auth('alice', NAVIGATION, { target: `/oauth2/start?rd=${encodeURIComponent(rd)}` });
    assert.equal(answer.fields.get('location'), where, rd);
    const redirect = await world.auth('alice', { ...NAVIGATION, 'X-Auth-Request-Redirect': rd }, { target: '/oauth2/start' });
    assert.equal(redirect.fields.get('location'), where, rd);
  }
  const user = new BrowserUser({ [HOST]: world.port });
  const back = await user.navigate(`${ORIGIN}/oauth2/start?rd=${encodeURIComponent('http://wiki.example.com/page')}`, { stop: (url) => url.hostname === 'wiki.example.com' });
  assert.equal(back.next, 'http://wiki.example.com/page');
  const out = await user.fetch(`${ORIGIN}/oauth2/sign_out?rd=${encodeURIComponent('http://wiki.example.com/bye')}`, { headers: { 'Sec-Fetch-Site': 'same-origin' } });
  const state = new URL(out.next).searchParams.get('state');
  assert.equal((await user.fetch(`${ORIGIN}/_auth/signed-out?state=${encodeURIComponent(state)}`)).next, 'http://wiki.example.com/bye');
  assert.equal((await user.fetch(`${ORIGIN}/_auth/signed-out?state=${encodeURIComponent('http://evil.test/')}`)).status, 200);
});

test('the way back from sign_in_url names the host that was asked for', async (t) => {
  const scope = { after: (stop) => t.after(stop) };
  const world = await makeWorld(scope, {
    routes: [{ path: '/*' }],
    config: { external_urls: ['http://wiki.example.com', 'http://files.example.com'], sign_in_url: 'http://auth.example.com', session: { cookie: { domain: 'example.com' } }, trusted_proxies: ['127.0.0.1/32'], upstreams: undefined, forward_auth: { enabled: true } },
  });
  const check = await request(world.port, 'GET', '/_auth/check', { ...NAVIGATION, ...TRAEFIK('/page?x=1', 'GET', 'wiki.example.com') }, { host: 'inside' });
  assert.equal(check.status, 302);
  const location = new URL(check.fields.get('location'));
  assert.equal(location.host, 'auth.example.com');
  assert.equal(location.searchParams.get('return_to'), 'http://wiki.example.com/page?x=1');
  const user = new BrowserUser({ 'auth.example.com': world.port, 'wiki.example.com': world.port });
  const back = await user.navigate(location.href, { stop: (url) => url.hostname === 'wiki.example.com' });
  assert.equal(back.next, 'http://wiki.example.com/page?x=1');
});

describe('tokens', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await worldOf(scope, {
      opOptions: { refreshTokens: true },
      routes: [
        { path: '/things/*', token: { resource: THINGS }, identity_headers: { 'X-Auth-Request-Access-Token': { access_token: true } } },
        { path: '/oauth2/auth', accept: ['session', 'bearer'], authorization: { bearer: 'id_token' } },
      ],
      people: { alice: {} },
      config: { upstreams: undefined, logto: { refresh: 'offline_access' }, bearer: { audiences: [THINGS] }, forward_auth: { secret: SECRET } },
    });
  });
  const known = { 'X-Logto-Proxy-Check-Secret': SECRET };

  test('a program passes with a good token where the route takes one, and keeps it', async () => {
    const token = world.op.accessToken({ sub: 'robot', aud: THINGS });
    const answer = await world.auth('nobody', { Authorization: `Bearer ${token}` });
    assert.equal(answer.status, 202);
    assert.equal(answer.fields.get('x-auth-request-user'), 'robot');
    assert.equal(answer.fields.get('authorization'), `Bearer ${token}`);
    assert.equal((await world.auth('nobody', { Authorization: `Bearer ${token}x` })).status, 401);
    assert.equal((await world.auth('nobody', { Authorization: `Bearer ${token}`, 'X-Forwarded-Uri': '/things/x' })).status, 401, 'this route takes none');
    assert.equal((await world.auth('alice', { Authorization: 'Bearer junk' })).status, 401, 'a token goes before a session');
  });

  test('tokens of ours are told to who shows the secret, and to nobody else', async () => {
    const mine = await world.auth('alice', known);
    assert.equal(mine.status, 202);
    assert.match(mine.fields.get('authorization'), /^Bearer eyJ/);
    const things = await world.auth('alice', { ...known, 'X-Forwarded-Uri': '/things/x' });
    assert.ok(things.fields.get('x-auth-request-access-token'));
    for (const headers of [{}, { 'X-Forwarded-Uri': '/things/x' }, { 'X-Logto-Proxy-Check-Secret': 'a-guess-of-16-characters' }]) {
      const answer = await world.auth('alice', headers);
      assert.equal(answer.status, 202);
      for (const name of ['authorization', 'x-auth-request-access-token']) assert.equal(answer.fields.get(name), undefined);
      assert.equal(answer.fields.get('x-auth-request-user'), 'alice-sub');
    }
  });
});

test('a program\'s own token goes on to an app that wants one of whoever asks', async (t) => {
  const scope = { after: (stop) => t.after(stop) };
  const world = await makeWorld(scope, { opOptions: { refreshTokens: true }, routes: [{ path: '/*', accept: ['session', 'bearer'], authorization: { bearer: 'id_token' }, upstream: 'app' }], config: { logto: { refresh: 'offline_access' }, bearer: { audiences: [THINGS] } } });
  const token = world.op.accessToken({ sub: 'robot', aud: THINGS });
  assert.equal((await world.get('/x', { ...FETCH, Authorization: `Bearer ${token}` })).status, 200);
  assert.deepEqual(world.recorder.requests.at(-1).fields.all('authorization'), [`Bearer ${token}`]);
  const cookie = await world.session();
  assert.equal((await world.get('/x', { ...FETCH, Cookie: cookie })).status, 200);
  assert.match(world.recorder.requests.at(-1).fields.get('authorization'), /^Bearer eyJ/);
  assert.notEqual(world.recorder.requests.at(-1).fields.get('authorization'), `Bearer ${token}`);
});
