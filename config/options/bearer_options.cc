#include "config/options/bearer_options.h"

#include "config/options/binding.h"
#include "config/options/list_group.h"
#include "config/options/option_bindings.h"

namespace lp {
namespace {

using Table = std::vector<Option>;

void read_accept(const Node& node, const Reading& reading) {
  AcceptSettings accept{false, false};
  for (const Node* item : list_items(node, reading)) {
    const auto* text = scalar_text(*item, reading);
    if (text == nullptr) continue;
    if (*text == "session") {
      accept.session = true;
    } else if (*text == "bearer") {
      accept.bearer = true;
    } else {
      reading.problem(*item, "expected session or bearer, found '" + *text + "'");
    }
  }
  reading.scope.route->accept = accept;
}

Node print_accept(const Scope& scope) {
  std::vector<std::string> names;
  if (scope.route->accept.session) names.emplace_back("session");
  if (scope.route->accept.bearer) names.emplace_back("bearer");
  return Node::list(std::move(names));
}

// Names of audiences are compared byte for byte: no form but visible characters is asked of them (RFC 7519 4.1.3).
Binding audiences_binding(Field<std::vector<std::string>> field) { return null_if_empty(field, parse_visible_text); }

void add_issuer_options(Table& table) {
  table.push_back({"bearer.issuers[].issuer", "a URL", "", 0, 0, kRequired,
                   "As in the tokens' iss, compared byte for byte.",
                   text(LP_FIELD(issuer->issuer), parse_visible_text)});
  table.push_back({"bearer.issuers[].jwks_url", "a URL", "null", 0, 0, kPlain,
                   "Where its keys are; null: by discovery, on the issuer's own origin.",
                   text(LP_FIELD(issuer->jwks_url), parse_visible_text)});
  table.push_back({"bearer.issuers[].connect_to", "an origin such as http://idp:8080", "null", 0, 0, kPlain,
                   "Where logto-proxy reaches it, if elsewhere.",
                   optional_origin_binding(LP_FIELD(issuer->connect_to))});
  table.push_back({"bearer.issuers[].audiences", "a list of audiences", "null", 0, 0, kNonEmpty | kNarrows,
                   "That its tokens may be for; null: those of the route.",
                   audiences_binding(LP_FIELD(issuer->audiences))});
  table.push_back({"bearer.issuers[].type", "a media type such as at+jwt", "at+jwt", 0, 0, kPlain,
                   "The typ in the header of its access tokens. JWT also admits issuers that write none.",
                   text(LP_FIELD(issuer->type), parse_visible_text)});
}

}  // namespace

void add_bearer_options(Table& table) {
  table.push_back({"bearer.audiences", "a list of audiences", "null", 0, 0, kNonEmpty | kNarrows,
                   "API resources of Logto whose access tokens are accepted by routes that name none themselves.",
                   audiences_binding(LP_FIELD(settings->bearer.audiences))});
  table.push_back({"bearer.introspection", "true or false", "false", 0, 0, kPlain,
                   "Opaque access tokens are shown to Logto (RFC 7662).",
                   boolean(LP_FIELD(settings->bearer.introspection))});
  table.push_back({"bearer.introspection_cache", "a duration", "1m", 0, kHour, kPlain,
                   "How long its answer is believed; 0s asks each time.",
                   duration(LP_FIELD(settings->bearer.introspection_cache_ms))});
  table.push_back({"bearer.max_cached", "a whole number", "10000", 10, 1000000, kPlain,
                   "Accepted tokens that each worker remembers; the least recently used is forgotten first.",
                   count(LP_FIELD(settings->bearer.max_cached))});
  add_issuer_options(table);
}

void add_bearer_route_options(Table& table) {
  table.push_back({"routes[].accept",
                   "a list of session and bearer",
                   "[session]",
                   0,
                   0,
                   kNonEmpty,
                   "bearer: access tokens in Authorization: Bearer; they go before a session.",
                   {read_accept, print_accept}});
  table.push_back({"routes[].audiences", "a list of audiences", "null", 0, 0, kNonEmpty,
                   "Of which an access token must name one; null: those of bearer.audiences.",
                   audiences_binding(LP_FIELD(route->audiences))});
}

Group issuer_group() {
  return list_group(
      "bearer.issuers", "issuer", [](Settings& s) -> std::vector<IssuerSettings>& { return s.bearer.issuers; },
      &Scope::issuer);
}

}  // namespace lp
