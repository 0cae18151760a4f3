// Applications of the Management API, and their secrets.
import { ApiError, guard, invalid, isAnyText, isBoolean, isCount, isObject, isText, isTexts, isUrl, newId, notFound, page } from './management_rules.mjs';

const types = ['Native', 'SPA', 'Traditional', 'MachineToMachine', 'Protected'];
const customNames = ['corsAllowedOrigins', 'idTokenTtl', 'refreshTokenTtl', 'refreshTokenTtlInDays', 'alwaysIssueRefreshToken', 'rotateRefreshToken', 'allowTokenExchange', 'maxAllowedGrants'];

// http and https of a web application; no dot segments. A fragment is let pass, and so is the same one twice.
const isRedirectUri = (text) => isUrl(text) && /^https?:$/.test(new URL(text).protocol) && !/\/\.{1,2}(\/|$)/.test(text);

function oidcMetadata(given) {
  const { redirectUris, postLogoutRedirectUris, backchannelLogoutUri, backchannelLogoutSessionRequired, ...rest } = given;
  if (!isTexts(redirectUris) || !redirectUris.every(isRedirectUri)) throw invalid('redirectUris');
  if (!isTexts(postLogoutRedirectUris) || !postLogoutRedirectUris.every(isUrl)) throw invalid('postLogoutRedirectUris');
  if (backchannelLogoutUri !== undefined && !isUrl(backchannelLogoutUri)) throw invalid('backchannelLogoutUri');
  if (Object.keys(rest).some((name) => name !== 'logoUri')) return oidcMetadata({ redirectUris, postLogoutRedirectUris, backchannelLogoutUri, backchannelLogoutSessionRequired });
  return JSON.parse(JSON.stringify(given));
}

// Names that Logto does not know are dropped without a word.
function customMetadata(given) {
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => customNames.includes(name)));
  for (const name of ['idTokenTtl', 'refreshTokenTtl', 'refreshTokenTtlInDays']) if (known[name] !== undefined && !isCount(known[name])) throw invalid(name);
  if (known.refreshTokenTtlInDays > 180) throw invalid('refreshTokenTtlInDays');
  return known;
}

const kinds = {
  name: isText, description: (value) => value === null || isAnyText(value), type: (value) => types.includes(value), oidcClientMetadata: isObject, customClientMetadata: isObject,
  customData: isObject, isThirdParty: isBoolean, appLevelAccessControlEnabled: isBoolean,
};

export class Applications {
  constructor(management) {
    this.management = management;
    this.list = [];
  }

  all() { return this.list.map(({ app }) => app); }
  // 1.37 knows no access control of applications.
  #isOld() { return this.management.config.logto_version.startsWith('1.37'); }
  // For the token endpoint: the values that are taken for this application, or undefined where it is none of these.
  secretsOf(id) { return this.#entry(id)?.secrets; }
  #entry(id) { return this.list.find(({ app }) => app.id === id); }

  route(method, { id, part, name, body, query }) {
    if (!id) return method === 'POST' ? this.#create(body) : page(this.#found(query), query);
    const entry = this.#entry(id);
    if (!entry) throw notFound();
    if (part === 'secrets') return this.#secrets(method, entry, name, body);
    if (part === 'access-control' && this.#isOld()) throw notFound();
    if (part === 'access-control') return this.#accessControl(method, entry, body);
    if (method === 'PATCH') return this.#change(entry, body);
    if (method === 'DELETE') return this.#remove(entry);
    return { status: 200, body: entry.app };
  }

  #found(query) {
    const wanted = query.getAll('types').flatMap((text) => text.split(','));
    return this.all().filter(({ type }) => !wanted.length || wanted.includes(type));
  }

  #create(body) {
    guard(body, kinds, ['name', 'type']);
    const app = {
      tenantId: 'default', id: newId(), name: body.name, description: body.description ?? null, type: body.type,
      oidcClientMetadata: oidcMetadata(body.oidcClientMetadata ?? { redirectUris: [], postLogoutRedirectUris: [] }), customClientMetadata: customMetadata(body.customClientMetadata ?? {}),
      protectedAppMetadata: null, customData: body.customData ?? {}, isThirdParty: false, ...(this.#isOld() ? {} : { appLevelAccessControlEnabled: false }), createdAt: Date.now(),
    };
    const secret = { tenantId: 'default', applicationId: app.id, name: 'Default secret', value: newId(32), createdAt: Date.now(), expiresAt: null };
    this.list.push({ app, secrets: [secret], access: { userIds: [], userRoleIds: [], organizationIds: [], organizationRoleRules: [] } });
    this.management.changed();
    return { status: 200, body: this.#isOld() ? { ...app, secret: `#internal:${newId(24)}` } : app };
  }

  // Each field that is named is replaced whole.
  #change(entry, body) {
    guard(body, kinds);
    if (body.appLevelAccessControlEnabled && !Object.values(entry.access).flat().length) throw new ApiError(422, 'request.invalid_input', 'Input is invalid.');
    Object.assign(entry.app, body, {
      ...(body.oidcClientMetadata ? { oidcClientMetadata: oidcMetadata(body.oidcClientMetadata) } : {}),
      ...(body.customClientMetadata ? { customClientMetadata: customMetadata(body.customClientMetadata) } : {}),
    });
    this.management.changed();
    return { status: 200, body: entry.app };
  }

  #remove(entry) {
    this.list = this.list.filter((one) => one !== entry);
    this.management.changed();
    return { status: 204 };
  }

  #secrets(method, entry, name, body) {
    if (method === 'GET') return { status: 200, body: entry.secrets };
    if (method === 'DELETE') { entry.secrets = entry.secrets.filter((one) => one.name !== name); return { status: 204 }; }
    guard(body, { name: isText, expiresAt: isCount }, ['name']);
    if (entry.secrets.some((one) => one.name === body.name)) throw new ApiError(422, 'application.secret_name_exists', 'Secret name already exists.');
    const secret = { tenantId: 'default', applicationId: entry.app.id, name: body.name, value: newId(32), createdAt: Date.now(), expiresAt: body.expiresAt ?? null };
    entry.secrets.push(secret);
    return { status: 201, body: secret };
  }

  #accessControl(method, entry, body) {
    if (method === 'PUT') Object.assign(entry.access, guard(body, { userIds: isTexts, userRoleIds: isTexts, organizationIds: isTexts, organizationRoleRules: Array.isArray }));
    return { status: 200, body: entry.access };
  }
}
