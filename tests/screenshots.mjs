// The pictures of docs/logto.md and its twin, of our own pages: node tests/screenshots.mjs writes docs/images/*.png. By hand, after
// pages have changed; needs Chromium and the built program.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import * as chromium from './e2e/lib/chromium.mjs';
import { DevelopmentOp } from './e2e/lib/op.mjs';
import { Proxy, REPO, freePort, freshSecret } from './e2e/lib/proxy.mjs';

const PAGES = { chooser: '/_auth/sign-in?choose=1', forbidden: '/members/x', account: '/_auth/' };
const LANGUAGES = { en: 'en-US', ja: 'ja-JP' };
const FOLDER = path.join(REPO, 'docs/images');

const why = chromium.missing();
if (why) throw new Error(why);
const port = await freePort();
const origin = `http://localhost:${port}`;
const op = await DevelopmentOp.start({ redirect_uris: [`${origin}/_auth/callback`] });
const app = http.createServer((_, response) => response.end('app')).listen(0, '127.0.0.1');
await once(app, 'listening');
const proxy = await Proxy.start({
  external_urls: [origin], listen: `127.0.0.1:${port}`, logto: op.logto(), session: { secret: freshSecret() },
  upstreams: { app: `http://127.0.0.1:${app.address().port}` },
  routes: [{ path: '/members/*', sign_in: { with: 'social:patreon' }, require: { social: ['patreon'] }, upstream: 'app' }, { path: '/*', upstream: 'app' }],
});
const browser = await chromium.launch();
try {
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const [language, locale] of Object.entries(LANGUAGES)) {
    const context = await browser.newContext({ locale, timezoneId: 'UTC', viewport: { width: 680, height: 400 }, colorScheme: 'light' });
    const page = await context.newPage();
    const shoot = async (name) => {
      await page.goto(origin + PAGES[name]);
      await page.screenshot({ path: path.join(FOLDER, `${name}-${language}.png`), fullPage: true });
    };
    await shoot('chooser');
    await page.goto(`${origin}/`);
    await page.fill('#username', 'alice');
    await page.fill('#password', 'alice-password');
    await page.click('#submit');
    await page.waitForURL(`${origin}/`);
    await shoot('forbidden');
    await shoot('account');
    await context.close();
  }
} finally {
  await browser.close();
  await proxy.stop();
  await op.stop();
  app.close();
}
console.log(`${Object.keys(PAGES).length * Object.keys(LANGUAGES).length} pictures in docs/images`);
