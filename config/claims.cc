#include "config/claims.h"

namespace lp {
namespace {

struct Row {
  std::string_view claim;
  std::string_view scope;
};

constexpr Row kRows[] = {
    {"name", "profile"},
    {"family_name", "profile"},
    {"given_name", "profile"},
    {"middle_name", "profile"},
    {"nickname", "profile"},
    {"preferred_username", "profile"},
    {"profile", "profile"},
    {"picture", "profile"},
    {"website", "profile"},
    {"gender", "profile"},
    {"birthdate", "profile"},
    {"zoneinfo", "profile"},
    {"locale", "profile"},
    {"updated_at", "profile"},
    {"username", "profile"},
    {"created_at", "profile"},
    {"email", "email"},
    {"email_verified", "email"},
    {"phone_number", "phone"},
    {"phone_number_verified", "phone"},
    {"address", "address"},
    {"custom_data", "custom_data"},
    {"identities", "identities"},
    {"sso_identities", "identities"},
    {"roles", "roles"},
    {"organizations", "urn:logto:scope:organizations"},
    {"organization_data", "urn:logto:scope:organizations"},
    {"organization_roles", "urn:logto:scope:organization_roles"},
};

}  // namespace

std::string_view scope_of_claim(std::string_view claim) {
  for (const auto& row : kRows) {
    if (row.claim == claim) return row.scope;
  }
  return {};
}

}  // namespace lp
