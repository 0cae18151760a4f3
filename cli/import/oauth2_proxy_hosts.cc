#include "cli/import/oauth2_proxy_hosts.h"

#include <algorithm>

#include "base/one_of.h"

namespace lp {
namespace {

// ".example.com" and "*.example.com" are that host and all below it.
struct WhitelistEntry {
  std::string host;
  std::string port;  // with its colon; ":*": any
  bool is_below = false;
};

WhitelistEntry whitelist_entry_of(const std::string& written) {
  WhitelistEntry entry;
  const auto colon = written.find(':');
  entry.host = written.substr(0, colon);
  if (colon != std::string::npos) entry.port = written.substr(colon);
  const std::size_t prefix = entry.host.starts_with("*.") ? 2 : entry.host.starts_with('.') ? 1 : 0;
  entry.is_below = prefix > 0;
  entry.host.erase(0, prefix);
  return entry;
}

bool is_one_label_below(const std::string& host, const std::string& domain) {
  return host != domain && is_at_or_below_domain(host, domain) && host.find('.') == host.size() - domain.size() - 1;
}

bool is_host_text(const std::string& host) {
  return !host.empty() && host.find_first_of(" /*@[]?#,") == std::string::npos;
}

}  // namespace

bool is_at_or_below_domain(const std::string& host, const std::string& domain) {
  return host == domain || (host.size() > domain.size() + 1 && host.ends_with("." + domain));
}

void add_whitelisted_hosts(ImportContext& context, const Origin& own, const std::string& domain,
                           std::vector<std::string>& urls) {
  const auto add = [&](const std::string& host) {
    const std::string url = own.scheme + "://" + host;
    if (!is_one_of(url, urls)) urls.push_back(url);
  };
  for (const std::string& written : context.options.list("whitelist_domains")) {
    const WhitelistEntry entry = whitelist_entry_of(written);
    const auto leave_out = [&](const std::string& why) {
      context.note(Outcome::unsupported, "whitelist_domains " + written, why);
    };
    if (!is_host_text(entry.host) || !is_at_or_below_domain(entry.host, domain)) {
      leave_out("left out: not below session.cookie.domain (" + domain +
                "), so that nobody would be signed in there: people are sent to / instead");
    } else if (entry.port == ":*") {
      leave_out("left out: write each origin, with its port, into external_urls");
    } else {
      const bool is_there = entry.port.empty() && is_one_label_below(entry.host, domain);
      if (!is_there) add(entry.host + entry.port);
      if (entry.is_below) add("*." + entry.host + entry.port);
    }
  }
}

}  // namespace lp
