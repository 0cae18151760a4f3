// gRPC's own interoperability tests, of a Go client over TLS to a Go server over h2c, with the proxy in between.
// tests/grpc/run.sh builds the programs; INTEROP names them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { test } from 'node:test';
import { Authority } from '../e2e/lib/certificates.mjs';
import { HOST, makeWorld } from '../e2e/lib/world.mjs';

const { INTEROP } = process.env;
const authority = new Authority();

async function startServer(t) {
  const server = spawn(INTEROP, ['-mode', 'server']);
  t.after(() => server.kill());
  const [line] = await once(readline.createInterface({ input: server.stdout }), 'line');
  return /^listening on (.*)$/.exec(line)[1];
}

async function ask(world, args) {
  const client = spawn(INTEROP, ['-address', `127.0.0.1:${world.port}`, '-ca', authority.file, '-name', HOST, ...args]);
  let output = '';
  if (process.env.INTEROP_TRACE) for (const stream of [client.stdout, client.stderr]) stream.pipe(process.stderr);
  for (const stream of [client.stdout, client.stderr]) stream.on('data', (bytes) => { output += bytes; });
  const [code] = await once(client, 'close');
  assert.equal(code, 0, output + world.proxy.output.slice(-3000));
  return output;
}

async function worldWith(t, upstream) {
  const { certificate_file, key_file } = authority.issue([HOST]);
  return makeWorld(t, {
    config: (base) => ({
      ...base,
      external_urls: [`https://${HOST}`],
      listen: [{ address: '127.0.0.1:0', tls: { certificates: { certificate_file, key_file } } }],
      upstreams: { app: upstream },
    }),
    routes: [
      { path: '/grpc.testing.TestService/*', access: process.env.INTEROP_ACCESS ?? 'public', upstream: 'app' },
      { path: '/private/*', upstream: 'app' },
    ],
  });
}

test('what gRPC itself asks of an implementation', async (t) => {
  const world = await worldWith(t, `h2c://${await startServer(t)}`);
  t.diagnostic(await ask(world, []));
});

test('refusals have a status', async (t) => {
  process.env.INTEROP_ACCESS = 'signed_in';
  const world = await worldWith(t, `h2c://${await startServer(t)}`);
  delete process.env.INTEROP_ACCESS;
  t.diagnostic(await ask(world, ['-mode', 'refused']));
});
