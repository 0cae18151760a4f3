// Listeners on unix sockets: who may connect, what was there before, what is left behind, and that all workers serve.
// Quick.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';

import { freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { HOST, makeWorld } from './lib/world.mjs';

const ask = (socketPath, target = '/public/x', agent = undefined) => new Promise((resolve, reject) => {
  http.get({ socketPath, path: target, headers: { Host: HOST }, agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      }).on('error', reject);
});
const serves = async (t, listen, config = {}) =>
    makeWorld(t, { config: { ...config, listen: ['127.0.0.1:0', listen].flat() } });
const routes = [{ path: '/*', access: 'deny' }];
const base = {
  external_urls: [`http://${HOST}`],
  logto: { endpoint: 'https://logto.test', app_id: 'a', app_secret: 'b' },
  session: { secret: freshSecret() },
  admin: { listen: '127.0.0.1:0' },
  check_after: null
};

describe('a unix socket', () => {
  test('has its mode and group, serves by all workers, and its file goes at the end', async (t) => {
    const file = path.join(temporaryFolder(), 'x.sock');
    const world =
        await serves(t, { address: `unix:${file}`, mode: '0620', group: String(process.getgid()) }, { workers: 4 });
    const { mode, gid } = fs.statSync(file);
    assert.equal(mode & 0o777, 0o620);
    assert.equal(gid, process.getgid());
    assert.deepEqual(await Promise.all(Array.from({ length: 40 }, () => ask(file))), Array(40).fill(200));
    await world.proxy.stop();
    assert.equal(fs.existsSync(file), false);
    world.proxy = null;
  });

  test('that a dead process left is replaced, that of a living one is not', async (t) => {
    const file = path.join(temporaryFolder(), 'x.sock');
    const dead = net.createServer().listen(file);
    await once(dead, 'listening');
    fs.linkSync(file, `${file}.kept`);
    dead.close();
    fs.renameSync(`${file}.kept`, file);
    await serves(t, `unix:${file}`);
    assert.equal(await ask(file), 200);
    const second = await run(['serve', '--config', writeConfig({ ...base, listen: [`unix:${file}`], routes })]);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /another process serves there/);
    assert.equal(await ask(file), 200);
  });

  test('by an abstract name', async (t) => {
    const name = `logto-proxy-${process.pid}`;
    await serves(t, `unix:@${name}`, { workers: 2 });
    assert.match(fs.readFileSync('/proc/net/unix', 'utf8'), new RegExp(`@${name}$`, 'm'));
  });

  for (const [what, listen, words] of [
           ['a group that does not exist', { mode: '0660', group: 'no-such-group' }, /there is no group 'no-such-group'/],
           ['a folder that does not exist', { folder: 'none' }, /the folder does not exist/],
           ['a mode that is none', { mode: '0999' }, /listen\[1\]\.mode: expected an octal mode such as "0660"/],
  ]) {
    test(`refuses the start, in words: ${what}`, async () => {
      const { folder = '', ...keys } = listen;
      const address = `unix:${path.join(temporaryFolder(), folder, 'x.sock')}`;
      const { code, stderr } =
          await run(['serve', '--config', writeConfig({ ...base, listen: [{ address, ...keys }], routes })]);
      assert.notEqual(code, 0);
      assert.match(stderr, words);
    });
  }

  test('a mode for a port, or for an abstract name, is a mistake', async () => {
    for (const address of ['127.0.0.1:0', 'unix:@x']) {
      const { code, stderr } =
          await run(['check', '--config', writeConfig({ ...base, listen: [{ address, mode: '0660' }], routes })]);
      assert.notEqual(code, 0);
      assert.match(stderr, /listen\[1\]\.mode: an (IP address|abstract name) has no file/);
    }
  });
});
