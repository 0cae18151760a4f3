// Local stand-ins for LinkedIn's and Patreon's documented endpoints, and Logto's connectors that call them.
import { randomBytes } from 'node:crypto';
import { readForm, redirect, sendHtml, sendJson } from './http_helpers.mjs';
import { allowPage } from './pages.mjs';
import { patreonError, patreonIdentity } from './patreon_identity.mjs';

const token = () => randomBytes(24).toString('base64url');

export const defaultPeople = () => ({
  linkedin: { id: '782bbtaQ', name: 'Lin Kedin', given_name: 'Lin', family_name: 'Kedin', email: 'lin@example.test', picture: 'https://media.example.test/lin.jpg' },
  patreon: { id: '12345', name: 'Pat Reon', email: 'pat@example.test', picture: 'https://media.example.test/pat.jpg', memberships: [] },
});

// As Logto tells them of its own connectors: pictures in the answer itself.
const picture = (svg) => `data:image/svg+xml;base64,${Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${svg}</svg>`).toString('base64')}`;
const patreonMark = (color) => picture(`<g fill="${color}"><circle cx="14.5" cy="9.5" r="7.5"/><path d="M2 2h4v20H2z"/></g>`);

// LinkedIn, "Sign In with LinkedIn using OpenID Connect": credentials in the form, userinfo as of OIDC.
const linkedin = {
  target: 'linkedin', label: 'LinkedIn', logo: picture('<rect width="24" height="24" rx="3" fill="#0a66c2"/><path d="M5 9h3v10H5zM5 5h3v3H5zM10 9h3v2c2-3 7-3 7 3v5h-3v-5c0-3-4-2-4 0v5h-3z" fill="#fff"/>'), connectorId: 'linkedin01', clientId: 'linkedin-app', clientSecret: 'linkedin-secret',
  scope: 'openid profile email', authorize: '/__linkedin/oauth/v2/authorization', token: '/__linkedin/oauth/v2/accessToken', user: '/__linkedin/v2/userinfo',
  cancelled: { error: 'user_cancelled_login', error_description: 'The user cancelled LinkedIn login' },
  credentials: (app) => ({ form: { client_id: app.clientId, client_secret: app.clientSecret }, headers: {} }),
  report: (p) => ({ sub: p.id, email_verified: true, name: p.name, given_name: p.given_name, family_name: p.family_name, email: p.email, picture: p.picture, locale: 'en-US' }),
  // Logto's connector answers the photo under a name that Logto does not read: no avatar.
  map: (raw) => ({ id: raw.sub, name: raw.name, email: raw.email, rawData: raw }),
};

// Patreon: Basic credentials, user from API v1 (current_user, JSON:API).
const patreon = {
  target: 'patreon', label: 'Patreon', logo: patreonMark('#000'), logoDark: patreonMark('#fff'), connectorId: 'patreon01', clientId: 'patreon-app', clientSecret: 'patreon-secret',
  scope: 'identity identity[email]', authorize: '/__patreon/oauth2/authorize', token: '/__patreon/api/oauth2/token', user: '/__patreon/api/oauth2/api/current_user',
  cancelled: { error: 'access_denied', error_description: 'The user denied the request' },
  credentials: (app) => ({ form: {}, headers: { authorization: `Basic ${Buffer.from(`${app.clientId}:${app.clientSecret}`).toString('base64')}` } }),
  report: (p) => ({ data: { id: p.id, type: 'user', attributes: {
    full_name: p.name, email: p.email, image_url: p.picture, is_email_verified: true, vanity: 'pat', url: 'https://www.patreon.com/pat' } } }),
  map: (raw) => {
    const { full_name: name, email, image_url: avatar } = raw.data.attributes;
    return { id: raw.data.id, name, email, avatar, rawData: raw };
  },
};

export const connectors = { linkedin, patreon };
export const connectorById = (id) => Object.values(connectors).find(({ connectorId }) => connectorId === id);

// --- the social networks' side

export class SocialNetworks {
  constructor(control) {
    this.control = control;
    this.codes = new Map();    // code -> { network, redirectUri }
    this.tokens = new Map();   // access token -> network
  }

  // Answers whether the request was for a stand-in.
  async handle(req, res, url) {
    if (url.pathname === '/api/oauth2/v2/identity') return this.memberships(req, res, url);
    for (const network of Object.values(connectors)) {
      if (url.pathname === network.authorize) return this.authorize(network, req, res, url);
      if (url.pathname === network.token && req.method === 'POST') return this.issueToken(network, req, res);
      if (url.pathname === network.user) return this.user(network, req, res);
    }
    return false;
  }

  async authorize(network, req, res, url) {
    const asked = url.searchParams, person = this.control.people[network.target];
    if (asked.get('client_id') !== network.clientId || asked.get('response_type') !== 'code' || !asked.get('redirect_uri')?.endsWith(`/callback/${network.connectorId}`)) {
      sendHtml(res, 400, `${network.label}: redirect_uri or client_id does not match`);   // the networks never send such a user back
      return true;
    }
    const verdict = this.control.signsInAlone ? 'allow' : req.method === 'POST' ? (await readForm(req)).get('verdict') : undefined;
    if (!verdict) {
      sendHtml(res, 200, allowPage({ network: network.label, app: 'Logto (development)', person: person.name, query: asked.toString() }));
      return true;
    }
    const back = new URL(asked.get('redirect_uri'));
    const answer = verdict === 'allow' ? { code: this.newCode(network, asked.get('redirect_uri')) } : network.cancelled;
    for (const [name, value] of Object.entries({ ...answer, state: asked.get('state') })) back.searchParams.set(name, value);
    redirect(res, back.href);
    return true;
  }

  newCode(network, redirectUri) {
    const code = token();
    this.codes.set(code, { network, redirectUri });
    return code;
  }

  async issueToken(network, req, res) {
    const form = await readForm(req);
    const [id, secret] = network === patreon
      ? Buffer.from((req.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString().split(':')
      : [form.get('client_id'), form.get('client_secret')];
    const code = this.codes.get(form.get('code'));
    this.codes.delete(form.get('code'));
    if (id !== network.clientId || secret !== network.clientSecret) sendJson(res, 401, { error: 'invalid_client' });
    else if (code?.network !== network || code.redirectUri !== form.get('redirect_uri')) sendJson(res, 400, { error: 'invalid_grant' });
    else {
      const accessToken = token();
      this.tokens.set(accessToken, network);
      sendJson(res, 200, { access_token: accessToken, expires_in: 5183999, scope: network.scope, token_type: 'Bearer', ...(network === patreon ? { refresh_token: token(), version: '0.0.1' } : {}) });
    }
    return true;
  }

  // Patreon's API v2, which tells of memberships.
  memberships(req, res, url) {
    const bearer = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    if (this.tokens.get(bearer) !== patreon) sendJson(res, 401, patreonError(401, 'Unauthorized', 'on purpose'));
    else sendJson(res, 200, patreonIdentity(this.control.people.patreon, url));
    return true;
  }

  async user(network, req, res) {
    const bearer = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    if (this.tokens.get(bearer) !== network) sendJson(res, 401, { error: 'unauthorized' });
    else sendJson(res, 200, network.report(this.control.people[network.target]));
    return true;
  }
}

// --- the connectors' side, as in Logto

export function connectorRedirect(connector, endpoint, state) {
  const query = new URLSearchParams({
    response_type: 'code', client_id: connector.clientId, redirect_uri: `${endpoint}/callback/${connector.connectorId}`, scope: connector.scope, state,
  });
  return `${endpoint}${connector.authorize}?${query}`;
}

// Exchanges the code server to server; answers the person as the connector maps them, and the network's tokens.
export async function connectorUser(connector, endpoint, loopback, code) {
  const { form, headers } = connector.credentials(connector);
  const exchange = await fetch(`${loopback}${connector.token}`, {
    method: 'POST', headers,
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: `${endpoint}/callback/${connector.connectorId}`, ...form }),
  });
  if (!exchange.ok) throw new Error(`${connector.label}: token endpoint answered ${exchange.status}`);
  const tokens = await exchange.json(), accessToken = tokens.access_token;
  const user = await fetch(`${loopback}${connector.user}`, { headers: { authorization: `Bearer ${accessToken}` } });
  if (!user.ok) throw new Error(`${connector.label}: user endpoint answered ${user.status}`);
  return { user: connector.map(await user.json()), tokens };
}
