// Property: over random interleavings of requests, refreshes, sign-outs, logouts, restarts and secret rotations nobody who should
// be signed in is signed out, and nobody who should be out gets a byte of the app.
//   LIFECYCLE_SURVIVE=0 expects nothing of refresh tokens that were spent before a restart,
//   LIFECYCLE_SEED=7 makes the choices of run 7 (not its timing), LIFECYCLE_SEED=random new ones: tests/soak/lifecycle.sh plays many,
//   LIFECYCLE_ROUNDS=5000 makes it a soak test, and
//   LIFECYCLE_REDIS=1 plays the same with two proxies that share a Redis, with sessions in cookies and in it; odd seeds with journals too.
// Release too: the clock, which is the real one there.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { makeLife } from './lib/lifecycle.mjs';
import { SLOWNESS } from './lib/proxy.mjs';
import { REDIS_SERVER, Redis } from './lib/redis.mjs';

const ROUNDS = Number(process.env.LIFECYCLE_ROUNDS ?? 0); // 0: as many as fit into BUDGET_MS
const BUDGET_MS = 35_000;
const given = process.env.LIFECYCLE_SEED ?? 20261126;
const SEED = given === 'random' ? randomInt(2 ** 31) : Number(given);

async function play(t, options) {
  const { seed = SEED } = options;
  const life = await makeLife(t, { seed, successorsSurvive: process.env.LIFECYCLE_SURVIVE !== '0', ...options });
  const until = Date.now() + BUDGET_MS;
  let rounds = 0;
  try {
    while (life.violations.length === 0 && (ROUNDS ? rounds < ROUNDS : Date.now() < until)) {
      await life.round();
      ++rounds;
    }
    if (life.violations.length === 0) await life.finish();
  } catch (error) {
    error.message = `LIFECYCLE_SEED=${SEED}, round ${rounds}: ${error.message}\n  before it:\n    ${life.trace.slice(-25).join('\n    ')}`;
    throw error;
  }
  t.diagnostic(`seed ${SEED}, ${rounds} rounds: ${life.summary()}${life.missing.size ? `; missing: ${[...life.missing]}` : ''}`);
  assert.equal(life.violations.length, 0, `LIFECYCLE_SEED=${SEED}, round ${rounds}:\n${life.violations.slice(0, 3).join('\n')}\n${[...life.ended.slice(-2), ...life.proxies.map((proxy) => proxy.output.slice(-3000))].join('\n---\n')}`);
  if (rounds >= 40) assert.ok(life.passes > rounds / 4, 'the app was used');   // fewer say nothing: a machine that is busy
}

test('one proxy, sessions in cookies', { timeout: (ROUNDS ? ROUNDS * 2000 : 120_000) * SLOWNESS }, (t) => play(t, {}));

const TWO_PROXIES = process.env.LIFECYCLE_REDIS === '1' && REDIS_SERVER !== undefined;
for (const [index, store] of ['cookie', 'redis'].entries()) {
  const seed = SEED + index; // other choices, and both parities
  test(`two proxies that share a Redis (store: ${store})`, { skip: !TWO_PROXIES, timeout: (ROUNDS ? ROUNDS * 2000 : 180_000) * SLOWNESS }, async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    await play(t, { redis, seed, journals: seed % 2 === 1, config: { session: { store } } });
  });
}
