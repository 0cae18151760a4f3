// Our pages as a site makes them its own: name, logo, colours, languages, layout, the launcher; ways on from a refusal.
// In a real browser; screenshots go to build/screenshots.
// Release too: a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { BINARY, Proxy, freePort, freshSecret, temporaryFolder } from './lib/proxy.mjs';
import { suite } from './lib/world.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" rx="8" fill="#0b6e4f"/><circle cx="22" cy="20" r="11" fill="#fff"/><path d="M44 26h60" stroke="#fff" stroke-width="6"/><script>document.title="run"</script></svg>';
const GERMAN = {
  'forbidden.title': 'Kein Zugriff auf diese Seite', 'forbidden.lead': 'Ihr Konto darf sie nicht öffnen.', 'page.signed_in_as': 'Sie sind angemeldet als {0}', 'page.missing': 'Für diese Seite ist nötig:',
  'need.role': 'die Rolle {0}', 'need.social': 'ein Konto, das mit {0} verknüpft ist', 'action.other_account': 'Anderes Konto verwenden', 'action.home': 'Zur Startseite', 'action.sign_in_with': 'Mit {0} anmelden',
  'page.request_id': 'Vorgangsnummer', 'page.support': 'Hilfe', 'not_found.title': 'Seite nicht gefunden', 'not_found.lead': 'Unter dieser Adresse gibt es nichts.', 'apps.title': 'Ihre Anwendungen', 'apps.lead': 'Diese stehen Ihnen offen.',
};
const ARABIC = {
  'forbidden.title': 'لا يمكنك فتح هذه الصفحة', 'forbidden.lead': 'حسابك غير مسموح له بفتحها.', 'page.signed_in_as': 'أنت مسجّل الدخول باسم {0}', 'page.missing': 'تتطلب هذه الصفحة:',
  'need.role': 'الدور {0}', 'need.social': 'حسابًا مرتبطًا بـ {0}', 'action.other_account': 'استخدام حساب آخر', 'action.home': 'الصفحة الرئيسية', 'action.sign_in_with': 'تسجيل الدخول عبر {0}',
  'page.request_id': 'رقم الطلب', 'page.support': 'المساعدة', 'not_found.title': 'الصفحة غير موجودة', 'not_found.lead': 'لا يوجد شيء في هذا العنوان.', 'apps.title': 'تطبيقاتك', 'apps.lead': 'هذه التطبيقات متاحة لك.',
};
const LAYOUT = `<!doctype html><html lang="{{lang}}" dir="{{dir}}"><meta name="viewport" content="width=device-width"><title>{{title}}</title>{{style}}
<style>body{gap:1rem}nav{font-weight:700}</style><nav>{{logo}} {{site_name}} intranet</nav>{{content}}<p>{{footer}} <a href="{{support_url}}">{{support_label}}</a></p></html>`;

function app(request, response) {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!DOCTYPE html><title>app</title><h1>app at ${request.url.replace(/</g, '')}</h1><a id="admin" href="/admin/x">admin</a><a id="gone" href="/nowhere">gone</a>`);
}

async function setUp(scope) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const op = await DevelopmentOp.start({ redirect_uris: [`${origin}/_auth/callback`], post_logout_redirect_uris: [`${origin}/_auth/signed-out`] });
  scope.after(() => op.stop());
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => { server.closeAllConnections(); server.close(); });
  const folder = temporaryFolder();
  const file = (name, text) => { fs.writeFileSync(path.join(folder, name), text); return path.join(folder, name); };
  const config = {
    external_urls: [origin], listen: `127.0.0.1:${port}`, logto: op.logto(), session: { secret: freshSecret() },
    pages: {
      site_name: 'Garden Club', logo: file('logo.svg', LOGO), colors: { accent: '#0b6e4f', background: '#eef5f1' }, footer: '© 2026 Garden Club', support: 'mailto:help@garden.example', time_zone: 'UTC',
      languages: { de: file('de.yaml', JSON.stringify(GERMAN)), ar: file('ar.yaml', JSON.stringify(ARABIC)) },
    },
    upstreams: { app: `http://127.0.0.1:${server.address().port}`, dead: `http://127.0.0.1:${await freePort()}` },
    routes: [
      { path: '/admin/reports', methods: ['GET'], upstream: 'app' },
      { path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app', app: { name: 'Administration', url: '/admin/start' } },
      { path: '/reports/*', require: { roles: ['admin'] }, upstream: 'app', app: { name: 'Reports', url: '/admin/reports' } },
      { path: '/patrons/*', require: { social: ['patreon'] }, upstream: 'app', app: { name: 'Patrons', description: 'For those who give' } },
      { path: '/wiki/*', upstream: 'app', app: { name: 'Wiki', description: 'What we know of roses, and how they are kept', icon: file('icon.svg', LOGO) } },
      { path: '/secret/*', access: 'deny', app: 'Nobody' },
      { path: '/office/*', require: { roles: ['園芸店の管理者と編集者の皆様'] }, upstream: 'app' },
      { path: '/far/*', networks: ['192.0.2.0/24'], upstream: 'app', app: 'Far away' },
      { path: '/shop/*', access: 'public', upstream: 'app', app: { name: '園芸店', description: '苗と種' } },
      { path: '/dead/*', access: 'public', upstream: 'dead' },
    ],
  };
  const proxy = await Proxy.start(config);
  scope.after(() => proxy.stop());
  return { origin, op, proxy, config, file };
}

const LOOKS = {
  'en-desktop-light': { locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'en-forced': { locale: 'en-US', viewport: { width: 800, height: 700 }, colorScheme: 'dark', forcedColors: 'active' },
  'ja-phone-dark': { locale: 'ja-JP', viewport: { width: 360, height: 720 }, colorScheme: 'dark' },
  'ja-phone-light': { locale: 'ja-JP', viewport: { width: 360, height: 720 }, colorScheme: 'light' },
  'de-phone-light': { locale: 'de-AT', viewport: { width: 360, height: 720 }, colorScheme: 'light' },
  'ar-phone-dark': { locale: 'ar-EG', viewport: { width: 360, height: 720 }, colorScheme: 'dark' },
  'ar-desktop-light': { locale: 'ar', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
};

describe('with a real browser', { skip: missing ?? false }, () => {
  let world, browser;
  const scope = suite(after);
  before(async () => {
    world = await setUp(scope);
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  async function visit(t, options = LOOKS['en-desktop-light']) {
    const context = await browser.newContext({ javaScriptEnabled: true, ...options });
    const violations = [];
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => { if (/content.security.policy|refused to/i.test(message.text())) violations.push(message.text()); });
    t.after(async () => { await context.close(); assert.deepEqual(violations, [], 'CSP'); });
    return page;
  }
  const signIn = async (page, username, target) => {
    await page.goto(world.origin + target);
    await page.fill('#username', username);
    await page.fill('#password', `${username}-password`);
    await page.click('#submit');
    await page.waitForURL((url) => url.origin === world.origin && !url.pathname.startsWith('/_auth/callback'));
  };
  const fits = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`${look}: a refusal, a page that is not there, an app that is away, the launcher, the account`, async (t) => {
      const page = await visit(t, options);
      await signIn(page, 'alice', '/wiki/');
      for (const [name, target, status] of [['403', '/admin/x', 403], ['403-patreon', '/patrons/x', 403], ['404', '/nowhere', 404], ['502', '/dead/x', 502], ['apps', '/_auth/apps', 200], ['account', '/_auth/', 200], ['sign-out', '/_auth/sign-out', 200]]) {
        const answer = await page.goto(world.origin + target);
        assert.equal(answer.status(), status, name);
        assert.equal(await page.getAttribute('html', 'lang'), options.locale.slice(0, 2));
        assert.equal(await page.getAttribute('html', 'dir'), options.locale.startsWith('ar') ? 'rtl' : null);
        assert.match(await page.title(), / · Garden Club$/);
        assert.ok(await page.evaluate(() => document.querySelector('.logo').naturalWidth > 0), 'the logo is there');
        await fits(page);
        await chromium.screenshot(page, `look-${name}-${look}`);
      }
    });
  }

  test('where colours are forced each button has a border that can be seen', async (t) => {
    const page = await visit(t, LOOKS['en-forced']);
    await signIn(page, 'alice', '/wiki/');
    await page.goto(`${world.origin}/_auth/`);
    const borders = await page.evaluate(() => [...document.querySelectorAll('.button')].map((one) => { const style = getComputedStyle(one); return { width: parseFloat(style.borderTopWidth), border: style.borderTopColor, ground: getComputedStyle(document.querySelector('main')).backgroundColor }; }));
    assert.equal(borders.length, 2);
    for (const { width, border, ground } of borders) assert.ok(width >= 1 && border !== ground && !/, 0\)$/.test(border), JSON.stringify({ width, border, ground }));
  });

  test('no heading in Japanese breaks inside a word on a phone', async (t) => {
    const page = await visit(t, LOOKS['ja-phone-light']);
    for (const target of ['/nowhere', '/dead/x', '/_auth/signed-out', '/secret/x']) {
      await page.goto(world.origin + target);
      const broken = await page.evaluate(() => [...document.querySelector('h1').childNodes].filter((node) => node.nodeType === 3).filter((node) => { const range = document.createRange(); range.selectNode(node); return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1; }).map((node) => node.data));
      assert.deepEqual(broken, []);
    }
  });

  test('who lacks a Patreon account signs in with Patreon, and is let in', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice', '/wiki/');
    await page.goto(`${world.origin}/patrons/x`);
    assert.match(await page.textContent('ul'), /an account linked with Patreon/);
    await page.getByRole('link', { name: 'Sign in with Patreon' }).click();
    await page.click('#allow');
    await page.waitForURL(`${world.origin}/patrons/x`);
    assert.match(await page.textContent('h1'), /app at \/patrons\/x/);
  });

  test('the way back leads to the page with the link, and the button of a 502 asks again', async (t) => {
    const page = await visit(t);
    await page.goto(`${world.origin}/shop/roses?page=2`);
    await page.click('#gone');
    await page.getByRole('link', { name: 'Go back' }).click();
    await page.waitForURL(`${world.origin}/shop/roses?page=2`);
    await page.goto(`${world.origin}/dead/x?y=1`);
    const again = page.waitForResponse((response) => response.url() === `${world.origin}/dead/x?y=1`);
    await page.getByRole('link', { name: 'Try again' }).click();
    assert.equal((await again).status(), 502);
  });

  test('the launcher shows what the server lets its person open, by whichever route takes the link', async (t) => {
    const page = await visit(t);
    await signIn(page, 'alice', '/_auth/apps');
    assert.equal(page.url(), `${world.origin}/_auth/apps`, 'after a sign-in it is there');
    const names = async () => (await page.locator('.apps strong').allTextContents());
    assert.deepEqual(await names(), ['Reports', 'Wiki', '園芸店'], 'not what the roles, a connector, the network or everybody is refused');
    await page.getByRole('link', { name: /Wiki/ }).click();
    await page.waitForURL(`${world.origin}/wiki/`);
    await page.goto(`${world.origin}/_auth/`);
    await page.getByRole('link', { name: 'Your apps' }).click();
    await page.getByRole('link', { name: 'Your account' }).click();
    await page.waitForURL(`${world.origin}/_auth/`);
    await page.context().clearCookies();
    await signIn(page, 'admin', '/_auth/apps');
    assert.deepEqual(await names(), ['Administration', 'Reports', 'Wiki', '園芸店']);
    for (const link of await page.locator('.apps a').all()) {
      const answer = await page.request.get(await link.getAttribute('href'));
      assert.equal(answer.status(), 200);
    }
  });

  test('Japanese: a name and a time stand whole on a phone, and the sentence is one', async (t) => {
    const page = await visit(t, LOOKS['ja-phone-light']);
    await signIn(page, 'alice', '/office/');
    const brokenWords = (selector) => page.locator(selector).evaluateAll((all) => {
      if (all.length === 0) throw new Error('there is none');
      return all.flatMap((one) => [...one.textContent.matchAll(/[^\s()（）]+/g)].filter(({ 0: word, index }) => {
        const range = document.createRange();
        range.setStart(one.firstChild, index);
        range.setEnd(one.firstChild, index + word.length);
        return range.getClientRects().length > 1;
      }).map(([word]) => word));
    });
    assert.deepEqual(await brokenWords('li strong'), []);
    await page.goto(`${world.origin}/patrons/`);
    assert.equal((await page.textContent('#needs + ul')).trim(), 'Patreon アカウントとの連携');
    await page.goto(`${world.origin}/_auth/`);
    assert.deepEqual(await brokenWords('dd time'), []);
    await fits(page);
  });

  test('SIGHUP takes over how pages look, and keeps what was there where a file is wrong', async (t) => {
    const page = await visit(t);
    world.config.pages.site_name = 'Rose Club';
    world.config.pages.layout = world.file('layout.html', LAYOUT);
    fs.writeFileSync(world.proxy.file, JSON.stringify({ ...world.proxy.config, pages: world.config.pages }));
    world.proxy.signal('SIGHUP');
    await world.proxy.waitLog((entry) => entry.msg === 'secrets re-read');
    assert.ok(!world.proxy.errors.some((entry) => /needs a restart/.test(entry.msg)));
    await page.goto(`${world.origin}/nowhere`);
    assert.match(await page.title(), /Rose Club/);
    assert.match(await page.textContent('nav'), /Rose Club intranet/);
    assert.equal(await page.locator('main').count(), 1);
    await fits(page);
    await chromium.screenshot(page, 'look-layout');
    await page.setViewportSize({ width: 360, height: 740 });
    for (const body of ['<div>{{logo}}</div>{{content}}<div>{{footer}}</div>', '<header>{{site_name}}</header>{{content}}<footer>{{support_label}}</footer>']) {
      world.file('layout.html', `<!doctype html><html lang="{{lang}}" dir="{{dir}}"><meta name="viewport" content="width=device-width"><title>{{title}}</title>{{style}}<body>${body}</html>`);
      const before = world.proxy.errors.length;
      world.proxy.signal('SIGHUP');
      await world.proxy.waitLog((entry) => entry.msg === 'secrets re-read' && world.proxy.errors.indexOf(entry) >= before);
      await page.goto(`${world.origin}/nowhere`);
      const boxes = await page.locator('body > *').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, bottom, width }) => ({ top, bottom, width })));
      assert.equal(boxes.length, 3);
      assert.ok(boxes[1].width > 300, `the card is ${boxes[1].width}px wide`);
      assert.ok(boxes[0].bottom <= boxes[1].top && boxes[1].bottom <= boxes[2].top, 'one above the other');
      await fits(page);
    }
    world.file('layout.html', LAYOUT.replace('{{content}}', ''));
    world.proxy.signal('SIGHUP');
    await world.proxy.waitLog((entry) => /secrets kept/.test(entry.msg));
    assert.ok(world.proxy.errors.some((entry) => /layout\.html:1:1: .*\{\{content\}\} is missing/.test(entry.msg)));
    await page.goto(`${world.origin}/nowhere`);
    assert.equal(await page.locator('main').count(), 1);
  });
});

test('texts prints what a translator begins with', () => {
  const english = execFileSync(BINARY, ['texts'], { encoding: 'utf8' });
  assert.match(english, /^not_found\.title: "Page not found"$/m);
  assert.match(execFileSync(BINARY, ['texts', 'ja'], { encoding: 'utf8' }), /^# Page not found\nnot_found\.title: "ページが\|見つかりません"$/m);
});

test('without an app there is no launcher; a wrong host is told which one it asked for', async (t) => {
  const op = await DevelopmentOp.start({});
  t.after(() => op.stop());
  const proxy = await Proxy.start({ external_urls: ['http://app.test', 'http://b.test'], logto: op.logto(), session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }] });
  t.after(() => proxy.stop());
  const ask = (host, target) => new Promise((resolve, reject) => http.get({ port: proxy.port, path: target, headers: { host, accept: 'text/html' } }, async (answer) => { let body = ''; for await (const chunk of answer) body += chunk; resolve({ status: answer.statusCode, body }); }).on('error', reject));
  assert.equal((await ask('app.test', '/_auth/apps')).status, 404);
  const wrong = await ask('wiki.test', '/');
  assert.equal(wrong.status, 421);
  assert.match(wrong.body, /You asked for <strong>wiki\.test<\/strong>\./);
});
