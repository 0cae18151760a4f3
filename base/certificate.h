#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

struct ssl_ctx_st;

namespace lp {

// A certificate with its chain and its key, judged: the key belongs to it, it is valid now, and OpenSSL takes both.
struct Certificate {
  std::string chain;               // PEM, its own first
  Secret key;                      // PEM
  std::vector<std::string> names;  // DNS names, in lower case, wildcards as they are, and addresses; sorted
  std::int64_t not_before_s = 0;
  std::int64_t not_after_s = 0;
  bool others_may_read_key = false;  // anybody on this machine
};

// A file of certificates, keys or revocation lists. The error names it.
[[nodiscard]] Result<std::string> read_pem_file(const std::string& path, std::size_t most_bytes = 1 << 20);
// Reads both files, which may be one. The error names the file and says what is wrong with it.
[[nodiscard]] Result<Certificate> read_certificate(const std::string& certificate_file, const std::string& key_file,
                                                   std::int64_t now_s);
// One that may have expired: whoever sees it learns more than from none.
[[nodiscard]] Result<Certificate> read_old_certificate(const std::string& certificate_file, const std::string& key_file,
                                                       std::int64_t now_s);
// Of one's own, with a new key, that nobody trusts; for 90 days.
[[nodiscard]] Certificate make_self_signed(const std::string& host, std::int64_t now_s);
// How many certificates a PEM text holds that can be read.
[[nodiscard]] std::size_t count_certificates(std::string_view pem);
// Shows it to peers of this context. True of what read_certificate() has judged.
[[nodiscard]] bool use_certificate(ssl_ctx_st* context, const Certificate& certificate);
// Whether a certificate's name, which may begin with "*.", is that of a host (RFC 6125 6.4.3). Both in lower case.
[[nodiscard]] bool certificate_name_matches(std::string_view name, std::string_view host);

}  // namespace lp
