// Jupyter: XSRF tokens, uploads as JSON, and a kernel behind a WebSocket.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import * as chromium from '../e2e/lib/chromium.mjs';
import { loudSkip } from '../e2e/lib/corpora.mjs';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { PYTHON, blocks, message, recipe } from './lib/recipe.mjs';

async function startJupyter(t, change = (text) => text) {
  const port = await freePort();
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'notebooks'));
  fs.writeFileSync(path.join(folder, 'jupyter_server_config.py'), change(blocks('jupyter', 'python')[0].replace('8888', port)));
  const own = Object.fromEntries(['CONFIG', 'DATA', 'RUNTIME'].map((kind) => [`JUPYTER_${kind}_DIR`, folder]));
  const root = process.getuid() === 0 ? ['--allow-root'] : [];
  const server = await startServer(t, path.join(PYTHON, 'jupyter-notebook'), [...root, '--no-browser', `--ServerApp.root_dir=${folder}/notebooks`], port, { ...own, HOME: folder, IPYTHONDIR: folder });
  return { url: `http://127.0.0.1:${port}`, notebooks: path.join(folder, 'notebooks'), output: server.output };
}

test('Jupyter: a page, an upload, and a kernel that computes and ends with the session', { timeout: 90_000 }, async (t) => {
  const app = await startJupyter(t);
  const site = await recipe(t, 'jupyter', { jupyter: app.url });
  assert.equal((await site.signIn({ sub: 'bob-sub', roles: ['editor'] })).landed.status, 403);
  const alice = await site.signIn({ sub: 'alice-sub', roles: ['scientist'] });
  assert.equal(alice.landed.status, 200);
  assert.equal(new URL(alice.landed.url).pathname, '/tree');
  const xsrf = { 'X-XSRFToken': alice.cookies(site.host).get('_xsrf').value, 'Content-Type': 'application/json' };

  const content = Buffer.alloc(3 << 20, 'grün ').toString('base64');
  const put = await alice.ask('PUT', '/api/contents/b%C3%BCcher%20%26%20mehr.bin', xsrf, JSON.stringify({ type: 'file', format: 'base64', content }));
  assert.equal(put.status, 201, put.text.slice(0, 500));
  assert.equal(fs.readFileSync(path.join(app.notebooks, 'bücher & mehr.bin')).length, 3 << 20);
  const got = await alice.ask('GET', '/files/b%C3%BCcher%20%26%20mehr.bin');
  assert.equal(got.status, 200, got.text);
  assert.equal(got.body.length, 3 << 20);
  assert.equal((await alice.ask('POST', '/api/kernels', { 'Content-Type': 'application/json' }, '{}')).status, 403, "Jupyter's own XSRF rule holds");

  const started = await alice.ask('POST', '/api/kernels', xsrf, '{}');
  assert.equal(started.status, 201, started.text);
  const kernel = JSON.parse(started.text).id;
  await assert.rejects(site.stranger().socket(`/api/kernels/${kernel}/channels`), /401/);
  await assert.rejects(alice.socket(`/api/kernels/${kernel}/channels`, { origin: 'https://evil.example' }), /403/);
  const socket = await alice.socket(`/api/kernels/${kernel}/channels`);
  const ask = { header: { msg_id: 'one', session: 's', username: '', msg_type: 'execute_request', version: '5.3' }, parent_header: {}, metadata: {}, channel: 'shell', buffers: [],
    content: { code: 'print(6 * 7)', silent: false, store_history: false, user_expressions: {}, allow_stdin: false, stop_on_error: true } };
  const said = message(socket, (text) => /"stream"/.test(text));
  socket.send(JSON.stringify(ask));
  assert.match(await said, /42\\n/);

  const closed = once(socket, 'close');
  const out = await alice.open('/logout');
  assert.equal(out.status, 200, out.text.slice(0, 300));
  assert.equal((await closed)[0], 4401);
  assert.equal((await alice.ask('GET', '/api/kernels')).status, 401);
  const again = await site.signIn({ sub: 'alice-sub', roles: ['scientist'] });
  assert.match((await again.ask('GET', '/api/kernels')).text, new RegExp(kernel));
});

const NOTEBOOK = { cells: [{ cell_type: 'code', id: 'a1', execution_count: null, metadata: {}, outputs: [], source: 'print("sum", 6 * 7)' }],
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } }, nbformat: 4, nbformat_minor: 5 };

test('Jupyter in a browser: a cell runs, and nothing that the page asks for is refused', { timeout: 90_000 }, async (t) => {
  const missing = chromium.missing();
  if (missing) return loudSkip(t, missing);
  const app = await startJupyter(t);
  fs.writeFileSync(path.join(app.notebooks, 'one.ipynb'), JSON.stringify(NOTEBOOK));
  const site = await recipe(t, 'jupyter', { jupyter: app.url }, { plain: true });
  site.op.user = { ...site.op.user, roles: ['scientist'] };
  const browser = await chromium.launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${site.origin}/notebooks/one.ipynb`);
  await page.locator('.jp-Cell').first().click();
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor();
  await page.keyboard.press('Shift+Enter');
  await page.getByText('sum 42').waitFor();
  assert.deepEqual(site.proxy.access.filter(({ status }) => status >= 400), []);
});

test('Jupyter without allow_remote_access refuses the external name itself', { timeout: 90_000 }, async (t) => {
  const app = await startJupyter(t, (text) => text.replace(/.*allow_remote_access.*\n/, ''));
  const site = await recipe(t, 'jupyter', { jupyter: app.url });
  const { landed } = await site.signIn({ roles: ['scientist'] });
  assert.equal(landed.status, 403);
  assert.match(app.output(), /Blocking request with non-local 'Host' jupyter.example.com/);
});
