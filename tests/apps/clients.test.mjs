// Clients whose server is not at hand: Docker's command (upgrades to tcp, ends of input) and OData (methods in a field).
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { temporaryFolder } from '../e2e/lib/proxy.mjs';
import { FETCH, RawClient, request, requestBytes } from '../e2e/lib/raw.mjs';
import { recipe } from './lib/recipe.mjs';

async function serve(t, at, answer, upgrade) {
  const server = http.createServer(answer);
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  if (upgrade) server.on('upgrade', upgrade);
  server.listen(at);
  await once(server, 'listening');
  t.after(() => { for (const socket of sockets) socket.destroy(); server.close(); });
  return server;
}

const bodyOf = async (incoming) => { const parts = []; for await (const part of incoming) parts.push(part); return Buffer.concat(parts); };

// Docker's daemon, as far as `exec -i` goes: what comes in is said again in capitals, and the sum when the input has ended.
function exec(seen) {
  return (incoming, socket) => {
    seen.push({ url: incoming.url, upgrade: incoming.headers.upgrade, host: incoming.headers.host, authorization: incoming.headers.authorization });
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    let count = 0;
    socket.allowHalfOpen = true;
    socket.on('data', (data) => { count += data.length; socket.write(data.toString().toUpperCase()); });
    socket.on('end', () => socket.end(`ended after ${count}\n`));
  };
}

test("Docker's API: version, a chunked build, and an exec whose input ends before its output", { timeout: 60_000 }, async (t) => {
  const seen = [];
  const sock = path.join(temporaryFolder(), 'docker.sock');
  await serve(t, { path: sock }, async (incoming, outgoing) => {
    if (/build/.test(incoming.url)) return outgoing.end(JSON.stringify({ stream: (await bodyOf(incoming)).length, encoding: incoming.headers['transfer-encoding'] }));
    outgoing.setHeader('api-version', '1.43');
    return outgoing.end(JSON.stringify({ url: incoming.url }));
  }, exec(seen));
  const site = await recipe(t, 'docker', { docker: `unix:${sock}` });
  const aud = 'https://docker.example.com';
  const Authorization = `Bearer ${site.op.access.mint({ aud, scope: 'use:docker' })}`;
  const ask = (method, target, headers, body) => request(site.port, method, target, { 'User-Agent': 'Docker-Client/20.10 (linux)', ...headers }, { host: site.host, body });

  assert.equal((await ask('GET', '/_ping', {})).status, 401);
  assert.equal((await ask('GET', '/_ping', { Authorization: `Bearer ${site.op.access.mint({ aud, scope: 'read:things' })}` })).status, 403);
  const version = await ask('GET', '/v1.43/containers/json?filters=%7B%22label%22%3A%7B%22a%3Db%22%3Atrue%7D%7D', { Authorization });
  assert.match(version.text, /filters=%7B%22label%22/);
  assert.equal(version.fields.get('api-version'), '1.43');
  const built = await ask('POST', '/v1.43/build?t=a%2Fb%3A1', { Authorization, 'Transfer-Encoding': 'chunked', 'Content-Type': 'application/x-tar' }, `100000\r\n${'x'.repeat(1 << 20)}\r\n0\r\n\r\n`);
  assert.deepEqual(JSON.parse(built.text), { stream: 1 << 20, encoding: 'chunked' });

  const client = await RawClient.connect(site.port);
  t.after(() => client.destroy());
  const start = JSON.stringify({ Detach: false, Tty: false });
  await client.send(requestBytes('POST', '/v1.43/exec/abc/start', { Host: site.host, Authorization, Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Type': 'application/json' }, start));
  const head = await client.head();
  assert.equal(head.status, 101, site.proxy.output.slice(-1500));
  assert.equal(head.fields.get('upgrade'), 'tcp');
  await client.send('hello');
  await client.stream.until((bytes) => (bytes.includes('HELLO') ? true : undefined), { timeout: 5000, what: 'what was said' });
  client.socket.end();
  const { bytes } = await client.stream.toEnd({ timeout: 5000 });
  assert.match(bytes.toString(), /ended after \d+\n$/);
  assert.deepEqual([seen[0].url, seen[0].upgrade, seen[0].host], ['/v1.43/exec/abc/start', 'tcp', 'docker']);
});

test("Docker's API without upgrades: the daemon sees a POST that asks for none", { timeout: 60_000 }, async (t) => {
  const sock = path.join(temporaryFolder(), 'docker.sock');
  await serve(t, { path: sock }, (incoming, outgoing) => outgoing.end(`upgrade: ${incoming.headers.upgrade}`), exec([]));
  const site = await recipe(t, 'docker', { docker: `unix:${sock}` }, { change: (text) => text.replace(/.*upgrades.*\n/, '') });
  const Authorization = `Bearer ${site.op.access.mint({ aud: 'https://docker.example.com', scope: 'use:docker' })}`;
  const answer = await request(site.port, 'POST', '/v1.43/exec/abc/start', { Authorization, Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Type': 'application/json' }, { host: site.host, body: '{}' });
  assert.deepEqual([answer.status, answer.text], [200, 'upgrade: undefined']);
});

const BATCH = ['--b', 'Content-Type: multipart/mixed; boundary=c', '', '--c', 'Content-Type: application/http', 'Content-Transfer-Encoding: binary', 'Content-ID: 1', '',
  'PATCH Products(1) HTTP/1.1', 'Content-Type: application/json', '', '{"Name":"茶"}', '--c--', '--b--', ''].join('\r\n');

test('OData: keys, queries, methods in a field, batches and ETags reach the service as they were sent', { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { port: 0, host: '127.0.0.1' }, async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    outgoing.setHeader('OData-Version', '4.0');
    outgoing.setHeader('ETag', 'W/"datetime\'2024-01-01T00%3A00%3A00\'"');
    outgoing.setHeader('Preference-Applied', 'return=representation');
    outgoing.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body: body.toString() }));
  });
  const site = await recipe(t, 'odata', { service: `http://127.0.0.1:${server.address().port}` });
  const Authorization = `Bearer ${site.op.access.mint({ aud: 'https://odata.example.com' })}`;
  const ask = async (method, target, headers = {}, body = undefined) => {
    const answer = await request(site.port, method, target, { ...FETCH, Authorization, 'OData-Version': '4.0', ...headers }, { host: site.host, body });
    assert.equal(answer.status, 200, `${method} ${target}: ${answer.text}`);
    return { ...JSON.parse(answer.text), answer };
  };
  for (const target of ["Products(1)/Name/$value", "Customers('O''Neil')", "Customers(%27O%27%27Neil%27)", '$metadata', "Files('a%2Fb')", "Products?$filter=Price%20gt%2010%20and%20startswith(Name,'T')&$expand=Supplier($select=Name;$levels=2)",
    "Products?$filter=Name+eq+'a%2Bb'&$orderby=Name%20desc&$top=10&$skiptoken='x%3Ay'", 'Products/Default.Top(count=@n)?@n=3', "Orders(datetime'2024-01-01T00%3A00%3A00')", "_api/web/lists/GetByTitle('My%20List')/items", "Products(Name='%E8%8C%B6',Id=guid'0-1')"]) {
    assert.equal((await ask('GET', `/service.svc/${target}`)).url, `/service.svc/${target}`);
  }
  for (const [field, method] of [['X-HTTP-Method', 'MERGE'], ['X-HTTP-Method', 'DELETE'], ['X-HTTP-Method-Override', 'PATCH']]) {
    const seen = await ask('POST', '/service.svc/Products(1)', { [field]: method, 'If-Match': 'W/"1"', Prefer: 'return=representation', 'Content-Type': 'application/json;odata.metadata=minimal' }, '{"Name":"x"}');
    assert.deepEqual([seen.method, seen.headers[field.toLowerCase()], seen.headers['if-match'], seen.headers.prefer, seen.body], ['POST', method, 'W/"1"', 'return=representation', '{"Name":"x"}']);
    assert.equal(seen.answer.fields.get('etag'), 'W/"datetime\'2024-01-01T00%3A00%3A00\'"');
  }
  assert.equal((await ask('MERGE', '/service.svc/Products(1)', {}, '{}')).method, 'MERGE');
  const batch = await ask('POST', '/service.svc/$batch', { 'Content-Type': 'multipart/mixed; boundary=b' }, BATCH);
  assert.equal(batch.body, BATCH);
});

test('OData: a route for a method is not passed by a method in a field, and batches can be refused', { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { port: 0, host: '127.0.0.1' }, (incoming, outgoing) => outgoing.end(`${incoming.headers['x-http-method'] ?? incoming.headers['x-http-method-override']}`));
  const more = '  - { path: /service.svc/$batch, access: deny }\n  - { path: /service.svc/*, methods: [DELETE, MERGE], require: { roles: [admin] }, upstream: service }\n';
  const site = await recipe(t, 'odata', { service: `http://127.0.0.1:${server.address().port}` }, { change: (text) => text.replace('routes:\n', `routes:\n${more}`) });
  const alice = await site.signIn({}, '/service.svc/');
  for (const [status, method, target, headers, told] of [[200, 'POST', '/service.svc/Products(1)', {}, 'undefined'], [200, 'POST', '/service.svc/Products(1)', { 'X-HTTP-Method': 'PATCH' }, 'PATCH'],
    [200, 'POST', '/service.svc/Products(1)', { 'X-HTTP-Method': 'MERGE' }, 'undefined'], [200, 'POST', '/service.svc/Products(1)', { 'X-HTTP-Method-Override': 'DELETE' }, 'undefined'],
    [403, 'DELETE', '/service.svc/Products(1)', {}], [403, 'POST', '/service.svc/$batch', {}], [403, 'POST', '/service.svc/%24batch', {}]]) {
    const answer = await alice.ask(method, target, headers, '{}');
    assert.deepEqual([answer.status, told ?? answer.text], [status, answer.text], `${method} ${target} ${JSON.stringify(headers)}`);
  }
});
