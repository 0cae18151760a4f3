// Conditions and requirements on the wire: what the rule says is what the app sees, whatever a client does to the query, the
// fields or the claims.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { FETCH, RawClient, request } from './lib/raw.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const SCOPES = ['profile', 'email', 'roles', 'identities', 'custom_data', 'urn:logto:scope:organizations', 'urn:logto:scope:organization_roles'];

describe('conditions', () => {
  const scope = suite(after);
  let world;
  let user;
  before(async () => {
    world = await makeWorld(scope, {
      config: { trusted_proxies: ['127.0.0.1'] },
      routes: [
        { path: '/q/*', query: { action: ['delete', '~ drop.*'] }, access: 'deny' },
        { path: '/q/*', access: 'public', upstream: 'app' },
        { path: '/h/*', headers: { 'X-Tenant': 'acme' }, access: 'public', upstream: 'app' },
        { path: '/h/*', headers: { 'X-Forwarded-User': 'admin' }, access: 'public', upstream: 'app' },
        { path: '/h/*', upstream: 'app' },
        { path: '/n/*', networks: ['10.0.0.0/8', 'fd00::/8'], access: 'public', upstream: 'app' },
        { path: '/n/*', upstream: 'app' },
        { path: '~ /r/[0-9]+', access: 'public', upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
    });
    user = await world.session();
  });
  beforeEach(() => world.recorder.reset());

  // Every reading that some app has of a query: names folded, arrays, semicolons, first and last of several.
  const readsDelete = (target) => {
    const query = target.split('?')[1] ?? '';
    const decode = (text) => { try { return decodeURIComponent(text.replace(/\+/g, ' ')); } catch { return unescape(text); } };
    return query.split(/[&;]/).some((pair) => {
      const [name, ...value] = pair.split('=');
      return /^\s*action(\[.*)?$/i.test(decode(name).split('\0')[0]) && /^(delete|drop.*)$/.test(decode(value.join('=')));
    });
  };

  const QUERIES = [
    ['action=view', 200], ['', 200], ['x=action=delete', 200], ['actions=delete', 200], ['action=Delete', 200], ['action=delete', 403], ['action=drop%20it', 403], ['%61ction=%64elete', 403],
    ['a=1&action=delete', 403], ['action=view&action=delete', 400], ['action=delete&action=view', 400], ['action=view&%61ction=delete', 400], ['a=1;action=delete', 400], ['ACTION=delete', 400],
    ['action[]=delete', 400], ['action%5B%5D=delete', 400], ['action=delete%', 400], ['action=view&b=%zz', 400], ['+action=delete', 400], ['action%00=delete', 400], ['action=delete;', 400],
    ['action=view;action=delete', 400], ['Action=view', 400], ['a=1;2', 200], ['action=dro%70', 403],
  ];
  for (const [query, expected] of QUERIES) {
    test(`?${query} is ${expected}`, async () => {
      const target = `/q/x${query === '' ? '' : `?${query}`}`;
      const answer = await world.get(target, FETCH);
      assert.equal(answer.status, expected);
      for (const seen of world.recorder.requests) {
        assert.equal(seen.target, target, 'the query reaches the app byte for byte');
        assert.ok(!readsDelete(seen.target), 'no app reads what the rule forbids');
      }
      assert.equal(world.recorder.requests.length, expected === 200 ? 1 : 0);
    });
  }

  const FIELDS = [
    ['the value', [['X-Tenant', 'acme']], 200], ['another', [['X-Tenant', 'other']], 401], ['none', [], 401], ['twice (H04)', [['X-Tenant', 'acme'], ['X-Tenant', 'other']], 400],
    ['a spelling that gateways fold (H02)', [['X_Tenant', 'acme']], 400], ['both spellings', [['X-Tenant', 'acme'], ['X_Tenant', 'b']], 400],
    ['taken off by Connection (H06)', [['X-Tenant', 'acme'], ['Connection', 'x-tenant']], 400], ['a name that only the proxy may set (H03)', [['X-Forwarded-User', 'admin']], 401],
  ];
  for (const [what, fields, expected] of FIELDS) {
    test(`a field with ${what} is ${expected}`, async () => {
      const client = await RawClient.connect(world.port);
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      await client.send(Buffer.from(`GET /h/x HTTP/1.1\r\nHost: ${HOST}\r\n${lines}\r\n`));
      assert.equal((await client.response()).status, expected);
      client.destroy();
      assert.equal(world.recorder.requests.length, expected === 200 ? 1 : 0);
    });
  }

  const NETWORKS = [['10.1.2.3', 200], ['::ffff:10.1.2.3', 200], ['fd00::1', 200], ['192.0.2.1', 401], ['10.1.2.3, 192.0.2.1', 401], ['nonsense', 401], [null, 401]];
  for (const [address, expected] of NETWORKS) {
    test(`a client at ${address} is ${expected}`, async () => {
      const answer = await world.get('/n/x', { ...FETCH, ...(address ? { 'X-Forwarded-For': address } : {}) });
      assert.equal(answer.status, expected);
    });
  }

  test('a pattern takes the whole path', async () => {
    for (const [target, expected] of [['/r/12', 200], ['/r/12/', 401], ['/r/12x', 401], ['/x/r/12', 401], ['/r/%31', 200], ['/r/1%0a', 400]]) {
      assert.equal((await world.get(target, FETCH)).status, expected, target);
    }
  });

  test('a signed-in person passes where conditions opened nothing', async () => {
    assert.equal((await world.get('/h/x', { ...FETCH, Cookie: user })).status, 200);
  });
});

describe('requirements', () => {
  const scope = suite(after);
  let world;
  const cookies = {};
  const PEOPLE = {
    plain: { sub: 'plain', roles: [] },
    admin: { sub: 'admin', roles: ['admin'] },
    banned: { sub: 'banned', roles: ['admin', 'banned'] },
    member: { sub: 'member', roles: [], organizations: ['org1'], organization_roles: ['org1:owner'] },
    gold: { sub: 'gold', roles: [], custom_data: { plan: 'gold', seats: 3, tags: ['a', 'b'] } },
    odd: { sub: 'odd', roles: { admin: true }, organizations: 'org1', custom_data: { plan: ['gold'], seats: null, tags: 'a' }, email: ['a@good.test'] },
    mail: { sub: 'mail', roles: [], email: 'ann@Good.test' },
    twist: { sub: 'twist', roles: [], email: 'x@good.test@evil.test' },
  };
  const RULES = {
    '/roles/': { require: { roles: ['admin'] } },
    '/not/': { require: { not: { roles: ['admin'] } } },
    '/deny/': { deny: { roles: ['banned'] }, require: { roles: ['admin'] } },
    '/org/': { require: { organizations: ['org1'] } },
    '/owner/': { require: { organization_roles: ['org1:owner'] } },
    '/plan/': { require: { claims: { 'custom_data.plan': 'gold' } } },
    '/seats/': { require: { claims: { 'custom_data.seats': 3 } } },
    '/tags/': { require: { claims: { 'custom_data.tags': { contains: 'a' } } } },
    '/either/': { require: { any: [{ roles: ['admin'] }, { claims: { 'custom_data.plan': { one_of: ['gold', 'silver'] } } }] } },
    '/both/': { require: { all: [{ roles: ['admin'] }, { claims: { sub: { regex: 'adm.*' } } }] } },
    '/mail/': { require: { email_domain: ['good.test'] } },
    '/ann/': { require: { email: ['ann@good.test'] } },
  };
  const WHO_PASSES = {
    '/roles/': ['admin', 'banned'], '/not/': ['plain', 'member', 'gold', 'odd', 'mail', 'twist'], '/deny/': ['admin'], '/org/': ['member'], '/owner/': ['member'], '/plan/': ['gold'],
    '/seats/': ['gold'], '/tags/': ['gold'], '/either/': ['admin', 'banned', 'gold'], '/both/': ['admin'], '/mail/': ['mail'], '/ann/': ['mail'],
  };
  before(async () => {
    world = await makeWorld(scope, {
      config: { logto: { scopes: SCOPES, trust_email: true } },
      routes: [...Object.entries(RULES).map(([path, rule]) => ({ path: `${path}*`, upstream: 'app', ...rule })), { path: '/*', upstream: 'app' }],
    });
    for (const [name, claims] of Object.entries(PEOPLE)) cookies[name] = await world.session({ email: null, ...claims });
  });
  beforeEach(() => world.recorder.reset());

  for (const [path, passing] of Object.entries(WHO_PASSES)) {
    for (const name of Object.keys(PEOPLE)) {
      const expected = passing.includes(name) ? 200 : 403;
      test(`${path} by ${name} is ${expected}`, async () => {
        const answer = await request(world.port, 'GET', `${path}x`, { ...FETCH, Cookie: cookies[name] }, { host: HOST });
        assert.equal(answer.status, expected);
        assert.equal(world.recorder.requests.length, expected === 200 ? 1 : 0);
      });
    }
    test(`${path} by nobody is 401`, async () => assert.equal((await world.get(`${path}x`, FETCH)).status, 401));
  }

  test('who is refused learns neither addresses nor values', async () => {
    for (const path of ['/ann/', '/plan/', '/deny/']) {
      const answer = await world.get(`${path}x`, { ...FETCH, Cookie: cookies.plain });
      assert.equal(answer.status, 403);
      assert.doesNotMatch(String(answer.text ?? answer.body), /ann@good\.test|gold|banned/);
    }
  });
});
