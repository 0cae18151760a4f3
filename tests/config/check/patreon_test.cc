#include "config/check/patreon.h"

#include "tests/support/config_cases.h"

using namespace lp;
using namespace lp::test;

namespace {

const std::string kLogto = "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, ";

std::map<std::string, std::string> with(const std::string& route, const std::string& refresh = "offline_access",
                                        const std::string& patreon = "") {
  return {{"logto", kLogto + "refresh: " + refresh + ", scopes: [profile, identities] }\n"},
          {"routes", routes("  - { path: /*, upstream: wiki, " + route + " }\n")},
          {"zpatreon", patreon}};
}

const std::string kMember = "require: { patreon: { campaign: 1 } }";

}  // namespace

TEST_CASE("rules on memberships: what they need") {
  check_all({
      {"all is there", with(kMember), ""},
      {"no refresh tokens", with(kMember, "off"),
       "f:6:33: routes[1].require: a rule on Patreon needs refresh tokens, and logto.refresh is off: set it to "
       "offline_access"},
      {"access tokens only", with(kMember + ", accept: [bearer], audiences: [https://a.test]"),
       "f:6:33: routes[1].require: patreon never holds here: it needs a session, and this route accepts access tokens "
       "only"},
      {"the token in the clear", with(kMember, "offline_access", "patreon: { api_url: http://patreon.test }\n"),
       "f:7:21: patreon.api_url: must be https: people's tokens for Patreon are sent there"},
      {"a stand-in on this machine", with(kMember, "offline_access", "patreon: { api_url: http://127.0.0.1:1 }\n"), ""},
      {"a header that is told anyhow", with(kMember + ", identity_headers: { x_patreon_tier: custom_data.tier }"),
       "f:6:92: routes[1].identity_headers.x_patreon_tier: the rule on Patreon of route #1 /* tells its app this by "
       "itself: leave it out, or name another header"},
      {"another name beside it", with(kMember + ", identity_headers: { X-Patreon-Id: identities.patreon.userId }"), ""},
      {"a page that is none", with(kMember, "offline_access", "patreon: { pages: { 1: javascript:x } }\n"),
       "f:7:24: patreon.pages.1: expected an https URL such as https://www.patreon.com/creator, found 'javascript:x'"},
  });
}

TEST_CASE("rules on memberships: what may surprise") {
  const std::string provision = "provision: { management: { app_id: a, app_secret: b } }\n";
  CHECK(warnings_of(with(kMember, "auto", provision)).find("refresh tokens") == std::string::npos);
  const std::string pages = "patreon: { pages: { 1: https://www.patreon.com/a, 2: https://www.patreon.com/b } }\n";
  const std::string unasked = warnings_of(with(kMember, "offline_access", pages));
  CHECK(unasked.find("patreon.pages.2: has no effect: no rule asks for a membership of this campaign") !=
        std::string::npos);
  CHECK(unasked.find("patreon.pages.1") == std::string::npos);
  CHECK(warnings_of(with(kMember, "auto")).find("a rule on Patreon needs refresh tokens: set logto.refresh") !=
        std::string::npos);
  CHECK(warnings_of(with("access: public", "auto", "patreon: { recheck: 5m }\n")).find("has no effect: no route") !=
        std::string::npos);
}
