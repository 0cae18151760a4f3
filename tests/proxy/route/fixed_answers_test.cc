#include "proxy/route/fixed_answers.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

HealthSettings usual() {
  HealthSettings settings;
  settings.ping = {"/ping", "/live/check"};
  settings.ready = {"/ready"};
  settings.robots_txt = RobotsTxt::always;
  return settings;
}

}  // namespace

TEST_CASE("probes and crawlers are answered at just these paths, and by GET and HEAD alone") {
  const struct {
    const char* method;
    const char* target;
    FixedAnswer answer;
  } cases[] = {
      {"GET", "/ping", FixedAnswer::ping},          {"HEAD", "/ping", FixedAnswer::ping},
      {"GET", "/ping?x=/admin", FixedAnswer::ping}, {"GET", "/live/check", FixedAnswer::ping},
      {"GET", "/ready", FixedAnswer::ready},        {"GET", "/robots.txt", FixedAnswer::robots_txt},
      {"POST", "/ping", FixedAnswer::none},         {"get", "/ping", FixedAnswer::none},
      {"OPTIONS", "/ready", FixedAnswer::none},     {"DELETE", "/robots.txt", FixedAnswer::none},
      {"GET", "/ping/", FixedAnswer::none},         {"GET", "/PING", FixedAnswer::none},
      {"GET", "/%70ing", FixedAnswer::none},        {"GET", "//ping", FixedAnswer::none},
      {"GET", "/x/../ping", FixedAnswer::none},     {"GET", "/ping;x", FixedAnswer::none},
      {"GET", "/ping/x", FixedAnswer::none},        {"GET", "/", FixedAnswer::none},
      {"GET", "/?/ping", FixedAnswer::none},        {"OPTIONS", "*", FixedAnswer::none},
  };
  for (const auto& c : cases) {
    CAPTURE(c.method);
    CAPTURE(c.target);
    CHECK(fixed_answer_to(c.method, c.target, Fields(), usual()) == c.answer);
    CHECK(fixed_answer_to(c.method, c.target, Fields(), HealthSettings()) == FixedAnswer::none);
  }
}

TEST_CASE("with ping_user_agents one of them, once, is answered as a ping, and anybody else where /ready is") {
  HealthSettings settings = usual();
  settings.ping_user_agents = {"GoogleHC/1.0", "kube-probe/1.30"};
  const struct {
    std::vector<const char*> agents;
    FixedAnswer answer;
  } cases[] = {
      {{"GoogleHC/1.0"}, FixedAnswer::ping},
      {{"kube-probe/1.30"}, FixedAnswer::ping},
      {{}, FixedAnswer::none},
      {{""}, FixedAnswer::none},
      {{"GoogleHC/1.0 x"}, FixedAnswer::none},
      {{"googlehc/1.0"}, FixedAnswer::none},
      {{"GoogleHC/1.0", "GoogleHC/1.0"}, FixedAnswer::none},
      {{"curl/8", "GoogleHC/1.0"}, FixedAnswer::none},
  };
  for (const auto& c : cases) {
    Fields fields;
    for (const char* agent : c.agents) fields.add("User-Agent", agent);
    CHECK(fixed_answer_to("GET", "/ping", fields, settings) == c.answer);
    CHECK(fixed_answer_to("GET", "/ready", fields, settings) == FixedAnswer::ready);
    CHECK(fixed_answer_to("GET", "/other", fields, settings) == FixedAnswer::none);  // a User-Agent opens no path
  }
}
