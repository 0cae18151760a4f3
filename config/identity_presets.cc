#include "config/identity_presets.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/patreon_rules.h"

namespace lp {
namespace {

using Headers = std::vector<IdentityHeaderSettings>;
using Source = IdentityHeaderSettings::Source;

struct PresetHeader {
  std::string_view header;
  std::string_view claim;
  char separator = ',';
};

// The `user` of oauth2-proxy is the subject for OpenID Connect.
constexpr PresetHeader kOauth2Proxy[] = {
    {"X-Forwarded-User", "sub"},
    {"X-Forwarded-Email", "email"},
    {"X-Forwarded-Preferred-Username", "username"},
    {"X-Forwarded-Groups", "roles"},
};
constexpr PresetHeader kAuthelia[] = {
    {"Remote-User", "username"},
    {"Remote-Name", "name"},
    {"Remote-Email", "email"},
    {"Remote-Groups", "roles"},
};
constexpr PresetHeader kAuthentik[] = {
    {"X-authentik-username", "username"}, {"X-authentik-email", "email"},       {"X-authentik-name", "name"},
    {"X-authentik-uid", "sub"},           {"X-authentik-groups", "roles", '|'},
};
constexpr PresetHeader kPomerium[] = {
    {"X-Pomerium-Claim-Sub", "sub"},   {"X-Pomerium-Claim-User", "sub"},     {"X-Pomerium-Claim-Email", "email"},
    {"X-Pomerium-Claim-Name", "name"}, {"X-Pomerium-Claim-Groups", "roles"},
};
// X-Remote-User is what recipes call REMOTE_USER on its way to an app (OIDCAuthNHeader).
constexpr PresetHeader kModAuthOpenidc[] = {
    {"OIDC_CLAIM_sub", "sub"},     {"OIDC_CLAIM_username", "username"}, {"OIDC_CLAIM_name", "name"},
    {"OIDC_CLAIM_email", "email"}, {"OIDC_CLAIM_picture", "picture"},   {"OIDC_CLAIM_roles", "roles"},
    {"X-Remote-User", "sub"},
};

IdentityHeaderSettings from_row(const PresetHeader& row) {
  IdentityHeaderSettings header;
  header.header = row.header;
  header.claim = row.claim;
  header.encoding = HeaderEncoding::utf8;
  header.separator = row.separator;
  return header;
}

template <std::size_t N>
Headers from_rows(const PresetHeader (&rows)[N]) {
  Headers headers;
  std::transform(std::begin(rows), std::end(rows), std::back_inserter(headers), from_row);
  return headers;
}

IdentityHeaderSettings from_source(std::string_view name, Source source) {
  IdentityHeaderSettings header;
  header.header = name;
  header.source = source;
  return header;
}

void put(Headers& headers, const IdentityHeaderSettings& header) {
  const std::string name = folded_header(header.header);
  const auto same = std::find_if(headers.begin(), headers.end(),
                                 [&](const auto& other) { return folded_header(other.header) == name; });
  if (same == headers.end()) {
    headers.push_back(header);
  } else {
    *same = header;
  }
}

// Unless the operator has another name for it, or another meaning for the name.
void put_organization(Headers& headers) {
  const std::string name = folded_header(kOrganizationHeader);
  const bool is_there = std::any_of(headers.begin(), headers.end(), [&](const auto& one) {
    return one.source == Source::organization || folded_header(one.header) == name;
  });
  if (!is_there) headers.push_back(from_source(kOrganizationHeader, Source::organization));
}

// What follows from the rest of a route, whatever it says of headers. `headers`: those that it says.
void put_what_follows(const Settings& settings, const RouteSettings& route, Headers& headers) {
  const bool is_apache =
      (has_own_identity(route) ? route.identity_preset : settings.identity_preset) == IdentityPreset::mod_auth_openidc;
  if (is_apache && route.token.is_configured()) put(headers, from_source("OIDC_access_token", Source::access_token));
  for (const auto& header : patreon_headers(route)) put(headers, header);
  if (route.assertion) put(headers, from_source(kAssertionHeader, Source::assertion));
  if (route.organization.is_configured()) put_organization(headers);
}

Headers joined(IdentityPreset preset, const Headers& own) {
  Headers headers = preset_headers(preset);
  for (const auto& header : own) put(headers, header);
  return headers;
}

}  // namespace

const std::vector<NamedPreset>& identity_presets() {
  static const std::vector<NamedPreset> all = {
      {"none", IdentityPreset::none},
      {"oauth2-proxy", IdentityPreset::oauth2_proxy},
      {"authelia", IdentityPreset::authelia},
      {"authentik", IdentityPreset::authentik},
      {"pomerium", IdentityPreset::pomerium},
      {"mod_auth_openidc", IdentityPreset::mod_auth_openidc},
      {"logto-protected-app", IdentityPreset::logto_protected_app},
  };
  return all;
}

Headers preset_headers(IdentityPreset preset) {
  switch (preset) {
    case IdentityPreset::none:
      return {};
    case IdentityPreset::oauth2_proxy:
      return from_rows(kOauth2Proxy);
    case IdentityPreset::authelia:
      return from_rows(kAuthelia);
    case IdentityPreset::authentik:
      return from_rows(kAuthentik);
    case IdentityPreset::pomerium: {
      Headers headers = from_rows(kPomerium);
      headers.push_back(from_source("X-Pomerium-Jwt-Assertion", Source::assertion));
      return headers;
    }
    case IdentityPreset::mod_auth_openidc:
      return from_rows(kModAuthOpenidc);
    case IdentityPreset::logto_protected_app:
      return {from_source("Logto-ID-Token", Source::id_token), from_source("Logto-Host", Source::host)};
  }
  return {};
}

std::string folded_header(std::string_view name) {
  std::string folded = ascii_lower(name);
  std::replace(folded.begin(), folded.end(), '_', '-');
  std::replace(folded.begin(), folded.end(), '.', '-');
  return folded;
}

bool has_own_identity(const RouteSettings& route) {
  return route.identity_preset.has_value() || !route.identity_headers.empty();
}

Headers identity_headers_of(const Settings& settings) {
  return joined(settings.identity_preset, settings.identity_headers);
}

Headers identity_headers_of(const Settings& settings, const RouteSettings& route) {
  Headers headers = has_own_identity(route)
                        ? joined(route.identity_preset.value_or(IdentityPreset::none), route.identity_headers)
                        : identity_headers_of(settings);
  put_what_follows(settings, route, headers);
  return headers;
}

std::vector<std::string> identity_header_names(const Settings& settings) {
  std::vector<std::string> names;
  add_names(identity_headers_of(settings), names);
  for (const RouteSettings& route : settings.routes) {
    Headers headers;
    if (has_own_identity(route))
      headers = joined(route.identity_preset.value_or(IdentityPreset::none), route.identity_headers);
    put_what_follows(settings, route, headers);
    add_names(headers, names);
  }
  return names;
}

void add_names(const Headers& headers, std::vector<std::string>& names) {
  for (const IdentityHeaderSettings& header : headers) {
    const auto same = [&](const std::string& name) { return iequals(name, header.header); };
    if (std::none_of(names.begin(), names.end(), same)) names.push_back(header.header);
  }
}

}  // namespace lp
