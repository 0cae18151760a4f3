// A process that nobody asks anything sleeps: at most two wake-ups a second, with connections open too.
// Release too: timers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { sleep } from './lib/clock.mjs';
import { RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const MOST_A_SECOND = 2;
const SECONDS = 4;
const WINDOWS = 8;

// Of all threads together: how often they have gone to sleep by themselves.
function switches(pid) {
  let sum = 0;
  for (const id of fs.readdirSync(`/proc/${pid}/task`)) {
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8'))[1]);
  }
  return sum;
}

// Counted against the time that really passes, so that a busy machine takes longer and finds no more. What was asked before
// leaves timeouts behind, each of which ends once: so one calm window among several is enough.
async function fallsAsleep(t, pid) {
  const rates = [];
  while (rates.length < WINDOWS) {
    const [before, began] = [switches(pid), performance.now()];
    await sleep(SECONDS * 1000);
    rates.push((switches(pid) - before) / ((performance.now() - began) / 1000));
    if (rates.at(-1) <= MOST_A_SECOND) break;
  }
  t.diagnostic(`wake-ups a second: ${rates.map((rate) => rate.toFixed(1)).join(', ')}`);
  assert.ok(rates.at(-1) <= MOST_A_SECOND, rates.join(', '));
}

describe('an idle process', { concurrency: true }, () => {
  test('that nobody has asked anything', async (t) => {
    const world = await makeWorld(t, { config: { workers: 2 } });
    await fallsAsleep(t, world.proxy.pid);
  });

  test('with sessions, and connections to clients and apps that wait', async (t) => {
    const world = await makeWorld(t, { config: { workers: 2, timeouts: { idle_connection: '5m' } } });
    const cookie = await world.session();
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(world.port)));
    for (const client of clients) {
      await client.send(requestBytes('GET', '/private/x', { Host: HOST, Cookie: cookie }));
      assert.equal((await client.response()).status, 200);
    }
    await fallsAsleep(t, world.proxy.pid);
    clients.forEach((client) => client.destroy());
  });
});
