// Bodies in both directions: framing, streaming, early answers, interim answers, order.
// Release too: speed, and optimised scanners.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { randomBytes } from 'node:crypto';
import { EvilUpstream } from './lib/recorder.mjs';
import { RawClient, requestBytes, request } from './lib/raw.mjs';
import { Truncated, readChunked } from './lib/byte_stream.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

let world;
const client = () => RawClient.connect(world.port);
const echo = (one, reply) => reply.json({ method: one.method, target: one.target, headers: one.fields.list, body: one.body.toString('latin1') });
const chunked = (...parts) => parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('') + '0\r\n\r\n';

describe('bodies', () => {
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope); });
  beforeEach(() => { world.recorder.reset(); world.recorder.handle = echo; world.recorder.onHead = null; });

  for (const size of [0, 1, 5, 4095, 4096, 65_535, 65_537, 1_000_000]) {
    test(`${size} bytes up and down, by Content-Length and chunked`, async () => {
      const body = randomBytes(size);
      world.recorder.handle = (one, reply) => reply.send(200, { 'Content-Type': 'application/octet-stream' }, one.body);
      const fixed = await request(world.port, 'POST', '/public/fixed', {}, { body });
      assert.ok(fixed.body.equals(body));
      const wire = Buffer.concat([Buffer.from(size ? `${size.toString(16)}\r\n` : ''), body, Buffer.from(size ? '\r\n0\r\n\r\n' : '0\r\n\r\n')]);
      const streamed = await request(world.port, 'POST', '/public/chunked', { 'Transfer-Encoding': 'chunked' }, { body: wire });
      assert.ok(streamed.body.equals(body));
      world.recorder.handle = async (one, reply) => {
        await reply.head(200, { 'Transfer-Encoding': 'chunked' });
        if (one.body.length) await reply.chunk(one.body);
        await reply.lastChunk();
      };
      assert.ok((await request(world.port, 'POST', '/public/down', {}, { body })).body.equals(body));
    });
  }

  test('many small chunks arrive as the same bytes', async () => {
    const parts = Array.from({ length: 2000 }, (_one, index) => `${index},`);
    const answer = await request(world.port, 'POST', '/public/x', { 'Transfer-Encoding': 'chunked' }, { body: chunked(...parts) });
    assert.equal(JSON.parse(answer.text).body, parts.join(''));
  });

  test('trailers are dropped in both directions', async () => {
    world.recorder.handle = async (_one, reply) => {
      await reply.head(200, { 'Transfer-Encoding': 'chunked', Trailer: 'X-Evil' });
      await reply.chunk('down');
      await reply.lastChunk('X-Evil: 1\r\nSet-Cookie: logto_session=evil\r\n');
    };
    const answer = await request(world.port, 'POST', '/public/x', { 'Transfer-Encoding': 'chunked' }, { body: '2\r\nup\r\n0\r\nX-Forwarded-User: admin\r\nHost: evil.test\r\n\r\n' });
    assert.equal(answer.text, 'down');
    assert.deepEqual(answer.trailers ?? [], []);
    assert.equal(world.recorder.requests[0].body.toString(), 'up');
    assert.deepEqual(world.recorder.requests[0].trailers, []);
  });

  test('a request without a body stays without one', async () => {
    await request(world.port, 'GET', '/public/x');
    assert.ok(!world.recorder.requests[0].fields.has('content-length') && !world.recorder.requests[0].fields.has('transfer-encoding'));
    await request(world.port, 'POST', '/public/x', { 'Content-Length': '0' });
    assert.equal(world.recorder.requests[1].fields.get('content-length'), '0');
  });

  test('Expect: 100-continue: the client hears 100 before it sends, and the app gets the body', async () => {
    const one = await client();
    await one.send(requestBytes('PUT', '/public/x', { Host: HOST, Expect: '100-continue', 'Content-Length': 5 }));
    assert.equal((await one.head()).status, 100);
    await one.send('hello');
    assert.equal((await one.response({ method: 'PUT' })).status, 200);
    assert.equal(world.recorder.requests[0].body.toString(), 'hello');
    one.destroy();
  });

  test('Expect: 100-continue on a route that is refused gets the refusal, not a 100', async () => {
    const one = await client();
    await one.send(requestBytes('PUT', '/private/x', { Host: HOST, Expect: '100-continue', 'Content-Length': 5 }));
    assert.equal((await one.head()).status, 401);
    one.destroy();
    assert.deepEqual(world.recorder.requests, []);
  });

  test('a refused chunked upload is promised no connection that will not be kept, and its answer is read by who sends first', async () => {
    const head = requestBytes('POST', '/denied/x', { Host: HOST, 'Transfer-Encoding': 'chunked' });
    const whole = await client();
    await whole.send(Buffer.concat([head, Buffer.from(chunked('all', 'is here'))]));
    const kept = await whole.response();
    assert.deepEqual([kept.status, kept.fields.get('connection')], [403, undefined]);
    await whole.send(requestBytes('GET', '/public/x', { Host: HOST }));
    assert.equal((await whole.response()).status, 200);
    whole.destroy();
    const large = await client();
    large.socket.pause(); // it reads only when it has sent everything
    await large.send(head);
    for (let i = 0; i < 40; ++i) {
      await large.send(`19000\r\n${'x'.repeat(0x19000)}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await large.send('0\r\n\r\n');
    large.socket.resume();
    const told = await large.response();
    assert.deepEqual([told.status, told.fields.get('connection')], [403, 'close']);
    await large.closed();
  });

  test('a 100-continue with the body sent at once does not get out of step', async () => {
    for (const target of ['/public/x', '/private/x']) {
      const one = await client();
      await one.send(Buffer.concat([requestBytes('PUT', target, { Host: HOST, Expect: '100-continue' }, 'GET /x'), requestBytes('GET', '/public/after', { Host: HOST, Connection: 'close' })]));
      const answers = await one.responsesUntilClose({ methods: ['PUT', 'GET'] });
      assert.ok(answers.length <= 2 && answers.length >= 1);
      if (answers[1]) assert.equal(JSON.parse(answers[1].text).target, '/public/after');
      one.destroy();
    }
  });

  test('an early 413 of the app reaches a client that is still sending', async () => {
    world.recorder.onHead = async (_one, reply, stream) => {
      await reply.head(413, { 'Content-Length': 3, Connection: 'close' });
      await reply.raw('big');
      await stream.toEnd({ timeout: 20_000 }).catch(() => {});
      reply.end();
      return true;
    };
    const one = await client();
    await one.send(requestBytes('POST', '/public/x', { Host: HOST, 'Content-Length': 50_000_000 }));
    one.send(Buffer.alloc(1_000_000));
    const answer = await one.response({ method: 'POST' });
    assert.equal(answer.status, 413);
    assert.equal(answer.text, 'big');
    one.destroy();
  });

  test('interim answers of the app: 103 is passed or dropped, the final answer is the final one', async () => {
    world.recorder.handle = async (_one, reply) => {
      await reply.raw('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n');
      await reply.send(200, {}, 'final');
    };
    const answer = await request(world.port, 'GET', '/public/x');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'final');
  });

  test('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
    world.recorder.handle = (one, reply) => {
      if (one.target.endsWith('204')) return reply.head(204);
      if (one.target.endsWith('304')) return reply.head(304, { ETag: '"x"', 'Content-Length': 10 });
      return reply.send(200, { 'Content-Length': 12 }, one.method === 'HEAD' ? '' : 'twelve bytes');
    };
    const one = await client();
    for (const [method, target, status, length] of [['HEAD', '/public/x', 200, '12'], ['GET', '/public/204', 204], ['GET', '/public/304', 304], ['GET', '/public/x', 200, '12']]) {
      await one.send(requestBytes(method, target, { Host: HOST }));
      const answer = await one.response({ method });
      assert.equal(answer.status, status);
      if (length) assert.equal(answer.fields.get('content-length'), length);
      assert.equal(answer.text, method === 'GET' && status === 200 ? 'twelve bytes' : '');
    }
    one.destroy();
  });

  test('pipelined requests are answered in order, also when the app is slow with the first', async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    world.recorder.handle = async (one, reply) => { if (one.target === '/public/1') await held; await echo(one, reply); };
    const one = await client();
    await one.send(Buffer.concat([1, 2, 3, 4, 5].map((count) => requestBytes(count === 3 ? 'POST' : 'GET', `/public/${count}`, { Host: HOST }, count === 3 ? 'body' : undefined))));
    await world.recorder.waitHead(({ target }) => target === '/public/1');
    release();
    for (const count of [1, 2, 3, 4, 5]) assert.equal(JSON.parse((await one.response()).text).target, `/public/${count}`);
    one.destroy();
  });

  test('a kept-alive connection serves many requests, and Connection: close ends it', async () => {
    const one = await client();
    for (let count = 0; count < 50; ++count) {
      await one.send(requestBytes('GET', `/public/${count}`, { Host: HOST }));
      assert.equal((await one.response()).status, 200);
    }
    await one.send(requestBytes('GET', '/public/last', { Host: HOST, Connection: 'close' }));
    assert.equal((await one.response()).fields.get('connection'), 'close');
    await one.closed();
    assert.ok(new Set(world.recorder.requests.map(({ connection }) => connection)).size <= 4, 'upstream connections are pooled');
    one.destroy();
  });

  test('HTTP/1.0 clients are served and disconnected, or kept when they ask', async () => {
    const one = await client();
    await one.send(`GET /public/x HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    assert.equal((await one.response()).status, 200);
    await one.closed();
    one.destroy();
  });

  test('an answer without a length reaches an HTTP/1.0 client until the close, an HTTP/1.1 one chunked', async () => {
    world.recorder.handle = async (_one, reply) => { await reply.head(200, { Connection: 'close' }); reply.end('until the end'); };
    assert.equal((await request(world.port, 'GET', '/public/x')).text, 'until the end');
    const old = await client();
    await old.send(`GET /public/x HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    const answer = await old.response();
    assert.equal(answer.text, 'until the end');
    assert.ok(!answer.fields.has('transfer-encoding'));
    old.destroy();
  });

  test('server-sent events arrive one by one, unbuffered', async () => {
    let next;
    world.recorder.onHead = async (_one, reply) => {
      await reply.head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' });
      for (let count = 0; count < 5; ++count) {
        const heard = new Promise((resolve) => { next = resolve; });
        await reply.chunk(`data: ${count}\n\n`);
        await heard;
      }
      await reply.lastChunk();
      return true;
    };
    const one = await client();
    await one.send(requestBytes('GET', '/public/events', { Host: HOST, Accept: 'text/event-stream' }));
    const head = await one.head();
    assert.equal(head.fields.get('transfer-encoding'), 'chunked');
    let text = '';
    await readChunked(one.stream, { onChunk: (data) => { text += data; if (text.endsWith('\n\n')) next(); } });
    assert.equal(text, '01234'.replace(/./g, 'data: $&\n\n'));
    one.destroy();
  });

  for (const pooled of [false, true]) {
    test(`the request body arrives unbuffered too: a conversation in both directions, on a ${pooled ? 'pooled' : 'fresh'} upstream connection`, async () => {
      const one = await client();
      if (pooled) {
        // The same client connection stays with its worker, and so with the connection that this leaves in the pool.
        await one.send(requestBytes('GET', '/public/warm', { Host: HOST }));
        await one.response();
      } else {
        for (const socket of world.recorder.connections) socket.destroy();
      }
      world.recorder.onHead = async (_one, reply, stream) => {
        await reply.head(200, { 'Transfer-Encoding': 'chunked' });
        for (;;) {
          const size = parseInt(await stream.line(), 16);
          const data = await stream.exactly(size);
          await stream.exactly(2);
          if (size === 0) break;
          await reply.chunk(`echo ${data}`);
        }
        await reply.lastChunk();
        return true;
      };
      await one.send(requestBytes('POST', '/public/chat', { Host: HOST, 'Transfer-Encoding': 'chunked' }));
      assert.equal((await one.head()).status, 200, 'the head goes out before the first byte of the body');
      for (const word of ['one', 'two', 'three']) {
        await one.send(`${word.length.toString(16)}\r\n${word}\r\n`);
        let got = '';
        while (!got.endsWith(word)) {
          const size = parseInt(await one.stream.line(), 16);
          got += await one.stream.exactly(size);
          await one.stream.exactly(2);
        }
        assert.equal(got, `echo ${word}`);
      }
      await one.send('0\r\n\r\n');
      assert.equal(await one.stream.line(), '0');
      one.destroy();
    });
  }

  test('a long poll is held until the app answers', async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    world.recorder.handle = async (_one, reply) => { await held; await reply.send(200, {}, 'at last'); };
    const one = await client();
    await one.send(requestBytes('GET', '/public/poll', { Host: HOST }));
    await world.recorder.waitFor(({ target }) => target === '/public/poll');
    await one.silent(300);
    release();
    assert.equal((await one.response()).text, 'at last');
    one.destroy();
  });

  test('a truncated answer is a broken transfer, never a complete one', async (t) => {
    const cuts = {
      'a short fixed body': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this',
      'a chunked body without its end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'a chunk cut in the middle': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello',
    };
    for (const [name, bytes] of Object.entries(cuts)) {
      for (const end of ['end', 'resetAndDestroy']) {
        const upstream = await EvilUpstream.start((socket) => socket.write(bytes, () => setTimeout(() => socket[end](), 20)));
        t.after(() => upstream.close());
        const cut = await makeWorld(t, { config: { upstreams: { app: upstream.url } } });
        await assert.rejects(request(cut.port, 'GET', '/public/x', {}, { timeout: 5000 }), Truncated, `${name}, ${end}`);
      }
    }
  });

  test('S28 a request that its client aborts does not dirty a pooled connection', async () => {
    const one = await client();
    await one.send(requestBytes('POST', '/public/aborted', { Host: HOST, 'Content-Length': 1000 }));
    await one.send('only a part');
    await world.recorder.waitHead(({ target }) => target === '/public/aborted');
    const aborted = new Promise((resolve) => world.recorder.once('aborted', resolve));
    one.socket.resetAndDestroy();
    await aborted;
    for (let count = 0; count < 10; ++count) assert.equal((await request(world.port, 'GET', `/public/next-${count}`)).status, 200);
    assert.deepEqual(world.recorder.violations, []);
  });

  test('a client that is slow to read slows the app down: nothing is swallowed into memory', async () => {
    let written = 0;
    let stopped = false;
    world.recorder.onHead = async (_one, reply) => {
      await reply.head(200, { 'Content-Length': 2 ** 31 });
      const block = Buffer.alloc(1 << 20, 0x61);
      while (!stopped && !reply.socket.destroyed) {
        await Promise.race([reply.raw(block), new Promise((resolve) => setTimeout(resolve, 100))]);
        if (reply.socket.writableLength > 8 << 20) await new Promise((resolve) => setTimeout(resolve, 20));
        else written += block.length;
      }
      reply.resetConnection();
      return true;
    };
    const before_ = world.proxy.rssKib();
    const one = await client();
    one.socket.pause();
    await one.send(requestBytes('GET', '/public/flood', { Host: HOST }));
    let last = -1;
    for (let rounds = 0; written !== last && rounds < 40; ++rounds) { last = written; await new Promise((resolve) => setTimeout(resolve, 150)); }
    stopped = true;
    assert.ok(written < 64 << 20, `${written >> 20} MiB were taken from the app`);
    assert.ok(world.proxy.rssKib() - before_ < 30_000, `${world.proxy.rssKib() - before_} KiB more memory`);
    one.destroy();
  });

  test('an app that is slow to read slows the client down', async () => {
    let resume;
    const held = new Promise((resolve) => { resume = resolve; });
    world.recorder.onHead = async (_one, reply, stream) => { reply.socket.pause(); await held; reply.socket.resume(); await stream.toEnd({ timeout: 10_000 }).catch(() => {}); return true; };
    const before_ = world.proxy.rssKib();
    const one = await client();
    await one.send(requestBytes('POST', '/public/slow', { Host: HOST, 'Content-Length': 2 ** 31 }));
    const block = Buffer.alloc(1 << 20);
    let sent = 0;
    for (;;) {
      const done = await Promise.race([one.send(block).then(() => true), new Promise((resolve) => setTimeout(() => resolve(false), 400))]);
      if (!done) break;
      sent += block.length;
      assert.ok(sent < 128 << 20, 'the proxy takes without end');
    }
    assert.ok(world.proxy.rssKib() - before_ < 30_000);
    one.destroy();
    resume();
  });
});
