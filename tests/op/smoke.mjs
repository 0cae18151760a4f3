// Does the development provider answer as a real Logto did when it was recorded? Run: node tests/op/smoke.mjs
import assert from 'node:assert/strict';
import http from 'node:http';
import { Browser, RelyingParty, startProvider } from './client.mjs';

const stopAt = 'http://localhost:8080/';
const backchannel = [];
const listener = http.createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  backchannel.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token'));
  res.writeHead(204).end();
}).listen(0, '127.0.0.1');
await new Promise((resolve) => listener.once('listening', resolve));

const op = await startProvider({ backchannel_logout_uri: `http://127.0.0.1:${listener.address().port}/_auth/backchannel-logout` });
const at = op.endpoint;
const control = (wanted) => fetch(`${at}/__op/control`, { method: 'POST', body: JSON.stringify(wanted) }).then((r) => r.json());
const answer = (url) => Object.fromEntries(new URL(url).searchParams);
let failures = 0, passed = 0;

async function check(sentence, run) {
  await fetch(`${at}/__op/reset`, { method: 'POST' });
  try {
    await run();
    passed++;
  } catch (error) {
    failures++;
    console.error(`FAILED: ${sentence}\n${error.stack}`);
  }
}

async function signIn(username, params = {}, browser = new Browser(), rp = new RelyingParty(at)) {
  const page = await browser.go(rp.authorization(params));
  const back = await browser.submit(page.url, { username, password: `${username}-password` }, { stopAt });
  const { code } = answer(back.url);
  return { rp, browser, page, back, token: await rp.exchange(code), code };
}

const firstLocation = async (params) => {
  const response = await new Browser().once(new RelyingParty(at).authorization(params));
  return response.headers.get('location');
};

await check('discovery follows the Host, the issuer does not', async () => {
  const seen = await new Promise((resolve) => http.get({
    host: '127.0.0.1', port: op.port, path: '/oidc/.well-known/openid-configuration', headers: { host: 'id.example.test', 'x-forwarded-proto': 'https' },
  }, async (res) => { let text = ''; for await (const chunk of res) text += chunk; resolve(JSON.parse(text)); }));
  assert.equal(seen.issuer, op.issuer);
  assert.equal(seen.token_endpoint, 'https://id.example.test/oidc/token');
  assert.deepEqual(seen.id_token_signing_alg_values_supported, ['ES384']);
  assert.equal(seen.end_session_endpoint, 'https://id.example.test/oidc/session/end');
});

await check('a sign-in with a password answers code, state and iss, and an ES384 token with Logto\'s claims', async () => {
  const { rp, back, token } = await signIn('alice');
  assert.equal(answer(back.url).iss, op.issuer);
  assert.equal(answer(back.url).state, rp.state);
  assert.equal(token.status, 200, JSON.stringify(token.body));
  assert.equal(token.body.refresh_token, undefined);
  const { header, claims } = await rp.claims(token.body.id_token);
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'kid']);
  assert.equal(header.alg, 'ES384');
  assert.equal(claims.nonce, rp.nonce);
  assert.equal(claims.aud, 'lab');
  assert.deepEqual(claims.roles, ['editor']);
  assert.equal(claims.username, 'alice');
  assert.equal(claims.email_verified, true);
  assert.ok(claims.updated_at > 1e12, 'milliseconds');
  assert.ok(claims.sid);
  for (const absent of ['auth_time', 'at_hash', 'identities', 'custom_data', 'phone_number']) assert.ok(!(absent in claims), absent);
});

await check('what a user lacks is null', async () => {
  const { rp, token } = await signIn('bob', { scope: 'openid profile email phone roles custom_data identities', max_age: '1000' });
  const { claims } = await rp.claims(token.body.id_token);
  assert.deepEqual([claims.name, claims.picture, claims.email, claims.phone_number, claims.email_verified], [null, null, null, null, false]);
  assert.deepEqual(claims.roles, []);
  assert.ok(claims.auth_time > 1e9 && claims.auth_time < 1e10);
  const { body } = await rp.userinfo(token.body.access_token);
  assert.deepEqual(body.identities, {});
});

await check('a wrong password shows the page again', async () => {
  const browser = new Browser(), page = await browser.go(new RelyingParty(at).authorization());
  const again = await browser.submit(page.url, { username: 'alice', password: 'x' });
  assert.equal(again.response.status, 422);
  assert.match(again.body, /Incorrect username or password/);
});

await check('offline_access is dropped unless prompt=consent', async () => {
  const scope = 'openid offline_access';
  assert.equal((await signIn('alice', { scope })).token.body.refresh_token, undefined);
  const { rp, token } = await signIn('alice', { scope, prompt: 'consent' });
  assert.ok(token.body.refresh_token);
  const refreshed = await rp.post('/token', { grant_type: 'refresh_token', refresh_token: token.body.refresh_token });
  assert.equal(refreshed.status, 200);
  assert.equal(refreshed.body.refresh_token, token.body.refresh_token, 'not rotated before 70 % of its life');
  assert.equal((await rp.post('/token/revocation', { token: refreshed.body.refresh_token })).status, 200);
  assert.equal((await rp.post('/token', { grant_type: 'refresh_token', refresh_token: refreshed.body.refresh_token })).body.error, 'invalid_grant');
});

await check('alwaysIssueRefreshToken gives one that dies with the session', async () => {
  await control({ config: { always_issue_refresh_token: true } });
  const { rp, token } = await signIn('alice');
  assert.ok(token.body.refresh_token);
  await control({ end_sessions: true, config: { always_issue_refresh_token: false } });
  assert.equal((await rp.post('/token', { grant_type: 'refresh_token', refresh_token: token.body.refresh_token })).body.error, 'invalid_grant');
});

await check('errors carry code and message', async () => {
  const rp = new RelyingParty(at);
  rp.authorization();
  const bad = await rp.exchange('nonsense');
  assert.equal(bad.status, 400);
  assert.deepEqual(bad.body, { code: 'oidc.invalid_grant', message: 'Grant request is invalid.', error_uri: 'https://openid.sh/debug/invalid_grant', error: 'invalid_grant', error_description: 'grant request is invalid' });
  assert.equal((await rp.post('/token', { grant_type: 'refresh_token', refresh_token: 'x' }, 'wrong')).status, 401);
  const unknown = await new Browser().once(rp.authorization({ client_id: 'nope' }));
  assert.equal(unknown.status, 400);
  assert.equal((await unknown.json()).error_description, 'invalid client nope');
  assert.equal((await rp.userinfo('nonsense')).body.code, 'oidc.invalid_token');
});

await check('a replayed code fails', async () => {
  const { rp, code } = await signIn('alice');
  assert.equal((await rp.exchange(code)).body.error, 'invalid_grant');
});

await check('prompt=none without a session answers login_required', async () => {
  const location = await firstLocation({ prompt: 'none' });
  assert.equal(answer(location).error, 'login_required');
  assert.equal(answer(location).iss, op.issuer);
});

await check('a second sign-in in the same browser is silent', async () => {
  const { browser, rp } = await signIn('alice');
  assert.ok(answer((await browser.go(rp.authorization({ prompt: 'none' }), { stopAt })).url).code);
  assert.ok(answer((await browser.go(rp.authorization({ direct_sign_in: 'social:linkedin', first_screen: 'register', login_hint: 'bob' }), { stopAt })).url).code);
  assert.match((await browser.go(rp.authorization({ prompt: 'login' }), { stopAt })).url, /\/sign-in\?/);
});

await check('first_screen, direct_sign_in and the rest choose the first page, and one bad value voids all', async () => {
  const table = [
    [{}, '/sign-in?app_id=lab'],
    [{ first_screen: 'register' }, '/register?app_id=lab'],
    [{ interaction_mode: 'signUp' }, '/register?app_id=lab'],
    [{ first_screen: 'identifier:sign_in', identifier: 'email username' }, '/identifier-sign-in?app_id=lab&identifier=email+username'],
    [{ direct_sign_in: 'social:linkedin' }, '/direct/social/linkedin?app_id=lab&fallback=sign-in'],
    [{ direct_sign_in: 'linkedin' }, '/direct/linkedin?app_id=lab&fallback=sign-in'],
    [{ direct_sign_in: 'social:linkedin', first_screen: 'register', login_hint: 'a@b.c', ui_locales: 'fr' }, '/direct/social/linkedin?app_id=lab&ui_locales=fr&login_hint=a%40b.c&fallback=register'],
    [{ direct_sign_in: 'social:linkedin', first_screen: 'banana' }, '/sign-in?app_id=lab'],
    [{ ui_locales: 'de fr-CA' }, '/sign-in?app_id=lab&ui_locales=de+fr-CA'],
  ];
  for (const [params, expected] of table) assert.equal(await firstLocation(params), expected);
});

await check('an unknown social target falls back to the sign-in page, in Japanese when asked', async () => {
  const page = await new Browser().go(new RelyingParty(at).authorization({ direct_sign_in: 'social:nope', ui_locales: 'ja' }));
  assert.match(page.body, /<h1>サインイン<\/h1>/);
  assert.match(page.body, /Patreonで続ける/);
});

for (const [target, name] of [['linkedin', 'Lin Kedin'], ['patreon', 'Pat Reon']]) {
  await check(`direct_sign_in=social:${target} goes to its stand-in and makes the account`, async () => {
    const browser = new Browser(), rp = new RelyingParty(at);
    const allow = await browser.go(rp.authorization({ direct_sign_in: `social:${target}`, scope: 'openid profile email identities' }));
    assert.match(allow.url, new RegExp(`/__${target}/`));
    const back = await browser.submit(allow.url, { verdict: 'allow' }, { stopAt });
    const { body } = await rp.exchange(answer(back.url).code);
    const { claims } = await rp.claims(body.id_token);
    assert.equal(claims.name, name);
    assert.equal(claims.username, null);
    assert.equal(claims.picture === null, target === 'linkedin');
    const info = (await rp.userinfo(body.access_token)).body;
    assert.equal(info.identities[target].details.name, name);
    assert.equal(info.sub, claims.sub);
  });
}

await check('a cancelled social sign-in ends on the sign-in page', async () => {
  const browser = new Browser(), rp = new RelyingParty(at);
  const page = await browser.go(rp.authorization());
  const allow = await browser.submit(`${at}/social/patreon?app_id=lab`, {});
  const cancelled = await browser.submit(allow.url, { verdict: 'cancel' }, { stopAt });
  assert.match(page.body, /Continue with Patreon/);
  assert.match(cancelled.body, /did not succeed/);
  assert.match(new URL(cancelled.url).pathname, /^\/sign-in$/);
  const forged = await browser.go(`${at}/callback/patreon01?code=x&state=forged`);
  assert.match(forged.body, /did not succeed/);
});

await check('registration makes an account', async () => {
  const browser = new Browser(), rp = new RelyingParty(at);
  const page = await browser.go(rp.authorization({ first_screen: 'register' }));
  assert.match(page.body, /Create account/);
  const back = await browser.submit(page.url, { username: 'newcomer', password: 'pw' }, { stopAt });
  assert.ok(answer(back.url).code);
});

await check('the end-session page posts itself, tells the back channel first, and returns to the app', async () => {
  const { browser } = await signIn('alice');
  backchannel.length = 0;
  const query = new URLSearchParams({ client_id: 'lab', post_logout_redirect_uri: 'http://localhost:8080/_auth/signed-out', state: 's1' });
  const page = await browser.go(`${at}/oidc/session/end?${query}`);
  assert.equal(page.response.status, 200);
  const xsrf = /name="xsrf" value="([0-9a-f]+)"/.exec(page.body)[1];
  const done = await browser.submit(`${at}/oidc/session/end/confirm`, { xsrf, logout: 'yes' }, { stopAt });
  assert.equal(done.url, 'http://localhost:8080/_auth/signed-out?state=s1');
  assert.equal(backchannel.length, 1);
  const claims = JSON.parse(Buffer.from(backchannel[0].split('.')[1], 'base64url'));
  assert.ok(claims.sid && claims.exp - claims.iat === 120, JSON.stringify(claims));
  const unregistered = await browser.once(`${at}/oidc/session/end?client_id=lab&post_logout_redirect_uri=http%3A%2F%2Fevil.test%2F`);
  assert.equal(unregistered.status, 400);
});

await check('keys rotate: the new one signs at once, RSA has no alg, two are kept', async () => {
  await control({ rotate_keys: 'RS256' });
  const { rp, token } = await signIn('alice');
  assert.equal((await rp.claims(token.body.id_token)).header.alg, 'RS256');
  const { keys } = await (await fetch(`${at}/oidc/jwks`)).json();
  assert.deepEqual(keys.map(({ kty, alg }) => [kty, alg]), [['RSA', undefined], ['EC', 'ES384']]);
  await control({ rotate_keys: 'ES384' });
  assert.equal((await (await fetch(`${at}/oidc/jwks`)).json()).keys.length, 2);
});

await check('the control plane makes answers fail and tokens lie, and records what was asked', async () => {
  await control({ fail: { jwks: { status: 503, times: 1 } }, tamper: { id_token: { claims: { aud: 'someone-else' } }, discovery: { issuer: 'http://evil.test/oidc' } } });
  assert.equal((await fetch(`${at}/oidc/jwks`)).status, 503);
  assert.equal((await fetch(`${at}/oidc/jwks`)).status, 200);
  assert.equal((await (await fetch(`${at}/oidc/.well-known/openid-configuration`)).json()).issuer, 'http://evil.test/oidc');
  await control({ next_login: 'hanako' });
  const rp = new RelyingParty(at), back = await new Browser().go(rp.authorization(), { stopAt });
  const { claims } = await rp.claims((await rp.exchange(answer(back.url).code)).body.id_token);
  assert.deepEqual([claims.aud, claims.name, claims.roles], ['someone-else', '山田 花子', ['営業, 東京']]);
  const [asked] = await (await fetch(`${at}/__op/requests?endpoint=token`)).json();
  assert.equal(asked.headers.authorization, 'Basic lab***');
  assert.equal(asked.form.grant_type, 'authorization_code');
});

await check('status, sign-in experience and unknown paths answer', async () => {
  assert.equal((await fetch(`${at}/api/status`)).status, 204);
  assert.deepEqual((await (await fetch(`${at}/api/.well-known/sign-in-exp`)).json()).socialSignInConnectorTargets, ['linkedin', 'patreon']);
  assert.equal((await fetch(`${at}/oidc/nope`)).status, 404);
});

await op.stop();
listener.close();
console.log(`op: ${passed} checks passed, ${failures} failed`);
process.exit(failures ? 1 : 0);
