#include <doctest/doctest.h>

#include "config/file/load.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string complaints_of(const std::map<std::string, std::string>& sections) {
  const std::string text = good_config(sections);
  const auto loaded = parse_config(text, "f", usual_environment());
  if (!loaded.ok()) return first_line(problems_of(text));
  std::string out;
  for (const auto& warning : loaded->warnings) out += (out.empty() ? "" : "\n") + warning;
  return out;
}

}  // namespace

TEST_CASE("routes may go without an upstream where another proxy sends their requests on") {
  const std::pair<const std::string, std::string> route = {"routes", "routes:\n- { path: /* }\n"};
  CHECK(complaints_of({route}).find("required: expected upstream, found nothing") != std::string::npos);
  for (const char* on :
       {"forward_auth: { enabled: true }\ntrusted_proxies: [10.0.0.1]\n", "forward_auth: { oauth2_proxy: true }\n"}) {
    CHECK(complaints_of({route, {"upstreams", ""}, {"z", on}}).empty());
  }
}

TEST_CASE("forward_auth that nobody may use is warned of") {
  CHECK(complaints_of({{"z", "forward_auth: { enabled: true }\n"}}).find("nobody may ask /_auth/check") !=
        std::string::npos);
}

TEST_CASE("/oauth2 belongs to oauth2-proxy's endpoints once they are on") {
  CHECK(complaints_of({{"z", "forward_auth: { oauth2_proxy: true }\nauth_prefix: /oauth2\n"}}).empty());
  CHECK(complaints_of({{"routes", "routes:\n- { path: /oauth2/*, upstream: wiki }\n"},
                       {"z", "forward_auth: { oauth2_proxy: true }\n"}})
            .find("never matches: paths below /oauth2") != std::string::npos);
}
