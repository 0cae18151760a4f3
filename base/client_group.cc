#include "base/client_group.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lp {
namespace {

constexpr std::array<unsigned char, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kNetworkBytes = 8;

}  // namespace

std::string client_group(std::string_view address) {
  std::string text(address);
  if (text.find(':') == std::string::npos) return text;
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (std::equal(kV4Mapped.begin(), kV4Mapped.end(), bytes.begin())) {
    return inet_ntop(AF_INET, bytes.data() + kV4Mapped.size(), out.data(), out.size());
  }
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), static_cast<unsigned char>(0));
  return std::string(inet_ntop(AF_INET6, bytes.data(), out.data(), out.size())) + "/64";
}

}  // namespace lp
