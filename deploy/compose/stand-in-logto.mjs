// The development provider in Logto's place, for deploy/compose-check.sh. Logto has two ports: this one leads 3002, the admin tenant, to 3001.
import net from 'node:net';
import '../../tests/op/main.mjs';

net.createServer((client) => {
  const server = net.connect(3001, '127.0.0.1');
  client.pipe(server).pipe(client);
  for (const [from, to] of [[client, server], [server, client]]) from.on('error', () => to.destroy());
}).listen(3002, '0.0.0.0');
