#include "tests/support/test_certificates.h"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <utility>

namespace lp::test {
namespace {

template <class Write>
void write(const std::string& path, Write put) {
  FILE* const file = std::fopen(path.c_str(), "w");
  REQUIRE(file != nullptr);
  CHECK(put(file) == 1);
  std::fclose(file);
}

}  // namespace

TestCertificates::TestCertificates(std::string prefix, const std::string& name) : prefix_(std::move(prefix)) {
  const Key ca_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate ca = make("test authority", ca_key.get());
  extend(ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  sign(ca.get(), ca.get(), ca_key.get());
  const Certificate server = make(name, key.get());
  extend(server.get(), NID_subject_alt_name, "DNS:" + name + ",IP:127.0.0.1");
  sign(server.get(), ca.get(), ca_key.get());
  write(ca_file(), [&](FILE* file) { return PEM_write_X509(file, ca.get()); });
  write(certificate_file(), [&](FILE* file) { return PEM_write_X509(file, server.get()); });
  write(key_file(),
        [&](FILE* file) { return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

TestCertificates::Certificate TestCertificates::make(const std::string& name, EVP_PKEY* key) {
  static long serial = 0;
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, text, -1, -1, 0);
  return made;
}

void TestCertificates::extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  REQUIRE(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void TestCertificates::sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
}

}  // namespace lp::test
