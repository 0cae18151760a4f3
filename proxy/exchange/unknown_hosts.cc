#include "proxy/exchange/unknown_hosts.h"

#include "base/log.h"

namespace lp {

void UnknownHosts::tell(const Request& request, Log& log) {
  constexpr std::size_t kLongestName = 300;
  const std::string_view authority = request.authority.substr(0, kLongestName);
  // A call by Logto is told of beside what others ask under the same name: its remedy is another one.
  const std::string key = (request.is_call_by_logto ? "Logto " : "") + std::string(authority);
  {
    const std::lock_guard lock(mutex_);
    if (told_.size() >= kMostTold || !told_.emplace(key).second) return;
  }
  log.warning(request.is_call_by_logto
                  ? "a call by Logto to a host that is not ours was answered with 421: where Logto is to reach us "
                    "there, name it as logto.backchannel_url"
                  : "a request for a host that is not ours was answered with 421: where it is, name it under "
                    "external_urls",
              {{"id", request.id}, {"host", authority}});
}

}  // namespace lp
