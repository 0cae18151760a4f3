#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Certificates of clients: who is asked for one, and rules and headers that want one.
void check_client_certificates(const Settings& settings, Report& report);

}  // namespace lp
