// A client that sends bytes as they are and reads answers strictly: what node:http would forgive is an error here.
import net from 'node:net';
import { ByteStream, Fields, framingOf, nonNegative, parseFields, readChunked } from './byte_stream.mjs';

export class RawClient {
  static connect(port, { host = '127.0.0.1', ...options } = {}) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host, noDelay: true, allowHalfOpen: true, ...options });
      socket.once('error', reject);
      socket.once('connect', () => { socket.off('error', reject); resolve(new RawClient(socket)); });
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.stream = new ByteStream(socket);
  }

  send(bytes) {
    return new Promise((resolve) => { this.socket.write(bytes, () => resolve()); });
  }

  // The next final answer. `method` decides whether a body follows; interim (1xx) answers before it are listed.
  async response({ method = 'GET', timeout = 5000, onChunk } = {}) {
    const interim = [];
    for (;;) {
      const head = await this.head({ timeout });
      if (head.status >= 100 && head.status < 200 && head.status !== 101) { interim.push(head); continue; }
      const body = await this.#body(head, method, { timeout, onChunk });
      return { ...head, ...body, interim };
    }
  }

  async head({ timeout = 5000 } = {}) {
    const end = await this.stream.until((bytes) => nonNegative(bytes.indexOf('\r\n\r\n')), { timeout, what: 'an answer head' });
    const text = this.stream.take(end).toString('latin1');
    this.stream.take(4);
    const [statusLine, ...lines] = text.split('\r\n');
    const match = /^HTTP\/1\.1 (\d{3}) ([^\r\n\0]*)$/.exec(statusLine);
    if (!match) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    return { status: Number(match[1]), reason: match[2], fields: new Fields(parseFields(lines)) };
  }

  async #body(head, method, options) {
    if (method === 'HEAD' || [101, 204, 304].includes(head.status)) {
      if (head.status === 204 && (head.fields.has('content-length') || head.fields.has('transfer-encoding'))) {
        throw new Error('204 with framing fields (RFC 9110 8.6)');
      }
      return { body: Buffer.alloc(0), text: '' };
    }
    const framing = framingOf(head.fields, 'the answer');
    if (framing.chunked) {
      const chunked = await readChunked(this.stream, options);
      return { ...chunked, text: chunked.body.toString() };
    }
    if (framing.length !== undefined) {
      const body = await this.stream.exactly(framing.length, options);
      return { body, text: body.toString() };
    }
    const { bytes, clean } = await this.stream.toEnd(options);
    return { body: bytes, text: bytes.toString(), untilClose: true, clean };
  }

  // All answers until the proxy closes; `methods[i]` is the method of the i-th request.
  async responsesUntilClose({ methods = [], timeout = 5000 } = {}) {
    const answers = [];
    for (;;) {
      const more = await this.stream.until((bytes, gone) => (bytes.length ? 'bytes' : gone ? 'gone' : undefined), { timeout, what: 'an answer or the end' });
      if (more === 'gone') return answers;
      answers.push(await this.response({ method: methods[answers.length], timeout }));
    }
  }

  // Resolves when the proxy has ended the connection; fails when it says anything more first.
  async closed({ timeout = 5000 } = {}) {
    const { bytes } = await this.stream.toEnd({ timeout });
    if (bytes.length) throw new Error(`more bytes before the end: ${JSON.stringify(bytes.subarray(0, 200).toString('latin1'))}`);
  }

  // The proxy sends nothing for `ms`: the only place where time itself is the oracle.
  async silent(ms = 150) {
    const before = this.stream.total;
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (this.stream.total !== before) throw new Error(`unexpected bytes: ${this.stream.peek().toString('latin1').slice(0, 200)}`);
  }

  destroy() { this.socket.destroy(); }
}

// One request on a connection of its own. headers: object, values may be arrays; Host and Connection have defaults.
export async function request(port, method, target, headers = {}, { body, timeout, host = 'app.test', localAddress } = {}) {
  const client = await RawClient.connect(port, { localAddress });
  try {
    await client.send(requestBytes(method, target, { Host: host, Connection: 'close', ...headers }, body));
    return await client.response({ method, timeout });
  } finally {
    client.destroy();
  }
}

export function requestBytes(method, target, headers = {}, body) {
  const lines = [`${method} ${target} HTTP/1.1`];
  const all = { ...headers };
  if (body !== undefined && !hasName(all, 'transfer-encoding') && !hasName(all, 'content-length')) {
    all['Content-Length'] = String(Buffer.byteLength(body));
  }
  for (const [name, value] of Object.entries(all)) {
    for (const one of [value].flat()) if (one !== undefined) lines.push(`${name}: ${one}`);
  }
  const head = Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1');
  return body === undefined ? head : Buffer.concat([head, Buffer.from(body)]);
}

const hasName = (headers, name) => Object.keys(headers).some((key) => key.toLowerCase() === name);

// What a browser sends with a top-level navigation, and what a script's fetch() sends.
export const NAVIGATION = {
  Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'none', 'Sec-Fetch-User': '?1',
};
export const FETCH = { Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' };
