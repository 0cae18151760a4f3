// What is judged is what the app will read: paths that Express, ASP.NET and Windows take for the same page, methods that frameworks
// take from fields and parameters, destinations, preflights, and whose page opens a WebSocket.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { FETCH, NAVIGATION, RawClient, request, requestBytes } from './lib/raw.mjs';
import { run } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

const OTHER = 'other.test';
const FRIEND = 'friend.test';
const UPGRADE = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };

describe('an editor beside rules for admins', () => {
  let world;
  let editor;
  let admin;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      config: { external_urls: [ORIGIN, `http://${OTHER}`, `http://${FRIEND}`], forward_auth: { enabled: true }, trusted_proxies: ['127.0.0.1/32'] },
      routes: [
        { path: '/health', access: 'public', upstream: 'app' },
        { path: '/admin', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/reports/*', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '~ /x/[0-9]+/edit', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/stripped/*', require: { roles: ['admin'] }, upstream: 'app', strip_prefix: '/stripped' },
        { path: '/files/*', methods: ['DELETE', 'PUT'], require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/dav/*', upstream: 'app' },
        { path: '/locked/*', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/exact/*', path_spellings: 'distinct', upstream: 'app' },
        { path: '/EXACT/secret', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/friends/*', allowed_origins: [`http://${FRIEND}`], upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    editor = (await world.session({})) ?? '';
    admin = (await world.session({ sub: 'admin-sub', roles: ['admin'] })) ?? '';
  });
  beforeEach(() => world.recorder.reset());

  const via = (method, target, headers) => request(world.port, method, target, headers, { host: HOST });
  // The same request as nginx's auth_request would ask about it.
  const checked = (method, target, headers) => request(world.port, 'GET', '/_auth/check', { ...headers, 'X-Original-URL': ORIGIN + target, 'X-Original-Method': method }, { host: HOST });

  const ADMIN_ONLY = [
    '/admin', '/admin/', '/ADMIN', '/Admin/', '/admin.', '/admin..', '/admin%20', '/admin%20.%20', '/adm%49n', '/%20admin', '/admin%C2%A0', '/adm%C4%B1n',
    '/Reports/q3', '/REPORTS', '/reports./q3', '/reports%20/q3', '/X/7/EDIT', '/x/7/edit/', '/x/7/Edit.',
  ];
  for (const target of ADMIN_ONLY) {
    test(`${target} is the admins', at the proxy and in a check`, async () => {
      assert.equal((await via('GET', target, { ...FETCH, Cookie: editor })).status, 403);
      assert.equal((await via('GET', target, FETCH)).status, 401);
      assert.equal((await checked('GET', target, { ...FETCH, Cookie: editor })).status, 403);
      assert.deepEqual(world.recorder.requests, []);
      const answer = await via('GET', target, { ...FETCH, Cookie: admin });
      assert.equal(answer.status, 200, 'who may see the page may spell it so');
      assert.equal((await checked('GET', target, { ...FETCH, Cookie: admin })).status, 200);
    });
  }

  for (const target of ['/admins', '/admin/x', '/wiki/Admin', '/x/a/edit', '/health', '/exact/secret', '/exact/Secret/', '/exact/x']) {
    test(`${target} is nobody's but its own route's`, async () => {
      assert.equal((await via('GET', target, { ...FETCH, Cookie: editor })).status, 200);
      assert.equal(world.recorder.requests[0].target, target);
    });
  }

  test('explain says which route decides, and in place of which', async () => {
    const ask = async (target, ...more) => (await run(['explain', '--config', world.proxy.file, '--url', ORIGIN + target, ...more])).stdout;
    assert.match(await ask('/ADMIN/'), /^route +#12 \/\*.*\n(?:.*\n)*?decides +#2 \/admin .*stricter/m);
    assert.doesNotMatch(await ask('/admin'), /^decides/m);
    const said = JSON.parse(await ask('/ADMIN/', '--json'));
    assert.match(JSON.stringify(said.route), /#2 \/admin/);
    assert.match(JSON.stringify(said.instead_of), /#12 \/\*/);
    assert.equal(JSON.parse(await ask('/admin', '--json')).instead_of, null);
  });

  test('a prefix that cannot be stripped as it is spelled is refused, whoever asks', async () => {
    assert.equal((await via('GET', '/stripped/x', { ...FETCH, Cookie: admin })).status, 200);
    assert.equal((await via('GET', '/STRIPPED/x', { ...FETCH, Cookie: admin })).status, 400);
    assert.equal((await via('GET', '/STRIPPED/x', { ...FETCH, Cookie: editor })).status, 400);
  });

  test('what other readings there were are read in other spellings too', async () => {
    for (const target of ['/ADMIN;x', '/ADMIN%3Fx', '/%2541dmin', '/wiki%2F..%2Fadmin/', '/Reports%2Fq3']) {
      assert.equal((await via('GET', target, { ...FETCH, Cookie: admin })).status, 400, target);
    }
    assert.deepEqual(world.recorder.requests, []);
  });

  for (const query of ['_method=DELETE', '_method=delete', '_METHOD=Put', '_method=DELETE,', 'a=1&%5Fmethod=DELETE', '_method=POST&_method=DELETE', '_method[]=DELETE', 'a;_method=DELETE', '[method=DELETE']) {
    test(`POST with ?${query} does not become another route's`, async () => {
      assert.equal((await via('POST', `/files/1?${query}`, { ...FETCH, Origin: ORIGIN, Cookie: editor, 'Content-Length': '0' })).status, 400);
      assert.equal((await checked('POST', `/files/1?${query}`, { ...FETCH, Cookie: editor })).status, 403);
      assert.deepEqual(world.recorder.requests, []);
    });
  }
  for (const query of ['_method=POST', '_method=PATCH', 'method=DELETE', 'x=_method=DELETE', '_method=']) {
    test(`POST with ?${query} stays what it is`, async () => {
      assert.equal((await via('POST', `/files/1?${query}`, { ...FETCH, Origin: ORIGIN, Cookie: editor, 'Content-Length': '0' })).status, 200);
    });
  }

  for (const [name, value] of [['X-HTTP-Method-Override', 'DELETE,'], ['X-HTTP-Method-Override', 'delete'], ['X_HTTP_Method_Override', 'DELETE'], ['X.HTTP.Method.Override', 'DELETE'], ['x-http-method', 'PUT'], ['X-Method-Override', ' "DELETE" '], ['X-Method_Override', 'POST, DELETE']]) {
    test(`a check refuses ${name}: ${value}; to our own app it does not go`, async () => {
      assert.equal((await checked('POST', '/files/1', { ...FETCH, Cookie: editor, [name]: value })).status, 403);
      const answer = await via('POST', '/files/1', { ...FETCH, Origin: ORIGIN, Cookie: editor, [name]: value, 'Content-Length': '0' });
      assert.ok([200, 400].includes(answer.status));
      for (const one of world.recorder.requests) assert.ok(!one.fields.has(name.toLowerCase()));
    });
  }

  for (const method of ['MOVE', 'move', 'Copy', 'REBIND', 'PATCH']) {
    test(`${method} lands where its route decides`, async () => {
      const to = (Destination) => via(method, '/dav/x', { ...FETCH, Origin: ORIGIN, Cookie: editor, Destination, 'Content-Length': '0' });
      for (const place of ['/locked/y', `${ORIGIN}/locked/y`, '/LOCKED/y', '/dav/../locked/y', '/reports']) assert.equal((await to(place)).status, 400, place);
      assert.deepEqual(world.recorder.requests, []);
      assert.equal((await to('/dav/y')).status, 200);
    });
  }

  test('a page of one external URL opens no WebSocket as the user on another', async () => {
    const handshake = async (target, origin) => {
      const client = await RawClient.connect(world.port);
      try {
        await client.send(requestBytes('GET', target, { Host: HOST, ...UPGRADE, Origin: origin, Cookie: editor }));
        return (await client.head()).status;
      } finally { client.destroy(); }
    };
    assert.equal(await handshake('/ws', `http://${OTHER}`), 403);
    assert.equal(await handshake('/ws', `http://${FRIEND}`), 403);
    assert.equal(await handshake('/friends/ws', `http://${OTHER}`), 403);
    assert.deepEqual(world.recorder.requests, []);
    for (const [target, origin] of [['/ws', ORIGIN], ['/friends/ws', `http://${FRIEND}`], ['/friends/ws', ORIGIN]]) assert.notEqual(await handshake(target, origin), 403);
    assert.equal(world.recorder.requests.length, 3);
  });
});

describe('a preflight', () => {
  let world;
  const scope = suite(after);
  const AUTHORIZED = {
    basic: { authorization: { basic: { username: 'svc', password: 'service-password' } } },
    'basic of the person': { authorization: { basic: { username_claim: 'username', password: 'service-password' } } },
    bearer: { authorization: { bearer: 'id_token' } },
    token: { token: { resource: 'https://api.example.test' } },
    nothing: {},
  };
  const pathOf = (name) => `/${name.replaceAll(' ', '-')}`;
  before(async () => {
    world = await makeWorld(scope, { routes: Object.entries(AUTHORIZED).map(([name, more]) => ({ path: `${pathOf(name)}/*`, preflight: true, upstream: 'app', ...more })) });
  });

  for (const [name, more] of Object.entries(AUTHORIZED)) {
    test(`where the app's Authorization is ${name}, the client's ${Object.keys(more).length ? 'stays here' : 'goes on'}`, async () => {
      world.recorder.reset();
      const headers = { ...FETCH, Origin: ORIGIN, 'Access-Control-Request-Method': 'PUT', Authorization: ['Basic Z3Vlc3Q6Z3Vlc3Q='] };
      const answer = await request(world.port, 'OPTIONS', `${pathOf(name)}/x`, headers, { host: HOST });
      assert.equal(answer.status, 200);
      const seen = world.recorder.requests[0].fields.all('authorization');
      if (Object.keys(more).length) assert.ok(!seen.some((value) => value.includes('Z3Vlc3Q6Z3Vlc3Q=')), seen.join());
      else assert.deepEqual(seen, ['Basic Z3Vlc3Q6Z3Vlc3Q=']);
      assert.equal(seenHeader(answer, 'x-forwarded-user'), undefined);
    });
  }
});

describe('a return address', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { config: { forward_auth: { oauth2_proxy: true }, trusted_proxies: ['127.0.0.9/32'] } }); });

  test('leads to no endpoint of ours, whichever prefix it has', async () => {
    const cookie = await world.session({});
    for (const place of ['/oauth2/sign_out', '/OAUTH2/sign_out', '/_auth/sign-out', '/%6Fauth2/sign_out', `${ORIGIN}/oauth2/sign_out?rd=/`]) {
      const answer = await request(world.port, 'GET', `/_auth/sign-in?return_to=${encodeURIComponent(place)}`, { ...NAVIGATION, Cookie: cookie }, { host: HOST });
      assert.doesNotMatch(answer.fields.get('location') ?? '', /sign[-_]out/i, place);
    }
  });
});
