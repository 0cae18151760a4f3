#include "proxy/upstream/http2_pool.h"

#include <algorithm>

#include "base/check.h"

namespace lp {
namespace {

// What an exchange holds.
class Lease final : public UpstreamStream {
 public:
  Lease(EventLoop& loop, std::unique_ptr<Http2UpstreamStream> stream) : loop_(loop), stream_(std::move(stream)) {}
  ~Lease() override {
    stream_->give_back();
    loop_.defer_delete(std::move(stream_));  // an event of its own may be on the stack
  }
  void set_patience(std::int64_t response_ms, std::int64_t idle_ms) override {
    stream_->set_patience(response_ms, idle_ms);
  }
  void send_head(const OutgoingRequest& request, const Fields& fields, const ClientHeaderRules& rules) override {
    stream_->send_head(request, fields, rules);
  }
  void send_body(std::string_view bytes) override { stream_->send_body(bytes); }
  void send_trailers(const Fields& trailers) override { stream_->send_trailers(trailers); }
  void end_body() override { stream_->end_body(); }
  void flush() override { stream_->flush(); }
  void become_tunnel() override { LP_CHECK(false, "there is no 101 in HTTP/2"); }
  [[nodiscard]] std::size_t unsent_bytes() const override { return stream_->unsent_bytes(); }
  [[nodiscard]] std::size_t held_bytes() const override { return stream_->held_bytes(); }
  void pause_response() override { stream_->set_paused(true); }
  void resume_response() override { stream_->set_paused(false); }
  [[nodiscard]] bool is_reused_connection() const override { return stream_->is_reused_connection(); }

 private:
  EventLoop& loop_;
  std::unique_ptr<Http2UpstreamStream> stream_;
};

}  // namespace

Http2Pool::Http2Pool(const UpstreamEnvironment& environment, SharedUpstream& shared)
    : UpstreamPool(environment, shared) {
  shared_.slots.add(*this);
}

Http2Pool::~Http2Pool() { shared_.slots.remove(*this); }

void Http2Pool::close() {
  while (!connections_.empty()) connections_.back()->close_quietly();
  shared_.slots.remove(*this);
}

std::unique_ptr<UpstreamStream> Http2Pool::lease(UpstreamEvents& events, Choice choice, const UpstreamClient&) {
  Http2UpstreamStream::Owner& owner = *this;
  auto stream = std::make_unique<Http2UpstreamStream>(environment_, owner, events);
  place(*stream, choice);
  return std::make_unique<Lease>(environment_.loop, std::move(stream));
}

// ---- where a request goes ---------------------------------------------------------------------------------------

// One that is being made is expected to take many.
Http2Upstream* Http2Pool::find_place(Choice choice) {
  for (const bool ready : {true, false}) {
    for (const auto& one : connections_) {
      if (one->is_ready() != ready || one->room() == 0) continue;
      const bool may_be_dead = ready && choice != Choice::any && !one->has_streams();
      if (!may_be_dead || one->looks_alive()) return one.get();
    }
  }
  return nullptr;
}

void Http2Pool::place(Http2UpstreamStream& stream, Choice choice) {
  if (Http2Upstream* const found = find_place(choice)) {
    found->add(stream);
    return count_idle();
  }
  if (!is_limited() || shared_.slots.take()) return open_for(stream);
  const auto ticket = shared_.slots.wait(*this);
  if (!ticket) return stream.fail_soon(UpstreamError::queue_full);
  queued_.emplace_back(*ticket, &stream);
  stream.wait_in_queue(environment_.settings.queue_timeout_ms);
}

void Http2Pool::open_for(Http2UpstreamStream& stream) {
  Http2Upstream::Owner& owner = *this;
  connections_.push_back(std::make_unique<Http2Upstream>(environment_, owner));
  Http2Upstream& made = *connections_.back();
  made.add(stream);
  made.connect();
}

// Whoever waits for a connection takes a stream that has become free.
void Http2Pool::has_room(Http2Upstream& connection) {
  while (!queued_.empty() && connection.room() > 0) {
    const auto [ticket, stream] = queued_.front();
    queued_.erase(queued_.begin());
    (void)shared_.slots.leave(ticket);  // where it was given already, take_slot() will find nobody
    connection.add(*stream);
  }
  count_idle();
}

void Http2Pool::left(Http2UpstreamStream& stream) {
  const auto found =
      std::find_if(queued_.begin(), queued_.end(), [&](const auto& one) { return one.second == &stream; });
  if (found == queued_.end()) return;
  (void)shared_.slots.leave(found->first);
  queued_.erase(found);
}

// ---- max_connections --------------------------------------------------------------------------------------------

// The pool outlives what its loop runs.
void Http2Pool::slot_is_given(ConnectionSlots::Ticket ticket) {
  environment_.loop.post([this, ticket] { take_slot(ticket); });
}

void Http2Pool::take_slot(ConnectionSlots::Ticket ticket) {
  const auto found = std::find_if(queued_.begin(), queued_.end(), [&](const auto& one) { return one.first == ticket; });
  if (found == queued_.end()) return shared_.slots.give_back();  // it has gone meanwhile
  Http2UpstreamStream& stream = *found->second;
  queued_.erase(found);
  open_for(stream);
}

void Http2Pool::idle_is_wanted() {
  environment_.loop.post([this] { close_one_idle(); });
}

void Http2Pool::close_one_idle() {
  const auto idle = std::find_if(connections_.begin(), connections_.end(),
                                 [](const auto& one) { return one->is_ready() && !one->has_streams(); });
  if (idle != connections_.end()) (*idle)->close_quietly();
}

// It is the app that wants another connection, while the last streams on this one may take for hours.
void Http2Pool::app_leaves() {
  if (is_limited()) shared_.slots.give_back();
}

// Who begins to wait looks for idle ones after it has said so, and we the other way round: one of us sees the other.
void Http2Pool::is_idle(Http2Upstream& connection) {
  count_idle();
  const auto idle = std::count_if(connections_.begin(), connections_.end(),
                                  [](const auto& one) { return one->is_ready() && !one->has_streams(); });
  const bool is_wanted = is_limited() && queued_.empty() && shared_.slots.somebody_waits();
  if (idle > environment_.settings.keep_alive || is_wanted) connection.close_quietly();
}

void Http2Pool::count_idle() {
  if (!is_limited()) return;
  idle_connections = static_cast<int>(std::count_if(connections_.begin(), connections_.end(), [](const auto& one) {
    return one->is_ready() && !one->has_streams();
  }));
}

void Http2Pool::remove(Http2Upstream& connection) {
  const auto found =
      std::find_if(connections_.begin(), connections_.end(), [&](const auto& one) { return one.get() == &connection; });
  LP_CHECK(found != connections_.end(), "a connection is removed once");
  environment_.loop.defer_delete(std::move(*found));
  connections_.erase(found);
  if (is_limited() && !connection.app_has_left()) shared_.slots.give_back();
  count_idle();
}

}  // namespace lp
