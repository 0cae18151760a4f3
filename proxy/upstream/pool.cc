#include "proxy/upstream/pool.h"

#include <algorithm>

#include "base/check.h"

namespace lp {

namespace {
constexpr std::size_t kMaxIdleConnections = 256;

// What an exchange holds. Forwards to the connection and gives it back at its end.
class Lease final : public UpstreamStream {
 public:
  explicit Lease(Http1Upstream& connection) : connection_(connection) {}
  ~Lease() override { connection_.give_back(); }
  void send_head(const OutgoingRequest& request, const Fields& fields, const ClientHeaderRules& rules) override {
    connection_.send_head(request, fields, rules);
  }
  void send_body(std::string_view bytes) override { connection_.send_body(bytes); }
  void end_body() override { connection_.end_body(); }
  void flush() override { connection_.flush(); }
  void become_tunnel() override { connection_.become_tunnel(); }
  [[nodiscard]] std::size_t unsent_bytes() const override { return connection_.unsent_bytes(); }
  void pause_response() override { connection_.set_paused(true); }
  void resume_response() override { connection_.set_paused(false); }
  [[nodiscard]] bool is_reused_connection() const override { return connection_.is_reused(); }

 private:
  Http1Upstream& connection_;
};
}  // namespace

UpstreamPool::UpstreamPool(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Resolver& resolver,
                           const UpstreamSettings& settings)
    : environment_{loop, wheel, buffers, resolver, settings}, own_host_(own_host_field(settings)) {}

UpstreamPool::~UpstreamPool() = default;

void UpstreamPool::close() {
  idle_.clear();
  connections_.clear();
}

std::unique_ptr<UpstreamStream> UpstreamPool::lease(UpstreamEvents& events, Choice choice) {
  if (Http1Upstream* idle = pop_idle(choice)) {
    idle->lease_again(events);
    return std::make_unique<Lease>(*idle);
  }
  Http1Upstream::Owner& owner = *this;
  auto connection = std::make_unique<Http1Upstream>(environment_, owner, events);
  Http1Upstream& added = *connection;
  connections_.emplace(&added, std::move(connection));
  added.connect();
  return std::make_unique<Lease>(added);
}

Http1Upstream* UpstreamPool::pop_idle(Choice choice) {
  if (choice == Choice::fresh) return nullptr;
  while (!idle_.empty()) {
    Http1Upstream* connection = idle_.back();
    idle_.pop_back();
    if (choice == Choice::any || connection->looks_alive()) return connection;
    connection->discard();
  }
  return nullptr;
}

void UpstreamPool::take_back(Http1Upstream& connection) {
  if (idle_.size() >= kMaxIdleConnections) {
    idle_.front()->discard();
  }
  idle_.push_back(&connection);
}

void UpstreamPool::remove(Http1Upstream& connection) {
  std::erase(idle_, &connection);
  auto node = connections_.extract(&connection);
  LP_CHECK(!node.empty(), "a connection is removed once");
  environment_.loop.defer_delete(std::move(node.mapped()));
}

UpstreamPools::UpstreamPools(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, const Settings& settings)
    : resolver_(loop) {
  for (const auto& [name, upstream] : settings.upstreams) {
    pools_.try_emplace(name, loop, wheel, buffers, resolver_, upstream);
  }
  by_route_.resize(settings.routes.size() + 1, nullptr);
  for (const auto& route : settings.routes) {
    const auto found = pools_.find(route.upstream);
    if (found != pools_.end()) by_route_[static_cast<std::size_t>(route.index)] = &found->second;
  }
}

UpstreamPools::~UpstreamPools() = default;

void UpstreamPools::close() {
  for (auto& [name, pool] : pools_) pool.close();
}

}  // namespace lp
