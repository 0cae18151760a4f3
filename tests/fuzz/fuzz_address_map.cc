#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/http/address_map.h"

// The first byte picks the field and whether a prefix was taken off or added, the rest is the value. Whatever an app
// answers, nobody is led to a host that it did not name, a prefix is put before a path once, and a cookie keeps its
// name and value.
namespace {

const lp::Origin kPublic{"https", "app.test", 443};
constexpr std::string_view kNames[] = {"Location", "Content-Location", "Refresh", "Set-Cookie"};

lp::Settings make_settings() {
  lp::Settings s;
  s.external_urls = {kPublic};
  lp::UpstreamSettings& upstream = s.upstreams["app"];
  upstream.host = "10.0.0.5";
  upstream.port = 3000;
  return s;
}

lp::AddressMap make_map(const lp::Settings& settings, const char* strip, const char* add) {
  lp::RouteSettings route;
  route.upstream = "app";
  route.strip_prefix = strip;
  route.add_prefix = add;
  return {settings, route};
}

void check_reference(std::string_view value, std::string_view mapped) {
  const bool is_ours = mapped.starts_with("https://app.test") || mapped.starts_with("http://");
  LP_CHECK(is_ours || (mapped.starts_with('/') && !mapped.starts_with("//")), "a reference leads elsewhere");
  const bool names_us = mapped.find("app.test") != mapped.npos;
  LP_CHECK(!mapped.starts_with("http://") || names_us || value.starts_with("http://"), "a scheme of nobody's");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Settings settings = make_settings();
  static const lp::AddressMap stripped = make_map(settings, "/app", "");
  static const lp::AddressMap added = make_map(settings, "", "/v1");
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  if (std::any_of(value.begin(), value.end(), is_control)) return 0;  // in no field
  const lp::Field field{kNames[data[0] & 3], value};
  for (const lp::AddressMap* map : {&stripped, &added}) {
    const auto mapped = map->mapped(field, kPublic);
    if (!mapped) continue;
    if ((data[0] & 3) < 2) check_reference(value, *mapped);
    if ((data[0] & 3) == 3) {
      LP_CHECK(mapped->substr(0, mapped->find(';')) == value.substr(0, value.find(';')), "another cookie");
    }
    const auto again = map == &stripped ? map->mapped({field.name, *mapped}, kPublic) : std::nullopt;
    LP_CHECK(!again || *again == *mapped, "a prefix was put before a path twice");
  }
  return 0;
}
