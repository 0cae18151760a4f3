// What connections hold between requests, and while an answer goes on for hours, is next to nothing: what was let go of must not be
// missed, and what is used again must bring nothing along.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, IDENTITY, headersOf, makeWorld, seenHeader, suite } from './lib/world.mjs';

const EVENTS = { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' };

describe('connections that wait', () => {
  const scope = suite(after);
  const world = makeWorld(scope);

  async function openEvents(target, headers = {}) {
    const { recorder, port } = await world;
    let reply;
    recorder.onHead = async (request, its) => {
      if (request.target !== target) return false;
      reply = its;
      await its.head(200, EVENTS);
      await its.chunk('data: 1\n\n');
      return true;
    };
    const client = await RawClient.connect(port);
    await client.send(requestBytes('GET', target, { Host: HOST, Cookie: 'a=' + 'b'.repeat(3000), ...headers }));
    await client.stream.until((bytes) => (bytes.includes('data: 1') ? 'here' : undefined), { what: 'the first event' });
    return { client, reply };
  }

  test('an event stream whose client goes away ends, and its line tells method, host, path and trace', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const { client } = await openEvents('/public/events?x=1', { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    client.socket.resetAndDestroy(); // only closed it might wait for the rest still
    const line = await (await world).proxy.waitAccess(({ path }) => path === '/public/events');
    assert.deepEqual([line.method, line.host, line.status, line.trace], ['GET', HOST, 200, trace]);
  });

  test('a request that comes behind an event stream\'s waits, and is answered when that is over', async () => {
    const { client, reply } = await openEvents('/public/events/next');
    await client.send(requestBytes('GET', '/public/behind?y=2', { Host: HOST }));
    await reply.chunk('data: 2\n\n');
    await reply.lastChunk();
    assert.match((await client.response()).text, /data: 1\n\ndata: 2/);
    const behind = await client.response();
    assert.equal(JSON.parse(behind.text).target, '/public/behind?y=2');
    client.destroy();
  });

  test('a stranger whose request comes right behind a person\'s, on whatever connection, is nobody', async () => {
    const { port } = await world;
    const cookie = await (await world).session();
    const [person, stranger] = [await RawClient.connect(port), await RawClient.connect(port)];
    for (let i = 0; i < 20; ++i) {
      await person.send(requestBytes('GET', `/optional/${i}`, { Host: HOST, Cookie: cookie, 'X-Secret': `of person ${i}` }));
      assert.ok(seenHeader(await person.response(), 'x-forwarded-user'));
      await stranger.send(requestBytes('GET', '/optional/stranger', { Host: HOST }));
      const answer = await stranger.response();
      for (const name of [...IDENTITY, 'x-secret', 'cookie', 'authorization']) assert.equal(seenHeader(answer, name), undefined);
      assert.ok(!answer.fields.has('set-cookie'));
      assert.equal(headersOf(answer).filter(([name]) => name.toLowerCase() === 'x-request-id').length, 1);
    }
    person.destroy();
    stranger.destroy();
  });
});
