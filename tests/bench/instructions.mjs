// Instructions of the whole program per warm request (callgrind): what a busy machine cannot blur. A signed-in browser
// asks again and again over one connection; the difference of two runs of different length is divided by the difference.
//   tests/node_modules/.bin/node tests/bench/instructions.mjs [BINARY]       needs valgrind; access log off
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../e2e/lib/proxy.mjs';

const [few, many] = [1000, 5000];
const folder = temporaryFolder();
const binary = path.resolve(process.argv[2] ?? 'build/release/logto-proxy');
const wrapper = path.join(folder, 'under-callgrind');
fs.writeFileSync(wrapper, `#!/bin/sh\nexec valgrind -q --tool=callgrind --callgrind-out-file="$CALLGRIND_OUT" "${binary}" "$@"\n`, { mode: 0o755 });

if (process.env.CALLGRIND_OUT) await load(Number(process.env.REQUESTS));
else console.log(`${Math.round((instructions(many) - instructions(few)) / (many - few))} instructions per warm request`);

function instructions(requests) {
  const out = path.join(folder, `callgrind.${requests}`);
  execFileSync(process.execPath, [process.argv[1], binary], { env: { ...process.env, LOGTO_PROXY_BIN: wrapper, CALLGRIND_OUT: out, REQUESTS: String(requests) }, stdio: 'inherit' });
  return Number(/^(?:summary|totals): (\d+)/m.exec(fs.readFileSync(out, 'utf8'))[1]);
}

async function load(requests) {
  const { makeWorld, HOST } = await import('../e2e/lib/world.mjs');
  const { RawClient, requestBytes } = await import('../e2e/lib/raw.mjs');
  const ends = [];
  const world = await makeWorld({ after: (end) => ends.push(end) }, { config: { workers: 1, access_log: { output: 'off' } } });
  const user = await world.signIn();
  const browser = {
    Host: HOST, Connection: 'keep-alive', 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'Accept-Language': 'en-US,en;q=0.5', 'Accept-Encoding': 'gzip, deflate',
    'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'same-origin', Cookie: user.cookieHeader(new URL(`http://${HOST}/`)),
  };
  const bytes = requestBytes('GET', '/private/warm?x=1', browser);
  const client = await RawClient.connect(world.port);
  for (let i = 0; i < requests; i++) {
    await client.send(bytes);
    const answer = await client.response({ timeout: 60_000 });
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  }
  client.destroy();
  for (const end of ends) await end();
}
