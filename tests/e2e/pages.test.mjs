// A real browser: sign-in by password and by social buttons, our pages in two languages and two colour schemes, no CSP violation.
// Screenshots go to build/screenshots.
// Release too: a browser.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { Proxy, freePort, freshSecret } from './lib/proxy.mjs';
import { suite } from './lib/world.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

// A legacy app: knows nothing of OIDC, shows who it was told, and has links as apps have them.
function legacyApp(request, response) {
  const name = decodeURIComponent(request.headers['x-forwarded-preferred-username'] ?? '');
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!DOCTYPE html><title>app</title><h1>Hello ${name}</h1><p id="headers">${JSON.stringify(request.headers).replace(/</g, '&lt;')}</p>
    <a id="out" href="/_auth/sign-out">sign out</a><form method="post" action="/_auth/sign-out"><button id="post-out">sign out</button></form>`);
}

async function listen(scope, handler) {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

async function setUp(scope) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const op = await DevelopmentOp.start({ redirect_uris: [`${origin}/_auth/callback`], post_logout_redirect_uris: [`${origin}/_auth/signed-out`] });
  scope.after(() => op.stop());
  const app = await listen(scope, legacyApp);
  const slow = await listen(scope, () => {});
  const proxy = await Proxy.start({
    external_urls: [origin], listen: `127.0.0.1:${port}`, logto: op.logto(), session: { secret: freshSecret() },
    upstreams: { app, dead: `http://127.0.0.1:${await freePort()}`, slow: { servers: [slow], response_timeout: '1s' } },
    routes: [
      { path: '/public/*', access: 'public', upstream: 'app' }, { path: '/dead/*', access: 'public', upstream: 'dead' }, { path: '/slow/*', access: 'public', upstream: 'slow' },
      { path: '/nobody/*', access: 'deny' }, { path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/patreon/*', sign_in: { with: 'social:patreon' }, upstream: 'app' },
      { path: '/hash/*', sign_in: { keep_fragment: true }, upstream: 'app' }, { path: '/app/*', upstream: 'app' },
    ],
  });
  scope.after(() => proxy.stop());
  return { origin, op, proxy };
}

const luminance = ([red, green, blue]) => {
  const linear = (channel) => { const part = channel / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
};
const contrast = (one, two) => { const [high, low] = [luminance(one), luminance(two)].sort((a, b) => b - a); return (high + 0.05) / (low + 0.05); };

// Colours as painted: of every element with text, and of the nearest background behind it.
const paintedTexts = () => {
  const rgb = (text) => (/rgba?\(([^)]+)\)/.exec(text)?.[1] ?? '0,0,0,0').split(/[ ,/]+/).map(Number);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) { const colour = rgb(getComputedStyle(one).backgroundColor); if ((colour[3] ?? 1) > 0.5) return colour; }
    return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme.includes('dark') ? [18, 18, 18] : [255, 255, 255];
  };
  return [...document.body.querySelectorAll('*')].filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((element) => ({ text: element.textContent.trim().slice(0, 30), colour: rgb(getComputedStyle(element).color), background: behind(element), size: parseFloat(getComputedStyle(element).fontSize) }));
};

describe('with a real browser', { skip: missing ?? false }, () => {
  let world;
  let browser;
  const scope = suite(after);
  before(async () => {
    world = await setUp(scope);
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  // A fresh profile; a CSP violation on any page of it fails the test that opened it.
  async function visit(t, options = {}) {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    const violations = [];
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => { if (/content.security.policy|refused to/i.test(message.text())) violations.push(message.text()); });
    t.after(async () => { await context.close(); assert.deepEqual(violations, [], 'CSP'); });
    return page;
  }
  const signIn = async (page, username, path = '/app/') => {
    await page.goto(world.origin + path);
    await page.fill('#username', username);
    await page.fill('#password', `${username}-password`);
    await page.click('#submit');
    await page.waitForURL((url) => url.origin === world.origin && !url.pathname.startsWith('/_auth/callback'));
  };

  test('alice signs in by password and the app greets her; her session lasts; she signs out by link', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice', '/app/page?x=1&y=%2F');
    assert.equal(page.url(), `${world.origin}/app/page?x=1&y=%2F`);
    assert.match(await page.textContent('h1'), /Hello alice/);
    await chromium.screenshot(page, 'signed-in');
    await page.goto(`${world.origin}/app/other`);
    assert.match(await page.textContent('h1'), /Hello alice/);
    const cookies = await page.context().cookies(world.origin);
    const session = cookies.find(({ name }) => name === 'logto_session');
    assert.ok(session.httpOnly && session.sameSite === 'Lax');
    assert.ok(!cookies.some(({ name }) => name.startsWith('logto_pending_')));
    await page.click('#out');
    await page.waitForURL(`${world.origin}/_auth/signed-out*`);
    await chromium.screenshot(page, 'signed-out');
    assert.ok(!(await page.context().cookies(world.origin)).some(({ name }) => name.startsWith('logto_session')));
    await page.goto(`${world.origin}/app/`);
    assert.equal(new URL(page.url()).origin, world.op.endpoint, 'Logto forgot her as well');
    await page.waitForSelector('#password');
  });

  test('the sign-out form, a POST, works as well', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice');
    await page.click('#post-out');
    await page.waitForURL(`${world.origin}/_auth/signed-out*`);
  });

  for (const [network, label] of [['linkedin', 'Continue with LinkedIn'], ['patreon', 'Continue with Patreon']]) {
    test(`the button "${label}" signs in`, async (t) => {
      const page = await visit(t);
      await page.goto(`${world.origin}/app/social`);
      await page.getByRole('button', { name: label }).click();
      await page.click('#allow');
      await page.waitForURL(`${world.origin}/app/social`);
      const headers = JSON.parse(await page.textContent('#headers'));
      assert.ok(headers['x-forwarded-user'], network);
    });
  }

  test('a route with social:patreon skips the sign-in page', async (t) => {
    const page = await visit(t);
    await page.goto(`${world.origin}/patreon/x`);
    assert.equal(await page.locator('#password').count(), 0);
    await page.click('#allow');
    await page.waitForURL(`${world.origin}/patreon/x`);
  });

  test('four tabs restored at once, without a session here but with one at Logto, each land where they wanted', async (t) => {
    // Logto keeps one sign-in page per browser, so tabs can only run at once where none of them needs that page.
    const page = await visit(t);
    await signIn(page, 'alice');
    await page.context().clearCookies({ name: /^logto_/ });
    const tabs = await Promise.all([1, 2, 3, 4].map(() => page.context().newPage()));
    await Promise.all(tabs.map((tab, index) => tab.goto(`${world.origin}/app/tab-${index}`)));
    for (const [index, tab] of tabs.entries()) {
      assert.equal(tab.url(), `${world.origin}/app/tab-${index}`);
      assert.match(await tab.textContent('h1'), /Hello alice/);
    }
  });

  test('the back button after a sign-in shows a page, not an error', async (t) => {
    const page = await visit(t);
    await page.goto(`${world.origin}/public/x`);
    await signIn(page, 'alice', '/app/back');
    await page.goBack();
    await page.goForward();
    await page.waitForURL(`${world.origin}/app/back`);
    assert.match(await page.textContent('h1'), /Hello alice/);
  });

  test('keep_fragment carries the #fragment over an interactive sign-in', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice', '/hash/x?q=1#/deep/route?a=b');
    await page.waitForURL(`${world.origin}/hash/x?q=1#/deep/route?a=b`);
  });

  test('403: says who is signed in and what is missing; another account may be taken', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice');
    const answer = await page.goto(`${world.origin}/admin/x`);
    assert.equal(answer.status(), 403);
    const text = await page.textContent('body');
    assert.match(text, /alice/i);
    assert.match(text, /admin/);
    await chromium.screenshot(page, '403');
    await page.locator('main a, main button, a, button').filter({ hasText: /another|different|other|switch/i }).first().click();
    await page.waitForSelector('#password');
    await page.fill('#username', 'admin');
    await page.fill('#password', 'admin-password');
    await page.click('#submit');
    await page.waitForURL(`${world.origin}/admin/x`);
    assert.match(await page.textContent('h1'), /Hello admin/);
  });

  test('a script of the app gets 401 and is not sent to Logto', async (t) => {
    const page = await visit(t);
    await page.goto(`${world.origin}/public/x`);
    const status = await page.evaluate(() => fetch('/app/data').then((response) => response.status));
    assert.equal(status, 401);
  });

  test('hanako reads Japanese, and her name arrives whole', async (t) => {
    const page = await visit(t, { locale: 'ja-JP' });
    await signIn(page, 'hanako');
    await page.goto(`${world.origin}/admin/x`);
    assert.equal(await page.getAttribute('html', 'lang'), 'ja');
    assert.match(await page.textContent('body'), /[\u3040-\u30ff\u4e00-\u9fff]{4}/);
    await chromium.screenshot(page, '403-ja');
  });

  test('a failed sign-in is a page with a request id and a way on', async (t) => {
    const page = await visit(t);
    await world.op.control({ fail: { token: 500 } });
    t.after(() => world.op.control({ fail: {} }));
    await page.goto(`${world.origin}/app/`);
    await page.fill('#username', 'alice');
    await page.fill('#password', 'alice-password');
    await page.click('#submit');
    await page.waitForURL((url) => url.pathname === '/_auth/callback');
    assert.match(await page.textContent('body'), /[0-9a-f]{16}/);
    assert.ok(await page.locator('a[href*="/_auth/sign-in"], form[action*="/_auth/sign-in"]').count());
    await chromium.screenshot(page, 'sign-in-failed');
  });

  const PAGES = { 403: '/nobody/x', 404: '/nowhere', 502: '/dead/x', 504: '/slow/x', 'signed-out': '/_auth/signed-out' };
  for (const locale of ['en-US', 'ja-JP']) {
    for (const colorScheme of ['light', 'dark']) {
      test(`pages in ${locale}, ${colorScheme}: language, one heading, landmarks, readable contrast`, async (t) => {
        const page = await visit(t, { locale, colorScheme });
        for (const [name, path] of Object.entries(PAGES)) {
          const answer = await page.goto(world.origin + path);
          if (/^\d+$/.test(name)) assert.equal(answer.status(), Number(name));
          assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2), name);
          assert.equal(await page.locator('h1').count(), 1, `${name}: one h1`);
          assert.ok((await page.title()).length > 2);
          assert.equal(await page.locator('main').count(), 1, `${name}: a main landmark`);
          assert.ok(await page.locator('meta[name=viewport]').count());
          if (locale === 'ja-JP') assert.match(await page.textContent('h1'), /[\u3040-\u30ff\u4e00-\u9fff]/, name);
          const texts = await page.evaluate(paintedTexts);
          assert.ok(texts.length > 0);
          for (const one of texts) assert.ok(contrast(one.colour, one.background) >= 4.5, `${name}: "${one.text}" has contrast ${contrast(one.colour, one.background).toFixed(2)}`);
          const [{ background }] = texts;
          assert.ok(colorScheme === 'dark' ? luminance(background) < 0.2 : luminance(background) > 0.6, `${name} is ${colorScheme}`);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), `${name}: no sideways scrolling`);
          await chromium.screenshot(page, `${name}-${locale.slice(0, 2)}-${colorScheme}`);
        }
      });
    }
  }

  test('pages fit a narrow screen and a text size of 200 %', async (t) => {
    const page = await visit(t, { viewport: { width: 320, height: 640 } });
    for (const path of Object.values(PAGES)) {
      await page.goto(world.origin + path);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), path);
    }
  });
});
