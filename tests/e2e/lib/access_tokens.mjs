// The access tokens of EvilOp: opaque ones, those of APIs and organizations, those of machines, and what introspection says of them.
// As recorded of Logto 1.42; the scopes of `op.apis` and `op.organizationScopes` are by role.
import { randomBytes } from 'node:crypto';
import { jws } from '../../op/jose.mjs';
import { resourcesIn } from '../../op/audience.mjs';

export const THINGS = 'https://things.example.test/api';
export const ORGANIZATIONS = 'urn:logto:resource:organizations';
const organizationsScope = 'urn:logto:scope:organizations', organizationRolesScope = 'urn:logto:scope:organization_roles';

const words = (text) => (text ?? '').split(' ').filter(Boolean);
const unique = (lists) => [...new Set(lists.flat())];
const randomToken = () => randomBytes(24).toString('base64url');

export class AccessTokens {
  opaque = new Map(); // token -> { grant, scope, clientId, iat, exp, ended }

  constructor(op) { this.op = op; }

  known(resources) { return resources.every((one) => one === ORGANIZATIONS || Object.hasOwn(this.op.apis, one)); }

  // Whether a resource is asked for that the sign-in did not ask for.
  unauthorized(params, grant) {
    const asked = resourcesIn(params);
    return asked.length > 1 || asked.some((one) => !grant.resources?.includes(one));
  }

  // The name of an error in TOKEN_ERRORS, or null.
  refusal(params, grant, user) {
    const id = params.get('organization_id');
    if (id && !words(grant.scope).includes(organizationsScope)) return 'insufficient_scope';
    if (id && !user.organizations?.includes(id)) return 'not_a_member';
    if (this.unauthorized(params, grant)) return 'invalid_target';
    return this.op.strictScopes && this.notGranted(params, grant, user).length ? 'invalid_scope' : null;
  }

  // Scopes asked for that the grant does not have: those that were not asked for at the sign-in, and of resources those that no
  // role of the person gives.
  notGranted(params, grant, user) {
    const ofResources = unique((grant.resources ?? []).map((one) => this.#apiScopes(one, user, params.get('organization_id'))));
    const ofOrganizations = unique(Object.values(this.op.organizationScopes));
    const may = new Set([...this.op.discovery().scopes_supported, ...ofResources, ...ofOrganizations]);
    return words(params.get('scope')).filter((one) => !words(grant.scope).includes(one) || !may.has(one));
  }

  // The organizations of a user are told only to those who ask for them.
  idClaims({ user, scope }) {
    const { organizations, organization_roles: roles, ...claims } = user, asked = words(scope);
    return {
      ...claims,
      ...(organizations !== undefined && asked.includes(organizationsScope) ? { organizations } : {}),
      ...(roles !== undefined && asked.includes(organizationRolesScope) ? { organization_roles: roles } : {}),
    };
  }

  // { token, scope, lifetimeS } for one answer of the token endpoint. `grant` is the object that ends; `context` has the user of now.
  issue(params, context, grant) {
    const { user, scope: granted, refresh } = context, [resource] = resourcesIn(params);
    const id = refresh ? params.get('organization_id') : null, asked = words(params.get('scope') ?? granted);
    if (!resource && !id) return { token: this.#opaque(grant, granted, this.op.clientId, this.op.tokenLifetimeS), scope: granted, lifetimeS: this.op.tokenLifetimeS };
    const allowed = resource ? this.#apiScopes(resource, user, id) : this.#organizationScopes(user, id, grant);
    const scope = asked.filter((one) => allowed.includes(one)).join(' ');
    const lifetimeS = (resource && this.op.apis[resource]?.ttl) || this.op.tokenLifetimeS;
    const token = this.mint({
      sub: context.sub, aud: resource ?? `urn:logto:organization:${id}`, scope, ttl: lifetimeS, claims: resource && id ? { organization_id: id } : {}, context,
    });
    return { token, scope, lifetimeS };
  }

  #apiScopes(resource, { roles = [], organization_roles: organizationRoles = [] }, id) {
    const scopes = this.op.apis[resource]?.scopes ?? {};
    return unique([...roles, ...rolesIn(organizationRoles, id)].map((role) => scopes[role] ?? []));
  }

  #organizationScopes({ organization_roles: roles = [] }, id, grant) {
    return grant.resources?.includes(ORGANIZATIONS) ? unique(rolesIn(roles, id).map((role) => this.op.organizationScopes[role] ?? [])) : [];
  }

  // The answer to client_credentials, or null for a resource that the machine may not have.
  forMachine(params, clientId) {
    const [resource] = resourcesIn(params), machine = this.op.machines.find((one) => one.clientId === clientId);
    if (!resource) return this.#reply(this.issueOpaque({ sub: undefined, clientId, scope: '' }), '', this.op.tokenLifetimeS);
    if (!Object.hasOwn(this.op.apis, resource)) return null;
    const scope = words(params.get('scope')).filter((one) => machine?.scopes?.[resource]?.includes(one)).join(' ');
    const ttl = this.op.apis[resource].ttl ?? this.op.tokenLifetimeS;
    return this.#reply(this.mint({ sub: clientId, clientId, aud: resource, scope, ttl }), scope, ttl);
  }

  #reply(token, scope, lifetimeS) { return { access_token: token, token_type: 'Bearer', expires_in: lifetimeS, scope }; }

  // An at+jwt, through the hooks. `claims` and `header` replace fields (undefined removes one); `key` signs instead of the provider's.
  mint({ sub = this.op.user.sub, aud = THINGS, scope = '', clientId = this.op.clientId, ttl = this.op.tokenLifetimeS, claims: change = {}, header: headerChange = {}, key = this.op.key, context = {} } = {}) {
    const iat = this.op.nowS(), { twist } = this.op;
    const twisted = (name, value) => twist[name]?.call(this.op, value, context) ?? value;
    const claims = twisted('accessClaims', { jti: randomToken(), sub, iat, exp: iat + ttl, scope, client_id: clientId, iss: this.op.issuer, aud, ...change });
    const header = twisted('accessHeader', { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...headerChange });
    const honest = () => jws(header, claims, (input) => key.sign(Buffer.from(input)));
    const token = twist.accessToken ? twist.accessToken.call(this.op, { header, claims, honest, ...context }) : honest();
    this.op.secrets.push(token);
    return token;
  }

  // An opaque token of a user (or of a machine: sub undefined and a clientId).
  issueOpaque({ user = this.op.user, scope = 'openid profile email roles', clientId = this.op.clientId, ttl = this.op.tokenLifetimeS, ...given } = {}) {
    const sub = 'sub' in given ? given.sub : user.sub;
    if (sub !== undefined && !this.op.userOf(sub)) this.op.people.set(sub, user);
    const token = this.#opaque({ sub, user, scope }, scope, clientId, ttl);
    this.op.secrets.push(token);
    return token;
  }

  #opaque(grant, scope, clientId, ttl) {
    const token = randomToken(), iat = this.op.nowS();
    this.opaque.set(token, { grant, scope, clientId, iat, exp: iat + ttl, ended: false });
    return token;
  }

  end(token) {
    const entry = this.opaque.get(token);
    if (entry) entry.ended = true;
  }

  grantOf(token) {
    const entry = this.opaque.get(token);
    return entry && !entry.ended && !entry.grant.ended ? entry.grant : undefined;
  }

  introspect(token) {
    const grant = this.grantOf(token), entry = this.opaque.get(token);
    if (!grant || entry.exp <= this.op.nowS() || this.op.revoked.has(grant.sub)) return { active: false };
    return {
      active: true, sub: grant.sub, client_id: entry.clientId, exp: entry.exp, iat: entry.iat, ...(this.op.sessionIds ? { sid: grant.sid } : {}),
      iss: this.op.issuer, scope: entry.scope || undefined, token_type: 'Bearer',
    };
  }
}

// The names of the roles in one organization: Logto writes ID:NAME.
function rolesIn(organizationRoles, id) {
  return id ? organizationRoles.filter((one) => one.startsWith(`${id}:`)).map((one) => one.slice(id.length + 1)) : [];
}
