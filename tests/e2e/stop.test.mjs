// The end of a process: nothing that came in is lost, whoever sends it and however late.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { loudSkip } from './lib/corpora.mjs';
import { Proxy, SLOWNESS, freePort, temporaryFolder } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const HAPROXY = '/usr/sbin/haproxy';
const admin = (world, target) => request(world.proxy.adminPort, 'GET', target, {}, { host: 'localhost' });

// The app answers GET /public/slow when told to.
async function withSlowRequest(t, config = {}) {
  const world = await makeWorld(t, { config });
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  world.recorder.handle = async (one, reply) => { if (one.target === '/public/slow') await released; await reply.head(200, { 'Content-Length': 4 }); reply.socket.write('done'); };
  const slow = await RawClient.connect(world.port);
  await slow.send(requestBytes('GET', '/public/slow', { Host: HOST }));
  await world.recorder.waitFor(({ target }) => target === '/public/slow');
  world.proxy.expectExit = true;
  return { world, slow, release };
}

describe('requests that come while it stops', () => {
  test('a connection that is still accepted gets its answer, also when it says nothing for a while', async (t) => {
    const { world, slow, release } = await withSlowRequest(t);
    world.proxy.signal('SIGTERM');
    await world.proxy.waitLog(({ msg }) => msg.startsWith('stopping'));
    const late = await RawClient.connect(world.port);
    await sleep(1500);
    await late.send(requestBytes('GET', '/public/late', { Host: HOST }));
    assert.equal((await late.response()).text, 'done');
    release();
    assert.equal((await slow.response()).text, 'done');
    assert.equal((await world.proxy.exit()).code, 0);
  });

  test('a head that is half here is read to its end', async (t) => {
    const world = await makeWorld(t);
    const half = await RawClient.connect(world.port);
    await half.send(`GET /public/x HTTP/1.1\r\nHost: ${HOST}\r\n`);
    await sleep(100);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    await sleep(1500);
    await half.send('X-More: 1\r\n\r\n');
    const answer = await half.response();
    assert.equal(answer.status, 200);
    assert.equal(answer.fields.get('connection'), 'close');
    assert.equal((await world.proxy.exit()).code, 0);
  });

  test('who has connected just before the end, and asks a moment later, is answered', async (t) => {
    const world = await makeWorld(t);
    world.proxy.expectExit = true;
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(world.port)));
    world.proxy.signal('SIGTERM');
    await sleep(400);
    for (const client of clients) await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    for (const client of clients) assert.equal((await client.response()).status, 200);
    assert.equal((await world.proxy.exit()).code, 0);
  });
});

describe('listeners', () => {
  const said = (world) => world.proxy.errors.filter(({ level }) => level !== 'info').map(({ msg, reason }) => `${msg} (${reason})`);

  test('a unix socket that all workers share ends without a complaint, with who waits in its queue', async (t) => {
    const file = path.join(temporaryFolder(), 'http.sock');
    const world = await makeWorld(t, { config: { listen: ['127.0.0.1:0', `unix:${file}`], workers: 4 } });
    world.proxy.expectExit = true;
    const clients = Array.from({ length: 20 }, () => http.get({ socketPath: file, path: '/public/x', headers: { host: HOST }, agent: false }));
    const answers = Promise.all(clients.map(async (client) => { const [answer] = await once(client, 'response'); answer.resume(); return answer.statusCode; }));
    await Promise.all(clients.map((client) => once(client, 'socket').then(([socket]) => socket.connecting && once(socket, 'connect'))));
    const before = said(world).length;
    world.proxy.signal('SIGTERM');
    assert.deepEqual(new Set(await answers), new Set([200]));
    assert.equal((await world.proxy.exit()).code, 0);
    assert.deepEqual(said(world).slice(before), []);
  });
});

// Waits until HAProxy has asked these servers itself and says so of them (its manual 9.1: 17 is status, 36 check_status).
async function haproxyCalls(stats, wanted) {
  for (;;) {
    const lines = (await commandOf(stats, 'show stat')).split('\n').map((line) => line.split(','));
    const state = (name) => lines.find(([proxies, server]) => proxies === 'proxies' && server === name);
    if (Object.entries(wanted).every(([name, status]) => state(name)?.[17] === status && /^L7/.test(state(name)[36]))) return;
    await sleep(50);
  }
}
async function commandOf(socket, command) {
  const client = net.connect(socket);
  client.end(`${command}\n`);
  let text = '';
  for await (const data of client) text += data;
  return text;
}

describe('readiness', () => {
  test('where /readyz is asked it fails first, and all is served as before meanwhile', async (t) => {
    const world = await makeWorld(t, { config: { shutdown: { ready_wait: '1500ms' } } });
    assert.equal((await admin(world, '/readyz')).status, 200);
    const kept = await RawClient.connect(world.port);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    await world.proxy.waitLog(({ msg }) => msg.includes('not ready any more'));
    assert.equal((await admin(world, '/readyz')).status, 503);
    for (let i = 0; i < 5; ++i) {
      await kept.send(requestBytes('GET', '/public/x', { Host: HOST }));
      const answer = await kept.response();
      assert.equal(answer.status, 200);
      assert.notEqual(answer.fields.get('connection'), 'close');
      assert.equal((await world.get('/public/x')).status, 200);
    }
    assert.equal((await world.proxy.exit()).code, 0);
  });

  test('who asks for the first time while it stops is waited for as well', async (t) => {
    const world = await makeWorld(t, { config: { shutdown: { ready_wait: '1500ms' } } });
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    await world.proxy.waitLog(({ msg }) => msg.startsWith('stopping'));
    assert.equal((await admin(world, '/readyz')).status, 503);
    await sleep(700);
    assert.equal((await world.get('/public/x')).status, 200);
    assert.equal((await world.proxy.exit()).code, 0);
  });

  test('where nobody asks, or at a terminal, or told a second time, it does not wait', async (t) => {
    for (const [asks, signals] of [[false, ['SIGTERM']], [true, ['SIGINT']], [true, ['SIGTERM', 'SIGTERM']], [true, ['SIGTERM', 'SIGINT']]]) {
      const world = await makeWorld(t, { config: { shutdown: { ready_wait: '10m' } } });
      if (asks) await admin(world, '/readyz');
      world.proxy.expectExit = true;
      for (const [index, name] of signals.entries()) {
        if (index > 0) await world.proxy.waitLog(({ msg }) => msg.startsWith('stopping'));
        world.proxy.signal(name);
      }
      assert.equal((await world.proxy.exit()).code, 0, `${asks} ${signals}`);
    }
  });

  test('behind a balancer that polls /readyz no request fails while one after the other is restarted', { timeout: 120_000 }, async (t) => {
    if (!fs.existsSync(HAPROXY)) return loudSkip(t, 'haproxy is not installed');
    const ports = { one: await freePort(), two: await freePort(), admin1: await freePort(), admin2: await freePort(), front: await freePort() };
    const config = (world, listen, adminPort) => ({ ...world.config, listen: `127.0.0.1:${listen}`, admin: { listen: `127.0.0.1:${adminPort}` }, shutdown: { ready_wait: '2s' } });
    const world = await makeWorld(t);
    const start = async (listen, adminPort) => Proxy.start(config(world, listen, adminPort));
    let proxies = [await start(ports.one, ports.admin1), await start(ports.two, ports.admin2)];
    t.after(async () => { for (const proxy of proxies) await proxy.stop(); });
    const file = path.join(temporaryFolder(), 'haproxy.cfg');
    const stats = path.join(path.dirname(file), 'stats.sock');
    fs.writeFileSync(file, `global
  stats socket ${stats}
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${ports.front}
  default_backend proxies
backend proxies
  balance roundrobin
  retries 0
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
  server one 127.0.0.1:${ports.one} check port ${ports.admin1} inter 200ms fall 2 rise 1
  server two 127.0.0.1:${ports.two} check port ${ports.admin2} inter 200ms fall 2 rise 1
`);
    const child = spawn(HAPROXY, ['-db', '-q', '-f', file], { stdio: 'ignore' });
    t.after(async () => { const closed = once(child, 'close'); child.kill('SIGKILL'); await closed; });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    t.after(() => agent.destroy());
    const ask = () => new Promise((resolve) => {
      http.get({ port: ports.front, host: '127.0.0.1', path: '/public/x', headers: { Host: HOST }, agent }, (answer) => { answer.resume(); answer.on('end', () => resolve(answer.statusCode)); answer.on('error', () => resolve('cut')); }).on('error', (error) => resolve(error.code));
    });
    while ((await ask()) !== 200) await sleep(50);
    await haproxyCalls(stats, { one: 'UP', two: 'UP' });
    const counts = {};
    let running = true;
    const load = Array.from({ length: 8 }, async () => { while (running) { const status = await ask(); counts[status] = (counts[status] ?? 0) + 1; } });
    for (const index of [0, 1]) {
      const proxy = proxies[index];
      proxy.expectExit = true;
      proxy.signal('SIGTERM');
      assert.equal((await proxy.exit({ timeout: 20_000 * SLOWNESS })).code, 0);
      proxies[index] = await start(index === 0 ? ports.one : ports.two, index === 0 ? ports.admin1 : ports.admin2);
      await haproxyCalls(stats, { one: 'UP', two: 'UP' });
    }
    running = false;
    await Promise.all(load);
    assert.deepEqual(Object.keys(counts), ['200'], JSON.stringify(counts));
    assert.ok(counts[200] > 100);
  });
});

describe('memory that holds secrets', () => {
  const status = (pid, name) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // What only a process that is dumpable gives: its files in /proc belong to the user that it runs as.
  const coreLimit = (pid) => /^Max core file size\s+(\S+)\s+(\S+)/m.exec(fs.readFileSync(`/proc/${pid}/limits`, 'utf8')).slice(1);

  test('is in no core file, also where the shell allows one; an environment variable leaves it open to debuggers', async (t) => {
    const world = await makeWorld(t);
    assert.deepEqual(coreLimit(world.proxy.pid), ['0', '0']);
    assert.ok(status(world.proxy.pid, 'CoreDumping') === undefined || status(world.proxy.pid, 'CoreDumping') === '0');
    if (process.getuid() === 0) {
      const config = path.join(temporaryFolder(), 'config.yaml');
      fs.copyFileSync(world.proxy.file, config);
      for (const [environment, owner] of [[{}, 0], [{ LOGTO_PROXY_DEBUGGABLE: '1' }, 65534]]) assert.equal(ownerOf(world, environment), owner);
    }
  });

  // Run as nobody: /proc/PID is root's when the process is not dumpable (proc(5)).
  function ownerOf(world, environment) {
    const folder = fs.mkdtempSync('/tmp/logto-proxy-owner-');
    fs.chmodSync(folder, 0o755);
    try {
      const config = path.join(folder, 'config.yaml');
      fs.writeFileSync(config, JSON.stringify({ ...world.config, listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' } }));
      const binary = path.join(folder, 'logto-proxy');
      fs.copyFileSync(process.env.LOGTO_PROXY_BIN ?? 'build/release/logto-proxy', binary);
      fs.chmodSync(binary, 0o755);
      const script = `${binary} serve --config ${config} 2>/dev/null >/dev/null & pid=$!; for i in $(seq 200); do grep -q auth /proc/$pid/task/*/comm 2>/dev/null && break; sleep 0.05; done; stat -c %u /proc/$pid/status; kill -INT $pid; wait $pid`;
      return Number(execFileSync('sh', ['-c', script], { uid: 65534, gid: 65534, env: { PATH: process.env.PATH, ...environment } }).toString().trim());
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
});
