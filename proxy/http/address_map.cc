#include "proxy/http/address_map.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/rules/own_paths.h"
#include "base/one_of.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

constexpr std::array<std::string_view, 3> kLoopback = {"localhost", "127.0.0.1", "[::1]"};

std::uint16_t default_port(std::string_view scheme) { return iequals(scheme, "https") ? 443 : 80; }

std::string without_slash_at_end(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// Browsers take '\' for '/' and read over tabs.
bool reads_otherwise(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == '\\' || c == 0x7f; });
}

bool any_external(const Settings& settings, const Authority& authority, bool whatever_port) {
  const auto is_it = [&](const Origin& url) {
    return host_matches(url.host, authority.host) && (whatever_port || url.port == authority.port);
  };
  const auto has = [&](const std::vector<Origin>& urls) { return std::any_of(urls.begin(), urls.end(), is_it); };
  return has(settings.external_urls) || (settings.sign_in_url && is_it(*settings.sign_in_url)) ||
         std::any_of(settings.realms.begin(), settings.realms.end(),
                     [&](const RealmSettings& realm) { return has(realm.external_urls); });
}

// What a cookie's attribute is called, and where its value stands.
struct Attribute {
  std::string_view name;
  std::string_view value;
};
Attribute attribute_of(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  return {trim_ows(text.substr(0, equals)), trim_ows(text.substr(std::min(equals + 1, text.size())))};
}

// RFC 6265bis 4.1.3.2: such a cookie is for "/" alone, and kept by no browser otherwise.
bool is_host_cookie(std::string_view pair) {
  constexpr std::string_view kPrefix = "__Host-";
  const std::string_view name = attribute_of(pair).name;
  return iequals(name.substr(0, kPrefix.size()), kPrefix);
}

}  // namespace

AddressMap::AddressMap(const Settings& settings, const RouteSettings& route)
    : settings_(settings),
      strip_prefix_(without_slash_at_end(route.strip_prefix)),
      add_prefix_(without_slash_at_end(route.add_prefix)) {
  const auto found = settings.upstreams.find(route.upstream);
  if (found == settings.upstreams.end()) return;
  const UpstreamSettings& upstream = found->second;
  using Host = UpstreamSettings::Host;
  if (upstream.host_header == Host::literal) {
    if (const auto name = parse_authority(upstream.host_literal, upstream.tls.is_on ? 443 : 80)) {
      add_inner(settings, {name->host, name->port, true});
      // The port that the app knows itself by, behind a Host that names none.
      if (upstream.kind == UpstreamSettings::Kind::tcp && upstream.port != name->port)
        add_inner(settings, {name->host, upstream.port, false});
    }
  }
  if (upstream.kind == UpstreamSettings::Kind::unix_socket) {
    if (upstream.host_header == Host::upstream) add_inner(settings, {"localhost", 80, true});
    return;
  }
  const bool is_ipv6 = upstream.host.find(':') != std::string::npos;
  const std::string host = ascii_lower(is_ipv6 ? "[" + upstream.host + "]" : upstream.host);
  add_inner(settings, {host, upstream.port, true});
  if (!is_one_of(host, kLoopback)) return;
  for (const std::string_view same : kLoopback) {
    if (same != host) add_inner(settings, {std::string(same), upstream.port, false});
  }
}

// Where browsers know the host too, other ports of it are other servers, and an address of ours is none of the app's.
void AddressMap::add_inner(const Settings& settings, Address address) {
  if (any_external(settings, {address.host, address.port}, false)) return;
  if (any_external(settings, {address.host, address.port}, true)) address.also_default_ports = false;
  inner_.push_back(std::move(address));
}

// Frameworks make a URL of the Host that they are asked by and the scheme and port that they are told.
bool AddressMap::is_inner(std::string_view scheme, const Authority& authority, const Origin& external) const {
  return std::any_of(inner_.begin(), inner_.end(), [&](const Address& one) {
    if (one.host != authority.host) return false;
    const bool is_default = authority.port == default_port(scheme) || authority.port == external.port;
    return one.port == authority.port || (one.also_default_ports && is_default);
  });
}

std::optional<std::string> AddressMap::mapped(const Field& field, const Origin& external) const {
  if (iequals(field.name, "Set-Cookie")) return set_cookie(field.value);
  if (reads_otherwise(field.value)) return std::nullopt;
  if (iequals(field.name, "Refresh")) return refresh(field.value, external);
  return reference(field.value, external);
}

std::optional<std::string> AddressMap::reference(std::string_view value, const Origin& external) const {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::size_t size = scheme.size();
    if (value.size() < size + 3 || !iequals(value.substr(0, size), scheme) || value.substr(size, 3) != "://") continue;
    return absolute(scheme, value.substr(size + 3), external);
  }
  if (value.starts_with("//")) return absolute(external.scheme, value.substr(2), external);
  return value.starts_with('/') ? path(value) : std::nullopt;
}

// `rest` is what stands behind "//".
std::optional<std::string> AddressMap::absolute(std::string_view scheme, std::string_view rest,
                                                const Origin& external) const {
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = parse_authority(rest.substr(0, end), default_port(scheme));
  if (!authority) return std::nullopt;
  const std::string_view behind = rest.substr(end);
  const bool inner = is_inner(scheme, *authority, external);
  // Also for an app that does not know that it is behind TLS.
  const bool both_default = authority->port == default_port(scheme) && external.port == default_port(external.scheme);
  const bool ours = authority->host == external.host && (authority->port == external.port || both_default);
  if (!inner && !ours) return std::nullopt;
  const bool has_path = behind.starts_with('/');
  const auto moved = has_path ? path(behind) : path("/");
  if (!inner && !moved) return std::nullopt;
  const std::string start = inner ? external.text() : std::string(scheme) + "://" + std::string(rest.substr(0, end));
  if (!moved) return start + std::string(behind);
  return start + *moved + std::string(has_path ? std::string_view() : behind);
}

std::optional<std::string> AddressMap::path(std::string_view path_and_more) const {
  const std::size_t end = std::min(path_and_more.find_first_of("?#"), path_and_more.size());
  auto moved = public_path(path_and_more.substr(0, end));
  if (moved) *moved += path_and_more.substr(end);
  return moved;
}

std::optional<std::string> AddressMap::public_path(std::string_view path) const {
  if (is_own_path(path, settings_)) return std::nullopt;
  if (!add_prefix_.empty()) {
    if (!is_below(path, add_prefix_)) return std::nullopt;
    path.remove_prefix(add_prefix_.size());
    if (path.empty()) path = "/";
  } else if (strip_prefix_.empty() || is_below(path, strip_prefix_)) {
    return std::nullopt;
  }
  if (strip_prefix_.empty() && path.starts_with("//")) return std::nullopt;  // a host to browsers
  return strip_prefix_ + std::string(path);
}

// "5; url=/login", as browsers read it (HTML, shared declarative refresh steps).
std::optional<std::string> AddressMap::refresh(std::string_view value, const Origin& external) const {
  std::size_t at = value.find_first_of(";,");
  if (at == std::string_view::npos) return std::nullopt;
  const auto skip_blanks = [&] { at = std::min(value.find_first_not_of(' ', at), value.size()); };
  ++at;
  skip_blanks();
  if (iequals(value.substr(at, 3), "url")) {
    const std::size_t behind = std::min(value.find_first_not_of(' ', at + 3), value.size());
    if (value.substr(behind, 1) == "=") at = behind + 1;
    skip_blanks();
  }
  const char quote = at < value.size() ? value[at] : '\0';
  const bool is_quoted = quote == '"' || quote == '\'';
  if (is_quoted) ++at;
  const std::size_t end = is_quoted ? std::min(value.find(quote, at), value.size()) : value.size();
  const auto moved = reference(value.substr(at, end - at), external);
  if (!moved) return std::nullopt;
  return std::string(value.substr(0, at)) + *moved + std::string(value.substr(end));
}

// A cookie for the app's host is for ours alone: no browser keeps one for a host that it did not ask.
std::optional<std::string> AddressMap::set_cookie(std::string_view value) const {
  const std::size_t first = std::min(value.find(';'), value.size());
  std::string out(value.substr(0, first));
  const bool keeps_path = is_host_cookie(value.substr(0, first));
  bool changed = false;
  for (std::size_t at = first; at < value.size();) {
    const std::size_t end = std::min(value.find(';', at + 1), value.size());
    const std::string_view text = value.substr(at, end - at);
    const Attribute attribute = attribute_of(text.substr(1));
    at = end;
    std::string_view domain = attribute.value;
    if (domain.starts_with('.')) domain.remove_prefix(1);
    const bool is_inner_domain =
        iequals(attribute.name, "Domain") &&
        std::any_of(inner_.begin(), inner_.end(), [&](const Address& one) { return iequals(one.host, domain); });
    const bool is_path = iequals(attribute.name, "Path") && attribute.value.starts_with('/') && !keeps_path;
    const std::string moved = is_path ? cookie_path(attribute.value) : std::string();
    changed = changed || is_inner_domain || !moved.empty();
    if (is_inner_domain) continue;
    if (moved.empty())
      out += text;
    else
      out.append("; Path=").append(moved);
  }
  return changed ? std::optional(std::move(out)) : std::nullopt;
}

// Empty: as it is. "/" is all of the app, and nothing of its neighbours.
std::string AddressMap::cookie_path(std::string_view path) const {
  if (!add_prefix_.empty()) {
    if (is_below(add_prefix_, path == "/" ? "" : without_slash_at_end(std::string(path)))) {
      return strip_prefix_.empty() ? "/" : strip_prefix_;
    }
    return public_path(path).value_or("");
  }
  if (path == "/" && !strip_prefix_.empty()) return strip_prefix_;
  return public_path(path).value_or("");
}

}  // namespace lp
