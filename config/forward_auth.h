#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// What the settings say of checks for other proxies: the same for the server, `check` and `explain`. Pure.
namespace lp {

// Where oauth2-proxy has its endpoints unless it is told otherwise.
inline constexpr std::string_view kOauth2Prefix = "/oauth2";
// What stands behind that prefix in what oauth2-proxy is asked at.
inline constexpr std::string_view kOauth2Auth = "/auth";
// "/oauth2/auth"; only where oauth2-proxy's endpoints are served.
[[nodiscard]] std::string oauth2_auth_path(const ForwardAuthSettings& settings);
[[nodiscard]] bool is_oauth2_auth_path(std::string_view path, const ForwardAuthSettings& settings);

// An address, also a trusted one, says from which machine a check comes and not who caused it: whoever the proxy there
// serves may have. A listener that nobody else reaches says who asks, or a secret that nobody else has.
[[nodiscard]] bool knows_who_asks(const ForwardAuthSettings& settings);

// What an answer about this route would hold that the client, whose session or token it is, does not have already: the
// keys, such as "identity_headers.X-Api-Key". With one of them it is given to nobody unless it is known who asks.
[[nodiscard]] std::vector<std::string> secrets_in_answers(const Settings& settings, const RouteSettings& route);

// A route that is named for checks at /oauth2/auth and for nothing else. Here and elsewhere: below whichever prefix.
[[nodiscard]] bool is_for_oauth2_auth(const Settings& settings, const RouteSettings& route);

// The routes whose rules nobody asks at /oauth2/auth where the asking proxy does not say which request it is about:
// `named` decides instead (null: whoever is signed in passes) and does not ask for as much. Also of routes with an
// upstream: what they keep from somebody here is not known to be what the other proxy asks about, nor not to be.
[[nodiscard]] std::vector<const RouteSettings*> rules_not_asked_by(const RouteSettings* named,
                                                                   const Settings& settings);
// The route for /oauth2/auth that judges whatever comes: without host or another condition. Null: there is none.
[[nodiscard]] const RouteSettings* route_for_all_checks(const Settings& settings);

}  // namespace lp
