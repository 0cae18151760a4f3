// `import`: configurations of other proxies become one that `check` accepts, with a report that names every option.
// Release too: what is packaged.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { loudSkip } from './lib/corpora.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { Proxy, freePort, freshSecret, run, temporaryFolder } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { Recorder } from './lib/recorder.mjs';
import { NGINX, startNginx } from './lib/servers.mjs';
import { HOST, ORIGIN, headersOf } from './lib/world.mjs';

const VARIABLES = {
  LOGTO_ENDPOINT: 'https://tenant.logto.app', LOGTO_APP_ID: 'app', LOGTO_APP_SECRET: 'very-secret-app-secret', SESSION_SECRET: freshSecret(),
  EXTERNAL_URL: 'https://app.example.com', ALLOWED_ROLE: 'staff', REDIS_PASSWORD: 'redis-password', BASIC_AUTH_PASSWORD: 'basic-password',
  API_RESOURCE: 'https://api.example.com', X_API_KEY: 'api-key', WIKI_URL: 'http://wiki:80',
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
    const at = folderWith({ 'bad.cfg': 'a = "x"\nb = \n', 'bad.yaml': 'a: [\n', env: 'what\n', 'empty.cfg': ' \n\n', 'large.cfg': '#'.repeat(1024 * 1024 + 1) });
    for (const [args, pattern] of [
      [[at('bad.cfg')], /bad\.cfg: line 2, column \d+: not TOML/], [[at('bad.yaml')], /bad\.yaml:1:4: the \[ that opens here is not closed/],
      [['--env-file', at('env')], /env: line 1: expected NAME=VALUE/], [[], /name a configuration file/],
      [[at('none.cfg')], /none\.cfg: cannot be read: No such file or directory\n$/], [[at('.')], /: is a directory, expected a file\n$/], [[at('empty.cfg')], /empty\.cfg: is empty\n$/],
      [[at('bad.cfg/x')], /x: cannot be read: Not a directory\n$/], [['--env-file', at('none')], /none: cannot be read: No such file/], [['--alpha-config', at('none.yaml')], /none\.yaml: cannot be read: No such file/],
      [[at('large.cfg')], /large\.cfg: larger than 1 MiB/],
    ]) {
      const { code, stdout, stderr } = await run(['import', '--from', 'oauth2-proxy', ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, pattern);
    }
    assert.notEqual((await run(['import', '--from', 'something', at('bad.cfg')])).code, 0);
  });
});

// What an import wrote, running in front of an app, with nothing changed by hand but the variables that the report names.
async function running(t, toml, { files = {}, env = {} } = {}) {
  const op = await EvilOp.start();
  const recorder = await Recorder.start();
  t.after(async () => { await recorder.close(); await op.stop(); });
  const adminAddress = `127.0.0.1:${await freePort()}`;
  const own = `http_address = "127.0.0.1:0"\nmetrics_address = "${adminAddress}"\nredirect_url = "${ORIGIN}/oauth2/callback"\n`;
  const text = toml.replaceAll('APP', recorder.url);
  const at = folderWith({ 'oauth2-proxy.cfg': `${own}${/^upstreams/m.test(text) ? '' : `upstreams = ["${recorder.url}/"]\n`}${text}`, env: ['# variables', ...Object.entries(env).map((pair) => pair.join('='))].join('\n'), ...files });
  const { config, report } = await imported(['--from', 'oauth2-proxy', at('oauth2-proxy.cfg'), '--env-file', at('env')]);
  const logto = op.logto();
  const proxy = await Proxy.start(config, { adminAddress, env: { ...VARIABLES, LOGTO_ENDPOINT: logto.endpoint, LOGTO_APP_ID: logto.app_id, LOGTO_APP_SECRET: logto.app_secret } });
  t.after(() => proxy.stop());
  const get = (target, headers = {}) => request(proxy.port, 'GET', target, { ...FETCH, ...headers }, { host: HOST });
  const visit = async (target, who = {}) => {
    op.user = { ...op.user, ...who };
    const user = new BrowserUser({ [HOST]: proxy.port });
    return { user, answer: await user.navigate(ORIGIN + target) };
  };
  return { config, report, proxy, op, get, visit };
}
const NO_ADDRESS = { email: null, email_verified: null };

describe('what was imported from oauth2-proxy lets nobody in who was kept out there', () => {
  test('email_domains = ["*"]: everybody with an address, and nobody without one or with one that is said to be unverified', async (t) => {
    const { visit } = await running(t, 'email_domains = ["*"]\n');
    assert.equal((await visit('/x')).answer.status, 200);
    assert.equal((await visit('/x', { sub: 'bob', username: 'bob', ...NO_ADDRESS })).answer.status, 403);
    assert.equal((await visit('/x', { sub: 'eve', email: 'eve@example.test', email_verified: false })).answer.status, 403);
  });

  test('nothing about e-mail, as where it is a flag: nobody without the role that the report names', async (t) => {
    const { visit, report } = await running(t, 'cookie_name = "x"\n');
    assert.match(report, /Not supported[^]*email_domains \(not set\): .*--email-domain.*import again/);
    assert.equal((await visit('/x')).answer.status, 403);
    assert.equal((await visit('/x', { roles: ['staff'] })).answer.status, 200);
  });

  for (const [what, toml] of Object.entries({
    'an option that Logto cannot ask for': 'bitbucket_workspace = "acme"\n',
    'an option of a later version': 'only_these_people = ["x"]\n',
    'a flag where a name of the file belongs': 'allowed_group = "admin"\n',
  })) {
    test(`${what}: nobody without the role`, async (t) => {
      const { visit } = await running(t, `email_domains = ["*"]\n${toml}`);
      assert.equal((await visit('/x')).answer.status, 403);
      assert.equal((await visit('/x', { roles: ['staff'] })).answer.status, 200);
    });
  }

  test('a variable that oauth2-proxy does not read opens nothing, and takes nothing away', async (t) => {
    const { visit, report } = await running(t, 'email_domains = ["corp.test"]\n', { env: { OAUTH2_PROXY_EMAIL_DOMAIN: '*', OAUTH2_PROXY_SKIP_AUTH_ROUTE: '^/' } });
    assert.match(report, /OAUTH2_PROXY_EMAIL_DOMAIN: left out: oauth2-proxy does not read it, only OAUTH2_PROXY_EMAIL_DOMAINS/);
    assert.equal((await visit('/x')).answer.status, 403);
    assert.equal((await visit('/x', { email: 'a@Corp.Test' })).answer.status, 200);
  });

  test('addresses and domains are compared without regard to case', async (t) => {
    const { visit } = await running(t, 'email_domains = ["Corp.test"]\nauthenticated_emails_file = "list"\n', { files: { list: 'Hanako@Example.test\n' } });
    assert.equal((await visit('/x', { email: 'hanako@example.test' })).answer.status, 200);
    assert.equal((await visit('/x', { email: 'HANAKO@EXAMPLE.TEST' })).answer.status, 200);
    assert.equal((await visit('/x', { email: 'x@corp.TEST' })).answer.status, 200);
    assert.equal((await visit('/x', { email: 'hanako@corp.test.example' })).answer.status, 403);
  });

  test('trusted_ips by another field than X-Forwarded-For: strangers behind the front proxy sign in', async (t) => {
    const { get, config } = await running(t, 'email_domains = ["*"]\nreverse_proxy = true\ntrusted_ips = ["127.0.0.0/8", "10.0.0.0/8"]\n');
    assert.match(config, /^client_ip_header: X-Real-IP$/m);
    assert.equal((await get('/x', { 'X-Real-IP': '10.1.1.1' })).status, 200);
    for (const headers of [{}, { 'X-Real-IP': '198.51.100.7' }, { 'X-Real-IP': '127.0.0.1' }, { 'X-Forwarded-For': '10.1.1.1' }, { 'X-Forwarded-For': '10.1.1.1', 'X-Real-IP': '198.51.100.7' }]) {
      assert.equal((await get('/x', headers)).status, 401, JSON.stringify(headers));
    }
  });

  test('trusted_ips by X-Forwarded-For: who is named there, not the proxy', async (t) => {
    const { get } = await running(t, 'email_domains = ["*"]\nreverse_proxy = true\nreal_client_ip_header = "X-Forwarded-For"\ntrusted_ips = ["127.0.0.0/8", "10.0.0.0/8"]\n');
    assert.equal((await get('/x', { 'X-Forwarded-For': '10.1.1.1' })).status, 200);
    for (const headers of [{}, { 'X-Real-IP': '10.1.1.1' }, { 'X-Forwarded-For': '127.0.0.1' }, { 'X-Forwarded-For': '198.51.100.7' }, { 'X-Forwarded-For': '10.1.1.1, 198.51.100.7' }]) {
      assert.equal((await get('/x', headers)).status, 401, JSON.stringify(headers));
    }
  });

  test('a pattern that ends in $ and does not begin in ^ holds below a mounted app as it holds there', async (t) => {
    const { get } = await running(t, 'email_domains = ["*"]\nupstreams = ["APP/", "APP/prometheus/"]\nskip_auth_regex = ["/public/.*\\\\.css$"]\n');
    for (const target of ['/prometheus/public/a.css', '/prometheus/x/public/a/b.css', '/public/a.css']) assert.equal((await get(target)).status, 200, target);
    for (const target of ['/prometheus/public/a.css.map', '/prometheus/publica.css', '/prometheus/', '/x/a.css']) assert.equal((await get(target)).status, 401, target);
  });

  test('prefer_email_to_user: the address is the user, whichever claim it is', async (t) => {
    const { visit } = await running(t, 'email_domains = ["*"]\nprefer_email_to_user = true\nuser_id_claim = "username"\n');
    const { answer } = await visit('/x', { username: 'bob', ...NO_ADDRESS });
    assert.equal(answer.status, 200);
    const got = Object.fromEntries(headersOf(answer).map(([name, value]) => [name.toLowerCase(), value]));
    assert.equal(got['x-forwarded-user'], 'bob');
    assert.equal(got['x-forwarded-email'], undefined);
  });

  test('a folder is served from its mount, to whom the rules let in, and a fixed answer beside it', async (t) => {
    const at = folderWith({ 'a.txt': 'a file' });
    const { get, visit } = await running(t, `email_domains = ["*"]\nupstreams = ["APP/", "file://${at('')}#/files/"]\nskip_auth_routes = ["^/open"]\n`);
    assert.equal((await get('/files/a.txt')).status, 401);
    const { answer } = await visit('/files/a.txt');
    assert.deepEqual([answer.status, answer.text], [200, 'a file']);
    assert.equal((await get('/files/b.txt')).status, 401);
  });

  test('upstreams = ["file:///dev/null"]: there is no app, and the result starts as it is', async (t) => {
    const { visit, report, config } = await running(t, 'email_domains = ["*"]\nupstreams = ["file:///dev/null"]\n');
    assert.doesNotMatch(config + report, /FILES_URL|path: \/dev\/null/);
    assert.equal((await visit('/oauth2/userinfo')).answer.status, 401);
  });
});

describe('/oauth2/auth of an imported configuration keeps its restrictions', () => {
  const GROUPS = 'email_domains = ["*"]\nallowed_groups = ["admin"]\nreverse_proxy = true\n';
  const check = async (visited, headers = {}, query = '') => {
    const { user } = visited;
    const url = new URL(`${ORIGIN}/oauth2/auth${query}`);
    return request(user.ports[HOST], 'GET', url.pathname + url.search, { ...FETCH, Cookie: user.cookieHeader(url), ...headers }, { host: HOST });
  };
  for (const [what, upstreams] of Object.entries({ 'for another proxy': 'upstreams = ["static://202"]\n', 'no app': 'upstreams = ["file:///dev/null"]\n', 'beside an app': '' })) {
    test(`${what}: 403 for whom the groups keep out, 202 for others, 401 for nobody`, async (t) => {
      const { visit, get } = await running(t, `${GROUPS}${upstreams}`);
      assert.equal((await get('/oauth2/auth')).status, 401);
      assert.equal((await check(await visit('/oauth2/start'))).status, 403);
      assert.equal((await check(await visit('/oauth2/start', { roles: ['admin'] }))).status, 202);
      assert.equal((await check(await visit('/oauth2/start', { roles: ['admin'], ...NO_ADDRESS }))).status, 403);
    });
  }

  test('skip_auth_routes hold for the address that the other proxy names', async (t) => {
    const { get } = await running(t, `${GROUPS}upstreams = ["static://202"]\nskip_auth_routes = ["^/health$"]\n`);
    assert.equal((await get('/oauth2/auth', { 'X-Forwarded-Uri': '/health' })).status, 202);
    assert.equal((await get('/oauth2/auth', { 'X-Forwarded-Uri': '/healthz' })).status, 401);
    assert.equal((await get('/oauth2/auth')).status, 401);
  });

  test('groups are told as oauth2-proxy tells them', async (t) => {
    const { visit } = await running(t, 'email_domains = ["*"]\nupstreams = ["static://202"]\n');
    const answer = await check(await visit('/oauth2/start', { roles: ['Grafana Admins', 'é'] }));
    assert.equal(Buffer.from(answer.fields.get('x-auth-request-groups'), 'latin1').toString(), 'Grafana Admins,é');
  });
});

// nginx as oauth2-proxy's documentation sets it up, in front of an app, with the lines that the report of an import names.
async function behindNginx(t, { prefix = '/oauth2', errorPage }) {
  const app = await Recorder.start();
  t.after(() => app.close());
  const made = await running(t, `email_domains = ["*"]\nreverse_proxy = true\nset_xauthrequest = true\nupstreams = ["static://202"]\nproxy_prefix = "${prefix}"\n`);
  const told = /\(nginx: error_page\): [^]*?write `(error_page [^`]*;)`/.exec(made.report.replace(/\s+/g, ' '))?.[1];
  assert.ok(told, made.report);
  const port = await freePort();
  await startNginx(t, { port, http: `server {
    listen 127.0.0.1:${port};
    location ${prefix}/ { proxy_pass http://127.0.0.1:${made.proxy.port}; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Auth-Request-Redirect $request_uri; }
    location = ${prefix}/auth { proxy_pass http://127.0.0.1:${made.proxy.port}; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-Uri $request_uri; proxy_set_header Content-Length ""; proxy_pass_request_body off; }
    location / { auth_request ${prefix}/auth; ${errorPage ?? told} auth_request_set $user $upstream_http_x_auth_request_user; proxy_set_header X-User $user; proxy_set_header Host $host; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass ${app.url}; }
  }` });
  return { ...made, port, app, told };
}

describe('nginx as it was set up for oauth2-proxy, with the error_page line of the report', () => {
  for (const prefix of ['/oauth2', '/sso']) {
    test(`below ${prefix} people sign in and come back to the whole address; scripts get 401`, async (t) => {
      if (!fs.existsSync(NGINX)) return loudSkip(t, 'nginx is not installed');
      const { port, app, told, report } = await behindNginx(t, { prefix });
      assert.equal(told, `error_page 401 = ${prefix}/sign_in;`);
      assert.ok(report.replace(/\s+/g, ' ').includes(`redirect URI ${ORIGIN}${prefix}/callback,`), report);
      const user = new BrowserUser({ [HOST]: port });
      const answer = await user.navigate(`${ORIGIN}/page?x=1&y=%2F2`);
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      const got = app.requests.at(-1);
      assert.equal(got.target, '/page?x=1&y=%2F2');
      assert.equal(got.fields.get('x-user'), 'alice-sub');
      assert.equal((await request(port, 'GET', '/page', FETCH, { host: HOST })).status, 401);
      assert.equal((await request(port, 'POST', '/page', { ...FETCH, 'Content-Length': '0' }, { host: HOST })).status, 401);
    });
  }

  test('the line that it stands in for: a redirect that no browser follows', async (t) => {
    if (!fs.existsSync(NGINX)) return loudSkip(t, 'nginx is not installed');
    const { port } = await behindNginx(t, { errorPage: 'error_page 401 =403 /oauth2/sign_in;' });
    const answer = await request(port, 'GET', '/page', NAVIGATION, { host: HOST });
    assert.equal(answer.status, 403);
    assert.equal(answer.text, '');
    assert.ok(answer.fields.get('location'));
  });
});

test('probes go on as they are: /ping, /ready and /robots.txt of what was imported', async (t) => {
  for (const [toml, answered, others] of [
    ['', ['/ping', '/ready', '/robots.txt'], ['/healthz', '/liveness_check']],
    ['ping_path = "/up"\nready_path = "/up/ready"\n', ['/up', '/up/ready', '/robots.txt'], ['/ping', '/ready']],
    ['ping_path = ""\nready_path = ""\n', ['/robots.txt'], ['/ping', '/ready']],
    ['ping_path = "/oauth2/auth"\n', ['/ready'], ['/oauth2/auth', '/ping']],
    ['gcp_healthchecks = true\n', ['/ready'], ['/ping', '/liveness_check']],
  ]) {
    const { proxy, report } = await running(t, `email_domains = ["*"]\n${toml}`);
    const at = async (target, headers = {}) => (await request(proxy.port, 'GET', target, headers, { host: '10.0.0.7' })).status;
    for (const target of answered) assert.equal(await at(target), 200, `${toml} ${target}`);
    for (const target of others) assert.ok([401, 421].includes(await at(target)), `${toml} ${target}`);
    if (toml.startsWith('gcp')) for (const target of ['/ping', '/liveness_check', '/readiness_check']) assert.equal(await at(target, { 'User-Agent': 'GoogleHC/1.0' }), 200, target);
    assert.equal(await at('/', { 'User-Agent': 'GoogleHC/1.0' }), 421);
    assert.match(report, /Taken over[^]*\/ping, \/ready, \/robots\.txt: health/);
  }
});

describe('files in which a configuration stands somewhere', () => {
  test('are refused, with the way to give it', async () => {
    const at = folderWith({
      'compose.yaml': 'services:\n  auth:\n    image: quay.io/oauth2-proxy/oauth2-proxy\n    environment: { OAUTH2_PROXY_EMAIL_DOMAINS: "*" }\n',
      'values.yaml': 'config:\n  configFile: |-\n    email_domains = [ "*" ]\nextraArgs: { provider: oidc }\n',
      'deployment.yml': 'apiVersion: apps/v1\nkind: Deployment\nspec: {}\n', 'compose.cfg': 'services:\n  auth: {}\n', 'other.yaml': 'a: b\n',
      'env.cfg': 'OAUTH2_PROXY_EMAIL_DOMAINS="*"\n', 'list.env': '- OAUTH2_PROXY_EMAIL_DOMAINS=*\n', 'empty.env': 'PATH=/bin\n',
    });
    for (const [args, pattern] of [
      [[at('compose.yaml')], /compose\.yaml: a compose file.*--env-file/], [['--alpha-config', at('compose.yaml')], /a compose file/], [[at('compose.cfg')], /a compose file/],
      [[at('values.yaml')], /values of a Helm chart.*configFile/], [[at('deployment.yml')], /a Kubernetes manifest.*kubectl/],
      [[at('other.yaml')], /not an alpha configuration/], [[at('env.cfg')], /give it by --env-file/], [['--env-file', at('list.env')], /line 1: expected NAME=VALUE/],
      [['--env-file', at('empty.env')], /no option of oauth2-proxy/],
    ]) {
      const { code, stdout, stderr } = await run(['import', '--from', 'oauth2-proxy', ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, pattern);
    }
    const tfa = await run(['import', '--from', 'traefik-forward-auth', at('compose.yaml')]);
    assert.equal(tfa.code, 2, tfa.stderr);
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
