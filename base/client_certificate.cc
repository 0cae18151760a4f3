#include "base/client_certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/pem.h"

namespace lp {
namespace {

using Part = CertificateField;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

constexpr std::size_t kSha256HexDigits = 64;
constexpr std::size_t kMostSerialDigits = 64;  // RFC 5280 4.1.2.2: 20 bytes

std::string hex_of(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0x0fU];
  }
  return text;
}

// RFC 4514, in UTF-8; what could end a line or a text is escaped.
std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
  LP_CHECK(bio != nullptr, "OpenSSL failed");
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  std::string text(bytes, count <= 0 ? 0 : static_cast<std::size_t>(count));
  return is_valid_utf8(text) ? text : std::string();
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

// Whatever kind of string it is there.
void add_names_of(const X509_NAME* subject, int nid, std::vector<std::string>& into) {
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, nid, at)) >= 0;) {
    unsigned char* bytes = nullptr;
    const int count = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (count < 0) continue;
    std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(count));
    OPENSSL_free(bytes);
    if (is_plain_text(text)) into.push_back(std::move(text));
  }
}

bool is_visible_ascii(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void add_alternative(const GENERAL_NAME* name, ClientCertificate& made) {
  const bool is_text = name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI;
  if (!is_text) return;
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
                              static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5)));
  if (!is_visible_ascii(text)) return;
  if (name->type == GEN_DNS) made.of(Part::san_dns).push_back(ascii_lower(text));
  if (name->type == GEN_EMAIL) made.of(Part::san_email).push_back(ascii_lower(text));
  if (name->type == GEN_URI) made.of(Part::san_uri).emplace_back(text);
}

void add_alternatives(const X509& certificate, ClientCertificate& made) {
  const AlternativeNames all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i)
    add_alternative(sk_GENERAL_NAME_value(all.get(), i), made);
}

std::string serial_of(const X509& certificate) {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(&certificate);
  return hex_of(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
}

std::string fingerprint_of(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int count = 0;
  LP_CHECK(X509_digest(&certificate, EVP_sha256(), digest, &count) == 1, "OpenSSL failed");
  return hex_of(digest, count);
}

// RFC 9440 2.1: a Byte Sequence of RFC 8941.
std::string in_rfc_9440(const X509& certificate) {
  unsigned char* bytes = nullptr;
  const int count = i2d_X509(&certificate, &bytes);
  if (count <= 0) return {};
  std::string text = ":" + base64_encode({reinterpret_cast<char*>(bytes), static_cast<std::size_t>(count)}) + ":";
  OPENSSL_free(bytes);
  return text;
}

void add_value(ClientCertificate& made, Part field, std::string text) {
  if (!text.empty()) made.of(field).push_back(std::move(text));
}

std::string without_colons(std::string_view text) {
  std::string plain = ascii_lower(text);
  std::erase(plain, ':');
  return plain;
}

bool is_hex_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// openssl prints "0F" and others "F".
std::string whole_bytes(std::string digits) { return digits.size() % 2 == 0 ? std::move(digits) : "0" + digits; }

}  // namespace

std::optional<CertificateField> certificate_field_named(std::string_view name) {
  const auto found = std::find(kCertificateFields.begin(), kCertificateFields.end(), name);
  if (found == kCertificateFields.end()) return std::nullopt;
  return static_cast<Part>(found - kCertificateFields.begin());
}

ClientCertificate read_client_certificate(const X509& certificate) {
  ClientCertificate made;
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  add_value(made, Part::subject, name_text(subject));
  add_names_of(subject, NID_commonName, made.of(Part::subject_cn));
  add_names_of(subject, NID_organizationName, made.of(Part::subject_o));
  add_names_of(subject, NID_organizationalUnitName, made.of(Part::subject_ou));
  add_value(made, Part::issuer, name_text(X509_get_issuer_name(&certificate)));
  add_value(made, Part::serial, serial_of(certificate));
  add_alternatives(certificate, made);
  add_value(made, Part::fingerprint, fingerprint_of(certificate));
  add_value(made, Part::certificate, in_rfc_9440(certificate));
  made.not_after_s = unix_s_of(X509_get0_notAfter(&certificate));
  ERR_clear_error();  // of what could not be read and is left out
  return made;
}

Result<ClientCertificate> client_certificate_in(std::string_view pem) {
  const BioPtr bio = bio_of(pem);
  const X509Ptr found(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  if (found == nullptr) return fail("holds no certificate in PEM form");
  return read_client_certificate(*found);
}

Result<std::string> certificate_value(CertificateField field, std::string_view text) {
  switch (field) {
    case Part::fingerprint: {
      std::string plain = without_colons(text);
      if (plain.size() == kSha256HexDigits && is_hex_text(plain)) return plain;
      return fail("expected the SHA-256 fingerprint of a certificate, 64 hexadecimal digits");
    }
    case Part::serial: {
      std::string plain = whole_bytes(without_colons(text));
      if (plain.size() <= kMostSerialDigits && is_hex_text(plain)) return plain;
      return fail("expected a serial number, in hexadecimal digits");
    }
    case Part::san_dns:
    case Part::san_email:
      if (is_visible_ascii(text)) return ascii_lower(text);
      return fail("expected a name in visible ASCII, as it stands in certificates");
    case Part::san_uri:
      if (is_visible_ascii(text)) return std::string(text);
      return fail("expected a URI in visible ASCII, as it stands in certificates");
    default:
      if (is_plain_text(text)) return std::string(text);
      return fail("expected a text without control characters");
  }
}

}  // namespace lp
