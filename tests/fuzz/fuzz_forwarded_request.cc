// Lines "Name: value" (the first one "METHOD HOST BEHIND") as another proxy's question. Whatever is believed names one
// request, in the words of a field that is there once, and its route is that of the path that the app gets.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/visit/forwarded_request.h"
#include "base/check.h"
#include "base/encoding.h"
#include "proxy/route/resolve.h"

namespace {

using namespace lp;

Settings make_settings() {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  for (const char* prefix : {"/public", "/private", ""}) {
    RouteSettings route;
    route.index = static_cast<int>(settings.routes.size()) + 1;
    route.path = {PathPattern::Kind::prefix, prefix};
    route.access = settings.routes.empty() ? Access::public_ : Access::signed_in;
    settings.routes.push_back(route);
  }
  return settings;
}

std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void check_route(const ForwardedRequest& request, const Fields& fields) {
  static const Settings settings = make_settings();
  static const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  Resolution found;
  resolve_check(realms, request, fields, "192.0.2.1", found);
  if (found.kind == Resolution::Kind::refused) {
    LP_CHECK(found.refusal.status >= 400, "a refusal that looks like a pass");
    return;
  }
  const auto sent = percent_decode(request.path_and_query.substr(0, request.path_and_query.find('?')));
  LP_CHECK(sent.has_value(), "broken escapes");
  LP_CHECK((*sent + "/").find("/../") == std::string::npos && sent->find("//") == std::string::npos, "not as judged");
  const bool is_private = *sent == "/private" || sent->starts_with("/private/");
  LP_CHECK(!is_private || found.route == &settings.routes[1], "another route than that of the path");
}

// Whatever oauth2-proxy's endpoint is asked about, nobody passes for a path that is not the one that was said.
void check_oauth2(const RequestHead& head, std::string_view host) {
  static const Settings settings = [] {
    Settings made = make_settings();
    made.forward_auth.oauth2_proxy = "/oauth2";
    return made;
  }();
  static const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto about = read_oauth2_target(head, host);
  if (!about) return;
  Resolution found;
  resolve_oauth2_check(realms, {head, host, "/oauth2/auth", "192.0.2.1", *about}, found);
  if (found.kind == Resolution::Kind::refused) {
    LP_CHECK(found.refusal.status >= 400, "a refusal that looks like a pass");
    return;
  }
  LP_CHECK(found.external != nullptr, "a check of no external URL");
  if (!*about) return;
  const auto sent = percent_decode((*about)->path_and_query.substr(0, (*about)->path_and_query.find('?')));
  LP_CHECK(sent.has_value(), "broken escapes");
  const bool is_private = *sent == "/private" || sent->starts_with("/private/");
  LP_CHECK(!is_private || found.route == &settings.routes[1], "another route than that of the path");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  std::string_view first = take(rest, '\n');
  head.method = take(first, ' ');
  const std::string_view host = take(first, ' ');
  const std::string_view behind = first.starts_with('/') ? first : std::string_view();
  while (!rest.empty()) {
    std::string_view line = take(rest, '\n');
    const std::string_view name = take(line, ':');
    head.fields.add(name, trim_ows(line));
  }
  check_oauth2(head, host);
  const auto request = read_forwarded_request(head, host, behind);
  if (!request) return 0;
  LP_CHECK(request->form != ForwardedForm::none && !request->method.empty(), "a request of no form");
  LP_CHECK(request->path_and_query.starts_with('/'), "no path");
  LP_CHECK(request->scheme.empty() || request->scheme == "http" || request->scheme == "https", "another scheme");
  for (const char* name : {"X-Original-URL", "X-Original-Method"}) {
    LP_CHECK(head.fields.count(name) <= 1, "a field that is there twice");
  }
  if (head.fields.has("X-Forwarded-Uri")) {
    LP_CHECK(head.fields.get("X-Forwarded-Uri") == request->path_and_query, "one form was ignored");
  }
  check_route(*request, head.fields);
  return 0;
}
