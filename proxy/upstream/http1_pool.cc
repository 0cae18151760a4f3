#include "proxy/upstream/http1_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace lp {

namespace {
// An app that keeps a connection for so long does keep connections: others close them at once, or after seconds.
constexpr std::int64_t kProofMs = 250;
// An idle connection may be in the way of who has waited for a second; an app that answers so soon after it is closed
// has waited for that.
constexpr std::int64_t kInTheWayMs = 800;
constexpr std::int64_t kAtOnceMs = 300;
// Where it closes them after a time, none is used that will be as old within this.
constexpr std::int64_t kMarginMs = kSecond;
// A client holds a slot that others wait for as long as it sends and reads at this rate: that of bodies which are
// collected.
constexpr std::int64_t kWatchMs = 5 * kSecond;
constexpr std::uint64_t kLeastBytes = 8 * 1024 * kWatchMs / kSecond;

// What an exchange holds. Forwards to the connection and gives it back at its end.
class Lease final : public UpstreamStream {
 public:
  explicit Lease(Http1Upstream& connection) : connection_(connection) {}
  ~Lease() override { connection_.give_back(); }
  void begin_small() override { connection_.begin_small(); }
  void set_patience(std::int64_t response_ms, std::int64_t idle_ms) override {
    connection_.set_patience(response_ms, idle_ms);
  }
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

Http1Pool::Http1Pool(const UpstreamEnvironment& environment, SharedUpstream& shared,
                     const TellServesOne& tell_serves_one)
    : UpstreamPool(environment, shared),
      tell_serves_one_(tell_serves_one),
      just_closed_(environment.wheel, [] {}),
      serves_one_(environment.wheel, [this] { shared_.try_again(); }),
      watching_(environment.wheel, [this] { end_slow_clients(); }) {
  shared_.slots.add(*this);
}

Http1Pool::~Http1Pool() { shared_.slots.remove(*this); }

void Http1Pool::close() {
  shared_.slots.remove(*this);
  if (is_limited()) {
    for (const auto& [connection, owned] : connections_) give_slot_back(*connection);
  }
  idle_.clear();
  settling_.clear();
  held_.clear();
  connections_.clear();
}

std::unique_ptr<UpstreamStream> Http1Pool::lease(UpstreamEvents& events, Choice choice, const UpstreamClient& client) {
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
  if (is_limited())
    connect_in_turn(added);
  else
    added.connect();
  return std::make_unique<Lease>(added);
}

// ---- max_connections --------------------------------------------------------------------------------------------

void Http1Pool::connect_in_turn(Http1Upstream& connection) {
  if (shared_.slots.take()) return connection.connect();
  if (const auto ticket = shared_.slots.wait(*this)) {
    queued_.emplace_back(*ticket, &connection);
    return connection.wait_in_queue();
  }
  refused_.push_back(&connection);
  connection.refuse_in_queue();
}

// The pool outlives what its loop runs.
void Http1Pool::slot_is_given(ConnectionSlots::Ticket ticket) {
  environment_.loop.post([this, ticket] { take_slot(ticket); });
}

void Http1Pool::take_slot(ConnectionSlots::Ticket ticket) {
  const auto found = std::find_if(queued_.begin(), queued_.end(), [&](const auto& one) { return one.first == ticket; });
  if (found == queued_.end()) return shared_.slots.give_back();  // it has gone meanwhile
  Http1Upstream* const connection = found->second;
  queued_.erase(found);
  connection->connect();
}

void Http1Pool::give_slot_back(const Http1Upstream& connection) {
  const auto queued =
      std::find_if(queued_.begin(), queued_.end(), [&](const auto& one) { return one.second == &connection; });
  if (queued != queued_.end()) {
    (void)shared_.slots.leave(queued->first);  // where it was given already, take_slot() will find nobody
    queued_.erase(queued);
    return;
  }
  if (std::erase(refused_, &connection) == 0) shared_.slots.give_back();
}

void Http1Pool::idle_is_wanted() {
  environment_.loop.post([this] { close_idle_for_others(); });
}

void Http1Pool::close_idle_for_others() {
  if (!settling_.empty())
    settling_.front()->discard();
  else if (!idle_.empty())
    idle_.front()->discard();
  else if (!held_.empty())
    held_.front().connection->discard();
}

// ---- slow clients -----------------------------------------------------------------------------------------------

void Http1Pool::others_wait() {
  if (!watches_.exchange(true)) environment_.loop.post([this] { watch_clients(); });
}

void Http1Pool::watch_clients() {
  for (const auto& [connection, owned] : connections_) connection->watch();
  watching_.set_ms(kWatchMs);
}

// With a queue_timeout of less than that, whoever waited has gone without.
void Http1Pool::end_slow_clients() {
  std::vector<Http1Upstream*> slow;
  if (shared_.slots.somebody_waits() || environment_.settings.queue_timeout_ms < kWatchMs) {
    for (const auto& [connection, owned] : connections_) {
      if (connection->is_slowed_by_client(kLeastBytes)) slow.push_back(connection);
    }
  }
  for (Http1Upstream* connection : slow) connection->end_for_slow_client();
  if (shared_.slots.somebody_waits()) return watch_clients();
  watches_ = false;
  if (shared_.slots.somebody_waits()) others_wait();  // since it was asked
}

void Http1Pool::count_idle() {
  if (is_limited()) idle_connections = static_cast<int>(idle_.size() + settling_.size() + held_.size());
}

// ---- apps that serve one connection at a time ---------------------------------------------------------------------

// Such an app waits for the next request on an idle connection while others wait for it. What has been idle all the
// time that nobody was answered may be that one; in any other app nobody misses it.
void Http1Pool::waits_long() {
  if (just_closed_.is_set()) return;
  just_closed_.set_ms(kAtOnceMs);
  closed_before_ = shared_.closed();
  shared_.slots.tell_of_idle_in_the_way();
}

void Http1Pool::idle_is_in_the_way() {
  environment_.loop.post([this] { close_idle_in_the_way(); });
}

void Http1Pool::close_idle_in_the_way() {
  for (const auto* idle : {&idle_, &settling_}) {
    while (!idle->empty() && idle->front()->idle_ms() >= kInTheWayMs) {
      idle->front()->discard();
      shared_.idle_was_closed();
    }
  }
}

// An idle connection that the app has not closed is one that it would be waiting at.
void Http1Pool::answers() {
  if (shared_.serves_several()) return;
  const auto is_open = [](const Http1Upstream* one) { return one->looks_alive(); };
  const bool is_beside_another =
      std::any_of(idle_.begin(), idle_.end(), is_open) || std::any_of(settling_.begin(), settling_.end(), is_open) ||
      std::any_of(held_.begin(), held_.end(), [&](const Held& held) { return is_open(held.connection); });
  if (is_beside_another) shared_.answered_beside_another();
}

void Http1Pool::has_waited_long() {
  const bool right_after_closing = just_closed_.is_set() && shared_.closed() > closed_before_;
  if (!shared_.answered_late(right_after_closing)) return;
  serves_one_.set_ms(shared_.serves_one_for_ms());
  if (!shared_.was_tried_again()) tell_serves_one_(environment_.settings);
}

// ---- idle ones --------------------------------------------------------------------------------------------------

void Http1Pool::closed_by_app(std::int64_t idle_ms) {
  closed_after_ms_ = std::min(idle_ms, closed_after_ms_.value_or(idle_ms));
  if (*closed_after_ms_ <= kProofMs) is_kept_by_app_ = false;
}

// The oldest tells most. An app that has just been started anew has closed all, and is not judged by that for long.
void Http1Pool::note_what_lives() {
  if (idle_.empty()) return;
  const std::int64_t age_ms = idle_.front()->idle_ms();
  const bool disproves = closed_after_ms_ && age_ms > *closed_after_ms_ + kProofMs;
  const bool proves = !is_kept_by_app_ && age_ms >= kProofMs;
  if ((!disproves && !proves) || !idle_.front()->is_quiet() || !idle_.front()->looks_alive()) return;
  is_kept_by_app_ = true;
  if (disproves) closed_after_ms_.reset();
}

bool Http1Pool::is_safe(const Http1Upstream& connection) const {
  return is_kept_by_app_ && (!closed_after_ms_ || connection.idle_ms() + kMarginMs < *closed_after_ms_);
}

// Bytes that nobody asked for would be taken for the next answer (a 408, RFC 9110 15.5.9). Where some are to be feared
// the kernel is asked too.
bool Http1Pool::is_fit(const Http1Upstream& connection, Choice choice) const {
  const bool must_ask = choice == Choice::checked || connection.may_get_late_body() || sends_late_bodies_;
  return connection.is_quiet() && (!must_ask || connection.looks_alive());
}

Http1Upstream* Http1Pool::pop_idle(Choice choice) {
  if (choice == Choice::fresh) return nullptr;
  if (choice == Choice::checked) note_what_lives();
  while (!idle_.empty()) {
    Http1Upstream* connection = idle_.back();
    if (choice == Choice::checked && !is_safe(*connection)) return nullptr;
    idle_.pop_back();
    count_idle();
    if (is_fit(*connection, choice)) return connection;
    connection->discard();
  }
  return nullptr;
}

// One that is signed in as somebody else on the same client's connection goes.
Http1Upstream* Http1Pool::pop_held(Choice choice, const UpstreamClient& client) {
  const auto found =
      std::find_if(held_.begin(), held_.end(), [&](const Held& held) { return held.client == client.connection; });
  if (found == held_.end()) return nullptr;
  Http1Upstream* const connection = found->connection;
  const bool is_theirs = found->person == client.person;
  held_.erase(found);
  count_idle();
  const bool may_serve = is_theirs && choice != Choice::fresh && !connection->is_settling();
  if (may_serve && is_fit(*connection, choice)) return connection;
  connection->discard();
  return nullptr;
}

// Behind an answer without a body it settles too: who asks meanwhile gets another one and signs in there, as its client
// must be ready to at any time. Only in mid-handshake there is no other.
void Http1Pool::hold(Http1Upstream& connection) {
  const UpstreamClient& client = connection.client();
  if (client.connection == nullptr) return connection.discard();
  held_.push_back({&connection, client.connection, std::string(client.person)});
  count_idle();
  if (connection.may_get_late_body() && !connection.is_being_signed_in()) connection.settle();
}

void Http1Pool::close_held_by(const void* connection) {
  for (std::size_t i = held_.size(); i-- > 0;) {
    if (held_[i].client == connection) held_[i].connection->discard();
  }
}

void Http1Pool::take_back(Http1Upstream& connection) {
  if (connection.may_get_late_body() && sends_late_bodies_) return connection.discard();
  if (connection.may_get_late_body() && !connection.is_signed_in() && keeps_connections())
    settle(connection);
  else
    keep(connection);
  // Who begins to wait looks for idle ones after it has said so, and we the other way round: one of us sees the other.
  if (is_limited() && shared_.slots.somebody_waits()) close_idle_for_others();
}

// The order stands, for each of the steps may close it.
void Http1Pool::settle(Http1Upstream& connection) {
  settling_.push_back(&connection);
  count_idle();
  connection.settle();
  if (kept() > environment_.settings.keep_alive) settling_.front()->discard();
}

void Http1Pool::on_settled(Http1Upstream& connection) {
  if (connection.is_signed_in()) return;  // it is where it was
  std::erase(settling_, &connection);
  keep(connection);
}

void Http1Pool::keep(Http1Upstream& connection) {
  if (connection.is_signed_in()) return hold(connection);
  if (!keeps_connections()) return connection.discard();
  if (kept() >= environment_.settings.keep_alive) (settling_.empty() ? idle_ : settling_).front()->discard();
  const std::int64_t idle_ms = connection.idle_ms();  // one that has settled is not the last used
  auto place = idle_.end();
  while (place != idle_.begin() && (*std::prev(place))->idle_ms() < idle_ms) --place;
  idle_.insert(place, &connection);
  count_idle();
}

void Http1Pool::remove(Http1Upstream& connection) {
  std::erase(idle_, &connection);
  std::erase(settling_, &connection);
  std::erase_if(held_, [&](const Held& held) { return held.connection == &connection; });
  if (is_limited()) {
    count_idle();
    give_slot_back(connection);
  }
  auto node = connections_.extract(&connection);
  LP_CHECK(!node.empty(), "a connection is removed once");
  environment_.loop.defer_delete(std::move(node.mapped()));
}

}  // namespace lp
