#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// listen[].tls.acme and acme_webroot: whether certificates can come at all.
void check_acme(const Settings& settings, Report& report);
// What only whoever runs it can know.
void add_acme_notes(const Settings& settings, std::vector<std::string>& notes);

}  // namespace lp
