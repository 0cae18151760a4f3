#include "proxy/server/worker.h"

#include <functional>
#include <string>
#include <utility>

#include "proxy/exchange/https_door.h"

namespace lp {

namespace {

// Nothing else is answered without a Host.
bool answers_probes(const HealthSettings& health) {
  return !health.ping.empty() || !health.ready.empty() || health.robots_txt == RobotsTxt::always;
}

}  // namespace

ClientEnvironment Worker::environment() {
  return {context_.loop,
          context_.wheel,
          context_.buffers,
          context_.settings.limits,
          context_.settings.timeouts,
          context_.client_headers,
          context_.scratch,
          context_.server.memory,
          requests_,
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

void say_what_comes(Acceptor& acceptor, const std::vector<ListenSettings>& listen, bool redirect_to_https) {
  std::size_t which = 0;
  for (const ListenSettings& one : listen) {
    if (one.redirect_to_https != redirect_to_https) continue;
    if (one.proxy_protocol) acceptor.expect_proxy_header(which);
    if (one.h2c) acceptor.take_http2(which);
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
      exchanges_(context_, Door::any),
      checks_(context_, Door::checks_only),
      https_doors_([this](ClientStream& client) { return std::make_unique<HttpsDoor>(context_, client); }),
      acceptor_(environment(), descriptors_of(served.settings.listen, listening.listen, false),
                {shares, ask_others_for_room}, exchanges_),
      check_acceptor_(environment(), listening.for_checks, {shares, ask_others_for_room}, checks_),
      https_door_(environment(), descriptors_of(served.settings.listen, listening.listen, true),
                  {shares, ask_others_for_room}, https_doors_) {
  use_tls(tls);
  say_what_comes(acceptor_, context_.settings.listen, false);
  say_what_comes(https_door_, context_.settings.listen, true);
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
          tls.waiting[i], listener.http2, tls.clients_of_listener[i]);
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
