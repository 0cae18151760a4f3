// Real programs behind the proxy: git over HTTP, nginx with WebDAV, HAProxy. Where one is not installed its test says so loudly.
// Release too: speed: real programs leave no time between two packets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import * as chromium from './lib/chromium.mjs';
import { loudSkip } from './lib/corpora.mjs';
import { freePort, temporaryFolder } from './lib/proxy.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { FETCH, request } from './lib/raw.mjs';
import { NGINX, startNginx, startServer } from './lib/servers.mjs';
import { Recorder } from './lib/recorder.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const GIT_BACKEND = ['/usr/lib/git-core/git-http-backend', '/usr/libexec/git-core/git-http-backend'].find((file) => fs.existsSync(file));
const HAPROXY = '/usr/sbin/haproxy';

function run(command, args, { cwd, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
    child.on('error', (error) => resolve({ code: -1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
const git = async (...args) => {
  const options = typeof args.at(-1) === 'object' ? args.pop() : {};
  const { code, output } = await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', '-c', 'init.defaultBranch=main', ...args], options);
  assert.equal(code, 0, `git ${args.join(' ')}: ${output}`);
  return output;
};

// git-http-backend is a CGI program: this is the smallest server that can host it.
async function gitServer(t, root) {
  const server = http.createServer((incoming, outgoing) => {
    const url = new URL(incoming.url, 'http://x');
    const child = spawn(GIT_BACKEND, [], { env: {
      ...process.env, GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: incoming.method,
      CONTENT_TYPE: incoming.headers['content-type'] ?? '', CONTENT_LENGTH: incoming.headers['content-length'] ?? '', REMOTE_USER: incoming.headers['x-forwarded-user'] ?? '',
      REMOTE_ADDR: '127.0.0.1', HTTP_CONTENT_ENCODING: incoming.headers['content-encoding'] ?? '', GIT_PROTOCOL: incoming.headers['git-protocol'] ?? '',
    } });
    child.stdin.on('error', () => {});
    incoming.pipe(child.stdin);
    let head = Buffer.alloc(0);
    let open = false;
    child.stdout.on('data', (data) => {
      if (open) return outgoing.write(data);
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      open = true;
      let status = 200;
      for (const line of head.subarray(0, end).toString().split('\r\n')) {
        const [name, value] = line.split(/: (.*)/);
        if (name.toLowerCase() === 'status') status = parseInt(value, 10); else outgoing.setHeader(name, value);
      }
      outgoing.writeHead(status);
      return outgoing.write(head.subarray(end + 4));
    });
    child.on('close', () => outgoing.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

describe('git over HTTP', () => {
  test('clone, push of 20 MiB chunked, and fetch, as a signed-in user', async (t) => {
    if (!GIT_BACKEND) return loudSkip(t, 'git http-backend is not installed');
    const root = temporaryFolder();
    const work = temporaryFolder();
    t.after(() => { fs.rmSync(root, { recursive: true, force: true }); fs.rmSync(work, { recursive: true, force: true }); });
    await git('init', '--bare', path.join(root, 'project.git'));
    await git('-C', path.join(root, 'project.git'), 'config', 'http.receivepack', 'true');
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const world = await makeWorld(t, { config: { listen: `127.0.0.1:${port}`, external_urls: [origin], upstreams: { app: await gitServer(t, root) } }, routes: [{ path: '/*', upstream: 'app' }] });
    const user = new BrowserUser({ localhost: port });
    await user.navigate(`${origin}/_auth/sign-in?return_to=/`);
    const signedIn = ['-c', `http.extraHeader=Cookie: ${user.sessionCookies('localhost')}`];

    const refused = await run('git', ['clone', `${origin}/project.git`, path.join(work, 'refused')]);
    assert.notEqual(refused.code, 0, 'nobody clones without a session');
    await git(...signedIn, 'clone', `${origin}/project.git`, path.join(work, 'one'));
    const one = path.join(work, 'one');
    fs.writeFileSync(path.join(one, 'big'), randomBytes(20 << 20));
    for (let count = 0; count < 200; ++count) fs.writeFileSync(path.join(one, `file-${count}`), `${count}\n`.repeat(count));
    await git('-C', one, 'add', '.');
    await git('-C', one, 'commit', '-qm', 'first');
    // A small postBuffer makes git send the pack chunked, after a probe.
    await git('-C', one, ...signedIn, '-c', 'http.postBuffer=65536', 'push', 'origin', 'HEAD:main');
    await git(...signedIn, 'clone', '-b', 'main', `${origin}/project.git`, path.join(work, 'two'));
    assert.ok(fs.readFileSync(path.join(one, 'big')).equals(fs.readFileSync(path.join(work, 'two', 'big'))));
    fs.writeFileSync(path.join(one, 'later'), 'x');
    await git('-C', one, 'add', '.');
    await git('-C', one, 'commit', '-qm', 'second');
    await git('-C', one, ...signedIn, 'push', 'origin', 'HEAD:main');
    await git('-C', path.join(work, 'two'), ...signedIn, 'pull', '-q');
    assert.ok(fs.existsSync(path.join(work, 'two', 'later')));
  });
});

describe('nginx behind the proxy', () => {
  test('static files, ranges, conditional requests, gzip, HEAD and WebDAV', async (t) => {
    if (!fs.existsSync(NGINX)) return loudSkip(t, 'nginx is not installed');
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o777);
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    fs.mkdirSync(path.join(folder, 'www/dav'), { recursive: true, mode: 0o777 });
    fs.chmodSync(path.join(folder, 'www/dav'), 0o777);
    const file = randomBytes(5 << 20);
    fs.writeFileSync(path.join(folder, 'www/file.bin'), file);
    fs.writeFileSync(path.join(folder, 'www/text.txt'), 'hello\n'.repeat(5000));
    const port = await freePort();
    await startNginx(t, { port, folder, http: `client_max_body_size 100m; gzip on; gzip_types text/plain; gzip_min_length 100; gzip_proxied any; types { text/plain txt; }
      server { listen 127.0.0.1:${port}; root ${folder}/www; location / { } location /dav/ { dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; } }` });
    const world = await makeWorld(t, { config: { upstreams: { app: `http://127.0.0.1:${port}` } }, routes: [{ path: '/dav/admin/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/*', upstream: 'app' }] });
    const cookie = (await world.signIn({}, { path: '/text.txt' })).sessionCookies(HOST);
    const ask = (method, target, headers = {}, body) => request(world.port, method, target, { ...FETCH, Cookie: cookie, ...headers }, { body, timeout: 20_000 });

    assert.equal((await request(world.port, 'GET', '/file.bin', FETCH)).status, 401);
    const whole = await ask('GET', '/file.bin');
    assert.ok(whole.body.equals(file));
    const part = await ask('GET', '/file.bin', { Range: 'bytes=100-199' });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(file.subarray(100, 200)));
    assert.equal((await ask('GET', '/file.bin', { 'If-None-Match': whole.fields.get('etag') })).status, 304);
    const head = await ask('HEAD', '/file.bin');
    assert.equal(head.fields.get('content-length'), String(file.length));
    const zipped = await ask('GET', '/text.txt', { 'Accept-Encoding': 'gzip' });
    assert.equal(zipped.fields.get('content-encoding'), 'gzip');
    assert.equal((await import('node:zlib')).gunzipSync(zipped.body).toString(), 'hello\n'.repeat(5000));

    assert.equal((await ask('MKCOL', '/dav/new/')).status, 201);
    assert.equal((await ask('PUT', '/dav/new/a.bin', {}, file)).status, 201);
    assert.ok((await ask('GET', '/dav/new/a.bin')).body.equals(file));
    assert.equal((await ask('PUT', '/dav/new/b.txt', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n')).status, 201);
    assert.equal((await ask('GET', '/dav/new/b.txt')).text, 'hello');
    // Names as file managers and office programs make them, moved and copied under the same name.
    for (const name of ['a b', '日本語', 'a+b', 'a&b', 'C# (v2).pdf', '100% & more', '[x]', "it's", 'semi;colon', '~$doc', '{brace}', 'a=b@c,d!', '😀']) {
      const written = encodeURIComponent(name);
      assert.equal((await ask('PUT', `/dav/new/${written}`, {}, name)).status, 201, name);
      assert.equal((await ask('MOVE', `/dav/new/${written}`, { Destination: `http://${HOST}/dav/new/moved-${written}` })).status, 204, name);
      assert.equal((await ask('COPY', `/dav/new/moved-${written}`, { Destination: `/dav/new/copied-${written}` })).status, 204, name);
      assert.equal((await ask('GET', `/dav/new/copied-${written}`)).text, name);
      assert.equal(fs.readFileSync(path.join(folder, 'www/dav/new', `moved-${name}`), 'utf8'), name);
    }
    for (const Destination of [`http://${HOST}/dav/admin/x`, '/dav/admin/x', `http://${HOST}/dav/new/../admin/x`, `http://${HOST}/dav/%61dmin/x`]) {
      for (const method of ['COPY', 'MOVE']) assert.equal((await ask(method, '/dav/new/b.txt', { Destination })).status, 400, `${method} to ${Destination}`);
    }
    assert.ok(!fs.existsSync(path.join(folder, 'www/dav/admin')));
    assert.equal((await ask('DELETE', '/dav/new/a.bin')).status, 204);
    assert.equal((await ask('GET', '/dav/new/a.bin')).status, 404);
  });
});

describe('HAProxy behind the proxy', () => {
  test('keep-alive, chunked bodies and identity headers pass two proxies', async (t) => {
    if (!fs.existsSync(HAPROXY)) return loudSkip(t, 'haproxy is not installed');
    const recorder = await Recorder.start();
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const port = await freePort();
    fs.writeFileSync(path.join(folder, 'haproxy.cfg'), `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s 127.0.0.1:${recorder.port}
`);
    await startServer(t, HAPROXY, ['-f', path.join(folder, 'haproxy.cfg'), '-db', '-q'], port);
    const world = await makeWorld(t, { recorder, config: { upstreams: { app: `http://127.0.0.1:${port}` } } });
    const cookie = await world.session();
    for (let round = 0; round < 20; ++round) {
      const body = 'x'.repeat(round * 1000);
      const chunked = { 'Transfer-Encoding': 'chunked' };
      const wire = `${body.length ? `${body.length.toString(16)}\r\n${body}\r\n` : ''}0\r\n\r\n`;
      const answer = await request(world.port, 'POST', '/private/x', { Cookie: cookie, ...(round % 2 ? chunked : {}) }, { body: round % 2 ? wire : body });
      assert.equal(answer.status, 200);
      assert.equal(JSON.parse(answer.text).body.length, body.length);
      assert.ok(JSON.parse(answer.text).headers.some(([name, value]) => name.toLowerCase() === 'x-forwarded-user' && value === 'alice-sub'));
    }
  });
});

describe('a single-page app with a service worker', () => {
  test('polls while signed out, and a reload by way of the service worker leads to the sign-in', async (t) => {
    const missing = chromium.missing();
    if (missing) return loudSkip(t, missing);
    const app = http.createServer((incoming, outgoing) => {
      const script = incoming.url === '/sw.js';
      outgoing.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      outgoing.end(script ? "onactivate = (event) => event.waitUntil(clients.claim()); onfetch = (event) => event.respondWith(fetch(event.request));" : '<!DOCTYPE html><title>app</title><h1>app</h1>');
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    t.after(() => { app.closeAllConnections(); app.close(); });
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    await makeWorld(t, { config: { listen: `127.0.0.1:${port}`, external_urls: [origin], upstreams: { app: `http://127.0.0.1:${app.address().port}` } }, routes: [{ path: '/*', upstream: 'app' }] });
    const browser = await chromium.launch();
    t.after(() => browser.close());
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin}/start`);
    await page.evaluate(async () => {
      const claimed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
      await navigator.serviceWorker.register('/sw.js');
      await claimed;
    });
    await context.clearCookies();
    const poll = await page.evaluate(async () => { const answer = await fetch('/data'); return { status: answer.status, redirected: answer.redirected, url: (await answer.json()).sign_in_url }; });
    assert.deepEqual({ ...poll, url: poll.url.split('?')[0] }, { status: 401, redirected: false, url: `${origin}/_auth/sign-in` });
    const answer = await page.goto(`${origin}/again?x=1`);
    assert.equal(answer.status(), 200);
    assert.equal(page.url(), `${origin}/again?x=1`);
    assert.equal(await page.textContent('h1'), 'app');
  });
});
