#include "cli/import/paths.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

#include <string>
#include <vector>

#include "config/path_pattern.h"

namespace lp {
namespace {

struct WholeCase {
  const char* regex;
  const char* pattern;
};

bool matches(const std::string& pattern, const std::string& path) {
  const auto parsed = parse_path_pattern(pattern);
  REQUIRE_MESSAGE(parsed.ok(), pattern);
  if (parsed->kind == PathPattern::Kind::exact) return path == parsed->text;
  if (parsed->kind == PathPattern::Kind::prefix) return is_below(path, parsed->text);
  return RE2::FullMatch(path, RE2(parsed->text, path_regex_options()));
}

const WholeCase kWhole[] = {
    {R"(^/robots\.txt$)", "/robots.txt"},
    {"^/api/", "~ /api/.*"},
    {"^/api/.*", "~ /api/.*"},
    {"^/health$", "/health"},
    {"^/", "/*"},
    {"", "/*"},
    {".*", "/*"},
    {R"(\.(css|js)$)", R"(~ .*\.(css|js))"},
    {"^/a|/b$", "~ .*(?:^/a|/b$).*"},
    {"^/(a|b)/", "~ /(a|b)/.*"},
    {R"(^/price\$)", R"(~ /price\$.*)"},
    {R"(^/a/\*$)", R"(~ /a/\*)"},
    {"^/x.y$", "~ /x.y"},
    {R"(^/v\d+/)", R"(~ /v\d+/.*)"},
    {"^/[|]x", "~ /[|]x.*"},
    {"static", "~ .*static.*"},
    {"(?i)^/Login", "~ .*(?i)^/Login.*"},
};

TEST_CASE("a regex that is searched for becomes a pattern of the whole path") {
  for (const auto& one : kWhole) {
    CAPTURE(one.regex);
    CHECK(whole_path_pattern(one.regex) == one.pattern);
  }
}

TEST_CASE("the pattern matches exactly those paths in which the regex is found") {
  const std::vector<std::string> paths = {
      "/",           "/a",          "/a/*",     "/a/b",     "/api",    "/api/x",
      "/robots.txt", "/robotsxtxt", "/b",       "/x/b",     "/static", "/x/static/y.css",
      "/v1/",        "/v/",         "/price$5", "/x.y",     "/xzy",    "/xzyq",
      "/health",     "/healthz",    "/login",   "/q/Login", "/%7C",    "/|x"};
  for (const auto& one : kWhole) {
    const RE2 search(one.regex, path_regex_options());
    for (const auto& path : paths) {
      CAPTURE(one.regex);
      CAPTURE(path);
      CHECK(matches(whole_path_pattern(one.regex), path) == RE2::PartialMatch(path, search));
    }
  }
}

TEST_CASE("a regex below the place where an app is mounted") {
  struct Row {
    const char* regex;
    const char* mount;
    Overlap overlap;
    const char* pattern;
  };
  const Row rows[] = {
      {"^/api/public/", "/api/", Overlap::part, "~ /api/public/.*"},
      {"^/other/", "/api/", Overlap::none, ""},
      {"^/", "/api/", Overlap::all, "/api/*"},
      {"^/api", "/api/", Overlap::all, "/api/*"},
      {"^/.*", "/api/", Overlap::all, "/api/*"},
      {"^/a$", "/api/", Overlap::none, ""},
      {R"(^/.*\.png$)", "/api/", Overlap::part, R"(~ /api/.*\.png)"},
      {R"(\.png$)", "/api/", Overlap::part, R"(~ /api/.*\.png)"},
      {R"(/public/.*\.css$)", "/prometheus/", Overlap::part, R"(~ /prometheus/(?:.*/public/.*\.css|public/.*\.css))"},
      {"/health$", "/api/", Overlap::part, "~ /api/(?:.*/health|health)"},
      {"pi/x", "/api/", Overlap::part, "~ /api/(?:.*pi/x.*|x.*)"},
      {"api", "/api/", Overlap::all, "/api/*"},
      {"/.*$", "/api/", Overlap::all, "/api/*"},
      {"[a-z]+/x$", "/api/", Overlap::part, "~ /api/.*[a-z]+/x"},
      {"^/a|b", "/api/", Overlap::unclear, ""},
      {"(^/a)", "/api/", Overlap::unclear, ""},
      {"^/health", "/healthz", Overlap::all, "/healthz"},
      {"^/health$", "/healthz", Overlap::none, ""},
      {R"(^/x\.y$)", "/", Overlap::part, "/x.y"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.regex);
    CAPTURE(row.mount);
    const Within within = within_mount(row.regex, Mount{row.mount});
    CHECK(within.overlap == row.overlap);
    CHECK(within.pattern == row.pattern);
  }
}

TEST_CASE("below a mount a pattern finds what a search finds, and nothing more where that is not sure") {
  const char* mounts[] = {"/api/", "/aa/a/", "/prometheus/", "/x/"};
  const char* regexes[] = {"/public/.*\\.css$", "\\.css$",    "/",     "a",          "a$",        "/a/b", "^/.*\\.css$",
                           "^/a.*b$",           "a/.*a/.*b",  ".*",    ".+x$",       "/.+/b$",    "^/.+", "pi/",
                           "/[a-z]+/b$",        "(public|b)", "b?/c",  "^/[a-z]+/b", "us/.*/b/$", "^/aa", "/$",
                           "^/api/b$",          "^$",         "^/a/?", "(?i)/PUBLIC"};
  const char* ends[] = {"", "b", "a", "a/b", "public/x.css", "x.css", "q/public/a/b.css", "x", "b/", "c", "b/c", "u/b"};
  for (const char* mount : mounts) {
    for (const char* regex : regexes) {
      const RE2 search(regex, path_regex_options());
      const Within within = within_mount(regex, Mount{mount});
      for (const char* end : ends) {
        const std::string path = std::string(mount) + end;
        CAPTURE(regex);
        CAPTURE(path);
        const bool is_in =
            within.overlap == Overlap::all || (within.overlap == Overlap::part && matches(within.pattern, path));
        if (is_in) CHECK(RE2::PartialMatch(path, search));
        if (within.is_complete) CHECK(is_in == RE2::PartialMatch(path, search));
      }
    }
  }
}

TEST_CASE("alternatives at the top of a regex are regexes of their own, unless flags are for all of them") {
  using All = std::vector<std::string>;
  CHECK(alternatives_of("^/a$|^/b") == All{"^/a$", "^/b"});
  CHECK(alternatives_of("^/(a|b)|[|]|\\|c") == All{"^/(a|b)", "[|]", "\\|c"});
  CHECK(alternatives_of("(?i)^/a|/b") == All{"(?i)^/a|/b"});
  CHECK(alternatives_of("(?i:^/a)|/b") == All{"(?i:^/a)", "/b"});
  CHECK(alternatives_of("\\Qa|b\\E") == All{"\\Qa|b\\E"});
  CHECK(alternatives_of("") == All{""});
}

TEST_CASE("a regex that has too many ways to be found is not sure, and takes no time") {
  std::string regex, mount = "/";
  for (int i = 0; i < 40; ++i) regex += "a.*", mount += "aaaa/";
  CHECK_FALSE(within_mount(regex + "b", Mount{mount}).is_complete);
}

TEST_CASE("a regex that RE2 refuses is refused") {
  CHECK_FALSE(check_search_regex("^/(a").ok());
  CHECK_FALSE(check_search_regex("(?=x)").ok());
  CHECK(check_search_regex("^/a").ok());
}

}  // namespace
}  // namespace lp
