#include "cli/import/oauth2_proxy_headers.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::string_view kPassword = "BASIC_AUTH_PASSWORD";

// A value of oauth2-proxy's session, as the claim of Logto that it comes from; "" where there is none.
std::string claim_of(const SourceOptions& options, const std::string& value) {
  const std::string email = options.text("oidc_email_claim"), groups = options.text("oidc_groups_claim");
  if (value == "user") return "sub";
  if (value == "email") return email.empty() ? "email" : email;
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

struct Pair {
  std::string header;
  std::string claim;
};

std::vector<Pair> legacy_headers(const SourceOptions& options) {
  const bool email_first = options.flag("prefer_email_to_user", false);
  return {{"X-Forwarded-User", claim_of(options, email_first ? "email" : "user")},
          {"X-Forwarded-Email", claim_of(options, "email")},
          {"X-Forwarded-Preferred-Username", "username"},
          {"X-Forwarded-Groups", claim_of(options, "groups")}};
}

bool is_default(const std::vector<Pair>& headers) {
  return headers[0].claim == "sub" && headers[1].claim == "email" && headers[3].claim == "roles";
}

void import_legacy(ImportContext& context, RouteExtras& extras) {
  const SourceOptions& options = context.options;
  const bool basics = options.flag("pass_basic_auth", true), users = options.flag("pass_user_headers", true);
  const auto headers = legacy_headers(options);
  if (!basics && !users) {
    put(context.root, "identity_headers", yaml_map());
  } else if (!is_default(headers)) {
    Node& map = map_in(context.root, "identity_headers");
    for (const auto& [header, claim] : headers) put(map, header, claim);
  }
  const bool has_password = basics && options.has("basic_auth_password");
  if (options.flag("pass_authorization_header", false) || options.flag("set_authorization_header", false)) {
    extras.authorization = {bearer_id_token()};
    if (has_password)
      context.differs("basic_auth_password", "the ID token goes into Authorization; a header has one value");
  } else if (has_password) {
    extras.authorization = {basic(headers[0].claim)};
    context.taken("basic_auth_password",
                  "routes[].authorization.basic; put the password into " + std::string(kPassword));
  } else {
    context.taken("basic_auth_password", "not sent there either: pass_basic_auth is off");
  }
}

void report_legacy(ImportContext& context) {
  context.taken("pass_basic_auth", "identity_headers, and authorization.basic where there is a password");
  context.taken("pass_user_headers", "identity_headers");
  context.taken("prefer_email_to_user", "identity_headers");
  context.taken("pass_authorization_header", "routes[].authorization.bearer: id_token");
  context.taken("set_authorization_header", "routes[].authorization.bearer: id_token, also in answers of forward_auth");
  context.taken("set_xauthrequest", "forward_auth.oauth2_proxy answers with X-Auth-Request-* headers");
  context.taken("set_basic_auth", "routes[].authorization.basic, also in answers of forward_auth");
  if (context.options.flag("pass_access_token", false)) {
    context.unsupported(
        "pass_access_token",
        "Logto's plain access token opens nothing but userinfo: for an API write token: { resource: ... } "
        "into its route, and the app gets a token for it in Authorization");
  } else {
    context.taken("pass_access_token", "no access token is passed");
  }
  if (context.options.flag("skip_auth_strip_headers", true)) {
    context.taken("skip_auth_strip_headers", "identity headers of clients never arrive, on any route");
  } else {
    context.unsupported("skip_auth_strip_headers", "identity headers of clients never arrive, on any route");
  }
  if (context.options.flag("signature_key", false) || context.options.has("signature_key")) {
    context.differs("signature_key",
                    "routes[].assertion: a signed JWT in X-Logto-Proxy-Assertion, keys at /_auth/jwks.json");
  }
  const std::string groups = context.options.text("oidc_groups_claim");
  context.differs("oidc_groups_claim", groups.empty() || groups == "groups"
                                           ? "Logto has no groups: X-Forwarded-Groups is the claim roles"
                                           : "X-Forwarded-Groups is the claim " + groups + "; rules ask for roles");
  context.taken("oidc_email_claim", "X-Forwarded-Email; rules on e-mail look at the claim email");
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
    put(map, header.name, claim);
  }
  context.note(Outcome::taken, header.shown, "identity_headers: " + claim);
}

bool is_our_default(const Node& map) {
  constexpr std::pair<std::string_view, std::string_view> kDefault[] = {{"X-Forwarded-User", "sub"},
                                                                        {"X-Forwarded-Email", "email"},
                                                                        {"X-Forwarded-Preferred-Username", "username"},
                                                                        {"X-Forwarded-Groups", "roles"}};
  return map.entries.size() == std::size(kDefault) &&
         std::all_of(std::begin(kDefault), std::end(kDefault), [&](const auto& one) {
           const Node* claim = map.find(one.first);
           return claim != nullptr && claim->text == one.second;
         });
}

void import_alpha(ImportContext& context, const OAuth2ProxyAlpha& alpha, RouteExtras& extras) {
  Node map = yaml_map();
  for (const auto& header : alpha.request_headers) import_header(context, header, map, extras);
  for (const auto& header : alpha.response_headers) {
    context.note(Outcome::differs, header.shown,
                 "answers of forward_auth carry the X-Auth-Request-* headers and those of identity_headers");
  }
  if (!is_our_default(map)) put(context.root, "identity_headers", std::move(map));
}

}  // namespace

void import_oauth2_proxy_headers(ImportContext& context, const OAuth2ProxyAlpha* alpha, RouteExtras& extras) {
  if (alpha != nullptr) {
    import_alpha(context, *alpha, extras);
  } else {
    import_legacy(context, extras);
  }
  extras.assertion = context.options.has("signature_key");
  report_legacy(context);
}

}  // namespace lp
