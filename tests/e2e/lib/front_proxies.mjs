// nginx, HAProxy and Caddy as Debian has them, run with the very files of deploy/forward-auth: only ports are put in. And two
// clients that ask as Traefik's ForwardAuth and Envoy's ext_authz do, and then do with the app's request what those would do.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { REPO, freePort, freshSecret, temporaryFolder } from './proxy.mjs';
import { NGINX, startNginx, startServer } from './servers.mjs';

export const FRONT_HOST = 'app.example.com';
export const FRONT_ORIGIN = `http://${FRONT_HOST}`;
export const IDENTITY_NAMES = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-preferred-username', 'x-forwarded-groups'];

// forward_auth.secret, in place of the one that stands in all examples, with which nothing starts.
export const CHECK_SECRET = freshSecret();
const EXAMPLE_SECRET = 'a-secret-of-16-characters-or-more';
const example = (file) => {
  const text = fs.readFileSync(path.join(REPO, 'deploy/forward-auth', file), 'utf8');
  return text.replaceAll(EXAMPLE_SECRET, CHECK_SECRET);
};
// Every occurrence must be there: an example that has changed must not be tested half.
function put(text, replacements) {
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`the example has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

export const FRONTS = {
  nginx: {
    command: NGINX,
    start(scope, { port, proxyPort, appPort, text = example('nginx/app.conf') }) {
      return startNginx(scope, { port, http: put(text, [['listen 80;', `listen 127.0.0.1:${port};`], ['127.0.0.1:8080', `127.0.0.1:${proxyPort}`], ['127.0.0.1:3000', `127.0.0.1:${appPort}`]]) });
    },
  },
  haproxy: {
    command: '/usr/sbin/haproxy',
    async start(scope, { port, proxyPort, appPort }) {
      const folder = temporaryFolder();
      fs.writeFileSync(path.join(folder, 'logto-auth.lua'), put(example('haproxy/logto-auth.lua'), [['127.0.0.1:8080', `127.0.0.1:${proxyPort}`]]));
      fs.writeFileSync(path.join(folder, 'haproxy.cfg'), put(example('haproxy/haproxy.cfg'), [
        ['/etc/haproxy/logto-auth.lua', path.join(folder, 'logto-auth.lua')], ['bind :80', `bind 127.0.0.1:${port}`],
        ['127.0.0.1:8080', `127.0.0.1:${proxyPort}`], ['127.0.0.1:3000', `127.0.0.1:${appPort}`]]));
      return startServer(scope, this.command, ['-db', '-f', path.join(folder, 'haproxy.cfg')], port);
    },
  },
  caddy: {
    command: '/usr/bin/caddy',
    async start(scope, { port, proxyPort, appPort }) {
      const folder = temporaryFolder();
      const site = put(example('caddy/Caddyfile'), [[`http://${FRONT_HOST} {`, `http://${FRONT_HOST}:${port} {\n\tbind 127.0.0.1`],
        ['127.0.0.1:8080', `127.0.0.1:${proxyPort}`], ['127.0.0.1:3000', `127.0.0.1:${appPort}`]]);
      fs.writeFileSync(path.join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
      return startServer(scope, this.command, ['run', '--adapter', 'caddyfile', '--config', path.join(folder, 'Caddyfile')], port, { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
    },
  },
  traefik: { command: null, start: (scope, ports) => scripted(scope, ports, traefik) },
  envoy: { command: null, start: (scope, ports) => scripted(scope, ports, envoy) },
};

// ---- the scripted ones: raw header lists, so that nothing is repaired on the way ----

const pairsOf = (raw) => Array.from({ length: raw.length / 2 }, (_one, index) => [raw[2 * index], raw[2 * index + 1]]);
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection']);
const flat = (pairs) => pairs.flat();

function send(port, method, target, pairs, body) {
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ host: '127.0.0.1', port, method, path: target, headers: flat(pairs), agent: false }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, pairs: pairsOf(answer.rawHeaders), body: Buffer.concat(chunks) }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

// forwardAuth with trustForwardHeader: false and the names of the example.
const traefik = {
  yaml: example('traefik/dynamic.yaml'),
  list(key) { return new RegExp(`${key}: \\[(.*)\\]`).exec(this.yaml)[1].split(', ').map((name) => name.toLowerCase()); },
  ask(proxyPort, request, pairs) {
    const kept = pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()) && name.toLowerCase() !== 'x-logto-proxy-check-secret' && !/^x-forwarded-(method|proto|host|uri|for|port|server)$|^host$|^content-length$/i.test(name));
    const [, secretName, secret] = /check-secret:\n\s+headers:\n\s+customRequestHeaders: \{ ([\w-]+): (\S+) \}/.exec(this.yaml);
    const about = [[secretName, secret], ['X-Forwarded-Method', request.method], ['X-Forwarded-Proto', 'http'], ['X-Forwarded-Host', request.headers.host ?? ''], ['X-Forwarded-Uri', request.url], ['X-Forwarded-For', '127.0.0.1']];
    return send(proxyPort, 'GET', '/_auth/check', [['Host', `127.0.0.1:${proxyPort}`], ...about, ...kept]);
  },
  let_through(pairs, answer) {
    const names = this.list('authResponseHeaders');
    const cleared = [...(/not-judged:\n\s+headers:\n\s+customRequestHeaders: \{ (.*) \}/.exec(this.yaml)[1]).matchAll(/([\w-]+): ""/g)].map(([, name]) => name.toLowerCase());
    // Traefik says these itself, and forgets the client's.
    const own = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-server', 'x-real-ip'];
    const gone = new Set([...names, ...cleared, ...own]);
    return [...pairs.filter(([name]) => !gone.has(name.toLowerCase())), ...answer.pairs.filter(([name]) => names.includes(name.toLowerCase()))];
  },
  // As the middleware not-cached has it.
  answered(pairs, answer) {
    const set = /customResponseHeaders: \{ (.*) \}/.exec(this.yaml)[1].split(/, (?=[\w-]+:)/).map((one) => /^([\w-]+): "(.*)"$/.exec(one).slice(1));
    const names = set.map(([name]) => name.toLowerCase());
    return [...pairs.filter(([name]) => !names.includes(name.toLowerCase())), ...set.filter(([, value]) => value !== ''), ...answer.pairs.filter(([name]) => name.toLowerCase() === 'set-cookie')];
  },
  own: (url) => url.startsWith('/_auth/') && !url.startsWith('/_auth/check'),
  refusal: (answer) => answer.pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())),
};

const envoy = {
  yaml: example('envoy/envoy.yaml'),
  patterns(key) {
    const block = new RegExp(`${key}:\\n\\s+patterns:\\n((?:\\s+(?:- \\{.*\\}|#.*)\\n)+)`).exec(this.yaml)[1];
    const all = [...block.matchAll(/\{ (exact|prefix): (\S+) \}/g)];
    const regexes = [...block.matchAll(/safe_regex: \{ regex: "(.*)" \}/g)].map(([, text]) => new RegExp(`^(?:${text})$`));
    return (name) => regexes.some((one) => one.test(name.toLowerCase())) || all.some(([, kind, text]) => (kind === 'exact' ? name.toLowerCase() === text : name.toLowerCase().startsWith(text)));
  },
  ask(proxyPort, request, pairs) {
    const allowed = this.patterns('allowed_headers');
    const kept = pairs.filter(([name]) => allowed(name) && !/^x-forwarded-(proto|for)$/i.test(name));
    const [, secretName, secret] = /headers_to_add:\n\s+- \{ key: (\S+), value: (\S+) \}/.exec(this.yaml);
    return send(proxyPort, request.method, `/_auth/check${request.url}`, [[secretName, secret], ['Host', request.headers.host ?? ''], ['X-Forwarded-Proto', 'http'], ['X-Forwarded-For', '127.0.0.1'], ['Content-Length', '0'], ...kept]);
  },
  let_through(pairs, answer) {
    const taken = answer.pairs.filter(([name]) => name.toLowerCase() === 'x-envoy-auth-headers-to-remove').flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/));
    const wanted = this.patterns('allowed_upstream_headers');
    const set = answer.pairs.filter(([name]) => wanted(name));
    const cleared = /request_headers_to_remove: \[(.*)\]/.exec(this.yaml)[1].split(', ');
    // use_remote_address: it says these itself.
    const own = ['x-forwarded-for', 'x-forwarded-proto'];
    const gone = new Set([...taken, ...cleared, ...own, ...set.map(([name]) => name.toLowerCase())]);
    return [...pairs.filter(([name]) => !gone.has(name.toLowerCase()) && !name.includes('_')), ...set];
  },
  answered(pairs, answer) {
    const wanted = this.patterns('allowed_client_headers_on_success');
    const removed = /response_headers_to_remove: \[(.*)\]/.exec(this.yaml)[1].split(', ');
    return [...pairs.filter(([name]) => !removed.includes(name.toLowerCase())), ...answer.pairs.filter(([name]) => wanted(name))];
  },
  own: (url) => url.startsWith('/_auth/'),
  blocked: (url) => url.startsWith('/_auth/check'),
  refusal(answer) { const wanted = this.patterns('allowed_client_headers'); return answer.pairs.filter(([name]) => wanted(name) || name.toLowerCase() === 'content-length'); },
};

async function scripted(scope, { port, proxyPort, appPort }, kind) {
  const server = http.createServer(async (request, response) => {
    const body = await new Promise((resolve) => { const chunks = []; request.on('data', (chunk) => chunks.push(chunk)); request.on('end', () => resolve(Buffer.concat(chunks))); });
    const pairs = pairsOf(request.rawHeaders);
    if (kind.blocked?.(request.url)) { response.writeHead(404); return response.end(); }
    const own = kind.own(request.url);
    const hop = pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
    let answered = (fields) => fields;
    let forward = hop;
    if (!own) {
      const answer = await kind.ask(proxyPort, request, pairs);
      if (answer.status < 200 || answer.status > 299) { response.writeHead(answer.status, flat(kind.refusal(answer))); return response.end(answer.body); }
      answered = (fields) => kind.answered(fields, answer);
      forward = kind.let_through(hop, answer);
    }
    const answer = await send(own ? proxyPort : appPort, request.method, request.url, forward, body);
    response.writeHead(answer.status, flat(answered(answer.pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())))));
    return response.end(answer.body);
  });
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => {});
    const pairs = pairsOf(request.rawHeaders);
    const answer = await kind.ask(proxyPort, request, pairs);
    if (answer.status !== 200) return socket.end(`HTTP/1.1 ${answer.status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    const app = net.connect(appPort, '127.0.0.1');
    app.on('error', () => socket.destroy());
    app.write(`GET ${request.url} HTTP/1.1\r\n${kind.let_through(pairs, answer).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    app.write(head);
    app.pipe(socket).pipe(app);
    return undefined;
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => { server.closeAllConnections(); server.close(); });
  return { output: () => '' };
}

// A proxy with forward_auth, the recording app, a provider, and the front before them; `users` come through the front.
export async function frontWorld(scope, name, makeWorld, options = {}) {
  const port = await freePort();
  const world = await makeWorld(scope, {
    ...options,
    config: { external_urls: [FRONT_ORIGIN], trusted_proxies: ['127.0.0.1/32'], forward_auth: { enabled: true, secret: CHECK_SECRET }, upstreams: undefined, ...options.config },
  });
  world.front = await FRONTS[name].start(scope, { port, proxyPort: world.proxy.port, appPort: world.recorder.port, ...options.front });
  world.frontPort = port;
  return world;
}
