// API resources, organization tokens and machine-to-machine clients, as Logto adds them to the engine (recorded: Tokens).
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { errors } from 'oidc-provider';
import { resourcesIn } from './audience.mjs';
import { jws } from './jose.mjs';
import { managementAudience } from './management_rules.mjs';

const things = 'https://things.example.test/api';
const organizationsResource = 'urn:logto:resource:organizations', organizationsScope = 'urn:logto:scope:organizations';

// What the settings `resources`, `organization_scopes` and `machine_clients` hold unless they are given.
export const defaultResources = {
  [things]: { ttl: 600, scopes: { editor: ['read:things', 'write:things'], admin: ['read:things', 'write:things', 'delete:things'] } },
};
export const defaultOrganizationScopes = { owner: ['invite:member'] };
export const defaultMachineClients = [{ client_id: 'machine', client_secret: 'machine-secret', resources: { [things]: ['read:things'] } }];

class Refused extends errors.OIDCProviderError {
  constructor(status, error, description, scope) {
    super(status, error);
    Object.assign(this, { error_description: description, ...(scope ? { scope } : {}) });
  }
}

const unique = (lists) => [...new Set(lists.flat())];

// The engine knows repeated indicators only.
export function splitResources(params) {
  const all = resourcesIn(params);
  params.delete('resource');
  for (const one of all) params.append('resource', one);
}

export class Resources {
  constructor({ config, users, keys, management }) { Object.assign(this, { config, users, keys, management }); }

  // The engine's `features.resourceIndicators.getResourceServerInfo`.
  info(ctx, indicator, client) {
    if (indicator === organizationsResource) return this.#server(unique(Object.values(this.config.organization_scopes)));
    if (indicator === managementAudience) return this.#server(this.#managementScopes(client), indicator);
    const resource = Object.hasOwn(this.config.resources, indicator) ? this.config.resources[indicator] : this.#managed(indicator);
    if (!resource) throw new errors.InvalidTarget('resource indicator is missing, or unknown');
    const machine = this.config.machine_clients.find(({ client_id: id }) => id === client.clientId);
    if (machine) return this.#server(machine.resources?.[indicator] ?? [], indicator, resource.ttl);
    const user = this.users.find(ctx.oidc.entities.Account?.accountId);
    const roles = user ? [...user.roles, ...this.#organizationRoles(user, organizationIdOf(ctx))] : Object.keys(resource.scopes);
    return this.#server(unique(roles.map((role) => resource.scopes[role] ?? [])), indicator, resource.ttl);
  }

  // Without the role the token comes all the same, and opens nothing.
  #managementScopes({ clientId }) {
    const { client_id: id, has_role: hasRole } = this.config.management_client;
    return clientId === id && hasRole ? ['all'] : [];
  }

  // One that the Management API made: a scope for each role that has it.
  #managed(indicator) {
    const made = this.management?.resources.list.find((one) => one.indicator === indicator);
    if (!made) return undefined;
    const named = ({ scopeIds }) => made.scopes.filter(({ id }) => scopeIds.includes(id)).map(({ name }) => name);
    return { ttl: made.accessTokenTtl, scopes: Object.fromEntries(this.management.roles.list.map((role) => [role.name, named(role)])) };
  }

  #server(scopes, audience = organizationsResource, accessTokenTTL = 3600) {
    return { scope: scopes.join(' '), audience, accessTokenTTL, accessTokenFormat: 'jwt', jwt: { sign: { alg: this.keys.alg } } };
  }

  #organizationRoles(user, id) {
    return id ? user.organizationRoles.filter((role) => role.startsWith(`${id}:`)).map((role) => role.slice(id.length + 1)) : [];
  }

  extraClaims(ctx, token) {
    const id = organizationIdOf(ctx);
    return id && token.resourceServer ? { organization_id: id } : undefined;
  }

  // Called where the engine has found client, token and user good, and issued nothing yet.
  judgeRefresh(ctx) {
    const id = organizationIdOf(ctx);
    if (!id) return;
    const { RefreshToken: token, Account: account } = ctx.oidc.entities;
    if (!token.scopes.has(organizationsScope)) throw new Refused(403, 'insufficient_scope', 'refresh token missing required scope', organizationsScope);
    const user = this.users.find(account.accountId);
    if (!user.organizations.some((organization) => organization.id === id)) throw new Refused(403, 'access_denied', 'user is not a member of the organization');
  }

  // The innermost layer: with organization_id and no resource, the access token is for the organization.
  middleware() {
    return async (ctx, next) => {
      await next();
      const id = ctx.path === '/token' && ctx.status === 200 ? organizationIdOf(ctx) : undefined;
      if (!id || ctx.req.form.get('resource')) return;
      const { token, scope, expiresIn } = this.#organizationToken(ctx, id);
      Object.assign(ctx.body, { access_token: token, scope, expires_in: expiresIn });
    };
  }

  #organizationToken(ctx, id) {
    const { RefreshToken: refresh, Account: account, Client: client } = ctx.oidc.entities;
    const asked = ctx.req.form.get('scope')?.split(' ') ?? [...refresh.scopes];
    const roles = this.#organizationRoles(this.users.find(account.accountId), id);
    const allowed = refresh.resourceIndicators.has(organizationsResource) ? unique(roles.map((role) => this.config.organization_scopes[role] ?? [])) : [];
    const scope = asked.filter((one) => allowed.includes(one)).join(' '), iat = Math.floor(Date.now() / 1000), expiresIn = 3600;
    const claims = {
      jti: randomBytes(24).toString('base64url'), sub: account.accountId, iat, exp: iat + expiresIn, scope, client_id: client.clientId,
      iss: `${this.config.endpoint}/oidc`, aud: `urn:logto:organization:${id}`,
    };
    return { token: this.#signed(claims), scope, expiresIn };
  }

  #signed(claims) {
    const key = createPrivateKey({ key: this.keys.current, format: 'jwk' });
    const header = { alg: this.keys.alg, typ: 'at+jwt', kid: this.keys.current.kid };
    return jws(header, claims, (input) => sign(this.keys.alg === 'RS256' ? 'sha256' : 'sha384', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }));
  }
}

// Only a refresh hears of an organization; a code exchange ignores it.
function organizationIdOf(ctx) {
  return ctx.req.form?.get('grant_type') === 'refresh_token' ? ctx.req.form.get('organization_id') ?? undefined : undefined;
}
