#include "proxy/server/acceptor.h"

#include <malloc.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "base/client_group.h"
#include "proxy/http1/client.h"
#include "proxy/http2/session.h"
#include "proxy/net/descriptors.h"
#include "proxy/net/listener.h"

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
// Of fewer connections than that the memory is used again by the next. It is given back once they seem to stay away,
// for that is a walk over all that is free.
constexpr std::size_t kManyConnections = 500;
constexpr std::int64_t kCalmMs = 5'000;
}  // namespace

Acceptor::Acceptor(const ClientEnvironment& environment, const std::vector<int>& descriptors, const Limits& limits,
                   EventsSource& events)
    : environment_(environment),
      limits_(limits),
      events_(events),
      resume_(environment.loop, [this] { resume(); }),
      looked_(environment.wheel, [] {}),
      calm_(environment.wheel, [this] { give_back_memory(); }) {
  for (const int fd : descriptors) {
    Entrance& entrance = entrances_.emplace_back(Entrance{fd, environment, nullptr, nullptr, {}});
    if (fd < 0) continue;
    entrance.accepting = std::make_unique<IoEvent>(environment.loop, fd, kReadable,
                                                   [this, &entrance] { accept_some(entrance, kAcceptsPerTurn); });
    entrance.accepting->enable();
  }
}

void Acceptor::use_tls(std::size_t which, std::shared_ptr<const TlsAcceptor> tls, const OverTls& over) {
  Entrance& entrance = entrances_.at(which);
  if (entrance.tls == nullptr) entrance.over_tls = over;
  entrance.environment.over_tls = &entrance.over_tls;
  if (entrance.tls != nullptr) tls->succeed(*entrance.tls);
  entrance.tls = std::move(tls);
}

Acceptor::~Acceptor() { close_all_connections(); }

// Of places and of descriptors. Where there is none who waits stays in the kernel's queue for a moment.
bool Acceptor::has_room(const Entrance& entrance) {
  if (is_short_ && !next_leaves_descriptors(entrance.fd, DescriptorUse::client)) {
    run_short("only as many are left as apps, Logto and journals need");
    return false;
  }
  is_short_ = false;
  if (!limits_.shares.is_full() || make_room()) return true;
  limits_.shares.tell_full();
  if (limits_.ask_others_for_room) limits_.ask_others_for_room();
  pause();
  return false;
}

void Acceptor::run_short(std::string_view reason) {
  is_short_ = true;
  limits_.shares.tell_no_descriptors(reason);
  (void)make_room();
  pause();
}

void Acceptor::accept_some(Entrance& entrance, int most) {
  for (int i = 0; i < most; ++i) {
    if (!has_room(entrance)) return;
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Socket socket(
        ::accept4(entrance.fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      const int why = errno;
      if (why == EINTR || why == ECONNABORTED) continue;
      if (why == EAGAIN || why == EWOULDBLOCK) return;
      read_descriptor_limit();
      return run_short(std::strerror(why));
    }
    if (peer.storage.ss_family != AF_UNIX) set_no_delay(socket.fd());
    is_short_ = !leaves_descriptors(socket.fd(), DescriptorUse::client);
    greet_or_hand_out(entrance, std::move(socket), address_text(peer));
  }
}

// Not any more once nobody is accepted: others may have looked for the last time.
void Acceptor::greet_or_hand_out(Entrance& entrance, Socket socket, std::string peer) {
  if (listens_ && entrance.hand_out && entrance.hand_out(socket, peer)) return;
  greet(entrance, std::move(socket), std::move(peer));
}

void Acceptor::take(std::size_t which, Socket socket, std::string peer) {
  greet(entrances_.at(which), std::move(socket), std::move(peer));
}

void Acceptor::greet(Entrance& entrance, Socket socket, std::string peer) {
  if (!entrance.expects_proxy_header) return admit(entrance, std::move(socket), std::move(peer));
  if (!limits_.shares.is_trusted(peer)) return limits_.shares.tell_no_balancer(peer);
  if (!limits_.shares.admit(peer)) return;
  auto arrival = std::make_unique<ProxiedArrival>(
      environment_.loop, environment_.wheel, std::move(socket), std::move(peer), environment_.timeouts.first_byte_ms,
      [this, &entrance](ProxiedArrival& one, std::optional<std::string> client) {
        arrived(entrance, one, std::move(client));
      });
  ProxiedArrival* const key = arrival.get();
  arrivals_.emplace(key, std::move(arrival));
}

// From here on the client has the connection, and it counts as the client's.
void Acceptor::arrived(Entrance& entrance, ProxiedArrival& arrival, std::optional<std::string> client) {
  auto node = arrivals_.extract(&arrival);
  limits_.shares.leave(arrival.balancer());
  Socket socket = arrival.take();
  std::string peer = client && client->empty() ? arrival.balancer() : client.value_or("");
  environment_.loop.defer_delete(std::move(node.mapped()));
  if (client) return admit(entrance, std::move(socket), std::move(peer));
  limits_.shares.tell_no_proxy_header(arrival.balancer());
}

void Acceptor::admit(Entrance& entrance, Socket socket, std::string peer) {
  if (entrance.tls != nullptr && !limits_.shares.may_begin_tls(peer)) return;
  if (limits_.shares.admit(peer) || make_room_for(peer)) add(entrance, std::move(socket), std::move(peer));
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
  const std::string group = client_group(of_peer);
  std::vector<std::pair<std::int64_t, ClientConnection*>> idle;
  for (auto& [connection, owned] : connections_) {
    const auto idle_ms = connection->idle_ms();
    const bool is_meant = of_peer.empty() || client_group(connection->peer_address()) == group;
    if (idle_ms && *idle_ms >= kIdleForRoomMs && is_meant) idle.emplace_back(*idle_ms, connection);
  }
  const auto end = idle.begin() + static_cast<std::ptrdiff_t>(std::min(idle.size(), kClosedForRoom));
  std::partial_sort(idle.begin(), end, idle.end(), std::greater<>());
  return static_cast<std::size_t>(
      std::count_if(idle.begin(), end, [](auto& one) { return one.second->close_if_idle(); }));
}

void Acceptor::add(Entrance& entrance, Socket socket, std::string peer) {
  Transport transport(std::move(socket));
  if (entrance.tls != nullptr) transport.put_tls(entrance.tls->new_session(environment_.buffers));
  const bool may_be_http2 = entrance.tls != nullptr ? entrance.tls->offers_http2() : entrance.takes_http2;
  if (may_be_http2) return choose_wire(entrance, std::move(transport), std::move(peer));
  add_http1(entrance, std::move(transport), std::move(peer), {});
}

void Acceptor::choose_wire(Entrance& entrance, Transport transport, std::string peer) {
  keep(std::make_unique<WireChoice>(environment_.loop, environment_.wheel, environment_.buffers, std::move(transport),
                                    std::move(peer), environment_.timeouts.first_byte_ms,
                                    [this, &entrance](WireChoice& choice, std::optional<WireChoice::Chosen> wire) {
                                      chosen(entrance, choice, std::move(wire));
                                    }));
}

void Acceptor::chosen(Entrance& entrance, WireChoice& choice, std::optional<WireChoice::Chosen> wire) {
  if (const std::string why = choice.failed_handshake(); !why.empty() && entrance.over_tls.tell_failed_handshake)
    entrance.over_tls.tell_failed_handshake(choice.peer_address(), why);
  if (!wire) return remove(choice);
  auto node = connections_.extract(&choice);  // its place among the shares is the next one's
  Transport transport = choice.take();
  std::string peer = choice.peer_address();
  environment_.loop.defer_delete(std::move(node.mapped()));
  if (wire->is_http2) return add_http2(entrance, std::move(transport), std::move(peer), wire->early);
  add_http1(entrance, std::move(transport), std::move(peer), wire->early);
}

void Acceptor::add_http1(Entrance& entrance, Transport transport, std::string peer, std::string_view early) {
  auto connection = std::make_unique<Http1Client>(entrance.environment, std::move(transport), std::move(peer), events_,
                                                  [this](ClientConnection& closed) { remove(closed); });
  connection->begin_with(early);
  keep(std::move(connection));
}

void Acceptor::add_http2(Entrance& entrance, Transport transport, std::string peer, std::string_view early) {
  auto connection = std::make_unique<Http2Session>(entrance.environment, std::move(transport), std::move(peer), events_,
                                                   [this](ClientConnection& closed) { remove(closed); });
  Http2Session& opened = *connection;
  keep(std::move(connection));
  opened.begin_with(early);
}

void Acceptor::keep(std::unique_ptr<ClientConnection> connection) {
  ClientConnection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
  most_connections_ = std::max(most_connections_, connections_.size());
}

void Acceptor::remove(ClientConnection& connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  limits_.shares.leave(connection.peer_address());
  environment_.loop.defer_delete(std::move(node.mapped()));
  if (most_have_gone() && !calm_.is_set()) calm_.set_ms(kCalmMs);
}

bool Acceptor::most_have_gone() const {
  return most_connections_ >= kManyConnections && connections_.size() < most_connections_ / 2;
}

void Acceptor::give_back_memory() {
  if (!most_have_gone()) return;
  most_connections_ = connections_.size();
  connections_.rehash(0);
  events_.drop_free();
  environment_.requests.drop();
  environment_.buffers.drop();
  (void)::malloc_trim(0);
}

void Acceptor::pause() {
  for (Entrance& entrance : entrances_) {
    if (entrance.accepting) entrance.accepting->disable();
  }
  resume_.start_ms(kAcceptPauseMs);
}

void Acceptor::resume() {
  if (!listens_) return;
  for (Entrance& entrance : entrances_) {
    if (entrance.accepting) entrance.accepting->enable();
  }
}

std::int64_t Acceptor::drain() {
  std::vector<ClientConnection*> all;
  for (auto& [key, connection] : connections_) all.push_back(key);
  auto busy = static_cast<std::int64_t>(arrivals_.size());
  for (ClientConnection* connection : all) {
    connection->drain();
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
  pause();
  for (Entrance& entrance : entrances_) {
    if (!entrance.accepting) continue;
    accept_some(entrance, kBacklogAtMost);
    ::shutdown(entrance.fd, SHUT_RD);
  }
}

void Acceptor::close_all_connections() {
  for (auto& [key, connection] : connections_) limits_.shares.leave(connection->peer_address());
  for (auto& [key, arrival] : arrivals_) limits_.shares.leave(arrival->balancer());
  connections_.clear();
  arrivals_.clear();
  environment_.loop.delete_deferred();
}

}  // namespace lp
