#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

// Answers of an app that name the address at which it is asked, where browsers know another one: Location,
// Content-Location, Refresh, and Domain and Path of cookies (docs/decisions/0043-fields.md). Pure after construction,
// immutable.
namespace lp {

class AddressMap {
 public:
  // `settings` must outlive it.
  AddressMap(const Settings& settings, const RouteSettings& route);

  [[nodiscard]] static bool may_concern(std::string_view field_name) {
    switch (field_name.size()) {
      case 7:
        return iequals(field_name, "Refresh");
      case 8:
        return iequals(field_name, "Location");
      case 10:
        return iequals(field_name, "Set-Cookie");
      case 16:
        return iequals(field_name, "Content-Location");
      default:
        return false;
    }
  }
  // The value as the browser at `external` has to read it, of a field that may be concerned. Nullopt: as it is.
  //  - An absolute URL with the app's own host, under its port, the scheme's, or ours, gets our origin. So does one
  //    with the name under which the app is asked (upstreams.*.host), also under the app's port. None of another
  //    external URL of ours does.
  //  - A path, alone or in such a URL or one with our origin, loses add_prefix and gets strip_prefix, unless it has
  //  that
  //    already (apps that heed X-Forwarded-Prefix), or is one of our own endpoints.
  //  - What browsers may read in another way than we do (a backslash, a tab) stays as it is, and no path becomes "//".
  [[nodiscard]] std::optional<std::string> mapped(const Field& field, const Origin& external) const;

 private:
  struct Address {
    std::string host;  // as Origin::host
    std::uint16_t port = 0;
    bool also_default_ports = false;
  };
  void add_inner(const Settings& settings, Address address);
  [[nodiscard]] bool is_inner(std::string_view scheme, const Authority& authority, const Origin& external) const;
  [[nodiscard]] std::optional<std::string> reference(std::string_view value, const Origin& external) const;
  [[nodiscard]] std::optional<std::string> absolute(std::string_view scheme, std::string_view rest,
                                                    const Origin& external) const;
  [[nodiscard]] std::optional<std::string> path(std::string_view path_and_more) const;
  [[nodiscard]] std::optional<std::string> public_path(std::string_view path) const;
  [[nodiscard]] std::optional<std::string> refresh(std::string_view value, const Origin& external) const;
  [[nodiscard]] std::optional<std::string> set_cookie(std::string_view value) const;
  [[nodiscard]] std::string cookie_path(std::string_view path) const;

  const Settings& settings_;
  std::string strip_prefix_;  // without a slash at the end
  std::string add_prefix_;
  std::vector<Address> inner_;
};

}  // namespace lp
