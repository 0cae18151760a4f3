// Radicale: who somebody is by a field, and WebDAV.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { blocks, recipe } from './lib/recipe.mjs';

const EVENT = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//t//', 'BEGIN:VEVENT', 'UID:one', 'DTSTAMP:20240101T000000Z',
  'DTSTART:20240102T100000Z', 'DTEND:20240102T110000Z', 'SUMMARY:山の日', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
const XML = { 'Content-Type': 'application/xml' };

test('Radicale: a calendar is made, filled, listed, searched, moved and deleted by the person who signed in', async (t) => {
  const port = await freePort();
  const folder = temporaryFolder();
  const settings = blocks('radicale', 'ini')[0].replace('127.0.0.1:5232', `127.0.0.1:${port}`);
  fs.writeFileSync(path.join(folder, 'config'), `${settings}[storage]\nfilesystem_folder = ${folder}/collections\n`);
  await startServer(t, '/usr/bin/radicale', ['--config', path.join(folder, 'config')], port);
  const site = await recipe(t, 'radicale', { radicale: `http://127.0.0.1:${port}` });

  for (const with_ of [{}, { Authorization: 'Basic YWxpY2U6c2VjcmV0' }]) assert.equal((await site.stranger().ask('PROPFIND', '/alice/', with_)).status, 401);
  const alice = await site.signIn();
  assert.equal(alice.landed.status, 200);
  assert.match(alice.landed.text, /Radicale/);
  assert.equal(new URL(alice.landed.url).pathname, '/.web/');

  const made = await alice.ask('MKCALENDAR', '/alice/work/', XML, '<?xml version="1.0"?><C:mkcalendar xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:set><D:prop><D:displayname>仕事</D:displayname></D:prop></D:set></C:mkcalendar>');
  assert.equal(made.status, 201, made.text);
  assert.equal((await alice.ask('PUT', '/alice/work/%E4%BC%9A%E8%AD%B0+1@x.ics', { 'Content-Type': 'text/calendar; charset=utf-8', 'If-None-Match': '*' }, EVENT)).status, 201);
  const listed = await alice.ask('PROPFIND', '/alice/work/', { ...XML, Depth: '1' }, '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><displayname/><getetag/></prop></propfind>');
  assert.equal(listed.status, 207);
  assert.match(listed.text, /仕事/);
  assert.match(listed.text, /%E4%BC%9A%E8%AD%B0/);
  const report = await alice.ask('REPORT', '/alice/work/', { ...XML, Depth: '1' }, '<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>');
  assert.match(report.text, /山の日/);
  const moved = await alice.ask('MOVE', '/alice/work/%E4%BC%9A%E8%AD%B0+1@x.ics', { Destination: `${site.origin}/alice/work/one.ics` });
  assert.equal(moved.status, 201, moved.text);
  const files = fs.readdirSync(path.join(folder, 'collections/collection-root/alice/work')).filter((name) => name.endsWith('.ics'));
  assert.deepEqual(files, ['one.ics']);

  const bob = await site.signIn({ sub: 'bob-sub', username: 'bob' });
  assert.equal((await bob.ask('GET', '/alice/work/one.ics', { 'X-Remote-User': 'alice' })).status, 403);
  assert.equal((await alice.ask('DELETE', '/alice/work/one.ics')).status, 200);
  const nobody = await site.signIn({ sub: 'no-name', username: null });
  assert.equal(nobody.landed.status, 403);
});
