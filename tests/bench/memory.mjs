// Memory of a connection that waits, in KiB: anonymous pages of a fresh process with one worker, the difference of some thousand
// connections, and what is left of it when they have closed. What apps and clients of the measurement hold is not in it.
//   node tests/bench/memory.mjs [--count 3000] [CASE...]
// LOGTO_PROXY_BIN names the binary, build/release/logto-proxy by default. Loopback only; needs descriptors for four times the count.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { parseArgs } from 'node:util';
import { Authority } from '../e2e/lib/certificates.mjs';
import { HOST, makeWorld } from '../e2e/lib/world.mjs';
import { requestBytes } from '../e2e/lib/raw.mjs';

const BROWSER = {
  Host: HOST, Connection: 'keep-alive', 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'Accept-Language': 'en-US,en;q=0.5', 'Accept-Encoding': 'gzip, deflate',
  'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'same-origin',
};
const own = new Authority().issue([HOST]);
const CASES = {
  idle: {}, // has made one signed-in request
  idle_tls: { target: '/public/warm', config: { external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: own } }] } },
  websocket: { headers: { Origin: `http://${HOST}`, Connection: 'keep-alive, Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } },
  event_stream: { headers: { Accept: 'text/event-stream' } },
};
const WARM_UP = 200;
const CALM_MS = Number(process.env.CALM ?? 15_000); // what is given back is given back by then

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '3000' } } });
const anonymousKib = (pid) => Number(/^Anonymous:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
const calm = () => new Promise((resolve) => setTimeout(resolve, CALM_MS));

for (const name of positionals) if (!(name in CASES)) { console.error(`${name} is no case: ${Object.keys(CASES).join(', ')}`); process.exit(2); }
for (const name of positionals.length ? positionals : Object.keys(CASES)) await measure(name, CASES[name]);
process.exit(0);

// What each head asks for, at once: the upgrade, an event that others would follow, or a page.
async function startApp() {
  const sockets = new Set();
  const answer = (head) => {
    if (/^upgrade:/im.test(head)) return 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
    if (/^accept: text\/event-stream/im.test(head)) return 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';
    return 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello';
  };
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (bytes) => socket.write(answer(bytes.toString('latin1')))).on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.close(); for (const socket of sockets) socket.destroy(); } };
}

async function measure(name, { headers = {}, target = '/private/warm?x=1', config }) {
  const app = await startApp();
  const ends = [() => app.close()];
  const world = await makeWorld({ after: (end) => ends.push(end) }, {
    config: {
      workers: 1, access_log: { output: 'off' }, upstreams: { app: app.url }, timeouts: { idle_connection: '1h' },
      limits: { connections: 20_000, connections_per_address: 20_000 },
    },
  });
  const user = await world.signIn();
  const cookie = user.cookieHeader(new URL(`http://${HOST}/`));
  await world.restart(config);
  const { pid, port } = world.proxy;
  const bytes = requestBytes('GET', target, { ...BROWSER, ...headers, Cookie: cookie });
  const open = async (count) => {
    const sockets = [];
    for (let i = 0; i < count; ++i) {
      const socket = config ? tls.connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false }) : net.connect(port, '127.0.0.1');
      await once(socket, config ? 'secureConnect' : 'connect');
      socket.on('error', () => {});
      socket.write(bytes);
      const [answer] = await once(socket, 'data');
      if (!/^HTTP\/1.1 (200|101) /.test(answer.toString('latin1'))) throw new Error(`${name}: ${answer.toString('latin1').slice(0, 300)}`);
      sockets.push(socket);
    }
    return sockets;
  };
  const count = Number(options.count);
  await open(WARM_UP);
  await calm();
  const before = anonymousKib(pid);
  const sockets = await open(count);
  const each = (anonymousKib(pid) - before) / count;
  for (const socket of sockets) socket.destroy();
  await calm();
  const kept = (anonymousKib(pid) - before) / count;
  console.log(`${name}: ${each.toFixed(2)} KiB a connection, ${kept.toFixed(2)} of it kept after they have closed`);
  for (const end of ends.reverse()) await Promise.resolve(end()).catch(() => {});
}
