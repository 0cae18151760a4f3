// The outcome of a refresh as journals and stores hold it, any bytes: whoever learnt a secret still finds a strict
// decoder, and what it takes is written again as it was read.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "auth/session/refreshed.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto refreshed = lp::decode_refreshed(input);
  if (!refreshed) return 0;
  LP_CHECK(refreshed->claims->is_object(), "claims that are no object");
  const auto again = lp::decode_refreshed(lp::encode_refreshed(*refreshed));
  LP_CHECK(again && again->claims == refreshed->claims && again->sid == refreshed->sid, "an outcome that changes");
  LP_CHECK(again->refresh_token.equals(refreshed->refresh_token.reveal()), "a token that changes");
  LP_CHECK(again->tokens_expire_at_s == refreshed->tokens_expire_at_s, "a time that changes");
  LP_CHECK(again->validated_at_s == refreshed->validated_at_s, "a time that changes");
  LP_CHECK(again->generation == refreshed->generation, "a generation that changes");
  return 0;
}
