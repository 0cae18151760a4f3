// A webhook's body, signed here so that it is read, as if Logto's key were in the attacker's hand: what it yields is
// safe in a log and a comparison, fresh, and nothing for an event that is not of a user who leaves.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/oidc/webhook.h"
#include "base/crypto.h"
#include "base/encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kNow = 1'795'317'026;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const lp::Secret key("key");
  const std::string signature = lp::hex_encode(lp::hmac_sha256(key, body));
  if (lp::judge_webhook(body, {}, key, kNow) || lp::judge_webhook(body, {body}, key, kNow)) std::abort();
  auto event = lp::judge_webhook(body, {signature}, key, kNow);
  if (!event) return event.error().rule.empty() ? (std::abort(), 0) : 0;
  const auto printable = [](std::string_view text) {
    return text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  };
  if (event->name.empty() || !printable(event->name) || !printable(event->user_id)) std::abort();
  const bool leaving = event->name == "User.Deleted" || event->name == "User.SuspensionStatus.Updated";
  if (!event->user_id.empty() && !leaving) std::abort();
  if (event->created_at_ms > (kNow + 60) * 1000 || event->created_at_ms < (kNow - 3600) * 1000) std::abort();
  return 0;
}
