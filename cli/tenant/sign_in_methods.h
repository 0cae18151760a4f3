#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/tenant/tenant_state.h"
#include "cli/tenant/wanted.h"

// How people sign in and up at Logto without a connector: members "signIn" and "signUp" of the sign-in experience.
// Pure.
namespace lp {

// Connectors are the only way in. Of a sign-in experience that does not say it is not so.
[[nodiscard]] bool has_no_methods(const nlohmann::json& sign_in);

// { signIn, signUp } as they were before social_only took them, by the marks of our applications; empty: nobody knows.
[[nodiscard]] nlohmann::json methods_before(const WantedTenant& wanted, const TenantState& state);
// What a mark has to keep so that --destroy finds it: what social_only is about to take, else what is kept already.
[[nodiscard]] nlohmann::json methods_to_keep(const WantedTenant& wanted, const TenantState& state);
[[nodiscard]] nlohmann::json methods_of_nobody();  // social_only: no way in but a connector
[[nodiscard]] nlohmann::json usual_methods();      // a user name and a password, as in a new tenant

// "people can no longer sign in with a password (user name)"
[[nodiscard]] std::vector<std::string> method_lines(const nlohmann::json& from, const nlohmann::json& to);

}  // namespace lp
