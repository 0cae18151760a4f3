#include "config/options/route_limit_options.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "config/options/binding.h"
#include "config/options/option_bindings.h"
#include "config/value.h"

namespace lp {
namespace {

Result<std::string> parse_type_pattern(std::string_view text) {
  const std::string type = ascii_lower(text);
  const std::size_t slash = type.find('/');
  const std::size_t star = type.find('*');
  const bool is_plain = star == std::string::npos || type.find('*', star + 1) == std::string::npos;
  const auto is_part = [](std::string_view part) {
    std::string without(part);
    if (const auto at = without.find('*'); at != std::string::npos) without[at] = 'x';
    return is_token(without);
  };
  if (slash != std::string::npos && is_plain && is_part(std::string_view(type).substr(0, slash)) &&
      is_part(std::string_view(type).substr(slash + 1)))
    return type;
  return expected("a media type such as text/html, text/* or application/*+json", text);
}

void add_route_limits(std::vector<Option>& table) {
  table.push_back({"routes[].limits.request_body", "a size or none", "null", 0, 1024LL << 30, kPlain,
                   "In place of limits.request_body.",
                   optional_number(LP_FIELD(route->limits.request_body_bytes), parse_size, format_size, true)});
  table.push_back({"routes[].limits.minimum_rate", "a size or none", "null", 1, 1 << 20, kPlain,
                   "In place of limits.minimum_rate.",
                   optional_number(LP_FIELD(route->limits.minimum_rate), parse_size, format_size, true)});
  table.push_back({"routes[].timeouts.body_idle", "a duration", "null", 100, kDay, kPlain,
                   "In place of timeouts.body_idle.", optional_duration(LP_FIELD(route->limits.body_idle_ms))});
  table.push_back({"routes[].timeouts.response", "a duration", "null", 10, kDay, kPlain,
                   "In place of the upstream's response_timeout.",
                   optional_duration(LP_FIELD(route->limits.response_timeout_ms))});
  table.push_back({"routes[].timeouts.idle", "a duration", "null", 10, 30 * kDay, kPlain,
                   "In place of the upstream's idle_timeout.",
                   optional_duration(LP_FIELD(route->limits.idle_timeout_ms))});
}

void add_compression(std::vector<Option>& table) {
  using Mode = CompressionSettings::Mode;
  table.push_back(
      {"routes[].compression.mode", "off, on or always", "off", 0, 0, kPlain,
       "on: answers are compressed, but not those that may hold a secret and a text of an attacker's (BREACH); "
       "always: those too.",
       choice<Mode>(LP_FIELD(route->compression.mode),
                    {{"off", Mode::off}, {"on", Mode::on}, {"always", Mode::always}})});
  table.push_back({"routes[].compression.types", "a list of media types", "null", 0, 0, kNonEmpty,
                   "Of these alone; null: text, JSON, XML, scripts, WebAssembly, SVG and plain fonts.",
                   null_if_empty(LP_FIELD(route->compression.types), parse_type_pattern)});
}

}  // namespace

void add_route_limit_options(std::vector<Option>& table) {
  add_route_limits(table);
  add_compression(table);
}

Group compression_group() { return {"routes[].compression", Group::Kind::map, "mode", {}, {}, {}}; }

}  // namespace lp
