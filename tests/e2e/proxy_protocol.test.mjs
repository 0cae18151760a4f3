// The PROXY protocol: who is behind a balancer is believed of balancers alone, and what follows is as if they were not there.
// Release too: the wire.
// Quick.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { Authority, streamOver } from './lib/certificates.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld, seenHeader, suite } from './lib/world.mjs';

const authority = new Authority();
const V1 = Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n');
const V2 = Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 10, 10, 0, 0, 1, 0x9c, 0x40, 1, 0xbb])]);
const NOBODY = Buffer.from('PROXY UNKNOWN\r\n');
const LOCAL = Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([0x20, 0, 0, 0])]);
const one = (headers = {}) => requestBytes('GET', '/public/x', { Host: HOST, Connection: 'close', ...headers });

describe('a listener with proxy_protocol', () => {
  let world;
  let secured;
  const scope = suite(after);
  before(async () => {
    const certificates = authority.issue([HOST]);
    world = await makeWorld(scope, {
      config: {
        external_urls: [`https://${HOST}`], trusted_proxies: ['127.0.0.1'],
        listen: [{ address: '127.0.0.1:0', proxy_protocol: true }, { address: '127.0.0.1:0', proxy_protocol: true, tls: { certificates } }],
      },
    });
    secured = Number(world.proxy.addresses[1].split(':').pop());
  });
  const from = async (bytes, options) => {
    const client = await RawClient.connect(world.port, options);
    for (const part of [bytes].flat()) await client.send(part);
    return client;
  };

  for (const [what, header, address] of [['version 1', V1, '203.0.113.9'], ['somebody without an address', NOBODY, 'unknown'], ['version 2', V2, '203.0.113.10'], ['a balancer that speaks for itself', LOCAL, '127.0.0.1']]) {
    test(`${what}: the client is who it says`, async () => {
      const client = await from(Buffer.concat([header, one()]));
      const answer = await client.response();
      assert.equal(answer.status, 200);
      assert.equal(seenHeader(answer, 'x-real-ip'), address);
      await world.proxy.waitAccess((line) => line.client === address);
      client.destroy();
    });

    test(`${what}: what a client says of itself is not believed`, { skip: header === LOCAL }, async () => {
      const client = await from(Buffer.concat([header, one({ 'X-Forwarded-For': '6.6.6.6' })]));
      assert.equal(seenHeader(await client.response(), 'x-real-ip'), address);
      client.destroy();
    });

    test(`${what}, byte by byte`, async () => {
      const client = await from([...header].map((byte) => Buffer.from([byte])));
      await client.send(one());
      assert.equal(seenHeader(await client.response(), 'x-real-ip'), address);
      client.destroy();
    });

    test(`${what}, before TLS`, async () => {
      const plain = net.connect({ port: secured, host: '127.0.0.1' });
      await once(plain, 'connect');
      plain.write(header);
      const socket = tls.connect({ socket: streamOver(plain), ca: authority.pem, servername: HOST });
      await once(socket, 'secureConnect');
      const client = new RawClient(socket);
      await client.send(one());
      assert.equal(seenHeader(await client.response(), 'x-real-ip'), address);
      plain.destroy();
    });
  }

  test('a client behind it is no proxy: its X-Forwarded-For is not believed', async () => {
    const client = await from(Buffer.concat([V1, one({ 'X-Forwarded-For': '198.51.100.1' })]));
    const answer = await client.response();
    assert.equal(seenHeader(answer, 'x-real-ip'), '203.0.113.9');
    assert.equal(seenHeader(answer, 'x-forwarded-for'), '203.0.113.9');
    client.destroy();
  });

  test('who is no balancer, and who says nothing of the kind, is closed', async () => {
    const stranger = await from(Buffer.concat([V1, one()]), { localAddress: '127.0.0.2' });
    await stranger.stream.toEnd();
    assert.equal(stranger.stream.total, 0);
    await world.proxy.waitLog(({ msg, peer }) => /nobody in trusted_proxies/.test(msg ?? '') && peer === '127.0.0.2');
    for (const bytes of [one(), Buffer.from('PROXY TCP4 x y 1 2\r\n'), Buffer.concat([Buffer.from('PROXY '), Buffer.alloc(200, 120)])]) {
      const client = await from(bytes);
      await client.stream.toEnd();
      assert.equal(client.stream.total, 0);
    }
    await world.proxy.waitLog(({ msg }) => /did not begin with a header of the PROXY protocol/.test(msg ?? ''));
  });

  test('a header that never ends is not waited for', async (t) => {
    const own = await makeWorld(t, { config: { trusted_proxies: ['127.0.0.1'], timeouts: { first_byte: '300ms' }, listen: [{ address: '127.0.0.1:0', proxy_protocol: true }] } });
    const client = await RawClient.connect(own.port);
    await client.send(Buffer.from('PROXY TCP4 203'));
    await client.closed();
  });
});
