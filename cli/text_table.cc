#include "cli/text_table.h"

#include <algorithm>
#include <string_view>

namespace lp {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::size_t bytes_of_columns(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && seen++ == columns) return i;
  }
  return text.size();
}

// Behind the last space, comma or slash that fits; in mid word where there is none.
std::size_t break_at(std::string_view text, std::size_t columns) {
  const std::size_t most = bytes_of_columns(text, columns);
  if (most == text.size()) return most;
  const std::size_t cut = text.substr(0, most).find_last_of(" ,/");
  return cut == std::string_view::npos || cut == 0 ? most : cut + 1;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t cut = break_at(text, columns);
    std::string_view line = text.substr(0, cut);
    text.remove_prefix(cut);
    while (line.ends_with(' ')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::size_t> used_columns(const TextTable& table) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    if (std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return !row[i].empty(); }))
      used.push_back(i);
  }
  return used;
}

std::vector<std::size_t> fitting_widths(const TextTable& table, const std::vector<std::size_t>& used,
                                        std::size_t width) {
  std::vector<std::size_t> widths;
  std::size_t total = 0;
  for (const std::size_t i : used) {
    std::size_t widest = columns_of(table.header[i]);
    for (const auto& row : table.rows) widest = std::max(widest, columns_of(row[i]));
    widths.push_back(widest);
    total += widest + kGap;
  }
  for (; total > width + kGap; --total) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (widest == widths.end() || *widest <= kNarrowest) break;
    --*widest;
  }
  return widths;
}

void append_row(std::string& out, const std::vector<std::string>& row, const std::vector<std::size_t>& used,
                const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < used.size(); ++i) {
    cells.push_back(wrapped(row[used[i]], widths[i]));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t line = 0; line < height; ++line) {
    std::string text;
    for (std::size_t i = 0; i < used.size(); ++i) {
      const std::string cell = line < cells[i].size() ? cells[i][line] : "";
      text += cell;
      text.append(widths[i] - std::min(widths[i], columns_of(cell)) + kGap, ' ');
    }
    while (text.ends_with(' ')) text.pop_back();
    out += text + "\n";
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

}  // namespace

std::string format_table(const TextTable& table, std::size_t width) {
  const std::vector<std::size_t> used = used_columns(table);
  const std::vector<std::size_t> widths = fitting_widths(table, used, width);
  std::string out;
  append_row(out, table.header, used, widths);
  for (const auto& row : table.rows) append_row(out, row, used, widths);
  return out;
}

std::string format_csv(const TextTable& table) {
  std::string out;
  const auto append = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + csv_field(row[i]);
    out += "\r\n";
  };
  append(table.header);
  for (const auto& row : table.rows) append(row);
  return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

}  // namespace lp
