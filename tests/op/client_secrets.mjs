// Several secrets for one application, as Logto has them: whichever is presented is swapped for the one that the engine knows.
// `client_secrets`: texts or { value, expired: true } or { value, expires_at: milliseconds }; empty: client_secret alone.

// What the engine knows of applications that the Management API made: their own ones are swapped for it.
export const internalSecret = 'internal secret of the development provider';
const listed = (config) => config.client_secrets.map((one) => (typeof one === 'string' ? { value: one } : one));

function judge(config, id, secret, secretsOf) {
  const managed = secretsOf(id);
  if (managed) return managed.some(({ value, expiresAt }) => value === secret && (expiresAt === null || expiresAt > Date.now())) ? { secret: internalSecret } : { secret: 'not it' };
  if (id !== config.client_id || !config.client_secrets.length) return { secret };
  const entry = listed(config).find(({ value }) => value === secret);
  if (!entry) return { secret: `not ${config.client_secret}` };
  const expired = entry.expired || (entry.expires_at !== undefined && entry.expires_at <= Date.now());
  return expired ? { expired: true } : { secret: config.client_secret };
}

// Changes the request's credentials in place. Answers whether the secret presented has expired.
export function swapClientSecret(config, req, form, secretsOf = () => undefined) {
  const basic = /^Basic (.+)$/i.exec(req.headers.authorization ?? '');
  if (basic) {
    const [id, secret] = Buffer.from(basic[1], 'base64').toString().split(':');
    const verdict = judge(config, safely(id), safely(secret ?? ''), secretsOf);
    if (verdict.expired) return true;
    if (config.client_secrets.length || secretsOf(safely(id))) req.headers.authorization = `Basic ${Buffer.from(`${id}:${encodeURIComponent(verdict.secret)}`).toString('base64')}`;
    return false;
  }
  if (!form?.has('client_secret')) return false;
  const verdict = judge(config, form.get('client_id'), form.get('client_secret'), secretsOf);
  if (verdict.expired) return true;
  form.set('client_secret', verdict.secret);
  return false;
}

function safely(text) {
  try { return decodeURIComponent(text.replace(/\+/g, '%20')); } catch { return text; }
}
