// The control plane for tests: slow, broken or tampered answers, who signs in next, and a record of what was asked.
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { audienceAsked } from './audience.mjs';
import { readBody, sendJson } from './http_helpers.mjs';
import { decodeJwt } from './jose.mjs';
import { defaultPeople } from './social_stand_ins.mjs';

const endpoints = {
  '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks', '/auth': 'auth', '/token': 'token', '/me': 'me', '/request': 'par',
  '/token/revocation': 'revocation', '/token/introspection': 'introspection', '/session/end': 'end_session', '/session/end/confirm': 'end_session_confirm',
};
const recordedAtMost = 2000;
// Calls at one time and in all, by endpoint; refreshes by what they asked for (audienceAsked).
const emptyStats = (now = {}) => ({ now, most: {}, total: {}, refreshes: {} });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function withoutSecrets(headers) {
  const { authorization, ...rest } = headers;
  if (!authorization) return rest;
  const [scheme, value] = authorization.split(' ');
  const user = scheme === 'Basic' ? Buffer.from(value ?? '', 'base64').toString().split(':')[0] : '';
  return { ...rest, authorization: `${scheme} ${user}***` };
}

const formOf = (ctx) => {
  const body = ctx.oidc?.body;
  return body && typeof body === 'object' ? { ...body, ...(body.client_secret ? { client_secret: '***' } : {}) } : undefined;
};

const add = (counters, name) => { counters[name] = (counters[name] ?? 0) + 1; };

// What a token endpoint says, by a name of ours: [status, error, description].
const oauthErrors = {
  invalid_grant: [400, 'invalid_grant', 'grant request is invalid'],
  invalid_client: [401, 'invalid_client', 'client authentication failed'],
  unknown_client: [400, 'invalid_client', 'invalid client app'],
  expired_secret: [400, 'invalid_request', 'client secret has expired'],
  access_denied: [403, 'access_denied', 'access denied'],
};
const answerError = (ctx, status, error, description) => {
  ctx.status = status;
  ctx.body = { code: `oidc.${error}`, message: messages[error] ?? `An OIDC error occurred: oidc.${error}.`, error, error_description: description };
};

// Every Date.now() of this process is late or early by so much; set by `clock_offset_ms`.
let clockOffsetMs = 0;
const realNow = Date.now;
Date.now = () => realNow() + clockOffsetMs;

const sentForm = (ctx) => (ctx.req.form ? { ...Object.fromEntries(ctx.req.form), ...(ctx.req.form.has('client_secret') ? { client_secret: '***' } : {}) } : undefined);

export class Control {
  // `parts`: config, defaults, users, keys, attacks, messages, sids, management. `actions`: restart(), rotateKeys(alg), endUser(sub), endSessions(),
  // authenticatedAt(sub, seconds), clearStorage().
  constructor(parts, actions) {
    Object.assign(this, parts, { actions });
    this.reset();
  }

  reset() {
    this.latencyMs = 0;              // a number, or { token: 200, ... }
    this.fail = {};                  // endpoint or endpoint:grant_type -> 500 | "reset" | "hang" | "garbage" | an oauthErrors name | { status, times }
    this.tamper = {};                // { discovery: {...}, me: {...}, token: {...}, id_token: { claims, header, drop, break_signature } }
    this.nextLogin = undefined;
    this.oneTimeTokens = new Map();  // token -> { email, expiresAt }
    this.autoSignIn = this.config.auto_sign_in;
    this.people = defaultPeople();
    this.requests = [];
    this.nth = 0;
    this.stats = emptyStats();
    this.attacks.stop();
    clockOffsetMs = 0;
  }

  // Calls that are not the engine's.
  countOther(name) { add(this.stats.total, name); }

  get signsInAlone() { return Boolean(this.autoSignIn || this.config.users_count); }

  // The user whom a sign-in page signs in by itself, if any.
  nextUser(loginHint) {
    const next = this.nextLogin;
    this.nextLogin = undefined;
    if (next) return this.users.lookUp(next);
    if (!this.signsInAlone) return undefined;
    const hinted = this.users.lookUp(loginHint);
    if (hinted) return hinted;
    return this.users.lookUp(this.config.users_count ? `user-${this.nth++ % this.config.users_count + 1}` : this.autoSignIn);
  }

  // As POST /api/one-time-tokens makes them.
  makeOneTimeToken({ email, expiresIn = 600 }) {
    const token = randomBytes(24).toString('base64url');
    this.oneTimeTokens.set(token, { email, expiresAt: Date.now() + expiresIn * 1000 });
    return token;
  }

  // Whom it signs in, once.
  takeOneTimeToken(token, email) {
    const made = this.oneTimeTokens.get(token);
    if (!made || made.email !== email || made.expiresAt <= Date.now()) return undefined;
    this.oneTimeTokens.delete(token);
    return this.users.lookUp(email);
  }

  // Answers whether the request was for the control plane. Only loopback may.
  async handle(req, res, url) {
    if (!url.pathname.startsWith('/__op/')) return false;
    const peer = req.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    if (!peer.startsWith('127.') && peer !== '::1') return sendJson(res, 403, { error: 'loopback only' }), true;
    const action = `${req.method} ${url.pathname}`;
    if (action === 'GET /__op/requests') sendJson(res, 200, this.recorded(url.searchParams.get('endpoint')));
    else if (action === 'GET /__op/attacks') sendJson(res, 200, this.attacks.list());
    else if (action === 'GET /__op/stats') sendJson(res, 200, this.stats);
    else if (action === 'GET /__op/users') sendJson(res, 200, this.users.list());
    else if (action === 'POST /__op/reset') sendJson(res, 200, this.resetAll());
    else if (action === 'POST /__op/control') await this.change(req, res);
    else sendJson(res, 404, { error: 'not found' });
    return true;
  }

  recorded(endpoint) { return endpoint ? this.requests.filter((request) => request.endpoint === endpoint) : this.requests; }

  resetAll() {
    this.reset();
    this.users.reset();
    this.actions.clearStorage();
    this.management.reset();
    this.actions.restart();
    return { ok: true };
  }

  async change(req, res) {
    const known = {
      latency_ms: (v) => { this.latencyMs = v; },
      fail: (v) => { this.fail = structuredClone(v ?? {}); },
      tamper: (v) => { this.tamper = v ?? {}; },
      next_login: (v) => { this.nextLogin = v; },
      auto_sign_in: (v) => { this.autoSignIn = v; },
      people: (v) => { for (const [target, fields] of Object.entries(v)) this.people[target] = { ...this.people[target], ...fields }; },
      one_time_token: (v) => ({ token: this.makeOneTimeToken(v) }),
      user: (v) => this.changeUser(v),
      authenticated: (v) => this.authenticate(v),
      remove_user: (v) => this.removeUser(v),
      config: (v) => this.configure(v),
      management: (v) => this.management.steer(v),
      attack: (v) => this.attacks.play(v),
      send_logout: (v) => this.messages.logout(v),
      send_webhook: (v) => this.messages.webhook(v),
      clock_offset_ms: (v) => { clockOffsetMs = Number(v); },
      rotate_keys: (v) => { this.actions.rotateKeys(v === true ? undefined : v); },
      end_sessions: (v) => { if (v) this.actions.endSessions(); },
      clear_requests: (v) => { if (v) Object.assign(this, { requests: [], stats: emptyStats(this.stats.now) }); },
    };
    let wanted;
    try {
      wanted = JSON.parse(await readBody(req));
    } catch {
      return sendJson(res, 400, { error: 'JSON expected' });
    }
    const unknown = Object.keys(wanted).filter((name) => !Object.hasOwn(known, name));
    if (unknown.length) return sendJson(res, 400, { error: `unknown: ${unknown}`, known: Object.keys(known) });
    const results = {};
    try {
      for (const [name, value] of Object.entries(wanted)) results[name] = await known[name](value);
    } catch (error) {
      return sendJson(res, 400, { error: error.message });
    }
    return sendJson(res, 200, { ok: true, ...results });
  }

  // Settings that do not need another process. What is known of sessions, tokens and keys stays.
  configure(wanted) {
    const bad = Object.keys(wanted).filter((name) => !Object.hasOwn(this.defaults, name) || ['host', 'port', 'endpoint'].includes(name));
    if (bad.length) throw new Error(`config: cannot change ${bad}`);
    Object.assign(this.config, wanted);
    this.actions.restart();
  }

  // As the Management API would: suspension ends tokens and sessions at once, and only a webhook tells of it.
  async changeUser(wanted) {
    const before = this.users.lookUp(wanted.username ?? wanted.sub), suspendedBefore = Boolean(before?.suspended);
    const user = this.users.patch(wanted.username ?? wanted.sub, wanted);
    if (!user) throw new Error('user: nobody of that name');
    const changed = Boolean(user.suspended) !== suspendedBefore;
    if (user.suspended) this.actions.endUser(user.sub);
    return this.tell(changed ? 'User.SuspensionStatus.Updated' : 'User.Data.Updated', user.sub);
  }

  // { user, ago_s }: when the user's sessions here began, for max_age.
  authenticate({ user: name, ago_s: ago }) {
    const user = this.users.lookUp(name);
    if (!user) throw new Error('authenticated: nobody of that name');
    this.actions.authenticatedAt(user.sub, Math.floor(Date.now() / 1000) - ago);
  }

  async removeUser(name) {
    const user = this.users.lookUp(name);
    if (!user) throw new Error('remove_user: nobody of that name');
    this.users.remove(name);
    this.actions.endUser(user.sub);
    return this.tell('User.Deleted', user.sub);
  }

  tell(event, user) {
    return this.config.webhook_uri && this.config.webhook_key ? this.messages.webhook({ event, user }) : undefined;
  }

  // Outermost layer of the provider.
  middleware() {
    return async (ctx, next) => {
      const endpoint = endpoints[ctx.path] ?? (ctx.path.startsWith('/auth/') ? 'resume' : 'other');
      const entry = { at: new Date().toISOString(), endpoint, method: ctx.method, path: `/oidc${ctx.path}`, query: { ...ctx.query }, headers: withoutSecrets(ctx.headers) };
      this.requests.push(entry);
      if (this.requests.length > recordedAtMost) this.requests.shift();
      const grantType = ctx.req.form?.get('grant_type') ?? undefined;
      this.count(endpoint, ctx.res);
      if (endpoint === 'token' && grantType === 'refresh_token') add(this.stats.refreshes, audienceAsked(ctx.req.form));
      const delay = this.latencyOf(endpoint, grantType);
      if (delay) await sleep(delay);
      if (await this.failed(ctx, endpoint, grantType)) { entry.status = 'failed on purpose'; entry.form = sentForm(ctx); return; }
      if (await this.attacks.takesOver(ctx, endpoint, grantType)) { entry.status = 'attack'; entry.form = sentForm(ctx); return; }
      if (ctx.req.secretExpired) answerError(ctx, ...oauthErrors.expired_secret);
      else await next();
      entry.form = formOf(ctx) ?? sentForm(ctx);
      entry.status = ctx.status;
      this.rememberSid(ctx);
      this.attacks.apply(ctx, endpoint, grantType);
      this.applyTampering(ctx, endpoint);
    };
  }

  // A call counts until its answer is written or given up.
  count(endpoint, res) {
    const { now, most, total } = this.stats;
    add(now, endpoint);
    add(total, endpoint);
    most[endpoint] = Math.max(most[endpoint] ?? 0, now[endpoint]);
    res.once('close', () => --now[endpoint]);
  }

  latencyOf(endpoint, grantType) {
    if (typeof this.latencyMs === 'number') return ['auth', 'resume'].includes(endpoint) ? 0 : this.latencyMs;
    return this.latencyMs?.[`${endpoint}:${grantType}`] ?? this.latencyMs?.[endpoint];
  }

  rememberSid(ctx) {
    if (typeof ctx.body?.id_token !== 'string') return;
    const { sub, sid } = decodeJwt(ctx.body.id_token).claims;
    if (sid) this.sids.set(sub, sid);
  }

  async failed(ctx, endpoint, grantType) {
    let how = this.fail[`${endpoint}:${grantType}`] ?? this.fail[endpoint];
    if (how && typeof how === 'object') {
      if (how.times !== undefined && how.times-- <= 0) return false;
      how = how.status;
    }
    if (!how) return false;
    if (how === 'reset') { ctx.respond = false; ctx.req.socket.resetAndDestroy(); }
    else if (how === 'hang') ctx.respond = false;
    else if (how === 'garbage') { ctx.status = 200; ctx.type = 'json'; ctx.body = '{"this is": not json'; }
    else if (oauthErrors[how]) answerError(ctx, ...oauthErrors[how]);
    else answerError(ctx, Number(how), 'server_error', 'failed on purpose');
    return true;
  }

  applyTampering(ctx, endpoint) {
    if (ctx.status !== 200 || typeof ctx.body !== 'object' || ctx.body === null) return;
    const body = ctx.body;
    if (this.tamper[endpoint]) Object.assign(body, this.tamper[endpoint]);
    if (endpoint === 'token' && body.id_token && this.tamper.id_token) body.id_token = this.tamperIdToken(body.id_token);
    for (const [name, value] of Object.entries(body)) if (value === '__absent') delete body[name];
  }

  // The token with other claims or header fields, signed again with the provider's own key.
  tamperIdToken(jwt) {
    const { claims = {}, header = {}, drop = [], break_signature: broken = false } = this.tamper.id_token;
    const decoded = jwt.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const payload = { ...decoded[1], ...claims };
    for (const name of drop) delete payload[name];
    const head = { ...decoded[0], ...header };
    const signed = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    if (head.alg === 'none') return `${signed}.`;
    const key = createPrivateKey({ key: this.keys.current, format: 'jwk' });
    const signature = sign(this.keys.alg === 'RS256' ? 'sha256' : 'sha384', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    if (broken) signature[0] ^= 0xff;
    return `${signed}.${signature.toString('base64url')}`;
  }
}

const messages = { access_denied: 'Access denied.', insufficient_scope: 'Token missing scope `{{scope}}`.', invalid_target: 'Invalid resource indicator.', invalid_grant: 'Grant request is invalid.', invalid_request: 'Request is invalid.', invalid_token: 'Invalid token provided.' };

// Logto adds code and message to the engine's errors, and tells caches what to do with the keys.
export function logtoManners() {
  return async (ctx, next) => {
    await next();
    if (ctx.status >= 400 && ctx.body?.error && !ctx.body.code) {
      const { error, ...rest } = ctx.body, code = `oidc.${error}`;
      ctx.body = {
        code, message: messages[error] ?? `An OIDC error occurred: ${code}.`,
        ...(error === 'invalid_grant' ? { error_uri: 'https://openid.sh/debug/invalid_grant' } : {}), error, ...rest,
      };
      ctx.type = 'json';
    }
    if (ctx.path === '/jwks' && ctx.status === 200) {
      ctx.set('cache-control', 'no-cache, max-age=0, must-revalidate');
      ctx.set('etag', `"${createHash('sha1').update(JSON.stringify(ctx.body)).digest('base64url')}"`);
      if (ctx.fresh) ctx.status = 304;
    }
  };
}
