#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/realm/realm.h"
#include "base/result.h"

// The wire: listeners, workers, connections, upstream pools. Owned by cli/serve.
namespace lp {

class Server {
 public:
  // Reads every certificate and opens every listener (public, for checks and admin) before any worker starts; an
  // address in use is an error that names it. `realms`, at least one, and `settings`, of which they were made, must
  // outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Settings& settings,
                                                            const std::vector<Realm*>& realms);
  ~Server();

  // Of session.secret as SIGHUP has read it; for session tickets of TLS. To be called by `on_hangup`.
  void replace_ticket_secrets(const std::vector<Secret>& secrets);
  // Real addresses, also for port 0.
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::vector<std::string> check_addresses() const;
  [[nodiscard]] std::string admin_address() const;
  // Starts the workers and runs until SIGTERM or SIGINT. Then /readyz turns 503. Where it has been asked in the last
  // five minutes, and for SIGTERM, all is served as before for shutdown.ready_wait, for load balancers go on sending
  // until they have noticed. Then answers say that their connection closes, idle ones are closed, and requests that
  // have come, or come meanwhile, are finished for up to 30 s, tunnels not; at last nobody is accepted any more. A
  // second signal ends at once. Returns when all is done. SIGHUP calls `on_hangup` on the calling thread, and then
  // certificates are read anew, until requests are finished.
  void run(const std::function<void()>& on_hangup);

 private:
  Server();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
