#include "proxy/server/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "base/client_group.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/https_door.h"
#include "proxy/net/descriptors.h"

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
      resume_(environment.loop, [this] { resume(); }),
      looked_(environment.wheel, [] {}) {
  for (const int fd : descriptors) {
    Entrance& entrance = entrances_.emplace_back(Entrance{fd, nullptr, nullptr, {}});
    if (fd < 0) continue;
    entrance.accepting = std::make_unique<IoEvent>(environment.loop, fd, kReadable,
                                                   [this, &entrance] { accept_some(entrance, kAcceptsPerTurn); });
    entrance.accepting->enable();
  }
}

void Acceptor::use_tls(std::size_t which, std::shared_ptr<const TlsAcceptor> tls, const Http1Client::OverTls& over) {
  Entrance& entrance = entrances_.at(which);
  if (entrance.tls == nullptr) entrance.over_tls = over;
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
  std::vector<std::pair<std::int64_t, Http1Client*>> idle;
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
  Http1Client::Environment environment = environment_;
  Transport transport(std::move(socket));
  if (entrance.tls != nullptr) {
    transport.put_tls(entrance.tls->new_session(environment_.buffers));
    environment.over_tls = &entrance.over_tls;
  }
  auto connection = std::make_unique<Http1Client>(environment, std::move(transport), std::move(peer), make_events_,
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
  std::vector<Http1Client*> all;
  for (auto& [key, connection] : connections_) all.push_back(key);
  auto busy = static_cast<std::int64_t>(arrivals_.size());
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

namespace {

// Descriptors of those listeners that do nothing but send people to https, or of all others; in their order.
std::vector<int> descriptors_of(const std::vector<ListenSettings>& listen, const std::vector<int>& descriptors,
                                bool redirect_to_https) {
  std::vector<int> chosen;
  for (std::size_t i = 0; i < listen.size() && i < descriptors.size(); ++i) {
    if (listen[i].redirect_to_https == redirect_to_https) chosen.push_back(descriptors[i]);
  }
  return chosen;
}

std::string strict_transport_of(const ListenTlsSettings& tls) {
  if (tls.hsts_ms == 0) return {};
  return "max-age=" + std::to_string(tls.hsts_ms / kSecond) + (tls.hsts_subdomains ? "; includeSubDomains" : "");
}

void expect_proxy_headers(Acceptor& acceptor, const std::vector<ListenSettings>& listen, bool redirect_to_https) {
  std::size_t which = 0;
  for (const ListenSettings& one : listen) {
    if (one.redirect_to_https != redirect_to_https) continue;
    if (one.proxy_protocol) acceptor.expect_proxy_header(which);
    ++which;
  }
}

void tell_failed_handshake(const WorkerContext& context, const std::string& peer, const std::string& reason) {
  const auto times = context.server.handshake_notice.happened(context.clock.monotonic_ms());
  if (!times) return;
  context.log.info("TLS was not agreed on with a client; the next ones are told in a minute",
                   {{"client", std::string_view(peer)}, {"reason", std::string_view(reason)}, {"times", *times}});
}

}  // namespace

Worker::Worker(const ServedRealms& served, ServerState& server, ConnectionShares& shares, const Listening& listening,
               const TlsMaterial& tls, const std::function<void()>& ask_others_for_room)
    : context_(served, server),
      acceptor_(environment(), descriptors_of(served.settings.listen, listening.listen, false),
                {shares, ask_others_for_room},
                [this](ClientStream& client) { return std::make_unique<Exchange>(context_, client); }),
      check_acceptor_(
          environment(), listening.for_checks, {shares, ask_others_for_room},
          [this](ClientStream& client) { return std::make_unique<Exchange>(context_, client, Door::checks_only); }),
      https_door_(environment(), descriptors_of(served.settings.listen, listening.listen, true),
                  {shares, ask_others_for_room},
                  [this](ClientStream& client) { return std::make_unique<HttpsDoor>(context_, client); }) {
  use_tls(tls);
  expect_proxy_headers(acceptor_, context_.settings.listen, false);
  expect_proxy_headers(https_door_, context_.settings.listen, true);
}

Worker::~Worker() {
  for (Acceptor* acceptor : acceptors_) acceptor->close_all_connections();
  context_.upstreams.close();
  context_.loop.delete_deferred();
}

// Each worker has its own: OpenSSL's contexts are full of locks.
void Worker::use_tls(const TlsMaterial& tls) {
  std::size_t which = 0;
  for (std::size_t i = 0; i < tls.of_listener.size(); ++i) {
    const ListenSettings& listener = context_.settings.listen[i];
    if (listener.redirect_to_https) continue;
    if (listener.tls.is_on()) {
      auto made = std::make_shared<const TlsAcceptor>(
          listener.tls, tls.of_listener[i], tls.ticket_secrets, [this] { return context_.clock.unix_s(); },
          tls.waiting[i], tls.clients_of_listener[i]);
      acceptor_.use_tls(which, std::move(made),
                        {strict_transport_of(listener.tls), [this](const std::string& peer, const std::string& reason) {
                           tell_failed_handshake(context_, peer, reason);
                         }});
    }
    ++which;
  }
}

void Worker::replace_tls(std::shared_ptr<const TlsMaterial> tls) {
  context_.loop.post([this, tls = std::move(tls)] { use_tls(*tls); });
}

void Worker::make_room() {
  context_.loop.post([this] {
    for (Acceptor* acceptor : acceptors_) (void)acceptor->make_room();
  });
}

// Until it has been looked at everything counts as busy.
void Worker::drain(bool stops_listening) {
  busy_connections_.store(1);
  context_.loop.post([this, stops_listening] {
    std::int64_t busy = 0;
    for (Acceptor* acceptor : acceptors_) {
      if (stops_listening) acceptor->stop_listening();
      busy += acceptor->drain();
    }
    busy_connections_.store(busy);
  });
}

void Worker::stop() { context_.loop.stop(); }

void Worker::take(Entry entry, std::size_t which, Socket socket, std::string peer) {
  context_.loop.post([this, entry, which, taken = std::make_shared<Socket>(std::move(socket)), peer = std::move(peer)] {
    acceptors_.at(static_cast<std::size_t>(entry))->take(which, std::move(*taken), peer);
  });
}

void Worker::hand_out(const Listening& listening, const HandOut& to) {
  std::array<std::size_t, 3> counts{};
  const auto add = [&](Entry entry, const ListenSettings& settings, int fd) {
    const auto index = static_cast<std::size_t>(entry);
    const std::size_t which = counts.at(index)++;
    if (settings.kind != ListenSettings::Kind::unix_socket || fd < 0) return;
    acceptors_.at(index)->hand_out(
        which, [=](Socket& socket, const std::string& peer) { return to(entry, which, socket, peer); });
  };
  const std::vector<ListenSettings>& listen = context_.settings.listen;
  for (std::size_t i = 0; i < listening.listen.size(); ++i)
    add(listen[i].redirect_to_https ? Entry::https_door : Entry::app, listen[i], listening.listen[i]);
  const std::vector<ListenSettings>& for_checks = context_.settings.forward_auth.listen;
  for (std::size_t i = 0; i < listening.for_checks.size(); ++i)
    add(Entry::checks, for_checks[i], listening.for_checks[i]);
}

}  // namespace lp
