#include "cli/import/findings.h"

#include <algorithm>

#include "base/one_of.h"

namespace lp {
namespace {

struct Chapter {
  Outcome outcome;
  std::string_view title;
};
constexpr Chapter kChapters[] = {
    {Outcome::to_do, "To do"},
    {Outcome::unknown, "Not known to this import, and left out"},
    {Outcome::unsupported, "Not supported"},
    {Outcome::differs, "Differs"},
    {Outcome::taken, "Taken over"},
};

}  // namespace

std::string import_report(const std::vector<Finding>& findings, std::string_view source) {
  std::string out = "Imported from " + std::string(source) + ".\n";
  for (const auto& [outcome, title] : kChapters) {
    const auto count = std::count_if(findings.begin(), findings.end(),
                                     [wanted = outcome](const Finding& one) { return one.outcome == wanted; });
    if (count == 0) continue;
    out += "\n" + std::string(title) + " (" + std::to_string(count) + "):\n";
    for (const Finding& one : findings) {
      if (one.outcome == outcome) out += "  " + one.option + ": " + one.text + "\n";
    }
  }
  return out;
}

std::string variables_report(std::string_view config) {
  std::vector<std::string> names;
  for (auto at = config.find("${"); at != std::string_view::npos; at = config.find("${", at + 2)) {
    const bool is_escaped = at > 0 && config[at - 1] == '$';
    const std::string name(config.substr(at + 2, config.find('}', at) - at - 2));
    if (is_escaped || name.find(':') != std::string::npos) continue;
    if (!is_one_of(name, names)) names.push_back(name);
  }
  std::string out = names.empty() ? "" : "\nSet these in the environment, or write the values into the file:";
  for (const auto& name : names) out += (&name == names.data() ? " " : ", ") + name;
  return names.empty() ? out : out + "\n";
}

}  // namespace lp
