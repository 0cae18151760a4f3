// Whatever a client writes in a request target reaches the app as nginx's proxy_pass without a path sends it, byte for byte
// or in the one spelling of RFC 3986; or it is 400, and the log line and the page name the key of the route that lets it pass.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { freePort } from './lib/proxy.mjs';
import { RawClient } from './lib/raw.mjs';
import { NGINX, startNginx } from './lib/servers.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const ENCODED_SLASH = 'encoded_slash: keep';
const PATH_BYTES = 'path_bytes: any';

// What stands behind the mount of the route. `as`: what arrives where it is another spelling; `key`: 400 without it; 400: always.
const SHAPES = [
  { target: '/a//b' }, { target: '//a' }, { target: '/a//' }, { target: '/web/http://x.example/a' }, { target: '/w_300/https://host//a.png' },
  { target: '/pool/g%2B%2B.deb' }, { target: '/%26%3D%3A%40%2C%24%21%27%28%29%2A%3B' }, { target: '/a%2bb' }, { target: '/~u/%7e/%41' },
  { target: '/caf%c3%a9' }, { target: '/caf%C3%A9' }, { target: "/a!$&'()*+,;=:@b" }, { target: '/a%20b' }, { target: '/a%3Fb%23c' }, { target: '/100%25' },
  { target: '/a%2520b' }, { target: '/a?' }, { target: '/a??' }, { target: '/a?b=//c/../d' }, { target: '/a?q=CORP\\bob' }, { target: '/a?{"a":["<b>"]}' },
  { target: '/a?x=%zz&y=%E9' }, { target: '/x{a}[b]^|', as: '/x%7Ba%7D%5Bb%5D%5E%7C' },
  { target: '/caf\u00e9', as: '/caf%C3%A9' }, { target: '/?message=\u4f60\u597d', as: '/?message=%E4%BD%A0%E5%A5%BD' }, { target: '/\u{1f600}', as: '/%F0%9F%98%80' },
  { target: '/a%2Fb', key: ENCODED_SLASH }, { target: '/a%2fb', key: ENCODED_SLASH }, { target: '/job/feature%252Fa/', key: ENCODED_SLASH },
  { target: '/DOMAIN%5Cuser', key: ENCODED_SLASH }, { target: '/%5EHOST%5C%2F/top', key: ENCODED_SLASH }, { target: '/a%252Eb', key: ENCODED_SLASH },
  { target: '/a%255Cb', key: ENCODED_SLASH }, { target: '/a%252525b', key: ENCODED_SLASH },
  { target: '/caf%E9.html', key: PATH_BYTES }, { target: '/%83e%83X%83g', key: PATH_BYTES }, { target: '/%ED%A0%BD%ED%B8%80', key: PATH_BYTES },
  { target: '/caf\xe9', bytes: 'latin1', as: '/caf%E9', key: PATH_BYTES }, { target: '/?a=\xe9', bytes: 'latin1', as: '/?a=%E9', key: PATH_BYTES },
  { target: '/a/./b/../c', as: '/a/c' }, { target: '/a//../c', as: '/c' },
  { target: '/a%0Ab', status: 400 }, { target: '/a%00b', status: 400 }, { target: '/a\\b', status: 400 }, { target: '/a%', status: 400 }, { target: '/..%2f..%2fx', status: 400 },
];

describe('a request target as nginx sends it on', () => {
  let world, nginxPort;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, {
      routes: [
        { path: '/keep/*', access: 'public', upstream: 'app', encoded_slash: 'keep', path_bytes: 'any' },
        { path: '/strip/*', access: 'public', upstream: 'app', strip_prefix: '/strip', encoded_slash: 'keep', path_bytes: 'any' },
        { path: '/guarded/*', upstream: 'app' },
        { path: '/x/guarded/*', upstream: 'app' },
        { path: '/*', access: 'public', upstream: 'app' },
      ],
    });
    nginxPort = await freePort();
    await startNginx(scope, { port: nginxPort, http: `server { listen 127.0.0.1:${nginxPort}; location / { proxy_http_version 1.1; proxy_set_header Connection close; proxy_pass ${world.recorder.url}; } }` });
  });
  beforeEach(() => world.recorder.reset());

  async function ask(port, target, { bytes = 'utf8', accept = 'text/html', mode = 'navigate' } = {}) {
    const client = await RawClient.connect(port);
    try {
      await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nAccept: ${accept}\r\nSec-Fetch-Mode: ${mode}\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n\r\n`, bytes));
      return await client.response();
    } finally {
      client.destroy();
    }
  }
  const arrived = async (port, target, options) => {
    world.recorder.reset();
    const { status } = await ask(port, target, options);
    return { status, target: world.recorder.targets()[0] };
  };

  for (const { target, as, key, status, bytes } of SHAPES) {
    const name = JSON.stringify(target);
    if (status) {
      test(`${name} is refused on every route`, async () => {
        for (const mount of ['', '/keep']) assert.deepEqual(await arrived(world.port, mount + target, { bytes }), { status: 400, target: undefined });
      });
      continue;
    }
    test(`${name} arrives on a route with both keys`, { skip: !NGINX }, async () => {
      const beside = await arrived(nginxPort, `/keep${target}`, { bytes });
      const here = await arrived(world.port, `/keep${target}`, { bytes });
      assert.equal(here.status, 200);
      assert.equal(here.target, `/keep${as ?? target}`);
      if (!as) assert.equal(here.target, beside.target, 'as from nginx');
      const stripped = await arrived(world.port, `/strip${target}`, { bytes });
      assert.equal(stripped.target, (as ?? target).replace(/^\/+/, '/'), 'and without the prefix');
    });
    test(`${name} ${key ? `needs ${key}` : 'arrives on any route'}`, async () => {
      const here = await arrived(world.port, `/plain${target}`, { bytes });
      if (!key) return assert.deepEqual(here, { status: 200, target: `/plain${as ?? target}` });
      assert.deepEqual(here, { status: 400, target: undefined });
      const page = await ask(world.port, `/plain${target}`, { bytes });
      assert.match(page.text, new RegExp(`<code>${key}</code>`));
      const problem = await ask(world.port, `/plain${target}`, { bytes, accept: '*/*', mode: 'cors' });
      assert.equal(JSON.parse(problem.text).allowed_by, key);
      const id = problem.fields.get('x-request-id') ?? JSON.parse(problem.text).request_id;
      assert.match((await world.proxy.waitLog((entry) => entry.msg === 'bad request' && entry.id === id)).rule, new RegExp(key));
    });
  }

  test('what leads to another route when it is read otherwise is refused, whoever reads', async () => {
    for (const target of ['//guarded/x', '//x//guarded', '//host/guarded/x', '///host/guarded', '/x//guarded/y', '/guarded//x', '/x%2Fguarded/y', '/%67uarded/x', '/keep%5Cx', '/%6beep/a%2Fb']) {
      const { status } = await ask(world.port, target, { accept: '*/*', mode: 'cors' });
      if (world.recorder.targets().length) assert.doesNotMatch(decodeURIComponent(world.recorder.targets()[0]).replace(/\/+/g, '/'), /guarded/, target);
      else assert.ok([400, 401].includes(status), `${target}: ${status}`);
      world.recorder.reset();
    }
  });

  test('an escape that says nothing is decoded where an app that decodes nothing would follow another rule', async () => {
    assert.equal((await arrived(world.port, '/%6beep/%41')).target, '/%6beep/%41', 'no rule is missed');
  });
});
