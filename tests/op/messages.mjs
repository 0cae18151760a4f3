// What Logto sends by itself: back-channel logouts and webhooks, here when a test asks for one.
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { logoutClaims } from './token_attacks.mjs';

const TIMEOUT_MS = 10_000;

// Over node:http, because a test may have to say a Host that no name server knows.
function post(uri, headers, body) {
  const started = performance.now();
  return new Promise((resolve) => {
    const done = (answer) => resolve({ ...answer, ms: Math.round(performance.now() - started) });
    const { request } = uri.startsWith('https:') ? https : http;
    const asked = request(uri, { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, timeout: TIMEOUT_MS, agent: false }, async (res) => {
      let text = '';
      for await (const part of res) text += part;
      done({ status: res.statusCode, body: text });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => done({ error: error.message }));
    asked.end(body);
  });
}

const patched = (object, change = {}, drop = []) => {
  const result = { ...object, ...change };
  for (const name of drop) delete result[name];
  return result;
};

export class Messages {
  // sids: sub -> the sid of the newest ID token.
  constructor({ config, users, keys, attacks, sids }) { Object.assign(this, { config, users, keys, attacks, sids }); }

  // { user, sid, uri, host, tamper: { claims, header, drop, break_signature }, raw }. Answers the relying party's status and body, and the token.
  async logout({ user, sid = this.config.backchannel_logout_session_required, uri = this.config.backchannel_logout_uri, tamper = {}, raw, host }) {
    if (!uri) throw new Error('send_logout: no backchannel_logout_uri is configured and no uri given');
    const token = raw ?? this.logoutToken(user, sid, tamper);
    const answer = await post(uri, { 'content-type': 'application/x-www-form-urlencoded', ...(host ? { host } : {}) }, new URLSearchParams({ logout_token: token }).toString());
    return { ...answer, token };
  }

  logoutToken(user, sid, { claims, header, drop, break_signature: broken }) {
    const sub = this.users.lookUp(user)?.sub ?? user;
    const ownSid = sid === true ? this.sids.get(sub) : sid || undefined;
    const honest = logoutClaims({ iss: `${this.config.endpoint}/oidc`, aud: this.config.client_id, sub, sid: ownSid, iat: Math.floor(Date.now() / 1000) });
    const { alg, kid } = this.attacks.key;
    const token = this.attacks.logoutToken(patched({ alg, typ: 'logout+jwt', kid }, header), patched(honest, claims, drop));
    if (!broken) return token;
    const [head, payload, signature] = token.split('.'), bytes = Buffer.from(signature, 'base64url');
    bytes[0] ^= 0xff;
    return `${head}.${payload}.${bytes.toString('base64url')}`;
  }

  // { event, user, uri, host, key, tamper: { body, drop, raw, signature } }. The signature is over the bytes that are sent, unless tampered.
  async webhook({ event, user, uri = this.config.webhook_uri, key = this.config.webhook_key, tamper = {}, host }) {
    if (!uri || !key) throw new Error('send_webhook: uri and key, or webhook_uri and webhook_key in the configuration');
    const text = tamper.raw ?? JSON.stringify(patched(this.#event(event, user), tamper.body, tamper.drop));
    const signature = tamper.signature !== undefined ? tamper.signature : createHmac('sha256', key).update(tamper.signed ?? text).digest('hex');
    const headers = { 'content-type': 'application/json', 'user-agent': 'Logto (https://logto.io/)', ...(signature === null ? {} : { 'logto-signature-sha-256': signature }), ...(host ? { host } : {}) };
    return { ...(await post(uri, headers, text)), sent: text, signature };
  }

  // The shape of Logto's data events; a deleted user is named by the request that deleted them only.
  #event(event, name) {
    const user = this.users.lookUp(name), sub = user?.sub ?? name, gone = event === 'User.Deleted';
    const path = event === 'User.SuspensionStatus.Updated' ? '/users/:userId/is-suspended' : '/users/:userId';
    return {
      hookId: randomBytes(16).toString('base64url').slice(0, 21), event, createdAt: new Date(Date.now()).toISOString(), userAgent: 'tests/op', ip: '127.0.0.1',
      path: `/api${path.replace(':userId', sub)}`, method: gone ? 'DELETE' : 'PATCH', status: gone ? 204 : 200, params: { userId: sub }, matchedRoute: path,
      data: gone ? null : {
        id: sub, username: user?.username ?? null, primaryEmail: user?.email ?? null, primaryPhone: user?.phone ?? null, name: user?.name ?? null,
        avatar: user?.picture ?? null, customData: user?.customData ?? {}, identities: user?.identities ?? {}, profile: user?.profile ?? {},
        applicationId: null, lastSignInAt: user?.updatedAt ?? null, createdAt: user?.createdAt ?? null, updatedAt: user?.updatedAt ?? null, isSuspended: Boolean(user?.suspended),
      },
    };
  }
}
