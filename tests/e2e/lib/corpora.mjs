// Readers of tests/corpora and, where it is present, of the shared corpora that may not be copied.
import fs from 'node:fs';
import path from 'node:path';
import { REPO } from './proxy.mjs';

const CORPORA = path.join(REPO, 'tests/corpora');

export function table(file) {
  const [head, ...rows] = fs.readFileSync(path.join(CORPORA, file), 'utf8').split('\n').filter((line) => line !== '');
  const names = head.split('\t');
  return rows.map((row) => Object.fromEntries(row.split('\t').map((cell, index) => [names[index] ?? `column ${index}`, cell])));
}
export const lines = (file) => fs.readFileSync(path.join(CORPORA, file), 'utf8').split('\n').filter((line) => line !== '');
export const bytes = (file) => fs.readFileSync(path.join(CORPORA, file));

export function sharedFile(file) {
  const folder = process.env.LOGTO_PROXY_SHARED ?? path.join(REPO, '../shared');
  const full = path.join(folder, 'corpora', file);
  return fs.existsSync(full) ? full : null;
}

export function loudSkip(t, why) {
  console.error(`SKIP: ${t.name}: ${why}`);
  t.skip(why);
}
