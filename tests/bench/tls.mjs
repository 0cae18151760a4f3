// TLS beside nginx: full handshakes for each second of CPU, and the memory of an idle connection.
//   node tests/bench/tls.mjs [--seconds 5] [--rounds 3] [--idle 3000]
// LOGTO_PROXY_BIN names the binary, build/release/logto-proxy by default. Needs nginx and openssl. Both proxies answer a request by
// themselves, with the same certificate (P-256), one worker, tickets on. CPU is what /proc says of that worker, so it does not
// matter who else uses the machine, as far as caches allow. Loopback only.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { parseArgs, promisify } from 'node:util';
import { Authority } from '../e2e/lib/certificates.mjs';
import { freePort, freshSecret, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { listening } from './listening.mjs';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' }, idle: { type: 'string', default: '3000' } } });
const BIN = process.env.LOGTO_PROXY_BIN ?? 'build/release/logto-proxy';
const HOST = 'app.test';
const folder = temporaryFolder();
const own = new Authority().issue([HOST]);
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']));

const childOf = (pid) => Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

async function startNginx() {
  const port = await freePort();
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http { access_log off; keepalive_timeout 1h; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port} ssl backlog=4096; ssl_certificate ${own.certificate_file}; ssl_certificate_key ${own.key_file}; ssl_protocols TLSv1.2 TLSv1.3; location / { return 200 ok; } } }`);
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
  await listening(port);
  return { name: 'nginx', port, child, pid: childOf(child.pid) };
}

async function startOurs() {
  const port = await freePort();
  const file = path.join(folder, 'config.json');
  fs.writeFileSync(file, JSON.stringify({
    external_urls: [`https://${HOST}`], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: freshSecret() }, session: { secret: freshSecret() },
    listen: [{ address: `127.0.0.1:${port}`, tls: { certificates: own } }], admin: { listen: '127.0.0.1:0' }, workers: 1, access_log: 'off',
    limits: { connections: 16000, connections_per_address: 16000 }, timeouts: { idle_connection: '1h' },
    routes: [{ path: '/*', access: 'public', respond: { status: 200, body: 'ok' } }],
  }));
  const child = spawn(BIN, ['serve', '--config', file], { stdio: 'ignore' });
  await listening(port);
  return { name: 'logto-proxy', port, child, pid: child.pid };
}

const cpuSeconds = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
};
const anonymousKib = (pid) => Number(/^Anonymous:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);

async function handshakes(server, version) {
  const before = cpuSeconds(server.pid);
  const { stdout } = await promisify(execFile)('openssl', ['s_time', '-connect', `127.0.0.1:${server.port}`, '-new', '-time', options.seconds, version]);
  const count = Number(/^(\d+) connections in \d+ real seconds/m.exec(stdout)[1]);
  return count / (cpuSeconds(server.pid) - before);
}

// Of a connection that has made one request, over those that were there before. Closed again afterwards.
async function idleKib(server) {
  const sockets = [];
  const open = async (count) => {
    for (let i = 0; i < count; ++i) {
      const socket = tls.connect({ port: server.port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await once(socket, 'data');
      sockets.push(socket);
    }
  };
  await open(200);
  const before = anonymousKib(server.pid);
  await open(Number(options.idle));
  const each = (anonymousKib(server.pid) - before) / Number(options.idle);
  for (const socket of sockets) socket.destroy();
  return each;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (const version of ['-tls1_2', '-tls1_3']) {
  const servers = [await startNginx(), await startOurs()];
  const seen = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const server of servers) seen.get(server.name).push(await handshakes(server, version));
  }
  for (const [name, values] of seen) console.log(`${version.slice(1)} full handshakes for a second of CPU, ${name}: ${Math.round(median(values))}`);
  for (const { child } of servers) { child.kill(); await once(child, 'close'); }
}
if (Number(options.idle) > 0) {
  for (const start of [startNginx, startOurs]) {
    const server = await start();
    console.log(`an idle connection, ${server.name}: ${(await idleKib(server)).toFixed(2)} KiB`);
    server.child.kill();
    await once(server.child, 'close');
  }
}
process.exit(0);
