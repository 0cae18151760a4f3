// A TCP relay in front of a server, one for each client that a test cuts off by itself: what passes it can be refused or made to hang.
import net from 'node:net';
import { once } from 'node:events';

export class Relay {
  #pairs = new Set();
  #mode = 'pass';

  static async start(port) {
    const relay = new Relay();
    relay.server = net.createServer({ pauseOnConnect: true }, (client) => relay.#take(client, port));
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }
  get port() { return this.server.address().port; }
  get isOpen() { return this.#mode === 'pass'; }

  #take(client, port) {
    client.on('error', () => {});
    if (this.#mode === 'refuse') return client.destroy();
    const server = net.connect(port, '127.0.0.1');
    server.on('error', () => client.destroy());
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on('data', (data) => to.write(data));
      from.on('close', () => { to.destroy(); this.#pairs.delete(pair); });
    }
    if (this.#mode === 'pass') client.resume();
    else server.pause();
  }

  // Connections stand, but nothing comes through.
  hang() {
    this.#mode = 'hang';
    for (const { client, server } of this.#pairs) { client.pause(); server.pause(); }
  }
  refuse() {
    this.#mode = 'refuse';
    for (const { client, server } of this.#pairs) { client.destroy(); server.destroy(); }
  }
  pass() {
    this.#mode = 'pass';
    for (const { client, server } of this.#pairs) { client.resume(); server.resume(); }
  }
  stop() {
    this.refuse();
    this.server.close();
  }
}
