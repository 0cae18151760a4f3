#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// An authority that lives in memory, with certificates for clients and revocation lists.
namespace lp::test {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

using TestX509 = std::unique_ptr<X509, decltype(&X509_free)>;
struct TestClient {
  TestX509 certificate{nullptr, &X509_free};
  KeyPtr key{nullptr, &EVP_PKEY_free};
};

class TestAuthority {
 public:
  // One below another, or by itself.
  explicit TestAuthority(const std::string& name, TestAuthority* above = nullptr);

  struct Asked {
    std::string cn = "alice";
    std::string alternatives{};        // "DNS:a.test,email:a@b.test"; empty: none
    std::string usage = "clientAuth";  // empty: the extension is not there
    long begins_s = -60;
    long ends_s = 3600;
    std::function<void(X509*)> change{};  // before it is signed
  };
  [[nodiscard]] TestClient issue(const Asked& asked);
  [[nodiscard]] TestClient issue() { return issue(Asked()); }
  [[nodiscard]] std::string list(const std::vector<const X509*>& revoked, long ends_s = 3600) const;  // PEM
  [[nodiscard]] std::string pem() const { return pem_of(certificate_.get()); }
  [[nodiscard]] X509* certificate() const { return certificate_.get(); }
  static std::string pem_of(X509* certificate);

 private:
  [[nodiscard]] TestX509 make(const std::string& name, EVP_PKEY* key, long begins_s, long ends_s) const;
  void sign(X509* made) const;

  KeyPtr key_;
  TestX509 certificate_;
};

}  // namespace lp::test
