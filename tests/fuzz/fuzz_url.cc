// URLs, origins, authorities and forms: what is accepted is a fixed point, whoever reads it again reads the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/url.h"

namespace {

bool is_clean(std::string_view text) {
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '#') return false;
  }
  return true;
}

void check_host(std::string_view host) {
  LP_CHECK(!host.empty() && host.size() <= 253, "a host of impossible length");
  LP_CHECK(is_clean(host) && host.find_first_of("/?@,%") == std::string_view::npos, "a host with a hostile byte");
  LP_CHECK(host == lp::ascii_lower(host), "a host that is not lower case");
  LP_CHECK(host.front() == '[' || host.back() != '.', "a host with a trailing dot");
}

void check_url(std::string_view text) {
  const auto url = lp::parse_url(text);
  if (!url.ok()) {
    LP_CHECK(!lp::parse_origin(text).ok(), "an origin that is no URL");
    return;
  }
  check_host(url->origin.host);
  LP_CHECK(is_clean(text), "a URL with a hostile byte");
  LP_CHECK(url->path.starts_with('/'), "a path without slash");
  LP_CHECK(url->origin.port != 0, "port 0");
  const auto again = lp::parse_url(url->text());
  LP_CHECK(again.ok() && again->origin == url->origin && again->path == url->path && again->query == url->query,
           "a URL that reads differently when written again");
  const auto origin = lp::parse_origin(url->origin.text());
  LP_CHECK(origin.ok() && *origin == url->origin, "an origin that reads differently when written again");
}

void check_authority(std::string_view text) {
  const auto authority = lp::parse_authority(text, 443);
  if (!authority.ok()) return;
  check_host(authority->host);
  const auto again = lp::parse_authority(authority->host + ":" + std::to_string(authority->port), 80);
  LP_CHECK(again.ok() && again->host == authority->host && again->port == authority->port,
           "an authority that reads differently when written again");
}

void check_form(std::string_view text) {
  const auto pairs = lp::parse_form(text);
  if (!pairs.ok()) return;
  const auto again = lp::parse_form(lp::form_encode(*pairs));
  LP_CHECK(again.ok() && *again == *pairs, "a form that reads differently when written again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_url(text);
  check_authority(text);
  check_form(text);
  return 0;
}
