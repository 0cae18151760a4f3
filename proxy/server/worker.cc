#include "proxy/server/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "proxy/exchange/exchange.h"

namespace lp {

namespace {
constexpr int kAcceptsPerTurn = 64;
// Out of descriptors or at the limit: connections wait in the kernel's queue, and those we have go on.
constexpr std::int64_t kAcceptPauseMs = 100;
}  // namespace

Acceptor::Acceptor(const Http1Client::Environment& environment, const std::vector<int>& descriptors,
                   const Limits& limits, Http1Client::MakeEvents make_events)
    : environment_(environment),
      limits_(limits),
      make_events_(std::move(make_events)),
      resume_(environment.loop, [this] { resume(); }) {
  for (const int fd : descriptors) {
    accepting_.push_back(std::make_unique<IoEvent>(environment.loop, fd, kReadable, [this, fd] { accept_some(fd); }));
    accepting_.back()->enable();
  }
}

Acceptor::~Acceptor() { close_all_connections(); }

void Acceptor::accept_some(int fd) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (limits_.open_connections.load(std::memory_order_relaxed) >= limits_.max_connections) return pause();
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Socket socket(
        ::accept4(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      const bool nobody_waits = errno == EAGAIN || errno == EWOULDBLOCK;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return nobody_waits ? void() : pause();
    }
    if (peer.storage.ss_family != AF_UNIX) set_no_delay(socket.fd());
    add(std::move(socket), address_text(peer));
  }
}

void Acceptor::add(Socket socket, std::string peer) {
  limits_.open_connections.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_unique<Http1Client>(environment_, std::move(socket), std::move(peer), make_events_,
                                                  [this](Http1Client& closed) { remove(closed); });
  Http1Client* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void Acceptor::remove(Http1Client& connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  limits_.open_connections.fetch_sub(1, std::memory_order_relaxed);
  environment_.loop.defer_delete(std::move(node.mapped()));
}

void Acceptor::pause() {
  for (auto& accepting : accepting_) accepting->disable();
  resume_.start_ms(kAcceptPauseMs);
}

void Acceptor::resume() {
  for (auto& accepting : accepting_) accepting->enable();
}

void Acceptor::close_idle_connections() {
  std::vector<Http1Client*> all;
  for (auto& [key, connection] : connections_) all.push_back(key);
  for (Http1Client* connection : all) connection->close_if_idle();
}

std::int64_t Acceptor::busy_connections() const {
  const auto is_busy = [](const auto& entry) { return entry.second->is_busy(); };
  return std::count_if(connections_.begin(), connections_.end(), is_busy);
}

void Acceptor::close_all_connections() {
  limits_.open_connections.fetch_sub(static_cast<std::int64_t>(connections_.size()), std::memory_order_relaxed);
  connections_.clear();
  environment_.loop.delete_deferred();
}

Http1Client::Environment Worker::environment() {
  return {
      context_.loop,           context_.wheel,  context_.buffers, context_.settings.limits, context_.settings.timeouts,
      context_.client_headers, context_.scratch};
}

Worker::Worker(const ServedRealms& served, ServerState& server, const std::vector<int>& listening,
               const std::vector<int>& for_checks)
    : context_(served, server),
      acceptor_(environment(), listening, {server.open_connections, context_.settings.limits.connections},
                [this](ClientStream& client) { return std::make_unique<Exchange>(context_, client); }),
      check_acceptor_(
          environment(), for_checks, {server.open_connections, context_.settings.limits.connections},
          [this](ClientStream& client) { return std::make_unique<Exchange>(context_, client, Door::checks_only); }) {}

Worker::~Worker() {
  acceptor_.close_all_connections();
  check_acceptor_.close_all_connections();
  context_.upstreams.close();
  context_.loop.delete_deferred();
}

void Worker::drain() {
  context_.loop.post([this] {
    acceptor_.close_idle_connections();
    check_acceptor_.close_idle_connections();
    busy_connections_.store(acceptor_.busy_connections() + check_acceptor_.busy_connections());
  });
}

void Worker::stop() { context_.loop.stop(); }

}  // namespace lp
