// The sign-in experience: the pages between /oidc/auth and its resumption.
import { randomBytes } from 'node:crypto';
import { registerScreens, signInScreens } from './experience.mjs';
import { readForm, redirect, sendHtml } from './http_helpers.mjs';
import { languageOf, sessionLostPage, signInPage } from './pages.mjs';
import { connectorById, connectorRedirect, connectors, connectorUser } from './social_stand_ins.mjs';

const stateLifetimeMs = 3600 * 1000;

export class Interactions {
  // `providerNow` answers the provider of the moment: it is made anew when keys rotate.
  constructor({ config, users, control, providerNow }) {
    Object.assign(this, { config, users, control, providerNow });
    this.socialStates = new Map();   // state -> { uid, connector, expiresAt }
  }

  // Answers whether the request was for one of its pages.
  async handle(req, res, url) {
    const path = url.pathname;
    const step = signInScreens.has(path) ? this.screen('sign-in')
      : registerScreens.has(path) ? this.screen('register')
      : path === '/consent' ? this.consent
      : path === '/one-time-token' ? this.oneTimeToken
      : path.startsWith('/direct/') ? this.direct
      : path.startsWith('/social/') ? this.social
      : path.startsWith('/callback/') ? this.callback
      : undefined;
    if (!step) return false;
    let details;
    try {
      details = await this.providerNow().interactionDetails(req, res);
    } catch {
      sendHtml(res, 400, sessionLostPage(languageOf(url.searchParams.get('ui_locales'), req.headers['accept-language'])));
      return true;
    }
    await step.call(this, req, res, url, details);
    return true;
  }

  screen(name) {
    return async (req, res, url, details) => {
      const alone = details.prompt.name === 'login' ? this.control.nextUser(details.params.login_hint) : undefined;
      if (alone) return this.finishLogin(req, res, alone);
      if (req.method !== 'POST') return this.show(req, res, url, name, { error: url.searchParams.get('error') });
      const form = await readForm(req), username = form.get('username')?.trim() ?? '', password = form.get('password') ?? '';
      const { user, error } = name === 'register' ? this.registerUser(username, password) : this.checkPassword(username, password);
      return user ? this.finishLogin(req, res, user) : this.show(req, res, url, name, { error, username, status: 422 });
    };
  }

  checkPassword(username, password) {
    const user = this.users.byPassword(username, password);
    return user ? { user } : { error: 'bad_credentials' };
  }

  registerUser(username, password) {
    if (!username || !password) return { error: 'username_needed' };
    if (this.users.lookUp(username)) return { error: 'username_taken' };
    return { user: this.users.register(username, password) };
  }

  show(req, res, url, screen, { error, username, status = 200 }) {
    const query = new URLSearchParams(url.searchParams);
    query.delete('error');
    sendHtml(res, status, signInPage({
      screen, error, language: languageOf(query.get('ui_locales'), req.headers['accept-language']), query: query.toString(),
      username: username ?? query.get('login_hint') ?? '',
    }));
  }

  finishLogin(req, res, user) {
    return this.providerNow().interactionFinished(req, res, { login: { accountId: user.sub } }, { mergeWithLastSubmission: false });
  }

  // First-party apps are granted what they ask for, without a page.
  async consent(req, res, _url, { grantId, params, session, prompt }) {
    const provider = this.providerNow();
    const known = grantId ? await provider.Grant.find(grantId) : undefined;
    const grant = known ?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
    for (const [indicator, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) grant.addResourceScope(indicator, scopes.join(' '));
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }

  // Only once, only in time, and only with the e-mail address that it was made for; else the ordinary page says why.
  oneTimeToken(req, res, url, details) {
    const { one_time_token: token, login_hint: email } = details.params;
    const user = this.control.takeOneTimeToken(token, email);
    return user ? this.finishLogin(req, res, user) : this.show(req, res, url, 'sign-in', { error: 'one_time_token', status: 400 });
  }

  // direct_sign_in: to the connector at once; what is unknown or malformed falls back to the first screen.
  direct(req, res, url, details) {
    const [method, target] = url.pathname.slice('/direct/'.length).split('/');
    if (method === 'social' && Object.hasOwn(connectors, target)) return this.toConnector(res, connectors[target], details);
    const query = new URLSearchParams(url.searchParams), fallback = query.get('fallback');
    query.delete('fallback');
    return redirect(res, `/${signInScreens.has(`/${fallback}`) || registerScreens.has(`/${fallback}`) ? fallback : 'sign-in'}?${query}`);
  }

  // The buttons "Continue with ...".
  social(req, res, url, details) {
    const target = url.pathname.slice('/social/'.length);
    return Object.hasOwn(connectors, target) ? this.toConnector(res, connectors[target], details) : redirect(res, `/sign-in${url.search}`);
  }

  toConnector(res, connector, { uid }) {
    const now = Date.now(), state = randomBytes(16).toString('base64url');
    for (const [old, { expiresAt }] of this.socialStates) if (expiresAt <= now) this.socialStates.delete(old);
    this.socialStates.set(state, { uid, connector, expiresAt: now + stateLifetimeMs });
    redirect(res, connectorRedirect(connector, this.config.endpoint, state));
  }

  // A cancelled or forged social sign-in ends here, on the sign-in page: the application never hears of it.
  async callback(req, res, url, details) {
    const connector = connectorById(url.pathname.slice('/callback/'.length));
    const state = url.searchParams.get('state'), begun = this.socialStates.get(state), code = url.searchParams.get('code');
    this.socialStates.delete(state);
    const user = connector && begun?.connector === connector && begun.uid === details.uid && code ? await this.socialUser(connector, code) : undefined;
    if (user) return this.finishLogin(req, res, user);
    const query = new URLSearchParams({ app_id: details.params.client_id, error: 'social_failed' });
    if (details.params.ui_locales) query.set('ui_locales', details.params.ui_locales);
    return redirect(res, `/sign-in?${query}`);
  }

  async socialUser(connector, code) {
    try {
      const { user: found, tokens } = await connectorUser(connector, this.config.endpoint, this.config.loopback, code);
      const user = this.users.bySocial(connector.target, found);
      if (this.config.token_storage.includes(connector.target)) this.users.keepTokens(user.sub, connector.target, tokens);
      return user;
    } catch (error) {
      console.error(String(error));
      return undefined;
    }
  }
}
