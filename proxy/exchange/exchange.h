#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/visit/verdict.h"
#include "proxy/exchange/answer_coding.h"
#include "proxy/exchange/asked_check.h"
#include "proxy/exchange/bound_exchanges.h"
#include "proxy/exchange/file_reply.h"
#include "proxy/exchange/record.h"
#include "proxy/exchange/sides.h"
#include "proxy/exchange/websocket_tunnel.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/collected_body.h"
#include "proxy/http/grpc.h"
#include "proxy/http/stream.h"
#include "proxy/route/resolve.h"

namespace lp {

// The access log's decisions.
inline constexpr std::string_view kSessionOver = "session_over";
inline constexpr std::string_view kUnproven = "unproven";
inline constexpr std::string_view kNoMemory = "no_memory";   // limits.buffered
inline constexpr std::string_view kFixed = "health";         // for a probe or a crawler
inline constexpr std::string_view kDeadline = "deadline";    // the call's own (gRPC)
inline constexpr std::string_view kAbandoned = "abandoned";  // the client went away before anything was decided

// What an exchange needs whose memory the next one uses again (ExchangePool). It begins as good as new.
struct ExchangeMemory {
  ExchangeRecord record;
  Resolution resolution;
  void start_over() {
    record.start_over();
    resolution.start_over();
  }
};

// One request and its answer: judged, then answered in process or pumped to an upstream and back. Knows no wire
// format. Made for one request and never for a second one, so that nothing of one can be seen in another; whatever
// happens, it ends in conclude(): access log, counters, lease given back.
class Exchange final : public RequestEvents, public UpstreamEvents, private SessionBound {
 public:
  // All must outlive the exchange, but for the client, once that has heard that the answer is over.
  Exchange(WorkerContext& context, ClientStream& client, Door door, ExchangeMemory& kept);
  ~Exchange() override;
  [[nodiscard]] ExchangeMemory& kept() { return kept_; }

  void on_request(const ParsedRequest& request, std::size_t head_bytes) override;
  void on_bad_request(const ParseError& error) override;
  void on_request_body(std::string_view bytes) override;
  void on_request_trailers(const Fields& trailers) override;
  void on_request_end() override;
  void on_request_batch_end() override;
  void on_client_drained() override;
  void on_client_gone() override;

  void on_response(const ParsedResponse& response) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_trailers(const Fields& trailers) override;
  void on_response_end() override;
  void on_response_batch_end() override;
  void on_upstream_drained() override;
  [[nodiscard]] std::size_t untaken_by_client() const override { return client_.untaken_bytes(); }
  void on_upstream_error(UpstreamError error) override;
  void on_broken_answer(const char* why, UpstreamError error) override;

 private:
  void enter(RequestSide next);
  void enter(AnswerSide next);

  void begin(std::size_t head_bytes);
  void choose_request_id();
  [[nodiscard]] std::string_view path_as_sent() const;

  void judge();
  [[nodiscard]] PossibleCheck possible_check() const;
  [[nodiscard]] bool judges_check();
  void judge_check(const AskedCheck& asked);
  void take_check(const CheckedRequest& about);
  void take_resolution(const RequestHead& head);
  void answer_as(std::string_view decision, const Answer& made) {
    record_.decision = decision;
    answer(made);
  }
  void note_upgrade(std::string_view upgrade);
  void refuse(const Refusal& refusal);
  void refuse_check(const Refusal& refusal);
  void ask_responder();
  void act_on(Verdict verdict);
  void act_on_later(Verdict verdict);
  [[nodiscard]] bool must_buffer() const;
  void collect(std::size_t limit_bytes);
  void collect_more(std::string_view bytes);
  void judge_with_body(BodyFacts state);
  void hold_upload();
  void pause_response();
  void reply();
  void answer_route();
  void reply_with_file();
  void send_file();
  void send_more_of_file();
  void send_to_http1();
  void send_answer_head(const ResponseHead& head, OutgoingResponse& out, bool may_hold_secrets);
  void forward();
  void send_continue();
  void send_held_body();
  [[nodiscard]] BodyFraming upstream_framing() const;
  void lease_and_send(UpstreamPool::Choice choice);
  void set_patience();
  [[nodiscard]] bool is_grpc_call() const { return grpc_ != GrpcKind::none; }
  [[nodiscard]] bool is_open_ended_call() const;
  void note_grpc_call();
  void begin_grpc_call();
  void grpc_deadline_is_over();
  [[nodiscard]] bool end_grpc_call(int status);
  [[nodiscard]] UpstreamClient client_behind_proxy();
  void send_upstream_head();
  [[nodiscard]] bool may_retry(UpstreamError error) const;
  void refuse_large_body();
  void answer_error(int status, std::string_view decision);
  void answer(const Answer& made);
  [[nodiscard]] bool tells_by_closing() const;
  void close_new_websocket();
  void break_off(std::string_view why);
  void conclude();
  void let_go_of_head();
  void drop_stale_cookies();

  void on_session_over(SessionStand stand) override;
  void log_session_over(std::string_view what);
  void refuse_waiting(SessionStand stand);
  void close_tunnel(SessionStand stand);
  void finish_tunnel_if_done();
  void finish_tunnel();
  void log_access();
  [[nodiscard]] std::string_view upstream_host() const;
  [[nodiscard]] OutgoingResponse response_frame() const;
  [[nodiscard]] BodyFraming client_framing(const ParsedResponse& response) const;

  WorkerContext& context_;
  ClientStream& client_;
  const Door door_;
  ExchangeMemory& kept_;
  WorkerRealm* realm_;  // the one that the Host names; until that is known any

  RequestSide request_side_ = RequestSide::none;
  AnswerSide answer_side_ = AnswerSide::none;
  const ParsedRequest* request_ = nullptr;  // null while none is under way
  Resolution& resolution_ = kept_.resolution;
  std::string_view upgrade_;  // what the connection may become; empty: nothing
  RequestFacts facts_;
  std::unique_ptr<RequestHead> forwarded_head_;  // of the request that another proxy asks about
  ExchangeRecord& record_ = kept_.record;
  std::unique_ptr<PendingVerdict> wait_;
  std::unique_ptr<UpstreamStream> lease_;
  std::shared_ptr<const OpenedSession> session_;
  RouteTokens tokens_;
  std::shared_ptr<const AppHeaders> app_headers_;
  std::vector<std::string> set_cookies_;
  CollectedBody collected_;
  ReservedMemory memory_;  // for that, or for what the app does not take
  std::unique_ptr<ReplacedBody> replaced_body_;
  Tunnel tunnel_;
  std::unique_ptr<FileReply> file_;          // where a file is the answer
  std::unique_ptr<AnswerCoding> coding_;     // of the answer under way; null: it goes as it is
  GrpcKind grpc_ = GrpcKind::none;           // set once the request is known to be for an app
  bool answers_in_grpc_ = false;             // the app does
  std::unique_ptr<Deadline> grpc_deadline_;  // null until a call has one

  std::uint64_t body_bytes_ = 0;       // of the request, as the app gets it
  std::string person_;                 // who of many on the client's connection, for apps that sign in connections
  const char* broken_rule_ = nullptr;  // by the app's answer
  bool is_retried_ = false;
  bool sent_continue_ = false;
  bool response_is_paused_ = false;
};

}  // namespace lp
