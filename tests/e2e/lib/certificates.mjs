// Authorities and certificates made on the spot by openssl, and clients that speak TLS with them.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { temporaryFolder } from './proxy.mjs';
import { RawClient, requestBytes } from './raw.mjs';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

export class Authority {
  constructor(name = 'test authority') {
    this.folder = temporaryFolder();
    this.file = path.join(this.folder, 'ca.pem');
    this.key = path.join(this.folder, 'ca.key');
    openssl('req', '-x509', ...EC, '-keyout', this.key, '-out', this.file, '-days', '9', '-subj', `/CN=${name}`);
    this.pem = fs.readFileSync(this.file);
  }

  // For these names and addresses: { certificate_file, key_file }. 0 days: it has expired when it is used.
  issue(names, { days = 8, file = names[0].replace('*', 'wild') } = {}) {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext'].map((ending) => path.join(this.folder, `${file}.${ending}`));
    openssl('req', '-new', ...EC, '-keyout', key, '-out', request, '-subj', `/CN=${names[0]}`);
    fs.writeFileSync(extensions, `subjectAltName=${names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',')}\n`);
    openssl('x509', '-req', '-in', request, '-CA', this.file, '-CAkey', this.key, '-CAcreateserial', '-days', String(days), '-extfile', extensions, '-out', certificate);
    return { certificate_file: certificate, key_file: key };
  }

  // For a client: { cert, key } as tls.connect() takes them, and their files. `usage`: of the certificate's key, '' for none.
  issueClient({ subject = '/CN=alice', alternatives = '', usage = 'clientAuth', days = 8, file = 'client' } = {}) {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext'].map((ending) => path.join(this.folder, `${file}.${ending}`));
    openssl('req', '-new', ...EC, '-utf8', '-keyout', key, '-out', request, '-subj', subject);
    fs.writeFileSync(extensions, [usage && `extendedKeyUsage=${usage}`, alternatives && `subjectAltName=${alternatives}`].filter(Boolean).join('\n'));
    openssl('x509', '-req', '-in', request, '-CA', this.file, '-CAkey', this.key, '-CAcreateserial', '-days', String(days), '-extfile', extensions, '-out', certificate);
    return { cert: fs.readFileSync(certificate), key: fs.readFileSync(key), certificate_file: certificate, key_file: key };
  }

  // A file with what of the authority's is revoked: these, given as issueClient() has made them.
  revoke(clients, name = 'crl.pem') {
    const [config, list] = ['ca.cnf', name].map((one) => path.join(this.folder, one));
    fs.writeFileSync(path.join(this.folder, 'index.txt'), '');
    fs.writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\ndatabase=${this.folder}/index.txt\ndefault_md=sha256\ndefault_crl_days=5\n`);
    const ca = ['ca', '-config', config, '-cert', this.file, '-keyfile', this.key];
    for (const client of clients) openssl(...ca, '-revoke', client.certificate_file);
    openssl(...ca, '-gencrl', '-out', list);
    return list;
  }
}

// Resolves to an open TLS socket; rejects with what the handshake failed of.
export async function tlsSocket(port, { servername = 'app.test', ...options } = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername, allowHalfOpen: true, ...options });
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close').then(() => { throw new Error('closed within the handshake'); })]);
  return socket;
}

export const tlsClient = async (port, options) => new RawClient(await tlsSocket(port, options));

// One request on a connection of its own, as request() of raw.mjs.
export async function tlsRequest(port, method, target, headers = {}, { body, timeout, host = 'app.test', ...options } = {}) {
  const client = await tlsClient(port, { servername: host.replace(/:\d+$/, ''), ...options });
  try {
    await client.send(requestBytes(method, target, { Host: host, Connection: 'close', ...headers }, body));
    return await client.response({ method, timeout });
  } finally {
    client.destroy();
  }
}

// A socket's bytes as a stream that TLS can be put on while the socket stays ours: what is cut off is cut off below TLS.
// `most`: so many bytes are written at a time.
export function streamOver(raw, most = Infinity) {
  const stream = new Duplex({
    read() {},
    async write(chunk, _encoding, done) {
      for (let at = 0; at < chunk.length; at += most) await new Promise((resolve) => raw.write(chunk.subarray(at, at + most), resolve));
      done();
    },
    final(done) { raw.end(done); },
  });
  raw.on('data', (data) => stream.push(data));
  raw.on('end', () => stream.push(null));
  return stream;
}
