#include "auth/oidc/authorization_request.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using namespace lp;

namespace {

ProviderMetadata metadata() {
  ProviderMetadata m;
  m.authorization_endpoint = "https://auth.example.com/oidc/auth";
  return m;
}
LogtoSettings logto() {
  LogtoSettings settings;
  settings.app_id = "app";
  return settings;
}
PendingSignIn pending() {
  PendingSignIn p;
  p.state = Secret("STATE");
  p.nonce = Secret("NONCE");
  p.code_verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  p.redirect_uri = "https://app.example.com/_auth/callback";
  return p;
}
const std::string kFixed =
    "https://auth.example.com/oidc/auth?client_id=app&redirect_uri=https%3A%2F%2Fapp.example.com%2F_auth%2Fcallback"
    "&response_type=code&scope=openid%20profile%20email%20roles&state=STATE&nonce=NONCE"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

// What comes after the fixed part.
std::string extras(const SignInSettings& sign_in, const LogtoSettings& settings = logto(),
                   const std::string& languages = "") {
  const std::string url = authorization_url(metadata(), settings, sign_in, pending(), languages);
  const std::size_t end = url.find("code_challenge_method=S256");
  REQUIRE(end != std::string::npos);
  return url.substr(end + 26);
}

}  // namespace

TEST_CASE("a new sign-in has independent state, nonce and verifier of 256 bits") {
  std::string random(96, '\0');
  for (std::size_t i = 0; i < 96; ++i) random[i] = static_cast<char>(i);
  const PendingSignIn made = make_pending(random, "/x?y", "https://app/_auth/callback", 1000);
  CHECK(*base64url_decode(made.state.reveal()) == random.substr(0, 32));
  CHECK(*base64url_decode(made.nonce.reveal()) == random.substr(32, 32));
  CHECK(*base64url_decode(made.code_verifier.reveal()) == random.substr(64));
  CHECK(made.code_verifier.reveal().size() == 43);
  CHECK(made.return_to == "/x?y");
  CHECK(made.made_at_s == 1000);
  CHECK_FALSE(made.silent);
}

TEST_CASE("the challenge is RFC 7636's example") {
  CHECK(code_challenge_s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") ==
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_CASE("the plain request has the fixed parameters in their order and nothing else") {
  CHECK(authorization_url(metadata(), logto(), {}, pending(), "") == kFixed);
}

TEST_CASE("scopes: openid first, each once, offline_access only with consent") {
  LogtoSettings settings = logto();
  settings.scopes = {"email", "openid", "email", "identities"};
  CHECK(authorization_url(metadata(), settings, {}, pending(), "").find("&scope=openid%20email%20identities&") !=
        std::string::npos);
  settings.refresh = RefreshMode::offline_access;
  CHECK(authorization_url(metadata(), settings, {}, pending(), "").find("identities%20offline_access&") !=
        std::string::npos);
  CHECK(extras({}, settings) == "&prompt=consent");
  SignInSettings login;
  login.prompt = "login";
  CHECK(extras(login, settings) == "&prompt=login%20consent");

  settings.refresh = RefreshMode::off;
  settings.scopes = {"offline_access"};
  CHECK(authorization_url(metadata(), settings, {}, pending(), "").find("offline_access") == std::string::npos);
  CHECK(extras({}, settings).empty());
}

TEST_CASE("prompt values are Logto's, and none stands alone") {
  const struct {
    std::string prompt;
    std::string sent;
  } cases[] = {{"login", "&prompt=login"},
               {"consent", "&prompt=consent"},
               {"none", "&prompt=none"},
               {"consent login", "&prompt=login%20consent"},
               {"login none", "&prompt=login"},
               {"select_account", ""},
               {"", ""}};
  for (const auto& c : cases) {
    CAPTURE(c.prompt);
    SignInSettings sign_in;
    sign_in.prompt = c.prompt;
    CHECK(extras(sign_in) == c.sent);
  }
}

TEST_CASE("Logto's extra parameters are sent when valid and left out when one would void them all") {
  SignInSettings sign_in;
  sign_in.with = "social:linkedin";
  sign_in.first_screen = "register";
  sign_in.ui_locales = "ja en";
  sign_in.extra = {{"identifier", "email username"}, {"organization_id", "a b"}};
  CHECK(extras(sign_in) ==
        "&ui_locales=ja%20en&direct_sign_in=social%3Alinkedin&first_screen=register&identifier=email%20username"
        "&organization_id=a%20b");

  SignInSettings bad;
  bad.with = "linkedin";
  bad.first_screen = "banana";
  bad.ui_locales = "not_a_tag";
  bad.extra = {{"identifier", "email fax"},        {"interaction_mode", "other"},  {"max_age", "1x"}, {"state", "evil"},
               {"redirect_uri", "https://evil"},   {"response_mode", "fragment"},  {"scope", "all"},  {"empty", ""},
               {"code_challenge_method", "plain"}, {"request_uri", "https://evil"}};
  CHECK(extras(bad).empty());
}

TEST_CASE("with names a connector of the form that Logto takes") {
  for (const char* with : {"social:linkedin", "social:patreon", "sso:q1w2e3", "social:my-idp_2"})
    CHECK(is_valid_with(with));
  for (const char* with : {"", "social", "social:", ":linkedin", "Social:linkedin", "social:a:b", "social:a b",
                           "social:a&b", "sso:a/b", "password:x", "social:\n"}) {
    CAPTURE(with);
    CHECK_FALSE(is_valid_with(with));
  }
  CHECK_FALSE(is_valid_with("social:" + std::string(129, 'a')));
}

TEST_CASE("the browser's languages go along when none is configured") {
  CHECK(extras({}, logto(), "ja,en;q=0.5") == "&ui_locales=ja%20en");
  SignInSettings fixed;
  fixed.ui_locales = "de";
  CHECK(extras(fixed, logto(), "ja") == "&ui_locales=de");
  CHECK(extras({}, logto(), "<script>").empty());
}

TEST_CASE("a silent request asks for nothing that would show a page") {
  PendingSignIn silent = pending();
  silent.silent = true;
  SignInSettings sign_in;
  sign_in.with = "social:linkedin";
  sign_in.prompt = "login";
  sign_in.extra = {{"login_hint", "x"}};
  CHECK(authorization_url(metadata(), logto(), sign_in, silent, "ja") == kFixed + "&prompt=none");
}

TEST_CASE("a route's sign-in settings override the defaults one by one") {
  SignInSettings defaults;
  defaults.with = "social:linkedin";
  defaults.prompt = "login";
  defaults.extra = {{"a", "1"}, {"b", "2"}};
  SignInSettings route;
  route.with = "social:patreon";
  route.extra = {{"b", "3"}};
  const SignInSettings effective = effective_sign_in(defaults, route);
  CHECK(*effective.with == "social:patreon");
  CHECK(*effective.prompt == "login");
  CHECK(effective.extra == std::map<std::string, std::string>{{"a", "1"}, {"b", "3"}});
}

TEST_CASE("resources are repeated, and scopes of tokens are added, each once") {
  const AppTokenNeeds needs{{"https://a.test/api", "urn:x"}, {"read", "email", "offline_access"}};
  const std::string url = authorization_url(metadata(), logto(), {}, pending(), "", needs);
  CHECK(url.find("&scope=openid%20profile%20email%20roles%20read&") != std::string::npos);
  CHECK(url.find("&resource=https%3A%2F%2Fa.test%2Fapi&resource=urn%3Ax") != std::string::npos);
  PendingSignIn silent = pending();
  silent.silent = true;
  CHECK(authorization_url(metadata(), logto(), {}, silent, "", needs).find("&resource=urn%3Ax") != std::string::npos);
}

TEST_CASE("the smallest max_age that anybody asks for is sent, and a step-up may need the person") {
  const struct {
    const char* what;
    std::optional<std::int64_t> route_s;
    std::optional<std::int64_t> decided_s;
    const char* extra;
    std::int64_t sent_s;
  } cases[] = {
      {"nobody asks", std::nullopt, std::nullopt, "", kNoMaxAge},
      {"the route asks", 600, std::nullopt, "", 600},
      {"a rule broke that the route does not always have", std::nullopt, 60, "", 60},
      {"both, the smaller first", 60, 600, "", 60},
      {"both, the smaller last", 600, 60, "", 60},
      {"the configuration asks for less", 600, std::nullopt, "30", 30},
      {"the configuration asks for more", 600, std::nullopt, "3600", 600},
      {"zero is an age", 600, std::nullopt, "0", 0},
      {"what is no age is not sent", 600, std::nullopt, "soon", 600},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    SignInSettings over;
    if (*c.extra != '\0') over.extra["max_age"] = c.extra;
    CHECK(sign_in_terms({}, over, {false, c.route_s, c.decided_s}).max_age_s == c.sent_s);
  }
  SignInSettings silent;
  silent.prompt = "none";
  CHECK(sign_in_terms(silent, {}, {}).settings.prompt == "none");
  CHECK_FALSE(sign_in_terms(silent, {}, {true, std::nullopt, std::nullopt}).settings.prompt);
  SignInSettings anew;
  anew.prompt = "login";
  CHECK(sign_in_terms(silent, anew, {true, std::nullopt, std::nullopt}).settings.prompt == "login");
}

TEST_CASE("parameters of a link are those that Logto takes") {
  const struct {
    const char* name;
    const char* value;
    bool is_valid;
  } cases[] = {
      {"login_hint", "a@b.c", true},     {"login_hint", "\xe5\xb1\xb1", true},
      {"login_hint", "", false},         {"login_hint", "a\r\nb", false},
      {"login_hint", "\xff", false},     {"ui_locales", "ja en-GB", true},
      {"ui_locales", "ja_JP", false},    {"first_screen", "identifier:register", true},
      {"first_screen", "bogus", false},  {"identifier", "email phone", true},
      {"identifier", "name", false},     {"one_time_token", "Ab_-9", true},
      {"one_time_token", "a b", false},  {"one_time_token", "", false},
      {"organization_id", "acme", true}, {"organization_id", "a/b", false},
      {"resource", "urn:x", false},      {"prompt", "none", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CAPTURE(c.value);
    CHECK(is_valid_link_parameter(c.name, c.value) == c.is_valid);
  }
  CHECK_FALSE(is_valid_link_parameter("login_hint", std::string(2000, 'a')));
}
