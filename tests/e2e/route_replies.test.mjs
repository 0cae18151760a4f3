// Routes without an app: redirects, fixed answers, files, and the ways to our own pages.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { BINARY, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const BIG = Buffer.alloc(3_000_000, 'The same line, many times over.\n');
function makeSite() {
  const outside = temporaryFolder();
  fs.writeFileSync(path.join(outside, 'secret.txt'), 'outside');
  const folder = path.join(temporaryFolder(), 'www');
  fs.mkdirSync(path.join(folder, 'docs'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'empty'));
  fs.mkdirSync(path.join(folder, '.git'));
  fs.mkdirSync(path.join(folder, '.well-known'));
  const files = {
    'index.html': '<h1>site</h1>', 'app.js': 'let x;', 'docs/index.html': '<h1>docs</h1>', '.env': 'SECRET=1', '.git/config': 'x', '.well-known/security.txt': 'Contact: x',
    'a b+c.txt': 'blank', '日本.txt': 'utf8', 'big.bin': BIG, 'empty.txt': '',
  };
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), content);
  fs.symlinkSync('app.js', path.join(folder, 'inner.js'));
  fs.symlinkSync(path.join(outside, 'secret.txt'), path.join(folder, 'outer.txt'));
  fs.symlinkSync(outside, path.join(folder, 'outer'));
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  return folder;
}

describe('routes that answer themselves', () => {
  const scope = suite(after);
  let world;
  let cookie;
  let site;
  const get = (target, headers = {}, method = 'GET') => request(world.port, method, target, headers, { host: HOST });
  before(async () => {
    site = makeSite();
    world = await makeWorld(scope, {
      config: { external_urls: [ORIGIN] },
      routes: [
        { path: '/old/*', access: 'public', redirect: '/new/\\1' },
        { path: '/moved', access: 'public', redirect: { to: 'https://elsewhere.example.com/x?y=1', status: 308 } },
        { path: '~ /blog/([0-9]+)/(.*)', access: 'public', redirect: { to: '/posts/\\2-\\1', status: 301 } },
        { path: '/rest/*', access: 'public', redirect: '/\\1' },
        { path: '/private-old', redirect: '/new' },
        { path: '/gone', access: 'public', respond: { status: 410, body: '{"gone":true}', type: 'application/json' } },
        { path: '/none', access: 'public', respond: { status: 204 } },
        { path: '/reset', access: 'public', respond: { status: 205 } },
        { path: '/logout', action: 'sign_out' },
        { path: '/login', action: 'sign_in' },
        { path: '/profile', action: 'account' },
        { path: '/site/*', access: 'public', static: site, strip_prefix: '/site' },
        { path: '/private/*', static: site, strip_prefix: '/private' },
        ...[
          { path: '/changed/moved', access: 'public', redirect: '/x' }, { path: '/changed/said', access: 'public', respond: { status: 200, body: 'said' } },
          { path: '/changed/login', action: 'sign_in' }, { path: '/changed/files/*', access: 'public', static: site, strip_prefix: '/changed/files' },
          { path: '/changed/mine', respond: { status: 200, body: 'mine' } }, { path: '/changed/none', access: 'public', respond: { status: 204 } },
        ].map((route) => ({ ...route, response_headers: { preset: 'security', set: { 'X-By': 'us', 'Cache-Control': 'public, max-age=60' } } })),
        { path: '/*', upstream: 'app' },
      ],
    });
    const user = new BrowserUser({ [HOST]: world.port });
    await user.navigate(`http://${HOST}/_auth/sign-in?return_to=/`);
    cookie = user.sessionCookies(HOST);
  });

  const REDIRECTS = [
    ['/old/a/b', 302, '/new/a/b'], ['/old', 302, '/new/'], ['/old/a?q=1', 302, '/new/a?q=1'], ['/moved?z=2', 308, 'https://elsewhere.example.com/x?y=1'], ['/blog/12/on%20x', 301, '/posts/on%20x-12'],
    ['/logout', 303, '/_auth/sign-out'], ['/login', 303, '/_auth/sign-in'], ['/profile', 303, '/_auth/'], ['/login?return_to=https://evil.example/', 303, '/_auth/sign-in'],
    ['/login?next=/a%3Fb=1', 303, '/_auth/sign-in?return_to=%2Fa%3Fb%3D1'], ['/login?next=//evil.example', 303, '/_auth/sign-in'], ['/logout?next=/old/bye', 303, '/_auth/sign-out?return_to=%2Fold%2Fbye'],
  ];
  for (const [target, status, location] of REDIRECTS) {
    test(`${target} leads to ${location}`, async () => {
      world.recorder.reset();
      const answer = await get(target, NAVIGATION);
      assert.deepEqual([answer.status, answer.fields.get('location')], [status, location]);
      assert.equal(world.recorder.requests.length, 0);
    });
  }

  test('behind every action there is a page', async () => {
    for (const target of ['/logout', '/login', '/profile']) {
      const location = (await get(target, NAVIGATION)).fields.get('location');
      const page = await get(location, { ...NAVIGATION, ...(target === '/logout' ? {} : { Cookie: cookie }) });
      assert.ok([200, 303].includes(page.status), `${target}: ${location} is ${page.status}`);
    }
  });

  for (const target of ['/rest//evil.example/x', '/rest/%5Cevil.example/x', '/rest/%2Fevil.example', '/rest///evil.example'])
    test(`${target} leads to no other host`, async () => {
      const answer = await get(target, NAVIGATION);
      if (answer.status !== 400) assert.equal(new URL(answer.fields.get('location'), ORIGIN).host, HOST);
    });

  test('a redirect that is not public asks who it is first', async () => {
    assert.equal((await get('/private-old', FETCH)).status, 401);
    const answer = await get('/private-old', { ...NAVIGATION, Cookie: cookie });
    assert.deepEqual([answer.status, answer.fields.get('location'), answer.fields.get('cache-control')], [302, '/new', 'private, no-store']);
  });

  test('who follows the link of a page to the sign-in comes back to that page, and from the sign-out to where the app says', async () => {
    const user = new BrowserUser({ [HOST]: world.port });
    await user.navigate(`http://${HOST}/old/x`);
    const { location } = (await get('/login', { ...NAVIGATION, Referer: `${ORIGIN}/wiki/Main?a=1` })).fields.all('location').map((one) => ({ location: one }))[0];
    assert.equal(location, '/_auth/sign-in?return_to=%2Fwiki%2FMain%3Fa%3D1');
    const there = await user.navigate(`http://${HOST}${location}`);
    assert.equal(there.url, `http://${HOST}/wiki/Main?a=1`);
    const asked = await user.navigate(`http://${HOST}/_auth/sign-out?return_to=/old/bye`, { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    assert.match(asked.body.toString(), /action="\/_auth\/sign-out\?return_to=%2Fold%2Fbye"/);
  });

  test('what the configuration says of answers holds for those of routes without an app', async () => {
    const answers = [await get('/changed/moved'), await get('/changed/said'), await get('/changed/login', NAVIGATION), await get('/changed/files/index.html')];
    assert.deepEqual(answers.map((one) => one.status), [302, 200, 303, 200]);
    for (const answer of answers) {
      assert.deepEqual([answer.fields.all('x-by'), answer.fields.all('x-content-type-options'), answer.fields.all('referrer-policy')], [['us'], ['nosniff'], ['strict-origin-when-cross-origin']]);
      assert.equal(answer.fields.all('date').length, 1);
    }
    assert.equal(answers[1].body.toString(), 'said');
    const head = await get('/changed/said', {}, 'HEAD');
    assert.deepEqual([head.status, head.fields.get('content-length'), head.fields.get('x-by'), head.body.length], [200, '4', 'us', 0]);
    const mine = await get('/changed/mine', { Cookie: cookie });
    assert.deepEqual([mine.status, mine.fields.all('cache-control')], [200, ['private, max-age=60']], 'public by configuration opens nothing to shared caches');
    assert.equal((await get('/changed/none')).status, 204);
  });

  test('a fixed answer', async () => {
    const answer = await get('/gone');
    assert.deepEqual([answer.status, answer.fields.get('content-type'), answer.body.toString()], [410, 'application/json', '{"gone":true}']);
    const reset = await get('/reset');
    assert.deepEqual([reset.status, reset.text, reset.fields.get('content-length')], [205, '', '0']);
    const none = await get('/none');
    assert.deepEqual([none.status, none.body.length], [204, 0]);
    assert.equal((await get('/gone', {}, 'HEAD')).status, 410);
  });

  test("a POST to the app's own logout signs out", async () => {
    const answer = await get('/logout', { ...NAVIGATION, Cookie: cookie, Origin: ORIGIN }, 'POST');
    assert.deepEqual([answer.status, answer.fields.get('location')], [303, '/_auth/sign-out']);
  });

  const FILES = [
    ['/site/', 200, '<h1>site</h1>', 'text/html; charset=utf-8'], ['/site/app.js', 200, 'let x;', 'text/javascript; charset=utf-8'], ['/site/docs/', 200, '<h1>docs</h1>'], ['/site/inner.js', 200, 'let x;'],
    ['/site/.well-known/security.txt', 200, 'Contact: x'], ['/site/a%20b+c.txt', 200, 'blank'], ['/site/%E6%97%A5%E6%9C%AC.txt', 200, 'utf8'], ['/site/empty.txt', 200, ''],
  ];
  for (const [target, status, body, type] of FILES)
    test(`${target} is the file`, async () => {
      const answer = await get(target);
      assert.deepEqual([answer.status, answer.body.toString()], [status, body]);
      if (type) assert.equal(answer.fields.get('content-type'), type);
      assert.equal(answer.fields.get('x-content-type-options'), 'nosniff');
    });

  const NO_FILES = ['/site/nothing', '/site/.env', '/site/.git/config', '/site/%2Eenv', '/site/outer.txt', '/site/outer/secret.txt', '/site/pipe', '/site/empty/', '/site/..%2fsecret.txt', '/site/../../etc/passwd',
    '/site/%2e%2e/%2e%2e/etc/passwd', '/site/app.js/', '/site/app.js%00', '/site/docs%5C..%5C..%5Cx', '/site//etc/passwd'];
  for (const target of NO_FILES)
    test(`${target} is no file`, async () => {
      const answer = await get(target, FETCH);
      assert.ok([400, 401, 404].includes(answer.status), `${answer.status}`);
      assert.ok(!/outside|SECRET|root:/.test(answer.body.toString()));
    });

  test('a folder without its slash is sent to it', async () => {
    const answer = await get('/site/docs?x=1');
    assert.deepEqual([answer.status, answer.fields.get('location')], [301, '/site/docs/?x=1']);
    const root = await get('/site');
    assert.deepEqual([root.status, root.fields.get('location')], [301, '/site/'], 'or its links would lead elsewhere');
  });

  test('conditions and ranges', async () => {
    const whole = await get('/site/big.bin');
    assert.ok(whole.body.equals(BIG));
    const etag = whole.fields.get('etag');
    const modified = whole.fields.get('last-modified');
    assert.equal((await get('/site/big.bin', { 'If-None-Match': `W/"x", ${etag}` })).status, 304);
    assert.equal((await get('/site/big.bin', { 'If-Modified-Since': modified })).status, 304);
    assert.equal((await get('/site/big.bin', { 'If-None-Match': '"x"', 'If-Modified-Since': modified })).status, 200);
    assert.equal((await get('/site/big.bin', { 'If-Match': '"x"' })).status, 412);
    const RANGES = [['bytes=0-4', 206, BIG.subarray(0, 5)], ['bytes=-7', 206, BIG.subarray(-7)], ['bytes=2999990-', 206, BIG.subarray(2_999_990)], ['bytes=5-2', 200, BIG], ['bytes=0-1,4-5', 200, BIG], ['lines=1-2', 200, BIG]];
    for (const [range, status, bytes] of RANGES) {
      const part = await get('/site/big.bin', { Range: range });
      assert.equal(part.status, status, range);
      assert.ok(part.body.equals(bytes), range);
    }
    assert.equal((await get('/site/big.bin', { Range: 'bytes=0-4', 'If-Range': '"x"' })).status, 200);
    assert.equal((await get('/site/big.bin', { Range: 'bytes=0-4', 'If-Range': etag })).status, 206);
    const beyond = await get('/site/big.bin', { Range: 'bytes=3000000-' });
    assert.deepEqual([beyond.status, beyond.fields.get('content-range')], [416, 'bytes */3000000']);
    const head = await get('/site/big.bin', {}, 'HEAD');
    assert.deepEqual([head.status, head.fields.get('content-length')], [200, '3000000']);
    const post = await get('/site/big.bin', {}, 'POST');
    assert.deepEqual([post.status, post.fields.get('allow')], [405, 'GET, HEAD']);
  });

  test('files of a route that asks who it is', async () => {
    assert.equal((await get('/private/app.js', FETCH)).status, 401);
    const answer = await get('/private/app.js', { ...FETCH, Cookie: cookie });
    assert.equal(answer.status, 200);
    assert.match(answer.fields.get('cache-control') ?? '', /private/);
  });
});

describe('crawlers where nothing is public', () => {
  const scope = suite(after);
  const routes = [{ path: '/login', action: 'sign_in' }, { path: '/open/*', host: 'open.test', access: 'public', upstream: 'app' }, { path: '/*', upstream: 'app' }];
  const ask = (world, host, target = '/robots.txt', method = 'GET', headers = {}) => request(world.port, method, target, headers, { host });

  test('are told to stay away, by whatever spelling, and nobody else is', async () => {
    const world = await makeWorld(scope, { config: { external_urls: [ORIGIN, 'http://open.test'] }, routes });
    for (const answer of [await ask(world, HOST), await ask(world, HOST, '/robots.txt?x=1'), await ask(world, HOST, '/%72obots.txt')]) {
      assert.deepEqual([answer.status, answer.fields.get('content-type'), answer.text], [200, 'text/plain; charset=utf-8', 'User-agent: *\nDisallow: /\n']);
      assert.equal(answer.fields.all('set-cookie').length, 0);
    }
    assert.equal((await ask(world, HOST, '/robots.txt', 'HEAD')).status, 200);
    assert.equal((await ask(world, HOST, '/robots.txt', 'POST')).status, 401);
    assert.equal((await ask(world, HOST, '/x/robots.txt')).status, 401);
    assert.equal((await ask(world, 'open.test', '/robots.txt')).status, 401, 'a host with something public');
    assert.equal(world.recorder.requests.length, 0);
    const said = (...args) => { try { return execFileSync(BINARY, [...args, '--config', world.proxy.file], { encoding: 'utf8', stdio: 'pipe' }); } catch (error) { return error.stdout; } };
    assert.match(said('routes'), /GET and HEAD of \/robots\.txt: crawlers stay away from app\.test, for nothing is public there \(health\.robots_txt\)/);
    assert.match(said('explain', '--url', `${ORIGIN}/robots.txt`), /nothing is public at this host, so crawlers are told to stay away; health\.robots_txt: false/);
    assert.match(said('explain', '--url', 'http://open.test/robots.txt'), /route .*#3 \/\*/);
  });

  test('unless the configuration leaves it to the routes, or has one for that path', async () => {
    const left = await makeWorld(scope, { config: { external_urls: [ORIGIN], health: { robots_txt: false } }, routes: [{ path: '/*', upstream: 'app' }] });
    assert.equal((await ask(left, HOST)).status, 401);
    const own = await makeWorld(scope, { routes: [{ path: '/robots.txt', access: 'public', respond: { status: 200, body: 'mine' } }, { path: '/*', upstream: 'app' }] });
    assert.equal((await ask(own, HOST)).text, 'mine');
  });
});

describe('what check says of them', () => {
  const MISTAKES = [
    ['two answers', { redirect: '/x', upstream: 'app' }, /one of upstream, redirect, respond, static and action, not upstream and redirect/],
    ['a group that is not there', { path: '/a', redirect: '/x/\\1' }, /no group above/],
    ['a host that a request would choose', { path: '/a/*', redirect: 'https://\\1/' }, /whose host is fixed/],
    ['another host in disguise', { redirect: '//evil.example/' }, /whose host is fixed/],
    ['a status without a target', { redirect: { status: 301 }, upstream: 'app' }, /redirect: required: expected to/],
    ['an answer beside an app', { respond: { status: 204 }, upstream: 'app' }, /not upstream and respond/],
    ['a body where there is none', { respond: { status: 204, body: 'x' } }, /an answer of 204 has no body/],
    ['nor there', { respond: { status: 205, body: 'x' } }, /an answer of 205 has no body/],
    ['a redirect without a place', { respond: { status: 302 } }, /redirect is the key for where to/],
    ['a body without a status', { respond: { body: 'x' } }, /required: expected a status/],
    ['an action that is not public', { action: 'sign_out', access: 'signed_in' }, /a route with an action is public/],
    ['an action with a rule', { action: 'sign_in', require: { roles: ['admin'] } }, /require: a route with an action is public, and require would hold for nobody: take it out/],
    ['an action with a rule against', { action: 'sign_in', deny: { roles: ['admin'] } }, /deny: a route with an action is public, and deny would hold for nobody: take it out/],
    ['a folder that is not there', { static: '/nowhere/at/all' }, /static/],
    ["nginx's groups", { path: '/a/*', redirect: '/x/$1' }, /expected groups as \\1, found '\$1'/],
  ];
  for (const [name, route, words] of MISTAKES)
    test(name, () => {
      const config = {
        external_urls: ['https://app.example.test'], logto: { endpoint: 'https://logto.example.test', app_id: 'a', app_secret: 'b' }, session: { secret: Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64') },
        upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/x', ...route }],
      };
      const file = writeConfig(config);
      assert.throws(() => execFileSync(BINARY, ['check', '--config', file.path ?? file], { encoding: 'utf8', stdio: 'pipe' }), (error) => words.test(error.stderr + error.stdout) || assert.fail(error.stderr + error.stdout));
    });
});
