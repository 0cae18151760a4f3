#include "proxy/net/tls_to_app.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/certificate.h"
#include "base/check.h"

namespace lp {
namespace {

// Reading them takes long: once for all upstreams.
X509_STORE* system_authorities() {
  static X509_STORE* const store = [] {
    X509_STORE* const made = X509_STORE_new();
    LP_CHECK(made != nullptr, "OpenSSL failed");
    return X509_STORE_set_default_paths(made) == 1 ? made : nullptr;
  }();
  return store;
}

Result<void> trust(SSL_CTX* context, const UpstreamTlsSettings& tls) {
  ERR_clear_error();
  if (tls.ca_file.empty()) {
    X509_STORE* const store = system_authorities();
    if (store == nullptr) return fail("cannot read the system's certificate authorities");
    SSL_CTX_set1_cert_store(context, store);
    return {};
  }
  if (SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) == 1) return {};
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return fail("no certificate authority can be read from " + tls.ca_file + ": " +
              (reason != nullptr ? reason : "no reason given"));
}

// The server's name, never the Host that a client asked for.
void expect_peer(SSL* ssl, const std::string& name, bool verifies) {
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1) return;  // an address has no place in SNI
  ERR_clear_error();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (verifies) LP_CHECK(SSL_set1_host(ssl, name.c_str()) == 1, "OpenSSL failed");
  // What SSL_set_tlsext_host_name() does, without its C cast.
  char* const text = const_cast<char*>(name.c_str());
  LP_CHECK(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, text) == 1, "no name for TLS");
}

// One protocol and no other: what an upstream is asked in is not left to whoever answers.
void offer(SSL* ssl, bool http2) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  const int failed =
      http2 ? SSL_set_alpn_protos(ssl, kHttp2, sizeof kHttp2) : SSL_set_alpn_protos(ssl, kHttp11, sizeof kHttp11);
  LP_CHECK(failed == 0, "OpenSSL failed");
}

}  // namespace

Result<std::unique_ptr<const TlsToApp>> TlsToApp::make(const UpstreamSettings& upstream, std::int64_t now_s) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  LP_CHECK(context != nullptr, "OpenSSL failed");
  std::unique_ptr<const TlsToApp> made(new TlsToApp(context, upstream));
  LP_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1, "OpenSSL failed");
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, made->verifies_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  TlsSession::count_records_in(context);
  const std::string where = "upstreams." + upstream.name + ".tls: ";
  if (made->verifies_) {
    if (const auto trusts = trust(context, upstream.tls); !trusts) return fail(where + trusts.error().message);
  }
  if (upstream.tls.certificate.certificate.empty()) return made;
  const auto own = read_certificate(upstream.tls.certificate.certificate, upstream.tls.certificate.key, now_s);
  if (!own) return fail(where + own.error().message);
  LP_CHECK(use_certificate(context, *own), "a certificate that was judged can be used");
  return made;
}

TlsToApp::TlsToApp(ssl_ctx_st* owned, const UpstreamSettings& upstream)
    : context_(owned),
      name_(upstream.tls.server_name.empty() ? upstream.host : upstream.tls.server_name),
      verifies_(!upstream.tls.insecure_skip_verify),
      speaks_http2_(upstream.speaks_http2()) {}

TlsToApp::~TlsToApp() { SSL_CTX_free(context_); }

std::unique_ptr<TlsSession> TlsToApp::new_session(BufferPool& pool) const {
  SSL* const ssl = SSL_new(context_);
  LP_CHECK(ssl != nullptr, "OpenSSL failed");
  SSL_set_connect_state(ssl);
  expect_peer(ssl, name_, verifies_);
  offer(ssl, speaks_http2_);
  return std::make_unique<TlsSession>(pool, ssl);
}

}  // namespace lp
