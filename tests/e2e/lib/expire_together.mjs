// Many sessions whose tokens expire in the same second and who all come back at once. What must hold: everybody passes, Logto gets
// one call per session and never more than logto.max_calls at one time, and somebody who has nothing to do with it is answered all
// the while. That somebody, and the app that answers, live on a thread of their own, else this process would measure itself.
import http from 'node:http';
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { CLOCK_IS_MOVABLE, sleep } from './clock.mjs';
import { FETCH } from './raw.mjs';
import { HOST, makeWorld } from './world.mjs';

const LONG_S = 3600;
const PRIVATE = '/private/x';

export async function expireTogether(scope, { sessions, maxCalls = 16, latencyMs = 20, atOnce = 500, signInsAtOnce = 20, secondsPerSignIn = 0.04 }) {
  const bystander = await Bystander.start();
  scope.after(() => bystander.stop());
  const world = await makeWorld(scope, {
    clock: true,
    opOptions: { refreshTokens: true, rotate: 'always' },
    config: {
      logto: { refresh_early: '1s', max_calls: maxCalls },
      upstreams: { bystander: bystander.url },
      routes: [{ path: '/public/*', access: 'public', upstream: 'bystander' }, { path: '/private/*', upstream: 'app' }],
    },
  });
  // Where the clock can be moved nobody has to sign in within a certain time, and nobody waits for the end of that time.
  const lifeMs = CLOCK_IS_MOVABLE ? LONG_S * 1000 : 1000 * Math.max(8, sessions * secondsPerSignIn);
  const expireAtMs = world.clock.now() + lifeMs;
  const cookies = [];
  while (cookies.length < sessions) {
    world.op.tokenLifetimeS = Math.max(4, Math.floor((expireAtMs - world.clock.now()) / 1000));
    const count = Math.min(signInsAtOnce, sessions - cookies.length);
    cookies.push(...(await Promise.all(Array.from({ length: count }, () => world.session()))));
    world.op.log.length = 0;
    world.recorder.requests.length = 0;
  }
  const quiet = await bystander.measure(world.port, () => sleep(5500));
  await world.clock.pass(Math.max(0, expireAtMs + 2000 - world.clock.now()));
  world.op.tokenLifetimeS = LONG_S;
  Object.assign(world.op, { tokenCalls: { now: 0, most: 0 }, latencyMs: { refresh: latencyMs } });
  const began = Date.now();
  const statuses = {};
  const busy = await bystander.measure(world.port, () => inBatches(cookies, atOnce, async (cookie) => {
    const { status } = await world.get(PRIVATE, { ...FETCH, Cookie: cookie }, { timeout: 120_000 });
    statuses[status] = (statuses[status] ?? 0) + 1;
  }));
  const refreshes = world.op.log.filter(({ params }) => params.get('grant_type') === 'refresh_token').length;
  return { statuses, refreshes, mostCalls: world.op.tokenCalls.most, mostCallsWithOneToken: world.op.grants.mostCallsWithOneToken, tookMs: Date.now() - began, quiet, busy };
}

async function inBatches(items, atOnce, each) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    while (next < items.length) await each(items[next++]);
  }));
}

export const inWords = ({ count, failed, p50, p99, most }) => `${count} answers (${failed} failed), p50 ${p50} ms, p99 ${p99} ms, longest ${most} ms`;

class Bystander {
  static async start() {
    const bystander = new Bystander();
    bystander.worker = new Worker(fileURLToPath(import.meta.url), { workerData: { host: HOST } });
    const [{ url }] = await once(bystander.worker, 'message');
    return Object.assign(bystander, { url });
  }
  // Asks one request after another while `during` runs.
  async measure(port, during) {
    this.worker.postMessage({ start: port });
    try {
      await during();
    } finally {
      this.worker.postMessage({ stop: true });
    }
    const [result] = await once(this.worker, 'message');
    return result;
  }
  stop() { return this.worker.terminate(); }
}

function ask(port, agent) {
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', path: '/public/x', headers: { Host: workerData.host }, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false));
    request.end();
  });
}

async function standBy() {
  const server = http.createServer((_request, response) => response.end('here'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let running = false;
  const measure = async (port) => {
    const agents = Array.from({ length: 8 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 })); // so that every worker is met
    const took = [];
    let failed = 0;
    for (let turn = 0; running; ++turn) {
      const began = performance.now();
      if (!(await ask(port, agents[turn % agents.length]))) ++failed;
      took.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const agent of agents) agent.destroy();
    took.sort((one, other) => one - other);
    const at = (share) => Math.round((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0) * 10) / 10;
    parentPort.postMessage({ count: took.length, failed, p50: at(0.5), p99: at(0.99), most: at(1) });
  };
  parentPort.on('message', ({ start, stop }) => {
    running = !stop;
    if (start) measure(start);
  });
  parentPort.postMessage({ url: `http://127.0.0.1:${server.address().port}` });
}

if (!isMainThread && workerData?.host) await standBy();
