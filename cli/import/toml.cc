#include "cli/import/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/encoding.h"
#include "cli/import/other_files.h"
#include "cli/import/yaml.h"

namespace lp {
namespace {

bool add_value(const toml::node& node, std::vector<std::string>& values) {
  if (const auto* text = node.as_string()) {
    values.push_back(without_variable_marks(text->get()));
  } else if (const auto* yes = node.as_boolean()) {
    values.emplace_back(yes->get() ? "true" : "false");
  } else if (const auto* number = node.as_integer()) {
    values.push_back(std::to_string(number->get()));
  } else if (const auto* array = node.as_array()) {
    for (const auto& item : *array) {
      if (item.is_array() || !add_value(item, values)) return false;
    }
  } else {
    return false;
  }
  return true;
}

// Where the text at `at` ends, which begins with a quote: behind the closing one, at the end of the line, or of all.
std::size_t end_of_text(std::string_view all, std::size_t at) {
  const std::string_view quote = all.substr(at, 1);
  const bool has_escapes = quote == "\"";
  const std::string triple(3, quote.front());
  const bool is_long = all.substr(at, 3) == triple;
  const std::string_view close = is_long ? std::string_view(triple) : quote;
  for (at += close.size(); at < all.size(); ++at) {
    if (has_escapes && all[at] == '\\')
      ++at;
    else if (all.substr(at, close.size()) == close)
      return at + close.size();
    else if (!is_long && all[at] == '\n')
      return at;
  }
  return all.size();
}

// The line, from 1, of the first byte beyond ASCII that is in no text and no comment, where TOML has none; 0: there is
// none. What the parser does with such a key is undefined.
std::size_t line_beyond_ascii(std::string_view all) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  for (std::size_t at = all.starts_with(kMark) ? kMark.size() : 0; at < all.size();) {
    const char c = all[at];
    if (static_cast<unsigned char>(c) > 0x7f) {
      const std::string_view before = all.substr(0, at);
      return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    }
    if (c == '"' || c == '\'')
      at = end_of_text(all, at);
    else if (c == '#')
      at = std::min(all.find('\n', at), all.size());
    else
      ++at;
  }
  return 0;
}

}  // namespace

Result<void> read_oauth2_proxy_toml(std::string_view text, SourceOptions& options) {
  if (const auto other = what_else_it_is(text)) return fail(*other);
  if (const std::size_t line = line_beyond_ascii(text); line > 0)
    return fail("line " + std::to_string(line) + ": not TOML: letters beyond ASCII stand in quotes only, in keys too");
  try {
    for (const auto& [key, node] : toml::parse(text)) {
      SourceOption option{ascii_lower(key.str()), std::string(key.str()), {}, node.is_array()};
      if (!add_value(node, option.values))
        return fail(option.shown + ": expected a text, a number, true, false or a list");
      options.set(std::move(option));
    }
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    return fail("line " + std::to_string(begin.line) + ", column " + std::to_string(begin.column) +
                ": not TOML: " + std::string(error.description()));
  }
  return {};
}

}  // namespace lp
