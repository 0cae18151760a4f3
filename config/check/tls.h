#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// What keys about TLS say of each other and of external_urls: listeners, and upstreams.
void check_tls(const Settings& settings, Report& report);

}  // namespace lp
