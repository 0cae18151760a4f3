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

// Forward secrecy and authenticated encryption only (threat T03).
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// The client's order does not count, but for ChaCha20 first, which asks for it where AES is slow there. 128 bits are
// enough for anybody, and cost a third less on either side.
constexpr const char* kCiphersuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::string_view kHttp11 = "http/1.1";
constexpr std::size_t kNoncesBytes = 16;

int host_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

struct CipherDeleter {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};

}  // namespace

struct TlsAcceptor::Clients {
  Clients(const ClientCertificateSettings& settings, const ClientTrust& trust, std::size_t index_in)
      : index(index_in),
        hosts(settings.hosts),
        is_required(settings.mode == ClientCertificateSettings::Mode::required),
        group((is_required ? "required " : "optional ") + trust.id),
        asks(group + settings.crl_file),
        verifier(trust) {}

  std::size_t index;
  std::vector<std::string> hosts;
  bool is_required;
  std::string group;  // what was agreed on with a client of another one is worth nothing here
  std::string asks;   // equal: whoever may come by one may come by the other
  ClientVerifier verifier;
};

struct TlsAcceptor::Host {
  Host(const ListenTlsSettings& settings, const Certificate& certificate, const Clients* clients_in,
       const std::vector<Secret>& ticket_secrets, const TlsAcceptor& acceptor_in);
  ~Host() { SSL_CTX_free(context); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  // What a connection that began with another host's context does not take over with this one's.
  void choose_for(SSL* ssl) const;
  // Of a ticket. Authorities and revocation lists may have changed since, and of the certificates between nothing is in
  // it: what is not accepted without them is shown anew.
  [[nodiscard]] bool still_accepts(X509* shown) const;

  const TlsAcceptor& acceptor;
  const Clients* clients;  // null: nobody is asked for a certificate
  SSL_CTX* context;
  std::vector<std::string> names;
  TicketKeys tickets;  // changed by the worker's thread alone
  std::unique_ptr<EVP_CIPHER, CipherDeleter> ticket_cipher;
};

// What OpenSSL calls.
struct TlsAcceptor::Callbacks {
  // The first thing of all: whoever takes tickets, and shows a certificate, is then the host that was asked for.
  static int on_client_hello(SSL* ssl, int* alert, void* acceptor) {
    const unsigned char* bytes = nullptr;
    std::size_t count = 0;
    const bool names_host = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &count) == 1;
    const std::string_view extension = names_host ? std::string_view{reinterpret_cast<const char*>(bytes), count} : "";
    const Host* host = static_cast<const TlsAcceptor*>(acceptor)->host_for(ascii_lower(server_name_in(extension)));
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    if (host == nullptr) return SSL_CLIENT_HELLO_ERROR;
    host->choose_for(ssl);
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
    auto& host = *static_cast<Host*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), host_index()));  // as host_of()
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

  static SSL_TICKET_RETURN on_opened_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                            SSL_TICKET_STATUS status, void*) {
    const bool is_open = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    const bool counts = is_open && host_of(ssl).still_accepts(SSL_SESSION_get0_peer(session));
    if (!counts) return SSL_TICKET_RETURN_IGNORE_RENEW;  // a full handshake
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
  }

  static std::string group_of(const Certificate& certificate, const Clients* clients) {
    std::string names;
    for (const std::string& name : certificate.names) names += name + "\n";
    return sha256(clients == nullptr ? names : names + "\n" + clients->group);
  }
};

TlsAcceptor::Host::Host(const ListenTlsSettings& settings, const Certificate& certificate, const Clients* clients_in,
                        const std::vector<Secret>& ticket_secrets, const TlsAcceptor& acceptor_in)
    : acceptor(acceptor_in),
      clients(clients_in),
      context(SSL_CTX_new(TLS_server_method())),
      names(certificate.names),
      tickets(ticket_secrets, Callbacks::group_of(certificate, clients_in)),
      ticket_cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
  const int least = settings.min_version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const std::string group = Callbacks::group_of(certificate, clients);
  LP_CHECK(context != nullptr && ticket_cipher != nullptr, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_min_proto_version(context, least) == 1, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_ciphersuites(context, kCiphersuites) == 1, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1, "OpenSSL failed");
  LP_CHECK(use_certificate(context, certificate), "a certificate that was judged can be used");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
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
  SSL_CTX_set_session_ticket_cb(context, nullptr, &Callbacks::on_opened_ticket, nullptr);
  if (clients != nullptr) clients->verifier.use_in(context, clients->is_required);
  TlsSession::count_records_in(context);
}

void TlsAcceptor::Host::choose_for(SSL* ssl) const {
  SSL_set_SSL_CTX(ssl, context);
  SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), nullptr);
  SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(context));
  SSL_set_max_cert_list(ssl, SSL_CTX_get_max_cert_list(context));
}

bool TlsAcceptor::Host::still_accepts(X509* shown) const {
  if (clients == nullptr) return shown == nullptr;
  return shown == nullptr ? !clients->is_required : clients->verifier.accepts(shown, nullptr);
}

TlsAcceptor::TlsAcceptor(const ListenTlsSettings& settings, const std::vector<Certificate>& certificates,
                         const std::vector<Secret>& ticket_secrets, std::function<std::int64_t()> now_s,
                         std::vector<std::string> waiting, bool offers_http2, const std::vector<ClientTrust>& trust)
    : now_s_(std::move(now_s)),
      waiting_(std::move(waiting)),
      offers_http2_(offers_http2),
      succession_(std::make_shared<Succession>(Succession{this})) {
  LP_CHECK(settings.client_certificates.size() == trust.size(), "who is asked for a certificate, and whose counts");
  for (std::size_t i = 0; i < trust.size(); ++i)
    clients_.push_back(std::make_unique<Clients>(settings.client_certificates[i], trust[i], i));
  for (const Certificate& one : certificates) {
    auto& hosts = hosts_.emplace_back();
    hosts.push_back(std::make_unique<Host>(settings, one, nullptr, ticket_secrets, *this));
    for (const auto& clients : clients_)
      hosts.push_back(std::make_unique<Host>(settings, one, clients.get(), ticket_secrets, *this));
  }
  if (!hosts_.empty()) return;
  refusing_ = SSL_CTX_new(TLS_server_method());
  LP_CHECK(refusing_ != nullptr, "OpenSSL failed");
  SSL_CTX_set_client_hello_cb(refusing_, &Callbacks::on_client_hello, this);
  TlsSession::count_records_in(refusing_);
}

TlsAcceptor::~TlsAcceptor() {
  SSL_CTX_free(refusing_);
  if (succession_->last == this) succession_->last = nullptr;
}

namespace {

// The name itself before a wildcard, whichever stands first. `names_of` yields the names of one of them.
template <class All, class NamesOf>
auto find_named(const All& all, std::string_view name, NamesOf names_of) {
  const auto with = [&](auto matches) {
    return std::find_if(all.begin(), all.end(), [&](const auto& one) {
      const auto& names = names_of(one);
      return std::any_of(names.begin(), names.end(), matches);
    });
  };
  const auto named = with([&](const std::string& one) { return one == name; });
  return named != all.end() ? named : with([&](const std::string& one) { return certificate_name_matches(one, name); });
}

}  // namespace

const TlsAcceptor::Host* TlsAcceptor::host_for(std::string_view server_name) const {
  const auto found = find_named(
      hosts_, server_name, [](const auto& hosts) -> auto& { return hosts.front()->names; });
  const bool waits = std::find(waiting_.begin(), waiting_.end(), server_name) != waiting_.end();
  if (found == hosts_.end() && (waits || hosts_.empty())) return nullptr;
  const auto& hosts = found != hosts_.end() ? *found : hosts_.front();
  const Clients* const clients = clients_for(server_name);
  return hosts[clients == nullptr ? 0 : clients->index + 1].get();
}

const TlsAcceptor::Clients* TlsAcceptor::clients_for(std::string_view server_name) const {
  if (clients_.empty()) return nullptr;
  const auto found = find_named(
      clients_, server_name, [](const auto& clients) -> auto& { return clients->hosts; });
  if (found != clients_.end()) return found->get();
  const auto rest = std::find_if(clients_.begin(), clients_.end(), [](const auto& one) { return one->hosts.empty(); });
  return rest == clients_.end() ? nullptr : rest->get();
}

const TlsAcceptor::Host& TlsAcceptor::host_of(const ssl_st* ssl) {
  return *static_cast<const Host*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), host_index()));
}

void TlsAcceptor::succeed(const TlsAcceptor& before) const {
  succession_ = before.succession_;
  succession_->last = this;
  generation_ = ++succession_->generation;
}

// Once judged it is not judged again before something has changed.
const ClientCertificate* TlsAcceptor::client_certificate(const TlsSession& session) {
  X509* const shown = SSL_get0_peer_certificate(session.raw());
  if (shown == nullptr) return nullptr;
  const Host& host = host_of(session.raw());
  if (host.clients == nullptr) return nullptr;
  TlsSession::Shown& known = session.shown();
  if (!known.judged_by) {
    known.certificate = read_client_certificate(*shown);
    known.judged_by = host.acceptor.generation_;
    known.is_accepted = true;
  }
  const TlsAcceptor* const last = host.acceptor.succession_->last;
  if (last != nullptr && last->generation_ != *known.judged_by) {
    const ClientVerifier& verifier = last->clients_.at(host.clients->index)->verifier;
    known.is_accepted = verifier.accepts(shown, SSL_get_peer_cert_chain(session.raw()));
    known.judged_by = last->generation_;
  }
  const bool counts = known.is_accepted && host.acceptor.now_s_() < known.certificate.not_after_s;
  return counts ? &known.certificate : nullptr;
}

bool TlsAcceptor::asks_for_certificates(const TlsSession& session) {
  return !host_of(session.raw()).acceptor.clients_.empty();
}

bool TlsAcceptor::asks_the_same_of(const TlsSession& session, std::string_view host) {
  const Host& asked = host_of(session.raw());
  const Clients* const other = asked.acceptor.clients_for(host);
  if (asked.clients == other) return true;
  return asked.clients != nullptr && other != nullptr && asked.clients->asks == other->asks;
}

std::unique_ptr<TlsSession> TlsAcceptor::new_session(BufferPool& pool) const {
  SSL* const ssl = SSL_new(hosts_.empty() ? refusing_ : hosts_.front().front()->context);
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
