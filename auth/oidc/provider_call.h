#pragma once
#include <string>

#include "base/secret.h"

// We call Logto, or another provider: the request as auth/oidc makes it, ready for auth/provider, and the reply as
// auth/oidc judges it.
namespace lp {

struct ProviderRequest {
  std::string method = "GET";
  std::string url;       // which ones may be called is the sender's matter (auth/provider/pinned_fetch.h)
  Secret authorization;  // value of the Authorization field; empty: none
  Secret form_body;      // application/x-www-form-urlencoded; for POST
};

struct ProviderReply {
  int status = 0;
  std::string content_type;
  std::string body;
  std::string location{};  // of a redirect, which is not followed
};

}  // namespace lp
