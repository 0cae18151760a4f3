#pragma once
#include <string>
#include <vector>

#include "cli/import/context.h"
#include "cli/import/oauth2_proxy_alpha.h"
#include "cli/import/yaml.h"

// The part of oauth2-proxy's configuration that concerns paths and upstreams. Pure.
namespace lp {

// What every route gets besides its path.
struct RouteExtras {
  // What networks of clients are compared with there.
  enum class Client {
    peer,     // who connects
    named,    // whom the proxy in front names in X-Forwarded-For or in client_ip_header, as here
    unknown,  // whom it names in a field that oauth2-proxy does not know
  };
  Node require;                     // null: none
  std::vector<Node> authorization;  // none or one
  bool answers_401 = false;
  bool preflight = false;
  bool accepts_bearer = false;
  bool assertion = false;
  bool keeps_encoded_slash = false;
  Client client_is = Client::peer;
  std::string oauth2_auth;                // where checks are asked, as /oauth2/auth; empty: nowhere
  std::vector<Node> check_authorization;  // of the answers there; none or one
};

// upstreams and routes, by upstream options and everything that concerns paths. Answers whether another proxy
// forwards, and this one is only asked.
bool import_oauth2_proxy_routes(ImportContext& context, const OAuth2ProxyAlpha* alpha, const RouteExtras& extras);

}  // namespace lp
