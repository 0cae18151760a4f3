// Node-RED: its editor's API and WebSocket, and a flow that answers other programs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { request } from '../e2e/lib/raw.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { NODE_MODULES, blocks, message, recipe } from './lib/recipe.mjs';

const FLOW = [
  { id: 'tab', type: 'tab', label: '山' },
  { id: 'in', type: 'http in', z: 'tab', url: '/hooks/sum', method: 'post', wires: [['f']] },
  { id: 'f', type: 'function', z: 'tab', func: 'msg.payload = { sum: msg.payload.a + msg.payload.b }; return msg;', outputs: 1, wires: [['out']] },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
];

test('Node-RED: a flow is deployed, the editor hears of it by WebSocket, and another program calls it', { timeout: 90_000 }, async (t) => {
  const port = await freePort();
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'settings.js'), blocks('node-red', 'js')[0].replace('1880', port));
  await startServer(t, process.execPath, [path.join(NODE_MODULES, 'node-red/red.js'), '--userDir', folder, '--settings', path.join(folder, 'settings.js')], port, { HOME: folder });
  const site = await recipe(t, 'node-red', { nodered: `http://127.0.0.1:${port}` });
  assert.equal((await site.signIn({ sub: 'bob-sub' })).landed.status, 403);
  const alice = await site.signIn({ sub: 'alice-sub', roles: ['engineer'] });
  assert.match(alice.landed.text, /Node-RED/);

  await assert.rejects(site.stranger().socket('/comms'), /401/);
  await assert.rejects(alice.socket('/comms', { origin: 'https://evil.example' }), /403/);
  const socket = await alice.socket('/comms');
  const heard = message(socket, (text) => /notification\/runtime-deploy/.test(text));
  socket.send(JSON.stringify({ subscribe: 'notification/#' }));
  const deployed = await alice.ask('POST', '/flows', { 'Content-Type': 'application/json', 'Node-RED-Deployment-Type': 'full' }, JSON.stringify(FLOW));
  assert.equal(deployed.status, 204, deployed.text);
  await heard;
  assert.match((await alice.ask('GET', '/flows', { Accept: 'application/json' })).text, /"label":"山"/);

  const called = await request(site.port, 'POST', '/hooks/sum', { 'Content-Type': 'application/json' }, { host: site.host, body: '{"a":2,"b":3}' });
  assert.equal(called.text, '{"sum":5}');
  assert.equal((await request(site.port, 'POST', '/flows', { 'Content-Type': 'application/json' }, { host: site.host, body: '[]' })).status, 401);

  const closed = once(socket, 'close');
  await alice.post('/_auth/sign-out', {});
  assert.equal((await closed)[0], 4401);
});
