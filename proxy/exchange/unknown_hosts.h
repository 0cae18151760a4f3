#pragma once
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace lp {

class Log;

// Hosts that requests name and external_urls does not: each is told once in the log, for it may be a name that was
// forgotten. Anybody can make names up, so that only the first few are. Any thread.
class UnknownHosts {
 public:
  static constexpr std::size_t kMostTold = 50;
  struct Request {
    std::string_view authority, id;
    bool is_call_by_logto = false;  // to an endpoint that Logto calls
  };
  void tell(const Request& request, Log& log);

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> told_;
};

}  // namespace lp
