// What differs between Logto installations: its address inside and outside, its signing keys, whether refresh tokens come.
// Quick.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { freePort } from './lib/proxy.mjs';
import { HOST, ORIGIN, makeWorld, seenHeader } from './lib/world.mjs';

const REDIRECTS = { redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`] };

describe('Logto as it is installed', () => {
  test('connect_to: the browser goes to the endpoint, the proxy to another address', async (t) => {
    const port = await freePort();
    const op = await DevelopmentOp.start({ ...REDIRECTS, port, endpoint: 'http://logto.test', auto_sign_in: 'alice' });
    op.logto = () => ({ endpoint: 'http://logto.test', connect_to: `http://127.0.0.1:${port}`, app_id: op.clientId, app_secret: op.clientSecret });
    const world = await makeWorld(t, { op });
    const user = new BrowserUser({ [HOST]: world.port, 'logto.test': port });
    const first = await user.fetch(`${ORIGIN}/private/x`);
    assert.equal(new URL(first.next).origin, 'http://logto.test');
    const answer = await user.navigate(first.next);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(seenHeader(answer, 'x-forwarded-preferred-username'), 'alice');
  });

  test('a rotation of the signing key to RSA is followed at the next sign-in', async (t) => {
    const op = await DevelopmentOp.start({ ...REDIRECTS, auto_sign_in: 'alice' });
    const world = await makeWorld(t, { op });
    assert.equal((await world.user().navigate(`${ORIGIN}/private/x`)).status, 200);
    await op.control({ rotate_keys: 'RS256' });
    const answer = await world.user().navigate(`${ORIGIN}/private/x`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
  });

  test('refresh: offline_access asks for a refresh token with consent, and sign-out revokes it', async (t) => {
    const op = await DevelopmentOp.start({ ...REDIRECTS, auto_sign_in: 'alice' });
    const world = await makeWorld(t, { op, config: { logto: { ...op.logto(), refresh: 'offline_access' } } });
    const user = world.user();
    const first = await user.fetch(`${ORIGIN}/private/x`);
    const sent = new URL(first.next).searchParams;
    assert.ok(sent.get('scope').split(' ').includes('offline_access'));
    assert.equal(sent.get('prompt'), 'consent');
    assert.equal((await user.navigate(first.next)).status, 200);
    const left = await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal(left.status, 303);
    const deadline = Date.now() + 10_000;
    let calls = [];
    while (calls.length === 0 && Date.now() < deadline) {
      calls = (await op.requests()).filter(({ path }) => path === '/oidc/token/revocation');
    }
    assert.equal(calls.length, 1);
  });
});

describe('programs at the development provider', () => {
  test('a machine client gets a token by client_credentials, and passes with it', async (t) => {
    const op = await DevelopmentOp.start(REDIRECTS);
    const resource = 'https://things.example.test/api';
    const answer = await fetch(`${op.logto().endpoint}/oidc/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from('machine:machine-secret').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'read:things' }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    const { access_token: token } = await answer.json();
    const world = await makeWorld(t, { op, config: (base) => ({ ...base, bearer: { audiences: [resource] }, routes: [{ path: '/*', accept: ['bearer'], upstream: 'app', require: { scopes: ['read:things'] } }] }) });
    assert.equal((await world.get('/x', { Authorization: `Bearer ${token}` })).status, 200);
    assert.equal((await world.get('/x', { Authorization: 'Bearer x.y.z' })).status, 401);
  });
});

describe('the Host that an app gets', () => {
  for (const [host, expected] of [['client', () => HOST], ['upstream', (world) => new URL(world.recorder.url).host], ['intranet.test:81', () => 'intranet.test:81']]) {
    test(`host: ${host}`, async (t) => {
      const world = await makeWorld(t, { config: (base) => ({ ...base, upstreams: { app: { url: base.upstreams.app, host } } }) });
      const answer = await world.get('/public/x');
      assert.equal(answer.status, 200);
      assert.equal(seenHeader(answer, 'host'), expected(world));
      assert.equal(seenHeader(answer, 'x-forwarded-host'), HOST);
    });
  }
});
