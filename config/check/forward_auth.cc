#include "config/check/forward_auth.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "config/forward_auth.h"
#include "config/identity_presets.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

void one_secret(const Settings&, Report& report) {
  if (!report.has("forward_auth.secret") || !report.has("forward_auth.secret_file")) return;
  report.problem("forward_auth.secret_file",
                 "expected one of forward_auth.secret and forward_auth.secret_file, found both");
}

void guards_have_something_to_guard(const Settings& s, Report& report) {
  if (s.forward_auth.enabled || !s.forward_auth.oauth2_proxy.empty()) return;
  for (const char* key : {"forward_auth.listen", "forward_auth.secret", "forward_auth.secret_file"}) {
    if (!report.has(key)) continue;
    report.warning(key, "has no effect: forward_auth.enabled and forward_auth.oauth2_proxy are off");
  }
}

bool is_identity_header(const Settings& s, const std::string& folded) {
  const auto is_same = [&](const IdentityHeaderSettings& header) { return folded_header(header.header) == folded; };
  const auto has = [&](const std::vector<IdentityHeaderSettings>& headers) {
    return std::any_of(headers.begin(), headers.end(), is_same);
  };
  return has(identity_headers_of(s)) || std::any_of(s.routes.begin(), s.routes.end(), [&](const RouteSettings& route) {
           return has(identity_headers_of(s, route));
         });
}

// It is taken out of every request, so it must mean nothing else. With "x-" none has a meaning in HTTP itself.
void secret_has_a_field_of_its_own(const Settings& s, Report& report) {
  if (!report.has("forward_auth.secret_header") || report.has_problem_in("forward_auth.secret_header")) return;
  const std::string folded = folded_header(s.forward_auth.secret_header);
  const auto begins = [&](std::string_view with) { return folded.starts_with(with); };
  const bool is_plain = begins("x-") && !begins("x-forwarded-") && !begins("x-original-") && !begins("x-http-method") &&
                        folded != "x-method-override" && folded != "x-request-id" && folded != "x-real-ip";
  if (is_plain && !is_identity_header(s, folded)) return;
  report.problem(
      "forward_auth.secret_header",
      "expected a name that begins with X- and means nothing else, such as X-Logto-Proxy-Check-Secret, found '" +
          s.forward_auth.secret_header + "'");
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Whoever the proxy in front serves can cause a check that comes from its address, and would read the answer.
void answers_are_guarded(const Settings& s, Report& report) {
  if ((!s.forward_auth.enabled && s.forward_auth.oauth2_proxy.empty()) || knows_who_asks(s.forward_auth)) return;
  if (report.has_problem_in("routes") || report.has_problem_in("forward_auth")) return;
  // What happens differs by endpoint, and the route for /oauth2/auth is for no other.
  std::vector<std::string> refused, told_less;
  for (const RouteSettings& route : s.routes) {
    const std::vector<std::string> keys = secrets_in_answers(s, route);
    if (keys.empty() || route.access == Access::deny) continue;
    const std::string shown = route.label + " (" + joined(keys) + ")";
    if (s.forward_auth.enabled && !is_for_oauth2_auth(s, route)) refused.push_back(shown);
    if (!s.forward_auth.oauth2_proxy.empty()) told_less.push_back(shown);
  }
  if (refused.empty() && told_less.empty()) return;
  std::string text;
  if (!refused.empty()) text = "at " + s.auth_prefix + "/check (403) checks are refused for " + joined(refused);
  if (!refused.empty() && !told_less.empty()) text += "; ";
  if (!told_less.empty())
    text += "at " + oauth2_auth_path(s.forward_auth) + " answers tell who it is and no more for " + joined(told_less);
  report.warning("forward_auth", text +
                                     ": nothing proves who asks, and an answer would show this to anybody. Set "
                                     "forward_auth.listen, or set forward_auth.secret and let the proxy that asks "
                                     "send it in " +
                                     s.forward_auth.secret_header);
}

// A rule that nobody would evaluate must not look as if it protected something. With trusted_proxies the one that asks
// may say what it asks about, and is refused where it does not.
void rules_are_asked(const Settings& s, Report& report) {
  if (s.forward_auth.oauth2_proxy.empty() || !s.trusted_proxies.empty()) return;
  if (report.has_problem_in("routes") || report.has_problem_in("trusted_proxies")) return;
  const std::string path = oauth2_auth_path(s.forward_auth);
  const RouteSettings* named = route_for_all_checks(s);
  for (const RouteSettings* route : rules_not_asked_by(named, s)) {
    const bool has_own_requests = !route->upstream.empty() || route->reply.is_configured();
    report.problem("routes[" + std::to_string(route->index) + "]",
                   "its rules are " + (has_own_requests ? "not asked at " + path : "never asked") + ": " + path +
                       " is not told which request it is about, so " +
                       (named != nullptr ? "the route for " + path + " decides for all. "
                                         : "everybody who is signed in would pass. ") +
                       "Write a route { path: " + path +
                       ", require: ... } that asks for as much, or name the proxy that "
                       "asks under trusted_proxies and let it send X-Forwarded-Uri and X-Forwarded-Method; where no "
                       "proxy asks, write { path: " +
                       path + ", access: deny }");
  }
}

// Of two of ours one below the other, the inner one would answer some paths of the outer one, or be hidden by it.
void prefixes_are_apart(const Settings& s, Report& report) {
  const std::string& prefix = s.forward_auth.oauth2_proxy;
  if (prefix.empty() || prefix == s.auth_prefix) return;
  if (!is_below(prefix, s.auth_prefix) && !is_below(s.auth_prefix, prefix)) return;
  report.problem("forward_auth.oauth2_proxy", "expected a path that is auth_prefix (" + s.auth_prefix +
                                                  ") itself or neither below nor above it, found '" + prefix + "'");
}

}  // namespace

void check_forward_auth(const Settings& settings, Report& report) {
  one_secret(settings, report);
  guards_have_something_to_guard(settings, report);
  secret_has_a_field_of_its_own(settings, report);
  answers_are_guarded(settings, report);
  rules_are_asked(settings, report);
  prefixes_are_apart(settings, report);
}

}  // namespace lp
