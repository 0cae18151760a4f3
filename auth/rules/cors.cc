#include "auth/rules/cors.h"

#include <algorithm>
#include <string>

#include "base/url.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

bool has_body(const Fields& fields) {
  return fields.has("Transfer-Encoding") || (fields.has("Content-Length") && fields.get("Content-Length") != "0");
}

// Only what browsers send: visible ASCII without separators.
bool is_method_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

bool names_origin(const std::vector<Origin>& origins, std::string_view origin) {
  return std::any_of(origins.begin(), origins.end(), [&](const Origin& known) {
    if (known.host == "*") return origin.starts_with(known.scheme + "://");  // of extensions: config/value.h
    if (!is_wildcard(known.host)) return known.text() == origin;
    const auto sent = parse_origin(origin);
    return sent && sent->text() == origin && origin_matches(known, *sent);
  });
}

std::string_view allowed_origin(const Fields& fields, const Settings& settings, const RouteSettings* route) {
  if (fields.count("Origin") != 1) return {};
  const std::string_view origin = fields.get("Origin");
  const bool allowed = names_origin(settings.external_urls, origin) ||
                       (route != nullptr && names_origin(route->allowed_origins, origin));
  return allowed ? origin : std::string_view();
}

void add_cors_headers(Answer& answer, const Fields& fields, const Settings& settings, const RouteSettings* route) {
  answer.add("Vary", "Origin");
  const std::string_view origin = allowed_origin(fields, settings, route);
  if (origin.empty()) return;
  answer.add("Access-Control-Allow-Origin", std::string(origin));
  answer.add("Access-Control-Allow-Credentials", "true");
  answer.add("Access-Control-Expose-Headers", "WWW-Authenticate, X-Request-Id, Retry-After");
}

bool is_preflight(const RequestHead& head) {
  const Fields& fields = head.fields;
  return head.method == "OPTIONS" && fields.count("Origin") == 1 && !fields.get("Origin").empty() &&
         fields.count("Access-Control-Request-Method") == 1 &&
         is_method_name(fields.get("Access-Control-Request-Method")) && !has_body(fields);
}

}  // namespace lp
