#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/import/source.h"

// oauth2-proxy's alpha configuration. Pure.
namespace lp {

// One entry of `upstreams` (legacy: only uri) or of upstreamConfig.upstreams.
struct OAuth2ProxyUpstream {
  std::string shown;  // how messages name it
  std::string id;
  std::string uri;
  std::string path;            // "": taken from the uri
  std::string rewrite_target;  // "": none
  bool is_static = false;
  int static_code = 200;
  bool pass_host = true;
  std::string timeout = "30s";
  bool insecure_tls = false;
};

// One header with its first value.
struct OAuth2ProxyHeader {
  std::string shown;
  std::string name;
  std::string claim;  // of the session: user, email, groups, preferred_username, id_token, access_token or another
  std::string prefix;
  bool has_basic_password = false;
  bool is_secret = false;  // not from a claim
  std::string secret_file;
  std::string secret_variable;
  bool is_plain() const { return claim.empty() == is_secret; }
};

// What alpha configuration has and flat options cannot say.
struct OAuth2ProxyAlpha {
  std::optional<std::vector<OAuth2ProxyUpstream>> upstreams;
  std::vector<OAuth2ProxyHeader> request_headers;
  std::vector<OAuth2ProxyHeader> response_headers;
  bool proxy_raw_path = false;
  // What is known and not taken over, as "what" and "why".
  std::vector<std::pair<std::string, std::string>> remarks;
};

// Reads alpha configuration (YAML); what also exists as a flat option is set in `options`, but for values that are
// oauth2-proxy's own defaults, which its --convert-config-to-alpha writes out. A key that is not known becomes an
// option that nobody knows. The Error says where, or what else the file is.
[[nodiscard]] Result<OAuth2ProxyAlpha> read_oauth2_proxy_alpha(const std::string& text, const std::string& path,
                                                               SourceOptions& options);

}  // namespace lp
