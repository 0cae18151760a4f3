// The sign-in experience of the Management API: named fields are replaced whole, buttons of connectors that are not there vanish silently.
import { ApiError, guard, isAnyText, isBoolean, isObject, isTexts } from './management_rules.mjs';

const optionalText = (value) => value === null || isAnyText(value);
const kinds = {
  color: isObject, branding: isObject, languageInfo: isObject, termsOfUseUrl: optionalText, privacyPolicyUrl: optionalText, signIn: isObject, signUp: isObject, socialSignIn: isObject,
  socialSignInConnectorTargets: isTexts, signInMode: (value) => ['SignIn', 'Register', 'SignInAndRegister'].includes(value), customCss: optionalText, passwordPolicy: isObject, mfa: isObject,
  unknownSessionRedirectUrl: optionalText, supportEmail: optionalText, supportWebsiteUrl: optionalText, singleSignOnEnabled: isBoolean, customContent: isObject,
};

// Of a freshly seeded self-hosted Logto (recorded).
const seeded = () => ({
  tenantId: 'default', id: 'default', color: { primaryColor: '#6139F6', isDarkModeEnabled: false, darkPrimaryColor: '#8768F8' },
  branding: { logoUrl: 'https://logto.io/logo.svg', darkLogoUrl: 'https://logto.io/logo-dark.svg' }, hideLogtoBranding: false, languageInfo: { autoDetect: true, fallbackLanguage: 'en' },
  termsOfUseUrl: null, privacyPolicyUrl: null, agreeToTermsPolicy: 'Automatic', signIn: { methods: [{ identifier: 'username', password: true, verificationCode: false, isPasswordPrimary: true }] },
  signUp: { identifiers: ['username'], password: true, verify: false }, socialSignIn: {}, socialSignInConnectorTargets: [], signInMode: 'SignInAndRegister', customCss: null, customContent: {},
  passwordPolicy: {}, mfa: { factors: [], policy: 'UserControlled' }, singleSignOnEnabled: true, supportEmail: null, supportWebsiteUrl: null, unknownSessionRedirectUrl: null,
});

export class SignInExperience {
  constructor(management) {
    this.management = management;
    this.value = seeded();
    this.touched = false;
  }

  route(method, body) {
    if (method === 'PATCH') this.#change(body);
    return { status: 200, body: this.value };
  }

  #change(body) {
    guard(body, kinds);
    if (body.color && !/^#[0-9a-f]{6}$/i.test(body.color.primaryColor ?? '')) throw new ApiError(400, 'guard.invalid_input', 'The request body is invalid. color');
    Object.assign(this.value, structuredClone(body));
    const known = new Set(this.management.connectors.all().map(({ target }) => target));
    this.value.socialSignInConnectorTargets = this.value.socialSignInConnectorTargets.filter((target) => known.has(target));
    this.touched = true;
  }

  forget(target) {
    this.value.socialSignInConnectorTargets = this.value.socialSignInConnectorTargets.filter((one) => one !== target);
  }

  // What GET /api/.well-known/sign-in-exp shows everybody; undefined while nobody has provisioned anything.
  published() {
    if (!this.touched) return undefined;
    const all = this.management.connectors.all();
    const socialConnectors = this.value.socialSignInConnectorTargets.flatMap((target) => all.filter((one) => one.target === target))
      .map(({ id, target, name, logo, logoDark, platform }) => ({ id, target, name, logo, logoDark, platform }));
    return { ...this.value, socialConnectors, ssoConnectors: [] };
  }
}
