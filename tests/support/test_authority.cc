#include "tests/support/test_authority.h"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace lp::test {
namespace {

void extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  REQUIRE(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
std::string pem_by(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  REQUIRE(write(bio.get()) == 1);
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name, TestAuthority* above)
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(nullptr, &X509_free) {
  certificate_ = make(name, key_.get(), -60, 7200);
  extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  (above == nullptr ? *this : *above).sign(certificate_.get());
}

TestX509 TestAuthority::make(const std::string& name, EVP_PKEY* key, long begins_s, long ends_s) const {
  static long serial = 1000;
  TestX509 made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), begins_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), ends_s);
  X509_set_pubkey(made.get(), key);
  if (name.empty()) return made;
  const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  return made;
}

void TestAuthority::sign(X509* made) const {
  X509_set_issuer_name(made, X509_get_subject_name(certificate_.get()));
  REQUIRE(X509_sign(made, key_.get(), EVP_sha256()) > 0);
}

TestClient TestAuthority::issue(const Asked& asked) {
  TestClient client;
  client.key.reset(EVP_EC_gen("P-256"));
  client.certificate = make(asked.cn, client.key.get(), asked.begins_s, asked.ends_s);
  if (!asked.usage.empty()) extend(client.certificate.get(), NID_ext_key_usage, asked.usage);
  if (!asked.alternatives.empty()) extend(client.certificate.get(), NID_subject_alt_name, asked.alternatives);
  if (asked.change) asked.change(client.certificate.get());
  sign(client.certificate.get());
  return client;
}

std::string TestAuthority::list(const std::vector<const X509*>& revoked, long ends_s) const {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> made(X509_CRL_new(), &X509_CRL_free);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(X509_gmtime_adj(nullptr, -7200), &ASN1_TIME_free);
  X509_CRL_set_version(made.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  X509_CRL_set1_lastUpdate(made.get(), time.get());
  for (const X509* one : revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(one)));
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(made.get(), entry);
  }
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> ends(X509_gmtime_adj(nullptr, ends_s), &ASN1_TIME_free);
  X509_CRL_set1_nextUpdate(made.get(), ends.get());
  REQUIRE(X509_CRL_sign(made.get(), key_.get(), EVP_sha256()) > 0);
  return pem_by([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, made.get()); });
}

std::string TestAuthority::pem_of(X509* certificate) {
  return pem_by([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

}  // namespace lp::test
