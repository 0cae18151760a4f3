// HTTP/2 beside nginx: CPU for each request of a signed-in browser, many streams on one connection, small answers.
//   node tests/bench/h2.mjs [--requests 60000] [--rounds 5] [--streams 100] [--tls] [--callgrind]
// LOGTO_PROXY_BIN names the binary, build/release/logto-proxy by default. Needs nginx and h2load (nghttp2-client). Both proxies
// ask the same app (nginx) over kept connections and speak h2c, or TLS 1.3 with the same certificate; nginx asks nobody who he
// is. Rounds go in turn, and what counts is the CPU that /proc says the proxy's process took. --callgrind: the instructions for each request of ours alone (valgrind).
// Loopback only.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Authority } from '../e2e/lib/certificates.mjs';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { HOST, makeWorld } from '../e2e/lib/world.mjs';
import { listening } from './listening.mjs';

const { values: options } = parseArgs({ options: {
  requests: { type: 'string', default: '60000' }, rounds: { type: 'string', default: '5' }, streams: { type: 'string', default: '100' }, tls: { type: 'boolean', default: false }, callgrind: { type: 'boolean', default: false },
} });
const BIN = process.env.LOGTO_PROXY_BIN ?? 'build/release/logto-proxy';
const BODY = 'x'.repeat(128);
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']));
const folder = temporaryFolder();
const ends = [];


// The proxies on one CPU, their app and the load on another, as far as there are two.
const pin = (pid, cpu) => { try { execFileSync('taskset', ['-acp', String(cpu), String(pid)], { stdio: 'ignore' }); } catch { /* one CPU */ } };

async function startNginx(name, http, cpu) {
  const file = path.join(folder, `${name}.conf`);
  fs.writeFileSync(file, `daemon off; master_process off; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log;
events { worker_connections 4096; }
http { access_log off; keepalive_timeout 1h; keepalive_requests 1000000000; large_client_header_buffers 8 32k; ${http} }`);
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
  pin(child.pid, cpu);
  ends.push(() => child.kill());
  return child.pid;
}

async function startBoth() {
  const own = options.tls ? new Authority().issue([HOST, '127.0.0.1']) : null;
  const [app, port, secure] = [await freePort(), await freePort(), await freePort()];
  await startNginx('app', `server { listen 127.0.0.1:${app} backlog=4096; location / { default_type text/plain; return 200 ${BODY}; } }`, 1);
  await listening(app);
  const pid = await startNginx('peer', `upstream app { server 127.0.0.1:${app}; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} ${own ? 'ssl' : ''} http2 backlog=4096; ${own ? `ssl_protocols TLSv1.3; ssl_certificate ${own.certificate_file}; ssl_certificate_key ${own.key_file};` : ''} location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } }`, 0);
  await listening(port);
  const world = await makeWorld({ after: (end) => ends.push(end) }, {
    config: { ...(own && { external_urls: [`https://${HOST}`] }), workers: 1, access_log: { output: 'off' }, listen: [{ address: '127.0.0.1:0', h2c: true }, ...(own ? [{ address: `127.0.0.1:${secure}`, tls: { certificates: own } }] : [])], upstreams: { app: `http://127.0.0.1:${app}` } },
  });
  pin(world.proxy.pid, 0);
  pin(process.pid, 1); // and h2load
  const user = await world.signIn();
  const cookie = user.cookieHeader(new URL(`${own ? 'https' : 'http'}://${HOST}/`));
  const ours = { name: 'logto-proxy', port: own ? secure : world.port, pid: world.proxy.pid, cookie };
  const anonymous = await world.get('/private/small');
  if (anonymous.status === 200) throw new Error('whoever has no session must not get this');
  return [{ name: 'nginx', port, pid, cookie }, ours];
}

const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', 'Accept-Language': 'ja,en;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'same-origin',
};
async function load({ port, cookie }, requests) {
  const fields = Object.entries({ ...BROWSER, Cookie: cookie, ':authority': HOST }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await promisify(execFile)('h2load', ['-t1', '-c1', `-m${options.streams}`, `-n${requests}`, ...fields, `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/private/small`]);
  if (Number(/(\d+) 2xx/.exec(stdout)[1]) !== requests) throw new Error(stdout);
}

const cpuSeconds = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
};
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function compare() {
  const servers = await startBoth();
  const requests = Number(options.requests);
  for (const server of servers) await load(server, 2000);
  const ratios = [];
  const seen = servers.map(() => []);
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const [index, server] of servers.entries()) {
      const before = cpuSeconds(server.pid);
      await load(server, requests);
      seen[index].push(((cpuSeconds(server.pid) - before) / requests) * 1e6);
    }
    ratios.push(seen[1].at(-1) / seen[0].at(-1));
  }
  for (const [index, { name }] of servers.entries()) console.log(`${name}: ${median(seen[index]).toFixed(1)} us of CPU a request (${seen[index].map((one) => one.toFixed(1)).join(', ')})`);
  console.log(`ratio ${median(ratios).toFixed(2)} (${ratios.map((one) => one.toFixed(2)).join(', ')})`);
}

// Of the whole program, the difference of two runs of different length.
function callgrind() {
  const total = (requests) => {
    const out = path.join(folder, `callgrind.${requests}`);
    const wrapper = path.join(folder, 'under-callgrind');
    fs.writeFileSync(wrapper, `#!/bin/sh\nexec valgrind -q --tool=callgrind --callgrind-out-file="${out}" "${path.resolve(BIN)}" "$@"\n`, { mode: 0o755 });
    execFileSync(process.execPath, [process.argv[1], '--streams', options.streams], { env: { ...process.env, LOGTO_PROXY_BIN: wrapper, ONLY_OURS: String(requests) }, stdio: 'inherit' });
    return Number(/^(?:summary|totals): (\d+)/m.exec(fs.readFileSync(out, 'utf8'))[1]);
  };
  const [few, many] = [2000, 10_000];
  console.log(`logto-proxy: ${Math.round((total(many) - total(few)) / (many - few))} instructions a request`);
}

if (options.callgrind) callgrind();
else if (process.env.ONLY_OURS) await load((await startBoth())[1], Number(process.env.ONLY_OURS));
else await compare();
for (const end of ends.toReversed()) await end();
process.exit(0);
