// Where Logto sends the browser to sign in, by the extra parameters of the authorization request.

const firstScreens = {
  sign_in: 'sign-in', signIn: 'sign-in', register: 'register', reset_password: 'reset-password', 'identifier:sign_in': 'identifier-sign-in',
  'identifier:register': 'identifier-register', single_sign_on: 'single-sign-on',
};
const interactionModes = { signIn: 'sign-in', signUp: 'register' };

// The parameters are judged as one object: one bad value voids them all, direct_sign_in too.
function extrasOf(params) {
  const bad = (value, table) => value !== undefined && !Object.hasOwn(table, value);
  return bad(params.first_screen, firstScreens) || bad(params.interaction_mode, interactionModes) ? {} : params;
}

// Answers the location and sets Logto's readable _logto cookie, JSON with bare quotes, that every other program on localhost gets to see too.
export function signInLocation(ctx, { prompt, params }) {
  const query = new URLSearchParams({ app_id: params.client_id });
  if (prompt.name === 'consent') return `/consent?${query}`;
  const extras = extrasOf(params);
  ctx.res.appendHeader('set-cookie', `_logto=${JSON.stringify({ appId: params.client_id, ...(extras.ui_locales ? { uiLocales: extras.ui_locales } : {}) })}; path=/; samesite=lax`);
  for (const name of ['organization_id', 'one_time_token', 'ui_locales', 'login_hint']) if (extras[name]) query.set(name, extras[name]);
  const screen = firstScreens[extras.first_screen] ?? interactionModes[extras.interaction_mode] ?? 'sign-in';
  // A magic link: the token stands for the password.
  if (extras.one_time_token) return `/one-time-token?${query}`;
  if (extras.identifier && screen.startsWith('identifier-')) query.set('identifier', extras.identifier);
  if (!extras.direct_sign_in) return `/${screen}?${query}`;
  const [method, target] = extras.direct_sign_in.split(':');
  query.set('fallback', screen);
  return `/direct/${[method, target].filter(Boolean).map(encodeURIComponent).join('/')}?${query}`;
}

export const signInScreens = new Set(['/sign-in', '/identifier-sign-in', '/single-sign-on', '/reset-password']);
export const registerScreens = new Set(['/register', '/identifier-register']);
