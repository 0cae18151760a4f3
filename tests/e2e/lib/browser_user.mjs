// A browser reduced to what a sign-in needs: a cookie jar as browsers keep it (by host, not by port), redirects followed by
// hand, every hop kept. Names such as app.test are mapped to local ports, so that tests need no DNS.
import { tlsRequest } from './certificates.mjs';
import { request as rawRequest, NAVIGATION } from './raw.mjs';

export class BrowserUser {
  jar = new Map(); // host, or .domain for cookies of a Domain -> Map(name -> { value, path, attributes })
  hops = [];

  // ports: { 'app.test': 1234, ... }; any other host is reached at its own port on 127.0.0.1.
  // tls: what https:// URLs are asked with, such as { ca }; without it they are asked as http:// ones.
  constructor(ports, { headers = {}, tls = null } = {}) {
    this.ports = ports;
    this.headers = headers;
    this.tls = tls;
  }

  cookies(host) { return this.jar.get(host) ?? new Map(); }
  // All that a request to the host carries: its own and those of its domains.
  cookiesFor(host) {
    const domains = [...this.jar.keys()].filter((key) => key.startsWith('.') && `.${host}`.endsWith(key));
    return [host, ...domains].flatMap((key) => [...this.cookies(key)]);
  }
  cookieHeader(url) {
    const pairs = this.cookiesFor(url.hostname).filter(([, cookie]) => url.pathname.startsWith(cookie.path)).map(([name, cookie]) => `${name}=${cookie.value}`);
    return pairs.length ? pairs.join('; ') : undefined;
  }
  setCookie(host, name, value, path = '/') {
    if (!this.jar.has(host)) this.jar.set(host, new Map());
    this.jar.get(host).set(name, { value, path, attributes: {} });
  }
  keep(host, setCookies) {
    for (const cookie of setCookies.map(parseSetCookie)) {
      const { domain } = cookie.attributes;
      if (domain && !`.${host}`.endsWith(`.${domain}`)) continue; // RFC 6265 5.3 step 6
      const at = domain ? `.${domain}` : host;
      if (!this.jar.has(at)) this.jar.set(at, new Map());
      const dead = cookie.attributes['max-age'] !== undefined ? Number(cookie.attributes['max-age']) <= 0 : cookie.attributes.expires && Date.parse(cookie.attributes.expires) <= Date.now();
      if (dead) this.jar.get(at).delete(cookie.name);
      else this.jar.get(at).set(cookie.name, { value: cookie.value, path: cookie.attributes.path ?? '/', attributes: cookie.attributes });
    }
  }

  // One request, no redirect followed. target: absolute URL.
  async fetch(target, { method = 'GET', headers = {}, body } = {}) {
    const url = new URL(target);
    const port = this.ports[url.hostname] ?? this.ports[url.host] ?? Number(url.port || 80);
    const ask = this.tls && url.protocol === 'https:' ? tlsRequest : rawRequest;
    const answer = await ask(port, method, url.href.slice(url.origin.length).replace(/#.*/s, ''), {
      Cookie: this.cookieHeader(url), ...NAVIGATION, ...this.headers, ...headers,
    }, { host: url.host, body, timeout: 20_000, ...(ask === tlsRequest ? this.tls : {}) });
    this.keep(url.hostname, answer.fields.all('set-cookie'));
    answer.url = url.href;
    const location = answer.fields.get('location');
    answer.next = location === undefined ? null : new URL(location, url).href;
    this.hops.push(answer);
    return answer;
  }

  // A navigation: redirects followed until an answer that is none, or until stop(url) holds for the next hop.
  async navigate(target, { stop = () => false, limit = 15, ...options } = {}) {
    let answer = await this.fetch(target, options);
    for (let count = 0; answer.status >= 300 && answer.status < 400 && answer.next; ++count) {
      if (stop(new URL(answer.next))) return answer;
      if (count >= limit) throw new Error(`redirect loop: ${this.hops.slice(-4).map((hop) => `${hop.status} ${hop.url}`).join(' -> ')}`);
      answer = await this.fetch(answer.next);
    }
    return answer;
  }

  // Fills the first form of a page: `fill` maps a kind (username, password) or an exact field name to a value.
  async submit(page, fill = {}, { button } = {}) {
    const form = parseForm(page.text, button);
    const values = new URLSearchParams();
    for (const input of form.inputs) {
      const kind = input.type === 'password' ? 'password' : ['text', 'email', ''].includes(input.type ?? '') ? 'username' : null;
      const value = fill[input.name] ?? fill[kind] ?? input.value;
      if (value !== undefined && (!['submit', 'button'].includes(input.type) || input.name === button?.name)) values.set(input.name, value);
    }
    if (button) values.set(button.name, button.value);
    const action = new URL(form.action || page.url, page.url).href;
    return this.navigate(action, {
      method: form.method, headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: new URL(page.url).origin, 'Sec-Fetch-Site': 'same-origin' },
      body: values.toString(),
    });
  }

  sessionCookies(host, name = 'logto_session') {
    return [...this.cookies(host)].filter(([key]) => key === name || key.startsWith(`${name}_`)).map(([key, cookie]) => `${key}=${cookie.value}`).join('; ');
  }
  pendingCookies(host) { return [...this.cookies(host).keys()].filter((name) => /logto_pending_/.test(name)); }
}

export function parseSetCookie(line) {
  const [pair, ...rest] = line.split(';');
  const at = pair.indexOf('=');
  const attributes = {};
  for (const part of rest) {
    const [key, ...value] = part.trim().split('=');
    attributes[key.toLowerCase()] = value.join('=') || (value.length ? '' : true);
  }
  return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim(), attributes, line };
}

export function decodeHtml(text) {
  return text.replace(/&(?:amp|lt|gt|quot|#39|#x27|#34|#(\d+)|#x([0-9a-f]+));/gi, (entity, dec, hex) =>
    dec ? String.fromCodePoint(Number(dec)) : hex ? String.fromCodePoint(parseInt(hex, 16))
      : ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#x27;': "'", '&#34;': '"' })[entity.toLowerCase()]);
}

const attribute = (tag, name) => {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(tag);
  return match ? decodeHtml(match[1] ?? match[2] ?? match[3]) : undefined;
};

function parseForm(html, button) {
  const forms = html.match(/<form[\s\S]*?<\/form>/gi) ?? [];
  const form = forms.find((one) => (button ? one.includes(`value="${button.value}"`) : /type=["']?password/i.test(one))) ?? forms[0];
  if (!form) throw new Error(`no form in the page: ${html.slice(0, 500)}`);
  const tag = /<form[^>]*>/i.exec(form)[0];
  const inputs = (form.match(/<(?:input|button)[^>]*>/gi) ?? [])
    .map((one) => ({ name: attribute(one, 'name'), type: attribute(one, 'type') ?? (/^<button/i.test(one) ? 'submit' : 'text'), value: attribute(one, 'value') }))
    .filter((one) => one.name);
  return { action: attribute(tag, 'action'), method: (attribute(tag, 'method') ?? 'get').toUpperCase(), inputs };
}
