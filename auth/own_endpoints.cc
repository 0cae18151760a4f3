#include "auth/own_endpoints.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/account.h"
#include "auth/backchannel_logout.h"
#include "auth/callback.h"
#include "auth/extend_session.h"
#include "auth/hold_request.h"
#include "auth/me.h"
#include "auth/sign_in.h"
#include "auth/sign_out.h"
#include "auth/webhook_endpoint.h"

namespace lp {
namespace {

struct OwnEndpoint {
  std::string_view path;  // below the prefix
  std::array<std::string_view, 2> methods;
  Verdict (*handle)(const Visit&, Waiting);
  bool shows_session = false;
};

// A HEAD of the callback would spend the code.
constexpr std::array kEndpoints = {
    OwnEndpoint{"/sign-in", {"GET", "HEAD"}, handle_sign_in},
    OwnEndpoint{"/sign-up", {"GET", "HEAD"}, handle_sign_up},
    OwnEndpoint{"/callback", {"GET", ""}, handle_callback},
    OwnEndpoint{"/sign-out", {"GET", "POST"}, handle_sign_out},
    OwnEndpoint{"/signed-out", {"GET", "HEAD"}, handle_signed_out},
    OwnEndpoint{"/me", {"GET", "HEAD"}, handle_me, true},
    OwnEndpoint{"/session", {"POST", ""}, handle_extend_session, true},
    OwnEndpoint{"/resume", {"GET", "POST"}, handle_resume},
    OwnEndpoint{"/backchannel-logout", {"POST", ""}, handle_backchannel_logout},
    OwnEndpoint{"/webhook", {"POST", ""}, handle_webhook},
    OwnEndpoint{"/", {"GET", "HEAD"}, handle_account, true},
    OwnEndpoint{"", {"GET", "HEAD"}, redirect_to_account},
};

const OwnEndpoint* find_endpoint(std::string_view path) {
  const auto found =
      std::find_if(kEndpoints.begin(), kEndpoints.end(), [&](const OwnEndpoint& e) { return e.path == path; });
  return found == kEndpoints.end() ? nullptr : &*found;
}

Verdict refuse_method(const Visit& visit, const OwnEndpoint& endpoint) {
  std::string allow(endpoint.methods[0]);
  if (!endpoint.methods[1].empty()) allow.append(", ").append(endpoint.methods[1]);
  Verdict verdict = status_verdict(visit, "own", 405);
  verdict.answer.add("Allow", std::move(allow));
  return verdict;
}

}  // namespace

bool lies_below_prefix(std::string_view path, std::string_view auth_prefix) {
  return path.starts_with(auth_prefix) && (path.size() == auth_prefix.size() || path[auth_prefix.size()] == '/');
}

bool shows_session(std::string_view path, std::string_view auth_prefix) {
  const OwnEndpoint* endpoint = find_endpoint(path.substr(auth_prefix.size()));
  return endpoint != nullptr && endpoint->shows_session;
}

Verdict answer_own_endpoint(const Visit& visit, Waiting waiting) {
  const std::string_view path = visit.facts.path.substr(visit.settings().auth_prefix.size());
  const OwnEndpoint* endpoint = find_endpoint(path);
  if (endpoint == nullptr) return status_verdict(visit, "own", 404);
  const std::string_view method = visit.facts.head->method;
  if (std::find(endpoint->methods.begin(), endpoint->methods.end(), method) == endpoint->methods.end()) {
    return refuse_method(visit, *endpoint);
  }
  return endpoint->handle(visit, std::move(waiting));
}

}  // namespace lp
