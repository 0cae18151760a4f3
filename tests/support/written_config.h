#pragma once
#include <doctest/doctest.h>

#include <string>

// A configuration as somebody wrote it, line by line, to put mistakes into.
namespace lp::test {

inline const std::string kGood =
    "external_urls: [https://app.test]\n"                       // 1
    "listen: 127.0.0.1:8080\n"                                  // 2
    "logto:\n"                                                  // 3
    "  endpoint: https://t.logto.app\n"                         // 4
    "  app_id: app\n"                                           // 5
    "  app_secret: very-secret-app-secret\n"                    // 6
    "session:\n"                                                // 7
    "  secret: har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=\n"  // 8
    "upstreams:\n"                                              // 9
    "  app: http://127.0.0.1:9000\n"                            // 10
    "routes:\n"                                                 // 11
    "  - path: /*\n"                                            // 12
    "    upstream: app\n";                                      // 13

// The good file with `after` in the place of `before`.
inline std::string with(const std::string& before, const std::string& after) {
  const auto at = kGood.find(before);
  REQUIRE(at != std::string::npos);
  return kGood.substr(0, at) + after + kGood.substr(at + before.size());
}
inline std::string and_also(const std::string& more) { return kGood + more; }

}  // namespace lp::test
