// What the operator meets: mistakes on the command line, in files and in what stands around the proxy, and what each is told.
// Quick. As root it also tries what another user may not read.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { DevelopmentOp } from './lib/op.mjs';
import { BINARY, Proxy, REPO, freePort, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { request } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld } from './lib/world.mjs';

const SECRET = freshSecret();
const good = (more = {}) => ({
  external_urls: ['http://127.0.0.1:8080'], listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' },
  logto: { endpoint: 'http://127.0.0.1:3001', app_id: 'app', app_secret: 'very-secret' }, session: { secret: SECRET },
  upstreams: { app: 'http://127.0.0.1:9000' }, routes: [{ path: '/*', upstream: 'app' }], ...more,
});

describe('how the configuration is named', () => {
  test('by itself, by --config, by the environment; one default', async () => {
    const file = writeConfig(good());
    assert.equal((await run(['check', file])).code, 0);
    assert.equal((await run(['check', '--config', file])).code, 0);
    assert.equal((await run(['check'], { env: { LOGTO_PROXY_CONFIG: file } })).code, 0);
    const { code, stderr } = await run(['check'], { env: { LOGTO_PROXY_CONFIG: '' } });
    assert.equal(code, 2);
    assert.match(stderr, /^\/etc\/logto-proxy\/config\.yaml: expected a file, found none .*check FILE.*LOGTO_PROXY_CONFIG/);
    for (const text of ['Dockerfile', 'docs/MANUAL.md', 'deploy/compose/docker-compose.yaml', 'deploy/compose/cloud/docker-compose.yaml', 'deploy/logto-proxy.1'])
      assert.match(fs.readFileSync(path.join(REPO, text), 'utf8'), /\/etc\/logto-proxy\/config\.yaml/, text);
  });
});

describe('what the command line does not know is told in a line', () => {
  const CASES = [
    [['version'], /^logto-proxy: no command is called 'version', did you mean '--version'\?\n$/],
    [['routes', '--jsn'], /^logto-proxy routes: no option is called '--jsn', did you mean '--json'\? \(logto-proxy routes --help .*\)\n$/],
    [['serve', '--port', '8080'], /^logto-proxy serve: no option is called '--port'.* \(logto-proxy serve --help .*\)\n$/],
    [['run'], /^logto-proxy: no command is called 'run', did you mean 'serve'\?\n$/],
    [['proxy.yaml'], /^logto-proxy: no command is called 'proxy\.yaml', did you mean 'serve proxy\.yaml'\?\n$/],
    [['explain', '--url', 'http://127.0.0.1:8080/', '--role', 'admin'], /^logto-proxy explain: no option is called '--role'/],
    [['explain', writeConfig(good()), '--url', 'http://127.0.0.1:8080/', '--as', '{"sub":"a"}'], /^logto-proxy explain: --as: cannot read the file .*expected the name of one that holds claims, such as \{"sub"/],
    [['health', writeConfig(good({ admin: { listen: '127.0.0.1:1' } }))], /^not ready: nothing answers at 127\.0\.0\.1:1 \(admin\.listen\): is it running/],
    [['explain'], /^logto-proxy explain: --url is required, as in --url https:\/\/app\.example\.com\/admin \(logto-proxy explain --help .*\)\n$/],
    [['secret', '64'], /^logto-proxy secret: expected nothing more, found '64' .*\n$/],
    [['completion', 'powershell'], /^logto-proxy completion: SHELL: powershell not in \{bash,zsh,fish\} .*\n$/],
    [['explain', writeConfig(good()), '--url', 'http://127.0.0.1:8080/x y'], null, /a blank in the URL, which no client sends: it is %20/],
  ];
  for (const [args, words, shown] of CASES)
    test(args.slice(0, 2).join(' ').replace(/\/\S*/, 'FILE'), async () => {
      const { code, stdout, stderr } = await run(args);
      assert.notEqual(code, 0);
      if (shown) assert.match(stdout, shown);
      else assert.match(stderr, words);
    });
});

describe('files and sockets', () => {
  const asNobody = (args) => new Promise((resolve) => {
    const child = spawn(BINARY, args, { uid: 65534, gid: 65534, cwd: '/' });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { told += data; });
    child.on('close', (code) => resolve({ code, told }));
  });
  const isRoot = process.getuid() === 0;
  // Readable by everybody on the way there.
  const openFolder = () => { const folder = temporaryFolder(); fs.chmodSync(folder, 0o755); return folder; };

  test('a configuration that may not be read: permission denied, whose it is, and who we are', { skip: !isRoot && 'needs root' }, async () => {
    const file = path.join(openFolder(), 'config.yaml');
    fs.writeFileSync(file, JSON.stringify(good()), { mode: 0o600 });
    const { code, told } = await asNobody(['check', file]);
    assert.equal(code, 2);
    assert.match(told, /cannot read '.*config\.yaml': permission denied; it belongs to uid 0, gid 0 \(mode 0600\), this process runs as uid 65534, gid 65534/);
  });

  test('a secret that may not be read likewise, with line and column', { skip: !isRoot && 'needs root' }, async () => {
    const folder = openFolder();
    fs.writeFileSync(path.join(folder, 'secret'), 'x', { mode: 0o400 });
    const file = path.join(folder, 'config.yaml');
    fs.writeFileSync(file, JSON.stringify(good({ session: { secret_file: 'secret' } })), { mode: 0o644 });
    const { told } = await asNobody(['check', file]);
    assert.match(told, /config\.yaml:1:\d+: session\.secret_file: cannot read '.*\/secret': permission denied; .*uid 65534/);
  });

  test('a directory that may not be entered or read likewise', { skip: !isRoot && 'needs root' }, async () => {
    const folder = openFolder();
    const file = path.join(folder, 'config.yaml');
    fs.mkdirSync(path.join(folder, 'pages'));
    for (const [how, says] of [[0o755, /config ok/], [0o700, /\.static: cannot read '.*\/pages': permission denied; it belongs to uid 0, gid 0 \(mode 0700\).*uid 65534/], [0o744, /\(mode 0744\)/]]) {
      fs.chmodSync(path.join(folder, 'pages'), how);
      fs.writeFileSync(file, JSON.stringify(good({ routes: [{ path: '/*', static: 'pages' }] })), { mode: 0o644 });
      const { code, told } = await asNobody(['check', file]);
      assert.equal(code, how === 0o755 ? 0 : 2, told);
      assert.match(told, says);
    }
  });

  test('a folder that docker made in place of a file is called one', async () => {
    const { code, stderr } = await run(['serve', temporaryFolder()]);
    assert.equal(code, 2);
    assert.match(stderr, /expected a file, found a folder at .*docker makes a folder/);
  });

  test('check sees a journal, an access log and a socket that could not be made', async () => {
    const file = writeConfig(good({ revocations: { journal: '/nowhere/journal' }, access_log: { output: '/nowhere/log' }, listen: 'unix:/nowhere/socket' }));
    const { stderr } = await run(['check', file]);
    for (const key of ['revocations.journal: /nowhere/journal', 'access_log.output: /nowhere/log', 'listen: /nowhere/socket'])
      assert.match(stderr, new RegExp(`warning: ${key} cannot be made: the folder /nowhere does not exist`));
    const served = await run(['serve', writeConfig(good({ access_log: { output: '/nowhere/log' } }))]);
    assert.equal(served.code, 1);
    assert.match(served.stderr, /access_log\.output: cannot open \/nowhere\/log: No such file or directory/);
  });
});

// RFC 3720 B.4, as base/journal_records.h.
function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('check says with which journals serve would not start, and why', async () => {
  const folder = temporaryFolder();
  const made = (name, text) => { const file = path.join(folder, name); fs.writeFileSync(file, text, { mode: 0o600 }); return file; };
  fs.symlinkSync(made('target', ''), path.join(folder, 'link'));
  const header = Buffer.from('LPREVOKE\u0002\0\0\0');
  const other = Buffer.concat([header, Buffer.alloc(4)]);
  other.writeUInt32LE(crc32c(header), 12);
  for (const [journal, why] of [
    ['/etc/hostname', 'is not a journal of this kind'], ['/dev/null', 'is not a regular file'], ['/proc/x', 'is the kernel.s'], [path.join(folder, 'link'), 'is a symbolic link'],
    [folder, 'is a folder'], [made('text', 'a text of another kind, long enough\n'), 'is not a journal of this kind'], [made('other', other), 'another version of its format'],
  ]) {
    const file = writeConfig(good({ revocations: { journal } }));
    const checked = await run(['check', file]);
    assert.match(checked.stderr, new RegExp(`warning: revocations\\.journal: .*${why}.*\`serve\` would not start so`), journal);
    const served = await run(['serve', file]);
    assert.equal(served.code, 1, journal);
  }
  for (const journal of [made('empty', ''), made('cut', 'LPRE'), path.join(folder, 'new')]) {
    const checked = await run(['check', writeConfig(good({ revocations: { journal } }))]);
    assert.doesNotMatch(checked.stderr, /revocations\.journal: /, journal);
  }
  assert.equal(fs.existsSync(path.join(folder, 'new')), false, 'nothing is made');
});

describe('check --online', { concurrency: 3 }, () => {
  async function provider(t, config) {
    const op = await DevelopmentOp.start(config);
    t.after(() => op.stop());
    return op;
  }
  const online = (config) => run(['check', '--online', writeConfig(config)]);
  async function app(t) {
    const server = http.createServer((_request, response) => response.end('x'));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
  }

  test('all is well', async (t) => {
    const op = await provider(t, { redirect_uris: ['http://127.0.0.1:8080/_auth/callback'] });
    const { code, stdout } = await online(good({ logto: op.logto(), upstreams: { app: await app(t) } }));
    assert.match(stdout, /^ok +Logto answers at .*openid-configuration/m);
    assert.match(stdout, /^ok +the key set has \d+ key/m);
    assert.match(stdout, /^ok +Logto takes logto\.app_secret/m);
    assert.match(stdout, /^ok +Logto takes the redirect URI http:\/\/127\.0\.0\.1:8080\/_auth\/callback/m);
    assert.match(stdout, /^ok +upstreams\.app .*answers HEAD \/ with 200/m);
    assert.equal(code, 0, stdout);
  });

  test('a wrong secret, a redirect URI that is not registered, an app that is down', async (t) => {
    const op = await provider(t, { redirect_uris: ['http://elsewhere.test/_auth/callback'] });
    const port = await freePort();
    const { code, stdout } = await online(good({ logto: { ...op.logto(), app_secret: 'another' }, upstreams: { app: `http://127.0.0.1:${port}` } }));
    assert.equal(code, 1);
    assert.match(stdout, /^failure +Logto refuses logto\.app_secret: compare it/m);
    assert.match(stdout, /^failure +Logto does not know the redirect URI http:\/\/127\.0\.0\.1:8080\/_auth\/callback: add it/m);
    assert.match(stdout, new RegExp(`^failure +upstreams\\.app \\(http://127\\.0\\.0\\.1:${port}\\): Connection refused: does the app run`, 'm'));
  });

  test('no Logto, or something else in its place', async (t) => {
    const gone = await freePort();
    const nothing = await online(good({ logto: { ...good().logto, endpoint: `http://127.0.0.1:${gone}` }, upstreams: { app: await app(t) } }));
    assert.equal(nothing.code, 1);
    assert.match(nothing.stdout, /^failure +Logto: no answer: .*openid-configuration.*logto\.endpoint.*logto\.connect_to/m);
    const page = await online(good({ logto: { ...good().logto, endpoint: await app(t) }, upstreams: { app: await app(t) } }));
    assert.match(page.stdout, /^failure +is this Logto\? http:.*it answered 200/m);
  });

  test('an app that speaks TLS, and one that speaks something else', async (t) => {
    const op = await provider(t, { redirect_uris: ['http://127.0.0.1:8080/_auth/callback'] });
    const alert = net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]))));
    const mute = net.createServer((socket) => socket.once('data', () => socket.end()));
    for (const server of [alert, mute]) {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
    }
    const at = (server) => `http://127.0.0.1:${server.address().port}`;
    const { stdout } = await online(good({ logto: op.logto(), upstreams: { app: at(alert), mute: at(mute) } }));
    assert.match(stdout, /^failure +upstreams\.app .*the app speaks TLS there/m);
    assert.match(stdout, /^warning +upstreams\.mute .*connected, but no HTTP came/m);
  });
});

describe('while it runs', () => {
  test('https:// to a port for plain http, and the other way round: the log says which it is', async (t) => {
    const plain = http.createServer((_request, response) => response.end('x'));
    const alert = net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]))));
    for (const server of [plain, alert]) {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
    }
    const told = async (endpoint) => {
      const { admin: _, ...config } = good({ logto: { ...good().logto, endpoint } });
      const proxy = await Proxy.start(config);
      t.after(() => proxy.stop());
      return (await proxy.waitLog(({ msg }) => /^Logto cannot be used/.test(msg))).reason;
    };
    assert.match(await told(`https://localhost:${plain.address().port}`), /is this a port for plain http/);
    assert.match(await told(`http://localhost:${alert.address().port}`), /is this a port for https/);
  });

  test('an app that speaks TLS where http:// is configured is recognised', async (t) => {
    const alert = net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]))));
    const closing = https.createServer();
    for (const server of [alert, closing]) {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
    }
    const at = (server) => `http://127.0.0.1:${server.address().port}`;
    const world = await makeWorld(t, {
      config: { upstreams: { alert: at(alert), closing: at(closing) } },
      routes: ['alert', 'closing'].map((name) => ({ path: `/${name}`, access: 'public', upstream: name })),
    });
    for (const name of ['alert', 'closing']) {
      assert.equal((await world.get(`/${name}`)).status, 502);
      const line = await world.proxy.waitLog(({ msg, upstream }) => msg === 'upstream failed' && upstream === name);
      assert.match(line.reason, /TLS/, name);
    }
  });

  test('a host that is none of external_urls is named once', async (t) => {
    const world = await makeWorld(t);
    for (const host of ['forgotten.test', 'forgotten.test', 'other.test']) assert.equal((await request(world.port, 'GET', '/public/x', {}, { host })).status, 421);
    await world.proxy.waitLog(({ host }) => host === 'other.test');
    const told = world.proxy.errors.filter(({ host }) => host === 'forgotten.test');
    assert.equal(told.length, 1);
    assert.match(told[0].msg, /421.*external_urls/);
  });
});

describe('logs', () => {
  test('the access log in a file, with some fields, without what is left out but with what is refused; SIGHUP opens it anew', async (t) => {
    const file = path.join(temporaryFolder(), 'access.log');
    const world = await makeWorld(t, { config: { access_log: { output: file, fields: ['path', 'status'], exclude: ['/public/quiet/*'] } } });
    const lines = (name = file) => fs.existsSync(name) ? fs.readFileSync(name, 'utf8').split('\n').filter(Boolean).map(JSON.parse) : [];
    const until = async (holds) => { while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20)); };
    for (const target of ['/public/quiet/a', '/public/quiet/%2f', '/denied/x', '/public/told']) await world.get(target);
    await until(() => lines().length >= 3);
    assert.deepEqual(lines().map((line) => [Object.keys(line), line.status]), [[['time', 'path', 'status'], 400], [['time', 'path', 'status'], 403], [['time', 'path', 'status'], 200]]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o640);
    fs.renameSync(file, `${file}.1`);
    world.proxy.child.kill('SIGHUP');
    await until(() => fs.existsSync(file));
    await world.get('/public/after');
    await until(() => lines().length === 1);
    assert.equal(lines(`${file}.1`).length, 3);
    assert.deepEqual(world.proxy.access, [], 'nothing on standard output');
  });

  test('text for people, and nothing below the level', async (t) => {
    const world = await makeWorld(t, { config: { access_log: { format: 'text' } } });
    await world.get('/public/x');
    const line = await world.proxy.waitAccess(() => true);
    assert.match(line.unparsed, /^\d\d:\d\d:\d\d 200 GET app\.test\/public\/x \(public, route #1 \/public\/\*, upstream app, client 127\.0\.0\.1, \d+ ms\)$/);
    const quiet = await run(['serve', writeConfig(good({ log: { level: 'error', format: 'text' }, listen: 'unix:/nowhere/x' }))]);
    assert.match(quiet.stderr, /^\d\d:\d\d:\d\d error: cannot listen on unix:\/nowhere\/x/);
    assert.doesNotMatch(quiet.stderr, /warning/);
  });

  test('a terminal is shown the addresses, the URLs and who may pass', { skip: !fs.existsSync('/usr/bin/script') && 'needs script(1)' }, async (t) => {
    const file = writeConfig(good());
    const child = spawn('script', ['-qec', `${BINARY} serve ${file}`, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    let shown = '';
    await new Promise((resolve) => child.stdout.on('data', (data) => { shown += data; if (/ ready/.test(shown)) resolve(); }));
    assert.match(shown, /listens at +127\.0\.0\.1:\d+/);
    assert.match(shown, /open +http:\/\/127\.0\.0\.1:8080/);
    assert.match(shown, /Logto +http:\/\/127\.0\.0\.1:3001/);
    assert.match(shown, /\/\* +signed_in +app/);
    assert.doesNotMatch(shown, /\{"time"/);
    child.stdin.write('\x03');
    await new Promise((resolve) => child.on('close', resolve));
  });
});

describe('for machines and shells', () => {
  test('routes --json', async () => {
    const { stdout } = await run(['routes', '--json', writeConfig(good({ routes: [{ path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/*', upstream: 'app' }] }))]);
    const routes = JSON.parse(stdout);
    assert.deepEqual(routes.map(({ index, path: at, access, upstream }) => [index, at, access, upstream]), [[1, '/admin/*', 'signed_in', 'app'], [2, '/*', 'signed_in', 'app']]);
    assert.match(routes[0].requirements, /admin/);
  });

  test('schema is a JSON schema', async () => {
    const schema = JSON.parse((await run(['schema'])).stdout);
    assert.match(schema.$schema, /draft-07/);
    assert.ok(schema.properties.routes && schema.properties.external_urls);
  });

  test('completion names each command and option, and its shell understands it', async () => {
    const help = (await run(['--help'])).stdout;
    const commands = [...help.slice(help.indexOf('Subcommands')).matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
    assert.ok(commands.length >= 10, help);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await run(['completion', shell]);
      assert.equal(code, 0);
      for (const command of commands) assert.ok(stdout.includes(command), `${shell}: ${command}`);
      assert.match(stdout, /online/);
    }
    const { stdout: script } = await run(['completion', 'bash']);
    const complete = (...words) => execFileSync('bash', ['-c', `${script}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _logto_proxy; echo "\${COMPREPLY[*]}"`]).toString().trim();
    assert.equal(complete('logto-proxy', 'che'), 'check');
    assert.equal(complete('logto-proxy', 'check', '--on'), '--online');
    const page = fs.readFileSync(path.join(REPO, 'deploy/logto-proxy.1'), 'utf8').replaceAll('\\-', '-');
    for (const command of commands) assert.ok(page.includes(command), `the manual page: ${command}`);
  });

  test('--version says what it was built from', async () => {
    const { stdout } = await run(['--version']);
    assert.match(stdout, /^logto-proxy \d+\.\d+\.\d+\n/);
    for (const word of ['compiler', 'OpenSSL', 'libevent']) assert.ok(stdout.includes(word), word);
  });
});
