#include "proxy/http1/upstream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "proxy/http/connection_auth.h"
#include "proxy/http1/response.h"
#include "proxy/http1/write.h"

namespace lp {

namespace {
// The head waits for the rest of the first chunk's size; an extension may be longer than anybody waits for.
constexpr std::size_t kMaxHeldBytes = 64;
// A head of chunks waits so long for the first of them. Only an app that is silent then is served later by it.
constexpr std::int64_t kFirstChunkMs = 20;
constexpr std::int64_t kLongWaitMs = kSecond;
constexpr std::int64_t kEarlierMs = kSecond;  // than the app says that it closes
// How late a body may come behind an answer that has none. Long, for it costs little: who needs a connection meanwhile
// opens one, and one that settles goes for it.
constexpr std::int64_t kSettleMs = 5'000;
constexpr HeadLimits kResponseHeadLimits{256 * 1024, 1000, 0};
constexpr const char* kBrokenChunks = "its chunked coding is broken";

// As far as they are here: what a server of another kind says first (SSH, a database) is no status line.
bool begins_as_answer(std::string_view bytes) {
  constexpr std::string_view kBeginning = "HTTP/";
  return bytes.substr(0, kBeginning.size()) == kBeginning.substr(0, bytes.size());
}

// An alert or a handshake (RFC 8446 5.1).
bool is_tls_record(std::string_view bytes) {
  return bytes.size() > 1 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03;
}

// The SETTINGS that an HTTP/2 app greets with, or the GOAWAY that says what it thinks of our first line (RFC 9113 4.1).
bool is_http2_frame(std::string_view bytes) {
  return bytes.size() >= 5 && bytes[0] == 0 && bytes[1] == 0 && (bytes[3] == 0x04 || bytes[3] == 0x07) && bytes[4] == 0;
}

UpstreamError what_speaks(std::string_view bytes) {
  if (is_tls_record(bytes)) return UpstreamError::tls;
  return is_http2_frame(bytes) ? UpstreamError::speaks_http2 : UpstreamError::not_http;
}

}  // namespace

Http1Upstream::Http1Upstream(const UpstreamEnvironment& environment, Owner& owner, UpstreamEvents& events,
                             const UpstreamClient& client)
    : environment_(environment),
      owner_(owner),
      events_(&events),
      client_(client),
      writer_(environment.loop, environment.buffers, [this] { on_writable(); }),
      deadline_(environment.wheel, [this] { on_deadline(); }),
      in_(environment.buffers),
      response_timeout_ms_(environment.settings.response_timeout_ms),
      idle_timeout_ms_(environment.settings.idle_timeout_ms) {}

Http1Upstream::~Http1Upstream() = default;

// ---- connecting -------------------------------------------------------------------------------------------------

void Http1Upstream::wait_in_queue() { deadline_.set_ms(environment_.settings.queue_timeout_ms); }

// Told through the loop, as everything that a lease comes to.
void Http1Upstream::refuse_in_queue() {
  queue_is_full_ = true;
  deadline_.set_ms(0);
}

void Http1Upstream::connect() {
  enter(Phase::connecting);
  deadline_.clear();
  Connector::Owner& owner = *this;
  connector_ = std::make_unique<Connector>(environment_, transport_, writer_, owner);
  connector_->start();
}

void Http1Upstream::connect_failed(ConnectFailure failure, const std::string& why) {
  const UpstreamError error = error_of(failure);
  if (!why.empty()) owner_.tls_failed(why);
  fail(error);
}

void Http1Upstream::connected() {
  environment_.loop.defer_delete(std::move(connector_));
  readable_.emplace(environment_.loop, transport_, [this] { on_readable(); });
  if (!is_paused_) readable_->enable();
  enter(Phase::waiting_for_head);
  flush();
  if (events_ && writer_.unsent_bytes() == 0) events_->on_upstream_drained();  // else on_writable() says so
}

void Http1Upstream::lease_again(UpstreamEvents& events, const UpstreamClient& client) {
  LP_CHECK(phase_ == Phase::idle, "only an idle connection is leased");
  events_ = &events;
  client_ = client;
  is_reused_ = true;
  request_sent_ = is_settling_ = holds_head_ = is_late_ = false;
  moved_before_.reset();
  interims_.begin();
  interim_repairs_ = {};
  read_bytes_ = BufferPool::kSmallBytes;
  most_first_ = SIZE_MAX;
  set_patience(environment_.settings.response_timeout_ms, environment_.settings.idle_timeout_ms);
  enter(Phase::waiting_for_head);
  arm_deadline();
}

void Http1Upstream::set_patience(std::int64_t response_ms, std::int64_t idle_ms) {
  response_timeout_ms_ = response_ms;
  idle_timeout_ms_ = idle_ms;
}

std::int64_t Http1Upstream::idle_ms() const {
  return std::max<std::int64_t>(idle_allowance_ms_ - deadline_.left_ms(), 0);
}

bool Http1Upstream::looks_alive() const {
  char byte = 0;
  if (transport_.has_pending()) return false;
  const ssize_t n = ::recv(transport_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// ---- the request ------------------------------------------------------------------------------------------------

void Http1Upstream::send_head(const OutgoingRequest& request, const Fields& client_fields,
                              const ClientHeaderRules& rules) {
  method_.assign(request.method);
  if (!request.replaces_authorization && asks_to_sign_in_connection(client_fields)) is_signed_in_ = true;
  request_body_.begin(request.body);
  scanner_.reset();
  thread_local std::string head;
  head.clear();
  append_request_head(head, request, client_fields, rules);
  const bool is_all = request.body.kind == BodyFraming::Kind::none && phase_ == Phase::waiting_for_head;
  if (is_all)
    (void)writer_.send(head);  // saves a copy into the queue; what becomes of it flush() sees, as of all else
  else
    writer_.queue(head);
}

void Http1Upstream::send_body(std::string_view bytes) {
  if (phase_ == Phase::closed || bytes.empty()) return;
  moved_bytes_ += bytes.size();
  // A failed write is no failed request: the app may have answered early (413) and closed. Reading tells.
  const bool wrote = request_body_.write(bytes).has_value();
  if (wrote && (phase_ == Phase::waiting_for_head || phase_ == Phase::tunnel)) arm_deadline();
}

void Http1Upstream::end_body() {
  if (phase_ == Phase::closed) return;
  request_body_.end();
  request_sent_ = true;
  flush();
  if (phase_ == Phase::tunnel) end_tunnel_when_sent();
}

void Http1Upstream::flush() {
  if (phase_ == Phase::queued || phase_ == Phase::connecting) return trim_waiting_head();
  if (phase_ == Phase::closed) return;
  const SocketWriter::State state = writer_.flush();
  if (state == SocketWriter::State::blocked && environment_.memory.is_short()) writer_.trim();
  if (phase_ == Phase::tunnel) writer_.give_back_idle_memory();
  if (phase_ == Phase::waiting_for_head || phase_ == Phase::tunnel) arm_deadline();
}

// A head that waits takes a block of its own size: a client may ask for a hundred at a time.
void Http1Upstream::trim_waiting_head() {
  constexpr std::size_t kMostCopied = 4 * 1024;
  if (writer_.unsent_bytes() <= kMostCopied) writer_.trim();
}

// The end of what the client said comes behind all of it, not before what still waits for the kernel.
void Http1Upstream::end_tunnel_when_sent() {
  if (!request_sent_ || writer_.unsent_bytes() > 0) return;
  writer_.say_end();
  ::shutdown(transport_.fd(), SHUT_WR);
}

void Http1Upstream::become_tunnel() {
  enter(Phase::tunnel);
  request_body_.begin({});
  response_body_.begin({BodyFraming::Kind::until_close, 0});
  request_sent_ = false;
  response_.head.fields = {};  // with its memory
  arm_deadline();
}

void Http1Upstream::begin_small() {
  constexpr std::size_t kLittle = 4 * 1024;
  most_first_ = kLittle;
}

void Http1Upstream::on_writable() {
  const SocketWriter::State state = writer_.resume();
  if (phase_ == Phase::connecting) return;
  if (phase_ == Phase::waiting_for_head || phase_ == Phase::tunnel) arm_deadline();
  if (phase_ == Phase::tunnel) end_tunnel_when_sent();
  if (state != SocketWriter::State::drained) return;
  writer_.give_back_idle_memory();
  if (events_) events_->on_upstream_drained();
}

// ---- the answer -------------------------------------------------------------------------------------------------

void Http1Upstream::on_readable() {
  if (phase_ == Phase::idle) return on_idle_input();
  in_.make_room(bytes_to_read());
  const ReceiveResult got = receive(most_first_);
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind == ReceiveResult::Kind::data) most_first_ = most_first_ > got.bytes ? most_first_ - got.bytes : SIZE_MAX;
  if (got.kind == ReceiveResult::Kind::failed) return lost();
  if (got.kind == ReceiveResult::Kind::end) return on_input_end();
  if (in_.room() == 0 && phase_ != Phase::waiting_for_head) read_bytes_ = BufferPool::kLargeBytes;
  process();
}

ReceiveResult Http1Upstream::receive(std::size_t most) {
  const ReceiveResult got = transport_.receive(in_, most);
  writer_.send_own_of_tls();
  return got;
}

// Closed by the app, or bytes that nobody asked for. TLS says things of its own at any time: tickets, new keys.
void Http1Upstream::on_idle_input() {
  if (transport_.tls() != nullptr) {
    in_.make_room(BufferPool::kSmallBytes);
    const ReceiveResult::Kind came = receive().kind;
    in_.release();
    if (came == ReceiveResult::Kind::again) return;
    if (came == ReceiveResult::Kind::data && may_get_late_body()) owner_.on_body_behind_answer();
  }
  owner_.closed_by_app(idle_ms());
  close();
}

// What is read may have to be held, all of it, for a client that takes nothing.
std::size_t Http1Upstream::bytes_to_read() const {
  const bool is_large = read_bytes_ > BufferPool::kSmallBytes;
  return is_large && environment_.memory.is_short() ? BufferPool::kSmallBytes : read_bytes_;
}

void Http1Upstream::on_input_end() {
  if (phase_ == Phase::tunnel && !transport_.is_cut()) {
    readable_->disable();
    return events_->on_response_end();
  }
  const bool complete =
      phase_ == Phase::body && response_.body.kind == BodyFraming::Kind::until_close && !transport_.is_cut();
  if (!complete) return lost();
  answer_complete();
}

void Http1Upstream::process() {
  UpstreamEvents* const told = events_;
  while (events_ == told && !in_.empty()) {
    const bool goes_on = phase_ == Phase::waiting_for_head ? process_head() : process_body();
    if (!goes_on) break;
  }
  if (!events_ || (phase_ != Phase::body && phase_ != Phase::tunnel)) return;
  arm_deadline();
  if (in_.empty()) in_.release();
  writer_.give_back_idle_memory();  // what follows may be hours away
  events_->on_response_batch_end();
}

// 0: it is not all here, or it is broken and the exchange has heard of it.
std::size_t Http1Upstream::take_head() {
  const std::size_t whole =
      scanner_.has_begun() ? 0 : take_response_head(in_.data(), method_, kResponseHeadLimits, response_);
  if (whole > 0) return whole;
  const HeadScanner::Outcome outcome = scanner_.scan(in_.data(), kResponseHeadLimits);
  const bool may_be_http = begins_as_answer(in_.data());
  if (outcome == HeadScanner::Outcome::need_more && may_be_http) return 0;
  if (outcome == HeadScanner::Outcome::complete) {
    const auto error =
        parse_response_head(in_.data().substr(0, scanner_.head_bytes()), method_, kResponseHeadLimits, response_);
    if (!error) return scanner_.head_bytes();
    if (may_be_http) fail_for(error->rule);
  } else if (may_be_http) {
    const bool is_large = outcome == HeadScanner::Outcome::too_large;
    fail_for(is_large ? "a head of more than 256 KiB or 1000 fields" : "a byte that no head can hold");
  }
  if (!may_be_http) fail(what_speaks(in_.data()));
  return 0;
}

// It ended before its answer did.
void Http1Upstream::lost() {
  if (holds_head_) return fail_for(kBrokenChunks);
  const bool is_http = phase_ != Phase::waiting_for_head || begins_as_answer(in_.data());
  fail(is_http ? UpstreamError::lost : UpstreamError::not_http);
}

// True when there may be more to process. After a callback nothing is touched if the exchange has given us back.
bool Http1Upstream::process_head() {
  const std::size_t head_bytes = take_head();
  if (head_bytes == 0) return false;
  scanner_.reset();
  const int status = response_.head.status;
  const bool is_interim = status < 200 && status != 101;
  const bool is_chunked = response_.body.kind == BodyFraming::Kind::chunked;
  if (is_chunked && !first_chunks_are_fine(in_.data().substr(head_bytes))) return false;
  if (status != 200 && offers_to_sign_in_connection(response_.head.fields)) is_signed_in_ = true;
  if (is_interim) return take_interim(head_bytes);
  response_.repairs.add(interim_repairs_);
  if (response_.repairs.any()) response_.keep_alive = false;
  owner_.answers();
  if (std::exchange(waits_long_, false)) owner_.has_waited_long();
  holds_head_ = false;
  if (first_chunk_late_) first_chunk_late_->stop();
  enter(Phase::body);
  response_body_.begin(response_.body);
  events_->on_response(response_);
  if (!events_ || phase_ == Phase::closed) return false;
  in_.consume(head_bytes);
  if (phase_ == Phase::body && response_body_.is_over()) {
    answer_complete();
    return false;
  }
  return true;
}

// The app is at work: it has its time to answer once more.
bool Http1Upstream::take_interim(std::size_t head_bytes) {
  interim_repairs_.add(response_.repairs);
  in_.consume(head_bytes);
  if (!interims_.take(deadline_.is_set() ? waiting_ms_ - deadline_.left_ms() : 0)) {
    fail_for(InterimAnswers::kTooMany);
    return false;
  }
  arm_deadline();
  return true;
}

// What has come of a chunked body together with its head, or right behind it. Broken, it can still be told by a 502;
// once the head is out, only by a reset. False: the exchange has heard of it, or the first chunk's size is not here.
bool Http1Upstream::first_chunks_are_fine(std::string_view bytes) {
  if (bytes.empty()) return !waits_for_first_chunk();
  const bool may_wait = bytes.size() < kMaxHeldBytes;
  response_body_.begin(response_.body);
  bool knows_size = false;
  BodyReader::Outcome outcome = BodyReader::Outcome::data;
  while (outcome == BodyReader::Outcome::data && !bytes.empty()) {
    std::size_t consumed = 0;
    std::string_view data;
    outcome = response_body_.next(bytes, consumed, data);
    bytes.remove_prefix(consumed);
    knows_size = knows_size || !response_body_.awaits_chunk_size();
  }
  if (response_body_.took_blanks()) response_.repairs.add(Repair::blank_in_chunk_size);
  if (response_body_.took_bare_lf()) response_.repairs.add(Repair::bare_lf);
  if (response_.repairs.any()) response_.keep_alive = false;
  if (outcome == BodyReader::Outcome::bad) fail_for(kBrokenChunks);
  if (outcome == BodyReader::Outcome::bad) return false;
  holds_head_ = outcome == BodyReader::Outcome::need_more && !knows_size && may_wait;
  return !holds_head_;
}

bool Http1Upstream::waits_for_first_chunk() {
  if (is_late_) return false;
  holds_head_ = true;
  if (!first_chunk_late_)
    first_chunk_late_ = std::make_unique<Timer>(environment_.loop, [this] { first_chunk_is_late(); });
  first_chunk_late_->start_ms(kFirstChunkMs);
  return true;
}

void Http1Upstream::first_chunk_is_late() {
  if (phase_ != Phase::waiting_for_head || !events_) return;
  is_late_ = true;
  process();
}

bool Http1Upstream::process_body() {
  std::size_t consumed = 0;
  std::string_view data;
  const auto outcome = response_body_.next(in_.data(), consumed, data);
  moved_bytes_ += data.size();
  if (!data.empty()) events_->on_response_body(data);
  if (!events_) return false;
  in_.consume(consumed);
  if (outcome == BodyReader::Outcome::bad) fail_for(kBrokenChunks);
  if (outcome == BodyReader::Outcome::end) answer_complete();
  return outcome == BodyReader::Outcome::data;
}

void Http1Upstream::answer_complete() {
  enter(Phase::answered);
  deadline_.clear();
  if (const Fields trailers = response_body_.trailers(); trailers.size() > 0) events_->on_response_trailers(trailers);
  events_->on_response_end();
}

// ---- ends -------------------------------------------------------------------------------------------------------

bool Http1Upstream::is_reusable() const {
  return phase_ == Phase::answered && request_sent_ && response_.keep_alive && in_.empty() &&
         !transport_.has_pending() && writer_.unsent_bytes() == 0 && !is_paused_ &&
         response_.body.kind != BodyFraming::Kind::until_close && !response_body_.took_blanks() &&
         !response_body_.took_bare_lf() && keeps_for_ms() > 0;
}

// Before the app does it: a request that is on its way just then would be lost.
std::int64_t Http1Upstream::keeps_for_ms() const {
  const std::int64_t ours = environment_.settings.idle_time_ms;
  return response_.idle_s ? std::min(ours, *response_.idle_s * kSecond - kEarlierMs) : ours;
}

void Http1Upstream::give_back() {
  if (phase_ == Phase::closed) return;
  events_ = nullptr;
  if (is_paused_) set_paused(false);
  if (phase_ == Phase::answered && may_get_late_body() && !in_.empty()) owner_.on_body_behind_answer();
  if (!is_reusable()) return close();
  enter(Phase::idle);
  in_.release();
  writer_.give_back_idle_memory();
  idle_allowance_ms_ = keeps_for_ms();
  deadline_.set_ms(idle_allowance_ms_);
  owner_.take_back(*this);  // which may close it
}

void Http1Upstream::settle() {
  if (keeps_for_ms() <= kSettleMs) return close();  // it would serve nobody
  is_settling_ = true;
  idle_allowance_ms_ = kSettleMs;
  deadline_.set_ms(kSettleMs);
}

void Http1Upstream::settled() {
  is_settling_ = false;
  idle_allowance_ms_ = keeps_for_ms();
  deadline_.set_ms(idle_allowance_ms_ - kSettleMs);  // it has been idle since its answer
  owner_.on_settled(*this);
}

void Http1Upstream::discard() { close(); }

// What the kernel holds for a client is not what the client has taken: with megabytes of it there are seconds between
// two writes to somebody who reads all the time.
std::uint64_t Http1Upstream::moved_by_client() const { return moved_bytes_ - events_->untaken_by_client(); }

void Http1Upstream::watch() {
  if (events_) moved_before_ = moved_by_client();
}

bool Http1Upstream::is_slowed_by_client(std::uint64_t least_bytes) const {
  if (!events_ || !moved_before_) return false;
  const bool sends = phase_ == Phase::waiting_for_head && !request_sent_ && writer_.unsent_bytes() == 0;
  const bool reads = phase_ == Phase::body && is_paused_;
  return (sends || reads) &&
         static_cast<std::int64_t>(moved_by_client() - *moved_before_) < static_cast<std::int64_t>(least_bytes);
}

void Http1Upstream::end_for_slow_client() { fail(UpstreamError::slow_client); }

void Http1Upstream::fail_for(const char* rule) {
  UpstreamEvents* const told = events_;
  close();
  if (told) told->on_broken_answer(rule);
}

void Http1Upstream::fail(UpstreamError error) {
  UpstreamEvents* const told = events_;
  close();
  if (told) told->on_upstream_error(error);
}

void Http1Upstream::close() {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::idle && may_get_late_body() && transport_.has_unread_input()) owner_.on_body_behind_answer();
  if (phase_ == Phase::idle) writer_.say_end();
  enter(Phase::closed);
  events_ = nullptr;
  if (connector_) connector_->stop();
  environment_.loop.defer_delete(std::move(connector_));
  deadline_.clear();
  if (first_chunk_late_) first_chunk_late_->stop();
  if (readable_) readable_->disable();
  writer_.close();
  transport_.close();
  owner_.remove(*this);
}

void Http1Upstream::set_paused(bool paused) {
  is_paused_ = paused;
  if (!readable_ || phase_ == Phase::closed) return;
  if (paused) {
    readable_->disable();
    deadline_.clear();
  } else {
    readable_->enable();
    arm_deadline();
  }
}

void Http1Upstream::enter(Phase next) {
  // [from][to]: queued, connecting, waiting_for_head, body, answered, tunnel, idle, closed
  static constexpr bool kLegal[8][8] = {
      {false, true, false, false, false, false, false, true},   // queued
      {false, false, true, false, false, false, false, true},   // connecting
      {false, false, false, true, false, false, false, true},   // waiting_for_head
      {false, false, false, false, true, true, false, true},    // body
      {false, false, false, false, false, false, true, true},   // answered
      {false, false, false, false, false, false, false, true},  // tunnel
      {false, false, true, false, false, false, false, true},   // idle
      {false, false, false, false, false, false, false, false}  // closed, for good
  };
  LP_CHECK(kLegal[static_cast<int>(phase_)][static_cast<int>(next)], "a legal step of an app's connection");
  phase_ = next;
}

void Http1Upstream::arm_deadline() {
  switch (phase_) {
    case Phase::waiting_for_head:
      // While the client is still sending, its own deadline runs, unless it is the app that takes nothing.
      if (!request_sent_ && writer_.unsent_bytes() == 0) return deadline_.clear();
      return wait_for_answer(response_timeout_ms_);
    case Phase::body:
    case Phase::tunnel:
      if (!is_paused_) deadline_.set_ms(idle_timeout_ms_);
      return;
    case Phase::queued:
    case Phase::connecting:
    case Phase::answered:
    case Phase::idle:
    case Phase::closed:
      return;
  }
}

// On a connection that was used before an app is known to answer.
void Http1Upstream::wait_for_answer(std::int64_t ms) {
  waiting_ms_ = is_reused_ ? ms : std::min(ms, kLongWaitMs);
  left_to_wait_ms_ = ms - waiting_ms_;
  deadline_.set_ms(waiting_ms_);
}

void Http1Upstream::on_answer_late() {
  if (left_to_wait_ms_ == 0) return fail(UpstreamError::response_timeout);
  wait_for_answer(left_to_wait_ms_);
  waits_long_ = true;
  owner_.waits_long();
}

void Http1Upstream::on_deadline() {
  switch (phase_) {
    case Phase::queued:
      return fail(queue_is_full_ ? UpstreamError::queue_full : UpstreamError::queue_timeout);
    case Phase::waiting_for_head:
      return on_answer_late();
    case Phase::idle:
      return is_settling_ ? settled() : close();
    default:
      return fail(UpstreamError::idle_timeout);
  }
}

}  // namespace lp
