#include "cli/tenant/sign_in_methods.h"

#include <utility>

#include "cli/tenant/json_merge.h"
#include "cli/tenant/marks.h"
#include "cli/tenant/plan.h"

namespace lp {
namespace {

using nlohmann::json;

json methods_in(const json& sign_in) {
  const json group = object_at(sign_in, "signIn");
  return group.contains("methods") && group["methods"].is_array() ? group["methods"] : json();
}

std::string name_of(const std::string& identifier) {
  if (identifier == "username") return "user name";
  if (identifier == "email") return "e-mail address";
  return identifier == "phone" ? "phone number" : identifier;
}

// "user name, e-mail address": the identifiers that `way` goes with.
std::string identifiers_with(const json& methods, const char* way) {
  std::string names;
  for (const json& method : methods) {
    if (!method.is_object() || !method.contains(way) || method[way] != true) continue;
    names += (names.empty() ? "" : ", ") + name_of(text_at(method, "identifier"));
  }
  return names;
}

}  // namespace

bool has_no_methods(const json& sign_in) {
  const json methods = methods_in(sign_in);
  return methods.is_array() && methods.empty();
}

json methods_before(const WantedTenant& wanted, const TenantState& state) {
  for (const TenantApplication& application : wanted.applications) {
    const json* there = find_application(application, state);
    if (there == nullptr) continue;
    json kept = object_at(object_at(object_at(*there, "customData"), kOurData), kMethodsBefore);
    if (!kept.empty()) return kept;
  }
  return json::object();
}

json methods_to_keep(const WantedTenant& wanted, const TenantState& state) {
  const bool takes_them = wanted.social_only == true && methods_in(state.sign_in).is_array();
  if (!takes_them || has_no_methods(state.sign_in)) return methods_before(wanted, state);
  return {{"signIn", object_at(state.sign_in, "signIn")}, {"signUp", object_at(state.sign_in, "signUp")}};
}

json methods_of_nobody() {
  return {{"signIn", {{"methods", json::array()}}},
          {"signUp", {{"identifiers", json::array()}, {"password", false}, {"verify", false}}}};
}

json usual_methods() {
  const json by_name = {
      {"identifier", "username"}, {"password", true}, {"verificationCode", false}, {"isPasswordPrimary", true}};
  return {{"signIn", {{"methods", json::array({by_name})}}},
          {"signUp", {{"identifiers", {"username"}}, {"password", true}, {"verify", false}}}};
}

std::vector<std::string> method_lines(const json& from, const json& to) {
  std::vector<std::string> lines;
  for (const auto& [way, words] : {std::pair{"password", "a password"}, std::pair{"verificationCode", "a code"}}) {
    const std::string before = identifiers_with(methods_in(from), way);
    const std::string after = identifiers_with(methods_in(to), way);
    if (before == after) continue;
    lines.push_back(after.empty() ? "people can no longer sign in with " + std::string(words) + " (" + before + ")"
                                  : "people can sign in with " + std::string(words) + " (" + after + ")");
  }
  return lines;
}

}  // namespace lp
