// Whatever is given as return_to: the browser stays on our origin. The oracle is the WHATWG URL parser, as in browsers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { loudSkip, sharedFile } from './lib/corpora.mjs';
import { NAVIGATION } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, suite } from './lib/world.mjs';

const OWN = [
  '//evil.test', '///evil.test', '/\\evil.test', '\\\\evil.test', '/\t/evil.test', '/%09/evil.test', 'https:evil.test', 'https://evil.test', 'http://app.test@evil.test/', 'http://app.test.evil.test/',
  'http://evilapp.test/', 'javascript:alert(1)', 'data:text/html,x', ' //evil.test', '\n//evil.test', '/../../..//evil.test', '/.//evil.test', '/public/..//evil.test', 'http://app.test:81/', 'https://app.test/', '//app.test:81/x',
  'http:/\\evil.test', 'http:///evil.test', '/\r\nLocation: http://evil.test', '?//evil.test', '#//evil.test', '', '/', 'http://app.test/ok', 'HTTP://APP.TEST/ok', '/_auth/sign-in', '/_auth/sign-out', '/_auth/callback?code=x',
  `/${'a'.repeat(20_000)}`,
];

let world;
let signedIn;

// Every Location that the value can reach: from sign-in (through the callback), sign-up, sign-out and signed-out.
async function check(value) {
  for (const encoded of [encodeURIComponent(value), encodeURIComponent(encodeURI(value).replace(/%25/g, '%')), encodeURIComponent(encodeURIComponent(value))]) {
    for (const target of [`/_auth/sign-in?return_to=${encoded}`, `/_auth/sign-up?return_to=${encoded}`]) {
      const user = world.user();
      const first = await user.fetch(ORIGIN + target);
      assertOwn(first, value);
      if (first.status !== 303) continue;
      const back = await user.navigate(first.next, { stop: (url) => url.hostname === HOST && url.pathname !== '/_auth/callback' });
      assertOwn(back, value);
    }
    for (const target of [`/_auth/sign-in?return_to=${encoded}`, `/_auth/sign-out?return_to=${encoded}`, `/_auth/signed-out?return_to=${encoded}`]) {
      const answer = await world.get(target, { ...NAVIGATION, 'Sec-Fetch-Site': 'same-origin', Cookie: signedIn });
      assertOwn(answer, value);
    }
  }
}

function assertOwn(answer, value) {
  const location = answer.fields.get('location');
  if (location === undefined) {
    assert.doesNotMatch(answer.text, /href="(?:https?:)?\/\/(?!app\.test|127\.0\.0\.1)/i, `${value}: a link away`);
    return;
  }
  assert.doesNotMatch(location, /[\0-\x20\x7f-\uffff\\]/, `${JSON.stringify(value)}: ${location}`);
  const url = new URL(location, ORIGIN);
  assert.ok([ORIGIN, world.op.endpoint].includes(url.origin), `${JSON.stringify(value)} -> ${location}`);
  if (url.origin === world.op.endpoint) {
    for (const name of ['redirect_uri', 'post_logout_redirect_uri']) {
      const given = url.searchParams.get(name);
      if (given !== null) assert.equal(new URL(given).origin, ORIGIN, `${name} for ${JSON.stringify(value)}`);
    }
  }
}

describe('return_to never leads away', () => {
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope);
    signedIn = await world.session();
  });

  for (const value of OWN) test(`${JSON.stringify(value.slice(0, 60))}`, () => check(value));

  test('every line of the shared corpus open-redirects.txt', async (t) => {
    const file = sharedFile('open-redirects.txt');
    if (!file) return loudSkip(t, 'open-redirects.txt is not there (set LOGTO_PROXY_SHARED); it may not be copied into the project');
    const all = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
    assert.ok(all.length > 100);
    for (let start = 0; start < all.length; start += 8) await Promise.all(all.slice(start, start + 8).map(check));
  });

  test('as a request path each line is answered without a redirect away', async (t) => {
    const file = sharedFile('open-redirects.txt');
    if (!file) return loudSkip(t, 'open-redirects.txt is not there');
    for (const line of fs.readFileSync(file, 'utf8').split('\n').filter((one) => /^\/[\x21-\x7e]*$/.test(one))) {
      assertOwn(await world.get(line, NAVIGATION), line);
    }
  });

  test('a return_to on our own origin is kept, as path or as URL', async () => {
    for (const [value, expected] of [['/private/a?b=c', '/private/a?b=c'], [`${ORIGIN}/private/a?b=c`, '/private/a?b=c'], ['/private/%E5%B1%B1', '/private/%E5%B1%B1']]) {
      const answer = await world.user().navigate(`${ORIGIN}/_auth/sign-in?return_to=${encodeURIComponent(value)}`);
      assert.equal(JSON.parse(answer.text).target, expected);
    }
  });

  test('return_to twice is refused or ignored', async () => {
    const answer = await world.get('/_auth/sign-in?return_to=/private/a&return_to=//evil.test', NAVIGATION);
    assertOwn(answer, 'twice');
  });
});

test('return_to leads to no sign-out through a route, signed in already or not', async (t) => {
  const routes = [{ path: '/so', action: 'sign_out' }, { path: '/rd', access: 'public', redirect: '/_auth/sign-out' }, { path: '/rd2/*', access: 'public', redirect: '/oauth2/\\1' }, { path: '/page/*', access: 'public', redirect: '/\\1' }, { path: '/*', upstream: 'app' }];
  const own = await makeWorld(t, { routes, config: { forward_auth: { oauth2_proxy: true } } });
  const Cookie = await own.session();
  for (const to of ['/so', '/so?x', '/s%6f', '/rd', '/rd2/sign_out', '/page/so', '/page/rd', '/page/_auth/sign-out', `${ORIGIN}/so`]) {
    for (const target of [`/_auth/sign-in?return_to=${encodeURIComponent(to)}`, `/oauth2/start?rd=${encodeURIComponent(to)}`, `/oauth2/sign_in?rd=${encodeURIComponent(to)}`]) {
      const answer = await own.get(target, { ...NAVIGATION, Cookie });
      assert.equal(answer.fields.get('location'), '/', target);
      const user = own.user();
      const back = await user.navigate(ORIGIN + target, { stop: (url) => url.hostname === HOST && url.pathname !== '/_auth/callback' && url.pathname !== '/oauth2/callback' });
      assert.equal(new URL(back.next, ORIGIN).pathname, '/', target);
    }
  }
  assert.equal((await own.get(`/_auth/sign-in?return_to=${encodeURIComponent('/page/wiki')}`, { ...NAVIGATION, Cookie })).fields.get('location'), '/page/wiki');
  assert.equal((await own.get('/_auth/me', { Cookie })).status, 200);
});
