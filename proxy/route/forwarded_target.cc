#include "proxy/route/forwarded_target.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "auth/rules/own_paths.h"
#include "auth/visit/forward_auth.h"
#include "base/encoding.h"
#include "proxy/route/webdav.h"

namespace lp {
namespace {

using Refusal = ForwardedRefusal;

std::string_view path_of(std::string_view path_and_query) { return path_and_query.substr(0, path_and_query.find('?')); }

// True where normalising changed nothing but the spelling of characters.
bool keeps_its_segments(std::string_view as_sent, const Target& target) {
  return percent_decode(path_of(as_sent)) == percent_decode(target.path);
}

// The one place where a forwarded request meets the router. False: it can be read in ways that lead elsewhere.
bool find_route(ForwardedTarget& found, std::string_view method, const ForwardedClient& client, const Router& router) {
  const RouteQuestion question{client.external.host, method, found.target, client.fields, client.address};
  const RouteAnswer answer = router.route_for(question);
  found.route = answer.route;
  if (answer.is_ambiguous() || found.route == nullptr) return !answer.is_ambiguous();
  return destination_stays_on_route(router, question, *found.route);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// True for "X_User" where "X-User" is meant, not for "x-user" itself.
bool is_other_spelling(std::string_view name, std::string_view meant) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (name.size() != meant.size() || iequals(name, meant)) return false;
  return std::equal(name.begin(), name.end(), meant.begin(), [&](char a, char b) {
    return iequals({&a, 1}, {&b, 1}) || (!letter(a) && !letter(b));
  });
}

bool spells_identity_otherwise(const Fields& fields, const std::vector<std::string>& identity) {
  return std::any_of(fields.all().begin(), fields.all().end(), [&](const Field& field) {
    return std::any_of(identity.begin(), identity.end(),
                       [&](const std::string& name) { return is_other_spelling(field.name, name); });
  });
}

// What frameworks take for the method if it is there (threat P24).
bool override_stays_on_route(const ForwardedTarget& found, const ForwardedClient& client, const Router& router) {
  constexpr std::array<std::string_view, 3> kOverrides = {"x-http-method", "x-http-method-override",
                                                          "x-method-override"};
  const auto& all = client.fields.all();
  return std::all_of(all.begin(), all.end(), [&](const Field& field) {
    std::string name = ascii_lower(field.name);
    std::replace(name.begin(), name.end(), '_', '-');
    if (std::find(kOverrides.begin(), kOverrides.end(), name) == kOverrides.end()) return true;
    ForwardedTarget otherwise{found.target, nullptr};
    return find_route(otherwise, upper_case(field.value), client, router) && otherwise.route == found.route;
  });
}

}  // namespace

Result<ForwardedTarget, Refusal> resolve_forwarded(const ForwardedRequest& request, const ForwardedClient& client,
                                                   const Router& router, const Settings& settings) {
  ForwardedTarget found;
  if (!request.scheme.empty() && request.scheme != client.external.scheme) {
    return Refusal{400, "bad_forwarded",
                   "the scheme is said to be " + std::string(request.scheme) + ", but the external URL is " +
                       client.external.text()};
  }
  auto target = normalise_target(request.path_and_query);
  if (!target) return Refusal{400, "bad_forwarded", target.error().message};
  found.target = std::move(*target);
  if (!keeps_its_segments(request.path_and_query, found.target)) {
    return Refusal{400, "bad_forwarded",
                   "the path has dot segments or empty ones, which the app would get as they are"};
  }
  if (is_own_path(found.target.path, settings)) {
    return Refusal{403, "own", "paths of logto-proxy itself must come to it without a check"};
  }
  if (!find_route(found, request.method, client, router)) {
    return Refusal{400, "bad_forwarded", "the target can be read in ways that its route does not take"};
  }
  if (found.route != nullptr && !override_stays_on_route(found, client, router)) {
    return Refusal{400, "bad_forwarded", "the method is overridden by one that another route is for"};
  }
  if (found.route != nullptr && spells_identity_otherwise(client.fields, identity_names(settings, *found.route))) {
    return Refusal{400, "bad_forwarded", "an identity header in a spelling that apps may take for it"};
  }
  return found;
}

}  // namespace lp
