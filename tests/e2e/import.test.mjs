// `import`: configurations of other proxies become one that `check` accepts, with a report that names every option.
// Release too: what is packaged.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { freshSecret, run, temporaryFolder } from './lib/proxy.mjs';

const VARIABLES = {
  LOGTO_ENDPOINT: 'https://tenant.logto.app', LOGTO_APP_ID: 'app', LOGTO_APP_SECRET: 'very-secret-app-secret', SESSION_SECRET: freshSecret(),
  EXTERNAL_URL: 'https://app.example.com', ALLOWED_ROLE: 'staff', REDIS_PASSWORD: 'redis-password', BASIC_AUTH_PASSWORD: 'basic-password',
  API_RESOURCE: 'https://api.example.com', X_API_KEY: 'api-key', FILES_URL: 'http://files:80', WIKI_URL: 'http://wiki:80',
};
function folderWith(files) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return (name) => path.join(folder, name);
}

async function imported(args, options) {
  const { code, stdout, stderr } = await run(['import', ...args], options);
  assert.equal(code, 0, stderr);
  return { config: stdout, report: stderr };
}

// Runs `check` over what was written.
async function accepted(config) {
  const at = folderWith({ 'logto-proxy.yaml': config });
  const { code, stderr } = await run(['check', '--config', at('logto-proxy.yaml')], { env: { ...process.env, ...VARIABLES } });
  const problems = stderr.split('\n').filter((line) => line && !/^(warning|note): /.test(line));
  assert.deepEqual(problems, [], config);
  assert.equal(code, 0, stderr);
}

const WIKI = `
## a wiki behind a terminator, for two domains and a list
http_address = "0.0.0.0:4180"
reverse_proxy = true
redirect_url = "https://wiki.example.com/oauth2/callback"
upstreams = [
  "http://wiki.internal:3000/",
  "http://127.0.0.1:9000/api/",
  "http://127.0.0.1:9001/health"
]
email_domains = ["example.com", ".example.net"]
authenticated_emails_file = "emails.txt"
provider = "github"
github_org = "acme"
client_id = "old-id"
client_secret = "hunter2-of-the-old-provider"
cookie_secret = "0123456789abcdef0123456789abcdef"
cookie_name = "_wiki"
cookie_expire = "24h"
cookie_refresh = "1h"
cookie_secure = true
skip_auth_routes = ["GET=^/robots\\\\.txt$", "^/static/", "\\\\.(css|js)$"]
api_routes = ["^/api/"]
session_store_type = "redis"
redis_connection_url = "redis://:hunter2-of-redis@redis:6379/2"
made_up_option = 1
banner = "<b>hi</b>"
`;

const BEHIND_NGINX = `http_address="0.0.0.0:4180"
upstreams="static://202"
cookie_domains=[".example.com"]
whitelist_domains=[".example.com"]
redirect_url="https://auth.example.com/oauth2/callback"
email_domains="*"
set_xauthrequest=true
reverse_proxy="true"
skip_provider_button = true
`;

const ALPHA = `server:
  bindAddress: 0.0.0.0:4180
upstreamConfig:
  upstreams:
    - { id: wiki, path: /, uri: "http://wiki:8080" }
    - { id: api, path: "^/api/(.*)$", rewriteTarget: /$1, uri: "http://api:9000", timeout: 5s }
injectRequestHeaders:
  - { name: X-Forwarded-User, values: [{ claimSource: { claim: user } }] }
  - { name: X-Team, values: [{ claimSource: { claim: custom_data.team } }] }
providers:
  - id: logto
    provider: oidc
    clientID: abc123
    clientSecret: hunter2-alpha
    oidcConfig: { issuerURL: "https://tenant.logto.app/oidc" }
`;

const TRAEFIK = `default-action = auth
default-provider = oidc
secret = hunter2-of-traefik
providers.oidc.issuer-url = https://login.example.com/realms/x
domain = example.com
lifetime = 3600
url-path = /_oauth
rule.health.action = allow
rule.health.rule = Path(\`/health\`) || PathPrefix(\`/public/\`)
rule.admin.rule = PathPrefix(\`/admin\`) && Method(\`GET\`, \`POST\`)
rule.admin.whitelist = ada@example.com
`;

describe('import from oauth2-proxy', () => {
  test('a configuration file: check accepts the result, and the report names each option', async () => {
    const at = folderWith({ 'oauth2-proxy.cfg': WIKI, 'emails.txt': 'ada@x.example\n# nobody\nbob@y.example\n' });
    const { config, report } = await imported(['--from', 'oauth2-proxy', at('oauth2-proxy.cfg')]);
    await accepted(config);
    for (const option of WIKI.match(/^\w+/gm)) assert.match(report, new RegExp(`^  ${option}\\b`, 'm'), option);
    assert.match(report, /Not known to this import[^]*made_up_option[^]*Not supported[^]*github_org[^]*Differs[^]*cookie_secret[^]*Taken over/);
    assert.match(report, /Set these in the environment.*LOGTO_APP_ID.*ALLOWED_ROLE/);
    assert.doesNotMatch(config + report, /hunter2|0123456789abcdef/);
    assert.match(config, /ada@x\.example, bob@y\.example/);
  });

  test('files for output and report', async () => {
    const at = folderWith({ 'a.cfg': WIKI });
    const { config, report } = await imported(['--from', 'oauth2-proxy', at('a.cfg'), '-o', at('out.yaml'), '--report', at('report.txt')]);
    assert.equal(config + report, '');
    assert.match(fs.readFileSync(at('out.yaml'), 'utf8'), /^external_urls: \[https:\/\/wiki\.example\.com\]$/m);
    assert.match(fs.readFileSync(at('report.txt'), 'utf8'), /authenticated_emails_file emails\.txt: could not be read/);
  });

  test('behind nginx, with one cookie for a domain', async () => {
    const at = folderWith({ 'nginx.cfg': BEHIND_NGINX });
    const { config } = await imported(['--from', 'oauth2-proxy', at('nginx.cfg')]);
    await accepted(config);
    assert.match(config, /forward_auth:\n {2}enabled: true\n {2}oauth2_proxy: true\n/);
    assert.match(config, /sign_in_url: https:\/\/auth\.example\.com/);
  });

  test('variables of an environment file and of the environment', async () => {
    const at = folderWith({ env: 'OAUTH2_PROXY_UPSTREAMS=http://a:1/\nOAUTH2_PROXY_EMAIL_DOMAINS="*"\nOTHER=1\nOAUTH2_PROXY_COOKIE_NAME=from_file\n' });
    const env = { ...process.env, OAUTH2_PROXY_COOKIE_NAME: 'from_environment' };
    const one = await imported(['--from', 'oauth2-proxy', '--env-file', at('env')], { env });
    await accepted(one.config);
    assert.match(one.config, /name: from_file/);
    assert.doesNotMatch(one.report, /OTHER/);
    assert.match((await imported(['--from', 'oauth2-proxy', '--env-file', at('env'), '--env'], { env })).config, /name: from_environment/);
  });

  test('alpha configuration, alone and beside a file', async () => {
    const at = folderWith({ 'alpha.yaml': ALPHA, 'core.cfg': 'email_domains = "*"\nredirect_url = "https://wiki.example.com/oauth2/callback"\n' });
    const alone = await imported(['--from', 'oauth2-proxy', at('alpha.yaml')]);
    const beside = await imported(['--from', 'oauth2-proxy', at('core.cfg'), '--alpha-config', at('alpha.yaml')]);
    for (const { config } of [alone, beside]) {
      await accepted(config);
      assert.match(config, /strip_prefix: \/api\n/);
      assert.match(config, /app_id: abc123\n/);
      assert.doesNotMatch(config, /hunter2/);
    }
    assert.match(beside.config, /^external_urls: \[https:\/\/wiki\.example\.com\]$/m);
  });

  test('a file that cannot be understood: exit 2, its name and place', async () => {
    const at = folderWith({ 'bad.cfg': 'a = "x"\nb = \n', 'bad.yaml': 'a: [\n', env: 'what\n' });
    for (const [args, pattern] of [
      [[at('bad.cfg')], /bad\.cfg: line 2, column \d+: not TOML/], [[at('bad.yaml')], /bad\.yaml:\d+:\d+: not valid YAML/],
      [['--env-file', at('env')], /env: line 1: expected NAME=VALUE/], [[at('none.cfg')], /none\.cfg: cannot be read/], [[], /name a configuration file/],
    ]) {
      const { code, stdout, stderr } = await run(['import', '--from', 'oauth2-proxy', ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, pattern);
    }
    assert.notEqual((await run(['import', '--from', 'something', at('bad.cfg')])).code, 0);
  });
});

describe('import from traefik-forward-auth', () => {
  test('an ini file with rules', async () => {
    const at = folderWith({ 'tfa.ini': TRAEFIK });
    const { config, report } = await imported(['--from', 'traefik-forward-auth', at('tfa.ini')]);
    await accepted(config);
    assert.match(config, /- path: \/health\n {4}access: public\n/);
    assert.match(config, /email: \[ada@example\.com\]/);
    for (const option of TRAEFIK.match(/^[\w.-]+/gm)) assert.ok(report.includes(`\n  ${option}: `), option);
    assert.doesNotMatch(config + report, /hunter2/);
  });

  test('variables', async () => {
    const at = folderWith({ env: 'DEFAULT_PROVIDER=oidc\nPROVIDERS_OIDC_ISSUER_URL=https://tenant.logto.app/oidc\nPROVIDERS_OIDC_CLIENT_ID=abc\nSECRET=x\nAUTH_HOST=auth.example.com\nCOOKIE_DOMAIN=example.com\n' });
    const { config } = await imported(['--from', 'traefik-forward-auth', '--env-file', at('env')]);
    await accepted(config);
    assert.match(config, /endpoint: https:\/\/tenant\.logto\.app\n {2}app_id: abc\n/);
  });
});
