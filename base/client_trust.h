#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;
struct stack_st_X509;

namespace lp {

// Whose certificates clients may show: authorities and what they have revoked, judged already.
struct ClientTrust {
  std::string ca;   // PEM
  std::string crl;  // PEM; empty: nobody says what is revoked
  std::string id;   // of the authorities: the same for the same ones
  // Revocation lists that say no more, by when: certificates of their authorities are not accepted any more.
  std::vector<std::int64_t> expired_lists;
};

// Reads the files; `crl_file` may be empty. The error names the file and says what is wrong with it.
[[nodiscard]] Result<ClientTrust> read_client_trust(const std::string& ca_file, const std::string& crl_file,
                                                    std::int64_t now_s);

// Judges certificates by it. One for a thread: OpenSSL's stores are full of locks.
class ClientVerifier {
 public:
  explicit ClientVerifier(const ClientTrust& trust);
  ~ClientVerifier();
  ClientVerifier(const ClientVerifier&) = delete;
  ClientVerifier& operator=(const ClientVerifier&) = delete;

  // Clients of this context are told of the authorities, and what they show is judged as accepts() does.
  void use_in(ssl_ctx_st* context, bool is_required) const;
  // Whether it leads to one of the authorities, by way of `between` if need be, is for clients (clientAuth), valid now,
  // and not revoked, nor any before it.
  [[nodiscard]] bool accepts(x509_st* certificate, stack_st_X509* between) const;

 private:
  x509_store_st* store_;
  std::string ca_;
};

}  // namespace lp
