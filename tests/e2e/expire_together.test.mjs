// 500 sessions whose tokens expire together; tests/soak/expire_together.mjs plays it with 10,000.
// Release too: speed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expireTogether, inWords } from './lib/expire_together.mjs';

test('500 sessions whose tokens expire together', { timeout: 300_000 }, async (t) => {
  const sessions = 500, maxCalls = 8;
  const seen = await expireTogether(t, { sessions, maxCalls });
  t.diagnostic(`in ${seen.tookMs} ms; a bystander before: ${inWords(seen.quiet)}; meanwhile: ${inWords(seen.busy)}`);
  assert.deepEqual(seen.statuses, { 200: sessions });
  assert.equal(seen.refreshes, sessions);
  assert.equal(seen.mostCallsWithOneToken, 1);
  assert.equal(seen.mostCalls, maxCalls, 'as many calls as are allowed, and no more');
  assert.ok(seen.busy.count > 0 && seen.busy.failed === 0, 'a public route is answered all the while');
});
