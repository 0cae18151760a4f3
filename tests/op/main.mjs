// A development OpenID provider dressed as Logto. Settings: JSON in OP_CONFIG (see README.md). Prints one JSON line when it is ready.
import http from 'node:http';
import { storedTokenAnswer, storedTokenTarget } from './account_api.mjs';
import { Attacks } from './attacks.mjs';
import { swapClientSecret } from './client_secrets.mjs';
import { Control, logtoManners } from './control.mjs';
import { readBody, sendHtml, sendJson, sendText } from './http_helpers.mjs';
import { Interactions } from './interactions.mjs';
import { Keys } from './keys.mjs';
import { Management } from './management.mjs';
import { Messages } from './messages.mjs';
import { createProvider } from './provider.mjs';
import { defaultMachineClients, defaultOrganizationScopes, defaultResources, Resources, splitResources } from './resources.mjs';
import { connectors, SocialNetworks } from './social_stand_ins.mjs';
import { Storage } from './storage.mjs';
import { Users } from './users.mjs';

const defaults = {
  host: '127.0.0.1', port: 3001,
  endpoint: null,                             // null: http://localhost:PORT
  client_id: 'lab', client_secret: 'lab-secret',
  client_secrets: [],                         // those that are taken instead: texts, { value, expired: true } or { value, expires_at: ms }
  public_client: false,                       // without a secret: its refresh tokens rotate at every use
  redirect_uris: ['http://localhost:8080/_auth/callback', 'http://127.0.0.1:8080/_auth/callback'],
  post_logout_redirect_uris: ['http://localhost:8080/_auth/signed-out', 'http://127.0.0.1:8080/_auth/signed-out'],
  backchannel_logout_uri: null, backchannel_logout_session_required: true, ssrf_protection: false,
  always_issue_refresh_token: false,
  rotate: 'logto',                            // logto | always | never
  reuse_grace_ms: null,                       // how long a consumed refresh token still works; null: 3000 for a public client, else 0
  webhook_uri: null, webhook_key: null,       // a change of a user by `user` or `remove_user` is told there, as by Logto's webhooks
  ttl: {},                                    // seconds: AccessToken, AuthorizationCode, IdToken, RefreshToken, Session, Grant, Interaction
  signing_alg: 'ES384',                       // ES384 | RS256
  id_token_claims: [],                        // of custom_data, identities, sso_identities, organization_data
  resources: defaultResources,                // indicator -> { ttl: seconds, scopes: { role: [scope] } }; of an organization's roles as well
  organization_scopes: defaultOrganizationScopes,   // organization role -> [scope]
  machine_clients: defaultMachineClients,     // { client_id, client_secret, resources: { indicator: [scope] } }
  management_client: { client_id: 'management', client_secret: 'management-secret', has_role: true },   // for the Management API
  sign_in_experience: {},                     // laid over what GET /api/.well-known/sign-in-exp says; { status: 500 }: it fails
  token_storage: [], account_center: false,   // targets whose tokens are kept; whether the Account API gives them
  logto_version: '1.42.0',                    // 1.37: a new application's answer has a secret that is none
  auto_sign_in: null,                         // a user name: sign-ins need no person (login_hint chooses another)
  users_count: 0,                             // user-1 ... user-N as well; sign-ins need no person and take turns
};

function readConfig() {
  const given = JSON.parse(process.env.OP_CONFIG || '{}');
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(defaults, name));
  if (unknown.length) throw new Error(`OP_CONFIG: unknown ${unknown.join(', ')}`);
  return { ...defaults, ...given };
}

const config = readConfig();
const users = new Users(config.users_count);
const storage = new Storage(() => config.reuse_grace_ms ?? (config.public_client ? 3000 : 0));
const keys = new Keys(config.signing_alg);
const attacks = new Attacks(config, keys);
const sids = new Map();   // sub -> the sid of the newest ID token
const messages = new Messages({ config, users, keys, attacks, sids });
const management = new Management({ config, keys }, {
  changed: () => restart(),
  webhook: ({ uri, key, event }) => messages.webhook({ uri, key, event, user: 'alice' }),
});
const resources = new Resources({ config, users, keys, management });
let provider, handleOidc;

const restart = () => {
  provider = createProvider({ config, users, storage, keys, resources, applications: management.applications.all(), middleware: [control.middleware(), logtoManners(), resources.middleware()] });
  handleOidc = provider.callback();
};
const control = new Control({ config, defaults, users, keys, attacks, messages, sids, management }, {
  restart,
  endUser: (sub) => storage.endUser(sub),
  rotateKeys: (alg) => { keys.rotate(alg); restart(); },
  endSessions: () => storage.endSessions(),
  authenticatedAt: (sub, seconds) => storage.authenticatedAt(sub, seconds),
  clearStorage: () => storage.clear(),
});
const interactions = new Interactions({ config, users, control, providerNow: () => provider });
const networks = new SocialNetworks(control);

const signInExperience = () => ({
  tenantId: 'default', id: 'default', signInMode: 'SignInAndRegister', languageInfo: { autoDetect: true, fallbackLanguage: 'en' },
  signIn: { methods: [{ identifier: 'username', password: true, verificationCode: false, isPasswordPrimary: true }] },
  signUp: { identifiers: [], password: true, verify: false },
  socialSignInConnectorTargets: Object.keys(connectors),
  socialConnectors: Object.values(connectors).map(({ connectorId: id, target, label, logo, logoDark = null }) => ({ id, target, name: { en: label }, logo, logoDark, platform: 'Universal' })),
  ssoConnectors: [],
});

function publicExperience(res) {
  const { status = 200, ...laidOver } = config.sign_in_experience;
  control.countOther('sign_in_exp');
  if (status !== 200) return sendJson(res, status, { code: 'internal', message: 'Internal server error.' });
  return sendJson(res, 200, { ...(management.experience.published() ?? signInExperience()), ...laidOver });
}

// Logto takes JSON at the token endpoint too; the engine only forms. The form is read here, so that failures and latency can go by
// the grant, and the secret is swapped for the one that the engine knows.
async function prepareForm(req) {
  if (req.method !== 'POST') return;
  const json = /^application\/json\b/.test(req.headers['content-type'] ?? ''), text = await readBody(req);
  req.form = new URLSearchParams(json ? JSON.parse(text) : text);
  splitResources(req.form);
  req.secretExpired = swapClientSecret(config, req, req.form, (id) => management.applications.secretsOf(id));
  req.body = req.form.toString();
  req.headers['content-type'] = 'application/x-www-form-urlencoded';
  req.headers['content-length'] = String(Buffer.byteLength(req.body));
}

function withSplitResources(target) {
  const [path, query] = target.split('?');
  if (path !== '/oidc/auth' || !query?.includes('resource=')) return target;
  const params = new URLSearchParams(query);
  splitResources(params);
  return `${path}?${params}`;
}

async function oidc(req, res) {
  if (Number(req.headers['content-length'] ?? 0) > 56 * 1024) return sendText(res, 404, 'Not Found');
  await prepareForm(req);
  req.originalUrl = withSplitResources(req.url);
  req.url = req.originalUrl.slice('/oidc'.length) || '/';
  return handleOidc(req, res);
}

// The Account API: who asks is told by the access token.
async function storedToken(req, res, target) {
  const token = await provider.AccessToken.find((req.headers.authorization ?? '').replace(/^Bearer /, ''));
  const grant = token && users.find(token.accountId) ? { sub: token.accountId, scope: token.scope } : undefined;
  const { status, body } = storedTokenAnswer({ grant, enabled: config.account_center || management.accountCenter.enabled, stored: (sub) => users.tokensOf(sub, target) });
  return sendJson(res, status, body);
}

async function handle(req, res) {
  const url = new URL(req.url, 'http://op.invalid');
  if (url.pathname === '/oidc' || url.pathname.startsWith('/oidc/')) return oidc(req, res);
  if (url.pathname === '/api/status' || url.pathname === '/favicon.ico') return res.writeHead(204).end();
  if (url.pathname === '/api/.well-known/sign-in-exp') return publicExperience(res);
  if (storedTokenTarget(url.pathname) !== null) return storedToken(req, res, storedTokenTarget(url.pathname));
  if (url.pathname === '/') return sendHtml(res, 200, 'Development OpenID provider (stands in for Logto)');
  if (await control.handle(req, res, url) || await management.handle(req, res, url) || await networks.handle(req, res, url) || await interactions.handle(req, res, url)) return undefined;
  return sendJson(res, 404, { code: 'entity.not_found', message: 'Not found.' });
}

const server = http.createServer((req, res) => {
  res.setHeader('date', new Date(Date.now()).toUTCString());   // by the clock that `clock_offset_ms` moves
  handle(req, res).catch((error) => {
    console.error(error);
    if (res.headersSent) res.destroy();
    else sendText(res, 500, 'internal error');
  });
});
server.on('error', (error) => {
  console.error(`cannot listen on ${config.host}:${config.port}: ${error.message}`);
  process.exit(1);
});
server.listen(config.port, config.host, () => {
  const { port } = server.address();
  config.loopback = `http://127.0.0.1:${port}`;
  config.endpoint ??= `http://localhost:${port}`;
  restart();
  console.log(JSON.stringify({ ready: true, endpoint: config.endpoint, issuer: `${config.endpoint}/oidc`, port }));
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { server.closeAllConnections(); server.close(() => process.exit(0)); });
