#pragma once
#include <string>
#include <vector>

#include "base/url.h"
#include "cli/import/context.h"

// Where people may be sent back to: oauth2-proxy's whitelist_domains as entries of external_urls. Pure but for
// findings.
namespace lp {

[[nodiscard]] bool is_at_or_below_domain(const std::string& host, const std::string& domain);

// One session for all hosts below `domain`, signed in at `own`. Adds to `urls`, which has `own` and those one label
// below the domain, what else whitelist_domains lets people return to, and reports what cannot be said.
void add_whitelisted_hosts(ImportContext& context, const Origin& own, const std::string& domain,
                           std::vector<std::string>& urls);

}  // namespace lp
