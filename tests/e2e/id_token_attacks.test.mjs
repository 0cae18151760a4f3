// A hostile OpenID provider: every row of jwt-attacks.tsv that concerns a sign-in ends on an error page, without a session, with
// one log line that names the rule, and never with a crash.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EvilOp, SigningKey } from './lib/evil_op.mjs';
import { DISCOVERY_ATTACKS, SIGN_IN_ATTACKS } from './lib/jwt_attacks.mjs';
import { FETCH, NAVIGATION } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader, suite } from './lib/world.mjs';

async function attack(world, { twist, expect, beforeToken }) {
  const { op, recorder, proxy } = world;
  recorder.reset();
  const tokens = op.calls('/oidc/token').length;
  const logged = proxy.errors.length;
  op.twist = twist;
  const user = world.user();
  const answer = await user.navigate(`${ORIGIN}/private/secret?x=1`);
  op.twist = {};
  if (op.failure) throw op.failure;
  if (expect === 'either' && answer.status === 200) return;
  if (expect === 'accept') {
    assert.equal(answer.status, 200, answer.text.slice(0, 300) + proxy.output.slice(-1500));
    assert.deepEqual(recorder.targets(), ['/private/secret?x=1']);
    return;
  }
  assert.ok(answer.status >= 400 && answer.status < 600 && answer.status !== 500, `status ${answer.status}`);
  assert.match(answer.fields.get('content-type'), /^text\/html/);
  assert.ok(answer.fields.get('x-request-id'), 'the page has a request id');
  assert.ok(answer.text.includes(answer.fields.get('x-request-id')), 'the page shows its request id');
  assert.doesNotMatch(answer.text, /<script>alert|<img src=x/);
  assert.equal(user.sessionCookies(HOST), '', 'no session');
  assert.deepEqual(recorder.targets(), [], 'the upstream hears nothing');
  if (beforeToken) assert.equal(op.calls('/oidc/token').length, tokens, 'refused before the token request');
  const ours = (entry) => entry.id === answer.fields.get('x-request-id');
  await proxy.waitLog(ours, { timeout: 2000 });
  const named = proxy.errors.slice(logged).filter(ours);
  assert.equal(named.length, 1, `one log line for the failed sign-in: ${JSON.stringify(proxy.errors.slice(logged))}`);
  assert.ok(named[0].rule, `the log line names the rule: ${JSON.stringify(named[0])}`);
}

describe('a provider that lies in the sign-in', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope);
    await world.session();
  });
  for (const one of SIGN_IN_ATTACKS.filter(({ alone }) => !alone)) {
    test(`${one.id} ${one.name}: ${one.expect}`, async () => { await attack(world, one); world.proxy.assertHealthy(); });
  }
  test('after all that an honest sign-in still works', async () => {
    world.op.twist = {};
    assert.equal(seenHeader(await world.get('/private/x', { Cookie: await world.session() }), 'x-forwarded-user'), 'alice-sub');
  });
});

describe('a provider that lies about its keys', () => {
  for (const one of SIGN_IN_ATTACKS.filter(({ alone }) => alone)) {
    test(`${one.id} ${one.name}: ${one.expect}`, async (t) => {
      const world = await makeWorld(t);
      one.twist.setup?.(world.op);
      await attack(world, one);
      assert.equal((await world.get('/public/x')).status, 200, 'public routes go on');
      world.proxy.assertHealthy();
    });
  }

  test('J15 a thousand tokens with unknown key ids fetch the keys only a few times', async (t) => {
    const world = await makeWorld(t);
    await world.session();
    const known = world.op.calls('/oidc/jwks').length;
    let count = 0;
    for (let round = 0; round < 10; ++round) {
      await Promise.all(Array.from({ length: 10 }, async () => {
        world.op.twist = { header: (honest) => ({ ...honest, kid: `unknown-${++count}` }) };
        assert.ok((await world.user().navigate(`${ORIGIN}/private/x`)).status >= 400);
      }));
    }
    assert.ok(world.op.calls('/oidc/jwks').length - known <= 3, `${world.op.calls('/oidc/jwks').length - known} fetches for 100 tokens`);
    world.op.twist = {};
    await world.session();
  });

  test('J16 kid missing with two keys of one kind is refused or verified by the right one, never passed over', async (t) => {
    const world = await makeWorld(t);
    const other = new SigningKey('ES384');
    world.op.twist = {
      jwks: ({ keys }) => ({ keys: [other.jwk(), ...keys] }),
      header: ({ kid: _dropped, ...rest }) => rest,
    };
    const stranger = new SigningKey('ES384');
    const honest = world.op.key;
    world.op.key = Object.assign(stranger, { jwk: () => honest.jwk() });
    assert.ok((await world.user().navigate(`${ORIGIN}/private/x`)).status >= 400, 'a third key does not sign anybody in');
  });

  test('J45 after a rotation new tokens are verified at once and old keys sign nobody in', async (t) => {
    const world = await makeWorld(t);
    await world.session();
    const old = world.op.key;
    world.op.key = new SigningKey('ES384');
    await world.session();
    const current = world.op.key;
    world.op.key = Object.assign(Object.create(old), { jwk: () => current.jwk() });
    const user = world.user();
    assert.ok((await user.navigate(`${ORIGIN}/private/x`)).status >= 400, 'the removed key is refused');
    assert.equal(user.sessionCookies(HOST), '');
  });
});

describe('a provider that lies in discovery', () => {
  for (const one of DISCOVERY_ATTACKS) {
    test(`${one.id} ${one.name}: no sign-in, public routes work`, async (t) => {
      const world = await makeWorld(t, { opOptions: { twist: one.twist } });
      const user = world.user();
      const answer = await user.navigate(`${ORIGIN}/private/x`, { stop: (url) => url.port !== String(world.op.port) && url.hostname !== HOST });
      assert.ok(answer.status >= 400, `ended with ${answer.status} ${answer.next ?? ''}`);
      assert.equal(user.sessionCookies(HOST), '');
      assert.equal((await world.get('/public/x')).status, 200);
      assert.equal((await world.get('/private/x', FETCH)).status, 401);
    });
  }

  test('O26 the client secret and the code are not sent again to where a token endpoint redirects', async (t) => {
    const thief = await EvilOp.start();
    t.after(() => thief.stop());
    const world = await makeWorld(t);
    world.op.twist = { onToken(_request, response) { response.writeHead(307, { location: `${thief.endpoint}/steal` }).end(); return true; } };
    assert.ok((await world.user().navigate(`${ORIGIN}/private/x`)).status >= 400);
    assert.deepEqual(thief.log, []);
  });

  test('the authorization request has what it must and nothing twice', async (t) => {
    const world = await makeWorld(t);
    const answer = await world.get('/private/x', NAVIGATION);
    assert.equal(answer.status, 303);
    const { searchParams: params } = new URL(answer.fields.get('location'));
    assert.deepEqual([...params.keys()].length, new Set(params.keys()).size);
    assert.equal(params.get('response_type'), 'code');
    assert.equal(params.get('code_challenge_method'), 'S256');
    assert.match(params.get('code_challenge'), /^[\w-]{43}$/);
    assert.equal(params.get('client_id'), 'app');
    assert.equal(params.get('redirect_uri'), `${ORIGIN}/_auth/callback`);
    assert.ok(params.get('state').length >= 22 && params.get('nonce').length >= 22);
    assert.deepEqual(params.get('scope').split(' ').sort(), ['email', 'openid', 'profile', 'roles']);
  });

  test('O06 no two sign-ins share state, nonce or challenge', async (t) => {
    const world = await makeWorld(t);
    const seen = new Set();
    for (let count = 0; count < 20; ++count) {
      const { searchParams: params } = new URL((await world.get('/private/x', NAVIGATION)).fields.get('location'));
      for (const name of ['state', 'nonce', 'code_challenge']) seen.add(params.get(name));
    }
    assert.equal(seen.size, 60);
  });
});
