// Configurations of oauth2-proxy before and after `import`, request by request (see README.md).
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BrowserUser } from '../e2e/lib/browser_user.mjs';
import { EvilOp } from '../e2e/lib/evil_op.mjs';
import { Proxy, freePort, freshSecret, run, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { FETCH, request } from '../e2e/lib/raw.mjs';
import { Recorder } from '../e2e/lib/recorder.mjs';
import { HOST, ORIGIN } from '../e2e/lib/world.mjs';

const THEIRS = process.env.OAUTH2_PROXY_BIN;
const PEOPLE = {
  nobody: null,
  alice: {},
  admin: { sub: 'root', email: 'root@corp.test', roles: ['admin'], groups: ['admin'] },
  capitals: { sub: 'c', email: 'Hanako@CORP.test' },
  subdomain: { sub: 's', email: 's@mail.corp.test' },
  'no address': { sub: 'bob', username: 'bob', email: null, email_verified: null },
  unverified: { sub: 'u', email: 'u@corp.test', email_verified: false },
  'two @': { sub: 't', email: 't@evil.test@corp.test' },
};
const XFF = (address) => ({ 'X-Forwarded-For': address });
const REQUESTS = [
  ['/x'], ['/admin/x'], ['/public/a.css'], ['/prometheus/'], ['/prometheus/public/a.css'], ['/prometheus/public/a.css.map'], ['/health'], ['/healthz'], ['/api/x'],
  ['/oauth2/auth'], ['/oauth2/auth?allowed_groups=admin'], ['/oauth2/auth', { 'X-Forwarded-Uri': '/health' }], ['/oauth2/auth', { 'X-Forwarded-Uri': '/x' }],
  ['/x', XFF('10.1.1.1')], ['/x', XFF('198.51.100.7')], ['/x', XFF('10.1.1.1, 198.51.100.7')], ['/x', { 'X-Real-IP': '10.1.1.1' }], ['/x', { 'X-Real-IP': '198.51.100.7' }],
  ['/ping'], ['/ready'], ['/robots.txt'],
];
const ANYBODY = 'email_domains = ["*"]\n';
const CONFIGURATIONS = {
  'anybody with an address': ANYBODY,
  'one domain': 'email_domains = ["Corp.test"]\n',
  'domains below one': 'email_domains = [".corp.test"]\n',
  'a list of domains with a blank': 'email_domains = "example.test, corp.test"\n',
  'a file of addresses': 'authenticated_emails_file = "FOLDER/list"\n',
  groups: `${ANYBODY}allowed_groups = ["admin"]\n`,
  'groups for another proxy': `${ANYBODY}allowed_groups = ["admin"]\nupstreams = ["static://202"]\n`,
  'no app': `${ANYBODY}upstreams = ["file:///dev/null"]\n`,
  'unverified addresses': `${ANYBODY}insecure_oidc_allow_unverified_email = true\n`,
  'another claim for the address': `${ANYBODY}user_id_claim = "username"\nprefer_email_to_user = true\n`,
  'trusted_ips, X-Real-IP': `${ANYBODY}reverse_proxy = true\ntrusted_ips = ["10.0.0.0/8"]\n`,
  'trusted_ips, X-Forwarded-For': `${ANYBODY}reverse_proxy = true\nreal_client_ip_header = "X-Forwarded-For"\ntrusted_proxy_ips = ["127.0.0.1"]\ntrusted_ips = ["10.0.0.0/8"]\n`,
  'trusted_ips of peers': `${ANYBODY}trusted_ips = ["127.0.0.1"]\n`,
  'skipped paths': `${ANYBODY}reverse_proxy = true\nskip_auth_routes = ["GET=^/health$", "^/api/"]\nskip_auth_regex = ["/public/.*\\\\.css$"]\nupstreams = ["APP/", "APP/prometheus/"]\n`,
  'all but some paths': `${ANYBODY}skip_auth_routes = ["!=^/admin"]\n`,
  alternatives: `${ANYBODY}skip_auth_regex = ["^/health$|/public/"]\nupstreams = ["APP/", "APP/prometheus/"]\n`,
};

const common = (port, admin, op, app, folder, text) => {
  const body = text.replaceAll('APP', app).replaceAll('FOLDER', folder);
  const lines = { http_address: `127.0.0.1:${port}`, redirect_url: `${ORIGIN}/oauth2/callback`, provider: 'oidc', oidc_issuer_url: `${op.endpoint}/oidc`, client_id: op.clientId,
    client_secret: op.clientSecret, cookie_secret: '0123456789abcdef0123456789abcdef', scope: 'openid profile email roles', oidc_groups_claim: 'roles', metrics_address: admin };
  const top = Object.entries(lines).map(([name, value]) => `${name} = "${value}"\n`).join('');
  return `${top}cookie_secure = false\nskip_provider_button = true\ncode_challenge_method = "S256"\ninsecure_oidc_skip_nonce = false\n${/^upstreams/m.test(body) ? '' : `upstreams = ["${app}/"]\n`}${body}`;
};

async function startTheirs(file, port) {
  const child = spawn(THEIRS, ['--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
  for (let tries = 0; tries < 200; ++tries) {
    if (child.exitCode !== null) throw new Error(`oauth2-proxy ended:\n${output}`);
    const answer = await request(port, 'GET', '/ping', {}, { host: HOST }).catch(() => null);
    if (answer?.status === 200) return { port, stop: async () => { child.kill(); await once(child, 'close'); } };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`oauth2-proxy does not answer:\n${output}`);
}

async function startOurs(file, adminAddress, op) {
  const { code, stdout, stderr } = await run(['import', '--from', 'oauth2-proxy', file]);
  if (code !== 0) throw new Error(stderr);
  const env = { LOGTO_ENDPOINT: op.endpoint, LOGTO_APP_ID: op.clientId, LOGTO_APP_SECRET: op.clientSecret, SESSION_SECRET: freshSecret(), ALLOWED_ROLE: 'role-that-nobody-has' };
  return Proxy.start(stdout, { adminAddress, env });
}

// What came of a request: it passed, and as whom; or who asked was sent away.
function outcome(answer) {
  if (answer.status >= 300) return 'kept out';
  const names = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups']; // the preferred username is Logto's username here
  let seen = [];
  try { seen = JSON.parse(answer.text).headers ?? []; } catch { /* an answer of the proxy itself */ }
  const told = seen.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => names.includes(name)).sort();
  return `passes ${told.map((pair) => pair.join('=')).join(' ')}`.trim();
}

async function cookiesOf(port, op, who) {
  if (who === null) return '';
  const before = op.user;
  op.user = { ...before, ...who };
  try {
    const user = new BrowserUser({ [HOST]: port });
    await user.navigate(`${ORIGIN}/oauth2/start?rd=/`);
    return [...user.cookies(HOST)].filter(([name]) => !/csrf|pending/.test(name)).map(([name, { value }]) => `${name}=${value}`).join('; ');
  } finally {
    op.user = before;
  }
}

async function compare(name, text, op, app) {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'list'), 'Hanako@Corp.test\nroot@corp.test\n');
  const [port, admin] = [await freePort(), `127.0.0.1:${await freePort()}`];
  const theirsFile = path.join(folder, 'theirs.cfg'), oursFile = path.join(folder, 'ours.cfg');
  fs.writeFileSync(theirsFile, common(port, '', op, app, folder, text));
  fs.writeFileSync(oursFile, common(0, admin, op, app, folder, text));
  const theirs = await startTheirs(theirsFile, port), ours = await startOurs(oursFile, admin, op);
  const found = { opened: 0, closed: 0, told: 0, same: 0 };
  for (const [who, person] of Object.entries(PEOPLE)) {
    const cookies = { theirs: await cookiesOf(theirs.port, op, person), ours: await cookiesOf(ours.port, op, person) };
    for (const [target, headers = {}] of REQUESTS) {
      const ask = async (at, cookie) => outcome(await request(at, 'GET', target, { ...FETCH, ...headers, ...(cookie ? { Cookie: cookie } : {}) }, { host: HOST }));
      const [there, here] = [await ask(theirs.port, cookies.theirs), await ask(ours.port, cookies.ours)];
      const [passedThere, passesHere] = [there, here].map((one) => one.startsWith('passes'));
      const kind = !passedThere && passesHere ? 'opened' : passedThere && !passesHere ? 'closed' : there === here ? 'same' : 'told';
      found[kind] += 1;
      if (kind !== 'same') console.log(`${kind.toUpperCase()}: ${name}: ${who}: ${target} ${JSON.stringify(headers)}\n    there: ${there}\n    here:  ${here}`);
    }
  }
  await theirs.stop();
  await ours.stop();
  return found;
}

if (!THEIRS) {
  console.error('OAUTH2_PROXY_BIN names no program: see tests/compare/README.md');
  process.exit(2);
}
const op = await EvilOp.start();
const recorder = await Recorder.start();
const sum = { opened: 0, closed: 0, told: 0, same: 0 };
for (const [name, text] of Object.entries(CONFIGURATIONS)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const found = await compare(name, text, op, recorder.url);
  for (const kind of Object.keys(sum)) sum[kind] += found[kind];
}
await recorder.close();
await op.stop();
console.log(`opened ${sum.opened}, closed ${sum.closed}, told otherwise ${sum.told}, the same ${sum.same}`);
process.exit(sum.opened > 0 ? 1 : 0);
