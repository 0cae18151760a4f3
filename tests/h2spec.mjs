// h2spec against this proxy, outside the ordinary run: node tests/h2spec.mjs [ARGUMENTS of h2spec]. It is a program of its own:
//   GOBIN=$PWD/build/go go install github.com/summerwind/h2spec/cmd/h2spec@latest
// or the environment's H2SPEC. Ends with h2spec's status. What it finds and is left so, for RFC 9113 and 9218 say otherwise than
// the RFC 7540 that it tests, or because nghttp2 is lenient, stands in docs/decisions/0065-http2-to-clients.md.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { REPO } from './e2e/lib/proxy.mjs';
import { makeWorld } from './e2e/lib/world.mjs';

const stops = [];
const world = await makeWorld({ after: (stop) => stops.push(stop) }, {
  config: { external_urls: ['http://app.test', 'http://127.0.0.1'], listen: [{ address: '127.0.0.1:0', h2c: true }], routes: [{ path: '/*', access: 'public', upstream: 'app' }] },
});
const program = process.env.H2SPEC ?? path.join(REPO, 'build/go/h2spec');
const child = spawn(program, ['-h', '127.0.0.1', '-p', String(world.port), '-o', '3', '--strict', ...process.argv.slice(2)], { stdio: 'inherit' });
const status = await new Promise((resolve) => { child.on('error', (error) => { console.error(`${program}: ${error.message}`); resolve(1); }); child.on('close', resolve); });
for (const stop of stops) await stop().catch((error) => console.error(error.message));
process.exit(status);
