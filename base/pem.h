#pragma once
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"

// OpenSSL's objects as PEM texts hold them. For base/ alone: its headers name none of OpenSSL's types.
namespace lp {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

// `text` must outlive it.
[[nodiscard]] inline BioPtr bio_of(std::string_view text) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  LP_CHECK(bio != nullptr, "OpenSSL failed");
  return bio;
}

[[nodiscard]] inline std::vector<X509Ptr> certificates_in(std::string_view pem) {
  ERR_clear_error();
  std::vector<X509Ptr> all;
  const BioPtr bio = bio_of(pem);
  while (X509* one = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(one, &X509_free);
  ERR_clear_error();
  return all;
}

// 0: it cannot be read, or there is none.
[[nodiscard]] inline std::int64_t unix_s_of(const ASN1_TIME* time) {
  std::tm utc{};
  return time != nullptr && ASN1_TIME_to_tm(time, &utc) == 1 ? static_cast<std::int64_t>(::timegm(&utc)) : 0;
}

}  // namespace lp
