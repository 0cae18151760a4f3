// Answers of Patreon's identity endpoint and of Logto's Account API. The first byte picks the status. What comes of
// them fits a session and a header, and survives the session's form.
#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "auth/session/patreon_member.h"
#include "base/check.h"

namespace {

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void must_be_bounded(const lp::PatreonMembership& one) {
  LP_CHECK(one.tiers.size() <= lp::kMaxPatreonTiers && one.cents >= 0, "a membership without bounds");
  LP_CHECK(is_visible(one.campaign) && is_visible(one.status), "a membership that breaks a header");
  for (const lp::PatreonTier& tier : one.tiers) {
    LP_CHECK(is_visible(tier.id) && tier.title.size() <= lp::kMaxPatreonTitleBytes, "a tier without bounds");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<int, 6> kStatuses = {200, 401, 403, 404, 429, 302};
  if (size == 0) return 0;
  lp::ProviderReply reply;
  reply.status = kStatuses[data[0] % kStatuses.size()];
  reply.content_type = "application/vnd.api+json";
  reply.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto token = lp::judge_patreon_token(reply)) {
    LP_CHECK(reply.status == 200 && is_visible(token->reveal()), "a token that breaks a header");
  }
  const auto memberships = lp::judge_patreon_identity(reply, {"100", "200"});
  if (!memberships) return 0;
  LP_CHECK(reply.status == 200 && memberships->size() <= 2, "memberships that nobody asked for");
  for (const lp::PatreonMembership& one : *memberships) must_be_bounded(one);
  const lp::PatreonStanding standing{lp::PatreonStanding::Kind::known, 1, *memberships};
  const auto sealed = nlohmann::json::from_cbor(nlohmann::json::to_cbor(lp::patreon_member(standing)));
  LP_CHECK(lp::take_patreon_member(sealed) == standing, "a standing that changes");
  return 0;
}
