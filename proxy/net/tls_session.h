#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/net/buffer.h"
#include "proxy/net/socket.h"

struct bio_st;
struct bio_method_st;
struct ssl_ctx_st;
struct ssl_st;

namespace lp {

inline constexpr std::string_view kHttp2Protocol = "h2";  // RFC 9113 3.2

// TLS on one connection, at either end of it: plain bytes on one side, sealed ones on the other. It reads from the
// descriptor itself, by one recv() for many records, and never writes: what is to go out waits in output(), which is
// its SocketWriter's to send. Why OpenSSL gets no descriptor: docs/decisions/0054-transport-and-tls.md. Worker.
class TlsSession {
 public:
  static constexpr std::size_t kRecordBytes = 16 * 1024;  // of plain text, at most (RFC 8446 5.1)
  // `ssl` is owned from now on, and has been told which end it is. `pool` outlives this. `kept` is what callbacks of
  // its context need.
  TlsSession(BufferPool& pool, ssl_st* ssl, std::shared_ptr<const void> kept = nullptr);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // As many plain bytes as there is room for, from what is here or else from one recv(). The first calls do the
  // handshake; `again` is their answer. `end`: of what the peer sends, see is_cut(). Afterwards output() may hold
  // something that must go out now.
  [[nodiscard]] ReceiveResult receive(int fd, Buffer& into);
  // Begins a client's handshake, or goes on with either's. is_open() when it is over; `end` is a failure too.
  [[nodiscard]] ReceiveResult::Kind shake_hands(int fd);
  [[nodiscard]] bool is_open() const { return open_; }
  // True once, when the handshake has just ended.
  [[nodiscard]] bool has_just_opened();
  // There is more to receive(), of which no event will tell.
  [[nodiscard]] bool has_pending() const { return has_pending_; }
  // All that is here. What comes is not to be received any more.
  void drop_input();
  // The input's end came without the peer having said that it is one: whoever is in between may have cut it off.
  [[nodiscard]] bool is_cut() const { return !got_close_notify_; }

  // Up to kRecordBytes of plain text, into output(); is_open() only. False: it has failed.
  [[nodiscard]] bool seal(std::string_view plain);
  void seal_end();  // that no more will come (close_notify), where that can still be said
  [[nodiscard]] Buffer& output() { return output_; }
  [[nodiscard]] const Buffer& output() const { return output_; }

  // Of what failed: for logs.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool is_untrusted() const { return is_untrusted_; }  // the peer's certificate was not accepted
  // A client began with plain HTTP. Nothing of it has been answered.
  [[nodiscard]] bool is_plain_http() const { return is_plain_http_; }
  // That ALPN chose (RFC 7301); empty: nothing was offered, or the handshake goes on.
  [[nodiscard]] std::string_view protocol() const;
  [[nodiscard]] ssl_st* raw() const { return ssl_; }
  // What a callback of OpenSSL's finds its session by.
  [[nodiscard]] static TlsSession* of(const ssl_st* ssl);
  // To be set on each context that sessions are made of.
  static void count_records_in(ssl_ctx_st* context);

 private:
  enum class Step { plain, nothing, ended, failed };
  Step read(Buffer& into, std::size_t& got);
  [[nodiscard]] bool is_drained() const;  // nothing is left of what has come, here or in OpenSSL
  [[nodiscard]] ReceiveResult::Kind read_sealed(int fd, std::size_t wanted);
  [[nodiscard]] bool begins_as_http();
  Step step_of(int result);
  void note_open();
  void fail(std::string why);
  [[nodiscard]] bool asks_too_much() const;
  static int bio_read(bio_st* bio, char* to, std::size_t room, std::size_t* got);
  static int bio_write(bio_st* bio, const char* bytes, std::size_t count, std::size_t* written);
  static long bio_control(bio_st* bio, int command, long number, void* pointer);
  static const bio_method_st* bio_method();
  static void on_record(int is_ours, int version, int type, const void* bytes, std::size_t count, ssl_st* ssl,
                        void* argument);

  std::shared_ptr<const void> kept_;
  ssl_st* ssl_;
  Buffer input_;   // sealed, as it came
  Buffer output_;  // sealed, on its way out
  std::uint64_t plain_bytes_ = 0;
  std::uint64_t other_records_ = 0;  // of the peer, since the handshake: neither data nor an end
  bool open_ = false;
  bool told_open_ = false;
  bool has_input_begun_ = false;
  bool has_pending_ = false;
  bool got_close_notify_ = false;
  bool has_failed_ = false;
  bool is_untrusted_ = false;
  bool is_plain_http_ = false;
  std::string failure_;
};

}  // namespace lp
