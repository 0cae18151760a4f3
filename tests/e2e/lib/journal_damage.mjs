// What can happen to a journal (docs/formats.md, base/journal_records.h): each of these may have cost records.
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';

const HEADER_BYTES = 16;
const START_BYTES = 32; // header and seal
const OVERHEAD_BYTES = 8; // of a record: its length in three bytes, a mark, a checksum

function recordsOf(file) {
  const bytes = fs.readFileSync(file);
  const starts = [];
  for (let at = START_BYTES; at < bytes.length; at += OVERHEAD_BYTES + bytes.readUIntLE(at, 3)) starts.push(at);
  return starts;
}
const cut = (size) => (file) => fs.truncateSync(file, typeof size === 'function' ? size(file) : size);
const grow = (bytes) => (file) => fs.appendFileSync(file, bytes);
function flip(file) {
  const bytes = fs.readFileSync(file);
  bytes[START_BYTES + Math.floor((bytes.length - START_BYTES) / 2)] ^= 1;
  fs.writeFileSync(file, bytes);
}
const sizeOf = (file) => fs.statSync(file).size;

// needs: so many records must be there for it.
export const JOURNAL_DAMAGE = [
  { what: 'is empty', needs: 0, hurt: cut(0) },
  { what: 'lost half of its header', needs: 0, hurt: cut(9) },
  { what: 'was cut exactly behind its header', needs: 0, hurt: cut(HEADER_BYTES) },
  { what: 'was cut exactly before its first record', needs: 1, hurt: cut(START_BYTES) },
  { what: 'was cut exactly before its last record', needs: 1, hurt: cut((file) => recordsOf(file).at(-1)) },
  { what: 'was cut exactly in the middle, between two records', needs: 2, hurt: cut((file) => { const starts = recordsOf(file); return starts[starts.length >> 1]; }) },
  { what: 'lost the end of its last record', needs: 1, hurt: cut((file) => sizeOf(file) - 3) },
  { what: 'ends in a few zeros', needs: 0, hurt: grow(Buffer.alloc(3)) },
  { what: 'ends in zeros where its last record was', needs: 1, hurt: (file) => { const size = sizeOf(file); fs.truncateSync(file, size - 20); fs.truncateSync(file, size + 4096); } },
  { what: 'ends in garbage', needs: 0, hurt: (file) => grow(randomBytes(60))(file) },
  { what: 'has another bit somewhere', needs: 1, hurt: flip },
];
export const recordCount = (file) => recordsOf(file).length;
