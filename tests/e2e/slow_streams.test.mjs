// Over HTTP/2 it is the stream that ends, of a client that sends or takes next to nothing; and who only says that it speaks gRPC
// is no exception. Release too: times.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TimedOut } from './lib/byte_stream.mjs';
import { sleep } from './lib/clock.mjs';
import { serve } from './lib/grpc.mjs';
import { Http2App } from './lib/http2_app.mjs';
import { CODE, Http2Raw, TYPE, frame, get, uint32 } from './lib/http2_frames.mjs';

import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const h2c = {
  limits: { minimum_rate: '10KiB' },
  timeouts: { rate_window: '1s' },
  listen: [{ address: '127.0.0.1:0', h2c: true }]
};

// Does it until the test is over.
function every(t, ms, what) {
  const timer = setInterval(what, ms);
  t.after(() => clearInterval(timer));
}
const INITIAL_WINDOW = 4;
const WIDE = 0x3fffffff;

describe('slow streams', { concurrency: true }, () => {
  async function connect(t, world, options) {
    const client = await Http2Raw.connect(world.port, options);
    t.after(() => client.destroy());
    return client;
  }
  const window = (id, bytes) => frame(TYPE.WINDOW_UPDATE, 0, id, uint32(bytes));
  // Also to whom no window is left: an answer without a body.
  async function stillServes(world, client) {
    world.recorder.handle = (_one, reply) => reply.send(204);
    assert.equal((await client.request(get('/public/y'))).status, 204);
    world.recorder.violations.length = 0;
  }
  function answersForLong(t, world, type) {
    world.recorder.handle = async (_one, reply) => {
      t.after(() => reply.socket.destroy());
      await reply.head(200, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' });
      const block = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20), Buffer.from('\r\n')]);
      for (let i = 0; i < 8; ++i) reply.socket.write(block);
    };
  }

  test('D18 a body of a byte now and then is 408, beside one that is quick', async (t) => {
    const world = await makeWorld(t, { config: h2c });
    const client = await connect(t, world);
    const { id, stream } = client.open(get('/public/x', [], { method: 'POST' }), { end: false });
    const { id: quick, stream: other } = client.open(get('/public/quick', [], { method: 'POST' }), { end: false });
    every(t, 100, () => { if (!stream.over) client.data(id, 'x'); });
    every(t, 100, () => { if (!other.over) client.data(quick, 'x'.repeat(8_000)); });
    await client.until('answer', () => stream.over, 15_000);
    assert.equal(stream.status, 408);
    assert.equal((await world.proxy.waitAccess(({ path }) => path === '/public/x')).status, 408);
    assert.equal(other.over, false);
    await stillServes(world, client);
  });

  const READERS = {
    'its window': { settings: [[INITIAL_WINDOW, 0]], opens: (id) => id },
    "the connection's window": { settings: [[INITIAL_WINDOW, WIDE]], opens: () => 0 },
  };
  for (const [what, { settings, opens }] of Object.entries(READERS)) {
    for (const [type, ends] of [['application/octet-stream', true], ['text/event-stream', false]]) {
      test(`D18 an answer of ${type} for which ${what} opens byte by byte ${ends ? 'ends' : 'goes on'}`, async (t) => {
        const world = await makeWorld(t, { config: h2c });
        answersForLong(t, world, type);
        const client = await connect(t, world, { settings });
        client.windowUpdates = false;
        const { id, stream } = client.open(get('/public/x'));
        every(t, 100, () => { if (!stream.over) client.write(window(opens(id), 1)); });
        if (ends) {
          await client.until('end', () => stream.over, 20_000);
          assert.equal(stream.reset, CODE.CANCEL);
          client.write(window(0, 100_000));
        } else {
          await sleep(4000);
          assert.equal(stream.over, false);
        }
        assert.equal(client.closed, false);
        await stillServes(world, client);
      });
    }
  }

  test('the streams of a line that is slow come in turn', async (t) => {
    const world = await makeWorld(t, { config: h2c });
    answersForLong(t, world, 'application/octet-stream');
    const client = await connect(t, world, { settings: [[INITIAL_WINDOW, WIDE]] });
    client.windowUpdates = false;
    const streams = Array.from({ length: 20 }, () => client.open(get('/public/x')).stream);
    every(t, 100, () => client.write(window(0, 2_000)));
    await sleep(4000);
    assert.deepEqual(streams.map(({ reset }) => reset), streams.map(() => null));
    world.recorder.violations.length = 0;
  });
});

// Who says that it speaks gRPC owes what others owe, unless its app can.
const WIRES = {
  http1: async (world, fields) => {
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('POST', '/x.Y/Silent', { Host: HOST, 'Transfer-Encoding': 'chunked', ...fields }));
    return { end: () => client.destroy(), drip: () => client.socket.write('1\r\nx\r\n') };
  },
  http2: async (world, fields) => {
    const client = await Http2Raw.connect(world.port);
    const { id, stream } = client.open(get('/x.Y/Silent', Object.entries(fields), { method: 'POST' }), { end: false });
    return { end: () => client.destroy(), drip: () => { if (!stream.over) client.data(id, 'x'); } };
  },
};
for (const [wire, begin] of Object.entries(WIRES)) {
  describe(`${wire}: a body of a byte now and then that says it is gRPC`, { concurrency: true }, () => {
    const call = { 'content-type': 'application/grpc', te: 'trailers' };
    const ROWS = [
      ['ends where the app speaks HTTP/1', call, { app_speaks: 'http1', ends: true }],
      ['ends without TE: trailers', { 'content-type': 'application/grpc' }, { ends: true }],
      ['ends where it is of a browser', { ...call, 'content-type': 'application/grpc-web+proto' }, { ends: true }],
      ['goes on where it is a call', call, { ends: false }],
    ];
    for (const [what, fields, { app_speaks = 'http2', ends }] of ROWS) {
      test(what, async (t) => {
        const app = app_speaks === 'http2' ? await Http2App.start({ handle: serve }) : null;
        if (app) t.after(() => app.close());
        const world = await makeWorld(t, { config: { ...h2c, workers: 1, ...(app && { upstreams: { app: app.url } }) }, routes: [{ path: '/*', access: 'public', upstream: 'app' }] });
        const client = await begin(world, fields);
        t.after(() => client.end());
        every(t, 100, client.drip);
        const over = world.proxy.waitAccess(({ path }) => path === '/x.Y/Silent', { timeout: ends ? 15_000 : 4_000 });
        if (ends)
          assert.equal((await over).decision, 'bad_request');
        else
          await assert.rejects(over, TimedOut);
        world.recorder.violations.length = 0;
      });
    }
  });
}
