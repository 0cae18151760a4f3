#include "proxy/server/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "proxy/exchange/exchange.h"

namespace lp {

namespace {
constexpr int kAcceptsPerTurn = 64;
constexpr int kBacklogAtMost = 65'536;
// Out of descriptors or at the limit: connections wait in the kernel's queue, and those we have go on.
constexpr std::int64_t kAcceptPauseMs = 100;
// Who has just been answered is likely to ask again: its connection is not taken away under its next request.
constexpr std::int64_t kIdleForRoomMs = 2'000;
constexpr std::size_t kClosedForRoom = 16;  // at a time: to look for them is a walk over all
// While draining. A next request may be on its way to a connection that was used a moment ago; a first one to one that
// was just accepted, from across the world too.
constexpr std::int64_t kIdleForDrainMs = 250;
constexpr std::int64_t kNewForDrainMs = 1'000;
}  // namespace

Acceptor::Acceptor(const Http1Client::Environment& environment, const std::vector<int>& descriptors,
                   const Limits& limits, Http1Client::MakeEvents make_events)
    : environment_(environment),
      limits_(limits),
      make_events_(std::move(make_events)),
      descriptors_(descriptors),
      resume_(environment.loop, [this] { resume(); }),
      looked_(environment.wheel, [] {}) {
  for (const int fd : descriptors_) {
    accepting_.push_back(
        std::make_unique<IoEvent>(environment.loop, fd, kReadable, [this, fd] { accept_some(fd, kAcceptsPerTurn); }));
    accepting_.back()->enable();
  }
}

Acceptor::~Acceptor() { close_all_connections(); }

void Acceptor::accept_some(int fd, int most) {
  for (int i = 0; i < most; ++i) {
    if (limits_.shares.is_full() && !make_room()) {
      limits_.shares.tell_full();
      if (limits_.ask_others_for_room) limits_.ask_others_for_room();
      return pause();
    }
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Socket socket(
        ::accept4(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      const int why = errno;
      if (why == EINTR || why == ECONNABORTED) continue;
      if (why == EAGAIN || why == EWOULDBLOCK) return;
      limits_.shares.tell_no_descriptors(std::strerror(why));
      (void)make_room();
      return pause();
    }
    if (peer.storage.ss_family != AF_UNIX) set_no_delay(socket.fd());
    admit(std::move(socket), address_text(peer));
  }
}

void Acceptor::admit(Socket socket, std::string peer) {
  if (limits_.shares.admit(peer) || make_room_for(peer)) add(std::move(socket), std::move(peer));
}

// Of its own share: nobody else's connection goes for it.
bool Acceptor::make_room_for(std::string_view peer) {
  return may_look_for_idle() && close_longest_idle(peer) > 0 && limits_.shares.admit(peer);
}

bool Acceptor::make_room() {
  if (!may_look_for_idle() || close_longest_idle({}) == 0) return false;
  limits_.shares.tell_full();
  return true;
}

bool Acceptor::may_look_for_idle() {
  if (looked_.is_set()) return false;
  looked_.set_ms(0);
  return true;
}

// Of one peer, or with an empty text of all.
std::size_t Acceptor::close_longest_idle(std::string_view of_peer) {
  std::vector<std::pair<std::int64_t, Http1Client*>> idle;
  for (auto& [connection, owned] : connections_) {
    const auto idle_ms = connection->idle_ms();
    const bool is_meant = of_peer.empty() || connection->peer_address() == of_peer;
    if (idle_ms && *idle_ms >= kIdleForRoomMs && is_meant) idle.emplace_back(*idle_ms, connection);
  }
  const auto end = idle.begin() + static_cast<std::ptrdiff_t>(std::min(idle.size(), kClosedForRoom));
  std::partial_sort(idle.begin(), end, idle.end(), std::greater<>());
  return static_cast<std::size_t>(
      std::count_if(idle.begin(), end, [](auto& one) { return one.second->close_if_idle(); }));
}

void Acceptor::add(Socket socket, std::string peer) {
  auto connection = std::make_unique<Http1Client>(environment_, std::move(socket), std::move(peer), make_events_,
                                                  [this](Http1Client& closed) { remove(closed); });
  Http1Client* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void Acceptor::remove(Http1Client& connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  limits_.shares.leave(connection.peer_address());
  environment_.loop.defer_delete(std::move(node.mapped()));
}

void Acceptor::pause() {
  for (auto& accepting : accepting_) accepting->disable();
  resume_.start_ms(kAcceptPauseMs);
}

void Acceptor::resume() {
  if (!listens_) return;
  for (auto& accepting : accepting_) accepting->enable();
}

std::int64_t Acceptor::drain() {
  std::vector<Http1Client*> all;
  for (auto& [key, connection] : connections_) all.push_back(key);
  std::int64_t busy = 0;
  for (Http1Client* connection : all) {
    const auto idle_ms = connection->idle_ms();
    const bool is_recent = idle_ms && *idle_ms < (connection->is_unused() ? kNewForDrainMs : kIdleForDrainMs);
    if (is_recent || connection->is_busy()) {
      ++busy;
    } else if (!connection->is_unused()) {
      (void)connection->close_if_idle();
    }
  }
  return busy;
}

// Closing a listening socket resets who waits in its queue: everybody is taken out of it first.
void Acceptor::stop_listening() {
  if (!std::exchange(listens_, false)) return;
  for (auto& accepting : accepting_) accepting->disable();
  for (const int fd : descriptors_) {
    accept_some(fd, kBacklogAtMost);
    ::shutdown(fd, SHUT_RD);
  }
}

void Acceptor::close_all_connections() {
  for (auto& [key, connection] : connections_) limits_.shares.leave(connection->peer_address());
  connections_.clear();
  environment_.loop.delete_deferred();
}

namespace {

// Nothing else is answered without a Host.
bool answers_probes(const HealthSettings& health) {
  return !health.ping.empty() || !health.ready.empty() || health.robots_txt == RobotsTxt::always;
}

}  // namespace

Http1Client::Environment Worker::environment() {
  return {context_.loop,
          context_.wheel,
          context_.buffers,
          context_.settings.limits,
          context_.settings.timeouts,
          context_.client_headers,
          context_.scratch,
          context_.server.memory,
          !answers_probes(context_.settings.health)};
}

Worker::Worker(const ServedRealms& served, ServerState& server, ConnectionShares& shares, const Listening& listening,
               const std::function<void()>& ask_others_for_room)
    : context_(served, server),
      acceptor_(environment(), listening.for_all, {shares, ask_others_for_room},
                [this](ClientStream& client) { return std::make_unique<Exchange>(context_, client); }),
      check_acceptor_(environment(), listening.for_checks, {shares, ask_others_for_room}, [this](ClientStream& client) {
        return std::make_unique<Exchange>(context_, client, Door::checks_only);
      }) {}

Worker::~Worker() {
  acceptor_.close_all_connections();
  check_acceptor_.close_all_connections();
  context_.upstreams.close();
  context_.loop.delete_deferred();
}

void Worker::make_room() {
  context_.loop.post([this] {
    (void)acceptor_.make_room();
    (void)check_acceptor_.make_room();
  });
}

// Until it has been looked at everything counts as busy.
void Worker::drain(bool stops_listening) {
  busy_connections_.store(1);
  context_.loop.post([this, stops_listening] {
    if (stops_listening) {
      acceptor_.stop_listening();
      check_acceptor_.stop_listening();
    }
    busy_connections_.store(acceptor_.drain() + check_acceptor_.drain());
  });
}

void Worker::stop() { context_.loop.stop(); }

}  // namespace lp
