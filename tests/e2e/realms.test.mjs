// Two Logto applications in one process, each with hosts of its own: what one sealed, ended or was told says nothing in the other.
// Quick.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { EvilOp, decodeJwt } from './lib/evil_op.mjs';
import { suspension, webhookRequest } from './lib/logout_tokens.mjs';
import { temporaryFolder } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { makeWorld, seenHeader, suite } from './lib/world.mjs';

const ONE = 'one.test';
const TWO = 'two.test';

// world.op is the provider of the realm "one", world.other that of "two". Both know a person called alice-sub.
async function twoRealms(scope, { journal, logto = {} } = {}) {
  const other = await EvilOp.start({ sessionIds: true, clientId: 'app-two', clientSecret: 'secret-of-app-two' });
  scope.after(() => other.stop());
  const world = await makeWorld(scope, {
    opOptions: { sessionIds: true },
    config: ({ external_urls: _urls, logto: one, ...base }) => ({
      ...base,
      ...(journal ? { revocations: { journal } } : {}),
      routes: [...base.routes, { host: TWO, path: '/of-two/*', access: 'public', upstream: 'app' }],
      realms: {
        one: { external_urls: [`http://${ONE}`], logto: { ...one, ...logto.one } },
        two: { external_urls: [`http://${TWO}`], logto: { ...other.logto(), ...logto.two } },
      },
    }),
  });
  return Object.assign(world, { other });
}
const opOf = (world, host) => (host === ONE ? world.op : world.other);
async function signIn(world, host, user = new BrowserUser({ [ONE]: world.port, [TWO]: world.port })) {
  const answer = await user.navigate(`http://${host}/private/x`);
  assert.equal(answer.status, 200, answer.text.slice(0, 400));
  return user;
}
async function session(world, host) {
  const user = await signIn(world, host);
  const cookie = user.sessionCookies(host, `logto_session-${host.split('.')[0]}`);
  assert.ok(cookie, 'a session cookie with the name of the realm');
  return { cookie, ...decodeJwt(opOf(world, host).lastIdToken).claims };
}
const get = (world, host, target, headers = {}) => request(world.port, 'GET', target, headers, { host });
async function isIn(world, host, cookie) {
  const { status } = await get(world, host, '/private/x', { ...FETCH, Cookie: cookie });
  assert.ok([200, 401].includes(status), `status ${status}`);
  return status === 200;
}

describe('two realms in one process', () => {
  const scope = suite(after);
  let world;
  before(async () => { world = await twoRealms(scope); });

  test('each host signs in at its own application, also side by side in one browser', async () => {
    const user = await signIn(world, ONE);
    assert.equal(world.other.calls('/oidc/auth').length, 0);
    const sent = world.op.calls('/oidc/auth').at(-1).params;
    assert.equal(sent.get('redirect_uri'), `http://${ONE}/_auth/callback`);
    await signIn(world, TWO, user);
    const theirs = world.other.calls('/oidc/auth').at(-1).params;
    assert.equal(theirs.get('client_id'), 'app-two');
    assert.equal(theirs.get('redirect_uri'), `http://${TWO}/_auth/callback`);
    for (const host of [ONE, TWO]) assert.equal(seenHeader(await user.fetch(`http://${host}/private/y`), 'x-forwarded-user'), 'alice-sub');
  });

  test('a session of one realm is nothing in the other, under whichever name', async () => {
    const { cookie } = await session(world, ONE);
    const value = cookie.slice(cookie.indexOf('=') + 1);
    const asked = world.recorder.requests.length;
    const calls = world.other.log.length;
    for (const name of ['logto_session-one', 'logto_session-two', 'logto_session', '__Host-logto_session-two']) {
      assert.equal(await isIn(world, TWO, `${name}=${value}`), false, name);
      assert.equal((await get(world, TWO, '/_auth/me', { ...FETCH, Cookie: `${name}=${value}` })).status, 401);
      const page = await get(world, TWO, '/private/x', { ...NAVIGATION, Cookie: `${name}=${value}` });
      assert.equal(page.status, 303);
      assert.equal(new URL(page.fields.get('location')).origin, world.other.endpoint);
    }
    assert.equal(world.recorder.requests.length, asked, 'no app heard of it');
    assert.equal(world.other.log.length, calls, 'and no Logto');
    assert.equal(await isIn(world, ONE, cookie), true);
  });

  test('an attempt of one realm does not finish in the other', async () => {
    const user = new BrowserUser({ [ONE]: world.port, [TWO]: world.port });
    const back = await user.navigate(`http://${ONE}/private/x`, { stop: (url) => url.pathname === '/_auth/callback' });
    const callback = new URL(back.next);
    const [[name, { value }]] = [...user.cookies(ONE)].filter(([key]) => key.includes('pending'));
    for (const cookie of [`${name}=${value}`, `${name.replace('-one', '-two')}=${value}`]) {
      const answer = await get(world, TWO, callback.pathname + callback.search, { ...NAVIGATION, Cookie: cookie });
      assert.ok(answer.status >= 400 || answer.fields.get('location').startsWith(world.other.endpoint), `${answer.status}`);
      assert.equal(answer.fields.all('set-cookie').filter((line) => /^logto_session/.test(line) && !/Max-Age=0/.test(line)).length, 0);
    }
    assert.equal(world.op.calls('/oidc/token').filter(({ params }) => params.get('code') === callback.searchParams.get('code')).length, 0);
    assert.equal((await user.navigate(callback.href)).status, 200, 'where it began it does');
  });

  test('an app gets no cookie of any realm, and can set none', async () => {
    const headers = { Cookie: 'a=1; logto_session-one=x; logto_session-two=y; __Host-logto_held-one=z; logto_pending-two_0123456789abcdef=w' };
    for (const host of [ONE, TWO]) assert.equal(seenHeader(await get(world, host, '/public/x', headers), 'cookie'), 'a=1');
  });

  test('a route with a host is a route of its realm only; the log names the realm; a host of nobody is 421', async () => {
    assert.equal((await get(world, TWO, '/of-two/x')).status, 200);
    assert.equal((await get(world, ONE, '/of-two/x')).status, 404);
    assert.equal((await get(world, 'three.test', '/of-two/x')).status, 421);
    const line = (host) => world.proxy.waitAccess((entry) => entry.host === host && (entry.path === '/of-two/x' || entry.status === 421));
    assert.equal((await line(ONE)).realm, 'one');
    assert.equal((await line(TWO)).realm, 'two');
    assert.equal((await line('three.test')).realm, undefined);
  });

  test('"everywhere" ends at the border of the realm, whoever is called alike beyond it', async () => {
    const [mine, theirs] = [await session(world, ONE), await session(world, TWO)];
    assert.equal(mine.sub, theirs.sub);
    const out = await request(world.port, 'POST', '/_auth/sign-out?everywhere=1', { Cookie: mine.cookie, Origin: `http://${ONE}`, 'Sec-Fetch-Site': 'same-origin' }, { host: ONE });
    assert.equal(out.status, 303);
    assert.ok(out.fields.get('location').startsWith(world.op.endpoint));
    assert.equal(await isIn(world, ONE, mine.cookie), false);
    assert.equal(await isIn(world, TWO, theirs.cookie), true);
  });

  test('a logout token is heard at the hosts of its own realm and ends nothing beyond', async () => {
    const [mine, theirs] = [await session(world, ONE), await session(world, TWO)];
    const { sub, sid } = mine;
    assert.equal((await world.op.sendLogout(world.port, { sub, sid, host: TWO })).status, 400, 'two does not know the issuer');
    assert.equal(await isIn(world, ONE, mine.cookie), true);
    assert.equal((await world.op.sendLogout(world.port, { sub, host: ONE })).status, 200);
    assert.equal(await isIn(world, ONE, mine.cookie), false);
    assert.equal(await isIn(world, TWO, theirs.cookie), true);
  });
});

test('backchannel_url and webhook_secret belong to a realm', async (t) => {
  const world = await twoRealms(t, { logto: {
    one: { backchannel_url: 'http://inner-one.test:8080', webhook_secret: 'hook-one' },
    two: { backchannel_url: 'http://inner-two.test:8080', webhook_secret: 'hook-two' },
  } });
  const hook = (host, key) => {
    const { headers, body } = webhookRequest(key, suspension('alice-sub', true));
    return request(world.port, 'POST', '/_auth/webhook', headers, { host, body });
  };
  const [mine, theirs] = [await session(world, ONE), await session(world, TWO)];
  assert.ok((await hook(ONE, 'hook-two')).status >= 400);
  assert.equal(await isIn(world, ONE, mine.cookie), true);
  assert.ok((await hook('inner-two.test:8080', 'hook-two')).status < 300);
  assert.equal(await isIn(world, TWO, theirs.cookie), false);
  assert.equal(await isIn(world, ONE, mine.cookie), true);
  assert.equal((await get(world, 'inner-one.test:8080', '/public/x')).status, 421);
  assert.equal((await world.op.sendLogout(world.port, { sub: 'alice-sub', host: 'inner-one.test:8080' })).status, 200);
  assert.equal(await isIn(world, ONE, mine.cookie), false);
});

test('each realm has its own journal, which holds over a restart', async (t) => {
  const journal = path.join(temporaryFolder(), 'revocations');
  const world = await twoRealms(t, { journal });
  const [mine, kept, theirs] = [await session(world, ONE), await session(world, ONE), await session(world, TWO)];
  const { status } = await request(world.port, 'POST', '/_auth/sign-out', { Cookie: mine.cookie, Origin: `http://${ONE}`, 'Sec-Fetch-Site': 'same-origin' }, { host: ONE });
  assert.equal(status, 303);
  await world.restart();
  assert.ok(fs.existsSync(`${journal}.realm-one`) && fs.existsSync(`${journal}.realm-two`));
  assert.equal(fs.existsSync(journal), false, 'nobody is the default realm');
  assert.equal(await isIn(world, ONE, mine.cookie), false);
  assert.equal(await isIn(world, ONE, kept.cookie), true);
  assert.equal(await isIn(world, TWO, theirs.cookie), true);
});

test('a Logto that is away is away for its own realm', async (t) => {
  const world = await twoRealms(t);
  await signIn(world, ONE);
  world.other.twist.onDiscovery = (_request, response) => { response.writeHead(500); response.end(); return true; };
  assert.equal((await get(world, TWO, '/private/x', NAVIGATION)).status, 503);
  await signIn(world, ONE);
});

test('SIGHUP takes over the secrets of every realm', async (t) => {
  const world = await twoRealms(t);
  const config = structuredClone(world.proxy.config);
  config.realms.two.logto.app_secret = 'fresh-secret-of-two';
  fs.writeFileSync(world.proxy.file, JSON.stringify(config));
  const told = () => world.proxy.errors.filter(({ msg }) => msg === 'secrets re-read');
  world.proxy.signal('SIGHUP');
  while (told().length < 2) await once(world.proxy, 'errors', { signal: AbortSignal.timeout(10_000) });
  const of = (realm) => told().find((line) => line.realm === realm)['logto.app_secret'];
  assert.equal(of('one'), '1 (unchanged)');
  assert.equal(of('two'), '1 (first is new, 1 removed)');
  world.other.clientSecret = 'fresh-secret-of-two';
  for (const host of [ONE, TWO]) await signIn(world, host);
});

test('a realm called default keeps the sessions of a process without realms', async (t) => {
  const world = await makeWorld(t);
  const user = await world.signIn();
  const cookie = user.sessionCookies('app.test');
  const { logto, external_urls: urls, ...rest } = world.config;
  world.config = { ...rest, realms: { default: { logto, external_urls: urls }, further: { logto, external_urls: ['http://further.test'] } } };
  await world.restart();
  assert.equal((await world.get('/private/x', { ...FETCH, Cookie: cookie })).status, 200);
  assert.equal((await request(world.port, 'GET', '/private/x', { ...FETCH, Cookie: cookie }, { host: 'further.test' })).status, 401);
});
