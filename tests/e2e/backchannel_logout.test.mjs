// Logto says that somebody is out: logout tokens and webhooks, honest and hostile. What is honest ends exactly what it names, at
// once, also behind a WebSocket and across a restart; what is not ends nothing, is 400 and one log line, and costs sign-ins nothing.
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { LOGOUT_ATTACKS } from '../op/token_attacks.mjs';
import { webSocketLibrary } from './lib/chromium.mjs';
import { SigningKey, decodeJwt } from './lib/evil_op.mjs';
import { LOGOUT_REQUESTS, LOGOUT_TOKENS, WEBHOOKS, logoutRequest, suspension, userEvent, webhookRequest } from './lib/logout_tokens.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { SLOWNESS, freePort, temporaryFolder } from './lib/proxy.mjs';
import { FETCH, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const LOGOUT = '/_auth/backchannel-logout';
const WEBHOOK = '/_auth/webhook';
const KEY = 'key-of-the-webhook';
const BOB = { sub: 'bob-sub', username: 'bob', name: 'Bob' };

const logoutWorld = (scope, { op = {}, ...options } = {}) => makeWorld(scope, { opOptions: { sessionIds: true, ...op }, ...options });

// A fresh session: its cookie, and what Logto calls it.
async function signedIn(world, who) {
  const cookie = await world.session(who);
  const { sub, sid } = decodeJwt(world.op.lastIdToken).claims;
  return { cookie, sub, sid };
}
const isIn = async (world, { cookie }) => {
  const { status } = await world.get('/private/x', { ...FETCH, Cookie: cookie });
  assert.ok([200, 401].includes(status), `status ${status}`);
  return status === 200;
};
const send = (world, { headers, body }, target = LOGOUT) => world.post(target, headers, { body, timeout: 10_000 * SLOWNESS });
const fetchesOfKeys = (world) => world.op.calls('/oidc/jwks').length;

// Log lines come from another thread: the nth one is an event.
function refusalsOf(world, msg) {
  const isOne = (entry) => entry.msg === msg;
  const count = () => world.proxy.errors.filter(isOne).length;
  const until = async (wanted) => { while (count() < wanted) await once(world.proxy, 'errors', { signal: AbortSignal.timeout(10_000) }); };
  return { count, until, lines: () => world.proxy.errors.filter(isOne) };
}

describe('an honest logout token', () => {
  const scope = suite(after);
  let world;
  before(async () => { world = await logoutWorld(scope); });

  test('with a sid ends just that session, and is answered 200, empty, not to be stored', async () => {
    const [one, other] = [await signedIn(world), await signedIn(world)];
    assert.notEqual(one.sid, other.sid);
    const answer = await world.op.sendLogout(world.port, { sub: one.sub, sid: one.sid });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, '');
    assert.match(answer.fields.get('cache-control'), /no-store/);
    assert.equal(await isIn(world, one), false);
    assert.equal(await isIn(world, other), true);
    const line = await world.proxy.waitLog((entry) => entry.msg === 'Logto ended sessions');
    assert.equal(line.by, 'sid');
    assert.ok(!world.proxy.output.includes(world.op.lastLogoutToken));
  });

  test('without a sid ends all sessions of the user, and nobody else\'s', async () => {
    const mine = [await signedIn(world), await signedIn(world)];
    const his = await signedIn(world, BOB);
    assert.equal((await world.op.sendLogout(world.port, { sub: mine[0].sub })).status, 200);
    for (const session of mine) assert.equal(await isIn(world, session), false);
    assert.equal(await isIn(world, his), true);
  });

  test('leaves a sign-in after it alone', async () => {
    const before = await signedIn(world);
    assert.equal((await world.op.sendLogout(world.port, { sub: before.sub })).status, 200);
    assert.equal(await isIn(world, await signedIn(world)), true);
    assert.equal(await isIn(world, before), false);
  });

  test('is 200 again when what it names is over', async () => {
    const session = await signedIn(world);
    for (let count = 0; count < 3; ++count) assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.equal((await world.op.sendLogout(world.port, { sub: 'never-seen', sid: 'never-seen' })).status, 200);
  });

  test('works once: the second time it is 400 and ends nothing', async () => {
    const token = world.op.logoutToken({ sub: (await signedIn(world)).sub });
    assert.equal((await world.op.sendLogout(world.port, { token })).status, 200);
    const later = await signedIn(world);
    const answer = await world.op.sendLogout(world.port, { token });
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.text).error, 'invalid_request');
    assert.equal(await isIn(world, later), true);
  });

  test('ends the session also if Logto does not wait for the answer', async () => {
    const session = await signedIn(world);
    const { headers, body } = logoutRequest(world.op.logoutToken(session));
    const client = await RawClient.connect(world.port);
    await client.send(requestBytes('POST', LOGOUT, { Host: HOST, ...headers }, body));
    client.destroy();
    while (await isIn(world, session));
  });

  test('refuses a sign-in that was under way when it came', async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    const asked = new Promise((resolve) => { world.op.twist = { onToken: async () => { resolve(); await held; } }; });
    const user = world.user();
    const landing = user.navigate(`${ORIGIN}/private/x`);
    await asked;
    assert.equal((await world.op.sendLogout(world.port, { sub: world.op.user.sub })).status, 200);
    release();
    const answer = await landing;
    world.op.twist = {};
    assert.equal(answer.status, 400);
    assert.equal(user.sessionCookies(HOST), '');
  });

  test('is for POST only', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const client = await RawClient.connect(world.port);
      await client.send(requestBytes(method, LOGOUT, { Host: HOST, Connection: 'close' }));
      const answer = await client.response({ method });
      client.destroy();
      assert.equal(answer.status, 405, method);
      assert.equal(answer.fields.get('allow'), 'POST');
    }
  });

  test('with a key that Logto has just rotated in is good at once', async () => {
    const session = await signedIn(world);
    world.op.key = new SigningKey('ES384');
    assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.equal(await isIn(world, session), false);
  });
});

test('a WebSocket of the session gets 4401', async (t) => {
  const { WebSocket, WebSocketServer } = webSocketLibrary();
  const server = http.createServer((_request, response) => response.end('{}'));
  const sockets = new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { for (const one of sockets.clients) one.terminate(); server.closeAllConnections(); server.close(); });
  const world = await logoutWorld(t, { config: { upstreams: { app: `http://127.0.0.1:${server.address().port}` } } });
  const session = await signedIn(world);
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/private/ws`, { origin: ORIGIN, headers: { Host: HOST, Cookie: session.cookie } });
    await once(socket, 'open');
    return socket;
  };
  const closed = once(await open(), 'close');
  const sent = Date.now();
  assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
  const [code] = await closed;
  assert.equal(code, 4401);
  assert.ok(Date.now() - sent < 1500 * SLOWNESS, `after ${Date.now() - sent} ms`);
});

describe('across a restart', { concurrency: true }, () => {
  const ended = async (scope, config) => {
    const world = await logoutWorld(scope, { config });
    const session = await signedIn(world);
    assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.equal(await isIn(world, session), false);
    await world.restart();
    return { world, session };
  };

  test('what the journal holds stays ended, and a token from before ends no session from after', async (t) => {
    const { world, session } = await ended(t, { revocations: { journal: path.join(temporaryFolder(), 'revocations') } });
    assert.equal(await isIn(world, session), false);
    assert.equal(await isIn(world, await signedIn(world)), true);
  });

  test('without a journal it is forgotten, as check says', async (t) => {
    const { world, session } = await ended(t, {});
    assert.equal(await isIn(world, session), true);
  });
});

describe('a hostile logout token is 400, one log line, and ends nothing', () => {
  const scope = suite(after);
  let world;
  let session;
  let refusals;
  before(async () => {
    world = await logoutWorld(scope);
    session = await signedIn(world);
    refusals = refusalsOf(world, 'logout token refused');
  });

  async function assertRefused(request) {
    const count = refusals.count();
    const answer = await send(world, request);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(JSON.parse(answer.text).error, 'invalid_request');
    await refusals.until(count + 1);
    assert.equal(await isIn(world, session), true);
    assert.equal(refusals.count(), count + 1, 'exactly one line');
    const line = refusals.lines().at(-1);
    assert.ok(line.rule && line.reason && line.id, JSON.stringify(line));
  }
  async function assertAccepted(request) {
    const answer = await send(world, request);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await isIn(world, session), false);
    session = await signedIn(world);
  }
  const judge = (row, request) => (row.expect === 'accept' ? assertAccepted(request) : assertRefused(request));

  for (const row of LOGOUT_TOKENS) test(`token: ${row.name}`, () => judge(row, logoutRequest(row.token(world.op, session))));
  for (const row of LOGOUT_REQUESTS) test(`request: ${row.name}`, () => judge(row, row.request(world.op, session)));
  for (const row of LOGOUT_ATTACKS.filter(({ name }) => name !== 'a jti for the second time')) {
    test(`${row.id} ${row.name}`, () => {
      world.op.twist = row.twist;
      const token = world.op.logoutToken(session);
      world.op.twist = {};
      return assertRefused(logoutRequest(token));
    });
  }

  test('and no line more, and no token in any', async () => {
    const refused = [...LOGOUT_TOKENS, ...LOGOUT_REQUESTS].filter(({ expect }) => expect === 'refuse').length + LOGOUT_ATTACKS.length - 1;
    assert.equal(refusals.count(), refused);
    assert.ok(!world.proxy.output.includes(world.op.lastLogoutToken));
  });
});

describe('key ids that nobody has', () => {
  const junk = (world) => { const key = new SigningKey('ES384'); return world.op.logoutToken({ sub: 'alice-sub', header: { kid: key.kid } }); };

  test('cost Logto one call, and a sign-in after a rotation of keys works at once', async (t) => {
    const world = await logoutWorld(t);
    const session = await signedIn(world);
    assert.equal(fetchesOfKeys(world), 1);
    const answers = await Promise.all(Array.from({ length: 100 }, () => world.op.sendLogout(world.port, { token: junk(world) })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [400]);
    assert.equal(fetchesOfKeys(world), 2);
    world.op.key = new SigningKey('ES384');
    const later = await signedIn(world);
    assert.equal(fetchesOfKeys(world), 3);
    assert.equal(await isIn(world, session), true);
    assert.equal((await world.op.sendLogout(world.port, later)).status, 200);
    assert.equal(await isIn(world, later), false);
    assert.equal(fetchesOfKeys(world), 3);
  });

  test('from one address, again and again, keep out no honest token under a new key', async (t) => {
    const world = await logoutWorld(t);
    const session = await signedIn(world);
    const fromElsewhere = () => {
      const { headers, body } = logoutRequest(junk(world));
      return world.post(LOGOUT, headers, { body, localAddress: '127.0.0.2' });
    };
    assert.equal((await fromElsewhere()).status, 400);
    world.op.key = new SigningKey('ES384');
    assert.equal((await fromElsewhere()).status, 400);
    assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.equal(await isIn(world, session), false);
  });

  test('do not delay a sign-in while Logto is slow to answer for them', async (t) => {
    const world = await logoutWorld(t);
    await signedIn(world);
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    const asked = new Promise((resolve) => {
      world.op.twist = { onJwks: async () => { world.op.twist = {}; resolve(); await held; } };
    });
    const answer = world.op.sendLogout(world.port, { token: junk(world) });
    await asked;
    world.op.key = new SigningKey('ES384');
    assert.equal(await isIn(world, await signedIn(world)), true);
    release();
    assert.equal((await answer).status, 400);
  });

  test('and junk signatures in numbers let sign-ins and honest tokens through', async (t) => {
    const world = await logoutWorld(t);
    const session = await signedIn(world);
    const forger = new SigningKey('ES384');
    const forged = (() => {
      const honest = world.op.key;
      world.op.key = { alg: honest.alg, kid: honest.kid, sign: (input) => forger.sign(input) };
      try { return world.op.logoutToken(session); } finally { world.op.key = honest; }
    })();
    const flood = Promise.all(Array.from({ length: 300 }, () => world.op.sendLogout(world.port, { token: forged })));
    const other = await signedIn(world);
    assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.deepEqual([...new Set((await flood).map(({ status }) => status))], [400]);
    assert.equal(await isIn(world, session), false);
    assert.equal(await isIn(world, other), true);
  });
});

describe('while Logto is away', { concurrency: true }, () => {
  const away = (_request, response) => { response.writeHead(503).end(); return true; };

  test('from the start, a token is 503, and not used up', async (t) => {
    const world = await logoutWorld(t);
    world.op.twist = { onDiscovery: away };
    const token = world.op.logoutToken({ sub: world.op.user.sub });
    const answer = await world.op.sendLogout(world.port, { token });
    assert.equal(answer.status, 503);
    assert.ok(answer.fields.get('retry-after'));
    await world.proxy.waitLog((entry) => entry.msg === 'logout token refused' && entry.rule === 'provider_unavailable');
    world.op.twist = {};
    while ((await world.user().navigate(`${ORIGIN}/private/x`)).status !== 200); // the back-off
    assert.equal((await world.op.sendLogout(world.port, { token })).status, 200);
  });

  test('with keys in hand, a token is as good as ever; one with another key is 503', async (t) => {
    const world = await logoutWorld(t);
    const session = await signedIn(world);
    world.op.twist = { onDiscovery: away, onJwks: away };
    assert.equal((await world.op.sendLogout(world.port, session)).status, 200);
    assert.equal(await isIn(world, session), false);
    world.op.key = new SigningKey('ES384');
    assert.equal((await world.op.sendLogout(world.port, session)).status, 503);
  });
});

describe('webhooks', () => {
  const scope = suite(after);
  let world;
  let session;
  let refusals;
  before(async () => {
    world = await logoutWorld(scope, { config: (base) => ({ ...base, logto: { ...base.logto, webhook_secret: KEY } }) });
    session = await signedIn(world);
    refusals = refusalsOf(world, 'webhook refused');
  });

  for (const row of WEBHOOKS) {
    test(row.name, async () => {
      const count = refusals.count();
      const other = row.expect === 'ends' ? await signedIn(world, BOB) : null;
      const answer = await send(world, row.request(KEY, session.sub), WEBHOOK);
      assert.equal(answer.status, row.expect === 'refuse' ? 400 : 200, answer.text);
      assert.equal(await isIn(world, session), row.expect !== 'ends');
      if (other) assert.equal(await isIn(world, other), true);
      if (row.expect === 'ends') await world.proxy.waitLog(({ msg, by, sub }) => msg === 'Logto ended sessions' && by === 'webhook' && sub === session.sub);
      if (row.expect === 'ends') session = await signedIn(world);
      if (row.expect === 'refuse') await refusals.until(count + 1);
      assert.equal(refusals.count(), row.expect === 'refuse' ? count + 1 : count);
    });
  }

  test('a copy of one is 400 and ends nothing', async () => {
    const request = webhookRequest(KEY, suspension(session.sub, true));
    assert.equal((await send(world, request, WEBHOOK)).status, 200);
    session = await signedIn(world);
    assert.equal((await send(world, request, WEBHOOK)).status, 400);
    assert.equal(await isIn(world, session), true);
  });

  test('signed twice it is refused', async () => {
    const { headers, body } = webhookRequest(KEY, userEvent('User.Deleted', session.sub));
    const name = 'logto-signature-sha-256';
    assert.equal((await send(world, { headers: { ...headers, [name]: [headers[name], headers[name]] }, body }, WEBHOOK)).status, 400);
    assert.equal(await isIn(world, session), true);
  });

  test('GET is 405', async () => {
    assert.equal((await world.get(WEBHOOK, FETCH)).status, 405);
  });

  test('there are none without a key', async (t) => {
    const without = await makeWorld(t);
    assert.equal((await send(without, webhookRequest('', userEvent('User.Deleted', 'alice-sub')), WEBHOOK)).status, 404);
  });
});

describe('where Logto reaches us by another name', () => {
  test('both endpoints answer there, and nothing else does', async (t) => {
    const world = await logoutWorld(t, { config: (base) => ({ ...base, logto: { ...base.logto, webhook_secret: KEY, backchannel_url: 'http://proxy.internal:8080' } }) });
    const host = 'proxy.internal:8080';
    const [one, other] = [await signedIn(world), await signedIn(world, BOB)];
    assert.equal((await world.op.sendLogout(world.port, { ...one, host })).status, 200);
    assert.equal(await isIn(world, one), false);
    const { headers, body } = webhookRequest(KEY, userEvent('User.Deleted', other.sub));
    assert.equal((await world.post(WEBHOOK, headers, { host, body })).status, 200);
    assert.equal(await isIn(world, other), false);
    for (const target of ['/', '/public/x', '/_auth/me', '/_auth/sign-in', `${LOGOUT}/x`, '/x/..//public/x']) {
      const { status } = await world.get(target, FETCH, { host });
      assert.ok([400, 421].includes(status), `${target}: ${status}`);
    }
    assert.equal((await world.op.sendLogout(world.port, { ...one, host: 'elsewhere.test' })).status, 421);
  });

  test('our own sign-out makes Logto call us, and that is 200 and changes nothing', async (t) => {
    const port = await freePort();
    const op = await DevelopmentOp.start({
      redirect_uris: [`${ORIGIN}/_auth/callback`], post_logout_redirect_uris: [`${ORIGIN}/_auth/signed-out`],
      backchannel_logout_uri: `http://127.0.0.1:${port}${LOGOUT}`,
    });
    const world = await makeWorld(t, { op, config: (base) => ({ ...base, listen: `127.0.0.1:${port}`, logto: { ...base.logto, backchannel_url: `http://127.0.0.1:${port}` } }) });
    const user = world.user();
    const page = await user.submit(await user.navigate(`${ORIGIN}/private/x`), { username: 'alice', password: 'alice-password' });
    assert.equal(page.status, 200, page.text.slice(0, 400));
    const session = { cookie: user.sessionCookies(HOST) };
    assert.equal(await isIn(world, session), true);
    const left = await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    assert.equal(left.status, 303);
    assert.equal(await isIn(world, session), false);
    const confirm = await user.navigate(left.next);
    confirm.text = confirm.text.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>'); // it stands outside, with form=
    const back = await user.submit(confirm);
    assert.equal(new URL(back.url).pathname, '/_auth/signed-out', back.text.slice(0, 400));
    const access = await world.proxy.waitAccess((entry) => entry.path === LOGOUT);
    assert.equal(access.status, 200);
    const again = await user.navigate(`${ORIGIN}/private/x`);
    assert.equal(again.status, 200);
    assert.equal(new URL(again.url).origin, op.endpoint, 'on the sign-in page of the provider');
    const fresh = await user.submit(again, { username: 'alice', password: 'alice-password' });
    assert.equal(fresh.status, 200);
    assert.equal(await isIn(world, { cookie: user.sessionCookies(HOST) }), true);
  });
});
