#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/provider_call.h"
#include "cli/doctor/finding.h"
#include "config/settings.h"

// What Logto's answers to questions without a user mean, and how to mend it (Logto facts 15, 26). Pure.
namespace lp {

// "it answered 400, application/json"
[[nodiscard]] std::string what_came(const ProviderReply& reply);

[[nodiscard]] DoctorFinding judge_discovery_answer(const ProviderReply& reply, const std::string& where,
                                                   const LogtoSettings& logto);
[[nodiscard]] DoctorFinding judge_keys_answer(const ProviderReply& reply, const std::string& url);
// By the Date of an answer, which says whole seconds; `asked_s` and `answered_s` by our clock. None where there is
// none.
[[nodiscard]] std::vector<DoctorFinding> judge_clock(std::int64_t date_s, std::int64_t asked_s,
                                                     std::int64_t answered_s);

// To a refresh with a token that nobody has. `key`: which secret was shown.
[[nodiscard]] DoctorFinding judge_secret_answer(const ProviderReply& reply, const std::string& key);
// To an authorization request with prompt=none and nobody signed in. `uri`: its redirect URI.
[[nodiscard]] DoctorFinding judge_redirect_answer(const ProviderReply& reply, const std::string& uri,
                                                  const std::string& app_id);
// The same with `resource`; `routes`: which want it.
[[nodiscard]] DoctorFinding judge_resource_answer(const ProviderReply& reply, const std::string& resource,
                                                  const std::string& routes);
// To a visit of the end-session page with nobody signed in. `uri`: its post_logout_redirect_uri.
[[nodiscard]] DoctorFinding judge_sign_out_answer(const ProviderReply& reply, const std::string& uri);

// A connector that routes send people to, or judge them by.
struct WantedConnector {
  std::string with;   // "social:linkedin", "sso:ID"
  std::string where;  // "routes[2].sign_in.with"
};
[[nodiscard]] std::vector<WantedConnector> wanted_connectors(const Settings& settings);
// To GET /api/.well-known/sign-in-exp: whether Logto offers all of them.
[[nodiscard]] std::vector<DoctorFinding> judge_sign_in_experience(const ProviderReply& reply,
                                                                  const std::vector<WantedConnector>& wanted);
// Where visitors are asked how to sign in (sign_in.choose).
[[nodiscard]] bool shows_ways(const Settings& settings);
// To the same: what they will see.
// Whether people may sign in, and new ones come, by the same answer; nothing where it does not say.
[[nodiscard]] std::vector<DoctorFinding> judge_sign_in_mode(const ProviderReply& reply);
[[nodiscard]] DoctorFinding judge_ways_shown(const ProviderReply& reply);

}  // namespace lp
