// Where somebody wanted to go survives the sign-in and the silent revalidation, however long it is and whatever it holds.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';
import { DevelopmentOp } from './lib/op.mjs';
import { RawClient } from './lib/raw.mjs';

const rison = (length) => `/private/discover?_a=${"(filters:!(),query:(language:kuery,query:'a%20and%20b'),sort:!())".repeat(Math.ceil(length / 60)).slice(0, length)}`;
const TARGETS = {
  'a backslash in the query': '/private/r?user=CORP\\bob',
  'quotes, brackets and braces': '/private/r?{"a":["<b>"]}',
  'escapes of reserved characters': '/private/g%2B%2B.deb?q=%2F%2B',
  'empty segments': '/private/web/http://x.example//a.png',
  '4,000 characters': rison(4000),
  '4,000 random characters': `/private/x?${randomBytes(2000).toString('hex')}`,
  '9,000 random characters': `/private/x?${randomBytes(6500).toString('base64url').slice(0, 9000)}`,
  '15,000 characters of state': rison(15_000),
};

// The address as it is, for URL() would repair it.
async function follow(world, target, cookies) {
  const client = await RawClient.connect(world.port);
  try {
    await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n${cookies ? `Cookie: ${cookies}\r\n` : ''}\r\n`));
    return await client.response();
  } finally {
    client.destroy();
  }
}
const pair = (line) => line.split(';')[0];
const isSet = (line) => !/Max-Age=0/.test(line);

// Through the sign-in that `answer` begins; where it leads, and the cookies then.
async function throughLogto(world, answer, session = []) {
  assert.equal(answer.status, 303);
  const pending = answer.fields.all('set-cookie').filter(isSet).map(pair).filter((one) => one.includes('logto_pending_'));
  const back = await fetch(answer.fields.get('location'), { redirect: 'manual' });
  const callback = new URL(back.headers.get('location'));
  const done = await follow(world, callback.pathname + callback.search, [...session, ...pending].join('; '));
  assert.equal(done.status, 303, done.text.slice(0, 400));
  const lines = done.fields.all('set-cookie');
  for (const one of pending) assert.ok(lines.some((line) => line.startsWith(`${one.split('=')[0]}=;`)), 'every piece of the attempt goes');
  return { location: done.fields.get('location'), cookies: lines.filter(isSet).map(pair).filter((one) => one.startsWith('logto_session')) };
}

describe('deep links', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { clock: true, config: { session: { revalidate: '1s' }, limits: { target: '32KiB' } } }); });
  beforeEach(() => world.recorder.reset());

  for (const [name, target] of Object.entries(TARGETS)) {
    test(`${name}: at the sign-in and at the revalidation`, async () => {
      const signedIn = await throughLogto(world, await follow(world, target));
      assert.equal(signedIn.location, target);
      await world.clock.pass(1600);
      const due = await follow(world, target, signedIn.cookies.join('; '));
      if (due.status === 303) assert.equal((await throughLogto(world, due, signedIn.cookies)).location, target);
      else assert.equal(due.status, 200, 'or nobody is sent away');
    });
  }

  test('who could not be brought back is not sent away at a revalidation', async () => {
    const { cookies } = await throughLogto(world, await follow(world, '/private/x'));
    await world.clock.pass(1600);
    world.recorder.reset();
    const target = `/private/x?${randomBytes(22_500).toString('base64url')}`;
    assert.equal((await follow(world, target, cookies.join('; '))).status, 200);
    assert.deepEqual(world.recorder.targets(), [target]);
  });

  test('signing in with more than can be kept leads to the path, and the log says so', async () => {
    const target = `/private/x?${randomBytes(22_500).toString('base64url')}`;
    assert.equal((await throughLogto(world, await follow(world, target))).location, '/private/x');
    assert.ok(await world.proxy.waitLog(({ msg }) => /too long to be kept/.test(msg)));
  });

  test('several long attempts stay together under what proxies take, and the newest is whole', async () => {
    let jar = new Map();
    let last;
    for (let i = 0; i < 6; i++) {
      last = await follow(world, rison(4000).replace('discover', `discover${i}`), [...jar].map(([n, v]) => `${n}=${v}`).join('; '));
      for (const line of last.fields.all('set-cookie')) {
        const [name, ...value] = pair(line).split('=');
        if (isSet(line)) jar.set(name, value.join('='));
        else jar.delete(name);
      }
    }
    assert.ok([...jar.keys()].filter((name) => name.includes('pending')).length >= 3, 'compressed, several fit');
    assert.ok([...jar].reduce((sum, [n, v]) => sum + n.length + v.length + 3, 0) < 13_000);
    const others = [...jar].filter(([n]) => !last.fields.all('set-cookie').some((line) => line.startsWith(`${n}=`))).map(([n, v]) => `${n}=${v}`);
    assert.equal((await throughLogto(world, last, others)).location, rison(4000).replace('discover', 'discover5'));
  });
});

describe('parameters of a link to the sign-in', () => {
  let world;
  const scope = suite(after);
  before(async () => { world = await makeWorld(scope, { config: { logto: { sign_in: { allow_parameters: ['login_hint', 'ui_locales', 'one_time_token', 'first_screen'] } } } }); });
  const start = (query) => follow(world, `/_auth/sign-in?${query}`);
  const sent = (answer) => new URL(answer.fields.get('location')).searchParams;

  test('those that are allowed reach Logto, others do not', async () => {
    const parameters = sent(await start('return_to=%2Fprivate%2Fx&login_hint=a%40b.c&ui_locales=ja%20en&first_screen=register&organization_id=acme&resource=urn:x'));
    assert.equal(parameters.get('login_hint'), 'a@b.c');
    assert.equal(parameters.get('ui_locales'), 'ja en');
    assert.equal(parameters.get('first_screen'), 'register');
    for (const name of ['organization_id', 'resource']) assert.equal(parameters.get(name), null);
  });

  test('a value that Logto would not take is 400, for it would drop all others', async () => {
    for (const query of ['first_screen=bogus', 'ui_locales=%00', 'login_hint=', 'login_hint=a%0D%0Ab', 'one_time_token=a%20b&login_hint=a%40b.c', 'one_time_token=abc', 'login_hint=a&login_hint=b'])
      assert.equal((await start(query)).status, 400, query);
  });

  test('a magic link goes to Logto also where somebody is signed in, and its token is in no log', async () => {
    const { cookies } = await throughLogto(world, await follow(world, '/private/x'));
    for (const jar of ['', cookies.join('; ')]) {
      const answer = await follow(world, '/_auth/sign-in?one_time_token=SecretOfTheLink_1&login_hint=a%40b.c&return_to=%2Fprivate%2Fy', jar);
      assert.equal(sent(answer).get('one_time_token'), 'SecretOfTheLink_1');
      assert.equal(sent(answer).get('login_hint'), 'a@b.c');
    }
    await start('one_time_token=SecretOfTheLink_1%20&login_hint=a%40b.c');
    await world.proxy.waitLog(({ msg }) => /sign-in refused/.test(msg));
    assert.doesNotMatch(world.proxy.output, /SecretOfTheLink/);
  });
});

test('a magic link of Logto signs in the person it was made for, once, and leads where it says', async (t) => {
  const op = await DevelopmentOp.start({ redirect_uris: [`${ORIGIN}/_auth/callback`] });
  t.after(() => op.stop());
  const world = await makeWorld(t, { op, config: { logto: { sign_in: { allow_parameters: ['login_hint', 'one_time_token'] } } } });
  const { one_time_token: { token } } = await op.control({ one_time_token: { email: 'alice@example.test' } });
  const link = `${ORIGIN}/_auth/sign-in?one_time_token=${token}&login_hint=alice%40example.test&return_to=%2Fprivate%2Fwelcome`;
  const page = await world.user().navigate(link);
  assert.equal(page.status, 200, page.text.slice(0, 400));
  assert.equal(world.recorder.requests.at(-1).target, '/private/welcome');
  assert.ok(world.recorder.requests.at(-1).fields.get('x-forwarded-email').includes('alice'), 'as alice');
  const again = await world.user().navigate(link);
  assert.notEqual(again.status, 200, 'a second time it is worth nothing');
  assert.doesNotMatch(world.proxy.output, new RegExp(token));
});
