// An OpenID provider of our own on node:http, shaped as Logto (ES384, /oidc paths, iss in the callback). Honest by default and
// quick: /oidc/auth answers at once for `op.user`. `op.twist` holds hooks that make it hostile, one per place a rule guards:
//   discovery(document) jwks(document) authReply(params) claims(claims) header(header) token(jwt, context) tokenReply(reply)
// and, for what no value can say, http handlers: onDiscovery onJwks onToken onUserinfo onAuth (request, response) -> true if handled.
import http from 'node:http';
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign as cryptoSign } from 'node:crypto';
import { EventEmitter, once } from 'node:events';

export const b64 = (value) => Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString('base64url');

const HASH = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256', PS256: 'sha256', HS256: 'sha256', HS384: 'sha384' };
let kids = 0;

export class SigningKey {
  constructor(alg = 'ES384', { kid = `key-${++kids}`, curve, modulusLength = 2048, publicExponent } = {}) {
    this.alg = alg;
    this.kid = kid;
    const pair = alg.startsWith('ES')
      ? generateKeyPairSync('ec', { namedCurve: curve ?? { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg] })
      : generateKeyPairSync('rsa', { modulusLength, publicExponent });
    this.privateKey = pair.privateKey;
    this.publicKey = pair.publicKey;
  }
  jwk(extra = {}) { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.alg, ...extra }; }
  sign(input, alg = this.alg) {
    const key = this.privateKey;
    if (alg.startsWith('ES')) return cryptoSign(HASH[alg], input, { key, dsaEncoding: 'ieee-p1363' });
    if (alg.startsWith('PS')) return cryptoSign(HASH[alg], input, { key, padding: 6, saltLength: 32 });
    return cryptoSign(HASH[alg], input, key);
  }
}

export function mac(alg, secret, input) { return createHmac(HASH[alg], secret).update(input).digest(); }

// A compact JWS over any header and payload, given as values or as ready text.
export function jws(header, payload, signer) {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${b64(signer(input))}`;
}

export const ALICE = { sub: 'alice-sub', name: 'Alice', username: 'alice', email: 'alice@example.test', email_verified: true, roles: ['editor'] };

export class EvilOp extends EventEmitter {
  clientId = 'app';
  clientSecret = 'app-secret-of-the-tests';
  user = { ...ALICE };
  signedIn = true; // whether prompt=none succeeds
  refreshTokens = false; // as Logto's always_issue_refresh_token
  twist = {};
  log = []; // { method, path, params, headers }
  codes = new Map();
  accessTokens = new Map();
  secrets = []; // everything that must never be in a log

  static async start({ port = 0, ...options } = {}) {
    const op = Object.assign(new EvilOp(), options);
    op.key ??= new SigningKey('ES384');
    op.server = http.createServer((request, response) => op.#answer(request, response).catch((error) => {
      op.failure = error;
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
      '/oidc/token/revocation': ['onRevocation', () => response.writeHead(200).end()],
      '/oidc/session/end': ['onEndSession', () => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>signed out at Logto</p>')],
    }[url.pathname];
    if (!route) return response.writeHead(404).end();
    if (this.twist[route[0]] && (await this.twist[route[0]](request, response, call))) return;
    await route[1]();
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
      authorization_response_iss_parameter_supported: true, code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code', 'none'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES384'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'roles', 'identities', 'custom_data'],
    });
  }

  #authorize(call, response) {
    const given = Object.fromEntries(call.params);
    const params = { state: given.state, iss: this.issuer };
    if (given.prompt === 'none' && !this.signedIn) Object.assign(params, { error: 'login_required' });
    else params.code = this.#newCode(given);
    const reply = this.#twisted('authReply', params, given);
    // A hook may hand back URLSearchParams for doubled parameters.
    const query = reply instanceof URLSearchParams ? reply : new URLSearchParams(Object.entries(reply).filter(([, value]) => value !== undefined));
    response.writeHead(303, { location: `${given.redirect_uri}?${query}`, 'cache-control': 'no-store' }).end();
  }

  #newCode(given) {
    const code = randomBytes(24).toString('base64url');
    this.codes.set(code, { ...given, user: this.user });
    this.secrets.push(code);
    return code;
  }

  async #token(call, response) {
    const grant = this.codes.get(call.params.get('code'));
    const refused = this.#judge(call, grant);
    if (refused) return this.#json(response, { error: refused, error_description: 'refused by the test provider' }, refused === 'invalid_client' ? 401 : 400);
    if (grant) { grant.used = true; this.lastGrant = grant; }
    const context = grant ?? this.lastGrant;
    const reply = { access_token: randomBytes(24).toString('base64url'), token_type: 'Bearer', expires_in: 3600, scope: context.scope };
    this.accessTokens.set(reply.access_token, context.user);
    reply.id_token = this.mint(context, reply.access_token);
    if (this.refreshTokens) reply.refresh_token = `refresh-${randomBytes(24).toString('base64url')}`;
    this.lastIdToken = reply.id_token;
    this.secrets.push(reply.access_token, reply.id_token, ...(reply.refresh_token ? [reply.refresh_token] : []));
    this.#json(response, this.#twisted('tokenReply', reply, context));
  }

  #judge({ params, headers }, grant) {
    const [id, secret] = /^Basic /.test(headers.authorization ?? '')
      ? Buffer.from(headers.authorization.slice(6), 'base64').toString().split(':').map(decodeURIComponent)
      : [params.get('client_id'), params.get('client_secret')];
    if (id !== this.clientId || secret !== this.clientSecret) return 'invalid_client';
    if (params.get('grant_type') === 'refresh_token') return this.lastGrant ? null : 'invalid_grant';
    if (!grant || grant.used || params.get('redirect_uri') !== grant.redirect_uri) return 'invalid_grant';
    if (createHash('sha256').update(params.get('code_verifier') ?? '').digest('base64url') !== grant.code_challenge) return 'invalid_grant';
    return null;
  }

  // The ID token of one grant, through the claims, header and token hooks.
  mint(grant, accessToken) {
    const now = Math.floor(Date.now() / 1000);
    const claims = this.#twisted('claims', {
      ...grant.user, nonce: grant.nonce, aud: this.clientId, iss: this.issuer, iat: now, exp: now + 3600,
    }, { ...grant, accessToken });
    const header = this.#twisted('header', { alg: this.key.alg, kid: this.key.kid });
    const honest = () => jws(header, claims, (input) => this.key.sign(Buffer.from(input)));
    return this.twist.token ? this.twist.token.call(this, { header, claims, honest, grant }) : honest();
  }

  #userinfo(call, response) {
    const user = this.accessTokens.get((call.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!user) return this.#json(response, { error: 'invalid_token' }, 401);
    this.#json(response, this.#twisted('userinfo', { ...user, ...(this.userinfoExtra ?? {}) }));
  }
}
