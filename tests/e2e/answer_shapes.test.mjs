// What apps answer, beside nginx: what says one thing only is taken as nginx takes it, on a connection of its own and with
// a line in the log; what can be read in two ways is a 502, never half an answer.
// Release too: optimised scanners.
// Quick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { freePort } from './lib/proxy.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { EvilUpstream } from './lib/recorder.mjs';
import { NGINX, startNginx } from './lib/servers.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const HELLO = '5\r\nhello\r\n0\r\n\r\n';

// Each says "hello" to whoever reads it as it is meant. `what`: the words of the log.
const TAKEN = {
  'two equal lengths': [`${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'one Content-Length several times'],
  'a list of equal lengths': [`${OK}Content-Length: 5, 5\r\n\r\nhello`, 'one Content-Length several times'],
  'a blank before a colon': [`${OK}Server : x\r\nContent-Length: 5\r\n\r\nhello`, 'a blank before a colon'],
  'a tab before the colon of the length': [`${OK}Content-Length\t: 5\r\n\r\nhello`, 'a blank before a colon'],
  'bare LF in the whole head': ['HTTP/1.1 200 OK\nContent-Length: 5\n\nhello', 'lines that end in a bare LF'],
  'bare LF behind one field': [`${OK}X-One: a\nContent-Length: 5\r\n\r\nhello`, 'lines that end in a bare LF'],
  'bare LF as the empty line': [`${OK}Content-Length: 5\r\n\nhello`, 'lines that end in a bare LF'],
  'bare LF in HTTP/1.0': ['HTTP/1.0 200 OK\nContent-Type: text/plain\n\nhello', 'lines that end in a bare LF'],
  'bare LF in an interim answer': [`HTTP/1.1 103 Early Hints\nLink: </x>\n\n${OK}Content-Length: 5\r\n\r\nhello`, 'lines that end in a bare LF'],
  'bare LF in head and chunks': [`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n`, 'lines that end in a bare LF'],
  'bare LF behind a chunk size': [`${CHUNKED}5\nhello\r\n0\r\n\r\n`, 'lines that end in a bare LF'],
  'bare LF in a trailer': [`${CHUNKED}5\r\nhello\r\n0\r\nX-A: b\n\r\n`, 'lines that end in a bare LF'],
  'identity with a length': [`${OK}Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello`, 'Transfer-Encoding: identity'],
  'identity until the end': [`${OK}Transfer-Encoding: identity\r\n\r\nhello`, 'Transfer-Encoding: identity'],
  'chunks in HTTP/1.0': [`HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`, 'chunks in HTTP/1.0'],
  'blanks behind a chunk size': [`${CHUNKED}5  \r\nhello\r\n0\r\n\r\n`, "blanks behind a chunk's size"],
};
const INTERIM = {
  'twenty interim answers': `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)}${OK}Content-Length: 5\r\n\r\nhello`,
  'two hundred hints': `${'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(200)}${OK}Content-Length: 5\r\n\r\nhello`,
};
// Not all of these are refused by every nginx.
const REFUSED = {
  'lengths that differ': `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  'a list of lengths that differ': `${OK}Content-Length: 5, 6\r\n\r\nhello!`,
  'lengths that differ behind a blank': `${OK}Content-Length : 5\r\nContent-Length: 6\r\n\r\nhello!`,
  'a length and chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`,
  'a length and chunks behind a blank': `${OK}Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n${HELLO}`,
  'a length and chunks in HTTP/1.0': `HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`,
  'chunked twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`,
  'identity and chunked': `${OK}Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`,
  'an obs-fold': `${OK}X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello`,
  'an obs-fold behind LF': 'HTTP/1.1 200 OK\nX-A: b\n c\nContent-Length: 5\n\nhello',
  'a NUL': `${OK}X-A: b\0\r\nContent-Length: 5\r\n\r\nhello`,
  'a bare CR': `${OK}X-A: b\rX-B: c\r\nContent-Length: 5\r\n\r\nhello`,
  'a blank in a name': `${OK}X A: b\r\nContent-Length: 5\r\n\r\nhello`,
  'a chunk size that is none': `${CHUNKED}XYZ\r\nhello\r\n0\r\n\r\n`,
  'a chunk size with a sign': `${CHUNKED}+5\r\nhello\r\n0\r\n\r\n`,
  'a blank before a chunk size': `${CHUNKED} 5\r\nhello\r\n0\r\n\r\n`,
  'a chunk that is longer than its size': `${CHUNKED}3\r\nhello\r\n0\r\n\r\n`,
};

describe('answers', () => {
  let world;
  let app;
  let nginxPort;
  const hasNginx = fs.existsSync(NGINX);
  const scope = suite(after);
  before(async () => {
    app = await EvilUpstream.start(() => {});
    scope.after(() => app.close());
    const hosts = Object.keys(TAKEN).map((_name, i) => [`app${i}`, app.url]);
    world = await makeWorld(scope, {
      routes: [...hosts.map(([name]) => ({ path: `/${name}/*`, access: 'public', upstream: name })), { path: '/public/*', access: 'public', upstream: 'app' }],
      config: { upstreams: { app: app.url, ...Object.fromEntries(hosts) } },
    });
    if (!hasNginx) return;
    nginxPort = await freePort();
    await startNginx(scope, { port: nginxPort, http: `server { listen 127.0.0.1:${nginxPort}; location / { proxy_pass ${app.url}; proxy_http_version 1.1; proxy_set_header Connection ""; } }` });
  });
  // The app's end of the connection ends those answers that end with it.
  const say = (bytes) => { app.answer = (socket) => socket.end(bytes, 'latin1'); };

  for (const [index, [name, [bytes, what]]] of Object.entries(TAKEN).entries()) {
    test(`${name}: taken, and told once`, async () => {
      say(bytes);
      for (let round = 0; round < 3; ++round) {
        const answer = await request(world.port, 'GET', `/app${index}/x`);
        assert.equal(answer.status, 200);
        assert.equal(answer.text, 'hello');
        assert.ok(!answer.fields.has('transfer-encoding') || answer.fields.get('transfer-encoding') === 'chunked');
      }
      const isOne = (line) => line.upstream === `app${index}` && /break HTTP\/1\.1;/.test(line.msg);
      await world.proxy.waitLog(isOne);
      const lines = world.proxy.errors.filter(isOne);
      assert.equal(lines.length, 1);
      assert.equal(lines[0].what, what);
    });

    test(`${name}: its connection is used once`, async () => {
      const open = [];
      app.answer = (socket) => { open.push(socket); socket.write(bytes, 'latin1'); if (/until the end|1\.0/.test(name)) socket.end(); };
      for (let round = 0; round < 3; ++round) assert.equal((await request(world.port, 'GET', `/app${index}/x`)).text, 'hello');
      assert.equal(new Set(open).size, 3);
    });

    test(`${name}: nginx takes it`, { skip: hasNginx ? false : 'nginx is not installed' }, async () => {
      if (/before (a|the) colon/.test(name)) return;  // RFC 9112 5.1 asks for more than nginx does
      say(bytes);
      const answer = await request(nginxPort, 'GET', '/x');
      assert.equal(answer.status, 200);
      assert.equal(answer.text, 'hello');
    });
  }

  for (const [name, bytes] of Object.entries(INTERIM)) {
    test(`${name} are waited out`, async () => {
      say(bytes);
      assert.equal((await request(world.port, 'GET', '/public/x')).text, 'hello');
    });
  }

  for (const [name, bytes] of Object.entries(REFUSED)) {
    test(`${name}: 502, with a page`, async () => {
      say(bytes);
      const answer = await request(world.port, 'GET', '/public/x');
      assert.equal(answer.status, 502);
      assert.ok(answer.text.length > 0);
    });
  }

  test('the head of an event stream is there before the first event', async () => {
    let open;
    app.answer = (socket) => { open = socket; socket.write(`${OK}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`); };
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/public/events', { Host: HOST }));
    const head = await client.head();
    assert.equal(head.status, 200);
    open.end('5\r\nhello\r\n0\r\n\r\n');
    client.destroy();
  });

  test('a first chunk that comes in pieces is put together', async () => {
    app.answer = (socket) => {
      socket.write(`${CHUNKED}0`);
      setTimeout(() => { socket.write('5'); setTimeout(() => socket.end('\r\nhello\r\n0\r\n\r\n'), 20); }, 20);
    };
    assert.equal((await request(world.port, 'GET', '/public/x')).text, 'hello');
  });

  test('interim answers keep a slow request alive beyond response_timeout', async (t) => {
    const own = await makeWorld(t, { config: { upstreams: { app: { url: app.url, response_timeout: '1s' } } } });
    app.answer = (socket) => {
      let left = 5;
      const timer = setInterval(() => {
        if (left-- > 0) return socket.write('HTTP/1.1 102 Processing\r\n\r\n');
        clearInterval(timer);
        return socket.end(`${OK}Content-Length: 5\r\n\r\nhello`);
      }, 500);
      socket.on('close', () => clearInterval(timer));
    };
    assert.equal((await request(own.port, 'GET', '/public/x', {}, { timeout: 10_000 })).text, 'hello');
  });
});
