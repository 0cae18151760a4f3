// DokuWiki on PHP's own server: an auth plugin that reads fields, forms with tokens, uploads, its own Log Out.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { blocks, field, recipe } from './lib/recipe.mjs';

const PLUGINS = '/var/lib/dokuwiki/lib/plugins';

// Debian's files, with plugins, configuration and data of its own.
async function startDokuwiki(t) {
  const port = await freePort();
  const folder = temporaryFolder();
  const put = (name, text) => { fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true }); fs.writeFileSync(path.join(folder, name), text); };
  fs.mkdirSync(path.join(folder, 'plugins'));
  for (const name of fs.readdirSync(PLUGINS)) fs.symlinkSync(path.join(PLUGINS, name), path.join(folder, 'plugins', name));
  fs.cpSync('/etc/dokuwiki', path.join(folder, 'conf'), { recursive: true, filter: (name) => !/\.auth\.php$|htaccess/.test(name) });
  for (const name of ['pages', 'attic', 'media', 'media_attic', 'media_meta', 'meta', 'cache', 'index', 'locks', 'tmp', 'log']) fs.mkdirSync(path.join(folder, 'data', name), { recursive: true });
  const [plugin, settings] = blocks('dokuwiki', 'php');
  put('plugins/authheader/auth.php', plugin);
  put('plugins/authheader/plugin.info.txt', 'base authheader\nauthor t\nemail t@example.test\ndate 2024-01-01\nname authheader\ndesc t\nurl x\n');
  put('conf/local.php', `<?php\n${settings}$conf['savedir'] = '${folder}/data';\n$conf['superuser'] = '@admin';\n`);
  put('conf/acl.auth.php', '# <?php exit()?>\n*\t@ALL\t1\n*\t@editor\t8\nsecret:*\t@ALL\t0\nsecret:*\t@editor\t1\n');
  put('conf/users.auth.php', '');
  put('before.php', `<?php
define('DOKU_MAIN_CONF', '${folder}/conf/');
define('DOKU_PLUGIN', '${folder}/plugins/');
`);
  const server = await startServer(t, '/usr/bin/php', ['-d', `auto_prepend_file=${folder}/before.php`, '-S', `127.0.0.1:${port}`, '-t', '/usr/share/dokuwiki'], port);
  return { url: `http://127.0.0.1:${port}`, folder, output: server.output };
}

test('DokuWiki: an editor writes a page and uploads a picture, a guest reads, its buttons sign in and out', { timeout: 60_000 }, async (t) => {
  const app = await startDokuwiki(t);
  const site = await recipe(t, 'dokuwiki', { wiki: app.url });
  const guest = site.stranger();
  assert.equal((await guest.open('/doku.php?id=start')).status, 200);
  for (const forged of ['X-Remote-User', 'X_Remote_User', 'Remote-User']) {
    const seen = await guest.open('/doku.php?id=secret:plan', { headers: { [forged]: 'alice', 'X-Remote-Groups': 'admin', X_Remote_Groups: 'admin' } });
    assert.match(seen.text, /Permission Denied/, forged);
  }
  const alice = await site.signIn({ username: 'alice' }, '/doku.php?id=start&do=login');
  assert.match(alice.landed.text, /alice/);
  assert.equal(new URL(alice.landed.url).pathname, '/');

  const form = await alice.open('/doku.php?id=wiki:%E5%B1%B1%E3%81%AE%E6%97%A5&do=edit');
  assert.equal(form.status, 200);
  const fields = Object.fromEntries(['sectok', 'id', 'date', 'prefix', 'suffix', 'changecheck', 'target'].map((name) => [name, field(form.text, name)]));
  const saved = await alice.post('/doku.php?id=wiki:%E5%B1%B1%E3%81%AE%E6%97%A5', { ...fields, wikitext: '====== 山の日 ======\n登りましょう\n', summary: 'a & b', 'do[save]': '1' });
  assert.equal(saved.status, 200, saved.text.slice(0, 400));
  assert.match(saved.text, /登りましょう/);
  assert.match(saved.url, /^https:\/\/wiki\.example\.com\/doku\.php\?id=wiki:%E5%B1%B1/i);
  assert.match((await guest.open('/doku.php?id=wiki:%E5%B1%B1%E3%81%AE%E6%97%A5')).text, /登りましょう/);

  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  const upload = await alice.ask('POST', `/lib/exe/ajax.php?tab_files=files&call=mediaupload&ns=wiki&mediaid=dot.png&sectok=${fields.sectok}&qqfile=dot.png`, { 'Content-Type': 'application/octet-stream' }, png);
  assert.match(upload.text, /"success":true/, upload.text.slice(0, 400));
  assert.ok((await guest.ask('GET', '/lib/exe/fetch.php?media=wiki:dot.png')).body.equals(png));
  assert.equal((await guest.ask('GET', '/lib/exe/css.php?t=dokuwiki')).status, 200);

  const out = await alice.open(`/doku.php?id=start&do=logout&sectok=${fields.sectok}`, { headers: { 'Sec-Fetch-Site': 'same-origin', Referer: `${site.origin}/` } });
  assert.equal(out.status, 200);
  assert.doesNotMatch((await alice.open('/doku.php?id=start')).text, /do=logout/);
  assert.doesNotMatch(app.output(), /PHP (?:Fatal|Warning|Deprecated)/);
});
