// Plays the rows of token_attacks.mjs: one switch per row of tests/corpora/jwt-attacks.tsv, on the provider's real answers.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { SigningKey, decodeJwt, signedBy } from './jose.mjs';
import { DISCOVERY_ATTACKS, LOGOUT_ATTACKS, REFRESH_ATTACKS, SIGN_IN_ATTACKS } from './token_attacks.mjs';

const ROWS = [...SIGN_IN_ATTACKS, ...DISCOVERY_ATTACKS, ...REFRESH_ATTACKS, ...LOGOUT_ATTACKS].filter(({ id }) => id !== 'J00');
const RAW_HOOKS = { token: 'onToken', jwks: 'onJwks', discovery: 'onDiscovery', me: 'onUserinfo' };

// What of a row no answer of a provider can show.
const NOT_HERE = {
  J47: 'the half of it that is a bearer token is what a client sends; played: other tokens in the place of the ID token',
  J54: 'played, but "start-up refused" is for the one who starts the relying party to see',
};

// The provider's current key, in the form that the hooks sign with.
const providerKey = (jwk, alg) => Object.assign(Object.create(SigningKey.prototype), {
  alg, kid: jwk.kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
});

export class Attacks {
  constructor(config, keys) {
    Object.assign(this, { config, keys });
    this.stop();
  }

  stop() {
    this.row = null;
    this.ownKey = null;      // a key that a row has put in the place of the provider's
    this.retiredKey = null;
    this.remaining = Infinity;
    this.grants = null;
  }

  // wanted: null, "J01", "J01 alg none and no signature", or { id, variant: number | name, grants: [...], times }. Answers what plays.
  play(wanted) {
    this.stop();
    if (wanted === null || wanted === undefined) return null;
    const { id, variant = 0, grants, times } = typeof wanted === 'object' ? wanted : { id: wanted.split(' ')[0], variant: wanted.split(' ').slice(1).join(' ') || 0 };
    const variants = ROWS.filter((row) => row.id === id);
    const row = typeof variant === 'number' ? variants[variant] : variants.find(({ name }) => name === variant);
    if (!row) throw new Error(`no such attack: ${JSON.stringify(wanted)}; GET /__op/attacks lists them`);
    Object.assign(this, { row, grants: grants ?? row.grants ?? null, remaining: times ?? Infinity });
    row.twist.setup?.(this);
    return { id: row.id, name: row.name, expect: row.expect };
  }

  list() {
    const byId = new Map();
    for (const { id, name, expect, atRefresh, grants, twist } of ROWS) {
      if (!byId.has(id)) byId.set(id, { id, ...(NOT_HERE[id] ? { note: NOT_HERE[id] } : {}), variants: [] });
      byId.get(id).variants.push({ name, at: placeOf(twist, grants), expect, ...(atRefresh ? { at_refresh: atRefresh } : {}) });
    }
    return { playing: this.row ? { id: this.row.id, name: this.row.name } : null, can: [...byId.values()], cannot: [] };
  }

  // What the hooks find in `this`.
  get clientId() { return this.config.client_id; }
  get clientSecret() { return this.config.client_secret; }
  get key() { return this.ownKey ?? providerKey(this.keys.current, this.keys.alg); }
  set key(key) { this.ownKey = key; }

  #hook(name) { return this.remaining > 0 ? this.row?.twist[name] : undefined; }
  #call(name, value, context) { return this.#hook(name) ? this.#hook(name).call(this, value, context) ?? value : value; }
  #concerns(grantType) { return !this.grants || this.grants.includes(grantType); }

  // Before the provider sees the request: rows that are about the bytes on the wire. Answers whether it was handled.
  async takesOver(ctx, endpoint, grantType) {
    const handler = this.#hook(RAW_HOOKS[endpoint]);
    if (!handler || (endpoint === 'token' && !this.#concerns(grantType))) return false;
    --this.remaining;
    ctx.respond = false;
    await handler.call(this, ctx.req, ctx.res, {});
    return true;
  }

  // After it has answered.
  apply(ctx, endpoint, grantType) {
    if (endpoint === 'auth' || endpoint === 'resume') return this.#applyToRedirect(ctx);
    if (ctx.status !== 200 || typeof ctx.body !== 'object' || ctx.body === null) return undefined;
    if (endpoint === 'jwks') this.#applyToKeys(ctx);
    else if (endpoint === 'discovery') ctx.body = this.#call('discovery', ctx.body);
    else if (endpoint === 'token' && ctx.body.id_token) this.#applyToTokens(ctx, grantType);
    return undefined;
  }

  #applyToRedirect(ctx) {
    const location = ctx.status === 303 && ctx.response.get('location');
    if (!location || !this.#hook('authReply') || !this.config.redirect_uris.some((uri) => location.startsWith(`${uri}?`))) return;
    const url = new URL(location), reply = this.#call('authReply', Object.fromEntries(url.searchParams), {});
    url.search = reply instanceof URLSearchParams ? reply : new URLSearchParams(Object.entries(reply).filter(([, value]) => value !== undefined));
    --this.remaining;
    ctx.set('location', url.href);
    ctx.body = '';
  }

  #applyToKeys(ctx) {
    const document = this.ownKey ? { keys: [this.ownKey.jwk()] } : ctx.body;
    ctx.body = this.#call('jwks', structuredClone(document));
  }

  #applyToTokens(ctx, grantType) {
    const honestToken = ctx.body.id_token;
    if (this.row && this.remaining > 0 && this.#concerns(grantType)) {
      const changesToken = ['claims', 'header', 'token', 'tokenReply'].some((name) => this.row.twist[name]);
      if (changesToken || this.ownKey) ctx.body.id_token = this.#forged(honestToken);
      ctx.body = this.#call('tokenReply', ctx.body, {});
      ctx.type = 'json';
      if (changesToken) --this.remaining;
    }
    this.lastIdToken = honestToken;
  }

  #forged(jwt) {
    const decoded = decodeJwt(jwt), key = this.key;
    const claims = this.#call('claims', decoded.claims, decoded.claims);
    const header = this.#call('header', this.ownKey ? { ...decoded.header, alg: key.alg, kid: key.kid } : decoded.header);
    const honest = () => signedBy(key, header, claims);
    return this.#hook('token') ? this.#hook('token').call(this, { header, claims, honest, grant: {} }) : honest();
  }

  // A logout token through the hooks of its rows.
  logoutToken(header, claims) {
    const key = this.key;
    const lied = this.#call('logoutClaims', claims), head = this.#call('logoutHeader', header);
    const honest = () => signedBy(key, head, lied);
    const token = this.#hook('logoutToken') ? this.#hook('logoutToken').call(this, { header: head, claims: lied, honest }) : honest();
    this.lastLogoutToken = token;
    return token;
  }
}

function placeOf(twist, grants) {
  const names = Object.keys(twist);
  const has = (...wanted) => wanted.some((name) => names.includes(name));
  if (has('logoutClaims', 'logoutHeader', 'logoutToken')) return ['send_logout'];
  if (has('authReply')) return ['authorization response'];
  if (has('discovery', 'onDiscovery')) return ['discovery'];
  const places = has('jwks', 'onJwks', 'setup') ? ['jwks'] : [];
  if (has('claims', 'header', 'token', 'tokenReply', 'onToken', 'setup')) places.push(...(grants ?? ['authorization_code', 'refresh_token']));
  return places;
}
