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
  [[nodiscard]] std::size_t held_bytes() const override { return connection_.held_bytes(); }
  void pause_response() override { connection_.set_paused(true); }
  void resume_response() override { connection_.set_paused(false); }
  [[nodiscard]] bool is_reused_connection() const override { return connection_.is_reused(); }

 private:
  Http1Upstream& connection_;
};
}  // namespace

UpstreamPool::UpstreamPool(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Resolver& resolver,
                           const UpstreamSettings& settings, const MemoryBudget& memory)
    : environment_{loop, wheel, buffers, resolver, settings, memory}, own_host_(own_host_field(settings)) {}

UpstreamPool::~UpstreamPool() = default;

void UpstreamPool::close() {
  idle_.clear();
  settling_.clear();
  held_.clear();
  connections_.clear();
}

std::unique_ptr<UpstreamStream> UpstreamPool::lease(UpstreamEvents& events, Choice choice,
                                                    const UpstreamClient& client) {
  Http1Upstream* idle = held_.empty() ? nullptr : pop_held(choice, client);
  if (idle == nullptr) idle = pop_idle(choice);
  if (idle != nullptr) {
    idle->lease_again(events, client);
    return std::make_unique<Lease>(*idle);
  }
  if (!settling_.empty()) settling_.front()->discard();  // no app gets more connections than are needed
  Http1Upstream::Owner& owner = *this;
  auto connection = std::make_unique<Http1Upstream>(environment_, owner, events, client);
  Http1Upstream& added = *connection;
  connections_.emplace(&added, std::move(connection));
  added.connect();
  return std::make_unique<Lease>(added);
}

// Bytes that nobody asked for would be taken for the next answer (a 408, RFC 9110 15.5.9). Where some are to be feared
// the kernel is asked too.
bool UpstreamPool::is_fit(const Http1Upstream& connection, Choice choice) const {
  const bool must_ask = choice == Choice::checked || connection.may_get_late_body() || sends_late_bodies_;
  return connection.is_quiet() && (!must_ask || connection.looks_alive());
}

Http1Upstream* UpstreamPool::pop_idle(Choice choice) {
  if (choice == Choice::fresh) return nullptr;
  while (!idle_.empty()) {
    Http1Upstream* connection = idle_.back();
    idle_.pop_back();
    if (is_fit(*connection, choice)) return connection;
    connection->discard();
  }
  return nullptr;
}

// One that is signed in as somebody else on the same client's connection goes.
Http1Upstream* UpstreamPool::pop_held(Choice choice, const UpstreamClient& client) {
  const auto found =
      std::find_if(held_.begin(), held_.end(), [&](const Held& held) { return held.client == client.connection; });
  if (found == held_.end()) return nullptr;
  Http1Upstream* const connection = found->connection;
  const bool is_theirs = found->person == client.person;
  held_.erase(found);
  if (is_theirs && choice != Choice::fresh && is_fit(*connection, choice)) return connection;
  connection->discard();
  return nullptr;
}

void UpstreamPool::hold(Http1Upstream& connection) {
  const UpstreamClient& client = connection.client();
  if (client.connection == nullptr) return connection.discard();
  held_.push_back({&connection, client.connection, std::string(client.person)});
}

void UpstreamPool::close_held_by(const void* connection) {
  for (std::size_t i = held_.size(); i-- > 0;) {
    if (held_[i].client == connection) held_[i].connection->discard();
  }
}

void UpstreamPool::take_back(Http1Upstream& connection) {
  if (connection.may_get_late_body() && sends_late_bodies_) return connection.discard();
  if (connection.is_signed_in()) return hold(connection);
  if (connection.may_get_late_body()) return settle(connection);
  on_settled(connection);
}

void UpstreamPool::settle(Http1Upstream& connection) {
  if (settling_.size() >= kMaxIdleConnections) settling_.front()->discard();
  settling_.push_back(&connection);
  connection.settle();
}

void UpstreamPool::on_settled(Http1Upstream& connection) {
  std::erase(settling_, &connection);
  if (idle_.size() >= kMaxIdleConnections) {
    idle_.front()->discard();
  }
  idle_.push_back(&connection);
}

void UpstreamPool::remove(Http1Upstream& connection) {
  std::erase(idle_, &connection);
  std::erase(settling_, &connection);
  std::erase_if(held_, [&](const Held& held) { return held.connection == &connection; });
  auto node = connections_.extract(&connection);
  LP_CHECK(!node.empty(), "a connection is removed once");
  environment_.loop.defer_delete(std::move(node.mapped()));
}

UpstreamPools::UpstreamPools(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, const Settings& settings,
                             const MemoryBudget& memory)
    : resolver_(loop) {
  for (const auto& [name, upstream] : settings.upstreams) {
    pools_.try_emplace(name, loop, wheel, buffers, resolver_, upstream, memory);
  }
  by_route_.resize(settings.routes.size() + 1, nullptr);
  for (const auto& route : settings.routes) {
    const auto found = pools_.find(route.upstream);
    if (found != pools_.end()) by_route_[static_cast<std::size_t>(route.index)] = &found->second;
  }
}

UpstreamPools::~UpstreamPools() = default;

void UpstreamPools::close_held_by(const void* connection) {
  for (auto& [name, pool] : pools_) pool.close_held_by(connection);
}

void UpstreamPools::close() {
  for (auto& [name, pool] : pools_) pool.close();
}

}  // namespace lp
