// Machine clients: access tokens in Authorization: Bearer on routes that accept them, and untouched on all others.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { EvilOp, SigningKey, b64, mac } from './lib/evil_op.mjs';
import { THINGS } from './lib/access_tokens.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { userEvent, webhookRequest } from './lib/logout_tokens.mjs';
import { makeWorld, seenHeader, suite } from './lib/world.mjs';

const OTHER_API = 'https://other.example.test/api';
const KEY = 'key-of-the-webhook';
const BOTH = ['session', 'bearer'];

const routes = [
  { path: '/api/*', accept: BOTH, upstream: 'app' },
  { path: '/machines/*', accept: ['bearer'], upstream: 'app' },
  { path: '/write/*', accept: BOTH, require: { scopes: ['write:things'] }, upstream: 'app' },
  { path: '/acme/*', accept: BOTH, require: { organizations: ['acme'] }, upstream: 'app' },
  { path: '/other/*', accept: BOTH, audiences: [OTHER_API], upstream: 'app' },
  { path: '/optional/*', access: 'optional', accept: BOTH, upstream: 'app' },
  { path: '/public/*', access: 'public', upstream: 'app' },
  { path: '/private/*', upstream: 'app' },
];

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const challenge = (answer) => answer.fields.get('www-authenticate');
function assertRefused(answer, status, error) {
  assert.equal(answer.status, status, answer.text);
  assert.match(challenge(answer) ?? '', new RegExp(`^Bearer realm="logto-proxy", error="${error}"`));
  assert.equal(answer.fields.get('location'), undefined);
  assert.equal(answer.fields.get('set-cookie'), undefined);
}

describe('access tokens of Logto', () => {
  const scope = suite(after);
  let world;
  let op;
  const get = (target, headers) => world.get(target, { ...FETCH, ...headers });
  before(async () => {
    world = await makeWorld(scope, { routes, config: (base) => ({ ...base, bearer: { audiences: [THINGS] }, logto: { ...base.logto, webhook_secret: KEY } }) });
    op = world.op;
  });
  beforeEach(() => { world.recorder.reset(); op.twist = {}; });

  test('a token passes with its identity, the app gets it too, and the log names its subject', async () => {
    const token = op.accessToken({ sub: 'robot-1', scope: 'read:things', claims: { email: 'robot@example.test', roles: ['editor'] } });
    const answer = await get('/api/x', { ...bearer(token), 'X-Forwarded-User': 'forged' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'robot-1');
    assert.equal(seenHeader(answer, 'x-forwarded-email'), 'robot@example.test');
    assert.equal(seenHeader(answer, 'x-forwarded-groups'), 'editor');
    assert.equal(seenHeader(answer, 'authorization'), `Bearer ${token}`);
    assert.equal(answer.fields.get('set-cookie'), undefined);
    await world.proxy.waitAccess((line) => line.sub === 'robot-1' && line.decision === 'pass' && line.path === '/api/x');
  });

  test('also as a navigation, and again without asking anybody', async () => {
    const token = op.accessToken();
    const calls = op.log.length;
    for (let i = 0; i < 5; ++i) assert.equal((await world.get('/machines/x', { ...NAVIGATION, ...bearer(token) })).status, 200);
    assert.equal(op.log.length, calls);
  });

  test('a machine with client_credentials passes as itself', async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', resource: THINGS, scope: 'read:things write:things' });
    const reply = await fetch(`${op.issuer}/token`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from('machine:machine-secret').toString('base64')}` }, body: form });
    const { access_token: token } = await reply.json();
    const answer = await get('/machines/x', bearer(token));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'machine');
  });

  const BAD = {
    'expired': () => op.accessToken({ claims: { exp: op.nowS() - 1, iat: op.nowS() - 3600 } }),
    'without exp': () => op.accessToken({ claims: { exp: undefined } }),
    'not valid yet': () => op.accessToken({ claims: { nbf: op.nowS() + 600 } }),
    'of another issuer': () => op.accessToken({ claims: { iss: 'http://evil.test/oidc' } }),
    'of an issuer with a slash more': () => op.accessToken({ claims: { iss: `${op.issuer}/` } }),
    'for another audience': () => op.accessToken({ aud: OTHER_API }),
    'for a longer audience': () => op.accessToken({ aud: `${THINGS}/x` }),
    'signed by somebody else': () => op.accessToken({ key: new SigningKey('ES384', { kid: op.key.kid }) }),
    'with an unknown key id': () => op.accessToken({ header: { kid: 'unknown' } }),
    'of type JWT': () => op.accessToken({ header: { typ: 'JWT' } }),
    'without a type': () => op.accessToken({ header: { typ: undefined } }),
    'with crit': () => op.accessToken({ header: { crit: ['exp'] } }),
    'with alg none': () => `${b64({ alg: 'none', typ: 'at+jwt' })}.${op.accessToken().split('.')[1]}.`,
    'with alg HS256 over the client secret': () => {
      const input = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: op.key.kid })}.${op.accessToken().split('.')[1]}`;
      return `${input}.${b64(mac('HS256', op.clientSecret, input))}`;
    },
    'an ID token': () => op.mint({ user: op.user, sub: op.user.sub, nonce: 'n' }, 'x'),
    'an opaque token, without introspection': () => op.opaqueToken(),
    'too long': () => op.accessToken({ claims: { padding: 'x'.repeat(7000) } }),
    'with a line end in sub': () => op.accessToken({ sub: 'a\r\nX-Admin: 1' }),
  };
  for (const [name, make] of Object.entries(BAD)) {
    test(`a token ${name} is 401 and reaches no app`, async () => {
      const token = make();
      for (const target of ['/api/x', '/machines/x', '/optional/x']) assertRefused(await world.get(target, { ...NAVIGATION, ...bearer(token) }), 401, 'invalid_token');
      assert.equal(world.recorder.requests.length, 0);
    });
  }

  test('malformed credentials are 400', async () => {
    const token = op.accessToken();
    for (const value of ['Bearer', 'Bearer a b', `Bearer ${token}, Bearer ${token}`, `Bearer,${token}`, 'bearer "x"']) {
      assertRefused(await get('/api/x', { Authorization: value }), 400, 'invalid_request');
    }
    assertRefused(await get('/api/x', { Authorization: [`Bearer ${token}`, 'Basic YTpi'] }), 400, 'invalid_request');
    assert.equal(world.recorder.requests.length, 0);
  });

  test('tokens in query and body are never read', async () => {
    const token = op.accessToken();
    assert.equal((await get(`/machines/x?access_token=${token}`)).status, 401);
    const answer = await world.post('/machines/x', { ...FETCH, 'Content-Type': 'application/x-www-form-urlencoded' }, { body: `access_token=${token}` });
    assert.equal(answer.status, 401);
  });

  test('a missing scope is 403 and says which one', async () => {
    const answer = await get('/write/x', bearer(op.accessToken({ scope: 'read:things' })));
    assertRefused(answer, 403, 'insufficient_scope');
    assert.match(challenge(answer), /scope="write:things"/);
    assert.equal((await get('/write/x', bearer(op.accessToken({ scope: 'read:things write:things' })))).status, 200);
  });

  test('an organization is one of the token', async () => {
    assert.equal((await get('/acme/x', bearer(op.accessToken({ claims: { organization_id: 'acme' } })))).status, 200);
    assert.equal((await get('/acme/x', bearer(op.accessToken({ claims: { organization_id: 'other' } })))).status, 403);
    assert.equal((await get('/acme/x', bearer(op.accessToken()))).status, 403);
  });

  test('what one route accepts another one does not', async () => {
    const token = op.accessToken();
    assert.equal((await get('/api/x', bearer(token))).status, 200);
    assertRefused(await get('/other/x', bearer(token)), 401, 'invalid_token');
    const both = op.accessToken({ aud: [THINGS, OTHER_API] });
    assert.equal((await get('/other/x', bearer(both))).status, 200);
  });

  test('a token goes before the session, and a session does not help a bad token', async () => {
    const cookie = await world.session();
    const answer = await get('/api/x', { ...bearer(op.accessToken({ sub: 'robot-2' })), Cookie: cookie });
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'robot-2');
    assertRefused(await get('/api/x', { ...bearer('a.b.c'), Cookie: cookie }), 401, 'invalid_token');
    assert.equal(seenHeader(await get('/api/x', { Cookie: cookie }), 'x-forwarded-user'), 'alice-sub');
    assert.equal((await get('/machines/x', { Cookie: cookie })).status, 401);
  });

  test('without a token it is as on other routes, with a challenge on 401', async () => {
    assert.equal((await world.get('/api/x', NAVIGATION)).status, 303);
    const script = await get('/api/x');
    assert.equal(script.status, 401);
    assert.match(challenge(script), /^Bearer realm="logto-proxy"(?!, error)/);
    assert.equal((await world.get('/machines/x', NAVIGATION)).status, 401);
    assert.ok(!challenge(await get('/private/x'))?.includes('Bearer'));
    assert.equal((await get('/optional/x')).status, 200);
  });

  test('on other routes, and with other schemes, Authorization passes as it is and decides nothing', async () => {
    const cookie = await world.session();
    for (const value of ['Bearer junk', 'Token abc', 'Basic YTpi', `Bearer ${op.accessToken()}`]) {
      for (const target of ['/public/x', '/private/x']) {
        const answer = await get(target, { Authorization: value, Cookie: cookie });
        assert.equal(answer.status, 200);
        assert.equal(seenHeader(answer, 'authorization'), value);
      }
      assert.equal((await get('/private/x', { Authorization: value })).status, 401);
    }
    assert.equal(seenHeader(await get('/api/x', { Authorization: 'Token abc', Cookie: cookie }), 'authorization'), 'Token abc');
  });

  test('tokens from before a user was deleted are refused', async () => {
    const token = op.accessToken({ sub: 'gone-1' });
    assert.equal((await get('/api/x', bearer(token))).status, 200);
    const { headers, body } = webhookRequest(KEY, userEvent('User.Deleted', 'gone-1'));
    const hook = await world.post('/_auth/webhook', headers, { body });
    assert.ok(hook.status < 300, `${hook.status} ${hook.text}`);
    assertRefused(await get('/api/x', bearer(token)), 401, 'invalid_token');
    assert.equal((await get('/api/x', bearer(op.accessToken({ sub: 'robot-1' })))).status, 200);
  });

  test('a thousand tokens with invented key ids fetch the keys once at most', async () => {
    await get('/api/x', bearer(op.accessToken()));
    const before_ = op.jwksFetches;
    await Promise.all(Array.from({ length: 200 }, (_, i) => get('/api/x', bearer(op.accessToken({ header: { kid: `junk-${i}` } }))).then((answer) => assert.ok([401, 503].includes(answer.status)))));
    assert.ok(op.jwksFetches - before_ <= 1);
  });

  test('nothing of a token is in the logs', async () => {
    for (const secret of op.secrets.filter((one) => one.length > 100)) assert.ok(!world.proxy.output.includes(secret.split('.')[2] || secret));
  });
});

describe('while Logto is away, and when its keys change', () => {
  const bearerWorld = (t, opOptions = {}) => makeWorld(t, { routes, opOptions, config: (base) => ({ ...base, bearer: { audiences: [THINGS] } }) });
  const get = (world, token) => world.get('/api/x', { ...FETCH, ...bearer(token) });

  test('without keys nobody can say: 503, and no app is asked', async (t) => {
    const world = await bearerWorld(t, { twist: { onDiscovery: (_request, response) => response.writeHead(500).end() } });
    const answer = await get(world, world.op.accessToken());
    assert.equal(answer.status, 503);
    assert.ok(answer.fields.get('retry-after'));
    assert.equal(world.recorder.requests.length, 0);
  });

  test('known keys go on, for tokens seen before and for new ones', async (t) => {
    const world = await bearerWorld(t);
    const seen = world.op.accessToken();
    const fresh = world.op.accessToken({ sub: 'new' });
    assert.equal((await get(world, seen)).status, 200);
    await world.op.stop();
    world.op = null;
    assert.equal((await get(world, seen)).status, 200);
    assert.equal((await get(world, fresh)).status, 200);
  });

  test('a new key is learnt, and a token whose key has gone is refused', async (t) => {
    const world = await bearerWorld(t);
    await world.session(); // now keys are known, and no stranger has asked for any yet
    const old = world.op.accessToken();
    assert.equal((await get(world, old)).status, 200);
    world.op.key = new SigningKey('RS256');
    assert.equal((await get(world, world.op.accessToken())).status, 200);
    assertRefused(await get(world, old), 401, 'invalid_token');
  });
});

describe('a further issuer', () => {
  const scope = suite(after);
  let world;
  let ci;
  const get = (target, token) => world.get(target, { ...FETCH, ...bearer(token) });
  before(async () => {
    ci = await EvilOp.start();
    scope.after(() => ci.stop());
    world = await makeWorld(scope, {
      routes: [...routes.slice(0, 5), { path: '/ci/*', accept: ['bearer'], audiences: ['deploy'], require: { claims: { iss: ci.issuer } }, upstream: 'app' }],
      config: (base) => ({ ...base, bearer: { audiences: [THINGS], issuers: [{ issuer: ci.issuer, audiences: ['deploy'] }, { issuer: 'https://nowhere.invalid', jwks_url: 'http://127.0.0.1:1/keys', audiences: ['deploy'] }] } }),
    });
  });

  test('its tokens pass where its audiences are accepted, found by discovery at the first token', async () => {
    assert.equal(ci.jwksFetches, 0);
    const answer = await get('/ci/x', ci.accessToken({ sub: 'job-7', aud: 'deploy' }));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(seenHeader(answer, 'x-forwarded-user'), 'job-7');
    assert.equal(ci.jwksFetches, 1);
  });

  test('it speaks for no other audience, and Logto does not speak as it', async () => {
    assertRefused(await get('/api/x', ci.accessToken({ aud: THINGS })), 401, 'invalid_token');
    assertRefused(await get('/ci/x', ci.accessToken({ aud: 'deploy', key: world.op.key })), 401, 'invalid_token');
    assertRefused(await get('/ci/x', world.op.accessToken({ aud: 'deploy', claims: { iss: ci.issuer } })), 401, 'invalid_token');
    assert.equal((await get('/ci/x', world.op.accessToken({ aud: 'deploy' }))).status, 403, 'of Logto, but the rule asks for the issuer');
  });

  test('the outage of one harms nobody else', async () => {
    assert.equal((await get('/ci/x', ci.accessToken({ aud: 'deploy', claims: { iss: 'https://nowhere.invalid' } }))).status, 503);
    assert.equal((await get('/ci/x', ci.accessToken({ aud: 'deploy' }))).status, 200);
    assert.equal((await get('/api/x', world.op.accessToken())).status, 200);
    assert.equal((await world.get('/healthz', {}, { at: { port: world.proxy.adminPort } })).status, 200);
  });
});

describe('opaque tokens', () => {
  const scope = suite(after);
  let world;
  let op;
  const get = (target, token) => world.get(target, { ...FETCH, ...bearer(token) });
  before(async () => {
    world = await makeWorld(scope, { routes, config: (base) => ({ ...base, bearer: { audiences: [THINGS, 'listed-client'], introspection: true } }) });
    op = world.op;
  });

  test('Logto is asked once while its answer is believed', async () => {
    const token = op.opaqueToken({ scope: 'openid write:things' });
    const before_ = op.introspections;
    const answers = await Promise.all(Array.from({ length: 10 }, () => get('/write/x', token)));
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    assert.equal(seenHeader(answers[0], 'x-forwarded-user'), 'alice-sub');
    assert.equal(op.introspections - before_, 1);
  });

  test('what Logto no longer vouches for is refused', async () => {
    const token = op.opaqueToken();
    op.endAccessToken(token);
    assertRefused(await get('/api/x', token), 401, 'invalid_token');
    assertRefused(await get('/api/x', 'never-heard-of'), 401, 'invalid_token');
  });

  test('a token of another application of the tenant does not pass by accident', async () => {
    assertRefused(await get('/api/x', op.opaqueToken({ clientId: 'another-app' })), 401, 'invalid_token');
    assert.equal((await get('/api/x', op.opaqueToken({ clientId: 'listed-client' }))).status, 200);
    assertRefused(await get('/other/x', op.opaqueToken()), 401, 'invalid_token');
  });

  test('while Logto cannot say, the answer is 503', async () => {
    op.failIntrospection = { how: 500, times: 1 };
    const token = op.opaqueToken();
    assert.equal((await get('/api/x', token)).status, 503);
    assert.equal((await get('/api/x', token)).status, 200);
    op.failIntrospection = null;
  });

  test('JWTs are never shown to Logto', async () => {
    const before_ = op.introspections;
    assert.equal((await get('/api/x', op.accessToken())).status, 200);
    assert.equal(op.introspections, before_);
  });
});
