#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

// An authority and one certificate of it, made on the spot and valid for an hour.
namespace lp::test {

class TestCertificates {
 public:
  // Files are named `prefix` + ca.pem, server.pem, server.key. The certificate is for `name` and for 127.0.0.1.
  TestCertificates(std::string prefix, const std::string& name);
  [[nodiscard]] std::string ca_file() const { return prefix_ + "ca.pem"; }
  [[nodiscard]] std::string certificate_file() const { return prefix_ + "server.pem"; }
  [[nodiscard]] std::string key_file() const { return prefix_ + "server.key"; }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Certificate make(const std::string& name, EVP_PKEY* key);
  static void extend(X509* certificate, int nid, const std::string& value);
  static void sign(X509* certificate, X509* issuer, EVP_PKEY* key);

  const std::string prefix_;
};

}  // namespace lp::test
