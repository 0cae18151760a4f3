#include "config/options/field_options.h"

#include <string>

#include "config/options/binding.h"
#include "config/options/identity_binding.h"
#include "config/options/option_bindings.h"
#include "config/value.h"

namespace lp {
namespace {

using Table = std::vector<Option>;

Result<std::string> parse_field_names(std::string_view text) {
  const std::string_view name = text.substr(0, text.size() - (text.ends_with("-*") ? 1 : 0));
  if (is_token(name) && name.find('*') == std::string_view::npos) return std::string(text);
  return expected("the name of a header field, or all that begin so as in X-Debug-*", text);
}

void add_changes(Table& table, const std::string& prefix) {
  table.push_back({prefix + "request_headers.set", "a map of header fields to texts", "{}", 0, 0, kPlain,
                   "Fields that apps get in place of the client's; a text, or a map with value or value_file.",
                   header_constants_binding(LP_FIELD(request_headers().set), true)});
  table.push_back({prefix + "request_headers.add", "a map of header fields to texts", "{}", 0, 0, kPlain,
                   "Fields that apps get beside the client's.",
                   header_constants_binding(LP_FIELD(request_headers().add), true)});
  table.push_back({prefix + "request_headers.remove", "a list of header fields", "[]", 0, 0, kNarrows,
                   "Fields of clients that apps do not get; X-Debug-* is all that begin so.",
                   texts(LP_FIELD(request_headers().remove), parse_field_names)});
  table.push_back({prefix + "response_headers.set", "a map of header fields to texts", "{}", 0, 0, kPlain,
                   "Fields of apps' answers, in place of the app's own.",
                   header_constants_binding(LP_FIELD(response_headers().set), false)});
  table.push_back({prefix + "response_headers.add", "a map of header fields to texts", "{}", 0, 0, kPlain,
                   "The same beside the app's own.",
                   header_constants_binding(LP_FIELD(response_headers().add), false)});
  table.push_back({prefix + "response_headers.remove", "a list of header fields", "[]", 0, 0, kNarrows,
                   "Fields of apps' answers that nobody gets; X-Debug-* is all that begin so.",
                   texts(LP_FIELD(response_headers().remove), parse_field_names)});
}

constexpr std::string_view kPresetWords = "security or none";
constexpr std::string_view kPresetHelp =
    "security: HSTS on https, nosniff, no frames of other sites, Referrer-Policy; never over the app's own.";

std::vector<Choice<AnswerPreset>> answer_presets() {
  return {{"security", AnswerPreset::security}, {"none", AnswerPreset::none}};
}

Binding route_answer_preset_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            for (const auto& one : answer_presets()) {
              if (one.text == *text) reading.scope.route->answer_preset = one.value;
            }
            if (!reading.scope.route->answer_preset)
              reading.problem(node, expected(reading.option.type, *text).message);
          },
          [](const Scope& scope) {
            for (const auto& one : answer_presets()) {
              if (scope.route->answer_preset == one.value) return Node::scalar(std::string(one.text));
            }
            return Node();
          }};
}

Binding replace_from_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            auto parsed = PathReplacement::parse(*text);
            if (!parsed) return reading.problem(node, parsed.error().message);
            parsed->to = reading.scope.route->replace_path.to;
            reading.scope.route->replace_path = std::move(*parsed);
          },
          [](const Scope& scope) {
            const PathReplacement& replacement = scope.route->replace_path;
            return replacement.is_set() ? Node::scalar(replacement.from()) : Node();
          }};
}

// Judged beside `from`, in config/check/fields.
Result<std::string> parse_any(std::string_view text) { return std::string(text); }

}  // namespace

void add_field_options(Table& table) {
  table.push_back({"client_ip_header", "the name of a header field", "null", 0, 0, kPlain,
                   "In which trusted_proxies name the client (CF-Connecting-IP, X-Real-IP); null: X-Forwarded-For.",
                   text(LP_FIELD(settings->client_ip_header), parse_field_name)});
  add_changes(table, "");
  table.push_back({"response_headers.preset", kPresetWords, "none", 0, 0, kPlain, kPresetHelp,
                   choice<AnswerPreset>(LP_FIELD(settings->answer_preset), answer_presets())});
}

void add_route_field_options(Table& table) {
  table.push_back({"routes[].add_prefix", "a path", "null", 0, 0, kPlain,
                   "Put before the path that the app sees, after strip_prefix.",
                   text(LP_FIELD(route->add_prefix), parse_plain_path)});
  table.push_back({"routes[].replace_path.from", "a pattern in RE2's syntax", "null", 0, 0, kPlain,
                   "What of the path is replaced before the app sees it: the leftmost match.", replace_from_binding()});
  table.push_back({"routes[].replace_path.to", "a part of a path", "null", 0, 0, kPlain,
                   "By what; \\1 to \\9 are the pattern's groups.", text(LP_FIELD(route->replace_path.to), parse_any)});
  table.push_back(
      {"routes[].rewrite_location", "on or off", "on", 0, 0, kPlain,
       "Location, Refresh and cookies of an app that names its own address or lacks strip_prefix name ours.",
       choice<bool>(LP_FIELD(route->rewrite_location), {{"on", true}, {"off", false}})});
  table.push_back({"routes[].pass_headers", "a list of header fields", "[]", 0, 0, kPlain,
                   "Fields of clients that would be taken out, since some app may believe them (see routes).",
                   texts(LP_FIELD(route->pass_headers), parse_field_name)});
  table.push_back({"routes[].forwarded_header", "true or false", "false", 0, 0, kPlain,
                   "The app gets Forwarded (RFC 7239) beside X-Forwarded-*.",
                   boolean(LP_FIELD(route->forwarded_header))});
  add_changes(table, "routes[].");
  table.push_back({"routes[].response_headers.preset", kPresetWords, "null", 0, 0, kPlain, kPresetHelp,
                   route_answer_preset_binding()});
}

}  // namespace lp
