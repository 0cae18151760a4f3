// Logto's Management API, as far as a tenant is provisioned by it: state in memory, answers and traps as recorded and as the facts say.
import { createPublicKey, verify } from 'node:crypto';
import { decodeJwt } from './jose.mjs';
import { readBody, sendJson, sendText } from './http_helpers.mjs';
import { Applications } from './management_applications.mjs';
import { Connectors } from './management_connectors.mjs';
import { SignInExperience } from './management_experience.mjs';
import { Hooks, OrganizationRoles, OrganizationScopes, Resources, Roles } from './management_lists.mjs';
import { ApiError, guard, invalid, isBoolean, isObject, isTexts, managementAudience, notFound } from './management_rules.mjs';

const extendedClaims = ['custom_data', 'identities', 'sso_identities', 'roles', 'organizations', 'organization_data', 'organization_roles'];

export class Management {
  // changed(): applications are others now. `webhook(hook, event)` posts a signed sample and answers { status, body } or { error }.
  constructor({ config, keys }, { changed, webhook }) {
    Object.assign(this, { config, keys, changed, webhook });
    this.reset();
  }

  reset() {
    this.failures = {};            // "POST /api/roles" -> { status, code }
    this.writesLeft = Infinity;    // from then on every change is 503, as if Logto or the way to it were gone
    this.writes = [];              // "PATCH /api/sign-in-exp", in their order
    this.applications = new Applications(this);
    this.connectors = new Connectors(this);
    this.experience = new SignInExperience(this);
    this.resources = new Resources(this);
    this.roles = new Roles(this);
    this.organizationScopes = new OrganizationScopes(this);
    this.organizationRoles = new OrganizationRoles(this);
    this.hooks = new Hooks(this);
    this.idTokenClaims = ['roles', 'organizations', 'organization_roles'];
    this.accountCenter = { tenantId: 'default', id: 'default', enabled: false, fields: {}, webauthnRelatedOrigins: [] };
  }

  // The control plane's key `management`: { fail: {...}, writes_left, set: { connectors: [...], ... }, forget_writes }. Answers what there is.
  steer({ fail, writes_left: left, call, forget_writes: forget } = {}) {
    if (fail !== undefined) this.failures = fail ?? {};
    if (left !== undefined) this.writesLeft = left ?? Infinity;
    if (forget) this.writes = [];
    const answers = (call ?? []).map(([method, path, body]) => this.#route(method, new URL(path, 'http://op.invalid'), body));
    return { ...this.state(), writes: this.writes, answers };
  }

  state() {
    return {
      applications: this.applications.all(), connectors: this.connectors.all(), sign_in_exp: this.experience.value, resources: this.resources.list.map((one) => this.resources.shown(one)),
      roles: this.roles.list, organization_scopes: this.organizationScopes.list, organization_roles: this.organizationRoles.list, hooks: this.hooks.list, id_token_claims: this.idTokenClaims, account_center: this.accountCenter,
    };
  }

  // Answers whether the request was for the Management API.
  async handle(req, res, url) {
    const isOthers = ['/api/.well-known/', '/api/my-account', '/api/oauth2/'].some((path) => url.pathname.startsWith(path));
    if (!url.pathname.startsWith('/api/') || isOthers) return false;
    try {
      this.#authorize(req);
      const text = await readBody(req, 1 << 20), operation = `${req.method} ${url.pathname}`;
      const body = this.#json(text);
      if (req.method !== 'GET') this.#count(operation);
      if (this.failures[operation]) throw new ApiError(this.failures[operation].status ?? 500, this.failures[operation].code ?? 'request.general', 'failed on purpose');
      const { status, body: answer, headers } = await this.#route(req.method, url, body);
      if (status === 204) res.writeHead(204).end();
      else if (answer === undefined) sendText(res, status, 'Created');
      else sendJson(res, status, answer, headers);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      sendJson(res, error.status, { message: error.message, code: error.code, ...(error.data ? { data: error.data } : {}) });
    }
    return true;
  }

  #json(text) {
    try { return text ? JSON.parse(text) : undefined; } catch { throw invalid('JSON is expected'); }
  }

  #count(operation) {
    if (this.writesLeft <= 0) throw new ApiError(503, 'request.general', 'away');
    this.writesLeft -= 1;
    this.writes.push(operation);
  }

  #authorize(req) {
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (!token) throw new ApiError(401, 'auth.authorization_header_missing', 'Authorization header is missing.');
    const claims = this.#verified(token);
    if (!claims || claims.aud !== managementAudience || claims.exp * 1000 < Date.now()) throw new ApiError(401, 'auth.unauthorized', 'Unauthorized. Please check credentials and its scope.');
    if (!(claims.scope ?? '').split(' ').includes('all')) throw new ApiError(403, 'auth.forbidden', 'Forbidden. Please check your user roles and permissions.');
  }

  #verified(token) {
    try {
      const { header, claims } = decodeJwt(token), [head, payload, signature] = token.split('.');
      const jwk = this.keys.ring.find(({ kid }) => kid === header.kid);
      const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
      return verify(header.alg === 'RS256' ? 'sha256' : 'sha384', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url')) ? claims : undefined;
    } catch { return undefined; }
  }

  #route(method, url, body) {
    const [, kind, id, part, name] = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const lists = { applications: this.applications, connectors: this.connectors, resources: this.resources, roles: this.roles, hooks: this.hooks, 'organization-scopes': this.organizationScopes, 'organization-roles': this.organizationRoles };
    if (lists[kind]) return lists[kind].route(method, { id, part, name, body, query: url.searchParams });
    if (kind === 'sign-in-exp') return this.experience.route(method, body);
    if (kind === 'configs' && id === 'id-token') return this.#idToken(method, body);
    if (kind === 'account-center') return this.#accountCenter(method, body);
    throw notFound();
  }

  #accountCenter(method, body) {
    if (method === 'PATCH') Object.assign(this.accountCenter, structuredClone(guard(body, { enabled: isBoolean, fields: isObject })));
    return { status: 200, body: this.accountCenter };
  }

  #idToken(method, body) {
    if (method === 'PUT') this.idTokenClaims = guard(body, { enabledExtendedClaims: (value) => isTexts(value) && value.every((one) => extendedClaims.includes(one)) }, ['enabledExtendedClaims']).enabledExtendedClaims;
    return { status: 200, body: { enabledExtendedClaims: this.idTokenClaims } };
  }
}
