#include "base/redis_client.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/resolver.h"
#include "base/stream_client.h"

namespace lp {
namespace {

// A connection that lived shorter counts as a failed attempt: else a server that lets us in and throws us out at once
// would be asked without a pause.
constexpr std::int64_t kSoundAfterMs = 5'000;
// Reading the authorities takes long, yet somebody may replace them.
constexpr std::int64_t kTlsContextLivesMs = 60'000;

using Kind = RedisError::Kind;
using Outcome = Result<RedisReply, RedisError>;

struct Pending {
  RedisClient::Done done;  // null once cancelled or called
  std::string bytes;       // until it is written
  std::int64_t due_ms = 0;
};
using PendingPtr = std::shared_ptr<Pending>;

class PendingHandle final : public RedisClient::Handle {
 public:
  explicit PendingHandle(PendingPtr pending) : pending_(std::move(pending)) {}
  ~PendingHandle() override { pending_->done = nullptr; }

 private:
  PendingPtr pending_;
};

// `done` may drop the handle, and with it what it would be called from: so it is taken out first.
void finish(Pending& pending, Outcome outcome) {
  const auto done = std::exchange(pending.done, nullptr);
  if (done) done(std::move(outcome));
}

RedisError error_of(Kind kind, std::string message) { return RedisError{kind, std::move(message)}; }

}  // namespace

struct RedisClient::Impl {
  Impl(EventLoop& loop_in, RedisOptions options_in, OnState on_state_in)
      : loop(loop_in),
        options(std::move(options_in)),
        on_state(std::move(on_state_in)),
        resolver(loop_in),
        retry(loop_in, [this] { begin_attempt(); }),
        attempt_end(loop_in, [this] { lose(Kind::unreachable, "it does not answer"); }),
        overdue(loop_in, [this] { judge_deadlines(); }),
        soon(loop_in, [this] { catch_up(); }) {
    retry.start_ms(0);
  }
  ~Impl() {
    if (stream) stream->close();
  }

  // ---- connecting
  void begin_attempt() {
    ++attempts;
    attempt_end.start_ms(options.connect_timeout_ms);
    steps = redis_greeting(options.address);
    const RedisAddress& to = options.address;
    if (!to.unix_path.empty()) return try_unix_socket();
    if (const auto* known = resolver.known(to.host, to.port)) return try_all(*known);
    lookup = resolver.look_up(to.host, to.port, [this](Result<std::vector<SocketAddress>> found) {
      if (!found) return lose(Kind::unreachable, found.error().message);
      try_all(std::move(*found));
    });
  }

  void try_unix_socket() {
    const auto address = unix_socket_address(options.address.unix_path);
    if (!address) return lose(Kind::unreachable, "this cannot be the path of a socket");
    try_all({*address});
  }

  // One after the other, beginning with another one each time: an address that swallows packets takes the whole time
  // of an attempt.
  void try_all(std::vector<SocketAddress> addresses) {
    const auto first = static_cast<std::ptrdiff_t>((attempts - 1) % addresses.size());
    std::rotate(addresses.begin(), addresses.begin() + first, addresses.end());
    untried.assign(addresses.begin(), addresses.end());
    connect_next();
  }

  void connect_next() {
    std::optional<StreamClient::Tls> tls;
    if (options.address.tls && options.address.unix_path.empty()) {
      if (const auto made = make_tls_context(); !made) return lose(Kind::unreachable, made.error().message);
      tls = StreamClient::Tls{tls_context, options.address.host};
    }
    const SocketAddress address = untried.front();
    untried.pop_front();
    stream = std::make_unique<StreamClient>(
        loop, address, std::move(tls),
        StreamClient::Callbacks{[this] { greet(); }, [this](std::string_view bytes) { receive(bytes); },
                                [this](const std::string& reason) { on_closed(reason); }});
  }

  void on_closed(const std::string& reason) {
    if (stream->was_connected() || untried.empty()) return lose(Kind::unreachable, reason);
    loop.defer_delete(std::move(stream));
    connect_next();
  }

  Result<void> make_tls_context() {
    const std::int64_t now_ms = clock.monotonic_ms();
    if (tls_context && now_ms - tls_context_made_ms < kTlsContextLivesMs) return {};
    auto made = TlsContext::make(options.address.ca_file);
    if (!made) return made.error();
    tls_context = std::move(*made);
    tls_context_made_ms = now_ms;
    return {};
  }

  void greet() {
    reader = std::make_unique<RedisReplyReader>();
    step = 0;
    for (const RedisGreetingStep each : steps) {
      stream->send(redis_command_bytes(redis_greeting_command(each, options.address)));
    }
  }

  void hear_greeting(const RedisReply& reply) {
    const auto objection = judge_redis_greeting(steps[step], options.address, reply);
    if (objection) return lose(Kind::unreachable, *objection);
    if (++step == steps.size()) become_ready();
  }

  void become_ready() {
    ready = true;
    ready_since_ms = clock.monotonic_ms();
    attempt_end.stop();
    tell({true, {}});
    catch_up();
  }

  // ---- commands
  [[nodiscard]] bool may_wait() const { return ready || failures == 0; }

  std::unique_ptr<Handle> command(std::vector<std::string> argv, Done done, std::int64_t timeout_ms) {
    auto pending = std::make_shared<Pending>();
    pending->done = std::move(done);
    if (!may_wait()) {
      fail_soon(pending, state.reason);
    } else if (is_full()) {
      fail_soon(pending, sentence("too many commands wait for it"));
    } else {
      pending->bytes = redis_command_bytes(argv);
      pending->due_ms = clock.monotonic_ms() + (timeout_ms > 0 ? timeout_ms : options.command_timeout_ms);
      waiting_bytes += pending->bytes.size();
      waiting.push_back(pending);
      watch(pending->due_ms);
      if (ready) soon.start_ms(0);
    }
    return std::make_unique<PendingHandle>(std::move(pending));
  }

  [[nodiscard]] bool is_full() const {
    const std::size_t unsent = waiting_bytes + (stream ? stream->unsent_bytes() : 0);
    return waiting.size() + in_flight.size() >= options.max_commands || unsent >= options.max_unsent_bytes;
  }

  void fail_soon(const PendingPtr& pending, std::string message) {
    failed.emplace_back(pending, error_of(Kind::unreachable, std::move(message)));
    soon.start_ms(0);
  }

  // What a turn asked for is written together.
  void catch_up() {
    if (ready) write_waiting();
    deliver_failed();
  }

  void write_waiting() {
    std::string bytes;
    for (PendingPtr& pending : std::exchange(waiting, {})) {
      if (!pending->done) continue;  // cancelled before anybody heard of it
      bytes += std::exchange(pending->bytes, {});
      in_flight.push_back(std::move(pending));
    }
    waiting_bytes = 0;
    if (!bytes.empty()) stream->send(bytes);
  }

  void deliver_failed() {
    for (auto& [pending, error] : std::exchange(failed, {})) finish(*pending, error);
  }

  // ---- answers
  void receive(std::string_view bytes) {
    reader->feed(bytes);
    while (reader) {
      auto reply = reader->next();
      if (!reply) return lose(Kind::protocol, reply.error().message);
      if (!*reply) return;
      if (ready) {
        answer(std::move(**reply));
      } else {
        hear_greeting(**reply);
      }
    }
  }

  void answer(RedisReply reply) {
    if (in_flight.empty()) return lose(Kind::protocol, "it answers what was not asked");
    const PendingPtr pending = std::move(in_flight.front());
    in_flight.pop_front();
    if (!reply.is_error()) return finish(*pending, std::move(reply));
    const auto trouble = redis_trouble(options.address, reply.text());
    if (trouble && trouble->is_unusable) {
      failed.emplace_back(pending, error_of(Kind::server_error, std::string(reply.text())));
      return lose(Kind::unreachable, trouble->sentence);
    }
    if (trouble) tell({true, sentence(trouble->sentence)});
    finish(*pending, error_of(Kind::server_error, std::string(reply.text())));
  }

  // ---- deadlines
  // The timer stands at or before the earliest deadline: commands that are answered in time cost it nothing.
  void watch(std::int64_t due_ms) {
    if (watched_ms <= due_ms) return;
    watched_ms = due_ms;
    overdue.start_ms(std::max<std::int64_t>(1, due_ms - clock.monotonic_ms()));
  }

  void judge_deadlines() {
    watched_ms = INT64_MAX;
    const std::int64_t now_ms = clock.monotonic_ms();
    const auto is_late = [now_ms](const PendingPtr& pending) { return pending->due_ms <= now_ms; };
    if (std::any_of(in_flight.begin(), in_flight.end(), is_late)) {
      return lose(Kind::timed_out, "it did not answer a command in time");
    }
    for (const PendingPtr& pending : waiting) {
      if (is_late(pending)) failed.emplace_back(pending, error_of(Kind::timed_out, sentence("no connection in time")));
    }
    std::erase_if(waiting, is_late);
    for (const auto* queue : {&in_flight, &waiting}) {
      for (const PendingPtr& pending : *queue) watch(pending->due_ms);
    }
    deliver_failed();
  }

  // ---- ends
  // All that failed is told only when the next attempt is arranged: what is told may ask again at once.
  void lose(Kind kind, const std::string& reason) {
    const bool was_sound = ready && clock.monotonic_ms() - ready_since_ms >= kSoundAfterMs;
    close();
    const std::string message = sentence(reason);
    for (PendingPtr& pending : std::exchange(in_flight, {}))
      failed.emplace_back(std::move(pending), error_of(kind, message));
    for (PendingPtr& pending : std::exchange(waiting, {})) {
      failed.emplace_back(std::move(pending), error_of(Kind::unreachable, message));
    }
    waiting_bytes = 0;
    failures = was_sound ? 0 : failures + 1;
    retry.start_ms(redis_retry_delay_ms(failures, options.jitter ? options.jitter() : 0));
    tell({false, message});
    deliver_failed();
  }

  void close() {
    ready = false;
    attempt_end.stop();
    lookup.reset();
    reader.reset();
    if (!stream) return;
    stream->close();
    loop.defer_delete(std::move(stream));
    resolver.forget(options.address.host);
  }

  [[nodiscard]] std::string sentence(const std::string& what) const {
    return "Redis at " + options.address.text() + ": " + what;
  }

  void tell(RedisState now) {
    if (now == state) return;
    state = std::move(now);
    if (on_state) on_state(state);
  }

  EventLoop& loop;
  RedisOptions options;
  const OnState on_state;
  std::vector<RedisGreetingStep> steps;  // of the attempt under way
  const SystemClock clock;

  RedisState state;
  bool ready = false;  // greeted: commands are written
  std::int64_t ready_since_ms = 0;
  int failures = 0;  // attempts and short connections in a row
  std::size_t attempts = 0;
  std::size_t step = 0;  // of the greeting

  Resolver resolver;
  std::unique_ptr<Resolver::Wait> lookup;
  std::deque<SocketAddress> untried;  // of this attempt
  std::shared_ptr<const TlsContext> tls_context;
  std::int64_t tls_context_made_ms = 0;
  std::unique_ptr<StreamClient> stream;      // null: none under way
  std::unique_ptr<RedisReplyReader> reader;  // of this connection

  std::deque<PendingPtr> waiting;                         // not written yet
  std::deque<PendingPtr> in_flight;                       // in the order of their replies
  std::vector<std::pair<PendingPtr, RedisError>> failed;  // to be told
  std::size_t waiting_bytes = 0;
  std::int64_t watched_ms = INT64_MAX;  // when `overdue` rings

  Timer retry;
  Timer attempt_end;
  Timer overdue;
  Timer soon;
};

RedisClient::RedisClient(EventLoop& loop, RedisOptions options, OnState on_state)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(on_state))) {}

RedisClient::~RedisClient() = default;

std::unique_ptr<RedisClient::Handle> RedisClient::command(std::vector<std::string> argv, Done done,
                                                          std::int64_t timeout_ms) {
  return impl_->command(std::move(argv), std::move(done), timeout_ms);
}

const RedisState& RedisClient::state() const { return impl_->state; }

void RedisClient::replace_password(Secret password) { impl_->options.address.password = std::move(password); }

}  // namespace lp
