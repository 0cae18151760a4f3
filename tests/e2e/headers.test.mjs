// Who may set which header: identity only we, forwarding only we or a trusted proxy, Connection never names ours.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { lines } from './lib/corpora.mjs';
import { NAVIGATION, RawClient } from './lib/raw.mjs';
import { HOST, IDENTITY, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const SPOOFS = lines('header-spoof.txt');
// Names that carry identity for some app behind some gateway: never from a client, under any spelling.
const NEVER = /^(x[-_.]?forwarded[-_](user|email|groups|preferred[-_]username|access[-_]token)|x[-_]auth[-_]request[-_].*|remote[-_]user|x[-_]remote[-_]user)$/i;
const FORWARDING = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

async function sendLines(world, target, headerLines, { cookie, method = 'GET' } = {}) {
  const client = await RawClient.connect(world.port);
  try {
    const all = [`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, 'Connection: close', ...(cookie ? [`Cookie: ${cookie}`] : []), ...headerLines, '', ''];
    await client.send(Buffer.from(all.join('\r\n'), 'latin1'));
    return await client.response({ method });
  } finally {
    client.destroy();
  }
}

function assertOurs(fields, { sub }) {
  for (const [name, value] of fields.list) {
    assert.doesNotMatch(name, /_/, `${name} has an underscore: CGI and WSGI fold it onto another name`);
    if (NEVER.test(name) && !IDENTITY.includes(name.toLowerCase())) assert.fail(`${name}: ${value} reached the app`);
  }
  assert.deepEqual(fields.all('x-forwarded-user'), sub ? [sub] : []);
  assert.deepEqual(fields.all('x-forwarded-email'), sub ? ['alice@example.test'] : []);
  assert.deepEqual(fields.all('x-forwarded-groups'), sub ? ['editor'] : []);
  assert.deepEqual(fields.all('x-forwarded-preferred-username'), sub ? ['alice'] : []);
  assert.deepEqual(fields.all('x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(fields.all('x-forwarded-proto'), ['http']);
  assert.deepEqual(fields.all('x-forwarded-host'), [HOST]);
  for (const name of ['forwarded', 'proxy', 'x-forwarded-prefix', 'x-original-url', 'x-original-uri', 'x-rewrite-url']) {
    assert.deepEqual(fields.all(name), [], `${name} from a client is not passed on`);
  }
}

describe('headers that a client sends to pose as somebody', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope);
    cookie = await world.session();
  });
  beforeEach(() => world.recorder.reset());

  const PLACES = [
    ['a public route', '/public/x', false], ['an optional route without a session', '/optional/x', false],
    ['a public route with a session', '/public/x', true, null], ['an optional route with a session', '/optional/x', true, 'alice-sub'],
    ['a protected route with a session', '/private/x', true, 'alice-sub'],
  ];
  for (const spoof of SPOOFS) {
    test(`${spoof}`, async () => {
      for (const [place, target, signedIn, sub = null] of PLACES) {
        world.recorder.reset();
        const answer = await sendLines(world, target, [spoof], { cookie: signedIn ? cookie : null });
        if (/^[^\s:]+\s+:/.test(spoof)) { assert.equal(answer.status, 400); continue; }
        assert.equal(answer.status, 200, `${place}: ${answer.status}`);
        const { fields } = world.recorder.requests[0];
        const identity = signedIn && target.startsWith('/public') ? { sub: fields.get('x-forwarded-user') ? 'alice-sub' : null } : { sub };
        assertOurs(fields, identity);
      }
      world.recorder.reset();
      for (const target of ['/private/x', '/denied/x', '/nowhere', '/_auth/me', '/_auth/nothing', '/healthz']) {
        const { status } = await sendLines(world, target, [spoof]);
        assert.ok([400, 401, 403, 404].includes(status), `${target}: ${status}`);
      }
      assert.deepEqual(world.recorder.requests, [], 'nothing protected is reached');
    });
  }

  const SPELLINGS = IDENTITY.flatMap((name) => [
    name, name.toUpperCase(), name.replace(/-/g, '_'), name.replace('-', '_'), name.replace(/(^|-)([a-z])/g, (all) => all.toUpperCase()), name.replace(/-([a-z]+)$/, '_$1'),
  ]);
  test('every spelling of our identity names is removed, singly and doubled, with and without a session', async () => {
    for (const name of new Set(SPELLINGS)) {
      for (const [target, signedIn] of [['/public/x', false], ['/optional/x', false], ['/private/x', true]]) {
        world.recorder.reset();
        assert.equal((await sendLines(world, target, [`${name}: evil`, `${name}: evil2`], { cookie: signedIn ? cookie : null })).status, 200);
        assert.doesNotMatch(world.recorder.requests[0].raw.toString(), /evil/, `${name} on ${target}`);
        assertOurs(world.recorder.requests[0].fields, { sub: signedIn ? 'alice-sub' : null });
      }
    }
  });

  test('H01 a user without the claim does not get the header that a client sent', async () => {
    const bare = await world.session({ sub: 'bob-sub', email: null, username: null, roles: [], name: null });
    world.recorder.reset();
    await sendLines(world, '/private/x', IDENTITY.map((name) => `${name}: admins`), { cookie: bare });
    const { fields } = world.recorder.requests[0];
    assert.equal(fields.get('x-forwarded-user'), 'bob-sub');
    for (const name of IDENTITY.slice(1)) assert.equal(fields.get(name) ?? '', '', name);
  });

  const CONNECTION = [
    ['Connection: close, X-Forwarded-User, X-Forwarded-Email'], ['Connection: close,x-forwarded-user'], ['Connection: X-Forwarded-User', 'Connection: X-Forwarded-For,\tX-Forwarded-Host'],
    ['Connection:   x-real-ip ,  x-forwarded-groups\t, close'], ['Connection: Host'], ['Connection: Content-Length'], ['Connection: X-Request-Id'], ['Connection: Cookie'],
    ['Connection: close', 'Proxy-Connection: X-Forwarded-User', 'Keep-Alive: timeout=9'], ['Connection: ,,,close'],
  ];
  for (const tokens of CONNECTION) {
    test(`${tokens.join(' | ')} deletes nothing of ours`, async () => {
      const client = await RawClient.connect(world.port);
      const wire = ['GET /private/x HTTP/1.1', `Host: ${HOST}`, `Cookie: ${cookie}; app=1`, ...tokens, '', ''].join('\r\n');
      await client.send(wire);
      const answer = await client.response();
      client.destroy();
      assert.ok([200, 400].includes(answer.status), `status ${answer.status}`);
      if (answer.status === 400) return assert.deepEqual(world.recorder.requests, []);
      const { fields } = world.recorder.requests[0];
      assertOurs(fields, { sub: 'alice-sub' });
      assert.match(fields.get('x-request-id'), /^[0-9a-f]{16}$/);
      for (const name of ['keep-alive', 'proxy-connection', 'te', 'upgrade']) assert.ok(!fields.has(name), name);
      assert.ok(!/x-forwarded|x-real-ip/i.test(fields.get('connection') ?? ''));
    });
  }

  test('a field that the Connection header names is not forwarded', async () => {
    await sendLines(world, '/public/x', ['Connection: X-Private-Hop', 'X-Private-Hop: secret', 'X-Other: kept', 'TE: trailers']);
    const { fields } = world.recorder.requests[0];
    assert.equal(fields.get('x-private-hop'), undefined);
    assert.equal(fields.get('x-other'), 'kept');
  });

  test('ordinary fields arrive as sent, repeated ones in order', async () => {
    await sendLines(world, '/public/x', ['X-A: 1', 'x-a: 2', 'Accept-Language: ja, en;q=0.5', 'Authorization: Basic abc', 'X-Empty:', 'X-High: \u00e9']);
    const { fields } = world.recorder.requests[0];
    assert.deepEqual(fields.all('x-a'), ['1', '2']);
    assert.equal(fields.get('accept-language'), 'ja, en;q=0.5');
    assert.equal(fields.get('authorization'), 'Basic abc');
    assert.equal(fields.get('x-empty'), '');
    assert.equal(fields.get('x-high'), '\u00e9');
  });

  test('H24 our cookies are cut out of the Cookie field and the others stay', async () => {
    await sendLines(world, '/private/x', [], { cookie: `a=1; ${cookie}; b="2"; logto_pending_0123456789abcdef=x; c=3` });
    assert.equal(world.recorder.requests[0].fields.get('cookie'), 'a=1; b="2"; c=3');
    world.recorder.reset();
    await sendLines(world, '/private/x', [], { cookie });
    assert.equal(world.recorder.requests[0].fields.get('cookie'), undefined);
  });

  test('an X-Request-Id of the client is not believed', async () => {
    await sendLines(world, '/public/x', ['X-Request-Id: aaaaaaaaaaaaaaaa']);
    const id = world.recorder.requests[0].fields.all('x-request-id');
    assert.equal(id.length, 1);
    assert.match(id[0], /^[0-9a-f]{16}$/);
    assert.notEqual(id[0], 'aaaaaaaaaaaaaaaa');
    await world.proxy.waitAccess((entry) => entry.id === id[0]);
  });

  test('H11 redirects are built from the configuration, whatever the forwarding headers say', async () => {
    for (const line of ['X-Forwarded-Host: evil.test', 'Forwarded: host=evil.test;proto=https', 'X-Forwarded-Proto: https', 'X-Forwarded-Prefix: //evil.test', 'X-Host: evil.test']) {
      const answer = await sendLines(world, '/private/x', [line, ...Object.entries(NAVIGATION).map(([name, value]) => `${name}: ${value}`)]);
      assert.equal(answer.status, 303);
      assert.equal(new URL(answer.fields.get('location')).searchParams.get('redirect_uri'), `${ORIGIN}/_auth/callback`);
    }
  });

  test('A03 a method override reaches the app where no rule looks at methods', async () => {
    await sendLines(world, '/public/x', ['X-HTTP-Method-Override: PUT', 'X_Method_Override: PUT', 'X-HTTP-Method: MERGE'], { method: 'POST' });
    for (const name of ['x-http-method-override', 'x_method_override', 'x-http-method']) assert.ok(world.recorder.requests[0].fields.has(name), name);
  });
});

describe('identity headers and what claims may hold', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope); });
  beforeEach(() => world.recorder.reset());

  const sent = async (who) => {
    const cookie = await world.session(who);
    world.recorder.reset();
    const answer = await sendLines(world, '/private/x', [], { cookie });
    assert.equal(answer.status, 200);
    return world.recorder.requests[0].fields;
  };

  test('H18 no CR, LF, NUL or raw byte of a claim ever reaches a header', async () => {
    const fields = await sent({ username: 'a\r\nX-Role: admin', email: 'a\u0000b@example.test', roles: ['x\ny', 'a,b', 'c%d'] });
    assert.equal(fields.get('x-forwarded-preferred-username'), 'a%0D%0AX-Role:%20admin');
    assert.equal(fields.get('x-forwarded-email'), 'a%00b@example.test');
    assert.equal(fields.get('x-forwarded-groups'), 'x%0Ay,a%2Cb,c%25d');
    assert.ok(!fields.has('x-role'));
  });

  test('Japanese claims arrive percent-encoded, so that every app reads the same', async () => {
    const fields = await sent({ username: '\u5c71\u7530 \u82b1\u5b50', roles: ['\u55b6\u696d, \u6771\u4eac', 'editor'] });
    assert.equal(fields.get('x-forwarded-preferred-username'), encodeURIComponent('\u5c71\u7530 \u82b1\u5b50'));
    assert.equal(fields.get('x-forwarded-groups'), '%E5%96%B6%E6%A5%AD%2C%20%E6%9D%B1%E4%BA%AC,editor');
  });

  test('the encoding keeps different values different', async () => {
    const one = (await sent({ roles: ['a,b'] })).get('x-forwarded-groups');
    const two = (await sent({ roles: ['a', 'b'] })).get('x-forwarded-groups');
    const three = (await sent({ roles: ['a%2Cb'] })).get('x-forwarded-groups');
    assert.equal(new Set([one, two, three]).size, 3);
  });

  test('absent claims (null at Logto) send no header', async () => {
    const fields = await sent({ email: null, username: null, roles: [] });
    for (const name of IDENTITY.slice(1)) assert.equal(fields.get(name) ?? '', '');
  });

  test('encoding utf8 sends checked UTF-8 as it is, and never a control byte', async (t) => {
    const other = await makeWorld(t, { config: (base) => ({ ...base, identity_headers: { 'X-Name': { claim: 'name', encoding: 'utf8' }, 'X-Sub': 'sub' } }) });
    const cookie = await other.session({ name: '\u5c71\u7530 \u82b1\u5b50' });
    other.recorder.reset();
    await sendLines(other, '/private/x', ['X-Name: evil', 'X_Sub: evil', 'X-Forwarded-User: evil', 'X-Auth-Request-Email: evil'], { cookie });
    const { fields } = other.recorder.requests[0];
    assert.equal(Buffer.from(fields.get('x-name'), 'latin1').toString(), '\u5c71\u7530 \u82b1\u5b50');
    assert.equal(fields.get('x-sub'), 'alice-sub');
    assert.doesNotMatch(other.recorder.requests[0].raw.toString(), /evil/, 'the default names are stripped also when the map is replaced');
    const hostile = await other.session({ name: 'a\r\nX-Role: admin' });
    other.recorder.reset();
    await sendLines(other, '/private/x', [], { cookie: hostile });
    assert.ok(!other.recorder.requests[0].fields.has('x-role'));
  });
});

describe('trusted proxies', () => {
  const forwarded = async (trusted, headerLines) => {
    const stops = [];
    try {
      const world = await makeWorld({ after: (stop) => stops.push(stop) }, { config: { trusted_proxies: trusted } });
      const answer = await sendLines(world, '/public/x', headerLines);
      const line = await world.proxy.waitAccess((entry) => entry.path === '/public/x');
      return { answer, line, fields: world.recorder.requests[0]?.fields };
    } finally {
      for (const stop of stops) await stop();
    }
  };

  test('H13 private addresses are not trusted by themselves', async () => {
    const { fields, line } = await forwarded([], ['X-Forwarded-For: 10.1.2.3', 'X-Forwarded-Proto: https']);
    assert.deepEqual(fields.all('x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(fields.all('x-forwarded-proto'), ['http']);
    assert.equal(line.client, '127.0.0.1');
  });

  test('a trusted proxy names the client, hop by hop from the right', async () => {
    const { fields, line } = await forwarded(['127.0.0.0/8', '10.0.0.0/8'], ['X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.5']);
    assert.equal(line.client, '192.0.2.7', 'the first hop from the right that is not trusted');
    assert.match(fields.get('x-forwarded-for'), /192\.0\.2\.7/);
    assert.doesNotMatch(fields.get('x-forwarded-for').split(',')[0] ?? '', /127/);
  });

  test('H09 what can not be parsed in a trusted chain opens nothing and breaks nothing', async () => {
    for (const value of ['a', '', ',,,', '999.1.1.1', '1.2.3.4:80:90', '[::1%25x]', 'unknown']) {
      const { answer, line } = await forwarded(['127.0.0.0/8'], [`X-Forwarded-For: ${value}`]);
      assert.ok([200, 400].includes(answer.status), `${value}: ${answer.status}`);
      assert.equal(line.client, '127.0.0.1', value);
    }
  });

  test('H14 v4-mapped addresses are compared as IPv4', async () => {
    const { line } = await forwarded(['127.0.0.0/8', '10.0.0.0/8'], ['X-Forwarded-For: 192.0.2.7, ::ffff:10.0.0.9']);
    assert.equal(line.client, '192.0.2.7');
  });

  test('the request id of a trusted proxy is kept when it is one', async () => {
    const { fields } = await forwarded(['127.0.0.0/8'], ['X-Request-Id: 0123456789abcdef']);
    assert.equal(fields.get('x-request-id'), '0123456789abcdef');
    const bad = await forwarded(['127.0.0.0/8'], ['X-Request-Id: "><script>']);
    assert.match(bad.fields.get('x-request-id'), /^[0-9a-f]{16}$/);
  });
});

describe('headers of the app that speak to us or for us', () => {
  test('H25 the app can not set our cookies nor answer with internal or hop-by-hop fields', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    world.recorder.handle = (_request, reply) => reply.send(200, {
      'Set-Cookie': ['logto_session=evil; Path=/', 'app=1; Path=/', 'logto_session_1=evil', 'logto_pending_0123456789abcdef=evil', ' logto_session=evil', 'b=2'],
      'X-Accel-Redirect': '/private', 'Keep-Alive': 'timeout=3', Connection: 'X-Hop', 'X-Hop': 'secret', 'X-Other': 'kept', 'Proxy-Connection': 'x',
    }, 'ok');
    const { fields } = await sendLines(world, '/private/x', [], { cookie });
    assert.deepEqual(fields.all('set-cookie').filter((value) => !/^logto_session/.test(value) || /evil/.test(value)), ['app=1; Path=/', 'b=2']);
    assert.equal(fields.get('x-other'), 'kept');
    for (const name of ['keep-alive', 'x-hop', 'proxy-connection', 'x-accel-redirect']) assert.ok(!fields.has(name), name);
  });

  test('K02 an answer for somebody signed in is for no shared cache, whatever the app says; browsers may keep it', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    assert.match((await sendLines(world, '/private/x', [], { cookie })).fields.get('cache-control') ?? '', /private|no-store/);
    world.recorder.handle = (_request, reply) => reply.send(200, { 'Cache-Control': 'public, max-age=60' }, 'x');
    assert.deepEqual((await sendLines(world, '/private/x', [], { cookie })).fields.all('cache-control'), ['private, max-age=60']);
    assert.deepEqual((await sendLines(world, '/public/x', [])).fields.all('cache-control'), ['public, max-age=60'], 'what is for everybody');
    world.recorder.handle = (_request, reply) => reply.send(200, {}, 'x');
    assert.equal((await sendLines(world, '/public/x', [])).fields.get('cache-control'), undefined);
  });

  test('K04 K05 conditional and range requests without a session are not answered from the app', async (t) => {
    const world = await makeWorld(t);
    for (const line of ['If-None-Match: *', 'If-Modified-Since: Sat, 01 Jan 2028 00:00:00 GMT', 'Range: bytes=0-0']) {
      assert.equal((await sendLines(world, '/private/x', [line])).status, 401);
    }
    assert.deepEqual(world.recorder.requests, []);
  });
});
