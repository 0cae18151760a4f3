#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/route/target.h"

// A request to a route; the first that matches wins. Pure after construction, safe to share between
// threads.
namespace lp {

// What of a request decides its route. Views: valid during the call.
struct RouteQuestion {
  std::string_view host;  // Origin::host of origin_for's answer
  std::string_view method;
  const Target& target;
  const Fields& fields;
  std::string_view client_address;  // text; what is no address is in no network
};

struct RouteAnswer {
  const RouteSettings* route = nullptr;
  std::string_view ambiguity = {};   // static text, for the log; empty: none
  std::string_view allowed_by = {};  // static text: the route's key, as it is written, that would take it; empty: none
  // The route whose text matches, where a stricter one decides because some app takes the path for that one's. Else
  // null.
  const RouteSettings* instead_of = nullptr;
  [[nodiscard]] bool is_ambiguous() const { return !ambiguity.empty(); }
};

class Router {
 public:
  // `settings` must outlive the router.
  explicit Router(const Settings& settings);
  ~Router();

  // The external URL that this Host names, or null: 421 (RFC 9110 15.5.20). Scheme is not part of the request, so
  // host and port decide; a Host without port matches an external URL on its default port; behind a port mapping
  // (compose 8080:80) the Host carries the outside port, which is what external_urls says too.
  // Wildcards aside; sign_in_url counts as one. The answer lives as long as the router.
  [[nodiscard]] const Origin* origin_for(std::string_view authority) const;
  // The same by wildcard, to be asked where origin_for() has none: the one that this Host names, written out.
  [[nodiscard]] std::optional<Origin> wildcard_origin_for(std::string_view authority) const;
  // `origin` is sign_in_url and none of external_urls: own endpoints are there, and no app.
  [[nodiscard]] bool serves_only_own_endpoints(const Origin& origin) const;
  // The origin at which Logto reaches us (logto.backchannel_url) when this Host names it, else null. To be asked where
  // no external URL is named: only paths of is_backchannel_path() are served there.
  [[nodiscard]] const Origin* backchannel_origin_for(std::string_view authority) const;
  // Some route is for certain methods only.
  [[nodiscard]] bool asks_for_methods() const;
  // Null route: 404, or 400 where `ambiguity` says why. Methods are compared byte for byte; HEAD is a method of its own
  // and must be listed beside GET. One in lower case, which an app may fold to upper case, must not evade a route that
  // asks for somebody. Nor must a path evade one: refused are what the route's encoded_slash and path_bytes reject, and
  // paths with which an app that reads them in another way (proxy/route/readings.h) would land where another route is
  // responsible, or none. An app that decodes no escapes of reserved characters may land on a route that lets as many
  // people pass or more. Query and header conditions that can be read in two ways are refused
  // (proxy/route/route_conditions.h).
  // A path in another case, with a slash, dots or blanks at an end, is what many apps take for the one without
  // (config/spelling.h): where a route that is stricter than the one that matches would match it then, that one
  // decides, and where of two neither is, nobody does. Not where the route that matches says path_spellings: distinct
  // (docs/decisions/0029-spellings.md).
  [[nodiscard]] RouteAnswer route_for(const RouteQuestion& question) const;
  // Whether an app that decodes no escape at all lands on a route that lets as many people pass as `route`, or more,
  // when it gets the path as it was sent. `route` is that of route_for()'s answer.
  [[nodiscard]] bool may_go_as_sent(const RouteSettings& route, const RouteQuestion& question) const;
  // Among the routes for checks at /oauth2/auth (config/forward_auth.h), whatever stands before them. Null: there is
  // none.
  [[nodiscard]] RouteAnswer route_for_oauth2_auth(const RouteQuestion& question) const;

 private:
  [[nodiscard]] bool evades_by_method(const RouteSettings& route, const RouteQuestion& question) const;
  [[nodiscard]] RouteAnswer misreading(const RouteSettings& route, const RouteQuestion& question) const;
  [[nodiscard]] bool reads_otherwise(const RouteSettings& route, const RouteQuestion& question) const;
  [[nodiscard]] bool reads_hidden_query(const RouteSettings& route, const RouteQuestion& question) const;
  [[nodiscard]] bool reads_spelling_otherwise(const RouteSettings& route, const RouteQuestion& question) const;
  [[nodiscard]] bool stays(const RouteSettings& route, const RouteQuestion& question, std::string_view reading) const;
  [[nodiscard]] bool stays_or_widens(const RouteSettings& route, const RouteQuestion& question,
                                     std::string_view reading) const;
  // Some spelling of `path`, which `route` matches, is one that a stricter route matches.
  [[nodiscard]] bool meets_stricter(const RouteSettings& route, const RouteQuestion& question,
                                    std::string_view path) const;
  [[nodiscard]] RouteAnswer strictest_for(const RouteSettings& route, const RouteQuestion& question) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The endpoints that Logto itself calls. `path` is normalised.
[[nodiscard]] bool is_backchannel_path(std::string_view path, std::string_view auth_prefix);

}  // namespace lp
