#include "config/path_share.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <memory>
#include <random>
#include <set>
#include <string>

#include "config/path_pattern.h"

using namespace lp;

namespace {

PathPattern pattern_of(const std::string& text) { return *parse_path_pattern(text); }

// "1 3": who takes it; "-": some path is left; "?": nobody knows.
std::string takers(const std::string& path, const std::vector<std::string>& earlier,
                   PathReading reading = PathReading::whole) {
  std::vector<PathPattern> patterns;
  for (const std::string& text : earlier) patterns.push_back(pattern_of(text));
  std::vector<const PathPattern*> views;
  for (const PathPattern& pattern : patterns) views.push_back(&pattern);
  const auto found = takers_of(pattern_of(path), views, reading);
  if (!found) return "?";
  std::string shown;
  for (const std::size_t i : *found) shown += (shown.empty() ? "" : " ") + std::to_string(i + 1);
  return shown.empty() ? "-" : shown;
}

}  // namespace

TEST_CASE("who takes the paths of a pattern") {
  const struct {
    const char* path;
    std::vector<std::string> earlier;
    const char* takers;
  } cases[] = {
      {"/a", {"/a"}, "1"},
      {"/a", {"/b", "/*", "/a"}, "2"},
      {"/a/*", {"/a"}, "-"},
      {"/a/*", {"/a", "~ /a/.*"}, "1 2"},
      {"/a/*", {"~ /a/.*"}, "-"},
      {"~ /a/[a-z]+", {"/a/*"}, "1"},
      {"~ ^/a/[a-z]+$", {"/a/*"}, "1"},
      {"~ /a/b|/a/c", {"/a/b", "/a/c"}, "1 2"},
      {"~ /a/(b|c)?", {"/a/b", "/a/c"}, "-"},
      {"~ /a/(?:b|c)?", {"/a/b", "/a/c", "/a/"}, "1 2 3"},
      {"~ (?i)/ab", {"/ab"}, "-"},
      {"~ (?i)/ab", {"~ /[aA][bB]"}, "1"},
      {"~ (?i:/a)b", {"~ /[aA]b"}, "1"},
      {"~ /a(?i)b|/cd", {"~ /a[bB]", "~ /[cC][dD]"}, "1 2"},
      {"~ /((?i)a)b", {"~ /[aA]b"}, "1"},
      {"~ /[^a]", {"~ /[^a-b]", "/b"}, "1 2"},
      {"~ (?i)/[^a]", {"~ /[^aA]"}, "1"},
      {"~ /x{2,3}", {"/xx", "/xxx"}, "1 2"},
      {"~ /x{2,}", {"/xx", "/xxx"}, "-"},
      {"~ /x{2,}", {"/xx", "~ /xxx+"}, "1 2"},
      {"~ /(ab){2}", {"/abab"}, "1"},
      {"~ /\\d+\\.(?P<kind>css|js)", {"~ /[[:digit:]]+\\.[cj]s+"}, "1"},
      {"~ /\\x2fx", {"~ /[/]x"}, "1"},
      {"~ /a/.*\\.css", {"~ .*\\.css", "/a/*"}, "1"},
      {"~ /a\\pL", {"/*"}, "?"},
      {"~ /a\\b", {"/*"}, "?"},
      {"/a", {"~ /\\pL", "/*"}, "2"},
      {"~ a", {"/*"}, "-"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.path);
    CHECK(takers(c.path, c.earlier) == c.takers);
  }
  CHECK(takers("~ (?i)/ab", {"/ab"}, PathReading::as_written) == "1");
  CHECK(takers("~ /a(?i:b)", {"/ab"}, PathReading::as_written) == "1");
  CHECK(takers("~ (?i)/a[bc]", {"/ab"}, PathReading::as_written) == "-");
}

TEST_CASE("what is too large is left alone in little time") {
  std::string many = "~ /";
  for (int i = 0; i < 40; ++i) many += "(a|b)?";
  CHECK(takers(many + "x.{900}", {"~ /.*a.{200}", "~ /.*b.{200}", "~ /[ab]*x.{300,}"}) == "?");
  std::vector<std::string> routes;
  for (int i = 0; i < 500; ++i) routes.push_back("/a/" + std::to_string(i) + "/*");
  CHECK(takers("/a/*", routes) == "-");
  CHECK(takers("/a/7", routes) == "8");
}

// RE2 is what the router asks: with it, no path may be found that is said to be taken and is not.
TEST_CASE("RE2 says the same of every path") {
  std::mt19937 random(20);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cases each time
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::string> parts = {
      "a",      "b",   "/",      "[ab]", "[^a]", ".", "(a|b/)",        "(?:ab)?", "a*", "(b|/)+",
      "b{1,2}", "\\w", "(?i:A)", "(?i)", "|/a",  "$", "[[:^alpha:]a]", "[^\\d/]", "/?"};
  const auto pattern = [&] {
    std::string text = "~ /";
    for (std::size_t i = below(5); i > 0; --i) text += parts[below(parts.size())];
    return text;
  };
  std::vector<std::string> paths = {"/"};
  for (std::size_t i = 0; paths.size() < 3000; ++i) {
    for (const char c : {'a', 'b', 'A', 'B', '/', '1'}) paths.push_back(paths[i] + c);
  }
  int covered = 0;
  for (int round = 0; round < 1500; ++round) {
    const std::string path = pattern();
    const std::vector<std::string> earlier = {pattern(), pattern(), "/a/*", "/b"};
    const std::string found = takers(path, earlier);
    CAPTURE(path);
    CAPTURE(earlier[0]);
    CAPTURE(earlier[1]);
    REQUIRE(found != "?");
    std::set<std::size_t> seen;
    bool is_left = false, is_there = false;
    const RE2 asked(pattern_of(path).text, path_regex_options());
    std::vector<std::unique_ptr<RE2>> first;
    for (int i = 0; i < 2; ++i)
      first.push_back(
          std::make_unique<RE2>(pattern_of(earlier[static_cast<std::size_t>(i)]).text, path_regex_options()));
    for (const std::string& one : paths) {
      if (!RE2::FullMatch(one, asked)) continue;
      is_there = true;
      const std::size_t taker = RE2::FullMatch(one, *first[0])   ? 1
                                : RE2::FullMatch(one, *first[1]) ? 2
                                : is_below(one, "/a")            ? 3
                                : one == "/b"                    ? 4
                                                                 : 0;
      is_left = is_left || taker == 0;
      seen.insert(taker);
    }
    if (found == "-") continue;  // what is left may be no path of these
    ++covered;
    REQUIRE(is_there);
    REQUIRE_FALSE(is_left);
    for (const std::size_t taker : seen) REQUIRE(found.find(std::to_string(taker)) != std::string::npos);
  }
  CHECK(covered > 100);
}
