#include "config/options/binding.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/errno_words.h"
#include "base/one_of.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

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
            const bool may_be_none = reading.option.default_text == "none";
            if (!value) return reading.problem(node, value.error().message + (may_be_none ? ", or none" : ""));
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
  if (node.is_scalar()) {
    const bool is_essential = reading.option.is(kRequired) || reading.option.is(kSecret);
    return is_essential && is_left_in_place(node, reading) ? nullptr : &node.text;
  }
  reading.problem(node,
                  "expected " + std::string(reading.option.type) + ", found " + node.describe() +
                      (node.is_list() ? ": write one value, without [ ] and '- '" : "") +
                      (node.is_list() && reading.option.path.starts_with("routes[].") ? ", in a route for each" : ""));
  return nullptr;
}

std::string did_you_mean(const std::string& text, const std::vector<std::string>& names) {
  if (text.find_first_not_of("0123456789") == std::string::npos) return {};  // one number is like any other
  const std::string near = nearest(text, names);
  if (!near.empty()) return ", did you mean '" + near + "'?";
  for (const std::string& name : names) {
    if (text.size() > 2 && name.starts_with(ascii_lower(text))) return ", did you mean '" + name + "'?";
  }
  return {};
}

namespace {

// Those of a shell who do not know ours: $NAME and nothing else.
bool is_name_of_variable(std::string_view text) {
  constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return text.size() > 1 && text.front() == '$' && text.find_first_not_of(kNameCharacters, 1) == text.npos;
}

// Those of Kubernetes, of Windows: "$(NAME)", "%NAME%"; and a command of a shell, "$(cat file)".
bool is_other_variable(std::string_view text) {
  const bool in_parentheses = text.size() > 3 && text.starts_with("$(") && text.ends_with(')');
  if (in_parentheses && text.find(' ') != text.npos) return true;
  const bool in_percents = text.size() > 2 && text.starts_with('%') && text.ends_with('%');
  if (!in_parentheses && !in_percents) return false;
  const std::string name =
      "$" + std::string(in_percents ? text.substr(1, text.size() - 2) : text.substr(2, text.size() - 3));
  return is_name_of_variable(name);
}

// "changeme", "REPLACE_ME", "<...>" apart: without what stands between words.
bool is_word_for_a_secret(std::string_view text) {
  constexpr std::string_view kWords[] = {
      "changeme",         "changethis", "replaceme", "replacethis", "replacewithyours", "placeholder", "insertme",
      "insertsecrethere", "todo",       "fixme",     "tbd",         "secrethere"};
  std::string word;
  bool is_of_letters = true;
  for (const char c : ascii_lower(text)) {
    if (c >= 'a' && c <= 'z')
      word += c;
    else
      is_of_letters = is_of_letters && (c == '-' || c == '_' || c == '.' || c == '!');
  }
  const bool is_yours = word.starts_with("your") && word.size() < text.size();
  return is_of_letters && (is_yours || is_one_of(word, kWords));
}

bool is_placeholder(std::string_view text) {
  const bool is_template = text.size() > 4 && text.starts_with("{{") && text.ends_with("}}");
  return is_template || (text.size() > 2 && text.front() == '<' && text.find_first_of("<>", 1) == text.size() - 1 &&
                         text.back() == '>');
}

}  // namespace

bool is_left_in_place(const Node& node, const Reading& reading) {
  std::string why;
  if (node.text.ends_with(',') && !node.quoted && node.variables.empty())
    why = "ends in a comma, which would be part of it: leave it out (or put quotes around it all)";
  if (is_name_of_variable(node.text) || is_other_variable(node.text))
    why = "the name of a variable would be taken as it is: a variable is written ${NAME}";
  if (is_placeholder(node.text))
    why = "'" + node.text + "' is a placeholder: put " + std::string(reading.option.type) + " in its place";
  if (reading.option.path.ends_with("app_id") && is_word_for_a_secret(node.text))
    why =
        "'" + node.text + "' is a word that stands where the id is to come: Logto Console shows it, at the application";
  if (why.empty()) return false;
  reading.report.problem_at(node.mark, reading.key, why + (node.variables.empty() ? "" : node.origin()));
  return true;
}

std::string why_no_secret(std::string_view text) {
  const bool is_ours = text.size() > 3 && text.starts_with("${") && text.ends_with('}');
  if (is_ours || is_name_of_variable(text) || is_other_variable(text))
    return "is the name of a variable, which nobody has put in (not shown): expected the secret itself";
  if (is_placeholder(text) || is_word_for_a_secret(text))
    return "is a word that stands where a secret is to come (not shown)";
  const auto equals = text.find('=');
  if (equals != text.npos && equals + 2 < text.size() &&
      is_name_of_variable("$" + std::string(text.substr(0, equals))) &&
      text.substr(0, equals).find_first_of("abcdefghijklmnopqrstuvwxyz") == text.npos && text.find('_') < equals)
    return "is NAME=VALUE (not shown): expected the secret alone";
  const bool is_quoted =
      text.size() > 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  if (is_quoted) return "has quotes that are part of it (not shown): leave them out";
  return {};
}

std::string as_a_list(const Node& node) {
  const bool are_several = node.is_scalar() && node.text.find_first_of(", ") != std::string::npos;
  return are_several ? ": a list is written [a, b], or '- a' in a line for each" : "";
}

std::vector<const Node*> list_items(const Node& node, const Reading& reading) {
  std::vector<const Node*> items;
  if (node.is_scalar()) {
    items.push_back(&node);
  } else if (!node.is_list()) {
    reading.problem(node, "expected " + std::string(reading.option.type) + ", found " + node.describe() +
                              (node.is_map() ? ": write [a, b], or '- a' in a line for each" : ""));
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

namespace {

// Who may not read it, and whose it is: in a container both are numbers.
std::string why_denied(const struct stat& about) {
  char mode[8] = {};
  std::snprintf(mode, sizeof mode, "%04o", about.st_mode & 07777U);
  return ": permission denied; it belongs to uid " + std::to_string(about.st_uid) + ", gid " +
         std::to_string(about.st_gid) + " (mode " + mode + "), this process runs as uid " + std::to_string(geteuid()) +
         ", gid " + std::to_string(getegid());
}

Error cannot_read(const std::string& path, int error, const std::string& what = "file") {
  struct stat about {};
  if (error == ENOENT || error == ENOTDIR) return fail("expected a " + what + ", found none at '" + path + "'");
  if (error == EACCES && ::stat(path.c_str(), &about) == 0)
    return fail("cannot read '" + path + "'" + why_denied(about));
  return fail("cannot read '" + path + "': " + errno_words(error) +
              (error == EACCES ? ": a folder above it may not be entered" : ""));
}

Error no_regular_file(const std::string& path, const struct stat& about) {
  if (!S_ISDIR(about.st_mode))
    return fail("expected a file, found something else (a pipe, a device) at '" + path + "'");
  return fail("expected a file, found a folder at '" + path +
              "' (docker makes a folder where the file that is to be mounted is not there)");
}

}  // namespace

Result<std::string> read_file_bytes(const std::string& path) {
  constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return cannot_read(path, errno);
  if (!S_ISREG(about.st_mode)) return no_regular_file(path, about);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return cannot_read(path, errno == 0 ? EACCES : errno);
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return cannot_read(path, EIO);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return fail("'" + path + "' is larger than 1 MiB");
  return text;
}

std::optional<Error> why_no_directory(const std::string& path) {
  constexpr const char* kWhat = "directory";
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return cannot_read(path, errno, kWhat);
  if (!S_ISDIR(about.st_mode)) return fail("expected a directory, found a file at '" + path + "'");
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) != 0) return cannot_read(path, errno, kWhat);
  return std::nullopt;
}

Result<std::string> read_small_file(const std::string& path) {
  auto text = read_file_bytes(path);
  if (!text) return text;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return text;
}

}  // namespace lp
