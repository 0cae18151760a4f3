#include "config/check/claims.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

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

// "a.b.c": "a", "b" and the rest, whatever it holds.
std::vector<std::string> first_steps(std::string_view path) {
  std::vector<std::string> steps;
  while (steps.size() < 4 && !path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    steps.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return steps;
}

// identities.TARGET.userId and .details.NAME, as Logto has them. What is misspelt there nobody has: a header is never
// sent, a rule holds for nobody, and one under `deny` keeps nobody out.
void judge_identity(const std::string& key, const std::string& path, Report& report) {
  const std::vector<std::string> members = {"userId", "details"};
  const std::vector<std::string> details = {"id", "name", "email", "phone", "avatar", "rawData"};
  const std::vector<std::string> steps = first_steps(path);
  const auto tell = [&](const std::string& what, const std::string& meant) {
    report.warning(key, what + (meant.empty() ? "" : ", did you mean '" + meant + "'?"));
  };
  if (steps.size() > 2 && !is_one_of(steps[2], members))
    return tell("Logto tells userId and details of a social account, and no '" + steps[2] + "'",
                nearest(steps[2], members));
  if (steps.size() <= 3 || steps[2] != "details" || is_one_of(steps[3], details)) return;
  tell("Logto's details of a social account have no '" + steps[3] +
           "'; what else a network has said is in details.rawData",
       nearest(steps[3], details));
}

void judge(const Settings& s, const std::string& key, const std::string& path, Report& report) {
  const std::string claim = top_level_claim(path);
  if (claim == "identities") return judge_identity(key, path, report);
  if (claim.empty() || is_one_of(claim, claims_of_logto())) return;
  const std::string meant = meant_by(claim);
  if (meant.empty() && takes_tokens(s)) return;
  report.warning(key, "Logto sends no claim '" + claim + "' at a sign-in" +
                          (meant.empty() ? "" : ", did you mean '" + meant + "'?"));
}

// An object is told in no header.
void judge_told(const std::string& key, const std::string& path, Report& report) {
  const std::vector<std::string> steps = first_steps(path);
  const bool is_object = !steps.empty() && steps[0] == "identities" && (steps.size() < 3 || path.ends_with(".details"));
  if (!is_object) return;
  const std::string target = steps.size() > 1 ? steps[1] : "linkedin";
  report.warning(key, "is an object, which no header tells: write identities." + target + ".userId, or identities." +
                          target + ".details.email");
}

void judge_headers(const Settings& s, const std::vector<IdentityHeaderSettings>& headers, const std::string& key,
                   Report& report) {
  for (const IdentityHeaderSettings& header : headers) {
    if (header.source != IdentityHeaderSettings::Source::claim) continue;
    const bool is_reversed = is_one_of(header.header, claims_of_logto()) && header.claim.find('-') != std::string::npos;
    if (!is_reversed) {
      judge(s, key + "." + header.header, header.claim, report);
      judge_told(key + "." + header.header, header.claim, report);
      continue;
    }
    report.warning(key + "." + header.header, "it is HEADER: CLAIM: write " + header.claim + ": " + header.header);
  }
}

void judge_rules(const Settings& s, const Requirement& root, const std::string& key, Report& report) {
  for_each_requirement(root, [&](const Requirement& rule) {
    if (rule.kind == Requirement::Kind::claim) judge(s, key, rule.test.claim, report);
  });
}

// What of a claim a rule waits for, by name.
std::vector<std::string> items_of(const Requirement& rule) {
  if (rule.kind == Requirement::Kind::email_domain) return {};
  return rule.kind == Requirement::Kind::claim ? rule.test.values : rule.any_of;
}

// A rule that nobody meets any more locks people out; under `deny` it lets in whom it should not.
void judge_kept_items(const Settings& s, const Requirement& root, const std::string& key, Report& report) {
  for_each_requirement(root, [&](const Requirement& rule) {
    const auto kept = s.session.kept_items.find(claim_of(rule));
    if (kept == s.session.kept_items.end()) return;
    for (const std::string& item : items_of(rule)) {
      if (kept->second.matches(item)) continue;
      report.problem(key, "asks for '" + item + "' in " + kept->first + ", which session.claims." + kept->first +
                              " drops: nobody would have it; let its pattern match that too");
    }
  });
}

// A misspelt one brings nothing, and Logto says nothing of it.
void judge_scopes(const Settings& s, Report& report) {
  const std::vector<std::string> known = {"openid",      "profile",
                                          "email",       "phone",
                                          "roles",       "identities",
                                          "custom_data", "urn:logto:scope:organizations",
                                          "address",     "urn:logto:scope:organization_roles"};
  for (const std::string& scope : s.logto.scopes) {
    if (is_one_of(scope, known)) continue;
    if (const std::string near = nearest(scope, known); !near.empty())
      report.warning("logto.scopes", "Logto has no scope '" + scope + "' of its own, did you mean '" + near + "'?");
  }
}

void judge_kept_claims(const Settings& s, Report& report) {
  const std::set<std::string> used = claims_in_use(s);
  for (const auto& [claim, pattern] : s.session.kept_items) {
    const std::string key = "session.claims." + claim;
    judge(s, key, claim, report);
    if (!used.contains(claim)) report.warning(key, "has no effect: no header and no rule uses this claim");
  }
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
    judge_kept_items(settings, route.require, key + ".require", report);
    judge_kept_items(settings, route.deny, key + ".deny", report);
  }
  judge_kept_claims(settings, report);
  judge_scopes(settings, report);
}

}  // namespace lp
