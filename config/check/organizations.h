#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

// Rules on routes for the members of an organization (routes[].organization). Pure.
namespace lp {

// Of one realm.
void check_organizations(const Settings& settings, Report& report);

}  // namespace lp
