#include "auth/gate/own_endpoints.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/endpoints/account.h"
#include "auth/endpoints/apps.h"
#include "auth/endpoints/backchannel_logout.h"
#include "auth/endpoints/callback.h"
#include "auth/endpoints/extend_session.h"
#include "auth/endpoints/jwks_endpoint.h"
#include "auth/endpoints/me.h"
#include "auth/endpoints/oauth2_proxy.h"
#include "auth/endpoints/organizations.h"
#include "auth/endpoints/sign_in.h"
#include "auth/endpoints/sign_out.h"
#include "auth/endpoints/webhook_endpoint.h"
#include "auth/held/hold_request.h"
#include "auth/rules/own_paths.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

// Who somebody is: makes no difference, may do, or is what the endpoint tells.
enum class Asks { nobody, maybe, who_it_is };

struct OwnEndpoint {
  std::string_view path;  // below the prefix
  std::array<std::string_view, 2> methods;
  Verdict (*handle)(const Visit&, Waiting);
  Asks asks = Asks::maybe;
  bool is_for_programs = false;  // with bounds of their own
};

// A HEAD of the callback would spend the code.
constexpr std::array kEndpoints = {
    OwnEndpoint{"/sign-in", {"GET", "HEAD"}, handle_sign_in},
    OwnEndpoint{"/sign-up", {"GET", "HEAD"}, handle_sign_up},
    OwnEndpoint{"/callback", {"GET", ""}, handle_callback},
    OwnEndpoint{"/sign-out", {"GET", "POST"}, handle_sign_out},
    OwnEndpoint{"/signed-out", {"GET", "HEAD"}, handle_signed_out},
    OwnEndpoint{"/me", {"GET", "HEAD"}, handle_me, Asks::who_it_is},
    OwnEndpoint{"/session", {"POST", ""}, handle_extend_session, Asks::who_it_is},
    OwnEndpoint{"/resume", {"GET", "POST"}, handle_resume},
    OwnEndpoint{"/backchannel-logout", {"POST", ""}, handle_backchannel_logout, Asks::maybe, true},
    OwnEndpoint{"/webhook", {"POST", ""}, handle_webhook, Asks::maybe, true},
    OwnEndpoint{"/jwks.json", {"GET", "HEAD"}, handle_jwks, Asks::nobody, true},
    OwnEndpoint{"/", {"GET", "HEAD"}, handle_account, Asks::who_it_is},
    OwnEndpoint{"/apps", {"GET", "HEAD"}, handle_apps, Asks::who_it_is},
    OwnEndpoint{"/organizations", {"GET", "HEAD"}, handle_organizations, Asks::who_it_is},
    OwnEndpoint{"", {"GET", "HEAD"}, redirect_to_account},
};

// Below forward_auth.oauth2_proxy, but for /auth, which is a check. The callback is our own under another name.
constexpr std::array kOauth2ProxyEndpoints = {
    OwnEndpoint{"/userinfo", {"GET", "HEAD"}, handle_oauth2_userinfo, Asks::who_it_is},
    OwnEndpoint{"/start", {"GET", "HEAD"}, handle_oauth2_start},
    OwnEndpoint{"/sign_in", {"GET", "HEAD"}, handle_oauth2_start},
    OwnEndpoint{"/sign_out", {"GET", "POST"}, handle_oauth2_sign_out},
    OwnEndpoint{"/callback", {"GET", ""}, handle_callback},
};

template <class List>
const OwnEndpoint* find_in(const List& endpoints, std::string_view path) {
  const auto found =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const OwnEndpoint& e) { return e.path == path; });
  return found == endpoints.end() ? nullptr : &*found;
}

const OwnEndpoint* find_endpoint(std::string_view path, const Settings& settings) {
  const std::string_view prefix = settings.auth_prefix;
  const bool is_ours = lies_below_prefix(path, prefix);
  const OwnEndpoint* found = is_ours ? find_in(kEndpoints, path.substr(prefix.size())) : nullptr;
  // Both prefixes may be the same: the endpoints have different names, but for the callback, which is one.
  const std::string_view other = settings.forward_auth.oauth2_proxy;
  if (found != nullptr || other.empty() || !lies_below_prefix(path, other)) return found;
  return find_in(kOauth2ProxyEndpoints, path.substr(other.size()));
}

Verdict refuse_method(const Visit& visit, const OwnEndpoint& endpoint) {
  std::string allow(endpoint.methods[0]);
  if (!endpoint.methods[1].empty()) allow.append(", ").append(endpoint.methods[1]);
  Verdict verdict = status_verdict(visit, "own", 405);
  verdict.answer.add("Allow", std::move(allow));
  return verdict;
}

}  // namespace

bool shows_session(std::string_view path, const Settings& settings) {
  const OwnEndpoint* endpoint = find_endpoint(path, settings);
  return endpoint != nullptr && endpoint->asks == Asks::who_it_is;
}

bool asks_nobody(std::string_view path, const Settings& settings) {
  const OwnEndpoint* endpoint = find_endpoint(path, settings);
  return endpoint != nullptr && endpoint->asks == Asks::nobody;
}

bool is_for_people(std::string_view path, const Settings& settings) {
  const OwnEndpoint* endpoint = find_endpoint(path, settings);
  return endpoint == nullptr || !endpoint->is_for_programs;
}

Verdict answer_own_endpoint(const Visit& visit, Waiting waiting) {
  const OwnEndpoint* endpoint = find_endpoint(visit.facts.path, visit.settings());
  if (endpoint == nullptr) return status_verdict(visit, "own", 404);
  const std::string_view method = visit.facts.head->method;
  if (std::find(endpoint->methods.begin(), endpoint->methods.end(), method) == endpoint->methods.end()) {
    return refuse_method(visit, *endpoint);
  }
  return endpoint->handle(visit, std::move(waiting));
}

}  // namespace lp
