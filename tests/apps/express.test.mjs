// An Express app: signed assertions, its own secure cookie, uploads, events and WebSockets.
import assert from 'node:assert/strict';
import path from 'node:path';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { test } from 'node:test';
import { createRemoteJWKSet, customFetch, jwtVerify } from '../node_modules/jose/dist/webapi/index.js';
import { WebSocketServer } from '../node_modules/ws/wrapper.mjs';
import { freePort } from '../e2e/lib/proxy.mjs';
import { RawClient, request as rawRequest, requestBytes } from '../e2e/lib/raw.mjs';
import { NODE_MODULES, blocks, message, recipe } from './lib/recipe.mjs';

// The page's own lines, in an app; the proxy's keys are reached under its local address.
async function startExpress(t, port, site) {
  const express = createRequire(path.join(NODE_MODULES, 'x.js'))('express');
  const app = express();
  const fetchKeys = (url, { headers } = {}) => rawRequest(site().port, 'GET', new URL(url).pathname, Object.fromEntries(new Headers(headers)), { host: site().host }).then(({ status, body }) => new Response(body, { status }));
  const lines = blocks('express', 'js')[0].replace('jwks.json")', 'jwks.json"), { [customFetch]: fetchKeys }').replace('127.0.0.1:3000', `127.0.0.1:${port}`);
  new Function('app', 'createRemoteJWKSet', 'jwtVerify', 'customFetch', 'fetchKeys', lines)(app, createRemoteJWKSet, jwtVerify, customFetch, fetchKeys);
  app.get('/', (request, response) => response.cookie('seen', '1', { secure: true, httpOnly: true }).json({ sub: request.person.sub, protocol: request.protocol, host: request.hostname, ip: request.ip, secure: request.secure, user: request.get('x-forwarded-user') }));
  app.post('/api/bytes', express.raw({ limit: '20mb', type: () => true }), (request, response) => response.json({ got: request.body.length }));
  app.post('/form', express.urlencoded(), (request, response) => response.redirect(303, `/?saved=${encodeURIComponent(request.body.name)}`));
  app.get('/files/:name', (request, response) => response.json(request.params));
  app.get('/events', (request, response) => { response.type('text/event-stream').write('data: one\n\n'); request.on('close', () => response.end()); });
  const server = app.listen(port, '127.0.0.1');
  const sockets = new WebSocketServer({ server, path: '/live' });
  sockets.on('connection', (socket, request) => {
    socket.send(JSON.stringify({ user: request.headers['x-forwarded-user'] }));
    socket.on('message', (data) => socket.send(data));
  });
  await once(server, 'listening');
  t.after(() => { for (const socket of sockets.clients) socket.terminate(); server.closeAllConnections(); server.close(); });
}

test('Express: a verified person, its own cookie, a form, an upload, a WebSocket, and Logout', { timeout: 60_000 }, async (t) => {
  const port = await freePort();
  let site;
  await startExpress(t, port, () => site);
  site = await recipe(t, 'express', { express: `http://127.0.0.1:${port}` });
  const alice = await site.signIn();
  assert.deepEqual(JSON.parse(alice.landed.text), { sub: 'alice-sub', protocol: 'https', host: 'express.example.com', ip: '127.0.0.1', secure: true, user: 'alice-sub' });
  assert.ok(alice.cookies(site.host).has('seen'));
  const saved = await alice.post('/form', { name: '山 & 川' });
  assert.equal(saved.url, `https://express.example.com/?saved=${encodeURIComponent('山 & 川')}`);
  assert.equal((await alice.ask('POST', '/api/bytes', { 'Content-Type': 'application/octet-stream' }, Buffer.alloc(9 << 20))).text, `{"got":${9 << 20}}`);
  assert.deepEqual(JSON.parse((await alice.ask('GET', '/files/a%40b%20%2B%3F%23.txt')).text), { name: 'a@b +?#.txt' });
  const scripts = await site.stranger().ask('POST', '/api/bytes', {}, 'x');
  assert.equal(scripts.status, 401);
  assert.match(JSON.parse(scripts.text).sign_in_url, /^https:\/\/express\.example\.com\/_auth\/sign-in/);

  assert.equal((await site.stranger().ask('GET', '/')).status, 401);
  const client = await RawClient.connect(site.port);
  t.after(() => client.destroy());
  await client.send(requestBytes('GET', '/events', { Host: site.host, Cookie: alice.cookieHeader(new URL(site.origin)), Accept: 'text/event-stream', 'Sec-Fetch-Mode': 'cors' }));
  await client.stream.until((bytes) => (bytes.includes('data: one') ? true : undefined), { timeout: 5000, what: 'an event' });

  const socket = await alice.socket('/live');
  assert.equal(await message(socket), '{"user":"alice-sub"}');
  const echo = message(socket);
  socket.send('x'.repeat(300_000));
  assert.equal((await echo).length, 300_000);

  const past = await rawRequest(port, 'GET', '/', { 'X-Forwarded-User': 'alice-sub' }, { host: site.host });
  assert.equal(past.status, 500, 'past the proxy nobody is believed');
  const closed = once(socket, 'close');
  assert.equal((await alice.post('/logout', {})).status, 200);
  assert.equal((await closed)[0], 4401);
});
