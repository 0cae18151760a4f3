// What one client address may cost without a session: sign-ins, callbacks, false cookies, TLS; and who is not meant by
// it. Release too: what a refusal costs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import tls from 'node:tls';

import { Authority } from './lib/certificates.mjs';
import { FETCH, NAVIGATION, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const few = {
  limits: { unauthenticated_per_address: 1 }
};

// All on one connection, one after the other: how often each status came.
async function many(world, count, request, options) {
  let client = await RawClient.connect(world.port, options);
  const statuses = {};
  for (let i = 0; i < count; ++i) {
    await client.send(request(i));
    const answer = await client.response();
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    if (/close/.test(answer.fields.get('connection') ?? '')) { client.destroy(); client = await RawClient.connect(world.port, options); }
    if (answer.status === 429) assert.equal(answer.fields.get('retry-after'), '1');
  }
  client.destroy();
  return statuses;
}
const get = (path, headers = NAVIGATION) => requestBytes('GET', path, { Host: HOST, ...headers });

describe('requests without a session', () => {
  test(
      'sign-ins beyond the limit are 429 with one line in the log and none of their own, others and known sessions are served',
      async (t) => {
        const world = await makeWorld(t, { config: { ...few, workers: 1 } });
        const cookie = await world.session();
        const before = world.proxy.access.length;
        const statuses = await many(world, 100, () => get('/private/x'));
        assert.ok(statuses[429] > 70, JSON.stringify(statuses));
        assert.ok(statuses[303] >= 1, JSON.stringify(statuses));
        assert.equal((await world.get('/private/x', { Cookie: cookie, ...FETCH })).status, 200);
        assert.equal((await world.get('/public/x')).status, 200);
        const others = await many(world, 5, () => get('/private/x'), { localAddress: '127.0.0.2' });
        assert.deepEqual(others, { 303: 5 });
        const line = await world.proxy.waitLog(({ limit }) => limit === 'limits.unauthenticated_per_address');
        assert.equal(line.client, '127.0.0.1');
        assert.equal(world.proxy.errors.filter(({ limit }) => limit).length, 1);
        await world.proxy.waitAccess(({ client }) => client === '127.0.0.2');
        assert.ok(world.proxy.access.slice(before).every(({ decision }) => decision !== 'too_many'));
      });

  test('so are callbacks, and false cookies that are never the same', async (t) => {
    const world = await makeWorld(t, { config: { ...few, workers: 1 } });
    const [name] = (await world.session()).split('=');
    const callbacks = await many(world, 60, () => get(`/_auth/callback?code=a&state=${randomBytes(8).toString('hex')}`));
    assert.ok(callbacks[429] > 30, JSON.stringify(callbacks));
    const false_ = (value) => get('/optional/x', { Cookie: `${name}=${value}` });
    const junk = await many(world, 60, (i) => false_(randomBytes(200).toString('base64url') + i), { localAddress: '127.0.0.3' });
    assert.ok(junk[429] > 30, JSON.stringify(junk));
    const stale = randomBytes(200).toString('base64url');
    assert.deepEqual(await many(world, 60, () => false_(stale), { localAddress: '127.0.0.4' }), { 200: 60 });
  });

  test('behind a proxy of ours the client that it names counts, and nobody where it names none', async (t) => {
    const world = await makeWorld(t, { config: { ...few, trusted_proxies: ['127.0.0.1'] } });
    const from = (client) => () => get('/private/x', { ...NAVIGATION, ...(client && { 'X-Forwarded-For': client }) });
    assert.ok((await many(world, 40, from('203.0.113.1')))[429] > 20);
    assert.deepEqual(await many(world, 5, from('203.0.113.2')), { 303: 5 });
    assert.deepEqual(await many(world, 40, from()), { 303: 40 });
    const twins =
        await many(world, 40, (i) => get('/private/x', { ...NAVIGATION, 'X-Forwarded-For': `2001:db8::${i + 1}` }));
    assert.ok(twins[429] > 20, 'one /64 is one client');
  });

  test('none: nobody is refused', async (t) => {
    const world = await makeWorld(t, { config: { limits: { unauthenticated_per_address: 'none' } } });
    assert.deepEqual(await many(world, 60, () => get('/private/x')), { 303: 60 });
  });
});

test('handshakes beyond the limit are closed, with one line in the log, and another address is served', async (t) => {
  const authority = new Authority();
  const world = await makeWorld(t, {
    config: {
      external_urls: [`https://${HOST}`],
      limits: { handshakes_per_address: 1 },
      listen: [{ address: '127.0.0.1:0', tls: { certificates: authority.issue([HOST]) } }]
    },
  });
  const shake = async (localAddress) => {
    const socket =
        tls.connect({ port: world.port, host: '127.0.0.1', localAddress, ca: authority.pem, servername: HOST });
    const outcome = await Promise.race([
      once(socket, 'secureConnect').then(() => 'shaken', () => 'closed'), once(socket, 'close').then(() => 'closed')
    ]);
    socket.destroy();
    return outcome;
  };
  const outcomes = [];
  for (let i = 0; i < 40; ++i) outcomes.push(await shake('127.0.0.1'));
  assert.ok(outcomes.filter((one) => one === 'closed').length > 20, outcomes.join(' '));
  assert.equal(outcomes[0], 'shaken');
  assert.equal(await shake('127.0.0.2'), 'shaken');
  await world.proxy.waitLog(({ msg }) => msg.includes('limits.handshakes_per_address'));
  assert.equal(world.proxy.errors.filter(({ msg }) => msg.includes('limits.handshakes_per_address')).length, 1);
});
