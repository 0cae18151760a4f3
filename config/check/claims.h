#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

// Claims that headers and rules name and nobody sends. Pure.
namespace lp {

void check_claims(const Settings& settings, Report& report);

}  // namespace lp
