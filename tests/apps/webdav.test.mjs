// WebDAV by people with a session, and by rclone with an access token.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { PYTHON, blocks, recipe } from './lib/recipe.mjs';

async function startFiles(t, more = '') {
  const port = await freePort();
  const folder = temporaryFolder();
  const root = path.join(folder, 'files');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(folder, 'wsgidav.yaml'), blocks('webdav', 'yml')[0].replace('8081', port).replace('/srv/files', root) + more);
  const server = await startServer(t, path.join(PYTHON, 'wsgidav'), ['--config', path.join(folder, 'wsgidav.yaml')], port);
  return { url: `http://127.0.0.1:${port}`, root, output: server.output };
}

function rclone(site, token, ...args) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy$/i.test(name)));
  return new Promise((resolve, reject) => {
    const child = spawn('rclone', ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1', '--webdav-url', site.origin, '--header', `Authorization: Bearer ${token}`, ...args], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

test('WebDAV: a person makes folders, writes, locks, copies and moves', { timeout: 60_000 }, async (t) => {
  const app = await startFiles(t);
  const site = await recipe(t, 'webdav', { files: app.url });
  assert.equal((await site.stranger().ask('PROPFIND', '/', { Depth: '1' })).status, 401);
  const alice = await site.signIn();
  assert.equal(alice.landed.status, 200);
  assert.equal((await alice.ask('MKCOL', '/%E6%9B%B8%E9%A1%9E/')).status, 201);
  const name = encodeURIComponent('a & b + ü (1) [x].txt');
  assert.equal((await alice.ask('PUT', `/%E6%9B%B8%E9%A1%9E/${name}`, {}, 'hello')).status, 201);
  const listed = await alice.ask('PROPFIND', '/%E6%9B%B8%E9%A1%9E/', { Depth: '1' });
  assert.equal(listed.status, 207);
  assert.match(listed.text, /a%20(?:&amp;|%26)%20b/);
  const locked = await alice.ask('LOCK', `/%E6%9B%B8%E9%A1%9E/${name}`, { 'Content-Type': 'application/xml', Timeout: 'Second-60' }, '<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>me</owner></lockinfo>');
  assert.equal(locked.status, 200, locked.text);
  const token = locked.fields.get('lock-token');
  assert.equal((await alice.ask('PUT', `/%E6%9B%B8%E9%A1%9E/${name}`, {}, 'other')).status, 423);
  assert.equal((await alice.ask('PUT', `/%E6%9B%B8%E9%A1%9E/${name}`, { If: `(${token})` }, 'other')).status, 204);
  assert.equal((await alice.ask('UNLOCK', `/%E6%9B%B8%E9%A1%9E/${name}`, { 'Lock-Token': token })).status, 204);
  for (const [method, to] of [['COPY', 'copied'], ['MOVE', 'moved']]) {
    const done = await alice.ask(method, `/%E6%9B%B8%E9%A1%9E/${name}`, { Destination: `${site.origin}/%E6%9B%B8%E9%A1%9E/${to}.txt` });
    assert.equal(done.status, 201, `${method}: ${done.status} ${done.text}`);
  }
  assert.deepEqual(fs.readdirSync(path.join(app.root, '書類')).sort(), ['copied.txt', 'moved.txt']);
  assert.equal((await site.signIn({ sub: 'bob-sub', roles: [] })).landed.status, 403);
});

test('WebDAV: rclone copies a tree there and back, moves and deletes, with an access token', { timeout: 60_000 }, async (t) => {
  const app = await startFiles(t);
  const site = await recipe(t, 'webdav', { files: app.url }, { plain: true });
  const aud = site.origin; // the recipe's audience is under its own origin
  const token = site.op.access.mint({ aud, scope: 'write:files' });
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'tree/日本'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'tree/big.bin'), randomBytes(20 << 20));
  fs.writeFileSync(path.join(folder, 'tree/日本/100% + more.txt'), 'small');
  const up = await rclone(site, token, 'copy', path.join(folder, 'tree'), ':webdav:tree');
  assert.equal(up.code, 0, up.output + site.proxy.output.slice(-1500) + app.output().slice(-1500));
  assert.ok(fs.readFileSync(path.join(app.root, 'tree/big.bin')).equals(fs.readFileSync(path.join(folder, 'tree/big.bin'))));
  assert.equal((await rclone(site, token, 'moveto', ':webdav:tree/日本/100% + more.txt', ':webdav:tree/日本/次.txt')).code, 0);
  const back = await rclone(site, token, 'copy', ':webdav:tree', path.join(folder, 'back'));
  assert.equal(back.code, 0, back.output);
  assert.equal(fs.readFileSync(path.join(folder, 'back/日本/次.txt'), 'utf8'), 'small');
  assert.equal((await rclone(site, token, 'purge', ':webdav:tree')).code, 0);
  assert.deepEqual(fs.readdirSync(app.root), []);

  for (const bad of ['none', site.op.access.mint({ aud, scope: 'read:files' })]) assert.notEqual((await rclone(site, bad, 'lsf', ':webdav:')).code, 0);
});

test('WebDAV below a path: COPY needs an app that knows the path', { timeout: 60_000 }, async (t) => {
  for (const [more, status] of [['', 409], ['mount_path: /dav\n', 201]]) {
    const app = await startFiles(t, more);
    const site = await recipe(t, 'webdav', { files: app.url }, { change: (text) => text.replace('path: /*', 'path: /dav/*\n    strip_prefix: /dav') });
    const alice = await site.signIn({}, '/dav/');
    assert.equal((await alice.ask('PUT', '/dav/a.txt', {}, 'x')).status, 201);
    assert.equal((await alice.ask('COPY', '/dav/a.txt', { Destination: `${site.origin}/dav/b.txt` })).status, status, more);
  }
});
