// Keys and compact JWS made by hand, so that a test can put any bytes into any part.
import { createHmac, generateKeyPairSync, sign as cryptoSign } from 'node:crypto';

export const b64 = (value) => Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString('base64url');
export const decodeJwt = (jwt) => {
  const [header, claims] = jwt.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  return { header, claims };
};

const HASH = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256', PS256: 'sha256', HS256: 'sha256', HS384: 'sha384' };
const CURVE = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
let kids = 0;

export class SigningKey {
  constructor(alg = 'ES384', { kid = `key-${++kids}`, curve, modulusLength = 2048, publicExponent } = {}) {
    this.alg = alg;
    this.kid = kid;
    const pair = alg.startsWith('ES')
      ? generateKeyPairSync('ec', { namedCurve: curve ?? CURVE[alg] })
      : generateKeyPairSync('rsa', { modulusLength, publicExponent });
    this.privateKey = pair.privateKey;
    this.publicKey = pair.publicKey;
  }
  jwk(extra = {}) { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.alg, ...extra }; }
  sign(input, alg = this.alg) {
    const key = this.privateKey;
    if (alg.startsWith('ES')) return cryptoSign(HASH[alg], input, { key, dsaEncoding: 'ieee-p1363' });
    if (alg.startsWith('PS')) return cryptoSign(HASH[alg], input, { key, padding: 6, saltLength: 32 });
    return cryptoSign(HASH[alg], input, key);
  }
}

export function mac(alg, secret, input) { return createHmac(HASH[alg], secret).update(input).digest(); }

// A compact JWS over any header and payload, given as values or as ready text.
export function jws(header, payload, signer) {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${b64(signer(input))}`;
}

export const signedBy = (key, header, claims) => jws(header, claims, (input) => key.sign(Buffer.from(input)));
