#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

// The client's side of TLS as a function of bytes: no socket, no wait. What OpenSSL would write goes to output().
namespace lp {

// Whom to trust. TLS 1.2 or newer. Reading the system's authorities takes long: make it once and share it.
class TlsContext {
 public:
  // `ca_file`: PEM; empty: the system's.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(const std::string& ca_file);
  explicit TlsContext(ssl_ctx_st* owned) : context_(owned) {}
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  [[nodiscard]] ssl_ctx_st* raw() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

// One connection. The certificate must be for `host` (a name, or an IP literal, RFC 6125) and lead to a trusted
// authority; until is_open() nothing that is sent leaves and nothing comes in.
class TlsClient {
 public:
  TlsClient(std::shared_ptr<const TlsContext> context, const std::string& host);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Bytes of the peer; the first call, with none, begins the handshake. Plain text is appended to `plain`. An error
  // ends the connection; also the peer's own end of the conversation is one.
  [[nodiscard]] Result<void> receive(std::string_view bytes, std::string& plain);
  void send(std::string_view plain);     // is_open() only
  void take_output(std::string& bytes);  // appends what must go to the peer now: after each call of the two above
  [[nodiscard]] bool is_open() const { return open_; }  // the handshake is over and the peer is who it should be

 private:
  [[nodiscard]] Result<void> shake_hands();
  [[nodiscard]] Error failure() const;

  std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_;
  bool open_ = false;
};

}  // namespace lp
