// Connectors of the Management API. A used id is a 500 and no conflict, and configurations come back with their secrets in clear.
import { ApiError, guard, isAnyText, isBoolean, isObject, isText, newId, notFound } from './management_rules.mjs';

// Factory -> its target and what its configuration must have.
const factories = {
  'linkedin-universal': { target: 'linkedin', label: 'LinkedIn', needs: ['clientId', 'clientSecret'] },
  'patreon-universal': { target: 'patreon', label: 'Patreon', needs: ['clientId', 'clientSecret'] },
  'google-universal': { target: 'google', label: 'Google', needs: ['clientId', 'clientSecret'], storage: true },
  'github-universal': { target: 'github', label: 'GitHub', needs: ['clientId', 'clientSecret'], storage: true },
  'facebook-universal': { target: 'facebook', label: 'Facebook', needs: ['clientId', 'clientSecret'], storage: true },
  'simple-mail-transfer-protocol': { type: 'Email', label: 'SMTP', needs: ['host', 'fromEmail'] },
  'http-email': { type: 'Email', label: 'HTTP Email', needs: ['endpoint'] },
  'http-sms': { type: 'Sms', label: 'HTTP SMS', needs: ['endpoint'] },
  'wechat-web': { target: 'wechat', label: 'WeChat', needs: ['appId', 'appSecret'] },
  saml: { standard: true, needs: ['entityID', 'signInEndpoint', 'x509Certificate'] },
  oauth2: { standard: true, needs: ['authorizationEndpoint', 'tokenEndpoint', 'userInfoEndpoint', 'clientId', 'clientSecret'], storage: true },
  oidc: { standard: true, needs: ['authorizationEndpoint', 'tokenEndpoint', 'clientId', 'clientSecret'], storage: true },
};
const kinds = { id: isText, connectorId: isText, config: isObject, metadata: isObject, syncProfile: isBoolean, enableTokenStorage: isBoolean };

function checkedConfig(factory, config) {
  for (const name of factory.needs) if (!isText(config[name])) throw new ApiError(400, 'connector.invalid_config', 'The connector\'s config is invalid.');
  if (config.scope !== undefined && !isAnyText(config.scope)) throw new ApiError(400, 'connector.invalid_config', 'The connector\'s config is invalid.');
  return withoutEmpty(config);
}

// What is empty is dropped before it is kept.
function withoutEmpty(value) {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).map(([name, one]) => [name, withoutEmpty(one)]);
  return Object.fromEntries(kept.filter(([, one]) => one !== null && one !== '' && !(typeof one === 'object' && !Object.keys(one).length)));
}

export class Connectors {
  constructor(management) {
    this.management = management;
    this.list = [];
  }

  all() { return this.list.map((one) => this.shown(one)); }
  target(one) { return factories[one.connectorId].target ?? one.metadata.target; }
  #isSocial(one) { return !factories[one.connectorId].type; }

  shown(one) {
    const { label, type = 'Social' } = factories[one.connectorId];
    if (type !== 'Social') return { ...one, name: { en: label }, logo: 'data:,', logoDark: null, type };
    return { ...one, target: this.target(one), name: one.metadata.name ?? { en: label }, logo: one.metadata.logo ?? 'data:,', logoDark: null, platform: 'Universal', type: 'Social' };
  }

  route(method, { id, body, query }) {
    if (!id) {
      if (method === 'POST') return this.#create(body);
      const target = query.get('target');
      return { status: 200, body: this.all().filter((one) => !target || one.target === target) };
    }
    const one = this.list.find((entry) => entry.id === id);
    if (!one) throw notFound();
    if (method === 'PATCH') return this.#change(one, body);
    if (method === 'DELETE') return this.#remove(one);
    return { status: 200, body: this.shown(one) };
  }

  #create(body) {
    guard(body, kinds, ['connectorId']);
    const factory = factories[body.connectorId];
    if (!factory) throw new ApiError(422, 'connector.not_found_with_connector_id', 'Can not found connector with given standard connector id.');
    if (body.metadata && !factory.standard) throw new ApiError(400, 'connector.cannot_overwrite_metadata_for_non_standard_connector', 'This connector\'s "metadata" cannot be overwritten.');
    if (!factory.standard && this.list.some(({ connectorId }) => connectorId === body.connectorId)) throw new ApiError(422, 'connector.multiple_instances_not_supported', 'Cannot create multiple instance with picked standard connector.');
    if (body.enableTokenStorage && !factory.storage) throw new ApiError(422, 'connector.token_storage_not_supported', 'Token storage is not supported.');
    const one = {
      id: body.id ?? newId(12), connectorId: body.connectorId, config: checkedConfig(factory, body.config ?? {}), metadata: withoutEmpty(body.metadata ?? {}), syncProfile: body.syncProfile ?? false,
      enableTokenStorage: body.enableTokenStorage ?? false,
    };
    if (factory.standard && !isText(one.metadata.target)) throw new ApiError(400, 'connector.should_specify_target', 'You should specify "target".');
    if (this.#isSocial(one) && this.list.some((other) => this.target(other) === this.target(one))) throw new ApiError(422, 'connector.multiple_target_with_same_platform', 'You can not have multiple social connectors that have same target and platform.');
    if (this.list.some(({ id }) => id === one.id)) throw new ApiError(500, 'general', 'Internal server error.');
    // One for e-mail and one for SMS: another takes the first away.
    if (!this.#isSocial(one)) this.list = this.list.filter((other) => factories[other.connectorId].type !== factory.type);
    this.list.push(one);
    return { status: 200, body: this.shown(one) };
  }

  #change(one, body) {
    guard(body, kinds);
    if (body.id !== undefined || body.connectorId !== undefined) throw new ApiError(400, 'guard.invalid_input', 'The request body is invalid.');
    const factory = factories[one.connectorId];
    if (body.metadata && !factory.standard) throw new ApiError(400, 'connector.cannot_overwrite_metadata_for_non_standard_connector', 'This connector\'s "metadata" cannot be overwritten.');
    if (body.metadata && body.metadata.target !== one.metadata.target) throw new ApiError(400, 'connector.can_not_modify_target', 'The connector "target" cannot be modified.');
    if (body.enableTokenStorage && !factory.storage) throw new ApiError(422, 'connector.token_storage_not_supported', 'Token storage is not supported.');
    Object.assign(one, body, body.config ? { config: checkedConfig(factory, body.config) } : {});
    return { status: 200, body: this.shown(one) };
  }

  // Its button goes with it.
  #remove(one) {
    this.list = this.list.filter((entry) => entry !== one);
    this.management.experience.forget(this.target(one));
    return { status: 204 };
  }
}
