// A client that sends or reads next to nothing is let go though it never stops; one that is slow for other reasons is
// not. Release too: times.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sleep } from './lib/clock.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, ROUTES } from './lib/world.mjs';

const config = {
  limits: { minimum_rate: '10KiB' },
  timeouts: { rate_window: '1s' }
};
const post = (path, headers = {}) => requestBytes('POST', path, { Host: HOST, 'Content-Length': 1_000_000, ...headers });

// Does it until the test is over.
function every(t, ms, what) {
  const timer = setInterval(what, ms);
  t.after(() => clearInterval(timer));
}

describe('slow clients', { concurrency: true }, () => {
  test('D18 a body of a byte now and then is 408, and the app is told', async (t) => {
    const world = await makeWorld(t, { config });
    const aborted = new Promise((resolve) => world.recorder.once('aborted', resolve));
    const client = await RawClient.connect(world.port);
    t.after(() => client.destroy());
    await client.send(post('/public/x'));
    every(t, 100, () => client.socket.write('x'));
    assert.equal((await client.response({ method: 'POST', timeout: 15_000 })).status, 408);
    await aborted;
    assert.equal((await world.proxy.waitAccess(({ path }) => path === '/public/x')).status, 408);
  });

  test('but not on a route that asks for no rate', async (t) => {
    const routes = [{ path: '/slow/*', access: 'public', upstream: 'app', limits: { minimum_rate: 'none' } }, ...ROUTES];
    const world = await makeWorld(t, { config, routes });
    const client = await RawClient.connect(world.port);
    t.after(() => client.destroy());
    await client.send(requestBytes('POST', '/slow/x', { Host: HOST, 'Content-Length': 30 }));
    for (let sent = 0; sent < 30; ++sent) {
      await client.send('x');
      await sleep(100);
    }
    assert.equal((await client.response({ method: 'POST' })).status, 200);
  });

  for (const [type, ends] of [['application/octet-stream', true], ['text/event-stream', false]]) {
    test(`D18 an answer of ${type} that is read byte by byte ${ends ? 'ends' : 'goes on'}`, async (t) => {
      const world = await makeWorld(t, { config });
      const end = new Promise((resolve) => {
        world.recorder.handle = async (_one, reply) => {
          await reply.head(200, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' });
          reply.socket.on('close', resolve);
          const block = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20), Buffer.from('\r\n')]);
          for (let i = 0; i < 64; ++i) reply.socket.write(block);
        };
      });
      const client = await RawClient.connect(world.port);
      t.after(() => client.destroy());
      client.socket.pause();
      await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
      every(t, 100, () => client.socket.read(1));
      if (ends)
        await world.proxy.waitAccess(({ path }) => path === '/public/x', { timeout: 20_000 });
      else
        assert.equal(await Promise.race([end, sleep(4000).then(() => 'goes on')]), 'goes on');
      client.destroy();
      world.recorder.violations.length = 0;
    });
  }

  test('a client is not slow while its app is', async (t) => {
    const world = await makeWorld(t, { config });
    let release;
    world.recorder.handle = async (_one, reply) => {
      await new Promise((resolve) => {
        release = resolve;
      });
      await reply.send(200, {}, 'at last');
    };
    const client = await RawClient.connect(world.port);
    t.after(() => client.destroy());
    await client.send(requestBytes('GET', '/public/x', { Host: HOST }));
    await world.recorder.waitFor(({ target }) => target === '/public/x');
    await sleep(3000);
    release();
    assert.equal((await client.response()).text, 'at last');
  });
});
