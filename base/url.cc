#include "base/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 2.3.4, in text form

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

// Of others, as chrome-extension, there is none.
std::uint16_t default_port_of(std::string_view scheme) { return scheme == "https" ? 443 : scheme == "http" ? 80 : 0; }

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

// 1-65535 without leading zeros: one number has one spelling.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text[0] == '0' || !all_digits(text)) return std::nullopt;
  unsigned port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// Between the brackets. One address has one text afterwards. No zone ids (threat H14), and no NUL, at which
// inet_pton would stop reading.
std::optional<std::string> canonical_ipv6(std::string_view text) {
  if (text.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return std::nullopt;
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  inet_ntop(AF_INET6, &address, canonical.data(), canonical.size());
  return "[" + std::string(canonical.data()) + "]";
}

// A host that ends in a number is an IPv4 address to browsers and resolvers ("2130706433", "127.1", "0x7f.1"): only
// the dotted form of four is let through.
bool ends_in_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.starts_with("0x")) return last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  return all_digits(last);
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// Lower-cased name or IPv4 address, one trailing dot removed.
std::optional<std::string> parse_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxHostBytes) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_host_byte)) return std::nullopt;
  if (text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return std::nullopt;
  std::string host = ascii_lower(text);
  if (ends_in_number(host) && !is_ipv4(host)) return std::nullopt;
  return host;
}

// The host's end in host[:port]: behind the bracket of an IPv6 literal, else at the first colon.
std::size_t host_end(std::string_view text) {
  if (!text.starts_with('[')) return std::min(text.find(':'), text.size());
  const std::size_t bracket = text.find(']');
  return bracket == std::string_view::npos ? 0 : bracket + 1;
}

// Visible ASCII without backslash, which browsers read as a slash, and without fragment.
bool is_url_byte(char c) { return c > 0x20 && c < 0x7f && c != '\\' && c != '#'; }

// Takes "scheme://" off the front of `text`.
std::optional<std::string> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::size_t end = scheme.size();
    if (iequals(text.substr(0, end), scheme) && text.substr(end).starts_with("://")) {
      text.remove_prefix(end + 3);
      return std::string(scheme);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string Origin::authority() const {
  return port == default_port_of(scheme) ? host : host + ":" + std::to_string(port);
}

std::string Origin::text() const { return scheme + "://" + authority(); }

std::string Url::text() const { return origin.text() + path + (query.empty() ? "" : "?" + query); }

Result<Url> parse_url(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_url_byte)) {
    return fail("a URL holds only visible ASCII, no backslash and no fragment");
  }
  const std::optional<std::string> scheme = take_scheme(text);
  if (!scheme) return fail("a URL begins with http:// or https://");
  const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  Result<Authority> authority = parse_authority(text.substr(0, authority_end), default_port_of(*scheme));
  if (!authority) return authority.error();
  text.remove_prefix(authority_end);
  const std::size_t path_end = std::min(text.find('?'), text.size());
  Url url;
  url.origin = Origin{*scheme, std::move(authority->host), authority->port};
  url.path = path_end == 0 ? "/" : std::string(text.substr(0, path_end));
  if (path_end < text.size()) url.query = text.substr(path_end + 1);
  return url;
}

Result<Origin> parse_origin(std::string_view text) {
  Result<Url> url = parse_url(text);
  if (!url) return url.error();
  if (url->path != "/" || text.find('?') != std::string_view::npos) return fail("an origin has no path and no query");
  return std::move(url->origin);
}

Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  const std::size_t end = host_end(text);
  const std::string_view host_text = text.substr(0, end);
  std::optional<std::string> host =
      host_text.starts_with('[') ? canonical_ipv6(host_text.substr(1, end - 2)) : parse_name(host_text);
  if (!host) return fail("not a host name or address");
  Authority authority{std::move(*host), default_port};
  if (end == text.size()) return authority;
  const std::optional<std::uint16_t> port = text[end] == ':' ? parse_port(text.substr(end + 1)) : std::nullopt;
  if (!port) return fail("not a port from 1 to 65535");
  authority.port = *port;
  return authority;
}

Result<FormPairs> parse_form(std::string_view text) {
  FormPairs pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = form_decode(pair.substr(0, equals));
    std::optional<std::string> value = form_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return fail("a broken percent escape");
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

std::string form_encode(const FormPairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

}  // namespace lp
