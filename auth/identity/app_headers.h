#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/header_sets.h"
#include "base/url.h"
#include "config/claims.h"

// What an app is told with one request, as lines for its head. Pure.
namespace lp {

struct PatreonStanding;  // auth/oidc/patreon.h

// More of one claim is no header but a reason for the app's server to refuse the request.
inline constexpr std::size_t kMaxAppHeaderBytes = kMaxClaimHeaderBytes;

struct AppHeaders {
  std::string lines;                    // ready "Name: value\r\n"
  bool replaces_authorization = false;  // the client's own stays here, also where `lines` has none in its place
};

struct AppUser {
  const nlohmann::json& claims;  // an object
  std::string_view sub;
  const PatreonStanding* patreon = nullptr;  // null: nothing is known of Patreon
};

// What is known of the request besides the set. Empty texts: there is none.
struct AppHeaderFacts {
  const AppUser* person = nullptr;   // null: nobody is signed in; what an operator wrote out is sent all the same
  const Origin* external = nullptr;  // that the browser asked
  std::string_view assertion;
  std::string_view id_token;
  std::string_view access_token;
  std::string_view organization{};                 // of the route; the person is its member
  const ClientCertificate* certificate = nullptr;  // of the connection, whoever is signed in
  bool has_own_token = false;  // the person is known by an access token in the client's own Authorization
};

// A header that was to be sent and cannot be.
struct LeftOut {
  std::string header;
  std::string_view reason;  // static text
};

[[nodiscard]] AppHeaders make_app_headers(const HeaderSet& set, const AppHeaderFacts& facts,
                                          std::vector<LeftOut>& left_out);

// The claims that the set's headers tell, under their names there, for its assertion; in the set of a Pomerium app also
// under the names of the headers, as Pomerium has it; a
// membership at Patreon as patreon_tier and the like. None that a JWT gives a meaning of its own.
[[nodiscard]] nlohmann::json assertion_claims(const HeaderSet& set, const AppUser& person);

}  // namespace lp
