// A reporter for node --test: the ten files that took longest, each with its slowest test.
const COUNT = 10;

export default async function* slowest(source) {
  const files = new Map();
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || !data.file) continue;
    const ms = data.details.duration_ms;
    const file = files.get(data.file) ?? { ms: 0, slowestMs: -1, slowest: '' };
    files.set(data.file, file);
    // What stands at the top of a file runs in turn, and holds all that is below.
    if (data.nesting === 0) file.ms += ms;
    if (data.details.type !== 'suite' && ms > file.slowestMs) Object.assign(file, { slowestMs: ms, slowest: data.name });
  }
  const sorted = [...files].sort(([, a], [, b]) => b.ms - a.ms).slice(0, COUNT);
  const s = (ms) => `${(ms / 1000).toFixed(1)} s`.padStart(8);
  for (const [path, file] of sorted) {
    yield `${s(file.ms)}  ${path.split('/').pop().padEnd(32)} ${s(file.slowestMs)}  ${file.slowest.slice(0, 70)}\n`;
  }
}
