// traceparent and tracestate: what is one goes on unchanged and stands in the log, what is none does not, and where it
// is asked a trace begins here. Quick.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { makeWorld } from './lib/world.mjs';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const GOOD = `00-${ID}-00f067aa0ba902b7-01`;

async function seen(world, headers) {
  world.recorder.reset();
  assert.equal((await world.get('/public/x', headers)).status, 200);
  const { fields } = await world.recorder.waitFor(({ target }) => target === '/public/x');
  return { parent: fields.all('traceparent'), state: fields.all('tracestate') };
}

describe('trace_context', () => {
  test('pass, as it is by itself', async (t) => {
    const world = await makeWorld(t);
    assert.deepEqual(await seen(world, { traceparent: GOOD, tracestate: 'a=1' }), { parent: [GOOD], state: ['a=1'] });
    assert.equal((await world.proxy.waitAccess(({ trace }) => trace)).trace, ID);
    for (const bad
             of [{ traceparent: 'x', tracestate: 'a=1' }, { traceparent: [GOOD, GOOD], tracestate: 'a=1' },
                 { tracestate: 'a=1' }, {}])
      assert.deepEqual(await seen(world, bad), { parent: [], state: [] });
    assert.equal(world.proxy.access.filter(({ trace }) => trace).length, 1);
  });

  test('make', async (t) => {
    const world = await makeWorld(t, { config: { trace_context: 'make' } });
    assert.deepEqual(await seen(world, { traceparent: GOOD, tracestate: 'a=1' }), { parent: [GOOD], state: ['a=1'] });
    const ids = new Set();
    for (const bad of [{ traceparent: 'x', tracestate: 'a=1' }, { tracestate: 'a=1' }, {}]) {
      const { parent, state } = await seen(world, bad);
      assert.deepEqual(state, []);
      assert.equal(parent.length, 1);
      const [, id] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(parent[0]);
      ids.add(id);
      await world.proxy.waitAccess(({ trace }) => trace === id);
    }
    assert.equal(ids.size, 3);
  });

  test('off', async (t) => {
    const world = await makeWorld(t, { config: { trace_context: 'off' } });
    assert.deepEqual(await seen(world, { traceparent: 'x', tracestate: 'a=1' }), { parent: ['x'], state: ['a=1'] });
  });
});
