#include "cli/import/oauth2_proxy_headers.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "cli/import/oauth2_proxy_people.h"

namespace lp {
namespace {

constexpr std::string_view kPassword = "BASIC_AUTH_PASSWORD";

// A value of oauth2-proxy's session, as the claim of Logto that it comes from; "" where there is none.
std::string claim_of(const SourceOptions& options, const std::string& value) {
  const std::string groups = options.text("oidc_groups_claim");
  if (value == "user") return "sub";
  if (value == "email") return oauth2_proxy_email_claim(options);
  if (value == "groups") return groups.empty() || groups == "groups" ? "roles" : groups;
  if (value == "preferred_username") return "username";
  if (value == "created_at" || value == "expires_on" || value == "refresh_token" || value == "access_token") return "";
  return value;
}

Node basic(const std::string& claim) {
  Node login = yaml_map();
  put(login, "username_claim", claim);
  put(login, "password", variable(kPassword));
  Node map = yaml_map();
  put(map, "basic", std::move(login));
  return map;
}

Node bearer_id_token() {
  Node map = yaml_map();
  put(map, "bearer", "id_token");
  return map;
}

// Apps get its bytes from oauth2-proxy.
Node claim_as_it_is(const std::string& claim) {
  Node map = yaml_map();
  put(map, "claim", claim);
  put(map, "encoding", "raw");
  return map;
}

struct Pair {
  std::string header;
  std::string claim;
};

// With prefer_email_to_user the address is the user, and is not sent besides.
std::vector<Pair> legacy_headers(const SourceOptions& options) {
  const bool email_first = options.flag("prefer_email_to_user", false);
  std::vector<Pair> headers = {{"X-Forwarded-User", claim_of(options, email_first ? "email" : "user")},
                               {"X-Forwarded-Preferred-Username", "username"},
                               {"X-Forwarded-Groups", claim_of(options, "groups")}};
  if (!email_first) headers.insert(headers.begin() + 1, {"X-Forwarded-Email", claim_of(options, "email")});
  return headers;
}

void import_legacy(ImportContext& context, RouteExtras& extras) {
  const SourceOptions& options = context.options;
  const bool basics = options.flag("pass_basic_auth", true), users = options.flag("pass_user_headers", true);
  const auto headers = legacy_headers(options);
  if (!basics && !users) {
    put(context.root, "identity_headers", yaml_map());
  } else {
    Node& map = map_in(context.root, "identity_headers");
    for (const auto& [header, claim] : headers) put(map, header, claim_as_it_is(claim));
  }
  const bool knows_password = !options.text("basic_auth_password").empty();
  if (options.flag("set_basic_auth", false) && knows_password) extras.check_authorization = {basic(headers[0].claim)};
  if (options.flag("set_authorization_header", false)) extras.check_authorization = {bearer_id_token()};
  const bool has_password = basics && !options.text("basic_auth_password").empty();
  if (options.flag("pass_authorization_header", false)) {
    extras.authorization = {bearer_id_token()};
    if (has_password)
      context.differs("basic_auth_password", "the ID token goes into Authorization; a header has one value");
  } else if (has_password) {
    extras.authorization = {basic(headers[0].claim)};
    context.taken("basic_auth_password",
                  "routes[].authorization.basic; put the password into " + std::string(kPassword));
  } else {
    context.taken("basic_auth_password", "not sent there either");
  }
}

std::string in_answers(const RouteExtras& extras) {
  return "routes[].authorization" + (extras.oauth2_auth.empty() ? "" : " on " + extras.oauth2_auth + " and") +
         " on routes without an app: answers to an asking proxy that proves itself (forward_auth.secret or "
         "forward_auth.listen) carry it";
}

// Who answers an asking proxy with X-Auth-Request-*.
std::string who_answers(const RouteExtras& extras) {
  return extras.oauth2_auth.empty() ? "nothing here" : extras.oauth2_auth;
}

void report_legacy(ImportContext& context, const RouteExtras& extras) {
  const SourceOptions& options = context.options;
  context.taken("pass_basic_auth", "identity_headers, and authorization.basic where there is a password");
  context.taken("pass_user_headers", "identity_headers");
  context.taken("prefer_email_to_user",
                "identity_headers: X-Forwarded-User is the e-mail address, in place of "
                "X-Forwarded-Email");
  if (!options.flag("pass_authorization_header", false)) context.taken("pass_authorization_header", "not sent");
  context.taken("pass_authorization_header",
                options.flag("skip_jwt_bearer_tokens", false)
                    ? "routes[].authorization.bearer: id_token; who brings a token sends the app that one"
                    : "routes[].authorization.bearer: id_token");
  for (const auto* name : {"set_authorization_header", "set_basic_auth"}) {
    if (!options.flag(name, false)) context.taken(name, "not sent");
    context.differs(name, in_answers(extras));
  }
  const bool asks_for_headers = options.flag("set_xauthrequest", false);
  if (asks_for_headers)
    context.taken("set_xauthrequest", who_answers(extras) + " answers with X-Auth-Request-* headers");
  context.differs("set_xauthrequest", who_answers(extras) + " answers with X-Auth-Request-* headers all the same");
  if (options.flag("pass_access_token", false)) {
    context.unsupported(
        "pass_access_token",
        "Logto's plain access token opens nothing but userinfo: for an API write token: { resource: ... } "
        "into its route, and the app gets a token for it in Authorization");
  } else {
    context.taken("pass_access_token", "no access token is passed");
  }
  if (options.flag("skip_auth_strip_headers", true)) {
    context.taken("skip_auth_strip_headers", "identity headers of clients never arrive, on any route");
  } else {
    context.unsupported("skip_auth_strip_headers", "identity headers of clients never arrive, on any route");
  }
  if (options.has("signature_key")) {
    context.differs("signature_key",
                    "routes[].assertion: a signed JWT in X-Logto-Proxy-Assertion, keys at /_auth/jwks.json");
  }
  const std::string groups = options.text("oidc_groups_claim");
  context.differs("oidc_groups_claim", groups.empty() || groups == "groups"
                                           ? "Logto has no groups: X-Forwarded-Groups is the claim roles"
                                           : "X-Forwarded-Groups is the claim " + groups);
  context.taken("oidc_email_claim",
                "X-Forwarded-Email and rules on e-mail look at the claim " + oauth2_proxy_email_claim(options));
  const bool is_address = oauth2_proxy_email_claim(options) == options.text("user_id_claim");
  context.taken("user_id_claim", is_address ? "there it is the older name of oidc_email_claim: X-Forwarded-Email and "
                                              "rules on e-mail look at this claim; X-Forwarded-User is sub, as there"
                                            : "without effect there: oidc_email_claim goes before");
}

// Into identity_headers, or `extras.authorization` for Authorization.
void import_header(ImportContext& context, const OAuth2ProxyHeader& header, Node& map, RouteExtras& extras) {
  const bool is_authorization = ascii_lower(header.name) == "authorization";
  const auto unsupported = [&](std::string text) { context.note(Outcome::unsupported, header.shown, std::move(text)); };
  if (header.is_secret && is_authorization) return unsupported("write authorization: { basic: ... } into the routes");
  if (header.is_secret) {
    Node value = yaml_map();
    if (!header.secret_file.empty()) put(value, "value_file", header.secret_file);
    const std::string name = header.secret_variable.empty() ? variable_name(header.name) : header.secret_variable;
    if (header.secret_file.empty()) put(value, "value", variable(name));
    put(map, header.name, std::move(value));
    return context.note(Outcome::taken, header.shown,
                        "identity_headers; its value from " + (header.secret_file.empty() ? name : header.secret_file));
  }
  const std::string claim = claim_of(context.options, header.claim);
  if (is_authorization && header.has_basic_password && !claim.empty()) {
    extras.authorization = {basic(claim)};
    return context.note(Outcome::taken, header.shown,
                        "routes[].authorization.basic; put the password into " + std::string(kPassword));
  }
  if (is_authorization && header.claim == "id_token") {
    extras.authorization = {bearer_id_token()};
    return context.note(Outcome::taken, header.shown, "routes[].authorization.bearer: id_token");
  }
  if (!header.prefix.empty() || header.has_basic_password)
    return unsupported("a prefix before a claim: let the app read the bare value");
  if (claim.empty())
    return unsupported(header.claim + " is not given to apps; for an API write token: { resource: ... } into a route");
  if (header.claim == "id_token") {
    Node value = yaml_map();
    put(value, "id_token", "true");
    put(map, header.name, std::move(value));
  } else {
    put(map, header.name, claim_as_it_is(claim));
  }
  context.note(Outcome::taken, header.shown, "identity_headers: " + claim);
}

// What /oauth2/auth answers with, whatever the configuration says.
void report_response_header(ImportContext& context, const OAuth2ProxyHeader& header, RouteExtras& extras) {
  constexpr std::pair<std::string_view, std::string_view> kAnswered[] = {
      {"x-auth-request-user", "user"},
      {"x-auth-request-email", "email"},
      {"x-auth-request-groups", "groups"},
      {"x-auth-request-preferred-username", "preferred_username"}};
  const std::string name = ascii_lower(header.name);
  const bool is_there = std::any_of(std::begin(kAnswered), std::end(kAnswered), [&](const auto& one) {
    return one.first == name && one.second == header.claim && header.prefix.empty() && !header.has_basic_password;
  });
  if (is_there) return context.note(Outcome::taken, header.shown, who_answers(extras) + " answers with it");
  if (name == "authorization" && header.claim == "id_token") {
    extras.check_authorization = {bearer_id_token()};
    return context.note(Outcome::differs, header.shown, in_answers(extras));
  }
  context.note(Outcome::unsupported, header.shown,
               who_answers(extras) +
                   " answers with X-Auth-Request-User, -Email, -Groups and -Preferred-Username only; "
                   "/_auth/check with what identity_headers says");
}

void import_alpha(ImportContext& context, const OAuth2ProxyAlpha& alpha, RouteExtras& extras) {
  Node map = yaml_map();
  for (const auto& header : alpha.request_headers) import_header(context, header, map, extras);
  for (const auto& header : alpha.response_headers) report_response_header(context, header, extras);
  put(context.root, "identity_headers", std::move(map));
}

}  // namespace

void import_oauth2_proxy_headers(ImportContext& context, const OAuth2ProxyAlpha* alpha, RouteExtras& extras) {
  if (alpha != nullptr) {
    import_alpha(context, *alpha, extras);
  } else {
    import_legacy(context, extras);
  }
  extras.assertion = context.options.has("signature_key");
  report_legacy(context, extras);
}

}  // namespace lp
