#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// Which header fields and cookies belong to us alone. Pure after construction; shared by all threads.
namespace lp {

class ClientHeaderRules {
 public:
  explicit ClientHeaderRules(const Settings& settings);
  ~ClientHeaderRules();

  // A request field that no client may send to an app: identity headers (the configured ones of every route,
  // oauth2-proxy's defaults and every preset's); forwarding headers (X-Forwarded-*, Forwarded, X-Real-IP ...), which we
  // set ourselves; Proxy, X-Original-URL and the like. In every case and with any other punctuation for '-', in which a
  // framing field is refused too ("Content_Length"). On every route, signed in or not (threats H), but for what a route
  // lets pass (proxy/http/route_fields.h). Fields that override the method: proxy/route/resolve.h.
  [[nodiscard]] bool strips_request_field(std::string_view name) const;
  // A response field that only we may send (X-Accel-Redirect and other internal fields, identity headers).
  [[nodiscard]] bool strips_response_field(std::string_view name) const;

  // Session and pending cookies of ours, with all their pieces, by exact name.
  [[nodiscard]] bool is_own_cookie(std::string_view name) const;
  // Appends the Cookie value without our own pairs to `out`, the others in their own bytes, and where Logto is on
  // `host` too (cookies know no ports, RFC 6265 8.5) without Logto's: its session is no app's business. Appends nothing
  // when none is left.
  void append_foreign_cookies(std::string_view cookie_value, std::string_view host, std::string& out) const;
  // False for a Set-Cookie of the app at `host` that would set, shadow or delete one that it is not sent there.
  [[nodiscard]] bool app_may_set(std::string_view set_cookie_value, std::string_view host) const;

 private:
  [[nodiscard]] bool is_no_apps(std::string_view cookie, bool is_with_logto) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
