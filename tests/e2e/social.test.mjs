// Social accounts for apps: claims of them in headers and rules, and the page that asks how to sign in.
// Release too: a browser.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { decodeHtml } from './lib/browser_user.mjs';
import * as chromium from './lib/chromium.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { freePort, freshSecret, run, writeConfig } from './lib/proxy.mjs';
import { FETCH } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

const HEADERS = {
  'X-LinkedIn-Id': 'identities.linkedin.userId', 'X-LinkedIn-Email': 'identities.linkedin.details.email', 'X-Patreon-Id': 'identities.patreon.userId',
  'X-LinkedIn-Verified': 'identities.linkedin.details.rawData.email_verified', 'X-LinkedIn-All': 'identities.linkedin.details',
};
const ROUTES = [
  { path: '/plain/*', upstream: 'app', identity_headers: { 'X-User': 'sub' } },
  { path: '/acme/*', require: { claims: { 'identities.linkedin.details.rawData.locale': 'en-US' } }, upstream: 'app' },
  { path: '/linked/*', require: { claims: { 'identities.patreon': { exists: true } } }, upstream: 'app' },
  { path: '/chosen/*', sign_in: { choose: true }, upstream: 'app' },
  { path: '/straight/*', sign_in: { with: 'social:linkedin' }, upstream: 'app' },
  { path: '/*', upstream: 'app' },
];

async function socialWorld(scope, { op: options = {}, config = {}, routes = ROUTES } = {}) {
  const op = await DevelopmentOp.start({ redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`], always_issue_refresh_token: true, ...options });
  return makeWorld(scope, { op, routes, config: { identity_headers: HEADERS, ...config } });
}
const links = (page) => [...page.text.matchAll(/<li><a href="([^"]*)">(.*?)<\/a><\/li>/gs)].map(([, href, inner]) => ({ href: decodeHtml(href), label: decodeHtml(inner.replace(/<[^>]*>/g, '')), inner }));
const authRequests = async (op) => (await op.requests()).filter(({ endpoint }) => endpoint === 'auth');
const lastAuth = async (op) => new URLSearchParams((await authRequests(op)).at(-1).query);
const viaLinkedIn = async (world, path = '/x') => {
  const user = world.user();
  const answer = await user.navigate(`${ORIGIN}/_auth/sign-in?with=social:linkedin&return_to=${encodeURIComponent(path)}`);
  return { user, answer };
};

describe('claims of social accounts', () => {
  const scope = suite(after);
  let world;
  before(async () => { world = await socialWorld(scope, { op: { auto_sign_in: 'alice' } }); });
  beforeEach(() => world.recorder.reset());

  test('a header names one, and the scope is asked for and userinfo fetched', async () => {
    const { answer } = await viaLinkedIn(world);
    assert.equal(answer.status, 200, answer.text.slice(0, 400));
    assert.match((await lastAuth(world.op)).get('scope'), /(^| )identities( |$)/);
    assert.equal(seenHeader(answer, 'x-linkedin-id'), '782bbtaQ');
    assert.equal(seenHeader(answer, 'x-linkedin-email'), 'lin@example.test');
    assert.equal(seenHeader(answer, 'x-linkedin-verified'), 'true');
    assert.equal(seenHeader(answer, 'x-patreon-id'), undefined, 'no such account');
    assert.equal(seenHeader(answer, 'x-linkedin-all'), undefined, 'an object is no header');
    assert.ok((await world.op.stats()).total.me > 0, 'the ID token lacks it');
  });

  test('the session keeps the parts that are named, and no profile', async () => {
    const { user } = await viaLinkedIn(world);
    const me = JSON.parse((await user.fetch(`${ORIGIN}/_auth/me`, { headers: FETCH })).text);
    assert.deepEqual(me.identities, ['linkedin']);
    assert.equal(me['identities.linkedin.userId'], '782bbtaQ');
    assert.deepEqual(me['identities.linkedin.details'], {}, 'that it is there');
    assert.ok(!JSON.stringify(me).includes('rawData":'), JSON.stringify(me));
    assert.ok(user.sessionCookies(HOST).length < 1800, `${user.sessionCookies(HOST).length} bytes of cookies`);
  });

  test('a header alone is reason enough to ask for the scope, and check says so', async () => {
    const file = writeConfig({ external_urls: [ORIGIN], logto: { endpoint: 'https://logto.test', app_id: 'app', app_secret: 'app-secret-of-the-tests' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:9' }, identity_headers: HEADERS, routes: [{ path: '/*', upstream: 'app' }] });
    const { code, stdout, stderr } = await run(['check', '--print-config', '--config', file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /scopes:.*identities|scopes:(\n +- .*)*\n +- identities/);
    assert.match(stdout + stderr, /identity_headers\.X-[A-Za-z-]+: this header needs the scope 'identities'/);
  });

  const RULES = [['/acme/x', 200, 'a value of the profile'], ['/linked/x', 403, 'an account that is not there']];
  for (const [path, status, what] of RULES) {
    test(`a rule on ${what} is ${status}`, async () => {
      const { user } = await viaLinkedIn(world);
      assert.equal((await user.fetch(ORIGIN + path)).status, status);
    });
  }

  test('what a client says of social accounts reaches no app, in any spelling', async () => {
    const { user } = await viaLinkedIn(world);
    for (const name of ['X-Patreon-Id', 'X_Patreon_Id', 'x.patreon.id']) {
      const answer = await user.fetch(`${ORIGIN}/plain/x`, { headers: { ...FETCH, [name]: 'forged' } });
      assert.ok(answer.status === 400 || !/forged/.test(answer.text), `${name}: ${answer.text.slice(0, 200)}`);
    }
  });

  const NULLS = [['no accounts', {}], ['a null account', { linkedin: null }], ['an account without details', { linkedin: { userId: 'li-1', details: null } }], ['nulls inside', { linkedin: { userId: null, details: { email: null } } }]];
  for (const [what, identities] of NULLS) {
    test(`${what}: the person signs in, and the header is not there`, async () => {
      await world.op.control({ user: { username: 'bob', identities }, next_login: 'bob' });
      const answer = await world.user().navigate(`${ORIGIN}/x`);
      assert.equal(answer.status, 200, answer.text.slice(0, 400));
      assert.equal(seenHeader(answer, 'x-linkedin-email'), undefined);
      assert.equal(seenHeader(answer, 'x-linkedin-id'), identities.linkedin?.userId ?? undefined);
    });
  }
});

describe('the page that asks how', () => {
  const scope = suite(after);
  let world;
  before(async () => { world = await socialWorld(scope, { config: { logto: { sign_in: { allow_parameters: ['login_hint', 'ui_locales', 'one_time_token', 'first_screen'] } } } }); });

  test('one button for each connector in Logto\'s order, and one for its first screen', async () => {
    const page = await world.user().fetch(`${ORIGIN}/_auth/sign-in?choose=1&return_to=/x%3Fa%3D1`);
    assert.equal(page.status, 200);
    assert.deepEqual(links(page).map(({ label, href }) => [label, href]), [
      ['Continue with LinkedIn', '/_auth/sign-in?with=social%3Alinkedin&return_to=%2Fx%3Fa%3D1'],
      ['Continue with Patreon', '/_auth/sign-in?with=social%3Apatreon&return_to=%2Fx%3Fa%3D1'],
      ['Continue with username', '/_auth/sign-in?choose=0&return_to=%2Fx%3Fa%3D1'],
    ]);
    assert.match(page.fields.get('content-security-policy'), /img-src data:;?/);
    assert.ok(!/script/.test(page.fields.get('content-security-policy')) && !/<script/.test(page.text));
    assert.match(links(page)[1].inner, /<source media="\(prefers-color-scheme:dark\)" srcset="data:image\/svg\+xml;base64,[^" ]+"><img class="" alt="" src="data:/);
    assert.equal(page.fields.get('cache-control'), 'no-store');
    assert.equal(page.fields.get('set-cookie'), undefined, 'no attempt begins before somebody has chosen');
  });

  test('in Japanese', async () => {
    const page = await world.user().fetch(`${ORIGIN}/_auth/sign-in?choose=1`, { headers: { 'Accept-Language': 'ja' } });
    assert.match(page.text, /<html lang="ja"/);
    assert.deepEqual(links(page).map(({ label }) => label), ['LinkedInで続ける', 'Patreonで続ける', 'ユーザー名で続ける']);
  });

  test('a button goes to its connector and comes back to where the person was', async () => {
    const user = world.user();
    const page = await user.fetch(`${ORIGIN}/_auth/sign-in?choose=1&return_to=/deep/page%3Fq%3D%25C3%25A9`);
    const answer = await user.navigate(ORIGIN + links(page)[1].href, { stop: (url) => url.pathname.startsWith('/__patreon/') });
    assert.equal((await lastAuth(world.op)).get('direct_sign_in'), 'social:patreon');
    assert.match(answer.next, /\/__patreon\/oauth2\/authorize\?/);
  });

  test('the button without a connector goes to the first screen, whatever the route is configured with', async () => {
    for (const route of [ROUTES.findIndex(({ path }) => path === '/straight/*') + 1, ROUTES.findIndex(({ path }) => path === '/chosen/*') + 1]) {
      const user = world.user();
      const page = await user.fetch(`${ORIGIN}/_auth/sign-in?choose=1&route=${route}&return_to=/x`);
      const { href } = links(page).at(-1);
      const answer = await user.fetch(ORIGIN + href);
      assert.match(answer.next, /\/oidc\/auth\?/, href);
      assert.equal(new URL(answer.next).searchParams.get('direct_sign_in'), null);
    }
  });

  test('vetted parameters go along, others do not, and a place that is not ours is none', async () => {
    const page = await world.user().fetch(`${ORIGIN}/_auth/sign-in?choose=1&prompt=login&login_hint=a%40b.test&ui_locales=ja&scope=evil&return_to=https://evil.test/x`);
    for (const { href } of links(page)) {
      const query = new URL(href, ORIGIN).searchParams;
      assert.deepEqual([query.get('login_hint'), query.get('ui_locales'), query.get('prompt'), query.get('scope'), query.get('return_to')], ['a@b.test', 'ja', 'login', null, '/']);
    }
  });

  const STRAIGHT = [
    ['with=social:linkedin&choose=1', 'social:linkedin'], ['choose=0', null], ['', null], ['choose=1&one_time_token=abc&login_hint=alice@example.test', null],
  ];
  for (const [query, direct] of STRAIGHT) {
    test(`?${query} goes to Logto`, async () => {
      const answer = await world.user().fetch(`${ORIGIN}/_auth/sign-in?${query}`);
      assert.equal(answer.status, 303);
      assert.equal(new URL(answer.next).searchParams.get('direct_sign_in'), direct);
    });
  }

  for (const query of ['choose=2', 'choose=1&choose=1', 'choose=']) {
    test(`?${query} is refused`, async () => assert.equal((await world.user().fetch(`${ORIGIN}/_auth/sign-in?${query}`)).status, 400));
  }

  test('a route with choose sends a visitor to the page, and a script gets its 401', async () => {
    const user = world.user();
    const first = await user.fetch(`${ORIGIN}/chosen/a?b=c`);
    assert.equal(first.status, 303);
    assert.equal(first.next, `${ORIGIN}/_auth/sign-in?route=4&return_to=%2Fchosen%2Fa%3Fb%3Dc`);
    const page = await user.fetch(first.next);
    assert.equal(links(page).length, 3);
    assert.equal((await user.fetch(`${ORIGIN}/chosen/a`, { headers: FETCH })).status, 401);
    await world.op.control({ next_login: 'alice' });
    const answer = await user.navigate(ORIGIN + links(page).at(-1).href);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(JSON.parse(answer.text).target, '/chosen/a?b=c');
    assert.equal((await user.fetch(`${ORIGIN}/_auth/sign-in?choose=1&return_to=/y`)).next, `${ORIGIN}/y`, 'who is signed in has nothing to choose');
  });

  test('many visitors are one call to Logto', async () => {
    await world.op.control({ clear_requests: true });
    await Promise.all(Array.from({ length: 20 }, () => world.user().fetch(`${ORIGIN}/_auth/sign-in?choose=1`)));
    assert.ok(((await world.op.stats()).total.sign_in_exp ?? 0) <= 1);
  });
});

// What the page makes of what Logto says: [name, laid over the experience, labels].
const LABELS = ['Continue with LinkedIn', 'Continue with Patreon'];
const EXPERIENCES = [
  ['mail, phone and user name', { signIn: { methods: [{ identifier: 'username' }, { identifier: 'phone' }, { identifier: 'email' }] } }, [...LABELS, 'Continue with e-mail or phone number or username']],
  ['social only', { signIn: { methods: [] } }, LABELS],
  ['nothing at all', { signIn: { methods: [] }, socialConnectors: [] }, ['Sign in']],
  ['an error', { status: 500 }, ['Sign in']],
  ['other shapes', { signIn: 3, socialConnectors: 'none' }, ['Sign in']],
  ['strange connectors', { socialConnectors: [null, 7, {}, { target: 'a"b' }, { target: 'x\r\ny' }, { target: 'ok', name: { en: '<b>Ok</b>' } }, { target: 'ok', name: 'twice' }, { target: 'phone-app', platform: 'Native' }, { target: 'gitlab', name: { en: 3 } }] }, ['Continue with <b>Ok</b>', 'Continue with GitLab', 'Continue with username']],
  ['pictures of elsewhere', { socialConnectors: [{ target: 'far', name: 'Far', logo: 'https://cdn.test/x.svg' }, { target: 'bad', name: 'Bad', logo: 'data:image/svg+xml;base64,AA" onload="x' }, { target: 'js', name: 'Js', logo: 'data:text/html;base64,AAAA' }] }, ['Continue with Far', 'Continue with Bad', 'Continue with Js', 'Continue with username']],
];
describe('what Logto says of its ways', { concurrency: 4 }, () => {
  for (const [what, experience, labels] of EXPERIENCES) {
    test(what, async (t) => {
      const world = await socialWorld(t, { op: { sign_in_experience: experience } });
      const page = await world.user().fetch(`${ORIGIN}/_auth/sign-in?choose=1`);
      assert.equal(page.status, 200);
      assert.deepEqual(links(page).map(({ label }) => label), labels);
      assert.ok(!/cdn\.test|onload="|text\/html;base64|<b>/.test(page.text));
      if (labels.length === 1) assert.match((await world.user().fetch(ORIGIN + links(page)[0].href)).next, /\/oidc\/auth\?/);
    });
  }
});

async function openOn(browser, url, { scheme = 'light', width = 1000, locale = 'en-US' } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 }, locale });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  await page.goto(url);
  return { context, page, problems };
}

describe('in a browser', { skip: missing ?? false }, () => {
  const scope = suite(after);
  let browser;
  let origin;
  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    const op = await DevelopmentOp.start({ redirect_uris: [`${origin}/_auth/callback`] });
    await makeWorld(scope, { op, routes: [{ path: '/*', sign_in: { choose: true }, upstream: 'app' }], config: { external_urls: [origin], listen: `127.0.0.1:${port}` } });
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  const LOOKS = [['light', 'light', 1000, 'en-US'], ['dark', 'dark', 1000, 'en-US'], ['phone', 'light', 360, 'en-US'], ['phone-dark-ja', 'dark', 360, 'ja-JP'], ['ja', 'light', 1000, 'ja-JP']];
  for (const [name, scheme, width, locale] of LOOKS) {
    test(`the chooser: ${name}`, async () => {
      const { context, page, problems } = await openOn(browser, `${origin}/some/page`, { scheme, width, locale });
      assert.equal(new URL(page.url()).pathname, '/_auth/sign-in');
      assert.deepEqual(problems, [], 'nothing is against our own policy');
      const box = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, inner: window.innerWidth, pictures: [...document.images].map((one) => one.naturalWidth > 0) }));
      assert.ok(box.wide <= box.inner, `${box.wide} > ${box.inner}`);
      assert.deepEqual(box.pictures, [true, true]);
      await chromium.screenshot(page, `chooser-${name}`);
      await context.close();
    });
  }

  test('a person goes through LinkedIn with keys alone', async () => {
    const { context, page } = await openOn(browser, `${origin}/some/page?x=1#part`);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Continue with LinkedIn');
    await page.keyboard.press('Enter');
    await page.waitForURL(/__linkedin/);
    await context.close();
  });
});
