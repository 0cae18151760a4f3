// Nobody goes round in circles: a browser whose sign-in does not last is stopped at the third time, with the cause.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { CLOCK_IS_MOVABLE, Clock } from './lib/clock.mjs';
import { Proxy, freshSecret } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, suite, twoProxies } from './lib/world.mjs';

const TARGET = `${ORIGIN}/private/page?x=1`;
const MANY_ROLES = Array.from({ length: 220 }, (_one, index) => `role-${index}-${'x'.repeat(20)}`);

// A browser that keeps only the cookies for which keeps(cookie) holds, sends only those for which sends(name, url) does, and
// asks the port that portOf(url, count) names.
class OddBrowser extends BrowserUser {
  count = 0;
  constructor(ports, { keeps = () => true, sends = () => true, portOf, ...options } = {}) {
    super(ports, options);
    Object.assign(this, { keeps, sends, portOf });
  }
  cookieHeader(url) {
    const pairs = super.cookieHeader(url)?.split('; ').filter((pair) => this.sends(pair.split('=')[0], url)) ?? [];
    return pairs.length ? pairs.join('; ') : undefined;
  }
  keep(host, lines) { super.keep(host, lines.filter((line) => this.keeps(line))); }
  fetch(target, options) {
    const url = new URL(target);
    if (this.portOf && url.hostname === HOST) this.ports[HOST] = this.portOf(url, this.count++);
    return super.fetch(target, options);
  }
}
const odd = (world, options) => new OddBrowser({ [HOST]: world.port }, options);
const isSession = (name) => /^(__Host-)?logto_session(_\d+)?$/.test(name);
const nameOf = (line) => line.split('=')[0];

const visits = (world) => world.op.calls('/oidc/auth').length;
async function assertStopped(world, user, cause, { target = TARGET, most = 2, at = [world.proxy] } = {}) {
  const before = visits(world);
  world.recorder.reset();
  const page = await user.navigate(target);
  assert.equal(page.status, 400, page.text.slice(0, 300));
  assert.match(page.fields.get('content-type'), /^text\/html/);
  assert.match(page.fields.get('cache-control'), /no-store/);
  assert.ok(visits(world) - before <= most, `${visits(world) - before} visits to Logto`);
  assert.equal(world.recorder.requests.length, 0);
  const isOfPage = ({ id }) => id === page.fields.get('x-request-id');
  await Promise.any(at.map((proxy) => proxy.waitLog(isOfPage)));
  const lines = at.flatMap(({ errors }) => errors).filter(isOfPage);
  assert.deepEqual(lines.map((line) => [line.msg, line.cause]), [['sign-in loop stopped', cause]], 'one line, with the cause');
  assert.ok(lines[0].evidence.length > 10);
  assert.match(page.text, new RegExp(cause), 'the page names it as well');
  return page;
}

describe('a browser that goes round in circles', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope); });

  test('does not send the session cookie back', async () => {
    const user = odd(world, { keeps: (line) => !isSession(nameOf(line)) });
    const page = await assertStopped(world, user, 'cookie_not_returned');
    assert.match(page.text, /href="\/_auth\/sign-in\?route=\d+&amp;return_to=%2Fprivate%2Fpage%3Fx%3D1"/, 'and how to try again');
  });

  test('can try again once it is mended, at once', async () => {
    const user = odd(world, { keeps: (line) => !isSession(nameOf(line)) });
    const page = await assertStopped(world, user, 'cookie_not_returned');
    const again = /href="(\/_auth\/sign-in[^"]*)"/.exec(page.text)[1].replaceAll('&amp;', '&');
    user.keeps = () => true;
    assert.equal((await user.navigate(ORIGIN + again)).url, TARGET);
  });

  test('keeps no cookie at all', async () => {
    await assertStopped(world, odd(world, { keeps: () => false }), 'cookie_not_returned');
  });

  test('loses a part of a session that is large', async () => {
    const before = world.op.user;
    world.op.user = { ...before, roles: MANY_ROLES };
    for (const lost of [/^logto_session_\d$/, /^logto_session(_\d)?$/]) {
      await assertStopped(world, odd(world, { keeps: (line) => !lost.test(nameOf(line)) || /^logto_session_9/.test(line) }), 'cookie_too_large');
    }
    world.op.user = before;
  });

  test('has its cookies taken away on one path', async () => {
    await assertStopped(world, odd(world, { sends: (_name, url) => !url.pathname.startsWith('/private') }), 'cookie_removed_on_path', { most: 3 });
  });

  test('has an old session cookie of the same name in front of the new one', async () => {
    const user = odd(world);
    const header = user.cookieHeader.bind(user);
    user.cookieHeader = (url) => (url.hostname === HOST ? ['logto_session=old', header(url)].filter(Boolean).join('; ') : header(url));
    const page = await user.navigate(TARGET);
    assert.ok([200, 400].includes(page.status));
    if (page.status === 400) assert.match(page.text, /duplicate_cookie/);
  });
});

describe('an app that does not take who is signed in for signed in', () => {
  const app = async (scope, answer) => {
    const server = http.createServer(answer);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    scope.after(() => { server.close(); server.closeAllConnections(); });
    return `http://127.0.0.1:${server.address().port}`;
  };
  const back = (_request, response) => response.writeHead(302, { Location: '/login' }).end();

  test('and sends them to its own sign-in, which is ours, is told to the person and to the operator', async (t) => {
    const old = await app(t, back);
    const world = await makeWorld(t, { config: (base) => ({ ...base, upstreams: { ...base.upstreams, old } }), routes: [
      { path: '/login', action: 'sign_in' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'old' },
    ] });
    const user = await world.signIn();
    const page = await user.navigate(`${ORIGIN}/`, { limit: 16 });
    assert.equal(page.status, 400, page.text.slice(0, 300));
    for (const words of [/sent_back/, /Route #3 \/\* tells its app who it is in these fields: X-Forwarded-User, /, /This leads here: #1 \/login \(action: sign_in\)/]) assert.match(page.text, words);
    const line = await world.proxy.waitLog(({ msg }) => msg === 'sign-in loop stopped');
    assert.deepEqual([line.cause, line.id, line.level], ['sent_back', page.fields.get('x-request-id'), 'warning']);
    assert.match(line.evidence, /5 times within \d+ s .*X-Forwarded-User/);
    assert.equal((await user.navigate(`${ORIGIN}/`, { limit: 16 })).status, 400, 'and again, from the beginning');
    assert.equal(user.sessionCookies(HOST) !== '', true, 'nobody is signed out by it');
  });

  test('while another proxy asks without the cookie', async (t) => {
    const world = await makeWorld(t, { config: { forward_auth: { enabled: true, oauth2_proxy: true }, trusted_proxies: ['127.0.0.1'] }, routes: [{ path: '/private/*', upstream: 'app' }, { path: '/*' }] });
    const user = await world.signIn();
    let page;
    for (let round = 0; round < 5; ++round) page = await user.fetch(`${ORIGIN}/oauth2/start?rd=%2Fwiki`); // each time as a refused check sends them
    assert.equal(page.status, 400);
    assert.match(page.text, /Route #2 \/\* has no app here: another proxy asks before it, and must send us the browser(&#39;|')s Cookie field/);
  });

  test('once, and then does, stops nobody, nor do the cookies of this reach it', async (t) => {
    const seen = [];
    const old = await app(t, (request, response) => {
      seen.push(request.headers.cookie ?? '');
      if (/app=1/.test(request.headers.cookie ?? '')) return response.end('in');
      return response.writeHead(302, { Location: '/login', 'Set-Cookie': 'app=1; Path=/' }).end();
    });
    const world = await makeWorld(t, { config: (base) => ({ ...base, upstreams: { ...base.upstreams, old } }), routes: [
      { path: '/login', action: 'sign_in' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'old' },
    ] });
    const user = await world.signIn();
    for (let round = 0; round < 4; ++round) {
      assert.equal((await user.navigate(`${ORIGIN}/`)).status, 200);
      user.jar.get(HOST).delete('app');
    }
    assert.ok(seen.length > 4);
    assert.deepEqual(seen.filter((cookie) => /logto/.test(cookie)), []);
  });
});

describe("another browser's callback", () => {
  // A stranger without cookies starts a sign-in and calls back; the address of the last callback is what they hand on.
  async function prepared(world) {
    const stranger = odd(world, { keeps: () => false });
    const isCallback = (url) => url.hostname === HOST && url.pathname === '/_auth/callback';
    const first = await stranger.navigate(TARGET, { stop: isCallback });
    const second = await stranger.fetch(first.next);
    return (await stranger.navigate(second.next, { stop: isCallback })).next;
  }
  const VICTIMS = {
    'somebody who has never been here': (world) => world.user(),
    'somebody whose own sign-in is under way': async (world) => { const user = world.user(); await user.fetch(TARGET); return user; },
    'somebody with the marker of a sign-in that has just succeeded': async (world) => {
      const user = world.user();
      await user.navigate(TARGET, { stop: (url) => url.href === TARGET });
      user.jar.get(HOST).delete('logto_session');
      return user;
    },
  };
  for (const [who, make] of Object.entries(VICTIMS)) {
    test(`D21 ${who} is not told that signing in goes round in circles`, async (t) => {
      const world = await makeWorld(t);
      const user = await make(world);
      const page = await user.fetch(await prepared(world));
      assert.equal(page.status, 400);
      assert.doesNotMatch(page.text, /does not get through|What we saw|does not last/);
      assert.match(page.text, /begun in another browser/);
      assert.match(page.text, /href="\/_auth\/sign-in/, 'and how to go on');
      assert.equal((await user.navigate(TARGET)).url, TARGET);
    });
  }
});

describe('what the operator can have done', () => {
  test('a Secure cookie where browsers come by plain http', async (t) => {
    const world = await makeWorld(t, { config: { external_urls: [`https://${HOST}`] } });
    for (const keeps of [(line) => !/; *secure/i.test(line), (line) => !isSession(nameOf(line))]) {
      await assertStopped(world, odd(world, { keeps, headers: { 'X-Forwarded-Proto': 'http' } }), 'insecure_cookie', { target: `https://${HOST}/private/x` });
    }
  });

  test('replicas with different secrets, each request to the next one', async (t) => {
    const world = await twoProxies(t, {}, { session: { secret: freshSecret() } });
    const both = [world.proxy, world.second];
    const user = odd(world, { portOf: (_url, count) => both[count % 2].port });
    await assertStopped(world, user, 'different_secrets', { at: both });
  });

  test('replicas with different secrets, of which one gets the callbacks and the other the rest', async (t) => {
    const world = await twoProxies(t, {}, { session: { secret: freshSecret() } });
    const both = [world.proxy, world.second];
    let last = world.proxy;
    // A sticky balancer that forgets: sign-in and callback on one, the target on the other.
    const user = odd(world, { portOf: (url) => {
      if (!url.pathname.startsWith('/_auth/')) last = last === world.proxy ? world.second : world.proxy;
      return last.port;
    } });
    const page = await assertStopped(world, user, 'different_secrets', { most: 3, at: both });
    const fingerprints = page.text.match(/\b[0-9a-f]{8}\b/g) ?? [];
    assert.ok(new Set(fingerprints).size >= 2, 'the two fingerprints');
  });

  test('replicas with the same secret in another order are none', async (t) => {
    const [one, two] = [freshSecret(), freshSecret()];
    const world = await twoProxies(t, { config: { session: { secret: [one, two] } } }, { session: { secret: [two, one] } });
    const both = [world.proxy, world.second];
    const user = odd(world, { portOf: (_url, count) => both[count % 2].port });
    for (let round = 0; round < 4; ++round) assert.equal((await user.navigate(`${TARGET}&round=${round}`)).status, 200);
  });

  test('a secret that is replaced by a signal in one replica alone', async (t) => {
    const world = await twoProxies(t);
    const both = [world.proxy, world.second];
    const alternating = () => odd(world, { portOf: (_url, count) => both[count % 2].port });
    assert.equal((await alternating().navigate(TARGET)).status, 200);
    const { second } = world;
    fs.writeFileSync(second.file, JSON.stringify({ ...second.config, session: { ...second.config.session, secret: freshSecret() } }));
    second.signal('SIGHUP');
    await second.waitLog(({ msg }) => /^secrets re-read/.test(msg));
    await assertStopped(world, alternating(), 'different_secrets', { at: both });
  });

  test('a session cookie that browsers hide behind an older one: silent checks end, and the user goes on', async (t) => {
    const world = await makeWorld(t, { clock: true, config: { session: { revalidate: '1s' } } });
    const user = odd(world);
    assert.equal((await user.navigate(TARGET)).status, 200);
    user.keeps = (line) => !isSession(nameOf(line));
    await world.clock.pass(1600);
    const before = visits(world);
    assert.equal((await user.navigate(TARGET)).status, 200);
    assert.equal(visits(world) - before, 2);
    await world.proxy.waitLog(({ msg }) => /came back as it was/.test(msg));
  });

  const skip = CLOCK_IS_MOVABLE ? false : 'this binary has no movable clock';
  if (skip) console.error(`SKIP: replicas whose clocks differ: ${skip}`);
  test('replicas whose clocks differ by more than a session lasts', { skip }, async (t) => {
    const world = await makeWorld(t, { config: { session: { idle_timeout: '1h', max_lifetime: '1h' } } });
    const fast = new Clock();
    await fast.advance(2 * 3_600_000);
    const ahead = await Proxy.start(world.config, { env: fast.env });
    world.others.push(ahead);
    // Tokens are judged by the one whose clock is right.
    const user = odd(world, { portOf: (url) => (url.pathname.startsWith('/_auth/') ? world.proxy : ahead).port });
    await assertStopped(world, user, 'clock_skew', { at: [world.proxy, ahead], most: 3 });
  });
});

describe('no false alarm', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope); });

  test('ten tabs of one target that are restored at once', async () => {
    const user = world.user();
    const starts = await Promise.all(Array.from({ length: 10 }, () => user.fetch(TARGET)));
    assert.deepEqual(new Set(starts.map(({ status }) => status)), new Set([303]));
    const pages = await Promise.all(starts.map(({ next }) => user.navigate(next)));
    for (const page of pages) assert.ok(page.status === 200 && page.url === TARGET, `${page.status} ${page.url} ${page.text.slice(0, 200)}`);
    assert.equal((await user.fetch(TARGET)).status, 200);
  });

  test('ten tabs one after the other, each before the last came back', async () => {
    const user = world.user();
    const starts = [];
    for (let count = 0; count < 10; ++count) starts.push(await user.fetch(TARGET));
    for (const { next } of starts) assert.equal((await user.navigate(next)).status, 200);
  });

  test('somebody who signs out and in ten times within seconds', async () => {
    const user = world.user();
    for (let round = 0; round < 10; ++round) {
      assert.equal((await user.navigate(TARGET)).status, 200, `round ${round}`);
      await user.fetch(`${ORIGIN}/_auth/sign-out`, { headers: { 'Sec-Fetch-Site': 'same-origin' } });
    }
  });

  test('somebody who clears all cookies ten times, or uses ten private windows', async () => {
    for (let round = 0; round < 10; ++round) assert.equal((await world.user().navigate(TARGET)).status, 200);
  });

  test('somebody who deletes the session cookie alone, once, and somebody who starts and gives up', async () => {
    const user = world.user();
    assert.equal((await user.navigate(TARGET)).status, 200);
    user.jar.get(HOST).delete('logto_session');
    assert.equal((await user.navigate(TARGET)).status, 200);
    const other = world.user();
    for (let count = 0; count < 8; ++count) assert.equal((await other.fetch(TARGET)).status, 303, 'the back button, eight times');
    assert.equal((await other.navigate(TARGET)).status, 200);
  });

  test('different targets in a row', async () => {
    const user = odd(world, { keeps: (line) => !isSession(nameOf(line)) });
    for (const path of ['/private/a', '/private/b', '/private/c', '/private/d']) {
      const start = await user.fetch(ORIGIN + path);
      assert.equal(start.status, 303, path);
      assert.equal((await user.navigate(start.next, { stop: (url) => url.hostname === HOST && url.pathname === path })).status, 303);
    }
  });
});
