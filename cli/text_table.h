#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lp {

inline constexpr std::size_t kTerminalColumns = 100;

// Rows of UTF-8 text in columns that fit into `width`; cells that are too long go on in the next line. Columns without
// any content are left out. Each row has as many cells as the header.
struct TextTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};
[[nodiscard]] std::string format_table(const TextTable& table, std::size_t width = kTerminalColumns);

// The same as CSV (RFC 4180).
[[nodiscard]] std::string format_csv(const TextTable& table);

// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view between);

}  // namespace lp
