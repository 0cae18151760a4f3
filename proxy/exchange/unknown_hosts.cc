#include "proxy/exchange/unknown_hosts.h"

#include "base/log.h"

namespace lp {

void UnknownHosts::tell(std::string_view authority, Log& log) {
  constexpr std::size_t kLongestName = 300;
  authority = authority.substr(0, kLongestName);
  {
    const std::lock_guard lock(mutex_);
    if (told_.size() >= kMostTold || !told_.emplace(authority).second) return;
  }
  log.warning("a request for a host that is not ours was answered with 421: where it is, name it under external_urls",
              {{"host", authority}});
}

}  // namespace lp
