#include "base/one_of.h"
#include "base/wipe.h"
#include "config/route_limits.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/memory_notices.h"
#include "proxy/exchange/notices.h"
#include "proxy/exchange/upstream_faults.h"
#include "proxy/http/connection_auth.h"
#include "proxy/http/websocket.h"
#include "proxy/route/outgoing.h"

// What an exchange hands on, once its request may pass: the request to the upstream, the answer to the client.
namespace lp {

namespace {
// A client is read no further while so much of what it sent waits for the app.
constexpr std::size_t kHighWaterBytes = 64 * 1024;
}  // namespace

// ---- to the upstream --------------------------------------------------------------------------------------------

void Exchange::forward() {
  enter(AnswerSide::waiting);
  record_.was_forwarded = true;
  if (session_) realm_->bound_exchanges.bind(*this, *session_);
  send_continue();
  if (is_grpc_call()) begin_grpc_call();
  if (resolution_.drops_method_override)
    context_.server.dropped_overrides.tell(*facts_.route, request_->head.fields, context_.log);
  // A body is not sent twice, also of a GET: see may_retry().
  const bool has_body = request_->body.kind == BodyFraming::Kind::chunked || request_->body.length > 0;
  const bool harmless = !has_body && is_one_of(request_->head.method, {"GET", "HEAD", "OPTIONS"}) &&
                        request_side_ == RequestSide::complete && !resolution_.has_method_override;
  lease_and_send(harmless ? UpstreamPool::Choice::any : UpstreamPool::Choice::checked);
}

void Exchange::send_continue() {
  if (sent_continue_ || !request_->expect_continue || request_side_ != RequestSide::open) return;
  sent_continue_ = true;
  client_.send_continue();
}

void Exchange::lease_and_send(UpstreamPool::Choice choice) {
  const UpstreamClient client = record_.client.peer_is_trusted ? client_behind_proxy() : UpstreamClient{&client_, {}};
  lease_ = context_.upstreams.of(*facts_.route).lease(*this, choice, client);
  if (request_->is_http2) lease_->begin_small();
  if (facts_.route->limits.has_upstream_times() || is_open_ended_call()) set_patience();
  send_upstream_head();
  send_held_body();
  if (request_side_ == RequestSide::complete || replaced_body_) lease_->end_body();
}

// Whoever calls by gRPC says how long it may take, or means that it may: an app that streams says its first word when
// there is something to say.
void Exchange::set_patience() {
  const RouteSettings& route = *facts_.route;
  const UpstreamSettings& upstream = context_.upstreams.of(route).settings();
  const std::int64_t idle_ms = idle_timeout_ms(upstream, route);
  const bool may_be_silent = is_open_ended_call() && !route.limits.response_timeout_ms;
  lease_->set_patience(may_be_silent ? idle_ms : response_timeout_ms(upstream, route), idle_ms);
}

// The connection of a proxy in front may be many people's: only a session tells them apart.
UpstreamClient Exchange::client_behind_proxy() {
  if (!session_) return {};
  person_ = record_.client.address + '\n' + session_->session.sub;
  return {&client_, person_};
}

// A body that is here already. One with bytes is sent once: may_retry() knows.
void Exchange::send_held_body() {
  const std::string_view held = replaced_body_ ? std::string_view(replaced_body_->body) : collected_.bytes();
  if (held.empty()) return;
  body_bytes_ += held.size();
  lease_->send_body(held);
  collected_.wipe();
  if (lease_->unsent_bytes() == 0) memory_.release();
  if (replaced_body_) wipe_string(replaced_body_->body);
}

BodyFraming Exchange::upstream_framing() const {
  if (replaced_body_) return {BodyFraming::Kind::length, replaced_body_->body.size()};
  if (facts_.body_state == BodyFacts::whole && request_->body.kind != BodyFraming::Kind::none)
    return {BodyFraming::Kind::length, collected_.bytes().size()};
  return request_->body;
}

void Exchange::send_upstream_head() {
  OutgoingRequest out = outgoing_request(*request_, resolution_, context_.fields);
  out.host = upstream_host();
  out.client = &record_.client;
  out.forwarded_lines = context_.forwarded_lines.of(record_.client, *facts_.external);
  out.request_id = record_.id;
  out.trace = &record_.trace;
  if (app_headers_) out.identity_lines = app_headers_->lines;
  const bool has_token = facts_.route->token.is_configured();
  out.replaces_authorization = has_token || (app_headers_ && app_headers_->replaces_authorization);
  if (has_token && tokens_.access) out.bearer_token = tokens_.access->token.reveal();
  out.body = upstream_framing();
  if (replaced_body_) out.replaced_content_type = &replaced_body_->content_type;
  out.upgrade = upgrade_;
  out.keep_alive = context_.upstreams.of(*facts_.route).keeps_connections();
  lease_->send_head(out, request_->head.fields, context_.client_headers);
}

std::string_view Exchange::upstream_host() const {
  const std::string& own = context_.upstreams.of(*facts_.route).own_host();
  return own.empty() ? request_->authority : std::string_view(own);
}

void Exchange::on_request_body(std::string_view bytes) {
  record_.bytes_in += bytes.size();
  if (answer_side_ == AnswerSide::collecting) return collect_more(bytes);
  if (answer_side_ == AnswerSide::closing_tunnel) {
    tunnel_.client_says(bytes);
    return finish_tunnel_if_done();
  }
  if (answer_side_ == AnswerSide::none || !lease_ || replaced_body_) return;
  if (answer_side_ == AnswerSide::tunnel)
    tunnel_.client_says(bytes);
  else
    body_bytes_ += bytes.size();
  const std::int64_t limit = request_body_limit(context_.settings, facts_.route);
  if (limit != kUnlimited && body_bytes_ > static_cast<std::uint64_t>(limit)) {
    lease_.reset();
    return answer_side_ == AnswerSide::waiting ? refuse_large_body() : break_off("request body over the limit");
  }
  lease_->send_body(bytes);
}

void Exchange::on_request_trailers(const Fields& trailers) {
  const bool goes_on = lease_ && !replaced_body_ && answer_side_ != AnswerSide::tunnel;
  if (!goes_on) return;
  const RequestFieldChanges* changes = context_.fields.of(*facts_.route).request.get();
  lease_->send_trailers(request_trailers(trailers, request_->head.fields, changes, context_.client_headers));
}

void Exchange::on_request_end() {
  if (answer_side_ == AnswerSide::none) return;
  enter(RequestSide::complete);
  if (answer_side_ == AnswerSide::tunnel || answer_side_ == AnswerSide::closing_tunnel) tunnel_.client_has_ended();
  if (answer_side_ == AnswerSide::closing_tunnel) return finish_tunnel_if_done();
  if (answer_side_ == AnswerSide::collecting) return judge_with_body(BodyFacts::whole);
  if (lease_ && !replaced_body_) lease_->end_body();
}

void Exchange::on_request_batch_end() {
  if (!lease_) return;
  lease_->flush();
  // A connection of HTTP/2 has many of them.
  const std::size_t besides = request_->is_http2 ? 0 : BufferPool::kSmallBytes;
  if (lease_->unsent_bytes() > besides) hold_upload();
}

// After the flush: what stays is what the app does not take, and on_upstream_drained() will come.
void Exchange::hold_upload() {
  const bool has_room = memory_.cover(lease_->held_bytes(), record_.client.address, MemoryUse::waits_without);
  const bool is_short = context_.server.memory.is_short();
  if (!has_room || is_short || lease_->unsent_bytes() > kHighWaterBytes) client_.pause_request_body();
}

void Exchange::on_upstream_drained() {
  memory_.release();
  client_.resume_request_body();
}

// ---- the answer -------------------------------------------------------------------------------------------------

void Exchange::on_response(const ParsedResponse& response) {
  // The app may have said so before it read this request (RFC 9110 15.5.9).
  if (response.head.status == 408 && may_retry(UpstreamError::lost)) return on_upstream_error(UpstreamError::lost);
  // Whoever is signed in by the connection must have one of its own.
  if (request_->is_http2 && offers_to_sign_in_connection(response.head.fields)) return send_to_http1();
  // Not before the whole request is there: what a client says next must be no body any more (threat S24).
  const bool opens_tunnel = !upgrade_.empty() && request_side_ == RequestSide::complete &&
                            accepts_upgrade(response, upgrade_, request_->head.fields);
  if (response.head.status == 101 && !opens_tunnel) {
    lease_.reset();
    return on_broken_answer("101 for no upgrade that was asked for (upgrades: of the route)", UpstreamError::nonsense);
  }
  if (!opens_tunnel && would_open_websocket(*request_, response.head.status)) {
    lease_.reset();
    return on_broken_answer("2xx without an upgrade, which over HTTP/2 would open the WebSocket (RFC 8441 5)",
                            UpstreamError::nonsense);
  }
  record_.upstream_ms = context_.clock.monotonic_ms() - record_.asked_ms;
  record_.status = response.head.status;
  answers_in_grpc_ = is_grpc_call() && is_grpc(response.head.fields);
  if (response.repairs.any())
    tell_of_repairs(context_, record_, context_.upstreams.of(*facts_.route), response.repairs);
  drop_stale_cookies();
  OutgoingResponse out = response_frame();
  out.body = opens_tunnel ? BodyFraming{} : client_framing(response);
  if (opens_tunnel || out.body.kind == BodyFraming::Kind::until_close) out.keep_alive = false;
  if (response.head.status == 101) out.upgrade = upgrade_;
  out.app_may_name_fields = response.may_name_fields;
  out.addresses = context_.fields.of(*facts_.route).addresses.get();
  if (!opens_tunnel) {
    send_answer_head(response.head, out, true);
    if (is_event_stream(response.body, response.head.fields)) let_go_of_head();
    return enter(AnswerSide::body);
  }
  client_.send_head(response.head, out);
  enter(AnswerSide::tunnel);
  tunnel_.open(iequals(upgrade_, kWebSocket));
  context_.server.open_tunnels.fetch_add(1, std::memory_order_relaxed);
  client_.flush();
  lease_->become_tunnel();
  let_go_of_head();
  client_.become_tunnel();
}

void Exchange::send_to_http1() {
  record_.status = 421;
  conclude();
  client_.send_to_http1();
}

void Exchange::send_answer_head(const ResponseHead& head, OutgoingResponse& out, bool may_hold_secrets) {
  if (!is_compressed(*facts_.route) || is_grpc_call()) return client_.send_head(head, out);
  coding_ = std::make_unique<AnswerCoding>(context_.loop, context_.server.memory, record_.client.address);
  const bool is_personal = session_ != nullptr || !set_cookies_.empty();
  coding_->send_head(client_, {facts_.route->compression, request_->head, may_hold_secrets, is_personal}, head, out);
  if (!coding_->is_on()) coding_.reset();
}

OutgoingResponse Exchange::response_frame() const {
  OutgoingResponse out;
  out.client_version_minor = request_->head.version_minor;
  out.keep_alive = request_->keep_alive && request_side_ == RequestSide::complete &&
                   !context_.server.draining.load(std::memory_order_relaxed);
  out.authenticated = session_ != nullptr;
  out.set_cookies = &set_cookies_;
  out.external = facts_.external;
  out.changes = context_.fields.of(*facts_.route).answer.get();
  return out;
}

BodyFraming Exchange::client_framing(const ParsedResponse& response) const {
  const bool has_own_end =
      response.body.kind == BodyFraming::Kind::none || response.body.kind == BodyFraming::Kind::length;
  if (has_own_end) return response.body;
  const bool knows_chunked = request_->head.version_minor >= 1;
  return {knows_chunked ? BodyFraming::Kind::chunked : BodyFraming::Kind::until_close, 0};
}

void Exchange::on_response_body(std::string_view bytes) {
  if (answer_side_ == AnswerSide::closing_tunnel) return;
  if (answer_side_ == AnswerSide::tunnel) tunnel_.app_says(bytes);
  if (record_.status == 400 && record_.bytes_out == 0)
    tell_if_expects_tls(context_, record_, context_.upstreams.of(*facts_.route), bytes);
  record_.bytes_out += bytes.size();
  if (coding_) return coding_->send(client_, bytes);
  client_.send_body(bytes);
}

// They may speak of the bytes that the app sent (a digest), which coded are others.
void Exchange::on_response_trailers(const Fields& trailers) {
  if (coding_) return;
  const AnswerFieldChanges* changes = context_.fields.of(*facts_.route).answer.get();
  client_.send_trailers(response_trailers(trailers, changes, context_.client_headers));
}

void Exchange::on_response_end() {
  if (answer_side_ == AnswerSide::closing_tunnel) return lease_.reset();
  if (coding_) coding_->finish(client_);
  conclude();
  client_.end();
}

void Exchange::on_response_batch_end() {
  if (coding_) coding_->flush(client_);
  client_.flush();
  if (client_.room() != ClientStream::Room::some) pause_response();
}

void Exchange::pause_response() {
  if (response_is_paused_ || answer_side_ == AnswerSide::closing_tunnel) return;
  if (client_.room() == ClientStream::Room::none_of_all) tell_of_slow_clients(context_, record_);
  response_is_paused_ = true;
  lease_->pause_response();
}

void Exchange::on_client_drained() {
  if (answer_side_ == AnswerSide::closing_tunnel) return finish_tunnel_if_done();
  if (file_ && file_->is_open()) return send_more_of_file();
  if (!response_is_paused_ || !lease_) return;
  response_is_paused_ = false;
  lease_->resume_response();
}

}  // namespace lp
