// Logout tokens (Back-Channel Logout 2.4, 2.6; jwt-attacks J46, J47) and Logto's webhooks, honest and hostile, made with the key of
// an EvilOp, for POSTs to /_auth/backchannel-logout and /_auth/webhook.
//   LOGOUT_TOKENS: [{ name, expect: 'accept' | 'refuse', token(op, session) }], session = { sub, sid }
//   LOGOUT_REQUESTS: [{ name, expect, request(op, session) }], a request = { headers, body }
//   WEBHOOKS: [{ name, expect: 'ends' | 'nothing' | 'refuse', request(key, user) }], user = the `sub`
// Each call mints a fresh jti, so a row may be used again; replays are two POSTs of one token.
import { createHmac, randomBytes } from 'node:crypto';
import { SigningKey, b64, jws, mac } from './evil_op.mjs';

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const DAY = 86400;
const now = () => Math.floor(Date.now() / 1000);
const without = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export function logoutClaims(op, { sub, sid } = {}, change = {}) {
  return without({
    iss: op.issuer, aud: op.clientId, iat: now(), exp: now() + 120, jti: randomBytes(32).toString('base64url'), sub, sid,
    events: { [LOGOUT_EVENT]: {} }, ...change,
  });
}
const logoutHeader = (op, change = {}) => without({ alg: op.key.alg, typ: 'logout+jwt', kid: op.key.kid, ...change });
const signWith = (key) => (input) => key.sign(Buffer.from(input));

// An honest token, or one with some claims or header members changed; undefined takes a member away.
export function logoutToken(op, session, { claims = {}, header = {}, key = op.key } = {}) {
  return jws(logoutHeader(op, header), logoutClaims(op, session, claims), signWith(key));
}

const changed = (name, expect, claims) => ({ name, expect, token: (op, session) => logoutToken(op, session, { claims: typeof claims === 'function' ? claims(op, session) : claims }) });
const headed = (name, expect, header) => ({ name, expect, token: (op, session) => logoutToken(op, session, { header }) });
const made = (name, token) => ({ name, expect: 'refuse', token });
const rawClaims = (name, text) => made(name, (op, session) => jws(logoutHeader(op), text(JSON.stringify(logoutClaims(op, session))), signWith(op.key)));
const reshaped = (name, change) => made(name, (op, session) => change(logoutToken(op, session)));

const idClaims = (op, { sub, sid }) => ({ iss: op.issuer, aud: op.clientId, iat: now(), exp: now() + 3600, sub, sid, nonce: 'n' });

const HONEST = [
  changed('an honest logout token', 'accept', {}),
  changed('no exp, as Logto 1.37.1', 'accept', { exp: undefined }),
  changed('null for what is not there', 'accept', { exp: null }),
  changed('no sid: all sessions of sub', 'accept', { sid: undefined }),
  changed('aud as a list of only us', 'accept', (op) => ({ aud: [op.clientId] })),
  headed('typ JWT', 'accept', { typ: 'JWT' }),
  headed('no typ', 'accept', { typ: undefined }),
  headed('typ as a media type', 'accept', { typ: 'application/logout+jwt' }),
];

const CLAIMS = [
  changed('no iss', 'refuse', { iss: undefined }),
  changed('iss of another host', 'refuse', { iss: 'http://evil.test/oidc' }),
  changed('iss with a trailing slash', 'refuse', (op) => ({ iss: `${op.issuer}/` })),
  changed('no aud', 'refuse', { aud: undefined }),
  changed('aud another client', 'refuse', { aud: 'other' }),
  changed('aud us and another without azp', 'refuse', (op) => ({ aud: [op.clientId, 'other'] })),
  changed('no iat', 'refuse', { iat: undefined }),
  changed('iat a day ahead', 'refuse', () => ({ iat: now() + DAY, exp: now() + DAY + 120 })),
  changed('iat a day ago without exp', 'refuse', () => ({ iat: now() - DAY, exp: undefined })),
  changed('iat a day ago, exp in a year', 'refuse', () => ({ iat: now() - DAY, exp: now() + 365 * DAY })),
  changed('expired', 'refuse', () => ({ iat: now() - 600, exp: now() - 480 })),
  changed('exp as text', 'refuse', () => ({ exp: String(now() + 120) })),
  changed('neither sub nor sid', 'refuse', { sub: undefined, sid: undefined }),
  changed('sub and sid null', 'refuse', { sub: null, sid: null }),
  changed('sub a list', 'refuse', (_op, { sub }) => ({ sub: [sub] })),
  changed('sid empty', 'refuse', { sid: '' }),
  changed('no jti', 'refuse', { jti: undefined }),
  changed('jti a number', 'refuse', { jti: 7 }),
  changed('jti of 10,000 characters', 'refuse', { jti: 'x'.repeat(10_000) }),
  changed('no events', 'refuse', { events: undefined }),
  changed('events a list', 'refuse', { events: [LOGOUT_EVENT] }),
  changed('events of another kind', 'refuse', { events: { 'http://schemas.openid.net/event/other': {} } }),
  changed('the event is true', 'refuse', { events: { [LOGOUT_EVENT]: true } }),
  changed('nonce present', 'refuse', { nonce: 'n' }),
  changed('nonce null', 'refuse', { nonce: null }),
];

const SIGNATURES = [
  headed('typ of an access token', 'refuse', { typ: 'at+jwt' }),
  headed('a critical header', 'refuse', { crit: ['b64'], b64: false }),
  made('alg none and no signature', (op, session) => `${b64(logoutHeader(op, { alg: 'none' }))}.${b64(logoutClaims(op, session))}.`),
  headed('alg none over the honest signature', 'refuse', { alg: 'none' }),
  made('HS384 keyed with the client secret', (op, session) => jws(logoutHeader(op, { alg: 'HS384' }), logoutClaims(op, session), (input) => mac('HS384', op.clientSecret, input))),
  made('HS384 keyed with the public key', (op, session) => jws(logoutHeader(op, { alg: 'HS384' }), logoutClaims(op, session), (input) => mac('HS384', op.key.publicKey.export({ type: 'spki', format: 'pem' }), input))),
  made("a stranger's key under a known kid", (op, session) => logoutToken(op, session, { key: new SigningKey('ES384') })),
  made("a stranger's key and kid", (op, session) => { const key = new SigningKey('ES384'); return logoutToken(op, session, { key, header: { kid: key.kid } }); }),
  made("a stranger's key in the header", (op, session) => { const key = new SigningKey('ES384', { kid: 'attacker' }); return logoutToken(op, session, { key, header: { kid: 'attacker', jwk: key.jwk() } }); }),
];

const CONFUSION = [
  made('an ID token', (op, session) => jws({ alg: op.key.alg, kid: op.key.kid }, idClaims(op, session), signWith(op.key))),
  made('an ID token under typ logout+jwt', (op, session) => jws(logoutHeader(op), idClaims(op, session), signWith(op.key))),
  made('an access token', (op, session) => jws(logoutHeader(op, { typ: 'at+jwt' }), { ...idClaims(op, session), nonce: undefined, jti: 'j', client_id: op.clientId, scope: 'openid' }, signWith(op.key))),
];

const SHAPE = [
  rawClaims('the same claim twice', (text) => text.replace(/^{/, '{"sub":"admin-sub",')),
  rawClaims('a claim nested 1,000 deep', (text) => text.replace(/}$/, `,"deep":${'['.repeat(1000)}${']'.repeat(1000)}}`)),
  rawClaims('a list', () => '[]'),
  rawClaims('nothing', () => ''),
  rawClaims('half an object', (text) => text.slice(0, -10)),
  reshaped('cut in the middle', (token) => token.slice(0, token.length / 2)),
  reshaped('without its last character', (token) => token.slice(0, -1)),
  reshaped('two parts', (token) => token.split('.').slice(0, 2).join('.')),
  reshaped('four parts', (token) => `${token}.AAAA`),
  reshaped('white space around', (token) => ` ${token} `),
  reshaped('the JSON serialisation', (token) => { const [head, payload, signature] = token.split('.'); return JSON.stringify({ protected: head, payload, signature }); }),
  made('encrypted', () => [b64({ alg: 'dir', enc: 'A256GCM' }), '', b64(randomBytes(12)), b64('x'), b64(randomBytes(16))].join('.')),
  made('30 KiB of a claim', (op, session) => logoutToken(op, session, { claims: { padding: 'x'.repeat(30_000) } })),
  made('a million dots', () => '.'.repeat(1_000_000)),
  made('empty', () => ''),
];

export const LOGOUT_TOKENS = [...HONEST, ...CLAIMS, ...SIGNATURES, ...CONFUSION, ...SHAPE];

const FORM = 'application/x-www-form-urlencoded';
export const logoutRequest = (token, { type = FORM, body = `logout_token=${encodeURIComponent(token)}` } = {}) => ({ headers: type === undefined ? {} : { 'content-type': type }, body });

const asked = (name, expect, options) => ({ name, expect, request: (op, session) => { const token = logoutToken(op, session); return logoutRequest(token, options(token, op, session)); } });
export const LOGOUT_REQUESTS = [
  asked('as Logto sends it', 'accept', () => ({})),
  asked('with a charset and another parameter', 'accept', (token) => ({ type: `${FORM}; charset=utf-8`, body: `x=1&logout_token=${token}` })),
  asked('as JSON', 'refuse', (token) => ({ type: 'application/json', body: JSON.stringify({ logout_token: token }) })),
  asked('as text', 'refuse', () => ({ type: 'text/plain' })),
  { name: 'without a content type', expect: 'refuse', request: (op, session) => ({ headers: {}, body: `logout_token=${logoutToken(op, session)}` }) },
  asked('the same token twice', 'refuse', (token) => ({ body: `logout_token=${token}&logout_token=${token}` })),
  asked('two tokens', 'refuse', (token, op, session) => ({ body: `logout_token=${token}&logout%5Ftoken=${logoutToken(op, session)}` })),
  asked('an empty one first', 'refuse', (token) => ({ body: `logout_token=&logout_token=${token}` })),
  asked('under another name', 'refuse', (token) => ({ body: `id_token=${token}` })),
  asked('a broken escape', 'refuse', (token) => ({ body: `logout_token=${token}&x=%zz` })),
  asked('no body', 'refuse', () => ({ body: '' })),
  asked('a megabyte beside the token', 'refuse', (token) => ({ body: `logout_token=${token}&x=${'x'.repeat(1 << 20)}` })),
];

export const webhookSignature = (key, body) => createHmac('sha256', key).update(body).digest('hex');

// Logto's event of a user, in the form of its DELETE and PATCH routes.
export function userEvent(event, user, change = {}) {
  return without({
    event, createdAt: new Date().toISOString(), userAgent: 'tests', ip: '127.0.0.1', path: `/users/${user}`, method: 'DELETE', status: 204,
    params: { userId: user }, matchedRoute: '/users/:userId', data: { id: user, username: null, isSuspended: false, customData: {} }, hookId: 'hook-1',
    ...change,
  });
}
export const suspension = (user, isSuspended, change = {}) => userEvent('User.SuspensionStatus.Updated', user, {
  method: 'PATCH', status: 200, path: `/users/${user}/is-suspended`, matchedRoute: '/users/:userId/is-suspended', data: { id: user, isSuspended, customData: {} }, ...change,
});

export function webhookRequest(key, event, { signature } = {}) {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  return { headers: { 'content-type': 'application/json', 'user-agent': 'Logto (https://logto.io/)', 'logto-signature-sha-256': signature ?? webhookSignature(key, body) }, body };
}

const hook = (name, expect, event, options = () => ({})) => ({ name, expect, request: (key, user) => { const made = event(user); return webhookRequest(key, made, options(key, made)); } });
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
export const WEBHOOKS = [
  hook('a deleted user', 'ends', (user) => userEvent('User.Deleted', user)),
  hook('a deleted user whose data is null', 'ends', (user) => userEvent('User.Deleted', user, { data: null })),
  hook('a suspended user', 'ends', (user) => suspension(user, true)),
  hook('a suspended user with 300 KiB of custom data', 'ends', (user) => suspension(user, true, { data: { id: user, isSuspended: true, customData: { x: 'x'.repeat(300 << 10) } } })),
  hook('a suspended user with custom data nested 1,000 deep', 'ends', (user) => JSON.stringify(suspension(user, true)).replace('"customData":{}', `"customData":${'['.repeat(1000)}${']'.repeat(1000)}`)),
  hook('a lifted suspension', 'nothing', (user) => suspension(user, false)),
  hook('an event about something else', 'nothing', (user) => userEvent('User.Data.Updated', user)),
  hook("the console's test payload", 'nothing', () => userEvent('User.Deleted', 'x', { path: '/fake-path/:id', method: 'POST', params: { id: 'fake-id' }, data: { result: 'success' } })),
  hook('unsigned', 'refuse', (user) => userEvent('User.Deleted', user), () => ({ signature: '' })),
  { name: 'without the header', expect: 'refuse', request: (_key, user) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(userEvent('User.Deleted', user)) }) },
  hook('signed with another key', 'refuse', (user) => userEvent('User.Deleted', user), (_key, event) => ({ signature: webhookSignature('another', JSON.stringify(event)) })),
  hook('signed with the empty key', 'refuse', (user) => userEvent('User.Deleted', user), (_key, event) => ({ signature: webhookSignature('', JSON.stringify(event)) })),
  hook('the signature of another body', 'refuse', (user) => userEvent('User.Deleted', user), (key) => ({ signature: webhookSignature(key, '{}') })),
  hook('half the signature', 'refuse', (user) => userEvent('User.Deleted', user), (key, event) => ({ signature: webhookSignature(key, JSON.stringify(event)).slice(0, 32) })),
  hook('two hours old', 'refuse', (user) => userEvent('User.Deleted', user, { createdAt: ago(7200) })),
  hook('two hours ahead', 'refuse', (user) => userEvent('User.Deleted', user, { createdAt: ago(-7200) })),
  hook('no time', 'refuse', (user) => userEvent('User.Deleted', user, { createdAt: undefined })),
  hook('two users', 'refuse', (user) => userEvent('User.Deleted', user, { params: { userId: 'other' } })),
  hook('nobody', 'refuse', (user) => userEvent('User.Deleted', user, { params: undefined, data: undefined })),
  hook('suspended as text', 'refuse', (user) => suspension(user, 'true')),
  hook('a member twice', 'refuse', (user) => JSON.stringify(userEvent('User.Deleted', user)).replace(/^{/, '{"event":"User.Deleted",')),
  hook('half an object', 'refuse', (user) => JSON.stringify(userEvent('User.Deleted', user)).slice(0, -5)),
  hook('a list', 'refuse', () => '[]'),
  hook('no body', 'refuse', () => ''),
  hook('2 MiB', 'refuse', (user) => userEvent('User.Deleted', user, { padding: 'x'.repeat(2 << 20) })),
];
