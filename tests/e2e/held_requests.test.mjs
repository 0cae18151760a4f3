// A form that meets a session which has just ended is not lost: it is held, and sent after the sign-in, once the person says so.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { FETCH, NAVIGATION, request } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const IDLE_MS = 3000;
const MIB = 1024 * 1024;
const SAVE = '/private/save?id=7&x=%2F';
const URLENCODED = 'application/x-www-form-urlencoded';
const FORM = { ...NAVIGATION, 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN, Referer: `${ORIGIN}/private/edit?id=7`, 'Content-Type': URLENCODED };
const OLD_BROWSER = { ...FORM, 'Sec-Fetch-Site': undefined, 'Sec-Fetch-Mode': undefined, 'Sec-Fetch-Dest': undefined, 'Sec-Fetch-User': undefined };
const HELD_COOKIE = 'logto_held';
const TEXT = 'text=caf%C3%A9+%26+more&n=1';

const heldWorld = (scope, { session = {}, ...options } = {}) => makeWorld(scope, {
  clock: true, ...options,
  config: { ...options.config, session: { idle_timeout: `${IDLE_MS / 1000}s`, max_lifetime: '10h', ...session } },
});
// Everybody is somebody else unless `who` says so: what one person may have here at once is limited.
let people = 0;
async function expiredUser(world, who = { sub: `person-${++people}` }, ms = IDLE_MS + 1100) {
  const user = await world.signIn(who);
  user.who = who;
  await world.clock.pass(ms);
  world.recorder.reset();
  return user;
}
const post = (user, body = TEXT, headers = {}, target = SAVE) => user.fetch(ORIGIN + target, { method: 'POST', headers: { ...FORM, ...headers }, body });
const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"');
function confirmationOf(page) {
  assert.equal(page.status, 200, page.text.slice(0, 400));
  const form = /<form method="post" action="([^"]*)"><input type="hidden" name="logto_resume" value="([^"]*)">/.exec(page.text);
  assert.ok(form, page.text);
  return { action: decode(form[1]), body: `logto_resume=${form[2]}` };
}
const confirm = (user, { action, body }, headers = {}) => post(user, body, headers, action);
// Signs in again, and is on the confirmation page.
async function toConfirmation(world, user, answer, who = user.who) {
  assert.equal(answer.status, 303, `${answer.status} ${answer.text.slice(0, 500)}`);
  assert.equal(new URL(answer.next).pathname, '/oidc/auth');
  const before = world.op.user;
  world.op.user = { ...before, ...who };
  const page = await user.navigate(answer.next);
  world.op.user = before;
  assert.equal(new URL(page.url).pathname, '/_auth/resume');
  return page;
}
const posted = (world) => world.recorder.requests.filter(({ method }) => method === 'POST');
function assertNotSent(world, user, answer, status = 401) {
  assert.equal(answer.status, status, answer.text.slice(0, 300));
  assert.match(answer.text, /Your form was not sent/);
  assert.ok(!user.cookies(HOST).has(HELD_COOKIE));
  assert.equal(posted(world).length, 0);
}

describe('a form that is held', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await heldWorld(scope); });

  const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW';
  const file = Buffer.concat([randomBytes(40_000), Buffer.from(Array.from({ length: 256 }, (_one, index) => index))]);
  const multipart = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\ncaf\u00e9\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`),
    file, Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const BODIES = {
    'urlencoded': [URLENCODED, TEXT],
    'urlencoded with a charset': [`${URLENCODED}; charset=UTF-8`, TEXT],
    'multipart with a file of every byte': [`multipart/form-data; boundary=${boundary}`, multipart],
    'text/plain': ['text/plain', 'a=1\r\nb=\u00e4\r\n'],
    'nothing at all': [URLENCODED, ''],
    'exactly 1 MiB': [URLENCODED, `a=${'x'.repeat(MIB - 2)}`],
    'something that looks like the confirmation itself, but longer': [URLENCODED, `logto_resume=${'A'.repeat(44)}`],
  };
  for (const [what, [type, body]] of Object.entries(BODIES)) {
    test(`${what}: the app gets exactly these bytes and this Content-Type, once`, async () => {
      const user = await expiredUser(world);
      const answer = await post(user, body, { 'Content-Type': type });
      assert.equal(posted(world).length, 0, 'nothing before the sign-in');
      const page = await toConfirmation(world, user, answer);
      assert.equal(posted(world).length, 0, 'nor before it was confirmed');
      assert.match(page.fields.get('cache-control'), /no-store/);
      assert.ok(page.text.includes(`POST ${ORIGIN}${SAVE.replaceAll('&', '&amp;')}`), 'the page names where it goes');
      const confirmation = confirmationOf(page);
      assert.equal(confirmation.action, SAVE);
      const sent = await confirm(user, confirmation);
      assert.equal(sent.status, 200, sent.text.slice(0, 300));
      const [seen, ...more] = posted(world);
      assert.equal(more.length, 0);
      assert.equal(seen.target, SAVE);
      assert.ok(seen.body.equals(Buffer.from(body)), 'the same bytes');
      assert.equal(seen.fields.get('content-type'), type);
      assert.equal(seen.fields.all('content-length').join(), String(Buffer.byteLength(body)));
      assert.equal(seen.fields.get('x-forwarded-user'), user.who.sub);
      assert.ok(!(seen.fields.get('cookie') ?? '').includes('logto_'));
      assert.ok(!user.cookies(HOST).has(HELD_COOKIE));
    });
  }

  test('in chunks as well', async () => {
    const user = await expiredUser(world);
    const answer = await post(user, `5\r\na=123\r\n3\r\n456\r\n0\r\n\r\n`, { 'Transfer-Encoding': 'chunked' });
    const sent = await confirm(user, confirmationOf(await toConfirmation(world, user, answer)));
    assert.equal(sent.status, 200);
    assert.equal(posted(world)[0].body.toString(), 'a=123456');
  });

  test('of a browser that sends no Sec-Fetch fields, as on plain http', async () => {
    const user = await expiredUser(world);
    const page = await toConfirmation(world, user, await post(user, TEXT, OLD_BROWSER));
    assert.equal((await confirm(user, confirmationOf(page), OLD_BROWSER)).status, 200);
    assert.equal(posted(world)[0].body.toString(), TEXT);
  });

  test('is sent one time: not again by a reload, nor with the cookie put back', async () => {
    const user = await expiredUser(world);
    const page = await toConfirmation(world, user, await post(user));
    const cookie = user.cookies(HOST).get(HELD_COOKIE).value;
    assert.equal((await confirm(user, confirmationOf(page))).status, 200);
    for (const with_cookie of [false, true]) {
      if (with_cookie) user.setCookie(HOST, HELD_COOKIE, cookie);
      const again = await confirm(user, confirmationOf(page));
      assert.equal(again.status, 410);
      assert.match(again.text, /Your form was not sent/);
    }
    assert.equal((await user.fetch(`${ORIGIN}/_auth/resume`)).status, 410);
    assert.equal(posted(world).length, 1);
  });

  test('ten clicks at once send it once', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    const answers = await Promise.all(Array.from({ length: 10 }, () => confirm(user, confirmation)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(410)]);
    assert.equal(posted(world).length, 1);
  });

  test('shows itself once more after a reload of the confirmation page, until it is sent', async () => {
    const user = await expiredUser(world);
    const first = await toConfirmation(world, user, await post(user));
    const second = await user.fetch(`${ORIGIN}/_auth/resume`);
    assert.deepEqual(confirmationOf(second), confirmationOf(first));
  });

  test('another user who signs in does not see it, cannot send it, and it is gone', async () => {
    const user = await expiredUser(world);
    const page = await toConfirmation(world, user, await post(user, 'secret=of+alice'), { sub: 'mallory-sub', name: 'Mallory' });
    assertNotSent(world, user, page, 410);
    assert.ok(!page.text.includes('of+alice') && !page.text.includes(SAVE));
    assert.match(page.text, /another user/);
    await world.signIn(user.who, { user });
    assert.equal((await user.fetch(`${ORIGIN}/_auth/resume`)).status, 410);
  });

  test('a browser without the ticket, or with somebody else\'s session, opens nothing', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    const stranger = await world.signIn({ sub: 'stranger-sub' });
    assert.equal((await confirm(stranger, confirmation)).status, 410);
    stranger.setCookie(HOST, HELD_COOKIE, user.cookies(HOST).get(HELD_COOKIE).value);
    assert.equal((await confirm(stranger, confirmation)).status, 410);
    assert.equal(posted(world).length, 0);
  });

  test('goes to the address it was made for and no other', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    assert.equal((await confirm(user, { ...confirmation, action: '/private/delete-all' })).status, 410);
    assert.equal(posted(world).length, 0);
  });

  test('the confirmation is not given by another site', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, { 'Sec-Fetch-Site': 'same-site', Origin: 'http://x.app.test' }]) {
      await confirm(user, confirmation, headers);
      // It passes as any other post of a signed-in user does, but the app gets the token and not what was held.
      assert.ok(!posted(world).some(({ body }) => body.toString() === TEXT));
    }
    assert.equal((await confirm(user, confirmation)).status, 200);
    assert.equal(posted(world).at(-1).body.toString(), TEXT);
  });

  test('is thrown away by its button, and not by another site', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    const discard = (headers) => post(user, '', headers, '/_auth/resume?discard=1');
    assert.equal((await discard({ 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' })).status, 403);
    assert.ok(user.cookies(HOST).has(HELD_COOKIE));
    assert.equal((await discard({})).next, `${ORIGIN}/`);
    assert.ok(!user.cookies(HOST).has(HELD_COOKIE));
    assert.equal((await confirm(user, confirmation)).status, 410);
    assert.equal(posted(world).length, 0);
  });

  test('a session that ends once more before the confirmation loses nothing', async () => {
    const user = await expiredUser(world);
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user)));
    await world.clock.pass(IDLE_MS + 1100);
    const page = await toConfirmation(world, user, await confirm(user, confirmation));
    assert.deepEqual(confirmationOf(page), confirmation);
    assert.equal((await confirm(user, confirmation)).status, 200);
    assert.equal(posted(world)[0].body.toString(), TEXT);
  });

  test('a newer form takes the place of the one before', async () => {
    const user = await expiredUser(world);
    const first = confirmationOf(await toConfirmation(world, user, await post(user, 'a=first')));
    await world.clock.pass(IDLE_MS + 1100);
    const second = confirmationOf(await toConfirmation(world, user, await post(user, 'a=second')));
    assert.equal((await confirm(user, first)).status, 410);
    assert.equal(posted(world).length, 0);
    assert.notDeepEqual(first, second);
  });

  test('a sign-in that is given up leaves it where it is; the next one finds it', async () => {
    const user = await expiredUser(world);
    assert.equal((await post(user)).status, 303);
    await world.signIn(user.who, { user });
    const page = await user.fetch(`${ORIGIN}/_auth/resume`);
    assert.equal((await confirm(user, confirmationOf(page))).status, 200);
  });

  test('nothing of it is in the logs, nor in the ticket that the browser keeps', async () => {
    const user = await expiredUser(world);
    const body = `password=${'very-secret-'.repeat(4)}`;
    const confirmation = confirmationOf(await toConfirmation(world, user, await post(user, body)));
    const ticket = user.cookies(HOST).get(HELD_COOKIE);
    assert.ok(ticket.attributes.httponly && ticket.attributes.samesite === 'Lax' && ticket.value.length < 400);
    assert.equal((await confirm(user, confirmation)).status, 200);
    assert.ok(!world.proxy.output.includes('very-secret'));
    assert.ok(!world.proxy.output.includes(confirmation.body.split('=')[1]), 'nor its token');
  });

  test('is gone after a restart, and the page says so', async () => {
    const user = await expiredUser(world);
    const answer = await post(user);
    await world.restart();
    world.move(user, world.proxy);
    assertNotSent(world, user, await toConfirmation(world, user, answer), 410);
  });
});

describe('a form that is not held is told, and nothing of it passes', () => {
  let world;
  const scope = suite(after);
  before(async () => {
    world = await heldWorld(scope, { routes: [
      { path: '/off/*', hold_requests: false, upstream: 'app' }, { path: '/api/*', unauthenticated: '401', upstream: 'app' },
      { path: '/public/*', access: 'public', upstream: 'app' }, { path: '/private/*', upstream: 'app' },
    ] });
  });

  const CASES = {
    'of another site': [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.test' }, TEXT, /another site/],
    'of a sibling host': [{ 'Sec-Fetch-Site': 'same-site', Origin: 'http://x.app.test' }, TEXT, /another site/],
    'of another origin and an old browser': [{ ...OLD_BROWSER, Origin: 'http://evil.test' }, TEXT, /another site/],
    'of an old browser without any origin': [{ ...OLD_BROWSER, Origin: undefined }, TEXT, /another site/],
    'of a sandboxed page': [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }, TEXT, /another site/],
    'that says same-origin and another origin': [{ Origin: 'http://evil.test' }, TEXT, /another site/],
    'of one byte over 1 MiB': [{}, 'x'.repeat(MIB + 1), /1 MiB/],
    'of over 1 MiB in chunks': [{ 'Transfer-Encoding': 'chunked' }, `${(MIB + 1).toString(16)}\r\n${'x'.repeat(MIB + 1)}\r\n0\r\n\r\n`, /1 MiB/],
    'of JSON': [{ 'Content-Type': 'application/json' }, '{}', /form that is not kept/],
    'of no type': [{ 'Content-Type': undefined }, 'x', /form that is not kept/],
    'compressed': [{ 'Content-Encoding': 'gzip' }, 'x', /form that is not kept/],
  };
  for (const [what, [headers, body, reason]] of Object.entries(CASES)) {
    test(`one ${what}`, async () => {
      const user = await expiredUser(world);
      const answer = await post(user, body, headers);
      assertNotSent(world, user, answer);
      assert.match(answer.text, reason);
      assert.match(answer.text, /return_to=%2Fprivate%2Fedit%3Fid%3D7/, 'signs in and leads back to where the form stood');
    });
  }

  test('one of a browser that never signed in, whose cookie is broken or forged', async () => {
    for (const cookie of [undefined, 'logto_session=x', `logto_session=${'A'.repeat(300)}`]) {
      const user = world.user();
      if (cookie) user.setCookie(HOST, 'logto_session', cookie.split('=')[1]);
      const answer = await post(user);
      assertNotSent(world, user, answer);
    }
  });

  test('one for a route that keeps none', async () => {
    const user = await expiredUser(world);
    const answer = await post(user, TEXT, {}, '/off/save');
    assertNotSent(world, user, answer);
    assert.match(answer.text, /does not keep forms/);
  });

  const signOut = (user, query = '') => post(user, '', {}, `/_auth/sign-out${query}`);
  const ENDS = {
    'its user': (user) => signOut(user),
    'its user everywhere': async (_user, sub) => signOut(await world.signIn({ sub }), '?everywhere=1'),
    'Logto': (_user, sub) => world.op.sendLogout(world.port, { sub }),
  };
  for (const [who, end] of Object.entries(ENDS)) {
    test(`one whose session was ended by ${who}, then or after it would have expired`, async () => {
      const sub = `ended by ${who}`;
      const user = await world.signIn({ sub });
      const cookie = user.sessionCookies(HOST).split('=').slice(1).join('=');
      await end(user, sub);
      for (const ms of [0, IDLE_MS + 1100]) {
        await world.clock.pass(ms);
        world.recorder.reset();
        const copy = world.user();
        copy.setCookie(HOST, 'logto_session', cookie);
        assertNotSent(world, copy, await post(copy));
      }
    });
  }

  test('a script gets the ordinary 401, in JSON, on every kind of route', async () => {
    const user = await expiredUser(world);
    const KINDS = {
      'fetch': { ...FETCH }, 'XMLHttpRequest of an old browser': { ...OLD_BROWSER, 'X-Requested-With': 'XMLHttpRequest' },
      'curl': { ...OLD_BROWSER, Accept: '*/*' }, 'a form in a frame': { 'Sec-Fetch-Dest': 'iframe' },
    };
    for (const [kind, headers] of Object.entries(KINDS)) {
      for (const target of [SAVE, '/off/save', '/api/save']) {
        const answer = await post(user, TEXT, { 'Sec-Fetch-User': undefined, ...headers }, target);
        assert.equal(answer.status, 401, `${kind} ${target}`);
        if (kind === 'a form in a frame') continue;
        assert.equal(JSON.parse(answer.text).error, 'unauthenticated', `${kind} ${target}`);
        assert.ok(!user.cookies(HOST).has(HELD_COOKIE));
      }
    }
    assert.equal(posted(world).length, 0);
  });

  test('other methods are never held', async () => {
    const user = await expiredUser(world);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await user.fetch(ORIGIN + SAVE, { method, headers: FORM, body: TEXT });
      assert.equal(answer.status, 401);
      assert.ok(!user.cookies(HOST).has(HELD_COOKIE));
    }
  });

  test('a live session is not disturbed: its forms pass at once, whatever their length', async () => {
    const user = await world.signIn();
    world.recorder.reset();
    const { length } = `logto_resume=${'A'.repeat(43)}`;
    for (const body of [TEXT, 'x'.repeat(length), `logto_resumf=${'A'.repeat(43)}`]) assert.equal((await post(user, body)).status, 200);
    assert.deepEqual(posted(world).map(({ body }) => body.toString().length), [TEXT.length, length, length]);
  });

  test('a token of nothing is never passed to the app', async () => {
    const user = await world.signIn();
    world.recorder.reset();
    assert.equal((await post(user, `logto_resume=${'A'.repeat(43)}`)).status, 410);
    assert.equal(posted(world).length, 0);
  });
});

describe('how long and how much', () => {
  const skip = CLOCK_IS_MOVABLE ? false : 'this binary has no movable clock';
  if (skip) console.error(`SKIP: how long forms are held: ${skip}`);

  test('a session that ended an hour ago and more keeps nothing, one of just under it does', { skip }, async (t) => {
    const world = await heldWorld(t);
    const late = await expiredUser(world, { sub: `person-${++people}` }, IDLE_MS + 3_601_000);
    assertNotSent(world, late, await post(late));
    const early = await expiredUser(world, { sub: `person-${++people}` }, IDLE_MS + 3_590_000);
    assert.equal((await confirm(early, confirmationOf(await toConfirmation(world, early, await post(early))))).status, 200);
  });

  test('ten minutes, and no longer', { skip }, async (t) => {
    const world = await heldWorld(t, { session: { idle_timeout: '30m' } });
    const late = await expiredUser(world, { sub: `person-${++people}` }, 1_801_000);
    const held = await post(late);
    await world.clock.pass(590_000);
    const confirmation = confirmationOf(await toConfirmation(world, late, held));
    await world.clock.pass(12_000);
    assert.equal((await confirm(late, confirmation)).status, 410);
    assert.equal((await late.fetch(`${ORIGIN}/_auth/resume`)).status, 410);
    assert.equal(posted(world).length, 0);
  });

  test('the end that no use moves is an end like idling out', { skip }, async (t) => {
    const world = await heldWorld(t, { session: { idle_timeout: '1h', max_lifetime: '1h' } });
    const user = await expiredUser(world, { sub: `person-${++people}` }, 3_601_000);
    assert.equal((await confirm(user, confirmationOf(await toConfirmation(world, user, await post(user))))).status, 200);
  });

  test('a total budget: what does not fit is told, and a form that is sent makes room', async (t) => {
    const world = await heldWorld(t, { config: { limits: { held_requests: '64KiB' } } });
    const [one, two] = [await world.signIn({ sub: 'one' }), await world.signIn({ sub: 'two' })];
    await world.clock.pass(IDLE_MS + 1100);
    const body = `a=${'x'.repeat(40_000)}`;
    const first = await post(one, body);
    const second = await post(two, body);
    assertNotSent(world, two, second);
    assert.match(second.text, /no room/);
    const page = await toConfirmation(world, one, first, { sub: 'one' });
    assert.equal((await confirm(one, confirmationOf(page))).status, 200);
    await world.signIn({ sub: 'two' }, { user: two });
    await world.clock.pass(IDLE_MS + 1100);
    assert.equal((await post(two, body)).status, 303);
  });

  test('nothing where the budget is 0', async (t) => {
    const world = await heldWorld(t, { config: { limits: { held_requests: 0 } } });
    const user = await expiredUser(world);
    assertNotSent(world, user, await post(user));
  });

  test('one person cannot take all of it', async (t) => {
    const world = await heldWorld(t);
    const browsers = [];
    for (let count = 0; count < 6; ++count) browsers.push(await world.signIn());
    await world.clock.pass(IDLE_MS + 1100);
    const statuses = [];
    for (const user of browsers) statuses.push((await post(user)).status);
    assert.deepEqual(statuses, [303, 303, 303, 303, 401, 401]);
  });

  test('what is said by a form over a limit does not stall the connection nor fill the memory', async (t) => {
    const world = await heldWorld(t);
    const user = await expiredUser(world);
    const before = world.proxy.rssKib();
    const bodies = Array.from({ length: 20 }, () => request(world.port, 'POST', SAVE, { ...FORM, Cookie: user.sessionCookies(HOST), 'Content-Length': String(10 * MIB) }, { body: 'x' }));
    for (const answer of await Promise.all(bodies)) assert.equal(answer.status, 401);
    assert.ok(world.proxy.rssKib() - before < 100 * 1024);
  });
});
