// `logto-proxy provision`: a tenant becomes what the configuration says, whatever it was, wherever a run is interrupted, and nothing of
// somebody else's is lost. The development provider answers as Logto does, with its traps.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { DevelopmentOp } from './lib/op.mjs';
import { Proxy, freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';

const ORIGIN = 'http://127.0.0.1:8080';
const things = 'https://things.example.test/api';
const SECRETS = ['linkedin-secret-value', 'patreon-secret-value', 'management-secret'];

async function provider(t, config = {}) {
  const op = await DevelopmentOp.start(config);
  t.after(() => op.stop());
  return op;
}

// A configuration with everything that provision knows, below a folder of its own.
function wantedOf(op, change = {}) {
  const folder = temporaryFolder();
  const config = {
    external_urls: [ORIGIN], listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' }, session: { secret: freshSecret() },
    logto: { endpoint: op.endpoint, app_id_file: `${folder}/app-id`, app_secret_file: `${folder}/app-secret`, webhook_secret_file: `${folder}/webhook-key` },
    upstreams: { app: 'http://127.0.0.1:9' },
    routes: [
      { path: '/admin/*', upstream: 'app', require: { roles: ['admin'] }, sign_in: { with: 'social:linkedin' } },
      { path: '/*', upstream: 'app', token: { resource: things, scopes: ['read:things'] } },
    ],
    ...change,
    provision: {
      management: { app_id: 'management', app_secret: 'management-secret' },
      application: { name: 'intranet', refresh_token_ttl: '30d', roles: ['staff'] },
      connectors: {
        linkedin: { client_id: 'linkedin-client', client_secret: SECRETS[0] },
        patreon: { client_id: 'patreon-client', client_secret: SECRETS[1], scope: 'identity identity[email]' },
      },
      sign_in: { social: ['patreon', 'linkedin'], primary_color: '#0a66c2', language: 'ja', pwned_passwords: false, password_min_length: 12, password_character_types: 2, simple_passwords: false },
      resources: { [things]: { name: 'Things', access_token_ttl: '15m', scopes: ['write:things'] } },
      roles: { editor: { description: 'may write', scopes: ['read:things', 'write:things'] } },
      id_token_claims: ['identities'],
      ...change.provision,
    },
  };
  return { folder, config, file: writeConfig(config), read: (name) => fs.readFileSync(path.join(folder, name), 'utf8').trim() };
}

const provision = (wanted, ...options) => run(['provision', ...options, wanted.file]);
const state = async (op, body = {}) => (await op.control({ management: body })).management;

function noSecretIn(...outputs) {
  for (const { stdout, stderr } of outputs) for (const secret of SECRETS) assert.ok(!(stdout + stderr).includes(secret), 'a secret was shown');
}

// What the tenant must be like for the configuration above.
function assertWanted(found, wanted, hasAccessControl = true) {
  const app = found.applications.find(({ id }) => id === wanted.read('app-id'));
  assert.equal(app.name, 'intranet');
  assert.equal(app.type, 'Traditional');
  assert.ok(app.oidcClientMetadata.redirectUris.includes(`${ORIGIN}/_auth/callback`));
  assert.ok(app.oidcClientMetadata.postLogoutRedirectUris.includes(`${ORIGIN}/_auth/signed-out`));
  assert.equal(app.oidcClientMetadata.backchannelLogoutUri, `${ORIGIN}/_auth/backchannel-logout`);
  assert.equal(app.oidcClientMetadata.backchannelLogoutSessionRequired, true);
  assert.equal(app.customClientMetadata.alwaysIssueRefreshToken, true);
  assert.equal(app.customClientMetadata.refreshTokenTtlInDays, 30);
  assert.equal(app.appLevelAccessControlEnabled, hasAccessControl || undefined);
  const connector = (target) => found.connectors.find((one) => one.target === target);
  assert.equal(connector('linkedin').config.clientId, 'linkedin-client');
  assert.equal(connector('patreon').config.scope, 'identity identity[email]');
  const { socialSignInConnectorTargets: buttons, color, languageInfo, passwordPolicy, socialSignIn, unknownSessionRedirectUrl } = found.sign_in_exp;
  assert.deepEqual(buttons.slice(0, 2), ['patreon', 'linkedin']);
  assert.equal(color.primaryColor, '#0a66c2');
  assert.equal(languageInfo.fallbackLanguage, 'ja');
  assert.deepEqual(passwordPolicy, { length: { min: 12 }, characterTypes: { min: 2 }, rejects: { pwned: false, repetitionAndSequence: true, userInfo: true } });
  assert.equal(socialSignIn.skipRequiredIdentifiers, true);
  assert.ok(unknownSessionRedirectUrl);
  const [resource] = found.resources.filter(({ indicator }) => indicator === things);
  assert.equal(resource.accessTokenTtl, 900);
  const scopes = new Map(resource.scopes.map(({ name, id }) => [name, id]));
  const role = (name) => found.roles.find((one) => one.name === name);
  for (const name of ['admin', 'staff', 'editor']) assert.ok(role(name), name);
  for (const name of ['read:things', 'write:things']) assert.ok(role('editor').scopeIds.includes(scopes.get(name)), name);
  const hooks = found.hooks.filter(({ config }) => config.url === `${ORIGIN}/_auth/webhook`);
  assert.equal(hooks.length, 1, 'one webhook, for Logto tells each');
  assert.ok(hooks[0].events.includes('User.Deleted') && hooks[0].events.includes('User.SuspensionStatus.Updated') && hooks[0].enabled);
  assert.equal(wanted.read('webhook-key'), hooks[0].signingKey);
  assert.ok(found.id_token_claims.includes('identities') && found.id_token_claims.includes('roles'));
}

async function assertNothingToDo(op, wanted) {
  const before = (await state(op)).writes.length;
  const again = await provision(wanted, '--plan');
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.equal((await provision(wanted, '--yes')).code, 0);
  assert.equal((await state(op)).writes.length, before, 'a second run changed something');
}

describe('the organizations\' template', () => {
  const change = {
    routes: [
      { path: '/o/*', upstream: 'app', organization: 'from_path', require: { organization_roles: ['owner'] } },
      { path: '/invite/*', upstream: 'app', token: { organization: 'from_path', scopes: ['invite:member'] } },
    ],
    provision: { resources: { [things]: { scopes: ['read:things', 'write:things'] } }, organization_roles: { guest: { description: 'looks on', scopes: ['read:team', 'invite:member'] } }, application: { name: 'intranet' } },
  };
  const template = (found) => ({
    scopes: found.organization_scopes.map(({ name }) => name).sort(),
    roles: Object.fromEntries(found.organization_roles.map(({ name, description, scopeIds }) => [name, [description, scopeIds.map((id) => found.organization_scopes.find((one) => one.id === id).name).sort()]])),
  });

  test('roles of rules, scopes of tokens and what the file names are made, and go again; what was there stays', async (t) => {
    const op = await provider(t, {});
    const { organization_scopes: [theirs] } = await state(op, { call: [['POST', '/api/organization-scopes', { name: 'read:team', description: 'by hand' }], ['POST', '/api/organization-roles', { name: 'owner', description: 'by hand' }]] });
    const wanted = wantedOf(op, change);
    const plan = await provision(wanted, '--plan');
    assert.equal(plan.code, 2, plan.stdout + plan.stderr);
    assert.match(plan.stdout, /organization scope invite:member/);
    const done = await provision(wanted, '--yes');
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.deepEqual(template(await state(op)), { scopes: ['invite:member', 'read:team'], roles: { owner: ['by hand', []], guest: ['looks on', ['invite:member', 'read:team']] } });
    await assertNothingToDo(op, wanted);
    assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0);
    const after = await state(op);
    assert.deepEqual(template(after), { scopes: ['read:team'], roles: { owner: ['by hand', []] } });
    assert.equal(after.organization_scopes[0].id, theirs.id);
  });
});

test('without files for them, credentials are printed where that is asked for, and only then', async (t) => {
  const op = await provider(t);
  const wanted = wantedOf(op), config = JSON.parse(fs.readFileSync(wanted.file, 'utf8'));
  for (const name of ['app_id_file', 'app_secret_file', 'webhook_secret_file']) delete config.logto[name];
  Object.assign(config.logto, { app_id: 'none', app_secret: 'none', webhook_secret: 'none' });
  fs.writeFileSync(wanted.file, JSON.stringify(config));
  const refused = await provision(wanted, '--yes');
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /^logto\.app_id: the tenant has no application none: .*--print-secrets/);
  assert.deepEqual((await state(op)).writes, []);
  const plan = await provision(wanted, '--plan', '--json', '--print-secrets');
  assert.equal(plan.code, 2, plan.stderr);
  assert.ok(JSON.parse(plan.stdout).credentials.every(({ outcome, value }) => outcome === 'shown' && value === undefined));
  const { code, stdout, stderr } = await provision(wanted, '--yes', '--print-secrets');
  assert.equal(code, 0, stdout + stderr);
  const printed = (key) => new RegExp(`^${key}: (.+)$`, 'm').exec(stdout)?.[1];
  const { applications, hooks } = await state(op);
  const [app] = applications.filter(({ name }) => name === 'intranet');
  assert.equal(printed('logto.app_id'), app.id);
  assert.ok(printed('logto.app_secret')?.length > 10);
  assert.equal(printed('logto.webhook_secret'), hooks[0].signingKey);
  Object.assign(config.logto, { app_id: printed('logto.app_id'), app_secret: printed('logto.app_secret'), webhook_secret: printed('logto.webhook_secret') });
  fs.writeFileSync(wanted.file, JSON.stringify(config));
  await assertNothingToDo(op, wanted);
});

describe('credentials out of the database of a self-hosted Logto', () => {
  // In place of psql: says what it was asked, and a secret.
  function withPsql(script) {
    const folder = temporaryFolder();
    fs.writeFileSync(`${folder}/psql`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { env: { PATH: `${folder}:${process.env.PATH}` }, folder };
  }
  const client = { client_id: 'm-default', client_secret: 'secret-of-the-database', has_role: true };

  test('m-default is read, and its password is not shown to other users of the machine', async (t) => {
    const op = await provider(t, { management_client: client });
    const { env, folder } = withPsql(`echo "$@" > $(dirname "$0")/asked; echo "$PGPASSWORD $PGOPTIONS" > $(dirname "$0")/env; echo secret-of-the-database`);
    // The admin tenant under the name that browsers know, reached where a container knows it.
    const wanted = wantedOf(op, { provision: { management: { admin_endpoint: 'http://admin.invalid:3002', admin_connect_to: op.endpoint } } });
    const { code, stdout, stderr } = await run(['provision', '--yes', '--bootstrap-from-db', 'postgres://logto:p%40ss@db:5432/logto', wanted.file], { env });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stderr, /by Logto's own application m-default, read from its database/);
    assert.ok(!(stdout + stderr).includes('secret-of-the-database'));
    assertWanted(await state(op), wanted);
    assert.match(fs.readFileSync(`${folder}/asked`, 'utf8'), /--dbname postgres:\/\/logto@db:5432\/logto --command select /);
    assert.equal(fs.readFileSync(`${folder}/env`, 'utf8').trim(), 'p@ss -c default_transaction_read_only=on');
  });

  test('no psql, a database that is not there, one that is not Logto\'s, no admin endpoint', async (t) => {
    const op = await provider(t, { management_client: client });
    const wanted = wantedOf(op, { provision: { management: { admin_endpoint: op.endpoint } } });
    const bootstrap = (env, url = 'postgres://logto@db/logto', file = wanted.file) => run(['provision', '--yes', '--bootstrap-from-db', url, file], { env });
    assert.match((await bootstrap({ PATH: '/nowhere' })).stderr, /--bootstrap-from-db: psql is not there/);
    assert.match((await bootstrap(withPsql('echo no such host >&2; exit 2').env)).stderr, /no such host\n--bootstrap-from-db: psql could not read Logto's database/);
    assert.match((await bootstrap(withPsql('echo').env)).stderr, /has no application m-default/);
    assert.match((await bootstrap({}, 'mysql://x')).stderr, /expected a database's URL such as postgres:/);
    assert.match((await bootstrap({}, undefined, wantedOf(op).file)).stderr, /^provision\.management\.admin_endpoint: is missing/);
    assert.deepEqual((await state(op)).writes, []);
  });
});

describe('what the doctor sees by the Management API', () => {
  test('whether Logto reaches the webhook, refresh tokens come, and the tenant is as it should be', async (t) => {
    const op = await provider(t);
    const origin = `http://127.0.0.1:${await freePort()}`;
    const wanted = wantedOf(op, { external_urls: [origin], listen: origin.slice('http://'.length) });
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const findings = async () => JSON.parse((await run(['doctor', '--json', wanted.file])).stdout).findings;
    const finding = async (check) => (await findings()).find((one) => one.check === check);
    assert.deepEqual([(await finding('webhook')).level, (await finding('tenant')).level, (await finding('refresh_token')).level], ['warning', 'ok', 'ok']);
    assert.match((await finding('webhook')).what, /Logto cannot reach http:\/\/127\.0\.0\.1:\d+\/_auth\/webhook/);
    assert.equal((await finding('callback_url')).level, 'note', 'nobody looked whether it is registered');
    assert.match((await finding('callback_url')).what, new RegExp(`${op.endpoint}/callback/linkedin must be registered for linkedin`));

    const { provision: _, ...served } = wanted.config;
    const proxy = await Proxy.start(served);
    t.after(() => proxy.stop());
    assert.deepEqual(await finding('webhook'), { level: 'ok', check: 'webhook', what: `Logto reaches ${origin}/_auth/webhook, and its signature holds` });

    const { hooks, applications } = await state(op);
    await state(op, { call: [['DELETE', `/api/hooks/${hooks[0].id}`], ['POST', '/api/hooks', { name: 'another', events: hooks[0].events, config: hooks[0].config }],
      ['PATCH', `/api/applications/${applications[0].id}`, { customClientMetadata: { alwaysIssueRefreshToken: false } }]] });
    const refused = await finding('webhook');
    assert.equal(refused.level, 'failure');
    assert.match(refused.mend, /^400: logto\.webhook_secret is not this webhook's signing key/);
    assert.match((await finding('refresh_token')).what, /no refresh token comes to the application intranet/);
    const tenant = (await findings()).filter(({ check, level }) => check === 'tenant' && level === 'warning');
    assert.deepEqual(tenant.map(({ what }) => what), ['the tenant is not what provision: says: application intranet']);
    assert.match(tenant[0].evidence, /alwaysIssueRefreshToken: false -> true; refreshTokenTtlInDays: none -> 30/);
    assert.match(tenant[0].mend, /logto-proxy provision/);

    // Each of several by itself, with what it is.
    await state(op, { call: [
      ['PATCH', `/api/applications/${applications[0].id}`, { oidcClientMetadata: { ...applications[0].oidcClientMetadata, backchannelLogoutSessionRequired: false } }],
      ['PATCH', '/api/sign-in-exp', { socialSignInConnectorTargets: ['linkedin'], socialSignIn: {} }],
      ['PATCH', '/api/connectors/patreon', { config: { clientId: 'another', clientSecret: 'a-secret-of-somebody' } }],
      ['DELETE', `/api/roles/${(await state(op)).roles.find(({ name }) => name === 'admin').id}`],
    ] });
    const said = (await findings()).filter(({ check }) => check === 'tenant').map(({ what, evidence }) => `${what}: ${evidence}`).join('\n');
    assert.match(said, /application intranet: backchannelLogoutSessionRequired: false -> true/);
    assert.match(said, /sign-in experience: .*skipRequiredIdentifiers: none -> true.*\+ patreon/);
    assert.match(said, /connector patreon \(id patreon\): config\.clientId: "another" -> "patreon-client"; config\.clientSecret: changes \(not shown\)/);
    assert.match(said, /the tenant lacks role admin \(of route #1 \/admin\/\*\)/);
    assert.ok(!said.includes('a-secret-of-somebody'));
  });
});

describe('an empty tenant', () => {
  for (const version of ['1.42.0', '1.37.1']) {
    test(`Logto ${version}: plan, apply, nothing left to do, and the doctor agrees`, async (t) => {
      const op = await provider(t, { logto_version: version });
      const hasAccessControl = !version.startsWith('1.37');
      const wanted = wantedOf(op, hasAccessControl ? {} : { provision: { application: { name: 'intranet', refresh_token_ttl: '30d' }, roles: { staff: {}, editor: { scopes: ['read:things', 'write:things'] } } } });
      const plan = await provision(wanted, '--plan');
      assert.equal(plan.code, 2, plan.stderr);
      for (const [key, name] of [['app_id', 'app-id'], ['app_secret', 'app-secret'], ['webhook_secret', 'webhook-key']]) assert.ok(plan.stdout.includes(`+ write     logto.${key}_file ${wanted.folder}/${name}\n`), plan.stdout);
      assert.match(plan.stdout, /^\+ create +application intranet$/m);
      assert.match(plan.stdout, /^\+ create +role admin \(of route #1 \/admin\/\*\)$/m);
      assert.match(plan.stdout, /^\+ create +scope read:things of https:\/\/things\.example\.test\/api \(of route #2 \/\*\)$/m);
      assert.match(plan.stdout, /config\.clientSecret: set \(not shown\)/);
      assert.deepEqual((await state(op)).writes, [], 'a plan changes nothing');

      const applied = await provision(wanted, '--yes');
      assert.equal(applied.code, 0, applied.stdout + applied.stderr);
      noSecretIn(plan, applied);
      assert.match(applied.stdout, new RegExp(`paste ${op.endpoint}/callback/linkedin\\n +for linkedin at https://www\\.linkedin\\.com/developers/apps`));
      assert.match(applied.stdout, new RegExp(`paste ${op.endpoint}/callback/patreon\\n`));
      assertWanted(await state(op), wanted, hasAccessControl);
      for (const name of ['app-id', 'app-secret', 'webhook-key']) assert.equal(fs.statSync(path.join(wanted.folder, name)).mode & 0o777, 0o600, name);
      assert.equal(wanted.read('app-secret').length, 32, 'no internal secret');
      await assertNothingToDo(op, wanted);

      const doctor = await run(['doctor', '--json', wanted.file]);
      const failures = JSON.parse(doctor.stdout).findings.filter(({ level }) => level === 'failure').map(({ check }) => check);
      assert.deepEqual(failures, ['upstream'], 'the app that does not run, and nothing else');
    });
  }

  test('--json says the same to machines, and asks nobody', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    const asked = await provision(wanted, '--json');
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /nothing was changed: nobody can be asked here; --yes does it without asking/);
    const { code, stdout } = await provision(wanted, '--json', '--yes');
    assert.equal(code, 0);
    const answer = JSON.parse(stdout);
    assert.equal(answer.applied.done, answer.changes);
    assert.deepEqual(answer.callback_urls.map(({ url }) => url), [`${op.endpoint}/callback/linkedin`, `${op.endpoint}/callback/patreon`]);
    assert.deepEqual(answer.credentials.map(({ key, outcome }) => `${key} ${outcome}`), ['logto.app_id_file written', 'logto.app_secret_file written', 'logto.webhook_secret_file written']);
    noSecretIn({ stdout, stderr: '' });
  });

  test('several realms are several applications of one tenant', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    const { logto, external_urls: _, ...rest } = wanted.config;
    const realm = (name) => ({
      external_urls: [`http://${name}.test`], logto: { endpoint: logto.endpoint, app_id_file: `${wanted.folder}/${name}-id`, app_secret_file: `${wanted.folder}/${name}-secret` },
    });
    wanted.file = writeConfig({ ...rest, realms: { staff: realm('staff'), shop: realm('shop') } });
    const { code, stdout, stderr } = await provision(wanted, '--yes');
    assert.equal(code, 0, stdout + stderr);
    const { applications } = await state(op);
    assert.deepEqual(applications.map(({ name, oidcClientMetadata }) => `${name} ${oidcClientMetadata.redirectUris}`), ['intranet staff http://staff.test/_auth/callback', 'intranet shop http://shop.test/_auth/callback']);
    assert.equal(wanted.read('shop-id'), applications[1].id);
    await assertNothingToDo(op, wanted);
  });
});

// What somebody else made in the same tenant, by hand.
const foreign = [
  ['POST', '/api/applications', { name: 'intranet', type: 'Traditional', oidcClientMetadata: { redirectUris: ['https://other.test/cb'], postLogoutRedirectUris: [] }, customData: { owner: 'somebody' } }],
  ['POST', '/api/applications', { name: 'phone', type: 'Native', oidcClientMetadata: { redirectUris: [], postLogoutRedirectUris: [] } }],
  ['POST', '/api/connectors', { id: 'by hand/é', connectorId: 'linkedin-universal', syncProfile: true, config: { clientId: 'old', clientSecret: 'old', extra: 'kept' } }],
  ['POST', '/api/connectors', { id: 'hub', connectorId: 'github-universal', config: { clientId: 'hub', clientSecret: 'hub-secret' } }],
  ['PATCH', '/api/sign-in-exp', { socialSignInConnectorTargets: ['github', 'linkedin'], customCss: 'body{}', color: { primaryColor: '#111111', isDarkModeEnabled: true, darkPrimaryColor: '#222222' }, unknownSessionRedirectUrl: 'https://other.test/', passwordPolicy: { length: { min: 12 } } }],
  ['POST', '/api/resources', { name: 'By hand', indicator: things, accessTokenTtl: 60 }],
  ['POST', '/api/resources', { name: 'Other', indicator: 'https://other.test/api' }],
  ['POST', '/api/roles', { name: 'editor', description: 'by hand', isDefault: true }],
  ['POST', '/api/roles', { name: 'other', description: 'other' }],
  ['POST', '/api/hooks', { name: 'other', events: ['User.Created'], config: { url: 'https://other.test/hook' } }],
  ['POST', '/api/hooks', { name: 'ours, by hand', events: ['User.Created'], config: { url: `${ORIGIN}/_auth/webhook`, headers: { 'x-kept': '1' } }, enabled: false }],
];

function assertForeignKept(found) {
  const named = (list, name) => list.find((one) => one.name === name);
  const other = found.applications.find(({ customData }) => customData.owner === 'somebody');
  assert.deepEqual(other.oidcClientMetadata.redirectUris, ['https://other.test/cb'], 'an application of the same name that is not ours');
  assert.ok(named(found.applications, 'phone'));
  const linkedin = found.connectors.find(({ target }) => target === 'linkedin');
  assert.deepEqual([linkedin.id, linkedin.syncProfile, linkedin.config.extra], ['by hand/é', true, 'kept']);
  assert.equal(found.connectors.find(({ target }) => target === 'github').config.clientSecret, 'hub-secret');
  assert.ok(found.sign_in_exp.socialSignInConnectorTargets.includes('github'), "another one's button");
  assert.equal(found.sign_in_exp.customCss, 'body{}');
  assert.equal(found.sign_in_exp.color.darkPrimaryColor, '#222222');
  assert.equal(found.sign_in_exp.unknownSessionRedirectUrl, 'https://other.test/');
  assert.equal(found.sign_in_exp.passwordPolicy.length.min, 12);
  assert.ok(found.resources.some(({ indicator }) => indicator === 'https://other.test/api'));
  assert.equal(named(found.roles, 'editor').isDefault, true);
  assert.ok(named(found.roles, 'other'));
  assert.ok(found.hooks.some(({ config }) => config.url === 'https://other.test/hook'));
  const hook = found.hooks.find(({ config }) => config.url === `${ORIGIN}/_auth/webhook`);
  assert.ok(hook.events.includes('User.Created') && hook.config.headers['x-kept'] === '1');
}

describe('a tenant that others use too', () => {
  test('what they have set stays, what is wanted comes, and --destroy takes only what was made here', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    await state(op, { call: foreign, forget_writes: true });
    const before = await state(op);
    const applied = await provision(wanted, '--yes');
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    const after = await state(op);
    assertWanted(after, wanted);
    assertForeignKept(after);
    assert.match(applied.stdout, new RegExp(`paste ${op.endpoint}/callback/by%20hand%2F%C3%A9\\n`), 'the callback URL is that of the connector which is there');
    await assertNothingToDo(op, wanted);

    const destroyed = await provision(wanted, '--destroy', '--yes');
    assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr);
    const left = await state(op);
    const names = (found) => [found.applications, found.roles, found.hooks].flat().map(({ name }) => name).concat(found.connectors.map(({ id }) => id), found.resources.map(({ indicator }) => indicator)).sort();
    assert.deepEqual(names(left), names(before));
    assert.deepEqual(left.resources.find(({ indicator }) => indicator === things).scopes, [], 'scopes that were made here, of a resource that was not');
    assert.equal((await provision(wanted, '--destroy', '--plan')).code, 0);
  });

  test('an application that was made by hand is taken over by its id, and not destroyed', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    const { answers: [{ body: app }] } = await state(op, { call: [['POST', '/api/applications', { name: 'by hand', type: 'Traditional', customClientMetadata: { idTokenTtl: 77 },
      customData: { owner: 'me' }, oidcClientMetadata: { redirectUris: [`${ORIGIN}/old`, `${ORIGIN}/_auth/callback`], postLogoutRedirectUris: [] } }]] });
    fs.writeFileSync(path.join(wanted.folder, 'app-id'), app.id);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const [taken] = (await state(op)).applications;
    assert.equal(taken.id, app.id);
    assert.deepEqual(taken.oidcClientMetadata.redirectUris, [`${ORIGIN}/old`, `${ORIGIN}/_auth/callback`]);
    assert.equal(taken.customClientMetadata.idTokenTtl, 77);
    assert.equal(taken.customData.owner, 'me');
    await assertNothingToDo(op, wanted);
    assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0);
    const [kept] = (await state(op)).applications;
    assert.deepEqual(kept.oidcClientMetadata.redirectUris, [`${ORIGIN}/old`, `${ORIGIN}/_auth/callback`], 'one that was there before is not ours to take');
    assert.deepEqual(kept.oidcClientMetadata.postLogoutRedirectUris, []);
    assert.deepEqual(kept.customData, { owner: 'me' });
  });

  test('an external URL that is not wanted any more: its redirect URI goes, those of others stay', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op, { external_urls: [ORIGIN, 'http://127.0.0.1:8081'] });
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const [app] = (await state(op)).applications;
    await state(op, { call: [['PATCH', `/api/applications/${app.id}`, { oidcClientMetadata: { ...app.oidcClientMetadata, redirectUris: [...app.oidcClientMetadata.redirectUris, 'https://hand.test/cb'] } }]] });
    wanted.file = writeConfig({ ...wanted.config, external_urls: [ORIGIN] });
    const changed = await provision(wanted, '--yes');
    assert.match(changed.stdout, /redirectUris: - http:\/\/127\.0\.0\.1:8081\/_auth\/callback/);
    assert.deepEqual((await state(op)).applications[0].oidcClientMetadata.redirectUris, [`${ORIGIN}/_auth/callback`, 'https://hand.test/cb']);
    await assertNothingToDo(op, wanted);
  });
});

test('--import: what it writes wants nothing that is not there, and holds no secret', async (t) => {
  const op = await provider(t);
  const wanted = wantedOf(op);
  await state(op, { call: foreign.filter(([, path]) => path !== '/api/applications'), forget_writes: true });
  assert.equal((await provision(wanted, '--yes')).code, 0);
  const { answers: [{ body: scope }] } = await state(op, { call: [['POST', '/api/organization-scopes', { name: 'invite:member' }]] });
  await state(op, { call: [['POST', '/api/organization-roles', { name: 'owner', description: 'of a team', organizationScopeIds: [scope.id] }],
    ['POST', '/api/organization-roles', { name: 'robot', description: 'no person', type: 'MachineToMachine' }]] });
  const before = (await state(op)).writes.length;
  const imported = await provision(wanted, '--import');
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stdout, /organization_roles:\n +owner:\n +description: "of a team"\n +scopes: \["?invite:member"?\]/);
  assert.ok(!imported.stdout.includes('robot'));
  noSecretIn(imported);
  assert.ok(!imported.stdout.includes('hub-secret'));
  for (const name of ['LINKEDIN_CLIENT_SECRET', 'PATREON_CLIENT_SECRET', 'GITHUB_CLIENT_SECRET']) {
    assert.ok(imported.stdout.includes(`"\${${name}}"`), imported.stdout);
    assert.match(imported.stderr, new RegExp(`^${name}: a secret of Logto`, 'm'));
  }
  const { provision: _, ...rest } = wanted.config;
  wanted.file = writeConfig(`${imported.stdout}  management: { app_id: management, app_secret: management-secret }\n${Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('')}`);
  const env = { LINKEDIN_CLIENT_SECRET: SECRETS[0], PATREON_CLIENT_SECRET: SECRETS[1], GITHUB_CLIENT_SECRET: 'hub-secret', LINKEDIN_EXTRA: 'kept' };
  const plan = await run(['provision', '--plan', wanted.file], { env });
  assert.equal(plan.code, 0, plan.stdout + plan.stderr + imported.stdout);
  assert.equal((await state(op)).writes.length, before);
});

describe('interrupted anywhere', () => {
  for (const [name, before] of [['an empty tenant', []], ['a tenant that others use too', foreign]]) {
    test(`${name}: a second run reaches what is wanted, and nothing foreign is lost`, async (t) => {
      const op = await provider(t);
      await state(op, { call: before, forget_writes: true });
      const probe = wantedOf(op);
      assert.equal((await provision(probe, '--yes')).code, 0);
      const total = (await state(op)).writes.length;
      assert.ok(total >= 10, `${total} writes`);
      for (let left = 0; left < total; ++left) {
        await fetch(`${op.endpoint}/__op/reset`, { method: 'POST' });
        await state(op, { call: before, forget_writes: true });
        const wanted = wantedOf(op);
        await state(op, { writes_left: left });
        const interrupted = await provision(wanted, '--yes');
        assert.equal(interrupted.code, 1, `after ${left} writes`);
        assert.match(interrupted.stderr, /failure .*Logto answered 503/);
        assert.match(interrupted.stderr, /run it again when that is mended/);
        if (before.length) assertForeignKept(await state(op));
        await state(op, { writes_left: null });
        const second = await provision(wanted, '--yes');
        assert.equal(second.code, 0, `after ${left} writes: ${second.stdout}${second.stderr}`);
        const found = await state(op);
        assertWanted(found, wanted);
        if (before.length) assertForeignKept(found);
        assert.equal(found.writes.length, total, `after ${left} writes something was done twice: ${found.writes}`);
        const gone = await provision(wanted, '--destroy', '--yes');
        assert.equal(gone.code, 0, gone.stderr);
        assert.equal((await state(op)).applications.length, before.length ? 2 : 0, 'what an interrupted run made is known again');
      }
    });
  }

  test('--destroy too', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    for (let left = 0; left < 8; ++left) {
      await fetch(`${op.endpoint}/__op/reset`, { method: 'POST' });
      for (const name of ['app-id', 'app-secret', 'webhook-key']) fs.rmSync(path.join(wanted.folder, name), { force: true });
      assert.equal((await provision(wanted, '--yes')).code, 0);
      await state(op, { writes_left: left });
      const first = await provision(wanted, '--destroy', '--yes');
      await state(op, { writes_left: null });
      if (first.code !== 0) assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0);
      const found = await state(op);
      assert.deepEqual([found.applications, found.connectors, found.resources, found.roles, found.hooks], [[], [], [], [], []]);
    }
  });
});

describe('connectors of other kinds', () => {
  const mail = { factory: 'simple-mail-transfer-protocol', config: { host: 'mail.test', port: 587, fromEmail: 'a@mail.test', customHeaders: {}, replyTo: '' } };
  const others = {
    connectors: {
      mail, weixin: { factory: 'wechat-web', config: { appId: 'x', appSecret: 'y' } },
      company: { factory: 'saml', metadata: { target: 'company', name: { en: 'Company' } }, config: { entityID: 'e', signInEndpoint: 'https://idp.test', x509Certificate: 'c' } },
    },
    sign_in: {}, application: { name: 'intranet' },
  };
  const routes = [{ path: '/*', upstream: 'app', token: { resource: things, scopes: ['read:things'] } }];

  test('one for e-mail has no button and no callback URL, saml has a target, wechat-web is wechat; what is empty is not wanted again', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op, { routes, provision: others });
    const done = await provision(wanted, '--yes');
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.deepEqual((await state(op)).sign_in_exp.socialSignInConnectorTargets, ['wechat', 'company'], 'in the order of the file');
    assert.deepEqual(done.stdout.match(/^paste .*$/gm).map((line) => line.split('/').at(-1)).sort(), ['company', 'weixin']);
    await assertNothingToDo(op, wanted);
  });

  test('another one for e-mail is not taken away', async (t) => {
    const op = await provider(t);
    await state(op, { call: [['POST', '/api/connectors', { id: 'theirs', connectorId: 'http-email', config: { endpoint: 'https://mail.test' } }]] });
    const refused = await provision(wantedOf(op, { routes, provision: others }), '--yes');
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stderr, /^provision\.connectors\.mail: the tenant has a connector of the factory http-email, which Logto would take away/m);
    assert.deepEqual((await state(op)).writes.length, 0);
  });

  test('the same one under another id is used as it is', async (t) => {
    const op = await provider(t);
    await state(op, { call: [['POST', '/api/connectors', { id: 'theirs', connectorId: mail.factory, config: { host: 'old.test', fromEmail: 'x@mail.test', auth: { user: 'u' } } }]] });
    assert.equal((await provision(wantedOf(op, { routes, provision: others }), '--yes')).code, 0);
    const there = (await state(op)).connectors.filter(({ type }) => type === 'Email');
    assert.deepEqual(there.map(({ id, config }) => [id, config.host, config.auth]), [['theirs', 'mail.test', { user: 'u' }]]);
  });
});

test('an application whose secrets have all expired gets a new one, whatever the old ones are called', async (t) => {
  const op = await provider(t);
  const wanted = wantedOf(op);
  assert.equal((await provision(wanted, '--yes')).code, 0);
  const before = wanted.read('app-secret'), secrets = `/api/applications/${wanted.read('app-id')}/secrets`;
  await state(op, { call: [['DELETE', `${secrets}/Default%20secret`], ['POST', secrets, { name: 'logto-proxy', expiresAt: 1 }]] });
  const again = await provision(wanted, '--yes');
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.notEqual(wanted.read('app-secret'), before);
  await assertNothingToDo(op, wanted);
});

test('the proxy runs without the secrets of provision, and doctor says which are missing', async (t) => {
  const op = await provider(t);
  const wanted = wantedOf(op);
  assert.equal((await provision(wanted, '--yes')).code, 0);
  const { connectors: _, ...rest } = wanted.config.provision;
  const config = { ...wanted.config, provision: { ...rest, management: { app_id: '${NOT_SET_ID}', app_secret: '${NOT_SET_SECRET}' },
    connectors: { linkedin: { client_id: '${NOT_SET_LINKEDIN}', client_secret: '${NOT_SET_LINKEDIN_SECRET:-}' }, patreon: { client_id: 'x', client_secret: '${NOT_SET_PATREON}' } } } };
  const proxy = await Proxy.start(config);
  t.after(() => proxy.stop());
  const { code, stderr } = await run(['provision', '--plan', writeConfig(config)]);
  assert.equal(code, 1);
  assert.match(stderr, /provision\.management\.app_id: the environment variable NOT_SET_ID is not set/);
  assert.match(stderr, /provision\.connectors\.patreon\.client_secret: the environment variable NOT_SET_PATREON is not set/);
});

const refusals = [
  ['a claim that Logto does not know', {}, { id_token_claims: ['roles', 'shoe_size'] }, /provision\.id_token_claims.*expected custom_data, identities, sso_identities or organization_data/, 2],
  ['a wrong secret of the machine', {}, { management: { app_id: 'management', app_secret: 'wrong' } }, /^provision\.management: Logto answered 401 oidc\.invalid_client: .*compare provision\.management\.app_id/],
  ['a machine without the role', { management_client: { client_id: 'management', client_secret: 'management-secret', has_role: false } }, {}, /403 auth\.forbidden: .*give the machine-to-machine application the role 'Logto Management API access'/],
  ['an audience that is none', {}, { management: { app_id: 'management', app_secret: 'management-secret', audience: 'https://logto.test/api' } }, /^provision\.management: Logto answered 400 oidc\.invalid_target: .*provision\.management\.audience/],
  ['no credentials', {}, { management: {} }, /^provision\.management: app_id and app_secret \(or app_secret_file\) are missing/, 2],
  ['a factory that Logto does not have', {}, { connectors: { linkedin: { factory: 'nonsense', client_id: 'x', client_secret: 'y' } }, sign_in: {} }, /provision\.connectors\.linkedin: connector .*422 connector\.not_found_with_connector_id: .*see factory/],
  ['a standard connector without a target', {}, { connectors: { linkedin: { factory: 'oauth2', client_id: 'x', client_secret: 'y' } } }, /^provision\.connectors\.linkedin\.metadata: a connector of oauth2 needs a target: write metadata: \{ target: linkedin \}/, 2],
  ['a configuration that the factory refuses', {}, { connectors: { linkedin: { factory: 'oauth2', metadata: { target: 'linkedin' }, client_id: 'x', client_secret: 'y' } }, sign_in: {} }, /provision\.connectors\.linkedin: .*400 connector\.invalid_config/],
  ['a connector without its secret', {}, { connectors: { linkedin: { client_id: 'x' } } }, /^provision\.connectors\.linkedin: client_secret \(or client_secret_file\) is missing/, 2],
  ['a relative API resource', {}, { resources: { things: {} }, roles: {} }, /^provision\.resources\.things: an API resource is an absolute URI/, 2],
  ['a scope that nobody has', {}, { roles: { editor: { scopes: ['fly'] } } }, /^provision\.roles\.editor\.scopes: no API resource in this file has the scope fly/, 2],
  ['a button of a connector that is none', {}, { sign_in: { social: ['google'] } }, /^provision\.sign_in\.social: google is none of provision\.connectors/, 2],
  ['a connector that routes name and nobody has', {}, { connectors: {}, sign_in: {} }, /^provision\.connectors: routes send people to social:linkedin/],
  ['token storage where there is none', {}, { connectors: { linkedin: { client_id: 'x', client_secret: 'y', token_storage: true } }, sign_in: {} }, /422 connector\.token_storage_not_supported: .*not for this factory/],
];

describe('what is refused is said in one line, with the key', { concurrency: 3 }, () => {
  for (const [name, tenant, change, says, status = 1] of refusals) {
    test(name, async (t) => {
      const op = await provider(t, tenant);
      const refused = await provision(wantedOf(op, { provision: change }), '--yes');
      assert.equal(refused.code, status, refused.stdout);
      assert.match(refused.stderr.replace(/^failure +/, ''), says);
      noSecretIn(refused);
    });
  }

  test('a conflicting target, an id of another factory, an application that is not there, one of a machine', async (t) => {
    const op = await provider(t);
    await state(op, { call: [
      ['POST', '/api/connectors', { id: 'hand', connectorId: 'oauth2', metadata: { target: 'linkedin' }, config: { authorizationEndpoint: 'https://a.test', tokenEndpoint: 'https://b.test', userInfoEndpoint: 'https://c.test', clientId: 'x', clientSecret: 'y' } }],
      ['POST', '/api/connectors', { id: 'patreon', connectorId: 'github-universal', config: { clientId: 'x', clientSecret: 'y' } }],
    ] });
    const wanted = wantedOf(op, { logto: { endpoint: op.endpoint, app_id: 'nobody', app_secret: 'x' } });
    const { code, stderr } = await provision(wanted, '--yes');
    assert.equal(code, 1);
    assert.match(stderr, /^logto\.app_id: the tenant has no application nobody/m);
    assert.match(stderr, /^provision\.connectors\.linkedin: the tenant has a connector of the factory oauth2 with the target linkedin/m);
    assert.match(stderr, /^provision\.connectors\.patreon: the tenant has a connector of the factory github-universal with the id patreon: choose another id/m);
  });

  test('access control of applications on a Logto that has none: nothing is left unsaid', async (t) => {
    const op = await provider(t, { logto_version: '1.37.1' });
    const wanted = wantedOf(op);
    const says = /^(?:failure +)?provision\.application\.roles: this version of Logto keeps no access control for applications/;
    const first = await provision(wanted, '--yes');
    assert.equal(first.code, 1, first.stdout);
    assert.match(first.stderr, says);
    assert.match(first.stderr, /^not done +connector linkedin/m);
    const second = await provision(wanted, '--yes');
    assert.equal(second.code, 1);
    assert.match(second.stderr, says);
    delete wanted.config.provision.application.roles;
    wanted.file = writeConfig(wanted.config);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    await assertNothingToDo(op, wanted);
  });

  test('a file that cannot be written is told before the first step', async (t) => {
    const op = await provider(t);
    const wanted = wantedOf(op);
    const logto = { ...wanted.config.logto, app_secret_file: '/nowhere/secret' };
    wanted.file = writeConfig({ ...wanted.config, logto });
    for (const option of ['--plan', '--yes']) {
      const { code, stdout } = await provision(wanted, option);
      assert.equal(code, 1);
      assert.match(stdout, /^failure +logto\.app_secret_file \/nowhere\/secret: cannot be made in \/nowhere: No such file or directory/m);
    }
    wanted.file = writeConfig({ ...wanted.config, logto: { ...logto, app_secret_file: wanted.folder } });
    assert.equal((await provision(wanted, '--yes')).code, 2, 'a folder');
    wanted.file = writeConfig({ ...wanted.config, logto: { ...logto, app_secret_file: undefined, app_secret: 'of-another' } });
    assert.match((await provision(wanted, '--yes')).stdout, /^failure +logto\.app_secret: Logto is going to make it: name logto\.app_secret_file in its place/m);
    assert.deepEqual((await state(op)).writes, []);
  });

  test('a file with a mistake, and one that is not there, are 2 as with every command, but 1 with --plan, whose 2 is another thing', async (t) => {
    const op = await provider(t);
    const broken = wantedOf(op, { routs: [] });
    for (const options of [[], ['--plan'], ['--yes']]) {
      const status = options.includes('--plan') ? 1 : 2;
      assert.equal((await provision(broken, ...options)).code, status);
      assert.equal((await provision({ file: '/nowhere/config.yaml' }, ...options)).code, status);
    }
  });

  test('check and doctor name the command that writes what is missing', async (t) => {
    const wanted = wantedOf(await provider(t));
    for (const command of ['check', 'doctor']) {
      const { code, stderr } = await run([command, wanted.file]);
      assert.equal(code, 2);
      for (const key of ['app_id', 'app_secret', 'webhook_secret']) assert.match(stderr, new RegExp(`logto\\.${key}_file: expected a file, found none at '[^']+': \`logto-proxy provision\` writes it$`, 'm'));
    }
    const { provision: _, ...rest } = wanted.config;
    assert.doesNotMatch((await run(['check', writeConfig(rest)])).stderr, /logto-proxy provision/);
  });
});

describe('nobody is locked out of the tenant', () => {
  const byName = [{ identifier: 'username', password: true, verificationCode: false, isPasswordPrimary: true }];
  const byMail = [{ identifier: 'email', password: true, verificationCode: true, isPasswordPrimary: false }];
  const wantedWith = (op, social_only) => wantedOf(op, { provision: { sign_in: { social_only } } });
  const again = (wanted, social_only) => writeConfig({ ...wanted.config, provision: { ...wanted.config.provision, sign_in: { social_only } } });
  const methods = async (op) => { const { signIn, signUp } = (await state(op)).sign_in_exp; return [signIn.methods, signUp.identifiers]; };

  test('social_only says what it takes, and --destroy gives it back first', async (t) => {
    const op = await provider(t);
    await state(op, { call: [['PATCH', '/api/sign-in-exp', { signIn: { methods: byMail }, signUp: { identifiers: ['email'], password: true, verify: true } }]], forget_writes: true });
    const wanted = wantedWith(op, true);
    const plan = await provision(wanted, '--plan');
    assert.match(plan.stdout, /^ +people can no longer sign in with a password \(e-mail address\)\n +people can no longer sign in with a code \(e-mail address\)$/m);
    assert.doesNotMatch(plan.stdout, /isPasswordPrimary/);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    assert.deepEqual(await methods(op), [[], []]);
    await assertNothingToDo(op, wanted);
    const gone = await provision(wanted, '--destroy', '--plan');
    assert.match(gone.stdout, /^~ change +sign-in experience\n +people can sign in with a password \(e-mail address\)\n +people can sign in with a code \(e-mail address\)\n +as it was before social_only$/m);
    const before = (await state(op)).writes.length;
    assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0);
    assert.equal((await state(op)).writes[before], 'PATCH /api/sign-in-exp', 'before any connector goes');
    assert.deepEqual(await methods(op), [byMail, ['email']]);
  });

  test('interrupted anywhere, nobody is locked out and what was there is not forgotten', async (t) => {
    const op = await provider(t);
    for (let left = 0; left < 14; ++left) {
      await fetch(`${op.endpoint}/__op/reset`, { method: 'POST' });
      const wanted = wantedWith(op, true);
      await state(op, { writes_left: left });
      await provision(wanted, '--yes');
      await state(op, { writes_left: null });
      assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0, `after ${left} writes`);
      assert.deepEqual(await methods(op), [byName, ['username']], `after ${left} writes`);
    }
  });

  test('social_only: false brings back what true has taken; null leaves it', async (t) => {
    const op = await provider(t);
    const wanted = wantedWith(op, true);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    wanted.file = again(wanted, null);
    assert.equal((await provision(wanted, '--plan')).code, 0);
    wanted.file = again(wanted, false);
    const plan = await provision(wanted, '--plan');
    assert.equal(plan.code, 2);
    assert.match(plan.stdout, /^ +people can sign in with a password \(user name\)$/m);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    assert.deepEqual(await methods(op), [byName, ['username']]);
    await assertNothingToDo(op, wanted);
  });

  test('social_only: false where connectors were the only way in before: a user name and a password; other methods stay', async (t) => {
    const op = await provider(t);
    await state(op, { call: [['PATCH', '/api/sign-in-exp', { signIn: { methods: [] }, signUp: { identifiers: [], password: false, verify: false } }]] });
    assert.equal((await provision(wantedWith(op, false), '--yes')).code, 0);
    assert.deepEqual(await methods(op), [byName, ['username']]);
    await state(op, { call: [['PATCH', '/api/sign-in-exp', { signIn: { methods: byMail }, signUp: { identifiers: ['email'], password: true, verify: true } }]] });
    assert.equal((await provision(wantedWith(op, false), '--yes')).code, 0);
    assert.deepEqual(await methods(op), [byMail, ['email']]);
  });

  test('--destroy that would take the last way in, and knows no other, is refused', async (t) => {
    const op = await provider(t);
    const wanted = wantedWith(op, true);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const [app] = (await state(op)).applications;
    const { signInBefore, ...rest } = app.customData.logtoProxy;
    assert.deepEqual(signInBefore.signIn.methods, byName);
    await state(op, { call: [['PATCH', `/api/applications/${app.id}`, { customData: { ...app.customData, logtoProxy: rest } }]], forget_writes: true });
    for (const option of ['--plan', '--yes']) {
      const refused = await provision(wanted, '--destroy', option);
      assert.equal(refused.code, 1, refused.stderr);
      assert.match(refused.stderr, /only connectors that --destroy would remove sign people in, to every application of the tenant/);
    }
    assert.deepEqual((await state(op)).writes, []);
    await state(op, { call: [['POST', '/api/connectors', { id: 'hub', connectorId: 'github-universal', config: { clientId: 'x', clientSecret: 'y' } }], ['PATCH', '/api/sign-in-exp', { socialSignInConnectorTargets: ['linkedin', 'github'] }]] });
    assert.equal((await provision(wanted, '--destroy', '--yes')).code, 0, "another one's button is a way in");
  });
});

describe('rules on memberships at Patreon', () => {
  const gold = [{ path: '/gold/*', upstream: 'app', require: { patreon: { campaign: '1234567', tier: ['Gold'] } } }, { path: '/*', upstream: 'app' }];
  const patreon = { client_id: 'patreon-client', client_secret: SECRETS[1] };
  const membersOf = (op, connector = patreon, more = {}) => wantedOf(op, { ...more, routes: gold, patreon: { api_url: op.endpoint }, provision: { application: { name: 'intranet' }, connectors: { patreon: connector }, sign_in: {}, resources: {}, roles: {} } });

  test('make the connector one that keeps tokens, and open the account centre for reading', async (t) => {
    const op = await provider(t);
    await op.control({ management: { call: [['PATCH', '/api/account-center', { fields: { email: 'Edit' } }]] } });
    const wanted = membersOf(op);
    const plan = await provision(wanted, '--plan');
    assert.match(plan.stdout, /account centre.*\(of route #1 \/gold\/\*\)/s);
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const found = await state(op);
    const [connector] = found.connectors;
    assert.equal(connector.connectorId, 'oauth2');
    assert.equal(connector.target, 'patreon');
    assert.equal(connector.enableTokenStorage, true);
    assert.equal(connector.config.tokenEndpointResponseType, 'json');
    assert.equal(connector.config.clientId, 'patreon-client');
    assert.match(connector.config.scope, /identity\.memberships/);
    assert.deepEqual(found.sign_in_exp.socialSignInConnectorTargets, ['patreon']);
    assert.equal(found.account_center.enabled, true);
    assert.deepEqual(found.account_center.fields, { email: 'Edit', social: 'ReadOnly' });
    await assertNothingToDo(op, wanted);
    const { stdout } = await run(['doctor', '--json', wanted.file]);
    assert.equal(JSON.parse(stdout).findings.find(({ check }) => check === 'patreon').level, 'ok', stdout);
  });

  test('what the file says of it stays as it says', async (t) => {
    const op = await provider(t);
    const wanted = membersOf(op, { ...patreon, scope: 'identity', id: 'pat01', config: { userInfoEndpoint: 'https://patreon.test/me' } });
    assert.equal((await provision(wanted, '--yes')).code, 0);
    const [connector] = (await state(op)).connectors;
    assert.equal(connector.id, 'pat01');
    assert.equal(connector.config.scope, 'identity');
    assert.equal(connector.config.userInfoEndpoint, 'https://patreon.test/me');
    assert.equal(connector.config.tokenEndpoint, 'https://www.patreon.com/api/oauth2/token');
  });

  test("Logto's own connector in its place is told, and never deleted", async (t) => {
    const op = await provider(t);
    await op.control({ management: { call: [['POST', '/api/connectors', { id: 'patreon', connectorId: 'patreon-universal', config: { clientId: 'x', clientSecret: 'y' } }]] } });
    const { code, stderr } = await provision(membersOf(op), '--yes');
    assert.equal(code, 1);
    assert.match(stderr, /a connector of the factory patreon-universal with the target patreon.*delete that one in Logto's Console.*people keep their accounts/);
    assert.equal((await state(op)).connectors.length, 1);
    const found = await run(['doctor', '--json', membersOf(op, patreon, { logto: op.logto() }).file]);
    const finding = JSON.parse(found.stdout).findings.find(({ check }) => check === 'patreon');
    assert.equal(finding?.level ?? 'none', 'failure', found.stdout);
    assert.match(finding.what, /keeps no tokens/);
  });

  test('a factory that keeps no tokens is a mistake of the file', async (t) => {
    const op = await provider(t);
    const { stderr } = await provision(membersOf(op, { ...patreon, factory: 'patreon-universal' }), '--yes');
    assert.match(stderr, /^provision\.connectors\.patreon\.factory: rules ask for memberships, and a connector of patreon-universal keeps no token/m);
  });
});
