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
  // Opens every listener (public, for checks and admin) before any worker starts; an address in use is an error that
  // names it. `realms`, at least one, and `settings`, of which they were made, must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Settings& settings,
                                                            const std::vector<Realm*>& realms);
  ~Server();

  // Real addresses, also for port 0.
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::vector<std::string> check_addresses() const;
  [[nodiscard]] std::string admin_address() const;
  // Starts the workers and runs until SIGTERM or SIGINT: /readyz turns 503 first, idle keep-alive connections
  // are closed, requests in flight (not tunnels) are finished for up to 30 s while new ones are still answered; a
  // second signal ends at once. Returns when all is done. SIGHUP calls `on_hangup` on the calling thread, until the
  // server is stopping.
  void run(const std::function<void()>& on_hangup);

 private:
  Server();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
