// tests/corpora/jwt-attacks.tsv as hooks (e2e/lib/evil_op.mjs says which there are), with the variants of each row, in the table's
// order. Played by EvilOp in the tests' own process, and by the development provider through its control plane (attacks.mjs).
// expect: 'refuse' (error page, no session) | 'accept' | 'either'. atRefresh: the same for the answer to a refresh, if it differs.
// alone: needs a provider and a proxy of its own, because it touches keys. beforeToken: to be refused without a token request.
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { SigningKey, b64, jws, mac, signedBy } from './jose.mjs';

const DAY = 86400;

const header = (change) => ({ token({ header: honest, claims }) { return jws({ ...honest, ...change }, claims, (input) => this.key.sign(Buffer.from(input))); } });
const claims = (change) => ({ claims: (honest, context) => without({ ...honest, ...(typeof change === 'function' ? change(honest, context) : change) }) });
const without = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const rawPayload = (payload) => ({ token({ header: honest }) { return jws(honest, payload, (input) => this.key.sign(Buffer.from(input))); } });
const rawToken = (make) => ({ token(context) { return make.call(this, context); } });
const jwks = (change) => ({ jwks(document) { return change.call(this, document); } });
const row = (id, name, twist, more = {}) => ({ id, name, twist, expect: 'refuse', ...more });
const each = (id, variants, make, more) => Object.entries(variants).map(([name, value]) => row(id, name, make(value), more));

const unsigned = (alg) => rawToken(({ header: honest, claims: payload }) => `${b64({ ...honest, alg })}.${b64(payload)}.`);

const HONEST = [
  row('J00', 'an honest ES384 token', {}, { expect: 'accept' }),
  ...['ES256', 'ES512', 'RS256', 'PS256'].map((alg) =>
    row('J00', `an honest ${alg} token`, { setup(op) { op.key = new SigningKey(alg); } }, { expect: 'accept', alone: true })),
  row('J00', 'an honest RS256 token whose JWK names no alg, as after a rotation at Logto',
    { setup(op) { op.key = new SigningKey('RS256'); }, ...jwks(({ keys }) => ({ keys: keys.map((key) => without({ ...key, alg: undefined })) })) }, { expect: 'accept', alone: true }),
  row('J00', 'aud as a list of only us', claims(({ aud }) => ({ aud: [aud] })), { expect: 'accept' }),
  row('J00', 'claims that are null, as Logto sends them', claims({ name: null, email: null, picture: null, username: null }), { expect: 'accept' }),
];

const ALGORITHMS = [
  row('J01', 'alg none and no signature', unsigned('none')),
  row('J01', 'alg none over the honest signature', header({ alg: 'none' })),
  ...each('J02', { None: 'None', NONE: 'NONE', nOnE: 'nOnE', 'none and a space': 'none ', 'none and NUL': 'none\0' }, unsigned),
  ...each('J03', { 'alg missing': undefined, 'alg null': null, 'alg empty': '', 'alg a number': 256, 'alg a list': ['ES384'] }, (alg) => header({ alg })),
  ...['HS256', 'HS384'].map((alg) => row('J06', `${alg} keyed with the client secret`, rawToken(function forge({ header: honest, claims: payload }) {
    return jws({ ...honest, alg }, payload, (input) => mac(alg, this.clientSecret, input));
  }))),
  row('J06', 'HS384 keyed with the public key as PEM', rawToken(function forge({ header: honest, claims: payload }) {
    const pem = this.key.publicKey.export({ type: 'spki', format: 'pem' });
    return jws({ ...honest, alg: 'HS384' }, payload, (input) => mac('HS384', pem, input));
  })),
  row('J07', 'alg RS256 named over a key that is P-384', header({ alg: 'RS256' })),
  row('J07', 'an unknown alg', header({ alg: 'XS384' })),
  row('J10', 'alg ES256 with a P-384 key', {
    ...header({ alg: 'ES256' }), ...jwks(({ keys }) => ({ keys: keys.map((key) => without({ ...key, alg: undefined })) })),
  }, { alone: true }),
  row('J10', 'alg ES384 with a P-256 key', {
    setup(op) { op.key = new SigningKey('ES384', { curve: 'P-256' }); }, ...jwks(({ keys }) => ({ keys: keys.map((key) => without({ ...key, alg: undefined })) })),
  }, { alone: true }),
  row('J10', 'a secp256k1 key for ES256', { setup(op) { op.key = new SigningKey('ES256', { curve: 'secp256k1' }); } }, { alone: true }),
  row('J10', 'the JWK says another alg than the token', jwks(({ keys }) => ({ keys: keys.map((key) => ({ ...key, alg: 'ES512' })) })), { alone: true }),
  row('J10', 'a critical header that nobody knows', header({ crit: ['b64'], b64: false })),
  row('J10', 'the key in the header instead of the JWKS', rawToken(({ header: honest, claims: payload }) => {
    const own = new SigningKey('ES384', { kid: 'attacker' });
    return jws({ ...honest, kid: 'attacker', jwk: own.jwk() }, payload, (input) => own.sign(Buffer.from(input)));
  })),
  row('J10', 'a signature by a key that is not in the JWKS under a known kid', rawToken(({ header: honest, claims: payload }) => {
    const own = new SigningKey('ES384');
    return jws(honest, payload, (input) => own.sign(Buffer.from(input)));
  })),
  row('J10', 'a DER signature instead of r||s', rawToken(function der({ honest }) {
    const [head, body] = honest().split('.');
    return `${head}.${body}.${b64(Buffer.concat([Buffer.from([0x30, 0x64, 0x02, 0x30]), randomBytes(48), Buffer.from([0x02, 0x30]), randomBytes(48)]))}`;
  })),
  row('J10', 'a signature of zeros (r = s = 0)', rawToken(({ honest }) => honest().replace(/[^.]*$/, b64(Buffer.alloc(96))))),
  row('J10', 'an empty signature under ES384', rawToken(({ honest }) => honest().replace(/[^.]*$/, ''))),
];

const twoKeys = (change) => jwks(function both({ keys }) { return { keys: change(keys[0], new SigningKey('ES384').jwk()) }; });
const noKid = header({ kid: undefined });
const KEYS = [
  row('J15', 'a key id that nobody has heard of, another each time', { header: (honest) => ({ ...honest, kid: `unknown-${randomBytes(8).toString('hex')}` }) }, { alone: true }),
  row('J16', 'kid missing while the JWKS has one key', noKid, { expect: 'accept' }),
  row('J16', 'two keys of one kid, the second of another curve', jwks(({ keys }) => ({ keys: [new SigningKey('ES256', { kid: keys[0].kid }).jwk(), keys[0]] })), { expect: 'either', alone: true }),
  row('J16', 'kid missing, several keys of the kind, signed by none of them', {
    ...rawToken(({ header: honest, claims: payload }) => signedBy(new SigningKey('ES384'), without({ ...honest, kid: undefined }), payload)),
    ...twoKeys((good, other) => [other, good]),
  }, { alone: true }),
  row('J16', 'kid a number', header({ kid: 7 })),
  row('J16', 'kid that looks like a path', header({ kid: '../../../../dev/null' })),
  row('J40', 'RSA of 1024 bits', { setup(op) { op.key = new SigningKey('RS256', { modulusLength: 1024 }); } }, { alone: true }),
  row('J40', 'RSA modulus of 20,000 bits', { setup(op) { op.key = new SigningKey('RS256'); }, ...jwks(({ keys }) => ({ keys: [{ ...keys[0], n: b64(Buffer.concat([Buffer.from([1]), randomBytes(2500)])) }] })) }, { alone: true }),
  row('J40', 'RSA with e = 1', { setup(op) { op.key = new SigningKey('RS256'); }, ...jwks(({ keys }) => ({ keys: [{ ...keys[0], e: 'AQ' }] })) }, { alone: true }),
  row('J40', 'RSA with an even e', { setup(op) { op.key = new SigningKey('RS256'); }, ...jwks(({ keys }) => ({ keys: [{ ...keys[0], e: 'AQAA' }] })) }, { alone: true }),
  row('J41', 'an oct key in the JWKS and HS256 keyed with it', {
    ...rawToken(({ header: honest, claims: payload }) => jws({ ...honest, alg: 'HS256', kid: 'oct' }, payload, (input) => mac('HS256', 'known-key-known-key-known-key-32', input))),
    ...jwks(({ keys }) => ({ keys: [...keys, { kty: 'oct', kid: 'oct', k: b64('known-key-known-key-known-key-32'), alg: 'HS256' }] })),
  }, { alone: true }),
  row('J42', 'the key is for encryption', jwks(({ keys }) => ({ keys: keys.map((key) => ({ ...key, use: 'enc' })) })), { alone: true }),
  row('J42', 'key_ops without verify', jwks(({ keys }) => ({ keys: keys.map((key) => without({ ...key, use: undefined, key_ops: ['encrypt'] })) })), { alone: true }),
  row('J42', 'a point that is not on the curve', jwks(({ keys }) => ({ keys: keys.map((key) => ({ ...key, y: b64(randomBytes(48)) })) })), { alone: true }),
  row('J42', 'an empty JWKS', jwks(() => ({ keys: [] })), { alone: true }),
  row('J45', 'signed by a key that a rotation has removed', {
    setup(op) { op.retiredKey = op.key; op.key = new SigningKey('ES384'); },
    ...rawToken(function stale({ header: honest, claims: payload }) { return signedBy(this.retiredKey, { ...honest, kid: this.retiredKey.kid, alg: this.retiredKey.alg }, payload); }),
  }, { alone: true }),
  row('J42', 'a broken key beside the good one', twoKeys((good) => [{ kty: 'EC', crv: 'P-384', kid: 'x', x: 'AA', y: '!' }, { kty: 7 }, null, 'text', good]), { expect: 'accept', alone: true }),
];

const TIME = [
  row('J19', 'exp in the past', claims(({ iat }) => ({ exp: iat - DAY }))),
  row('J19', 'exp missing', claims({ exp: undefined })),
  row('J19', 'exp a string', claims(({ exp }) => ({ exp: String(exp) }))),
  row('J19', 'nbf in the future', claims(({ iat }) => ({ nbf: iat + DAY }))),
  row('J20', 'iat missing', claims({ iat: undefined })),
  row('J20', 'iat ten years old', claims(({ iat }) => ({ iat: iat - 3650 * DAY })), { expect: 'either' }),
  row('J20', 'iat a day in the future', claims(({ iat }) => ({ iat: iat + DAY, exp: iat + 2 * DAY }))),
];

const WHO = [
  ...each('J21', { 'iss of another host': 'http://evil.test/oidc', 'iss missing': undefined, 'iss a list': ['x'] }, (iss) => claims({ iss })),
  row('J21', 'iss with a trailing slash', claims(({ iss }) => ({ iss: `${iss}/` }))),
  row('J21', 'iss on https', claims(({ iss }) => ({ iss: iss.replace('http:', 'https:') }))),
  row('J21', 'iss in upper case', claims(({ iss }) => ({ iss: iss.toUpperCase() }))),
  ...each('J22', {
    'aud another client': () => 'other', 'aud an empty list': () => [], 'aud a list of another': () => ['other'], 'aud missing': () => undefined,
    'aud us and another without azp': (us) => [us, 'other'],
  }, (audOf) => claims(({ aud }) => ({ aud: audOf(aud) }))),
  row('J23', 'azp another client', claims({ azp: 'other' })),
  row('J23', 'aud us and another, azp another', claims(({ aud }) => ({ aud: [aud, 'other'], azp: 'other' }))),
  ...each('J24', {
    'aud a prefix of us': (us) => us.slice(0, -1), 'aud us and more': (us) => `${us}2`, 'aud a number': () => 7, 'aud an object': (us) => ({ [us]: true }),
    'aud with a space': (us) => `${us} other`,
  }, (audOf) => claims(({ aud }) => ({ aud: audOf(aud) }))),
  ...each('J25', { 'sub missing': undefined, 'sub empty': '', 'sub a number': 7, 'sub null': null, 'sub of 1 MiB': 'x'.repeat(1 << 20) }, (sub) => claims({ sub })),
  row('J27', 'nonce missing', claims({ nonce: undefined }), { atRefresh: 'either' }),   // OIDC Core 12.2: it need not be there
  row('J27', 'nonce of another sign-in', claims({ nonce: randomBytes(16).toString('base64url') })),
  row('J27', 'the token of an earlier sign-in', rawToken(function replay({ honest }) { return this.lastIdToken ?? `${honest()}x`; }), { atRefresh: 'either' }),
  row('J28', 'at_hash wrong', claims({ at_hash: b64(randomBytes(24)) })),
  row('J28', 'at_hash a number', claims({ at_hash: 1 })),
];

const SHAPE = [
  ...each('J30', { 'a list': '[]', 'a string': '"x"', 'a number': '7', 'nesting 10,000 deep': `${'['.repeat(10_000)}${']'.repeat(10_000)}`, nothing: '', 'half an object': '{"sub":' }, rawPayload),
  row('J30', 'a payload of 10 MiB', claims({ padding: 'x'.repeat(10 << 20) })),
  row('J30', 'a claim nested 10,000 deep', rawToken(function deep({ header: honest, claims: payload }) {
    const text = JSON.stringify(payload).replace(/}$/, `,"deep":${'['.repeat(10_000)}${']'.repeat(10_000)}}`);
    return jws(honest, text, (input) => this.key.sign(Buffer.from(input)));
  })),
  row('J30', 'invalid UTF-8', rawToken(function bad({ header: honest, claims: payload }) {
    const text = Buffer.from(JSON.stringify({ ...payload, sub: 'a?b' }).replace('a?b', 'a\u00ff\u00feb'), 'latin1');
    return jws(honest, text, (input) => this.key.sign(Buffer.from(input)));
  })),
  row('J30', 'the same claim twice', rawToken(function twice({ header: honest, claims: payload }) {
    const text = JSON.stringify(payload).replace(/^{/, '{"sub":"admin-sub",');
    return jws(honest, text, (input) => this.key.sign(Buffer.from(input)));
  })),
  ...each('J32', {
    'two parts': (token) => token.split('.').slice(0, 2).join('.'),
    'four parts': (token) => `${token}.AAAA`,
    'a million dots': () => '.'.repeat(1_000_000),
    'padding in base64': (token) => token.replace(/^[^.]*/, (head) => `${head}=`),
    'white space around': (token) => ` ${token} `,
    'base64 with + and /': (token) => token.replace(/\.[^.]*$/, '.++//'),
    empty: () => '',
  }, (change) => rawToken(({ honest }) => change(honest()))),
  row('J33', 'flattened JSON serialisation', rawToken(({ honest }) => { const [head, payload, signature] = honest().split('.'); return JSON.stringify({ protected: head, payload, signature }); })),
  row('J33', 'JSON serialisation as an object', { tokenReply(reply) { const [head, payload, signature] = reply.id_token.split('.'); return { ...reply, id_token: { protected: head, payload, signature } }; } }),
  row('J34', 'JWE with a compressed bomb', rawToken(() => {
    const bomb = deflateRawSync(Buffer.alloc(1 << 20), { level: constants.Z_BEST_COMPRESSION });
    return [b64({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }), '', b64(randomBytes(12)), b64(bomb), b64(randomBytes(16))].join('.');
  })),
  row('J36', 'JWE with a tag of one byte', rawToken(() => [b64({ alg: 'dir', enc: 'A256GCM' }), '', b64(randomBytes(12)), b64('x'), 'AA'].join('.'))),
  row('J37', 'JWE ECDH-ES with a point off the curve', rawToken(() => [b64({ alg: 'ECDH-ES', enc: 'A256GCM', epk: { kty: 'EC', crv: 'P-256', x: b64(randomBytes(32)), y: b64(randomBytes(32)) } }), '', b64(randomBytes(12)), b64('x'), b64(randomBytes(16))].join('.'))),
  row('J38', 'JWE AES-KW with an empty key', rawToken(() => [b64({ alg: 'A256KW', enc: 'A256GCM' }), '', b64(randomBytes(12)), b64('x'), b64(randomBytes(16))].join('.'))),
];

// J47: what is signed by the right key for the right client, but is no ID token.
const CONFUSION = [
  row('J47', 'a logout token', rawToken(function logout({ header: honest, claims: payload }) {
    return signedBy(this.key, { ...honest, typ: 'logout+jwt' }, { ...logoutClaims(payload), nonce: payload.nonce });
  })),
  row('J47', 'an access token by its typ', header({ typ: 'at+jwt' })),
];

// J49: claims that must open no door that a rule on addresses keeps. The sign-in itself may well succeed.
const ADDRESSES = each('J49', {
  'an address that is not verified': { email_verified: false }, 'no word on whether it is verified': { email_verified: undefined },
  'two addresses in one': { email: 'attacker@evil.test@example.test' }, 'a list of addresses': { email: ['alice@example.test', 'x@evil.test'] },
  'a domain in upper case': { email: 'alice@EXAMPLE.TEST' }, 'a domain in other letters': { email: 'alice@ex\u0430mple.test' },
}, (change) => claims(change), { expect: 'either' });

const reply = (status, body, headers = {}) => (_request, response) => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'function' ? body() : body); return true; };
const endless = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const block = Buffer.alloc(1 << 16, 0x20);
  const pour = () => { while (!response.destroyed && response.write(block)); if (!response.destroyed) response.once('drain', pour); };
  pour();
  return true;
};
const TOKEN_ENDPOINT = [
  row('O19', '200 with an error', { onToken: reply(200, '{"error":"invalid_grant"}') }),
  row('O19', 'HTML', { onToken: reply(200, '<html>', { 'content-type': 'text/html' }) }),
  row('O19', 'no ID token', { tokenReply: ({ id_token: _dropped, ...rest }) => rest }, { atRefresh: 'either' }),   // OIDC Core 12.2
  row('O19', 'a list', { tokenReply: () => [] }),
  row('O19', 'token_type other than Bearer', { tokenReply: (honest) => ({ ...honest, token_type: 'mac' }) }),
  row('O19', 'no access token', { tokenReply: ({ access_token: _dropped, ...rest }) => rest }),
  row('O19', 'keys twice', { tokenReply: (honest) => JSON.stringify(honest).replace(/^{/, '{"id_token":"x",') }),
  row('O19', 'an empty body', { onToken: reply(200, '') }),
  row('O19', '500', { onToken: reply(500, 'oops') }),
  row('O19', 'a reset', { onToken: (request) => { request.socket.resetAndDestroy(); return true; } }),
  row('O26', '307 to another place', { onToken: reply(307, '', { location: 'http://127.0.0.1:1/steal' }) }),
  row('O27', 'an endless body', { onToken: endless }),
  row('O19', 'a gzip bomb', { onToken: reply(200, () => deflateRawSync(Buffer.alloc(64 << 20)), { 'content-encoding': 'deflate' }) }),
];

const JWKS_ENDPOINT = [
  row('J43', '20 MiB of keys', { onJwks: reply(200, JSON.stringify({ keys: Array.from({ length: 50_000 }, () => ({ kty: 'EC', crv: 'P-384', x: 'x'.repeat(200), y: 'y'.repeat(200) })) })) }, { alone: true }),
  row('J43', 'a redirect to another origin', { onJwks: reply(301, '', { location: 'http://127.0.0.1:1/jwks' }) }, { alone: true }),
  row('J43', 'an endless body', { onJwks: endless }, { alone: true }),
  row('J43', 'a gzip bomb', { onJwks: reply(200, () => gzipSync(Buffer.alloc(64 << 20)), { 'content-encoding': 'gzip' }) }, { alone: true }),
  row('J44', '500', { onJwks: reply(500, 'oops') }, { alone: true }),
  row('J44', 'a reset', { onJwks: (request) => { request.socket.resetAndDestroy(); return true; } }, { alone: true }),
  row('J44', 'invalid JSON', { onJwks: reply(200, '{"keys":[') }, { alone: true }),
  row('J44', 'another document', { onJwks: reply(200, '{"hello":1}') }, { alone: true }),
  row('J44', 'keys not a list', { onJwks: reply(200, '{"keys":{}}') }, { alone: true }),
];

const AUTH_REPLY = [
  ...each('J55', { 'iss missing though advertised': undefined, 'iss another': 'http://evil.test/oidc', 'iss empty': '' }, (iss) => ({ authReply: (params) => ({ ...params, iss }) }), { beforeToken: true }),
  ...['iss', 'code', 'state'].map((name) => row(name === 'iss' ? 'J55' : 'O03', `${name} twice`, {
    authReply(params) { const all = new URLSearchParams(params); all.append(name, params[name]); return all; },
  }, { beforeToken: true })),
  row('O03', 'error and code together', { authReply: (params) => ({ ...params, error: 'access_denied' }) }, { beforeToken: true }),
  row('O02', 'no code', { authReply: (params) => ({ ...params, code: undefined }) }, { beforeToken: true }),
  row('O02', 'an error with markup', { authReply: ({ state, iss }) => ({ state, iss, error: '<script>alert(1)</script>', error_description: '"><img src=x onerror=alert(1)>' }) }, { beforeToken: true }),
];

// J53: a refreshed token that is honest but for one claim that must not change (OIDC Core 12.2).
export const REFRESH_ATTACKS = [
  ...each('J53', { 'another sub': { sub: 'mallory-sub' }, 'another iss': { iss: 'http://evil.test/oidc' }, 'another aud': { aud: 'other' }, 'another nonce': { nonce: 'of-another-sign-in' } },
    (change) => claims(change), { grants: ['refresh_token'] }),
  row('J53', 'sub in upper case', claims(({ sub }) => ({ sub: sub.toUpperCase() })), { grants: ['refresh_token'] }),
  row('J53', 'another azp', claims({ azp: 'other' }), { grants: ['refresh_token'] }),
];

export const BACKCHANNEL_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
export const logoutClaims = ({ iss, aud, sub, sid, iat }) =>
  without({ iss, aud, sub, sid, iat, exp: iat + 120, jti: randomBytes(32).toString('base64url'), events: { [BACKCHANNEL_EVENT]: {} } });
const logout = (change) => ({ logoutClaims: (honest) => without({ ...honest, ...(typeof change === 'function' ? change(honest) : change) }) });
const logoutHeader = (change) => ({ logoutHeader: (honest) => without({ ...honest, ...change }) });
const logoutToken = (make) => ({ logoutToken(context) { return make.call(this, context); } });

// J46 (and the token rows that apply): each is refused with 400 and ends no session.
export const LOGOUT_ATTACKS = [
  ...each('J46', {
    'no iat': { iat: undefined }, 'no jti': { jti: undefined }, 'no events': { events: undefined }, 'events without the logout event': { events: { other: {} } },
    'events a list': { events: [BACKCHANNEL_EVENT] }, 'the event not an object': { events: { [BACKCHANNEL_EVENT]: 'x' } }, 'a nonce': { nonce: 'n' },
    'aud other': { aud: 'other' }, 'iss other': { iss: 'http://evil.test/oidc' }, 'neither sub nor sid': { sub: undefined, sid: undefined },
    'sub a number': { sub: 7 }, 'jti empty': { jti: '' },
  }, logout),
  row('J46', 'expired', logout(({ iat }) => ({ iat: iat - DAY, exp: iat - DAY + 120 }))),
  row('J46', 'from the future', logout(({ iat }) => ({ iat: iat + DAY, exp: iat + DAY + 120 }))),
  row('J46', 'typ of an access token', logoutHeader({ typ: 'at+jwt' })),
  row('J46', 'alg none', logoutToken(({ header: honest, claims: payload }) => `${b64({ ...honest, alg: 'none' })}.${b64(payload)}.`)),
  row('J46', 'MAC with the client secret', logoutToken(function forge({ header: honest, claims: payload }) {
    return jws({ ...honest, alg: 'HS256' }, payload, (input) => mac('HS256', this.clientSecret, input));
  })),
  row('J46', 'signed by a stranger under a known key id', logoutToken(({ header: honest, claims: payload }) => signedBy(new SigningKey('ES384'), honest, payload))),
  row('J46', 'signed by a stranger under an unknown key id', logoutToken(({ header: honest, claims: payload }) => {
    const own = new SigningKey('ES384', { kid: `unknown-${randomBytes(8).toString('hex')}` });
    return signedBy(own, { ...honest, kid: own.kid }, payload);
  })),
  row('J46', 'a jti for the second time', logoutToken(function again({ honest }) { return this.lastLogoutToken ?? honest(); })),
  row('J46', 'an ID token', logoutToken(function idToken({ honest }) { return this.lastIdToken ?? `${honest()}x`; })),
  row('J46', 'two parts', logoutToken(({ honest }) => honest().split('.').slice(0, 2).join('.'))),
  row('J46', 'of 1 MiB', logout({ padding: 'x'.repeat(1 << 20) })),
];

export const SIGN_IN_ATTACKS = [...HONEST, ...ALGORITHMS, ...KEYS, ...TIME, ...WHO, ...SHAPE, ...CONFUSION, ...ADDRESSES, ...TOKEN_ENDPOINT, ...JWKS_ENDPOINT, ...AUTH_REPLY];

export const DISCOVERY_ATTACKS = [
  row('J54', 'another issuer', { discovery: (document) => ({ ...document, issuer: 'http://evil.test/oidc' }) }),
  row('J54', 'issuer with a trailing slash', { discovery: (document) => ({ ...document, issuer: `${document.issuer}/` }) }),
  row('J54', 'no issuer', { discovery: ({ issuer: _dropped, ...rest }) => rest }),
  row('J54', 'a token endpoint with file:', { discovery: (document) => ({ ...document, token_endpoint: 'file:///etc/passwd' }) }),
  row('J54', 'a token endpoint with gopher:', { discovery: (document) => ({ ...document, token_endpoint: 'gopher://127.0.0.1:1/x' }) }),
  row('J54', 'a token endpoint at a metadata address', { discovery: (document) => ({ ...document, token_endpoint: 'http://169.254.169.254/latest' }) }),
  row('J54', 'a JWKS at another origin', { discovery: (document) => ({ ...document, jwks_uri: 'http://127.0.0.1:1/jwks' }) }),
  row('J54', 'an authorization endpoint with javascript:', { discovery: (document) => ({ ...document, authorization_endpoint: 'javascript:alert(1)' }) }),
  row('J54', 'a redirect', { onDiscovery: reply(302, '', { location: 'http://127.0.0.1:1/x' }) }),
  row('J54', 'HTML', { onDiscovery: reply(200, '<html>', { 'content-type': 'text/html' }) }),
  row('J54', 'a list', { onDiscovery: reply(200, '[]') }),
  row('J54', 'nesting a million deep', { onDiscovery: reply(200, '['.repeat(1_000_000)) }),
  row('J54', 'no token endpoint', { discovery: ({ token_endpoint: _dropped, ...rest }) => rest }),
];
