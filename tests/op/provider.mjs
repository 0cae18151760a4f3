// npm's oidc-provider (the engine inside Logto) set up to answer as Logto does.
import { Provider } from 'oidc-provider';
import { internalSecret } from './client_secrets.mjs';
import { claimsByScope, claimsOf, userinfoOnlyClaims } from './users.mjs';
import { signInLocation } from './experience.mjs';
import { signedOutPage } from './pages.mjs';

const day = 86400;
const defaultTtl = { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, RefreshToken: 14 * day, Session: 14 * day, Grant: 180 * day, Interaction: 3600 };

// Parameters that Logto adds to the authorization request.
const extraParams = ['direct_sign_in', 'first_screen', 'interaction_mode', 'identifier', 'organization_id', 'one_time_token', 'google_one_tap_credential'];

function machineClients(config, keys) {
  return [...config.machine_clients, config.management_client].map(({ client_id, client_secret }) => ({
    client_id, client_secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    id_token_signed_response_alg: keys.alg,
  }));
}

// Applications of the Management API that sign people in.
function managedClients(applications, keys) {
  return applications.filter(({ type }) => type === 'Traditional').map(({ id, oidcClientMetadata: meta }) => ({
    client_id: id, client_secret: internalSecret, redirect_uris: meta.redirectUris, post_logout_redirect_uris: meta.postLogoutRedirectUris,
    grant_types: ['authorization_code', 'refresh_token'], response_types: meta.redirectUris.length ? ['code'] : [], token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: keys.alg,
    ...(meta.backchannelLogoutUri ? { backchannel_logout_uri: meta.backchannelLogoutUri, backchannel_logout_session_required: Boolean(meta.backchannelLogoutSessionRequired) } : {}),
  }));
}

function clients(config, keys, applications) {
  return [...machineClients(config, keys), ...managedClients(applications, keys), {
    client_id: config.client_id,
    ...(config.public_client ? {} : { client_secret: config.client_secret }),
    redirect_uris: config.redirect_uris,
    post_logout_redirect_uris: config.post_logout_redirect_uris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: config.public_client ? 'none' : 'client_secret_basic',
    id_token_signed_response_alg: keys.alg,
    ...(config.backchannel_logout_uri ? {
      backchannel_logout_uri: config.backchannel_logout_uri,
      backchannel_logout_session_required: config.backchannel_logout_session_required,
    } : {}),
  }];
}

function account(config, users, sub) {
  const user = users.find(sub);
  if (!user || user.suspended) return undefined;
  return {
    accountId: sub,
    async claims(use) {
      const claims = claimsOf(user);
      if (use === 'id_token') for (const name of userinfoOnlyClaims) if (!config.id_token_claims.includes(name)) delete claims[name];
      return claims;
    },
  };
}

// The engine's last question before it issues anything. A confidential client's refresh token stays the same until 70 % of its life is over; a public one's always changes.
function rotates(config, resources, ctx) {
  resources.judgeRefresh(ctx);
  if (config.rotate !== 'logto') return config.rotate === 'always';
  const { RefreshToken: token, Client: client } = ctx.oidc.entities;
  return client.clientAuthMethod === 'none' || token.ttlPercentagePassed() >= 70;
}

function alwaysIssues(config, applications, { clientId }) {
  const managed = applications.find(({ id }) => id === clientId);
  return managed ? managed.customClientMetadata.alwaysIssueRefreshToken === true : config.always_issue_refresh_token;
}

async function logoutSource(ctx, form) {
  ctx.body = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>Sign Out</title></head>
<body onload="document.getElementById('op.logoutForm').submit();">
  ${form}
  <input type="hidden" form="op.logoutForm" value="yes" name="logout" />
</body>
</html>
`;
}

export function createProvider({ config, users, storage, keys, resources, applications = [], middleware }) {
  const provider = new Provider(`${config.endpoint}/oidc`, {
    adapter: storage.adapter(),
    clients: clients(config, keys, applications),
    jwks: { keys: keys.ring },
    findAccount: (_ctx, sub) => account(config, users, sub),
    scopes: ['openid', 'offline_access', ...Object.keys(claimsByScope).slice(1), 'urn:logto:scope:sessions'],
    claims: claimsByScope,
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ['PS256', 'RS256', 'ES384'] },
    responseTypes: ['code id_token', 'code', 'id_token', 'none'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_jwt', 'client_secret_post', 'private_key_jwt', 'none'],
    extraParams,
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && (alwaysIssues(config, applications, client) || code.scopes.has('offline_access')),
    rotateRefreshToken: (ctx) => rotates(config, resources, ctx),
    extraTokenClaims: (ctx, token) => resources.extraClaims(ctx, token),
    ttl: { ...defaultTtl, ...config.ttl, AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? config.ttl.AccessToken ?? defaultTtl.AccessToken },
    cookies: {
      keys: ['development only'],
      names: { session: '_session', interaction: '_interaction', resume: '_interaction_resume' },
      short: { path: '/', signed: true, httpOnly: true, sameSite: 'lax' },
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    routes: {
      authorization: '/auth', token: '/token', userinfo: '/me', jwks: '/jwks', revocation: '/token/revocation',
      introspection: '/token/introspection', end_session: '/session/end', pushed_authorization_request: '/request',
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true, defaultResource: (_ctx, _client, oneOf) => oneOf, useGrantedResource: () => false,
        getResourceServerInfo: (ctx, indicator, client) => resources.info(ctx, indicator, client),
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true, logoutSource,
        postLogoutSuccessSource: async (ctx) => { ctx.body = signedOutPage(); },
      },
    },
    interactions: { url: (ctx, interaction) => signInLocation(ctx, interaction) },
    // Logto's answer in the browser is JSON too, whatever Accept says.
    renderError: async (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
    // The engine's own guard would refuse to post logout tokens to loopback: what Logto's OIDC_PROVIDER_SSRF_PROTECTION_DISABLED lifts.
    fetch: (url, options) => {
      if (!config.ssrf_protection) delete options.dispatcher;
      return fetch(url, options);
    },
  });
  provider.proxy = true;   // the endpoints in discovery follow Host and X-Forwarded-Proto; only the issuer is fixed
  for (const layer of middleware) provider.use(layer);
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider;
}
