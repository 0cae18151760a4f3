#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/app_headers.h"
#include "auth/realm/realm.h"
#include "auth/session/opened_session.h"

namespace lp {

// Of one request, what may be in them beside the session.
struct AppRequest {
  const Origin& external;     // that the browser asked
  const RouteTokens& tokens;  // of the route
  std::int64_t now_s = 0;
  std::string_view organization{};                 // of the route, for its member
  const ClientCertificate* certificate = nullptr;  // of the connection
};

// What apps are told, made once for each session and set of headers on a worker and then looked up: a warm request
// neither encodes a claim nor signs anything. Not thread-safe.
class AppHeaderMaker {
 public:
  // `realm` must outlive it.
  explicit AppHeaderMaker(Realm& realm) : realm_(realm) {}

  // Null: the app is told nothing, and the client's Authorization is its own affair. `session` is null where nobody is
  // signed in. An assertion in it lives for another 30 seconds and more.
  [[nodiscard]] std::shared_ptr<const AppHeaders> make(const Keyring& keyring, const OpenedSession* session,
                                                       const RouteSettings& route, const AppRequest& request);
  // What was made for nobody in particular; that of a session goes with it.
  void forget() { for_nobody_.clear(); }

 private:
  [[nodiscard]] ReadyHeaders make_set(const Keyring& keyring, std::size_t set, const OpenedSession* session,
                                      const AppRequest& request);
  [[nodiscard]] std::string sign(const Keyring& keyring, const HeaderSet& set, const AppUser& person,
                                 const AppRequest& request) const;
  void tell(const LeftOut& left_out);

  Realm& realm_;
  std::vector<ReadyHeaders> for_nobody_;
  std::set<std::string> told_;  // headers of the configuration, so bounded by it
};

}  // namespace lp
