// Servers that tests start beside the proxy, each on a port of its own, as Debian has them.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { temporaryFolder } from './proxy.mjs';

export const NGINX = '/usr/sbin/nginx';

async function listening(port, output, { timeout = 15_000 } = {}) {
  for (const end = Date.now() + timeout; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const socket = net.connect(port, '127.0.0.1');
    const up = await new Promise((resolve) => { socket.on('connect', () => resolve(true)); socket.on('error', () => resolve(false)); });
    socket.destroy();
    if (up) return;
  }
  throw new Error(`nothing listens on ${port}: ${output()}`);
}

// What runs `command` until the scope ends, once it listens on `port`: { output() }.
export async function startServer(scope, command, args, port, env = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  child.on('error', (error) => { output += error; });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
  scope.after(async () => { if (child.exitCode === null) { const closed = once(child, 'close'); child.kill('SIGTERM'); await closed; } });
  await listening(port, () => output);
  return { output: () => output };
}

// `http`: the text of its http block. `folder`: where its files go.
export function startNginx(scope, { port, http, folder = temporaryFolder() }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  fs.writeFileSync(path.join(folder, 'nginx.conf'), `${process.getuid() === 0 ? 'user root;' : ''} daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {} http { access_log off; ${temporary} ${http} }`);
  return startServer(scope, NGINX, ['-e', 'stderr', '-p', folder, '-c', path.join(folder, 'nginx.conf')], port);
}
