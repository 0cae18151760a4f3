#include "proxy/exchange/worker_context.h"

#include <array>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {

namespace {
// The two digits of each byte: half as many steps for an id that every request gets.
constexpr std::array<std::array<char, 2>, 256> kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 0xf]};
  return pairs;
}();

std::uint64_t random_seed() {
  const std::string bytes = random_bytes(sizeof(std::uint64_t));
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

void tell_serves_one(Log& log, const UpstreamSettings& upstream) {
  log.warning(
      "an app answers others only when its idle connections are closed: it seems to serve one at a time, and each "
      "is used once from now on, but for a trial now and then; keep_alive: off of the upstream spares it the trial",
      {{"upstream", std::string_view(upstream.name)}});
}
}  // namespace

ServedRealms::ServedRealms(const Settings& settings_in, const std::vector<Realm*>& all)
    : settings(settings_in), client_headers(settings_in), fields(settings_in) {
  LP_CHECK(!all.empty(), "a process serves at least one realm");
  for (Realm* realm : all) realms.emplace_back(*realm);
}

WorkerRealm::WorkerRealm(const ServedRealm& served, EventLoop& loop, DeadlineWheel& wheel)
    : realm(served.realm),
      router(served.router),
      links({*served.realm.settings, served.router}),
      gatekeeper(std::make_unique<Gatekeeper>(served.realm, loop, &links)),
      bound_exchanges(
          wheel, [this](const OpenedSession& session) { return gatekeeper->stand_of(session, realm.clock.unix_s()); }) {
}

WorkerContext::WorkerContext(const ServedRealms& served, ServerState& server_in)
    : settings(served.settings),
      clock(served.realms.front().realm.clock),
      log(served.realms.front().realm.log),
      client_headers(served.client_headers),
      fields(served.fields),
      server(server_in),
      upstreams(loop, wheel, buffers, settings, server.memory, server.upstreams,
                [this](const UpstreamSettings& upstream) { tell_serves_one(log, upstream); }),
      id_state_(random_seed()) {
  for (const ServedRealm& realm : served.realms) {
    realms.emplace_back(realm, loop, wheel);
    routes.push_back({*realm.realm.settings, realm.router});
  }
}

// SplitMix64: distinct for 2^64 calls, no system call. Ids are for correlation, nothing is granted for knowing one.
std::uint64_t WorkerContext::next_random() {
  id_state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = id_state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void WorkerContext::write_next_request_id(std::string& id) {
  std::uint64_t z = next_random();
  id.resize(16);
  for (char* pair = id.data() + 16; pair != id.data(); z >>= 8) std::memcpy(pair -= 2, &kHexPairs[z & 0xff], 2);
}

void WorkerContext::begin_trace(const Fields& of, TraceContext& trace) {
  read_trace_context(settings.trace_context, of, trace);
  if (settings.trace_context != TraceMode::make || !trace.id.empty()) return;
  make_trace({next_random(), next_random(), next_random()}, trace);
}

}  // namespace lp
