#include "auth/authorize.h"

#include <algorithm>

namespace lp {
namespace {

using nlohmann::json;

bool lists(const json& array, const std::string& wanted) {
  return std::any_of(array.begin(), array.end(), [&](const json& item) {
    return item.is_string() && item.get_ref<const std::string&>() == wanted;
  });
}

bool has_role(const Session& session, const std::string& role) {
  const auto roles = session.claims.find("roles");
  return roles != session.claims.end() && roles->is_array() && lists(*roles, role);
}

// Stored as a list of targets; as Logto sends it, an object keyed by target.
bool has_social(const Session& session, const std::string& target) {
  const auto identities = session.claims.find("identities");
  if (identities == session.claims.end()) return false;
  if (identities->is_array()) return lists(*identities, target);
  if (!identities->is_object()) return false;
  const auto identity = identities->find(target);
  return identity != identities->end() && !identity->is_null();
}

template <class Has>
bool holds(const std::vector<std::string>& any_of, const Session& session, Has has) {
  return any_of.empty() ||
         std::any_of(any_of.begin(), any_of.end(), [&](const std::string& one) { return has(session, one); });
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Authorization authorize(const RouteSettings& route, const Session* session) {
  using Verdict = Authorization::Verdict;
  if (route.access == Access::deny) return {Verdict::denied, {}};
  const bool open = route.access == Access::public_ || route.access == Access::optional;
  if (open && route.require.empty()) return {Verdict::pass, {}};
  if (session == nullptr) return {Verdict::sign_in, {}};
  Authorization result{Verdict::pass, {}};
  if (!holds(route.require.roles, *session, has_role)) {
    result.missing.push_back({MissingRequirement::Kind::role, route.require.roles});
  }
  if (!holds(route.require.social, *session, has_social)) {
    result.missing.push_back({MissingRequirement::Kind::social, route.require.social});
  }
  if (!result.missing.empty()) result.verdict = Verdict::forbidden;
  return result;
}

std::string describe_missing(const MissingRequirement& missing) {
  const bool one = missing.any_of.size() == 1;
  if (missing.kind == MissingRequirement::Kind::role)
    return (one ? "role " : "one of the roles ") + joined(missing.any_of);
  return (one ? "a linked " : "a linked account of one of ") + joined(missing.any_of) + (one ? " account" : "");
}

}  // namespace lp
