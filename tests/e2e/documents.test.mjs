// What the documents show as whole, works as it stands there.
// Release too: the snippets are for what is packaged.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { NGINX, startNginx } from './lib/servers.mjs';
import { BrowserUser } from './lib/browser_user.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { REPO, freePort, run, temporaryFolder } from './lib/proxy.mjs';
import { EvilOp } from './lib/evil_op.mjs';
import { makeWorld, seenHeader } from './lib/world.mjs';

const read = (file) => fs.readFileSync(path.join(REPO, file), 'utf8');
const blocks = (file, language) => [...read(file).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].filter(([, word]) => word === language).map(([, , text]) => text);
const withText = (list, text) => {
  const found = list.filter((block) => block.includes(text));
  assert.equal(found.length, 1, `${found.length} blocks with ${text}`);
  return found[0];
};
const VARIABLES = { LOGTO_APP_ID: 'an-app', LOGTO_APP_SECRET: 'an-app-secret-of-some-length', SESSION_SECRET: '51c5HD7bLMWhenUoGhHXDcDEvxo7ZlTsolyChfatYkQ=' };
const WEB_ORIGIN = 'https://app.example.com';

// A port of plain text for BrowserUser and RawClient, behind which TLS is spoken with what listens on `port`.
async function tlsTo(scope, port) {
  const server = net.createServer({ allowHalfOpen: true }, (plain) => {
    const secure = tls.connect({ host: '127.0.0.1', port, servername: 'app.example.com', rejectUnauthorized: false, allowHalfOpen: true });
    for (const socket of [plain, secure]) socket.on('error', () => { plain.destroy(); secure.destroy(); });
    plain.pipe(secure).pipe(plain);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => server.close());
  return server.address().port;
}

function certificate() {
  const folder = temporaryFolder();
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'app.key', '-out', 'app.pem', '-days', '2', '-subj', '/CN=app.example.com'], { cwd: folder, stdio: 'pipe' });
  return folder;
}

// The manual's nginx file, with ports and the certificate put in, in front of the proxy.
async function behindNginx(t) {
  const op = await EvilOp.start();
  const world = await makeWorld(t, { op, config: (base) => ({ ...base, external_urls: [WEB_ORIGIN], trusted_proxies: ['127.0.0.1/32'], routes: [{ path: '/*', upstream: 'app' }] }) });
  const folder = certificate();
  const port = await freePort();
  let text = withText(blocks('docs/MANUAL.md', 'nginx'), 'listen 443 ssl');
  for (const [from, to] of [['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`], ['127.0.0.1:8080', `127.0.0.1:${world.port}`], ['/etc/ssl/app.example.com', path.join(folder, 'app')]]) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  await startNginx(t, { port, http: text });
  return { world, port: await tlsTo(t, port) };
}

describe("the manual's nginx in front", () => {
  test('people sign in, also with a session of several cookies, and the app learns their address', async (t) => {
    const { world, port } = await behindNginx(t);
    world.op.user = { ...world.op.user, roles: Array.from({ length: 400 }, (_one, index) => `role-${createHash('sha256').update(`${index}`).digest('hex').slice(0, 12)}`) };
    const user = new BrowserUser({ 'app.example.com': port });
    const answer = await user.navigate(`${WEB_ORIGIN}/page`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.ok([...user.cookies('app.example.com').keys()].filter((name) => name.startsWith('__Host-')).length >= 2, 'the session is in several cookies');
    assert.equal((await user.fetch(`${WEB_ORIGIN}/again`)).status, 200);
    assert.match(seenHeader(answer, 'x-forwarded-for'), /127\.0\.0\.1/);
  });

  test('a WebSocket opens', async (t) => {
    const { world, port } = await behindNginx(t);
    const user = new BrowserUser({ 'app.example.com': port });
    assert.equal((await user.navigate(`${WEB_ORIGIN}/page`)).status, 200);
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    world.recorder.onHead = async (request, reply, stream) => {
      if (!request.fields.has('upgrade')) return false;
      await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64') });
      await stream.toEnd({ timeout: 20_000 }).catch(() => {});
      reply.end();
      return true;
    };
    const client = await RawClient.connect(port);
    await client.send(requestBytes('GET', '/ws', {
      Host: 'app.example.com', Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, Origin: WEB_ORIGIN,
      Cookie: user.cookieHeader(new URL(WEB_ORIGIN)),
    }));
    assert.equal((await client.head()).status, 101);
    client.socket.destroy();
  });

  test('the file is one that nginx accepts as it is printed, but for the certificate', (t) => {
    const folder = certificate();
    const text = withText(blocks('docs/MANUAL.md', 'nginx'), 'listen 443 ssl').replaceAll('/etc/ssl/app.example.com', path.join(folder, 'app'));
    const file = path.join(folder, 'nginx.conf');
    fs.writeFileSync(file, `pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')} ${text} }`);
    execFileSync(NGINX, ['-t', '-e', 'stderr', '-p', folder, '-c', file], { stdio: 'pipe' });
  });
});

describe('what the manual prints', () => {
  test('explain, of the configuration of section 2', async () => {
    const folder = temporaryFolder();
    const config = path.join(folder, 'config.yaml');
    fs.writeFileSync(config, withText(blocks('docs/MANUAL.md', 'yaml'), 'social:patreon'));
    fs.writeFileSync(path.join(folder, 'alice.json'), '{"sub": "alice", "roles": ["editor"]}');
    const sample = withText(blocks('docs/MANUAL.md', ''), '$ logto-proxy explain');
    const [command, ...output] = sample.split('\n');
    const words = command.replace('$ logto-proxy ', '').replace('config.yaml', config).replace('alice.json', path.join(folder, 'alice.json')).split(' ');
    const { code, stdout, stderr } = await run(words, { env: VARIABLES });
    assert.equal(code, 1, stderr);
    assert.equal(stdout, output.join('\n'));
  });

  // `provision` writes the three files; routes, upstreams and session are as anywhere.
  test('the example of provision is read as it stands, once its files are there', async () => {
    const folder = temporaryFolder();
    const config = path.join(folder, 'config.yaml');
    const example = withText(blocks('docs/MANUAL.md', 'yaml'), 'social_only').replaceAll('/etc/logto-proxy', folder);
    for (const [, file] of example.matchAll(/_file: (\S+)/g)) fs.writeFileSync(file, 'a-text-of-some-length-0123456789\n', { mode: 0o600 });
    fs.writeFileSync(config, `${example}session: { secret: "\${SESSION_SECRET}" }\nupstreams: { wiki: "http://127.0.0.1:8081" }\nroutes: [{ path: /*, upstream: wiki }]\n`);
    const names = [...example.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    const { code, stderr } = await run(['check', config], { env: { ...VARIABLES, ...Object.fromEntries(names.map((name) => [name, `of-${name}`])) } });
    assert.equal(code, 0, stderr);
  });

  for (const file of ['README.md', 'README.ja.md']) {
    test(`${file}: its configuration is checked by its command, and everything that it calls not built is refused as that`, async () => {
      const folder = temporaryFolder();
      const config = path.join(folder, 'config.yaml');
      const good = withText(blocks(file, 'yaml'), 'app_secret');
      const check = (text) => { fs.writeFileSync(config, text); return run(['check', '--config', config], { env: VARIABLES }); };
      assert.ok(read(file).includes('logto-proxy check config.yaml'));
      assert.equal((await check(good)).code, 0);
      const wiki = 'wiki: http://127.0.0.1:8081';
      for (const [from, to] of [
        [wiki, 'wiki: { servers: [http://127.0.0.1:8081, http://127.0.0.1:8082] }'],
        ['session:', 'redis: { url: "redis-sentinel://127.0.0.1:1" }\nsession:'],
      ]) {
        assert.ok(good.includes(from), from);
        const { code, stderr } = await check(good.replace(from, to));
        assert.equal(code, 2, to);
        assert.match(stderr, /not built yet/, to);
      }
    });
  }
});

describe("the manual's container", () => {
  const manual = read('docs/MANUAL.md');
  const section = manual.slice(manual.indexOf('## 4. In containers'), manual.indexOf('## 5. '));
  const [, config] = /```yaml\n([^]*?)```/.exec(section);
  const [, commands] = /```sh\n([^]*?)```/.exec(section);

  test('its configuration is good, can be reached from outside of it, and what it asks of the environment is handed in', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'config.yaml');
    fs.writeFileSync(file, config.replace('/var/lib/logto-proxy', folder));
    const { code, stderr } = await run(['check', '--config', file], { env: VARIABLES });
    assert.equal(code, 0, stderr);
    assert.match(config, /^listen: 0\.0\.0\.0:8080/m);
    assert.match(config, /^admin: \{ listen: 127\.0\.0\.1:/m);
    assert.match(commands, /--env-file proxy\.env/);
    assert.deepEqual([...config.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name).sort(), Object.keys(VARIABLES).sort());
  });

  test('its paths and ports are those of the image', async () => {
    const dockerfile = read('Dockerfile');
    const [, mounted] = /config\.yaml:(\S+):ro/.exec(commands);
    assert.ok(dockerfile.includes('CMD ["serve"]'));
    const { stderr } = await run(['check'], { env: { LOGTO_PROXY_CONFIG: '' } });
    assert.ok(stderr.startsWith(`${mounted}: expected a file`), `the default of the program: ${stderr}`);
    assert.match(commands, /-p 127\.0\.0\.1:8080:8080 /);
    assert.match(dockerfile, /EXPOSE 8080/);
    assert.ok(dockerfile.includes('/var/lib/logto-proxy') && commands.includes(':/var/lib/logto-proxy '));
  });
});
