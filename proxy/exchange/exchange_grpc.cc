#include "config/route_limits.h"
#include "proxy/exchange/exchange.h"

// What is different where the client speaks gRPC (docs/decisions/0066-http2-to-apps.md).
namespace lp {

void Exchange::note_grpc_call() {
  const RouteSettings* route = facts_.route;
  const bool has_app = route != nullptr && !route->upstream.empty();
  grpc_ = grpc_call(request_->head, has_app ? &context_.upstreams.of(*route).settings() : nullptr);
}

// That a client says so is no reason to wait longer for it: its app must be one that can be called, and the call one
// that such an app takes. What browsers say of gRPC is one message, but for the answer.
bool Exchange::is_open_ended_call() const {
  if (!is_grpc_call() || !context_.upstreams.of(*facts_.route).settings().speaks_http2()) return false;
  return grpc_ == GrpcKind::web || takes_trailers(request_->head.fields);
}

// Its messages may be hours apart. What it said of a deadline bounds us too, whatever the app does.
void Exchange::begin_grpc_call() {
  const UpstreamSettings& upstream = context_.upstreams.of(*facts_.route).settings();
  const bool sends_stream = is_open_ended_call() && grpc_ == GrpcKind::grpc;
  if (sends_stream) client_.expect_quiet_body(idle_timeout_ms(upstream, *facts_.route));
  const auto ms = grpc_timeout_ms(request_->head.fields.get("grpc-timeout"));
  if (!ms) return;
  if (!grpc_deadline_) grpc_deadline_ = std::make_unique<Deadline>(context_.wheel, [this] { grpc_deadline_is_over(); });
  grpc_deadline_->set_ms(*ms);
}

void Exchange::grpc_deadline_is_over() {
  record_.decision = kDeadline;
  if (answer_side_ == AnswerSide::waiting) {
    lease_.reset();
    return answer_error(504, kDeadline);
  }
  if (end_grpc_call(504)) return;
  conclude();
  client_.abort();
}

// The head is out, and the answer comes to no good end: trailers can still say why, instead of a reset that says
// nothing. False: there is no place for them, or the answer is none of gRPC, and half of it would look whole.
bool Exchange::end_grpc_call(int status) {
  if (grpc_ != GrpcKind::grpc || !answers_in_grpc_ || answer_side_ != AnswerSide::body || !client_.takes_trailers())
    return false;
  const GrpcTrailers trailers(status, record_.decision);
  client_.send_trailers(trailers.fields());
  conclude();
  client_.end();
  return true;
}

}  // namespace lp
