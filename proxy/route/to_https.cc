#include "proxy/route/to_https.h"

#include <string>
#include <utility>
#include <vector>

#include "config/host_pattern.h"

namespace lp {
namespace {

constexpr std::uint16_t kHttps = 443;

Answer plain(int status, std::string text) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/plain; charset=utf-8");
  answer.body = std::move(text);
  return answer;
}

void look_in(const std::vector<Origin>& urls, const std::string& host, std::optional<Origin>& found) {
  for (const Origin& url : urls) {
    if (!url.is_https() || !host_matches(url.host, host)) continue;
    if (!found || (found->port != kHttps && url.port == kHttps)) found = Origin{url.scheme, host, url.port};
  }
}

}  // namespace

std::optional<Origin> https_origin_for(std::string_view authority, const Settings& settings) {
  const auto asked = parse_authority(authority, 80);
  std::optional<Origin> found;
  if (!asked) return found;
  look_in(settings.external_urls, asked->host, found);
  if (settings.sign_in_url) look_in({*settings.sign_in_url}, asked->host, found);
  for (const RealmSettings& realm : settings.realms) {
    look_in(realm.external_urls, asked->host, found);
    if (realm.sign_in_url) look_in({*realm.sign_in_url}, asked->host, found);
  }
  return found;
}

Answer answer_to_https(std::string_view authority, std::string_view method, std::string_view path_and_query,
                       const Settings& settings) {
  const auto origin = https_origin_for(authority, settings);
  if (!origin) return plain(421, "No https:// address of this host is served here.\n");
  if (!path_and_query.starts_with('/')) return plain(400, "Expected a path.\n");
  const std::string location = origin->text() + std::string(path_and_query);
  Answer answer =
      plain(method == "GET" || method == "HEAD" ? 301 : 308, "Served under https:// only: " + location + "\n");
  answer.add("Location", location);
  return answer;
}

}  // namespace lp
