#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/certificate.h"
#include "base/secret.h"
#include "config/settings.h"
#include "proxy/net/tls_session.h"

namespace lp {

// The server's end of TLS: what one listener shows to its clients, on one worker. Immutable but for ticket keys;
// sessions keep it alive.
class TlsAcceptor : public std::enable_shared_from_this<TlsAcceptor> {
 public:
  // `certificates`, at least one and judged already; the first is for whoever names no host or another one.
  // `ticket_secrets`: session.secret, those of it that open. `now_s` tells the time, and outlives this.
  // `offers_http2`: to who speaks both, HTTP/2 is chosen (TlsSession::protocol()).
  TlsAcceptor(const ListenTlsSettings& settings, const std::vector<Certificate>& certificates,
              const std::vector<Secret>& ticket_secrets, std::function<std::int64_t()> now_s,
              bool offers_http2 = false);
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

  [[nodiscard]] bool offers_http2() const { return offers_http2_; }
  // For a connection that was just accepted.
  [[nodiscard]] std::unique_ptr<TlsSession> new_session(BufferPool& pool) const;

 private:
  struct Host;  // of one certificate
  struct Callbacks;
  [[nodiscard]] const Host& host_for(std::string_view server_name) const;

  std::function<std::int64_t()> now_s_;
  const bool offers_http2_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

// Of a ClientHello's extension server_name (RFC 6066 3); empty where it names no host. Pure.
[[nodiscard]] std::string_view server_name_in(std::string_view extension);

}  // namespace lp
