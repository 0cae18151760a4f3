// What logto-proxy tells apps without being asked for it by name (organization, memberships at Patreon, assertions), through each
// front of deploy/forward-auth: the app gets our word, and never a client's, in whichever spelling, on whichever route.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { CHECK_SECRET, FRONTS, FRONT_HOST, FRONT_ORIGIN, IDENTITY_NAMES, frontWorld } from './lib/front_proxies.mjs';
import { Patreon } from './lib/patreon.mjs';
import { FETCH, request } from './lib/raw.mjs';
import { makeWorld, suite } from './lib/world.mjs';

const ACME = 'rvsdxgj6esgo';
const CAMPAIGN = '1234567';
const ROUTES = [
  { path: '/o/*', organization: 'from_path' },
  { path: '/gold/*', require: { patreon: { campaign: CAMPAIGN } } },
  { path: '/signed/*', assertion: true },
  { path: '/public/*', access: 'public' },
  { path: '/*' },
];
const TARGETS = [`/o/${ACME}/x`, '/gold/x', '/signed/x', '/public/x', '/x'];
const folded = (name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');

// Of a route whose app is told none of them: what Envoy is to take out is all that any route tells.
async function namesTold(world) {
  const answer = await request(world.proxy.port, 'GET', '/_auth/check/public/x', { ...FETCH, 'X-Logto-Proxy-Check-Secret': CHECK_SECRET }, { host: FRONT_HOST });
  assert.equal(answer.status, 200, answer.text);
  return answer.fields.get('x-envoy-auth-headers-to-remove').toLowerCase().split(', ');
}

async function toldWorld(scope, name) {
  const patreon = await Patreon.start();
  scope.after(() => patreon.stop());
  patreon.people.set('token-at-patreon', { id: '777', memberships: [{ campaign: CAMPAIGN, status: 'active_patron', cents: 100, tiers: [{ id: '5', title: 'Basic' }] }] });
  const world = await frontWorld(scope, name, makeWorld, {
    routes: ROUTES, opOptions: { refreshTokens: true },
    config: { logto: { refresh: 'offline_access', scopes: ['profile', 'email', 'roles', 'identities'] }, patreon: { api_url: patreon.url } },
  });
  world.op.user = { ...world.op.user, organizations: [ACME] };
  world.op.storedTokens.set(world.op.user.sub, { patreon: { access_token: 'token-at-patreon', scope: 'identity identity.memberships', expires_in: 2_678_400 } });
  return world;
}

describe('what is told by itself comes from no client', { concurrency: 3 }, () => {
  for (const [name, front] of Object.entries(FRONTS)) {
    test(`behind ${name}`, { skip: front.command && !fs.existsSync(front.command) ? `${name} is not installed` : false }, async (t) => {
      const scope = suite((stop) => t.after(stop));
      const world = await toldWorld(scope, name);
      const user = new BrowserUser({ [FRONT_HOST]: world.frontPort });
      assert.equal((await user.navigate(`${FRONT_ORIGIN}/start`)).status, 200);
      const names = await namesTold(world);
      assert.ok(names.length > IDENTITY_NAMES.length + 5, names.join());
      const seen = (name_) => world.recorder.requests.at(-1).fields.list.filter(([key, value]) => folded(key) === folded(name_) && value !== '');
      for (const target of TARGETS) {
        world.recorder.reset();
        assert.equal((await user.fetch(FRONT_ORIGIN + target, { headers: FETCH })).status, 200, target);
        const honest = Object.fromEntries(names.map((one) => [one, seen(one).length]));
        for (const field of names) {
          for (const spelling of [field, field.toUpperCase(), field.replaceAll('-', '_'), field.replace('-', '_'), field.replaceAll('-', '.')]) {
            world.recorder.reset();
            const answer = await user.fetch(FRONT_ORIGIN + target, { headers: { ...FETCH, [spelling]: 'forged' } });
            if (answer.status !== 200) { assert.ok(answer.status >= 400 && world.recorder.requests.length === 0, `${target} ${spelling}: ${answer.status}`); continue; }
            const got = seen(field);
            assert.ok(got.every(([, value]) => !value.includes('forged')), `${target} ${spelling}: ${JSON.stringify(got)}`);
            assert.equal(got.length, honest[field], `${target} ${spelling}`);
          }
        }
      }
      world.recorder.reset();
      await user.fetch(`${FRONT_ORIGIN}/gold/x`, { headers: FETCH });
      assert.deepEqual(seen('x-patreon-tier').map(([, value]) => value), ['Basic'], 'and the app is told ours');
    });
  }
});

test('Envoy is told to take out a client\'s Authorization where the route has one of its own and nobody to name in it', async (t) => {
  const scope = suite((stop) => t.after(stop));
  const routes = [{ path: '/basic/*', access: 'optional', authorization: { basic: { username_claim: 'email', password: 'password-of-the-app' } } }, { path: '/*', access: 'public' }];
  const world = await makeWorld(scope, { routes, config: { external_urls: [FRONT_ORIGIN], upstreams: undefined, trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true, secret: CHECK_SECRET } } });
  const removed = async (target) => (await request(world.port, 'GET', `/_auth/check${target}`, { ...FETCH, 'X-Logto-Proxy-Check-Secret': CHECK_SECRET }, { host: FRONT_HOST })).fields.get('x-envoy-auth-headers-to-remove');
  assert.match(await removed('/basic/x'), /, Authorization$/);
  assert.doesNotMatch(await removed('/x'), /Authorization/, 'elsewhere it is the app\'s');
});
