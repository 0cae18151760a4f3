#include "proxy/router.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/encoding.h"
#include "base/url.h"

namespace lp {
namespace {

constexpr std::int64_t kRegexMemoryBytes = 8 << 20;

// The text of a rule in the one spelling that request paths have, so that a rule for /café or /a%2Bb means what it
// says. `text` has passed the configuration's checks; what has no normal form stays and matches nothing.
std::string normal_rule_path(const std::string& text) {
  std::string ascii;
  for (const char c : text) ascii += static_cast<unsigned char>(c) > 0x7f ? percent_encode({&c, 1}) : std::string(1, c);
  const auto target = normalise_target(ascii);
  return target && !target.value().has_query ? target.value().path : text;
}

class HostPattern {
 public:
  explicit HostPattern(const std::string& text) {
    one_label_more_ = text.starts_with("*.");
    host_ = ascii_lower(one_label_more_ ? text.substr(1) : text);
  }
  [[nodiscard]] bool matches(std::string_view host) const {
    if (host_.empty()) return true;
    if (!one_label_more_) return iequals(host, host_);
    if (host.size() <= host_.size() || !iequals(host.substr(host.size() - host_.size()), host_)) return false;
    return host.find('.') == host.size() - host_.size();
  }

 private:
  std::string host_;  // with a wildcard: ".example.com"
  bool one_label_more_ = false;
};

class PathMatcher {
 public:
  explicit PathMatcher(const PathPattern& pattern) : kind_(pattern.kind), text_(pattern.text) {
    if (kind_ == PathPattern::Kind::regex) {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_max_mem(kRegexMemoryBytes);
      regex_ = std::make_unique<RE2>(text_, options);
      LP_CHECK(regex_->ok(), "a route's pattern passed the configuration's check and does not compile");
    } else if (!text_.empty()) {
      text_ = normal_rule_path(text_);
    }
  }
  [[nodiscard]] bool matches(std::string_view path) const {
    switch (kind_) {
      case PathPattern::Kind::exact:
        return path == text_;
      case PathPattern::Kind::prefix:  // ends at a segment boundary (attacks.md P23)
        return path.starts_with(text_) && (path.size() == text_.size() || path[text_.size()] == '/');
      case PathPattern::Kind::regex:
        return RE2::FullMatch({path.data(), path.size()}, *regex_);
    }
    return false;
  }

 private:
  PathPattern::Kind kind_;
  std::string text_;
  std::unique_ptr<RE2> regex_;
};

struct CompiledRoute {
  explicit CompiledRoute(const RouteSettings& route) : settings(&route), host(route.host), path(route.path) {}

  [[nodiscard]] bool matches(std::string_view host_text, std::string_view method, std::string_view path_text) const {
    const auto& methods = settings->methods;
    if (!methods.empty() && std::find(methods.begin(), methods.end(), method) == methods.end()) return false;
    return host.matches(host_text) && path.matches(path_text);
  }

  const RouteSettings* settings;
  HostPattern host;
  PathMatcher path;
};

struct ExternalUrl {
  const Origin* origin;
  std::string authority;  // as browsers write it, for the comparison that nearly always decides
};

std::string ascii_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool names(std::string_view authority, const Origin& origin) {
  const std::uint16_t default_port = origin.is_https() ? 443 : 80;
  const auto parsed = parse_authority(authority, default_port);
  return parsed && parsed.value().host == origin.host && parsed.value().port == origin.port;
}

bool lets_anybody_pass(const RouteSettings& route) {
  return (route.access == Access::public_ || route.access == Access::optional) && route.require.empty();
}

bool lets_nobody_pass(const RouteSettings& route) { return route.access == Access::deny; }

bool has_lower_case(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

struct Router::Impl {
  std::vector<ExternalUrl> external_urls;
  std::optional<Origin> backchannel;
  std::vector<CompiledRoute> routes;

  [[nodiscard]] const RouteSettings* first_match(std::string_view host, std::string_view method,
                                                 std::string_view path) const {
    for (const CompiledRoute& route : routes) {
      if (route.matches(host, method, path)) return route.settings;
    }
    return nullptr;
  }
};

Router::Router(const Settings& settings) : impl_(std::make_unique<Impl>()) {
  for (const Origin& origin : settings.external_urls) impl_->external_urls.push_back({&origin, origin.authority()});
  impl_->backchannel = settings.logto.backchannel_url;
  impl_->routes.reserve(settings.routes.size());
  for (const RouteSettings& route : settings.routes) impl_->routes.emplace_back(route);
}

Router::~Router() = default;

const Origin* Router::origin_for(std::string_view authority) const {
  for (const ExternalUrl& url : impl_->external_urls) {
    if (iequals(authority, url.authority)) return url.origin;
  }
  for (const ExternalUrl& url : impl_->external_urls) {
    if (names(authority, *url.origin)) return url.origin;
  }
  return nullptr;
}

const Origin* Router::backchannel_origin_for(std::string_view authority) const {
  const auto& origin = impl_->backchannel;
  return origin && names(authority, *origin) ? &*origin : nullptr;
}

const RouteSettings* Router::route_for(std::string_view host, std::string_view method, const Target& target,
                                       bool& is_ambiguous) const {
  const RouteSettings* route = impl_->first_match(host, method, target.path);
  is_ambiguous = route != nullptr &&
                 (evades_by_method(*route, host, method, target) || reads_otherwise(*route, host, method, target));
  return is_ambiguous ? nullptr : route;
}

// Many frameworks fold the method to upper case (attacks.md P25).
bool Router::evades_by_method(const RouteSettings& route, std::string_view host, std::string_view method,
                              const Target& target) const {
  if (!has_lower_case(method) || lets_nobody_pass(route)) return false;
  bool is_ambiguous = false;
  const RouteSettings* folded = route_for(host, ascii_upper(method), target, is_ambiguous);
  return is_ambiguous || (folded != nullptr && folded != &route && !lets_anybody_pass(*folded));
}

bool Router::reads_otherwise(const RouteSettings& route, std::string_view host, std::string_view method,
                             const Target& target) const {
  if (!target.has_other_readings) return false;
  if (target.has_encoded_slash && route.encoded_slash == EncodedSlash::reject) return true;
  const auto readings = lenient_readings(target.path);
  return std::any_of(readings.begin(), readings.end(),
                     [&](const std::string& reading) { return impl_->first_match(host, method, reading) != &route; });
}

bool is_backchannel_path(std::string_view path, std::string_view auth_prefix) {
  if (!path.starts_with(auth_prefix)) return false;
  const std::string_view endpoint = path.substr(auth_prefix.size());
  return endpoint == "/backchannel-logout" || endpoint == "/webhook";
}

}  // namespace lp
