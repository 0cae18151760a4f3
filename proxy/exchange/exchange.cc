#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/visit/forward_auth.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/one_of.h"
#include "base/wipe.h"
#include "proxy/exchange/acme_answer.h"
#include "proxy/exchange/connection_facts.h"
#include "proxy/exchange/memory_notices.h"
#include "proxy/exchange/notices.h"
#include "proxy/exchange/readiness.h"
#include "proxy/exchange/route_pace.h"
#include "proxy/exchange/route_reply.h"
#include "proxy/exchange/upstream_faults.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/methods.h"
#include "proxy/http/websocket.h"
#include "proxy/http/websocket_frames.h"
#include "proxy/route/reply.h"
#include "proxy/route/webdav.h"

namespace lp {

namespace {
// A body that is collected for longer than its time must have come at this rate.
constexpr std::size_t kSlowestBytesPerMs = 8;
}  // namespace

Exchange::Exchange(WorkerContext& context, ClientStream& client, Door door, ExchangeMemory& kept)
    : context_(context),
      client_(client),
      door_(door),
      kept_(kept),
      realm_(&context.realms.front()),
      memory_(context.server.memory) {}

Exchange::~Exchange() {
  if (request_) conclude();
}

// ---- the request, judged ----------------------------------------------------------------------------------------

void Exchange::on_request(const ParsedRequest& request, std::size_t head_bytes) {
  request_ = &request;
  begin(head_bytes);
  const bool has_body = request.body.kind == BodyFraming::Kind::chunked || request.body.length > 0;
  enter(has_body ? RequestSide::open : RequestSide::complete);
  judge();
}

void Exchange::begin(std::size_t head_bytes) {
  record_.bytes_in = head_bytes;
  record_.began_unix_ms = context_.clock.unix_ms();
  record_.began_ms = record_.asked_ms = context_.clock.monotonic_ms();
  enter(AnswerSide::judging);
  context_.server.requests_in_flight.fetch_add(1, std::memory_order_relaxed);
  read_client_facts(client_.peer_address(), request_->head.fields, context_.settings.trusted_proxies,
                    context_.settings.client_ip_header, record_.client);
  choose_request_id();
  context_.begin_trace(request_->head.fields, record_.trace);
}

void Exchange::choose_request_id() {
  if (record_.client.peer_is_trusted) record_.id = told_request_id(request_->head.fields);
  if (record_.id.empty()) context_.write_next_request_id(record_.id);
}

void Exchange::judge() {
  facts_.request_id = record_.id;
  facts_.client = record_.client.address;
  facts_.client_is_proxy = record_.client.is_proxy;
  facts_.client_certificate = certificate_shown_on(client_);
  if (const auto refused = refuse_on_this_connection(client_, request_->authority, record_)) return answer(*refused);
  if (request_->authority.empty() && !is_fixed_answer(*request_, context_.settings.health))
    return refuse({400, "bad_request", "no Host field, or an empty one: only probes may come so", {}});
  const ForwardAuthSettings& forward_auth = context_.settings.forward_auth;
  if ((forward_auth.enabled || !forward_auth.oauth2_proxy.empty()) && judges_check()) return;
  if (door_ == Door::checks_only) return answer_error(404, "no_route");
  if (const auto challenge = acme_answer(context_, *request_)) return answer_as(kAcmeChallenge, *challenge);
  const RequestHead& head = request_->head;
  resolve(context_.routes,
          {request_->authority, request_->path_and_query, head.method, head.fields, record_.client.address,
           request_->body.length},
          resolution_);
  if (!forward_auth.oauth2_proxy.empty() && asks_in_place_of_app(possible_check(), resolution_))
    return judge_check({{}, ForwardedForm::oauth2_root, {}});
  take_resolution(head);
  if (resolution_.kind == Resolution::Kind::refused) return refuse(resolution_.refusal);
  if (resolution_.kind == Resolution::Kind::fixed)
    return answer_as(kFixed, fixed_answer(resolution_.fixed, context_.server.readiness, context_.clock.monotonic_ms()));
  if (resolution_.kind != Resolution::Kind::own) note_grpc_call();
  note_upgrade(upgrade_of(*request_, resolution_.route));
  ask_responder();
}

void Exchange::take_resolution(const RequestHead& head) {
  if (resolution_.external != nullptr) realm_ = &context_.realms[resolution_.realm];
  facts_.head = &head;
  facts_.external = resolution_.external;
  facts_.only_backchannel = resolution_.only_backchannel;
  facts_.method_is_certain = !resolution_.may_be_other_method;
  facts_.route = resolution_.route;
  if (!resolution_.has_target) return;
  facts_.path = resolution_.target.path;
  facts_.path_as_sent = resolution_.target.sent();
  facts_.query = resolution_.target.query;
  facts_.has_query = resolution_.target.has_query;
}

void Exchange::note_upgrade(std::string_view upgrade) {
  upgrade_ = upgrade;
  facts_.wants_upgrade = !upgrade.empty();
  if (upgrade.empty() || facts_.route == nullptr) return;
  facts_.upgrade_origin =
      origin_of_upgrade(upgrade, request_->head.fields, *realm_->realm.settings, *facts_.route, *facts_.external);
}

void Exchange::refuse(const Refusal& refusal) {
  if (refusal.status == 400) tell_of_bad_request(context_, record_, path_as_sent(), refusal.reason);
  if (refusal.status == 413) return refuse_large_body();
  if (refusal.status == 421) tell_of_unknown_host(context_, record_, *request_);
  facts_.allowed_by = refusal.allowed_by;
  answer_error(refusal.status, refusal.decision);
}

PossibleCheck Exchange::possible_check() const { return {context_, door_, *request_, record_.client}; }

// True where another proxy asks whether it may let a request through.
bool Exchange::judges_check() {
  const auto asked = asked_check(possible_check());
  if (!asked) return false;
  if (asked->hidden.empty()) {
    judge_check(*asked);
  } else {
    tell_of_refused_check(context_, record_, "own", asked->hidden);
    answer_error(404, "own");
  }
  return true;
}

void Exchange::judge_check(const AskedCheck& asked) {
  forwarded_head_ = std::make_unique<RequestHead>();
  const CheckedRequest about = resolve_asked(possible_check(), asked, *forwarded_head_, resolution_);
  if (about.refusal) return refuse_check(*about.refusal);
  take_check(about);
  if (resolution_.kind == Resolution::Kind::refused) return refuse_check(resolution_.refusal);
  if (facts_.route == nullptr && !is_of_oauth2_proxy(about.form))
    return refuse_check({404, "no_route", "no route matches"});
  note_upgrade(asks_for_websocket(request_->head.fields) ? kWebSocket : std::string_view());
  ask_responder();
}

// The access line is about the request asked about.
void Exchange::take_check(const CheckedRequest& about) {
  take_resolution(*forwarded_head_);
  facts_.only_backchannel = false;
  facts_.client_certificate = nullptr;  // the asking proxy's
  if (facts_.external != nullptr) facts_.forwarded = about.form;
  facts_.method_is_told = about.method_is_told;
  facts_.check_query = about.check_query;
  facts_.asker_is_known = about.asker_is_known;
  facts_.also_asked = resolution_.also_asked;
}

void Exchange::refuse_check(const Refusal& refusal) {
  tell_of_refused_check(context_, record_, refusal.decision, refusal.reason);
  facts_.allowed_by = refusal.allowed_by;
  const bool knows_403 =
      asks_oauth2_auth(request_->path_and_query, context_.settings.forward_auth) && refusal.status < 500;
  const int status = knows_403 ? 403 : refusal.status;
  answer_error(refusal_status(request_->head.fields, status), refusal.decision);
}

// Who answers in the process: an endpoint of ours, or the gatekeeper of all routes, who may also say that the app does.
void Exchange::ask_responder() {
  Gatekeeper& gatekeeper = *realm_->gatekeeper;
  Responder& responder = resolution_.kind == Resolution::Kind::own ? gatekeeper.own_endpoints() : gatekeeper;
  Verdict verdict = responder.judge(
      facts_, [this](Verdict later) { act_on_later(std::move(later)); }, wait_);
  if (verdict.kind == Verdict::Kind::wait) {
    record_.decision = verdict.decision;
    // Without a body the client is listened to, so that one that goes away is noticed.
    if (request_side_ == RequestSide::open) client_.pause_request_body();
    return;
  }
  act_on(std::move(verdict));
}

void Exchange::act_on(Verdict verdict) {
  wait_.reset();
  client_.resume_request_body();
  record_.decision = verdict.decision;
  session_ = std::move(verdict.session);
  tokens_ = std::move(verdict.tokens);
  set_cookies_ = std::move(verdict.set_cookies);
  if (verdict.replaced_body) replaced_body_ = std::make_unique<ReplacedBody>(std::move(*verdict.replaced_body));
  app_headers_ = std::move(verdict.app_headers);
  record_.shadow = verdict.shadow;
  record_.shadow_missing = std::move(verdict.shadow_missing);
  if (verdict.kind == Verdict::Kind::need_body) return collect(verdict.body_limit_bytes);
  if (verdict.kind == Verdict::Kind::answer) return answer(verdict.answer);
  LP_CHECK(verdict.kind == Verdict::Kind::pass && facts_.route, "only a request with a route passes");
  if (facts_.body_state == BodyFacts::too_large) return refuse_large_body();
  set_pace(client_, facts_.route->limits);
  if (facts_.route->reply.is_configured()) return reply();
  if (must_buffer()) return collect(static_cast<std::size_t>(facts_.route->buffer_request_bytes));
  forward();
}

// For an app that cannot read chunks. Judged again once the body is there, for that may take a while.
bool Exchange::must_buffer() const {
  return facts_.route->buffer_request_bytes > 0 && !is_grpc_call() &&
         request_->body.kind == BodyFraming::Kind::chunked && facts_.body_state == BodyFacts::unread;
}

// Nothing else follows in this turn that would write what was queued.
void Exchange::act_on_later(Verdict verdict) {
  record_.asked_ms = context_.clock.monotonic_ms();
  act_on(std::move(verdict));
  if (lease_) lease_->flush();
}

// ---- a body that the gatekeeper must see -------------------------------------------------------------------------

void Exchange::collect(std::size_t limit_bytes) {
  LP_CHECK(facts_.body_state == BodyFacts::unread, "a body is asked for once");
  const std::int64_t most = request_body_limit(context_.settings, facts_.route);
  if (most != kUnlimited) limit_bytes = std::min(limit_bytes, static_cast<std::size_t>(most));
  if (request_side_ == RequestSide::complete) return judge_with_body(BodyFacts::whole);
  if (request_->body.length > limit_bytes) return judge_with_body(BodyFacts::too_large);
  enter(AnswerSide::collecting);
  if (request_->body.kind == BodyFraming::Kind::length) limit_bytes = request_->body.length;  // reserves no more
  collected_.begin(limit_bytes);
  send_continue();
}

// Nothing is taken before there is room for it. A byte now and then must not keep what all share for hours.
void Exchange::collect_more(std::string_view bytes) {
  const auto earned_ms = static_cast<std::int64_t>(collected_.bytes().size() / kSlowestBytesPerMs);
  const std::int64_t patience_ms = 2 * body_idle_ms(context_.settings, facts_.route) + earned_ms;
  if (context_.clock.monotonic_ms() - record_.began_ms > patience_ms) {
    return on_bad_request({408, "a body that is collected came too slowly"});
  }
  if (!collected_.has_room_for(bytes.size())) return judge_with_body(BodyFacts::too_large);
  if (memory_.cover(collected_.memory_with(bytes.size()), record_.client.address)) return collected_.append(bytes);
  tell_of_no_memory(context_, record_);
  answer_error(503, kNoMemory);
}

void Exchange::judge_with_body(BodyFacts state) {
  if (state == BodyFacts::too_large) collected_.wipe();
  if (state == BodyFacts::too_large) memory_.release();
  facts_.body_state = state;
  facts_.body = collected_.bytes();
  record_.asked_ms = context_.clock.monotonic_ms();
  enter(AnswerSide::judging);
  ask_responder();
}

// ---- a route that answers itself ------------------------------------------------------------------------------------

void Exchange::reply() {
  if (!facts_.route->reply.files.empty()) return reply_with_file();
  answer_route();
}

void Exchange::answer_route() {
  const Settings& settings = *realm_->realm.settings;
  Answer made = reply_of(*facts_.route, resolution_.target, {settings, *facts_.external, request_->head.fields});
  if (session_ || !set_cookies_.empty()) made.add("Cache-Control", "private, no-store");
  if (is_compressed(*facts_.route)) code_answer(facts_.route->compression, request_->head, made);
  if (context_.fields.of(*facts_.route).answer == nullptr) return answer(made);
  record_.status = made.status;
  record_.bytes_out = send_as_of_app(client_, response_frame(), made, request_->head.method == "HEAD");
  conclude();
  client_.end();
}

void Exchange::reply_with_file() {
  file_ = std::make_unique<FileReply>();
  const FileReply::Outcome outcome = file_->open(*facts_.route, resolution_.target, request_->head);
  if (outcome == FileReply::Outcome::file) return send_file();
  if (outcome == FileReply::Outcome::folder) return answer_route();
  const bool is_missing = outcome == FileReply::Outcome::none;
  Answer refused = realm_->gatekeeper->error_answer(is_missing ? 404 : 405, facts_);
  if (!is_missing) refused.add("Allow", "GET, HEAD");
  answer(refused);
}

void Exchange::send_file() {
  enter(AnswerSide::waiting);
  if (session_) realm_->bound_exchanges.bind(*this, *session_);
  record_.status = file_->status();
  record_.bytes_out = file_->body_bytes();
  OutgoingResponse out = response_frame();
  file_->send_head(out, [this](const auto& head, auto& framed) { send_answer_head(head, framed, false); });
  enter(AnswerSide::body);
  send_more_of_file();
}

void Exchange::send_more_of_file() {
  const StaticFile::Progress progress = file_->send_more(client_, coding_.get());
  if (progress == StaticFile::Progress::waits) return;
  if (progress == StaticFile::Progress::yields) return coding_->go_on_later([this] { send_more_of_file(); });
  if (progress == StaticFile::Progress::broken) return break_off("the file has become shorter");
  client_.flush();
  conclude();
  client_.end();
}

// ---- what goes wrong --------------------------------------------------------------------------------------------

void Exchange::on_bad_request(const ParseError& error) {
  if (!request_) {  // not even a head
    static const ParsedRequest kNoRequest;
    request_ = &kNoRequest;
    begin(0);
  }
  error.status == 503 ? tell_of_no_memory(context_, record_)
                      : tell_of_bad_request(context_, record_, path_as_sent(), error.rule);
  lease_.reset();
  wait_.reset();
  const bool answered = answer_side_ == AnswerSide::body || answer_side_ == AnswerSide::tunnel;
  if (!answered) return answer_error(error.status, error.status == 503 ? kNoMemory : "bad_request");
  break_off(error.rule);
}

// Of what the line is about, also where nobody could read it.
std::string_view Exchange::path_as_sent() const {
  if (resolution_.has_target) return resolution_.target.sent();
  const bool is_check = facts_.forwarded != ForwardedForm::none;
  return path_of_target(is_check ? std::string_view(forwarded_head_->target) : request_->path_and_query);
}

void Exchange::on_broken_answer(const char* why, UpstreamError error) {
  broken_rule_ = why;
  on_upstream_error(error);
}

void Exchange::on_upstream_error(UpstreamError error) {
  if (answer_side_ == AnswerSide::closing_tunnel) return lease_.reset();
  const bool retry = may_retry(error);
  lease_.reset();
  if (retry) {
    is_retried_ = true;
    return lease_and_send(UpstreamPool::Choice::fresh);
  }
  const UpstreamFault fault = fault_of(error, answer_side_ == AnswerSide::waiting);
  tell_failed(context_, record_, *facts_.route, error, fault.words, broken_rule_);
  if (answer_side_ == AnswerSide::waiting) return answer_error(fault.status, record_.decision);
  break_off(fault.words);
}

// An idle connection may have been closed by the app in the moment we used it. Nothing of an answer came, so a request
// that may be sent twice is, once, on a new connection. What an app has said that it did not begin with may always be
// (RFC 9113 8.7), as long as none of its body has left.
bool Exchange::may_retry(UpstreamError error) const {
  const bool is_untouched = !is_retried_ && answer_side_ == AnswerSide::waiting && lease_ && body_bytes_ == 0;
  if (error == UpstreamError::refused_stream) return is_untouched;
  return error == UpstreamError::lost && is_untouched && lease_->is_reused_connection() &&
         request_side_ == RequestSide::complete && is_idempotent(request_->head.method) &&
         !resolution_.has_method_override;
}

void Exchange::on_client_gone() {
  if (!request_) return;
  if (record_.status == 0) record_.status = 499;
  conclude();
}

// The head is out: all that is left is to make sure that the client does not take the answer for complete.
void Exchange::break_off(std::string_view why) {
  tell_of_broken_answer(context_, record_, why);
  if (end_grpc_call(502)) return;
  conclude();
  client_.abort();
}

void Exchange::refuse_large_body() {
  tell_of_large_body(context_, record_, facts_.route, facts_.body_state != BodyFacts::unread);
  answer_error(413, "too_large");
}

void Exchange::answer_error(int status, std::string_view decision) {
  record_.decision = decision;
  const bool has_head = !request_->head.method.empty();
  facts_.head = has_head ? &request_->head : nullptr;
  facts_.request_id = record_.id;
  answer(realm_->gatekeeper->error_answer(status, facts_));
}

void Exchange::answer(const Answer& made) {
  if (made.status == 401 && tells_by_closing()) return close_new_websocket();
  Answer complete = is_grpc_call() && made.status >= 300 ? as_grpc_answer(made, grpc_, record_.decision) : made;
  drop_stale_cookies();
  for (auto& cookie : set_cookies_) complete.add("Set-Cookie", std::move(cookie));
  record_.status = complete.status;
  const bool without_body = request_->head.method == "HEAD";
  const bool is_ended = record_.decision == kSessionOver || (record_.decision == kUnproven && record_.was_forwarded);
  const bool upload_is_cut = (is_ended || record_.decision == kNoMemory) && request_side_ == RequestSide::open;
  const bool keep_alive = request_->keep_alive && made.status != 400 && made.status != 408 && made.status != 413 &&
                          !upload_is_cut && !context_.server.draining.load(std::memory_order_relaxed);
  record_.bytes_out = without_body ? 0 : complete.body.size();
  conclude();
  client_.send_answer(complete, without_body, keep_alive);
}

bool Exchange::tells_by_closing() const {
  return facts_.route != nullptr && facts_.forwarded == ForwardedForm::none &&
         is_told_by_closing(*facts_.route, upgrade_, facts_.upgrade_origin, request_->head.fields);
}

void Exchange::close_new_websocket() {
  ResponseHead head;
  const std::string accept = websocket_accept(request_->head.fields.get("Sec-WebSocket-Key"));
  describe_accepted(request_->head.fields, accept, head);
  OutgoingResponse out;
  out.upgrade = upgrade_;
  out.set_cookies = &set_cookies_;
  drop_stale_cookies();
  record_.status = head.status;
  client_.send_head(head, out);
  const std::string frame = close_frame(kNotSignedIn.code, kNotSignedIn.reason);
  record_.bytes_out = frame.size();
  conclude();
  client_.become_tunnel();
  client_.send_body(frame);
  client_.end();
}

// ---- the session ends: nobody gets a byte more of what it let them have -------------------------------------------

void Exchange::on_session_over(SessionStand stand) {
  if (answer_side_ == AnswerSide::closing_tunnel) {
    if (tunnel_.has_waited_long_enough()) finish_tunnel();
    return;
  }
  record_.decision = stand == SessionStand::ended ? kSessionOver : kUnproven;
  switch (answer_side_) {
    case AnswerSide::waiting:
      return refuse_waiting(stand);
    case AnswerSide::body:
      log_session_over("answer cut off");
      if (end_grpc_call(stand == SessionStand::ended ? 401 : 503)) return;
      conclude();
      return client_.abort();
    case AnswerSide::tunnel:
      return close_tunnel(stand);
    default:
      LP_CHECK(false, "only what was forwarded is bound to a session");
  }
}

void Exchange::log_session_over(std::string_view what) {
  const std::string_view sub = session_ ? std::string_view(session_->session.sub) : std::string_view();
  tell_of_session_over(context_, record_, record_.decision == kSessionOver, *facts_.route, sub, what);
}

// A long poll, or an upload that the app has not answered yet.
void Exchange::refuse_waiting(SessionStand stand) {
  log_session_over("request not answered yet");
  lease_.reset();
  set_cookies_.clear();
  answer_error(stand == SessionStand::ended ? 401 : 503, record_.decision);
}

void Exchange::close_tunnel(SessionStand stand) {
  log_session_over("tunnel closed");
  if (!tunnel_.close(client_, lease_, stand == SessionStand::ended ? kSessionEnded : kTryAgainLater)) {
    conclude();
    return client_.abort();
  }
  enter(AnswerSide::closing_tunnel);
  client_.flush();
  client_.resume_request_body();  // its own close frame may stand behind what nobody takes any more
  if (response_is_paused_ && lease_) lease_->resume_response();
  response_is_paused_ = false;
  finish_tunnel_if_done();
}

void Exchange::finish_tunnel_if_done() {
  if (tunnel_.is_done(client_)) finish_tunnel();
}

void Exchange::finish_tunnel() {
  const bool all_is_sent = client_.unsent_bytes() == 0;
  conclude();
  if (all_is_sent) return client_.end();
  client_.abort();
}

// ---- the end ----------------------------------------------------------------------------------------------------

// Those of a pass verdict have waited for the app.
void Exchange::drop_stale_cookies() {
  if (record_.was_forwarded && !set_cookies_.empty())
    realm_->gatekeeper->drop_stale_cookies(session_.get(), set_cookies_);
}

// Before the client stream hears of the end: it may then reuse the memory that our views point to.
void Exchange::conclude() {
  if (coding_) record_.bytes_out = coding_->stop();
  log_access();
  context_.server.requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
  unbind();
  if (answer_side_ == AnswerSide::tunnel || answer_side_ == AnswerSide::closing_tunnel)
    context_.server.open_tunnels.fetch_sub(1, std::memory_order_relaxed);
  wait_.reset();
  lease_.reset();
  if (grpc_deadline_) grpc_deadline_->clear();
  collected_.wipe();
  memory_.release();
  if (replaced_body_) wipe_string(replaced_body_->body);
  replaced_body_.reset();
  file_.reset();
  if (coding_) context_.loop.defer_delete(std::move(coding_));
  app_headers_.reset();
  enter(AnswerSide::none);
  enter(RequestSide::none);
  request_ = nullptr;
}

// It may go on for hours, and of its request the access line alone still speaks.
void Exchange::let_go_of_head() {
  record_.trace.keep_id();
  upgrade_ = {};
  client_.let_go_of_head();
}

void Exchange::log_access() {
  // Whom auth/realm/stranger_limits refuses has no line: it tells of them.
  if (!context_.log.access_enabled() || record_.decision == kTooMany) return;
  AccessRecord record = access_record(record_, context_.clock.monotonic_ms());
  const bool is_check = facts_.forwarded != ForwardedForm::none;
  const std::string asked_host = is_check ? facts_.external->authority() : std::string();
  record.method = is_check ? forwarded_head_->method : request_->head.method;
  record.host = is_check ? std::string_view(asked_host) : request_->authority;
  if (resolution_.external != nullptr && context_.realms.size() > 1) record.realm = realm_->realm.settings->realm;
  record.path = path_as_sent();
  if (facts_.route) record.route = facts_.route->label;
  if (record_.decision.empty()) record.decision = kAbandoned;
  if (record_.was_forwarded) record.upstream = facts_.route->upstream;
  if (session_) record.sub = session_->session.sub;
  if (request_->is_http2) record.protocol = "HTTP/2";
  const AccessLogSettings& wanted = context_.settings.access_log;
  if (!wanted.exclude.empty() && is_left_out(record, wanted)) return;
  context_.scratch.clear();
  append_access_line(context_.scratch, record, wanted);
  context_.log.access(context_.scratch);
}

void Exchange::enter(RequestSide next) {
  LP_CHECK(is_legal_step(request_side_, next), "a legal step of the request side");
  request_side_ = next;
}

void Exchange::enter(AnswerSide next) {
  LP_CHECK(is_legal_step(answer_side_, next), "a legal step of the answer side");
  answer_side_ = next;
}

}  // namespace lp
