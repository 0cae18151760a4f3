// HTTP/2 frame by frame, for what no honest client would send: fields are literals, never compressed, and of what comes only
// what tests ask for is read. For honest clients there is node:http2.
import { once } from 'node:events';
import net from 'node:net';

export const TYPE = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PUSH_PROMISE: 5, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 };
export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8 };
export const CODE = { NO_ERROR: 0, PROTOCOL_ERROR: 1, FLOW_CONTROL_ERROR: 3, STREAM_CLOSED: 5, FRAME_SIZE_ERROR: 6, REFUSED_STREAM: 7, CANCEL: 8, ENHANCE_YOUR_CALM: 11, HTTP_1_1_REQUIRED: 13 };
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

// RFC 7541 5.1
function integer(value, prefixBits) {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const out = [most];
  for (value -= most; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) + 128);
  return Buffer.from([...out, value]);
}
const string = (text) => { const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'); return Buffer.concat([integer(bytes.length, 7), bytes]); };
// Literals without indexing (RFC 7541 6.2.2). `indexed`: put into the table, as HPACK bombs need it.
export const field = (name, value, { indexed = false } = {}) => Buffer.concat([Buffer.from([indexed ? 0x40 : 0]), string(name), string(value)]);
export const block = (fields) => Buffer.concat(fields.map(([name, value]) => field(name, value)));
export const setting = (id, value) => { const out = Buffer.alloc(6); out.writeUInt16BE(id, 0); out.writeUInt32BE(value, 2); return out; };
export const uint32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };

// The :status that our side's blocks begin with: from the static table, or three digits, Huffman coded or not.
function statusOf(bytes) {
  const known = { 0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500 };
  let at = 0;
  while ((bytes[at] & 0xe0) === 0x20) ++at; // a new size of the table
  if (known[bytes[at]]) return known[bytes[at]];
  const length = bytes[at + 1] & 0x7f;
  const coded = bytes.subarray(at + 2, at + 2 + length);
  if ((bytes[at + 1] & 0x80) === 0) return Number(coded.toString('latin1'));
  let bits = [...coded].map((one) => one.toString(2).padStart(8, '0')).join('');
  let digits = '';
  while (digits.length < 3) {
    const short = { '00000': '0', '00001': '1', '00010': '2' }[bits.slice(0, 5)];
    digits += short ?? String(parseInt(bits.slice(0, 6), 2) - 0b011001 + 3);
    bits = bits.slice(short ? 5 : 6);
  }
  return Number(digits);
}

class Stream {
  statuses = [];
  bytes = [];
  heads = 0;
  ended = false;
  reset = null;
  get status() { return this.statuses.at(-1); }
  get body() { return Buffer.concat(this.bytes); }
  get over() { return this.ended || this.reset !== null; }
}

export class Http2Raw {
  streams = new Map();
  frames = [];
  goaway = null;
  closed = false;
  nextId = 1;
  windowUpdates = true; // answered as an honest client does

  // `socket`: connected, with or without TLS.
  constructor(socket) {
    this.socket = socket;
    this.rest = Buffer.alloc(0);
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => { this.closed = true; this.#wake(); });
    socket.on('end', () => { this.closed = true; this.#wake(); socket.end(); });
  }

  static async connect(port, { settings = [], socket, preface = true } = {}) {
    const opened = socket ?? net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    if (!socket) await once(opened, 'connect');
    const client = new Http2Raw(opened);
    if (preface) client.write(PREFACE, frame(TYPE.SETTINGS, 0, 0, Buffer.concat(settings.map(([id, value]) => setting(id, value)))));
    return client;
  }

  #wakers = [];
  #wake() { for (const wake of this.#wakers.splice(0)) wake(); }

  write(...frames) { if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames)); }
  // Resolves when the kernel has it.
  send(...frames) { return new Promise((resolve) => { if (this.socket.destroyed) resolve(); else this.socket.write(Buffer.concat(frames), () => resolve()); }); }

  #take(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 9) {
      const length = this.rest.readUIntBE(0, 3);
      if (this.rest.length < 9 + length) break;
      this.#frame({ type: this.rest[3], flags: this.rest[4], stream: this.rest.readUInt32BE(5) & 0x7fffffff, payload: this.rest.subarray(9, 9 + length) });
      this.rest = this.rest.subarray(9 + length);
    }
    this.#wake();
  }

  #frame(one) {
    this.frames.push(one);
    const { type, flags, payload } = one;
    const stream = this.streams.get(one.stream);
    if (type === TYPE.SETTINGS && !(flags & FLAG.ACK)) this.write(frame(TYPE.SETTINGS, FLAG.ACK, 0));
    if (type === TYPE.PING && !(flags & FLAG.ACK)) this.write(frame(TYPE.PING, FLAG.ACK, 0, payload));
    if (type === TYPE.GOAWAY) this.goaway = { last: payload.readUInt32BE(0), code: payload.readUInt32BE(4), count: (this.goaway?.count ?? 0) + 1 };
    if (!stream) return;
    if (type === TYPE.HEADERS && ++stream.heads && (stream.status ?? 100) < 200) stream.statuses.push(statusOf(payload));
    if (type === TYPE.DATA) {
      stream.bytes.push(Buffer.from(payload));
      if (this.windowUpdates && payload.length) {
        this.write(frame(TYPE.WINDOW_UPDATE, 0, 0, uint32(payload.length)));
        if (!(flags & FLAG.END_STREAM)) this.write(frame(TYPE.WINDOW_UPDATE, 0, one.stream, uint32(payload.length)));
      }
    }
    if ((type === TYPE.HEADERS || type === TYPE.DATA) && flags & FLAG.END_STREAM) stream.ended = true;
    if (type === TYPE.RST_STREAM) stream.reset = payload.readUInt32BE(0);
  }

  async until(what, condition, timeout = 10_000) {
    const end = Date.now() + timeout;
    while (!condition()) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no ${what}; goaway ${JSON.stringify(this.goaway)}, closed ${this.closed}`);
      let timer;
      await Promise.race([new Promise((resolve) => { this.#wakers.push(resolve); }), new Promise((resolve) => { timer = setTimeout(resolve, left); })]);
      clearTimeout(timer);
    }
  }

  // fields: [[name, value]], pseudo-header fields too. Answers { id, stream }.
  open(fields, { end = true, id = this.nextId } = {}) {
    this.nextId = id + 2;
    const stream = new Stream();
    this.streams.set(id, stream);
    this.write(...this.headers(id, block(fields), end ? FLAG.END_STREAM : 0));
    return { id, stream };
  }

  // In as many frames as it takes.
  headers(id, bytes, flags = FLAG.END_STREAM, most = 16_384) {
    const frames = [];
    for (let at = 0; at === 0 || at < bytes.length; at += most) {
      const last = at + most >= bytes.length ? FLAG.END_HEADERS : 0;
      frames.push(frame(at === 0 ? TYPE.HEADERS : TYPE.CONTINUATION, (at === 0 ? flags : 0) | last, id, bytes.subarray(at, at + most)));
    }
    return frames;
  }

  data(id, bytes, end = false) { this.write(frame(TYPE.DATA, end ? FLAG.END_STREAM : 0, id, Buffer.from(bytes))); }
  resetStream(id, code = CODE.CANCEL) { this.write(frame(TYPE.RST_STREAM, 0, id, uint32(code))); }

  // A whole request and its answer: { status, body, reset }.
  async request(fields, body = null) {
    const { id, stream } = this.open(fields, { end: body === null });
    if (body !== null) for (let at = 0; at === 0 || at < body.length; at += 16_384) this.data(id, body.subarray(at, at + 16_384), at + 16_384 >= body.length);
    await this.until('answer', () => stream.over || this.closed);
    return { status: stream.status, body: stream.body, text: stream.body.toString(), reset: stream.reset, closed: this.closed && !stream.over };
  }

  untilClosed(timeout) { return this.until('end of the connection', () => this.closed, timeout); }
  destroy() { this.socket.destroy(); }
}

export const get = (path, more = [], { host = 'app.test', scheme = 'http', method = 'GET' } = {}) => [
  [':method', method], [':scheme', scheme], [':authority', host], [':path', path], ...more];
