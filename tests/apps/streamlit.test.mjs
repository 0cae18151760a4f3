// Streamlit in a browser: everything comes by WebSocket.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as chromium from '../e2e/lib/chromium.mjs';
import { loudSkip } from '../e2e/lib/corpora.mjs';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { PYTHON, blocks, recipe } from './lib/recipe.mjs';

const MORE = `
name = st.text_input("name")
st.write("name is", name)
file = st.file_uploader("file")
if file: st.write("size is", len(file.getvalue()))
`;

async function startStreamlit(t) {
  const port = await freePort();
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, '.streamlit'));
  fs.writeFileSync(path.join(folder, 'page.py'), blocks('streamlit', 'python')[0] + MORE);
  fs.writeFileSync(path.join(folder, '.streamlit/config.toml'), blocks('streamlit', 'toml')[0].replace('8501', port));
  const start = `import os, sys; os.chdir(${JSON.stringify(folder)}); sys.argv = ["streamlit", "run", "page.py"]; from streamlit.web.cli import main; main()`;
  await startServer(t, path.join(PYTHON, 'python'), ['-c', start], port, { HOME: folder });
  return `http://127.0.0.1:${port}`;
}

test('Streamlit: a page in a browser greets who signed in, takes text and a file, and ends with the session', { timeout: 90_000 }, async (t) => {
  const missing = chromium.missing();
  if (missing) return loudSkip(t, missing);
  const site = await recipe(t, 'streamlit', { streamlit: await startStreamlit(t) }, { plain: true });
  site.op.user = { ...site.op.user, username: '山田' };
  const browser = await chromium.launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${site.origin}/`);
  await page.getByText('Hello, 山田').waitFor();
  await page.getByLabel('name', { exact: true }).fill('é & ü');
  await page.keyboard.press('Enter');
  await page.getByText('name is é & ü').waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'größe.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(12 << 20, 1) });
  await page.getByText(`size is ${12 << 20}`).waitFor();
  const code = await page.evaluate(() => new Promise((resolve) => {
    const socket = new WebSocket(`ws://${location.host}/_stcore/stream`, ['streamlit']);
    socket.onopen = () => fetch('/_auth/sign-out', { method: 'POST', redirect: 'manual' });
    socket.onclose = (event) => resolve(event.code);
  }));
  assert.equal(code, 4401);
  await page.getByText('Connection error').waitFor();
  await assert.rejects(site.stranger().socket('/_stcore/stream', { protocols: ['streamlit'] }), /401/);
});

test('Streamlit: its own rule about Origin holds under the external name', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'streamlit', { streamlit: await startStreamlit(t) });
  const alice = await site.signIn();
  (await alice.socket('/_stcore/stream', { protocols: ['streamlit'] })).terminate();
  await assert.rejects(alice.socket('/_stcore/stream', { protocols: ['streamlit'], origin: 'https://evil.example' }), /403/);
});
