// The people of the development provider, in the shape in which Logto keeps and reports them.
import { randomInt } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const newId = () => Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join('');

const acme = { id: 'rvsdxgj6esgo', name: 'Acme', description: 'Acme Inc.' };
const born = Date.UTC(2026, 0, 15, 9, 30);

function person(fields) {
  return {
    sub: newId(), username: null, password: null, name: null, email: null, phone: null, picture: null, profile: {},
    roles: [], organizations: [], organizationRoles: [], customData: {}, identities: {}, createdAt: Date.now(), updatedAt: Date.now(),
    ...fields,
  };
}

const builtIn = () => [
  person({
    sub: 'w4ndvwcirbdr', username: 'alice', password: 'alice-password', name: 'Alice Liddell', email: 'alice@example.test',
    phone: '4915112345678', picture: 'https://cdn.example.test/alice.png',
    profile: { family_name: 'Liddell', given_name: 'Alice', zoneinfo: 'Europe/London', locale: 'en-GB' },
    roles: ['editor'], organizations: [acme], organizationRoles: [`${acme.id}:owner`], customData: { plan: 'pro', seats: 3 },
    createdAt: born, updatedAt: born,
  }),
  person({ sub: 'ny6pnln7o2t4', username: 'bob', password: 'bob-password', createdAt: born, updatedAt: born }),
  person({
    sub: 'adm1n0q7x2kz', username: 'admin', password: 'admin-password', name: 'Ada Admin', email: 'admin@example.test',
    roles: ['admin', 'editor'], createdAt: born, updatedAt: born,
  }),
  person({
    sub: 'hanako8v3m5p', username: 'hanako', password: 'hanako-password', name: '山田 花子', email: 'hanako@example.test',
    profile: { family_name: '山田', given_name: '花子', locale: 'ja-JP' }, roles: ['営業, 東京'], createdAt: born, updatedAt: born,
  }),
];

export class Users {
  constructor(extraCount = 0) {
    this.extraCount = extraCount;
    this.reset();
  }

  reset() {
    this.bySub = new Map();
    this.tokens = new Map();   // "sub target" -> what the network gave, as Logto's token storage keeps it
    for (const user of builtIn()) this.bySub.set(user.sub, user);
    for (let n = 1; n <= this.extraCount; n++) {
      const username = `user-${n}`, sub = `user${String(n).padStart(8, '0')}`;
      this.bySub.set(sub, person({ sub, username, password: `${username}-password`, name: `User ${n}`, email: `${username}@example.test`, roles: ['editor'] }));
    }
  }

  keepTokens(sub, target, { access_token, scope, token_type, expires_in }) { this.tokens.set(`${sub} ${target}`, { access_token, scope, token_type, expires_in }); }
  tokensOf(sub, target) { return this.tokens.get(`${sub} ${target}`); }

  find(sub) { return this.bySub.get(sub); }

  list() { return [...this.bySub.values()]; }

  // By user name, e-mail or sub.
  lookUp(text) {
    if (!text) return undefined;
    return this.bySub.get(text) ?? this.list().find((user) => user.username === text || user.email === text);
  }

  byPassword(identifier, password) {
    const user = this.lookUp(identifier);
    return user?.password && user.password === password ? user : undefined;
  }

  register(username, password) { return this.add({ username, password }); }

  // A first social sign-in makes the account; no user name is asked for (Logto's signUp.identifiers: []).
  // Logto would ask whether to link to an account with the same e-mail; here that address is left out.
  bySocial(target, found) {
    const known = this.list().find((user) => user.identities[target]?.userId === found.id);
    if (known) return known;
    const email = found.email && !this.lookUp(found.email) ? found.email : null;
    const details = JSON.parse(JSON.stringify(found));   // leaves out what is undefined, as LinkedIn's avatar
    return this.add({ name: found.name ?? null, email, picture: found.avatar ?? null, identities: { [target]: { userId: found.id, details } } });
  }

  add(fields) {
    const user = person(fields);
    this.bySub.set(user.sub, user);
    return user;
  }

  patch(sub, fields) {
    const user = this.lookUp(sub);
    if (user) Object.assign(user, fields, { updatedAt: Date.now() });
    return user;
  }

  remove(sub) { return this.bySub.delete(this.lookUp(sub)?.sub); }
}

// Claims as Logto states them: JSON null for what is absent, times in milliseconds, a telephone number without '+',
// and email_verified meaning no more than "there is an address".
export function claimsOf(user) {
  return {
    sub: user.sub,
    name: user.name,
    ...user.profile,
    ...(user.username ? { preferred_username: user.username } : {}),
    picture: user.picture,
    updated_at: user.updatedAt,
    username: user.username,
    created_at: user.createdAt,
    email: user.email,
    email_verified: Boolean(user.email),
    phone_number: user.phone,
    phone_number_verified: Boolean(user.phone),
    custom_data: user.customData,
    identities: user.identities,
    sso_identities: [],
    roles: user.roles,
    organizations: user.organizations.map(({ id }) => id),
    organization_data: user.organizations,
    organization_roles: user.organizationRoles,
  };
}

export const claimsByScope = {
  openid: ['sub'],
  profile: ['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender',
    'birthdate', 'zoneinfo', 'locale', 'updated_at', 'username', 'created_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  custom_data: ['custom_data'],
  identities: ['identities', 'sso_identities'],
  roles: ['roles'],
  'urn:logto:scope:organizations': ['organizations', 'organization_data'],
  'urn:logto:scope:organization_roles': ['organization_roles'],
};

// In userinfo only, unless the tenant puts them into the ID token.
export const userinfoOnlyClaims = ['custom_data', 'identities', 'sso_identities', 'organization_data'];
