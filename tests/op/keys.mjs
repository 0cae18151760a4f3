// Signing keys as Logto makes them: kid is the RFC 7638 thumbprint, an RSA key names no alg, and only two keys are kept.
import { createHash, generateKeyPairSync } from 'node:crypto';

const thumbprintMembers = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'] };

function thumbprint(jwk) {
  const members = Object.fromEntries(thumbprintMembers[jwk.kty].map((name) => [name, jwk[name]]));
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function newKey(alg) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const jwk = privateKey.export({ format: 'jwk' });
  return { ...jwk, use: 'sig', kid: thumbprint(jwk), ...(jwk.kty === 'EC' ? { alg: 'ES384' } : {}) };
}

export class Keys {
  constructor(alg) {
    this.alg = alg;
    this.ring = [newKey(alg)];
  }

  get current() { return this.ring[0]; }

  // Signs with the new key at once; the key before the last is gone.
  rotate(alg = this.alg) {
    this.alg = alg;
    this.ring = [newKey(alg), this.ring[0]];
  }
}
