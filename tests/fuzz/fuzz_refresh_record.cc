// Records of the journal of refreshes: whatever the bytes, a record with one spelling or none, and nothing opens that
// was not sealed here.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/refresh/record.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::CookieSealer sealer({lp::Secret(std::string(32, 's'))}, lp::CookiePurpose::refreshed, "default");
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)lp::decode_refreshed(bytes);
  const auto record = lp::decode_refresh_record(bytes);
  if (!record) return 0;
  LP_CHECK(lp::encode_refresh_record(*record) == bytes, "a record with a second spelling");
  LP_CHECK(!lp::open_refresh(sealer, record->key, record->sealed), "something opened that nobody sealed");
  return 0;
}
