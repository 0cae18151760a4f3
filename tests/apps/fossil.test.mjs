// Fossil as a CGI program of nginx: REMOTE_USER from a field, forms with tokens, and `fossil clone` past the sign-in.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startNginx, startServer } from '../e2e/lib/servers.mjs';
import { blocks, recipe } from './lib/recipe.mjs';

function fossil(folder, ...args) {
  const input = typeof args.at(-1) === 'object' ? args.pop().input : '';
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy$/i.test(name)));
  const { status, stdout, stderr } = spawnSync('fossil', args, { input, cwd: folder, env: { ...env, HOME: folder, FOSSIL_HOME: folder, USER: 'admin' } });
  return { status, output: String(stdout) + String(stderr) };
}

async function startFossil(t) {
  const folder = temporaryFolder();
  const repository = path.join(folder, 'wiki.fossil');
  for (const args of [['new', '--admin-user', 'admin', repository], ['sql', '-R', repository, { input: "REPLACE INTO config(name,value,mtime) VALUES('remote_user_ok','1',strftime('%s','now'));\n" }],
    ['user', 'new', 'alice', 'alice', 'x7-long-enough', '-R', repository], ['user', 'capabilities', 'alice', 'bcfghjkmnorw', '-R', repository], ['user', 'capabilities', 'nobody', 'gjorz', '-R', repository]]) {
    const done = fossil(folder, ...args);
    assert.equal(done.status, 0, done.output);
  }
  fs.writeFileSync(path.join(folder, 'wiki.cgi'), blocks('fossil', 'sh')[0].replace('/srv/wiki.fossil', repository), { mode: 0o755 });
  const cgiPort = await freePort();
  await startServer(t, '/usr/sbin/fcgiwrap', ['-s', `tcp:127.0.0.1:${cgiPort}`], cgiPort, { HOME: folder });
  const port = await freePort();
  const [, map] = /`(map .*?})` stands/.exec(fs.readFileSync(new URL('../../docs/apps/fossil.md', import.meta.url), 'utf8'));
  const server = blocks('fossil', 'nginx')[0].replace('127.0.0.1:8081', `127.0.0.1:${port}`).replace('unix:/run/fcgiwrap.socket', `127.0.0.1:${cgiPort}`).replace('/srv/wiki.cgi', path.join(folder, 'wiki.cgi'));
  await startNginx(t, { port, http: map + server, folder });
  return { url: `http://127.0.0.1:${port}`, folder, repository };
}

test('Fossil: a person writes a wiki page under their own name, a guest reads it, and its Logout is ours', { timeout: 60_000 }, async (t) => {
  const app = await startFossil(t);
  const site = await recipe(t, 'fossil', { nginx: app.url });
  const guest = site.stranger();
  assert.equal((await guest.open('/wiki/wcontent', { headers: { 'X-Remote-User': 'admin', X_Remote_User: 'admin', 'Remote-User': 'admin' } })).status, 200);
  const refused = await guest.fetch(`${site.origin}/wiki/setup`, { headers: { 'X-Remote-User': 'admin', X_Remote_User: 'admin' } });
  assert.match(refused.next, /^https:\/\/fossil\.example\.com\/wiki\/login\?g=/, 'Fossil sends a guest to its own login, under the external name');

  assert.equal((await guest.open('/')).url, 'https://fossil.example.com/wiki/index');
  const alice = await site.signIn({ username: 'alice' }, '/wiki/login');
  assert.equal(new URL(alice.landed.url).pathname, '/wiki/index');
  const form = await alice.open('/wiki/wikiedit?name=%E5%B1%B1%E3%81%AE%E6%97%A5');
  assert.equal(form.status, 200, form.text.slice(0, 300));
  assert.match(form.text, /alice/);
  const saved = await alice.post('/wiki/wikiajax/save', { page: '山の日', mimetype: 'text/x-markdown', isnew: '1', content: '# 登りましょう' }, { Referer: form.url });
  assert.equal(saved.status, 200, saved.text.slice(0, 400));
  assert.match((await guest.open('/wiki/wiki?name=%E5%B1%B1%E3%81%AE%E6%97%A5')).text, /登りましょう/);
  assert.match(fossil(app.folder, 'sql', '-R', app.repository, { input: 'SELECT user FROM event ORDER BY mtime DESC LIMIT 1;\n' }).output, /alice/);

  const out = await alice.open('/wiki/logout', { headers: { 'Sec-Fetch-Site': 'same-origin' } });
  assert.equal(out.status, 200);
  assert.doesNotMatch((await alice.open('/wiki/wcontent')).text, /alice/);
});

test('Fossil: clone passes where the route lets anybody pass', { timeout: 60_000 }, async (t) => {
  const app = await startFossil(t);
  const site = await recipe(t, 'fossil', { nginx: app.url }, { plain: true });
  const done = fossil(app.folder, 'clone', `${site.origin}/wiki`, path.join(app.folder, 'copy.fossil'));
  assert.equal(done.status, 0, done.output + site.proxy.output.slice(-1500));
  assert.ok(fs.existsSync(path.join(app.folder, 'copy.fossil')));
});
