#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/visit/forwarded_request.h"
#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"
#include "proxy/route/fixed_answers.h"
#include "proxy/route/router.h"
#include "proxy/route/target.h"

// What can be said of a request before anybody looks at who sends it: whose Host, which target, an endpoint of ours or
// which route, what the app would get, or the refusal. The one resolution of the server, of checks for other proxies,
// of `explain` and of `tests:`. Pure.
namespace lp {

// A realm's routes. Both outlive what is resolved with them.
struct RealmRoutes {
  const Settings& settings;
  const Router& router;
};

// Of a request as it stands on the wire. Views: valid as long as the resolution is used.
struct RequestLine {
  std::string_view authority;       // Host, or that of an absolute target
  std::string_view path_and_query;  // as sent
  std::string_view method;
  const Fields& fields;
  std::string_view client_address;  // behind trusted hops
  std::uint64_t body_bytes = 0;     // Content-Length; 0 too where nobody knows yet
};

struct Refusal {
  int status = 400;
  std::string_view decision;  // static text, for the access log
  std::string reason;         // for logs and `explain`: which rule
  std::string_view allowed_by =
      {};  // static text, for the page: the key of a route that would let it pass; empty: none
};

// Filled in place, and used again for the next request: `external` may point into it.
struct Resolution {
  enum class Kind : std::uint8_t {
    refused,
    own,       // an endpoint of ours, if there is one of that name
    fixed,     // for a probe or a crawler: nobody looked at the Host, unless `external` is set
    no_route,  // 404
    routed,
  };
  Kind kind = Kind::refused;
  Refusal refusal;  // refused
  FixedAnswer fixed = FixedAnswer::none;
  // The external URL that the Host names, in the realm's router or in `wildcard`; null: none of any realm.
  const Origin* external = nullptr;
  std::size_t realm = 0;  // index of that URL's
  std::optional<Origin> wildcard;
  // The Host is where Logto reaches us and no external URL (logto.backchannel_url): `external` is that origin, and only
  // the endpoints for Logto's own calls are there.
  bool only_backchannel = false;
  bool has_target = false;
  Target target;
  bool by_check = false;  // by resolve_check() or resolve_oauth2_check()
  bool asked_router = false;
  bool is_behind_other_proxy = false;  // no_route: one matches whose app another proxy has, which asks {prefix}/check
  // routed; refused: the one that matches and does not take the request. Null where routed: by resolve_oauth2_check(),
  // and whoever is signed in passes.
  const RouteSettings* route = nullptr;
  const RouteSettings* also_asked = nullptr;  // routed by resolve_oauth2_check(): see there
  const RouteSettings* instead_of = nullptr;  // routed: see RouteAnswer
  // Routed, by resolve(): path and query that the app gets; whether the client says another method in a field, and
  // whether the app must not hear of it, for then another rule might have decided.
  std::string app_target;
  bool has_method_override = false;
  bool drops_method_override = false;
  // Routed, with ended sessions in Redis: the app may read another method out of the query or a field that it gets.
  // While Redis is away (redis.grace) the one that is said tells nothing then of whether the request changes something.
  bool may_be_other_method = false;

  void start_over();
  Resolution() = default;
  Resolution(const Resolution&) = delete;
  Resolution& operator=(const Resolution&) = delete;
};

// For a request to us.
void resolve(std::span<const RealmRoutes> realms, const RequestLine& request, Resolution& into);

// For a request that another proxy asks about: the same, and stricter where that proxy, not we, sends the app what it
// gets. Refused is besides:
//  - a method that the codec refuses, a WebSocket handshake by another method than GET;
//  - another scheme than the external URL's;
//  - a path with dot segments or empty ones, though we could resolve them: the app gets the path as it was sent, and
//    may resolve nothing;
//  - a path of our own: the other proxy must send it to us without asking;
//  - an identity header in a spelling that gateways take for the same ("X_Forwarded_User", threat H02), which the
//    other proxy does not replace;
//  - a method override in a field that would lead to another route: nobody takes these out on the way to the app, as we
//    do for ours. One in the query is refused by both;
//  - a route whose answers hold what the client does not have itself (config/forward_auth.h), where nothing proves who
//    asks: no listener for checks and no secret.
// `fields` are those of the check, which are the client's own.
void resolve_check(std::span<const RealmRoutes> realms, const ForwardedRequest& request, const Fields& fields,
                   std::string_view client_address, Resolution& into);

// What is asked at /oauth2/auth, or at "/" in its place.
struct Oauth2Check {
  const RequestHead& head;
  std::string_view host;  // of the check itself; may be an address inside
  std::string_view path_and_query;
  std::string_view client_address;
  // read_oauth2_target(), where the peer is trusted; else nobody tells.
  std::optional<ForwardedRequest> about;
};
// In the order of who decides:
//  - the route of the request that it is about, as in resolve_check(). Unless that one lets anybody pass, the route for
//    /oauth2/auth (config/forward_auth.h), where there is one, is `also_asked`;
//  - the route for /oauth2/auth;
//  - nobody: `route` is null, and whoever is signed in passes.
// Refused is besides, for then a rule would not be asked: a check that does not say what it is about, or is about a
// request that no route takes, where the routes hold rules of other requests (rules_not_asked_by); and one that does
// not tell the method, where the route of another method asks for more. A Host of none of the realm's, which is that of
// a service inside, stands for the first external URL, unless there are several realms, or routes for certain hosts.
void resolve_oauth2_check(std::span<const RealmRoutes> realms, const Oauth2Check& check, Resolution& into);

// The question that was asked of the router; only where there is an external URL and a target.
[[nodiscard]] RouteQuestion route_question(const RequestLine& request, const Resolution& resolution);

}  // namespace lp
