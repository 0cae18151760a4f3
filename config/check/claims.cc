#include "config/check/claims.h"

#include <algorithm>
#include <utility>

#include "base/one_of.h"
#include "config/claims.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

// What other products call it.
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"id", "sub"},
    {"uid", "sub"},
    {"user", "sub"},
    {"userid", "sub"},
    {"user_id", "sub"},
    {"groups", "roles"},
    {"group", "roles"},
    {"mail", "email"},
    {"e-mail", "email"},
    {"login", "username"},
    {"user_name", "username"},
    {"phone", "phone_number"},
    {"avatar", "picture"},
    {"organization", "organizations"},
};

// Empty: nobody knows.
std::string meant_by(const std::string& claim) {
  for (const auto& [theirs, ours] : kElsewhere) {
    if (claim == theirs) return std::string(ours);
  }
  return nearest(claim, claims_of_logto());
}

// A script in Logto says what access tokens hold, and another issuer what its own do.
bool takes_tokens(const Settings& s) {
  return std::any_of(s.routes.begin(), s.routes.end(), [](const RouteSettings& route) { return route.accept.bearer; });
}

void judge(const Settings& s, const std::string& key, const std::string& path, Report& report) {
  const std::string claim = top_level_claim(path);
  if (claim.empty() || is_one_of(claim, claims_of_logto())) return;
  const std::string meant = meant_by(claim);
  if (meant.empty() && takes_tokens(s)) return;
  report.warning(key, "Logto sends no claim '" + claim + "' at a sign-in" +
                          (meant.empty() ? "" : ", did you mean '" + meant + "'?"));
}

void judge_headers(const Settings& s, const std::vector<IdentityHeaderSettings>& headers, const std::string& key,
                   Report& report) {
  for (const IdentityHeaderSettings& header : headers) {
    if (header.source == IdentityHeaderSettings::Source::claim)
      judge(s, key + "." + header.header, header.claim, report);
  }
}

void judge_rules(const Settings& s, const Requirement& root, const std::string& key, Report& report) {
  for_each_requirement(root, [&](const Requirement& rule) {
    if (rule.kind == Requirement::Kind::claim) judge(s, key, rule.test.claim, report);
  });
}

}  // namespace

void check_claims(const Settings& settings, Report& report) {
  judge_headers(settings, settings.identity_headers, "identity_headers", report);
  for (const RouteSettings& route : settings.routes) {
    const std::string key = "routes[" + std::to_string(route.index) + "]";
    judge_headers(settings, route.identity_headers, key + ".identity_headers", report);
    judge(settings, key + ".authorization", route.authorization.username_claim, report);
    judge_rules(settings, route.require, key + ".require", report);
    judge_rules(settings, route.deny, key + ".deny", report);
  }
}

}  // namespace lp
