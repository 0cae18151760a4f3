#include "config/options/binding.h"

#include <filesystem>
#include <fstream>

#include "config/value.h"

namespace lp {
namespace {

std::string range_text(const Option& option, std::string (*format)(std::int64_t)) {
  return std::string(option.type) + " from " + format(option.min) + " to " + format(option.max);
}

Binding ranged(Field<std::int64_t> field, Parse<std::int64_t> parse, std::string (*format)(std::int64_t)) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto value = parse(*text);
            if (!value) return reading.problem(node, value.error().message);
            const bool unlimited = *value == kUnlimited && reading.option.default_text == "none";
            if (!unlimited && (*value < reading.option.min || *value > reading.option.max)) {
              return reading.problem(node,
                                     "expected " + range_text(reading.option, format) + ", found '" + *text + "'");
            }
            field(reading.scope) = *value;
          },
          [=](const Scope& scope) { return Node::scalar(format(field(scope))); }};
}

std::string format_count(std::int64_t value) { return std::to_string(value); }
std::string same(const std::string& value) { return value; }

}  // namespace

const std::string* scalar_text(const Node& node, const Reading& reading) {
  if (node.broken) return nullptr;
  if (node.is_scalar()) return &node.text;
  reading.problem(node, "expected " + std::string(reading.option.type) + ", found " + node.describe());
  return nullptr;
}

std::vector<const Node*> list_items(const Node& node, const Reading& reading) {
  std::vector<const Node*> items;
  if (node.is_scalar()) {
    items.push_back(&node);
  } else if (!node.is_list()) {
    reading.problem(node, "expected " + std::string(reading.option.type) + ", found " + node.describe());
  } else if (node.items.empty() && reading.option.is(kNonEmpty)) {
    reading.problem(node, "expected at least one element, found an empty list (leave the key out instead)");
  } else {
    for (const auto& item : node.items) items.push_back(&item);
  }
  return items;
}

Binding duration(Field<std::int64_t> field) { return ranged(field, parse_duration, format_duration); }
Binding size(Field<std::int64_t> field) { return ranged(field, parse_size, format_size); }
Binding count(Field<std::int64_t> field) { return ranged(field, parse_count, format_count); }

Binding boolean(Field<bool> field) {
  return scalar<bool>(field, parse_bool, [](const bool& value) { return std::string(value ? "true" : "false"); });
}

Binding text(Field<std::string> field, Parse<std::string> parse) {
  auto binding = scalar<std::string>(field, parse, same);
  binding.print = [=](const Scope& scope) { return field(scope).empty() ? Node() : Node::scalar(field(scope)); };
  return binding;
}

Binding texts(Field<std::vector<std::string>> field, Parse<std::string> parse) {
  return list<std::string>(field, parse, same);
}

Binding optional_text(Field<std::optional<std::string>> field, Parse<std::string> parse) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            auto value = parse(*text);
            if (!value) return reading.problem(node, value.error().message);
            field(reading.scope) = std::move(value).value();
          },
          [=](const Scope& scope) {
            const auto& value = field(scope);
            return value ? Node::scalar(*value) : Node();
          }};
}

std::string resolve_file(const std::string& folder, const std::string& name) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(folder) / name, error);
  return error ? name : absolute.lexically_normal().string();
}

Result<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return fail("expected a file, found none at '" + path + "'");
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) return fail("cannot read '" + path + "'");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return fail("'" + path + "' is larger than 1 MiB");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace lp
