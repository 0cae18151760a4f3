#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/crypto.h"
#include "proxy/exchange/exchange.h"

// What a session's end does to the requests that run for it: nobody gets a byte more of what it let them have.
namespace lp {

namespace {
constexpr std::string_view kCloseReason = "session ended";
// How long a tunnel's ends get to take their close frames: a second at most.
constexpr std::uint8_t kClosingSweeps = 2;

std::array<char, 4> random_mask() {
  std::array<char, 4> mask{};
  const std::string bytes = random_bytes(mask.size());
  std::copy(bytes.begin(), bytes.end(), mask.begin());
  return mask;
}
}  // namespace

void Exchange::on_session_over() {
  if (answer_side_ == AnswerSide::closing_tunnel) {
    if (--sweeps_left_ == 0) finish_tunnel();
    return;
  }
  decision_ = kSessionOver;
  switch (answer_side_) {
    case AnswerSide::waiting:
      return refuse_waiting();
    case AnswerSide::body:
      log_session_over("answer cut off");
      conclude();
      return client_.abort();
    case AnswerSide::tunnel:
      return close_tunnel();
    default:
      LP_CHECK(false, "only what was forwarded is bound to a session");
  }
}

void Exchange::log_session_over(std::string_view what) {
  context_.log.info(
      "session over",
      {{"id", std::string_view(request_id_)}, {"route", std::string_view(facts_.route->label)}, {"reason", what}});
}

// A long poll, or an upload that the app has not answered yet.
void Exchange::refuse_waiting() {
  log_session_over("request not answered yet");
  lease_.reset();
  set_cookies_.clear();
  answer_error(401, kSessionOver);
}

void Exchange::close_tunnel() {
  log_session_over("WebSocket closed");
  tell_app();
  if (!app_frames_.at_frame_boundary()) {
    conclude();
    return client_.abort();
  }
  enter(AnswerSide::closing_tunnel);
  sweeps_left_ = kClosingSweeps;
  if (!app_frames_.has_closed()) client_.send_body(close_frame(kSessionEndedCode, kCloseReason));
  client_.flush();
  client_.resume_request_body();  // its own close frame may stand behind what nobody takes any more
  if (response_is_paused_ && lease_) lease_->resume_response();
  response_is_paused_ = false;
  finish_tunnel_if_done();
}

// In mid-frame there is no place for ours: the end of the connection must say it.
void Exchange::tell_app() {
  if (client_ended_ || client_frames_.has_closed()) return;  // it knows
  if (!client_frames_.at_frame_boundary()) return lease_.reset();
  lease_->send_body(close_frame(kSessionEndedCode, kCloseReason, random_mask()));
  lease_->end_body();
}

// The side that closes first in WebSocket is the server's, once both close frames have passed (RFC 6455 7.1.1).
void Exchange::finish_tunnel_if_done() {
  const bool client_is_done = client_ended_ || client_frames_.has_closed();
  if (client_is_done && client_.unsent_bytes() == 0) finish_tunnel();
}

void Exchange::finish_tunnel() {
  const bool all_is_sent = client_.unsent_bytes() == 0;
  conclude();
  if (all_is_sent) return client_.end();
  client_.abort();
}

}  // namespace lp
