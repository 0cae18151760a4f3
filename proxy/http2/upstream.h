#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "proxy/http/stream.h"
#include "proxy/http2/response.h"
#include "proxy/http2/upstream_stream.h"
#include "proxy/net/buffer.h"
#include "proxy/net/connector.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

struct nghttp2_session;

namespace lp {

struct Http2UpstreamCallbacks;

// One HTTP/2 connection to an app, for many requests at once (docs/decisions/0066-http2-to-apps.md). A stream is its
// exchange's, which lets go of it at any time, also in an event.
class Http2Upstream final : private Connector::Owner {
 public:
  // Whose connection it is: a pool.
  class Owner {
   public:
    // It may take streams: it stands, or one has ended. Never inside a call of the owner's.
    virtual void has_room(Http2Upstream& connection) = 0;
    // The app takes fewer streams than wait for this connection: these need another place.
    virtual void left_over(Http2UpstreamStream& stream) = 0;
    // The app takes nothing more on it and wants to be asked on another, once; what it has goes on.
    virtual void app_leaves() = 0;
    // Nobody asks anything on it.
    virtual void is_idle(Http2Upstream& connection) = 0;
    // Closed. The owner forgets it now and deletes it at the end of the loop's turn. Errors of streams follow.
    virtual void remove(Http2Upstream& connection) = 0;
    virtual void tls_failed(const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Environment and owner outlive the connection.
  Http2Upstream(const UpstreamEnvironment& environment, Owner& owner);
  ~Http2Upstream();
  void connect();

  // How many more streams it takes now: before the app has said so, how many it is expected to.
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] bool is_ready() const { return phase_ == Phase::ready; }
  [[nodiscard]] bool has_streams() const { return streams_ > 0; }
  // The app is still there, as far as the kernel knows. Of one without streams; one recv(MSG_PEEK).
  [[nodiscard]] bool looks_alive() const;
  // How many the app allows; nullopt: it has not said yet.
  [[nodiscard]] std::optional<std::size_t> most_streams() const { return most_streams_; }
  [[nodiscard]] bool app_has_left() const { return app_has_left_; }
  void add(Http2UpstreamStream& stream);  // where there is room
  void close_quietly();                   // one without streams

  // ---- for its streams
  void wants_to_write(Http2UpstreamStream& stream);
  void took_body(Http2UpstreamStream& stream, std::size_t bytes);  // room for more of the answer
  void let_go(Http2UpstreamStream& stream);                        // its exchange has
  void is_silent();                                                // a stream has waited in vain

 private:
  friend struct Http2UpstreamCallbacks;
  // greeting: connected, and the app's SETTINGS are not here yet. Nothing is asked before: what is there may speak
  // something else, or take no more than one stream.
  enum class Phase : std::uint8_t { connecting, greeting, ready, closed };

  void connected() override;
  void connect_failed(ConnectFailure failure, const std::string& why) override;
  void open_session();
  void greeted();
  void on_readable();
  [[nodiscard]] bool begins_as_http2() const;
  void end_batch();
  void give_room(Http2UpstreamStream& stream);
  void on_writable();
  void write();
  void write_frames();
  void submit_or_go_on(Http2UpstreamStream& stream);
  void submit(Http2UpstreamStream& stream);
  void tell_drained();
  void write_soon();
  void on_deadline();
  void rest();
  void is_there();
  void stream_is_over();
  void goodbye_is_here();
  void note_given_up();
  [[nodiscard]] bool is_over() const;
  void fail(UpstreamError error, const char* why = nullptr);
  void close();

  void head_is_here(Http2UpstreamStream& stream, bool ends);
  void trailers_are_here(Http2UpstreamStream& stream);
  void note_batch(Http2UpstreamStream& stream);
  void stream_closed(Http2UpstreamStream& stream, std::uint32_t code);
  void forget(Http2UpstreamStream& stream);

  const UpstreamEnvironment& environment_;
  Owner& owner_;
  Phase phase_ = Phase::connecting;
  Transport transport_;
  SocketWriter writer_;
  std::unique_ptr<Connector> connector_;
  std::optional<InputEvent> readable_;
  Deadline deadline_;  // to greet, to answer a PING, or to rest
  TurnEnd write_;
  nghttp2_session* session_ = nullptr;
  Buffer in_;
  std::size_t read_bytes_ = BufferPool::kSmallBytes;
  ReceivedFields fields_;                    // of the head that is coming
  ParsedResponse response_;                  // while its event is told
  std::vector<Http2UpstreamStream*> held_;   // all that are an exchange's still
  std::vector<Http2UpstreamStream*> dirty_;  // that have something to send
  std::vector<Http2UpstreamStream*> drained_;
  std::vector<Http2UpstreamStream*> batch_;  // that were told something since the last read
  std::size_t streams_ = 0;                  // taken and not over, with those that nobody holds any more
  std::optional<std::size_t> most_streams_;
  int given_up_ = 0;         // streams that were let go before their end
  bool is_leaving_ = false;  // it takes no new streams any more
  bool app_has_left_ = false;
  bool is_suspect_ = false;  // a PING has to be answered first
  bool is_reading_ = false;  // nghttp2 is on the stack
  const char* broken_why_ = nullptr;
};

}  // namespace lp
