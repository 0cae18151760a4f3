#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

// A signed statement to an app of who asks (docs/decisions/0019-signed-assertion.md). Pure.
namespace lp {

class AssertionKey;

inline constexpr std::int64_t kAssertionLifetimeS = 60;
// How long one is sent again. With what passes until the head is on its way, 30 seconds are left of it.
inline constexpr std::int64_t kAssertionReuseS = 20;

struct Assertion {
  std::string_view issuer;    // the external URL that the browser asked
  std::string_view audience;  // the upstream's URL
  std::string_view sub;
  std::string_view id;  // jti
  std::int64_t now_s = 0;
  const nlohmann::json* claims = nullptr;  // an object; the names above never come from it
};

// A JWT with ES256.
[[nodiscard]] std::string sign_assertion(const AssertionKey& key, const Assertion& assertion);

}  // namespace lp
