// What runs on in a random life: event streams and WebSockets, which end within a moment of their session, and not before it.
import { createHash, randomBytes } from 'node:crypto';
import { SLOWNESS } from './proxy.mjs';
import { NAVIGATION, RawClient, requestBytes } from './raw.mjs';
import { HOST, ORIGIN } from './world.mjs';

const END_WITHIN_MS = 2500 * SLOWNESS; // the program says a second; the model learns of an end a little later than it happened
const MOST = 6;
const TICK_MS = 100;
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// The app's side.
export async function runOn(request, reply) {
  const { socket } = reply;
  const key = request.fields.get('sec-websocket-key');
  socket.once('end', () => socket.end());
  if (key) {
    const accept = createHash('sha1').update(key + WEBSOCKET_GUID).digest('base64');
    await reply.head(101, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept });
  } else {
    await reply.head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' });
  }
  const timer = key ? null : setInterval(() => reply.chunk('data: x\n\n'), TICK_MS);
  if (!socket.destroyed) await new Promise((resolve) => { socket.once('close', resolve); }); // also after an error
  clearInterval(timer);
}

export class Streams {
  #open = new Set();
  opened = 0;
  constructor(life) { this.life = life; }

  async open(proxy, { session, cookie, under }) {
    if (this.#open.size >= MOST) return;
    const isSocket = this.life.dice.chance(0.5);
    const what = `${isSocket ? 'WebSocket' : 'event stream'} ${++this.opened} of ${session.user.sub}`;
    const headers = isSocket
      ? { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), Origin: ORIGIN }
      : NAVIGATION;
    const client = await RawClient.connect(proxy.port);
    await client.send(requestBytes('GET', `/private/run${this.opened}`, { Host: HOST, Cookie: cookie, ...headers }));
    const head = await client.head({ timeout: 20_000 * SLOWNESS }).catch(() => null);
    if (head?.status !== (isSocket ? 101 : 200) || !this.#mayRun(session, under)) return client.destroy(); // what became of it ask() judges
    const one = { what, proxy, session, under, client };
    this.#open.add(one);
    client.socket.on('end', () => client.destroy());
    client.socket.on('close', () => this.#closed(one));
    client.socket.resume();
  }

  #mayRun(session, under) { return session.lives && this.life.isRecent(session) && !this.life.secrets.mayBeGone(under); }
  #closed(one) {
    if (!this.#open.delete(one)) return; // by us
    if (this.#mayRun(one.session, one.under)) this.life.violate(`${one.what}, who should be in, was cut`);
  }
  #drop(one) {
    this.#open.delete(one);
    one.client.destroy();
  }

  // Before a process ends: all of its own do.
  drop(proxy) { for (const one of [...this.#open]) if (one.proxy === proxy) this.#drop(one); }
  dropUnder(secret) { for (const one of [...this.#open]) if (one.under.includes(secret)) this.#drop(one); }
  dropAll() { for (const one of [...this.#open]) this.#drop(one); }

  // What should have ended a while ago.
  judge() {
    for (const one of [...this.#open]) {
      const over = Math.min(one.session.overMs, this.life.secrets.isGoneAtMs(one.under));
      if (Date.now() - over < END_WITHIN_MS) continue;
      this.life.violate(`${one.what}, who is out for ${Date.now() - over} ms, goes on`);
      this.#drop(one);
    }
  }
}
