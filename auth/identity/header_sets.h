#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// What the apps of some routes are told: the same for all of them, so that it is made once for a person.
struct HeaderSet {
  std::vector<IdentityHeaderSettings> headers;
  UpstreamAuthorizationSettings authorization;
  std::string audience;  // of assertions: the upstream's URL; empty: the external URL, another proxy sends it on
  bool has_id_token = false;
  bool has_access_token = false;
  bool names_organization = false;  // what it says depends on the organization in the address
  bool names_certificate = false;   // what it says depends on the certificate of the connection
  bool names_origin = false;        // what it says depends on the external URL that was asked
};

// The distinct sets of all routes. Immutable.
class HeaderSets {
 public:
  explicit HeaderSets(const Settings& settings);
  // `route` is one of the settings it was made of, or a copy.
  [[nodiscard]] std::size_t index_of(const RouteSettings& route) const;
  [[nodiscard]] const HeaderSet& at(std::size_t index) const { return sets_[index]; }
  [[nodiscard]] std::size_t size() const { return sets_.size(); }

 private:
  std::vector<HeaderSet> sets_;
  std::vector<std::size_t> of_route_;  // by RouteSettings::index
};

}  // namespace lp
