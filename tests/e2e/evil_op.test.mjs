// The scripted provider of these tests answers as Logto was recorded to, where tokens for APIs, organizations and machines are
// concerned, introspection and max_age (the development provider has tests/op/smoke.mjs).
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ALICE, EvilOp, THINGS, decodeJwt } from './lib/evil_op.mjs';

const ORGANIZATIONS = 'urn:logto:resource:organizations', CALLBACK = 'http://app.test/_auth/callback', VERIFIER = 'v'.repeat(43);
const ORGANIZATION_SCOPES = 'urn:logto:scope:organizations urn:logto:scope:organization_roles';
const everything = { scope: `openid roles ${ORGANIZATION_SCOPES} read:things delete:things invite:member`, resource: `${THINGS},${ORGANIZATIONS}` };

describe('the scripted provider', () => {
  let op;
  before(async () => {
    op = await EvilOp.start({ refreshTokens: true, user: { ...ALICE, organizations: ['acme'], organization_roles: ['acme:owner'] } });
  });
  after(() => op.stop());

  const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  async function post(path, fields, authorization = basic(op.clientId, op.clientSecret)) {
    const response = await fetch(`${op.issuer}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers: { authorization } });
    return { status: response.status, body: await response.json() };
  }
  async function authorize(params = {}) {
    const code_challenge = createHash('sha256').update(VERIFIER).digest('base64url');
    const query = new URLSearchParams({ response_type: 'code', client_id: op.clientId, redirect_uri: CALLBACK, scope: 'openid', state: 's', nonce: 'n', code_challenge, code_challenge_method: 'S256', ...params });
    return new URL((await fetch(`${op.issuer}/auth?${query}`, { redirect: 'manual' })).headers.get('location')).searchParams;
  }
  const exchange = (code, more = {}) => post('/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...more });
  const signIn = async (params) => (await exchange((await authorize(params)).get('code'))).body;
  const refresh = (tokens, more) => post('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...more });

  test('an API token has what Logto puts into one, and the signature holds', async () => {
    const tokens = await signIn(everything), counted = op.refreshes[THINGS] ?? 0;
    assert.ok(!tokens.access_token.includes('.'));
    const { body } = await refresh(tokens, { resource: THINGS });
    const { header, claims } = decodeJwt(body.access_token);
    assert.deepEqual(header, { alg: 'ES384', typ: 'at+jwt', kid: op.key.kid });
    assert.deepEqual(Object.keys(claims), ['jti', 'sub', 'iat', 'exp', 'scope', 'client_id', 'iss', 'aud']);
    assert.deepEqual([claims.aud, claims.scope, claims.client_id, claims.sub, body.expires_in], [THINGS, 'read:things', 'app', ALICE.sub, 600]);
    const [input, signature] = [body.access_token.slice(0, body.access_token.lastIndexOf('.')), body.access_token.split('.')[2]];
    const key = { key: createPublicKey({ key: op.key.jwk(), format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
    assert.ok(verify('sha384', Buffer.from(input), key, Buffer.from(signature, 'base64url')));
    assert.equal(op.refreshes[THINGS], counted + 1);
    assert.equal((await exchange((await authorize(everything)).get('code'), { resource: THINGS })).body.scope, 'read:things');
  });

  test('a resource not asked for at sign-in is an invalid target, and the refresh token still works', async () => {
    op.rotate = 'always';
    const tokens = await signIn();
    const refused = await refresh(tokens, { resource: THINGS });
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_target']);
    assert.equal((await refresh(tokens)).status, 200);
    op.rotate = 'logto';
    assert.equal((await authorize({ resource: 'https://nope.example.test' })).get('error'), 'invalid_target');
  });

  test('an organization token is for members who asked for the scope', async () => {
    const tokens = await signIn(everything), id = decodeJwt(tokens.id_token).claims;
    assert.deepEqual([id.organizations, id.organization_roles], [['acme'], ['acme:owner']]);
    const { claims } = decodeJwt((await refresh(tokens, { organization_id: 'acme' })).body.access_token);
    assert.deepEqual([claims.aud, claims.scope], ['urn:logto:organization:acme', 'invite:member']);
    const both = decodeJwt((await refresh(tokens, { organization_id: 'acme', resource: THINGS })).body.access_token).claims;
    assert.deepEqual([both.aud, both.organization_id], [THINGS, 'acme']);
    const stranger = await refresh(tokens, { organization_id: 'other' });
    assert.deepEqual([stranger.status, stranger.body.error], [403, 'access_denied']);
    const plain = await signIn(), missing = await refresh(plain, { organization_id: 'acme' });
    assert.equal(decodeJwt(plain.id_token).claims.organizations, undefined);
    assert.deepEqual([missing.status, missing.body.error, missing.body.scope], [403, 'insufficient_scope', 'urn:logto:scope:organizations']);
  });

  test('a machine gets a token whose sub is the machine', async () => {
    const { body } = await post('/token', { grant_type: 'client_credentials', resource: THINGS, scope: 'read:things write:things' }, basic('machine', 'machine-secret'));
    const { claims } = decodeJwt(body.access_token);
    assert.deepEqual([claims.sub, claims.client_id, claims.scope, claims.aud], ['machine', 'machine', 'read:things', THINGS]);
  });

  test('introspection tells of opaque tokens until they end', async () => {
    const tokens = await signIn(), before = op.introspections;
    assert.deepEqual((({ active, sub, client_id, token_type }) => [active, sub, client_id, token_type])((await post('/token/introspection', { token: tokens.access_token })).body), [true, ALICE.sub, 'app', 'Bearer']);
    op.endAccessToken(tokens.access_token);
    assert.deepEqual((await post('/token/introspection', { token: tokens.access_token })).body, { active: false });
    assert.equal((await post('/token/introspection', { token: op.accessToken({ aud: THINGS }) })).status, 400);
    op.jwtIntrospection = 'inactive';
    assert.deepEqual((await post('/token/introspection', { token: op.accessToken() })).body, { active: false });
    assert.equal((await post('/token/introspection', { token: op.opaqueToken({ scope: 'read' }) })).body.scope, 'read');
    assert.equal((await post('/token/introspection', { token: 'x' }, basic('app', 'wrong'))).status, 401);
    assert.equal(op.introspections, before + 6);
    op.failIntrospection = { how: 500, times: 1 };
    assert.equal((await post('/token/introspection', { token: 'x' })).status, 500);
  });

  test('auth_time is told to those who send max_age, and who signed in too long ago does so again', async () => {
    const authTime = async (params) => decodeJwt((await signIn(params)).id_token).claims.auth_time;
    assert.equal(await authTime(), undefined);
    const hourAgo = Date.now() - 3600_000, s = (ms) => Math.floor(ms / 1000);
    op.authenticatedAtMs = hourAgo;
    assert.equal(await authTime({ max_age: '7200' }), s(hourAgo));
    assert.equal((await authorize({ max_age: '600', prompt: 'none' })).get('error'), 'login_required');
    op.reauthenticates = false;
    assert.equal(await authTime({ max_age: '600' }), s(hourAgo));
    op.reauthenticates = true;
    assert.ok(await authTime({ max_age: '600' }) > s(hourAgo) + 3000);
    op.authenticatedAtMs = hourAgo;
    const again = await signIn({ max_age: '7200', prompt: 'login' });
    assert.ok(decodeJwt(again.id_token).claims.auth_time > s(hourAgo) + 3000);
    assert.equal(decodeJwt((await refresh(again)).body.id_token).claims.auth_time, decodeJwt(again.id_token).claims.auth_time);
  });

  test('a hook lies in an access token, and a token can be made without a sign-in', () => {
    op.twist = { accessClaims: (claims) => ({ ...claims, iss: 'http://evil.test/oidc' }), accessHeader: (header) => ({ ...header, typ: 'JWT' }) };
    const { header, claims } = decodeJwt(op.accessToken({ sub: 'bob', aud: ['a', 'b'], scope: 'x', claims: { exp: undefined } }));
    assert.deepEqual([header.typ, claims.iss, claims.sub, claims.aud, claims.exp], ['JWT', 'http://evil.test/oidc', 'bob', ['a', 'b'], undefined]);
    op.twist = {};
  });
});
