// What an app is told besides identity, what passes from clients, and what becomes of the addresses in its answers: beside
// nginx with its defaults, where both do the same. Quick.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { BINARY, REPO, freePort, temporaryFolder } from './lib/proxy.mjs';
import { request } from './lib/raw.mjs';
import { NGINX, startNginx } from './lib/servers.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const PUBLIC = { access: 'public', upstream: 'app' };
const ROUTES = [
  { path: '/app/*', ...PUBLIC, strip_prefix: '/app' },
  { path: '/as-it-is/*', ...PUBLIC, strip_prefix: '/as-it-is', rewrite_location: 'off' },
  { path: '/added/*', ...PUBLIC, strip_prefix: '/added', add_prefix: '/v1' },
  { path: '/replaced/*', ...PUBLIC, replace_path: { from: '^/replaced/(\\d+)/(.*)$', to: '/of/\\1/\\2' } },
  { path: '/chat/*', ...PUBLIC, pass_headers: ['X-User-Id', 'X-AUTH-USER'] },
  { path: '/forwarded/*', ...PUBLIC, forwarded_header: true },
  { path: '/files/*', methods: ['DELETE'], access: 'deny' },
  { path: '/files/*', ...PUBLIC },
  {
    path: '/changed/*', ...PUBLIC,
    request_headers: { set: { 'X-Env': 'prod' }, add: { Via: '1.1 us' }, remove: ['Accept-Encoding', 'X-Debug-*'] },
    response_headers: { preset: 'security', set: { 'X-Powered-By': 'us' }, add: { Link: '<b>' }, remove: ['Server'] },
  },
  { path: '/*', ...PUBLIC },
];

describe('fields and addresses on their way', () => {
  let world;
  let answer = {};
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { routes: ROUTES });
    world.recorder.handle = (_request, reply) => reply.send(answer.status ?? 200, answer.headers ?? {}, 'x');
  });
  beforeEach(() => { world.recorder.reset(); answer = {}; });
  const seen = () => world.recorder.requests[0];

  test('A11 an app is told the client and the public port, whatever the client says', async () => {
    await world.get('/x', { 'X-Real-IP': '6.6.6.6', 'X-Forwarded-Port': '6', 'X_Forwarded_Prefix': '/evil', Forwarded: 'for=6.6.6.6' });
    const { fields } = seen();
    assert.deepEqual([fields.all('x-real-ip'), fields.all('x-forwarded-port')], [['127.0.0.1'], ['80']]);
    for (const name of ['x-forwarded-prefix', 'x_forwarded_prefix', 'forwarded']) assert.ok(!fields.has(name), name);
  });

  test('A10 an app is told the prefix that was taken off, and no client can forge it', async () => {
    await world.get('/app/x?y', { 'X-Forwarded-Prefix': '//evil.test' });
    assert.equal(seen().target, '/x?y');
    assert.deepEqual(seen().fields.all('x-forwarded-prefix'), ['/app']);
  });

  test('Forwarded comes on request', async () => {
    await world.get('/forwarded/x', { Forwarded: 'for=6.6.6.6' });
    assert.deepEqual(seen().fields.all('forwarded'), [`for=127.0.0.1;proto=http;host="${HOST}"`]);
  });

  const address = (text) => text.replaceAll('APP', world.recorder.url);
  // [says, what the app says, what the browser gets]
  const LOCATIONS = [
    ['the inner address', 'APP/login?next=/a', `http://${HOST}/app/login?next=/a`],
    ['a path', '/login', '/app/login'],
    ['a path with the prefix', '/app/login', '/app/login'],
    ['a path of ours', '/_auth/sign-out', '/_auth/sign-out'],
    ['our address', `http://${HOST}/login`, `http://${HOST}/app/login`],
    ['another host', 'https://evil.test/login', 'https://evil.test/login'],
    ['a relative one', 'login', 'login'],
  ];
  for (const [says, value, expected] of LOCATIONS) {
    test(`A09 Location under a prefix: ${says}`, async () => {
      answer = { status: 302, headers: { Location: address(value), 'Content-Location': address(value), Refresh: `0; url=${address(value)}` } };
      const got = await world.get('/app/x');
      assert.equal(got.fields.get('location'), expected);
      assert.equal(got.fields.get('content-location'), expected);
      assert.equal(got.fields.get('refresh'), `0; url=${expected}`);
      assert.equal((await world.get('/as-it-is/x')).fields.get('location'), address(value), 'off');
    });
  }

  test('cookies under a prefix are for the app alone', async () => {
    answer = { headers: { 'Set-Cookie': ['a=1; Path=/; HttpOnly', 'b=1; Path=/x', 'c=1; Domain=127.0.0.1', '__Host-d=1; Path=/; Secure', 'e=1; Path=/app/'] } };
    assert.deepEqual((await world.get('/app/x')).fields.all('set-cookie'), ['a=1; Path=/app; HttpOnly', 'b=1; Path=/app/x', 'c=1', '__Host-d=1; Path=/; Secure', 'e=1; Path=/app/']);
    assert.deepEqual((await world.get('/as-it-is/x')).fields.all('set-cookie'), answer.headers['Set-Cookie']);
  });

  test('a prefix is added and taken back, a path replaced, and no path climbs', async () => {
    answer = { status: 302, headers: { Location: '/v1/login', 'Set-Cookie': 'a=1; Path=/v1' } };
    const got = await world.get('/added/x');
    assert.equal(seen().target, '/v1/x');
    assert.deepEqual([got.fields.get('location'), got.fields.get('set-cookie')], ['/added/login', 'a=1; Path=/added']);
    await world.get('/replaced/7/photo?a=1');
    await world.get('/replaced/x');
    assert.deepEqual(world.recorder.targets().slice(1), ['/of/7/photo?a=1', '/replaced/x']);
  });

  test("what stays of a replaced path are the client's own bytes", async () => {
    for (const rest of ['a%2Bb.deb', 'https://x/y', 'a%7Eb', '%40team', 'caf%c3%a9', 'a%20b']) await world.get(`/replaced/7/${rest}`);
    assert.deepEqual(world.recorder.targets(), ['/of/7/a%2Bb.deb', '/of/7/https://x/y', '/of/7/a%7Eb', '/of/7/%40team', '/of/7/caf%c3%a9', '/of/7/a%20b']);
    await world.get('/replac%65d//7/a%2Bb');
    assert.equal(world.recorder.targets().at(-1), '/of/7/a+b', 'where the pattern sees another text, the normal form');
  });

  test('A24 named fields reach the app where its route lets them, and nowhere else', async () => {
    const fields = { 'X-User-Id': 'u', 'X-AUTH-USER': 'k', 'X-User-Email': 'no', 'X-Auth-Token': 't', 'X-User-Agent': 'grpc-web-javascript/0.1' };
    await world.get('/chat/x', fields);
    await world.get('/x', fields);
    const [chat, other] = world.recorder.requests.map((one) => Object.keys(fields).filter((name) => one.fields.has(name)));
    assert.deepEqual(chat, ['X-User-Id', 'X-AUTH-USER', 'X-Auth-Token', 'X-User-Agent']);
    assert.deepEqual(other, ['X-Auth-Token', 'X-User-Agent']);
  });

  test('P24 a method override reaches the app where the same rule would decide', async () => {
    for (const [target, name, value] of [['/x', 'X-HTTP-Method', 'MERGE'], ['/files/x', 'X-HTTP-Method', 'MERGE'], ['/files/x', 'x_http_method_override', 'delete'], ['/files/x', 'X-Tunneled-Method', 'DELETE'], ['/files/x', 'X-Method-Override', 'PUT,DELETE']]) {
      assert.equal((await world.post(target, { [name]: value }, { body: '' })).status, 200);
      assert.equal(world.recorder.requests.at(-1).fields.has(name), value === 'MERGE', `${name}: ${value} on ${target}`);
    }
    const told = await world.proxy.waitLog(({ msg }) => /names another method did not reach the app.*routes\[\]\.methods/.test(msg));
    assert.deepEqual([told.level, told.route, told.field, told.method], ['warning', '#8 /files/*', 'x_http_method_override', 'delete']);
  });

  test('fields of requests and answers are set, added and removed', async () => {
    answer = { headers: { Server: 'old', 'X-Powered-By': 'PHP', Link: '<a>', 'X-Frame-Options': 'DENY' } };
    const got = await world.get('/changed/x', { 'X-Env': 'evil', x_env: 'evil', 'Accept-Encoding': 'gzip', 'X-Debug-Me': '1', Via: '1.1 you', Accept: '*/*' });
    const { fields } = seen();
    assert.deepEqual([fields.all('x-env'), fields.all('x_env'), fields.all('via').sort(), fields.all('accept')], [['prod'], [], ['1.1 us', '1.1 you'], ['*/*']]);
    for (const name of ['accept-encoding', 'x-debug-me']) assert.ok(!fields.has(name), name);
    assert.deepEqual([got.fields.all('server'), got.fields.all('x-powered-by'), got.fields.all('link')], [[], ['us'], ['<a>', '<b>']]);
    assert.deepEqual([got.fields.all('x-frame-options'), got.fields.all('content-security-policy')], [['DENY'], []]);
    assert.deepEqual([got.fields.all('x-content-type-options'), got.fields.all('strict-transport-security')], [['nosniff'], []]);
  });

  test('nginx with its defaults maps the same addresses', { skip: !fs.existsSync(NGINX) }, async () => {
    const port = await freePort();
    await startNginx(scope, { port, http: `server { listen 127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Connection ''; location /app/ { proxy_pass ${world.recorder.url}/; proxy_set_header Host $http_host; } location / { proxy_pass ${world.recorder.url}; } }` });
    for (const [target, value] of [['/app/x', 'APP/login'], ['/x', 'APP/login'], ['/x', '/login'], ['/x', 'login'], ['/x', 'https://evil.test/login'], ['/app/x', 'https://evil.test/login'], ['/x', 'http://127.0.0.1:1/x']]) {
      answer = { status: 302, headers: { Location: address(value) } };
      const [theirs, ours] = [await request(port, 'GET', target, {}, { host: HOST }), await world.get(target)];
      const resolved = (one, base) => new URL(one.fields.get('location').replace(`http://${HOST}:${port}`, `http://${HOST}`), base).href;
      assert.equal(resolved(ours, `http://${HOST}${target}`), resolved(theirs, `http://${HOST}${target}`), `${value} on ${target}`);
    }
  });
});

describe('the client in a field of a trusted hop', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      config: { trusted_proxies: ['127.0.0.1/32'], client_ip_header: 'CF-Connecting-IP' },
      routes: [{ path: '/inside/*', ...PUBLIC, networks: ['10.0.0.0/8'] }, { path: '/*', ...PUBLIC }],
    });
  });
  beforeEach(() => world.recorder.reset());

  test('once and one address, else the hop is the client', async () => {
    for (const [headers, expected] of [
      [{ 'CF-Connecting-IP': '10.1.2.3' }, '10.1.2.3'], [{ 'cf-connecting-ip': '2001:db8::1' }, '2001:db8::1'], [{}, '127.0.0.1'], [{ 'CF-Connecting-IP': ['10.1.2.3', '10.1.2.3'] }, '127.0.0.1'],
      [{ 'CF-Connecting-IP': '10.1.2.3, 10.1.2.4' }, '127.0.0.1'], [{ 'CF-Connecting-IP': 'localhost' }, '127.0.0.1'], [{ 'X-Forwarded-For': '10.1.2.3' }, '127.0.0.1'], [{ CF_Connecting_IP: '10.1.2.3' }, '127.0.0.1'],
    ]) {
      world.recorder.reset();
      const inside = expected.startsWith('10.');
      assert.equal((await world.get('/inside/x', headers)).status, 200);
      const { fields } = world.recorder.requests[0];
      assert.deepEqual(fields.all('x-real-ip'), [expected], JSON.stringify(headers));
      assert.ok(!fields.has('cf-connecting-ip') && !fields.has('cf_connecting_ip'));
      const explained = JSON.parse(explain(world, '/inside/x', headers));
      assert.equal(explained.client, expected);
      assert.equal(explained.route.index, inside ? 1 : 2);
    }
  });
});

test('a secret that is set for apps is read again at SIGHUP, shown nowhere, and told to nobody who only asks', async (t) => {
  const folder = temporaryFolder();
  fs.writeFileSync(`${folder}/key`, 'k3y-one\n');
  const world = await makeWorld(t, {
    config: { trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true } },
    routes: [{ path: '/*', ...PUBLIC, request_headers: { set: { 'X-Api-Key': { value_file: `${folder}/key` } } } }],
  });
  const told = async () => { world.recorder.reset(); await world.get('/x', { 'X-Api-Key': 'evil', x_api_key: 'evil' }); return world.recorder.requests[0].fields.list.filter(([name]) => /api.key/i.test(name)); };
  assert.deepEqual(await told(), [['X-Api-Key', 'k3y-one']]);
  const explained = explain(world, '/x', {});
  assert.match(explained, /\*{8}/);
  const check = await world.get('/_auth/check', { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': '/x' });
  assert.equal(check.status, 403);
  assert.ok(!check.fields.has('x-api-key'));
  fs.writeFileSync(`${folder}/key`, 'k3y-two\n');
  world.proxy.signal('SIGHUP');
  await world.proxy.waitLog((entry) => entry.msg === 'secrets re-read');
  assert.deepEqual(await told(), [['X-Api-Key', 'k3y-two']]);
  assert.doesNotMatch(explained + world.proxy.output, /k3y/);
});

// Its exit status says whether the request is let through, which is not what is asked here.
function explain(world, target, headers) {
  const given = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => ['--header', `${name}: ${one}`]));
  return execFileSync(BINARY, ['explain', '--config', world.proxy.file, '--json', '--url', `http://${HOST}${target}`, ...given], { encoding: 'utf8', env: { ...process.env, ...world.env } });
}

test('the manual lists every field that is taken out of requests, as routes prints them', () => {
  const folder = temporaryFolder();
  const config = `${folder}/config.yaml`;
  fs.writeFileSync(config, `external_urls: [http://app.test]
logto: { endpoint: http://127.0.0.1:3001, app_id: a, app_secret: s }
session: { secret: ${randomBytes(32).toString('base64')} }
upstreams: { app: "http://127.0.0.1:1" }
routes: [{ path: /*, upstream: app, pass_headers: [X-User-Id] }]
`);
  const printed = execFileSync(BINARY, ['routes', '--config', config], { encoding: 'utf8' });
  const manual = fs.readFileSync(`${REPO}/docs/MANUAL.md`, 'utf8');
  const lists = printed.slice(printed.indexOf('Taken out')).split(/\n {2}(?! )/).slice(1).map((one) => one.replace(/\s+/g, ' ').trim());
  assert.equal(lists.at(-1), 'route #1 /* lets pass: X-User-Id');
  const names = lists.slice(1, -1).flatMap((list) => list.slice(list.indexOf(': ') + 2).split(', '));
  assert.ok(names.length > 100, `${names.length}`);
  assert.deepEqual(names.filter((name) => !manual.includes(`\`${name.toLowerCase()}\``)), []);
});
