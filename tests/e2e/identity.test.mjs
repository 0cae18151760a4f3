// What apps are told: presets under the names of other proxies, headers and Authorization of a route, signed assertions.
// Quick.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { lines } from './lib/corpora.mjs';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { RawClient } from './lib/raw.mjs';
import { HOST, IDENTITY, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const ASSERTION = 'x-logto-proxy-assertion';
const GROUPS = ['editor', 'a|b,c'];
const NAME = '\u5c71\u7530 \u82b1\u5b50';

// The names that a preset sends, lower case, with what alice's are; null: sent, but not for comparing.
const PRESETS = {
  'oauth2-proxy': {
    'x-forwarded-user': 'alice-sub', 'x-forwarded-email': 'alice@example.test', 'x-forwarded-preferred-username': 'alice',
    'x-forwarded-groups': 'editor,a|b%2Cc',
  },
  authelia: { 'remote-user': 'alice', 'remote-name': NAME, 'remote-email': 'alice@example.test', 'remote-groups': 'editor,a|b%2Cc' },
  authentik: {
    'x-authentik-username': 'alice', 'x-authentik-email': 'alice@example.test', 'x-authentik-name': NAME,
    'x-authentik-uid': 'alice-sub', 'x-authentik-groups': 'editor|a%7Cb,c',
  },
  pomerium: {
    'x-pomerium-claim-sub': 'alice-sub', 'x-pomerium-claim-user': 'alice-sub', 'x-pomerium-claim-email': 'alice@example.test',
    'x-pomerium-claim-name': NAME, 'x-pomerium-claim-groups': 'editor,a|b%2Cc', 'x-pomerium-jwt-assertion': null,
  },
  mod_auth_openidc: {
    oidc_claim_sub: 'alice-sub', oidc_claim_username: 'alice', oidc_claim_name: NAME, oidc_claim_email: 'alice@example.test',
    oidc_claim_roles: 'editor,a|b%2Cc', 'x-remote-user': 'alice-sub',
  },
};
const utf8 = (value) => Buffer.from(value, 'latin1').toString();
const path = (preset) => `/${preset.replaceAll('_', '-')}`;

async function sendLines(world, target, headerLines = [], cookie = null) {
  const client = await RawClient.connect(world.port);
  try {
    const all = [`GET ${target} HTTP/1.1`, `Host: ${HOST}`, 'Connection: close', ...(cookie ? [`Cookie: ${cookie}`] : []), ...headerLines, '', ''];
    await client.send(Buffer.from(all.join('\r\n'), 'latin1'));
    return await client.response({ method: 'GET' });
  } finally {
    client.destroy();
  }
}

async function told(world, target, { headers = [], cookie = null } = {}) {
  world.recorder.reset();
  const answer = await sendLines(world, target, headers, cookie);
  assert.equal(answer.status, 200, `${target}: ${answer.status}`);
  return world.recorder.requests[0].fields;
}

async function keys(world, at = world.proxy) {
  const answer = await world.get('/_auth/jwks.json', {}, { at });
  assert.equal(answer.status, 200);
  return JSON.parse(answer.text);
}

describe('presets', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    const routes = Object.keys(PRESETS).map((preset) => ({ path: `${path(preset)}/*`, identity_preset: preset, upstream: 'app' }));
    const open = Object.keys(PRESETS).map((preset) => ({ path: `/open${path(preset)}/*`, access: 'public', identity_preset: preset, upstream: 'app' }));
    world = await makeWorld(scope, {
      routes: [...routes, ...open, { path: '/silent/*', identity_preset: 'none', upstream: 'app' }, { path: '/*', upstream: 'app' }],
    });
    cookie = await world.session({ name: NAME, roles: GROUPS });
  });
  beforeEach(() => world.recorder.reset());

  for (const [preset, expected] of Object.entries(PRESETS)) {
    test(`${preset}: exactly its names and formats, and none of the default ones`, async () => {
      const fields = await told(world, `${path(preset)}/x`, { cookie });
      for (const [name, value] of Object.entries(expected)) {
        assert.equal(fields.all(name).length, 1, name);
        if (value !== null) assert.equal(utf8(fields.get(name)), value, name);
      }
      for (const name of IDENTITY) if (!(name in expected)) assert.ok(!fields.has(name), name);
    });

    test(`${preset}: no client poses as somebody, with a session or without, in no spelling`, async () => {
      const spoofs = Object.keys(expected).flatMap((name) => [name, name.toUpperCase(), name.replace(/[-_]/g, '_'), name.replace(/[-_]/g, '-'), name.replace(/[-_]/, '.')]);
      const headers = spoofs.map((name) => `${name}: evil`);
      const signedIn = await told(world, `${path(preset)}/x`, { headers, cookie });
      const open = await told(world, `/open${path(preset)}/x`, { headers });
      for (const { list } of [signedIn, open]) assert.ok(list.every(([, value]) => value !== 'evil'));
      for (const name of Object.keys(expected)) assert.ok(!open.has(name), `${name} for nobody`);
    });
  }

  for (const spoof of lines('header-spoof.txt').filter((line) => !/^(User-Agent|X-HTTP-Method-Override|[^\s:]+\s+):/.test(line))) {
    test(`on routes with presets too: ${spoof}`, async () => {
      const [, name, value] = /^([^:]+):\s*(.*)$/.exec(spoof);
      for (const target of ['/authelia/x', '/mod-auth-openidc/x', '/silent/x', '/x']) {
        const fields = await told(world, target, { headers: [spoof], cookie });
        const ours = { 'X-Forwarded-Proto': ['http'], 'X-Real-IP': ['127.0.0.1'] }[name] ?? [];
        assert.deepEqual(fields.all(name).filter((one) => one === value && !ours.includes(one)), [], `${target}: ${spoof}`);
      }
    });
  }

  test('identity_preset: none tells the app nothing', async () => {
    const fields = await told(world, '/silent/x', { cookie });
    for (const names of Object.values(PRESETS)) for (const name of Object.keys(names)) assert.ok(!fields.has(name), name);
  });
});

describe('headers and Authorization of a route', () => {
  let world;
  let cookie;
  const folder = mkdtempSync(join(tmpdir(), 'logto-proxy-identity-'));
  const scope = suite(after);
  after(() => rmSync(folder, { recursive: true }));
  const basic = (name, password) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  before(async () => {
    writeFileSync(join(folder, 'key'), 'k3y-one\n');
    writeFileSync(join(folder, 'password'), 'pa:ss one\n');
    const keyed = { 'X-Env': { value: 'prod, "x"' }, 'X-Key': { value_file: join(folder, 'key') }, 'X-Id': 'sub' };
    world = await makeWorld(scope, {
      config: (base) => ({ ...base, logto: { ...base.logto, scopes: ['profile', 'email', 'roles', 'custom_data'] } }),
      routes: [
        { path: '/keyed/*', identity_headers: keyed, upstream: 'app' },
        { path: '/open/*', access: 'public', identity_headers: keyed, upstream: 'app' },
        { path: '/optional/*', access: 'optional', identity_headers: keyed, upstream: 'app' },
        { path: '/deep/*', identity_headers: { 'X-Department': 'custom_data.department.id', 'X-None': 'custom_data.nothing', 'X-Object': 'custom_data' }, upstream: 'app' },
        { path: '/mixed/*', identity_preset: 'authelia', identity_headers: { 'Remote-User': 'sub', 'X-More': { claim: 'roles', separator: ';' } }, upstream: 'app' },
        { path: '/basic/*', authorization: { basic: { username: 'svc', password_file: join(folder, 'password') } }, upstream: 'app' },
        { path: '/as/*', access: 'optional', authorization: { basic: { username_claim: 'name', password: 'pw' } }, upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    cookie = await world.session({ roles: GROUPS, custom_data: { department: { id: 7 }, nothing: null } });
  });

  test('constants and secrets go to every app of the route, also for nobody; identity does not', async () => {
    for (const [target, signedIn, sub] of [['/keyed/x', true, 'alice-sub'], ['/open/x', false], ['/open/x', true], ['/optional/x', false], ['/optional/x', true, 'alice-sub']]) {
      const fields = await told(world, target, { cookie: signedIn ? cookie : null, headers: ['X-Env: evil', 'x_key: evil', 'X.Id: evil'] });
      assert.deepEqual([fields.all('x-env'), fields.all('x-key'), fields.all('x-id')], [['prod, "x"'], ['k3y-one'], sub ? [sub] : []], target);
      assert.ok(!fields.list.some(([, value]) => value === 'evil'));
    }
  });

  test('a route tells its own and nothing of the top; the names of all routes are ours on each', async () => {
    const fields = await told(world, '/keyed/x', { cookie });
    for (const name of IDENTITY) assert.ok(!fields.has(name), name);
    const other = await told(world, '/x', { cookie, headers: ['X-Key: evil', 'X_DEPARTMENT: evil'] });
    assert.ok(!other.has('x-key') && !other.has('x_department'));
    assert.equal(other.get('x-forwarded-user'), 'alice-sub');
  });

  test('a claim may be a path; null, missing and objects send nothing', async () => {
    const fields = await told(world, '/deep/x', { cookie });
    assert.equal(fields.get('x-department'), '7');
    assert.ok(!fields.has('x-none') && !fields.has('x-object'));
  });

  test('headers beside a preset add to it and take its place', async () => {
    const fields = await told(world, '/mixed/x', { cookie });
    assert.deepEqual(fields.all('remote-user'), ['alice-sub']);
    assert.equal(fields.get('remote-groups'), 'editor,a|b%2Cc');
    assert.equal(fields.get('x-more'), 'editor;a|b,c');
  });

  test('Basic is ours, whatever the client sends; a name with a colon is none', async () => {
    const headers = ['Authorization: Basic ZXZpbDpldmls', 'AUTHORIZATION: Bearer evil'];
    assert.deepEqual((await told(world, '/basic/x', { cookie, headers })).all('authorization'), [basic('svc', 'pa:ss one')]);
    assert.deepEqual((await told(world, '/as/x', { cookie, headers })).all('authorization'), [basic(world.op.user.name, 'pw')]);
    assert.deepEqual((await told(world, '/as/x', { headers })).all('authorization'), [], 'nobody has no name');
    const colon = await world.session({ name: 'root:x' });
    assert.deepEqual((await told(world, '/as/x', { cookie: colon, headers })).all('authorization'), []);
    assert.equal((await told(world, '/x', { cookie, headers: headers.slice(0, 1) })).get('authorization'), 'Basic ZXZpbDpldmls', 'elsewhere it is the app\'s affair');
  });

  test('secrets for apps are read again at SIGHUP', async () => {
    writeFileSync(join(folder, 'key'), 'k3y-two\n');
    writeFileSync(join(folder, 'password'), 'two\n');
    world.proxy.signal('SIGHUP');
    await world.proxy.waitLog((entry) => entry.msg === 'secrets re-read');
    assert.equal((await told(world, '/keyed/x', { cookie })).get('x-key'), 'k3y-two');
    assert.equal((await told(world, '/open/x')).get('x-key'), 'k3y-two');
    assert.equal((await told(world, '/basic/x', { cookie })).get('authorization'), basic('svc', 'two'));
    assert.doesNotMatch(world.proxy.output, /k3y|pa:ss/);
  });
});

describe('ID tokens for apps', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      clock: true,
      opOptions: { refreshTokens: true },
      config: { logto: { refresh: 'offline_access' } },
      routes: [
        { path: '/bearer/*', access: 'optional', authorization: { bearer: 'id_token' }, upstream: 'app' },
        { path: '/header/*', identity_headers: { 'X-Id-Token': { id_token: true }, 'X-Sub': 'sub' }, upstream: 'app' },
        { path: '/protected/*', identity_preset: 'logto-protected-app', upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    cookie = await world.session();
  });
  const verified = async (token) => {
    const keySet = await (await fetch(`${world.op.issuer}/jwks`)).json();
    return jwtVerify(token, createLocalJWKSet(keySet), { issuer: world.op.issuer, audience: world.op.clientId, currentDate: new Date(world.clock.now()) });
  };

  test('as Bearer, in place of whatever the client sends; nobody has none', async () => {
    const headers = ['Authorization: Bearer evil', 'AUTHORIZATION: Basic ZXZpbDpldmls'];
    const sent = (await told(world, '/bearer/x', { cookie, headers })).all('authorization');
    assert.equal(sent.length, 1);
    const { payload } = await verified(/^Bearer (\S+)$/.exec(sent[0])[1]);
    assert.equal(payload.sub, 'alice-sub');
    assert.deepEqual((await told(world, '/bearer/x', { headers })).all('authorization'), []);
  });

  test('in a header of the route', async () => {
    const fields = await told(world, '/header/x', { cookie, headers: ['X-Id-Token: evil', 'x_id_token: evil'] });
    assert.equal(fields.all('x-id-token').length, 1);
    assert.equal((await verified(fields.get('x-id-token'))).payload.sub, 'alice-sub');
    assert.equal(fields.get('x-sub'), 'alice-sub');
  });

  test("as Logto's Protected App sends it", async () => {
    const fields = await told(world, '/protected/x', { cookie, headers: ['Logto-ID-Token: evil'] });
    assert.equal((await verified(fields.get('logto-id-token'))).payload.sub, 'alice-sub');
    assert.equal(fields.get('logto-host'), HOST);
  });

  test('one that has expired is replaced before an app sees it', { skip: !CLOCK_IS_MOVABLE }, async () => {
    const first = (await told(world, '/header/x', { cookie })).get('x-id-token');
    await world.clock.advance(world.op.tokenLifetimeS * 1000 + 1000);
    const second = (await told(world, '/header/x', { cookie })).get('x-id-token');
    assert.notEqual(second, first);
    assert.equal((await verified(second)).payload.sub, 'alice-sub');
  });

  test('it stands in no cookie and in no log', async () => {
    const token = (await told(world, '/header/x', { cookie })).get('x-id-token');
    assert.ok(!world.proxy.output.includes(token.split('.')[2]) && !cookie.includes(token.slice(0, 40)));
    assert.ok(cookie.length < 1500, 'the session has not grown by a token');
  });
});

describe('signed assertions', () => {
  let world;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      clock: true,
      config: { workers: 1 }, // each makes its own
      routes: [
        { path: '/signed/*', assertion: true, upstream: 'app' },
        { path: '/pomerium/*', identity_preset: 'pomerium', upstream: 'app' },
        { path: '/open/*', access: 'public', assertion: true, upstream: 'app' },
        { path: '/optional/*', access: 'optional', assertion: true, upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    cookie = await world.session({ roles: GROUPS });
  });

  const verified = async (token, at) => jwtVerify(token, createLocalJWKSet(await keys(world, at)), {
    issuer: ORIGIN, audience: world.recorder.url, algorithms: ['ES256'], typ: 'JWT', currentDate: new Date(world.clock.now()),
  });

  test('another implementation verifies it with the published keys', async () => {
    const token = (await told(world, '/signed/x', { cookie, headers: ['X-Logto-Proxy-Assertion: evil', 'x_logto_proxy_assertion: evil'] })).all(ASSERTION);
    assert.equal(token.length, 1);
    const { payload, protectedHeader } = await verified(token[0]);
    assert.equal(protectedHeader.alg, 'ES256');
    assert.equal(payload.sub, 'alice-sub');
    assert.equal(payload.email, 'alice@example.test');
    assert.deepEqual(payload.roles, GROUPS);
    assert.equal(payload.exp - payload.iat, 60);
    assert.equal(typeof payload.jti, 'string');
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'email', 'exp', 'iat', 'iss', 'jti', 'roles', 'sub', 'username']);
  });

  test('it is sent again for a while, and never with less than 30 seconds left', { skip: !CLOCK_IS_MOVABLE }, async () => {
    const first = (await told(world, '/signed/x', { cookie })).get(ASSERTION);
    assert.equal((await told(world, '/signed/x', { cookie })).get(ASSERTION), first);
    const seen = new Set([first]);
    for (let i = 0; i < 8; ++i) {
      await world.clock.advance(11_000);
      const token = (await told(world, '/signed/x', { cookie })).get(ASSERTION);
      const { payload } = await verified(token);
      assert.ok(payload.exp * 1000 - world.clock.now() >= 30_000);
      seen.add(token);
    }
    assert.ok(seen.size >= 4 && seen.size <= 6, `${seen.size} tokens in 88 seconds`);
  });

  test('Pomerium apps find it under their name, with groups and user', async () => {
    const { payload } = await verified((await told(world, '/pomerium/x', { cookie })).get('x-pomerium-jwt-assertion'));
    assert.deepEqual(payload.groups, GROUPS);
    assert.equal(payload.user, 'alice-sub');
  });

  test('nobody has none, and no other route sends one', async () => {
    for (const target of ['/open/x', '/optional/x']) assert.ok(!(await told(world, target)).has(ASSERTION));
    assert.ok(!(await told(world, '/x', { cookie })).has(ASSERTION));
    assert.ok((await told(world, '/optional/x', { cookie })).has(ASSERTION));
  });

  test('the keys are for everybody and to be kept for five minutes, and have no private part', async () => {
    const answer = await world.get('/_auth/jwks.json');
    assert.equal(answer.fields.get('cache-control'), 'public, max-age=300');
    assert.match(answer.fields.get('content-type'), /^application\/json/);
    const set = JSON.parse(answer.text);
    assert.equal(set.keys.length, 3);
    for (const key of set.keys) assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  test('replicas and restarts agree', async () => {
    const token = (await told(world, '/signed/x', { cookie })).get(ASSERTION);
    const second = await world.startAnother();
    assert.deepEqual(await keys(world, second), await keys(world));
    await verified(token, second);
  });

  test('next week\'s key is published today', { skip: !CLOCK_IS_MOVABLE }, async () => {
    const known = await keys(world);
    await world.clock.advance(7 * 24 * 3600 * 1000);
    const later = await world.session({ roles: GROUPS });
    const token = (await told(world, '/signed/x', { cookie: later })).get(ASSERTION);
    await jwtVerify(token, createLocalJWKSet(known), { currentDate: new Date(world.clock.now()) });
  });
});
