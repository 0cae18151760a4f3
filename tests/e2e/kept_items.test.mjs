// session.claims: of a list only what its pattern matches counts, whoever says it, and is told.
// Quick.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { THINGS } from './lib/access_tokens.mjs';
import { FETCH } from './lib/raw.mjs';
import { makeWorld, seenHeader, suite } from './lib/world.mjs';

const ROLES = ['app-editor', 'hr-admin', 'xapp-boss'];
const claims = { roles: { keep: 'app-.*' } };
const routes = [
  { path: '/edit/*', require: { roles: ['app-editor'] }, upstream: 'app' },
  { path: '/api/*', accept: ['session', 'bearer'], upstream: 'app' },
  { path: '/private/*', upstream: 'app' },
];

describe('of the roles only those of the app', () => {
  const scope = suite(after);
  let world;
  let cookie;
  const get = (target, headers = {}) => world.get(target, { ...FETCH, Cookie: cookie, ...headers });
  before(async () => {
    world = await makeWorld(scope, { routes, config: (base) => ({ ...base, bearer: { audiences: [THINGS] }, session: { ...base.session, claims } }) });
    cookie = await world.session({ roles: ROLES });
  });

  test('the app, the rules and /_auth/me know no other', async () => {
    const answer = await get('/private/x');
    assert.equal(seenHeader(answer, 'x-forwarded-groups'), 'app-editor');
    assert.equal((await get('/edit/x')).status, 200);
    const me = await get('/_auth/me');
    assert.deepEqual(JSON.parse(me.text).roles, ['app-editor']);
    assert.doesNotMatch(me.text, /hr-admin|xapp/);
  });

  test('an access token brings no other either', async () => {
    const token = world.op.accessToken({ sub: 'robot', claims: { roles: ROLES } });
    const answer = await get('/api/x', { Cookie: undefined, Authorization: `Bearer ${token}` });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(seenHeader(answer, 'x-forwarded-groups'), 'app-editor');
  });

  test('a session from before has no other from now on', async () => {
    await world.restart({ session: { ...world.config.session, claims: undefined } });
    const old = await world.session({ roles: ROLES });
    assert.equal(seenHeader(await get('/private/x', { Cookie: old }), 'x-forwarded-groups'), ROLES.join(','));
    await world.restart();
    assert.equal(seenHeader(await get('/private/x', { Cookie: old }), 'x-forwarded-groups'), 'app-editor');
  });
});
