#include "config/options/page_options.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "config/options/binding.h"
#include "config/options/option_bindings.h"
#include "config/page_image.h"
#include "config/page_language.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

using Table = std::vector<Option>;

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";

Binding image_binding(Field<PageImage> field) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* name = scalar_text(node, reading);
            if (name == nullptr) return;
            const std::string path = resolve_file(reading.folder, *name);
            const auto bytes = read_file_bytes(path);
            if (!bytes) return reading.problem(node, bytes.error().message);
            if (bytes->size() > static_cast<std::size_t>(reading.option.max)) {
              return reading.problem(node, "'" + path + "' has " + std::to_string(bytes->size()) +
                                               " bytes, more than the " + format_size(reading.option.max) +
                                               " that may stand in each page: make it smaller");
            }
            auto uri = image_data_uri(*bytes);
            if (!uri) return reading.problem(node, uri.error().message + " in '" + path + "'");
            field(reading.scope) = {path, std::move(uri).value()};
          },
          [=](const Scope& scope) { return field(scope).file.empty() ? Node() : Node::scalar(field(scope).file); }};
}

Binding color_binding(Field<std::optional<Rgb>> field) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto color = parse_color(*text);
            if (!color) return reading.problem(node, color.error().message);
            field(reading.scope) = *color;
          },
          [=](const Scope& scope) { return field(scope) ? Node::scalar(format_color(*field(scope))) : Node(); }};
}

Result<std::string> parse_support(std::string_view text) {
  constexpr std::size_t kLongestText = 2000;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  const bool is_mail = text.starts_with("mailto:") && text.find('@') != std::string_view::npos;
  if (plain && text.size() <= kLongestText && (is_mail || parse_url(text).ok())) return std::string(text);
  const bool lacks_scheme = plain && text.find('@') != std::string_view::npos;
  return fail(expected("a URL such as https://help.example.com/ or mailto:help@example.com", text).message +
              (lacks_scheme ? ": write mailto:" + std::string(text) : ""));
}

// --- languages ---

// What is wrong in another file stands there, under the key by which it is known here.
struct TextsFile {
  const std::string& path;
  const Reading& reading;
  void problem(Mark mark, const std::string& key, std::string message) const {
    reading.report.problems().push_back({path, mark.line, mark.column, key, std::move(message)});
  }
};

std::string text_keys_like(const std::string& word) {
  std::vector<std::string> keys;
  for (const PageTextRow& row : kPageTexts) keys.emplace_back(row.key);
  const std::string near = nearest(word, keys);
  return near.empty() ? "; `logto-proxy texts` prints them all" : ", did you mean '" + near + "'?";
}

void read_text(const TextsFile& file, const Entry& entry, PageTranslation& into) {
  constexpr std::size_t kLongestText = 2000;
  const std::size_t at = find_page_text(entry.key);
  if (at == kPageTextCount) {
    return file.problem(entry.mark, entry.key, "no text of our pages has this key" + text_keys_like(entry.key));
  }
  const Node& node = entry.value;
  if (node.is_null() || node.broken) return;
  if (!node.is_scalar()) return file.problem(node.mark, entry.key, "expected a text, found " + node.describe());
  if (node.text.size() > kLongestText) return file.problem(node.mark, entry.key, "expected at most 2000 bytes");
  if (placeholders_of(node.text) != placeholders_of(kPageTexts[at].english)) {
    return file.problem(node.mark, entry.key,
                        "expected the placeholders of \"" + std::string(kPageTexts[at].english) +
                            "\", each where the sentence wants it");
  }
  into.texts[at] = node.text;
}

void tell_missing(const PageTranslation& translation, const Reading& reading) {
  std::string missing;
  std::size_t count = 0;
  for (std::size_t at = 0; at < kPageTextCount; ++at) {
    if (!translation.texts[at].empty()) continue;
    constexpr std::size_t kMostNamed = 5;
    if (++count <= kMostNamed) missing.append(count == 1 ? "" : ", ").append(kPageTexts[at].key);
  }
  const bool is_built_in = translation.tag == "en" || translation.tag == "ja";
  if (count == 0 || is_built_in) return;
  reading.report.warning(reading.key, "'" + translation.file + "' lacks " + std::to_string(count) + " of " +
                                          std::to_string(kPageTextCount) +
                                          " texts, which are said in English: " + missing + (count > 5 ? ", ..." : ""));
}

void read_language(const Entry& entry, const Reading& reading) {
  const auto* name = scalar_text(entry.value, reading);
  if (name == nullptr) return;
  if (!is_page_language_tag(entry.key))
    return reading.report.problem_at(entry.mark, reading.key,
                                     expected("a language tag such as de or pt-BR", entry.key).message);
  PageTranslation translation{entry.key, resolve_file(reading.folder, *name), {}};
  const auto text = read_small_file(translation.file);
  if (!text) return reading.problem(entry.value, text.error().message);
  const TextsFile file{translation.file, reading};
  const auto root = parse_document(*text, translation.file, reading.report.problems());
  if (!root) return;
  if (!root->is_map()) return file.problem(root->mark, "", "expected a map of texts, found " + root->describe());
  translation.texts.resize(kPageTextCount);
  for (const Entry& one : root->entries) read_text(file, one, translation);
  tell_missing(translation, reading);
  reading.scope.settings->pages.languages.push_back(std::move(translation));
}

Binding languages_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_map())
              return reading.problem(node, "expected a map of language tags to files, found " + node.describe());
            reading.scope.settings->pages.languages.clear();
            for (const Entry& entry : node.entries) {
              const std::string key = reading.key + "." + entry.key;
              read_language(entry, {reading.option, reading.scope, key, reading.folder, reading.report});
            }
          },
          [](const Scope& scope) {
            Node map = Node::empty_map();
            for (const PageTranslation& one : scope.settings->pages.languages)
              map.entries.push_back({one.tag, {}, Node::scalar(one.file)});
            return map;
          }};
}

// --- layout, time zone ---

Binding layout_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* name = scalar_text(node, reading);
            if (name == nullptr) return;
            const std::string path = resolve_file(reading.folder, *name);
            const auto html = read_small_file(path);
            if (!html) return reading.problem(node, html.error().message);
            auto layout = parse_page_layout(*html);
            if (!layout) {
              for (const PageLayoutFault& fault : layout.error())
                reading.report.problems().push_back({path, fault.line, fault.column, reading.key, fault.message});
              return;
            }
            reading.scope.settings->pages.layout_file = path;
            reading.scope.settings->pages.layout = std::move(layout).value();
          },
          [](const Scope& scope) {
            const std::string& file = scope.settings->pages.layout_file;
            return file.empty() ? Node() : Node::scalar(file);
          }};
}

bool is_zone_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
  return plain && !name.empty() && name.size() <= 64 && name.front() != '/';
}

Binding time_zone_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* name = scalar_text(node, reading);
            if (name == nullptr) return;
            TimeZone& zone = reading.scope.settings->pages.time_zone;
            if (*name == "UTC") {
              zone = TimeZone();
              return;
            }
            const std::string what = "a time zone such as Europe/Berlin or UTC";
            if (!is_zone_name(*name)) return reading.problem(node, expected(what, *name).message);
            const auto bytes = read_file_bytes(std::string(kZoneFolder) + *name);
            if (!bytes)
              return reading.problem(node, expected(what, *name).message + ": " + bytes.error().message +
                                               " (the package tzdata brings these files)");
            auto parsed = TimeZone::parse(*name, *bytes);
            if (!parsed) return reading.problem(node, parsed.error().message);
            zone = std::move(parsed).value();
          },
          [](const Scope& scope) { return Node::scalar(scope.settings->pages.time_zone.name()); }};
}

std::string origin_as_text(const Origin& origin) { return origin.text(); }

void add_looks(Table& table) {
  constexpr std::int64_t kLogoBytes = 64LL * 1024;
  table.push_back({"pages.site_name", "a text", "null", 0, 0, kPlain,
                   "Stands above each page of ours and in its title.",
                   text(LP_FIELD(settings->pages.site_name), parse_nonempty_text)});
  table.push_back({"pages.logo", "a picture file", "null", 0, kLogoBytes, kPlain,
                   "SVG, PNG, JPEG or WebP of at most 64 KiB; it stands in the pages themselves.",
                   image_binding(LP_FIELD(settings->pages.logo))});
  table.push_back({"pages.colors.accent", "a colour such as \"#4534c8\"", "null", 0, 0, kPlain,
                   "Of buttons and links; what stands on buttons is white or dark by what is read better.",
                   color_binding(LP_FIELD(settings->pages.accent))});
  table.push_back({"pages.colors.accent_dark", "a colour", "null", 0, 0, kPlain,
                   "The same in dark mode; null: accent, as much lighter as it must be.",
                   color_binding(LP_FIELD(settings->pages.accent_dark))});
  table.push_back({"pages.colors.background", "a colour", "null", 0, 0, kPlain, "Around the card.",
                   color_binding(LP_FIELD(settings->pages.background))});
  table.push_back({"pages.colors.background_dark", "a colour", "null", 0, 0, kPlain, "The same in dark mode.",
                   color_binding(LP_FIELD(settings->pages.background_dark))});
}

void add_texts(Table& table) {
  table.push_back({"pages.footer", "a text", "null", 0, 0, kPlain, "Stands below each page.",
                   text(LP_FIELD(settings->pages.footer), parse_nonempty_text)});
  table.push_back({"pages.support", "a URL, or mailto:ADDRESS", "null", 0, 0, kPlain,
                   "Where a person gets help: a link below each page.",
                   text(LP_FIELD(settings->pages.support), parse_support)});
  table.push_back({"pages.languages", "a map of language tags to files", "{}", 0, 0, kPlain,
                   "Further languages, or other words for en and ja; `logto-proxy texts` prints a file to begin with.",
                   languages_binding()});
  table.push_back({"pages.time_zone", "a time zone such as Europe/Berlin", "UTC", 0, 0, kPlain,
                   "In which pages tell times; each names it.", time_zone_binding()});
  table.push_back({"pages.layout", "an HTML file", "null", 0, 0, kPlain,
                   "Your own HTML around our pages, with {{lang}}, {{title}} and {{content}}; see the manual.",
                   layout_binding()});
  table.push_back({"pages.allow_from", "a list of origins", "[]", 0, 0, kPlain,
                   "From where a layout may load pictures, style sheets and fonts.",
                   list<Origin>(LP_FIELD(settings->pages.allow_from), parse_config_origin, origin_as_text)});
}

Result<std::string> parse_app_url(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; }) &&
                     text.find_first_of("\\\"<>#") == std::string_view::npos;
  const bool is_path = text.starts_with('/') && !text.starts_with("//");
  if (plain && (is_path || parse_url(text).ok())) return std::string(text);
  return expected("a path or a URL of this site, such as /wiki/Start", text);
}

}  // namespace

Group app_group() { return {"routes[].app", Group::Kind::map, "name", {}, {}, {}}; }

void add_page_options(std::vector<Option>& table) {
  constexpr std::int64_t kIconBytes = 16LL * 1024;
  add_looks(table);
  add_texts(table);
  table.push_back({"routes[].app.name", "a text", "null", 0, 0, kPlain,
                   "Shows the route at {auth_prefix}/apps to whoever may open it. Alone: app: NAME.",
                   text(LP_FIELD(route->app.name), parse_nonempty_text)});
  table.push_back({"routes[].app.description", "a text", "null", 0, 0, kPlain, "A line below the name.",
                   text(LP_FIELD(route->app.description), parse_nonempty_text)});
  table.push_back({"routes[].app.icon", "a picture file", "null", 0, kIconBytes, kPlain,
                   "SVG, PNG, JPEG or WebP of at most 16 KiB; null: the first letter of the name.",
                   image_binding(LP_FIELD(route->app.icon))});
  table.push_back({"routes[].app.url", "a path or a URL of this site", "null", 0, 0, kPlain,
                   "What it opens; null: where the route's path begins.",
                   text(LP_FIELD(route->app.url), parse_app_url)});
}

}  // namespace lp
