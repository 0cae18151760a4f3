// Bytes of one socket, kept exactly as they came, with waits instead of sleeps. Both the raw client and the recording
// upstream read through it, so that neither depends on the leniency of node:http.

export class Truncated extends Error {}
export class TimedOut extends Error {}

export class ByteStream {
  #chunks = Buffer.alloc(0);
  #wakers = new Set();
  ended = false; // FIN seen
  reset = false; // RST or another socket error seen
  total = 0;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.total += data.length;
      this.#chunks = this.#chunks.length ? Buffer.concat([this.#chunks, data]) : data;
      this.#wake();
    });
    socket.on('end', () => { this.ended = true; this.#wake(); });
    socket.on('error', () => { this.reset = true; this.#wake(); });
    socket.on('close', () => { this.ended = true; this.#wake(); });
  }

  #wake() { for (const waker of [...this.#wakers]) waker(); }

  peek() { return this.#chunks; }
  take(count) {
    const bytes = this.#chunks.subarray(0, count);
    this.#chunks = this.#chunks.subarray(count);
    return bytes;
  }

  // Resolves with ready(buffer) as soon as that is not undefined. Rejects with Truncated when the peer is gone first.
  until(ready, { timeout = 5000, what = 'bytes' } = {}) {
    return new Promise((resolve, reject) => {
      let timer;
      const done = (settle, value) => { clearTimeout(timer); this.#wakers.delete(look); settle(value); };
      const look = () => {
        let value;
        try { value = ready(this.#chunks, this.ended || this.reset); } catch (error) { return done(reject, error); }
        if (value !== undefined) return done(resolve, value);
        if (this.ended || this.reset) {
          done(reject, new Truncated(`peer ${this.reset ? 'reset' : 'closed'} while waiting for ${what}; have ${this.#preview()}`));
        }
      };
      timer = setTimeout(() => done(reject, new TimedOut(`no ${what} within ${timeout} ms; have ${this.#preview()}`)), timeout);
      this.#wakers.add(look);
      look();
    });
  }

  #preview() {
    return JSON.stringify(this.#chunks.subarray(0, 200).toString('latin1')) + ` (${this.#chunks.length} bytes)`;
  }

  async line(options) {
    const end = await this.until((bytes) => nonNegative(bytes.indexOf('\r\n')), { what: 'a line', ...options });
    const line = this.take(end).toString('latin1');
    this.take(2);
    return line;
  }

  async exactly(count, options) {
    await this.until((bytes) => (bytes.length >= count ? true : undefined), { what: `${count} bytes`, ...options });
    return Buffer.from(this.take(count));
  }

  // Everything until the peer's FIN. `clean` is false when it was a reset.
  async toEnd(options = {}) {
    await this.until((_bytes, gone) => (gone ? true : undefined), { what: 'the end of the connection', ...options });
    return { bytes: Buffer.from(this.take(this.#chunks.length)), clean: !this.reset };
  }
}

export const nonNegative = (index) => (index >= 0 ? index : undefined);

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

// Field lines of a head, strictly (RFC 9112 5). Returns [[name, value], ...] in order, latin1.
export function parseFields(lines) {
  return lines.map((line) => {
    const match = FIELD.exec(line);
    if (!match || /[\r\n\0]/.test(line)) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [match[1], match[2]];
  });
}

// Case-insensitive view of a field list.
export class Fields {
  constructor(list) { this.list = list; }
  all(name) { return this.list.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value); }
  get(name) { const values = this.all(name); return values.length ? values.join(', ') : undefined; }
  has(name) { return this.all(name).length > 0; }
  names() { return this.list.map(([key]) => key.toLowerCase()); }
}

// Where a message's body ends (RFC 9112 6.3), refusing what is ambiguous: a peer under test must never send that.
export function framingOf(fields, what) {
  const lengths = fields.all('content-length');
  const coding = fields.get('transfer-encoding');
  if (coding !== undefined) {
    if (lengths.length) throw new Error(`${what} has both Content-Length and Transfer-Encoding`);
    if (coding.toLowerCase() !== 'chunked') throw new Error(`${what} has Transfer-Encoding ${coding}`);
    return { chunked: true };
  }
  if (lengths.length > 1) throw new Error(`${what} has ${lengths.length} Content-Length fields`);
  if (lengths.length && !/^\d+$/.test(lengths[0])) throw new Error(`${what} has Content-Length ${lengths[0]}`);
  return { length: lengths.length ? Number(lengths[0]) : undefined };
}

// A chunked body, strictly; onChunk hears each chunk as it arrives.
export async function readChunked(stream, { onChunk, ...options } = {}) {
  const parts = [];
  const sizes = [];
  for (;;) {
    const line = await stream.line(options);
    if (!/^[0-9a-fA-F]{1,16}$/.test(line)) throw new Error(`chunk line ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    sizes.push(size);
    if (size === 0) break;
    const data = await stream.exactly(size, options);
    parts.push(data);
    onChunk?.(data);
    const end = await stream.exactly(2, options);
    if (end.toString('latin1') !== '\r\n') throw new Error('chunk data not followed by CRLF');
  }
  const trailers = [];
  for (;;) {
    const line = await stream.line(options);
    if (line === '') break;
    trailers.push(line);
  }
  return { body: Buffer.concat(parts), sizes, trailers: parseFields(trailers) };
}
