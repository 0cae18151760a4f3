#include "config/check/loopback.h"

#include <string_view>

namespace lp {

bool is_loopback(const std::string& host) {
  constexpr std::string_view kBelow = ".localhost";
  return host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == "::1" ||
         (host.size() > kBelow.size() && host.ends_with(kBelow));
}

}  // namespace lp
