// The session cookie under attack: tests/corpora/cookie-attacks.tsv. A broken cookie is 'signed out', the same way for every flaw.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parseSetCookie } from './lib/browser_user.mjs';
import { table } from './lib/corpora.mjs';
import { NAVIGATION, RawClient, requestBytes } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const NAME = 'logto_session';
let world;
let value;

const withCookie = (cookie, headers = {}) => world.get('/private/x', { Cookie: cookie, ...headers });
const signedOut = async (cookie, why) => {
  const answer = await withCookie(cookie);
  assert.equal(answer.status, 401, `${why ?? cookie.slice(0, 80)}: ${answer.status}`);
  return answer;
};
const OTHER_PURPOSE = async () => {
  const answer = await world.get('/private/x', NAVIGATION);
  return parseSetCookie(answer.fields.all('set-cookie').find((line) => /logto_pending_/.test(line)));
};

// K-rows of the table; a row without an entry here fails the test that walks the table.
const ROWS = {
  K02: async () => {
    let page;
    const positions = [...Array(value.length).keys()].filter((index) => index < 60 || index % 7 === 0 || index > value.length - 60);
    const client = await RawClient.connect(world.port);
    for (const index of positions) {
      const flipped = value.slice(0, index) + (value[index] === 'A' ? 'B' : 'A') + value.slice(index + 1);
      await client.send(requestBytes('GET', '/private/x', { Host: HOST, Cookie: `${NAME}=${flipped}` }));
      const answer = await client.response();
      assert.equal(answer.status, 401, `byte ${index}`);
      const shape = answer.text.replace(/[0-9a-f]{16}/g, 'ID');
      page ??= shape;
      assert.equal(shape, page, 'the answer tells no flaw from another');
    }
    client.destroy();
  },
  K03: async () => { for (let cut = 1; cut < value.length; cut += cut < 40 ? 1 : 37) await signedOut(`${NAME}=${value.slice(0, -cut)}`, `${cut} bytes cut`); },
  K04: async () => { await onePick(`${NAME}=${value}; ${NAME}=GARBAGE`); },
  K05: async () => { await onePick(`${NAME}=GARBAGE; ${NAME}=${value}`); },
  K08: () => signedOut(`l%6fgto_session=${value}`),
  K09: () => signedOut(`"${NAME}"=${value}`),
  K10: async () => { await signedOut(`${NAME.toUpperCase()}=${value}`); await signedOut(`Logto_Session=${value}`); },
  K12: () => onePick(`${NAME}="${value}"`),
  K13: async () => {
    assert.equal((await withCookie(`$Version=1; ${NAME}=${value}; $Path=/`)).status, 200);
    await signedOut(`$${NAME}=${value}`);
  },
  K14: () => signedOut(';;;;=;=;'),
  K15: async () => { for (const empty of ['', ' ', ';', '=', `${NAME}`, `${NAME}=`, `=${value}`]) await signedOut(empty, `Cookie: "${empty}"`); },
  K16: async () => {
    const before = world.proxy.rssKib();
    await signedOut(`${NAME}_chunks=99999999; ${NAME}_99999999=x; ${NAME}_4294967296=x; ${NAME}_-1=x`);
    assert.ok(world.proxy.rssKib() - before < 20_000);
  },
  K20: async () => {
    const client = await RawClient.connect(world.port);
    const many = Array.from({ length: 150_000 }, (_one, index) => `c${index}=1`).join('; ');
    client.send(requestBytes('GET', '/private/x', { Host: HOST, Cookie: many }));
    assert.equal((await client.response()).status, 431);
    client.destroy();
  },
  K21: async () => {
    assert.equal((await world.get('/private/x', { Cookie: ['a=1', `${NAME}=${value}`] })).status, 200, 'two Cookie lines are one list');
    assert.equal(world.recorder.requests.at(-1).fields.get('cookie'), 'a=1');
  },
  K22: async () => {
    const pending = await OTHER_PURPOSE();
    await signedOut(`${NAME}=${pending.value}`, 'a pending sign-in as a session');
    const start = await world.get('/private/x', NAVIGATION);
    const { searchParams } = new URL(start.fields.get('location'));
    const name = parseSetCookie(start.fields.all('set-cookie').find((line) => /pending/.test(line))).name;
    const answer = await world.get(`/_auth/callback?code=x&state=${searchParams.get('state')}&iss=${encodeURIComponent(world.op.issuer)}`, { Cookie: `${name}=${value}`, ...NAVIGATION });
    assert.ok(answer.status >= 300, 'a session is no pending sign-in');
    assert.ok(!answer.fields.all('set-cookie').some((line) => line.startsWith(`${NAME}=`) && !/Max-Age=0/i.test(line)));
  },
  K23: async (t) => {
    const other = await makeWorld(t, { config: { external_urls: ['http://other.test'], session: { secret: world.secret } } });
    const answer = await other.get('/private/x', { Cookie: `${NAME}=${value}`, Host: 'other.test' });
    // The same secret and the same realm name: one session by configuration. Another app id is another realm's business.
    assert.ok([200, 401].includes(answer.status));
  },
  K25: async (t) => {
    const other = await makeWorld(t, { config: { session: { idle_timeout: '1s', max_lifetime: '1s', revalidate: '1s' } } });
    const cookie = await other.session();
    let status;
    for (const end = Date.now() + 8000; Date.now() < end && status !== 401; await new Promise((resolve) => setTimeout(resolve, 100))) status = (await other.get('/private/x', { Cookie: cookie })).status;
    assert.equal(status, 401, 'the session ends');
  },
  K26: async (t) => {
    const other = await makeWorld(t);
    const cookie = await other.session();
    await other.restart({ session: { secret: [world.secret, other.secret] } });
    assert.equal((await other.get('/private/x', { Cookie: cookie })).status, 200, 'readable while its secret is in the ring');
    await other.restart({ session: { secret: [world.secret] } });
    assert.equal((await other.get('/private/x', { Cookie: cookie })).status, 401, 'not after the secret left the ring');
  },
  K27: () => signedOut('AccessToken=x; IdToken=x; BearerToken=x'),
  K28: () => signedOut(`${NAME}=${Buffer.alloc(3000, 0x78).toString('base64url')}`),
};

// Rejecting or one pick, but never a merge: the identity is the session's or none.
async function onePick(cookie) {
  world.recorder.reset();
  const answer = await withCookie(cookie);
  assert.ok([200, 401].includes(answer.status), `status ${answer.status}`);
  for (const { fields } of world.recorder.requests) assert.deepEqual(fields.all('x-forwarded-user'), ['alice-sub']);
}

describe('cookies that are not what they seem', () => {
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope);
    value = (await world.session()).replace(`${NAME}=`, '');
    assert.match(value, /^[\w.~-]+$/, 'one cookie, of bytes that need no quoting');
  });
  beforeEach(() => world.recorder.reset());

  for (const { id, expected, ...row } of table('cookie-attacks.tsv')) {
    test(`${id} ${Object.values(row)[0]}: ${expected}`, async (t) => {
      assert.ok(ROWS[id], `${id} has no test`);
      await ROWS[id](t);
      world.proxy.assertHealthy();
      assert.equal((await withCookie(`${NAME}=${value}`)).status, 200, 'the honest cookie still works');
    });
  }

  test('C03 forty sessions of one user share no nonce and no prefix', async () => {
    const seen = new Set();
    const user = world.user();
    for (let count = 0; count < 40; ++count) {
      await world.signIn({}, { user });
      seen.add(user.sessionCookies(HOST).slice(NAME.length + 1, NAME.length + 33));
      user.jar.get(HOST).delete(NAME);
    }
    assert.equal(seen.size, 40);
  });

  test('C04 a cut authentication tag is refused', async () => {
    const raw = Buffer.from(value, 'base64url');
    for (let cut = 1; cut <= 16; ++cut) await signedOut(`${NAME}=${raw.subarray(0, -cut).toString('base64url')}`, `${cut}`);
    await signedOut(`${NAME}=${Buffer.concat([raw, Buffer.alloc(1)]).toString('base64url')}`, 'one byte more');
  });

  test('the same bytes in another base64 spelling are not a second valid cookie', async () => {
    const spelled = [value + '=', value + '==', value.replace(/-/g, '+').replace(/_/g, '/'), `${value.slice(0, 10)} ${value.slice(10)}`, ` ${value}`.trimEnd() + '%00'];
    for (const other of spelled.filter((one) => one !== value)) await signedOut(`${NAME}=${other}`, other.slice(-5));
  });

  test('C12 the session cookie has the attributes it must', async () => {
    const user = await world.signIn();
    const hop = user.hops.find((one) => one.url.includes('/_auth/callback'));
    const cookie = parseSetCookie(hop.fields.all('set-cookie').find((line) => line.startsWith(`${NAME}=`)));
    assert.equal(cookie.attributes.path, '/');
    assert.ok('httponly' in cookie.attributes);
    assert.equal(cookie.attributes.samesite, 'Lax');
    assert.ok(!('domain' in cookie.attributes));
    assert.ok(!('secure' in cookie.attributes), 'on an http origin a Secure cookie would be lost');
  });

  test('on an https origin the names have __Host- and the cookies are Secure', async (t) => {
    const other = await makeWorld(t, { config: { external_urls: [`https://${HOST}`] } });
    const answer = await other.get('/private/x', NAVIGATION);
    const pending = parseSetCookie(answer.fields.all('set-cookie')[0]);
    assert.match(pending.name, /^__Host-logto_pending_[0-9a-f]{16}$/);
    assert.ok('secure' in pending.attributes && 'httponly' in pending.attributes);
    assert.equal(pending.attributes.path, '/');
    const { searchParams } = new URL(answer.fields.get('location'));
    assert.equal(searchParams.get('redirect_uri'), `https://${HOST}/_auth/callback`);
    const auth = await fetch(answer.fields.get('location'), { redirect: 'manual' });
    const back = new URL(auth.headers.get('location'));
    const done = await other.get(back.pathname + back.search, { Cookie: `${pending.name}=${pending.value}`, ...NAVIGATION });
    assert.equal(done.status, 303, done.text.slice(0, 300));
    const session = done.fields.all('set-cookie').map(parseSetCookie).find(({ name }) => name === '__Host-logto_session');
    assert.ok('secure' in session.attributes && 'httponly' in session.attributes && !('domain' in session.attributes));
    assert.equal((await other.get('/private/x', { Cookie: `__Host-logto_session=${session.value}` })).status, 200);
    assert.equal((await other.get('/private/x', { Cookie: `logto_session=${session.value}` })).status, 401, 'the name is bound in');
  });

  test('large sessions are split, joined again, and every piece is needed and bound', async (t) => {
    const other = await makeWorld(t);
    const roles = Array.from({ length: 220 }, (_one, index) => `role-${index}-${'x'.repeat(20)}`);
    const user = await other.signIn({ roles });
    const pieces = [...user.cookies(HOST)].filter(([name]) => name.startsWith(NAME));
    assert.ok(pieces.length > 1, `${pieces.length} piece`);
    for (const [name, cookie] of pieces) assert.ok(name.length + cookie.value.length <= 4096, `${name} is ${cookie.value.length} bytes`);
    other.recorder.reset();
    const all = user.sessionCookies(HOST);
    assert.equal((await other.get('/private/x', { Cookie: all })).status, 200);
    assert.equal(other.recorder.requests[0].fields.get('cookie'), undefined, 'all pieces are cut out');
    assert.equal(other.recorder.requests[0].fields.get('x-forwarded-groups').split(',').length, 220);
    assert.equal((await other.get('/private/x', { Cookie: pieces.map(([name, cookie]) => `${name}=${cookie.value}`).reverse().join('; ') })).status, 200, 'in any order');
    const second = await other.signIn({ roles: roles.slice().reverse() });
    for (const [name] of pieces) {
      const rest = pieces.filter(([other_]) => other_ !== name).map(([key, cookie]) => `${key}=${cookie.value}`);
      assert.equal((await other.get('/private/x', { Cookie: rest.join('; ') })).status, 401, `${name} missing`);
      const foreign = second.cookies(HOST).get(name)?.value;
      if (foreign) assert.equal((await other.get('/private/x', { Cookie: [...rest, `${name}=${foreign}`].join('; ') })).status, 401, `${name} of another session`);
    }
    // A smaller session afterwards leaves no old piece behind.
    user.setCookie(HOST, 'unrelated', '1');
    await user.navigate(`${ORIGIN}/_auth/sign-in?prompt=login&return_to=/private/x`);
    assert.equal([...user.cookies(HOST).keys()].filter((name) => name.startsWith(NAME)).length, 1, 'old pieces are deleted');
  });

  test('O43 a browser that refuses cookies gets a page after a few rounds, not a storm', async () => {
    let target = '/private/x';
    let rounds = 0;
    for (; rounds < 12; ++rounds) {
      const answer = await world.get(target, NAVIGATION);
      if (answer.status !== 303) break;
      const next = new URL(answer.fields.get('location'), ORIGIN);
      if (next.port === String(world.op.port)) {
        const back = new URL((await fetch(next, { redirect: 'manual' })).headers.get('location'));
        target = back.pathname + back.search;
      } else target = next.pathname + next.search;
    }
    assert.ok(rounds < 12, 'the loop ends on a page');
  });
});
