#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/route/method_override.h"

// The first line is a query, the rest the value of X-HTTP-Method-Override. Where everything but DELETE is another
// route's, what stays must not hold that word where some framework looks for it, and fields can only add a refusal.
namespace {

const lp::Settings& settings() {
  static const lp::Settings made = [] {
    lp::Settings s;
    s.external_urls = {{"https", "app.test", 443}};
    lp::RouteSettings deleting;
    deleting.path = {lp::PathPattern::Kind::prefix, "/api"};
    deleting.methods = {"DELETE"};
    deleting.access = lp::Access::deny;
    lp::RouteSettings others = deleting;
    others.methods.clear();
    others.access = lp::Access::public_;
    s.routes = {deleting, others};
    return s;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Router router(settings());
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto target = lp::normalise_target("/api/x?" + text.substr(0, end));
  if (!target) return 0;
  lp::Fields fields;
  fields.add("x.http_method-OVERRIDE", std::string_view(text).substr(std::min(end + 1, text.size())));
  const lp::RouteQuestion question{"app.test", "POST", *target, fields, "192.0.2.1"};
  const auto stays = [&](lp::OverridingFields which) {
    return lp::overrides_stay_on_route(router, question, settings().routes[1], which);
  };
  const bool by_query = stays(lp::OverridingFields::stay_here);
  const bool by_both = stays(lp::OverridingFields::reach_the_app);
  LP_CHECK(by_query || !by_both, "a field opens what the query closes");
  LP_CHECK(!by_query || ("&" + target->query).find("&_method=DELETE") == std::string::npos, "a parameter was not seen");
  LP_CHECK(!by_both || fields.all().front().value != "DELETE", "a field was not seen");
  return 0;
}
