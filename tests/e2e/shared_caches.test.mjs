// Real caches in front, nginx's proxy_cache and Apache's mod_cache, set to keep all they may: what the proxy answers to one person
// is never given to a stranger, least of all a cookie of ours.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CLOCK_IS_MOVABLE } from './lib/clock.mjs';
import { freePort, temporaryFolder } from './lib/proxy.mjs';
import { NAVIGATION, request } from './lib/raw.mjs';
import { NGINX, startNginx, startServer } from './lib/servers.mjs';
import { HOST, makeWorld, suite } from './lib/world.mjs';

const isSession = (line) => /logto_session[^=]*=[^;]+/.test(line);
const MODULES = '/usr/lib/apache2/modules';

const CACHES = {
  nginx: {
    is_there: () => fs.existsSync(NGINX),
    start(scope, { port, proxyPort }) {
      const folder = temporaryFolder();
      // A cache that an operator has told not to mind cookies: nginx would by itself keep no answer with Set-Cookie.
      return startNginx(scope, { port, folder, http: `proxy_cache_path ${folder}/cache keys_zone=c:1m;
server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${proxyPort}; proxy_set_header Host $http_host; proxy_cache c; proxy_cache_valid 200 10m; proxy_ignore_headers Set-Cookie Vary; proxy_cache_key $uri; add_header X-Cache $upstream_cache_status always; } }` });
    },
    hit: (answer) => answer.fields.get('x-cache') === 'HIT',
  },
  apache: {
    is_there: () => fs.existsSync('/usr/sbin/apache2') && fs.existsSync(`${MODULES}/mod_cache_disk.so`),
    start(scope, { port, proxyPort }) {
      const folder = temporaryFolder();
      fs.mkdirSync(path.join(folder, 'cache'));
      if (process.getuid() === 0) for (const one of [folder, path.join(folder, 'cache')]) fs.chmodSync(one, 0o777);
      const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'cache', 'cache_disk'].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n');
      fs.writeFileSync(path.join(folder, 'apache.conf'), `ServerRoot ${folder}\nServerName ${HOST}\nPidFile ${folder}/pid\nErrorLog ${folder}/errors\nListen 127.0.0.1:${port}\n${modules}
DefaultRuntimeDir ${folder}\n${process.getuid() === 0 ? 'User nobody\nGroup nogroup\n' : ''}CacheRoot ${folder}/cache\nCacheEnable disk /\nCacheHeader on\nCacheQuickHandler on\nCacheDefaultExpire 600\nCacheStoreExpired on\nCacheIgnoreNoLastMod On
ProxyPreserveHost On\nProxyPass / http://127.0.0.1:${proxyPort}/\n`);
      return startServer(scope, '/usr/sbin/apache2', ['-X', '-f', path.join(folder, 'apache.conf')], port);
    },
    hit: (answer) => /^HIT/.test(answer.fields.get('x-cache') ?? ''),
  },
};

// What apps say of an answer that a cache may keep, in every way in which some cache hears it.
const WORDS = {
  'public': { 'Cache-Control': 'public, max-age=600' },
  'an age': { 'Cache-Control': 'max-age=600' },
  'an age for shared caches': { 'Cache-Control': 's-maxage=600' },
  'private for one field': { 'Cache-Control': 'public, max-age=600, private="x-foo"' },
  'a directive that only sounds private': { 'Cache-Control': 'max-age=600, x-private' },
  'a text that only sounds private': { 'Cache-Control': 'max-age=600, x="private"' },
  'two fields': { 'Cache-Control': ['public', 'max-age=600'] },
  'Expires': { Expires: new Date(Date.now() + 3_600_000).toUTCString(), Date: new Date().toUTCString() },
  'a word to CDNs': { 'CDN-Cache-Control': 'max-age=600', 'Surrogate-Control': 'max-age=600', 'Cache-Control': 'max-age=600' },
  'a word to nginx': { 'X-Accel-Expires': '600' },
  'nothing': {},
};

for (const [name, cache] of Object.entries(CACHES)) {
  const there = cache.is_there();
  if (!there) console.error(`SKIP: ${name} is not installed`);
  describe(`behind ${name}`, { skip: there ? false : `${name} is not installed` }, () => {
    let world;
    let port;
    let renewed;
    let fresh;
    let counter = 0;
    let word = {};
    const scope = suite(after);
    before(async () => {
      world = await makeWorld(scope, {
        clock: CLOCK_IS_MOVABLE || undefined,
        config: { trusted_proxies: ['127.0.0.1/32'], session: { idle_timeout: CLOCK_IS_MOVABLE ? '1h' : '40s' } },
        routes: [{ path: '/public/*', access: 'public', upstream: 'app' }, { path: '/optional/*', access: 'optional', upstream: 'app' }, { path: '/*', upstream: 'app' }],
      });
      renewed = await world.session({});
      await world.clock.pass(CLOCK_IS_MOVABLE ? 400_000 : 4500);  // from here on every use of that cookie renews it
      fresh = await world.session({});
      world.recorder.handle = (asked, reply) => reply.send(200, { 'Content-Type': 'text/plain', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT', ...word }, `for ${asked.fields.get('x-forwarded-user') ?? 'nobody'}`);
      port = await freePort();
      await cache.start(scope, { port, proxyPort: world.port });
    });
    beforeEach(() => world.recorder.reset());

    const get = (target, headers = {}) => request(port, 'GET', target, { ...NAVIGATION, ...headers }, { host: HOST });

    test('it does keep what is for everybody', async () => {
      word = WORDS.public;
      await get('/public/kept');
      const again = await get('/public/kept');
      assert.ok(cache.hit(again), 'else the other tests show nothing');
      assert.equal(world.recorder.requests.length, 1);
    });

    for (const [says, headers] of Object.entries(WORDS)) {
      test(`the app says ${says}: the answer and the cookie stay with the person`, async () => {
        word = headers;
        for (const [where, cookie] of [['/private', renewed], ['/optional', renewed], ['/private', fresh], ['/optional', fresh]]) {
          const target = `${where}/${++counter}`;
          const mine = await get(target, { Cookie: cookie });
          assert.equal(mine.text, 'for alice-sub');
          assert.ok(cookie === fresh || mine.fields.all('set-cookie').some(isSession), 'the session is renewed with this answer');
          for (let i = 0; i < 2; ++i) {
            const strangers = await get(target);
            assert.ok(where === '/optional' || !cache.hit(strangers));
            assert.doesNotMatch(strangers.text, /alice/);
            assert.ok(!strangers.fields.all('set-cookie').some(isSession), 'a session of somebody');
          }
        }
      });
    }
  });
}
