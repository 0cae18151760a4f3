#include "auth/loops/sent_back.h"

#include <doctest/doctest.h>

#include "auth/loops/texts.h"

using namespace lp;

namespace {

constexpr std::int64_t kNowMs = 1'700'000'000'000;

RouteSettings route(int index, PathPattern::Kind kind, const char* path, const char* upstream) {
  RouteSettings made;
  made.index = index;
  made.path = {kind, path};
  made.label = "#" + std::to_string(index) + " " + path;
  made.upstream = upstream;
  return made;
}

// After the page was opened so many times, 400 ms apart.
std::string evidence(const Settings& settings, const char* place, std::size_t times = kReturnsBeforeStop) {
  FoundMarker marker;
  marker.fate = FoundMarker::Fate::readable;
  for (std::size_t i = times - 1; i > 0; --i) {
    const auto ago_ms = static_cast<std::int64_t>(i) * 400;
    marker.notes.push_back(note_of_return({settings, "app.test", place, "alice", kNowMs - ago_ms}));
  }
  const auto finding = judge_return({settings, "app.test", place, "alice", kNowMs}, marker);
  return finding ? loop_evidence_line(*finding) : "";
}

}  // namespace

TEST_CASE("the page of the circle says what the app is told, and which route leads to the sign-in") {
  Settings settings;
  using Kind = PathPattern::Kind;
  settings.routes = {route(1, Kind::exact, "/login", ""), route(2, Kind::prefix, "/open", "app"),
                     route(3, Kind::prefix, "/behind", ""), route(4, Kind::exact, "/moved", ""),
                     route(5, Kind::prefix, "/app", "app")};
  settings.routes[0].reply.action = RouteReplySettings::Action::sign_in;
  settings.routes[1].access = Access::public_;
  settings.routes[3].reply.redirect_to = "/login";
  settings.identity_headers = {{"X-User", "sub"}, {"X-Mail", "email"}};
  const std::string came = "This browser, signed in, has come here 5 times within 2 s and was sent back to ";
  const std::string action = " This leads here: #1 /login (action: sign_in).";
  CHECK(evidence(settings, "/app/x?y=1#z") ==
        came + "/app/x each time. Route #5 /app tells its app who it is in these fields: X-User, X-Mail." + action);
  CHECK(evidence(settings, "/open") ==
        came + "/open each time. Route #2 /open tells its app nothing of who it is (identity_headers, access)." +
            action);
  CHECK(evidence(settings, "/behind").find("Route #3 /behind has no app here: another proxy asks") !=
        std::string::npos);
  CHECK(evidence(settings, "/moved").find("Route #4 /moved answers itself") != std::string::npos);
  CHECK(evidence(settings, "/none").find("No route is for that page.") != std::string::npos);
  CHECK(evidence(settings, "/app", kReturnsBeforeStop - 1) == "");
  settings.routes.erase(settings.routes.begin());
  CHECK(evidence(settings, "/app").find("action: sign_in") == std::string::npos);
}
