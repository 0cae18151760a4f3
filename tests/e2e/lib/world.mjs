// What most tests need: a provider, a recording upstream, the proxy between, and a user. Everything is stopped with the test,
// and stopping is where crashes, sanitizer reports and requests that the upstream could not parse become failures.
import { EvilOp } from './evil_op.mjs';
import { BrowserUser } from './browser_user.mjs';
import { Clock, REAL_CLOCK } from './clock.mjs';
import { Proxy, freshSecret } from './proxy.mjs';
import { request } from './raw.mjs';
import { Recorder } from './recorder.mjs';

export const HOST = 'app.test';
export const ORIGIN = `http://${HOST}`;
export const IDENTITY = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-preferred-username', 'x-forwarded-groups'];

export const ROUTES = [
  { path: '/public/*', access: 'public', upstream: 'app' },
  { path: '/optional/*', access: 'optional', upstream: 'app' },
  { path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' },
  { path: '/denied/*', access: 'deny' },
  { path: '/api/*', unauthenticated: '401', upstream: 'app' },
  { path: '/private/*', upstream: 'app' },
];

// scope: a test context, or suite(after). options: { config, recorder, op, routes, opOptions, env, clock, through }. With clock: true
// (or a Clock) proxy and provider share a wall clock that world.clock moves; for processes that are started later as well.
export async function makeWorld(scope, options = {}) {
  const world = new World();
  scope.after(() => world.stop());
  world.clock = options.clock === true ? new Clock() : options.clock ?? REAL_CLOCK;
  world.env = { ...world.clock.env, ...options.env };
  world.op = options.op ?? (await EvilOp.start({ clock: world.clock, ...options.opOptions }));
  world.recorder = options.recorder ?? (await Recorder.start());
  world.secret = freshSecret();
  world.baseConfig = {
    external_urls: [ORIGIN],
    logto: world.op.logto(),
    session: { secret: world.secret },
    upstreams: { app: world.recorder.url },
    routes: options.routes ?? ROUTES,
  };
  const { config = {} } = options;
  const merged = typeof config === 'function' ? config(world.baseConfig) : merge(world.baseConfig, config);
  world.config = merged;
  world.proxy = await Proxy.start(merged, { env: world.env, through: options.through });
  return world;
}

// A second process beside world.proxy: same external URL, session secret and configuration (but for `config`), other ports, as
// behind a load balancer. It is world.second, stops with the world, and answers to world.user({ at: world.second }) and
// world.get(..., { at: world.second }). Give makeWorld what both share, such as redis.settings().
export async function twoProxies(scope, options = {}, config = {}) {
  const world = await makeWorld(scope, options);
  world.second = await world.startAnother(config);
  return world;
}

export function merge(base, more) {
  const result = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const both = [result[key], value].every((one) => one && typeof one === 'object' && !Array.isArray(one));
    result[key] = both ? merge(result[key], value) : value;
  }
  return result;
}

class World {
  others = [];

  get port() { return this.proxy.port; }
  user({ at = this.proxy, ...options } = {}) { return new BrowserUser({ [HOST]: at.port }, options); }

  async startAnother(config = {}) {
    const proxy = await Proxy.start(merge(this.config, config), { env: this.env });
    this.others.push(proxy);
    return proxy;
  }

  // A user who has just signed in; `who` replaces claims of the provider's user for this sign-in.
  async signIn(who = {}, { path = '/private/start', user = this.user() } = {}) {
    const before = this.op.user;
    this.op.user = { ...before, ...who };
    try {
      const answer = await user.navigate(ORIGIN + path);
      if (answer.status !== 200) throw new Error(`sign-in ended with ${answer.status}: ${answer.text.slice(0, 600)}\n${this.proxy.output.slice(-2000)}`);
    } finally {
      this.op.user = before;
    }
    return user;
  }

  // The Cookie header of a fresh session.
  async session(who) { return (await this.signIn(who)).sessionCookies(HOST); }

  get(target, headers = {}, { at = this.proxy, ...options } = {}) { return request(at.port, 'GET', target, headers, { host: HOST, ...options }); }
  post(target, headers = {}, { at = this.proxy, ...options } = {}) { return request(at.port, 'POST', target, headers, { host: HOST, ...options }); }

  async restart(config = {}) {
    await this.proxy.stop();
    this.proxy = null;
    this.proxy = await Proxy.start(merge(this.config, config), { env: this.env });
  }

  // The user's requests go to another process from now on; the cookies stay, as with a load balancer.
  move(user, at) { user.ports[HOST] = at.port; return user; }

  async stop() {
    const problems = [];
    for (const step of [() => this.proxy?.stop(), ...this.others.map((proxy) => () => proxy.stop()), () => this.recorder?.assertClean?.(), () => this.recorder?.close(), () => this.op?.stop()]) {
      try { await step(); } catch (error) { problems.push(error); }
    }
    if (problems.length) throw problems.length === 1 ? problems[0] : new AggregateError(problems, problems.map((one) => one.message).join('\n'));
  }
}

// A scope for a suite, from its `after` of node:test. Made in the body of describe(): a hook registered inside before() runs at once.
export function suite(after) {
  const stops = [];
  after(async () => { for (const stop of stops.reverse()) await stop(); });
  return { after: (stop) => stops.push(stop) };
}

export const headersOf = (answer) => JSON.parse(answer.text).headers;
export const seenHeader = (answer, name) => {
  const values = headersOf(answer).filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length > 1 ? values : values[0];
};
