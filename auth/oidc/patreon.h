#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// Which memberships a person has at Patreon: their token from Logto's Account API, then Patreon's word on it, requests
// built and replies judged. Pure.
namespace lp {

struct PatreonTier {
  std::string id;
  std::string title;  // empty: not told, or too long
  bool operator==(const PatreonTier&) const = default;
};

struct PatreonMembership {
  std::string campaign;
  std::string status;  // active_patron, declined_patron, former_patron; empty: has never paid
  std::int64_t cents = 0;
  std::vector<PatreonTier> tiers;  // that they are entitled to now
  bool operator==(const PatreonMembership&) const = default;
};

inline constexpr std::string_view kActivePatron = "active_patron";

// What is known of one person. Immutable once made.
struct PatreonStanding {
  // no_account: Logto keeps no token of theirs that Patreon takes. Only a sign-in with Patreon brings one.
  enum class Kind { known, no_account };
  Kind kind = Kind::known;
  std::int64_t checked_at_ms = 0;
  std::vector<PatreonMembership> memberships;  // of campaigns that rules ask for
  bool operator==(const PatreonStanding&) const = default;
};

struct PatreonFailure {
  enum class Kind {
    no_account,             // about the person
    account_token_refused,  // by Logto: another one may do
    unavailable,            // Logto or Patreon cannot answer anybody now
    unreadable,             // an answer that cannot be judged: it says nothing of others
  };
  Kind kind = Kind::unavailable;
  std::string rule;     // one word for the log
  std::string message;  // for the log; never a token
  std::int64_t retry_after_s = 0;
  bool is_setup = false;  // nothing but a change at Logto helps
};
using PatreonOutcome = Result<std::shared_ptr<const PatreonStanding>, PatreonFailure>;

inline constexpr std::size_t kMaxPatreonTiers = 16;  // of one membership
inline constexpr std::size_t kMaxPatreonTitleBytes = 200;

// GET {endpoint}/api/my-account/identities/{connector}/access-token. `account_token`: the person's opaque access token.
[[nodiscard]] ProviderRequest patreon_token_request(const Settings& settings, const Secret& account_token);
[[nodiscard]] Result<Secret, PatreonFailure> judge_patreon_token(const ProviderReply& reply);

// GET {api_url}/api/oauth2/v2/identity with memberships, their campaigns and tiers.
[[nodiscard]] ProviderRequest patreon_identity_request(const Settings& settings, const Secret& patreon_token);
// The person's memberships of `campaigns`. A resource of the wrong form is a failure, for half of an answer says
// nothing; one that the person's own list does not name is nobody's.
[[nodiscard]] Result<std::vector<PatreonMembership>, PatreonFailure> judge_patreon_identity(
    const ProviderReply& reply, const std::set<std::string>& campaigns);

}  // namespace lp
