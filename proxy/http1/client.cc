#include "proxy/http1/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "proxy/http1/request.h"
#include "proxy/http1/write.h"

namespace lp {

namespace {
// A body that nobody wants is read up to here to keep the connection; beyond it closing is cheaper.
constexpr std::uint64_t kMaxDiscardBytes = 64 * 1024;
constexpr std::int64_t kLingerMs = 2000;
// Who goes on sending is given more time, half a minute in all: many read an answer only when all is sent.
constexpr int kMostLingers = 14;
// Of an answer that is not taken no more than this and one read of the app's connection is held.
constexpr std::size_t kMostUnsent = 64 * 1024;
// A client that has closed its sending side gets this long to be answered: some tools half-close, but nearly always it
// means that nobody is there any more, and an app's event stream should not run on for hours.
constexpr std::int64_t kHalfClosedMs = 5000;
const ParseError kNoMemory{503, "limits.buffered is used up"};
constexpr const char* kProxyProtocol =
    "the PROXY protocol, which this listener does not speak: write proxy_protocol: true there, or switch it off in "
    "what "
    "stands in front (send-proxy)";

bool is_proxy_line(std::string_view bytes) {
  return bytes.starts_with("PROXY TCP") || bytes.starts_with("PROXY UNKNOWN");
}

// Of bytes that no request can begin with: what somebody who set this up wrongly has sent.
const char* why_no_head(std::string_view bytes) {
  constexpr std::string_view kProxySignature("\r\n\r\n\0\r\nQUIT\n", 12);
  const bool is_tls = bytes.size() > 1 && bytes[0] == 0x16 && bytes[1] == 0x03;  // a handshake (RFC 8446 5.1)
  if (is_tls)
    return "a TLS handshake: this listener speaks plain HTTP: write tls: there, or end TLS in what stands in front";
  if (bytes.starts_with(kProxySignature)) return kProxyProtocol;
  return "bytes that no request head can hold";
}
}  // namespace

Http1Client::Http1Client(const Environment& environment, Transport transport, std::string peer_address,
                         EventsSource& source, std::function<void(ClientConnection&)> on_closed)
    : env_(environment),
      source_(source),
      transport_(std::move(transport)),
      peer_address_(std::move(peer_address)),
      on_closed_(std::move(on_closed)),
      in_(env_.buffers),
      head_memory_(env_.memory),
      unsent_memory_(env_.memory),
      writer_(env_.loop, env_.buffers, [this] { on_writable(); }),
      input_(env_.loop, transport_, [this] { on_readable(); }),
      deadline_(env_.wheel, [this] { on_deadline(); }),
      later_(env_.loop, [this] { on_later(); }) {
  writer_.attach(transport_.fd(), transport_.tls());
  arm_deadline();
}

// The exchange looks into our buffers when it concludes: it goes first.
Http1Client::~Http1Client() {
  events_.reset();
  source_.forget(*this);
  if (now_) env_.requests.give(std::move(now_));
}

void Http1Client::begin_with(std::string_view early) {
  if (early.empty()) return;
  in_.append(early);
  later_.start_ms(0);
}

// ---- input ------------------------------------------------------------------------------------------------------

void Http1Client::on_readable() {
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
      return read_head();
    case Phase::exchange:
    case Phase::discard:
      return body_is_open() ? read_body() : read_pipelined();
    case Phase::tunnel:
      return read_tunnel();
    case Phase::closing:
    case Phase::lingering:
      return drop_input();
    case Phase::closed:
      return;
  }
}

// What comes may want an answer of TLS itself.
ReceiveResult Http1Client::receive(Buffer& into) {
  const ReceiveResult got = transport_.receive(into);
  writer_.send_own_of_tls();
  return got;
}

void Http1Client::read_head() {
  in_.make_room(in_.empty() ? BufferPool::kSmallBytes : 4096);
  const ReceiveResult got = receive(in_);
  if (got.kind == ReceiveResult::Kind::again) return wait_for_head();
  if (got.kind == ReceiveResult::Kind::failed) return head_failed();
  if (got.kind == ReceiveResult::Kind::end) return on_head_input_end();
  process_input();
}

// Within a handshake all the time. Behind it the first request has as long as it has without TLS.
void Http1Client::wait_for_head() {
  if (in_.empty()) in_.release();
  if (transport_.tls() != nullptr && transport_.tls()->has_just_opened()) arm_deadline();
}

void Http1Client::head_failed() {
  if (transport_.tls() == nullptr) return close();
  if (transport_.tls()->is_plain_http()) return refuse_plain_http();
  if (env_.over_tls != nullptr && !transport_.tls()->is_open())
    env_.over_tls->tell_failed_handshake(peer_address_, transport_.tls()->failure());
  close();
}

// Who sends no more still gets what is on its way, and answers to the requests that have come.
void Http1Client::on_head_input_end() {
  pause(Pause::end_of_input);
  const bool more_to_answer = phase_ == Phase::idle && !in_.empty();
  if (!more_to_answer) close_when_sent();
}

void Http1Client::read_body() {
  now_->body_in.make_room(env_.memory.is_short() ? BufferPool::kSmallBytes : now_->read_bytes);
  const ReceiveResult got = receive(now_->body_in);
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind == ReceiveResult::Kind::failed) return client_gone();
  if (got.kind == ReceiveResult::Kind::end) return on_input_end();
  if (now_->body_in.room() == 0) now_->read_bytes = BufferPool::kLargeBytes;
  pace_.moved(got.bytes);
  std::size_t used = 0;
  feed(now_->body_in.data(), used);
  if (phase_ == Phase::closed) return;
  now_->body_in.consume(used);
  if (phase_ == Phase::idle) {
    take_next_from_body_buffer();
    return process_input();
  }
  if (now_->body_in.empty()) now_->body_in.release();  // thousands of uploads that stand still hold no block each
  if (phase_ == Phase::exchange && body_is_open()) return arm_deadline();
  if (phase_ == Phase::exchange && !now_->body_in.empty()) {  // the next request waits: the head in in_ must not move
    pause(Pause::pipeline_full);
  } else {
    now_->body_in.release();
  }
}

void Http1Client::take_next_from_body_buffer() {
  in_.append(now_->body_in.data());
  now_->body_in.release();
}

void Http1Client::read_tunnel() {
  now_->body_in.make_room(now_->read_bytes);
  const ReceiveResult got = receive(now_->body_in);
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind == ReceiveResult::Kind::failed) return client_gone();
  if (got.kind == ReceiveResult::Kind::end && transport_.is_cut()) return client_gone();
  if (got.kind == ReceiveResult::Kind::end) {
    pause(Pause::end_of_input);
    events_->on_request_end();
    return;
  }
  events_->on_request_body(now_->body_in.data());
  if (phase_ != Phase::tunnel) return;
  now_->body_in.release();
  events_->on_request_batch_end();
}

// The next request may come early; it waits its turn. Views into the head must not move, so only spare room is used.
void Http1Client::read_pipelined() {
  if (now_->head_is_gone && in_.empty()) in_.make_room(BufferPool::kSmallBytes);
  if (in_.room() == 0) return pause(Pause::pipeline_full);
  const ReceiveResult got = receive(in_);
  if (now_->head_is_gone && in_.empty()) in_.release();
  if (got.kind == ReceiveResult::Kind::failed) return client_gone();
  if (got.kind == ReceiveResult::Kind::end) on_input_end();
}

void Http1Client::drop_input() {
  const ReceiveResult got = transport_.receive_and_drop();
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind == ReceiveResult::Kind::data) return linger_on();
  if (phase_ == Phase::lingering || got.kind == ReceiveResult::Kind::failed) return close();
  pause(Pause::end_of_input);
}

// Nobody looks at what has come any more: who lingers for long costs its connection and nothing else.
void Http1Client::linger_on() {
  if (phase_ != Phase::lingering) return;
  in_.release();
  if (now_) now_->body_in.release();
  head_memory_.release();
  if (lingers_left_ == 0 || deadline_.left_ms() > kLingerMs / 2) return;
  --lingers_left_;
  arm_deadline();
}

void Http1Client::on_input_end() {
  if (phase_ != Phase::exchange || body_is_open()) return client_gone();
  pause(Pause::end_of_input);
  arm_deadline();
}

void Http1Client::process_input() {
  processing_ = true;
  while (phase_ == Phase::idle || phase_ == Phase::head) {
    if (in_.empty()) break;
    if (phase_ == Phase::idle && was_blocked_) {  // else answers that nobody reads would pile up without end
      pause(Pause::unread_answers);
      break;
    }
    if (now_ == nullptr) now_ = env_.requests.take(env_.buffers);
    is_unused_ = false;
    if (takes_whole_head()) continue;
    if (phase_ == Phase::idle) enter(Phase::head);
    const HeadScanner::Outcome outcome = now_->scanner.scan(in_.data(), env_.head_limits);
    if (outcome == HeadScanner::Outcome::need_more) {
      wait_for_rest_of_head();
      break;
    }
    if (outcome == HeadScanner::Outcome::bad) {
      refuse({400, why_no_head(in_.data())});
    } else if (outcome == HeadScanner::Outcome::too_large) {
      refuse(
          {now_->scanner.status_if_too_large(), "request head too large (limits.request_head, header_count, target)"});
    } else {
      start_request();
    }
  }
  processing_ = false;
  if (phase_ == Phase::idle && in_.empty()) rest();
}

void Http1Client::rest() {
  in_.release();
  writer_.give_back_idle_memory();
  if (now_) env_.requests.give(std::move(now_));
}

void Http1Client::wait_for_rest_of_head() {
  if (input_has_ended()) return close_when_sent();  // it will never come
  if (!head_memory_.cover(in_.capacity(), peer_address_)) refuse(kNoMemory);
}

// Whatever becomes of a head that is in pieces, or bad, is the scanner's to find out.
bool Http1Client::takes_whole_head() {
  if (now_->scanner.has_begun()) return false;
  const std::size_t head_bytes = take_request_head(in_.data(), env_.head_limits, now_->request);
  if (head_bytes == 0) return false;
  now_->head_bytes = head_bytes;
  start_exchange();
  return true;
}

void Http1Client::start_request() {
  now_->head_bytes = now_->scanner.head_bytes();
  const auto error = parse_request_head(in_.data().substr(0, now_->head_bytes), env_.head_limits, now_->request);
  if (!error) return start_exchange();
  refuse(is_proxy_line(in_.data()) ? ParseError{400, kProxyProtocol} : *error);
}

void Http1Client::start_exchange() {
  now_->leftover_used = 0;
  now_->body.begin(now_->request.body);
  body_open_ = !now_->body.is_over();
  now_->discarded_bytes = 0;
  body_patience_ms_ = env_.timeouts.body_idle_ms;
  minimum_rate_ = std::max<std::int64_t>(env_.limits.minimum_rate, 0);
  quiet_body_ms_ = 0;
  now_->read_bytes = BufferPool::kSmallBytes;
  keep_alive_ = now_->request.keep_alive;
  enter(Phase::exchange);
  events_ = source_.take(*this);
  events_->on_request(now_->request, now_->head_bytes);
  feed_leftover();
}

void Http1Client::refuse(const ParseError& error) {
  keep_alive_ = false;
  body_open_ = true;  // what else comes is unknown: lingering will drop it
  enter(Phase::exchange);
  pause(Pause::back_pressure);
  events_ = source_.take(*this);
  events_->on_bad_request(error);
}

// In plain text, for the client speaks no other. Nobody sees more of the request than its first bytes.
void Http1Client::refuse_plain_http() {
  transport_.drop_tls();
  writer_.attach(transport_.fd());
  keep_alive_ = false;
  body_open_ = true;  // the rest of the request: lingering will drop it
  Answer answer;
  answer.status = 400;
  answer.add("Content-Type", "text/plain; charset=utf-8");
  answer.body = "This port speaks TLS, and the request came without: ask for https:// instead of http://\n";
  env_.scratch.clear();
  append_answer(env_.scratch, answer, false, false, std::time(nullptr));
  writer_.queue(env_.scratch);
  if (writer_.flush() == SocketWriter::State::failed) return close();
  close_when_sent();
}

void Http1Client::feed_leftover() {
  if ((phase_ == Phase::exchange || phase_ == Phase::discard) && body_is_open()) {
    const std::string_view rest = behind_head();
    if (!rest.empty() && phase_ == Phase::exchange && input_.is_paused_by(Pause::back_pressure))
      return pause(Pause::early_bytes);
    if (!rest.empty()) return feed(rest, now_->leftover_used);
    if (phase_ == Phase::exchange) events_->on_request_batch_end();  // the head goes on though the body has not begun
  }
}

// Bytes that a client sent before the 101: held until now (threat S24).
void Http1Client::feed_early_tunnel_bytes() {
  const std::string_view early = behind_head();
  now_->leftover_used += early.size();
  if (!early.empty()) events_->on_request_body(early);
  if (phase_ != Phase::tunnel) return;
  if (!now_->body_in.empty()) {  // they came behind a body
    events_->on_request_body(now_->body_in.data());
    if (phase_ != Phase::tunnel) return;
    now_->body_in.release();
  }
  events_->on_request_batch_end();
  if (phase_ != Phase::tunnel) return;
  resume(Pause::early_bytes);
  if (input_has_ended()) events_->on_request_end();
}

// Hands body bytes on, or drops them in Phase::discard. `counter` grows by what belongs to this request before any
// event is told, because the exchange may end inside one.
void Http1Client::feed(std::string_view bytes, std::size_t& counter) {
  feed_pieces(bytes, counter);
  if (now_ == nullptr) return;  // all has ended, and the connection waits
  now_->unfed = {};
  if (phase_ == Phase::discard && now_->discarded_bytes > kMaxDiscardBytes) return close_when_sent();
  if (phase_ == Phase::exchange && body_is_open()) events_->on_request_batch_end();
}

void Http1Client::feed_pieces(std::string_view bytes, std::size_t& counter) {
  while ((phase_ == Phase::exchange || phase_ == Phase::discard) && body_is_open()) {
    std::size_t consumed = 0;
    std::string_view data;
    const auto outcome = now_->body.next(bytes, consumed, data);
    bytes.remove_prefix(consumed);
    now_->unfed = bytes;
    counter += consumed;
    now_->discarded_bytes += phase_ == Phase::discard ? consumed : 0;
    if (outcome == BodyReader::Outcome::bad) return broken_body();
    if (phase_ == Phase::exchange && !data.empty()) events_->on_request_body(data);
    if (outcome == BodyReader::Outcome::end) return request_body_done();
    if (outcome == BodyReader::Outcome::need_more) return;
  }
}

void Http1Client::broken_body() {
  if (phase_ == Phase::discard) return close_when_sent();
  keep_alive_ = false;
  pause(Pause::back_pressure);
  events_->on_bad_request({400, "broken chunked coding"});
}

void Http1Client::request_body_done() {
  body_open_ = false;
  if (phase_ == Phase::discard) return next_request();
  if (phase_ != Phase::exchange) return;
  if (const Fields trailers = now_->body.trailers(); trailers.size() > 0) events_->on_request_trailers(trailers);
  events_->on_request_end();
  if (phase_ != Phase::exchange) return;
  events_->on_request_batch_end();
  if (phase_ == Phase::exchange) arm_deadline();
}

// ---- the answer -------------------------------------------------------------------------------------------------

void Http1Client::send_continue() {
  if (phase_ != Phase::exchange) return;
  after_write(writer_.send("HTTP/1.1 100 Continue\r\n\r\n"));
}

void Http1Client::send_head(const ResponseHead& head, const OutgoingResponse& response) {
  keep_alive_ = response.keep_alive && response.body.kind != BodyFraming::Kind::until_close;
  answer_body_.begin(response.body);
  if (is_slow_by_nature(response.body, head.fields)) minimum_rate_ = 0;
  env_.scratch.clear();
  append_response_head(env_.scratch, response, head, env_.header_rules);
  write_strict_transport();
  writer_.queue(env_.scratch);
}

void Http1Client::send_answer(const Answer& answer, bool without_body, bool keep_alive) {
  keep_alive_ = keep_alive && keep_alive_;
  answer_body_.begin({});
  if (keep_alive_ && body_is_open() && !may_drop_rest_of_body()) keep_alive_ = false;
  env_.scratch.clear();
  append_answer(env_.scratch, answer, without_body, keep_alive_, std::time(nullptr));
  write_strict_transport();
  writer_.queue(env_.scratch);
  end();
}

void Http1Client::write_strict_transport() {
  if (env_.over_tls == nullptr || env_.over_tls->strict_transport.empty()) return;
  add_strict_transport(env_.scratch, env_.over_tls->strict_transport);
}

// Whether the connection can live on behind an answer that came before the end of its request. It is promised only
// where it will be kept: of chunks nobody knows how many are to come, unless the last one is here.
bool Http1Client::may_drop_rest_of_body() const {
  if (now_->request.expect_continue || now_->body.bytes_left() > kMaxDiscardBytes) return false;
  if (now_->request.body.kind != BodyFraming::Kind::chunked) return true;
  BodyReader rest = now_->body;
  std::string_view bytes = now_->unfed.empty() ? behind_head() : now_->unfed;
  BodyReader::Outcome outcome = BodyReader::Outcome::data;
  while (outcome == BodyReader::Outcome::data) {
    std::size_t consumed = 0;
    std::string_view data;
    outcome = rest.next(bytes, consumed, data);
    bytes.remove_prefix(consumed);
  }
  return outcome == BodyReader::Outcome::end;
}

std::size_t Http1Client::untaken_bytes() const { return writer_.unsent_bytes() + lp::untaken_bytes(transport_.fd()); }

void Http1Client::send_body(std::string_view bytes) {
  if (bytes.empty()) return;
  if (const auto state = answer_body_.write(bytes)) after_write(*state);
}

bool Http1Client::takes_trailers() const {
  if (!answer_body_.is_chunked()) return false;
  return now_->head_is_gone ? now_->takes_trailers : lp::takes_trailers(now_->request.head.fields);
}

void Http1Client::send_trailers(const Fields& trailers) {
  if (takes_trailers() && trailers.size() > 0) answer_body_.write_trailers(trailers);
}

void Http1Client::end() {
  answer_body_.end();
  if (phase_ == Phase::tunnel) {
    keep_alive_ = false;
    body_open_ = true;  // the client may be talking still: lingering will drop it
  }
  flush();
  if (phase_ != Phase::closed) answer_done();
}

void Http1Client::abort() {
  input_.pause(Pause::closed);
  writer_.close();
  transport_.reset_connection();
  close();
}

void Http1Client::flush() {
  after_write(writer_.flush());
  if (now_ && now_->head_is_gone) writer_.give_back_idle_memory();
  if (was_blocked_) hold_unsent();
}

// Counted only here: an answer that leaves at once costs nothing. Where there is no room nothing fails: no more is read
// from the app until all is gone, and what came with the last read stays in as little as it takes.
void Http1Client::hold_unsent() {
  if (phase_ == Phase::closed) return;
  if (!unsent_memory_.cover(writer_.held_bytes(), peer_address_, MemoryUse::waits_without)) {
    room_ = Room::none_of_all;
    return writer_.trim();
  }
  const std::size_t most = env_.memory.is_short() ? BufferPool::kSmallBytes : kMostUnsent;
  room_ = writer_.unsent_bytes() > most ? Room::none : Room::some;
}

void Http1Client::become_tunnel() {
  answer_body_.begin({});
  body_open_ = false;
  minimum_rate_ = 0;
  enter(Phase::tunnel);
  if (has_more_input() || input_has_ended()) {
    pause(Pause::early_bytes);  // what came before the 101 goes first
    later_.start_ms(0);
  }
  resume(Pause::pipeline_full);
}

void Http1Client::let_go_of_head() {
  now_->takes_trailers = lp::takes_trailers(now_->request.head.fields);
  now_->keep_line_only();
  in_.consume(now_->head_bytes + now_->leftover_used);
  now_->head_bytes = now_->leftover_used = 0;
  in_.trim();
  head_memory_.release();
  writer_.give_back_idle_memory();
}

void Http1Client::resume_request_body() {
  resume(Pause::back_pressure);
  if (input_.is_paused_by(Pause::early_bytes)) later_.start_ms(0);
}

void Http1Client::answer_done() {
  source_.retire(std::move(events_));
  if (!keep_alive_) {
    may_send_more_ = now_->request.keep_alive;
    return close_when_sent();
  }
  if (body_is_open()) {
    enter(Phase::discard);
    return resume_request_body();
  }
  next_request();
}

void Http1Client::next_request() {
  in_.consume(now_->head_bytes + now_->leftover_used);
  head_memory_.release();
  now_->next();
  const bool input_ended = input_has_ended();
  enter(Phase::idle);
  resume(Pause::back_pressure);
  if (input_.is_paused_by(Pause::pipeline_full)) {
    resume(Pause::pipeline_full);
    take_next_from_body_buffer();
  }
  if (!in_.empty()) {
    if (!processing_) later_.start_ms(0);
  } else if (input_ended) {
    close_when_sent();
  } else if (!processing_ && now_->body_in.empty()) {
    rest();
  }
}

void Http1Client::after_write(SocketWriter::State state) {
  if (phase_ == Phase::closed) return;
  if (state == SocketWriter::State::failed) {
    later_.start_ms(0);
    return;
  }
  if (state == SocketWriter::State::blocked && !was_blocked_) {
    was_blocked_ = true;
    arm_deadline();
  }
}

void Http1Client::on_writable() {
  const std::size_t before = writer_.unsent_bytes();
  const SocketWriter::State state = writer_.resume();
  if (state == SocketWriter::State::failed) return client_gone();
  pace_.moved(before - std::min(before, writer_.unsent_bytes()));
  if (state == SocketWriter::State::blocked) return;
  was_blocked_ = false;
  room_ = Room::some;
  unsent_memory_.release();
  writer_.give_back_idle_memory();
  arm_deadline();
  if (phase_ == Phase::closing) return finish_closing();
  if (phase_ == Phase::exchange || phase_ == Phase::tunnel) return events_->on_client_drained();
  if (!input_.is_paused_by(Pause::unread_answers)) return;
  resume(Pause::unread_answers);
  process_input();
}

// ---- ends -------------------------------------------------------------------------------------------------------

// What the client still sends is dropped meanwhile.
void Http1Client::close_when_sent() {
  if (writer_.has_failed()) return close();  // tickets that met a reset: they would be waited for in vain
  enter(Phase::closing);
  input_.resume_for_all();
  if (writer_.unsent_bytes() == 0) finish_closing();
}

void Http1Client::finish_closing() {
  const bool goes_on_sending = body_is_open() || has_more_input();
  writer_.say_end();
  if (input_has_ended() || !(goes_on_sending || may_send_more_)) return close();
  // Closing with unread input makes the kernel send a reset, which can destroy the answer on its way (RFC 9112 9.6).
  ::shutdown(transport_.fd(), SHUT_WR);
  lingers_left_ = kMostLingers;
  lingers_for_more_ = goes_on_sending;
  enter(Phase::lingering);
}

void Http1Client::client_gone() {
  if (phase_ == Phase::closed) return;
  const bool tell = phase_ == Phase::exchange || phase_ == Phase::tunnel;
  close();
  if (tell) events_->on_client_gone();
}

bool Http1Client::close_if_idle() {
  if (phase_ != Phase::idle || !in_.empty() || transport_.has_unread_input()) return false;
  close_when_sent();
  return true;
}

std::optional<std::int64_t> Http1Client::idle_ms() const {
  if (phase_ != Phase::idle || !in_.empty() || writer_.unsent_bytes() > 0) return std::nullopt;
  return std::max<std::int64_t>(patience_ms() - deadline_.left_ms(), 0);
}

bool Http1Client::is_busy() const {
  switch (phase_) {
    case Phase::head:
    case Phase::exchange:
      return true;
    case Phase::lingering:  // ending the process now would reset it, and the reset eat the answer
      return lingers_for_more_;
    case Phase::idle:
      return !idle_ms() || transport_.has_unread_input();
    case Phase::tunnel:
    case Phase::closed:
      return false;
    case Phase::discard:
    case Phase::closing:
      return writer_.unsent_bytes() > 0;
  }
  return false;
}

void Http1Client::close() {
  if (phase_ == Phase::closed) return;
  enter(Phase::closed);
  deadline_.clear();
  later_.stop();
  input_.pause(Pause::closed);
  writer_.close();
  unsent_memory_.release();
  transport_.close();
  on_closed_(*this);
}

// ---- time and pauses --------------------------------------------------------------------------------------------

void Http1Client::enter(Phase next) {
  // [from][to]: idle, head, exchange, discard, closing, lingering, tunnel, closed
  static constexpr bool kLegal[8][8] = {
      {false, true, true, false, true, false, false, true},      // idle; a head that comes whole takes no time
      {false, false, true, false, true, false, false, true},     // head
      {true, false, false, true, true, false, true, true},       // exchange
      {true, false, false, false, true, false, false, true},     // discard
      {false, false, false, false, false, true, false, true},    // closing
      {false, false, false, false, false, false, false, true},   // lingering
      {false, false, false, false, true, false, false, true},    // tunnel
      {false, false, false, false, false, false, false, false},  // closed, for good
  };
  LP_CHECK(kLegal[static_cast<int>(phase_)][static_cast<int>(next)], "a legal step of a client's connection");
  phase_ = next;
  if (next != Phase::closed) arm_deadline();
}

void Http1Client::arm_deadline() {
  const bool waits_for_body = body_is_open() && !input_.is_paused();
  switch (phase_) {
    case Phase::idle:
      if (writer_.unsent_bytes() > 0) return watch_pace();
      return arm_deadline_ms(patience_ms());
    case Phase::head:  // for the whole head, not for each byte (slowloris)
      head_has_more_time_ = false;
      return arm_deadline_ms(env_.timeouts.request_head_ms);
    case Phase::exchange:
    case Phase::tunnel:
      if (writer_.unsent_bytes() > 0 || waits_for_body) return watch_pace();
      if (input_has_ended() && phase_ == Phase::exchange) return arm_deadline_ms(kHalfClosedMs);
      pace_look_ms_ = 0;
      return deadline_.clear();
    case Phase::closing:
      if (writer_.unsent_bytes() > 0) return watch_pace();
      [[fallthrough]];
    case Phase::discard:
      return arm_deadline_ms(env_.timeouts.body_idle_ms);
    case Phase::lingering:
      return arm_deadline_ms(kLingerMs);
    case Phase::closed:
      return;
  }
}

void Http1Client::arm_deadline_ms(std::int64_t ms) {
  pace_look_ms_ = 0;
  deadline_.set_ms(ms);
}

// From when on the client is waited for, until nobody waits for it any more: not anew for what comes.
void Http1Client::watch_pace() {
  if (pace_look_ms_ > 0) return;
  pace_.begin();
  knows_untaken_ = false;
  pace_look_ms_ = Pace::look_ms(pace_terms());
  deadline_.set_ms(pace_look_ms_);
}

PaceTerms Http1Client::pace_terms() const {
  const std::int64_t silence_ms = body_patience_ms_ > 0 ? body_patience_ms_ : env_.timeouts.body_idle_ms;
  const bool is_stream = quiet_body_ms_ > 0 && writer_.unsent_bytes() == 0;  // what comes of it, and when, is its own
  if (is_stream) return {std::max(silence_ms, quiet_body_ms_), 0, env_.timeouts.rate_window_ms};
  return {silence_ms, minimum_rate_, env_.timeouts.rate_window_ms};
}

// True: it is looked at again.
bool Http1Client::keeps_pace() {
  if (pace_look_ms_ == 0) return false;
  const bool has_just_learnt = writer_.unsent_bytes() > 0 && learns_how_much_is_untaken();
  const auto next = has_just_learnt ? Pace::look_ms(pace_terms()) : pace_.look(pace_terms(), pace_look_ms_);
  pace_look_ms_ = next.value_or(0);
  if (next) deadline_.set_ms(*next);
  return next.has_value();
}

// What a client has taken is what its kernel has: of ours there may be megabytes between two writes to somebody who
// reads all the time. The first look at a blocked answer finds out where it stands, and judges nothing.
bool Http1Client::learns_how_much_is_untaken() {
  const std::size_t untaken = lp::untaken_bytes(transport_.fd());
  const std::size_t before = std::exchange(untaken_, untaken);
  const bool is_first = !std::exchange(knows_untaken_, true);
  if (is_first) pace_.begin();
  if (!is_first) untaken < before ? pace_.moved(before - untaken) : pace_.stuck(untaken - before);
  return is_first;
}

// A head that comes at the minimum rate is given its time once more: cookies can be longer than a bad line is quick.
bool Http1Client::head_keeps_pace() {
  const std::int64_t rate = env_.limits.minimum_rate;
  if (rate == kUnlimited || std::exchange(head_has_more_time_, true)) return false;
  if (static_cast<std::int64_t>(in_.size()) < rate * env_.timeouts.request_head_ms / 1000) return false;
  deadline_.set_ms(env_.timeouts.request_head_ms);
  return true;
}

// With who waits for its first or next request.
std::int64_t Http1Client::patience_ms() const {
  if (writer_.unsent_bytes() > 0) return env_.timeouts.body_idle_ms;
  if (is_unused_) return std::min(env_.timeouts.first_byte_ms, env_.timeouts.idle_connection_ms);
  return env_.timeouts.idle_connection_ms;
}

void Http1Client::on_deadline() {
  if (phase_ == Phase::head ? head_keeps_pace() : keeps_pace()) return;
  if (phase_ == Phase::head) return refuse({408, "request head not complete in time"});
  const bool body_stalled = phase_ == Phase::exchange && body_is_open() && writer_.unsent_bytes() == 0;
  if (body_stalled) {
    keep_alive_ = false;
    return events_->on_bad_request({408, "request body stalled, or came slower than limits.minimum_rate"});
  }
  client_gone();
}

void Http1Client::set_body_patience(std::int64_t ms) {
  body_patience_ms_ = ms;
  pace_look_ms_ = 0;
  arm_deadline();
}

void Http1Client::set_minimum_rate(std::int64_t bytes_per_s) {
  minimum_rate_ = std::max<std::int64_t>(bytes_per_s, 0);
  pace_look_ms_ = 0;
  arm_deadline();
}

void Http1Client::expect_quiet_body(std::int64_t ms) {
  quiet_body_ms_ = ms;
  pace_look_ms_ = 0;
  arm_deadline();
}

void Http1Client::on_later() {
  if (writer_.flush() == SocketWriter::State::failed) return client_gone();
  if (phase_ == Phase::idle) return process_input();
  if (!input_.is_paused_by(Pause::early_bytes)) return;
  if (phase_ == Phase::tunnel) return feed_early_tunnel_bytes();
  resume(Pause::early_bytes);
  feed_leftover();
}

void Http1Client::pause(Pause reason) {
  if (input_.pause(reason)) arm_deadline();
}

void Http1Client::resume(Pause reason) {
  if (input_.resume(reason)) arm_deadline();
}

}  // namespace lp
