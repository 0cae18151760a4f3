// Mistakes in the configuration refuse to start: exit 2, all of them at once, each with file, line, column, key and what was expected.
// Release too: what is packaged: the same mistakes are refused.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loudSkip } from './lib/corpora.mjs';
import { REPO, freshSecret, run, writeConfig } from './lib/proxy.mjs';

const SECRET = freshSecret();
const GOOD = `external_urls: [http://app.test]
listen: 127.0.0.1:0
logto:
  endpoint: http://127.0.0.1:3001
  app_id: app
  app_secret: very-secret-app-secret
session:
  secret: ${SECRET}
upstreams:
  app: http://127.0.0.1:9000
routes:
  - path: /*
    upstream: app
`;
const check = (text, options) => { const file = writeConfig(text); return run(['check', '--config', file], options).then((result) => ({ ...result, file })); };

async function refused(text, ...patterns) {
  const result = await check(text);
  assert.equal(result.code, 2, `${result.stdout}\n${result.stderr}`);
  for (const pattern of patterns) assert.match(result.stderr, pattern);
  assert.ok(result.stderr.includes(path.basename(result.file)), 'names the file');
  assert.doesNotMatch(result.stderr, new RegExp(SECRET.slice(0, 20).replace(/[+/]/g, '.')), 'a secret is not in an error');
  return result;
}

describe('check', () => {
  test('a good file passes with exit 0', async () => {
    const { code, stderr } = await check(GOOD);
    assert.equal(code, 0, stderr);
  });

  test('all problems of a file are reported at once, each with line and column', async () => {
    const { stderr } = await refused(GOOD.replace('listen: 127.0.0.1:0', 'listne: 127.0.0.1:0\nworkers: many').replace('app_id: app', 'app_id: [a, b]').replace('upstream: app', 'upstream: nobody'));
    assert.match(stderr, /:2:\d+: .*listne/);
    assert.match(stderr, /:3:\d+: .*workers/);
    assert.match(stderr, /:6:\d+: .*app_id/);
    assert.match(stderr, /:14:\d+: .*(upstream|nobody)/);
  });

  test('an unknown key names the nearest known one', async () => {
    await refused(GOOD.replace('listen:', 'listne:'), /listne/, /listen/);
    await refused(GOOD.replace('upstream: app', 'upstream: app\n    acess: public'), /acess/, /access/);
  });

  const MISTAKES = {
    'a repeated key': [GOOD.replace('listen:', 'listen: 127.0.0.1:1\nlisten:'), /listen/],
    'a repeated key in a route': [GOOD.replace('upstream: app', 'upstream: app\n    upstream: app'), /upstream/],
    'a missing secret': [GOOD.replace(/ {2}secret: .*\n/, '  idle_timeout: 1h\n'), /secret/],
    'a secret that is too short': [GOOD.replace(SECRET, 'c2hvcnQ='), /session\.secret/],
    'a secret of zero bytes': [GOOD.replace(SECRET, Buffer.alloc(32).toString('base64')), /session\.secret: can be guessed.*logto-proxy secret/],
    'a secret in words': [GOOD.replace(SECRET, Buffer.from('changeme-changeme-please-changeme').toString('base64')), /session\.secret: can be guessed/],
    'a check secret from the examples': [`${GOOD}trusted_proxies: [127.0.0.1]\nforward_auth: { enabled: true, secret: a-secret-of-16-characters-or-more }\n`, /forward_auth\.secret: can be guessed/],
    'two spellings of a path with two rules': [GOOD.replace(/routes:[\s\S]*/, 'routes:\n  - { path: /admin/*, upstream: app, require: { roles: [a] } }\n  - { path: /Admin/*, upstream: app, require: { roles: [b] } }\n'),
      /nobody would pass: .*#2 \/Admin\/\*.*#1 \/admin\/\*.*400.*path_spellings: distinct/],
    'no routes': [GOOD.replace(/routes:[\s\S]*/, ''), /routes/],
    'an empty list of routes': [GOOD.replace(/routes:[\s\S]*/, 'routes: []\n'), /routes/],
    'no external_urls': [GOOD.replace(/external_urls.*\n/, ''), /external_urls/],
    'an external URL with a path': [GOOD.replace('http://app.test', 'http://app.test/path'), /external_urls/],
    'an external URL that is none': [GOOD.replace('http://app.test', 'app.test'), /external_urls/],
    'an unknown access': [GOOD.replace('upstream: app', 'upstream: app\n    access: everybody'), /access/],
    'an unknown upstream': [GOOD.replace('upstream: app', 'upstream: nobody'), /nobody/],
    'a route without an upstream': [GOOD.replace('    upstream: app\n', ''), /upstream/],
    'a route host that no external URL covers': [GOOD.replace('  - path: /*', '  - host: other.test\n    path: /*'), /other\.test/],
    'a bad duration': [GOOD.replace('session:\n', 'session:\n  idle_timeout: 5 parsecs\n'), /idle_timeout/],
    'a bad size': [`${GOOD}limits: { request_head: big }\n`, /request_head/],
    'a bad regular expression': [GOOD.replace('path: /*', 'path: "~ /[a"'), /path/],
    'a path that is not normal': [GOOD.replace('path: /*', 'path: /a/../b'), /path/],
    'a bad CIDR': [`${GOOD}trusted_proxies: [300.0.0.0/8]\n`, /trusted_proxies/],
    'a bad port': [GOOD.replace('127.0.0.1:0', '127.0.0.1:99999'), /listen/],
    'same_site strict': [GOOD.replace('session:\n', 'session:\n  cookie: { same_site: strict }\n'), /same_site/],
    'a header name that is none': [`${GOOD}identity_headers: { "X Y": sub }\n`, /identity_headers|X Y/],
    'identity headers of framing': [`${GOOD}identity_headers: { Content-Length: sub }\n`, /Content-Length/i],
    'a bad first_screen': [GOOD.replace('  app_id', '  sign_in: { first_screen: banana }\n  app_id'), /first_screen/],
    'a bad with': [GOOD.replace('  app_id', '  sign_in: { with: banana }\n  app_id'), /with/],
    'app_secret twice': [GOOD.replace('  app_id', '  app_secret_file: /dev/null\n  app_id'), /app_secret/],
    'a secret file that is not there': [GOOD.replace(/ {2}app_secret: .*/, '  app_secret_file: /no/such/file'), /app_secret_file/],
    'a missing variable': [GOOD.replace('app_id: app', 'app_id: ${NO_SUCH_VARIABLE_HERE}'), /NO_SUCH_VARIABLE_HERE/],
    'a rule on the e-mail without trust_email': [GOOD.replace('upstream: app', 'upstream: app\n    require: { email: [a@b.test] }'), /email/],
    'a list where a mapping must be': [GOOD.replace(/logto:\n( {2}.*\n)+/, 'logto: []\n'), /logto/],
    'sessions in Redis without Redis': [GOOD.replace('session:\n', 'session:\n  store: redis\n'), /redis\.url/],
    'a password in the URL of Redis': [`${GOOD}redis: { url: "redis://u:pass@localhost/0" }\n`, /redis\.password/],
    'realms beside a Logto at the top': [`${GOOD}realms: { a: { external_urls: ["http://a.test"], logto: { endpoint: "http://t", app_id: a, app_secret: b } } }\n`, /logto: stands beside realms/],
    'a wildcard without sign_in_url': [GOOD.replace(/external_urls: .*/, 'external_urls: ["http://*.app.test"]'), /needs sign_in_url/],
    'Sentinel, which is not built': [`${GOOD}redis: { url: "redis-sentinel://localhost/0" }\n`, /[Ss]entinel/],
    'no YAML': ['{{{{', /:\d+:\d+/],
    'an empty file': ['', /external_urls|empty/],
    'a list at the top': ['- a\n- b\n', /:1:\d+/],
    'prompt select_account, which Logto refuses': [GOOD.replace('  app_id', '  sign_in: { prompt: select_account }\n  app_id'), /prompt/],
  };
  for (const [name, [text, pattern]] of Object.entries(MISTAKES)) {
    test(`${name} is refused with line and column`, () => refused(text, pattern, /:\d+:\d+: /));
  }

  const LATER = {
    servers: GOOD.replace('app: http://127.0.0.1:9000', 'app: { servers: ["http://127.0.0.1:9000", "http://127.0.0.1:9001"] }'),
  };
  for (const [key, text] of Object.entries(LATER)) {
    test(`${key}, whose feature comes later, is refused by name and not ignored`, async () => {
      const { stderr } = await refused(text, new RegExp(key));
      assert.match(stderr, /not (yet )?(built|supported|available|implemented)|later|yet/i);
    });
  }

  test('a YAML bomb and a deep file are refused in bounded time', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghij'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghi'[index]}`).join(',')}]`)].join('\n');
    for (const text of [`${bomb}\n${GOOD}`, '['.repeat(100_000), `${GOOD}x: ${'{a: '.repeat(20_000)}`]) {
      const started = Date.now();
      const { code, signal } = await check(text);
      assert.equal(code, 2, `signal ${signal}`);
      assert.ok(Date.now() - started < 10_000);
    }
  });

  test('serve refuses to start with the same errors', async () => {
    const file = writeConfig(GOOD.replace('listen:', 'listne:'));
    const { code, stderr } = await run(['serve', '--config', file]);
    assert.equal(code, 2);
    assert.match(stderr, /:2:\d+: .*listne/);
  });

  test('a port that is taken is a clear error, not a crash', async (t) => {
    const net = await import('node:net');
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { code, stderr, signal } = await run(['serve', '--config', writeConfig(GOOD.replace('127.0.0.1:0', `127.0.0.1:${server.address().port}`))]);
    assert.equal(signal, null);
    assert.notEqual(code, 0);
    assert.match(stderr, /in use|listen|bind/i);
  });

  test('a file that is not there is a clear error', async () => {
    const { code, stderr } = await run(['check', '--config', '/no/such/file.yaml']);
    assert.equal(code, 2);
    assert.match(stderr, /no\/such\/file\.yaml/);
  });

  test('variables are read from the environment, with defaults', async () => {
    const text = GOOD.replace('app_id: app', 'app_id: ${E2E_APP_ID}').replace('127.0.0.1:9000', '${E2E_HOST:-127.0.0.1}:9000');
    assert.equal((await check(text, { env: { E2E_APP_ID: 'from-env' } })).code, 0);
    const { stdout } = await run(['check', '--print-config', '--config', writeConfig(text)], { env: { E2E_APP_ID: 'from-env' } });
    assert.match(stdout, /from-env/);
    assert.match(stdout, /127\.0\.0\.1:9000/);
  });

  test('a secret may stand in a file', async () => {
    const file = writeConfig('secret-in-a-file\n');
    assert.equal((await check(GOOD.replace(/ {2}app_secret: .*/, `  app_secret_file: ${file}`))).code, 0);
  });

  test('--print-config shows the effective configuration with secrets masked', async () => {
    const { code, stdout } = await run(['check', '--print-config', '--config', writeConfig(GOOD)]);
    assert.equal(code, 0);
    assert.match(stdout, /http:\/\/app\.test/);
    assert.match(stdout, /idle_timeout/, 'defaults are shown');
    for (const secret of ['very-secret-app-secret', SECRET]) assert.ok(!stdout.includes(secret));
  });

  test('config.example.yaml passes', async (t) => {
    const file = path.join(REPO, 'config.example.yaml');
    if (!fs.existsSync(file)) return loudSkip(t, 'config.example.yaml is not there');
    const { code, stderr } = await run(['check', '--config', file], { env: { LOGTO_APP_ID: 'a', LOGTO_APP_SECRET: 'b', SESSION_SECRET: SECRET } });
    assert.equal(code, 0, stderr);
  });
});

describe('the command line', () => {
  test('--version and --help are for people', async () => {
    const version = await run(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /\d+\.\d+/);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    for (const command of ['serve', 'check', 'secret', 'health']) assert.match(help.stdout, new RegExp(command));
    assert.equal((await run(['serve', '--help'])).code, 0);
  });
  test('secret prints a fresh one that the configuration accepts', async () => {
    const [one, two] = [await run(['secret']), await run(['secret'])];
    assert.notEqual(one.stdout, two.stdout);
    assert.ok(Buffer.from(one.stdout.trim(), 'base64').length >= 32);
    assert.equal((await check(GOOD.replace(SECRET, one.stdout.trim()))).code, 0);
  });
  test('a misspelt command is quoted, with the nearest one, in one line', async () => {
    for (const [args, said] of [
      [['sevre'], "logto-proxy: no command is called 'sevre', did you mean 'serve'?\n"], [['chekc', '--config', 'x'], "logto-proxy: no command is called 'chekc', did you mean 'check'?\n"],
      [['Check'], "logto-proxy: no command is called 'Check', did you mean 'check'?\n"], [['access_matrix'], "logto-proxy: no command is called 'access_matrix', did you mean 'access-matrix'?\n"],
      [['x.yaml'], "logto-proxy: no command is called 'x.yaml', did you mean 'serve x.yaml'?\n"],
      [['frobnicate'], "logto-proxy: no command is called 'frobnicate': expected one of serve, check, doctor, provision, explain, routes, access-matrix, secret, health, import, schema, texts, completion\n"],
    ]) {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout, stderr], [2, '', said]);
    }
  });
  test('an option that there is not is quoted, without the help', async () => {
    for (const [args, said] of [
      [['--chekc'], "logto-proxy: no option before a command is called '--chekc': did you mean 'check'?\n"], [['-v'], "logto-proxy: no option before a command is called '-v': did you mean '--version'?\n"],
      [['--vesion'], "logto-proxy: no option before a command is called '--vesion': did you mean '--version'?\n"], [['--config', 'x', 'check'], /^logto-proxy: no option before a command is called '--config': a command stands first/],
      [['check', '--onlin'], /^logto-proxy check: no option is called '--onlin', did you mean '--online'\?/], [['explain', '-x'], /^logto-proxy explain: .*(-x|--url)/],
    ]) {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, ''], `${args}`);
      if (typeof said === 'string') assert.equal(stderr, said);
      else assert.match(stderr, said);
      assert.ok(stderr.split('\n').length <= 4, stderr);
    }
    const bare = await run([]);
    assert.equal(bare.code, 2);
    assert.match(bare.stderr, /SUBCOMMAND|serve/i);
  });
  test('the configuration may stand without --config, but not twice', async () => {
    const file = writeConfig(GOOD);
    for (const args of [['check', file], ['check', '--print-config', file], ['routes', file], ['explain', file, '--url', 'http://app.test/']]) {
      const { code, stderr } = await run(args);
      assert.equal(code === 2, false, `${args} ${stderr}`);
    }
    const missing = await run(['check', '/no/such/file.yaml']);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /no\/such\/file\.yaml/);
    for (const args of [['check', file, '--config', file], ['check', file, file], ['secret', file]]) assert.equal((await run(args)).code, 2, `${args}`);
  });
  test('nonsense on the command line is an error with a hint', async () => {
    for (const args of [[], ['nonsense'], ['serve'], ['serve', '--conifg', 'x'], ['check', '--config']]) {
      const { code, stdout, stderr } = await run(args, { env: { LOGTO_PROXY_CONFIG: '' } });
      assert.notEqual(code, 0, args.join(' '));
      assert.ok((stdout + stderr).length > 10, 'says something');
    }
  });
});
