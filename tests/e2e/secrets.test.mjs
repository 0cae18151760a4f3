// Secrets that are replaced while the proxy runs: SIGHUP, the ring of session secrets, two app secrets.
// Quick.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { freshSecret, run, temporaryFolder } from './lib/proxy.mjs';
import { FETCH } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld } from './lib/world.mjs';

// Rewrites the configuration, sends SIGHUP and waits for the line that says how it went.
async function reload(world, change, text = null) {
  const { proxy } = world;
  const config = structuredClone(proxy.config);
  change?.(config);
  fs.writeFileSync(proxy.file, text ?? JSON.stringify(config, null, 1));
  const from = proxy.errors.length;
  proxy.signal('SIGHUP');
  const last = () => proxy.errors.slice(from).find(({ msg }) => /^secrets (re-read|kept)/.test(msg));
  while (!last()) await once(proxy, 'errors', { signal: AbortSignal.timeout(10_000) });
  proxy.config = config;
  return { ...last(), lines: proxy.errors.slice(from) };
}
const ring = (...secrets) => (config) => { config.session.secret = secrets; };
const statusOf = async (world, cookie) => (await world.get('/private/x', { ...FETCH, Cookie: cookie })).status;
const basicSecret = (call) => decodeURIComponent(Buffer.from(call.headers.authorization.slice(6), 'base64').toString().split(':')[1]);

// A provider that takes only these secrets of ours, as Logto refuses: 401 invalid_client.
function accept(op, ...accepted) {
  op.twist.onToken = (_request, response, call) => {
    const secret = basicSecret(call);
    if (!accepted.includes(secret)) {
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="x"' });
      response.end(JSON.stringify({ code: 'oidc.invalid_client', error: 'invalid_client', error_description: 'client authentication failed' }));
      return true;
    }
    call.headers.authorization = `Basic ${Buffer.from(`${op.clientId}:${op.clientSecret}`).toString('base64')}`;
    return false;
  };
}
const fallOvers = (world) => world.proxy.errors.filter(({ msg }) => /refuses one secret of logto.app_secret/.test(msg));
function assertNoSecretInLogs(world, ...secrets) {
  for (const secret of [world.secret, ...world.op.secrets, ...secrets]) assert.ok(!world.proxy.output.includes(secret), 'a secret in the log');
}

describe('the ring of session secrets on SIGHUP', { concurrency: true }, () => {
  test('a rotation signs nobody out: re-sealed under the new secret, a session outlives the old one', async (t) => {
    const world = await makeWorld(t);
    const fresh = freshSecret();
    const user = await world.signIn();
    const left = await world.signIn(); // does not come back in time
    const before = user.sessionCookies(HOST);

    const line = await reload(world, ring(fresh, world.secret));
    assert.equal(line['session.secret'], '2 (first is new)');
    assert.equal(line['logto.app_secret'], '1 (unchanged)');
    assert.equal((await user.fetch(`${ORIGIN}/private/x`, { headers: FETCH })).status, 200);
    const resealed = user.sessionCookies(HOST);
    assert.notEqual(resealed, before, 'written again with the first secret');
    assert.equal(await statusOf(world, before), 200, 'the old secret still opens');

    assert.equal((await reload(world, ring(fresh)))['session.secret'], '1 (1 removed)');
    assert.equal(await statusOf(world, resealed), 200);
    assert.equal(await statusOf(world, before), 401, 'a cookie under the removed secret, warm in every cache, is dead');
    assert.equal(await statusOf(world, left.sessionCookies(HOST)), 401);
    assert.equal(world.proxy.exited, null);
    assertNoSecretInLogs(world, fresh);
  });

  test('a sign-in under way survives a rotation', async (t) => {
    const world = await makeWorld(t);
    const user = world.user();
    const start = await user.fetch(`${ORIGIN}/private/x`);
    assert.equal(start.status, 303);
    await reload(world, ring(freshSecret(), world.secret));
    assert.equal((await user.navigate(start.next)).status, 200);
  });

  test('a file that is broken, or holds a broken secret, changes nothing and names its mistakes', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    for (const [change, text] of [[null, 'routes: ['], [ring('too-short-to-be-one'), null], [(config) => { config.rutes = []; }, null], [ring(), null], [null, '']]) {
      const good = world.proxy.config;
      const line = await reload(world, change, text);
      world.proxy.config = good;
      assert.match(line.msg, /^secrets kept/);
      assert.equal(line.level, 'error');
      assert.ok(line.lines.length > 1, 'each problem has a line');
      assert.equal(await statusOf(world, cookie), 200);
    }
    fs.rmSync(world.proxy.file);
    const from = world.proxy.errors.length;
    world.proxy.signal('SIGHUP');
    while (!world.proxy.errors.slice(from).some(({ msg }) => /^secrets kept/.test(msg))) await once(world.proxy, 'errors');
    assert.equal(await statusOf(world, cookie), 200);
    assert.ok(!world.proxy.output.includes('too-short-to-be-one'));
  });

  test('secrets come from their file again, and everything else waits for a restart with a warning', async (t) => {
    const file = path.join(temporaryFolder(), 'ring');
    const [old, fresh] = [freshSecret(), freshSecret()];
    fs.writeFileSync(file, `${old}\n`);
    const world = await makeWorld(t, { config: (base) => ({ ...base, session: { secret_file: file } }) });
    const cookie = await world.session();
    fs.writeFileSync(file, `${fresh}\n${old}\n`);
    const first = await reload(world);
    assert.equal(first['session.secret'], '2 (first is new)');
    assert.ok(!first.lines.some(({ msg }) => /restart/.test(msg)), 'nothing to warn of');
    assert.equal(await statusOf(world, cookie), 200);

    const more = await reload(world, (config) => { config.session.idle_timeout = '2h'; config.routes = [{ path: '/*', access: 'deny' }]; });
    assert.equal(more['session.secret'], '2 (unchanged)');
    const warning = await world.proxy.waitLog(({ msg }) => /needs a restart/.test(msg));
    assert.equal(warning.level, 'warning');
    assert.equal(warning.keys, 'session.idle_timeout, routes');
    assert.equal(await statusOf(world, cookie), 200, 'the old routes still hold');
    assertNoSecretInLogs(world, old, fresh);
  });

  test('many SIGHUPs, also while it stops, do not hurt', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    for (let count = 0; count < 20; ++count) world.proxy.signal('SIGHUP');
    await world.proxy.waitLog(({ msg }) => msg === 'secrets re-read');
    assert.equal(await statusOf(world, cookie), 200);
    world.proxy.expectExit = true;
    world.proxy.signal('SIGTERM');
    for (let count = 0; count < 5; ++count) world.proxy.signal('SIGHUP');
    assert.deepEqual(await world.proxy.exit(), { code: 0, signal: null });
  });
});

describe('two app secrets', { concurrency: true }, () => {
  const [stale, good] = ['stale-app-secret', 'good-app-secret'];
  const two = (...secrets) => ({ config: { logto: { app_secret: secrets } } });

  test('when the first is refused sign-ins succeed with the second, which is remembered, with one log line', async (t) => {
    const world = await makeWorld(t, two(stale, good));
    accept(world.op, good);
    const sent = [];
    world.op.on('call', (call) => { if (call.path === '/oidc/token') sent.push(basicSecret(call)); });
    await world.signIn();
    await world.signIn();
    assert.deepEqual(sent, [stale, good, good]);
    assert.equal(fallOvers(world).length, 1);
    assert.deepEqual([fallOvers(world)[0].refused, fallOvers(world)[0].used], [1, 2]);
    assertNoSecretInLogs(world, stale, good);
  });

  test('an expired secret, which Logto answers with 400, falls over too', async (t) => {
    const world = await makeWorld(t, two(stale, good));
    accept(world.op, good);
    const judge = world.op.twist.onToken;
    world.op.twist.onToken = (request, response, call) => {
      if (basicSecret(call) !== stale) return judge(request, response, call);
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_request', error_description: 'client secret has expired' }));
      return true;
    };
    await world.signIn();
    assert.equal(fallOvers(world).length, 1);
  });

  test('when both are refused the person gets the error page and the operator the line of a wrong secret', async (t) => {
    const world = await makeWorld(t, two(stale, 'another-stale-secret'));
    accept(world.op, good);
    const answer = await world.user().navigate(`${ORIGIN}/private/x`);
    assert.equal(answer.status, 502);
    const line = await world.proxy.waitLog(({ rule }) => rule === 'client_credentials');
    assert.match(line.msg, /logto\.app_secret/);
    assert.equal(world.op.calls('/oidc/token').length, 2);
    assert.equal(fallOvers(world).length, 0);
    assertNoSecretInLogs(world, stale, 'another-stale-secret');
  });

  test('what is no refusal of the secret is not sent twice: the code would be spent', async (t) => {
    const world = await makeWorld(t, two(stale, good));
    for (const [status, error] of [[400, 'invalid_grant'], [400, 'invalid_client'], [503, 'server_error']]) {
      const before = world.op.calls('/oidc/token').length;
      world.op.twist.onToken = (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
        return true;
      };
      const answer = await world.user().navigate(`${ORIGIN}/private/x`);
      assert.ok(answer.status >= 400);
      assert.equal(world.op.calls('/oidc/token').length, before + 1, error);
    }
  });

  test('SIGHUP brings the new secret before Logto forgets the old one, and nobody notices', async (t) => {
    const world = await makeWorld(t, { config: { logto: { app_secret: stale } } });
    accept(world.op, stale, good);
    const cookie = await world.session();
    const line = await reload(world, (config) => { config.logto.app_secret = [good, stale]; });
    assert.equal(line['logto.app_secret'], '2 (first is new)');
    accept(world.op, good);
    await world.signIn();
    assert.equal(await statusOf(world, cookie), 200);
    assert.equal(fallOvers(world).length, 0);
  });

  test('a sign-out revokes the refresh token with the secret that works', async (t) => {
    const world = await makeWorld(t, { ...two(stale, good), opOptions: { refreshTokens: true } });
    accept(world.op, good);
    world.op.twist.onRevocation = (_request, response, call) => {
      response.writeHead(basicSecret(call) === good ? 200 : 401).end();
      return true;
    };
    const user = await world.signIn();
    await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    const revocations = () => world.op.calls('/oidc/token/revocation');
    while (revocations().length === 0) await once(world.op, 'call', { signal: AbortSignal.timeout(10_000) });
    assert.deepEqual(revocations().map(basicSecret), [good]);
  });
});

describe('a secret that a service makes at each start', () => {
  test('is made once, for its owner alone, and stays', async () => {
    const file = path.join(temporaryFolder(), 'session-secret');
    const make = () => run(['secret', '--file', file]);
    assert.equal((await make()).code, 0);
    const made = fs.readFileSync(file, 'utf8');
    assert.equal(Buffer.from(made, 'base64').length, 32);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const { code, stdout } = await make();
    assert.equal(code, 0);
    assert.match(stdout, /is there already/);
    assert.ok(!stdout.includes(made.trim()));
    assert.equal(fs.readFileSync(file, 'utf8'), made);
  });

  test('a file without a name, as of a variable that is empty, prints no secret', async () => {
    const { code, stdout, stderr } = await run(['secret', '--file', '']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /--file: names no file/);
  });

  test('and where it cannot be written that is said', async () => {
    const { code, stderr } = await run(['secret', '--file', '/nowhere/at/all']);
    assert.equal(code, 1);
    assert.match(stderr, /^logto-proxy secret: \/nowhere\/at\/all: cannot be made in \/nowhere\/at: No such file/);
  });
});
