// A world of random life and a model that knows who should be signed in: several people, each with browsers, each browser with
// tabs that hold older cookies, against one proxy or two with a Redis between. The two invariants: nobody who should be signed in
// is signed out, and nobody who should be out gets a byte of the app.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { BrowserUser, parseSetCookie } from './browser_user.mjs';
import { SigningKey } from './evil_op.mjs';
import { Relay } from './relay.mjs';
import { CLOCK_IS_MOVABLE, sleep } from './clock.mjs';
import { JOURNAL_DAMAGE, recordCount } from './journal_damage.mjs';
import { Secrets } from './lifecycle_secrets.mjs';
import { Streams, runOn } from './lifecycle_streams.mjs';
import { logoutRequest, logoutToken, userEvent, webhookRequest } from './logout_tokens.mjs';
import { Proxy, SLOWNESS, freshSecret, temporaryFolder } from './proxy.mjs';
import { FETCH, NAVIGATION, RawClient, requestBytes } from './raw.mjs';
import { HOST, ORIGIN, makeWorld, twoProxies } from './world.mjs';

// With a clock that moves, tokens live long and time jumps; else they are short and time passes.
const REFUSES_US = new Set(['invalid_client', 'expired_secret']);
export const TOKENS_S = CLOCK_IS_MOVABLE ? 60 : 4;
const EARLY_S = CLOCK_IS_MOVABLE ? 20 : 1;
const PATIENCE_MS = 20_000 * SLOWNESS;
const WEBHOOK_SECRET = 'webhook-secret-of-the-lifecycle';
// A token whose answer made no sense rests for 30 s, and while Logto cannot be asked nobody asks (1 s, 2 s, 4 s for three failures in a
// row).
const FAILED_TOKEN_MS = 32_000;
const BACK_OFF_MS = 9_000;
const TABS = 3;
// With a store, where the session knows of each use, wherever it was: written down after a tenth of it, in whole seconds.
const IDLE_S = 20;
const IDLE_SURELY_IN_MS = (IDLE_S - IDLE_S / 10 - 2) * 1000 / SLOWNESS;
const IDLE_SURELY_OUT_MS = (IDLE_S + 3) * 1000;
// After a replica has Redis again: its next attempt to connect, then the seconds in which it refreshes nothing.
const REDIS_BACK_MS = 16_000;
// Who sends tokens under keys that nobody knows makes the key set be fetched now and then only.
const KEYS_AGAIN_MS = 35_000;

export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const random = (below) => Math.floor(next() * below);
  return { random, pick: (list) => list[random(list.length)], chance: (share) => next() < share };
}

// One sign-in's life. Moments are counts of the model, not times: what overlaps is not judged.
class ModelSession {
  endsFrom = null; // a request that is answered after this may be refused
  endedAt = null; // a request that begins after this must be refused
  exempt = null; // why nothing can be said any more
  dependsOnReplica = false; // nor what one replica says of it, for all
  overMs = Infinity; // real time of an end that is recorded: what runs on ends with it
  usedMs = Date.now(); // real time: when it certainly was in use last,
  triedMs = Date.now(); // and when it may have been
  failedAt = -Infinity; // when a refresh of it failed on purpose,
  failedBy = null; // and how
  isUnheardOf = false; // it was suspended, which a refresh alone would tell
  constructor(browser, user, grant) { Object.assign(this, { browser, user, grant }); }
  get lives() { return this.endsFrom === null && this.exempt === null; }
}

class Browser extends BrowserUser {
  session = null; // whose cookie the jar holds
  tabs = []; // cookies of earlier moments: { cookie, session, under }
  under = []; // the secrets that the jar's cookie may be under
  get cookie() { return this.sessionCookies(HOST); }
}

// options: { seed, redis (a Redis of lib/redis.mjs: two proxies, each with a relay of its own to it), journals (each process keeps one;
// a single proxy always does), users, browsersEach, config }
// successorsSurvive: whether a process that ends remembers which refresh tokens are spent, in its journal or in Redis; else every
// browser is given its newest cookie first.
export async function makeLife(scope, { seed, successorsSurvive = true, redis = null, journals = false, users = 3, browsersEach = 2, config = {} }) {
  const relays = redis ? [await Relay.start(redis.port), await Relay.start(redis.port)] : [];
  for (const relay of relays) scope.after(() => relay.stop());
  const through = (relay) => ({ redis: { ...redis.settings(), url: `redis://127.0.0.1:${relay.port}/0` } });
  const revocations = () => ({ ...(redis ? { share: 'redis' } : {}), ...(journals || !redis ? { journal: path.join(temporaryFolder(), 'journal') } : {}) });
  const clockOption = CLOCK_IS_MOVABLE ? true : undefined;
  const idles = !CLOCK_IS_MOVABLE && config.session?.store === 'redis';
  if (idles) config = { ...config, session: { ...config.session, idle_timeout: `${IDLE_S}s` } };
  const settings = {
    logto: { refresh_early: `${EARLY_S}s`, webhook_secret: WEBHOOK_SECRET },
    ...(redis ? through(relays[0]) : {}), revocations: revocations(),
    ...config,
  };
  const options = {
    clock: clockOption, opOptions: { refreshTokens: true, rotate: 'always', tokenLifetimeS: TOKENS_S, latencyMs: {} },
    config: (base) => ({ ...base, ...settings, logto: { ...base.logto, ...settings.logto }, session: { ...base.session, ...settings.session } }),
  };
  const world = redis ? await twoProxies(scope, options, { ...through(relays[1]), revocations: revocations() }) : await makeWorld(scope, options);
  const life = new Life(world, { idles, seed, users, browsersEach, successorsSurvive, relays });
  await life.begin();
  return life;
}

export class Life {
  moment = 0;
  requests = 0;
  counts = {};
  trace = [];
  violations = [];
  waitingAtApp = []; // slow requests that the app has not answered
  missing = new Set(); // endpoints that this binary does not have
  lastFailureAt = -Infinity;
  askedAt = 0; // real time: of the last request
  passes = 0;
  refusals = 0;
  redisLostAt = -Infinity; // real time: until then a replica was without Redis
  keysRotatedAt = -Infinity;
  unfinished = []; // sign-outs that are done when Redis is back
  messages = []; // of Logto, that were accepted once: { what, path, headers, body }
  ended = []; // what processes said that are replaced by now
  dead = null; // a proxy that was killed and is not back yet
  mayReuse = false; // what became of a token was known under a secret that has left with all who knew it
  idles = false; // whether the model knows how long a session may rest
  streams = new Streams(this);

  constructor(world, { idles, seed, users, browsersEach, successorsSurvive, relays }) {
    Object.assign(this, { world, idles, seed, dice: seeded(seed), successorsSurvive, relays });
    this.users = Array.from({ length: users }, (_one, index) => ({ sub: `user-${index}`, username: `user${index}`, email: `user${index}@example.test` }));
    this.browsers = this.users.flatMap((user) => Array.from({ length: browsersEach }, () => Object.assign(new Browser({ [HOST]: world.port }), { owner: user })));
    this.sessions = [];
    this.secrets = new Secrets(world.secret);
    world.recorder.handle = (request, reply) => this.#app(request, reply);
    world.op.on('failed', (place, call) => this.#failed(place, call));
  }

  get proxies() { return [this.world.proxy, this.world.second].filter((proxy) => proxy && proxy !== this.dead); }
  get now() { return this.world.clock.now(); }
  tick() { return ++this.moment; }
  note(what) {
    this.trace.push(`${this.moment} ${what}`);
    const kind = what.split(' ')[0];
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
  violate(what) { this.violations.push(`${what}\n  before it:\n    ${this.trace.slice(-25).join('\n    ')}`); }

  // --- the provider's and the app's side ---

  #failed(place, call) {
    if (place !== 'refresh' || this.world.op.onBlip) return;
    this.lastFailureAt = Date.now(); // the back-off goes by real time
    const grant = this.world.op.grants.tokens.get(call.params.get('refresh_token'))?.grant;
    for (const session of this.sessions) if (session.grant === grant) Object.assign(session, { failedAt: this.now, failedBy: this.world.op.failRefresh });
  }
  // Where Logto refuses the proxy itself, nobody is signed out by that: who was suspended goes on until it can be asked again.
  goesOnUnasked(session) {
    if (!session.isUnheardOf) return false;
    return REFUSES_US.has(this.world.op.failRefresh) || (REFUSES_US.has(session.failedBy) && this.now - session.failedAt < FAILED_TOKEN_MS);
  }
  get hasRedis() { return this.relays.every((relay) => relay.isOpen) && Date.now() - this.redisLostAt > REDIS_BACK_MS * SLOWNESS; }
  // 503 is right while a failed token rests, and without Redis.
  mayBeUnproven(session) {
    return !this.hasRedis || this.now - session.failedAt < FAILED_TOKEN_MS || Date.now() - this.lastFailureAt < BACK_OFF_MS * SLOWNESS;
  }

  async #app(request, reply) {
    if (request.target.startsWith('/private/run')) return runOn(request, reply);
    if (request.target.startsWith('/private/slow')) await new Promise((resolve) => this.waitingAtApp.push(resolve));
    await reply.json({ target: request.target, headers: request.fields.list });
  }
  releaseSlow() { for (const answer of this.waitingAtApp.splice(0)) answer(); }

  // --- requests and their judgement ---

  // A request with `cookie` of `session`. { lost: true } destroys the connection before the answer.
  async request(browser, { session, cookie, under }, { target = `/private/${++this.requests}`, headers = this.dice.pick([FETCH, NAVIGATION]), lost = false, method = 'GET' } = {}) {
    this.#idleOut(session);
    const isRecent = this.isRecent(session);
    session.triedMs = Date.now();
    const began = this.tick();
    const proxy = this.dice.pick(this.proxies);
    const client = await RawClient.connect(proxy.port);
    let answer = null;
    try {
      await client.send(requestBytes(method, target, { Host: HOST, Connection: 'close', Cookie: cookie, ...headers }));
      if (lost) {
        await sleep(this.dice.random(12));
        client.socket.resetAndDestroy();
      } else {
        answer = await client.response({ method, timeout: PATIENCE_MS });
      }
    } catch (error) {
      if (!this.killing) throw error;
    } finally {
      client.destroy();
      this.askedAt = Date.now();
    }
    const asked = { session, under, isRecent, target, began, ended: this.tick(), killed: this.killing };
    if (answer) this.#judge(browser, asked, answer);
    if (lost || answer === null) this.#judgeUnseen(asked);
    return answer;
  }

  #reachedApp(target) { return this.world.recorder.requests.find((request) => request.target === target); }
  // Used not long ago: nobody may say that it has idled out.
  isRecent({ usedMs }) { return this.idles === false || Date.now() - usedMs < IDLE_SURELY_IN_MS; }
  #idleOut(session) { if (this.idles && Date.now() - session.triedMs > IDLE_SURELY_OUT_MS) this.end(session, 'idle'); }
  #isOut({ session, under, began }) {
    return Math.min(session.endedAt ?? Infinity, this.secrets.isGoneAt(under)) < began;
  }
  #judgeUnseen({ session, under, target, began }) {
    if (this.#isOut({ session, under, began }) && !this.goesOnUnasked(session) && this.#reachedApp(target)) this.violate(`${target} of ${session.user.sub}, who is out, reached the app`);
  }

  #judge(browser, { session, under, isRecent, target, began, ended }, answer) {
    const out = this.#isOut({ session, under, began });
    const leaves = this.secrets.leavesFrom(under);
    const inside = isRecent && session.exempt === null && Math.min(session.endsFrom ?? Infinity, leaves) > ended;
    const passed = answer.status === 200 && answer.fields.get('content-type')?.includes('json') && answer.text.includes(`"target":"${target}"`);
    if (passed) {
      ++this.passes;
      if (this.hasRedis) session.usedMs = Date.now();
      const who = JSON.parse(answer.text).headers.filter(([name]) => name.toLowerCase() === 'x-forwarded-user').map(([, value]) => value);
      if (who.length !== 1 || who[0] !== session.user.sub) this.violate(`${target} of ${session.user.sub} was shown to the app as ${JSON.stringify(who)}`);
      if (out && !this.goesOnUnasked(session)) this.violate(`${target} of ${session.user.sub}, who is out, got an answer of the app`);
    } else {
      ++this.refusals;
      if (out && !this.goesOnUnasked(session) && this.#reachedApp(target)) this.violate(`${target} of ${session.user.sub}, who is out, reached the app`);
      if (out && [401, 303].includes(answer.status)) session.isUnheardOf = false;
      const excused = answer.status === 503 && this.mayBeUnproven(session);
      if (inside && !excused) this.violate(`${target} of ${session.user.sub}, who should be in, got ${answer.status}: ${answer.text.slice(0, 200)}`);
      if (!inside && !out && (session.exempt !== null || !isRecent) && !session.dependsOnReplica && [401, 303].includes(answer.status)) this.end(session, 'seen');
    }
    this.keep(browser, session, answer, under, began);
  }

  // As a browser does with the answer's cookies, whatever the jar holds by now.
  keep(browser, session, answer, asked, began) {
    const under = this.secrets.sealingFor(asked, began);
    const lines = answer.fields.all('set-cookie').filter((line) => /^logto_session/.test(line));
    if (lines.length === 0 || session.discarded) return;
    const clears = lines.map(parseSetCookie).every(({ attributes }) => attributes['max-age'] === '0');
    if (browser.session !== session && browser.session?.lives) {
      this.violate(`an answer to an older session of ${session.user.sub} ${clears ? 'cleared' : 'overwrote'} the cookie of the newer one`);
    }
    if (clears && browser.session === session && session.lives) this.violate(`the cookie of ${session.user.sub}, who should be in, was cleared by ${answer.status}`);
    if (browser.cookie) browser.tabs = [{ cookie: browser.cookie, session: browser.session, under: browser.under }, ...browser.tabs].slice(0, TABS);
    browser.keep(HOST, lines);
    browser.under = under;
    browser.session = clears ? null : session;
  }

  // --- what people do ---

  newest(browser) { return { cookie: browser.cookie, session: browser.session, under: browser.under }; }
  holder() {
    const browser = this.dice.pick(this.browsers);
    const choices = [...(browser.session && browser.cookie ? [this.newest(browser)] : []), ...browser.tabs];
    return choices.length ? { browser, ...(this.dice.chance(0.6) ? choices[0] : this.dice.pick(choices)) } : null;
  }

  async ask() {
    const held = this.holder();
    if (!held) return this.signIn();
    const lost = this.dice.chance(0.15);
    this.note(`request ${held.session.user.sub}${lost ? ' (answer lost)' : ''}`);
    return this.request(held.browser, held, { lost });
  }

  async burst() {
    const held = this.holder();
    if (!held) return;
    this.note(`burst ${held.session.user.sub}`);
    await Promise.all(Array.from({ length: 5 }, () => this.request(held.browser, held, { lost: this.dice.chance(0.2) })));
  }

  // Waits at the app over whatever comes next; settled by releaseSlow().
  slow() {
    const held = this.holder();
    if (!held || this.waitingAtApp.length > 3) return;
    this.note(`slow ${held.session.user.sub}`);
    const asked = this.request(held.browser, held, { target: `/private/slow${++this.requests}`, headers: FETCH });
    (this.slowOnes ??= []).push(asked);
    asked.catch(() => {});
  }
  async settleSlow() {
    const ones = this.slowOnes ?? [];
    this.slowOnes = [];
    let done = false;
    const all = Promise.all(ones).finally(() => { done = true; });
    all.catch(() => {});
    while (!done) { this.releaseSlow(); await Promise.race([all.catch(() => {}), sleep(20)]); }
    await all;
  }

  signIn(browser = this.dice.pick(this.browsers), user = browser.owner) {
    this.signingIn = (this.signingIn ?? Promise.resolve()).then(() => this.#signIn(browser, user));
    return this.signingIn;
  }
  async #signIn(browser, user) {
    if (browser.session?.lives && !this.secrets.mayBeGone(browser.under)) return; // by another in the meantime
    if (this.world.op.failRefresh !== null || this.world.op.failCode !== null || !this.hasRedis) return;
    this.note(`sign-in ${user.sub}`);
    this.world.op.revoked.delete(user.sub);
    this.world.op.user = { name: user.username, email_verified: true, roles: ['editor'], ...user };
    // As a fresh profile: what lives still of an earlier one, of which nothing can be said, is not this browser's any more.
    for (const session of this.sessions) if (session.browser === browser && session.endedAt === null) session.discarded = true;
    browser.session = null;
    browser.tabs = [];
    browser.jar.clear();
    const target = `/private/in${++this.requests}`;
    const proxy = this.dice.pick(this.proxies);
    browser.ports[HOST] = proxy.port;
    const began = this.tick();
    const hop = await browser.fetch(`${ORIGIN}${target}`);
    if (hop.status !== 303) return this.violate(`${user.sub} without a session got ${hop.status}`);
    const back = await browser.fetch(hop.next);
    let landed = await browser.fetch(back.next);
    // Whose sessions were ended proves themselves anew: Logto is asked once or twice more.
    for (let more = 0; more < 2 && landed.next && new URL(landed.next).hostname !== HOST; ++more) {
      landed = await browser.fetch((await browser.fetch(landed.next)).next);
    }
    const grant = [...this.world.op.grants.tokens.values()].at(-1).grant;
    const session = new ModelSession(browser, user, grant);
    session.began = began;
    this.sessions.push(session);
    if (landed.status !== 303 || !browser.cookie) {
      session.exempt = 'never began';
      if (!this.#endedSince(user, began)) this.violate(`the sign-in of ${user.sub} ended with ${landed.status}: ${landed.text.slice(0, 200)}`);
      return;
    }
    browser.session = session;
    browser.under = this.secrets.sealingSince(began);
    if (this.#endedSince(user, began)) session.exempt = 'ended by somebody while it began';
    browser.hops.length = 0;
  }
  // Sign-outs everywhere may have hit a sign-in that was under way.
  #endedSince(user, began) { return (user.endedEverywhereAt ?? -1) >= began; }

  // Some ends are found by the session's next request only: until there is one, what runs goes on.
  end(session, why, from = this.moment) {
    session.endsFrom ??= from;
    session.isUnheardOf = why === 'suspended' && session.endedAt === null;
    session.endedAt ??= this.tick();
    if (!['seen', 'suspended', 'idle'].includes(why)) session.overMs = Math.min(session.overMs, Date.now());
  }
  ending(sessions) { for (const session of sessions) session.endsFrom ??= this.tick(); }
  of(user) { return this.sessions.filter((session) => session.user === user && session.endedAt === null); }

  // Somebody who is in.
  insider() { return this.dice.pick(this.browsers.filter(({ session, under }) => session?.lives && !this.secrets.mayBeGone(under))); }
  // answered: called at once, before anybody else can have heard of it from the model.
  async signOut({ everywhere = false, browser = this.insider(), at = this.dice.pick(this.proxies), answered = () => {} } = {}) {
    if (!browser) return;
    const { session, cookie, under } = browser;
    const began = this.moment;
    this.note(`${everywhere ? 'sign-out-everywhere' : 'sign-out'} ${session.user.sub}`);
    const hit = everywhere ? this.of(session.user) : [session];
    this.ending(hit);
    if (everywhere) session.user.endedEverywhereAt = Infinity;
    const client = await RawClient.connect(at.port);
    await client.send(requestBytes('POST', `/_auth/sign-out${everywhere ? '?everywhere=1' : ''}`, { Host: HOST, Connection: 'close', Cookie: cookie, ...NAVIGATION, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, ''));
    const answer = await client.response({ method: 'POST', timeout: PATIENCE_MS });
    answered();
    client.destroy();
    const isTrouble = answer.status === 503 && !this.hasRedis;
    if (answer.status !== 303 && !isTrouble) this.violate(`a sign-out got ${answer.status}`);
    if (isTrouble && everywhere) for (const one of hit) one.exempt = 'a sign-out everywhere that is not finished';
    if (!this.hasRedis) {
      this.unfinished.push(...hit);
      if (everywhere) session.user.endedEverywhereAt = Infinity;
      return this.keep(browser, session, answer, under, began);
    }
    await this.spread();
    for (const one of hit) this.end(one, 'sign-out');
    if (everywhere) session.user.endedEverywhereAt = this.tick();
    this.keep(browser, session, answer, under, began);
  }

  // Replicas hear of each other's ends within a moment.
  async spread() { if (this.world.second) await sleep(300 * SLOWNESS); }

  async #endUser(what, how) {
    if (this.missing.has(what)) return;
    const user = this.dice.pick(this.users);
    const hit = this.of(user);
    this.ending(hit);
    user.endedEverywhereAt = Infinity;
    const answer = await how(user, this.dice.pick(this.proxies));
    if (answer.status === 404) {
      this.missing.add(what);
      for (const session of hit) if (session.endedAt === null) session.endsFrom = null;
      user.endedEverywhereAt = this.moment;
      return;
    }
    this.note(`${what} ${user.sub}`);
    if (![200, 204].includes(answer.status)) this.violate(`${what} got ${answer.status}: ${answer.text}`);
    await this.spread();
    for (const session of hit) this.end(session, what);
    user.endedEverywhereAt = this.tick();
  }
  async #send(proxy, message, from) { return this.world.post(message.path, message.headers, { body: message.body, at: proxy, timeout: PATIENCE_MS, localAddress: from }); }
  async #sendFirst(proxy, message) {
    const answer = await this.#send(proxy, message);
    if (answer.status !== 404) this.messages.push(message);
    return answer;
  }
  logout() {
    return this.#endUser('back-channel-logout', (user, proxy) => {
      const iat = Math.floor(this.now / 1000); // the clock of the proxies may be ahead of the real one
      const token = logoutToken(this.world.op, { sub: user.sub }, { claims: { iat, exp: iat + 120 } });
      return this.#sendFirst(proxy, { what: `a logout token of ${user.sub}`, path: '/_auth/backchannel-logout', ...logoutRequest(token) });
    });
  }
  webhook() {
    return this.#endUser('webhook', async (user, proxy) => {
      const { headers, body } = webhookRequest(WEBHOOK_SECRET, userEvent('User.Deleted', user.sub, { createdAt: new Date(this.now).toISOString(), path: `/users/${user.sub}/${++this.requests}` })); // else two of one millisecond are one
      return this.#sendFirst(proxy, { what: `a webhook about ${user.sub}`, path: '/_auth/webhook', headers, body });
    });
  }
  // Logto delivers up to three times, wherever a balancer sends it, and somebody may have kept one: it ends nothing any more.
  async repeat() {
    if (this.messages.length === 0 || !this.hasRedis) return;
    const message = this.dice.pick(this.messages);
    this.note(`repeat ${message.what}`);
    for (let more = 0; more < 2; ++more) {
      const { status } = await this.#send(this.dice.pick(this.proxies), message, '127.0.0.2'); // under an old key it costs a fetch of that address's
      const isUnderAnOldKey = status === 503 && Date.now() - this.keysRotatedAt < KEYS_AGAIN_MS;
      if (status !== 400 && !isUnderAnOldKey) this.violate(`${message.what}, repeated, got ${status}`);
    }
  }

  async stream() {
    const browser = this.insider();
    if (!browser || !this.hasRedis) return;
    this.note(`stream ${browser.session.user.sub}`);
    await this.streams.open(this.dice.pick(this.proxies), this.newest(browser));
  }

  // Logto says nothing of a suspension: it ends each session at its next refresh, the latest when its tokens are dead.
  async suspend() {
    const user = this.dice.pick(this.users);
    const hit = this.of(user);
    if (hit.length === 0 || this.world.op.failRefresh !== null) return;
    this.note(`suspend ${user.sub}`);
    this.ending(hit);
    this.world.op.revoked.add(user.sub);
    for (const session of hit) session.grant.ended = true; // also when the user is back before a refresh was tried
    await this.settleSlow();
    await this.#pass((TOKENS_S + 1) * 1000);
    for (const session of hit) this.end(session, 'suspended');
  }

  // --- what operators and networks do ---

  // A jump while tokens are on their way would make them expire there.
  async #pass(ms) {
    if (CLOCK_IS_MOVABLE) await this.#quiet();
    await this.world.clock.pass(ms);
  }
  async pass() {
    const ms = CLOCK_IS_MOVABLE ? this.dice.random(TOKENS_S * 1300) : this.dice.random(1500);
    this.note(`pass ${ms} ms`);
    await this.#pass(ms);
  }

  async trouble() {
    const how = this.dice.pick([500, 503, 429, 'reset', 'garbage', 'invalid_client', 'expired_secret']);
    this.note(`trouble ${how}`);
    await this.#quiet(); // a call under way would fail too, and nobody here would have heard of it
    this.world.op.failRefresh = how;
    await this.ask();
    await this.burst();
    this.world.op.failRefresh = null;
    if (CLOCK_IS_MOVABLE) await this.#pass(FAILED_TOKEN_MS);
  }
  latency() {
    this.world.op.latencyMs = this.dice.chance(0.5) ? {} : { refresh: this.dice.random(150), code: this.dice.random(60) };
    this.note(`latency ${JSON.stringify(this.world.op.latencyMs)}`);
  }

  // What only memory holds is handed out before a process ends: every browser gets its newest cookie, older ones are forgotten.
  // A worker hands out what it knows at the second request of a cookie, the latest: after one round more than there are workers in
  // which neither a cookie nor a refresh was seen nobody has anything left to say.
  async settle() {
    await this.settleSlow();
    await this.#quiet();
    const enough = os.availableParallelism() * this.proxies.length + 1;
    for (let count = 0, calm = 0; count < 12 + enough; ++count) {
      const before = this.#refreshes();
      const cookies = this.browsers.map(({ cookie }) => cookie).join();
      for (const browser of this.browsers) {
        if (browser.session && browser.cookie) await this.request(browser, this.newest(browser), { headers: FETCH });
        browser.tabs = [];
      }
      await this.#quiet();
      const same = this.#refreshes() === before && this.browsers.map(({ cookie }) => cookie).join() === cookies;
      calm = same ? calm + 1 : 0;
      if (calm === enough) return true;
    }
    return false;
  }
  // No refresh is on its way, and what the last one brought has arrived.
  async #quiet() {
    // Nobody is told when what a request began reaches Logto, be it lost, or on the side: on a slow machine not at once.
    await sleep(Math.max(0, this.askedAt + 150 * SLOWNESS - Date.now()));
    do await sleep(20 * SLOWNESS); while (this.world.op.tokenCalls.now > 0);
    await sleep(10 * SLOWNESS);
  }
  #refreshes() { return this.world.op.log.filter(({ path: at, params }) => at === '/oidc/token' && params.get('grant_type') === 'refresh_token').length; }

  // before(proxy): what is done right before the signal.
  async restart(signal, { before = async () => {}, change = () => {} } = {}) {
    const settled = this.successorsSurvive || (await this.settle());
    await this.settleSlow();
    await this.#quiet(); // what Logto has rotated and nobody has heard of yet is lost with the process
    this.note(`restart ${signal}${settled ? '' : ' (unsettled)'}`);
    if (!settled) for (const session of this.sessions) if (session.lives) session.exempt = 'its token may have been in memory only';
    if (!this.successorsSurvive) this.#forgetLosers();
    const victim = this.world.second && this.dice.chance(0.5) ? 'second' : 'proxy';
    await before(this.world[victim]);
    await this.#replace(victim, signal, change);
  }
  async #kill(victim) {
    const proxy = this.world[victim];
    this.streams.drop(proxy);
    proxy.expectExit = true;
    proxy.signal('SIGKILL');
    await proxy.exit();
  }
  async #replace(victim, signal, change) {
    const proxy = this.world[victim];
    const { config } = proxy;
    if (signal === 'SIGKILL') await this.#kill(victim);
    this.streams.drop(proxy);
    if (signal !== 'SIGKILL') await proxy.stop();
    this.ended.push(proxy.output.slice(-2000));
    change(config);
    delete config.listen;
    const fresh = await Proxy.start({ ...config, listen: '127.0.0.1:0' }, { env: this.world.env });
    if (this.world.second) await fresh.waitLog(({ msg }) => msg === 'Redis is there', { timeout: PATIENCE_MS });
    if (this.world.second) await this.#caughtUp(fresh);
    this.dead = null;
    this.world[victim] = fresh;
    if (victim === 'second') this.world.others = [fresh];
  }
  // It has read what ended elsewhere. Before that nobody passes, and nobody is signed out.
  async #caughtUp(proxy) {
    const one = this.browsers.find(({ cookie, session, under }) => cookie && session?.lives && !this.secrets.mayBeGone(under));
    for (const end = Date.now() + PATIENCE_MS; one && Date.now() < end; await sleep(20)) {
      if ((await this.world.get('/private/begin', { ...FETCH, Cookie: one.cookie }, { at: proxy, timeout: PATIENCE_MS })).status !== 503) return;
    }
  }

  // It answers that somebody is out, and dies. Whatever it knew, somebody else has to know.
  async leaveAndDie() {
    const browser = this.insider();
    if (!browser || !this.hasRedis) return;
    const copy = this.newest(browser);
    this.note(`leave-and-die ${copy.session.user.sub}`);
    const before = async (at) => {
      await this.signOut({ browser, at, answered: () => { this.streams.drop(at); at.expectExit = true; at.signal('SIGKILL'); this.dead = this.world.second ? at : null; } });
      if (this.dead) await this.request(browser, copy, { headers: FETCH });
    };
    await this.restart('SIGKILL', { before });
    await this.request(browser, copy, { headers: FETCH });
  }

  // A journal loses something while its process is down. Of nobody from before can be said any more that they are in; where others
  // keep the records too, that goes for this process only.
  async loseRecords() {
    if (!this.world.proxy.config.revocations?.journal || !this.hasRedis) return;
    const change = ({ revocations }) => {
      const { what, hurt } = this.dice.pick(JOURNAL_DAMAGE.filter(({ needs }) => recordCount(revocations.journal) >= needs));
      hurt(revocations.journal);
      this.note(`journal ${what}`);
      for (const session of this.sessions) if (session.lives && this.world.second) Object.assign(session, { exempt: 'a replica has lost records', dependsOnReplica: true });
      this.messages = []; // taken as new where nothing is known of them; they end nothing that has not ended
      if (this.world.second) return;
      this.ending(this.sessions.filter(({ endedAt }) => endedAt === null));
    };
    await this.restart(this.dice.pick(['SIGTERM', 'SIGKILL']), { change });
    if (this.world.second) return;
    for (const session of this.sessions) this.end(session, 'a damaged journal');
    for (const user of this.users) user.endedEverywhereAt = this.tick();
  }

  // Live sessions whose cookie no browser holds: nobody asks with them any more.
  #forgetLosers() {
    for (const session of this.sessions) {
      if (session.lives && !this.browsers.some((browser) => browser.session === session)) session.exempt = 'nobody holds it';
    }
  }

  // A new secret seals, the old ones open; the oldest leaves when nothing is sealed with it any more.
  async rotateSecrets() {
    const { ring } = this.secrets;
    if (ring.length >= 3 && !(await this.settle())) return;
    for (const oldest of ring.slice(2)) this.streams.dropUnder(oldest); // it ends them, as the manual says
    this.secrets.change([freshSecret(), ...ring].slice(0, 3), this.tick());
    this.note(`secrets ${this.secrets.ring.length}`);
    for (const proxy of this.proxies) await this.#reload(proxy);
    this.secrets.changed(this.tick());
    if (ring.length === 2) await this.settle();
  }
  // A secret has leaked: it leaves at once, whatever stands on it, waits or runs; mostly it is the one that seals.
  #leak(what) {
    const { ring } = this.secrets;
    const leaked = this.dice.chance(0.7) ? ring[0] : this.dice.pick(ring);
    this.note(`${what} ${ring.length > 1 ? 'of one of several' : 'of the only one'}`);
    this.secrets.leaks(leaked, this.tick());
    const left = ring.filter((secret) => secret !== leaked);
    this.secrets.change(left.length ? left : [freshSecret()], this.moment);
    return leaked;
  }
  #left(leaked) {
    this.secrets.left(leaked, this.tick());
    this.secrets.changed(this.moment);
  }
  async leak() {
    const leaked = this.#leak('leak');
    const running = this.burst(); // some of it waits for Logto while it leaves
    for (const proxy of this.proxies) await this.#reload(proxy);
    this.#left(leaked);
    await running;
  }
  // The same by restarts: no process that starts knows what the secret was. What became of a token was told under the secret that
  // sealed then, and told again under the next one that did.
  async leakByRestart() {
    if (!this.hasRedis) return;
    await this.settleSlow();
    await this.#quiet();
    const leaked = this.#leak('restart-leak');
    for (const session of this.sessions) if (session.lives && this.secrets.sealingSince(session.began).includes(leaked)) session.exempt = 'its newest token was known under a secret that left';
    this.mayReuse = true;
    const change = (config) => { config.session.secret = [...this.secrets.ring]; };
    for (const victim of this.world.second ? ['proxy', 'second'] : ['proxy']) await this.#replace(victim, 'SIGTERM', change);
    this.#left(leaked);
  }

  // Logto is not itself for half a second: nobody is to see anything of it.
  async blip() {
    if (this.world.op.failRefresh !== null || !this.hasRedis || Date.now() - this.lastFailureAt < BACK_OFF_MS * SLOWNESS) return;
    await this.#quiet();
    const how = this.dice.pick([500, 503]);
    this.note(`blip ${how}`);
    this.world.op.onBlip = true;
    this.world.op.failRefresh = how;
    const asked = this.burst();
    await sleep(500);
    this.world.op.failRefresh = null;
    await asked;
    this.world.op.onBlip = false;
  }

  // Logto signs with another key from now on, and for a second nobody can fetch it.
  async rotateKeys() {
    if (Date.now() - this.keysRotatedAt < KEYS_AGAIN_MS) return;
    this.keysRotatedAt = Date.now();
    await this.#quiet();
    this.note('keys');
    this.world.op.key = new SigningKey('ES384');
    this.world.op.twist.onJwks = (_request, response) => { response.writeHead(503); response.end(); return true; };
    const asked = this.burst();
    await sleep(1000);
    delete this.world.op.twist.onJwks;
    await asked;
  }

  // One replica is without Redis for a while, refused or hanging, and serves what it may.
  async loseRedis() {
    if (this.relays.length === 0 || !this.hasRedis) return;
    const relay = this.dice.pick(this.relays);
    const victim = relay === this.relays[0] ? 'proxy' : 'second';
    const how = this.dice.pick(['refuse', 'hang']);
    this.note(`redis ${how}`);
    await this.settleSlow();
    relay[how]();
    this.redisLostAt = Infinity;
    const until = Date.now() + this.dice.random(5000);
    while (Date.now() < until) {
      await this.dice.pick([() => this.ask(), () => this.burst(), () => this.ask(), () => this.signOut()])();
      await sleep(this.dice.random(300));
    }
    // What it has promised by then its journal keeps.
    const dies = this.world.proxy.config.revocations.journal && this.dice.chance(0.4);
    if (dies) {
      this.note('restart SIGKILL without Redis');
      await this.#quiet();
      await this.#kill(victim);
    }
    relay.pass();
    if (dies) await this.#replace(victim, 'SIGKILL', () => {});
    this.redisLostAt = Date.now();
    await sleep(REDIS_BACK_MS * SLOWNESS);
    for (const session of this.unfinished.splice(0)) this.end(session, 'a sign-out that was kept');
    for (const user of this.users) if (user.endedEverywhereAt === Infinity) user.endedEverywhereAt = this.tick();
  }

  // Both replicas know each other.
  async begin() {
    if (this.relays.length === 0) return;
    const cookieOf = async () => (await this.world.signIn({ sub: 'first' })).sessionCookies(HOST);
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(100)) {
      try {
        const cookie = await cookieOf();
        const answers = await Promise.all(this.proxies.map((at) => this.world.get('/private/begin', { ...FETCH, Cookie: cookie }, { at })));
        if (answers.every(({ status }) => status === 200)) return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  async #reload(proxy) {
    proxy.config.session.secret = [...this.secrets.ring];
    fs.writeFileSync(proxy.file, JSON.stringify(proxy.config, null, 1));
    const from = proxy.errors.length;
    proxy.signal('SIGHUP');
    while (!proxy.errors.slice(from).some(({ msg }) => /^secrets (re-read|kept)/.test(msg))) await once(proxy, 'errors', { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  // --- a life ---

  // [weight, action, whether others may run beside it]
  get actions() {
    return [
      [40, () => this.ask(), true], [10, () => this.burst(), true], [6, () => this.slow(), true], [40, () => this.signIn(), true],
      [5, () => this.signOut(), true], [2, () => this.signOut({ everywhere: true }), true], [3, () => this.logout(), true], [2, () => this.webhook(), true],
      [14, () => this.pass(), !CLOCK_IS_MOVABLE], [4, () => this.settleSlow(), true], [3, () => this.latency(), true],
      [CLOCK_IS_MOVABLE ? 3 : 1, () => this.trouble(), false], [1, () => this.suspend(), false], [3, () => this.rotateSecrets(), false],
      [2, () => this.restart('SIGTERM'), false], [2, () => this.restart('SIGKILL'), false],
      [10, () => this.stream(), true], [3, () => this.repeat(), false], [2, () => this.leaveAndDie(), false], [1, () => this.loseRecords(), false],
      [1, () => this.leak(), false], [1, () => this.leakByRestart(), false], [3, () => this.blip(), false], [1, () => this.rotateKeys(), false], [1, () => this.loseRedis(), false],
    ];
  }
  #choose() {
    const actions = this.actions;
    let at = this.dice.random(actions.reduce((sum, [weight]) => sum + weight, 0));
    return actions.find(([weight]) => (at -= weight) < 0);
  }

  // Some actions at once, or one that wants to be alone.
  async round() {
    const chosen = Array.from({ length: 1 + this.dice.random(3) }, () => this.#choose());
    const together = chosen.filter(([, , beside]) => beside);
    await Promise.all(together.map(([, act]) => act()));
    for (const [, act, beside] of chosen) if (!beside) await act();
    this.streams.judge();
    this.world.recorder.requests.splice(0, Math.max(0, this.world.recorder.requests.length - 500));
    if (this.world.op.failure) throw this.world.op.failure;
    for (const proxy of this.proxies) proxy.assertHealthy();
  }

  // At the end everybody who should be in is in.
  async finish() {
    this.world.op.failRefresh = null;
    this.world.op.latencyMs = {};
    await this.settle();
    this.streams.judge();
    this.streams.dropAll();
    if (this.world.op.grants.reuses > 0 && !this.mayReuse) this.violate(`a spent refresh token was sent ${this.world.op.grants.reuses} times`);
  }
  summary() { return `${this.passes} passed, ${this.refusals} refused, ${this.sessions.length} sign-ins, ${this.streams.opened} streams, ${this.#refreshes()} refreshes, ${JSON.stringify(this.counts)}`; }
}
