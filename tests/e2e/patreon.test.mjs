// Memberships at Patreon from outside: who passes by which tier, what the app is told, how often Patreon is asked, and what holds while
// it is away, wants to be left alone, or talks nonsense. Logto's Account API and Patreon are stand-ins that speak as documented.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { Patreon } from './lib/patreon.mjs';
import { run, temporaryFolder } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, headersOf, makeWorld, merge, seenHeader } from './lib/world.mjs';

const CAMPAIGN = '1234567', OTHER = '7654321';
const member = (campaign, { status = 'active_patron', cents = 500, tiers = ['Gold'] } = {}) => ({ campaign, status, cents, tiers: tiers.map((title, index) => ({ id: `${campaign}${index}`, title })) });
const patron = (rule) => ({ patreon: { campaign: CAMPAIGN, ...rule } });
const ROUTES = [
  { path: '/gold/*', require: patron({ tier: ['Gold'] }), upstream: 'app' },
  { path: '/rich/*', require: patron({ min_cents: 1000 }), upstream: 'app' },
  { path: '/once/*', require: patron({ active: false }), upstream: 'app' },
  { path: '/either/*', require: { any: [patron({ tier: ['Gold'] }), { patreon: { campaign: OTHER } }] }, upstream: 'app' },
  { path: '/staff/*', require: { any: [{ roles: ['editor'] }, patron({})] }, upstream: 'app' },
  { path: '/strangers/*', require: { not: patron({}) }, upstream: 'app' },
  { path: '/public/*', access: 'public', upstream: 'app' },
  { path: '/private/*', upstream: 'app' },
];
const NAMES = ['x-patreon-campaign', 'x-patreon-tier', 'x-patreon-tier-id', 'x-patreon-cents', 'x-patreon-status'];
const told = (answer) => Object.fromEntries(headersOf(answer).filter(([name]) => /patreon/i.test(name)).map(([name, value]) => [name.toLowerCase(), value]));

// A world whose people are patrons: `world.patron(name, memberships)` signs one in whose token Logto keeps.
async function patreonWorld(scope, { config = {}, routes = ROUTES, ...options } = {}) {
  const patreon = await Patreon.start();
  scope.after(() => patreon.stop());
  const world = await makeWorld(scope, {
    routes, opOptions: { refreshTokens: true }, ...options,
    config: merge({ logto: { refresh: 'offline_access', scopes: ['profile', 'email', 'roles', 'identities'] }, patreon: { api_url: patreon.url, pages: { [CAMPAIGN]: 'https://www.patreon.com/creator' } } }, config),
  });
  world.patreon = patreon;
  world.link = (sub, memberships) => {
    const token = `patreon-token-of-${sub}`;
    world.op.storedTokens.set(sub, { patreon: { access_token: token, scope: 'identity identity.memberships', expires_in: 2_678_400 } });
    patreon.people.set(token, { id: '777', memberships });
    world.op.secrets.push(token);
  };
  world.patron = async (sub, memberships) => {
    if (memberships) world.link(sub, memberships);
    return world.signIn({ sub, name: sub, roles: [] });
  };
  scope.after(() => { for (const secret of world.op.secrets) assert.ok(!world.proxy?.output.includes(secret), 'a secret in the log'); });
  return world;
}
const get = (user, target, headers = FETCH) => user.fetch(ORIGIN + target, { headers });
const asks = (world) => world.op.log.filter(({ path: one }) => one === '/api/my-account/identities/patreon/access-token').length;

describe('rules on memberships', { concurrency: 6 }, () => {
  test('the right tier passes, and the app is told of it; one call, whatever follows', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('gold', [member(CAMPAIGN, { tiers: ['Gold', '金, 特'] }), member('999')]);
    assert.equal(world.patreon.calls, 0, 'a route without such a rule asks nobody');
    const answer = await get(user, '/gold/x');
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(told(answer), {
      'x-patreon-campaign': CAMPAIGN, 'x-patreon-tier': 'Gold,%E9%87%91%2C%20%E7%89%B9', 'x-patreon-tier-id': `${CAMPAIGN}0,${CAMPAIGN}1`, 'x-patreon-cents': '500', 'x-patreon-status': 'active_patron',
    });
    for (const target of ['/gold/y', '/once/x', '/either/x']) assert.equal((await get(user, target)).status, 200);
    assert.deepEqual(told(await get(user, '/private/x')), {}, 'other apps are told nothing');
    assert.equal(world.patreon.calls, 1);
    assert.equal(world.patreon.log[0].token, 'patreon-token-of-gold');
    assert.ok(user.sessionCookies(HOST).length < 4000);
  });

  test('who lacks the tier, the money, or any membership is refused, by name', async (t) => {
    const world = await patreonWorld(t);
    const silver = await world.patron('silver', [member(CAMPAIGN, { tiers: ['Silver'], cents: 300 })]);
    const page = await get(silver, '/gold/x', NAVIGATION);
    assert.equal(page.status, 403);
    assert.match(page.text, /the Patreon tier <strong>Gold<\/strong>/);
    assert.match(page.text, /href="https:\/\/www\.patreon\.com\/creator"/);
    assert.doesNotMatch(page.text, /social%3Apatreon/, 'another sign-in with Patreon brings no tier');
    const json = await get(silver, '/rich/x');
    assert.equal(json.status, 403);
    assert.deepEqual(JSON.parse(json.text).missing, [`an active Patreon membership of campaign ${CAMPAIGN} with a larger pledge`]);
    const nobody = await world.patron('stranger', []);
    assert.equal((await get(nobody, '/once/x')).status, 403);
    assert.equal((await get(nobody, '/strangers/x')).status, 200);
    assert.equal((await get(silver, '/strangers/x')).status, 403);
    const foreign = await world.patron('foreign', [member('999', { tiers: ['Gold'] })]);
    assert.equal((await get(foreign, '/gold/x')).status, 403, 'a tier of that name of another creator');
  });

  test('a former patron, a declined one, and who follows for free', async (t) => {
    const world = await patreonWorld(t);
    for (const status of ['former_patron', 'declined_patron', null]) {
      const user = await world.patron(`was-${status}`, [member(CAMPAIGN, { status, tiers: ['Gold'] })]);
      assert.equal((await get(user, '/gold/x')).status, 403, String(status));
      const answer = await get(user, '/once/x');
      assert.equal(answer.status, 200);
      assert.equal(seenHeader(answer, 'x-patreon-status'), status ?? 'none');
    }
  });

  test('one of several campaigns is enough, and that one is told', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('other', [member(CAMPAIGN, { status: 'former_patron', tiers: [] }), member(OTHER, { tiers: ['Basic'], cents: 100 })]);
    const answer = await get(user, '/either/x');
    assert.equal(answer.status, 200);
    assert.equal(seenHeader(answer, 'x-patreon-campaign'), OTHER);
    assert.equal(seenHeader(answer, 'x-patreon-tier'), 'Basic');
  });

  test('who passes by another rule waits for nobody', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.signIn();
    world.patreon.behaviour = 'hang';
    assert.equal((await get(user, '/staff/x')).status, 200);
    assert.equal(asks(world) + world.patreon.calls, 0);
  });

  test('so too on a route of an organization', async (t) => {
    const world = await patreonWorld(t, { routes: [{ path: '/o/*', organization: 'from_path', require: { any: [{ roles: ['editor'] }, patron({})] }, upstream: 'app' }, ...ROUTES] });
    world.op.user = { ...world.op.user, organizations: ['rvsdxgj6esgo'], roles: ['editor'] };
    world.link(world.op.user.sub, []);
    const user = await world.signIn();
    world.patreon.behaviour = { status: 503 };
    assert.equal((await get(user, '/o/rvsdxgj6esgo/x')).status, 200);
    assert.equal(asks(world) + world.patreon.calls, 0);
  });

  test('forged fields reach no app, in any spelling, on any route', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('gold', [member(CAMPAIGN)]);
    const forged = Object.fromEntries(NAMES.flatMap((name) => [[name, 'forged'], [name.toUpperCase().replaceAll('-', '_'), 'forged'], [name.replace('-', '.'), 'forged']]));
    Object.assign(forged, { 'X-Patreon-Anything': 'forged', X_PATREON_TIER_ID: 'forged' });
    for (const target of ['/gold/x', '/private/x', '/public/x']) {
      const answer = await get(user, target, { ...FETCH, ...forged });
      assert.equal(answer.status, 200);
      assert.doesNotMatch(JSON.stringify(headersOf(answer)), /forged/);
    }
    assert.equal(seenHeader(await get(user, '/gold/x', { ...FETCH, ...forged }), 'x-patreon-tier'), 'Gold');
  });
});

describe('where Logto has no token of them', { concurrency: 6 }, () => {
  test('the page offers to sign in with Patreon, which mends it', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('new');
    const page = await get(user, '/gold/x', NAVIGATION);
    assert.equal(page.status, 403);
    assert.match(page.text, /Sign in with Patreon/);
    const [, href] = /href="([^"]*social%3Apatreon[^"]*)"/.exec(page.text);
    world.link('new', [member(CAMPAIGN)]);
    world.op.user = { ...world.op.user, sub: 'new', roles: [] };
    const answer = await user.navigate(ORIGIN + href.replaceAll('&amp;', '&'));
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(world.op.calls('/oidc/auth').at(-1).params.get('direct_sign_in'), 'social:patreon');
    assert.equal(seenHeader(answer, 'x-patreon-tier'), 'Gold');
  });

  test('through the development provider: from its own account to that of Patreon, whose token it keeps', async (t) => {
    const op = await DevelopmentOp.start({
      redirect_uris: [`${ORIGIN}/_auth/callback`], auto_sign_in: 'alice', always_issue_refresh_token: true, token_storage: ['patreon'], account_center: true,
    });
    await op.control({ people: { patreon: { memberships: [member(CAMPAIGN)] } } });
    const world = await makeWorld(t, { op, routes: ROUTES, config: { logto: { scopes: ['profile', 'identities'] }, patreon: { api_url: op.endpoint } } });
    const user = world.user();
    const page = await user.navigate(`${ORIGIN}/gold/x`);
    assert.equal(page.status, 403, page.text.slice(0, 300));
    const [, href] = /href="([^"]*social%3Apatreon[^"]*)"/.exec(page.text);
    const other = await user.navigate(ORIGIN + href.replaceAll('&amp;', '&'));
    const answer = await user.submit(other);   // another person than the one who was signed in there: the engine ends that first
    assert.equal(answer.url, `${ORIGIN}/gold/x`, answer.text.slice(0, 300));
    assert.equal(answer.status, 200, answer.text + world.proxy.errors.slice(-3).map((one) => JSON.stringify(one)));
    assert.equal(seenHeader(answer, 'x-patreon-tier'), 'Gold');
  });

  for (const [what, prepare] of [
    ['a token that Logto could not renew', (world) => world.op.storedTokens.set('bob', { patreon: 'expired' })],
    ['a token that Patreon refuses', (world) => world.patreon.people.clear()],
  ]) {
    test(what, async (t) => {
      const world = await patreonWorld(t);
      const user = await world.patron('bob', [member(CAMPAIGN)]);
      prepare(world);
      const page = await get(user, '/gold/x', NAVIGATION);
      assert.equal(page.status, 403);
      assert.match(page.text, /Sign in with Patreon/);
      const other = await world.patron('carol', [member(CAMPAIGN)]);
      assert.equal((await get(other, '/gold/x')).status, 200, 'and nobody else is the worse for it');
    });
  }

  test('a session from before the scope, or before any such rule, goes on', async (t) => {
    const world = await patreonWorld(t, { routes: [{ path: '/private/*', upstream: 'app' }], config: { patreon: undefined, logto: { scopes: ['profile'] } } });
    const user = await world.patron('old', [member(CAMPAIGN)]);
    await world.restart({ routes: ROUTES, logto: { scopes: ['profile', 'identities'] }, patreon: { api_url: world.patreon.url } });
    user.ports[HOST] = world.port;
    assert.equal((await get(user, '/private/x')).status, 200);
    const page = await get(user, '/gold/x', NAVIGATION);
    assert.equal(page.status, 403);
    assert.match(page.text, /Sign in with Patreon/, 'its next sign-in has the scope');
  });

  test('an account centre that is off is the operator\'s matter: 503, and the log says what to do', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('bob', [member(CAMPAIGN)]);
    world.op.accountCenter = false;
    const answer = await get(user, '/gold/x');
    assert.equal(answer.status, 503);
    assert.equal(JSON.parse(answer.text).error, 'patreon_away');
    const line = await world.proxy.waitLog((entry) => /Account API/.test(entry.msg));
    assert.equal(line.level, 'error');
    assert.match(line.reason, /account_center\.not_enabled/);
  });

  test('an access token that Logto takes no more is fetched anew', async (t) => {
    const world = await patreonWorld(t, { clock: true, config: { patreon: { recheck: '1s' } } });
    const user = await world.patron('bob', [member(CAMPAIGN)]);
    assert.equal((await get(user, '/gold/x')).status, 200);
    for (const token of world.op.access.opaque.keys()) world.op.endAccessToken(token);
    await world.clock.pass(1100);
    assert.equal((await get(user, '/gold/x')).status, 200);
    assert.equal(asks(world), 3);
  });
});

describe('how often Patreon is asked', { concurrency: 6 }, () => {
  test('two tabs, ten of them, two sessions of one person: one call', async (t) => {
    const world = await patreonWorld(t, { config: { workers: 4 } });
    const user = await world.patron('gold', [member(CAMPAIGN)]);
    const cookie = user.sessionCookies(HOST);
    world.patreon.latencyMs = 200;
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.get('/gold/x', { ...FETCH, Cookie: cookie }, { timeout: 20_000 })));
    for (const answer of answers) assert.equal(answer.status, 200);
    assert.equal(world.patreon.calls, 1);
    assert.equal(asks(world), 1);
    assert.equal((await world.get('/gold/x', { ...FETCH, Cookie: cookie })).status, 200, 'the cookie of old, maybe at another worker');
    assert.equal(world.patreon.calls, 1);
  });

  test('a restart asks nobody: the cookie knows', async (t) => {
    const world = await patreonWorld(t);
    const user = await world.patron('gold', [member(CAMPAIGN)]);
    assert.equal((await get(user, '/gold/x')).status, 200);
    await world.restart();
    user.ports[HOST] = world.port;
    assert.equal((await get(user, '/gold/x')).status, 200);
    assert.equal(world.patreon.calls, 1);
  });

  test('a cancellation shows at the next check', async (t) => {
    const world = await patreonWorld(t, { clock: true, config: { patreon: { recheck: '1s' } } });
    const user = await world.patron('gold', [member(CAMPAIGN)]);
    assert.equal((await get(user, '/gold/x')).status, 200);
    world.link('gold', [member(CAMPAIGN, { status: 'former_patron', tiers: [] })]);
    await world.clock.pass(1100);
    assert.equal((await get(user, '/gold/x')).status, 403);
    assert.equal(world.patreon.calls, 2);
    world.link('gold', [member(CAMPAIGN)]);
    await world.clock.pass(1100);
    assert.equal((await get(user, '/gold/x')).status, 200, 'and so does a new pledge');
  });

  test('when it wants to be left alone nobody is asked for, and then everybody is', async (t) => {
    const world = await patreonWorld(t);
    const users = [];
    for (const name of ['a', 'b', 'c', 'd']) users.push(await world.patron(name, [member(CAMPAIGN)]));
    world.patreon.behaviour = { status: 429, headers: { 'Retry-After': '3' }, times: 1 };
    const [first, ...others] = users;
    const answer = await get(first, '/gold/x', NAVIGATION);
    assert.equal(answer.status, 503);
    assert.ok(answer.fields.get('retry-after'));
    assert.match(answer.text, /membership cannot be checked/);
    for (const user of others) assert.equal((await get(user, '/gold/x')).status, 503);
    assert.equal(world.patreon.calls, 1, 'one of them found out for all');
    const line = await world.proxy.waitLog((entry) => /memberships at Patreon cannot be looked up/.test(entry.msg));
    assert.ok(line.pause_ms >= 3000, String(line.pause_ms));
    await sleep(3100);
    for (const user of users) assert.equal((await get(user, '/gold/x')).status, 200);
    await world.proxy.waitLog((entry) => entry.msg === 'Patreon answers again');
  });
});

describe('while Patreon is away', { concurrency: 6 }, () => {
  test('the last answer holds for its time, then 503, and all is well when it is back', async (t) => {
    const world = await patreonWorld(t, { config: { patreon: { recheck: '1s', hold_when_away: '2s' } } });
    const user = await world.patron('gold', [member(CAMPAIGN)]);
    const checked = Date.now();
    assert.equal((await get(user, '/gold/x')).status, 200);
    world.patreon.behaviour = { status: 502, type: 'text/html', body: '<html>' };
    await sleep(1200);
    const held = await get(user, '/gold/x');
    if (Date.now() - checked < 2900) assert.equal(held.status, 200);
    await sleep(Math.max(0, checked + 4000 - Date.now()));
    assert.equal((await get(user, '/gold/x')).status, 503);
    assert.equal((await get(user, '/private/x')).status, 200, 'nothing else is lost');
    world.patreon.behaviour = null;
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(200)) if ((await get(user, '/gold/x')).status === 200) return;
    assert.fail('never back');
  });

  test('a fresh sign-in while it is away takes what was known of the person', async (t) => {
    const world = await patreonWorld(t);
    assert.equal((await get(await world.patron('gold', [member(CAMPAIGN)]), '/gold/x')).status, 200);
    world.patreon.behaviour = 'reset';
    assert.equal((await get(await world.patron('gold'), '/gold/x')).status, 200);
    assert.equal((await get(await world.patron('unknown', [member(CAMPAIGN)]), '/gold/x')).status, 503);
  });

  for (const [what, body, headers] of [['no JSON', '<html>'], ['half of an answer', '{"data": {'], ['another form', '{"data": {"type": "user", "id": "1", "relationships": {"memberships": {"data": [5]}}}}'], ['nothing', ''], ['a thousand memberships', `"${'x'.repeat(2 << 20)}"`], ['the same with its length', 'x'.repeat(2 << 20), { 'content-length': 2 << 20 }]]) {
    test(`nonsense is no answer: ${what}`, async (t) => {
      const world = await patreonWorld(t);
      const user = await world.patron('gold', [member(CAMPAIGN)]);
      world.patreon.behaviour = { status: 200, body, headers };
      assert.equal((await get(user, '/gold/x')).status, 503);
      assert.equal((await get(user, '/gold/x')).status, 503);
      assert.equal(world.patreon.calls, 1, 'not asked again at once');
      world.patreon.behaviour = null;
      const other = await world.patron('other', [member(CAMPAIGN)]);
      assert.equal((await get(other, '/gold/x')).status, 200, 'nobody else waits for it');
    });
  }

  test('one that says nothing is given up, and who comes meanwhile is told at once', async (t) => {
    const world = await patreonWorld(t);
    const [slow, next] = [await world.patron('slow', [member(CAMPAIGN)]), await world.patron('next', [member(CAMPAIGN)])];
    world.patreon.behaviour = 'hang';
    assert.equal((await get(slow, '/gold/x')).status, 503);
    const before = Date.now();
    assert.equal((await get(next, '/gold/x')).status, 503);
    assert.ok(world.patreon.calls === 1 || Date.now() - before >= 900, 'within the pause');
  });
});

describe('the same for another proxy, and in words', { concurrency: 6 }, () => {
  test('a check says so too, with the headers for the app', async (t) => {
    const world = await patreonWorld(t, {
      routes: ROUTES.map(({ upstream, ...route }) => route),
      config: { upstreams: undefined, trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true } },
    });
    const sessionOf = async (name, memberships) => {
      if (memberships) world.link(name, memberships);
      world.op.user = { ...world.op.user, sub: name, roles: [] };
      const user = world.user();
      await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
      return user.sessionCookies(HOST);
    };
    const check = (cookie, target, headers = {}) => request(world.port, 'GET', '/_auth/check', {
      ...FETCH, Cookie: cookie, 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': target, ...headers,
    }, { host: HOST });
    const gold = await sessionOf('gold', [member(CAMPAIGN)]);
    const passed = await check(gold, '/gold/x', { 'X-Patreon-Tier': 'forged' });
    assert.equal(passed.status, 200, passed.text);
    assert.equal(passed.fields.get('x-patreon-tier'), 'Gold');
    assert.equal((await check(await sessionOf('silver', [member(CAMPAIGN, { tiers: ['Silver'] })]), '/gold/x')).status, 403);
    world.patreon.behaviour = { status: 503 };
    const fresh = await sessionOf('fresh', [member(CAMPAIGN)]);
    assert.equal((await check(fresh, '/gold/x')).status, 503);
    assert.equal((await check(gold, '/gold/x')).status, 200);
  });

  test('a route named for /oauth2/auth asks Patreon for checks of others', async (t) => {
    const world = await patreonWorld(t, {
      routes: [{ path: '/oauth2/auth', require: patron({ tier: ['Gold'] }) }, { path: '/x/*' }],
      config: { upstreams: undefined, trusted_proxies: ['127.0.0.1/32'], forward_auth: { oauth2_proxy: true } },
    });
    const check = async (name, memberships) => {
      world.link(name, memberships);
      world.op.user = { ...world.op.user, sub: name, roles: [] };
      const user = world.user();
      await user.navigate(`${ORIGIN}/_auth/sign-in?return_to=/_auth/me`);
      const headers = { ...FETCH, Cookie: user.sessionCookies(HOST), 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': '/x/y' };
      return (await request(world.port, 'GET', '/oauth2/auth', headers, { host: HOST })).status;
    };
    assert.equal(await check('gold', [member(CAMPAIGN)]), 202);
    assert.equal(await check('silver', [member(CAMPAIGN, { tiers: ['Silver'] })]), 403);
    assert.equal(world.patreon.calls, 2);
  });

  test('explain and tests: judge by what is written of the person', async (t) => {
    const world = await patreonWorld(t, {
      config: { tests: [
        { url: `${ORIGIN}/gold/x`, as: { sub: 'a', patreon: [{ campaign: CAMPAIGN, tiers: ['Gold'], cents: 500 }] }, expect: 'allow', expect_headers: { 'X-Patreon-Tier': 'Gold', 'X-Patreon-Cents': '500' } },
        { url: `${ORIGIN}/gold/x`, as: { sub: 'a', patreon: { campaign: Number(CAMPAIGN), status: 'former_patron', tiers: ['Gold'] } }, expect: 'deny' },
        { url: `${ORIGIN}/gold/x`, as: { sub: 'a', patreon: null }, expect: 'deny' },
        { url: `${ORIGIN}/gold/x`, as: { sub: 'a' }, expect: 'deny' },
      ] },
    });
    const file = path.join(temporaryFolder(), 'silver.json');
    fs.writeFileSync(file, JSON.stringify({ sub: 'a', patreon: { campaign: CAMPAIGN, tiers: [{ id: '5', title: 'Silver' }] } }));
    const { stdout, stderr, code } = await run(['explain', '--config', world.proxy.file, '--url', `${ORIGIN}/gold/x`, '--as', file]);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /no {3}the Patreon tier Gold of campaign 1234567 +campaign 1234567: active_patron, 0 cents, tiers Silver \(id 5\)/);
    const routes = await run(['routes', '--config', world.proxy.file]);
    assert.match(routes.stdout, /the Patreon tier Gold of campaign 1234567/);
  });
});
