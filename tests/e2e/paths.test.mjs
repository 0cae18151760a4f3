// What the rule judged is what the app gets: every target of path-confusion.tsv, written raw to the socket.
// Release too: optimised scanners.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { table } from './lib/corpora.mjs';
import { RawClient, request } from './lib/raw.mjs';
import { makeWorld, suite } from './lib/world.mjs';

const VICTIM = 'victim.test';
const TARGETS = table('path-confusion.tsv');

// What a lenient app could make of a path: parameters cut, decoded once, backslashes as slashes, dots resolved, slashes merged.
function worstReading(target) {
  const path = target.split('?')[0].replace(/;[^/]*/g, '').replace(/%([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(parseInt(hex, 16)));
  const out = [];
  for (const part of path.replace(/\\/g, '/').split('/')) {
    if (part === '..') out.pop();
    else if (part !== '.' && part !== '') out.push(part);
  }
  return `/${out.join('/')}`;
}

// What every forwarded path is, whoever wrote it: no dot segment, no raw odd byte, nothing that is no escape.
function assertFit(target) {
  const path = target.split('?')[0];
  assert.match(path, /^\//);
  assert.doesNotMatch(path, /[^\x21-\x7e]|[\\#<>"{}|^`]/, 'no raw byte that a URL can not hold');
  assert.ok(!/%(?![0-9A-Fa-f]{2})/.test(path), 'no broken percent-encoding');
  assert.doesNotMatch(path, /(^|\/)(\.|%2e){1,2}(\/|;|$)/i, 'no dot segment');
  assert.doesNotMatch(path, /%(00|5c)/i);
}

async function send(world, target, cookie) {
  const client = await RawClient.connect(world.port);
  try {
    await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${VICTIM}\r\nConnection: close\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`, 'utf8'));
    return await client.response();
  } finally {
    client.destroy();
  }
}

const ARRANGEMENTS = {
  'open tree, protected tree and a protected rest': {
    routes: [{ path: '/public/*', access: 'public', upstream: 'app' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'app' }],
  },
  'a public rest and a protected tree before it': {
    // Here everything that is not recognised as /private is open: only the worst reading of what arrives can judge.
    routes: [{ path: '/private/*', upstream: 'app' }, { path: '/*', access: 'public', upstream: 'app' }], openRest: true,
  },
  'strip_prefix on the open tree': {
    routes: [{ path: '/public/*', access: 'public', upstream: 'app', strip_prefix: '/public' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'app' }],
    strip: true,
  },
  'encoded slashes kept on the open tree': {
    routes: [{ path: '/public/*', access: 'public', upstream: 'app', encoded_slash: 'keep' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'app' }],
  },
};

for (const [name, { routes, strip, openRest }] of Object.entries(ARRANGEMENTS)) {
  describe(`path confusion: ${name}`, () => {
    let world;
    let cookie;
    const scope = suite(after);
    before(async () => {
      world = await makeWorld(scope, { routes, config: { external_urls: [`http://${VICTIM}`] } });
      const user = new BrowserUser({ [VICTIM]: world.port });
      await user.navigate(`http://${VICTIM}/private/start`);
      cookie = user.sessionCookies(VICTIM);
      assert.ok(cookie);
    });
    beforeEach(() => world.recorder.reset());

    for (const { target, class: kind } of TARGETS) {
      test(`${kind}: ${target.slice(0, 90)}`, async () => {
        const answer = await send(world, target);
        assert.ok([200, 303, 400, 401, 404, 414, 421].includes(answer.status), `status ${answer.status}`);
        if (answer.fields.get('location')) assert.equal(new URL(answer.fields.get('location'), `http://${VICTIM}`).hostname, '127.0.0.1', 'only Logto is redirected to');
        assert.doesNotMatch(answer.text, /<svg|<script>alert/i);
        const judged = world.recorder.requests.map((one) => one.target);
        for (const received of judged) {
          assertFit(received);
          assert.doesNotMatch(worstReading(received), /^\/private(\/|$)/, `an app could read ${received} as protected`);
          if (!strip && !openRest) assert.match(received, /^\/public(\/|$|\?)/, 'only the open tree is open');
        }
        if (judged.length === 1 && !strip) {
          const id = world.recorder.requests[0].fields.get('x-request-id');
          const line = await world.proxy.waitAccess((entry) => entry.id === id);
          assert.equal(judged[0].split('?')[0], line.path, 'the path judged and logged is the path received');
        }

        // With a session: the same path again, and what arrives is a fixed point of the normalisation.
        world.recorder.reset();
        const again = await send(world, target, cookie);
        if (again.status === 400) assert.equal(answer.status, 400, 'hostile bytes are hostile with and without a session');
        for (const received of world.recorder.requests.map((one) => one.target)) {
          assertFit(received);
          if (judged.length) assert.equal(received, judged[0]);
          if (strip) continue;
          world.recorder.reset();
          await send(world, received, cookie);
          assert.deepEqual(world.recorder.requests.map((one) => one.target), [received], 'a fixed point');
        }
        world.proxy.assertHealthy();
      });
    }
  });
}

describe('targets and hosts', () => {
  let world;
  let cookie;
  const get = (target, headers, options) => request(world.port, 'GET', target, headers, { host: VICTIM, ...options });
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      routes: [
        { path: '/public/*', access: 'public', upstream: 'app' },
        { path: '/kept/*', access: 'public', upstream: 'app', encoded_slash: 'keep' },
        { path: '/stripped/*', access: 'public', upstream: 'app', strip_prefix: '/stripped' },
        { path: '/exact', access: 'public', upstream: 'app' },
        { path: '~ /re/[a-z]+/open', access: 'public', upstream: 'app' },
        { path: '/*', upstream: 'app' },
      ],
      config: { external_urls: [`http://${VICTIM}`] },
    });
    const user = new BrowserUser({ [VICTIM]: world.port });
    await user.navigate(`http://${VICTIM}/private/start`);
    cookie = user.sessionCookies(VICTIM);
  });
  beforeEach(() => world.recorder.reset());

  const refusedTargets = ['/public/%00', '/public/a%2Fb', '/public/a%5Cb', '/public\\a', '/public/a%', '/public/%zz', '/public/a#b', '/public/%c0%af', '/public/%ff', '/public/..;/x', 'public/a', '*', 'http://', '/public/\u007f'];
  for (const target of refusedTargets) {
    test(`${JSON.stringify(target)} is 400 and goes nowhere`, async () => {
      assert.equal((await send(world, target)).status, 400);
      assert.deepEqual(world.recorder.requests, []);
    });
  }

  const FORWARDED = {
    '/public/%41%7e%2D': '/public/%41%7E%2D', '/public/\u00e9?\u00e9': '/public/%C3%A9?%C3%A9', '/public/a//b/': '/public/a//b/', '/public/a%3fb': '/public/a%3Fb', '/public/a%23b': '/public/a%23b', '/public/%e2%82%ac': '/public/%E2%82%AC',
    '/public/a;b=c,d': '/public/a;b=c,d', "/public/!$&'()*+:@": "/public/!$&'()*+:@", '/public/x?a=%2F%00%zz&b=/../': '/public/x?a=%2F%00%zz&b=/../',
    '/public/a%2520b': '/public/a%2520b', '/public/a/./b/../c': '/public/a/c', '/kept/a%2Fb': '/kept/a%2Fb', '/kept/a%2fb%41': '/kept/a%2Fb%41', '/kept/a%5Cb': '/kept/a%5Cb', '/kept/a%252eb': '/kept/a%252eb',
    '/stripped/a/b?x=1': '/a/b?x=1', '/stripped': '/', '/stripped/': '/', '/exact': '/exact', '/public': '/public', '/public/': '/public/',
    'http://victim.test/public/absolute': '/public/absolute', 'HTTP://VICTIM.TEST/public/absolute': '/public/absolute', '/re/abc/open': '/re/abc/open', '/public/a?': '/public/a?',
  };
  for (const [target, expected] of Object.entries(FORWARDED)) {
    test(`${target} arrives as ${expected}`, async () => {
      assert.equal((await send(world, target)).status, 200);
      assert.equal(world.recorder.targets().length, 1);
      // Hexadecimal digits may keep their case: RFC 3986 2.1 calls them equivalent.
      assert.equal(world.recorder.targets()[0].replace(/%[0-9a-f]{2}/gi, (hex) => (target.includes('?') ? hex : hex.toUpperCase())), expected);
    });
  }

  const PROTECTED = ['/exact/', '/exact/x', '/publicx/a', '/public-admin', '/re/abc/openx', '/re/abc/open/', '/re/ab/c/open', '/x?/public/a', '/private/secret?x=/re/abc/open', '/PUBLIC/a', '/%50ublic/a'];
  for (const target of PROTECTED) {
    test(`${target} is not the open route beside it`, async () => {
      assert.equal((await send(world, target)).status, 401);
      assert.deepEqual(world.recorder.requests, []);
    });
  }

  test('strip_prefix never makes a target that starts with two slashes', async () => {
    await send(world, '/stripped//evil.test/x', cookie);
    for (const target of world.recorder.targets()) assert.doesNotMatch(target, /^\/\//);
  });

  test('the Host is compared without case, with its port, and an unknown one is 421', async () => {
    assert.equal((await get('/public/a', { Host: 'VICTIM.test' })).status, 200);
    assert.equal((await get('/public/a', { Host: 'victim.test:80' })).status, 200);
    for (const host of ['evil.test', 'victim.test.evil.test', 'victim.test:81', 'xvictim.test', '127.0.0.1']) {
      assert.equal((await get('/public/a', { Host: host })).status, 421, host);
    }
    for (const host of ['victim.test.', 'victim.test.:80']) {
      const { status } = await get('/private/a', { Host: host });
      assert.ok([400, 401, 421].includes(status), `${host}: ${status}`);
    }
    assert.equal(world.recorder.requests.filter(({ target }) => target.startsWith('/private')).length, 0);
  });

  test('absolute-form decides host, rules and the Host that the upstream sees', async () => {
    const answer = await get('http://victim.test/public/a', { Host: 'evil.test' });
    assert.ok([200, 400].includes(answer.status), `status ${answer.status}`);
    for (const { fields } of world.recorder.requests) assert.deepEqual(fields.all('host'), [VICTIM]);
    assert.ok([400, 421].includes((await get('http://evil.test/public/a')).status));
  });

  test('2,000 dot segments and 5,000 query parameters are judged in bounded time', async () => {
    const started = Date.now();
    assert.ok([200, 400, 401].includes((await send(world, `/public/${'a/../'.repeat(2000)}private/x`)).status));
    assert.ok([200, 414].includes((await send(world, `/public/a?${Array.from({ length: 2500 }, (_one, index) => `a=${index}`).join('&').slice(0, 16_000)}`)).status));
    assert.ok(Date.now() - started < 2000);
  });

  test('a regular expression that could run away answers at once', async () => {
    const started = Date.now();
    assert.equal((await send(world, `/re/${'a'.repeat(15_000)}!`)).status, 401);
    assert.ok(Date.now() - started < 1000);
  });
});
