#include "proxy/route/way_back.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {

Settings make_settings() {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  settings.routes.resize(3);
  settings.routes[0].path = {PathPattern::Kind::exact, "/login"};
  settings.routes[0].reply.action = RouteReplySettings::Action::sign_in;
  settings.routes[1].path = {PathPattern::Kind::prefix, "/logout"};
  settings.routes[1].reply.action = RouteReplySettings::Action::sign_out;
  settings.routes[2].upstream = "app";
  return settings;
}

std::string back(const char* target, const char* referer = nullptr,
                 WayBackSource source = WayBackSource::query_or_referer) {
  static const Settings settings = make_settings();
  Fields fields;
  if (referer != nullptr) fields.add("Referer", referer);
  return way_back(settings.routes[0], *normalise_target(target), {settings, settings.external_urls[0], fields}, source);
}

}  // namespace

TEST_CASE("who followed a link to sign in goes where it says") {
  const struct {
    const char* says;
    const char* target;
    const char* referer;
    const char* place;
  } cases[] = {
      {"nothing", "/login", nullptr, ""},
      {"Django's word", "/login?next=/reports/7", nullptr, "/reports/7"},
      {"ASP.NET's word, encoded", "/login?ReturnUrl=%2Freports%3Fpage%3D2%23top", nullptr, "/reports?page=2#top"},
      {"an address of ours", "/login?rd=https%3A%2F%2Fapp.test%2Fx", nullptr, "/x"},
      {"the page that led here", "/login", "https://app.test/wiki/Main?edit=1", "/wiki/Main?edit=1"},
      {"the query before the page", "/login?next=/a", "https://app.test/b", "/a"},
      {"another site's page", "/login", "https://evil.test/x", ""},
      {"a page of another scheme", "/login", "http://app.test/x", ""},
      {"another site", "/login?next=https://evil.test/", nullptr, ""},
      {"another site, and a page of ours", "/login?next=//evil.test/", "https://app.test/b", "/b"},
      {"another site in a backslash's clothes", "/login?next=/%5Cevil.test", nullptr, ""},
      {"the first that leads somewhere", "/login?next=//evil.test&rd=/ok", nullptr, "/ok"},
      {"a word that stands there twice", "/login?next=/a&next=/b", nullptr, ""},
      {"a word that nobody uses", "/login?whatever=/a", nullptr, ""},
      {"the sign-in page itself", "/login?next=/login", nullptr, ""},
      {"the sign-in page as the page before", "/login", "https://app.test/login?next=/x", ""},
      {"the sign-in page in another spelling", "/login?next=/Login/", nullptr, ""},
      {"the sign-out page", "/login?next=/logout/now", nullptr, ""},
      {"an endpoint of ours", "/login?next=/_auth/sign-out", nullptr, ""},
      {"a script", "/login?next=javascript:alert(1)", nullptr, ""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    CHECK(back(one.target, one.referer) == one.place);
  }
}

TEST_CASE("behind a sign-out only what the query says counts") {
  CHECK(back("/login", "https://app.test/private", WayBackSource::query).empty());
  CHECK(back("/login?next=/bye", "https://app.test/private", WayBackSource::query) == "/bye");
}
