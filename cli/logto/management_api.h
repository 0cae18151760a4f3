#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "auth/provider/pinned_fetch.h"
#include "base/event.h"
#include "base/result.h"
#include "config/provision.h"
#include "config/settings.h"

namespace lp {

// Why Logto did not do what it was asked, in its own words.
struct ApiProblem {
  int status = 0;           // 0: no answer
  std::string code;         // "connector.invalid_config"
  std::string message;      // of Logto, or of the network
  bool is_foreign = false;  // somebody else has answered in Logto's place
  // In one line, with what to do where that is known. Never a token or a secret.
  [[nodiscard]] std::string text() const;
};

// Of the tokens for the Management API: Cloud's is below the tenant's own address, a self-hosted Logto's is a name that
// leads nowhere. Pure.
[[nodiscard]] std::string management_audience(const ManagementSettings& management, const LogtoSettings& logto);

// Logto's Management API, for commands: each call waits for its answer. The token goes to the API's origin and nowhere
// else (auth/provider/pinned_fetch.h).
class ManagementApi {
 public:
  // `logto`: that of the tenant, for its addresses and authorities. Both must outlive it.
  ManagementApi(const ManagementSettings& management, const LogtoSettings& logto);

  // With the credentials of the machine-to-machine application. Once, before all else.
  [[nodiscard]] Result<void, ApiProblem> sign_in();
  // `body`: null sends none. What comes without a body is null.
  [[nodiscard]] Result<nlohmann::json, ApiProblem> call(const std::string& method, const std::string& path,
                                                        const nlohmann::json& body = nullptr);
  // All pages of a list.
  [[nodiscard]] Result<nlohmann::json, ApiProblem> list(const std::string& path);

 private:
  Result<ProviderReply> fetch(PinnedFetcher& fetcher, const ProviderRequest& request);

  const ManagementSettings& management_;
  const LogtoSettings& logto_;
  Origin api_;
  Origin token_origin_;
  EventLoop loop_;
  PinnedFetcher api_fetcher_;
  PinnedFetcher token_fetcher_;
  Secret token_;
};

}  // namespace lp
