// Cookies in frames of other sites, and until the browser is closed, in a browser that lets no other site have cookies.
// Release too: a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { Clock } from './lib/clock.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { Proxy, freePort, freshSecret, temporaryFolder } from './lib/proxy.mjs';
import { Recorder } from './lib/recorder.mjs';

const missing = chromium.missing();
if (missing) console.error(`SKIP: browser tests: ${missing}`);

const app = (request, reply) => reply.send(200, { 'Content-Type': 'text/html' }, `<title>app</title><h1>hello</h1><p id="path">${request.target}</p>`);

// The terminator in front, and the sites whose pages have a frame.
async function tlsFront(scope, port, onward) {
  const folder = temporaryFolder();
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', '/CN=app.test'], { cwd: folder, stdio: 'pipe' });
  const read = (name) => fs.readFileSync(path.join(folder, name));
  const server = https.createServer({ key: read('key.pem'), cert: read('cert.pem') }, (request, response) => {
    if (!request.headers.host.startsWith('app.test')) {
      response.setHeader('Content-Type', 'text/html');
      return response.end(`<title>portal</title><iframe name="app" width="600" height="400" src="https://app.test:${port}${request.url}"></iframe>`);
    }
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const asked = http.request({ port: onward, path: request.url, method: request.method, headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    request.pipe(asked);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => { server.closeAllConnections(); server.close(); });
}

async function framedApp(scope, cookie, session = {}) {
  const clock = new Clock();
  const op = await EvilOp.start({ clock });
  scope.after(() => op.stop());
  const recorder = await Recorder.start({ handle: app });
  scope.after(() => recorder.close());
  const port = await freePort();
  const at = (site) => `https://${site}.test:${port}`;
  const proxy = await Proxy.start({
    external_urls: [at('app')], logto: op.logto(), session: { secret: freshSecret(), cookie, ...session }, trusted_proxies: ['127.0.0.1'],
    upstreams: { app: recorder.url }, routes: [{ path: '/*', upstream: 'app' }],
  }, { env: clock.env });
  scope.after(() => proxy.stop());
  await tlsFront(scope, port, proxy.port);
  const browser = await chromium.launch({ args: ['--host-resolver-rules=MAP *.test 127.0.0.1', '--test-third-party-cookie-phaseout'] });
  scope.after(() => browser.close());
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const cdp = await context.newCDPSession(page);
  const cookies = async () => (await cdp.send('Network.getAllCookies')).cookies.filter(({ name }) => /logto/.test(name));
  const frameText = async () => {
    const frame = page.frame('app');
    await frame.waitForLoadState();
    return frame.locator('body').innerText();
  };
  return { op, clock, at, page, cookies, frameText, signIns: () => op.calls('/oidc/auth').length };
}

describe('cookies in frames of other sites', { skip: missing ?? false }, () => {
  test('a partitioned session lives in the frame of one site, is apart from all others, and ends there', async (t) => {
    const world = await framedApp(t, { same_site: 'none', partitioned: true });
    await world.page.goto(`${world.at('portal')}/inner`);
    assert.match(await world.frameText(), /hello\s+\/inner/);
    assert.equal(world.signIns(), 1, 'signed in inside of the frame');
    await world.page.goto(`${world.at('portal')}/again`);
    assert.match(await world.frameText(), /hello\s+\/again/);
    assert.equal(world.signIns(), 1, 'and it comes back');
    const kept = await world.cookies();
    assert.deepEqual(kept.map(({ name }) => name).filter((name) => /session/.test(name)), ['__Host-logto_framed_session']);
    assert.ok(kept.every(({ partitionKey, secure, sameSite }) => partitionKey?.topLevelSite === 'https://portal.test' && secure && sameSite === 'None'), JSON.stringify(kept));
    assert.ok(!kept.some(({ name }) => /pending/.test(name)), 'the attempt is deleted in its partition');

    await world.page.goto(`${world.at('other')}/inner`);
    assert.match(await world.frameText(), /hello/);
    assert.equal(world.signIns(), 2, 'another site, another session');
    await world.page.goto(`${world.at('app')}/top`);
    assert.match(await world.page.locator('body').innerText(), /hello\s+\/top/);
    assert.equal(world.signIns(), 3, 'and the app by itself a third');
    const sites = (await world.cookies()).filter(({ name }) => /session/.test(name)).map(({ partitionKey }) => partitionKey.topLevelSite).sort();
    assert.deepEqual(sites, ['https://app.test', 'https://other.test', 'https://portal.test']);

    await world.page.goto(`${world.at('app')}/_auth/sign-out`);
    await world.page.waitForURL(/signed-out/);
    const left = (await world.cookies()).filter(({ name }) => /session/.test(name)).map(({ partitionKey }) => partitionKey.topLevelSite).sort();
    assert.deepEqual(left, ['https://other.test', 'https://portal.test'], 'the deletion reaches its own partition');
  });

  test('without partitions such a browser lets the frame have no session, and people are told so', async (t) => {
    const world = await framedApp(t, { same_site: 'none' });
    await world.page.goto(`${world.at('portal')}/inner`);
    assert.doesNotMatch(await world.frameText().catch(() => ''), /hello/);
    assert.deepEqual(await world.cookies(), []);
    await world.page.goto(`${world.at('app')}/top`);
    assert.match(await world.page.locator('body').innerText(), /hello/);
    assert.deepEqual((await world.cookies()).map(({ name, partitionKey }) => [name, partitionKey]).filter(([name]) => /session/.test(name)), [['__Host-logto_session', undefined]]);
  });

  test('a cookie of the browser\'s life has no end of its own, and the session has', async (t) => {
    const world = await framedApp(t, { lifetime: 'browser' }, { idle_timeout: '2s', max_lifetime: '2s', revalidate: '1h' });
    await world.page.goto(`${world.at('app')}/top`);
    const [kept] = (await world.cookies()).filter(({ name }) => /session/.test(name));
    assert.equal(kept.session, true);
    assert.equal(kept.expires, -1);
    assert.equal(world.signIns(), 1);
    await world.clock.pass(2500);
    await world.page.goto(`${world.at('app')}/top`);
    assert.equal(world.signIns(), 2, 'the cookie came, and its session was over');
  });
});
