#include "base/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/check.h"

namespace lp {
namespace {

int checked_length(std::size_t size) {
  LP_CHECK(size <= (1U << 30), "too many bytes for OpenSSL");
  return static_cast<int>(size);
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason ? reason : "no reason given";
}

void expect_peer(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  LP_CHECK(SSL_set1_host(ssl, host.c_str()) == 1, "OpenSSL failed");
  // What SSL_set_tlsext_host_name() does, without its C cast.
  char* const name = const_cast<char*>(host.c_str());
  LP_CHECK(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1, "no name for TLS");
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const std::string& ca_file) {
  ERR_clear_error();
  const auto context = std::make_shared<const TlsContext>(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const raw = context->raw();
  LP_CHECK(raw != nullptr, "OpenSSL failed");
  LP_CHECK(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1, "OpenSSL failed");
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(raw, SSL_MODE_AUTO_RETRY);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw)
                                     : SSL_CTX_load_verify_locations(raw, ca_file.c_str(), nullptr);
  if (loaded != 1) {
    const std::string whose = ca_file.empty() ? "the system's certificate authorities" : ca_file;
    return fail("cannot read " + whose + ": " + openssl_reason());
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsClient::TlsClient(std::shared_ptr<const TlsContext> context, const std::string& host)
    : context_(std::move(context)), ssl_(SSL_new(context_->raw())) {
  LP_CHECK(ssl_ != nullptr, "OpenSSL failed");
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  LP_CHECK(in && out, "out of memory");
  SSL_set_bio(ssl_, in, out);
  SSL_set_connect_state(ssl_);
  expect_peer(ssl_, host);
}

TlsClient::~TlsClient() { SSL_free(ssl_); }

Result<void> TlsClient::receive(std::string_view bytes, std::string& plain) {
  ERR_clear_error();
  if (!bytes.empty()) {
    LP_CHECK(BIO_write(SSL_get_rbio(ssl_), bytes.data(), checked_length(bytes.size())) > 0, "out of memory");
  }
  if (!open_) {
    const auto shaken = shake_hands();
    if (!shaken || !open_) return shaken;
  }
  std::array<char, 16 * 1024> part;
  int got = 0;
  while ((got = SSL_read(ssl_, part.data(), checked_length(part.size()))) > 0) {
    plain.append(part.data(), static_cast<std::size_t>(got));
  }
  if (SSL_get_error(ssl_, got) == SSL_ERROR_WANT_READ) return {};
  return failure();
}

Result<void> TlsClient::shake_hands() {
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    // OpenSSL ends the handshake itself when the peer is not who it should be: this is the second lock on that door.
    LP_CHECK(SSL_get_verify_result(ssl_) == X509_V_OK, "a peer that was not verified");
    open_ = true;
    return {};
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return {};
  return failure();
}

Error TlsClient::failure() const {
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) {
    return fail(std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verdict));
  }
  if (ERR_peek_last_error() == 0) return fail("it ended the TLS connection");
  return fail((open_ ? "TLS failed: " : "the TLS handshake failed: ") + openssl_reason());
}

void TlsClient::send(std::string_view plain) {
  LP_CHECK(open_, "bytes for a peer that is not verified yet");
  if (plain.empty()) return;
  ERR_clear_error();
  // Into memory: takes all of it. After a failure nothing leaves any more, and receive() tells why.
  (void)SSL_write(ssl_, plain.data(), checked_length(plain.size()));
}

void TlsClient::take_output(std::string& bytes) {
  BIO* const out = SSL_get_wbio(ssl_);
  const std::size_t waiting = BIO_ctrl_pending(out);
  if (waiting == 0) return;
  const std::size_t before = bytes.size();
  bytes.resize(before + waiting);
  LP_CHECK(BIO_read(out, bytes.data() + before, checked_length(waiting)) == checked_length(waiting), "OpenSSL failed");
}

}  // namespace lp
