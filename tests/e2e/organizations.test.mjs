// Routes for the members of an organization: who passes, what the app is told, what strangers read, and how a person changes
// from one to another.
// Release too: a browser.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BrowserUser, decodeHtml } from './lib/browser_user.mjs';
import * as chromium from './lib/chromium.mjs';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { FETCH, RawClient } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

const ACME = 'rvsdxgj6esgo', GLOBEX = 'k2mx81qpz7aa', INITECH = 'zz9plural4z5';
const ORGANIZATIONS = [{ id: ACME, name: 'Acme', description: 'Acme Inc.' }, { id: GLOBEX, name: 'グローベックス <Ltd>', description: null }];
const HEADER = 'x-forwarded-organization';
const ROUTES = [
  { path: '/o/*', organization: 'from_path', upstream: 'app' },
  { path: '/owners/*', organization: 'from_path', require: { organization_roles: ['owner'] }, upstream: 'app' },
  { path: '/acme/*', organization: ACME, upstream: 'app', identity_headers: { 'X-Tenant': { organization: true } } },
  { path: '/initech/*', organization: INITECH, upstream: 'app' },
  { path: '/shadow/*', organization: 'from_path', shadow: true, upstream: 'app' },
  { path: '/kept/*', organization: 'from_path', encoded_slash: 'keep', upstream: 'app' },
  { path: '/*', upstream: 'app' },
];
const redirects = { redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`], always_issue_refresh_token: true };
const members = (organizations, organizationRoles = [`${ACME}:owner`, `${GLOBEX}:guest`]) => ({ user: { username: 'alice', organizations, organizationRoles } });

async function organizationWorld(scope, options = {}) {
  const op = await DevelopmentOp.start({ ...redirects, auto_sign_in: 'alice', ...options.op });
  await op.control(members(ORGANIZATIONS));
  return makeWorld(scope, { routes: ROUTES, ...options, op });
}
const signedIn = async (world, path = '/') => {
  const user = world.user();
  const answer = await user.navigate(ORIGIN + path);
  assert.equal(answer.status, 200, answer.text.slice(0, 400));
  return user;
};
const links = (page) => [...page.text.matchAll(/<li><a href="([^"]*)">(.*?)<\/a><\/li>/gs)].map(([, href, inner]) => [decodeHtml(href), decodeHtml(inner.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim()]);

describe('members and strangers', () => {
  const scope = suite(after);
  let world;
  let user;
  before(async () => {
    world = await organizationWorld(scope);
    user = await signedIn(world);
  });
  beforeEach(() => world.recorder.reset());

  test('the scope is asked for without a word in the configuration, and no resource', async () => {
    const query = new URLSearchParams((await world.op.requests()).find(({ endpoint }) => endpoint === 'auth').query);
    assert.match(query.get('scope'), /(^| )urn:logto:scope:organizations( |$)/);
    assert.equal(query.get('resource'), null);
  });

  const PASSES = [[`/o/${ACME}/x`, ACME], [`/o/${GLOBEX}`, GLOBEX], [`/owners/${ACME}/x`, ACME], [`/shadow/${ACME}/x`, ACME]];
  for (const [path, id] of PASSES) {
    test(`${path}: the app is told ${id}`, async () => {
      const answer = await user.fetch(ORIGIN + path, { headers: FETCH });
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      assert.equal(seenHeader(answer, HEADER), id);
    });
  }

  test('one session, one organization after the other: no app is told of the other one', async () => {
    for (const id of [ACME, GLOBEX, ACME, GLOBEX]) assert.equal(seenHeader(await user.fetch(`${ORIGIN}/o/${id}/x`, { headers: FETCH }), HEADER), id);
  });

  test('under a name of the app\'s own', async () => {
    const answer = await user.fetch(`${ORIGIN}/acme/x`, { headers: FETCH });
    assert.equal(seenHeader(answer, 'x-tenant'), ACME);
    assert.equal(seenHeader(answer, HEADER), undefined);
  });

  test('other routes\' apps are told none, and no client tells any', async () => {
    for (const path of ['/x', `/o/${ACME}/x`, `/shadow/${INITECH}/x`]) {
      for (const name of ['X-Forwarded-Organization', 'X_Forwarded_Organization', 'x-forwarded_organization', 'X-Tenant']) {
        const answer = await user.fetch(ORIGIN + path, { headers: { ...FETCH, [name]: INITECH } });
        if (answer.status === 400) continue;
        const told = JSON.parse(answer.text).headers.filter(([, value]) => value === INITECH);
        assert.deepEqual(told, [], `${path} ${name}`);
      }
    }
  });

  const REFUSED = [
    [`/o/${INITECH}/x`, 403], ['/initech/x', 403], [`/owners/${GLOBEX}/x`, 403], ['/o/', 404], ['/o', 404], ['/o/a.b/x', 404], [`/o/${ACME}%00/x`, 400], [`/o/${ACME}%20/x`, 404], [`/o/${ACME.toUpperCase()}/x`, 403],
    ['/o/from_path/x', 403],
  ];
  for (const [path, status] of REFUSED) {
    test(`${path} is ${status}`, async () => {
      const answer = await user.fetch(ORIGIN + path, { headers: FETCH });
      assert.equal(answer.status, status, answer.text.slice(0, 300));
      assert.equal(world.recorder.requests.length, 0);
    });
  }

  // As apps read them that cut parameters, decode twice, or take an escape for a slash: never the other organization's.
  const READINGS = [`/o/${ACME}/..;/${INITECH}/x`, `/o/${ACME}/..%2f${INITECH}/x`, `/kept/${ACME}/..%2f${INITECH}/x`, `/kept/${ACME}/..%5c${INITECH}/x`, `/o/${ACME}/%2e%2e/${INITECH}/x`, `/o/${ACME};/../${INITECH}`, `//o/${ACME}/../${INITECH}/x`, `/o/./${INITECH}`, `/O/${INITECH}/x`, `/o/${ACME}/%252e%252e/${INITECH}/x`, `/o/${ACME}%2f..%2f${INITECH}/x`];
  for (const target of READINGS) {
    test(`${target} reaches no app as ${INITECH}`, async () => {
      const client = await RawClient.connect(world.port);
      await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nCookie: ${user.sessionCookies(HOST)}\r\n\r\n`));
      const { status } = await client.response();
      client.destroy();
      const seen = world.recorder.requests.map((one) => [one.target, one.headers.find(([name]) => name.toLowerCase() === HEADER)?.[1]]);
      assert.ok(status >= 400 || seen.every(([sent]) => !sent.startsWith('/o/') && !sent.startsWith('/kept/')), `${status} ${JSON.stringify(seen)}`);
    });
  }

  test('a stranger reads which organization it is, and where theirs are', async () => {
    const page = await user.fetch(`${ORIGIN}/o/${INITECH}/x`);
    assert.equal(page.status, 403);
    assert.match(page.text, new RegExp(`membership of the organization <strong>${INITECH}</strong>`));
    assert.match(page.text, /<a class="button" href="\/_auth\/organizations\?route=1">Choose another organization<\/a>/);
    const json = JSON.parse((await user.fetch(`${ORIGIN}/o/${INITECH}/x`, { headers: FETCH })).text);
    assert.deepEqual([json.missing, json.organization, json.organizations_url], [['membership of the organization in the address'], INITECH, `${ORIGIN}/_auth/organizations?route=1`]);
    const ja = await user.fetch(`${ORIGIN}/o/${INITECH}/x`, { headers: { 'Accept-Language': 'ja' } });
    assert.match(ja.text, new RegExp(`組織 <strong>${INITECH}</strong> への所属`));
  });

  test('who lacks only the role is not told to choose another organization', async () => {
    const page = await user.fetch(`${ORIGIN}/owners/${GLOBEX}/x`);
    assert.ok(!page.text.includes('_auth/organizations'));
    assert.match(page.text, /organization role/);
  });

  test('the switcher: names of Logto, ids beside them, and where each begins', async () => {
    const page = await user.fetch(`${ORIGIN}/_auth/organizations?route=1`);
    assert.equal(page.status, 200);
    assert.deepEqual(links(page), [[`${ORIGIN}/o/${ACME}/`, `A Acme ${ACME}`], [`${ORIGIN}/o/${GLOBEX}/`, `グ グローベックス <Ltd> ${GLOBEX}`]]);
    assert.deepEqual(links(await user.fetch(`${ORIGIN}/_auth/organizations?route=2`)).map(([href]) => href), [`${ORIGIN}/owners/${ACME}/`, `${ORIGIN}/owners/${GLOBEX}/`]);
    assert.deepEqual(links(await user.fetch(`${ORIGIN}/_auth/organizations?route=3`)).map(([href]) => href), [`${ORIGIN}/acme/`, `${ORIGIN}/o/${GLOBEX}/`]);
    assert.equal((await user.fetch(links(page)[1][0])).status, 200);
  });

  test('who is signed out signs in for the switcher and comes back to it', async () => {
    const page = await world.user().navigate(`${ORIGIN}/_auth/organizations`);
    assert.equal(new URL(page.url).pathname, '/_auth/organizations');
    assert.equal(links(page).length, 2);
    assert.equal((await world.user().fetch(`${ORIGIN}/_auth/organizations`, { headers: FETCH })).status, 401);
  });

  test('who belongs to none is told so, and userinfo is asked for nothing', async () => {
    await world.op.control({ next_login: 'bob', clear_requests: true });
    const bob = await signedIn(world, '/');
    assert.equal((await world.op.stats()).total.me ?? 0, 0, 'without a membership there is nothing to name');
    assert.match((await bob.fetch(`${ORIGIN}/_auth/organizations`)).text, /belongs to no organization/);
    assert.equal((await bob.fetch(`${ORIGIN}/o/${ACME}/x`)).status, 403);
  });

  test('the account page leads there', async () => assert.match((await user.fetch(`${ORIGIN}/_auth/`)).text, /href="\/_auth\/organizations"/));
});

const pass = async (world, ms) => {
  await world.clock.advance(ms);
  await world.op.control({ clock_offset_ms: world.clock.offset });
};

describe('what changes at Logto', { skip: CLOCK_IS_MOVABLE ? false : 'this binary has no movable clock' }, () => {
  test('a fresh member is let in after a minute at most, without a sign-in', async (t) => {
    const world = await organizationWorld(t, { clock: true });
    const user = await signedIn(world);
    assert.equal((await user.fetch(`${ORIGIN}/o/${INITECH}/x`)).status, 403);
    await world.op.control({ ...members([...ORGANIZATIONS, { id: INITECH, name: 'Initech', description: null }]), clear_requests: true });
    assert.equal((await user.fetch(`${ORIGIN}/o/${INITECH}/x`)).status, 403, 'Logto has just been asked');
    assert.equal((await world.op.stats()).total.token ?? 0, 0);
    await pass(world, 61_000);
    const answer = await user.fetch(`${ORIGIN}/o/${INITECH}/x`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(seenHeader(answer, HEADER), INITECH);
    assert.equal((await world.op.stats()).total.token, 1);
  });

  test('a stranger who asks again and again is one refresh a minute', async (t) => {
    const world = await organizationWorld(t, { clock: true });
    const user = await signedIn(world);
    await world.op.control({ clear_requests: true });
    await pass(world, 61_000);
    for (let i = 0; i < 10; ++i) assert.equal((await user.fetch(`${ORIGIN}/o/${INITECH}/x`)).status, 403);
    assert.equal((await world.op.stats()).total.token, 1);
  });

  test('who has left is out with the next refresh', async (t) => {
    const world = await organizationWorld(t, { clock: true });
    const user = await signedIn(world);
    assert.equal((await user.fetch(`${ORIGIN}/o/${ACME}/x`)).status, 200);
    await world.op.control(members([ORGANIZATIONS[1]], []));
    await pass(world, 3_600_000);
    assert.equal((await user.fetch(`${ORIGIN}/o/${ACME}/x`)).status, 403);
  });

  test('the switcher shows a fresh membership', async (t) => {
    const world = await organizationWorld(t, { clock: true });
    const user = await signedIn(world);
    await world.op.control(members([...ORGANIZATIONS, { id: INITECH, name: 'Initech', description: null }]));
    await pass(world, 61_000);
    assert.equal(links(await user.fetch(`${ORIGIN}/_auth/organizations`)).length, 3);
  });
});

describe('organizations by host', () => {
  const scope = suite(after);
  const AUTH = 'http://auth.team.test';
  let world;
  let user;
  before(async () => {
    const op = await DevelopmentOp.start({ redirect_uris: [`${AUTH}/_auth/callback`], auto_sign_in: 'alice' });
    await op.control(members(ORGANIZATIONS));
    world = await makeWorld(scope, { op, routes: [{ host: '*.team.test', path: '/*', organization: 'from_host', upstream: 'app' }], config: (base) => ({
      ...base, external_urls: ['http://*.team.test'], sign_in_url: AUTH, session: { ...base.session, cookie: { domain: 'team.test' } },
    }) });
    user = new BrowserUser(Object.fromEntries(['auth', ACME, GLOBEX, INITECH].map((label) => [`${label}.team.test`, world.port])));
  });

  test('the first label is the organization', async () => {
    const answer = await user.navigate(`http://${ACME}.team.test/x`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(seenHeader(answer, HEADER), ACME);
    assert.equal(seenHeader(await user.fetch(`http://${GLOBEX}.team.test/x`), HEADER), GLOBEX);
    assert.equal((await user.fetch(`http://${INITECH}.team.test/x`)).status, 403);
  });

  test('the switcher leads to their hosts', async () => {
    const page = await user.fetch(`http://${INITECH}.team.test/_auth/organizations`);
    assert.deepEqual(links(page).map(([href]) => href), [`http://${ACME}.team.test/`, `http://${GLOBEX}.team.test/`]);
  });
});

describe('commands say the same', () => {
  const config = (extra = {}) => ({ external_urls: [ORIGIN], logto: { endpoint: 'https://logto.test', app_id: 'app', app_secret: 'app-secret-of-the-tests' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:9' }, routes: ROUTES, ...extra });
  const ask = async (command, rest, extra) => run([command, '--config', writeConfig(config(extra)), ...rest]);
  const who = (organizations) => {
    const file = path.join(temporaryFolder(), 'person.json');
    fs.writeFileSync(file, JSON.stringify({ sub: 'u1', organizations, organization_roles: [`${ACME}:owner`] }));
    return file;
  };

  test('explain', async () => {
    const member = await ask('explain', ['--url', `${ORIGIN}/o/${ACME}/x`, '--as', who([ACME])]);
    assert.match(member.stdout, /verdict +allow/);
    assert.match(member.stdout, new RegExp(`X-Forwarded-Organization: ${ACME}`));
    assert.match(member.stdout, /yes +membership of the organization in the address/);
    const stranger = await ask('explain', ['--url', `${ORIGIN}/o/${INITECH}/x`, '--as', who([ACME])]);
    assert.match(stranger.stdout, new RegExp(`deny: missing: membership of the organization ${INITECH}`));
    assert.match((await ask('explain', ['--url', `${ORIGIN}/o/`, '--as', who([ACME])])).stdout, /not_found: the route is for the members/);
    assert.match((await ask('explain', ['--url', `${ORIGIN}/owners/${ACME}/x`, '--as', who([ACME])])).stdout, /verdict +allow/);
  });

  test('routes, and tests of the configuration', async () => {
    assert.match((await ask('routes', [])).stdout, /membership of the organization in the address/);
    const tests = [
      { url: `${ORIGIN}/o/${ACME}/x`, as: { sub: 'u1', organizations: [ACME] }, expect: 'allow', expect_headers: { 'X-Forwarded-Organization': ACME } },
      { url: `${ORIGIN}/o/${INITECH}/x`, as: { sub: 'u1', organizations: [ACME] }, expect: 'deny' },
      { url: `${ORIGIN}/o/${ACME}/x`, as: { sub: 'u1', organizations: null }, expect: 'deny' },
      { url: `${ORIGIN}/o/`, as: { sub: 'u1', organizations: [ACME] }, expect: 'not_found' },
      { url: `${ORIGIN}/o/${ACME}/x`, expect: 'sign_in' },
    ];
    const checked = await ask('check', [], { tests });
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  });

  const MISTAKES = [
    [{ path: '/o', organization: 'from_path', upstream: 'app' }, /from_path needs a path such as \/o\/\*/],
    [{ path: '/o/*', organization: 'from_host', upstream: 'app' }, /from_host needs a host with a wildcard/],
    [{ path: '/o/*', organization: 'from_path', access: 'public', upstream: 'app' }, /organization.*works with access: signed_in only/],
    [{ path: '/o/*', organization: 'from_path', token: { organization: ACME }, upstream: 'app' }, /is another one than organization of this route/],
    [{ path: '/o/*', organization: 'a/b', upstream: 'app' }, /an organization's id, from_host or from_path/],
    [{ path: '/o/*', require: { organization_roles: ['owner'] }, upstream: 'app' }, /a role without its organization/],
    [{ path: '/o/*', sign_in: { choose: true, with: 'social:linkedin' }, upstream: 'app' }, /choose shows the ways in/],
  ];
  for (const [route, message] of MISTAKES) {
    test(`a mistake: ${message.source.slice(0, 50)}`, async () => {
      const { code, stdout, stderr } = await ask('check', [], { routes: [route] });
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, message);
    });
  }
});

describe('in a browser', { skip: missing ?? false }, () => {
  const scope = suite(after);
  let browser;
  let origin;
  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    const op = await DevelopmentOp.start({ redirect_uris: [`${origin}/_auth/callback`], auto_sign_in: 'alice' });
    await op.control(members([...ORGANIZATIONS, { id: 'hanamaru2026', name: '花丸製作所 東京本社 システム開発部', description: null }, { id: 'nonameatall1', name: 'x'.repeat(400), description: null }]));
    await makeWorld(scope, { op, routes: ROUTES, config: { external_urls: [origin], listen: `127.0.0.1:${port}` } });
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  const LOOKS = [['light', 'light', 1000, 'en-US'], ['dark', 'dark', 1000, 'en-US'], ['phone', 'light', 360, 'en-US'], ['phone-dark-ja', 'dark', 360, 'ja-JP'], ['ja', 'light', 1000, 'ja-JP']];
  for (const [name, colorScheme, width, locale] of LOOKS) {
    test(`the switcher and the refusal: ${name}`, async () => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, locale });
      const page = await context.newPage();
      await page.goto(`${origin}/o/${INITECH}/x`);
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
      assert.ok(await fits());
      await chromium.screenshot(page, `no-member-${name}`);
      await page.locator('.actions a.button').first().click();
      assert.equal(new URL(page.url()).pathname, '/_auth/organizations');
      assert.ok(await fits());
      await chromium.screenshot(page, `organizations-${name}`);
      await page.locator('.apps a').first().click();
      assert.equal(new URL(page.url()).pathname, `/o/${ACME}/`);
      await context.close();
    });
  }
});
