#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"

// Times one operation of the hot path and prints nanoseconds; asserts nothing, since machines differ.
namespace lp::bench {

// Makes the compiler believe that `value` is looked at.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

template <class Operation>
double run_ns(Operation& operation, std::int64_t times) {
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < times; ++i) operation();
  const auto took = std::chrono::steady_clock::now() - began;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
}

// The best of five rounds of some 50 ms each: what others do to the machine only ever adds.
template <class Operation>
void report(const char* what, Operation operation) {
  std::int64_t times = 1;
  while (run_ns(operation, times) < 5e7) times *= 2;
  double best = 1e300;
  for (int round = 0; round < 5; ++round) best = std::min(best, run_ns(operation, times));
  std::printf("%-56s %12.0f ns\n", what, best / static_cast<double>(times));
}

// A request as Firefox sends it, with our session cookie and one of the app's.
inline std::string browser_request(const std::string& target, const std::string& session_cookie) {
  return "GET " + target +
         " HTTP/1.1\r\nHost: app.test\r\n"
         "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
         "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
         "Accept-Language: ja,en-US;q=0.7,en;q=0.3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
         "Referer: https://app.test/start\r\nConnection: keep-alive\r\nCookie: theme=dark; " +
         session_cookie +
         "\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
         "Sec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\nPriority: u=0, i\r\n\r\n";
}

// `routes` prefixes /app1/* to /appN/*, all for who is signed in.
inline std::shared_ptr<Settings> settings_with_routes(int routes) {
  auto settings = std::make_shared<Settings>();
  settings->external_urls = {{"https", "app.test", 443}};
  settings->logto.endpoint = {"https", "logto.test", 443};
  settings->logto.app_id = "app";
  settings->session.secrets = {Secret(std::string(32, 's'))};
  for (int i = 1; i <= routes; ++i) {
    RouteSettings route;
    route.index = i;
    route.path = {PathPattern::Kind::prefix, "/app" + std::to_string(i)};
    route.label = "#" + std::to_string(i) + " " + route.path.text + "/*";
    route.upstream = "app";
    settings->routes.push_back(route);
  }
  return settings;
}

}  // namespace lp::bench
