#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options/option_table.h"

// Makers of the usual bindings. A Field finds the member of the settings that a row is about.
namespace lp {

template <class T>
using Field = T& (*)(const Scope&);
template <class T>
using Parse = Result<T> (*)(std::string_view);
template <class T>
using Format = std::string (*)(const T&);

// The text of a scalar; reports and returns null for anything else.
[[nodiscard]] const std::string* scalar_text(const Node& node, const Reading& reading);
// "<your secret>" and "{{ secret }}", which nobody has filled in: reported.
[[nodiscard]] bool is_left_in_place(const Node& node, const Reading& reading);
// The same of what a secret's file holds, or of a word that stands where a secret is to come; does not show it. Empty:
// neither.
[[nodiscard]] std::string why_no_secret(std::string_view text);
// The elements of a list, or of a scalar that stands for a list of one; reports what is neither.
[[nodiscard]] std::vector<const Node*> list_items(const Node& node, const Reading& reading);

// int64 with the row's range.
[[nodiscard]] Binding duration(Field<std::int64_t> field);
[[nodiscard]] Binding size(Field<std::int64_t> field);
[[nodiscard]] Binding count(Field<std::int64_t> field);
[[nodiscard]] Binding boolean(Field<bool> field);
[[nodiscard]] Binding text(Field<std::string> field, Parse<std::string> parse);
[[nodiscard]] Binding texts(Field<std::vector<std::string>> field, Parse<std::string> parse);
[[nodiscard]] Binding optional_text(Field<std::optional<std::string>> field, Parse<std::string> parse);

// Behind a message about a word that is none of these; empty: none is like it.
[[nodiscard]] std::string did_you_mean(const std::string& text, const std::vector<std::string>& names);

template <class T>
Binding scalar(Field<T> field, Parse<T> parse, Format<T> format) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            auto value = parse(*text);
            if (!value) return reading.problem(node, value.error().message);
            field(reading.scope) = std::move(value).value();
          },
          [=](const Scope& scope) { return Node::scalar(format(field(scope))); }};
}

// Behind a message: several values that stand in one text.
[[nodiscard]] std::string as_a_list(const Node& node);

template <class T>
Binding list(Field<std::vector<T>> field, Parse<T> parse, Format<T> format) {
  return {[=](const Node& node, const Reading& reading) {
            std::vector<T> values;
            for (const Node* item : list_items(node, reading)) {
              const auto* text = scalar_text(*item, reading);
              if (text == nullptr) continue;
              auto value = parse(*text);
              if (!value) {
                reading.problem(*item, value.error().message + as_a_list(node));
              } else {
                values.push_back(std::move(value).value());
              }
            }
            field(reading.scope) = std::move(values);
          },
          [=](const Scope& scope) {
            std::vector<std::string> printed;
            for (const auto& value : field(scope)) printed.push_back(format(value));
            return Node::list(std::move(printed));
          }};
}

template <class E>
struct Choice {
  std::string_view text;
  E value;
};

template <class E>
std::vector<std::string> texts_of(const std::vector<Choice<E>>& choices) {
  std::vector<std::string> texts;
  for (const auto& choice : choices) texts.emplace_back(choice.text);
  return texts;
}

template <class E>
Binding choice(Field<E> field, std::vector<Choice<E>> choices) {
  return {[field, choices](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            for (const auto& option : choices) {
              if (option.text != *text) continue;
              field(reading.scope) = option.value;
              return;
            }
            reading.problem(node, "expected " + std::string(reading.option.type) + ", found '" + *text + "'" +
                                      did_you_mean(*text, texts_of(choices)));
          },
          [field, choices](const Scope& scope) {
            for (const auto& option : choices) {
              if (option.value == field(scope)) return Node::scalar(std::string(option.text));
            }
            return Node();
          },
          texts_of(choices)};
}

// A Field: the member of the settings that a row is about, as in LP_FIELD(settings->workers).
#define LP_FIELD(member) \
  [](const ::lp::Scope& scope) -> auto& { return scope.member; }

inline constexpr std::string_view kSecretMask = "********";

// A file named in the configuration, relative to the configuration's folder; its text without trailing line ends.
[[nodiscard]] std::string resolve_file(const std::string& folder, const std::string& name);
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);
// Its bytes as they are, up to 1 MiB.
[[nodiscard]] Result<std::string> read_file_bytes(const std::string& path);
// Whether files can be served from it.
[[nodiscard]] std::optional<Error> why_no_directory(const std::string& path);

}  // namespace lp
