#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/jose/jwks.h"
#include "auth/oidc/discovery.h"
#include "auth/provider/pinned_fetch.h"
#include "base/clock.h"
#include "base/log.h"

// What is known of Logto now: metadata and keys. Lives on the auth thread; the metadata snapshot may be read anywhere.
namespace lp {

class Provider {
 public:
  // How long what is known counts as fresh. An older one is still used while, and if, a new one can't be had.
  struct Freshness {
    std::int64_t metadata_ms = 3600 * 1000;
    std::int64_t keys_ms = 24 * 3600 * 1000;
  };

  // All references must outlive it, and it must outlive its waits.
  Provider(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log);
  Provider(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log,
           Freshness freshness);
  ~Provider();

  // Any thread. Null until discovery has succeeded once; afterwards always the last good one.
  [[nodiscard]] std::shared_ptr<const ProviderMetadata> metadata() const;

  class Wait {  // dropping it cancels; it may be dropped inside any callback, also its own
   public:
    virtual ~Wait() = default;
  };
  using MetadataDone = std::function<void(Result<std::shared_ptr<const ProviderMetadata>>)>;
  // Discovery is lazy, single-flight, refreshed after an hour in the background, and retried with back-off (1 s
  // doubling to 60 s): inside the back-off the error comes at once, without a call to Logto.
  [[nodiscard]] std::unique_ptr<Wait> need_metadata(MetadataDone done);

  // Looks whether Logto can be used, at the start say: tells the log as any discovery does, and keeps nothing of what
  // it saw, for who needs metadata asks Logto as it is then.
  [[nodiscard]] std::unique_ptr<Wait> look(MetadataDone done);

  using KeysDone = std::function<void(Result<std::shared_ptr<const Jwks>>)>;
  // The key set, fetched if it isn't known, or once more when `missing_kid` is non-empty and not in it: at most one
  // refetch for unknown keys in 10 s, whatever number of callers asks (threat J15), not counting those that failed. The
  // set that comes may still lack the key. A fetch that fails is repeated for a few seconds before they are told
  // (auth/provider/patience.h), then the same back-off, in which the error comes also where a set without the key is
  // known; older than a day it is refreshed in the background.
  [[nodiscard]] std::unique_ptr<Wait> need_keys(std::string missing_kid, KeysDone done);
  // The same for a token that anybody may have sent, on a budget of its own (auth/provider/strangers_budget.h):
  // invented key ids neither spend nor delay what sign-ins ask for. `client`: the sender's address as
  // base/client_group.h has it. What it learns serves all. Only while no set is known do both share a fetch and its
  // back-off. An error when the last fetch for strangers failed and the key is unknown still.
  [[nodiscard]] std::unique_ptr<Wait> need_keys_for_stranger(const std::string& client, const std::string& kid,
                                                             KeysDone done);

  // Null until one has been fetched.
  [[nodiscard]] std::shared_ptr<const Jwks> known_keys() const;
  // Hears of each set that is not the one before, on the auth thread, before those who wait for it. One listener.
  void on_new_keys(std::function<void()> listener);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
