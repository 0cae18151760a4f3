// Logto's Account API, as far as the token storage of connectors goes: GET /api/my-account/identities/TARGET/access-token,
// with the person's opaque access token. As recorded of 1.42.
const PATH = /^\/api\/my-account\/identities\/([^/]+)\/access-token$/;

const refusal = (status, code, message) => ({ status, body: { code, message } });

// The connector that a path asks for, or null where it is another endpoint's.
export const storedTokenTarget = (path) => (PATH.exec(path) ? decodeURIComponent(PATH.exec(path)[1]) : null);

// What it answers: { status, body }. `grant`: { sub, scope } of the access token, undefined for one that opens nothing. `enabled`:
// the account centre. `stored(sub)`: undefined (no token of that connector), 'expired' (refused at its refresh, and gone from now
// on), or { access_token, scope, expires_in }.
export function storedTokenAnswer({ grant, enabled, stored }) {
  if (!grant) return refusal(401, 'auth.unauthorized', 'Unauthorized. Please check credentials and its scope.');
  if (!enabled) return refusal(400, 'account_center.not_enabled', 'Account center is not enabled.');
  if (!(grant.scope ?? '').split(' ').includes('identities')) return refusal(403, 'auth.forbidden', 'Forbidden. Please check your user roles and permissions.');
  const found = stored(grant.sub);
  if (found === 'expired') return refusal(401, 'secrets.third_party_token_set.access_token_expired', 'The access token has expired.');
  if (!found) return refusal(404, 'secrets.third_party_token_set.token_not_found', 'Token not found.');
  return { status: 200, body: { token_type: 'Bearer', ...found } };
}
