#include "proxy/worker_context.h"

#include <cstring>

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {

namespace {
std::uint64_t random_seed() {
  const std::string bytes = random_bytes(sizeof(std::uint64_t));
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}
}  // namespace

WorkerContext::WorkerContext(Realm& realm_in, const Router& router_in, ServerState& server_in)
    : realm(realm_in),
      settings(*realm_in.settings),
      router(router_in),
      server(server_in),
      upstreams(loop, wheel, buffers, settings),
      gatekeeper(std::make_unique<Gatekeeper>(realm_in, loop)),
      bound_exchanges(
          wheel, [this](const OpenedSession& session) { return gatekeeper->is_over(session, realm.clock.unix_s()); }),
      id_state_(random_seed()) {}

// SplitMix64: distinct for 2^64 calls, no system call. Ids are for correlation, nothing is granted for knowing one.
std::string WorkerContext::next_request_id() {
  id_state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = id_state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  std::string id(16, '0');
  for (std::size_t i = 0; i < 16; ++i) id[i] = "0123456789abcdef"[(z >> (60 - 4 * i)) & 0xf];
  return id;
}

}  // namespace lp
