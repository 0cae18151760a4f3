#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "proxy/target.h"

// Host, path and method to a route; the first that matches wins. Pure after construction, safe to share between
// threads.
namespace lp {

class Router {
 public:
  // `settings` must outlive the router.
  explicit Router(const Settings& settings);
  ~Router();

  // The external URL that this Host names, or null: 421 (RFC 9110 15.5.20). Scheme is not part of the request, so
  // host and port decide; a Host without port matches an external URL on its default port; behind a port mapping
  // (compose 8080:80) the Host carries the outside port, which is what external_urls says too.
  [[nodiscard]] const Origin* origin_for(std::string_view authority) const;
  // The origin at which Logto reaches us (logto.backchannel_url) when this Host names it, else null. To be asked where
  // no external URL is named: only paths of is_backchannel_path() are served there.
  [[nodiscard]] const Origin* backchannel_origin_for(std::string_view authority) const;
  // `host` is Origin::host of origin_for's answer. Null: 404, or 400 when `is_ambiguous` is set: the path
  // holds an encoded slash and the route that would match rejects it, or an app that reads the path in another way (see
  // lenient_readings) would land where another route is responsible, or none.
  // Methods are compared byte for byte; HEAD is a method of its own and must be listed beside GET. One in lower case,
  // which an app may fold to upper case, must not evade a route that asks for somebody: it is refused like the above.
  [[nodiscard]] const RouteSettings* route_for(std::string_view host, std::string_view method, const Target& target,
                                               bool& is_ambiguous) const;

 private:
  [[nodiscard]] bool evades_by_method(const RouteSettings& route, std::string_view host, std::string_view method,
                                      const Target& target) const;
  [[nodiscard]] bool reads_otherwise(const RouteSettings& route, std::string_view host, std::string_view method,
                                     const Target& target) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The endpoints that Logto itself calls. `path` is normalised.
[[nodiscard]] bool is_backchannel_path(std::string_view path, std::string_view auth_prefix);

}  // namespace lp
