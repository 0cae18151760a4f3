// HTTP/2 as nobody honest speaks it (threats D01 to D16): floods end in GOAWAY, others go on, and memory stays what it was.
// Release too: the wire, and what nghttp2 makes of it.
// Quick.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Authority, tlsSocket } from './lib/certificates.mjs';
import { sleep } from './lib/clock.mjs';
import { Http2App } from './lib/http2_app.mjs';
import { CODE, FLAG, Http2Raw, PREFACE, TYPE, block, field, frame, get, setting, uint32 } from './lib/http2_frames.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const authority = new Authority();
const own = authority.issue([HOST, '127.0.0.1']);
const EMPTY = Buffer.alloc(0);
const INITIAL_WINDOW = 4;

describe('abuse of HTTP/2', () => {
  let world;
  let echo;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { config: { listen: [{ address: '127.0.0.1:0', h2c: true }], timeouts: { request_head: '600ms', body_idle: '800ms', first_byte: '1s', idle_connection: '1s' } } });
    echo = world.recorder.handle;
  });
  beforeEach(() => { world.recorder.reset(); Object.assign(world.recorder, { handle: echo, onHead: null }); });
  const connect = (options) => Http2Raw.connect(world.port, options);
  const stillServes = async () => { world.recorder.onHead = null; const client = await connect(); assert.equal((await client.request(get('/public/x'))).status, 200); client.destroy(); };

  // `rounds` times what `make` returns; it must end in GOAWAY with this code, or be closed where the code is null.
  async function flood(make, { rounds = 20_000, code = CODE.ENHANCE_YOUR_CALM, batch = 100, client } = {}) {
    const one = client ?? (await connect());
    for (let round = 0; round < rounds && !one.closed && !one.goaway; round += batch) {
      const frames = [];
      for (let at = round; at < round + batch; ++at) frames.push(...[make(one, at)].flat());
      await one.send(...frames);
    }
    await one.until('GOAWAY', () => one.goaway !== null || one.closed);
    if (code !== null) assert.equal(one.goaway?.code, code, `GOAWAY ${JSON.stringify(one.goaway)}`);
    await one.untilClosed();
    one.destroy();
    await stillServes();
  }
  // Of what follows; requests of earlier tests may still come.
  const flooded = () => world.recorder.targets().filter((target) => target === '/public/flood');
  const request = (one, target = '/public/x') => one.headers((one.nextId += 2) - 2, block(get(target)));

  test('D01 rapid reset', async () => {
    world.recorder.onHead = () => new Promise(() => {});
    await flood((one) => { const id = one.nextId; return [...request(one), frame(TYPE.RST_STREAM, 0, id, uint32(CODE.CANCEL))]; });
    assert.ok(world.recorder.requests.length <= 1_000, `${world.recorder.requests.length} requests`);
  });

  for (const [what, provoke] of Object.entries({
    'a window of nothing more': (id) => frame(TYPE.WINDOW_UPDATE, 0, id, uint32(0)),
    'a window that overflows': (id) => frame(TYPE.WINDOW_UPDATE, 0, id, uint32(0x7fffffff)),
    'a window that overflows, twice': (id) => Buffer.concat([frame(TYPE.WINDOW_UPDATE, 0, id, uint32(0x7fffffff)), frame(TYPE.WINDOW_UPDATE, 0, id, uint32(0x7fffffff))]),
    'DATA behind the end': (id) => frame(TYPE.DATA, 0, id, Buffer.from('x')),
    'HEADERS behind the end': (id) => frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, id, block([['a', 'b']])),
    'a PRIORITY of six bytes': (id) => frame(TYPE.PRIORITY, 0, id, Buffer.alloc(6)),
    'a priority upon itself': (id) => frame(TYPE.PRIORITY, 0, id, Buffer.concat([uint32(id), Buffer.from([1])])),
  })) {
    test(`D02 made to reset by ${what}`, async () => {
      world.recorder.onHead = () => new Promise(() => {});
      const client = await connect();
      for (let round = 0; round < 20_000 && !client.closed && !client.goaway; round += 20) {
        const frames = [];
        for (let at = 0; at < 20; ++at) { const id = client.nextId; frames.push(...request(client), provoke(id)); }
        await client.send(...frames);
      }
      await client.until('GOAWAY', () => client.goaway !== null || client.closed);
      assert.notEqual(client.goaway?.code, CODE.NO_ERROR);
      client.destroy();
      await stillServes();
      assert.ok(world.recorder.requests.length <= 1_000, `${world.recorder.requests.length} requests`);
    });
  }

  test('D03 CONTINUATION without end', async () => {
    const client = await connect();
    const id = 1;
    client.write(frame(TYPE.HEADERS, 0, id, block(get('/public/flood'))));
    for (let count = 0; count < 10_000 && !client.closed; ++count) await client.send(frame(TYPE.CONTINUATION, 0, id, field('x', 'y'.repeat(1000))));
    await client.untilClosed();
    client.destroy();
    assert.deepEqual(flooded(), []);
    await stillServes();
  });

  test('D03 empty CONTINUATION, and a block that is never complete', async () => {
    const empty = await connect();
    empty.write(frame(TYPE.HEADERS, 0, 1, block(get('/public/flood'))));
    for (let count = 0; count < 10_000 && !empty.closed; ++count) await empty.send(frame(TYPE.CONTINUATION, 0, 1, EMPTY));
    await empty.untilClosed();
    const quiet = await connect();
    quiet.write(frame(TYPE.HEADERS, 0, 1, block(get('/public/flood'))));
    await quiet.untilClosed();
    for (const one of [empty, quiet]) one.destroy();
    assert.deepEqual(flooded(), []);
  });

  test('D04 HPACK bombs: an entry of the table again and again, crumbs of cookies, and trailers', async () => {
    const before = world.proxy.rssKib();
    const bomb = Buffer.concat([block(get('/public/flood')), field('x-big', 'y'.repeat(3_900), { indexed: true }), Buffer.alloc(16_000, 0x80 | 62)]);
    const crumbs = Buffer.concat([block(get('/public/flood')), field('cookie', 'c=1', { indexed: true }), Buffer.alloc(100_000, 0x80 | 62)]);
    const post = block(get('/public/flood', [], { method: 'POST' }));
    const trailers = Buffer.concat([field('x-big', 'y'.repeat(3_900), { indexed: true }), Buffer.alloc(16_000, 0x80 | 62)]);
    for (const [head, rest] of [[bomb], [crumbs], [post, trailers]]) {
      const client = await connect();
      for (let round = 0; round < 50 && !client.closed; ++round) {
        const id = (client.nextId += 2) - 2;
        await client.send(...client.headers(id, head, rest ? 0 : FLAG.END_STREAM), ...(rest ? client.headers(id, rest) : []));
      }
      await client.until('GOAWAY', () => client.goaway !== null || client.closed);
      client.destroy();
    }
    assert.ok(world.proxy.rssKib() - before < 20_000, 'memory stays flat');
    assert.ok(world.recorder.requests.every(({ complete, target }) => !complete || target !== '/public/flood'));
    await stillServes();
  });

  test('D04 what is merely too large is 431, and the connection goes on', async () => {
    const client = await connect();
    const { status } = await client.request([...get('/public/x'), ...Array.from({ length: 4_000 }, (_one, index) => ['cookie', `c${index}=${'v'.repeat(20)}`])]);
    assert.equal(status, 431);
    assert.equal((await client.request(get('/public/x'))).status, 200);
    client.destroy();
  });

  test('D05 blocks of streams that were refused', async () => {
    world.recorder.onHead = () => new Promise(() => {});
    await flood((one) => request(one, '/public/flood'));
    assert.ok(flooded().length <= 100);
  });

  const SMALL = {
    PING: () => frame(TYPE.PING, 0, 0, Buffer.alloc(8)),
    SETTINGS: () => frame(TYPE.SETTINGS, 0, 0, setting(INITIAL_WINDOW, 65_535)),
    'empty SETTINGS': () => frame(TYPE.SETTINGS, 0, 0),
    PRIORITY: (_one, at) => frame(TYPE.PRIORITY, 0, 2 * (at % 1_000) + 1, Buffer.from([0, 0, 0, 0, 1])),
    WINDOW_UPDATE: () => frame(TYPE.WINDOW_UPDATE, 0, 0, uint32(1)),
    'unknown frames': (_one, at) => frame(0x0a + (at % 6), 0, 0, EMPTY),
  };
  for (const [what, make] of Object.entries(SMALL)) test(`D06 ${what} without end`, () => flood(make));

  test('D06 empty DATA without end, and one byte a time is a body', async () => {
    const client = await connect();
    const { id, stream } = client.open(get('/public/up', [], { method: 'POST' }), { end: false });
    for (let count = 0; count < 400; ++count) client.data(id, 'x', count === 399);
    await client.until('answer', () => stream.over);
    assert.equal(stream.status, 200);
    assert.equal(world.recorder.requests.at(-1).body.length, 400);
    const { id: next } = client.open(get('/public/up', [], { method: 'POST' }), { end: false });
    await flood(() => frame(TYPE.DATA, 0, next, EMPTY), { client });
  });

  test('D06 a window of one byte at a time', async () => {
    world.recorder.handle = (_request, reply) => reply.send(200, {}, 'z'.repeat(60_000));
    const client = await connect({ settings: [[INITIAL_WINDOW, 0]] });
    client.windowUpdates = false;
    const { id } = client.open(get('/public/x'));
    await flood(() => frame(TYPE.WINDOW_UPDATE, 0, id, uint32(1)), { client });
  });

  test('D07 windows of nothing hold little, and not for long', async () => {
    world.recorder.handle = async (_request, reply) => { await reply.send(200, {}, Buffer.alloc(2_000_000, 'z')); };
    const settled = await connect();
    assert.equal((await settled.request(get('/public/x'))).body.length, 2_000_000);
    settled.destroy();
    const before = world.proxy.rssKib();
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect({ settings: [[INITIAL_WINDOW, 0]] })));
    for (const client of clients) { client.windowUpdates = false; for (let count = 0; count < 100; ++count) client.open(get('/public/x')); }
    await Promise.all(clients.map((client) => client.until('heads', () => [...client.streams.values()].every(({ status, over }) => status === 200 || over))));
    const held = world.proxy.rssKib() - before;
    console.log(`    1000 streams without a window: ${held} KiB`);
    await Promise.all(clients.map((client) => client.until('ends', () => client.closed || [...client.streams.values()].every(({ over }) => over))));
    for (const client of clients) client.destroy();
    world.recorder.handle = echo;
    await stillServes();
    assert.ok(held < 10 * 2_048 * SLOWNESS, `${held} KiB`);
  });

  test('D07 the connection has no window, and streams end all the same', async () => {
    world.recorder.handle = async (_request, reply) => { await reply.send(200, {}, Buffer.alloc(2_000_000, 'z')); };
    const client = await connect();
    client.windowUpdates = false;
    const { stream } = client.open(get('/public/x'));
    await client.until('end', () => stream.over || client.closed);
    client.destroy();
  });

  test('D08 settings that make no sense, and GOAWAY with more behind it', async () => {
    for (const [id, value] of [[5, 0], [5, 2 ** 24], [4, 0x80000000], [2, 2]]) {
      const client = await connect({ settings: [[id, value]] });
      await client.untilClosed();
      assert.ok([CODE.PROTOCOL_ERROR, CODE.FLOW_CONTROL_ERROR].includes(client.goaway?.code));
    }
    const client = await connect();
    await client.send(frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)), frame(TYPE.SETTINGS, 0, 0));
    client.destroy();
    await stillServes();
  });

  test('D09 unknown frames, a few of them, are nothing', async () => {
    const client = await connect();
    client.write(...[0x0a, 0x0b, 0x0c, 0x0f, 0xff].flatMap((type) => [frame(type, 0xff, 0, Buffer.alloc(50)), frame(type, 0, 1, EMPTY)]));
    assert.equal((await client.request(get('/public/x'))).status, 200);
    client.destroy();
  });

  test('D10 whatever comes behind our GOAWAY', async () => {
    const client = await connect();
    await client.send(...Array.from({ length: 3_000 }, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))), ...client.headers(1, block(get('/public/x'))), frame(0x0a, 0, 0, Buffer.alloc(4)), frame(0x10, 0, 0, Buffer.alloc(3)), frame(TYPE.HEADERS, 0xff, 3, Buffer.alloc(3)), frame(TYPE.DATA, 0xff, 0x7fffffff, EMPTY));
    await client.untilClosed();
    assert.equal(client.goaway.code, CODE.ENHANCE_YOUR_CALM);
    client.destroy();
    await stillServes();
    assert.deepEqual(world.recorder.targets(), ['/public/x'], 'but for the last, nothing reached the app');
  });

  test('D11 to D14 what is malformed is refused before the app sees a byte', async () => {
    const post = (more, options) => get('/public/up', more, { method: 'POST', ...options });
    const rows = [
      ['a length and no body', post([['content-length', '100']]), null],
      ['less than the length', post([['content-length', '100']]), Buffer.from('short')],
      ['more than the length', post([['content-length', '2']]), Buffer.from('longer')],
      ['two lengths', post([['content-length', '6'], ['content-length', '7']]), Buffer.from('longer')],
      ...['transfer-encoding: chunked', 'connection: close', 'upgrade: h2c', 'keep-alive: 5', 'proxy-connection: close', 'te: gzip'].map((line) => [line, get('/public/x', [line.split(': ')]), null]),
      ['a method that is a request', get('/public/x', [], { method: 'GET /private/x HTTP/1.1\r\nHost: e\r\n\r\n' }), null],
      ['a method with a blank', get('/public/x', [], { method: 'GET ' }), null],
      ['no method', get('/public/x', [], { method: '' }), null],
      ['a path with a line break', get('/public/x HTTP/1.1\r\nX: y'), null],
      ['a path with a blank', get('/public/x y'), null],
      ['no path', get(''), null],
      ['a path that is none', get('public/x'), null],
      ['an absolute path', get(`http://${HOST}/public/x`), null],
      ['another scheme', get('/public/x', [], { scheme: 'https://e/x?' }), null],
      ['a scheme in capitals', get('/public/x', [], { scheme: 'HtTp' }), null],
      ['a value with a line break', get('/public/x', [['x-a', 'b\r\nx-forwarded-user: evil']]), null],
      ['a value with LF', get('/public/x', [['x-a', 'b\nc']]), null],
      ['a value with NUL', get('/public/x', [['x-a', 'b\0c']]), null],
      ['a name in capitals', get('/public/x', [['X-A', 'b']]), null],
      ['a name with a colon', get('/public/x', [['x:a', 'b']]), null],
      ['an empty name', get('/public/x', [['', 'b']]), null],
      ['a cookie with a line break', get('/public/x', [['cookie', 'a=b\r\nx-forwarded-user: evil']]), null],
      ['Host that differs', get('/public/x', [['host', 'b.test']]), null],
      ['two authorities', [...get('/public/x').slice(0, 3), [':authority', HOST], [':path', '/public/x']], null],
      ['neither of them', get('/public/x').filter(([name]) => name !== ':authority'), null],
      ['an empty authority', get('/public/x', [], { host: '' }), null],
      ['somebody in the authority', get('/public/x', [], { host: `u@${HOST}` }), null],
      ['a line break in the authority', get('/public/x', [], { host: `${HOST}\r\nx: y` }), null],
      ['a pseudo field behind others', [...get('/public/x', [['a', 'b']]), [':path', '/private/x']], null],
      ['an unknown pseudo field', [[':foo', 'x'], ...get('/public/x')], null],
      ['a status in a request', [[':status', '200'], ...get('/public/x')], null],
      ['CONNECT', [[':method', 'CONNECT'], [':authority', HOST]], null],
      ['CONNECT with a path', get('/public/x', [], { method: 'CONNECT' }), null],
      ['TRACE', get('/public/x', [], { method: 'TRACE' }), null],
    ];
    for (const [what, fields, body] of rows) {
      const client = await connect();
      const { status, reset, closed } = await client.request(fields, body);
      assert.ok(closed || reset !== null || status >= 400, `${what}: ${status}`);
      client.destroy();
    }
    const whole = world.recorder.requests.filter(({ complete, target }) => complete && target !== '/'); // which is what the proxy looks for itself
    assert.deepEqual(whole.map(({ raw }) => raw.toString('latin1')), [], 'no whole request');
    const both = await connect();
    assert.equal((await both.request(get('/public/x', [['host', HOST]]))).status, 200, 'equal ones are one');
    assert.equal((await both.request([...get('/public/x').filter(([name]) => name !== ':authority'), ['host', HOST]])).status, 200, 'Host alone will do');
    both.destroy();
  });

  test('D17 half a preface, half a frame, nothing at all', async () => {
    const opened = async (...sent) => { const socket = net.connect(world.port, '127.0.0.1'); await once(socket, 'connect'); for (const one of sent) socket.write(one); socket.resume(); return socket; };
    const sockets = await Promise.all([opened(PREFACE.subarray(0, 20)), opened(PREFACE, Buffer.from([0, 0])), opened(PREFACE, frame(TYPE.SETTINGS, 0, 0), Buffer.from([0, 4, 0, 1, 4, 0, 0, 0, 1, 0x82])), opened()]);
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    await stillServes();
  });

  const half = (id) => frame(TYPE.HEADERS, FLAG.END_STREAM, id, block(get('/public/flood')));
  for (const [what, make] of Object.entries({
    'beside an answer': (one) => [...request(one, '/nowhere'), half(3)],
    'of a stream that is over': async (one) => { await one.request(get('/nowhere')); return [...request(one), half(1)]; },
    'whose padding is not told': (one) => [...request(one), frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.PADDED, 3, Buffer.alloc(100)).subarray(0, 9)],
  })) {
    test(`D17 half a block of fields ${what} is not waited for`, async () => {
      world.recorder.onHead = () => new Promise(() => {});
      const client = await connect();
      await client.until('SETTINGS', () => client.frames.some(({ type }) => type === TYPE.SETTINGS)); // nothing of ours comes in between
      client.write(...(await make(client)));
      await client.untilClosed();
      assert.equal(client.goaway?.code, CODE.ENHANCE_YOUR_CALM);
      client.destroy();
      assert.deepEqual(flooded(), []);
    });
  }

  test('D17 a body that stalls is 408, and the connection goes on', async () => {
    const client = await connect();
    const { id, stream } = client.open(get('/public/up', [], { method: 'POST' }), { end: false });
    client.data(id, 'half');
    await client.until('408', () => stream.over);
    assert.equal(stream.status, 408);
    assert.equal((await client.request(get('/public/x'))).status, 200);
    client.destroy();
  });

  test('a client that sends GOAWAY, one that is cut off, and one that says nothing any more', async () => {
    let gone;
    world.recorder.onHead = (_request, reply) => { gone = once(reply.socket, 'end'); return new Promise(() => {}); };
    const client = await connect();
    client.open(get('/public/x'));
    await once(world.recorder, 'head');
    client.socket.resetAndDestroy();
    await gone;
    world.recorder.onHead = null;
    const idle = await connect();
    assert.equal((await idle.request(get('/public/x'))).status, 200);
    await idle.untilClosed();
    assert.equal(idle.goaway.code, CODE.NO_ERROR);
  });
});

// Threat D22: what 15 bytes of a client's are here, a thousand times, of clients that give no window for their answers.
describe('what strangers make us hold is on the account of limits.buffered', () => {
  const scope = suite(after);
  let world;
  before(async () => { world = await makeWorld(scope, { config: { workers: 1, listen: [{ address: '127.0.0.1:0', h2c: true }], limits: { buffered: '8MiB' }, access_log: { output: 'off' } } }); });
  // 60 KiB of fields: one is sent, all others point to it.
  const large = (first) => (first ? Buffer.concat([field('a', 'v'.repeat(4_000), { indexed: true }), Buffer.alloc(14, 0x80 | 62)]) : Buffer.alloc(15, 0x80 | 62));
  const post = (target) => block(get(target, [], { method: 'POST' }));
  for (const [what, make] of Object.entries({
    'heads that are answered': (one, id, first) => one.headers(id, Buffer.concat([post('/nowhere'), large(first)])),
    'heads that an app has': (one, id, first) => one.headers(id, Buffer.concat([post('/public/x'), large(first)]), 0),
    'heads without their end': (one, id, first) => (id < 199 ? one.headers(id, Buffer.concat([post('/nowhere'), large(first)])) : [frame(TYPE.HEADERS, 0, id, Buffer.concat([post('/nowhere'), large(first)]))]),
    'trailers behind an answer': (one, id, first) => [...one.headers(id, post('/nowhere'), 0), ...one.headers(id, large(first))],
    'trailers that an app has': (one, id, first) => [...one.headers(id, post('/public/x'), 0), ...one.headers(id, large(first))],
  })) {
    test(what, async () => {
      world.recorder.onHead = () => new Promise(() => {});
      const before = world.proxy.rssKib();
      const clients = [];
      for (let count = 0; count < 15; ++count) {
        const client = await Http2Raw.connect(world.port, { settings: [[INITIAL_WINDOW, 0]] });
        clients.push(client);
        await client.until('SETTINGS', () => client.frames.some(({ type }) => type === TYPE.SETTINGS));
        for (let id = 1; id < 200 && !client.closed; id += 2) await client.send(...make(client, id, id === 1));
        if (!what.includes('end')) client.write(frame(TYPE.PING, 0, 0, Buffer.alloc(8)));
        await client.until('all was read', () => client.closed || what.includes('end') || client.frames.some(({ type, flags }) => type === TYPE.PING && flags & FLAG.ACK));
      }
      const held = world.proxy.rssKib() - before;
      console.log(`    1500 streams: ${held} KiB`);
      for (const client of clients) client.destroy();
      world.recorder.onHead = null;
      if (SLOWNESS > 1) return; // sanitizers keep what was given back
      assert.ok(held < 40_000, `${held} KiB`);
    });
  }
});

test('over TLS too, and half a handshake is not waited for', async (t) => {
  const world = await makeWorld(t, { config: { external_urls: [`https://${HOST}`], listen: [{ address: '127.0.0.1:0', tls: { certificates: [own] } }], timeouts: { first_byte: '500ms' } } });
  const client = await Http2Raw.connect(world.port, { socket: await tlsSocket(world.port, { ca: authority.pem, ALPNProtocols: ['h2'] }) });
  for (let round = 0; round < 50 && !client.closed; ++round) await client.send(...Array.from({ length: 200 }, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))));
  await client.untilClosed();
  assert.equal(client.goaway.code, CODE.ENHANCE_YOUR_CALM);
  const half = net.connect(world.port, '127.0.0.1');
  half.write(Buffer.from([0x16, 3, 1, 0, 0x80]));
  half.resume();
  await once(half, 'close');
});

// In a fresh process, so that nothing is used again that others have left.
for (const wire of ['http1', 'http2']) {
  test(`D07 a hundred streams without a window hold at most 1 MiB, whose app speaks ${wire}`, async (t) => {
    const body = Buffer.alloc(1 << 20, 'z');
    const app = wire === 'http2' ? await Http2App.start({ serverOptions: { maxSessionMemory: 1_000 }, handle: (_one, stream) => { stream.respond({ ':status': 200 }); stream.end(body); } }) : null;
    if (app) t.after(() => app.close());
    const world = await makeWorld(t, { config: { workers: 1, listen: [{ address: '127.0.0.1:0', h2c: true }], ...(app && { upstreams: { app: app.url } }) } });
    world.recorder.handle = (_request, reply) => reply.send(200, {}, body);
    const warm = await Http2Raw.connect(world.port);
    assert.equal((await warm.request(get('/public/x'))).status, 200);
    warm.destroy();
    const before = world.proxy.anonymousKib();
    const client = await Http2Raw.connect(world.port, { settings: [[INITIAL_WINDOW, 0]] });
    client.windowUpdates = false;
    for (let count = 0; count < 100; ++count) client.open(get('/public/x'));
    await client.until('heads', () => [...client.streams.values()].every(({ status }) => status === 200));
    // What else is read of the answers comes soon, or never.
    let held = 0;
    for (let last = -1; held !== last; await sleep(300)) [last, held] = [held, world.proxy.anonymousKib() - before];
    t.diagnostic(`${held} KiB`);
    client.destroy();
    world.recorder.violations.length = 0;
    assert.ok(held <= 1_024 * SLOWNESS, `${held} KiB`);
  });
}
