#include "cli/doctor/ask_tls.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <ctime>
#include <memory>

#include "cli/doctor/connect.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

constexpr std::int64_t kHandshakeMs = 5'000;
constexpr std::int64_t kDayS = 86'400;

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// An IPv6 host keeps its brackets in an origin.
std::string bare_host(const Origin& origin) {
  const bool has_brackets = origin.host.size() > 2 && origin.host.front() == '[';
  return has_brackets ? origin.host.substr(1, origin.host.size() - 2) : origin.host;
}

void make_waiting(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
  const timeval limit{kHandshakeMs / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

bool names(X509* certificate, const std::string& host) {
  return X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
}

// Nothing is sent but the handshake: whom it is with is what is asked.
Result<ShownCertificate> shake_hands(int fd, const std::string& host, const std::string& ca_file) {
  const std::unique_ptr<SSL_CTX, ContextDeleter> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail("out of memory");
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return fail("out of memory");
  std::string name = host;  // what the macro SSL_set_tlsext_host_name does, without its cast
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  if (SSL_connect(ssl.get()) != 1) return fail("no TLS was answered");
  const std::unique_ptr<X509, X509Deleter> certificate(SSL_get1_peer_certificate(ssl.get()));
  if (!certificate) return fail("no certificate was shown");
  const long verdict = SSL_get_verify_result(ssl.get());
  return ShownCertificate{seconds_of(X509_get0_notAfter(certificate.get())), names(certificate.get(), host),
                          verdict == X509_V_OK ? "" : X509_verify_cert_error_string(verdict)};
}

}  // namespace

DoctorFinding judge_certificate(const ShownCertificate& certificate, const Origin& origin, std::int64_t now_s) {
  constexpr std::int64_t kSoonDays = 14;
  const std::string what = "the certificate of " + origin.text();
  const std::int64_t left_days = (certificate.not_after_s - now_s) / kDayS;
  if (certificate.not_after_s <= now_s)
    return {Level::failure, "tls", what + " has expired", "renew it, and see why that did not happen by itself"};
  if (!certificate.names_host)
    return {Level::failure, "tls", what + " is not for " + origin.host, "get one with that name"};
  if (!certificate.why_not_trusted.empty())
    return {Level::warning, "tls", what + " is not trusted here",
            "browsers may know its authority, which this machine does not; else get one that they know",
            certificate.why_not_trusted};
  const std::string days = " is good for " + std::to_string(left_days) + (left_days == 1 ? " day" : " days");
  if (left_days < kSoonDays) return {Level::warning, "tls", what + days, "see why it is not renewed yet"};
  return {Level::ok, "tls", what + days};
}

DoctorFinding ask_tls(const Origin& origin, const Origin& at, const std::string& ca_file, std::int64_t now_s) {
  const auto no_answer = [&](const std::string& why) {
    return DoctorFinding{Level::warning, "tls",
                         "the certificate of " + origin.text() + " cannot be seen from here: " + why,
                         "see its name, its port and the TLS terminator"};
  };
  const auto socket = connect_tcp(bare_host(at), at.port, kHandshakeMs);
  if (!socket) return no_answer(socket.error().message);
  make_waiting(socket->fd());
  const auto shown = shake_hands(socket->fd(), bare_host(origin), ca_file);
  return shown ? judge_certificate(*shown, origin, now_s) : no_answer(shown.error().message);
}

}  // namespace lp
