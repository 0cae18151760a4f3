// 10,000 sessions whose tokens expire together, with numbers instead of a verdict on time. Not part of the test run:
//   LOGTO_PROXY_BIN=build/release/logto-proxy node tests/soak/expire_together.mjs [SESSIONS] [MAX_CALLS]
import { expireTogether, inWords } from '../e2e/lib/expire_together.mjs';

const sessions = Number(process.argv[2] ?? 10_000);
const maxCalls = Number(process.argv[3] ?? 32);
const stops = [];
try {
  const seen = await expireTogether({ after: (stop) => stops.push(stop) }, { sessions, maxCalls, secondsPerSignIn: 0.02 });
  console.log(`${sessions} sessions, answers ${JSON.stringify(seen.statuses)} in ${seen.tookMs} ms`);
  console.log(`calls to Logto: ${seen.refreshes}, at one time ${seen.mostCalls} of ${maxCalls}, with one token ${seen.mostCallsWithOneToken}`);
  console.log(`a bystander before: ${inWords(seen.quiet)}`);
  console.log(`meanwhile:          ${inWords(seen.busy)}`);
  if (seen.statuses[200] !== sessions || seen.refreshes !== sessions || seen.mostCalls > maxCalls || seen.busy.failed > 0) process.exitCode = 1;
} finally {
  for (const stop of stops.reverse()) await stop();
}
