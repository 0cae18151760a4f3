// API resources with their scopes, roles with theirs, and webhooks of the Management API.
import { ApiError, guard, isAnyText, isBoolean, isCount, isObject, isText, isTexts, isUrl, newId, notFound, page } from './management_rules.mjs';

class List {
  constructor(management) {
    this.management = management;
    this.list = [];
  }

  find(id) {
    const one = this.list.find((entry) => entry.id === id);
    if (!one) throw notFound();
    return one;
  }

  remove(id) {
    this.list = this.list.filter((entry) => entry !== this.find(id));
    return { status: 204 };
  }
}

export class Resources extends List {
  shown({ scopes, ...rest }, withScopes = true) { return withScopes ? { ...rest, scopes } : rest; }

  // A relative indicator is taken, and can never be asked for.
  route(method, { id, part, name, body, query }) {
    if (part === 'scopes') return method === 'DELETE' ? this.#removeScope(this.find(id), name) : this.#scopes(method, this.find(id), body, query);
    if (method === 'POST' && !id) return this.#create(body);
    if (method === 'PATCH') return { status: 200, body: this.shown(Object.assign(this.find(id), guard(body, { name: isText, accessTokenTtl: isCount })), false) };
    if (method === 'DELETE') return this.remove(id);
    return id ? { status: 200, body: this.shown(this.find(id), false) } : page(this.list.map((one) => this.shown(one, query.get('includeScopes') !== null)), query);
  }

  #create(body) {
    guard(body, { name: isText, indicator: isText, accessTokenTtl: isCount, isDefault: isBoolean }, ['name', 'indicator']);
    if (this.list.some(({ indicator }) => indicator === body.indicator)) throw new ApiError(422, 'resource.resource_identifier_in_use', `The API identifier ${body.indicator} is already in use.`);
    const one = { tenantId: 'default', id: newId(), name: body.name, indicator: body.indicator, accessTokenTtl: body.accessTokenTtl ?? 3600, isDefault: false, scopes: [] };
    this.list.push(one);
    return { status: 201, body: one };
  }

  #scopes(method, resource, body, query) {
    if (method === 'GET') return page(resource.scopes, query);
    guard(body, { name: isText, description: isAnyText }, ['name']);
    if (/\s/.test(body.name)) throw new ApiError(400, 'scope.name_with_space', 'The name of the scope can not contain any spaces.');
    if (resource.scopes.some(({ name }) => name === body.name)) throw new ApiError(422, 'scope.name_exists', `The scope name ${body.name} is already in use.`);
    const scope = { tenantId: 'default', id: newId(), resourceId: resource.id, name: body.name, description: body.description ?? null, createdAt: Date.now() };
    resource.scopes.push(scope);
    return { status: 201, body: scope };
  }

  // Roles lose it too.
  #removeScope(resource, id) {
    if (!resource.scopes.some((scope) => scope.id === id)) throw notFound();
    resource.scopes = resource.scopes.filter((scope) => scope.id !== id);
    for (const role of this.management.roles.list) role.scopeIds = role.scopeIds.filter((one) => one !== id);
    return { status: 204 };
  }

  knowsScope(id) { return this.list.some(({ scopes }) => scopes.some((scope) => scope.id === id)); }
  scope(id) { return this.list.flatMap(({ scopes }) => scopes).find((scope) => scope.id === id); }
}

export class Roles extends List {
  route(method, { id, part, body, query }) {
    if (part === 'scopes') return this.#scopes(method, this.find(id), body, query);
    if (method === 'POST' && !id) return this.#create(body);
    if (method === 'PATCH') return { status: 200, body: this.#shown(Object.assign(this.find(id), guard(body, { name: isText, description: isText, isDefault: isBoolean }))) };
    if (method === 'DELETE') return this.remove(id);
    const wanted = query.get('type');
    return id ? { status: 200, body: this.#shown(this.find(id)) } : page(this.list.filter(({ type }) => !wanted || type === wanted).map((one) => this.#shown(one)), query);
  }

  #shown({ scopeIds: _, ...rest }) { return { ...rest, usersCount: 0, featuredUsers: [], applicationsCount: 0, featuredApplications: [] }; }

  #create(body) {
    guard(body, { name: isText, description: isText, type: (value) => ['User', 'MachineToMachine'].includes(value), isDefault: isBoolean, scopeIds: isTexts }, ['name', 'description']);
    if (this.list.some(({ name }) => name === body.name)) throw new ApiError(422, 'role.name_in_use', `This role name ${body.name} is already in use.`);
    this.#knows(body.scopeIds ?? []);
    const { scopeIds = [], ...rest } = body;
    const one = { tenantId: 'default', id: newId(), type: 'User', isDefault: false, ...rest, scopeIds };
    this.list.push(one);
    return { status: 200, body: this.#shown(one) };
  }

  #scopes(method, role, body, query) {
    if (method === 'GET') return page(role.scopeIds.map((id) => this.management.resources.scope(id)).filter(Boolean), query);
    guard(body, { scopeIds: isTexts }, ['scopeIds']);
    this.#knows(body.scopeIds);
    if (body.scopeIds.some((id) => role.scopeIds.includes(id))) throw new ApiError(422, 'role.scope_exists', 'The scope id has already been added to this role.');
    role.scopeIds.push(...body.scopeIds);
    return { status: 201, body: role.scopeIds };
  }

  #knows(ids) {
    for (const id of ids) if (!this.management.resources.knowsScope(id)) throw new ApiError(404, 'entity.not_exists_with_id', 'The scopes do not exist.');
  }
}

// The organizations' template: scopes and roles that are the same in each of them.
export class OrganizationScopes extends List {
  route(method, { id, body, query }) {
    if (method === 'POST' && !id) return this.#create(body);
    if (method === 'PATCH') return { status: 200, body: Object.assign(this.find(id), guard(body, { name: isText, description: isAnyText })) };
    if (method === 'DELETE') return this.remove(id);
    return id ? { status: 200, body: this.find(id) } : page(this.list, query);
  }

  #create(body) {
    guard(body, { name: isText, description: isAnyText }, ['name']);
    if (this.list.some(({ name }) => name === body.name)) throw new ApiError(422, 'entity.duplicate_value_of_unique_field', 'The value of the unique field name is already in use.');
    const one = { tenantId: 'default', id: newId(), name: body.name, description: body.description ?? null };
    this.list.push(one);
    return { status: 201, body: one };
  }
}

export class OrganizationRoles extends List {
  route(method, { id, part, body, query }) {
    if (part === 'scopes') return this.#scopes(method, this.find(id), body, query);
    if (method === 'POST' && !id) return this.#create(body);
    if (method === 'PATCH') return { status: 200, body: this.#bare(Object.assign(this.find(id), guard(body, { name: isText, description: isAnyText }))) };
    if (method === 'DELETE') return this.remove(id);
    return id ? { status: 200, body: this.#bare(this.find(id)) } : page(this.list.map((one) => this.#shown(one)), query);
  }

  #bare({ scopeIds: _, ...rest }) { return rest; }
  #shown(one) {
    const scopes = one.scopeIds.map((id) => this.management.organizationScopes.list.find((scope) => scope.id === id)).filter(Boolean).map(({ id, name }) => ({ id, name }));
    return { ...this.#bare(one), scopes, resourceScopes: [] };
  }

  #create(body) {
    guard(body, { name: isText, description: isAnyText, type: (value) => ['User', 'MachineToMachine'].includes(value), organizationScopeIds: isTexts, resourceScopeIds: isTexts }, ['name']);
    if (this.list.some(({ name }) => name === body.name)) throw new ApiError(422, 'entity.duplicate_value_of_unique_field', 'The value of the unique field name is already in use.');
    const one = { tenantId: 'default', id: newId(), name: body.name, description: body.description ?? null, type: body.type ?? 'User', scopeIds: body.organizationScopeIds ?? [] };
    this.list.push(one);
    return { status: 201, body: this.#bare(one) };
  }

  #scopes(method, role, body, query) {
    if (method === 'GET') return page(this.#shown(role).scopes, query);
    guard(body, { organizationScopeIds: isTexts }, ['organizationScopeIds']);
    for (const id of body.organizationScopeIds) this.management.organizationScopes.find(id);
    if (body.organizationScopeIds.some((id) => role.scopeIds.includes(id))) throw new ApiError(422, 'entity.relation_foreign_key_not_found', 'The relation is already there.');
    role.scopeIds.push(...body.organizationScopeIds);
    return { status: 201 };
  }
}

const hookKinds = { name: isAnyText, events: isTexts, event: isText, config: isObject, enabled: isBoolean };

export class Hooks extends List {
  // The same name and address once more is another hook.
  route(method, { id, part, body, query }) {
    if (part === 'test') return this.#test(this.find(id), body);
    if (method === 'POST') return this.#create(body);
    if (method === 'PATCH') return { status: 200, body: Object.assign(this.find(id), guard(body, hookKinds)) };
    if (method === 'DELETE') return this.remove(id);
    return id ? { status: 200, body: this.find(id) } : page(this.list, query);
  }

  #create(body) {
    guard(body, hookKinds, ['config']);
    if (!isUrl(body.config.url)) throw new ApiError(400, 'guard.invalid_input', 'The request body is invalid. config.url');
    const one = { tenantId: 'default', id: newId(), name: body.name ?? '', event: null, events: body.events ?? [], config: body.config, signingKey: newId(32), enabled: body.enabled ?? true, createdAt: Date.now() };
    this.list.push(one);
    return { status: 201, body: one };
  }

  async #test(hook, body) {
    guard(body, { events: isTexts, event: isText, config: isObject }, ['config']);
    const answer = await this.management.webhook({ uri: body.config.url, key: hook.signingKey, event: body.events?.[0] ?? 'User.Deleted' });
    if (answer.error) throw new ApiError(422, 'hook.send_test_payload_failed', `Failed to send test payload: fetch failed`);
    if (answer.status >= 300) throw new ApiError(422, 'hook.endpoint_responded_with_error', 'Endpoint responded with error', { responseStatus: answer.status, responseBody: answer.body });
    return { status: 204 };
  }
}
