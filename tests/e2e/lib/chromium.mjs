// A real browser: playwright-core over Debian's Chromium. available() says why not where one of them is missing.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { REPO } from './proxy.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const require = createRequire(path.join(REPO, 'tests/package.json'));

export function missing() {
  if (!fs.existsSync(EXECUTABLE)) return `${EXECUTABLE} is not installed`;
  try { require.resolve('playwright-core'); } catch { return 'playwright-core is not installed (npm install in tests/)'; }
  return null;
}

export async function launch({ args = [] } = {}) {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args],
  });
}

export function webSocketLibrary() { return require('ws'); }

export async function screenshot(page, name) {
  const folder = path.join(REPO, 'build/screenshots');
  fs.mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
