// The access log and the error log: one JSON object a line, the fields an operator needs, and never a secret.
// Quick.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import { freePort } from './lib/proxy.mjs';
import { FETCH, NAVIGATION, RawClient, request, requestBytes } from './lib/raw.mjs';
import { HOST, ORIGIN, ROUTES, makeWorld } from './lib/world.mjs';

const FIELDS = ['time', 'id', 'client', 'method', 'host', 'path', 'route', 'decision', 'status', 'bytes_in', 'bytes_out', 'duration_ms'];

describe('the access log', () => {
  test('a request is one line with every field', async (t) => {
    const world = await makeWorld(t);
    const cookie = await world.session();
    await request(world.port, 'POST', '/private/page?secret=1', { Cookie: cookie }, { body: 'twelve bytes' });
    const line = await world.proxy.waitAccess((entry) => entry.path === '/private/page');
    for (const name of [...FIELDS, 'upstream_ms', 'upstream', 'sub']) assert.ok(name in line, `${name} is missing: ${JSON.stringify(line)}`);
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 60_000);
    assert.match(line.id, /^[0-9a-f]{16}$/);
    assert.equal(line.id, world.recorder.requests.at(-1).fields.get('x-request-id'));
    assert.deepEqual([line.client, line.method, line.host, line.status, line.decision, line.sub], ['127.0.0.1', 'POST', HOST, 200, 'pass', 'alice-sub']);
    assert.match(line.route, /\/private\/\*/);
    assert.ok(line.bytes_in >= 12);
    assert.ok(line.bytes_out > 0 && line.duration_ms >= 0 && line.upstream_ms >= 0);
  });

  const DECISIONS = [
    ['/public/x', {}, 'public', 200], ['/private/x', NAVIGATION, 'sign_in', 303], ['/private/x', FETCH, 'unauthenticated', 401], ['/denied/x', FETCH, 'deny', 403],
    ['/nowhere', FETCH, 'no_route', 404], ['/_auth/me', FETCH, 'own', 401],
  ];
  test('each decision has its name', async (t) => {
    const world = await makeWorld(t);
    for (const [target, headers, decision, status] of DECISIONS) {
      assert.equal((await world.get(target, headers)).status, status);
      const line = await world.proxy.waitAccess((entry) => entry.path === target && entry.status === status);
      assert.equal(line.decision, decision, target);
    }
    const cookie = await world.session();
    await world.get('/admin/x', { ...FETCH, Cookie: cookie });
    assert.equal((await world.proxy.waitAccess((entry) => entry.path === '/admin/x')).decision, 'forbidden');
    const client = await RawClient.connect(world.port);
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    await client.response();
    client.destroy();
    assert.equal((await world.proxy.waitAccess((entry) => entry.status === 400)).decision, 'bad_request');
  });

  test('an upstream that fails is named with the address that was tried, and how long it was waited for', async (t) => {
    const gone = await freePort(), hanging = net.createServer(() => {});
    await new Promise((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    t.after(() => hanging.close());
    const world = await makeWorld(t, {
      config: { upstreams: { gone: `http://127.0.0.1:${gone}`, slow: { url: `http://127.0.0.1:${hanging.address().port}`, response_timeout: '1s' }, socket: 'unix:/nowhere/app.sock' } },
      routes: ['gone', 'slow', 'socket'].map((name) => ({ path: `/${name}`, access: 'public', upstream: name })),
    });
    const CASES = [['gone', 502, `127.0.0.1:${gone}`, /refused/], ['slow', 504, `127.0.0.1:${hanging.address().port}`, /waited 1 s/], ['socket', 502, 'unix:/nowhere/app.sock', /./]];
    for (const [name, status, address, words] of CASES) {
      assert.equal((await world.get(`/${name}`)).status, status, name);
      const line = await world.proxy.waitLog(({ msg, upstream }) => msg === 'upstream failed' && upstream === name);
      assert.equal(line.address, address);
      assert.match(line.reason, words);
    }
  });

  test('O17 hostile bytes stay one line of valid JSON', async (t) => {
    const world = await makeWorld(t);
    for (const target of ['/nowhere/%0d%0a%7B%22x%22:1%7D', '/nowhere/%1b%5b2J', '/nowhere/%e2%80%a8', `/nowhere/${'a'.repeat(9000)}`, '/nowhere/%22%7d']) {
      const client = await RawClient.connect(world.port);
      await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: \xff\xfe\x80\u00e9 evil\r\nReferer: \xc3\x28\r\nConnection: close\r\n\r\n`, 'latin1'));
      await client.response();
      client.destroy();
    }
    await world.get('/nowhere/last', FETCH);
    await world.proxy.waitAccess((entry) => entry.path === '/nowhere/last');
    assert.deepEqual(world.proxy.access.filter(({ unparsed }) => unparsed), []);
    assert.deepEqual(world.proxy.errors.filter(({ unparsed }) => unparsed), []);
    assert.doesNotMatch(world.proxy.output, /[\0-\x08\x0b-\x1f\x7f\u2028\u2029]/, 'no control byte reaches a terminal');
  });

  test('access_log off writes no line', async (t) => {
    const world = await makeWorld(t, { config: (base) => ({ ...base, access_log: 'off' }) });
    await world.get('/public/x');
    await world.proxy.stop();
    assert.deepEqual(world.proxy.access, []);
    world.proxy = null;
  });

  test('a reader that is slow does not stall requests', async (t) => {
    const world = await makeWorld(t);
    world.proxy.child.stdout.pause();
    const client = await RawClient.connect(world.port);
    for (let count = 0; count < 400; ++count) {
      await client.send(requestBytes('GET', `/public/${'x'.repeat(1000)}`, { Host: HOST }));
      assert.equal((await client.response()).status, 200, 'although 400 KiB of log wait in the pipe');
    }
    client.destroy();
    world.proxy.child.stdout.resume();
  });
});

describe('what is refused', () => {
  test('is told with its path, also where nobody can read that', async (t) => {
    const world = await makeWorld(t);
    for (const [target, path = target] of [['/w/x/..%2fadmin/'], ['/w/%zz'], ['/w/a%0ab'], ['/w/a"b'], ['/w/%zz?token=query-secret', '/w/%zz'], ['/w/%00#hash-secret', '/w/%00']]) {
      const client = await RawClient.connect(world.port);
      await client.send(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      assert.equal((await client.response()).status, 400, target);
      client.destroy();
      const line = await world.proxy.waitAccess((entry) => entry.status === 400 && entry.path === path);
      const event = await world.proxy.waitLog(({ id }) => id === line.id);
      assert.deepEqual([event.msg, event.path], ['bad request', path]);
    }
    assert.doesNotMatch(world.proxy.output, /query-secret|hash-secret/);
  });

  test('by a Host that is not ours is told with its id, and a call by Logto with its own remedy', async (t) => {
    const world = await makeWorld(t);
    const answers = [await world.get('/x', FETCH, { host: 'inner.test' }), await world.post('/_auth/backchannel-logout', {}, { host: 'inner.test', body: 'x' }), await world.post('/_auth/webhook', {}, { host: 'hooks.test', body: 'x' })];
    const words = [/name it under external_urls/, /logto\.backchannel_url/, /logto\.backchannel_url/];
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.status, 421);
      const line = await world.proxy.waitLog(({ id }) => id === answer.fields.get('x-request-id'));
      assert.match(line.msg, words[index]);
    }
  });

  test('as a webhook for which there is no key is told, once in a minute', async (t) => {
    const world = await makeWorld(t);
    for (let count = 0; count < 3; ++count) assert.equal((await world.post('/_auth/webhook', {}, { body: '{}' })).status, 404);
    await world.get('/public/last');
    await world.proxy.waitAccess(({ path }) => path === '/public/last');
    const lines = world.proxy.errors.filter(({ msg }) => /logto\.webhook_secret/.test(msg));
    assert.deepEqual(lines.map(({ level, times }) => [level, times]), [['warning', 1]]);
  });
});

describe('whoever signs somebody out', () => {
  const SAME_ORIGIN = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
  const WAYS = {
    'the person': [(world, user) => user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: SAME_ORIGIN, body: '' }), ['signed out', 'the person']],
    'the person, on all devices': [(world, user) => user.fetch(`${ORIGIN}/_auth/sign-out?everywhere=1`, { method: 'POST', headers: SAME_ORIGIN, body: '' }), ['signed out', 'the person, everywhere']],
    'a script of the app': [(world, user) => user.fetch(`${ORIGIN}/oauth2/sign_out`, { headers: FETCH }), ['signed out', 'the person']],
    'another person in the same browser': [async (world, user) => {
      world.op.user = { ...world.op.user, sub: 'bob-sub' };
      await user.navigate(`${ORIGIN}/_auth/sign-in?prompt=login`);
    }, ['signed out', 'another sign-in in this browser']],
    Logto: [(world) => world.op.sendLogout(world.port, { sub: 'alice-sub' }), ['Logto ended sessions', 'sub']],
  };
  for (const [who, [signOut, [msg, by]]] of Object.entries(WAYS)) {
    test(`${who} is told with whom`, async (t) => {
      const world = await makeWorld(t, { routes: [{ path: '/oauth2/auth', access: 'deny' }, ...ROUTES], config: { forward_auth: { oauth2_proxy: true } } });
      const user = await world.signIn();
      await signOut(world, user);
      const line = await world.proxy.waitLog((entry) => entry.msg === msg);
      assert.deepEqual([line.sub, line.by, line.level], ['alice-sub', by, 'info']);
      assert.match(line.id, /^[0-9a-f]{16}$/);
    });
  }

  test('nobody, where nobody was signed in', async (t) => {
    const world = await makeWorld(t);
    await world.user().fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: SAME_ORIGIN, body: '' });
    await world.proxy.waitAccess(({ path }) => path === '/_auth/sign-out');
    assert.deepEqual(world.proxy.errors.filter(({ msg }) => msg === 'signed out'), []);
  });
});

describe('secrets', () => {
  test('O34 after whole sign-ins, good and bad, no log holds a code, token, cookie, state or secret', async (t) => {
    const world = await makeWorld(t, { opOptions: { refreshTokens: true } });
    const user = world.user();
    await user.navigate(`${ORIGIN}/private/x?code=query-secret&token=query-secret`);
    const values = [...user.cookies(HOST).values()].map(({ value }) => value);
    await user.navigate(`${ORIGIN}/private/y`);
    for (const twist of [{ claims: (claims) => ({ ...claims, nonce: 'wrong' }) }, { onToken: (_request, response) => { response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant","error_description":"leak-me-not"}'); return true; } }]) {
      world.op.twist = twist;
      await world.user().navigate(`${ORIGIN}/private/x`);
    }
    world.op.twist = {};
    await user.navigate(user.hops.find((hop) => hop.url.includes('/_auth/callback')).url);
    await user.fetch(`${ORIGIN}/_auth/sign-out`, { method: 'POST', headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin', Authorization: 'Bearer header-secret' }, body: 'body-secret' });
    for (const hop of user.hops) {
      const { searchParams } = new URL(hop.url);
      for (const name of ['code', 'state', 'nonce', 'code_challenge']) if (searchParams.get(name)?.length > 15) values.push(searchParams.get(name));
      for (const line of hop.fields.all('set-cookie')) { const value = line.split(';')[0].split('=').slice(1).join('='); if (value.length > 15) values.push(value); }
    }
    await world.proxy.waitAccess((entry) => entry.path === '/_auth/sign-out');
    await world.proxy.stop();
    const { output } = world.proxy;
    world.proxy = null;
    assert.ok(values.length > 8);
    for (const value of [...values, ...world.op.secrets, world.secret, 'query-secret', 'header-secret', 'body-secret']) {
      assert.ok(!output.includes(value), `in a log: ${value.slice(0, 60)}`);
      if (value.length > 60) assert.ok(!output.includes(value.slice(10, 50)), `in part in a log: ${value.slice(0, 60)}`);
    }
  });
});
