#include "proxy/upstream/pool.h"

#include <utility>

#include "base/check.h"
#include "proxy/upstream/http1_pool.h"
#include "proxy/upstream/http2_pool.h"

namespace lp {

UpstreamPool::UpstreamPool(const UpstreamEnvironment& environment, SharedUpstream& shared)
    : environment_(environment), shared_(shared), own_host_(own_host_field(environment.settings)) {
  LP_CHECK(environment.settings.tls.is_on == (environment.tls != nullptr),
           "what https:// is to be is never asked in plain HTTP");
}

UpstreamPools::UpstreamPools(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, const Settings& settings,
                             const MemoryBudget& memory, SharedUpstreams& shared, TellServesOne tell_serves_one)
    : tell_serves_one_(std::move(tell_serves_one)), resolver_(loop) {
  for (const auto& [name, upstream] : settings.upstreams) {
    SharedUpstream& common = shared.of(upstream);
    const UpstreamEnvironment environment{loop, wheel, buffers, resolver_, upstream, memory, common.tls.get()};
    if (upstream.speaks_http2())
      pools_[name] = std::make_unique<Http2Pool>(environment, common);
    else
      pools_[name] = std::make_unique<Http1Pool>(environment, common, tell_serves_one_);
  }
  by_route_.resize(settings.routes.size() + 1, nullptr);
  for (const auto& route : settings.routes) {
    const auto found = pools_.find(route.upstream);
    if (found != pools_.end()) by_route_[static_cast<std::size_t>(route.index)] = found->second.get();
  }
}

UpstreamPools::~UpstreamPools() = default;

void UpstreamPools::close_held_by(const void* connection) {
  for (auto& [name, pool] : pools_) pool->close_held_by(connection);
}

void UpstreamPools::close() {
  for (auto& [name, pool] : pools_) pool->close();
}

}  // namespace lp
