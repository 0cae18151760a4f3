#include "proxy/server/server.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "config/acme.h"
#include "proxy/acme/renewals.h"
#include "proxy/net/descriptors.h"
#include "proxy/server/admin.h"
#include "proxy/server/worker.h"

namespace lp {

namespace {
constexpr std::int64_t kDrainPollMs = 50;
constexpr std::int64_t kMaxDrainMs = 30'000;  // then tunnels and stuck transfers are cut

// cgroup v2: "200000 100000" is two CPUs; "max ..." is no quota.
std::size_t cgroup_cpus() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || period <= 0) return SIZE_MAX;
  return std::max<std::size_t>(1, static_cast<std::size_t>(quota / period + 0.999));
}

std::size_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  const std::size_t by_affinity =
      known ? static_cast<std::size_t>(CPU_COUNT(&set)) : std::thread::hardware_concurrency();
  return std::max<std::size_t>(1, std::min(by_affinity, cgroup_cpus()));
}

// Each connection is two descriptors; the soft limit of a shell (1024) would stop us at 500.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  read_descriptor_limit();
}
}  // namespace

struct Server::Impl {
  Impl(const Settings& settings_in, const std::vector<Realm*>& realms)
      : settings(settings_in),
        any_realm(*realms.front()),
        served(settings_in, realms),
        state(settings_in.limits.buffered_bytes),
        shares(settings_in.limits, settings_in.trusted_proxies, any_realm.clock, any_realm.log),
        certificates(settings_in, any_realm.clock, any_realm.log) {}

  const Settings& settings;
  Realm& any_realm;  // for what all of them have in common: clock and log
  ServedRealms served;
  ServerState state;
  ConnectionShares shares;
  ListenerCertificates certificates;
  EventLoop loop;
  std::vector<Listener> listeners;
  std::vector<Listener> check_listeners;
  std::vector<Listener> admin_listeners;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<AcmeRenewals> renewals;  // null: no certificate comes by itself
  std::unique_ptr<Timer> next_step;        // of stopping
  std::unique_ptr<Timer> next_look;        // at certificates
  std::int64_t stop_began_ms = 0;
  std::int64_t drain_began_ms = 0;
  std::size_t turn = 0;  // of the workers, for who comes by a unix socket
  bool waits_for_notice = true;
  bool listens = true;

  Result<void> open_listeners(std::size_t worker_count);
  Result<void> read_tls();
  void watch_certificates();
  void begin_renewals();
  void add_worker(std::size_t index);
  [[nodiscard]] bool give_turn(Worker::Entry entry, std::size_t which, Socket& socket, const std::string& peer);
  void on_stop_signal(bool is_interactive);
  void begin_drain();
  void drain_workers();
  void poll_drain();
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool must_be_noticed() const;
  void step();
};

Server::Server() = default;
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(const Settings& settings, const std::vector<Realm*>& realms) {
  std::unique_ptr<Server> server(new Server());
  server->impl_ = std::make_unique<Impl>(settings, realms);
  const int wanted = settings.workers;
  const std::size_t count = wanted > 0 ? static_cast<std::size_t>(wanted) : usable_cpus();
  raise_descriptor_limit();
  if (const auto read = server->impl_->read_tls(); !read) return read.error();
  const auto opened = server->impl_->open_listeners(count);
  if (!opened) return opened.error();
  for (std::size_t i = 0; i < count; ++i) server->impl_->add_worker(i);
  return server;
}

void Server::Impl::add_worker(std::size_t index) {
  const auto descriptors = [index](const std::vector<Listener>& of) {
    std::vector<int> fds;
    for (const auto& listener : of) fds.push_back(listener.fd_for(index));
    return fds;
  };
  const Worker::Listening listening{descriptors(listeners), descriptors(check_listeners)};
  workers.push_back(std::make_unique<Worker>(served, state, shares, listening, *certificates.material(), [this] {
    for (auto& worker : workers) worker->make_room();
  }));
  workers.back()->hand_out(listening, [this](auto entry, auto which, Socket& socket, const std::string& peer) {
    return give_turn(entry, which, socket, peer);
  });
}

// On the thread of the first worker, who alone accepts from unix sockets: all of them in turn. False: it is its own.
bool Server::Impl::give_turn(Worker::Entry entry, std::size_t which, Socket& socket, const std::string& peer) {
  turn = (turn + 1) % workers.size();
  if (turn == 0) return false;
  workers[turn]->take(entry, which, std::move(socket), peer);
  return true;
}

// What all of this process's ends of TLS are made of.
Result<void> Server::Impl::read_tls() {
  if (const auto read = certificates.read(); !read) return read.error();
  certificates.set_ticket_secrets(settings.session.secrets);
  certificates.on_change([this](const std::shared_ptr<const TlsMaterial>& material) {
    for (auto& worker : workers) worker->replace_tls(material);
  });
  return state.upstreams.read_tls(settings.upstreams, any_realm.clock.unix_s());
}

void Server::Impl::begin_renewals() {
  const AcmeSettings* acme = acme_of(settings);
  if (acme == nullptr || certificates.automatic_hosts().empty()) return;
  renewals = std::make_unique<AcmeRenewals>(loop, *acme, certificates.automatic_hosts(), state.challenges,
                                            any_realm.clock, any_realm.log, [this] { certificates.read_anew(); });
  loop.post([this] { renewals->look(); });
}

void Server::Impl::watch_certificates() {
  certificates.look();
  if (renewals) renewals->look();
  next_look->start_ms(ListenerCertificates::kLookMs);
}

void Server::replace_ticket_secrets(const std::vector<Secret>& secrets) {
  impl_->certificates.set_ticket_secrets(secrets);
}

Result<void> Server::Impl::open_listeners(std::size_t worker_count) {
  const auto open_all = [&](const std::vector<ListenSettings>& wanted, std::vector<Listener>& into) -> Result<void> {
    for (const auto& address : wanted) {
      auto listener = Listener::open(address, worker_count);
      if (!listener) return listener.error();
      into.push_back(std::move(*listener));
    }
    return {};
  };
  if (auto opened = open_all(settings.listen, listeners); !opened) return opened;
  if (auto opened = open_all(settings.forward_auth.listen, check_listeners); !opened) return opened;
  auto listener = Listener::open(settings.admin, 1);
  if (!listener) return listener.error();
  admin_listeners.push_back(std::move(*listener));
  return {};
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> all;
  for (const auto& listener : impl_->listeners) all.push_back(listener.address());
  return all;
}

std::vector<std::string> Server::check_addresses() const {
  std::vector<std::string> all;
  for (const auto& listener : impl_->check_listeners) all.push_back(listener.address());
  return all;
}

std::string Server::admin_address() const { return impl_->admin_listeners.front().address(); }

void Server::run(const std::function<void()>& on_hangup) {
  Impl& impl = *impl_;
  std::signal(SIGPIPE, SIG_IGN);
  impl.admin =
      std::make_unique<Admin>(impl.loop, impl.settings, impl.served.client_headers, impl.state.readiness,
                              impl.any_realm.clock, impl.any_realm.log, impl.admin_listeners.front().fd_for(0));
  impl.next_step = std::make_unique<Timer>(impl.loop, [&impl] { impl.step(); });
  const SignalEvent on_term(impl.loop, SIGTERM, [&impl] { impl.on_stop_signal(false); });
  const SignalEvent on_int(impl.loop, SIGINT, [&impl] { impl.on_stop_signal(true); });
  const SignalEvent on_hup(impl.loop, SIGHUP, [&impl, &on_hangup] {
    if (impl.state.draining) return;
    on_hangup();
    impl.certificates.read_anew();
    if (impl.renewals) impl.renewals->look_anew();
  });
  impl.next_look = std::make_unique<Timer>(impl.loop, [&impl] { impl.watch_certificates(); });
  if (!impl.certificates.is_empty()) impl.next_look->start_ms(ListenerCertificates::kLookMs);
  for (auto& worker : impl.workers) impl.threads.emplace_back([&worker] { worker->run(); });
  impl.begin_renewals();
  impl.any_realm.log.info("ready");
  impl.loop.run();
  impl.renewals.reset();
  for (auto& worker : impl.workers) worker->stop();
  for (auto& thread : impl.threads) thread.join();
  impl.workers.clear();
  impl.admin.reset();
  impl.next_step.reset();
  impl.next_look.reset();
}

// Readiness fails first, and while a load balancer has not noticed everything is served as before. Nobody at a terminal
// waits for that, nor where nobody asks whether we are ready.
void Server::Impl::on_stop_signal(bool is_interactive) {
  if (!state.readiness.is_ready()) return loop.stop();  // asked a second time
  state.readiness.end();
  waits_for_notice = !is_interactive;
  stop_began_ms = any_realm.clock.monotonic_ms();
  if (!must_be_noticed()) return begin_drain();
  any_realm.log.info("stopping: not ready any more, serving on until load balancers have noticed",
                     {{"ready_wait_ms", settings.shutdown.ready_wait_ms}});
  next_step->start_ms(settings.shutdown.ready_wait_ms);
}

// Asked again while it drains, for whoever asks for the first time only then.
bool Server::Impl::must_be_noticed() const {
  const std::int64_t now_ms = any_realm.clock.monotonic_ms();
  return waits_for_notice && state.readiness.is_watched(now_ms) &&
         now_ms - stop_began_ms < settings.shutdown.ready_wait_ms;
}

void Server::Impl::step() { state.draining ? poll_drain() : begin_drain(); }

void Server::Impl::begin_drain() {
  state.draining = true;
  if (renewals) renewals->stop();
  any_realm.log.info("stopping: finishing requests in flight");
  drain_began_ms = any_realm.clock.monotonic_ms();
  drain_workers();
}

void Server::Impl::drain_workers() {
  for (auto& worker : workers) worker->drain(!listens);
  next_step->start_ms(kDrainPollMs);
}

bool Server::Impl::is_drained() const {
  const bool requests_are_over = state.requests_in_flight.load() <= state.open_tunnels.load();
  return requests_are_over &&
         std::all_of(workers.begin(), workers.end(), [](const auto& worker) { return worker->is_drained(); });
}

// Connections are accepted as long as anything runs, and then no more: who has come by then is still answered.
void Server::Impl::poll_drain() {
  const std::int64_t waited_ms = any_realm.clock.monotonic_ms() - drain_began_ms;
  const bool drained = is_drained();
  if ((drained && !listens) || waited_ms >= kMaxDrainMs) return loop.stop();
  if (drained && !must_be_noticed()) listens = false;
  drain_workers();
}

}  // namespace lp
