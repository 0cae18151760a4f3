// Verdaccio: encoded slashes in paths, and npm itself as the client of a public route beside pages that need a session.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { NODE_MODULES, blocks, recipe } from './lib/recipe.mjs';

async function startVerdaccio(t) {
  const port = await freePort();
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'config.yaml'), blocks('verdaccio', 'yml')[0].replace('127.0.0.1:4873', `127.0.0.1:${port}`));
  await startServer(t, process.execPath, [path.join(NODE_MODULES, 'verdaccio/bin/verdaccio'), '--config', path.join(folder, 'config.yaml')], port);
  return `http://127.0.0.1:${port}`;
}

function npm(args, { cwd, registry, token }) {
  fs.writeFileSync(path.join(cwd, '.npmrc'), `registry=${registry}/\n${registry.replace('http:', '')}/:_authToken=${token}\nupdate-notifier=false\ncache=${cwd}/.cache\n`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|proxy$/i.test(name)));
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...args, '--no-audit', '--no-fund', '--fetch-retries=0'], { cwd, env: { ...env, HOME: cwd } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

// What `npm adduser` sends.
async function account(site, name) {
  const body = JSON.stringify({ _id: `org.couchdb.user:${name}`, name, password: 'x7-long-enough', type: 'user' });
  const answer = await site.stranger().ask('PUT', `/-/user/org.couchdb.user:${name}`, { 'Content-Type': 'application/json' }, body);
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text).token;
}

function project(name, more = {}) {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', ...more }));
  return folder;
}

test('Verdaccio: npm publishes and installs a package of a scope; pages need a session', { timeout: 90_000 }, async (t) => {
  const url = await startVerdaccio(t);
  const site = await recipe(t, 'verdaccio', { verdaccio: url }, { plain: true });
  const token = await account(site, 'bob');
  const at = { registry: site.origin, token };
  const cwd = project('@acme/pack', { files: ['big.bin'] });
  fs.writeFileSync(path.join(cwd, 'big.bin'), Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 2654435761) >>> 13)));
  const published = await npm(['publish', '--access', 'restricted'], { cwd, ...at });
  assert.equal(published.code, 0, published.output + site.proxy.output.slice(-2000));
  const user = project('user');
  const installed = await npm(['install', '@acme/pack'], { cwd: user, ...at });
  assert.equal(installed.code, 0, installed.output);
  assert.equal(fs.statSync(path.join(user, 'node_modules/@acme/pack/big.bin')).size, 3 << 20);
  const refused = await npm(['install', '@acme/pack'], { cwd: project('nobody'), registry: site.origin, token: 'none' });
  assert.notEqual(refused.code, 0);
  assert.ok(site.proxy.access.some((line) => /%2f/i.test(line.path) && line.decision === 'public'), 'npm sent an encoded slash');

  assert.equal((await site.stranger().ask('GET', '/-/verdaccio/data/packages')).status, 401);
  const alice = await site.signIn({}, '/-/web/detail/@acme/pack');
  assert.equal(alice.landed.status, 200);
  assert.match(alice.landed.text, /__VERDACCIO_BASENAME_UI_OPTIONS/);
  assert.equal((await alice.ask('GET', '/-/verdaccio/data/packages')).status, 200);
});

test('Verdaccio: tarballs are named by the external address', { timeout: 60_000 }, async (t) => {
  const url = await startVerdaccio(t);
  const site = await recipe(t, 'verdaccio', { verdaccio: url });
  const token = await account(site, 'bob');
  const name = '@acme/one';
  const body = JSON.stringify({ _id: name, name, 'dist-tags': { latest: '1.0.0' }, _attachments: { 'one-1.0.0.tgz': { content_type: 'application/octet-stream', data: 'AAAA', length: 3 } },
    versions: { '1.0.0': { name, version: '1.0.0', dist: { tarball: 'http://x/one-1.0.0.tgz', shasum: '29e2dcfbb16f63bb0254df7585a15bb6fb5e927d' } } } });
  const bearer = { Authorization: `Bearer ${token}` };
  const put = await site.stranger().ask('PUT', '/@acme%2fone', { ...bearer, 'Content-Type': 'application/json' }, body);
  assert.equal(put.status, 201, put.text);
  const got = await site.stranger().ask('GET', '/@acme%2fone', { ...bearer });
  assert.equal(JSON.parse(got.text).versions['1.0.0'].dist.tarball, 'https://packages.example.com/@acme/one/-/one-1.0.0.tgz');
});

test('Verdaccio without encoded_slash: the path of a scoped package is 400', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'verdaccio', { verdaccio: await startVerdaccio(t) }, { change: (text) => text.replace(/.*encoded_slash.*\n/, '') });
  const answer = await site.stranger().ask('GET', '/@acme%2fone', { Accept: 'application/json' });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /encoded_slash: keep/);
});
