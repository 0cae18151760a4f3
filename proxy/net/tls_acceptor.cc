#include "proxy/net/tls_acceptor.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "proxy/net/tls_tickets.h"

namespace lp {
namespace {

// Forward secrecy and authenticated encryption only (threat T03). Of TLS 1.3 OpenSSL's own.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::string_view kHttp11 = "http/1.1";
constexpr std::size_t kNoncesBytes = 16;

int host_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

struct CipherDeleter {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};

std::string group_of(const Certificate& certificate) {
  std::string names;
  for (const std::string& name : certificate.names) names += name + "\n";
  return sha256(names);
}

}  // namespace

struct TlsAcceptor::Host {
  Host(const ListenTlsSettings& settings, const Certificate& certificate, const std::vector<Secret>& ticket_secrets,
       const TlsAcceptor& acceptor_in);
  ~Host() { SSL_CTX_free(context); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const TlsAcceptor& acceptor;
  SSL_CTX* context;
  std::vector<std::string> names;
  TicketKeys tickets;  // changed by the worker's thread alone
  std::unique_ptr<EVP_CIPHER, CipherDeleter> ticket_cipher;
};

// What OpenSSL calls.
struct TlsAcceptor::Callbacks {
  // The first thing of all: whoever takes tickets, and shows a certificate, is then the host that was asked for.
  static int on_client_hello(SSL* ssl, int*, void* acceptor) {
    const unsigned char* bytes = nullptr;
    std::size_t count = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &count) != 1) return SSL_CLIENT_HELLO_SUCCESS;
    const std::string name = ascii_lower(server_name_in({reinterpret_cast<const char*>(bytes), count}));
    SSL_set_SSL_CTX(ssl, static_cast<const TlsAcceptor*>(acceptor)->host_for(name).context);
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  // RFC 7301 3.2. Who speaks none of what we speak must not be answered in it.
  static int on_protocols(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                          unsigned int count, void* acceptor) {
    const auto choose = [&](std::string_view wanted) {
      for (unsigned int at = 0; at < count; at += 1U + offered[at]) {
        const std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
        if (one != wanted) continue;
        *chosen = offered + at + 1;
        *size = offered[at];
        return true;
      }
      return false;
    };
    const bool is_agreed =
        (static_cast<const TlsAcceptor*>(acceptor)->offers_http2_ && choose(kHttp2Protocol)) || choose(kHttp11);
    return is_agreed ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int seals) {
    auto& host = *static_cast<Host*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), host_index()));
    const std::int64_t now_s = host.acceptor.now_s_();
    bool is_old = false;
    const TicketKey* key =
        seals == 1
            ? &host.tickets.sealing(now_s)
            : host.tickets.opening({reinterpret_cast<const char*>(name), TicketKey{}.name.size()}, now_s, is_old);
    if (key == nullptr) return 0;  // a full handshake
    if (seals == 1) {
      std::copy(key->name.begin(), key->name.end(), name);
      if (RAND_bytes(iv, static_cast<int>(kNoncesBytes)) != 1) return -1;
    }
    const std::string_view mac_key = key->mac.reveal();
    const std::string_view cipher_key = key->cipher.reveal();
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<char*>(mac_key.data()), mac_key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(cipher_key.data());
    const bool is_ready = EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
                          EVP_CipherInit_ex2(cipher, host.ticket_cipher.get(), bytes, iv, seals, nullptr) == 1;
    if (!is_ready) return -1;
    return seals == 0 && is_old ? 2 : 1;
  }
};

TlsAcceptor::Host::Host(const ListenTlsSettings& settings, const Certificate& certificate,
                        const std::vector<Secret>& ticket_secrets, const TlsAcceptor& acceptor_in)
    : acceptor(acceptor_in),
      context(SSL_CTX_new(TLS_server_method())),
      names(certificate.names),
      tickets(ticket_secrets, group_of(certificate)),
      ticket_cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
  const int least = settings.min_version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const std::string group = group_of(certificate);
  LP_CHECK(context != nullptr && ticket_cipher != nullptr, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_min_proto_version(context, least) == 1, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1, "OpenSSL failed");
  LP_CHECK(use_certificate(context, certificate), "a certificate that was judged can be used");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets alone: nothing is kept here
  SSL_CTX_set_timeout(context, TicketKeys::kLifetimeS);
  LP_CHECK(SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(group.data()),
                                          static_cast<unsigned int>(group.size())) == 1,
           "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_ex_data(context, host_index(), this) == 1, "OpenSSL failed");
  SSL_CTX_set_client_hello_cb(context, &Callbacks::on_client_hello, const_cast<TlsAcceptor*>(&acceptor));
  SSL_CTX_set_alpn_select_cb(context, &Callbacks::on_protocols, const_cast<TlsAcceptor*>(&acceptor));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &Callbacks::on_ticket);
  TlsSession::count_records_in(context);
}

TlsAcceptor::TlsAcceptor(const ListenTlsSettings& settings, const std::vector<Certificate>& certificates,
                         const std::vector<Secret>& ticket_secrets, std::function<std::int64_t()> now_s,
                         bool offers_http2)
    : now_s_(std::move(now_s)), offers_http2_(offers_http2) {
  LP_CHECK(!certificates.empty(), "TLS needs a certificate");
  for (const Certificate& one : certificates)
    hosts_.push_back(std::make_unique<Host>(settings, one, ticket_secrets, *this));
}

TlsAcceptor::~TlsAcceptor() = default;

// The name itself before a wildcard, whichever stands first.
const TlsAcceptor::Host& TlsAcceptor::host_for(std::string_view server_name) const {
  const auto with = [&](auto matches) {
    return std::find_if(hosts_.begin(), hosts_.end(),
                        [&](const auto& host) { return std::any_of(host->names.begin(), host->names.end(), matches); });
  };
  const auto named = with([&](const std::string& name) { return name == server_name; });
  if (named != hosts_.end()) return **named;
  const auto wild = with([&](const std::string& name) { return certificate_name_matches(name, server_name); });
  return wild != hosts_.end() ? **wild : *hosts_.front();
}

std::unique_ptr<TlsSession> TlsAcceptor::new_session(BufferPool& pool) const {
  SSL* const ssl = SSL_new(hosts_.front()->context);
  LP_CHECK(ssl != nullptr, "OpenSSL failed");
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(pool, ssl, shared_from_this());
}

std::string_view server_name_in(std::string_view extension) {
  const auto number_at = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(extension[at])) << 8U |
           static_cast<unsigned char>(extension[at + 1]);
  };
  constexpr std::size_t kHead = 5;  // the list's length, the kind, the name's length
  if (extension.size() < kHead || number_at(0) != extension.size() - 2 || extension[2] != 0) return {};
  const std::size_t length = number_at(3);
  return length <= extension.size() - kHead ? extension.substr(kHead, length) : std::string_view();
}

}  // namespace lp
