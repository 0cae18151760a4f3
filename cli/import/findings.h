#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lp {

// What became of one option of the source.
enum class Outcome {
  taken,        // means the same here
  differs,      // stands for something near; the text says how it differs
  unsupported,  // has no counterpart; the text says what to do
  unknown,      // not an option that this import has heard of
  to_do,        // no option: what its user must do elsewhere, before the result does what it should
};

struct Finding {
  Outcome outcome;
  std::string option;  // as the user wrote it
  std::string text;
};

// The report for a person: what needs a hand comes first. `source` is the name of the other proxy.
[[nodiscard]] std::string import_report(const std::vector<Finding>& findings, std::string_view source);

// What must be set before the written configuration can be used: its ${NAME} without a default. "" where there is none.
[[nodiscard]] std::string variables_report(std::string_view config);

}  // namespace lp
