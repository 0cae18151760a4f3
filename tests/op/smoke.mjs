// Does the development provider answer as a real Logto did when it was recorded? Run: node tests/op/smoke.mjs
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Browser, RelyingParty, startProvider } from './client.mjs';
import { decodeJwt } from './jose.mjs';

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
  const token = await rp.exchange(code);
  return { rp, browser, page, back, token, code };
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

const refreshWith = (rp, token, secret) => rp.post('/token', { grant_type: 'refresh_token', refresh_token: token }, secret);
// A sign-in that brings a refresh token.
async function signInToStay(username) {
  await control({ config: { always_issue_refresh_token: true } });
  const signedIn = await signIn(username);
  assert.ok(signedIn.token.body.refresh_token);
  return signedIn;
}
const settle = { rotate: 'logto', reuse_grace_ms: null, ttl: {}, client_secrets: [], always_issue_refresh_token: false, webhook_uri: null, webhook_key: null };

await check('rotation can be forced while it runs: a used token ends the grant, at once or after the grace', async () => {
  await control({ config: { ...settle, rotate: 'always' } });
  const { rp, token } = await signInToStay('alice');
  const second = await refreshWith(rp, token.body.refresh_token);
  assert.notEqual(second.body.refresh_token, token.body.refresh_token);
  assert.equal((await refreshWith(rp, token.body.refresh_token)).body.error, 'invalid_grant');
  assert.equal((await refreshWith(rp, second.body.refresh_token)).body.error, 'invalid_grant', 'the new one with it');
  await control({ config: { reuse_grace_ms: 3000 } });
  const other = await signInToStay('bob');
  const first = other.token.body.refresh_token, next = (await refreshWith(other.rp, first)).body.refresh_token;
  assert.equal((await refreshWith(other.rp, first)).status, 200, 'within the grace');
  await control({ clock_offset_ms: 3500 });
  assert.equal((await refreshWith(other.rp, first)).body.error, 'invalid_grant');
  assert.equal((await refreshWith(other.rp, next)).body.error, 'invalid_grant');
  await control({ config: settle });
});

await check('failures and latency can be for refreshes alone', async () => {
  const { rp, token } = await signInToStay('alice');
  await control({ fail: { 'token:refresh_token': { status: 500, times: 1 } } });
  assert.equal((await signIn('bob')).token.status, 200, 'code exchanges go on');
  assert.equal((await refreshWith(rp, token.body.refresh_token)).status, 500);
  assert.equal((await refreshWith(rp, token.body.refresh_token)).status, 200);
  await control({ fail: { 'token:refresh_token': 'reset' } });
  await assert.rejects(refreshWith(rp, token.body.refresh_token));
  await control({ fail: { 'token:refresh_token': 'invalid_client' } });
  assert.equal((await refreshWith(rp, token.body.refresh_token)).status, 401);
  await control({ fail: {}, latency_ms: { 'token:refresh_token': 60 }, clear_requests: true });
  await Promise.all([1, 2, 3].map(() => refreshWith(rp, token.body.refresh_token)));
  assert.equal((await (await fetch(`${at}/__op/stats`)).json()).most.token, 3);
  await control({ config: settle });
});

await check('two secrets at once, an expired one, a wrong one, an unknown client', async () => {
  const { rp, token } = await signInToStay('alice');
  const answer = async (secret) => { const { status, body } = await refreshWith(rp, token.body.refresh_token, secret); return [status, body.error ?? 'ok']; };
  await control({ config: { client_secrets: ['lab-secret', 'second secret', { value: 'old', expired: true }, { value: 'older', expires_at: 1 }] } });
  assert.deepEqual(await answer('lab-secret'), [200, 'ok']);
  assert.deepEqual(await answer('second%20secret'), [200, 'ok']);
  assert.deepEqual(await answer('old'), [400, 'invalid_request']);
  assert.deepEqual(await answer('older'), [400, 'invalid_request']);
  assert.deepEqual(await answer('wrong'), [401, 'invalid_client']);
  await control({ config: { client_secrets: ['second secret'] } });
  assert.deepEqual(await answer('lab-secret'), [401, 'invalid_client']);
  const posted = await fetch(`${at}/oidc/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.body.refresh_token, client_id: 'lab', client_secret: 'second secret' }) });
  assert.equal(posted.status, 200);
  const expired = await (async () => { await control({ config: { client_secrets: [{ value: 'old', expired: true }] } }); return refreshWith(rp, 'x', 'old'); })();
  assert.equal(expired.body.error_description, 'client secret has expired');
  await control({ config: settle });
  const unknown = await new RelyingParty(at, { clientId: 'nope' }).post('/token', { grant_type: 'refresh_token', refresh_token: 'x' });
  assert.deepEqual([unknown.status, unknown.body.error], [400, 'invalid_client']);
});

await check('lifetimes change while it runs, and its clock can be moved', async () => {
  await control({ config: { ttl: { IdToken: 2, AccessToken: 2 } } });
  const { rp, token } = await signInToStay('alice');
  const { claims } = await rp.claims(token.body.id_token);
  assert.equal(claims.exp - claims.iat, 2);
  assert.equal(token.body.expires_in, 2);
  assert.equal((await rp.userinfo(token.body.access_token)).status, 200);
  await control({ clock_offset_ms: 3000 });
  assert.equal((await rp.userinfo(token.body.access_token)).status, 401);
  assert.ok((await rp.claims((await refreshWith(rp, token.body.refresh_token)).body.id_token)).claims.iat >= claims.iat + 3);
  await control({ config: settle });
  assert.match((await control({ config: { port: 1 } })).error, /cannot change port/);
});

await check('a suspended user is refused at the next refresh, for good, and only a webhook tells of it', async () => {
  const { rp, token } = await signInToStay('alice');
  backchannel.length = 0;
  const hook = `http://127.0.0.1:${listener.address().port}/hook`;
  const told = await control({ config: { webhook_uri: hook, webhook_key: 'hook-key' }, user: { username: 'alice', suspended: true } });
  assert.equal(told.user.status, 204);
  const event = JSON.parse(told.user.sent);
  assert.deepEqual([event.event, event.data.id, event.data.isSuspended], ['User.SuspensionStatus.Updated', 'w4ndvwcirbdr', true]);
  assert.equal(told.user.signature, createHmac('sha256', 'hook-key').update(told.user.sent).digest('hex'));
  assert.equal((await refreshWith(rp, token.body.refresh_token)).body.error, 'invalid_grant');
  await control({ user: { username: 'alice', suspended: false } });
  assert.equal((await refreshWith(rp, token.body.refresh_token)).body.error, 'invalid_grant');
  const bob = await signInToStay('bob');
  const gone = await control({ remove_user: 'bob' });
  assert.equal(JSON.parse(gone.remove_user.sent).params.userId, 'ny6pnln7o2t4');
  assert.equal((await refreshWith(bob.rp, bob.token.body.refresh_token)).body.error, 'invalid_grant');
  const forged = await control({ send_webhook: { event: 'User.Deleted', user: 'admin', tamper: { signature: 'ab' } } });
  assert.equal(forged.send_webhook.signature, 'ab');
  await control({ config: settle });
});

await check('a logout token is sent when asked for, honest or tampered, and the answer comes back', async () => {
  const { rp, token } = await signIn('alice');
  const { claims } = await rp.claims(token.body.id_token);
  backchannel.length = 0;
  const { send_logout: sent } = await control({ send_logout: { user: 'alice', sid: true } });
  assert.equal(sent.status, 204);
  assert.equal(backchannel[0], sent.token);
  const logout = await rp.claims(sent.token);
  assert.deepEqual([logout.header.typ, logout.claims.sid, logout.claims.sub, logout.claims.exp - logout.claims.iat], ['logout+jwt', claims.sid, claims.sub, 120]);
  const again = await control({ send_logout: { raw: sent.token } });
  assert.equal(again.send_logout.token, sent.token);
  const odd = await control({ send_logout: { user: 'alice', sid: 'other', tamper: { claims: { aud: 'x' }, drop: ['jti'], break_signature: true } } });
  const payload = decodeJwt(odd.send_logout.token).claims;
  assert.deepEqual([payload.aud, payload.jti, payload.sid], ['x', undefined, 'other']);
  await assert.rejects(rp.claims(odd.send_logout.token));
});

await check('every row of the token attacks is played, on the code exchange and on the refresh', async () => {
  const rows = new Set(readFileSync(new URL('../corpora/jwt-attacks.tsv', import.meta.url), 'utf8').split('\n').slice(1).filter(Boolean).map((line) => line.split('\t')[0]));
  const { can, cannot } = await (await fetch(`${at}/__op/attacks`)).json();
  for (const id of rows) assert.ok([...can, ...cannot].some((row) => row.id === id), id);
  assert.match((await control({ attack: 'J999' })).error, /no such attack/);
  const { rp, token } = await signInToStay('alice');
  for (const { id, variants } of can) {
    for (const { name, at: places } of variants) {
      const { attack } = await control({ attack: `${id} ${name}` });
      assert.deepEqual([attack.id, attack.name], [id, name]);
      if (places.includes('refresh_token') && name !== 'an endless body') await refreshWith(rp, token.body.refresh_token).catch(() => {});
      if (places.includes('send_logout')) assert.ok((await control({ send_logout: { user: 'alice' } })).send_logout.token !== undefined);
    }
  }
  assert.equal((await control({ attack: null })).attack, null);
  assert.equal((await refreshWith(rp, token.body.refresh_token)).status, 200, 'honest again');
  await control({ config: settle });
});

await check('an attack changes what it says: the token, its grants, the keys, the redirect', async () => {
  const { rp, token } = await signInToStay('alice');
  await control({ attack: 'J53' });
  const lied = (await refreshWith(rp, token.body.refresh_token)).body.id_token;
  assert.equal((await rp.claims(lied)).claims.sub, 'mallory-sub', 'signed by the right key');
  assert.equal((await rp.claims((await signIn('alice')).token.body.id_token)).claims.sub, 'w4ndvwcirbdr', 'a code exchange is honest');
  await control({ attack: 'J01' });
  assert.equal(decodeJwt((await signIn('alice')).token.body.id_token).header.alg, 'none');
  await control({ attack: { id: 'J01', times: 1 } });
  assert.equal(decodeJwt((await refreshWith(rp, token.body.refresh_token)).body.id_token).header.alg, 'none');
  assert.equal(decodeJwt((await refreshWith(rp, token.body.refresh_token)).body.id_token).header.alg, 'ES384');
  await control({ attack: 'J40 RSA of 1024 bits' });
  const { keys: [weak] } = await (await fetch(`${at}/oidc/jwks`)).json();
  assert.ok(weak.n.length < 180);
  const signed = await refreshWith(rp, token.body.refresh_token);
  assert.equal((await rp.claims(signed.body.id_token)).header.alg, 'RS256');
  await control({ attack: 'J55 iss another' });
  assert.equal(answer((await signIn('alice')).back.url).iss, 'http://evil.test/oidc');
  await control({ attack: 'J54 another issuer' });
  assert.equal((await (await fetch(`${at}/oidc/.well-known/openid-configuration`)).json()).issuer, 'http://evil.test/oidc');
  await control({ attack: null, config: settle });
});

const THINGS = 'https://things.example.test/api', ORGANIZATIONS = 'urn:logto:resource:organizations', ACME = 'rvsdxgj6esgo';
const organizationScopes = 'urn:logto:scope:organizations urn:logto:scope:organization_roles';
const withAll = { scope: `openid offline_access roles ${organizationScopes} read:things write:things delete:things invite:member`, prompt: 'consent', resource: `${THINGS},${ORGANIZATIONS}` };

await check('a resource asked for at sign-in gives an access token for it, with the scopes of the user, at the exchange and at every refresh', async () => {
  const { rp, token } = await signIn('alice', withAll);
  assert.ok(!token.body.access_token.includes('.'), 'opaque without resource');
  assert.equal((await rp.userinfo(token.body.access_token)).status, 200);
  const refreshed = await rp.refresh(token.body.refresh_token, { resource: THINGS });
  assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
  assert.deepEqual([refreshed.body.scope, refreshed.body.expires_in, Boolean(refreshed.body.id_token)], ['read:things write:things', 600, true]);
  const { header, claims } = await rp.claims(refreshed.body.access_token);
  assert.equal(header.typ, 'at+jwt');
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub']);
  assert.deepEqual([claims.aud, claims.client_id, claims.sub, claims.scope, claims.exp - claims.iat], [THINGS, 'lab', 'w4ndvwcirbdr', 'read:things write:things', 600]);
  assert.equal((await rp.userinfo(refreshed.body.access_token)).status, 401);
  assert.equal((await rp.refresh(token.body.refresh_token, { resource: THINGS, scope: 'read:things' })).body.scope, 'read:things');
  const { refreshes } = await (await fetch(`${at}/__op/stats`)).json();
  assert.deepEqual(refreshes, { [THINGS]: 2 });
});

await check('a resource that was not asked for at sign-in is an invalid target, as an unknown one is', async () => {
  const { rp, token } = await signIn('alice', { scope: 'openid offline_access', prompt: 'consent' });
  const refused = await rp.refresh(token.body.refresh_token, { resource: THINGS });
  assert.deepEqual([refused.status, refused.body.code, refused.body.error_description], [400, 'oidc.invalid_target', 'resource indicator is missing, or unknown']);
  const back = await new Browser().go(rp.authorization({ resource: 'https://nope.example.test' }), { stopAt });
  assert.equal(answer(back.url).error, 'invalid_target');
});

await check('organization tokens are for members, and only where the scope was asked for', async () => {
  const { rp, token } = await signIn('alice', withAll);
  const id = (await rp.claims(token.body.id_token)).claims;
  assert.deepEqual([id.organizations, id.organization_roles], [[ACME], [`${ACME}:owner`]]);
  const mine = await rp.refresh(token.body.refresh_token, { organization_id: ACME });
  const { header, claims } = await rp.claims(mine.body.access_token);
  assert.deepEqual([header.typ, claims.aud, claims.scope, claims.sub], ['at+jwt', `urn:logto:organization:${ACME}`, 'invite:member', 'w4ndvwcirbdr']);
  const both = await rp.refresh(token.body.refresh_token, { organization_id: ACME, resource: THINGS });
  const of = (await rp.claims(both.body.access_token)).claims;
  assert.deepEqual([of.aud, of.organization_id], [THINGS, ACME]);
  const stranger = await rp.refresh(token.body.refresh_token, { organization_id: 'nu219v9bgh2w' });
  assert.deepEqual([stranger.status, stranger.body.error, stranger.body.error_description], [403, 'access_denied', 'user is not a member of the organization']);
  const other = await signIn('alice', { scope: 'openid offline_access', prompt: 'consent' });
  const missing = await other.rp.refresh(other.token.body.refresh_token, { organization_id: ACME });
  assert.deepEqual([missing.status, missing.body.error, missing.body.scope], [403, 'insufficient_scope', 'urn:logto:scope:organizations']);
  const plain = await signIn('alice', { scope: `openid offline_access ${organizationScopes}`, prompt: 'consent' });
  assert.equal((await plain.rp.refresh(plain.token.body.refresh_token, { organization_id: ACME })).body.scope, '');
  const { refreshes } = await (await fetch(`${at}/__op/stats`)).json();
  assert.equal(refreshes[`${THINGS} in urn:logto:organization:${ACME}`], 1);
});

await check('a machine-to-machine client gets a token for an API whose sub is the client', async () => {
  const machine = new RelyingParty(at, { clientId: 'machine', clientSecret: 'machine-secret' });
  const { status, body } = await machine.post('/token', { grant_type: 'client_credentials', resource: THINGS, scope: 'read:things delete:things' });
  assert.equal(status, 200, JSON.stringify(body));
  const { header, claims } = await machine.claims(body.access_token);
  assert.deepEqual([header.typ, claims.sub, claims.client_id, claims.aud, claims.scope], ['at+jwt', 'machine', 'machine', THINGS, 'read:things']);
});

await check('opaque access tokens are introspected, JSON Web Tokens are refused there', async () => {
  const { rp, token } = await signIn('alice', withAll);
  const { body } = await rp.post('/token/introspection', { token: token.body.access_token });
  assert.deepEqual([body.active, body.sub, body.client_id, body.token_type], [true, 'w4ndvwcirbdr', 'lab', 'Bearer']);
  assert.deepEqual((await rp.post('/token/introspection', { token: 'nonsense' })).body, { active: false });
  const jwt = await rp.post('/token/introspection', { token: token.body.id_token });
  assert.deepEqual([jwt.status, jwt.body.error], [400, 'unsupported_token_type']);
  assert.equal((await rp.post('/token/introspection', { token: 'x' }, 'wrong')).status, 401);
  const { introspection_endpoint: listed } = await (await fetch(`${at}/oidc/.well-known/openid-configuration`)).json();
  assert.equal(listed, `${at}/oidc/token/introspection`);
});

await check('max_age: who signed in too long ago does so again, and auth_time says when', async () => {
  const first = await signIn('alice', { max_age: '600' });
  const seen = (await first.rp.claims(first.token.body.id_token)).claims.auth_time;
  assert.ok(Math.abs(Date.now() / 1000 - seen) < 60);
  const rp = new RelyingParty(at);
  const silent = await first.browser.go(rp.authorization({ max_age: '600' }), { stopAt });
  assert.ok(answer(silent.url).code);
  await control({ authenticated: { user: 'alice', ago_s: 3600 } });
  assert.match((await first.browser.go(rp.authorization({ max_age: '600' }))).body, /password/i, 'the page');
  const old = await first.browser.go(rp.authorization({ max_age: '7200' }), { stopAt });
  assert.ok((await rp.claims((await rp.exchange(answer(old.url).code)).body.id_token)).claims.auth_time < seen - 3000);
  assert.match((await first.browser.go(rp.authorization({ max_age: '0' }))).body, /password/i);
  assert.equal(answer((await first.browser.go(rp.authorization({ max_age: '600', prompt: 'none' }), { stopAt })).url).error, 'login_required');
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
