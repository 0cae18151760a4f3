// Waits until somebody accepts connections at a port of loopback.
import { once } from 'node:events';
import net from 'node:net';

export async function listening(port) {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    try { await once(socket, 'connect'); socket.destroy(); return; } catch { await new Promise((resolve) => setTimeout(resolve, 50)); }
  }
}
