#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session/session.h"
#include "base/http_message.h"
#include "config/settings.h"

// What oauth2-proxy's endpoints say of a person, and whom they let pass. Pure.
namespace lp {

// A person in oauth2-proxy's four words. The claims are those that identity_headers name for X-Forwarded-User, -Email,
// -Groups and -Preferred-Username (or X-Auth-Request-*), else sub, email, roles and username.
struct Oauth2ProxyPerson {
  std::string user;
  std::string email;
  std::vector<std::string> groups;
  std::string preferred_username;
};
[[nodiscard]] Oauth2ProxyPerson oauth2_proxy_person(const Session& session, const Settings& settings);

// The query of /oauth2/auth: allowed_groups, allowed_emails and allowed_email_domains, each a list with commas and
// repeatable; of each that is there one entry must fit. ".example.com" and "*.example.com" stand for that domain and
// all below. Nobody has an e-mail address where logto.trust_email is false (Logto fact 11). A query that
// cannot be read lets nobody pass.
[[nodiscard]] bool oauth2_proxy_allows(const Oauth2ProxyPerson& person, std::string_view query, bool trust_email);

// X-Auth-Request-User, -Email, -Groups, -Preferred-Username and GAP-Auth as oauth2-proxy writes them, in UTF-8 with
// nothing encoded, without those that would be empty or cannot stand in a field.
void add_auth_request_headers(Answer& answer, const Oauth2ProxyPerson& person);
// The body of /oauth2/userinfo.
[[nodiscard]] nlohmann::ordered_json oauth2_proxy_userinfo(const Oauth2ProxyPerson& person);

}  // namespace lp
