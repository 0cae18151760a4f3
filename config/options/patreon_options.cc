#include "config/options/patreon_options.h"

#include <algorithm>
#include <string>

#include "base/url.h"
#include "config/options/binding.h"
#include "config/options/option_bindings.h"

namespace lp {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void read_page(const Entry& entry, const Reading& reading) {
  if (!is_number(entry.key)) {
    return reading.problem(entry.value, "expected the id of a campaign, which is a number, found '" + entry.key + "'");
  }
  const std::string* text = scalar_text(entry.value, reading);
  if (text == nullptr) return;
  const auto url = parse_url(*text);
  if (!url || !url->origin.is_https()) {
    return reading.problem(entry.value,
                           "expected an https URL such as https://www.patreon.com/creator, found '" + *text + "'");
  }
  reading.scope.settings->patreon.pages[entry.key] = url->text();
}

// A map of campaigns to their pages: links on ours.
Binding pages_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_map()) return reading.problem(node, "expected a map of campaigns, found " + node.describe());
            for (const Entry& entry : node.entries) {
              if (entry.value.broken) continue;
              const std::string key = reading.key + "." + entry.key;
              read_page(entry, {reading.option, reading.scope, key, reading.folder, reading.report});
            }
          },
          [](const Scope& scope) {
            Node map = Node::empty_map();
            for (const auto& [campaign, url] : scope.settings->patreon.pages) {
              map.entries.push_back({campaign, {}, Node::scalar(url)});
            }
            return map;
          }};
}

}  // namespace

void add_patreon_options(std::vector<Option>& table) {
  table.push_back({"patreon.connector", "a social target such as patreon", "patreon", 0, 0, kPlain,
                   "The connector at Logto that keeps people's tokens: the standard oauth2 one, with token storage.",
                   text(LP_FIELD(settings->patreon.connector), parse_social_target)});
  table.push_back({"patreon.recheck", "a duration", "1h", kSecond, 30 * kDay, kPlain,
                   "How long Patreon's word on a person counts; then it is asked again.",
                   duration(LP_FIELD(settings->patreon.recheck_ms))});
  table.push_back({"patreon.hold_when_away", "a duration", "12h", 0, 30 * kDay, kPlain,
                   "For how much longer it counts while Patreon does not answer; then 503.",
                   duration(LP_FIELD(settings->patreon.hold_when_away_ms))});
  table.push_back({"patreon.pages", "a map of campaigns to URLs", "{}", 0, 0, kPlain,
                   "Where a campaign is: whoever lacks its tier gets a link, as {\"1234567\": "
                   "https://www.patreon.com/creator}.",
                   pages_binding()});
  table.push_back({"patreon.api_url", "an origin", "https://www.patreon.com", 0, 0, kPlain,
                   "Where Patreon's API is; another one only for tests.",
                   origin_binding(LP_FIELD(settings->patreon.api_url))});
}

}  // namespace lp
