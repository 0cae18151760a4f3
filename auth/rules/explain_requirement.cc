#include "auth/rules/explain_requirement.h"

#include <nlohmann/json.hpp>

#include "auth/rules/client_certificate.h"
#include "auth/rules/patreon.h"
#include "auth/session/claim_path.h"
#include "base/encoding.h"
#include "config/claims.h"

namespace lp {
namespace {

using Kind = Requirement::Kind;

constexpr std::size_t kMaxSeenBytes = 200;

std::string shortened(std::string text) {
  if (text.size() <= kMaxSeenBytes) return text;
  text.resize(kMaxSeenBytes);
  return replace_invalid_utf8(text) + "...";
}

std::string json_text(const nlohmann::json& value) {
  return shortened(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string seen_claim(const std::string& path, const Principal& who) {
  if (path == "sub") return "sub: " + json_text(nlohmann::json(who.sub));
  const nlohmann::json* value = who.claims == nullptr ? nullptr : find_claim(*who.claims, path);
  return value == nullptr ? "no claim " + path : path + ": " + json_text(*value);
}

std::string seen_scopes(const Principal& who) {
  if (who.scopes == nullptr) return "no access token, so no scopes";
  std::string text;
  for (const std::string& scope : *who.scopes) text += (text.empty() ? "" : " ") + scope;
  return text.empty() ? "no scopes" : "scopes: " + shortened(std::move(text));
}

std::string seen_age(const Principal& who, std::int64_t now_s) {
  if (who.authenticated_at_s <= 0) return "Logto did not say when (no auth_time)";
  return "signed in " + std::to_string(now_s - who.authenticated_at_s) + " s ago";
}

std::string seen_by(const Requirement& leaf, const Principal& who, std::int64_t now_s) {
  switch (leaf.kind) {
    case Kind::all:
    case Kind::any:
    case Kind::none:
      return {};
    case Kind::scopes:
      return seen_scopes(who);
    case Kind::max_age:
      return seen_age(who, now_s);
    case Kind::patreon:
      return seen_at_patreon(leaf.patreon, who.patreon);
    case Kind::client_certificate:
      return shortened(seen_certificate(leaf.certificate, who.certificate));
    default:
      return seen_claim(claim_of(leaf), who);
  }
}

}  // namespace

ExplainedRequirement explain_requirement(const Requirement& requirement, const Principal& who, std::int64_t now_s) {
  ExplainedRequirement explained{&requirement, holds(requirement, who, now_s), seen_by(requirement, who, now_s), {}};
  for (const Requirement& child : requirement.children)
    explained.children.push_back(explain_requirement(child, who, now_s));
  return explained;
}

std::string requirement_heading(const Requirement& requirement) {
  switch (requirement.kind) {
    case Kind::all:
      return "all of";
    case Kind::any:
      return "any of";
    case Kind::none:
      return "none of";
    default:
      return describe_requirement(requirement, Audience::operators);
  }
}

}  // namespace lp
