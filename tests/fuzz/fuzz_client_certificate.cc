#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "auth/identity/identity_headers.h"
#include "base/client_certificate.h"
#include "base/encoding.h"

namespace {

bool is_printable(std::string_view text) {
  return lp::is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

}  // namespace

// Whatever a certificate says, nothing of it ends a field, a line or a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const unsigned char* at = data;
  const std::unique_ptr<X509, decltype(&X509_free)> read(d2i_X509(nullptr, &at, static_cast<long>(size)), &X509_free);
  if (read == nullptr) return 0;
  const lp::ClientCertificate made = lp::read_client_certificate(*read);
  for (const auto& values : made.values) {
    for (const auto& value : values) {
      if (value.empty() || !is_printable(value)) std::abort();
    }
    for (const auto encoding : {lp::HeaderEncoding::percent, lp::HeaderEncoding::utf8, lp::HeaderEncoding::raw}) {
      if (!is_printable(lp::header_value(nlohmann::json(values), encoding, ','))) std::abort();
    }
  }
  return 0;
}
