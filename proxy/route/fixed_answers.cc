#include "proxy/route/fixed_answers.h"

#include "base/one_of.h"
#include "config/acme.h"
#include "config/health.h"

namespace lp {
namespace {

// Of several fields none is believed.
bool may_ping(const Fields& fields, const HealthSettings& settings) {
  return settings.ping_user_agents.empty() ||
         (fields.count("User-Agent") == 1 && is_one_of(fields.get("User-Agent"), settings.ping_user_agents));
}

}  // namespace

FixedAnswer fixed_answer_to(std::string_view method, std::string_view path_and_query, const Fields& fields,
                            const HealthSettings& settings) {
  if (settings.ping.empty() && settings.ready.empty() && settings.robots_txt != RobotsTxt::always)
    return FixedAnswer::none;
  if (method != "GET" && method != "HEAD") return FixedAnswer::none;
  const std::string_view path = path_and_query.substr(0, path_and_query.find('?'));
  if (is_one_of(path, settings.ping)) return may_ping(fields, settings) ? FixedAnswer::ping : FixedAnswer::none;
  if (is_one_of(path, settings.ready)) return FixedAnswer::ready;
  return settings.robots_txt == RobotsTxt::always && path == kRobotsTxt ? FixedAnswer::robots_txt : FixedAnswer::none;
}

bool is_of_acme_webroot(std::string_view method, std::string_view path_and_query, const Settings& settings) {
  return !settings.acme_webroot.empty() && path_and_query.starts_with(kAcmePath) && is_one_of(method, {"GET", "HEAD"});
}

bool is_for_crawlers(std::string_view method, std::string_view normal_path, std::string_view host,
                     const Settings& settings) {
  return normal_path == kRobotsTxt && (method == "GET" || method == "HEAD") && keeps_crawlers_away(settings, host);
}

}  // namespace lp
