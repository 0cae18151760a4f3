#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/certificate.h"
#include "base/client_certificate.h"
#include "base/client_trust.h"
#include "base/secret.h"
#include "config/settings.h"
#include "proxy/net/tls_session.h"

namespace lp {

// The server's end of TLS: what one listener shows to its clients, on one worker. Immutable but for ticket keys
// and its successor; sessions keep it alive.
class TlsAcceptor : public std::enable_shared_from_this<TlsAcceptor> {
 public:
  // `certificates`, judged already; the first is for whoever names no host or another one. `waiting`: hosts that shall
  // have one and have none yet: they are refused, as everybody is where there is none at all (RFC 6066 3).
  // `ticket_secrets`: session.secret, those of it that open. `now_s` tells the time, and outlives this. `trust`: one
  // for each of settings.client_certificates. `offers_http2`: to who speaks both, HTTP/2 is chosen
  // (TlsSession::protocol()).
  TlsAcceptor(const ListenTlsSettings& settings, const std::vector<Certificate>& certificates,
              const std::vector<Secret>& ticket_secrets, std::function<std::int64_t()> now_s,
              std::vector<std::string> waiting = {}, bool offers_http2 = false,
              const std::vector<ClientTrust>& trust = {});
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

  [[nodiscard]] bool offers_http2() const { return offers_http2_; }
  // For a connection that was just accepted.
  [[nodiscard]] std::unique_ptr<TlsSession> new_session(BufferPool& pool) const;
  // Of the same listener, with what has changed: new connections come by way of this one, and what those of `before`
  // have shown is judged by it.
  void succeed(const TlsAcceptor& before) const;

  // Of a session that one of these has made and whose handshake is over. What the client has shown, where it is
  // accepted now: authorities and revocation lists may have changed since, and its time may be over. Null: nothing.
  [[nodiscard]] static const ClientCertificate* client_certificate(const TlsSession& session);
  [[nodiscard]] static bool asks_for_certificates(const TlsSession& session);  // of clients of some hosts
  // Whether who asks for this host, as Authority::host says it, would have been asked for the same certificates
  // (RFC 9110 15.5.20).
  [[nodiscard]] static bool asks_the_same_of(const TlsSession& session, std::string_view host);

 private:
  struct Clients;  // whose certificates count, of some hosts
  struct Host;     // of one certificate and one of those
  struct Callbacks;
  [[nodiscard]] const Host* host_for(std::string_view server_name) const;  // null: refused
  [[nodiscard]] const Clients* clients_for(std::string_view server_name) const;
  static const Host& host_of(const ssl_st* ssl);

  // All that succeed each other; the last one that has, null when it is gone.
  struct Succession {
    const TlsAcceptor* last;
    std::uint64_t generation = 0;
  };
  std::function<std::int64_t()> now_s_;
  std::vector<std::string> waiting_;
  ssl_ctx_st* refusing_ = nullptr;  // where there is no certificate at all
  const bool offers_http2_;
  std::vector<std::unique_ptr<Clients>> clients_;
  std::vector<std::vector<std::unique_ptr<Host>>> hosts_;  // by certificate: of clients who are asked for none, then as
                                                           // clients_
  mutable std::shared_ptr<Succession> succession_;
  mutable std::uint64_t generation_ = 0;  // in it
};

// Of a ClientHello's extension server_name (RFC 6066 3); empty where it names no host. Pure.
[[nodiscard]] std::string_view server_name_in(std::string_view extension);

}  // namespace lp
