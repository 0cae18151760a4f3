#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

// What we write into an application's customData, to know again what is ours. Pure.
namespace lp {

// "managedBy": the application itself was made here. Below "logtoProxy": which redirect URIs we have put there, so that
// those which are not wanted any more can go; what else of the tenant was made here ("role:staff"); and how people
// signed in before social_only.
inline constexpr const char* kManagedBy = "managedBy";
inline constexpr const char* kOurName = "logto-proxy";
inline constexpr const char* kOurData = "logtoProxy";
inline constexpr const char* kOurRedirects = "redirectUris";
inline constexpr const char* kOurSignOuts = "postLogoutRedirectUris";
inline constexpr const char* kMadeHere = "created";
inline constexpr const char* kMethodsBefore = "signInBefore";

[[nodiscard]] bool was_made_here(const nlohmann::json& application);
// One of the lists above.
[[nodiscard]] std::vector<std::string> our_list(const nlohmann::json& application, const char* name);

// "connector:linkedin"
[[nodiscard]] inline std::string mark_of(std::string_view kind, std::string_view name) {
  return std::string(kind) + ":" + std::string(name);
}
[[nodiscard]] inline std::string mark_of_scope(const std::string& indicator, const std::string& scope) {
  return mark_of("scope", indicator + " " + scope);
}

}  // namespace lp
