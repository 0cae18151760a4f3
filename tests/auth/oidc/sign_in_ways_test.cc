#include "auth/oidc/sign_in_ways.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace lp;
using nlohmann::json;

namespace {

const std::string kPng = "data:image/png;base64,iVBORw0KGgo=";

ProviderReply reply_of(const json& document) { return {200, "application/json; charset=utf-8", document.dump()}; }
SignInWays ways_of(const json& document) {
  const auto ways = judge_sign_in_ways(reply_of(document));
  REQUIRE(ways);
  return *ways;
}
std::vector<std::string> targets_of(const SignInWays& ways) {
  std::vector<std::string> targets;
  for (const SignInWay& way : ways.social) targets.push_back(way.target);
  return targets;
}

}  // namespace

TEST_CASE("ways, names and pictures are those of Logto, in its order") {
  const SignInWays ways =
      ways_of({{"socialConnectors",
                {{{"target", "patreon"},
                  {"name", {{"en", "Patreon"}, {"ja", "パトレオン"}}},
                  {"logo", kPng},
                  {"logoDark", kPng}},
                 {{"target", "linkedin"}, {"name", "LinkedIn"}, {"logo", kPng}, {"logoDark", nullptr}}}},
               {"signIn", {{"methods", {{{"identifier", "email"}}, {{"identifier", "username"}}}}}}});
  CHECK(targets_of(ways) == std::vector<std::string>{"patreon", "linkedin"});
  CHECK(ways.social[0].names.at("ja") == "パトレオン");
  CHECK(ways.social[1].names.at("en") == "LinkedIn");
  CHECK(ways.social[0].logo_dark == kPng);
  CHECK(ways.social[1].logo_dark.empty());
  CHECK(ways.email);
  CHECK(ways.username);
  CHECK_FALSE(ways.phone);
}

TEST_CASE("what is strange is left out, and takes nothing else with it") {
  const json rows[] = {nullptr,
                       7,
                       json::object(),
                       {{"target", 7}},
                       {{"target", ""}},
                       {{"target", "a b"}},
                       {{"target", "a\r\nb"}},
                       {{"target", "a\"b"}},
                       {{"target", std::string(200, 'a')}},
                       {{"target", "app"}, {"platform", "Native"}},
                       {{"target", "good"}, {"name", "twice"}}};
  for (const json& row : rows) {
    CAPTURE(row.dump());
    const SignInWays ways = ways_of({{"socialConnectors", {{{"target", "good"}}, row, {{"target", "last"}}}}});
    CHECK(targets_of(ways) == std::vector<std::string>{"good", "last"});
  }
  CHECK(ways_of({{"socialConnectors", "none"}, {"signIn", 7}}).social.empty());
  CHECK(ways_of({{"signIn", {{"methods", {nullptr, 7, {{"identifier", 7}}}}}}}).social.empty());
}

TEST_CASE("a picture stands in the answer, is small, and of a kind for pages") {
  const struct {
    const char* says;
    std::string logo;
    bool stays;
  } rows[] = {
      {"PNG", kPng, true},
      {"SVG", "data:image/svg+xml;base64,PHN2Zy8+", true},
      {"of elsewhere", "https://cdn.example/logo.svg", false},
      {"in the clear", "data:image/svg+xml,<svg/>", false},
      {"of another type", "data:text/html;base64,PHN2Zy8+", false},
      {"a blank, where a srcset would end", "data:image/png;base64,AA AA", false},
      {"a quote", "data:image/png;base64,AA\"x", false},
      {"nothing", "data:image/png;base64,", false},
      {"too large", "data:image/png;base64," + std::string(kMaxLogoBytes, 'A'), false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.says);
    const SignInWays ways = ways_of({{"socialConnectors", {{{"target", "x"}, {"logo", row.logo}}}}});
    CHECK(ways.social[0].logo == (row.stays ? row.logo : ""));
  }
}

TEST_CASE("the whole has bounds") {
  json document = {{"socialConnectors", json::array()}};
  const std::string large = "data:image/png;base64," + std::string(kMaxLogoBytes - 100, 'A');
  for (int i = 0; i < 40; ++i)
    document["socialConnectors"].push_back(
        {{"target", "c" + std::to_string(i)}, {"name", std::string(i == 0 ? 81 : 80, 'n')}, {"logo", large}});
  const SignInWays ways = ways_of(document);
  CHECK(ways.social.size() == kMaxSignInWays);
  CHECK(ways.social[0].names.empty());
  CHECK(ways.social[1].names.at("en").size() == 80);
  std::size_t bytes = 0;
  for (const SignInWay& way : ways.social) bytes += way.logo.size() + way.logo_dark.size();
  CHECK(bytes <= kMaxLogosBytes);
}

TEST_CASE("an answer that is none says so") {
  CHECK_FALSE(judge_sign_in_ways({500, "application/json", "{}"}));
  CHECK_FALSE(judge_sign_in_ways({200, "text/html", "{}"}));
  CHECK_FALSE(judge_sign_in_ways({200, "application/json", "[]"}));
  CHECK_FALSE(judge_sign_in_ways({200, "application/json", "{\"a\":1,\"a\":2}"}));
}
