// Out of file descriptors: who is connected is served or told so, Logto and journals go on, and all recovers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';

import { SLOWNESS } from './lib/proxy.mjs';
import { FETCH, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const LIMIT = 96;
const through = ['prlimit', `--nofile=${LIMIT}:${LIMIT}`];
const told = (world, text) => world.proxy.errors.filter(({ msg, reason }) => `${msg} ${reason}`.includes(text));
const get = (path) => requestBytes('GET', path, { Host: HOST });

describe('D20 few file descriptors', { skip: SLOWNESS > 1 && 'UBSan itself needs some' }, () => {
  test(
      'clients that take all of them leave enough to be served, to sign in and out, and to the journal; one line tells',
      async (t) => {
        const world = await makeWorld(t, { through, config: { workers: 1, limits: { connections_per_address: 10_000 } } });
        const user = await world.signIn();
        const idle = [];
        for (let i = 0; i < 2 * LIMIT; ++i) idle.push(await RawClient.connect(world.port, { localAddress: '127.0.0.2' }));
        t.after(() => idle.forEach((one) => one.destroy()));
        await world.proxy.waitLog(({ msg }) => msg.includes('LimitNOFILE'));
        const first = idle[0];
        await first.send(get('/public/x'));
        assert.equal((await first.response()).status, 200, 'who is connected is served');
        assert.equal(told(world, 'no connection can be accepted').length, 1);
        for (const one of idle) one.destroy();
        assert.equal((await user.navigate(`http://${HOST}/_auth/sign-out`)).status < 500, true);
        assert.equal((await world.signIn({}, { user: world.user() })) !== undefined, true);
        world.proxy.assertHealthy();
      });

  test(
      'when the app is to have more than there are it is 503 in words, Logto is still asked, and all recovers',
      async (t) => {
        const waiting = [];
        const app = net.createServer((socket) => {
          socket.on('error', () => {});
          socket.on('data', () => waiting.push(socket));
        });
        await once(app.listen(0, '127.0.0.1'), 'listening');
        t.after(() => app.close());
        const world = await makeWorld(t, {
          through,
          config: {
            workers: 1,
            limits: { connections_per_address: 10_000 },
            upstreams: { app: `http://127.0.0.1:${app.address().port}` },
            access_log: { output: 'stdout' }
          },
        });
        const clients = [];
        for (let i = 0; i < 38; ++i) clients.push(await RawClient.connect(world.port));
        t.after(() => clients.forEach((one) => one.destroy()));
        for (const one of clients) await one.send(get('/public/x'));
        const refused = await Promise.any(clients.map((one) => one.response({ timeout: 10_000 })));
        assert.equal(refused.status, 503);
        await world.proxy.waitLog(({ reason }) => reason?.includes('no file descriptor is left'));
        assert.equal(
            (await world.get('/private/x', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' })).status, 303,
            'Logto is asked');
        assert.equal(told(world, 'no file descriptor is left').length, 1);
        for (const socket of waiting) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
        const late = await RawClient.connect(world.port);
        t.after(() => late.destroy());
        app.removeAllListeners('connection');
        app.on(
            'connection',
            (socket) =>
                socket.on('error', () => {})
                    .on('data',
                        () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')));
        let status;
        for (const end = Date.now() + 10_000; status !== 200 && Date.now() < end;) {
          await late.send(requestBytes('GET', '/public/late', { Host: HOST, ...FETCH }));
          ({ status } = await late.response());
        }
        assert.equal(status, 200);
        world.proxy.assertHealthy();
      });
});
