#pragma once
#include <string>

#include "base/secret.h"

namespace lp {

// A back-channel request, ready for auth/fetch.
struct BackchannelRequest {
  std::string method = "GET";
  std::string url;       // on the configured endpoint's origin; auth/fetch refuses others
  Secret authorization;  // value of the Authorization field; empty: none
  Secret form_body;      // application/x-www-form-urlencoded; for POST
};

struct BackchannelReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

}  // namespace lp
