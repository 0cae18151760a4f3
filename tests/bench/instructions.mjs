// Instructions of the worker per warm request (callgrind): what a busy machine cannot blur. Other threads work by the
// clock, and would count for more the slower it is. A signed-in browser asks again and again over one connection; the
// difference of two runs of different length is divided by the difference.
//   node tests/bench/instructions.mjs [--check] [BINARY] [CASE...]      needs valgrind
// --check fails where a figure is more than 3 % over the recorded one. Who makes requests cheaper, or dearer with a good
// reason, writes the new figure into instructions.json.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROUTES } from '../e2e/lib/world.mjs';
import { freshSecret, temporaryFolder } from '../e2e/lib/proxy.mjs';

const OFF = { access_log: { output: 'off' } };
const MANY = 1000;
const ALLOWED_RISE = 0.03;
const CASES = {
  usual: { config: OFF },
  log: { config: ({ folder }) => ({ access_log: { output: path.join(folder, 'access.log') } }) },
  routes: { // a thousand
    config: { ...OFF, routes: [...ROUTES, ...Array.from({ length: MANY }, (_, i) => ({ path: `/p${1000 + i}/*`, upstream: 'app' }))] },
    target: `/p${999 + MANY}/warm?x=1`,
  },
  users: { config: OFF, others: 30 }, // who are signed in as well
  connections: { config: OFF, connections: 400 }, // which take turns
  old_cookie: { config: OFF, rotates: true }, // which is due to be written again, and the client never takes up the new one
  sign_in: { config: { ...OFF, limits: { unauthenticated_per_address: 'none' } }, status: 303 }, // begun by somebody without a session
  too_many: { config: { ...OFF, limits: { unauthenticated_per_address: 1 } }, status: 429 }, // the same, of one who does it too often
};
const [few, many] = [1000, 5000];
const recorded = JSON.parse(fs.readFileSync(new URL('instructions.json', import.meta.url)));

if (process.env.CALLGRIND_OUT) await load(CASES[process.env.CASE], Number(process.env.REQUESTS));
else measure(process.argv.slice(2));

function measure(args) {
  const checks = args.includes('--check');
  const named = args.filter((arg) => arg in CASES);
  const binary = path.resolve(args.find((arg) => arg !== '--check' && !(arg in CASES)) ?? 'build/release/logto-proxy');
  for (const name of named.length ? named : Object.keys(CASES)) {
    const figure = Math.round((instructions(binary, name, many) - instructions(binary, name, few)) / (many - few));
    const rise = recorded[name] === undefined ? 0 : figure / recorded[name] - 1;
    const verdict = rise > ALLOWED_RISE ? 'too many' : 'ok';
    console.log(`${verdict} ${name}: ${figure} instructions per warm request, recorded ${recorded[name]} (${(rise * 100).toFixed(1)} %)`);
    if (checks && rise > ALLOWED_RISE) process.exitCode = 1;
  }
}

function instructions(binary, name, requests) {
  const folder = temporaryFolder();
  const out = path.join(folder, 'callgrind.out');
  const wrapper = path.join(folder, 'under-callgrind');
  fs.writeFileSync(wrapper, `#!/bin/sh\nexec valgrind -q --tool=callgrind --separate-threads=yes --callgrind-out-file="$CALLGRIND_OUT" "${binary}" "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, LOGTO_PROXY_BIN: wrapper, CALLGRIND_OUT: out, CASE: name, REQUESTS: String(requests) };
  execFileSync(process.execPath, [process.argv[1]], { env, stdio: 'inherit' });
  return instructionsOfWorker(folder, path.basename(out));
}

// Each thread has a file of its own.
function instructionsOfWorker(folder, prefix) {
  const threads = fs.readdirSync(folder).filter((name) => name.startsWith(prefix)).map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
  const worker = threads.filter((text) => text.includes('lp::Http1Client::read_head'));
  if (worker.length !== 1) throw new Error(`${worker.length} threads that read requests, of ${threads.length}`);
  return Number(/^(?:summary|totals): (\d+)/m.exec(worker[0])[1]);
}

async function load({ config, target = '/private/warm?x=1', rotates = false, others = 0, connections = 1, status = 200 }, requests) {
  const { makeWorld, HOST } = await import('../e2e/lib/world.mjs');
  const { RawClient, requestBytes } = await import('../e2e/lib/raw.mjs');
  const ends = [];
  const changes = typeof config === 'function' ? config({ folder: temporaryFolder() }) : config;
  const world = await makeWorld({ after: (end) => ends.push(end) }, { config: { workers: 1, check_after: null, ...changes } });
  for (let i = 0; i < others; i++) await world.signIn();
  const user = await world.signIn();
  if (rotates) await world.restart({ session: { secret: [freshSecret(), world.secret] } });
  const browser = {
    Host: HOST, Connection: 'keep-alive', 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'Accept-Language': 'en-US,en;q=0.5', 'Accept-Encoding': 'gzip, deflate',
    'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'same-origin', ...(status === 200 && { Cookie: user.cookieHeader(new URL(`http://${HOST}/`)) }),
  };
  const bytes = requestBytes('GET', target, browser);
  const clients = [];
  for (let i = 0; i < connections; i++) clients.push(await RawClient.connect(world.port));
  for (let i = 0; i < requests; i++) {
    const client = clients[i % connections];
    await client.send(bytes);
    const answer = await client.response({ timeout: 60_000 });
    const isBefore = status === 429 && answer.status === 303; // what it may have
    if (answer.status !== status && !isBefore) throw new Error(`status ${answer.status}`);
  }
  for (const client of clients) client.destroy();
  for (const end of ends) await end();
}
