#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/messages.h"
#include "proxy/http/upstream_error.h"

// The two small seams of an exchange: a stream to the client and a stream to the upstream. HTTP/1 and HTTP/2 stand
// behind both. Still the exchange's: whether an answer of unknown length is chunked, which is a matter of the HTTP
// version. Everything here happens on one worker's loop.
namespace lp {

class TlsSession;

// ---- towards the client -----------------------------------------------------------------------------------------

// What the exchange tells a client connection. No call completes anything inside itself: failures arrive later as
// RequestEvents::on_client_gone(). A connection closes itself after end() or abort() where it must.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  virtual void send_continue() = 0;  // 100 (Continue)
  virtual void send_head(const ResponseHead& head, const OutgoingResponse& response) = 0;
  virtual void send_answer(const Answer& answer, bool without_body, bool keep_alive) = 0;  // a whole in-process answer
  virtual void send_body(std::string_view bytes) = 0;                                      // framed as the head said
  // Before end(); dropped where the wire has no place for them, or the client has not asked. takes_trailers(), once the
  // head is out: they will arrive.
  virtual void send_trailers(const Fields& /*trailers*/) {}
  [[nodiscard]] virtual bool takes_trailers() const { return false; }
  virtual void end() = 0;    // the answer is complete
  virtual void abort() = 0;  // the answer is broken: the client must not take it for complete
  // In place of an answer: the client is to ask again by HTTP/1.1, whose connections are one client's (RFC 9113 7,
  // HTTP_1_1_REQUIRED). Nothing where that is what it speaks.
  virtual void send_to_http1() {}
  virtual void flush() = 0;          // at the end of a batch: write what was queued
  virtual void become_tunnel() = 0;  // after a 101 was sent: raw bytes both ways
  // Once the head of the answer is out: of the request's head only method and authority are looked at any more. The
  // memory of all else may go.
  virtual void let_go_of_head() {}
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
  // Of the answer so far: with those, what the client's kernel has not taken. Costs a system call.
  [[nodiscard]] virtual std::size_t untaken_bytes() const = 0;
  // Whether more of the answer should come, as of the last flush(). After `none` and `none_of_all` on_client_drained()
  // says when.
  enum class Room : std::uint8_t { some, none, none_of_all };  // of all: limits.buffered is used up
  [[nodiscard]] virtual Room room() const = 0;
  virtual void pause_request_body() = 0;
  virtual void resume_request_body() = 0;
  // For silence of this request's body, and of a client that takes nothing, in place of timeouts.body_idle.
  virtual void set_body_patience(std::int64_t ms) = 0;
  // Likewise in place of limits.minimum_rate; kUnlimited: none is owed.
  virtual void set_minimum_rate(std::int64_t /*bytes_per_s*/) {}
  // Silence of this request's body alone may last so long: it is a stream. Nobody may take nothing for longer.
  virtual void expect_quiet_body(std::int64_t /*ms*/) {}
  [[nodiscard]] virtual const std::string& peer_address() const = 0;
  // Of the connection; null: plain. What a client must show, and for which host, is judged by it
  // (proxy/exchange/connection_facts).
  [[nodiscard]] virtual const TlsSession* tls() const = 0;
};

// What a client connection tells the exchange. `request` and its views stay valid until the exchange ended the answer.
class RequestEvents {
 public:
  virtual ~RequestEvents() = default;
  virtual void on_request(const ParsedRequest& request, std::size_t head_bytes) = 0;
  virtual void on_bad_request(const ParseError& error) = 0;  // answer and close; `request` is not to be used
  virtual void on_request_body(std::string_view bytes) = 0;
  virtual void on_request_trailers(const Fields& /*trailers*/) {}  // valid during the call; on_request_end() follows
  virtual void on_request_end() = 0;
  virtual void on_request_batch_end() = 0;
  virtual void on_client_drained() = 0;  // unsent_bytes() fell to zero after having been above
  virtual void on_client_gone() = 0;     // lost, or stuck for too long: nothing more reaches it
};

// Of who answers from the head alone.
class AnswersFromHead : public RequestEvents {
 public:
  void on_request_body(std::string_view) override {}
  void on_request_end() override {}
  void on_request_batch_end() override {}
  void on_client_drained() override {}
  void on_client_gone() override {}
};

// ---- towards the upstream ---------------------------------------------------------------------------------------

// Who asks an app, for connections that it signs in by itself (proxy/http/connection_auth.h).
struct UpstreamClient {
  const void* connection = nullptr;  // of the client, whatever stands for it; null: it may be many people's
  std::string_view person;           // where many may share that connection: who of them
};

class UpstreamStream {
 public:
  // Gives the stream back. Its connection is used again only when both messages were complete and clean, or when it is
  // shared: then a stream that is not over is reset.
  virtual ~UpstreamStream() = default;
  // In place of the upstream's response_timeout and idle_timeout; before send_head().
  virtual void set_patience(std::int64_t response_ms, std::int64_t idle_ms) = 0;
  // Of the answer next to nothing is to be read before it is known whether the client takes it: it is one of many that
  // a client may ask for at a time.
  virtual void begin_small() {}
  virtual void send_head(const OutgoingRequest& request, const Fields& client_fields,
                         const ClientHeaderRules& rules) = 0;
  virtual void send_body(std::string_view bytes) = 0;
  virtual void send_trailers(const Fields& /*trailers*/) {}  // before end_body(); as ClientStream::send_trailers()
  virtual void end_body() = 0;
  virtual void flush() = 0;
  virtual void become_tunnel() = 0;
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
  [[nodiscard]] virtual std::size_t held_bytes() const = 0;  // the memory that those take
  virtual void pause_response() = 0;
  virtual void resume_response() = 0;
  [[nodiscard]] virtual bool is_reused_connection() const = 0;  // it may have died while it was idle: worth one retry
};

// `head` and its views are valid during the call only.
class UpstreamEvents {
 public:
  virtual ~UpstreamEvents() = default;
  virtual void on_response(const ParsedResponse& response) = 0;  // final, or 101
  virtual void on_response_body(std::string_view bytes) = 0;
  virtual void on_response_trailers(const Fields& /*trailers*/) {}  // on_response_end() follows
  virtual void on_response_end() = 0;
  virtual void on_response_batch_end() = 0;
  virtual void on_upstream_drained() = 0;
  // As ClientStream::untaken_bytes(): who holds up whom is not to be seen from the app's side alone.
  [[nodiscard]] virtual std::size_t untaken_by_client() const { return 0; }
  virtual void on_upstream_error(UpstreamError error) = 0;  // the last event of a stream
  // The same, where more can be said: which rule the answer breaks, or why its stream was reset. Static text.
  virtual void on_broken_answer(const char* /*why*/, UpstreamError error = UpstreamError::nonsense) {
    on_upstream_error(error);
  }
};

}  // namespace lp
