// The pages people see at the development provider: plain HTML that works without scripts.

export const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const words = {
  en: {
    signIn: 'Sign in', register: 'Create account', username: 'Username', password: 'Password', or: 'or',
    linkedin: 'Continue with LinkedIn', patreon: 'Continue with Patreon',
    toRegister: 'No account yet? Create account', toSignIn: 'Already have an account? Sign in',
    bad_credentials: 'Incorrect username or password.', one_time_token: 'This link is no longer valid.', username_taken: 'This username is taken.', username_needed: 'Enter a username and a password.',
    social_failed: 'The social sign-in did not succeed. Please try again.',
    sessionLost: 'This sign-in has ended or was never started. Go back to the app and try again.',
    note: 'Development sign-in. It stands in for Logto; never use it for real people.',
  },
  ja: {
    signIn: 'サインイン', register: 'アカウントを作成', username: 'ユーザー名', password: 'パスワード', or: 'または',
    linkedin: 'LinkedInで続ける', patreon: 'Patreonで続ける',
    toRegister: 'アカウントをお持ちでない方：アカウントを作成', toSignIn: 'アカウントをお持ちの方：サインイン',
    bad_credentials: 'ユーザー名またはパスワードが正しくありません。', one_time_token: 'このリンクは無効です。', username_taken: 'このユーザー名は既に使われています。',
    username_needed: 'ユーザー名とパスワードを入力してください。',
    social_failed: 'ソーシャルサインインに失敗しました。もう一度お試しください。',
    sessionLost: 'このサインインは終了したか、開始されていません。アプリに戻ってやり直してください。',
    note: '開発用のサインイン画面です（Logtoの代わり）。本番では使用しないでください。',
  },
};

// ui_locales wins over the browser's Accept-Language.
export function languageOf(uiLocales, acceptLanguage) {
  const asked = [...String(uiLocales ?? '').split(' '), ...String(acceptLanguage ?? '').split(',')];
  for (const tag of asked) {
    const language = tag.trim().split(/[-;]/)[0].toLowerCase();
    if (words[language]) return language;
  }
  return 'en';
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:8vh auto;padding:0 1rem;color:#1c1b1f;background:#fff}
label{display:block;margin:.8rem 0 .2rem}input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit;border:1px solid #777;border-radius:.4rem}
button{width:100%;margin-top:1rem;padding:.7rem;font:inherit;border:1px solid #5d34f2;border-radius:.4rem;background:#5d34f2;color:#fff;cursor:pointer}
.second button{background:#fff;color:#1c1b1f;border-color:#777}.note{color:#666;font-size:.85rem}[role=alert]{color:#b3261e}hr{margin:1.5rem 0}
@media(prefers-color-scheme:dark){body{background:#191c1d;color:#eee}input{background:#222;color:#eee}.second button{background:#222;color:#eee}.note{color:#aaa}a{color:#b7a4ff}[role=alert]{color:#ffb4ab}}`;

const document = (language, title, body) => `<!DOCTYPE html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)}</title><style>${style}</style></head>
<body>
${body}
</body>
</html>
`;

const socialButtons = (t, query) => ['linkedin', 'patreon'].map((target) =>
  `<form class="second" method="post" action="/social/${target}?${escape(query)}"><button id="${target}">${escape(t[target])}</button></form>`).join('\n');

// `screen` is "sign-in" or "register"; `query` the page's own query string, kept over its forms.
export function signInPage({ screen, language, query, username = '', error }) {
  const t = words[language], registering = screen === 'register';
  const title = registering ? t.register : t.signIn;
  const other = registering ? ['sign-in', t.toSignIn] : ['register', t.toRegister];
  return document(language, title, `<h1>${escape(title)}</h1>
${error ? `<p role="alert">${escape(t[error] ?? error)}</p>` : ''}
<form method="post" action="/${screen}?${escape(query)}">
<label for="username">${escape(t.username)}</label><input id="username" name="username" autocomplete="username" value="${escape(username)}" autofocus>
<label for="password">${escape(t.password)}</label><input id="password" name="password" type="password" autocomplete="${registering ? 'new' : 'current'}-password">
<button id="submit">${escape(title)}</button>
</form>
<hr>
${socialButtons(t, query)}
<p><a href="/${other[0]}?${escape(query)}">${escape(other[1])}</a></p>
<p class="note">${escape(t.note)}</p>`);
}

export const sessionLostPage = (language) => document(language, 'session.not_found', `<h1>session.not_found</h1><p>${escape(words[language].sessionLost)}</p>`);

export const signedOutPage = () => document('en', 'Signed out', '<h1>Signed out</h1><p>You have successfully signed out.</p>');

// The consent page of a social network's stand-in.
export function allowPage({ network, app, person, query }) {
  const form = (verdict, label) =>
    `<form method="post" action="?${escape(query)}"${verdict === 'allow' ? '' : ' class="second"'}><input type="hidden" name="verdict" value="${verdict}"><button id="${verdict}">${label}</button></form>`;
  return document('en', `${network} (stand-in)`, `<h1>${escape(network)}</h1>
<p>${escape(app)} would like to know that you are <strong>${escape(person)}</strong>.</p>
${form('allow', 'Allow')}
${form('cancel', 'Cancel')}
<p class="note">A local stand-in for ${escape(network)}.</p>`);
}
