#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "config/path_pattern.h"
#include "config/route_access.h"
#include "proxy/route/router.h"

// Apps that read paths in their own ways, each written down from what that app does and not from what the router knows
// of it: whatever page such an app serves, nobody gets it whom the rule of that page keeps out.
namespace {

using namespace lp;
using Kind = PathPattern::Kind;

std::string with(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

template <class Change>
std::string for_each_segment(const std::string& path, const Change& change) {
  std::string out;
  for (const std::string& segment : segments_of(path)) out += "/" + change(segment);
  return out.empty() ? "/" : out;
}

std::string lower(std::string text) { return ascii_lower(text); }

// URLDecoder on a path, and a trim of each name.
std::string form_decoding(std::string path) {
  path = with(percent_decode(path).value_or(path), "+", " ");
  return for_each_segment(path, [](std::string one) {
    one.erase(0, std::min(one.find_first_not_of(' '), one.size()));
    return one.erase(one.find_last_not_of(' ') + 1);
  });
}

// IIS with sessions in the address: the segment goes, then the rest is read once more.
std::string aspnet(const std::string& path, bool with_slash) {
  std::string read = percent_decode(path).value_or(path);
  for (int times = 0; times < 2; ++times) {
    const std::size_t begin = read.find("/(");
    const std::size_t end = begin == std::string::npos ? begin : read.find("))", begin);
    const bool is_one = end != std::string::npos && read.size() > begin + 3 && read[begin + 3] == '(' &&
                        read.find('/', begin + 1) > end;
    if (is_one) read.erase(begin + (with_slash ? 0 : 1), end + 2 - begin - (with_slash ? 0 : 1));
  }
  return lower(for_each_segment(read, [](const std::string& one) { return one; }));
}
std::string aspnet_segment(std::string path) { return aspnet(path, false); }
std::string aspnet_joined(std::string path) { return aspnet(path, true); }

std::string ntfs(std::string path) {
  path = lower(percent_decode(path).value_or(path));
  return for_each_segment(path, [](const std::string& one) {
    for (const std::string_view stream : {"::$data", "::$index_allocation", ":$i30:$index_allocation"}) {
      if (one.ends_with(stream)) return one.substr(0, one.size() - stream.size());
    }
    return one;
  });
}

// The short names that Windows made of the two folders.
std::string windows_short(std::string path) {
  return for_each_segment(lower(percent_decode(path).value_or(path)), [](const std::string& one) -> std::string {
    if (one == "admini~1" || one == "ad4f2b~1") return "administrator";
    return one == "privat~2" ? "private.files" : one;
  });
}

// NFKC, of what the mutations below write.
std::string normalising(std::string path) {
  path = percent_decode(path).value_or(path);
  path = with(with(with(path, "\xef\xbc\x8f", "/"), "\xef\xbd\x81", "a"), "\xef\xbc\xb0", "p");
  path = with(with(path, "\xe2\x80\x8b", ""), "\xc2\xad", "");
  std::vector<std::string> kept;
  for (const std::string& one : segments_of(with(path, "\xef\xbc\x8e", "."))) {
    if (one != "..")
      kept.push_back(one);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string out;
  for (const std::string& one : kept) out += "/" + one;
  return out.empty() ? "/" : lower(out);
}

// unescape() of JavaScript, after decodeURIComponent().
std::string unescaping(std::string path) {
  path = percent_decode(path).value_or(path);
  return with(with(with(path, "%u0061", "a"), "%u002f", "/"), "%u0070", "p");
}

using App = std::string (*)(std::string);
constexpr std::array<App, 7> kApps = {form_decoding, aspnet_segment, aspnet_joined, ntfs,
                                      windows_short, normalising,    unescaping};

RouteSettings route_for(Kind kind, const char* path, Access access, const char* role = nullptr) {
  RouteSettings route;
  route.path = {kind, path};
  route.access = access;
  if (role == nullptr) return route;
  Requirement needed;
  needed.kind = Requirement::Kind::roles;
  needed.any_of = {role};
  route.require.children = {needed};
  return route;
}

Settings make_settings() {
  Settings settings;
  settings.routes = {route_for(Kind::prefix, "/open", Access::public_),
                     route_for(Kind::prefix, "/administrator", Access::signed_in, "admin"),
                     route_for(Kind::prefix, "/private.files", Access::signed_in, "staff"),
                     route_for(Kind::exact, "/a%20page", Access::deny), route_for(Kind::prefix, "", Access::signed_in)};
  for (std::size_t i = 0; i < settings.routes.size(); ++i) settings.routes[i].index = static_cast<int>(i) + 1;
  return settings;
}

// The route of a page by its own name, as the file says it.
const RouteSettings* rule_of(const Settings& settings, const std::string& page) {
  const PathPattern asked{Kind::exact, with(page, " ", "%20")};
  for (const RouteSettings& route : settings.routes) {
    if (covers(route.path, asked)) return &route;
  }
  return nullptr;
}

const RouteSettings* decides_for(const Router& router, const std::string& path) {
  const Fields none;
  return router.route_for({"app.test", "GET", *normalise_target(path), none, "192.0.2.1"}).route;
}

// A path near a protected one, as somebody would write it who looks for a way around the rule.
std::string odd_path(std::mt19937& dice) {
  static const std::vector<std::string> kPieces = {"/open",
                                                   "/administrator",
                                                   "/private.files",
                                                   "/a%20page",
                                                   "/x",
                                                   "/ADMINI~1",
                                                   "/AD4F2B~1",
                                                   "/PRIVAT~2",
                                                   "/(S(a1))",
                                                   "/(A(b)F(c))",
                                                   "(S(d))",
                                                   "+",
                                                   "::$DATA",
                                                   "::$INDEX_ALLOCATION",
                                                   ":$i30:$INDEX_ALLOCATION",
                                                   "%EF%BC%8F",
                                                   "%EF%BD%81",
                                                   "%EF%BC%B0",
                                                   "%E2%80%8B",
                                                   "%C2%AD",
                                                   "/%EF%BC%8E%EF%BC%8E",
                                                   "/%25u0061dministrator",
                                                   "%25u002f",
                                                   "/%25u0070rivate.files",
                                                   "/adm",
                                                   "inistrator",
                                                   "/%EF%BD%81dministrator",
                                                   "/",
                                                   "dministrator",
                                                   "/a+page",
                                                   "a",
                                                   "/+administrator"};
  std::string path;
  const auto count = 1 + dice() % 5;
  for (unsigned i = 0; i < count; ++i) path += kPieces[dice() % kPieces.size()];
  return path.starts_with('/') ? path : "/" + path;
}

}  // namespace

TEST_CASE("no app that reads a path in its own way shows a page to whom the page's rule keeps out") {
  const Settings settings = make_settings();
  const Router router(settings);
  const Fields none;
  std::mt19937 dice(2026);
  int judged = 0;
  for (int i = 0; i < 60000; ++i) {
    const std::string path = odd_path(dice);
    const auto target = normalise_target(path);
    if (!target) continue;
    const RouteAnswer found = router.route_for({"app.test", "GET", *target, none, "192.0.2.1"});
    if (found.route == nullptr) continue;
    ++judged;
    for (std::size_t app = 0; app < kApps.size(); ++app) {
      const std::string page = kApps[app](path);
      const RouteSettings* rule = rule_of(settings, page);
      CAPTURE(path);
      CAPTURE(page);
      CAPTURE(app);
      if (rule != nullptr && !admits(*rule, *found.route)) FAIL("a page was shown by another rule than its own");
    }
  }
  CHECK(judged > 10000);
}

TEST_CASE("without a stricter rule nearby such paths cost nobody anything") {
  Settings settings;
  settings.routes = {route_for(Kind::prefix, "/administrator", Access::public_),
                     route_for(Kind::prefix, "", Access::signed_in)};
  settings.routes[1].index = 2;
  const Router router(settings);
  for (const std::string path : {"/x/c++/HEAD~1", "/(S(a))/administrator", "/administrator::$DATA", "/ADMINI~1/x",
                                 "/my+page", "/%EF%BD%81dministrator", "/%25u0061"}) {
    CAPTURE(path);
    const bool needs_key = path.find("%25") != std::string::npos;
    Settings kept = settings;
    if (needs_key) kept.routes[1].encoded_slash = EncodedSlash::keep;
    const Router own(kept);
    const RouteSettings* decides = decides_for(needs_key ? own : router, path);
    REQUIRE(decides != nullptr);
    CHECK(decides->index == 2);
  }
}

TEST_CASE("an app that tells such paths apart is believed where its route says so") {
  Settings settings = make_settings();
  settings.routes.back().path_spellings = PathSpellings::distinct;
  const Router router(settings);
  for (const char* path : {"/(S(a))/administrator", "/ADMINI~1", "/+administrator", "/%EF%BD%81dministrator"}) {
    CAPTURE(path);
    const RouteSettings* decides = decides_for(router, path);
    REQUIRE(decides != nullptr);
    CHECK(decides->index == 5);
  }
}
