// An OpenID provider of our own on node:http, shaped as Logto (ES384, /oidc paths, iss in the callback). Honest by default and
// quick: /oidc/auth answers at once for `op.user`. `op.twist` holds hooks that make it hostile, one per place a rule guards:
//   discovery(document) jwks(document) authReply(params) claims(claims) header(header) token(context) tokenReply(reply)
//   logoutClaims(claims) logoutHeader(header) logoutToken(context)
//   accessClaims(claims, context) accessHeader(header, context) accessToken(context) introspectionReply(reply, context)
// and, for what no value can say, http handlers: onDiscovery onJwks onToken onUserinfo onAuth onIntrospection onStoredToken (request, response) -> true if handled.
// The rows of ../../op/token_attacks.mjs are such hooks.
import http from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { storedTokenAnswer, storedTokenTarget } from '../../op/account_api.mjs';
import { audienceAsked, resourcesIn } from '../../op/audience.mjs';
import { SigningKey, b64, decodeJwt, jws, mac } from '../../op/jose.mjs';
import { logoutClaims } from '../../op/token_attacks.mjs';
import { AccessTokens, THINGS } from './access_tokens.mjs';
import { REAL_CLOCK, sleep } from './clock.mjs';
import { Grants } from './grants.mjs';
import { request } from './raw.mjs';

export { SigningKey, THINGS, b64, decodeJwt, jws, mac };

// What a token endpoint says, by a name of ours: [status, body]. As recorded of Logto.
const oauthError = (status, error, error_description) => [status, { code: `oidc.${error}`, message: error, error, error_description }];
export const TOKEN_ERRORS = {
  invalid_grant: oauthError(400, 'invalid_grant', 'grant request is invalid'),
  invalid_client: oauthError(401, 'invalid_client', 'client authentication failed'),
  unknown_client: oauthError(400, 'invalid_client', 'invalid client app'),
  expired_secret: oauthError(400, 'invalid_request', 'client secret has expired'),
  access_denied: oauthError(403, 'access_denied', 'access denied'),
  not_a_member: oauthError(403, 'access_denied', 'user is not a member of the organization'),
  insufficient_scope: [403, { ...oauthError(403, 'insufficient_scope', 'refresh token missing required scope')[1], scope: 'urn:logto:scope:organizations' }],
  invalid_target: oauthError(400, 'invalid_target', 'resource indicator is missing, or unknown'),
  invalid_scope: oauthError(400, 'invalid_scope', 'refresh token missing requested scope'),
  unsupported_token_type: oauthError(400, 'unsupported_token_type', 'Structured JWT Tokens cannot be introspected via the introspection_endpoint'),
};

export const ALICE = { sub: 'alice-sub', name: 'Alice', username: 'alice', email: 'alice@example.test', email_verified: true, roles: ['editor'] };

export class EvilOp extends EventEmitter {
  clientId = 'app';
  clientSecret = 'app-secret-of-the-tests';
  furtherSecrets = []; // accepted as well, as while a secret is being rotated
  expiredSecrets = []; // answered as Logto does: 400 invalid_request
  user = { ...ALICE };
  signedIn = true; // whether prompt=none succeeds
  refreshTokens = false; // as Logto's always_issue_refresh_token
  rotate = 'logto'; // refresh tokens: never | always | logto (from 70 % of their life, as for confidential clients)
  graceMs = 0; // a consumed refresh token works so long still (Logto: 3000 for public clients); after that its use ends the grant
  tokenLifetimeS = 3600; // of access and ID tokens
  refreshTokenLifetimeS = 14 * 86400;
  sessionIds = false; // whether ID tokens carry sid, as with backchannelLogoutSessionRequired
  clock = REAL_CLOCK;
  apis = { [THINGS]: { ttl: 600, scopes: { editor: ['read:things', 'write:things'], admin: ['read:things', 'write:things', 'delete:things'] } } }; // scopes: by role
  organizationScopes = { owner: ['invite:member'] }; // by organization role
  machines = [{ clientId: 'machine', clientSecret: 'machine-secret', scopes: { [THINGS]: ['read:things'] } }]; // client_credentials
  strictScopes = false; // a refresh that asks for a scope which was not granted is refused, as Logto does
  jwtIntrospection = 'refuse'; // what the introspection of a JSON Web Token gives: refuse (400, as 1.42) | inactive (as 1.37)
  authenticatedAtMs = null; // when the user signed in at the provider; null: just now. Too long ago for max_age: again, unless...
  reauthenticates = true; // false: it ignores max_age and prompt=login, and says the old auth_time
  latencyMs = {}; // by place: code, refresh, client_credentials, introspection, discovery, jwks, revocation
  failRefresh = null; // 500 | 'reset' | 'hang' | 'garbage' | a name of TOKEN_ERRORS | { how, times }; failCode, failIntrospection alike
  failCode = null;
  failIntrospection = null;
  revoked = new Set(); // subs that are suspended or deleted: every grant of theirs is refused
  tokenCalls = { now: 0, most: 0 }; // at the token endpoint, at one time
  twist = {};
  log = []; // { method, path, params, headers }
  codes = new Map();
  accountCenter = true; // whether the Account API answers
  storedTokens = new Map(); // sub -> { patreon: 'expired' | { access_token, scope, expires_in } }: the token storage of connectors
  people = new Map(); // sub -> the user as they were last seen at a sign-in; op.user goes before it
  secrets = []; // everything that must never be in a log

  static async start({ port = 0, ...options } = {}) {
    const op = Object.assign(new EvilOp(), options);
    op.grants = new Grants(op);
    op.access = new AccessTokens(op);
    op.key ??= new SigningKey('ES384');
    op.server = http.createServer((request, response) => op.#answer(request, response).catch((error) => {
      if (error.code !== 'ECONNRESET') op.failure = error; // a proxy that was killed while it asked
      response.destroy();
    }));
    op.server.listen(port, '127.0.0.1');
    await once(op.server, 'listening');
    op.port = op.server.address().port;
    op.endpoint = `http://127.0.0.1:${op.port}`;
    op.issuer = `${op.endpoint}/oidc`;
    op.secrets.push(op.clientSecret);
    return op;
  }

  async stop() {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  logto(extra = {}) { return { endpoint: this.endpoint, app_id: this.clientId, app_secret: this.clientSecret, ...extra }; }
  calls(path) { return this.log.filter((call) => call.path === path); }
  get jwksFetches() { return this.calls('/oidc/jwks').length; }
  get introspections() { return this.calls('/oidc/token/introspection').length; }

  // How often it was refreshed, by what was asked for (audienceAsked): { 'opaque': 2, 'https://things.example.test/api': 1 }.
  get refreshes() {
    const counts = {};
    for (const { params } of this.calls('/oidc/token')) {
      if (params.get('grant_type') !== 'refresh_token') continue;
      const audience = audienceAsked(params);
      counts[audience] = (counts[audience] ?? 0) + 1;
    }
    return counts;
  }

  // Tokens without a sign-in, for requests that bring one: { user, sub, aud, scope, clientId, ttl, claims, header, key, typ... }.
  accessToken(what) { return this.access.mint(what); }
  opaqueToken(what) { return this.access.issueOpaque(what); }
  endAccessToken(token) { this.access.end(token); }

  async #answer(request, response) {
    const url = new URL(request.url, this.endpoint);
    let body = '';
    for await (const part of request) body += part;
    const call = { method: request.method, path: url.pathname, query: url.search, headers: request.headers, params: new URLSearchParams(request.method === 'POST' ? body : url.search) };
    this.log.push(call);
    this.emit('call', call);
    const route = {
      '/oidc/.well-known/openid-configuration': ['onDiscovery', () => this.#json(response, this.discovery())],
      '/oidc/jwks': ['onJwks', () => this.#json(response, this.#twisted('jwks', { keys: [this.key.jwk()] }))],
      '/oidc/auth': ['onAuth', () => this.#authorize(call, response)],
      '/oidc/token': ['onToken', () => this.#token(call, response)],
      '/oidc/me': ['onUserinfo', () => this.#userinfo(call, response)],
      '/oidc/token/introspection': ['onIntrospection', () => this.#introspect(call, response)],
      '/oidc/token/revocation': ['onRevocation', () => this.#revoke(call, response)],
      '/oidc/session/end': ['onEndSession', () => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>signed out at Logto</p>')],
    }[url.pathname] ?? this.#accountApi(call, response);
    if (!route) return response.writeHead(404).end();
    if (route[0] === 'onToken') this.#count(response);
    const place = { onToken: { refresh_token: 'refresh', client_credentials: 'client_credentials' }[call.params.get('grant_type')] ?? 'code', onIntrospection: 'introspection', onDiscovery: 'discovery', onJwks: 'jwks', onRevocation: 'revocation' }[route[0]];
    if (place === 'refresh') this.grants.count(call.params.get('refresh_token'));
    if (this.latencyMs[place]) await sleep(this.latencyMs[place]);
    await this.clock.settled;
    if (this.twist[route[0]] && (await this.twist[route[0]](request, response, call))) return;
    if (this.#failed(place, call, response)) return;
    await route[1]();
  }

  #accountApi(call, response) {
    const target = storedTokenTarget(call.path);
    if (target === null) return undefined;
    return ['onStoredToken', () => {
      const found = this.access.grantOf((call.headers.authorization ?? '').replace(/^Bearer /, ''));
      const grant = found && !this.revoked.has(found.sub) ? found : undefined;
      const { status, body } = storedTokenAnswer({ grant, enabled: this.accountCenter, stored: (sub) => this.storedTokens.get(sub)?.[target] });
      this.#json(response, body, status);
    }];
  }

  // A call counts until its answer is written or given up.
  #count(response) {
    const calls = this.tokenCalls;
    calls.most = Math.max(calls.most, ++calls.now);
    response.once('close', () => --calls.now);
  }

  // A failure on purpose, told as 'failed' before its answer. { how, times } fails that often and then no more.
  #failed(place, call, response) {
    const name = { refresh: 'failRefresh', code: 'failCode', introspection: 'failIntrospection' }[place];
    let how = this[name] ?? null;
    if (how?.times !== undefined) how = how.times-- > 0 ? how.how : null;
    if (how === null) return false;
    this.emit('failed', place, call);
    if (how === 'reset') response.socket.resetAndDestroy();
    else if (how === 'garbage') this.#json(response, '{"this is": not json');
    else if (how !== 'hang') {
      const [status, body] = TOKEN_ERRORS[how] ?? [Number(how), { error: 'server_error' }];
      this.#json(response, body, status);
    }
    return true;
  }

  #twisted(name, value, context) { return this.twist[name] ? this.twist[name].call(this, value, context) ?? value : value; }
  #json(response, value, status = 200) {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
    response.end(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
  }

  discovery() {
    const at = (path) => `${this.issuer}${path}`;
    return this.#twisted('discovery', {
      issuer: this.issuer, authorization_endpoint: at('/auth'), token_endpoint: at('/token'), userinfo_endpoint: at('/me'),
      jwks_uri: at('/jwks'), end_session_endpoint: at('/session/end'), revocation_endpoint: at('/token/revocation'),
      introspection_endpoint: at('/token/introspection'),
      authorization_response_iss_parameter_supported: true, code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code', 'none'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES384'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'roles', 'identities', 'custom_data', 'urn:logto:scope:organizations', 'urn:logto:scope:organization_roles'],
    });
  }

  #authorize(call, response) {
    const given = Object.fromEntries(call.params);
    const params = { state: given.state, iss: this.issuer }, resources = resourcesIn(call.params);
    if (given.prompt === 'none' && (!this.signedIn || this.#mustSignInAgain(given))) Object.assign(params, { error: 'login_required' });
    else if (!this.access.known(resources)) Object.assign(params, { error: 'invalid_target', error_description: 'resource indicator is missing, or unknown' });
    else params.code = this.#newCode({ ...given, resources, ...this.#authenticate(given) });
    const reply = this.#twisted('authReply', params, given);
    // A hook may hand back URLSearchParams for doubled parameters.
    const query = reply instanceof URLSearchParams ? reply : new URLSearchParams(Object.entries(reply).filter(([, value]) => value !== undefined));
    response.writeHead(303, { location: `${given.redirect_uri}?${query}`, 'cache-control': 'no-store' }).end();
  }

  #mustSignInAgain({ prompt, max_age: maxAge }) {
    const agoMs = this.clock.now() - (this.authenticatedAtMs ?? this.clock.now());
    return /\blogin\b/.test(prompt ?? '') || (maxAge !== undefined && (Number(maxAge) === 0 || agoMs > Number(maxAge) * 1000));
  }

  // Whoever signed in too long ago does so again at once. Answers auth_time, which only a request with max_age is told.
  #authenticate(given) {
    if (this.authenticatedAtMs === null || (this.reauthenticates && this.#mustSignInAgain(given))) {
      this.authenticatedAtMs = this.authenticatedAtMs === null ? null : this.clock.now();
      return given.max_age === undefined ? {} : { authTime: this.nowS() };
    }
    return given.max_age === undefined ? {} : { authTime: Math.floor(this.authenticatedAtMs / 1000) };
  }

  #newCode(given) {
    const code = randomBytes(24).toString('base64url');
    this.people.set(this.user.sub, this.user);
    this.codes.set(code, { ...given, user: this.user, sub: this.user.sub, sid: randomBytes(16).toString('base64url') });
    this.secrets.push(code);
    return code;
  }

  #error(response, name) { this.#json(response, TOKEN_ERRORS[name][1], TOKEN_ERRORS[name][0]); }

  #token(call, response) {
    const denied = this.#judgeClient(call);
    if (denied) return this.#error(response, denied);
    if (call.params.get('grant_type') === 'client_credentials') return this.#machineToken(call, response);
    const refresh = call.params.get('grant_type') === 'refresh_token';
    const refused = refresh ? this.#refusedRefresh(call) : this.#refusedCode(call);
    if (refused === 'invalid_scope') return this.#refuseScopes(call, response);
    if (refused) return this.#error(response, refused);
    const redeemed = refresh ? this.grants.redeem(call.params.get('refresh_token')) : this.#redeemCode(call);
    if (!redeemed) return this.#error(response, 'invalid_grant');
    const { grant } = redeemed;
    const context = { ...grant, user: refresh ? this.userOf(grant.sub) : grant.user, refresh };
    const { token, scope, lifetimeS } = this.access.issue(call.params, context, grant);
    const reply = { access_token: token, token_type: 'Bearer', expires_in: lifetimeS, scope };
    reply.id_token = this.mint(context, reply.access_token);
    const refreshToken = refresh ? redeemed.token : this.refreshTokens ? this.grants.issue(grant) : undefined;
    if (refreshToken) reply.refresh_token = refreshToken;
    this.lastIdToken = reply.id_token;
    this.secrets.push(reply.access_token, reply.id_token, ...(reply.refresh_token ? [reply.refresh_token] : []));
    this.#json(response, this.#twisted('tokenReply', reply, context));
  }

  // What is wrong with what is asked for, before a good refresh token is used up.
  #refusedRefresh({ params }) {
    const entry = this.grants.tokens.get(params.get('refresh_token'));
    return entry && !entry.grant.ended && !this.revoked.has(entry.grant.sub) ? this.access.refusal(params, entry.grant, this.userOf(entry.grant.sub)) : null;
  }

  #refusedCode({ params }) {
    const grant = this.codes.get(params.get('code'));
    return grant && !grant.used && this.access.unauthorized(params, grant) ? 'invalid_target' : null;
  }

  #machineToken(call, response) {
    const reply = this.access.forMachine(call.params, this.#credentials(call)[0]);
    if (!reply) return this.#error(response, 'invalid_target');
    this.secrets.push(reply.access_token);
    this.#json(response, this.#twisted('tokenReply', reply, {}));
  }

  #introspect(call, response) {
    const denied = this.#judgeClient(call);
    if (denied) return this.#error(response, denied);
    const token = call.params.get('token') ?? '';
    if (this.jwtIntrospection === 'refuse' && token.split('.').length === 3) return this.#error(response, 'unsupported_token_type');
    this.#json(response, this.#twisted('introspectionReply', this.access.introspect(token), { token }));
  }

  #credentials({ params, headers }) {
    return /^Basic /.test(headers.authorization ?? '')
      ? Buffer.from(headers.authorization.slice(6), 'base64').toString().split(':').map(decodeURIComponent)
      : [params.get('client_id'), params.get('client_secret')];
  }

  // The name of an error, or null.
  #judgeClient(call) {
    const [id, secret] = this.#credentials(call);
    const machine = this.machines.find(({ clientId }) => clientId === id);
    if (machine) return secret === machine.clientSecret ? null : 'invalid_client';
    if (id !== this.clientId) return 'unknown_client';
    if (this.expiredSecrets.includes(secret)) return 'expired_secret';
    return secret === this.clientSecret || this.furtherSecrets.includes(secret) ? null : 'invalid_client';
  }

  // The engine names them.
  #refuseScopes({ params }, response) {
    const { grant } = this.grants.tokens.get(params.get('refresh_token'));
    const [status, body] = TOKEN_ERRORS.invalid_scope;
    this.#json(response, { ...body, scope: this.access.notGranted(params, grant, this.userOf(grant.sub)).join(' ') }, status);
  }

  #redeemCode({ params }) {
    const grant = this.codes.get(params.get('code'));
    if (!grant || grant.used || this.revoked.has(grant.sub) || params.get('redirect_uri') !== grant.redirect_uri) return null;
    if (createHash('sha256').update(params.get('code_verifier') ?? '').digest('base64url') !== grant.code_challenge) return null;
    grant.used = true;
    return { grant };
  }

  // The user as they are now: a refreshed ID token is rebuilt from it.
  userOf(sub) { return this.user.sub === sub ? this.user : this.people.get(sub); }

  // Revoking a refresh token ends its grant; anything else is answered 200 as well (RFC 7009 2.2).
  #revoke(call, response) {
    const denied = this.#judgeClient(call);
    if (denied) return this.#json(response, TOKEN_ERRORS[denied][1], TOKEN_ERRORS[denied][0]);
    this.grants.revoke(call.params.get('token'));
    response.writeHead(200).end();
  }

  nowS() { return Math.floor(this.clock.now() / 1000); }

  // The ID token of one grant, through the claims, header and token hooks.
  mint(grant, accessToken) {
    const now = this.nowS();
    const claims = this.#twisted('claims', {
      ...this.access.idClaims(grant), nonce: grant.nonce, ...(grant.authTime === undefined ? {} : { auth_time: grant.authTime }), ...(this.sessionIds ? { sid: grant.sid } : {}), aud: this.clientId, iss: this.issuer, iat: now, exp: now + this.tokenLifetimeS,
    }, { ...grant, accessToken });
    const header = this.#twisted('header', { alg: this.key.alg, kid: this.key.kid });
    const honest = () => jws(header, claims, (input) => this.key.sign(Buffer.from(input)));
    return this.twist.token ? this.twist.token.call(this, { header, claims, honest, grant }) : honest();
  }

  // A logout token as Logto signs one; `claims` and `header` replace fields (undefined removes one).
  logoutToken({ sub, sid, claims: change = {}, header: headerChange = {} } = {}) {
    const honestClaims = logoutClaims({ iss: this.issuer, aud: this.clientId, sub, sid, iat: this.nowS() });
    const claims = this.#twisted('logoutClaims', { ...honestClaims, ...change });
    const header = this.#twisted('logoutHeader', { alg: this.key.alg, typ: 'logout+jwt', kid: this.key.kid, ...headerChange });
    const honest = () => jws(header, claims, (input) => this.key.sign(Buffer.from(input)));
    const token = this.twist.logoutToken ? this.twist.logoutToken.call(this, { header, claims, honest }) : honest();
    this.lastLogoutToken = token;
    return token;
  }

  // Posts a logout token to the proxy at `port`, as Logto does: { status, text }. `token` sends one that is ready.
  async sendLogout(port, { token, path = '/_auth/backchannel-logout', host = 'app.test', ...what } = {}) {
    return request(port, 'POST', path, { 'Content-Type': 'application/x-www-form-urlencoded', Accept: '*/*' },
      { host, body: new URLSearchParams({ logout_token: token ?? this.logoutToken(what) }).toString() });
  }

  #userinfo(call, response) {
    const grant = this.access.grantOf((call.headers.authorization ?? '').replace(/^Bearer /, ''));
    const user = grant && !this.revoked.has(grant.sub) ? this.userOf(grant.sub) : undefined;
    if (!user) return this.#json(response, { error: 'invalid_token' }, 401);
    this.#json(response, this.#twisted('userinfo', { ...user, ...(this.userinfoExtra ?? {}) }));
  }
}
