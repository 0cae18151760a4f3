#pragma once
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/config.h"

// Tables of configurations, each with what is told of it.
namespace lp::test {

struct ConfigCase {
  const char* name;
  std::map<std::string, std::string> sections;
  std::string first_problem;
};

inline void check_all(const std::vector<ConfigCase>& cases) {
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(first_line(problems_of(good_config(c.sections))) == c.first_problem);
  }
}

// One a line, of a configuration without a problem.
inline std::string warnings_of(const std::map<std::string, std::string>& sections) {
  const std::string text = good_config(sections);
  const auto loaded = parse_config(text, "f", usual_environment());
  INFO(problems_of(text));
  REQUIRE(loaded.ok());
  std::string out;
  for (const auto& warning : loaded->warnings) out += (out.empty() ? "" : "\n") + warning;
  return out;
}

// Whole sections.
inline std::string routes(const std::string& list) { return "routes:\n" + list; }
inline std::string session(const std::string& more) { return "session: { secret: " + kSecretA + ", " + more + " }\n"; }

}  // namespace lp::test
