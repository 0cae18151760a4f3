// Answers compressed on their way to the client: what comes out is what the app sent, whole and in time, and nothing is
// compressed that should not be.
// Release too: large bodies and a browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import * as chromium from './lib/chromium.mjs';
import { RawClient, request, requestBytes } from './lib/raw.mjs';
import { freePort, temporaryFolder } from './lib/proxy.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const WORDS = 'The quick brown fox <b class="row">jumps</b> over {"the":"lazy dog"}\n';
const textOf = (bytes) => WORDS.repeat(Math.ceil(bytes / WORDS.length)).slice(0, bytes);
const PAGE = textOf(20_000);
const decode = (answer) => {
  const coding = answer.fields.get('content-encoding');
  return coding === 'gzip' ? zlib.gunzipSync(answer.body) : coding === 'br' ? zlib.brotliDecompressSync(answer.body) : answer.body;
};
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
// Reproducible from its seed, which the failure names.
function randomSource(seed) {
  let state = seed;
  return (below) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % below; };
}

describe('compressed answers', () => {
  const scope = suite(after);
  let world;
  let answerWith;
  let cookie;
  const get = (target, headers = {}, method = 'GET') => request(world.port, method, target, { 'Accept-Encoding': 'gzip', ...headers }, { host: HOST });
  before(async () => {
    const site = path.join(temporaryFolder(), 'www');
    fs.mkdirSync(site);
    fs.writeFileSync(path.join(site, 'app.js'), PAGE);
    fs.writeFileSync(path.join(site, 'big.txt'), textOf(5_000_000));
    fs.writeFileSync(path.join(site, 'small.txt'), 'small');
    fs.writeFileSync(path.join(site, 'noise.png'), randomBytes(5000));
    world = await makeWorld(scope, {
      routes: [
        { path: '/on/*', access: 'public', upstream: 'app', compression: 'on' },
        { path: '/always/*', access: 'optional', upstream: 'app', compression: 'always' },
        { path: '/off/*', access: 'public', upstream: 'app' },
        { path: '/types/*', access: 'public', upstream: 'app', compression: { mode: 'on', types: ['image/x-raw', 'text/event-stream'] } },
        { path: '/site/*', access: 'public', static: site, strip_prefix: '/site', compression: 'on' },
        { path: '/private-site/*', static: site, strip_prefix: '/private-site', compression: 'on' },
        { path: '/fixed', access: 'public', respond: { status: 200, body: PAGE, type: 'text/html' }, compression: 'on' },
        { path: '/private/*', upstream: 'app', compression: 'on' },
      ],
    });
    world.recorder.handle = (asked, reply) => answerWith ? answerWith(asked, reply) : reply.send(200, { 'Content-Type': 'text/html' }, PAGE);
    cookie = await world.session();
  });
  const withAnswer = async (headers, body, work, status = 200) => {
    answerWith = (asked, reply) => reply.send(status, { 'Content-Type': 'text/html', ...headers }, body);
    try { return await work(); } finally { answerWith = null; }
  };

  test('gzip and brotli, as the client likes it; the head says so, and the app heard what the client accepts', async () => {
    world.recorder.reset();
    const gzip = await get('/on/x');
    assert.equal(gzip.fields.get('content-encoding'), 'gzip');
    assert.equal(gzip.fields.get('vary'), 'Accept-Encoding');
    assert.ok(!gzip.fields.has('content-length') && gzip.fields.get('transfer-encoding') === 'chunked');
    assert.ok(gzip.body.length < PAGE.length / 5);
    assert.equal(decode(gzip).toString(), PAGE);
    assert.equal(world.recorder.requests[0].fields.get('accept-encoding'), 'gzip');
    const brotli = await get('/on/x', { 'Accept-Encoding': 'gzip, deflate, br, zstd' });
    assert.equal(brotli.fields.get('content-encoding'), 'br');
    assert.equal(decode(brotli).toString(), PAGE);
    for (const accepted of [undefined, 'identity', 'gzip;q=0', '*;q=0', 'deflate']) {
      const plain = await get('/on/x', { 'Accept-Encoding': accepted });
      assert.ok(!plain.fields.has('content-encoding'), accepted);
      assert.equal(plain.fields.get('vary'), 'Accept-Encoding', 'a cache must not take it for the answer to all');
      assert.equal(plain.fields.get('content-length'), String(PAGE.length));
    }
    assert.ok(!(await get('/off/x')).fields.has('vary'));
  });

  test('HEAD says what GET would, without a body; 204 and 304 are as they are', async () => {
    const head = await get('/on/x', {}, 'HEAD');
    assert.equal(head.fields.get('content-encoding'), 'gzip');
    assert.ok(!head.fields.has('content-length') && !head.fields.has('transfer-encoding'));
    assert.equal(head.body.length, 0);
    answerWith = (asked, reply) => reply.head(204, {});
    const none = await get('/on/x');
    assert.equal(none.status, 204);
    answerWith = (asked, reply) => reply.head(304, { ETag: '"a"' });
    const same = await get('/on/x', { 'If-None-Match': 'W/"a"' });
    assert.deepEqual([same.status, same.fields.get('etag'), same.fields.get('vary')], [304, 'W/"a"', 'Accept-Encoding']);
    answerWith = null;
  });

  test('a strong ETag becomes a weak one, by which the app still knows its answer', async () => {
    answerWith = (asked, reply) => {
      const known = (asked.fields.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
      return known.includes('"v1"') ? reply.head(304, { ETag: '"v1"' }) : reply.send(200, { 'Content-Type': 'text/html', ETag: '"v1"', 'Accept-Ranges': 'bytes' }, PAGE);
    };
    const first = await get('/on/x');
    assert.equal(first.fields.get('etag'), 'W/"v1"');
    assert.ok(!first.fields.has('accept-ranges'));
    assert.equal((await get('/on/x', { 'If-None-Match': first.fields.get('etag') })).status, 304);
    const plain = await get('/on/x', { 'Accept-Encoding': 'identity' });
    assert.deepEqual([plain.fields.get('etag'), plain.fields.get('accept-ranges')], ['"v1"', 'bytes']);
    answerWith = null;
  });

  test('what is coded, small, partial, of other types, or not to be transformed is left as it is', async () => {
    const rows = [
      ['coded by the app', { 'Content-Encoding': 'gzip' }, zlib.gzipSync(PAGE)],
      ['no-transform', { 'Cache-Control': 'no-transform' }, PAGE],
      ['a digest of its bytes', { 'Repr-Digest': 'sha-256=:AA==:' }, PAGE],
      ['small', {}, 'small'],
      ['a picture', { 'Content-Type': 'image/png' }, PAGE],
      ['events', { 'Content-Type': 'text/event-stream' }, PAGE],
    ];
    for (const [name, headers, body] of rows) {
      const answer = await withAnswer(headers, body, () => get('/on/x'));
      assert.deepEqual(answer.body, Buffer.from(body), name);
      assert.equal(answer.fields.get('content-encoding'), headers['Content-Encoding'], name);
      assert.equal(answer.fields.get('content-length'), String(Buffer.byteLength(body)), name);
    }
    const part = await withAnswer({ 'Content-Range': 'bytes 0-9999/20000' }, PAGE.slice(0, 10_000), () => get('/on/x', { Range: 'bytes=0-9999' }), 206);
    assert.deepEqual([part.status, part.fields.has('content-encoding'), part.body.length], [206, false, 10_000]);
    const raw = await withAnswer({ 'Content-Type': 'image/x-raw' }, PAGE, () => get('/types/x'));
    assert.equal(decode(raw).toString(), PAGE);
    assert.equal(raw.fields.get('content-encoding'), 'gzip');
    assert.ok(!(await get('/types/x')).fields.has('content-encoding'), 'text/html is not in its list');
  });

  test('what may hold a secret and a text of the sender\'s is not compressed unless asked for', async () => {
    const coded = async (target, headers, answerHeaders = {}) => (await withAnswer(answerHeaders, PAGE, () => get(target, headers))).fields.get('content-encoding') ?? null;
    assert.equal(await coded('/private/x', { Cookie: cookie }), null);
    assert.equal(await coded('/private/x', { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' }), null);
    assert.equal(await coded('/private/x', { Cookie: cookie, 'Sec-Fetch-Site': 'same-site' }), null);
    assert.equal(await coded('/private/x', { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' }), 'gzip');
    assert.equal(await coded('/private/x', { Cookie: cookie }, { 'Cache-Control': 'public, max-age=60' }), 'gzip');
    assert.equal(await coded('/on/x', { Cookie: 'app=1' }), null);
    assert.equal(await coded('/on/x', { Authorization: 'Basic eDp5' }), null);
    assert.equal(await coded('/on/x', {}, { 'Set-Cookie': 'csrf=1' }), null);
    assert.equal(await coded('/always/x', { Cookie: cookie }), 'gzip');
    assert.equal(await coded('/private-site/app.js', { Cookie: cookie }), 'gzip', 'a file says nothing of who asks');
  });

  test('files and fixed answers, with ranges and conditions as without compression', async () => {
    const file = await get('/site/app.js');
    assert.equal(file.fields.get('content-encoding'), 'gzip');
    assert.match(file.fields.get('etag'), /^W\/"/);
    assert.equal(decode(file).toString(), PAGE);
    const again = await get('/site/app.js', { 'If-None-Match': file.fields.get('etag') });
    assert.deepEqual([again.status, again.fields.get('etag')], [304, file.fields.get('etag')]);
    const part = await get('/site/app.js', { Range: 'bytes=0-9' });
    assert.deepEqual([part.status, part.body.toString(), part.fields.has('content-encoding')], [206, PAGE.slice(0, 10), false]);
    assert.ok(!(await get('/site/small.txt')).fields.has('content-encoding'));
    assert.ok(!(await get('/site/noise.png')).fields.has('content-encoding'));
    for (const accepted of ['gzip', 'br']) {
      const big = await get('/site/big.txt', { 'Accept-Encoding': accepted });
      assert.equal(big.fields.get('content-encoding'), accepted);
      assert.equal(digest(decode(big)), digest(textOf(5_000_000)));
    }
    const head = await get('/site/app.js', {}, 'HEAD');
    assert.deepEqual([head.fields.get('content-encoding'), head.fields.has('content-length')], ['gzip', false]);
    const fixed = await get('/fixed');
    assert.equal(fixed.fields.get('content-encoding'), 'gzip');
    assert.equal(fixed.fields.get('content-length'), String(fixed.body.length), 'its length is known');
    assert.equal(decode(fixed).toString(), PAGE);
    assert.equal((await get('/fixed', {}, 'HEAD')).fields.get('content-length'), String(fixed.body.length));
  });

  test('the access log counts what the client got', async () => {
    const answer = await get('/on/counted');
    const line = await world.proxy.waitAccess((one) => one.path === '/on/counted');
    assert.equal(line.bytes_out, answer.body.length);
  });

  test('an app that pauses: what it has said is there, and can be read', async () => {
    let more;
    answerWith = async (asked, reply) => {
      await reply.head(200, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' });
      await reply.chunk('first\n');
      await new Promise((resolve) => { more = resolve; });
      await reply.chunk('second\n');
      await reply.chunk('');
    };
    for (const [accepted, unzip] of [['gzip', zlib.createGunzip()], ['br', zlib.createBrotliDecompress()]]) {
      const asked = http.get({ port: world.port, path: '/on/slow', headers: { Host: HOST, 'Accept-Encoding': accepted }, agent: false });
      const [answer] = await once(asked, 'response');
      assert.equal(answer.headers['content-encoding'], accepted);
      answer.pipe(unzip);
      const [first] = await once(unzip, 'data');
      assert.equal(first.toString(), 'first\n');
      more();
      const [second] = await once(unzip, 'data');
      assert.equal(second.toString(), 'second\n');
      await once(unzip, 'end');
    }
    answerWith = null;
  });

  test('however the app cuts its body, the client reads the same bytes, and the connection lives on', async () => {
    const seed = Number(process.env.SEED ?? 7);
    const next = randomSource(seed);
    const client = await RawClient.connect(world.port);
    for (let round = 0; round < 40; round += 1) {
      const body = Buffer.concat(Array.from({ length: next(6) }, () => next(2) ? randomBytes(next(50_000)) : Buffer.from(textOf(next(200_000)))));
      const form = ['length', 'chunked'][next(2)];
      answerWith = async (asked, reply) => {
        await reply.head(200, { 'Content-Type': 'text/plain', ...(form === 'length' ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' }) });
        for (let at = 0; at < body.length;) {
          const size = Math.min(1 + next(70_000), body.length - at);
          const piece = body.subarray(at, at + size);
          await (form === 'length' ? reply.raw(piece) : reply.chunk(piece));
          at += size;
          if (next(4) === 0) await new Promise(setImmediate);
        }
        if (form === 'chunked') await reply.chunk('');
      };
      await client.send(requestBytes('GET', `/on/${round}`, { Host: HOST, 'Accept-Encoding': next(2) ? 'br' : 'gzip' }));
      const answer = await client.response({ timeout: 20_000 });
      assert.equal(digest(decode(answer)), digest(body), `SEED=${seed}, round ${round}, ${form}, ${body.length} bytes`);
    }
    client.destroy();
    answerWith = null;
  });

  test('HTTP/1.0 gets it plain and whole', async () => {
    const socket = net.connect(world.port, '127.0.0.1');
    socket.write(`GET /on/x HTTP/1.0\r\nHost: ${HOST}\r\nAccept-Encoding: gzip\r\n\r\n`);
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    await once(socket, 'end');
    const text = Buffer.concat(parts).toString();
    assert.doesNotMatch(text, /content-encoding/i);
    assert.ok(text.endsWith(PAGE));
  });

  test('an app that breaks off leaves no answer that could be taken for whole', async () => {
    answerWith = async (asked, reply) => {
      await reply.head(200, { 'Content-Type': 'text/plain', 'Content-Length': 1_000_000 });
      await reply.raw(textOf(300_000));
      reply.socket.destroy();
    };
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('GET', '/on/broken', { Host: HOST, 'Accept-Encoding': 'gzip' }));
    await assert.rejects(client.response());
    client.destroy();
    answerWith = null;
  });

  test('a client that reads slowly holds the app back, and memory stays flat', async () => {
    const size = 64_000_000;
    let sent = 0;
    answerWith = async (asked, reply) => {
      await reply.head(200, { 'Content-Type': 'text/plain', 'Content-Length': size });
      const noise = randomBytes(500_000);
      while (sent < size && !reply.socket.destroyed) {
        const written = reply.raw(noise);
        const gone = once(reply.socket, 'close');
        await Promise.race([written, gone]);
        sent += noise.length;
      }
    };
    const before = world.proxy.rssKib();
    const socket = net.connect(world.port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /on/slow HTTP/1.1\r\nHost: ${HOST}\r\nAccept-Encoding: gzip\r\n\r\n`);
    let last = -1;
    while (last !== sent) { last = sent; await new Promise((resolve) => setTimeout(resolve, 300)); }
    assert.ok(sent > 0 && sent < size / 2, `${sent} bytes were taken from the app`);
    assert.ok(world.proxy.rssKib() - before < 20_000, `${world.proxy.rssKib() - before} KiB more`);
    const gone = once(world.recorder, 'disconnection');
    socket.destroy();
    await gone;
    world.recorder.reset();
    answerWith = null;
  });

  test('curl reads it', { skip: fs.existsSync('/usr/bin/curl') ? false : 'curl is not installed' }, async () => {
    const { stdout } = await promisify(execFile)('curl', ['-sS', '--compressed', '-H', `Host: ${HOST}`, `http://127.0.0.1:${world.port}/on/x`]);
    assert.equal(stdout, PAGE);
  });
});

test('where memory is short answers go plain, each of them whole, and what was taken is given back', async (t) => {
  const world = await makeWorld(t, { config: { limits: { buffered: '4MiB' } }, routes: [{ path: '/*', access: 'public', upstream: 'app', compression: 'on' }] });
  const held = [];
  world.recorder.handle = async (asked, reply) => {
    await reply.head(200, { 'Content-Type': 'text/plain', 'Content-Length': PAGE.length });
    await reply.raw(PAGE.slice(0, 5000));
    if (asked.target.startsWith('/held')) await new Promise((resolve) => held.push(resolve));
    await reply.raw(PAGE.slice(5000));
  };
  const ask = (target) => request(world.port, 'GET', target, { 'Accept-Encoding': 'gzip' }, { timeout: 20_000 });
  const many = [];
  for (let i = 0; i < 12; i += 1) {
    many.push(ask(`/held/${i}`));
    await world.recorder.waitFor(({ target }) => target === `/held/${i}`);
  }
  while (held.length < 12) await new Promise(setImmediate);
  for (const go of held) go();
  const answers = await Promise.all(many);
  const coded = answers.filter((answer) => answer.fields.has('content-encoding')).length;
  assert.ok(coded >= 1 && coded < 12, `${coded} of 12 are compressed`);
  for (const answer of answers) {
    assert.equal(decode(answer).toString(), PAGE);
    assert.equal(answer.fields.get('vary'), 'Accept-Encoding');
  }
  assert.equal((await ask('/later')).fields.get('content-encoding'), 'gzip');
});

test('a browser reads pages, scripts and files of somebody signed in', { skip: chromium.missing() ?? false }, async (t) => {
  const site = temporaryFolder();
  fs.writeFileSync(path.join(site, 'app.txt'), PAGE);
  const port = await freePort();
  const own = `http://localhost:${port}`;  // browsers tell who asks on origins that they trust
  const world = await makeWorld(t, {
    config: { external_urls: [own], listen: `127.0.0.1:${port}` },
    routes: [
      { path: '/site/*', static: site, strip_prefix: '/site', compression: 'on' },
      { path: '/*', upstream: 'app', compression: 'on' },
    ],
  });
  world.recorder.handle = (asked, reply) => asked.target.endsWith('.js')
    ? reply.send(200, { 'Content-Type': 'text/javascript' }, `document.title = 'ran';//${PAGE.replaceAll('\n', ' ')}`)
    : reply.send(200, { 'Content-Type': 'text/html' }, `<!DOCTYPE html><title>x</title><p>${PAGE}</p><script src="/private/a.js"></script>`);
  const browser = await chromium.launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const codings = new Map();
  page.on('response', (answer) => codings.set(new URL(answer.url()).pathname, answer.headers()['content-encoding'] ?? 'none'));
  await page.goto(`${own}/private/page`);
  assert.equal(await page.title(), 'ran');
  assert.equal(codings.get('/private/page'), 'none', 'from another site, behind the sign-in');
  assert.match(codings.get('/private/a.js'), /^(gzip|br)$/, 'its own page asks');
  await page.goto(`${own}/site/app.txt`);
  assert.match(codings.get('/site/app.txt'), /^(gzip|br)$/);
  assert.match(await page.locator('body').innerText(), /quick brown fox/);
});
