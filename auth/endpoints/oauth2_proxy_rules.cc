#include "auth/endpoints/oauth2_proxy_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "auth/identity/identity_headers.h"
#include "auth/session/claim_path.h"
#include "base/encoding.h"
#include "base/url.h"

namespace lp {
namespace {

using nlohmann::json;

// The claim behind one of oauth2-proxy's header names, as this configuration has it.
std::string claim_behind(const Settings& settings, std::string_view word, std::string_view otherwise) {
  for (const IdentityHeaderSettings& header : settings.identity_headers) {
    if (header.source != IdentityHeaderSettings::Source::claim) continue;
    for (const std::string_view family : {"X-Forwarded-", "X-Auth-Request-"}) {
      if (iequals(header.header, std::string(family).append(word))) return header.claim;
    }
  }
  return std::string(otherwise);
}

std::string text_of(const json& claim) { return claim.is_string() ? claim.get<std::string>() : std::string(); }

json claim_of(const Session& session, const std::string& path) {
  if (path == "sub") return session.sub;
  if (is_shortened(*session.claims, path)) return {};
  const json* found = find_claim(*session.claims, path);
  return found == nullptr ? json() : *found;
}

std::vector<std::string> texts_of(const json& claim) {
  std::vector<std::string> texts;
  if (claim.is_string()) texts.push_back(claim.get<std::string>());
  if (!claim.is_array()) return texts;
  for (const json& item : claim) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

// The entries of all parameters of this name; empty: it sets no condition.
std::vector<std::string> allowed(const FormPairs& query, std::string_view name) {
  std::vector<std::string> entries;
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (comma > 0) entries.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return entries;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool groups_fit(const Oauth2ProxyPerson& person, const std::vector<std::string>& groups) {
  if (groups.empty()) return true;
  return std::any_of(person.groups.begin(), person.groups.end(),
                     [&](const std::string& group) { return contains(groups, group); });
}

bool is_below(std::string_view domain, std::string_view dotted) {
  return domain.size() > dotted.size() && iequals(domain.substr(domain.size() - dotted.size()), dotted);
}

bool domain_fits(std::string_view domain, std::string_view wanted) {
  if (wanted.starts_with("*.")) wanted.remove_prefix(1);
  if (!wanted.starts_with('.')) return iequals(domain, wanted);
  return wanted.size() > 1 && (iequals(domain, wanted.substr(1)) || is_below(domain, wanted));
}

// Exactly one '@' (GHSA-c5c4).
std::optional<std::string_view> domain_of(std::string_view email) {
  const std::size_t at = email.find('@');
  if (at == std::string_view::npos || email.find('@', at + 1) != std::string_view::npos) return std::nullopt;
  const std::string_view domain = email.substr(at + 1);
  return domain.empty() ? std::nullopt : std::optional(domain);
}

bool domains_fit(std::string_view email, const std::vector<std::string>& domains) {
  if (domains.empty()) return true;
  const auto domain = domain_of(email);
  return domain && std::any_of(domains.begin(), domains.end(),
                               [&](const std::string& wanted) { return domain_fits(*domain, wanted); });
}

bool emails_fit(const std::string& email, const std::vector<std::string>& emails) {
  return emails.empty() || (!email.empty() && contains(emails, email));
}

}  // namespace

Oauth2ProxyPerson oauth2_proxy_person(const Session& session, const Settings& settings) {
  return {text_of(claim_of(session, claim_behind(settings, "User", "sub"))),
          text_of(claim_of(session, claim_behind(settings, "Email", "email"))),
          texts_of(claim_of(session, claim_behind(settings, "Groups", "roles"))),
          text_of(claim_of(session, claim_behind(settings, "Preferred-Username", "username")))};
}

bool oauth2_proxy_allows(const Oauth2ProxyPerson& person, std::string_view query, bool trust_email) {
  const Result<FormPairs> pairs = parse_form(query);
  if (!pairs) return false;
  const std::string email = trust_email ? person.email : std::string();
  return groups_fit(person, allowed(*pairs, "allowed_groups")) &&
         domains_fit(email, allowed(*pairs, "allowed_email_domains")) &&
         emails_fit(email, allowed(*pairs, "allowed_emails"));
}

void add_auth_request_headers(Answer& answer, const Oauth2ProxyPerson& person) {
  const auto add = [&](const char* name, const json& value) {
    std::string text = header_value(value, HeaderEncoding::raw);
    if (!text.empty()) answer.add(name, std::move(text));
  };
  add("X-Auth-Request-User", person.user);
  add("X-Auth-Request-Email", person.email);
  add("X-Auth-Request-Groups", person.groups);
  add("X-Auth-Request-Preferred-Username", person.preferred_username);
  add("GAP-Auth", person.email.empty() ? person.user : person.email);
}

nlohmann::ordered_json oauth2_proxy_userinfo(const Oauth2ProxyPerson& person) {
  nlohmann::ordered_json info = {{"user", person.user}, {"email", person.email}};
  if (!person.groups.empty()) info["groups"] = person.groups;
  if (!person.preferred_username.empty()) info["preferredUsername"] = person.preferred_username;
  return info;
}

}  // namespace lp
