#pragma once
#include <string>
#include <string_view>

#include "auth/oidc/discovery.h"
#include "base/result.h"

// The authorization response in the callback's query (OIDC Core 3.1.2.5, RFC 6749 4.1.2, RFC 9207). Pure.
namespace lp {

struct CallbackResponse {
  std::string state;              // never empty
  std::string code;               // empty when error is set
  std::string error;              // an OAuth error code, checked charset, cut
  std::string error_description;  // for the log, escaped there
  std::string iss;
};
// Refuses repeated parameters, missing state, neither or both of code and error, over-long values.
[[nodiscard]] Result<CallbackResponse> parse_callback(std::string_view query);
// RFC 9207 2.4: iss must equal the issuer when sent, and must be sent when the provider says that it does.
[[nodiscard]] Result<void> judge_callback_issuer(const CallbackResponse& response, std::string_view issuer,
                                                 bool iss_parameter_supported);

}  // namespace lp
