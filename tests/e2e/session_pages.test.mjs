// A real browser in front of sessions that end: the form that is kept, the account page, the loop that is stopped.
// Screenshots go to build/screenshots.
// Release too: a browser.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { Clock } from './lib/clock.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { Proxy, freePort, freshSecret } from './lib/proxy.mjs';
import { Recorder } from './lib/recorder.mjs';
import { suite } from './lib/world.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

const IDLE_MS = 3000;
const FORM = `<!DOCTYPE html><title>app</title><form method="post" action="/app/save?id=7" enctype="ENCTYPE">
  <input name="note"><textarea name="text"></textarea><input type="file" name="file"><button id="go">save</button></form>`;

async function app(request, reply) {
  if (request.method === 'POST') return reply.send(303, { Location: '/app/saved' });
  const enctype = request.target.includes('multipart') ? 'multipart/form-data' : 'application/x-www-form-urlencoded';
  return reply.send(200, { 'Content-Type': 'text/html; charset=utf-8' }, request.target.startsWith('/app/edit') ? FORM.replace('ENCTYPE', enctype) : '<title>app</title><h1>saved</h1>');
}

// What stands between browser and proxy and loses the session cookie on its way while `loses` says so.
async function losingFront(scope, port, front) {
  const server = http.createServer((request, response) => {
    const onward = http.request({ port, path: request.url, method: request.method, headers: request.headers, setHost: false }, (answer) => {
      const headers = { ...answer.headers };
      if (front.loses) headers['set-cookie'] = (headers['set-cookie'] ?? []).filter((line) => !line.startsWith('logto_session='));
      response.writeHead(answer.statusCode, headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.listen(front.port, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => { server.closeAllConnections(); server.close(); });
}

describe('with a real browser', { skip: missing ?? false }, () => {
  const front = { loses: false };
  let clock, op, recorder, proxy, origin, browser;
  const scope = suite(after);
  before(async () => {
    clock = new Clock();
    front.port = await freePort();
    origin = `http://localhost:${front.port}`;
    op = await EvilOp.start({ clock });
    scope.after(() => op.stop());
    recorder = await Recorder.start({ handle: app });
    scope.after(() => recorder.close());
    proxy = await Proxy.start({
      external_urls: [origin], logto: op.logto(), session: { secret: freshSecret(), idle_timeout: `${IDLE_MS / 1000}s`, max_lifetime: '10h' },
      upstreams: { app: recorder.url }, routes: [{ path: '/app/*', upstream: 'app' }],
    }, { env: clock.env });
    scope.after(() => proxy.stop());
    await losingFront(scope, proxy.port, front);
    browser = await chromium.launch();
    scope.after(() => browser.close());
  });

  const LOOKS = {
    'desktop-light': { locale: 'en-US', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
    'phone-dark': { locale: 'ja-JP', viewport: { width: 360, height: 720 }, colorScheme: 'dark' },
  };
  async function visit(t, options = LOOKS['desktop-light']) {
    const context = await browser.newContext(options);
    const violations = [];
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => { if (/content.security.policy|refused to/i.test(message.text())) violations.push(message.text()); });
    t.after(async () => { await context.close(); assert.deepEqual(violations, [], 'CSP'); });
    return page;
  }
  async function assertFits(page) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, 'nothing is wider than the screen');
  }
  const posted = () => recorder.requests.filter(({ method }) => method === 'POST');

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`${look}: a form whose session expired is kept, confirmed and sent, and the app's redirect is followed`, async (t) => {
      recorder.reset();
      const page = await visit(t, options);
      await page.goto(`${origin}/app/edit`);
      await page.fill('[name=note]', 'caf\u00e9 & <b>');
      await page.fill('[name=text]', 'first\nsecond');
      await clock.pass(IDLE_MS + 1100);
      await page.click('#go');
      await page.waitForURL(`${origin}/_auth/resume`);
      assert.equal(posted().length, 0);
      assert.match(await page.textContent('dl'), /POST http:\/\/localhost:\d+\/app\/save\?id=7/);
      await assertFits(page);
      await chromium.screenshot(page, `held-${look}`);
      await page.click('button.button:not(.second)');
      await page.waitForURL(`${origin}/app/saved`);
      assert.equal(posted().length, 1);
      assert.equal(posted()[0].body.toString(), 'note=caf%C3%A9+%26+%3Cb%3E&text=first%0D%0Asecond&file=');
    });

    test(`${look}: a form that is too large is told so`, async (t) => {
      recorder.reset();
      const page = await visit(t, options);
      await page.goto(`${origin}/app/edit`);
      await page.fill('[name=text]', 'x'.repeat(1100 * 1024));
      await clock.pass(IDLE_MS + 1100);
      await page.click('#go');
      await page.waitForURL(`${origin}/app/save?id=7`);
      assert.equal(posted().length, 0);
      await assertFits(page);
      await chromium.screenshot(page, `not-sent-${look}`);
      await page.goBack();
      assert.equal((await page.inputValue('[name=text]')).length, 1100 * 1024, 'the back button still has it');
    });

    test(`${look}: the account page signs out everywhere`, async (t) => {
      const page = await visit(t, options);
      const other = await visit(t, options);
      for (const one of [page, other]) await one.goto(`${origin}/app/edit`);
      await page.goto(`${origin}/_auth`);
      assert.equal(page.url(), `${origin}/_auth/`);
      assert.match(await page.textContent('main'), /alice@example\.test/);
      await assertFits(page);
      await chromium.screenshot(page, `account-${look}`);
      await page.click('form[action$="everywhere=1"] button');
      await page.waitForURL(`${op.issuer}/session/end*`);
      op.signedIn = false;
      for (const one of [page, other]) {
        const cookies = await one.context().cookies(origin);
        if (one === page) assert.ok(!cookies.some(({ name }) => name === 'logto_session'));
        const status = await one.evaluate(async (url) => (await fetch(url)).status, `${origin}/_auth/me`).catch(() => 'no page of ours');
        if (one === other) assert.equal(status, 401);
      }
      op.signedIn = true;
    });

    test(`${look}: a browser that gets no session cookie is told why, and can try again`, async (t) => {
      const page = await visit(t, options);
      front.loses = true;
      await page.goto(`${origin}/app/saved`);
      front.loses = false;
      assert.match(await page.textContent('main'), /cookie_not_returned/);
      await assertFits(page);
      await chromium.screenshot(page, `loop-${look}`);
      await page.click('#go');
      await page.waitForURL(`${origin}/app/saved`);
      assert.equal(await page.textContent('h1'), 'saved');
    });
  }

  test('a file goes along', async (t) => {
    recorder.reset();
    const page = await visit(t);
    await page.goto(`${origin}/app/edit?multipart`);
    const buffer = Buffer.from(Array.from({ length: 4096 }, (_one, index) => index & 255));
    await page.setInputFiles('[name=file]', { name: 'x.bin', mimeType: 'application/octet-stream', buffer });
    await clock.pass(IDLE_MS + 1100);
    await page.click('#go');
    await page.waitForURL(`${origin}/_auth/resume`);
    await page.click('button.button:not(.second)');
    await page.waitForURL(`${origin}/app/saved`);
    const [{ body, fields }] = posted();
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(fields.get('content-type'))[1];
    assert.ok(body.includes(`--${boundary}--`) && body.includes(buffer));
  });

  test('thrown away, it is not sent', async (t) => {
    recorder.reset();
    const page = await visit(t);
    await page.goto(`${origin}/app/edit`);
    await clock.pass(IDLE_MS + 1100);
    await page.click('#go');
    await page.waitForURL(`${origin}/_auth/resume`);
    await page.click('button.second');
    await page.waitForURL(`${origin}/`);
    await page.goto(`${origin}/_auth/resume`);
    assert.match(await page.textContent('h1'), /Your form was not sent/);
    assert.equal(posted().length, 0);
  });
});
