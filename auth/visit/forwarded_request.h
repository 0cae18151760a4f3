#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/http_message.h"
#include "base/result.h"
#include "config/settings.h"

// What another proxy asks {prefix}/check about: nginx auth_request, Traefik ForwardAuth, Caddy forward_auth, HAProxy,
// Envoy ext_authz. Whoever calls this has made sure that the peer is one of trusted_proxies (threat P04). Pure.
namespace lp {

enum class ForwardedForm : std::uint8_t {
  none,          // an ordinary request
  original_url,  // nginx: X-Original-URL and X-Original-Method; it understands 2xx, 401 and 403 and nothing else
  forwarded,     // Traefik, Caddy, HAProxy: X-Forwarded-Method, -Proto, -Host and -Uri; any answer reaches the client
  path,          // Envoy: {prefix}/check/ORIGINAL_PATH, with the client's own method and Host; any answer does too
  oauth2_auth,   // whoever was set up for oauth2-proxy's /oauth2/auth: 202, 401 and 403 and nothing else
  oauth2_root,   // Traefik set up for an oauth2-proxy without an app: 202, and any other answer reaches the client
};

// The two that are answered as oauth2-proxy does.
[[nodiscard]] inline bool is_of_oauth2_proxy(ForwardedForm form) {
  return form == ForwardedForm::oauth2_auth || form == ForwardedForm::oauth2_root;
}

// Views into the head that it was read from.
struct ForwardedRequest {
  ForwardedForm form = ForwardedForm::none;
  std::string_view method;          // a token
  std::string_view scheme;          // "http" or "https"; empty where form `path` does not tell
  std::string_view authority;       // not looked into
  std::string_view path_and_query;  // begins with '/'; not normalised
};

// What stands behind {prefix}/check in a target as sent: empty for the endpoint itself (a query is nobody's), else
// "/ORIGINAL_PATH?QUERY". Nullopt for everything else. Judged before normalisation, so that no "/../" of the original
// path can climb out of the endpoint and be answered by another one.
[[nodiscard]] std::optional<std::string_view> behind_check(std::string_view path_and_query,
                                                           std::string_view auth_prefix);

// One form, each of its fields once and not empty; several forms only where they say the same. `host` is the request's
// own, `behind` of behind_check(). The error names the fields.
[[nodiscard]] Result<ForwardedRequest> read_forwarded_request(const RequestHead& head, std::string_view host,
                                                              std::string_view behind);

// The target is /oauth2/auth, in this spelling only.
[[nodiscard]] bool asks_oauth2_auth(std::string_view path_and_query, const ForwardAuthSettings& settings);
// A question at "/", as Traefik asks an oauth2-proxy that has no app: all of X-Forwarded-Method, -Proto, -Host and
// -Uri. Another request for "/" is one for an app.
[[nodiscard]] bool asks_at_root(const RequestHead& head, std::string_view path_and_query);
// What /oauth2/auth is asked about: X-Forwarded-Uri, as for oauth2-proxy, with X-Forwarded-Method, -Proto and -Host
// where they are there, or X-Original-URL, with X-Original-Method, as ingress-nginx has it; what is told twice must be
// the same. Without them nullopt. In the answer `method` is empty where nobody tells, `authority` then `host`.
[[nodiscard]] Result<std::optional<ForwardedRequest>> read_oauth2_target(const RequestHead& head,
                                                                         std::string_view host);

// A handshake of a WebSocket, though proxies take Upgrade out of what they ask about.
[[nodiscard]] bool asks_for_websocket(const Fields& fields);

}  // namespace lp
