#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct x509_st;

namespace lp {

// What rules, headers and tests may name of a certificate that a client has shown. kCertificateFields has the words.
enum class CertificateField : std::uint8_t {
  subject,
  subject_cn,
  subject_o,
  subject_ou,
  issuer,
  serial,
  san_dns,
  san_email,
  san_uri,
  fingerprint,
  certificate,
};
inline constexpr std::array<std::string_view, 11> kCertificateFields = {
    "subject", "subject_cn", "subject_o", "subject_ou",  "issuer",     "serial",
    "san_dns", "san_email",  "san_uri",   "fingerprint", "certificate"};
[[nodiscard]] std::optional<CertificateField> certificate_field_named(std::string_view name);
[[nodiscard]] inline std::string_view name_of(CertificateField field) {
  return kCertificateFields[static_cast<std::size_t>(field)];
}

// A client's certificate in texts. Whether it is to be believed is another question: base/client_trust.h.
struct ClientCertificate {
  // By CertificateField. subject and issuer as RFC 4514 has them, controls as \XX. serial: hexadecimal. fingerprint:
  // SHA-256, hexadecimal, in lower case. certificate: its DER as RFC 9440 has it. None of san_dns, san_email and
  // san_uri but visible ASCII, the first two in lower case; none of the names in a subject with a control, a NUL or
  // broken UTF-8 in it: whoever compares them otherwise than we do must not read another name.
  std::array<std::vector<std::string>, kCertificateFields.size()> values;
  std::int64_t not_after_s = 0;

  [[nodiscard]] const std::vector<std::string>& of(CertificateField field) const {
    return values[static_cast<std::size_t>(field)];
  }
  [[nodiscard]] std::vector<std::string>& of(CertificateField field) { return values[static_cast<std::size_t>(field)]; }
  [[nodiscard]] std::string_view first(CertificateField field) const {
    return of(field).empty() ? std::string_view() : std::string_view(of(field).front());
  }
};

[[nodiscard]] ClientCertificate read_client_certificate(const x509_st& certificate);
// The first one in a PEM text.
[[nodiscard]] Result<ClientCertificate> client_certificate_in(std::string_view pem);
// A value as an operator writes it, in the form in which certificates are compared: a fingerprint or serial with colons
// or in capitals, names of hosts and mailboxes in capitals. The error says what was expected.
[[nodiscard]] Result<std::string> certificate_value(CertificateField field, std::string_view text);

}  // namespace lp
